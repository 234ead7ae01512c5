"""The bytes of a file become records of fixed width, each of its kind."""

from __future__ import annotations

import polars as pl

from invoices.carrier.fixed.layout import Fixed, FixedColumn
from invoices.carrier.fixed.packed import binary_digits, packed_digits
from invoices.carrier.profiles import Profile
from invoices.carrier.source import Source
from invoices.carrier.typed_records.carried import Found, Unreadable, bounded
from invoices.carrier.typed_records.kinds import Column

_UNKNOWN = "\ufffd"
"""What a byte becomes that is no character."""


def records(source: Source, profile: Profile, fixed: Fixed) -> Found:
    """Return every record of a file with its kind.

    Raises `Unreadable` for bytes that are no text, a length that does not divide, or a file that
    is larger than the profile lets it be.
    """
    content = b"".join(bounded(source.blocks(), profile.limits.memory_bytes))
    spans: list[tuple[int, int]] | None = None
    if fixed.record_length == "rdw":
        content, spans = _described(content)
    text = _decoded(content, fixed)
    if isinstance(fixed.record_length, int):
        spans = _blocks(text, fixed.record_length)
    if spans is None:
        texts = {"text": _lines(text)}
    else:
        texts = {"text": [text[start:end] for start, end in spans]}
    if spans is not None and fixed.has_bytes:
        figures = content.hex()
        texts["bytes"] = [figures[2 * start : 2 * end] for start, end in spans]
    frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)).with_row_index("row", 1)
    frame = frame.with_columns(pl.col("row").cast(pl.Int64))
    longest = frame["text"].str.len_chars().max()
    if isinstance(longest, int) and longest > profile.limits.record_bytes:
        place = frame.filter(pl.col("text").str.len_chars() == longest)["row"][0]
        raise Unreadable(place, f"the record has {longest} characters", "send whole records")
    if spans is None:
        frame = frame.filter(pl.col("text").str.strip_chars() != "")
    frame = frame.with_columns(kind=_kind(fixed), id=pl.col("text").str.head(12))
    _check_characters(frame, fixed)
    return Found(frame.with_columns(fault=_fault(fixed)), printed)


def _decoded(content: bytes, fixed: Fixed) -> str:
    """Return the characters of a file; where columns hold bytes, one for each."""
    try:
        return content.decode(fixed.encoding, "replace" if fixed.has_bytes else "strict")
    except UnicodeDecodeError as fault:
        place = "a byte" if fixed.record_length == "rdw" else f"byte {fault.start + 1}"
        what = f"{place} is no character of {fixed.encoding}"
        raise Unreadable(None, what, "correct `encoding` of the profile, or the file") from fault


def _check_characters(frame: pl.DataFrame, fixed: Fixed) -> None:
    """Beside columns of bytes, no column of characters holds a byte that is none."""
    if not fixed.has_bytes:
        return
    for record in fixed.record:
        for column in record.columns:
            if not column.is_bytes:
                strange = printed(column).str.contains(_UNKNOWN, literal=True)
                rows = frame.filter(pl.col("kind") == record.name, strange)["row"]
                if rows.len():
                    what = f"{column.name} has a byte that is no character of {fixed.encoding}"
                    remedy = "correct `encoding` or the columns of the profile, or the file"
                    raise Unreadable(rows[0], what, remedy)


def _lines(text: str) -> list[str]:
    """Return the records of a text: its lines, whatever ends them; a mark of its end is none."""
    return [line.removesuffix("\r") for line in text.rstrip("\x1a").split("\n")]


def _blocks(text: str, length: int) -> list[tuple[int, int]]:
    """Return where records of one length begin and end."""
    over = len(text) % length
    if over and text[-over:].strip("\x00\x1a \r\n"):
        row = len(text) // length + 1
        what = f"the last record has {over} characters of {length}"
        raise Unreadable(row, what, "the file is cut off, or `record_length` is not its own")
    return [(start, start + length) for start in range(0, len(text) - over, length)]


def _described(content: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """Return the records of a file without the words before them that say their length, and where
    each begins and ends."""
    parts: list[bytes] = []
    spans: list[tuple[int, int]] = []
    place = at = 0
    while place < len(content) and content[place:].strip(b"\x00"):
        length = int.from_bytes(content[place : place + 2], "big")
        part = content[place + 4 : place + length]
        if length < 5 or content[place + 2 : place + 4] != b"\0\0" or len(part) != length - 4:
            what = f"its descriptor `{content[place : place + 4].hex()}` gives no length it has"
            remedy = "the file is cut off or has blocks, or `record_length` is not rdw"
            raise Unreadable(len(spans) + 1, what, remedy)
        parts.append(part)
        spans.append((at, at + len(part)))
        place, at = place + length, at + len(part)
    return b"".join(parts), spans


def _kind(fixed: Fixed) -> pl.Expr:
    """Say which kind a record is, by its id; the one without an id takes what is left."""
    told = pl.coalesce(
        pl.when(_slice(record.id_at, len(id_)) == id_).then(pl.lit(record.name))
        for record in fixed.record
        for id_ in sorted(record.id, key=len, reverse=True)
    ) if any(record.id for record in fixed.record) else pl.lit(None, pl.String)  # fmt: skip
    rest = next((record.name for record in fixed.record if not record.id), None)
    return pl.coalesce(told, pl.lit(rest, pl.String))


def _fault(fixed: Fixed) -> pl.Expr:
    """Say why a record has not the columns of its kind, null where it has."""
    if fixed.short_records != "refuse":
        return pl.lit(None, pl.String)
    length = pl.col("text").str.len_chars()
    ends = {r.name: max((column.end for column in r.columns), default=1) for r in fixed.record}
    return pl.coalesce(
        pl.when((pl.col("kind") == name) & (length < last)).then(
            pl.lit(f"the record ends before character {last}, where its layout ends")
        )
        for name, last in ends.items()
    )


def _slice(start: int, length: int) -> pl.Expr:
    return pl.col("text").str.slice(start - 1, length)


def printed(column: Column) -> pl.Expr:
    """Return what stands in a column, trimmed; of bytes that are a number its sign and digits."""
    assert isinstance(column, FixedColumn)
    if not column.is_bytes:
        return _slice(column.start, column.length).str.strip_chars(" \t\x00")
    figures = pl.col("bytes").str.slice(2 * (column.start - 1), 2 * column.length)
    return packed_digits(figures) if column.type == "packed" else binary_digits(figures, column)
