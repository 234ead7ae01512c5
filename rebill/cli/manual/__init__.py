"""How the command line explains itself: the layout of help, topics to read, what a shell offers."""
