"""Which documents are judged again, with which tables; documents accepted, void, replaced."""
