"""Packages: all their lines against one price."""
