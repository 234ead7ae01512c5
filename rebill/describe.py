"""What a carrier file is and says, for a person to look at; nothing is stored."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from invoices import carrier
from invoices.carrier import Known, Profile, Profiles, flat
from invoices.carrier.describe import Description, describe
from invoices.carrier.source import ACCOUNTS
from invoices.footing import WIDE
from rebill import archives, batch, files, reference
from rebill.ingest import head_of, read_file
from rebill.settings import Settings, Workspace
from rebill.views import as_table

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
FINDING = ("code", "source_row", "message", "remedy")
LINE = ("line_no", "charge_class", "usoc", "quantity", "unit_rate", "amount", "wtn", "service_from")
SHOWN = 20


def description(
    path: Path,
    profile: str | None,
    settings: Settings,
    profiles: Profiles | None = None,
    known: Known | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Return what a file is: name, size, SHA-256, format, and what it says in small tables."""
    profiles = profiles or Profiles()
    size, sha256 = files.digest(path)
    head = head_of(settings, path)
    chosen = None if isinstance(head, files.Fault) else carrier.choose(head, profile, profiles)
    with tempfile.TemporaryDirectory(prefix="rebill-") as scratch:
        reading = read_file(
            settings,
            path,
            name or path.name,
            profile,
            sha256=sha256,
            profiles=profiles,
            known=known,
            scratch=Path(scratch),
        )
        told: Description = describe(reading)
    return {
        "file": name or path.name,
        "size": size,
        "sha256": sha256,
        "format": chosen.format if isinstance(chosen, Profile) else "unknown",
        "profile": chosen.profile if isinstance(chosen, Profile) else "unknown",
        "quarantined": reading.quarantine.height,
        "columns not read": ", ".join(_unread(head, chosen)) or "none",
        "documents": told.documents.with_columns(
            apart=pl.col("current_charges").cast(WIDE) - pl.col("line_sum").cast(WIDE)
        ).select(DOCUMENT),
        "classes": told.classes,
        "coverage": told.coverage.filter(pl.col("filled") > 0),
        "first_lines": told.first_lines.select(LINE),
        "rows set aside": reading.quarantine.head(SHOWN).select(
            "source_row", pl.col("raw").str.slice(0, 80), "reason"
        ),
        "findings": told.findings.select(FINDING),
    }


def _unread(head: bytes | files.Fault, chosen: object) -> list[str]:
    """Return the columns of a delimited file that its profile does not look at."""
    if not isinstance(head, bytes) or not isinstance(chosen, Profile):
        return []
    return flat.unread_columns(head, chosen) if chosen.format == flat.NAME else []


def descriptions(
    path: Path, profile: str | None, settings: Settings, profiles: Profiles, known: Known
) -> list[dict[str, Any]]:
    """Return what a file is; of an archive, what each of its members is, or why it is none."""
    if archives.kind(path) is None:
        return [description(path, profile, settings, profiles, known)]
    with tempfile.TemporaryDirectory(prefix="rebill-") as scratch:
        members = archives.unpack(path, path.name, Path(scratch), settings.archives)
        return [
            description(member.path, profile, settings, profiles, known, member.name)
            if member.path is not None
            else {
                "file": member.name,
                "refused": member.fault.what if member.fault else member.left,
                "remedy": member.fault.remedy if member.fault else "it is passed over",
            }
            for member in members
        ]


def known_at(workspace: Workspace | None) -> Known:
    """Return what a reader may ask; an account under no contract is of the carrier `(unknown)`."""
    known = Known()
    if workspace is not None:
        with batch.reading(workspace) as record:
            load = reference.load_version(record.connection)
            frames = reference.reference_frames(workspace, record.connection, load)
            known = reference.known(frames, reference.contracts(record.connection, load))
    anyone = pl.DataFrame([("(unknown)", "*", None, None)], schema=ACCOUNTS, orient="row")
    return replace(known, accounts=pl.concat([known.accounts, anyone]))


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
