"""Account statements as CSV, by a declared profile: which column says what, and which way.

A profile is a few lines in `rebill.toml`; one is built in. A statement is known by its header row.
It is refused where a cell cannot be read, or where its balances do not follow from its amounts.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from invoices.bank.records import decoded
from invoices.bank.schema import BankReading, faults, one_fault, together
from invoices.bank.wording import content_key, from_text, identified
from invoices.carrier.cells import AMOUNT, FIRST_YEAR, LAST_YEAR, shown, trimmed
from invoices.schema import CENTS

NAME = "csv"
AGAIN = "correct the profile, or ask the bank for the statement again; nothing of it is booked"
_TEXT = ("description", "company_id", "company_name", "individual_id", "individual_name")
_MORE = ("sec", "trace", "original_trace", "code", "account")


class StatementProfile(BaseModel):
    """How a bank writes its statements: the names of its columns, as the header row has them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    skip_rows: int = Field(default=0, ge=0)
    """Rows above the header."""
    date: str
    date_format: str = "%Y-%m-%d"
    amount: str | None = None
    sign: Literal["debit_negative", "debit_positive"] = "debit_negative"
    """What a negative amount is."""
    debit: str | None = None
    credit: str | None = None
    """Two columns without signs, in place of `amount`."""
    balance: str | None = None
    """The balance after the row: checked from row to row."""
    description: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    individual_id: str | None = None
    individual_name: str | None = None
    sec: str | None = None
    trace: str | None = None
    original_trace: str | None = None
    code: str | None = None
    account: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> StatementProfile:
        pair = self.debit is not None and self.credit is not None
        if (self.amount is None) != pair or (self.amount and (self.debit or self.credit)):
            raise ValueError("give `amount`, or `debit` and `credit`")
        return self

    def needed(self) -> set[str]:
        """Return the columns without which a file is not of this profile."""
        return {name for name in (self.date, self.amount, self.debit, self.credit) if name}

    def columns(self) -> dict[str, str]:
        """Return the columns read, ours by theirs."""
        names = ("date", "amount", "debit", "credit", "balance", *_TEXT, *_MORE)
        return {name: column for name in names if (column := getattr(self, name))}


OURS = StatementProfile(
    name="statement",
    date="settled_on",
    amount="amount",
    balance="balance",
    **{name: name for name in (*_TEXT, *_MORE)},  # type: ignore[arg-type]
)
"""The profile that is always there: our own names, a debit negative."""


def _rows(content: bytes | str, profile: StatementProfile) -> list[list[str]]:
    text = decoded(content) if isinstance(content, bytes) else content
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=profile.delimiter))


def profile_of(head: bytes, profiles: tuple[StatementProfile, ...]) -> StatementProfile | None:
    """Return the first profile, declared ones before ours, whose header a file begins with."""
    if b"\0" in head:
        return None
    text = decoded(head)
    for profile in (*profiles, OURS):
        lines = text.splitlines()[profile.skip_rows : profile.skip_rows + 1]
        try:
            header = next(iter(_rows(lines[0], profile)), []) if lines else []
        except csv.Error:
            continue
        names = {name.strip() for name in header}
        wanted = set(profile.columns().values()) if profile is not OURS else profile.needed()
        if wanted <= names:
            return profile
    return None


def read(content: bytes, profile: StatementProfile) -> BankReading:
    """Return what a statement says, or every fault for which it is refused."""
    key = content_key(profile.name, decoded(content).replace("\r\n", "\n").rstrip())
    try:
        table, wrong = _table(content, profile)
    except csv.Error as error:
        fault = one_fault(None, "file", "file", f"it is no CSV: {error}", AGAIN)
        return BankReading(NAME, key, faults=fault)
    if wrong.height:
        return BankReading(NAME, key, faults=wrong)
    signed, wrong = _signed(table, profile)
    if wrong.height:
        return BankReading(NAME, key, faults=wrong)
    wrong = _balances(signed)
    if wrong.height:
        return BankReading(NAME, key, faults=wrong)
    return BankReading(NAME, key, _entries(signed))


def _table(content: bytes, profile: StatementProfile) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the cells of the rows by our names, and rows that have more or fewer cells."""
    rows = _rows(content, profile)[profile.skip_rows :]
    header = _without_empty_end([name.strip() for name in rows[0]] if rows else [], 0)
    twice = sorted(name for name, times in Counter(header).items() if name and times > 1)
    if twice:
        words = f"the columns {', '.join(twice)} stand there twice"
        return pl.DataFrame(), one_fault(profile.skip_rows + 1, "header", "header", words, AGAIN)
    numbered = [
        (number, _without_empty_end(row, len(header)))
        for number, row in enumerate(rows[1:], profile.skip_rows + 2)
        if any(cell.strip() for cell in row)
    ]
    ragged = pl.DataFrame(
        {"row": [number for number, row in numbered if len(row) != len(header)]},
        schema={"row": pl.Int64},
    )
    words = f"the row has not the {len(header)} cells of its header"
    wrong = faults(ragged, "row", "cells", words, AGAIN)
    cells = {"row": pl.Series([number for number, _ in numbered], dtype=pl.Int64)}
    even = [row if len(row) == len(header) else [""] * len(header) for _, row in numbered]
    for name, column in profile.columns().items():
        place = header.index(column) if column in header else None
        values = [None if place is None else row[place] for row in even]
        cells[name] = pl.Series(values, dtype=pl.String)
    return pl.DataFrame(cells), together([wrong])


def _without_empty_end(row: list[str], least: int) -> list[str]:
    """Return a row without the empty cells at its end that are more than `least`."""
    size = len(row)
    while size > least and not row[size - 1].strip():
        size -= 1
    return row[:size]


def _money(table: pl.DataFrame, name: str) -> tuple[pl.Expr, pl.DataFrame]:
    """Return the amount of a column and the cells that are none."""
    cell = trimmed(pl.col(name))
    value = AMOUNT.cast(AMOUNT.spelling(cell))
    bad = table.filter(cell.is_not_null() & value.is_null())
    words = pl.concat_str(pl.lit("`"), shown(pl.col(name)), pl.lit(f"` is not {AMOUNT.what}"))
    return value, faults(bad, "row", name, words, AGAIN)


def _signed(table: pl.DataFrame, profile: StatementProfile) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows with `settled_on`, `debit` and `amount`, and the cells that cannot be read.

    `debit` says whether the row takes money; `moved` is the row's change of the balance.
    """
    date = trimmed(pl.col("date")).str.to_date(profile.date_format, strict=False)
    day_words = pl.concat_str(pl.lit("`"), shown(pl.col("date")), pl.lit("` is no date"))
    found = [faults(table.filter(date.is_null()), "row", "date", day_words, AGAIN)]
    year = date.dt.year()
    meant = year.is_between(FIRST_YEAR, LAST_YEAR)
    year_words = pl.concat_str(
        pl.lit("nobody means the year "), year, pl.lit(": see `date_format`")
    )
    found.append(faults(table.filter(~meant), "row", "date", year_words, AGAIN))
    if profile.amount:
        value, bad = _money(table, "amount")
        found.append(bad)
        moved = value if profile.sign == "debit_negative" else -value
        empty_row = trimmed(pl.col("amount")).is_null()
    else:
        parts = {}
        for name in ("debit", "credit"):
            value, bad = _money(table, name)
            found.append(bad)
            below = faults(table.filter(value < 0), "row", name, "the amount is negative", AGAIN)
            found.append(below)
            parts[name] = value.fill_null(0).cast(CENTS)
        moved = parts["credit"] - parts["debit"]
        both = (parts["debit"] != 0) & (parts["credit"] != 0)
        words = "the row is a debit and a credit"
        found.append(faults(table.filter(both), "row", "debit", words, AGAIN))
        empty_row = trimmed(pl.col("debit")).is_null() & trimmed(pl.col("credit")).is_null()
    found.append(faults(table.filter(empty_row), "row", "amount", "there is no amount", AGAIN))
    wrong = together(found)
    if wrong.height:
        return table, wrong
    signed = table.with_columns(settled_on=date, moved=moved.cast(CENTS))
    return signed.with_columns(amount=pl.col("moved").abs(), takes=pl.col("moved") < 0), wrong


def _balances(table: pl.DataFrame) -> pl.DataFrame:
    """Return where a balance is not the one before it and the amount: oldest first, or last."""
    if "balance" not in table.columns:
        return together([])
    value, bad = _money(table, "balance")
    told = table.with_columns(balance=value).filter(pl.col("balance").is_not_null())
    if bad.height or told.height < table.height:
        # What a bank leaves out cannot be checked; what it says must be read.
        return bad
    down = pl.col("balance") != pl.col("balance").shift(1) + pl.col("moved")
    up = pl.col("balance").shift(1) != pl.col("balance") + pl.col("moved").shift(1)
    oldest_first, newest_first = told.filter(down), told.filter(up)
    if oldest_first.is_empty() or newest_first.is_empty():
        return together([])
    fewer = oldest_first if oldest_first.height <= newest_first.height else newest_first
    words = "the balance does not follow from the one before it and the amount"
    return faults(fewer, "row", "balance", words, AGAIN)


def _entries(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows as entries (columns of `ENTRIES`).

    A row is an ACH entry where it names an originator or a trace, or the bank says ACH.
    """
    blank = {name: pl.lit(None, dtype=pl.String) for name in (*_TEXT, *_MORE)}
    texts = {
        name: trimmed(pl.col(name)) if name in table.columns else empty
        for name, empty in blank.items()
    }
    said = from_text(table.with_columns(**texts))
    returned = pl.col("code").str.contains("^R[0-9]{2}$").fill_null(False)
    ach = pl.any_horizontal(pl.col("company_id", "trace", "sec").is_not_null()) | pl.col(
        "description"
    ).str.contains(r"(?i)\bach\b").fill_null(False)
    takes = pl.col("takes") != returned  # a return of a debit brings money
    return identified(
        said.with_columns(
            source_row="row",
            kind=pl.when(returned)
            .then(pl.lit("return"))
            .when(ach)
            .then(pl.lit("entry"))
            .otherwise(pl.lit("other")),
            direction=pl.when(takes).then(pl.lit("debit")).otherwise(pl.lit("credit")),
        ),
        NAME,
        *("account", "company_id", "individual_id", "trace", "code"),
    )
