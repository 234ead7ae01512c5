"""What must be true of the fields of a Nacha file before a cent of it is booked.

One function a rule: each returns faults of records one by one and changes nothing.
"""

from __future__ import annotations

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
    RETURNS,
    SEC_CODES,
    SERVICE_CLASSES,
    TRANSACTIONS,
    WITHOUT_MONEY,
    Layout,
)
from invoices.bank.nacha_parts import Check, Parts, field_faults, quoted
from invoices.bank.schema import FAULTS, together
from invoices.bank.settlement import settlement
from invoices.schema import empty

WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7, 1)
_PATTERNS = {
    "digits": ("^[0-9]+$", "digits"),
    "digits_or_blank": ("^([0-9]+| +)$", "digits, or blanks"),
}


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
                found.append(
                    field_faults(bad, kind, field.name, quoted(field.name, f"is not {what}"))
                )
            elif field.kind != "text":
                blank = pl.lit(field.kind == "date_or_blank") & (text.str.strip_chars(" 0") == "")
                day = pl.concat_str(pl.lit("20"), text).str.to_date("%Y%m%d", strict=False)
                digits = text.str.contains("^[0-9]{6}$")
                bad = frame.filter(~blank & (day.is_null() | ~digits))
                found.append(
                    field_faults(bad, kind, field.name, quoted(field.name, "is no date YYMMDD"))
                )
    return together(found)


def file_header(parts: Parts) -> pl.DataFrame:
    """The file header says how long records and blocks are: as they always are."""
    right = {"priority_code": "01", "record_size": "094", "blocking_factor": "10"}
    return together(
        [
            field_faults(
                parts.header.filter(pl.col(name) != value),
                FILE_HEADER,
                name,
                quoted(name, f"is not {value}"),
            )
            for name, value in {**right, "format_code": "1"}.items()
        ]
    )


def batch_header(parts: Parts) -> pl.DataFrame:
    """A batch has a known service class and a known standard entry class."""
    batches = parts.batches
    advices = " ; accounting advices (280) are not read"
    classes = f"is none of {', '.join(SERVICE_CLASSES)}{advices}"
    return together(
        [
            field_faults(
                batches.filter(~pl.col("service_class").is_in(SERVICE_CLASSES)),
                BATCH_HEADER,
                "service_class",
                quoted("service_class", classes),
            ),
            field_faults(
                batches.filter(~pl.col("sec").is_in(SEC_CODES)),
                BATCH_HEADER,
                "sec",
                quoted("sec", "is no standard entry class that is read"),
            ),
            _settlement_days(parts),
        ]
    )


def _settlement_days(parts: Parts) -> pl.DataFrame:
    """The day of the year on which a batch settles is one that its year has."""
    number = pl.col("settlement_day").str.strip_chars().cast(pl.Int64, strict=False)
    numbered = parts.batches.filter(number > 0)
    created = parts.created
    days = numbered.select("effective_date", "settlement_day").unique()
    if created is None:
        return empty(FAULTS)
    none_such = pl.Series([settlement(created, *asked) is None for asked in days.iter_rows()])
    lost = numbered.join(days.filter(none_such.cast(pl.Boolean)), on=days.columns, how="semi")
    words = f"is no day of the year nearest to {created}, when the file was made"
    return field_faults(lost, BATCH_HEADER, "settlement_day", quoted("settlement_day", words))


def is_routing(text: pl.Expr) -> pl.Expr:
    """Say whether text is a routing number: nine digits, the last of which follows from the rest.

    Null where it is no number.
    """
    digits = text.cast(pl.Int64, strict=False)
    weighed = pl.sum_horizontal(
        digits // 10 ** (len(WEIGHTS) - 1 - place) % 10 * weight
        for place, weight in enumerate(WEIGHTS)
    )
    return pl.when(digits.is_not_null()).then((weighed % 10 == 0) & text.str.contains("^[0-9]{9}$"))


def check_digit(parts: Parts) -> pl.DataFrame:
    """The ninth digit of a routing number follows from the other eight."""
    wrong = ~is_routing(pl.concat_str("rdfi", "check_digit"))
    bad = parts.entries.filter(wrong)
    words = pl.concat_str(
        pl.lit("`"), "check_digit", pl.lit("` is not the check digit of "), "rdfi"
    )
    return field_faults(bad, ENTRY, "check_digit", words)


def entries(parts: Parts) -> pl.DataFrame:
    """An entry has a known transaction code; one that moves no money has no amount."""
    code, amount = pl.col("transaction_code"), pl.col("amount").cast(pl.Int64, strict=False)
    return together(
        [
            field_faults(
                parts.entries.filter(~code.is_in(TRANSACTIONS)),
                ENTRY,
                "transaction_code",
                quoted("transaction_code", "is no transaction code"),
            ),
            field_faults(
                parts.entries.filter(code.is_in(WITHOUT_MONEY), amount != 0),
                ENTRY,
                "amount",
                "a prenote or an entry without value moves no money",
            ),
            field_faults(
                parts.entries.filter(~pl.col("addenda_indicator").is_in(("0", "1"))),
                ENTRY,
                "addenda_indicator",
                quoted("addenda_indicator", "is neither 0 nor 1"),
            ),
        ]
    )


def traces(parts: Parts) -> pl.DataFrame:
    """Traces grow within a batch; the same one again is read, and told where it is matched."""
    given = parts.entries.filter(pl.col("trace").str.contains("[^0 ]"))
    bad = given.filter(pl.col("trace") < pl.col("trace").shift(1).over("batch"))
    return field_faults(
        bad, ENTRY, "trace", "out of order: the trace before it in the batch is higher"
    )


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
            field_faults(
                frame.filter(marked != (follow > 0)),
                ENTRY,
                "addenda_indicator",
                words + pl.concat_str(pl.lit("the indicator is "), "addenda_indicator"),
            ),
            field_faults(
                frame.filter(plain, ctx | iat, number.is_null() | (number != follow)),
                ENTRY,
                "",
                words + pl.concat_str(pl.lit("it says "), said),
                CTX_COUNT.label,
            ),
            field_faults(
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
    change, trace = pl.col("addenda_type") == "98", pl.col("original_trace")
    # A change moves no money: of which entry it speaks may be left open.
    silent = trace.str.strip_chars(" 0") == ""
    letter = pl.when(change).then(pl.lit("C")).otherwise(pl.lit("R"))
    code = pl.col("code")
    valid = code.str.contains("^[RC][0-9]{2}$") & (code.str.head(1) == letter)
    amount = pl.col("amount").cast(pl.Int64, strict=False)
    changed = notes.filter(change).select("entry").unique()
    return together(
        [
            field_faults(
                bare,
                ENTRY,
                "transaction_code",
                quoted("transaction_code", "is that of a return, but no return addenda follows"),
            ),
            field_faults(
                notes.filter(~valid),
                ADDENDA,
                "code",
                quoted("code", "is no return or change code"),
            ),
            field_faults(
                notes.filter(~(change & silent), silent | ~trace.str.contains("^[0-9]{15}$")),
                ADDENDA,
                "original_trace",
                quoted("original_trace", "is no trace number"),
            ),
            field_faults(
                frame.join(changed, on="entry", how="semi").filter(amount != 0),
                ENTRY,
                "amount",
                "a notification of change moves no money",
            ),
        ]
    )


def addenda(parts: Parts) -> pl.DataFrame:
    """Addenda are numbered from 1 and name the entry they follow.

    A return or a change that names another is read with a doubt (`nacha_doubts`).
    """
    own = parts.entries.select("entry", entry_trace="trace")
    frame = parts.addenda.join(own, on="entry", how="left", maintain_order="left")
    special = pl.col("addenda_type").is_in(("98", "99"))
    numbered = pl.col("addenda_type") == "05"
    number = pl.col("sequence").str.strip_chars().cast(pl.Int64, strict=False)
    last_seven = pl.col("entry_trace").str.tail(7)
    return together(
        [
            field_faults(
                frame.filter(numbered, number.is_null() | (number != pl.col("place"))),
                ADDENDA,
                "sequence",
                quoted("sequence", "is not the next number"),
            ),
            field_faults(
                frame.filter(~special, pl.col("entry_sequence") != last_seven),
                ADDENDA,
                "entry_sequence",
                quoted("entry_sequence", "does not end the trace of the entry before it"),
            ),
        ]
    )


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
