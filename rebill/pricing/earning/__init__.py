"""What partners earn of what customers are charged: month by month, each knowing the others."""
