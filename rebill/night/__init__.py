"""A run carried out."""
