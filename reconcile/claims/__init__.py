"""Findings become claims, and what may happen to them."""
