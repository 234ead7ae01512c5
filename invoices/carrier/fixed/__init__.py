"""`fixed`: files of fixed-width records, read by the layout their profile declares.

`docs/formats/fixed.md` describes the `[fixed]` section.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.fixed.layout import Fixed
from invoices.carrier.fixed.reader import Unreadable, cells, check_controls, records, tables
from invoices.carrier.flat.reader import read_tables
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import Reading, refused_file
from invoices.carrier.source import Source

NAME = "fixed"


def recognises(head: bytes, profile: Profile) -> int:
    """Say how surely a file begins like records of the layout: by the id of the first one.

    A layout whose first record has no id is known by the profile's `recognise` alone.
    """
    fixed = profile.section(Fixed)
    text = head.decode(fixed.encoding, errors="replace").lstrip("\ufeff")
    first = text.split("\n")[0] if fixed.record_length is None else text[: fixed.record_length]
    ids = [
        id_
        for record in fixed.record
        for id_ in record.id
        if first[record.id_at - 1 :].startswith(id_)
    ]
    if ids:
        return 10 + max(len(id_) for id_ in ids)
    return 10 * profile.recognise.says_anything * any(not record.id for record in fixed.record)


def read(source: Source, profile: Profile) -> Reading:
    """Read the records into fragments of documents and their lines.

    A file whose records or control totals are not what the layout says is refused as a whole.
    """
    fixed = profile.section(Fixed)
    try:
        found = records(source, profile, fixed)
        check_controls(found, profile, fixed)
    except Unreadable as fault:
        return refused_file(source.name, source.digest, fault.what, fault.remedy, fault.row)
    if not fixed.is_bill:
        what = f"it is no invoice: {profile.about or profile.profile}"
        remedy = "see what it says with `rebill profiles cells`"
        return refused_file(source.name, source.digest, what, remedy)
    return read_tables(source, profile, tables(found, source, fixed))


def read_cells(source: Source, profile: Profile) -> pl.DataFrame:
    """Return every record of the file with its cells; raises `Unreadable` for a file that is not
    what its layout says."""
    fixed = profile.section(Fixed)
    found = records(source, profile, fixed)
    check_controls(found, profile, fixed)
    return cells(found, fixed)


__all__ = ["NAME", "Fixed", "Unreadable", "read", "read_cells", "recognises"]
