"""A sum divided by shares: to the cent, nobody favoured, every row a part of it."""
