"""A Nacha file that debits others: written from its entries, with every count, hash and total.

Its fields are those of `layout`, which the reader reads it by. A batch holds one class of entries,
and debits only: nothing here can pay anybody. The same entries give the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from invoices.bank.layout import (
    BATCH_CONTROL,
    BATCH_HEADER,
    ENTRY,
    FILE_CONTROL,
    FILE_HEADER,
    FILLER,
    LENGTH,
    PER_BLOCK,
    Field,
    Layout,
)
from invoices.bank.nacha_totals import HASH_DIGITS
from invoices.money import cents
from invoices.schema import CENTS

DEBITS = pl.Schema(
    {
        "sec": pl.String(),  # PPD, CCD
        "account_type": pl.String(),  # checking, savings
        "routing": pl.String(),  # nine digits
        "account": pl.String(),
        "amount": CENTS,  # 0.00 = a prenote
        "individual_id": pl.String(),
        "individual_name": pl.String(),
        "trace": pl.String(),  # fifteen digits; they grow
    }
)
CODES = {"checking": ("27", "28"), "savings": ("37", "38")}
"""The transaction codes of a debit and of its prenote."""
DEBITS_ONLY = "225"
MOST_CENTS = 10**10 - 1
"""An entry has ten digits of cents."""
MOST_TOTAL = 10**12 - 1
"""A file has twelve digits of them."""
MOST_ENTRIES = 10**6 - 1
"""A batch has six digits of entries; more are in a batch of their own."""
_CENTS = cents(pl.col("amount"))

_LETTERS = {
    **{"ß": "SS", "Æ": "AE", "æ": "AE", "Ø": "O", "ø": "O", "Œ": "OE", "œ": "OE", "Ł": "L"},
    **{"ł": "L", "Đ": "D", "đ": "D", "Þ": "TH", "þ": "TH", "ð": "D", "Ð": "D", "ı": "I"},
    **{"\u2018": "'", "\u2019": "'", "\u2013": "-", "\u2014": "-"},
}
"""What becomes of letters that are no letter with a mark on it."""


@dataclass(frozen=True)
class Originator:
    """Who debits, and through which bank."""

    destination: str  # the routing number of our bank, nine digits
    destination_name: str
    origin: str  # what our bank knows the file by: a routing number, or ten characters
    origin_name: str
    company_name: str  # what the debited see on their statement
    company_id: str
    description: str  # of the entries: what they are for

    @property
    def odfi(self) -> str:
        """The first eight digits of our bank's routing number: every trace begins with them."""
        return self.destination[:8]


def plain(text: pl.Expr) -> pl.Expr:
    """Return text in the letters that every bank takes: capitals, digits and a few signs."""
    spelled = text.str.replace_many(list(_LETTERS), list(_LETTERS.values()))
    bare = spelled.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_uppercase()
    seen = bare.str.replace_all(r"[^A-Z0-9 .,&'()/#-]", " ")
    return seen.str.replace_all(r" {2,}", " ").str.strip_chars()


def written(
    by: Originator, entries: pl.DataFrame, made_on: dt.date, settles_on: dt.date, modifier: str
) -> str:
    """Return the file of `entries` (`DEBITS`): a batch for each class, blocks filled up.

    Raises ValueError where something does not fit in its field, so that no amount is ever cut.
    """
    _fits(by, entries)
    header = {
        "priority_code": "01",
        "immediate_destination": f" {by.destination}",
        "immediate_origin": by.origin.rjust(10),
        "file_creation_date": f"{made_on:%y%m%d}",
        "file_creation_time": "0000",
        "file_id_modifier": modifier,
        "record_size": "094",
        "blocking_factor": "10",
        "format_code": "1",
        "destination_name": by.destination_name.upper(),
        "origin_name": by.origin_name.upper(),
    }
    lines, batches = [_line(FILE_HEADER, header)], 0
    for batches, batch in enumerate(_batches(entries), 1):
        lines += _batch(by, batch, settles_on, batches)
    blocks = -(-(len(lines) + 1) // PER_BLOCK)
    lines.append(
        _line(FILE_CONTROL, {"batch_count": batches, "block_count": blocks, **_sums(entries)})
    )
    lines += [FILLER] * (blocks * PER_BLOCK - len(lines))
    return "\n".join(lines) + "\n"


def _batches(entries: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the entries of one class at a time, so many that a batch holds them."""
    part = pl.int_range(pl.len()).over("sec") // MOST_ENTRIES
    shares = entries.sort("sec", "trace").with_columns(part=part)
    yield from shares.partition_by("sec", "part", maintain_order=True)


def _batch(by: Originator, batch: pl.DataFrame, settles_on: dt.date, number: int) -> list[str]:
    """Return the records of a batch, header and control included."""
    said: dict[str, str | int] = {
        "service_class": DEBITS_ONLY,
        "company_id": by.company_id.upper(),
        "odfi": by.odfi,
        "batch_number": number,
    }
    of_header = {
        "company_name": by.company_name.upper(),
        "sec": batch["sec"][0],
        "entry_description": by.description.upper(),
        "effective_date": f"{settles_on:%y%m%d}",
        "originator_status": "1",
    }
    money = pl.col("amount") != 0
    code = pl.coalesce(
        pl.when(pl.col("account_type") == kind).then(
            pl.when(money).then(pl.lit(debit)).otherwise(pl.lit(prenote))
        )
        for kind, (debit, prenote) in CODES.items()
    )
    fields: dict[str, pl.Expr] = {
        "transaction_code": code,
        "rdfi": pl.col("routing").str.head(8),
        "check_digit": pl.col("routing").str.tail(1),
        "account": pl.col("account"),
        "amount": _CENTS.cast(pl.String),
        "individual_id": plain(pl.col("individual_id")),
        "individual_name": plain(pl.col("individual_name")),
        "addenda_indicator": pl.lit("0"),
        "trace": pl.col("trace"),
    }
    entries = batch.select(_record(ENTRY, fields)).to_series().to_list()
    return [
        _line(BATCH_HEADER, {**said, **of_header}),
        *entries,
        _line(BATCH_CONTROL, {**said, **_sums(batch)}),
    ]


def _sums(entries: pl.DataFrame) -> dict[str, int]:
    """Return what entries come to, as a control says it."""
    hashed = pl.col("routing").str.head(8).cast(pl.Int64).sum() % HASH_DIGITS
    found = entries.select(hashed=hashed, debit=_CENTS.sum()).row(0, named=True)
    return {
        "entry_addenda_count": entries.height,
        "entry_hash": found["hashed"],
        "total_debit": found["debit"],
        "total_credit": 0,
    }


def _line(kind: Layout, said: Mapping[str, str | int]) -> str:
    """Return one record that says something in some of its fields."""
    fields = {name: pl.lit(str(value)) for name, value in said.items()}
    return str(pl.select(_record(kind, fields)).item())


def _record(kind: Layout, said: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return records of a kind: each field where its layout has it, blanks between and behind."""
    parts, at = [pl.lit(kind.digit)], 2
    for field in kind.fields:
        parts.append(pl.lit(" " * (field.start - at)))
        parts.append(_fitted(field, said.get(field.name, pl.lit(""))))
        at = field.end + 1
    parts.append(pl.lit(" " * (LENGTH + 1 - at)))
    return pl.concat_str(parts).alias("record")


def _fitted(field: Field, text: pl.Expr) -> pl.Expr:
    """Return text as wide as its field: numbers to the right behind zeros, others to the left."""
    width = field.end - field.start + 1
    if field.kind == "digits":
        return text.str.zfill(width)
    return text.str.head(width).str.pad_end(width)


def _fits(by: Originator, entries: pl.DataFrame) -> None:
    """Raise ValueError where a number has more digits than its field."""
    if entries.is_empty():
        raise ValueError("a file without entries is none")
    wide = entries.filter(
        (_CENTS > MOST_CENTS)
        | (_CENTS < 0)
        | ~pl.col("routing").str.contains("^[0-9]{9}$")
        | ~pl.col("account").str.contains("^[!-~]{1,17}$")
        | ~pl.col("trace").str.contains("^[0-9]{15}$")
        | ~pl.col("account_type").is_in(list(CODES))
    )
    if wide.height:
        trace = wide["trace"][0]
        raise ValueError(f"entry {trace} has an amount, an account or a code that no field holds")
    if _sums(entries)["total_debit"] > MOST_TOTAL:
        raise ValueError("the debits come to more than one file can say")
    if not by.destination.isdigit() or len(by.destination) != 9:
        raise ValueError(f"{by.destination!r} is no routing number")
