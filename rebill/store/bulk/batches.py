"""Rows of a query, some at a time, read no faster than they are worked on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Full, Queue

import polars as pl

_GLANCE = 0.1
"""So often, in seconds, a reader that waits looks whether anybody still wants more."""


def batches(query: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """Yield what `query` finds in its order, so many rows at a time, the last time maybe fewer.

    One batch waits while another is worked on. `collect_batches` of polars reads on whether anybody
    takes what it read or not: of a night of five million lines it held most, 1.2 GiB. So the query
    runs in a thread beside ours, and ends with us if we leave early. Raises what the query raises.
    """
    waiting: Queue[pl.DataFrame | BaseException | None] = Queue(maxsize=1)
    left = threading.Event()

    def hand(batch: pl.DataFrame | BaseException | None) -> bool:
        """Wait until there is room for a batch; say whether to stop, for nobody wants it."""
        while not left.is_set():
            try:
                waiting.put(batch, timeout=_GLANCE)
            except Full:
                continue
            return False
        return True

    def read() -> None:
        try:
            query.sink_batches(hand, chunk_size=rows)
        except BaseException as error:  # noqa: BLE001, it is raised where the rows are wanted
            hand(error)
        else:
            hand(None)

    reader = threading.Thread(target=read, name="reader of batches", daemon=True)
    reader.start()
    try:
        while (came := waiting.get()) is not None:
            if isinstance(came, BaseException):
                raise came
            yield came
    finally:
        left.set()
        reader.join()
