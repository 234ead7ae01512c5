"""Orders given to carriers, as the record knows them."""
