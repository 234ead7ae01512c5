"""Documents, findings, claims, invoices and the runs that made them, kept."""
