"""Bytes of a fixed-width bank file become records of 94 characters, and the faults in their order.

Banks send the same records in many dresses: with CRLF or LF or no line ends at all, with blanks at
the end of a record cut off, with or without the filler that completes a block. All of these are
read; what a record says is then the same.
"""

from __future__ import annotations

import polars as pl

from invoices.bank.layout import FILLER, FOLLOWS, LENGTH, NAMES
from invoices.bank.schema import FAULTS, faults, one_fault, together
from invoices.schema import empty

RECORDS = pl.Schema({"row": pl.Int64(), "type": pl.String(), "text": pl.String()})
"""`type` is the first digit, F for filler; `row` counts lines, or records where there are none."""

_ORDER = "ask the bank for the file as it was made; nothing of it is booked"


def decoded(content: bytes) -> str:
    """Return the text of a bank file: UTF-8 where it is that, else Latin-1; no byte order mark."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def lines_of(text: str) -> list[str]:
    """Return physical lines, whatever ends them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def records_of(content: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records of a file (columns of `RECORDS`) and what is wrong with their shape."""
    lines = lines_of(decoded(content).strip("\x1a"))
    if sum(1 for line in lines if line.strip()) == 1:
        # No line ends: records stand one behind the other.
        whole = next(line for line in lines if line.strip())
        lines = [whole[n : n + LENGTH] for n in range(0, len(whole.rstrip()), LENGTH)]
    frame = (
        pl.DataFrame({"text": lines}, schema={"text": pl.String})
        .with_row_index("row", offset=1)
        .with_columns(pl.col("row").cast(pl.Int64), pl.col("text").str.strip_chars_end(" "))
        .filter(pl.col("text") != "")
    )
    if frame.is_empty():
        fault = one_fault(None, "file", "file", "the file is empty", "ask the bank for it again")
        return empty(RECORDS), fault
    size = pl.col("text").str.len_chars()
    long = faults(
        frame.filter(size > LENGTH),
        "record",
        "length",
        pl.concat_str(pl.lit("the record has "), size, pl.lit(f" characters; it has {LENGTH}")),
        _ORDER,
    )
    control = faults(
        frame.filter(pl.col("text").str.contains(r"[\x00-\x1f\x7f]")),
        "record",
        "text",
        "the record holds characters that are no text",
        _ORDER,
    )
    padded = frame.with_columns(pl.col("text").str.pad_end(LENGTH))
    first = pl.col("text").str.head(1)
    kind = pl.when(pl.col("text") == FILLER).then(pl.lit("F")).otherwise(first)
    return padded.select("row", kind.alias("type"), "text"), together([long, control])


def order_faults(records: pl.DataFrame) -> pl.DataFrame:
    """Return the places where a record stands that may not follow the one before it."""
    pairs = pl.concat_str(pl.col("type").shift(1, fill_value=""), pl.lit(">"), "type")
    allowed = [f"{before}>{after}" for before, afters in FOLLOWS.items() for after in afters]
    known = pl.col("type").is_in(list(NAMES))
    name = pl.col("type").replace_strict(NAMES, default="record", return_dtype=pl.String)
    before = name.shift(1, fill_value="the start of the file")
    unknown = faults(
        records.filter(~known),
        "record",
        "record_type (1)",
        pl.concat_str(pl.lit("no record begins with "), "type"),
        _ORDER,
    )
    misplaced = faults(
        records.with_columns(name=name, before=before).filter(known, ~pairs.is_in(allowed)),
        pl.col("name"),
        "record_type (1)",
        pl.concat_str(pl.lit("out of order: "), "name", pl.lit(" after "), "before"),
        _ORDER,
    )
    last = records.tail(1)
    ends = last["type"].item() in ("9", "F")
    cut = faults(
        empty(RECORDS) if ends else last,
        NAMES.get(last["type"].item(), "record"),
        "record_type (1)",
        "the file ends here, without its file control: it was cut off",
        "ask the bank for the whole file; nothing of it is booked",
    )
    return together([unknown, misplaced, cut]) if records.height else empty(FAULTS)
