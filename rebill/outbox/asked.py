"""For which claims and customer invoices a run leaves papers by itself: `[outbox]` of the settings.

A paper that lies there already is kept true whatever the settings say, so that none tells what the
record no longer does.
"""

from __future__ import annotations

import polars as pl

from rebill.store.record import Record
from reconcile.claims.group import due

_OF_INVOICES = {"all": ("draft", "issued"), "issued": ("issued",), "none": ()}


def invoice_states(record: Record) -> tuple[str, ...]:
    """Return the states of the customer invoices whose papers are asked for."""
    return _OF_INVOICES[record.workspace.settings.outbox.invoices]


def asked_claims(record: Record, claims: pl.DataFrame) -> pl.DataFrame:
    """Return those of `claims` whose packets are asked for; with `all` withdrawn ones among them.

    With `due` they are those to file within the warning time of the last night, as the digest
    lists them; before the first night and without any document there are none.
    """
    settings, as_of = record.workspace.settings, record.last_as_of()
    if settings.outbox.claims == "all":
        return claims
    if settings.outbox.claims == "none" or as_of is None:
        return claims.clear()
    return due(claims, as_of, settings.warnings.deadline_days, settings.closings)
