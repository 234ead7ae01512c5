"""What entries, batches and the file add up to is what their controls say."""

from __future__ import annotations

import polars as pl

from invoices.bank.layout import BATCH_CONTROL, FILE_CONTROL, PER_BLOCK, Layout
from invoices.bank.nacha_parts import Check, Parts, field_faults, quoted
from invoices.bank.schema import together

HASH_DIGITS = 10**10


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
        found.append(field_faults(frame.filter(number != real), kind, name, words))
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
        words = quoted(said, "is not that of the batch header, `") + of_header + pl.lit("`")
        # A company ID of blanks or zeros is not said again.
        silent = pl.lit(name == "company_id") & (said.str.strip_chars("0") == "")
        other = both.filter(~silent, said != of_header)
        found.append(field_faults(other, BATCH_CONTROL, name, words))
    for code, column, what in (("220", "debit", "credits"), ("225", "credit", "debits")):
        bad = frame.filter(pl.col("service_class") == code, pl.col(column).fill_null(0) != 0)
        only = f"the batch is one of {what} only, and holds others"
        found.append(field_faults(bad, BATCH_CONTROL, "service_class", only))
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
        found.append(field_faults(frame.filter(number != real), FILE_CONTROL, name, words))
    return together(found)


totals: tuple[Check, ...] = (batch_totals, file_totals)
