"""Lists a person looks at: which columns come first, how they are narrowed and shown."""
