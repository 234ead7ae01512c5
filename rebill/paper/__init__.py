"""How pages, charts and texts look."""
