"""What the carrier should have said, the difference, and how long we have to say so."""
