"""Numbers given to claims and invoices: one after the other, without a gap."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from rebill.store.frames import insert_of, table_of
from rebill.store.models import Sequence


def next_numbers(connection: sa.Connection, name: str, count: int) -> range:
    """Return the next `count` numbers under a name, from 1 and without a gap.

    They are taken by one writer at a time (`rebill.store.record.changing`); a transaction that is
    undone gives its numbers back.
    """
    if count <= 0:
        return range(0)
    value: Any = Sequence.value
    taken: Any = insert_of(connection, table_of(Sequence)).values(name=name, value=count)
    last = connection.execute(
        taken.on_conflict_do_update(
            index_elements=["name"], set_={"value": value + count}
        ).returning(Sequence.value)
    ).scalar_one()
    return range(last - count + 1, last + 1)
