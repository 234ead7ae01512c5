"""Tables that come in: loaded as a whole or not at all."""
