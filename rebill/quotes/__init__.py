"""What customers and prospects asked for: versions of quotes and their priced options."""
