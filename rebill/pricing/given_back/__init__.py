"""Credits give back the taxes and contributions that were charged on the charges they credit."""
