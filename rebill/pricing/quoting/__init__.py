"""Quotes: which carriers can serve what is asked for, what it costs and what it must bring."""
