"""Orders given to carriers: what became of each, told by its events."""
