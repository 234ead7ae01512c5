"""Bank files become entries of the record.

A bank file is booked whole or not at all. What is wrong with one never stops the others; all are
judged before the first is booked, so that a return and the debit it undoes may come together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
import sqlalchemy as sa

from invoices.bank import nacha_entries
from invoices.bank.schema import BankReading, faults
from invoices.schema import among
from rebill.receivables import debits
from rebill.run.outcomes import BankRead
from rebill.run.run import Run
from rebill.store import insert_frame, models_bank, read_frame

BOOKED, REPEATED, REFUSED, WAITING = "ingested", "repeated", "refused", "waiting"
"""What became of a bank file, as the record of runs keeps it."""
TOLD = 50
"""So many faults of a file are told in the log."""


@dataclass
class Booking:
    """What becomes of the bank files of a run, by name."""

    became: dict[str, str] = field(default_factory=dict)
    """In words for a person."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """In the word that the record of runs keeps."""

    def say(self, name: str, outcome: str, words: str) -> None:
        """Note what became of a file."""
        self.became[name], self.outcomes[name] = words, outcome


def book(run: Run, reads: Sequence[BankRead]) -> Booking:
    """Leave the entries of all files that are right and new on record; say why of the others."""
    known = set(run.record.connection.scalars(sa.select(models_bank.BankFile.content_key)))
    booking = Booking()
    right: list[BankRead] = []
    for one in reads:
        key = one.reading.content_key
        if not one.reading.ok:
            _refuse(run, booking, one, one.reading.faults, REFUSED)
        elif key in known:
            booking.say(one.stage.name, REPEATED, "repeated")
        else:
            known.add(key)
            right.append(one)
    for one in _with_known_traces(run, booking, right):
        _enter(run, booking, one)
    return booking


def _with_known_traces(run: Run, booking: Booking, reads: list[BankRead]) -> list[BankRead]:
    """Return the files whose returns all undo an entry or a debit of ours on record, or among them.

    The others wait: they are looked at again when more bank files have come. A return under our own
    number undoes what we debited, on record or not: no file of the bank will ever bring that.
    """
    rows = read_frame(
        run.record.connection,
        sa.select(models_bank.BANK_ENTRIES.c.trace).where(
            models_bank.BANK_ENTRIES.c.kind.in_(("entry", "other")),
            models_bank.BANK_ENTRIES.c.trace.is_not(None),
        ),
    )
    on_record = set(rows["trace"].to_list()) | debits.traces(run.record)
    left = reads
    while True:
        traces = on_record | {
            trace
            for one in left
            for trace in one.reading.entries.filter(pl.col("kind") == "entry")["trace"]
        }
        ours = debits.by_us(run.record)
        lost = [(one, _lost(one.reading, traces, ours)) for one in left]
        for one, found in lost:
            if found.height:
                _refuse(run, booking, one, found, WAITING)
        still = [one for one, found in lost if found.is_empty()]
        if len(still) == len(left):
            return still
        left = still


def _lost(reading: BankReading, traces: set[str], ours: pl.Expr) -> pl.DataFrame:
    """Return a fault for each return of a Nacha file whose debit nothing on record is."""
    named = pl.col("original_trace")
    lost = reading.entries.filter(
        pl.lit(reading.source == nacha_entries.NAME),
        pl.col("kind") == "return",
        ~named.is_in(list(traces)),
        ~ours,
    )
    words = pl.concat_str(pl.lit("it returns trace "), named, pl.lit(", which is not on record"))
    remedy = "import the file with that entry first, or together with this one"
    rows = lost.with_columns(row=pl.col("source_row") + 1)
    return faults(rows, "addenda", "original_trace (7-21)", words, remedy)


def _refuse(run: Run, booking: Booking, one: BankRead, found: pl.DataFrame, outcome: str) -> None:
    """Say why a file is not booked."""
    booking.say(one.stage.name, outcome, f"refused: {_first(found)}")
    run.count("bank files refused", 1)
    _log(run, one, found, "bank file refused")


def _first(found: pl.DataFrame) -> str:
    """Return the first fault or doubt in words, and how many more there are."""
    row, record, name, message, remedy = found.row(0)
    where = f"record {row}: " if row is not None else ""
    more = f" (and {found.height - 1} more)" if found.height > 1 else ""
    return f"{where}{record}, {name}: {message}; {remedy}{more}"


def _log(run: Run, one: BankRead, found: pl.DataFrame, event: str) -> None:
    """Tell faults or doubts of a file in the log."""
    for row, record, name, message, remedy in found.head(TOLD).iter_rows():
        run.log.warning(
            event,
            file=one.stage.name,
            record=row,
            kind=record,
            field=name,
            reason=message,
            remedy=remedy,
        )


def _enter(run: Run, booking: Booking, one: BankRead) -> None:
    """Leave a file on record with those of its entries that no other file brought."""
    connection, reading = run.record.connection, one.reading
    there = read_frame(connection, sa.select(models_bank.BANK_ENTRIES.c.entry_id))
    new = reading.entries.join(there, on="entry_id", how="anti", maintain_order="left")
    moved = new.filter(pl.col("kind") != "return")
    ours = debits.traces(run.record)
    if back := sum(trace in ours for trace in new["original_trace"]):
        run.count("customer debits returned or to change", back)
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
            run_id=run.run_id,
        )
        .returning(models_bank.BankFile.id)
    ).scalar_one()
    number = pl.lit(file_id, dtype=pl.Int64)
    insert_frame(connection, models_bank.BANK_ENTRIES, new.with_columns(file_id=number))
    items = reading.remittances.join(new, on="entry_id", how="semi")
    insert_frame(connection, models_bank.BANK_REMITTANCES, items)
    what = "entry" if new.height == 1 else "entries"
    told = f"{new.height} {what} of {reading.source} booked"
    told += _unknown(run, one, new, ours)
    if reading.doubts.height:
        told += f"; doubtful: {_first(reading.doubts)}"
        run.count("bank files in doubt", 1)
        _log(run, one, reading.doubts, "bank file doubtful")
    booking.say(one.stage.name, BOOKED, told)
    run.count("bank entries", new.height)


def _unknown(run: Run, one: BankRead, new: pl.DataFrame, ours: set[str]) -> str:
    """Tell of returns of debits that we made and that are not on record; return it in words."""
    named = pl.col("original_trace")
    returns = new.filter(pl.col("kind") == "return", debits.by_us(run.record))
    lost = returns.filter(~among(named, pl.Series(list(ours), dtype=pl.String)))
    if lost.is_empty():
        return ""
    for trace, code, amount in lost.select(named, "code", "amount").head(TOLD).iter_rows():
        run.log.warning(
            "a debit of ours came back that is not on record",
            file=one.stage.name,
            trace=trace,
            code=code,
            amount=str(amount),
            remedy="take it back where it was booked: no invoice is reopened by it",
        )
    run.count("returns of debits not on record", lost.height)
    what = "return is" if lost.height == 1 else "returns are"
    return f"; {lost.height} {what} of debits that are not on record: no invoice is reopened"
