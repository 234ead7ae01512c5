"""The packet of a claim: what it rests on, as files."""
