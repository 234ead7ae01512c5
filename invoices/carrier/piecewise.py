"""Lines that are made piece by piece, of what was kept of a file while it was gone through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import polars as pl
from polars.io.plugins import register_io_source

from invoices.schema import LINES

SHARE = 4
"""This part of the memory a profile allows is for what is kept; what is more is set aside."""


@dataclass
class Kept:
    """What a file says, piece by piece, until lines are made of it."""

    most: int
    """So many bytes may stay in memory."""
    set_aside: Callable[[pl.DataFrame], Callable[[], pl.DataFrame]]
    """Takes a frame out of memory and returns what brings it back (`Source.set_aside`)."""
    held: int = 0
    pieces: list[Callable[[], pl.DataFrame]] = field(default_factory=list)

    def keep(self, piece: pl.DataFrame) -> None:
        """Keep the next piece."""
        if self.held > self.most:
            self.pieces.append(self.set_aside(piece))
            return
        self.held += int(piece.estimated_size())
        self.pieces.append(lambda: piece)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield the pieces in the order of the file, as often as they are asked for."""
        return (piece() for piece in self.pieces)


def lazy_lines(made: Callable[[], Iterator[pl.DataFrame]]) -> pl.LazyFrame:
    """Return the lines (`LINES`) that `made` makes piece by piece whenever they are asked for."""

    def lines(
        columns: list[str] | None,
        predicate: pl.Expr | None,
        rows: int | None,
        batch: int | None,
    ) -> Iterator[pl.DataFrame]:
        for frame in made():
            if predicate is not None:
                frame = frame.filter(predicate)
            if columns is not None:
                frame = frame.select(columns)
            if rows is not None:
                frame = frame.head(rows)
                rows -= frame.height
            if frame.height:
                yield frame
            if rows == 0:
                return

    return register_io_source(lines, schema=LINES, is_pure=True)
