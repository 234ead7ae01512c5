"""What must be true of a Nacha file before a cent of it is booked: one function a rule.

`fields` look at records one by one, `totals` at what they add up to. Each returns faults and
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from invoices.bank.layout import (
    ADDENDA,
    BATCH_CONTROL,
    BATCH_HEADER,
    CTX_COUNT,
    ENTRY,
    FILE_CONTROL,
    FILE_HEADER,
    IAT_COUNT,
    LAYOUTS,
    PER_BLOCK,
    RETURNS,
    SEC_CODES,
    SERVICE_CLASSES,
    TRANSACTIONS,
    WITHOUT_MONEY,
    Layout,
)
from invoices.bank.schema import faults, together

HASH_DIGITS = 10**10
WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7, 1)
AGAIN = "ask the bank for a correct file; nothing of this one is booked"


@dataclass(frozen=True)
class Parts:
    """The records of a file by kind, each with a column a field and the `batch` it stands in."""

    records: pl.DataFrame
    header: pl.DataFrame
    batches: pl.DataFrame
    entries: pl.DataFrame
    """Also `entry`, a number from 1, and what its batch header says."""
    addenda: pl.DataFrame
    """Also the `entry` they belong to, and their `place` below it from 1."""
    batch_controls: pl.DataFrame
    control: pl.DataFrame


Check = Callable[[Parts], pl.DataFrame]

_PATTERNS = {
    "digits": ("^[0-9]+$", "digits"),
    "digits_or_blank": ("^([0-9]+| +)$", "digits, or blanks"),
}


def _wrong(
    frame: pl.DataFrame, kind: Layout, name: str, message: str | pl.Expr, label: str = ""
) -> pl.DataFrame:
    """Return a fault of a field for each row."""
    return faults(frame, kind.name, label or kind.field(name).label, message, AGAIN)


def _said(name: str | pl.Expr, rest: str) -> pl.Expr:
    """Return words about what stands in a field."""
    column = pl.col(name) if isinstance(name, str) else name
    return pl.concat_str(pl.lit("`"), column.fill_null(""), pl.lit(f"` {rest}"))


def _of(parts: Parts, kind: Layout) -> pl.DataFrame:
    return {
        FILE_HEADER.digit: parts.header,
        BATCH_HEADER.digit: parts.batches,
        ENTRY.digit: parts.entries,
        ADDENDA.digit: parts.addenda,
        BATCH_CONTROL.digit: parts.batch_controls,
        FILE_CONTROL.digit: parts.control,
    }[kind.digit]


def spelling(parts: Parts) -> pl.DataFrame:
    """Fields that are numbers or dates hold nothing else."""
    found = []
    for kind in LAYOUTS.values():
        frame = _of(parts, kind)
        for field in kind.fields:
            text = pl.col(field.name)
            if field.kind in _PATTERNS:
                pattern, what = _PATTERNS[field.kind]
                bad = frame.filter(~text.str.contains(pattern))
                found.append(_wrong(bad, kind, field.name, _said(field.name, f"is not {what}")))
            elif field.kind != "text":
                blank = pl.lit(field.kind == "date_or_blank") & (text.str.strip_chars() == "")
                day = pl.concat_str(pl.lit("20"), text).str.to_date("%Y%m%d", strict=False)
                digits = text.str.contains("^[0-9]{6}$")
                bad = frame.filter(~blank & (day.is_null() | ~digits))
                found.append(_wrong(bad, kind, field.name, _said(field.name, "is no date YYMMDD")))
    return together(found)


def file_header(parts: Parts) -> pl.DataFrame:
    """The file header says how long records and blocks are: as they always are."""
    right = {"priority_code": "01", "record_size": "094", "blocking_factor": "10"}
    return together(
        [
            _wrong(
                parts.header.filter(pl.col(name) != value),
                FILE_HEADER,
                name,
                _said(name, f"is not {value}"),
            )
            for name, value in {**right, "format_code": "1"}.items()
        ]
    )


def batch_header(parts: Parts) -> pl.DataFrame:
    """A batch has a known service class and a known standard entry class."""
    batches = parts.batches
    advices = " ; accounting advices (280) are not read"
    classes = f"is none of {', '.join(SERVICE_CLASSES)}{advices}"
    day = pl.col("settlement_day").str.strip_chars().cast(pl.Int64, strict=False)
    return together(
        [
            _wrong(
                batches.filter(~pl.col("service_class").is_in(SERVICE_CLASSES)),
                BATCH_HEADER,
                "service_class",
                _said("service_class", classes),
            ),
            _wrong(
                batches.filter(~pl.col("sec").is_in(SEC_CODES)),
                BATCH_HEADER,
                "sec",
                _said("sec", "is no standard entry class that is read"),
            ),
            _wrong(
                batches.filter(day > 366),
                BATCH_HEADER,
                "settlement_day",
                _said("settlement_day", "is no day of a year"),
            ),
        ]
    )


def check_digit(parts: Parts) -> pl.DataFrame:
    """The ninth digit of a routing number follows from the other eight."""
    digits = pl.concat_str("rdfi", "check_digit").cast(pl.Int64, strict=False)
    weighed = pl.sum_horizontal(
        digits // 10 ** (len(WEIGHTS) - 1 - place) % 10 * weight
        for place, weight in enumerate(WEIGHTS)
    )
    bad = parts.entries.filter(weighed % 10 != 0)
    words = pl.concat_str(
        pl.lit("`"), "check_digit", pl.lit("` is not the check digit of "), "rdfi"
    )
    return _wrong(bad, ENTRY, "check_digit", words)


def entries(parts: Parts) -> pl.DataFrame:
    """An entry has a known transaction code; one that moves no money has no amount."""
    code, amount = pl.col("transaction_code"), pl.col("amount").cast(pl.Int64, strict=False)
    return together(
        [
            _wrong(
                parts.entries.filter(~code.is_in(TRANSACTIONS)),
                ENTRY,
                "transaction_code",
                _said("transaction_code", "is no transaction code"),
            ),
            _wrong(
                parts.entries.filter(code.is_in(WITHOUT_MONEY), amount != 0),
                ENTRY,
                "amount",
                "a prenote or an entry without value moves no money",
            ),
            _wrong(
                parts.entries.filter(~pl.col("addenda_indicator").is_in(("0", "1"))),
                ENTRY,
                "addenda_indicator",
                _said("addenda_indicator", "is neither 0 nor 1"),
            ),
        ]
    )


def traces(parts: Parts) -> pl.DataFrame:
    """Traces grow within a batch; the same one again is read, and told where it is matched."""
    before = pl.col("trace").shift(1).over("batch")
    bad = parts.entries.filter(pl.col("trace") < before)
    return _wrong(bad, ENTRY, "trace", "out of order: the trace before it in the batch is higher")


def _with_addenda(parts: Parts) -> pl.DataFrame:
    """Return the entries with how many addenda follow, and how many are returns or changes."""
    kind = pl.col("addenda_type")
    counted = parts.addenda.group_by("entry").agg(
        follow=pl.len().cast(pl.Int64),
        special=kind.is_in(("98", "99")).sum().cast(pl.Int64),
    )
    return parts.entries.join(counted, on="entry", how="left", maintain_order="left").with_columns(
        pl.col("follow", "special").fill_null(0)
    )


def addenda_counts(parts: Parts) -> pl.DataFrame:
    """So many addenda follow an entry as it says, and no more than its class may have."""
    frame = _with_addenda(parts)
    follow, special = pl.col("follow"), pl.col("special")
    marked = pl.col("addenda_indicator") == "1"
    ctx, iat = pl.col("sec").is_in(("CTX", "ATX")), pl.col("sec") == "IAT"
    said = pl.when(ctx).then(CTX_COUNT.of()).when(iat).then(IAT_COUNT.of())
    number = said.str.strip_chars().cast(pl.Int64, strict=False)
    plain = special == 0
    many = plain & ~ctx & ~iat & (follow > 1)
    words = pl.concat_str(follow, pl.lit(" addenda follow the entry, "))
    return together(
        [
            _wrong(
                frame.filter(marked != (follow > 0)),
                ENTRY,
                "addenda_indicator",
                words + pl.concat_str(pl.lit("the indicator is "), "addenda_indicator"),
            ),
            _wrong(
                frame.filter(plain, ctx | iat, number.is_null() | (number != follow)),
                ENTRY,
                "",
                words + pl.concat_str(pl.lit("it says "), said),
                CTX_COUNT.label,
            ),
            _wrong(
                frame.filter(many),
                ENTRY,
                "addenda_indicator",
                words + pl.concat_str(pl.lit("a "), "sec", pl.lit(" entry has one at most")),
            ),
        ]
    )


def returns(parts: Parts) -> pl.DataFrame:
    """A return or a change says of which trace and why; its transaction code says what it is."""
    frame = _with_addenda(parts)
    bare = frame.filter(pl.col("transaction_code").is_in(RETURNS), pl.col("special") == 0)
    notes = parts.addenda.filter(pl.col("addenda_type").is_in(("98", "99")))
    letter = pl.when(pl.col("addenda_type") == "98").then(pl.lit("C")).otherwise(pl.lit("R"))
    code = pl.col("code")
    valid = code.str.contains("^[RC][0-9]{2}$") & (code.str.head(1) == letter)
    amount = pl.col("amount").cast(pl.Int64, strict=False)
    changed = notes.filter(pl.col("addenda_type") == "98").select("entry").unique()
    return together(
        [
            _wrong(
                bare,
                ENTRY,
                "transaction_code",
                _said("transaction_code", "is that of a return, but no return addenda follows"),
            ),
            _wrong(
                notes.filter(~valid),
                ADDENDA,
                "code",
                _said("code", "is no return or change code"),
            ),
            _wrong(
                notes.filter(~pl.col("original_trace").str.contains("^[0-9]{15}$")),
                ADDENDA,
                "original_trace",
                _said("original_trace", "is no trace number"),
            ),
            _wrong(
                frame.join(changed, on="entry", how="semi").filter(amount != 0),
                ENTRY,
                "amount",
                "a notification of change moves no money",
            ),
        ]
    )


def addenda(parts: Parts) -> pl.DataFrame:
    """Addenda are numbered from 1 and name the entry they follow."""
    own = parts.entries.select("entry", entry_trace="trace")
    frame = parts.addenda.join(own, on="entry", how="left", maintain_order="left")
    special = pl.col("addenda_type").is_in(("98", "99"))
    numbered = pl.col("addenda_type") == "05"
    number = pl.col("sequence").str.strip_chars().cast(pl.Int64, strict=False)
    last_seven = pl.col("entry_trace").str.tail(7)
    return together(
        [
            _wrong(
                frame.filter(numbered, number.is_null() | (number != pl.col("place"))),
                ADDENDA,
                "sequence",
                _said("sequence", "is not the next number"),
            ),
            _wrong(
                frame.filter(~special, pl.col("entry_sequence") != last_seven),
                ADDENDA,
                "entry_sequence",
                _said("entry_sequence", "does not end the trace of the entry before it"),
            ),
            _wrong(
                frame.filter(special, pl.col("trace") != pl.col("entry_trace")),
                ADDENDA,
                "trace",
                _said("trace", "is not the trace of the entry before it"),
            ),
        ]
    )


def _sums(parts: Parts, key: str) -> pl.DataFrame:
    """Return what entries and addenda of each batch (or of the file) come to."""
    amount = pl.col("amount").cast(pl.Int64)
    debit = pl.col("transaction_code").str.tail(1).cast(pl.Int64) >= 5
    entries = parts.entries.with_columns(file=pl.lit(1, dtype=pl.Int64))
    more = parts.addenda.with_columns(file=pl.lit(1, dtype=pl.Int64))
    counted = more.group_by(key).agg(more=pl.len().cast(pl.Int64))
    return (
        entries.group_by(key)
        .agg(
            count=pl.len().cast(pl.Int64),
            hashed=pl.col("rdfi").cast(pl.Int64).sum() % HASH_DIGITS,
            debit=amount.filter(debit).sum(),
            credit=amount.filter(~debit).sum(),
        )
        .join(counted, on=key, how="left")
        .with_columns(count=pl.col("count") + pl.col("more").fill_null(0))
    )


_COMPARED = {
    "entry_addenda_count": "count",
    "entry_hash": "hashed",
    "total_debit": "debit",
    "total_credit": "credit",
}


def _compared(frame: pl.DataFrame, kind: Layout) -> list[pl.DataFrame]:
    """Return where a control says something else than the records come to."""
    found = []
    for name, own in _COMPARED.items():
        number, real = pl.col(name).cast(pl.Int64), pl.col(own).fill_null(0)
        words = pl.concat_str(
            pl.lit("the control says "), number, pl.lit(", the records come to "), real
        )
        found.append(_wrong(frame.filter(number != real), kind, name, words))
    return found


def batch_totals(parts: Parts) -> pl.DataFrame:
    """Each batch control says what its entries come to, and repeats its header."""
    sums = _sums(parts, "batch")
    frame = parts.batch_controls.join(sums, on="batch", how="left", maintain_order="left")
    names = ("service_class", "company_id", "odfi", "batch_number")
    heads = parts.batches.select("batch", *(pl.col(name).alias(f"_{name}") for name in names))
    both = frame.join(heads, on="batch", how="left", maintain_order="left")
    found = _compared(frame, BATCH_CONTROL)
    for name in names:
        said, of_header = pl.col(name).str.strip_chars(), pl.col(f"_{name}").str.strip_chars()
        words = _said(said, "is not that of the batch header, `") + of_header + pl.lit("`")
        found.append(_wrong(both.filter(said != of_header), BATCH_CONTROL, name, words))
    for code, column, what in (("220", "debit", "credits"), ("225", "credit", "debits")):
        bad = frame.filter(pl.col("service_class") == code, pl.col(column).fill_null(0) != 0)
        only = f"the batch is one of {what} only, and holds others"
        found.append(_wrong(bad, BATCH_CONTROL, "service_class", only))
    return together(found)


def file_totals(parts: Parts) -> pl.DataFrame:
    """The file control says how many batches, blocks and entries there are, and their sums."""
    sums = _sums(parts, "file")
    lines = parts.records.filter(pl.col("type") != "F").height
    frame = parts.control.with_columns(file=pl.lit(1, dtype=pl.Int64)).join(
        sums, on="file", how="left"
    )
    found = _compared(frame, FILE_CONTROL)
    for name, real in (
        ("batch_count", parts.batches.height),
        ("block_count", -(-lines // PER_BLOCK)),
    ):
        number = pl.col(name).cast(pl.Int64)
        words = pl.concat_str(pl.lit("the control says "), number, pl.lit(f", the file has {real}"))
        found.append(_wrong(frame.filter(number != real), FILE_CONTROL, name, words))
    return together(found)


fields: tuple[Check, ...] = (
    spelling,
    file_header,
    batch_header,
    entries,
    check_digit,
    traces,
    addenda_counts,
    addenda,
    returns,
)
totals: tuple[Check, ...] = (batch_totals, file_totals)
