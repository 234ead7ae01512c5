"""What a load would change: the rows of its files against those that are current, table by table.

A load is an upsert by natural key: rows that a file does not name stay, the same content again
changes nothing, a changed row closes its old version and adds a new one. With `replace` a file is
the whole table, but of a table whose rows are only ever added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from invoices.schema import among
from rebill.store.columns import TableIn
from rebill.store.shapes import TABLES

Stored = Callable[[str], pl.DataFrame]
"""Returns the rows of a reference table that are current, with `row_id`."""
Billed = Callable[[], pl.DataFrame]
"""Returns [invoice_no, billed]: the customer invoices on record, and whose each is."""


@dataclass(frozen=True)
class TableCounts:
    """What a load did to one table."""

    rows: int  # read
    added: int
    changed: int
    removed: int


@dataclass(frozen=True)
class Change:
    """What would happen to a table: rows to add, versions to close, what is current after it."""

    shape: TableIn
    read: int
    insert: pl.DataFrame  # stored columns
    close: pl.Series  # row_id
    changed: int
    removed: int
    after: pl.DataFrame  # _file and _row are null on rows that were loaded before

    @property
    def counts(self) -> TableCounts:
        """What would be done, as numbers."""
        added = self.insert.height - self.changed
        return TableCounts(self.read, added, self.changed, self.removed)


class Changes:
    """The changes of a load under way: `rows` of its files, by table, against what is current."""

    def __init__(
        self,
        rows: dict[str, pl.DataFrame],
        stored: Stored,
        replace: bool = False,
        billed: Billed | None = None,
    ) -> None:
        self.rows, self.replace = rows, replace
        self.billed = billed
        """Null where there is no record that an invoice could be on."""
        self.changes: dict[str, Change] = {}
        self.lacking: set[str] = set()
        """Tables of which rows could not be read: what names such a row is not wrong for that."""
        self.partial: set[str] = set()
        """Tables whose rows are no whole file: they take the place of none but themselves."""
        self._stored = stored
        self._current: dict[str, pl.DataFrame] = {}

    def add(self, name: str, yielding: pl.Series | None = None) -> None:
        """Reckon what the files change of a table; `yielding` as `compare` has it."""
        self.changes[name] = compare(
            *(TABLES[name], self.rows[name], self.current(name)),
            self.replace and name not in self.partial,
            yielding,
        )

    def current(self, name: str) -> pl.DataFrame:
        """The rows of a table before the load, marked as loaded before."""
        if name not in self._current:
            self._current[name] = self._stored(name).with_columns(
                pl.lit(None, dtype=pl.String).alias("_file"),
                pl.lit(None, dtype=pl.Int64).alias("_row"),
                pl.lit(True).alias("_ok"),
            )
        return self._current[name]

    def after(self, name: str) -> pl.DataFrame:
        """The rows of a table that would be current after the load."""
        change = self.changes.get(name)
        return self.current(name) if change is None else change.after

    def asked(self, name: str, *others: str) -> pl.DataFrame:
        """The rows whose references may be broken by this load.

        Those of the files; and all there are where one of the `others` may have lost rows; none
        where it is not known what one of these holds.
        """
        if self.lacking & {name, *others}:
            return self.after(name).clear()
        if self.replace and any(other in self.changes for other in others):
            return self.after(name)
        rows = self.rows.get(name)
        return self.after(name).clear() if rows is None else rows.filter("_ok")


def compare(
    shape: TableIn,
    rows: pl.DataFrame,
    current: pl.DataFrame,
    replace: bool,
    yielding: pl.Series | None,
) -> Change:
    """Compare the rows of files with those that are current, by natural key.

    `yielding` are row_ids of starter rows: they make way for rows of the same carrier and code.
    """
    key, stored = list(shape.key), list(shape.schema)
    rest = [name for name in stored if name not in key]
    new = rows.unique(key, keep="first", maintain_order=True)
    was = current.select("row_id", *key, *(pl.col(name).alias(f"{name}_was") for name in rest))
    met = new.join(was, on=key, how="left", nulls_equal=True, maintain_order="left")
    same = pl.all_horizontal(
        pl.col("row_id").is_not_null(),
        *(pl.col(name).eq_missing(pl.col(f"{name}_was")) for name in rest),
    )
    insert = met.filter(~same)
    changed = insert.get_column("row_id").drop_nulls()
    gone = current.join(new, on=key, how="anti", nulls_equal=True)
    if not replace or shape.append:
        named = new.select("carrier", "usoc").unique() if yielding is not None else None
        gone = (
            gone.clear()
            if yielding is None or named is None
            else gone.filter(among("row_id", yielding)).join(
                named, on=["carrier", "usoc"], how="semi"
            )
        )
    close = pl.concat([changed, gone.get_column("row_id")])
    kept = current.filter(~among("row_id", close))
    marks = ["_file", "_row", "_ok"]
    after = pl.concat(
        [
            kept.join(new, on=key, how="anti", nulls_equal=True).select(*marks, *stored),
            new.select(*marks, *stored),
        ]
    )
    return Change(
        shape, rows.height, insert.select(stored), close, changed.len(), gone.height, after
    )
