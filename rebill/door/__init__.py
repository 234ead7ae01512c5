"""What a program calls: carrier paper read, audited without a workspace, or a workspace at work."""
