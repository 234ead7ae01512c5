"""Late charges on bills whose pulls came back, judged with the bank's word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, columns_of
from rebill.cash.bank_tables import actual_pulls
from rebill.cash.schedule import unpaid
from rebill.disputes.claims import claim_steps, closed_around
from rebill.run.deadlines import dated
from rebill.run.run import Run
from rebill.store.frames import one_of
from rebill.store.models import DocumentTotal
from rebill.store.record import COUNTED, corrected, documents_named
from reconcile.audit import late_charges
from reconcile.pulls.debits import DEBITS, debits
from reconcile.window import roll


def late_verdicts(run: Run, audited: Collection[str]) -> pl.DataFrame:
    """Return what the bank's word says of late charges on the documents that are audited now
    (`reconcile.audit.late_charges.VERDICTS`)."""
    record = run.record
    own = one_of(record.connection, DocumentTotal.document_id, audited)
    late = record.totals(DocumentTotal.charge_class == "late_charge", own)
    bills = documents_named(record, late["document_id"]).filter(pl.col("status").is_in(COUNTED))
    if bills.is_empty():
        return late_charges.VERDICTS.to_frame()
    accounts = record.counted().join(bills, on=["carrier", "ban"], how="semi")
    # A bill that was void and counts again is not without a pull: it is reckoned anew.
    again = (pl.col("status") == "none") & pl.col("document_id").is_in(list(audited))
    pulls = record.debits().filter(~again)
    with_days = dated(run, accounts, pulls)
    reckoned = debits(with_days, run.contracts, unpaid(pulls)).join(
        pulls, on="document_id", how="anti"
    )
    known = pl.concat([pulls.select(DEBITS.names()), reckoned.select(DEBITS.names())])
    settled = (
        actual_pulls(record)
        .filter(pl.col("amount") > 0)
        .group_by("document_id")
        .agg(pl.col("settled_on").max())
    )
    disputed = (
        claim_steps(record)
        .filter(pl.col("step") == pl.col("step").max().over("claim_no", "document_id"))
        .group_by("document_id")
        .agg(disputed=pl.col("open").sum().cast(CENTS))
    )
    closed = closed_around(record, accounts["due_date"], accounts["bill_date"])
    return verdicts_of(bills, accounts, known, settled, disputed, closed)


def verdicts_of(
    bills: pl.DataFrame,
    accounts: pl.DataFrame,
    pulls: pl.DataFrame,
    settled: pl.DataFrame,
    disputed: pl.DataFrame,
    closed: list[dt.date],
) -> pl.DataFrame:
    """Return what is to be said of the late charges on `bills` (`VERDICTS`).

    `accounts` are all documents of their accounts, `pulls` (`DEBITS`) what was pulled for them,
    `settled` [document_id, settled_on] when, `disputed` [document_id, disputed] what is open of
    them, `closed` the weekdays without banking around them.
    """
    # A bill that was held and came again corrected was pulled as corrected.
    standing = accounts.filter(~pl.col("document_id").is_in(corrected(accounts)))
    facts = (
        standing.select("document_id", due_on=roll(pl.col("due_date"), "next", closed))
        .join(pulls, on="document_id")
        .join(settled, on="document_id", how="left")
        .join(disputed, on="document_id", how="left")
        .with_columns(pl.col("disputed").fill_null(ZERO_CENTS))
    )
    return late_charges.verdicts(bills, facts.select(columns_of(late_charges.PULLED)))
