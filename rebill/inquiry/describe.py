"""What a carrier file is and says, for a person to look at; nothing is stored."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from invoices import bank, carrier
from invoices.carrier import Known, Profile, Profiles, flat
from invoices.carrier.describe import Description, describe
from invoices.carrier.reading import Reading
from invoices.schema import WIDE
from rebill.cash.bank_paper import is_bank_file, read_bank_file
from rebill.intake import archives
from rebill.intake.read import head_of, read_file
from rebill.paper.text import as_table
from rebill.reference import current
from rebill.store.record import reading
from rebill.workspace import text_files
from rebill.workspace.settings import Settings, Workspace

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
UNFOOTED = "document_does_not_foot"


def description(
    path: Path, profile: str | None, settings: Settings, profiles: Profiles, known: Known
) -> dict[str, Any]:
    """Return what a file is: name, size, SHA-256, format, and what it says in small tables."""
    with tempfile.TemporaryDirectory(prefix="rebill-") as scratch:
        read = _read(path, path.name, profile, settings, profiles, known, Path(scratch))
        return {**read.facts, **_said(read.reading)}


@dataclass(frozen=True)
class _Read:
    """A file as its profile reads it; its lines may lie in the scratch folder."""

    facts: dict[str, Any]
    reading: Reading


def _read(
    path: Path,
    name: str,
    profile: str | None,
    settings: Settings,
    profiles: Profiles,
    known: Known,
    scratch: Path,
) -> _Read:
    size, sha256 = text_files.digest(path)
    head = head_of(settings, path)
    chosen = None if isinstance(head, text_files.Fault) else carrier.choose(head, profile, profiles)
    reading = read_file(
        settings, path, name, profile,
        sha256=sha256, profiles=profiles, known=known, scratch=scratch,
    )  # fmt: skip
    facts = {
        "file": name,
        "size": size,
        "sha256": sha256,
        "format": chosen.format if isinstance(chosen, Profile) else "unknown",
        "profile": chosen.profile if isinstance(chosen, Profile) else "unknown",
        "quarantined": reading.quarantine.height,
        "columns not read": ", ".join(_unread(head, chosen)) or "none",
    }
    return _Read(facts, reading)


def _said(*readings: Reading) -> dict[str, Any]:
    """Return the tables of what files say, parts of one bill put together."""
    told: Description = describe(*readings)
    set_aside = pl.concat([reading.quarantine for reading in readings])
    return {
        "documents": told.documents.with_columns(
            apart=pl.col("current_charges").cast(WIDE) - pl.col("line_sum").cast(WIDE)
        ).select(DOCUMENT),
        "classes": told.classes,
        "coverage": told.coverage.filter(pl.col("filled") > 0),
        "first_lines": told.first_lines.select(LINE),
        "rows set aside": set_aside.head(SHOWN).select(
            "source_row", pl.col("raw").str.slice(0, 80), "reason"
        ),
        "findings": told.findings.select(FINDING),
    }


def _unread(head: bytes | text_files.Fault, chosen: object) -> list[str]:
    """Return the columns of a delimited file that its profile does not look at."""
    if not isinstance(head, bytes) or not isinstance(chosen, Profile):
        return []
    return flat.unread_columns(head, chosen) if chosen.format == flat.NAME else []


def descriptions(
    path: Path, profile: str | None, settings: Settings, profiles: Profiles, known: Known
) -> list[dict[str, Any]]:
    """Return what a file is; of an archive, what each of its members is, or why it is none.

    Members with parts of the same bills say what their rows are, and the archive, last, what the
    bills are that they make together.
    """
    if profile is None and is_bank_file(settings, path):
        return [bank_description(path, settings)]
    if archives.kind(path) is None:
        return [description(path, profile, settings, profiles, known)]
    with tempfile.TemporaryDirectory(prefix="rebill-") as scratch:
        told: list[dict[str, Any]] = []
        parts: list[_Read] = []
        for i, member in enumerate(
            archives.unpack(path, path.name, Path(scratch), settings.archives)
        ):
            if member.path is None:
                told.append(_left(member))
                continue
            folder = Path(scratch) / f"read-{i}"
            folder.mkdir()
            read = _read(member.path, member.name, profile, settings, profiles, known, folder)
            told.append({**read.facts, **_said(read.reading)})
            if read.reading.bundle is not None:
                parts.append(read)
        if len(parts) > 1:
            told = [_as_part(one, parts) for one in told]
            names = ", ".join(str(part.facts["file"]) for part in parts)
            together = _said(*(part.reading for part in parts))
            told.append({"file": path.name, "put together": names, **together})
        return told


def _left(member: archives.Member) -> dict[str, Any]:
    return {
        "file": member.name,
        "refused": member.fault.what if member.fault else member.left,
        "remedy": member.fault.remedy if member.fault else "it is passed over",
    }


def _as_part(told: dict[str, Any], parts: list[_Read]) -> dict[str, Any]:
    """Leave out what a part alone cannot say: which bills there are, and whether they foot."""
    if told["file"] not in {part.facts["file"] for part in parts}:
        return told
    findings = told["findings"].filter(pl.col("code") != UNFOOTED)
    return {**{k: v for k, v in told.items() if k != "documents"}, "findings": findings}


def bank_description(path: Path, settings: Settings) -> dict[str, Any]:
    """Return what a bank file is and says: its sums by day and originator, entries,
    faults and doubts."""
    size, sha256 = text_files.digest(path)
    reading = read_bank_file(settings, path)
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
        with reading(workspace) as record:
            load = current.load_version(record.connection)
            frames = current.reference_frames(workspace, record.connection, load)
            known = current.known(frames, current.contracts(record.connection, load))
    return replace(known, otherwise="(unknown)")


def as_words(told: dict[str, Any]) -> str:
    """Return a description as text: facts first, then table by table."""
    parts = []
    for name, value in told.items():
        if not isinstance(value, pl.DataFrame):
            parts.append(f"{name}: {value}")
        elif value.height:
            more = value.height - SHOWN
            rest = f"\n... and {more} more" if more > 0 else ""
            parts.append(f"\n{name.replace('_', ' ')}\n{as_table(value.head(SHOWN))}{rest}")
    return "\n".join(parts)


def as_data(told: dict[str, Any]) -> dict[str, Any]:
    """Return a description as plain data, tables as lists of rows."""
    return {
        name: value.to_dicts() if isinstance(value, pl.DataFrame) else value
        for name, value in told.items()
    }
