"""What the bank moved is matched to the pulls of the record, which learn what became of them."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS
from rebill.cash.schedule import SPOKEN, set_pulls, unpaid
from rebill.disputes.claims import claim_steps
from rebill.receivables.debits import without_ours
from rebill.run.run import Run
from rebill.store import insert_frame, models, models_bank, read_table, update_rows
from rebill.store.record import Record
from reconcile.pulls.debits import DEBITS
from reconcile.pulls.events import pull_events
from reconcile.pulls.settle import Known, settle


def known_pulls(run: Run) -> Known:
    """Return what the bank's word is held against: pulls, contracts, credits."""
    record, settings = run.record, run.record.workspace.settings
    counted = record.counted().select("document_id")
    pulls = record.debits().join(counted, on="document_id", how="semi")
    return Known(
        debits=pulls.select(DEBITS.names()),
        contracts=run.contracts,
        originators=settings.bank.known_originators,
        credited=_credited(record),
        closings=settings.closings,
    )


def _credited(record: Record) -> pl.DataFrame:
    """Return [document_id, credited, credited_on]: what carriers granted, by bill and day."""
    key = ["claim_no", "document_id"]
    before = pl.col("credited").shift(1).over(key, order_by="step").fill_null(ZERO_CENTS)
    more = (pl.col("credited") - before).cast(CENTS)
    steps = claim_steps(record).with_columns(credited=more)
    granted = steps.filter(pl.col("credited") > 0, pl.col("on").is_not_null())
    return granted.select("document_id", "credited", credited_on="on")


def matched(run: Run, entries: pl.DataFrame) -> bool:
    """Match all entries anew and keep what comes of it; say whether a later bill's pull changed."""
    record, connection = run.record, run.record.connection
    known = known_pulls(run)
    remittances = read_table(connection, models_bank.BANK_REMITTANCES)
    columns = [name for name in entries.columns if name != "file_id"]
    pulls = without_ours(record, entries)
    found = settle(pulls.select(columns), remittances, known)
    events = pull_events(known, found)
    for table, frame in (
        (models_bank.DEBIT_SETTLEMENTS, found.settlements),
        (models_bank.PULL_EVENTS_KEPT, events),
    ):
        connection.execute(sa.delete(table))
        insert_frame(connection, table, frame)
    _say_states(record, found.states)
    before = record.debits()
    short = before.filter(pl.col("status").is_in(SPOKEN)).select("carrier", "ban").unique()
    accounts = record.counted().join(short, on=["carrier", "ban"], how="semi")
    changed = set_pulls(run, accounts, before) if unpaid(before).height else None
    return changed is not None and changed.height > 0


def _say_states(record: Record, spoken: pl.DataFrame) -> None:
    """Leave the status of each pull as the bank says it is, else as its paper does."""
    pulls = record.debits()
    held = record.documents().select("document_id", of_paper="status")
    paper = (
        pl.when(pl.col("amount") == ZERO_CENTS)
        .then(pl.lit("none"))
        .when(pl.col("of_paper") == "held")
        .then(pl.lit("held"))
        .otherwise(pl.lit("expected"))
    )
    said = spoken.select("document_id", said="status")
    moved = (
        pulls.join(held, on="document_id", how="left")
        .join(said, on="document_id", how="left")
        .filter(pl.col("said").is_not_null() | pl.col("status").is_in(SPOKEN))
        .with_columns(now=pl.coalesce("said", paper))
        .filter(pl.col("now") != pl.col("status"))
        .select("document_id", status="now")
    )
    if moved.height:
        update_rows(record.connection, models.Debit, moved)
