"""What stands behind `rebill find`: names, what belongs to them, and what is told of it."""
