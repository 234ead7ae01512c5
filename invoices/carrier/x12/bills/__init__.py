"""What becomes of the sets of an interchange: documents, refusals, and what is answered."""
