"""What arrived becomes documents."""
