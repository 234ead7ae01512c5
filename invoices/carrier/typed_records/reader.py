"""Typed records of any layout become fragments of documents and their lines."""

from __future__ import annotations

from collections.abc import Callable

from invoices.carrier.flat.reader import read_tables
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import Reading, refused_file
from invoices.carrier.source import Source
from invoices.carrier.typed_records.carried import Found, Unreadable, tables
from invoices.carrier.typed_records.kinds import Layout


def reading_of(
    source: Source, profile: Profile, look: Callable[[Source, Profile], Found]
) -> Reading:
    """Return what a file says of which `look` finds the records.

    A file whose records or control totals are not what the layout says is refused as a whole.
    """
    layout = profile.section(Layout)
    try:
        found = look(source, profile)
    except Unreadable as fault:
        return refused_file(source.name, source.digest, fault.what, fault.remedy, fault.row)
    if not layout.is_bill:
        what = f"it is no invoice: {profile.about or profile.profile}"
        command = "cells" if layout.events is None else "events"
        remedy = f"see what it says with `rebill profiles {command}`"
        return refused_file(source.name, source.digest, what, remedy)
    return read_tables(source, profile, tables(found, source, layout))
