"""What a carrier file is and says, for a person to look at; nothing is stored."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from invoices import bank, carrier
from invoices.carrier import Known, Profile, Profiles, flat
from invoices.carrier.describe import Description, describe
from invoices.carrier.reading import Reading, refused_file
from invoices.schema import WIDE
from rebill.cash.bank_paper import is_bank_file, read_bank_file, unread
from rebill.intake import archives
from rebill.intake.read import head_of, read_file
from rebill.paper.text import WIDTH, as_blocks, as_table
from rebill.workspace import apart, text_files
from rebill.workspace.settings import Settings, Workspace

T = TypeVar("T")

DOCUMENT = (
    "status",
    "carrier",
    "ban",
    "invoice_no",
    "bill_date",
    "lines",
    "line_sum",
    "current_charges",
    "apart",
    "total_due",
)
ENTRY = (
    "source_row",
    "kind",
    "direction",
    "settled_on",
    "amount",
    "company_id",
    "company_name",
    "sec",
    "individual_id",
    "trace",
    "code",
)
FINDING = ("code", "source_row", "message", "remedy")
LINE = ("line_no", "charge_class", "usoc", "quantity", "unit_rate", "amount", "wtn", "service_from")
SHOWN = 20
ABREAST = 3
"""So many rows have room side by side."""
UNFOOTED = "document_does_not_foot"


@dataclass(frozen=True)
class Reader:
    """By what files are read: the settings, the profile that was asked for or any, what is known.

    Each file is read by a process of its own, under the limits of the settings.
    """

    profile: str | None
    settings: Settings
    profiles: Profiles
    known: Known

    def told(self, path: Path, name: str) -> tuple[dict[str, Any], bool]:
        """Return what a file is: name, size, SHA-256, format, and what it says in small tables;
        and whether it is a part of bills.

        Of one that took too much, or broke its reader, the findings say so.
        """
        with _scratch() as scratch:
            found = _done(self.settings, path.stat().st_size, _told, self, path, name, scratch)
        if not isinstance(found, apart.CameToNothing):
            return found
        size, sha256 = text_files.digest(path)
        refused = refused_file(name, sha256, found.what, found.remedy)
        return {**_facts(name, size, sha256, refused), **_said(refused)}, False

    def read(self, path: Path, name: str, scratch: Path, sha256: str = "") -> Reading:
        """Return what a file says; its lines may lie in the scratch folder."""
        return read_file(
            self.settings, path, name, self.profile,
            sha256=sha256, profiles=self.profiles, known=self.known, scratch=scratch,
        )  # fmt: skip


def _done(
    settings: Settings, size: int, work: Callable[..., T], *given: object
) -> T | apart.CameToNothing:
    """Return what work on so many bytes from outside gives, or why it came to nothing."""
    return apart.done_apart(apart.budget_of(settings.limits, size), work, *given)


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a folder of ours: the process that reads may end in the middle, and leave it."""
    with tempfile.TemporaryDirectory(prefix="rebill-") as scratch:
        yield Path(scratch)


def _told(reader: Reader, path: Path, name: str, scratch: Path) -> tuple[dict[str, Any], bool]:
    size, sha256 = text_files.digest(path)
    head = head_of(reader.settings, path)
    reading = reader.read(path, name, scratch, sha256)
    facts = _facts(name, size, sha256, reading)
    if not isinstance(head, text_files.Fault):
        chosen = carrier.choose(head, reader.profile, reader.profiles)
        if isinstance(chosen, Profile):
            facts |= {"format": chosen.format, "profile": chosen.profile}
            facts["columns not read"] = ", ".join(_unread(head, chosen)) or "none"
    return {**facts, **_said(reading)}, reading.bundle is not None


def _facts(name: str, size: int, sha256: str, reading: Reading) -> dict[str, Any]:
    """Return what is known of any file, whatever reads it."""
    return {
        "file": name,
        "size": size,
        "sha256": sha256,
        "format": "unknown",
        "profile": "unknown",
        "quarantined": reading.quarantine.height,
        "columns not read": "none",
    }


def _said(*readings: Reading) -> dict[str, Any]:
    """Return the tables of what files say, parts of one bill put together."""
    told: Description = describe(*readings)
    quarantine = pl.concat([reading.quarantine for reading in readings])
    return {
        "documents": told.documents.with_columns(
            apart=pl.col("current_charges").cast(WIDE) - pl.col("line_sum").cast(WIDE)
        ).select(DOCUMENT),
        "classes": told.classes,
        "coverage": told.coverage.filter(pl.col("filled") > 0),
        "first_lines": told.first_lines.select(LINE),
        "like totals": told.like_totals,
        "set aside": told.set_aside,
        "rows set aside": quarantine.head(SHOWN).select(
            "source_row", pl.col("raw").str.slice(0, 80), "reason"
        ),
        "findings": told.findings.select(FINDING),
    }


def _unread(head: bytes, chosen: Profile) -> list[str]:
    """Return the columns of a delimited file that its profile does not look at."""
    return flat.unread_columns(head, chosen) if chosen.format == flat.NAME else []


def descriptions(path: Path, reader: Reader) -> list[dict[str, Any]]:
    """Return what a file is; of an archive, what each of its members is, or why it is none.

    Members with parts of the same bills say what their rows are, and the archive, last, what the
    bills are that they make together.
    """
    path = path.absolute()  # the process that reads may work in another folder
    settings, size = reader.settings, path.stat().st_size
    if reader.profile is None and is_bank_file(settings, path):
        return [bank_description(path, settings)]
    if archives.kind(path) is None:
        return [reader.told(path, path.name)[0]]
    with _scratch() as scratch:
        given = (path, path.name, scratch, settings.archives)
        members = _done(settings, size, archives.unpack, *given)
        if isinstance(members, apart.CameToNothing):
            return [_left(path.name, members)]
        told: list[dict[str, Any]] = []
        parts: list[archives.Member] = []
        for member in members:
            if member.path is None:
                told.append(_left(member.name, member.fault, member.left))
                continue
            said, is_part = reader.told(member.path, member.name)
            told.append(said)
            parts += [member] if is_part else []
        if len(parts) > 1:
            names = [part.name for part in parts]
            told = [_as_part(one, names) for one in told]
            size = sum(part.size for part in parts)
            read = _done(settings, size, _together, reader, parts, scratch)
            if isinstance(read, apart.CameToNothing):
                return [*told, _left(path.name, read)]
            told.append({"file": path.name, "put together": ", ".join(names), **read})
        return told


def _together(
    reader: Reader, parts: list[archives.Member], scratch: Path
) -> dict[str, pl.DataFrame]:
    """Return what parts of bills say, put together."""
    readings = [
        reader.read(part.path, part.name, Path(tempfile.mkdtemp(dir=scratch)), part.sha256)
        for part in parts
        if part.path is not None
    ]
    return _said(*readings)


def _left(
    name: str, fault: text_files.Fault | apart.CameToNothing | None, why: str | None = None
) -> dict[str, Any]:
    return {
        "file": name,
        "refused": fault.what if fault else why,
        "remedy": fault.remedy if fault else "it is passed over",
    }


def _as_part(told: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    """Leave out what a part alone cannot say: which bills there are, and whether they foot."""
    if told["file"] not in parts:
        return told
    findings = told["findings"].filter(pl.col("code") != UNFOOTED)
    return {**{k: v for k, v in told.items() if k != "documents"}, "findings": findings}


def bank_description(path: Path, settings: Settings) -> dict[str, Any]:
    """Return what a bank file is and says: its sums by day and originator, entries,
    faults and doubts."""
    size, sha256 = text_files.digest(path)
    reading = _done(settings, size, read_bank_file, settings, path, sha256)
    if isinstance(reading, apart.CameToNothing):
        reading = unread(sha256, "content", reading.what, reading.remedy)
    taken = pl.col("amount").filter(pl.col("kind").is_in(("entry", "other")))
    sums = reading.entries.group_by("settled_on", "company_id", "company_name", "direction").agg(
        entries=pl.len(),
        amount=taken.sum(),
        returned=pl.col("amount").filter(pl.col("kind") == "return").sum(),
    )
    return {
        "file": path.name,
        "size": size,
        "sha256": sha256,
        "format": bank.identify(text_files.head(path, bank.HEAD), settings.statements),
        "booked by": "rebill cash import",
        "sums": sums.sort("settled_on", "company_id", "company_name", "direction"),
        "entries": reading.entries.select(ENTRY),
        "remittances": reading.remittances.select("reference", "ban", "paid", "invoice_date"),
        "faults": reading.faults,
        "doubts": reading.doubts,
    }


def known_at(workspace: Workspace | None) -> Known:
    """Return what a reader may ask; an account under no contract is of the carrier `(unknown)`."""
    known = Known()
    if workspace is not None:
        # The process that reads imports this module too, and asks no record.
        from rebill.reference import current
        from rebill.store.record import reading

        with reading(workspace) as record:
            load = current.load_version(record.connection)
            frames = current.reference_frames(workspace, record.connection, load)
            known = current.known(frames, current.contracts(record.connection, load))
    return replace(known, otherwise="(unknown)")


def as_words(told: dict[str, Any]) -> str:
    """Return a description as text: facts first, then table by table, of at most `WIDTH` columns.

    Equal faults are one line with a count, and rows that look like totals a warning.
    """
    parts = []
    for name, value in told.items():
        if name in _IN_WORDS:
            parts += _IN_WORDS[name](value) if value.height else []
        elif not isinstance(value, pl.DataFrame):
            parts.append(f"{name}: {value}")
        elif value.height:
            more = value.height - SHOWN
            rest = f"\n... and {more} more" if more > 0 else ""
            parts.append(f"\n{name.replace('_', ' ')}\n{_table(value.head(SHOWN))}{rest}")
    return "\n".join(parts)


def _table(frame: pl.DataFrame) -> str:
    """Return rows below each other, or side by side where they have no room so."""
    filled = [name for name in frame.columns if frame[name].null_count() < frame.height]
    frame = frame.select(filled).rename(_SHORT, strict=False).drop(_LONG, strict=False)
    table = as_table(frame)
    if max(map(len, table.split("\n"))) <= WIDTH:
        return table
    return "\n\n".join(as_blocks(part) for part in frame.iter_slices(ABREAST))


_SHORT = {"line_sum": "add up to", "current_charges": "printed"}
"""What columns are called where there is no room for their names."""
_LONG = ("carrier", "total_due")


def _of_findings(findings: pl.DataFrame) -> list[str]:
    """Return the findings in words; rows that cannot be read are told among those set aside."""
    others = findings.filter(pl.col("code") != "line_unreadable").head(SHOWN)
    return ["", "findings"] * bool(others.height) + [
        f"{code}{f', row {row}' if row else ''}: {message}\n  {remedy}"
        for code, row, message, remedy in others.select(FINDING).rows()
    ]


def _of_set_aside(faults: pl.DataFrame) -> list[str]:
    return ["", "rows set aside"] + [
        f"{rows:,} x {reason} (first in row {first})" + (f"\n  {remedy}" if remedy else "")
        for rows, first, reason, remedy in faults.head(SHOWN).rows()
    ]


def _of_totals(lines: pl.DataFrame) -> list[str]:
    shown = ", ".join(
        f"row {row} ({what or 'no description'}, {amount})"
        for row, what, amount in lines.head(3).rows()
    )
    several = f"{lines.height:,} lines look like totals and count as charges"
    one = "1 line looks like a total and counts as a charge"
    remedy = "name them below `subtotals`, `total` or `skip` of the profile if they are"
    return ["", f"warning: {one if lines.height == 1 else several}: {shown}", f"  {remedy}"]


def _of_no_rows(rows: pl.DataFrame) -> list[str]:
    """Say nothing: each row is in the data, and its fault among those of its kind."""
    return []


_IN_WORDS: dict[str, Callable[[pl.DataFrame], list[str]]] = {
    "findings": _of_findings,
    "like totals": _of_totals,
    "set aside": _of_set_aside,
    "rows set aside": _of_no_rows,
}
"""Tables that are told in words; the others are shown."""


def as_data(told: dict[str, Any]) -> dict[str, Any]:
    """Return a description as plain data, tables as lists of rows."""
    return {
        name: value.to_dicts() if isinstance(value, pl.DataFrame) else value
        for name, value in told.items()
    }
