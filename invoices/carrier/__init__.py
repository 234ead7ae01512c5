"""Readers of carrier paper, one module a format."""
