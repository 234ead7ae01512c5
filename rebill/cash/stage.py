"""The stages of cash: bank files read, booked and matched to the pulls; pulls scheduled."""

from __future__ import annotations

import polars as pl

from rebill.cash.bank_files import book
from rebill.cash.bank_paper import take_in_bank, unread
from rebill.cash.matching import matched
from rebill.cash.schedule import set_pulls
from rebill.run.outcomes import BankRead, FileLeft, Outcomes, PullsMatched
from rebill.run.run import Run
from rebill.run.stages import MatchPulls, ReadBank, Schedule
from rebill.store import models_bank, read_table
from rebill.store.record import documents_named
from rebill.workspace import apart
from rebill.workspace.write import STAGED

MOST_BILLS = 24
"""A chain of bills in which a returned pull moves on is followed so far in one run."""


def read_bank(run: Run, stage: ReadBank, so_far: Outcomes) -> BankRead | FileLeft:
    """Read one bank file; what becomes of it is decided when all are read.

    It is read by a process of its own, under the limits of the settings; one that is not there as
    it was seen is left for the next run.
    """
    workspace = run.record.workspace
    limits = workspace.settings.limits
    found = apart.done_apart(
        apart.budget_of(limits, stage.size),
        take_in_bank,
        workspace.settings,
        workspace.lines / STAGED / f"bank-{stage.sha256[:12]}",
        run.paths[stage.name],
        stage.sha256,
    )
    if isinstance(found, str):
        return FileLeft(stage, found)
    if isinstance(found, apart.CameToNothing):
        run.log.warning("file not read", file=stage.name, reason=found.what, trace=found.trace)
        reading = unread(stage.sha256, "content", found.what, found.remedy)
        return BankRead(stage, reading, apart.terms(limits))
    return BankRead(stage, found)


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
    decided = documents_named(record, so_far.decided)
    moved = pl.concat([new, decided.select("carrier", "ban")])
    changed = set_pulls(run, documents.join(moved, on=["carrier", "ban"], how="semi"), before)
    if changed is not None:
        run.count("pulls", changed.height)
        run.total("pulled", changed["amount"])
