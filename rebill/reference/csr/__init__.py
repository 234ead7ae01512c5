"""Customer service records: a carrier's list of what we have, against the inventory."""
