"""The commands of quotes."""
