"""A line and a bill against contract and inventory."""
