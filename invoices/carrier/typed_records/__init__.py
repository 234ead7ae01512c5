"""`records`: typed records in a delimited file, told apart by one of their cells (`00|`, `10|`).

`docs/formats/records.md` describes the `[records]` section.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.profiles import Profile
from invoices.carrier.reading import Reading
from invoices.carrier.source import Source
from invoices.carrier.typed_records.carried import Found, Unreadable
from invoices.carrier.typed_records.controls import check_controls
from invoices.carrier.typed_records.delimited import records, with_cells
from invoices.carrier.typed_records.layout import Records
from invoices.carrier.typed_records.reader import reading_of

NAME = "records"


def recognises(head: bytes, profile: Profile) -> int:
    """Say how surely a file begins like records of the layout: by the id of the first one.

    A layout whose first record has no id is known by the profile's `recognise` alone.
    """
    layout = profile.section(Records)
    text = head.decode(profile.encoding, errors="replace").lstrip("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if "\0" in first:
        return 0
    line = pl.DataFrame({"row": [1], "text": [first]})
    cells = with_cells(line, layout)["cells"][0]
    id_ = cells[layout.id_cell - 1].strip() if len(cells) >= layout.id_cell else ""
    if len(cells) > 1 and any(id_ in record.id for record in layout.record):
        return 10 + len(id_)
    return 10 * profile.recognise.says_anything * any(not record.id for record in layout.record)


def found(source: Source, profile: Profile) -> Found:
    """Return the records of a file; raises `Unreadable` for one that is not what its layout says:
    then nothing of it is believed."""
    layout = profile.section(Records)
    every = records(source, profile, layout)
    check_controls(every, profile, layout)
    return every


def read(source: Source, profile: Profile) -> Reading:
    """Read the records into fragments of documents and their lines.

    A file whose records or control totals are not what the layout says is refused as a whole.
    """
    return reading_of(source, profile, found)


def read_cells(source: Source, profile: Profile) -> pl.DataFrame:
    """Return every record of the file with its cells; raises `Unreadable` for a file that is not
    what its layout says."""
    return found(source, profile).cells(profile.section(Records))


__all__ = ["NAME", "Records", "Unreadable", "found", "read", "read_cells", "recognises"]
