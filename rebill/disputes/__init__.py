"""Claims: made of findings, filed, followed, answered."""
