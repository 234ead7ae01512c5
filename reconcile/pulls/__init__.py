"""What carriers pull, and what the bank says of it."""
