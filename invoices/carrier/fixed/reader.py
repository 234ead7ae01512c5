"""Records of fixed width become rows of cells, and their trailers are held to what they count.

A number is written out (sign, point) where it can be read, and left as it stands where it cannot:
then the row is set aside with its reason like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import polars as pl

from invoices.carrier.fixed.layout import Column, Fixed, Record
from invoices.carrier.flat.profile import folded
from invoices.carrier.flat.rows import Table
from invoices.carrier.profiles import Profile
from invoices.carrier.source import Source
from invoices.schema import RATE

POSITIVE, NEGATIVE = "{ABCDEFGHI", "}JKLMNOPQR"
"""The over-punched digits 0 to 9."""
_DIGIT = {sign: str(digit) for row in (POSITIVE, NEGATIVE) for digit, sign in enumerate(row)}
_SIGN = {**dict.fromkeys(POSITIVE, ""), **dict.fromkeys(NEGATIVE, "-")}


class Unreadable(Exception):
    """The file as a whole is not what its layout says: the row, the fault and the remedy."""

    def __init__(self, row: int | None, what: str, remedy: str) -> None:
        super().__init__(what)
        self.row, self.what, self.remedy = row, what, remedy


def records(source: Source, profile: Profile, fixed: Fixed) -> pl.DataFrame:
    """Return every record: `row` (from 1), `text`, `kind` (null where no record is told so).

    Raises `Unreadable` for bytes that are no text, a length that does not divide, or a file that
    is larger than the profile lets it be.
    """
    content = b"".join(_bounded(source.blocks(), profile.limits.memory_bytes))
    try:
        text = content.decode(fixed.encoding)
    except UnicodeDecodeError as fault:
        what = f"byte {fault.start + 1} is no character of {fixed.encoding}"
        raise Unreadable(None, what, "correct `encoding` of the profile, or the file") from fault
    texts = _lines(text) if fixed.record_length is None else _blocks(text, fixed.record_length)
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_row_index("row", 1)
    frame = frame.select(pl.col("row").cast(pl.Int64), "text")
    longest = frame["text"].str.len_chars().max()
    if isinstance(longest, int) and longest > profile.limits.record_bytes:
        place = frame.filter(pl.col("text").str.len_chars() == longest)["row"][0]
        raise Unreadable(place, f"the record has {longest} characters", "send whole records")
    if fixed.record_length is None:
        frame = frame.filter(pl.col("text").str.strip_chars() != "")
    return frame.with_columns(kind=_kind(fixed))


def _bounded(blocks: Iterator[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if size > most:
            what = f"the file is larger than {most} bytes"
            raise Unreadable(None, what, "raise `limits.memory_bytes` of the profile, or split it")
        yield block


def _lines(text: str) -> list[str]:
    """Return the records of a text: its lines, whatever ends them; a mark of its end is none."""
    return [line.removesuffix("\r") for line in text.rstrip("\x1a").split("\n")]


def _blocks(text: str, length: int) -> list[str]:
    over = len(text) % length
    if over and text[-over:].strip("\x00\x1a \r\n"):
        row = len(text) // length + 1
        what = f"the last record has {over} characters of {length}"
        raise Unreadable(row, what, "the file is cut off, or `record_length` is not its own")
    whole = len(text) - over
    return [text[start : start + length] for start in range(0, whole, length)]


def _kind(fixed: Fixed) -> pl.Expr:
    """Say which kind a record is, by its id; the one without an id takes what is left."""
    told = pl.coalesce(
        pl.when(_at(record.id_at, len(id_)) == id_).then(pl.lit(record.name))
        for record in fixed.record
        for id_ in sorted(record.id, key=len, reverse=True)
    ) if any(record.id for record in fixed.record) else pl.lit(None, pl.String)  # fmt: skip
    rest = next((record.name for record in fixed.record if not record.id), None)
    return pl.coalesce(told, pl.lit(rest, pl.String))


def _at(start: int, length: int) -> pl.Expr:
    return pl.col("text").str.slice(start - 1, length)


def cell(column: Column) -> pl.Expr:
    """Return what stands in a column, a number written out with sign and point."""
    printed = _at(column.start, column.length).str.strip_chars(" \t\x00")
    if column.type == "text":
        return printed.replace(column.words) if column.words else printed
    sign, digits = _parted(column, printed)
    whole = digits.str.contains(r"^[0-9]+$")
    padded = digits.str.strip_chars_start("0").str.zfill(column.decimals + 1)
    point = pl.concat_str(
        padded.str.head(-column.decimals), pl.lit("."), padded.str.tail(column.decimals)
    )
    written = pl.concat_str(sign, point if column.decimals else padded)
    # A number that prints its point has the decimals it prints.
    pointed = digits.str.contains(r"^[0-9]*\.[0-9]+$")
    return (
        pl.when(whole)
        .then(written)
        .when(pointed)
        .then(pl.concat_str(sign, digits))
        .otherwise(printed)
    )


def _parted(column: Column, printed: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the sign (`-` or nothing) and the digits of a number."""
    if column.sign in ("leading", "trailing"):
        leads = column.sign == "leading"
        mark = printed.str.head(1) if leads else printed.str.tail(1)
        marked = mark.is_in(["+", "-"])
        rest = printed.str.slice(1) if leads else printed.str.head(-1)
        sign = pl.when(mark == "-").then(pl.lit("-")).otherwise(pl.lit(""))
        return sign, pl.when(marked).then(rest).otherwise(printed).str.strip_chars(" ")
    if column.sign in ("overpunch", "overpunch_leading"):
        leads = column.sign == "overpunch_leading"
        mark = printed.str.head(1) if leads else printed.str.tail(1)
        digit = mark.replace_strict(_DIGIT, default=mark)
        rest = printed.str.slice(1) if leads else printed.str.head(-1)
        sign = mark.replace_strict(_SIGN, default="")
        return sign, pl.concat_str(digit, rest) if leads else pl.concat_str(rest, digit)
    return pl.lit(""), printed


def cells(found: pl.DataFrame, fixed: Fixed) -> pl.DataFrame:
    """Return every record with the cells of its kind: row, kind, then the columns of all kinds."""
    names: dict[str, list[pl.Expr]] = {}
    for record in fixed.record:
        for column in record.columns:
            own = pl.when(pl.col("kind") == record.name).then(cell(column))
            names.setdefault(column.name, []).append(own)
    return found.select("row", "kind", **{name: pl.coalesce(own) for name, own in names.items()})


def tables(found: pl.DataFrame, source: Source, fixed: Fixed) -> list[Table]:
    """Return the parts of the file as rows of cells, each with the columns of the headers above."""
    with_headers = found.with_columns(
        pl.when(pl.col("kind") == record.name)
        .then(cell(column))
        .forward_fill()
        .alias(f"above {folded(column.name)}")
        for record in fixed.headers
        for column in record.columns
    )
    return [_table(part.name, with_headers, source, fixed) for part in fixed.part]


def _table(name: str, found: pl.DataFrame, source: Source, fixed: Fixed) -> Table:
    part = next(part for part in fixed.part if part.name == name)
    record, names = fixed.named(name), fixed.names_of(name)
    own = {folded(column.name): column for column in record.columns}
    cells = [
        (cell(own[column]) if column in own else pl.col(f"above {column}")).alias(f"cell {place}")
        for place, column in enumerate(names)
    ]
    last = max((column.end for column in record.columns), default=1)
    short = pl.col("text").str.len_chars() < last
    whole = ~short if fixed.short_records == "refuse" else pl.lit(True)
    rows = found.lazy().filter(pl.col("kind") == name).select(
        "row",
        "text",
        *cells,
        whole=whole,
        fault=pl.lit(f"the record ends before character {last}, where its layout ends"),
        remedy=pl.lit("send the record again whole"),
    )  # fmt: skip
    return Table(part, names, rows, source.name)


# --- controls ---------------------------------------------------------------------------------


def check_controls(found: pl.DataFrame, profile: Profile, fixed: Fixed) -> None:
    """Raise `Unreadable` where a record is of no kind, a required one is absent, or a trailer's
    count or sum is not what stands above it."""
    strange = found.filter(pl.col("kind").is_null())
    if strange.height:
        row, text = strange.select("row", "text").row(0)
        what = f"the record begins with `{text[:12]}`, which is no kind of the layout"
        raise Unreadable(row, what, "add the kind to the profile, with the role skip if need be")
    kinds = found["kind"].to_list()
    for record in fixed.record:
        if record.required and record.name not in kinds:
            what = f"there is no {record.name} record: the file is cut off"
            raise Unreadable(found.height or None, what, "send the file again whole")
        if record.role == "trailer" and record.required and kinds[-1] != record.name:
            what = f"records stand behind the last {record.name} record, or it was cut off"
            raise Unreadable(found["row"][-1], what, "send the file again whole")
    for record in fixed.record:
        if record.role == "trailer" and (record.count or record.sums):
            _check_trailer(record, found, profile, fixed)


def _check_trailer(record: Record, found: pl.DataFrame, profile: Profile, fixed: Fixed) -> None:
    is_trailer = pl.col("kind") == record.name
    # A trailer closes the group of records above it.
    grouped = found.with_columns(group=is_trailer.shift(fill_value=False).cast(pl.Int64).cum_sum())
    counted = record.counts or tuple(r.name for r in fixed.record if r.role == "rows")
    if record.counts_itself:
        counted = (*counted, record.name, *(header.name for header in fixed.headers))
    trailers = grouped.filter(is_trailer)
    checks = {record.count: pl.col("kind").is_in(counted).sum()} if record.count else {}
    for name, there in checks.items():
        column = record.column(name)
        assert column is not None
        stated = trailers.select("group", "row", stated=_number(cell(column)))
        _compare(record, name, stated, grouped.group_by("group").agg(is_=there.cast(RATE)), None)
    for name, target in record.sums.items():
        kind, _, other = target.partition(".")
        column, addend = record.column(name), fixed.named(kind).column(other)
        assert column is not None and addend is not None
        stated = trailers.select("group", "row", stated=_number(cell(column)))
        sums = grouped.group_by("group").agg(
            is_=_number(cell(addend)).filter(pl.col("kind") == kind).sum().cast(RATE)
        )
        _compare(record, name, stated, sums, profile.tolerance)


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
    return "nothing that can be read" if number is None else f"{number.normalize():f}"


def _number(text: pl.Expr) -> pl.Expr:
    """Return a number written out, null where it is none."""
    readable = text.str.contains(r"^-?[0-9]*\.?[0-9]+$")
    return pl.when(readable).then(text).str.to_decimal(scale=6).cast(RATE)
