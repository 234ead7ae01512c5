"""Bulk facts: immutable Parquet files below `lines/`, each named, counted and hashed in a row."""
