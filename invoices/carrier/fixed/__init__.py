"""`fixed`: files of fixed-width records, read by the layout their profile declares.

`docs/formats/fixed.md` describes the `[fixed]` section.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.fixed.layout import Fixed
from invoices.carrier.fixed.reader import records
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import Reading
from invoices.carrier.source import Source
from invoices.carrier.typed_records.carried import Found, Unreadable
from invoices.carrier.typed_records.controls import check_controls
from invoices.carrier.typed_records.reader import reading_of

NAME = "fixed"


def recognises(head: bytes, profile: Profile) -> int:
    """Say how surely a file begins like records of the layout: by the id of the first one.

    A layout whose first record has no id is known by the profile's `recognise` alone.
    """
    fixed = profile.section(Fixed)
    if fixed.record_length == "rdw":
        head = head[4:]
    text = head.decode(fixed.encoding, errors="replace").lstrip("\ufeff")
    length = fixed.record_length
    first = text[:length] if isinstance(length, int) else text.split("\n")[0]
    ids = [
        id_
        for record in fixed.record
        for id_ in record.id
        if first[record.id_at - 1 :].startswith(id_)
    ]
    if ids:
        return 10 + max(len(id_) for id_ in ids)
    return 10 * profile.recognise.says_anything * any(not record.id for record in fixed.record)


def found(source: Source, profile: Profile) -> Found:
    """Return the records of a file; raises `Unreadable` for one that is not what its layout says:
    then nothing of it is believed."""
    fixed = profile.section(Fixed)
    every = records(source, profile, fixed)
    check_controls(every, profile, fixed)
    return every


def read(source: Source, profile: Profile) -> Reading:
    """Read the records into fragments of documents and their lines.

    A file whose records or control totals are not what the layout says is refused as a whole.
    """
    return reading_of(source, profile, found)


def read_cells(source: Source, profile: Profile) -> pl.DataFrame:
    """Return every record of the file with its cells; raises `Unreadable` for a file that is not
    what its layout says."""
    return found(source, profile).cells(profile.section(Fixed))


__all__ = ["NAME", "Fixed", "Unreadable", "found", "read", "read_cells", "recognises"]
