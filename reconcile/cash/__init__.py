"""Where the money stands, and what waiting costs."""
