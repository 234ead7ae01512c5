"""The stages of cash: bank files read, booked and matched to the pulls; pulls scheduled."""

from __future__ import annotations

import polars as pl

from rebill.cash.bank_files import book, read_bank_file
from rebill.cash.matching import matched
from rebill.cash.schedule import set_pulls
from rebill.run.outcomes import BankRead, Outcomes, PullsMatched
from rebill.run.run import Run
from rebill.run.stages import MatchPulls, ReadBank, Schedule
from rebill.store import models_bank, read_table

MOST_BILLS = 24
"""A chain of bills in which a returned pull moves on is followed so far in one run."""


def read_bank(run: Run, stage: ReadBank, so_far: Outcomes) -> BankRead:
    """Read one bank file; what becomes of it is decided when all are read."""
    settings = run.record.workspace.settings
    return BankRead(stage, read_bank_file(settings, run.paths[stage.name], stage.sha256))


def match_pulls(run: Run, stage: MatchPulls, so_far: Outcomes) -> PullsMatched:
    """Book the bank files of the run, and leave every pull as the bank says it is."""
    booking = book(run, so_far.every(BankRead))
    connection = run.record.connection
    entries = read_table(connection, models_bank.BANK_ENTRIES)
    if not entries.is_empty():
        for _ in range(MOST_BILLS):
            if not matched(run, entries):
                break
        events = read_table(connection, models_bank.PULL_EVENTS_KEPT)
        run.count("pull events", events.height)
    return PullsMatched(booking.became, booking.outcomes)


def schedule(run: Run, stage: Schedule, so_far: Outcomes) -> None:
    """Leave a pull for every loaded or held document; days once given do not move."""
    record = run.record
    documents = record.counted()
    before = record.debits()
    new = documents.join(before, on="document_id", how="anti").select("carrier", "ban")
    decided = record.documents().filter(pl.col("document_id").is_in(so_far.decided))
    moved = pl.concat([new, decided.select("carrier", "ban")])
    changed = set_pulls(run, documents.join(moved, on=["carrier", "ban"], how="semi"), before)
    if changed is not None:
        run.count("pulls", changed.height)
        run.total("pulled", changed["amount"])
