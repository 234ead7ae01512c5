"""What is to be said of bills as a whole: out of balance with the last one, jumped, missing."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.schema import FINDINGS
from reconcile.audit import bill_series
from reconcile.contracts import Contract
from reconcile.homes import homes, stays


def of_bills(
    documents: pl.DataFrame,
    totals: pl.DataFrame,
    pulls: pl.DataFrame,
    actual: pl.DataFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
    as_of: dt.date | None,
) -> pl.DataFrame:
    """Return the findings about bills as a whole on a day; without one none is missing.

    `documents` are loaded and held ones with their days, `totals` their sums by charge class,
    `pulls` (`DEBITS`) what is pulled for them, `actual` what the bank says moved.
    """
    found = [
        bill_series.balance_breaks(documents, pulls, actual),
        bill_series.bill_jumped(documents, totals, contracts),
    ]
    if as_of is not None:
        spent = stays(homes(reference["services"], reference["service_accounts"])).collect()
        found.append(bill_series.document_missing(documents, spent, contracts, as_of))
    return pl.concat([part.select(FINDINGS.names()) for part in found])
