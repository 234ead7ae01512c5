"""Dispute packets going out."""
