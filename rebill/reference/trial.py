"""The record as it would be with other reference tables, for as long as somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rebill.reference.current import sweep_copies
from rebill.reference.load import Files, LoadResult, take
from rebill.store import transaction
from rebill.store.engine import alone, fence
from rebill.store.record import Record, reading
from rebill.workspace.settings import Workspace


class _Undone(Exception):
    """What was tried is looked at, and goes again."""


@contextmanager
def trial(workspace: Workspace, files: Files) -> Iterator[tuple[Record, LoadResult]]:
    """Give the record with the rows of the files loaded, and what the load said, alone.

    Nothing of it is kept, whatever is done with it: neither a row nor a run, nor a copy of a table.
    A load with errors leaves the record as it is.
    """
    with alone(workspace):
        try:
            with suppress(_Undone), transaction(workspace) as connection:
                fence(connection)
                record = Record(workspace, connection)
                yield record, take(record, files)
                raise _Undone
        finally:
            with reading(workspace) as record:
                sweep_copies(workspace, record.connection)
