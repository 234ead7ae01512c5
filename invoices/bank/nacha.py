"""Nacha files as a bank delivers them: what moved, checked to the last total.

A file is read as a whole, all records of a kind at once. It is refused, with the record and the
field, where a record is out of order, a field holds what it cannot, or a count, hash, total or
check digit does not come out. Nothing of a refused file is booked.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Set

import polars as pl

from invoices.bank import layout, nacha_checks
from invoices.bank.layout import (
    ADDENDA,
    BATCH_CONTROL,
    BATCH_HEADER,
    CTX_NAME,
    ENTRY,
    FILE_CONTROL,
    FILE_HEADER,
    FILLER,
    IAT_ACCOUNT,
    LENGTH,
)
from invoices.bank.nacha_checks import Parts
from invoices.bank.records import decoded, order_faults, records_of
from invoices.bank.remittance import read_remittances
from invoices.bank.schema import ENTRIES, BankReading, together
from invoices.calendar import NONE, add_banking_days, roll
from invoices.money import from_cents
from invoices.schema import seal

NAME = "nacha"
SHOWN_DIGITS = 4
HALF_A_YEAR = dt.timedelta(days=183)
_CENTURY = 2000


def recognises(head: bytes) -> bool:
    """Whether a file begins with a Nacha file header."""
    text = decoded(head[: 4 * LENGTH]).lstrip("\r\n ")[:LENGTH]
    # A header that names another size is one all the same: it is refused for that.
    known = text[34:40] == "094101" or (text[3:13].strip() + text[23:29]).isdigit()
    return text[:1] == "1" and text[1:3].isdigit() and text[34:40].isdigit() and known


def read(content: bytes, closings: Set[dt.date] = NONE) -> BankReading:
    """Return what a Nacha file says, or every fault for which it is refused.

    Faults are told stage by stage: of the shape and order of records, then of their fields, then
    of their totals, for the later mean nothing before the earlier are right. `closings` are days
    without banking besides the Federal Reserve's holidays: they move a settlement that the file
    leaves to the operator.
    """
    records, wrong = records_of(content)
    said = records.filter(pl.col("type") != "F")["text"]
    key = hashlib.sha256("".join(said.to_list()).encode()).hexdigest()
    found = wrong if wrong.height else order_faults(records)
    if found.height:
        return BankReading(NAME, key, faults=found)
    parts = parts_of(records)
    for stage in (nacha_checks.fields, nacha_checks.totals):
        found = together([check(parts) for check in stage])
        if found.height:
            return BankReading(NAME, key, faults=found)
    entries = _entries(parts, key, closings)
    texts = entries.filter(pl.col("addenda").is_not_null(), pl.col("kind") == "entry").select(
        "entry_id", "amount", row="source_row", text="addenda"
    )
    remittances, found = read_remittances(texts)
    if found.height:
        return BankReading(NAME, key, faults=found)
    return BankReading(NAME, key, entries, remittances)


def parts_of(records: pl.DataFrame) -> Parts:
    """Return the records of a file whose order is right, by kind."""
    placed = records.with_columns(
        batch=(pl.col("type") == "5").cum_sum().cast(pl.Int64),
        entry=(pl.col("type") == "6").cum_sum().cast(pl.Int64),
    )

    def of(kind: layout.Layout) -> pl.DataFrame:
        own = placed.filter(
            pl.col("type") == kind.digit, pl.lit(kind.digit != "9") | (pl.col("text") != FILLER)
        )
        return kind.read(own)

    batches = of(BATCH_HEADER)
    said = batches.select(
        "batch",
        "company_id",
        "company_name",
        "sec",
        "entry_description",
        "effective_date",
        "settlement_day",
        odfi_of_batch="odfi",
    )
    entries = of(ENTRY).join(said, on="batch", how="left", maintain_order="left")
    addenda = of(ADDENDA)
    return Parts(
        records=placed,
        header=of(FILE_HEADER),
        batches=batches,
        entries=entries,
        addenda=addenda.with_columns(
            place=pl.int_range(1, pl.len() + 1).over("entry").cast(pl.Int64)
        ),
        batch_controls=of(BATCH_CONTROL),
        control=of(FILE_CONTROL),
    )


def date_of(text: str) -> dt.date | None:
    """Return the day that YYMMDD names, null where the calendar has none."""
    try:
        return dt.date(_CENTURY + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None


def settlement(
    created: dt.date, effective: str, julian: str, closings: Set[dt.date] = NONE
) -> dt.date:
    """Return the day a batch settles.

    The operator's day of the year says it, in the year that lies nearest; else the effective entry
    date, rolled to a banking day; else the banking day after the file was made.
    """
    wished = date_of(effective) if effective.strip() else None
    near = wished or created
    if julian.strip() and int(julian):
        days = [
            dt.date(year, 1, 1) + dt.timedelta(days=int(julian) - 1)
            for year in (near.year - 1, near.year, near.year + 1)
        ]
        return min(days, key=lambda day: abs(day - near))
    return roll(wished, "next", closings) if wished else add_banking_days(created, 1, closings)


def _settled(parts: Parts, closings: Set[dt.date]) -> pl.DataFrame:
    """Return [effective_date, settlement_day, settled_on]: each distinct question asked once."""
    created = date_of(parts.header["file_creation_date"].item())
    asked = parts.batches.select("effective_date", "settlement_day").unique()
    if created is None:
        raise ValueError("a file header without a date passed its checks")
    days = [settlement(created, wish, day, closings) for wish, day in asked.iter_rows()]
    return asked.with_columns(settled_on=pl.Series(days, dtype=pl.Date))


def _entries(parts: Parts, key: str, closings: Set[dt.date]) -> pl.DataFrame:
    """Return the entries of a file whose totals come out (columns of `ENTRIES`)."""
    kinds = parts.addenda.with_columns(special=pl.col("addenda_type").is_in(("98", "99")))
    told = kinds.filter("special").unique("entry", keep="first", maintain_order=True)
    change = pl.col("addenda_type") == "98"
    said = told.select(
        "entry",
        "addenda_type",
        "code",
        "original_trace",
        code_text=_filled(
            pl.when(change).then(pl.col("corrected_data")).otherwise(pl.col("return_text"))
        ),
    )
    plain = (
        kinds.filter(pl.col("addenda_type") == "05")
        .group_by("entry", maintain_order=True)
        .agg(addenda=pl.col("payment_information").str.join(""))
    )
    code = pl.col("transaction_code")
    kind = (
        pl.when(change)
        .then(pl.lit("change"))
        .when(pl.col("addenda_type") == "99")
        .then(pl.lit("return"))
        .when(code.is_in(layout.PRENOTES))
        .then(pl.lit("prenote"))
        .otherwise(pl.lit("entry"))
    )
    name = pl.when(pl.col("sec").is_in(("CTX", "ATX"))).then(CTX_NAME.of())
    account = pl.when(pl.col("sec") == "IAT").then(IAT_ACCOUNT.of()).otherwise("account")
    frame = (
        parts.entries.join(_settled(parts, closings), on=["effective_date", "settlement_day"])
        .join(said, on="entry", how="left")
        .join(plain, on="entry", how="left")
        .sort("row")
        .with_columns(
            entry_id=pl.concat_str(pl.lit(f"{key[:16]}-"), "entry"),
            source=pl.lit(NAME),
            source_row="row",
            kind=kind,
            direction=pl.when(code.str.tail(1).cast(pl.Int64) < 5)
            .then(pl.lit("credit"))
            .otherwise(pl.lit("debit")),
            amount=from_cents(pl.col("amount").cast(pl.Int64)),
            description=_filled("entry_description"),
            company_id=_filled("company_id"),
            company_name=_filled("company_name"),
            individual_id=_filled("individual_id"),
            individual_name=_filled(
                pl.when(pl.col("sec") == "IAT")
                .then(None)
                .otherwise(pl.coalesce(name, "individual_name"))
            ),
            account=account.str.strip_chars().str.tail(SHOWN_DIGITS),
        )
    )
    return seal(frame.lazy(), ENTRIES).collect()


def _filled(column: str | pl.Expr) -> pl.Expr:
    """Return the text of a field without its padding, null where nothing stands."""
    text = (pl.col(column) if isinstance(column, str) else column).str.strip_chars()
    return pl.when(text != "").then(text)
