"""Commands about what carriers pull: pulls, bank files, what cash will do."""
