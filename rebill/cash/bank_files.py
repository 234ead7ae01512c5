"""Bank files become entries of the record, and the record's pulls learn what became of them.

A bank file is booked whole or not at all. What is wrong with one never stops the others; all are
judged before the first is booked, so that a return and the debit it undoes may come together.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import sqlalchemy as sa

from invoices import bank
from invoices.bank import nacha
from invoices.bank.schema import BankReading, faults, one_fault
from invoices.schema import CENTS
from rebill.cash.schedule import SPOKEN, set_pulls, unpaid
from rebill.disputes.claims import claim_steps
from rebill.run.night import BankRead, Night
from rebill.run.stages import MatchPulls, ReadBank
from rebill.store import insert_frame, models, models_bank, read_frame, read_table, update_rows
from rebill.store.record import Record
from rebill.workspace import text
from rebill.workspace.settings import Settings
from reconcile.pulls.debits import DEBITS
from reconcile.pulls.events import pull_events
from reconcile.pulls.settle import Known, settle

BOOKED, REPEATED, REFUSED, WAITING = "ingested", "repeated", "refused", "waiting"
"""What became of a bank file, as the record of runs keeps it."""
TOLD = 50
"""So many faults of a file are told in the log."""
MOST_BILLS = 24
"""A chain of bills in which a returned pull moves on is followed so far in one run."""


def is_bank_file(settings: Settings, path: Path) -> bool:
    """Whether a file begins like one a bank sends."""
    try:
        head = text.head(path, bank.HEAD)
    except OSError:
        return False
    return bank.identify(head, settings.statements) is not None


def read_bank_file(settings: Settings, path: Path, sha256: str = "") -> BankReading:
    """Return what a bank file says; one that is none, or too large, is a reading with a fault."""
    size, digest = text.digest(path)
    wrong = None
    if size > settings.bank.max_file_bytes:
        what = f"the file has {size:,} bytes; the limit is {settings.bank.max_file_bytes:,}"
        wrong = one_fault(None, "file", "size", what, "raise [bank] max_file_bytes")
    elif sha256 and digest != sha256:
        what = "the file changed while it was read"
        wrong = one_fault(None, "file", "content", what, "send it again, whole")
    if wrong is not None:
        return BankReading("", digest, faults=wrong)
    found = bank.read(path.read_bytes(), settings.statements, settings.closings)
    if found is not None:
        return found
    remedy = "read are Nacha, BAI2 and CSV statements; declare a profile as [[bank.statement]]"
    what = "the file begins like no bank file that is read"
    return BankReading("", digest, faults=one_fault(None, "file", "format", what, remedy))


def read_bank(night: Night, stage: ReadBank) -> None:
    """Read one bank file; what becomes of it is decided when all are read."""
    reading = read_bank_file(night.record.workspace.settings, night.paths[stage.name], stage.sha256)
    night.bank_reads.append(BankRead(stage, reading))


def match_pulls(night: Night, stage: MatchPulls) -> None:
    """Book the bank files of the run, and leave every pull as the bank says it is."""
    _book(night)
    record = night.record
    entries = read_table(record.connection, models_bank.BANK_ENTRIES)
    if entries.is_empty():
        return
    for _ in range(MOST_BILLS):
        if not _matched(night, entries):
            break
    events = read_table(record.connection, models_bank.PULL_EVENTS_KEPT)
    night.count("pull events", events.height)


def _book(night: Night) -> None:
    """Leave the entries of all files that are right and new on record; say why of the others."""
    record = night.record
    known = set(record.connection.scalars(sa.select(models_bank.BankFile.content_key)))
    right: list[BankRead] = []
    for one in night.bank_reads:
        key = one.reading.content_key
        if not one.reading.ok:
            _refuse(night, one, one.reading.faults, REFUSED)
        elif key in known:
            night.became[one.stage.name] = "repeated"
            night.bank_became[one.stage.name] = REPEATED
        else:
            known.add(key)
            right.append(one)
    for one in _with_known_traces(night, right):
        _enter(night, one)


def _with_known_traces(night: Night, reads: list[BankRead]) -> list[BankRead]:
    """Return the files whose returns all undo an entry that is on record or among them.

    The others wait: they are looked at again when more bank files have come.
    """
    rows = read_frame(
        night.record.connection,
        sa.select(models_bank.BANK_ENTRIES.c.trace).where(
            models_bank.BANK_ENTRIES.c.kind.in_(("entry", "other")),
            models_bank.BANK_ENTRIES.c.trace.is_not(None),
        ),
    )
    on_record = set(rows["trace"].to_list())
    left = reads
    while True:
        traces = on_record | {
            trace
            for one in left
            for trace in one.reading.entries.filter(pl.col("kind") == "entry")["trace"]
        }
        lost = [(one, _lost(one.reading, traces)) for one in left]
        for one, found in lost:
            if found.height:
                _refuse(night, one, found, WAITING)
        still = [one for one, found in lost if found.is_empty()]
        if len(still) == len(left):
            return still
        left = still


def _lost(reading: BankReading, traces: set[str]) -> pl.DataFrame:
    """Return a fault for each return of a Nacha file whose debit nothing on record is."""
    named = pl.col("original_trace")
    lost = reading.entries.filter(
        pl.lit(reading.source == nacha.NAME),
        pl.col("kind") == "return",
        ~named.is_in(list(traces)),
    )
    words = pl.concat_str(pl.lit("it returns trace "), named, pl.lit(", which is not on record"))
    remedy = "import the file with that entry first, or together with this one"
    rows = lost.with_columns(row=pl.col("source_row") + 1)
    return faults(rows, "addenda", "original_trace (7-21)", words, remedy)


def _refuse(night: Night, one: BankRead, found: pl.DataFrame, outcome: str) -> None:
    """Say why a file is not booked."""
    name = one.stage.name
    row, record, field, message, remedy = found.row(0)
    where = f"record {row}: " if row is not None else ""
    more = f" (and {found.height - 1} more)" if found.height > 1 else ""
    night.became[name] = f"refused: {where}{record}, {field}: {message}; {remedy}{more}"
    night.bank_became[name] = outcome
    night.count("bank files refused", 1)
    for row, record, field, message, remedy in found.head(TOLD).iter_rows():
        night.log.warning(
            "bank file refused",
            file=name,
            record=row,
            kind=record,
            field=field,
            reason=message,
            remedy=remedy,
        )


def _enter(night: Night, one: BankRead) -> None:
    """Leave a file on record with those of its entries that no other file brought."""
    connection, reading = night.record.connection, one.reading
    there = read_frame(connection, sa.select(models_bank.BANK_ENTRIES.c.entry_id))
    new = reading.entries.join(there, on="entry_id", how="anti", maintain_order="left")
    moved = new.filter(pl.col("kind") != "return")
    sums = {
        way: moved.filter(pl.col("direction") == way)["amount"].sum() for way in ("debit", "credit")
    }
    file_id = connection.execute(
        sa.insert(models_bank.BankFile)
        .values(
            content_key=reading.content_key,
            sha256=one.stage.sha256,
            name=one.stage.name,
            source=reading.source,
            entries=new.height,
            debits=sums["debit"],
            credits=sums["credit"],
            run_id=night.run_id,
        )
        .returning(models_bank.BankFile.id)
    ).scalar_one()
    number = pl.lit(file_id, dtype=pl.Int64)
    insert_frame(connection, models_bank.BANK_ENTRIES, new.with_columns(file_id=number))
    items = reading.remittances.join(new, on="entry_id", how="semi")
    insert_frame(connection, models_bank.BANK_REMITTANCES, items)
    what = "entry" if new.height == 1 else "entries"
    night.became[one.stage.name] = f"{new.height} {what} of {reading.source} booked"
    night.bank_became[one.stage.name] = BOOKED
    night.count("bank entries", new.height)


def known_pulls(night: Night) -> Known:
    """Return what the bank's word is held against: pulls, contracts, credits."""
    record, settings = night.record, night.record.workspace.settings
    counted = record.counted().select("document_id")
    pulls = record.debits().join(counted, on="document_id", how="semi")
    return Known(
        debits=pulls.select(DEBITS.names()),
        contracts=night.contracts,
        originators=settings.bank.known_originators,
        credited=_credited(record),
        closings=settings.closings,
    )


def _credited(record: Record) -> pl.DataFrame:
    """Return [document_id, credited, credited_on]: what carriers granted, by bill and day."""
    key = ["claim_no", "document_id"]
    nothing = pl.lit(0, dtype=CENTS)
    more = pl.col("credited") - pl.col("credited").shift(1).over(key, order_by="step").fill_null(
        nothing
    )
    steps = claim_steps(record).with_columns(credited=more.cast(CENTS))
    granted = steps.filter(pl.col("credited") > 0, pl.col("on").is_not_null())
    return granted.select("document_id", "credited", credited_on="on")


def _matched(night: Night, entries: pl.DataFrame) -> bool:
    """Match all entries anew and keep what comes of it; say whether a later bill's pull changed."""
    record, connection = night.record, night.record.connection
    known = known_pulls(night)
    remittances = read_table(connection, models_bank.BANK_REMITTANCES)
    columns = [name for name in entries.columns if name != "file_id"]
    found = settle(entries.select(columns), remittances, known)
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
    changed = set_pulls(night, accounts, before) if unpaid(before).height else None
    return changed is not None and changed.height > 0


def _say_states(record: Record, spoken: pl.DataFrame) -> None:
    """Leave the status of each pull as the bank says it is, else as its paper does."""
    pulls = record.debits()
    held = record.documents().select("document_id", of_paper="status")
    paper = (
        pl.when(pl.col("amount") == pl.lit(0, dtype=CENTS))
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
