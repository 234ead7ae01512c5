"""What a code is, never what it costs."""
