"""What moved: the entries of a Nacha file whose totals come out, and when each settles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set

import polars as pl

from invoices.bank import layout
from invoices.bank.layout import CTX_NAME, IAT_ACCOUNT
from invoices.bank.nacha_parts import Parts
from invoices.bank.schema import ENTRIES
from invoices.calendar import NONE, add_banking_days, roll
from invoices.money import from_cents
from invoices.schema import seal

NAME = "nacha"
SHOWN_DIGITS = 4
_CENTURY = 2000


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


def entries_of(parts: Parts, key: str, closings: Set[dt.date]) -> pl.DataFrame:
    """Return the entries of a file whose totals come out (columns of `ENTRIES`)."""
    frame = (
        parts.entries.join(_settled(parts, closings), on=["effective_date", "settlement_day"])
        .join(_notes(parts), on="entry", how="left")
        .join(_payment_information(parts), on="entry", how="left")
        .sort("row")
    )
    code = pl.col("transaction_code")
    credits = code.str.tail(1).cast(pl.Int64) < 5
    account = pl.when(pl.col("sec") == "IAT").then(IAT_ACCOUNT.of()).otherwise("account")
    return frame.with_columns(
        entry_id=pl.concat_str(pl.lit(f"{key[:16]}-"), "entry"),
        source=pl.lit(NAME),
        source_row="row",
        kind=_kind(),
        direction=pl.when(credits).then(pl.lit("credit")).otherwise(pl.lit("debit")),
        amount=from_cents(pl.col("amount").cast(pl.Int64)),
        description=_filled("entry_description"),
        company_id=_filled("company_id"),
        company_name=_filled("company_name"),
        individual_id=_filled("individual_id"),
        individual_name=_individual_name(),
        account=account.str.strip_chars().str.tail(SHOWN_DIGITS),
    ).pipe(seal, ENTRIES)


def _notes(parts: Parts) -> pl.DataFrame:
    """Return what the first return or change below an entry says: code, trace, text."""
    special = parts.addenda.filter(pl.col("addenda_type").is_in(("98", "99")))
    change = pl.col("addenda_type") == "98"
    text = pl.when(change).then(pl.col("corrected_data")).otherwise(pl.col("return_text"))
    told = special.unique("entry", keep="first", maintain_order=True)
    return told.select("entry", "addenda_type", "code", "original_trace", code_text=_filled(text))


def _payment_information(parts: Parts) -> pl.DataFrame:
    """Return the payment information of each entry in one piece, as `addenda`."""
    return (
        parts.addenda.filter(pl.col("addenda_type") == "05")
        .group_by("entry", maintain_order=True)
        .agg(addenda=pl.col("payment_information").str.join(""))
    )


def _kind() -> pl.Expr:
    """Return what an entry is: a change, a return, a prenote or an entry that moves money."""
    return (
        pl.when(pl.col("addenda_type") == "98")
        .then(pl.lit("change"))
        .when(pl.col("addenda_type") == "99")
        .then(pl.lit("return"))
        .when(pl.col("transaction_code").is_in(layout.PRENOTES))
        .then(pl.lit("prenote"))
        .otherwise(pl.lit("entry"))
    )


def _individual_name() -> pl.Expr:
    """Return whom an entry names; of IAT the field says something else."""
    name = pl.when(pl.col("sec").is_in(("CTX", "ATX"))).then(CTX_NAME.of())
    own = pl.coalesce(name, "individual_name")
    return _filled(pl.when(pl.col("sec") == "IAT").then(None).otherwise(own))


def _filled(column: str | pl.Expr) -> pl.Expr:
    """Return the text of a field without its padding, null where nothing stands."""
    text = (pl.col(column) if isinstance(column, str) else column).str.strip_chars()
    return pl.when(text != "").then(text)
