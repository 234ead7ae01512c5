"""Customer invoices going out."""
