"""A run as a thing: its acts, its plan, what it keeps."""
