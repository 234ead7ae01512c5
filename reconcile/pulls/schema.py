"""What is kept of pulls: which entry paid or gave back what, and what is not in order with them.

Apart from what finds it: the record has these columns, and needs none of the finding.
"""

from __future__ import annotations

import polars as pl

from invoices.schema import CENTS

SETTLEMENTS = pl.Schema(
    {
        "entry_id": pl.String(),
        "document_id": pl.String(),
        "kind": pl.String(),  # pull, or return of one
        "settled_on": pl.Date(),
        "amount": CENTS,  # positive: what the entry took, or brought back
        "how": pl.String(),  # named, account, originator, several, part, differs, again
        "of": pl.String(),  # of a return: the debit it undoes
    }
)
PULL_EVENTS = pl.Schema(
    {
        "event_id": pl.String(),  # entry, a colon, the code, and the document where one is named
        "code": pl.String(),  # a key of CODES
        "cause": pl.String(),
        "severity": pl.String(),
        "entry_id": pl.String(),
        "document_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "company_id": pl.String(),
        "company_name": pl.String(),
        "trace": pl.String(),
        "settled_on": pl.Date(),
        "pulled": CENTS,  # what the entry (or all entries, for an amount) took
        "expected": CENTS,  # what the paper lets the carrier pull
        "difference": CENTS,  # pulled less expected
        "suggested_return": pl.String(),  # R29, or null: not to be returned
        "send_by": pl.Date(),  # the last day our bank sends that return
        "at_originator_by": pl.Date(),  # the banking day by whose opening it must be there
        "message": pl.String(),
        "remedy": pl.String(),
    }
)
