"""What leaves as a file and can be made again."""
