"""What carriers say of claims, as a file: a CSV of status words, read row by row and judged whole.

The words are the carrier's own, as its form profile maps them, or ours. A file that says something
that cannot be is refused with every fault; a row that was taken before changes nothing.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl

from invoices.calendar import LAST_YEAR, is_known
from rebill.disputes.claims import happen, news_of
from rebill.reference import current
from rebill.store.record import Record
from rebill.workspace.forms import forms_for
from rebill.workspace.settings import ConfigError
from reconcile.claims.forms import DEFAULT, FormProfile, word_of
from reconcile.claims.moves import EVENTS

COLUMNS = {
    "claim_no": "our number of the claim; or the carrier's",
    "tracking_no": "the carrier's number",
    "status": "what the carrier calls it",
    "on": "the day it is of, as 2026-04-30",
    "amount": "what was granted, in dollars",
    "reference": "the carrier's number, kept from then on",
    "note": "a word on it",
}
LARGEST = 64 * 2**20
OWN_WORDS = {
    **{word_of(event): event for event in EVENTS},
    "submitted": "nothing",
    "acknowledged": "acknowledge",
    "in review": "review",
    "sustained": "grant",
    "granted": "grant",
    "partial": "grant_part",
    "denied": "deny",
    "rejected for form": "reject_form",
    "credit pending": "await_credit",
    # What is credited is known from the bill that carries it.
    "credited": "grant",
    "short credited": "grant_part",
    "escalated": "nothing",
    "withdrawn": "withdraw",
    "closed": "close",
}
"""Words every carrier may use; those of its profile stand before them."""
_MEANS = {"grant": ("sustain", "grant_part", "await_credit", "note")}


@dataclass(frozen=True)
class Told:
    """A row of a status file."""

    row: int
    claim_no: str | None
    word: str
    event: str | None
    at: dt.date | None
    amount: Decimal | None
    reference: str | None
    note: str | None
    fault: str | None = None


OUTCOME = pl.Schema(
    {
        "row": pl.Int64(),
        "claim_no": pl.String(),
        "status": pl.String(),
        "event": pl.String(),
        "became": pl.String(),  # done, known, nothing, refused
        "why": pl.String(),
    }
)
"""What became of each row."""


def import_status(
    record: Record,
    path: Path,
    carrier: str | None,
    who: str | None,
    skip_bad: bool,
    latest: dt.date = dt.date(LAST_YEAR, 12, 31),
) -> pl.DataFrame:
    """Let what a status file says happen to claims, and return what became of each row (`OUTCOME`).

    Raises ConfigError with every fault where there is one, unless bad rows are to be skipped; a
    file that cannot be read is refused in any case. Nothing is taken of a day after `latest`.
    """
    rows = [_in_time(row, latest) for row in _understood(record, _rows(path), carrier)]
    known = _known(record, rows)
    news: list[dict[str, object]] = [
        {
            "claim_no": row.claim_no,
            "at": row.at,
            "what": row.event,
            "amount": row.amount,
            "reference": row.reference,
            "note": row.note,
            "who": who,
        }
        for row in rows
        if _happens(row, known)
    ]
    places = [row.row for row in rows if _happens(row, known)]
    refused: dict[int, str] = {row.row: row.fault for row in rows if row.fault}
    if news:
        outcome = happen(record, news_of(news))
        faulty = outcome.refused.select("row", "why")
        refused |= {places[row]: why for row, why in faulty.iter_rows()}
    if refused and not skip_bad:
        told = [f"{path.name} row {row}: {why}" for row, why in sorted(refused.items())]
        raise ConfigError("; ".join([*told[:200], "nothing was taken in"]))
    became = [
        {
            "row": row.row,
            "claim_no": row.claim_no,
            "status": row.word,
            "event": row.event,
            "became": "refused" if row.row in refused else _became(row, known),
            "why": refused.get(row.row),
        }
        for row in rows
    ]
    return pl.DataFrame(became, schema=OUTCOME)


def _became(row: Told, known: set[int]) -> str:
    """Return what became of a row that was not refused."""
    if row.event == "nothing":
        return "nothing"
    return "known" if row.row in known else "done"


def _in_time(row: Told, latest: dt.date) -> Told:
    """Return a row, at fault where its day is hardly meant."""
    if row.at is None or (row.at <= latest and is_known(row.at)):
        return row
    fault = f"{row.at} is no day on which anything happened; a day to come is taken with --yes"
    return replace(row, fault="; ".join(part for part in (row.fault, fault) if part))


def _happens(row: Told, known: set[int]) -> bool:
    return row.fault is None and row.event != "nothing" and row.row not in known


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a file by column, with their numbers; the header is row 1."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"{path}: larger than {LARGEST:,} bytes; split the file")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: cannot be read: {fault}; save it as UTF-8 text") from fault
    if "\0" in text:
        raise ConfigError(f"{path}: has NUL bytes; save it as UTF-8 text")
    try:
        lines = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as fault:
        raise ConfigError(f"{path}: is no CSV: {fault}") from fault
    header = [name.strip().lower() for name in lines[0]] if lines else []
    unknown = sorted(set(header) - set(COLUMNS))
    faults = [f"unknown column {name!r}" for name in unknown]
    faults += [f"column {name} stands twice" for name in set(header) if header.count(name) > 1]
    faults += [f"no column {name}" for name in ("status", "on") if name not in header]
    if not {"claim_no", "tracking_no"} & set(header):
        faults.append("no column claim_no or tracking_no")
    wrong = [n for n, line in enumerate(lines[1:], 2) if line and len(line) != len(header)]
    faults += [f"row {n} has not as many cells as the header" for n in wrong[:20]]
    if faults:
        raise ConfigError(f"{path}: {'; '.join(faults)}; columns: {', '.join(COLUMNS)}")
    return [
        (n, dict(zip(header, (cell.strip() for cell in line), strict=True)))
        for n, line in enumerate(lines[1:], 2)
        if any(cell.strip() for cell in line)
    ]


def _understood(
    record: Record, rows: list[tuple[int, dict[str, str]]], carrier: str | None
) -> list[Told]:
    """Return rows with the claim, the event and the values they mean, or their fault."""
    claims = record.claims()
    if carrier is not None:
        claims = claims.filter(pl.col("carrier") == carrier)
    numbers = set(claims["claim_no"])
    tracked: dict[str, list[str]] = {}
    for number, theirs in claims.select("claim_no", "tracking_no").drop_nulls().iter_rows():
        tracked.setdefault(theirs, []).append(number)
    forms = dict(claims.select("claim_no", "form").iter_rows())
    profiles = forms_for(record.workspace, current.contracts(record.connection))
    return [_one(n, row, numbers, tracked, forms, profiles) for n, row in rows]


def _one(
    n: int,
    row: dict[str, str],
    numbers: set[str],
    tracked: dict[str, list[str]],
    forms: dict[str, str | None],
    profiles: dict[str, FormProfile],
) -> Told:
    """Return one row with what it means."""
    ours, theirs = row.get("claim_no") or None, row.get("tracking_no") or None
    word, faults = row["status"], []
    found = ours
    if ours is None and theirs is not None:
        named = tracked.get(theirs, [])
        found = named[0] if len(named) == 1 else None
        if len(named) > 1:
            faults.append(f"tracking number {theirs} is that of {', '.join(named)}: give claim_no")
        elif not named:
            faults.append(f"no claim has the tracking number {theirs}")
    elif ours is None:
        faults.append("it names no claim")
    elif ours not in numbers:
        faults.append(f"there is no claim {ours}")
    form = profiles.get(forms.get(found or "") or DEFAULT.form, DEFAULT)
    event = (OWN_WORDS | form.status_words).get(word_of(word))
    if event is None:
        faults.append(f"the status {word!r} means nothing: map it in the form `{form.form}`")
    try:
        at = dt.date.fromisoformat(row["on"])
    except ValueError:
        at = None
        faults.append(f"{row['on']!r} is no date; write it as 2026-04-30")
    amount = None
    try:
        amount = _amount(row.get("amount") or "")
    except InvalidOperation:
        faults.append(f"{row['amount']!r} is no amount in dollars and cents")
    if event in ("acknowledge", "review", "deny", "reject_form") and amount == 0:
        amount = None
    told = (row.get("reference") or (theirs if ours else None)) or None
    return Told(
        *(n, found, word, event, at, amount, told, row.get("note") or None),
        "; ".join(faults) or None,
    )


def _amount(text: str) -> Decimal | None:
    """Return an amount in cents; raises InvalidOperation where it is none."""
    if not text:
        return None
    value = Decimal(text)
    if not value.is_finite() or abs(value) >= 10**12 or value != round(value, 2):
        raise InvalidOperation
    return round(value, 2)


def _known(record: Record, rows: list[Told]) -> set[int]:
    """Return the rows that say what is on record already: same claim, day, event and amount."""
    events = record.claim_events()
    seen = set(events.select("claim_no", "at", "what", "amount").iter_rows())
    found = set()
    for row in rows:
        meant = _MEANS.get(row.event or "", (row.event,))
        keys = {(row.claim_no, row.at, event, row.amount) for event in meant}
        if keys & seen:
            found.add(row.row)
    return found
