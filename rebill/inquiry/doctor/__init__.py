"""A workspace examined: what is not in order, and what to do about it."""
