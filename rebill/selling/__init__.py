"""A month priced for customers: drafts, issued invoices, corrections."""
