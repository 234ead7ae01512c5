"""What we do about it, and how it is run."""

__version__ = "0.1.0"
