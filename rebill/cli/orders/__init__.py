"""The commands about orders given to carriers."""
