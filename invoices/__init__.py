"""The gate: what a document says. See README.md in this folder."""
