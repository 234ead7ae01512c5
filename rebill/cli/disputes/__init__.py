"""Commands about claims: their life, and the packets carriers get."""
