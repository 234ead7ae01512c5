"""A file of typed records is held to its own layout: known kinds, required records, trailers."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from invoices.carrier.cells import shown
from invoices.carrier.profiles import Profile
from invoices.carrier.typed_records.carried import Found, Unreadable
from invoices.carrier.typed_records.kinds import Column, Layout, Record
from invoices.carrier.typed_records.numbers import number
from invoices.schema import RATE


def check_controls(found: Found, profile: Profile, layout: Layout) -> None:
    """Raise `Unreadable` where a record is of no kind, a required one is absent, a header or
    trailer has not its columns, or a trailer's count or sum is not what stands above it."""
    frame = found.frame
    strange = frame.filter(pl.col("kind").is_null())
    if strange.height:
        row, id_ = strange.select("row", "id").row(0)
        what = f"the record begins with `{id_}`, which is no kind of the layout"
        raise Unreadable(row, what, "add the kind to the profile, with the role skip if need be")
    kinds = set(frame["kind"].unique())
    last = frame.select(pl.col("kind").last()).item() if frame.height else None
    for record in layout.kinds:
        if record.required and record.name not in kinds:
            what = f"there is no {record.name} record: the file is cut off"
            raise Unreadable(frame.height or None, what, "send the file again whole")
        if "trailer" in record.role and record.required and last != record.name:
            what = f"records stand behind the last {record.name} record, or it was cut off"
            raise Unreadable(frame["row"][-1], what, "send the file again whole")
    _check_shape(frame, layout)
    for record in layout.kinds:
        if "trailer" in record.role and (record.count or record.sums):
            _check_trailer(record, found, profile, layout)


def _check_shape(frame: pl.DataFrame, layout: Layout) -> None:
    """A header or trailer that has not its columns speaks for many records: none is believed."""
    kinds = [r.name for r in layout.kinds if "header" in r.role or "trailer" in r.role]
    broken = frame.filter(pl.col("kind").is_in(kinds), pl.col("fault").is_not_null())
    if broken.height:
        row, kind, fault = broken.select("row", "kind", "fault").row(0)
        raise Unreadable(row, f"the {kind} record cannot be read: {fault}", "send it again whole")


def _check_trailer(record: Record, found: Found, profile: Profile, layout: Layout) -> None:
    is_trailer = pl.col("kind") == record.name
    # A trailer closes the group of records above it.
    grouped = found.frame.with_columns(
        group=is_trailer.shift(fill_value=False).cast(pl.Int64).cum_sum()
    )
    trailers = grouped.filter(is_trailer)

    def stated(name: str) -> pl.DataFrame:
        column = record.column(name)
        assert column is not None
        return trailers.select("group", "row", stated=_number(found, column, layout))

    if record.count:
        counted = pl.col("kind").is_in(_counted(record, layout)).cast(pl.Int64).cast(RATE)
        _compare(record, record.count, stated(record.count), _summed(grouped, counted), None)
    for name in record.sums:
        addends = []
        for target in record.targets(name):
            kind, _, other = target.partition(".")
            addend = layout.named(kind).column(other)
            assert addend is not None
            there = pl.when(pl.col("kind") == kind).then(_number(found, addend, layout))
            addends.append(there.fill_null(pl.lit(0).cast(RATE)))
        summed = _summed(grouped, *addends)
        try:
            _compare(record, name, stated(name), summed, profile.tolerance)
        except Unreadable:
            _say_no_number(record, name, found, layout)
            raise


def _say_no_number(record: Record, name: str, found: Found, layout: Layout) -> None:
    """Raise `Unreadable` where a sum is off because what adds up to it is no number somewhere."""
    for target in record.targets(name):
        kind, _, other = target.partition(".")
        addend = layout.named(kind).column(other)
        assert addend is not None
        cells = found.frame.filter(pl.col("kind") == kind).select(
            "row", cell=found.cell(addend), number=_number(found, addend, layout)
        )
        wrong = cells.filter(pl.col("number").is_null(), pl.col("cell") != "")
        if wrong.height:
            row, text = wrong.select("row", shown(pl.col("cell"))).row(0)
            what = f"{other} `{text}` of the {kind} record is no number, and {record.name} adds it"
            raise Unreadable(row, what, "send the file again whole, or correct the profile")


def _summed(grouped: pl.DataFrame, *addends: pl.Expr) -> pl.DataFrame:
    """Return what columns of the records come to, group by group: made first, then added up."""
    made = grouped.select("group", is_=pl.sum_horizontal(addends))
    return made.group_by("group").agg(pl.col("is_").sum().cast(RATE, strict=False))


def _counted(record: Record, layout: Layout) -> list[str]:
    """Return the kinds a trailer counts."""
    if record.counts == "all":
        own = () if record.counts_itself else (record.name,)
        return [kind.name for kind in layout.kinds if kind.name not in own]
    rows = (r.name for r in layout.kinds if "rows" in r.role and r.name != record.name)
    counted = [*(record.counts or rows)]
    if record.counts_itself:
        counted += [record.name, *(header.name for header in layout.headers)]
    return counted


def _number(found: Found, column: Column, layout: Layout) -> pl.Expr:
    """Return what stands in a column as a number, null where it is none."""
    return number(layout.addend(found.cell(column)))


def _compare(
    record: Record,
    name: str,
    stated: pl.DataFrame,
    found: pl.DataFrame,
    tolerance: Decimal | None,
) -> None:
    met = stated.join(found, on="group", how="left", maintain_order="left")
    off = (pl.col("stated") - pl.col("is_")).abs() > pl.lit(tolerance or Decimal(0)).cast(RATE)
    wrong = met.filter(pl.col("stated").is_null() | off)
    if wrong.height:
        row, said, there = wrong.select("row", "stated", "is_").row(0)
        what = f"{record.name} says {name} {_plain(said)}, and the records above come to "
        raise Unreadable(row, what + _plain(there), "send the file again whole")


def _plain(number: Decimal | None) -> str:
    if number is None:
        return "nothing that can be read"
    written = f"{number.normalize():f}"
    return written + "0" * (written[-2:-1] == ".")
