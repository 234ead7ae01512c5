"""Pulls and their bank files, a day's standing, the report."""
