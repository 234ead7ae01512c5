"""Documents, findings, claims, invoices and the runs that made them, kept.

`engine` opens the database and brings it up to date, `models` are its tables, `frames` moves rows
in bulk, `bulk` names the Parquet files that count, `runs` records runs and gives numbers.
"""
