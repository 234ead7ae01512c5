"""What is looked at of the record: the database, its runs and files, papers, parts that wait."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from rebill.inquiry.doctor.case import Case, Told, fine, named, parted
from rebill.intake.arrivals import waiting
from rebill.outbox import undelivered
from rebill.outbox.deliver import missing_months
from rebill.outbox.lacking import lacking
from rebill.outbox.lacking import words as lacking_words
from rebill.outbox.to_do import counted
from rebill.store.engine import SESSION
from rebill.store.frames import read_frame
from rebill.store.models import BulkFile, Run

DAYS_WITHOUT = 3
"""After so many days without a night somebody should know."""


def database(case: Case) -> Told:
    """The database is there, whole and of the newest shape."""
    if case.record_fault is not None:
        return parted("fault", case.record_fault)
    url = case.known.connection.engine.url
    return fine(f"{url.get_backend_name()}, of the newest shape")


def runs(case: Case) -> Told:
    """The last runs ended well, and nights are run."""
    asked = sa.select(Run.id, Run.command, Run.as_of, Run.outcome, Run.sums)
    rows = case.known.connection.execute(asked.order_by(Run.id.desc()).limit(100)).all()
    open_ones = [row for row in rows if row.outcome is None]
    if open_ones:
        last = open_ones[0]
        what = f"run {last.id} ({last.command}) has not ended"
        of_day = f" --as-of {last.as_of}" if last.as_of else ""
        return Told("warning", what, f"run it again: rebill {last.command}{of_day}")
    nights = [row for row in rows if row.command == "nightly"]
    if nights and nights[0].outcome != "done":
        why = (nights[0].sums or {}).get("error", "")
        what = f"the last night failed: {why}" if why else "the last night failed"
        return Told("warning", what, f"rebill nightly --as-of {nights[0].as_of}")
    day = case.known.last_night()
    if day is None:
        return Told("warning", "no night was run yet", "rebill nightly --as-of DATE")
    days = (case.today - day).days
    if days > DAYS_WITHOUT:
        what = f"the last night was that of {day}, {days:,} days ago"
        return Told("warning", what, f"rebill nightly --as-of {case.today}")
    return fine(f"the last night was that of {day}")


def files(case: Case) -> Told:
    """Every file below `lines/` that the record names is there, and as large as it was."""
    asked = sa.select(BulkFile.path, BulkFile.size).where(BulkFile.pruned_by_run.is_(None))
    rows = read_frame(case.known.connection, asked)
    wrong = []
    for path, size in rows.iter_rows():
        place = case.workspace.root / path
        if not place.is_file() or (size is not None and place.stat().st_size != size):
            wrong.append(path)
    if wrong:
        what = (
            f"{counted(len(wrong), 'file')} gone or of another size: {named(pl.Series(wrong), 1)}"
        )
        return Told(
            "fault", what, "put it back from a backup; `rebill verify` looks at all of them"
        )
    return fine(f"all {rows.height:,} are there; `rebill verify` looks into them")


def papers(case: Case) -> Told:
    """No paper lacks, none waits to be written, and all that were written lie in the outbox."""
    rows = lacking(case.known)
    if rows.height:
        return parted("warning", lacking_words(rows.row(0, named=True)))
    waiting = undelivered.months(case.known)
    gone = {*missing_months(case.known)} - waiting
    if waiting or gone:
        words = [f"papers wait to be written: {', '.join(sorted(waiting))}"] * bool(waiting)
        words += [f"papers lie in the outbox no more: {', '.join(sorted(gone))}"] * bool(gone)
        return Told("warning", "; ".join(words), "the next night writes them")
    return fine("none lacks")


def parts(case: Case) -> Told:
    """No part of a bill waits for another."""
    found = waiting(case.workspace, case.known.connection).files
    if not found:
        return fine("no part of a bill waits for another")
    names = named(pl.Series([seen.name for seen in found]))
    what = f"{counted(len(found), 'part')} of bills lack another: {names}"
    return Told("warning", what, "ask the carrier for the rest and put it into the inbox")


def session_holder(connection: sa.Connection) -> str | None:
    """Return in words who holds a PostgreSQL database for a command; nothing where nobody does."""
    if connection.dialect.name != "postgresql":
        return None
    found = connection.execute(_HOLDER, {"what": SESSION}).first()
    if found is None:
        return None
    where = f" at {found.client_addr}" if found.client_addr else ""
    return f"{found.usename}{where}, since {found.backend_start:%Y-%m-%d %H:%M}"


_HOLDER = sa.text(
    "SELECT usename, client_addr, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND objid = :what"
)
