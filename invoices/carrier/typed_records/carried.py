"""The records of a file become rows of cells, each with the columns of the headers above it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from invoices.carrier.cells import shown
from invoices.carrier.flat.profile import KEY_FIELDS, At, folded
from invoices.carrier.flat.rows import Table
from invoices.carrier.source import Source
from invoices.carrier.typed_records.kinds import Column, Layout
from invoices.carrier.typed_records.numbers import NO_NUMBER, written_out
from invoices.text import filled


class Unreadable(Exception):
    """The file as a whole is not what its layout says: the row, the fault and the remedy."""

    def __init__(self, row: int | None, what: str, remedy: str) -> None:
        super().__init__(what)
        self.row, self.what, self.remedy = row, what, remedy


def bounded(blocks: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Yield the blocks of a file; raises `Unreadable` where it has more than `most` bytes."""
    size = 0
    for block in blocks:
        size += len(block)
        if size > most:
            what = f"the file is larger than {most} bytes"
            raise Unreadable(None, what, "raise `limits.memory_bytes` of the profile, or split it")
        yield block


@dataclass(frozen=True)
class Found:
    """The records of a file: what kind each is, and how a column of them is looked at."""

    frame: pl.DataFrame
    """`row` (from 1), `text` (as it stands), `kind` (null where no record is told so), `id` (what
    tells it, as a message shows it), `fault` (why it has not the columns of its kind, else null),
    and what `printed` looks at."""
    printed: Callable[[Column], pl.Expr]
    """What stands in a column, trimmed: `""` where nothing does."""

    def cell(self, column: Column) -> pl.Expr:
        """Return what stands in a column, a number written out."""
        return written_out(column, self.printed(column))

    def cells(self, layout: Layout) -> pl.DataFrame:
        """Return every record with its cells: row, kind, then the columns of all kinds."""
        names: dict[str, list[pl.Expr]] = {}
        for record in layout.kinds:
            for column in record.columns:
                if column.name:
                    own = pl.when(pl.col("kind") == record.name).then(self.cell(column))
                    names.setdefault(column.name, []).append(own)
        cells = {name: pl.coalesce(own) for name, own in names.items()}
        return self.frame.select("row", "kind", **cells)


def tables(found: Found, source: Source, layout: Layout) -> list[Table]:
    """Return the parts of the file as rows of cells."""
    made = []
    for part in layout.part:
        wanted = {name for names in layout.columns_of(part) for name in names}
        places = layout.places_of(part)
        keys = {name: at for name, at in places.items() if name in ("carrier", *KEY_FIELDS)}
        names, rows = rows_of(found, layout, part.name, wanted, keys)
        made.append(Table(part, names, rows, source.name))
    return made


def rows_of(
    found: Found, layout: Layout, kind: str, wanted: Collection[str], keys: Mapping[str, At]
) -> tuple[tuple[str, ...], pl.LazyFrame]:
    """Return the names of a kind's columns, and its records as the rows of a `Table`.

    `wanted` are the columns that are looked at; `keys` the fields a record and the headers above
    it must print alike.
    """
    names = layout.names_of(kind)
    own = {folded(column.name): column for column in layout.named(kind).columns}
    headers = layout.headers_of(kind)
    rows, above = _with_headers(found, layout, kind, wanted)
    places = {name: place for place, name in enumerate(names) if name in wanted}
    cells, damage = {}, [pl.col("fault")]
    for name, place in places.items():
        column = own.get(name)
        held = [one for one in (column, *(r.column(name) for r in headers)) if one is not None]
        text = found.cell(column) if column is not None else _innermost(above, name)
        cells[f"cell {place}"] = text
        damage += [_damage(pl.col(f"cell {place}"), name)] * any(one.is_bytes for one in held)
    # What is read of them goes over them several times: the cells are made once.
    return names, (
        rows.with_columns(**cells)
        .with_columns(fault=pl.coalesce(*damage, *_differing(found, own, above, keys)))
        .select(
            "row", "text", *cells, "fault",
            whole=pl.col("fault").is_null(),
            remedy=pl.lit("send the record again whole"),
        )
        .lazy()
    )  # fmt: skip


def _with_headers(
    found: Found, layout: Layout, kind: str, wanted: Collection[str]
) -> tuple[pl.DataFrame, dict[tuple[str, str], str]]:
    """Return the records of a kind with the wanted columns of the headers above them, and what
    each is called: (kind of header, column) -> column of the frame, the innermost first."""
    frame, names = found.frame, {}
    is_kind = frame["kind"] == kind
    rows = frame.filter(is_kind)
    outer: list[str] = []
    for record in layout.headers:
        columns = [column for column in record.columns if folded(column.name) in wanted]
        if columns and record.name != kind:
            begins = frame["kind"] == record.name
            nth = begins.cast(pl.UInt32).cum_sum()
            # A header ends those that are declared behind it: theirs was another bill.
            ended = frame["kind"].is_in(outer).cast(pl.UInt32).cum_sum()
            headers = frame.filter(begins).with_columns(ended=ended.filter(begins))
            place = nth.filter(is_kind).replace(0, None) - 1
            stands = headers["ended"].gather(place) == ended.filter(is_kind)
            place = pl.select(pl.when(stands).then(place)).to_series()
            made = headers.select(found.cell(column).alias(column.name) for column in columns)
            for column in columns:
                called = f"above {record.name} {column.name}"
                names[record.name, folded(column.name)] = called
                rows = rows.with_columns(made[column.name].gather(place).alias(called))
        outer.append(record.name)
    return rows, dict(reversed(names.items()))


def _innermost(above: Mapping[tuple[str, str], str], name: str) -> pl.Expr:
    """Return what the innermost header that fills a column says."""
    said = [pl.col(called) for (_, column), called in above.items() if column == name]
    return pl.coalesce(*(pl.when(one != "").then(one) for one in said))


def _damage(cell: pl.Expr, name: str) -> pl.Expr:
    """Say which bytes are no number of the form a column has, null where they are one."""
    message = f"{name} holds the bytes {{}}, which are no number of its type"
    return pl.when(cell.str.starts_with(NO_NUMBER)).then(filled(message, shown(cell)))


def _differing(
    found: Found,
    own: Mapping[str, Column],
    above: Mapping[tuple[str, str], str],
    keys: Mapping[str, At],
) -> list[pl.Expr]:
    """Say where a record and the headers above it name different bills, null where they do not."""
    faults: list[pl.Expr] = []
    for field, at in keys.items():
        texts = [("record", found.cell(own[name])) for name in at.names if name in own]
        texts += [
            (f"{kind} record", pl.col(called))
            for (kind, name), called in above.items()
            if name in at.names
        ]
        plain = [_plain(text, at) for _, text in texts]
        for (kind, text), bare in list(zip(texts, plain, strict=True))[1:]:
            first = pl.coalesce(*plain)
            message = f"{field} `{{}}` is not the `{{}}` of the {kind} above it"
            told = filled(message, shown(first), shown(text))
            faults.append(pl.when(bare != first).then(told))
    return faults


def _plain(text: pl.Expr, at: At) -> pl.Expr:
    bare = text.str.replace_all(f"[{re.escape(at.strip)}]", "") if at.strip else text
    if at.width and at.pad:
        bare = bare.str.pad_start(at.width, at.pad)
    return pl.when(text != "").then(bare)
