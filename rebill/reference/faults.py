"""What is wrong with the files of a load: each thing with its row and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

SHOWN = 200
"""How many errors a load lists; the others are counted."""


@dataclass(frozen=True)
class LoadError:
    """One thing wrong with a reference file, and what to do about it."""

    file: str
    row: int | None
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file} row {self.row}" if self.row else self.file
        return f"{place}: {self.what}; {self.remedy}"


@dataclass
class Faults:
    """All errors of a load: the first ones listed, every one counted."""

    listed: list[LoadError] = field(default_factory=list)
    total: int = 0

    def add(self, file: str, row: int | None, what: str, remedy: str) -> None:
        """Note one error."""
        self.total += 1
        if len(self.listed) < SHOWN:
            self.listed.append(LoadError(file, row, what, remedy))

    def take(self, others: Faults) -> None:
        """Note all errors that were found elsewhere."""
        self.total += others.total
        self.listed += others.listed[: SHOWN - len(self.listed)]

    def add_rows(self, rows: pl.DataFrame, remedy: str) -> None:
        """Note an error for each row of a frame with `_file`, `_row` and `what`."""
        if rows.is_empty():
            return
        self.total += rows.height
        shown = rows.select("_file", "_row", "what").sort("_file", "_row")
        for file, row, what in shown.head(SHOWN - len(self.listed)).iter_rows():
            self.listed.append(LoadError(file, row, what, remedy))

    def add_where(self, rows: pl.DataFrame, wrong: pl.Expr, what: pl.Expr, remedy: str) -> None:
        """Note an error for each row of which `wrong` is true."""
        found = rows.filter(wrong.fill_null(False))
        if not found.is_empty():
            self.add_rows(found.with_columns(what=what), remedy)


def placed(rows: pl.DataFrame, table: str | None = None) -> pl.DataFrame:
    """Return rows with a file to name, also those that were loaded before; or their table."""
    where = f"{table} (loaded before)" if table else "loaded before"
    return rows.with_columns(pl.col("_file").fill_null(where))
