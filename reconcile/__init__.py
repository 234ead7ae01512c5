"""What the carrier should have said, the difference, and how long we have to say so.

Joins of all lines keep their order (`maintain_order="left"`): without it polars 2.1 holds the lines
in memory, and a night's peak grows with them.
"""
