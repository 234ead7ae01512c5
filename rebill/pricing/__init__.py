"""The customer's price, to the cent and pure."""
