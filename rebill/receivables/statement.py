"""Statements of account: what a customer was charged and paid in a time, and what is owed now.

Brought forward, everything that happened since and the balance after each: the last is what the
customer owes on the day, as it is aged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl

from invoices.customer.account import AGED
from invoices.schema import CENTS
from rebill.paper.text import strict_csv
from rebill.receivables.balances import balances
from rebill.receivables.letters import (
    Paper,
    addressees,
    day_words,
    desk_of,
    dollars,
    short_day,
    write_papers,
)
from rebill.receivables.payments import received
from rebill.store.record import Record
from rebill.workspace import write
from rebill.workspace.settings import ConfigError

MOVES = pl.Schema(
    {
        "customer": pl.String(),
        "on": pl.Date(),
        "what": pl.String(),  # Brought forward, Invoice, Credit note, Payment, ACH debit, ...
        "reference": pl.String(),  # the invoice it is, or is for
        "due_date": pl.Date(),
        "amount": CENTS,  # negative = to the customer's good
        "balance": CENTS,  # after it
    }
)
FORWARD = "Brought forward"
NOTHING = Decimal(0)
AGES = ("Not yet due", "1 to 30 days", "31 to 60 days", "61 to 90 days", "Over 90 days")


def moves(record: Record, since: dt.date, as_of: dt.date) -> pl.DataFrame:
    """Return what happened on each customer's account (`MOVES`), behind what is brought forward.

    Both days are included. A customer of whom nothing was ever charged or paid has no row.
    """
    rows = pl.concat([_charged(record), _paid(record)]).filter(pl.col("on") <= as_of)
    before = pl.col("on") < since
    forward = rows.group_by("customer").agg(
        on=pl.lit(since),
        what=pl.lit(FORWARD),
        reference=pl.lit(None, dtype=pl.String),
        due_date=pl.lit(None, dtype=pl.Date),
        amount=pl.col("amount").filter(before).sum().cast(CENTS),
        place=pl.lit(0, dtype=pl.Int64),
    )
    own = rows.filter(~before)
    return (
        pl.concat([forward.select(own.columns), own])
        .sort("customer", "on", "place", "reference", "amount", nulls_last=True)
        .with_columns(balance=pl.col("amount").cum_sum().over("customer").cast(CENTS))
        .select(MOVES.names())
    )


def _charged(record: Record) -> pl.DataFrame:
    """Return invoices and credit notes on the day from which each counts."""
    note = pl.col("kind") == "credit_note"
    return record.customer_invoices().filter(pl.col("status") == "issued").select(
        "customer",
        on=pl.max_horizontal("bill_date", "issued_on"),
        what=pl.when(note).then(pl.lit("Credit note")).otherwise(pl.lit("Invoice")),
        reference="invoice_no",
        due_date=pl.when(~note).then("due_date"),
        amount=pl.col("total").cast(CENTS),
        place=pl.lit(1, dtype=pl.Int64),
    )  # fmt: skip


def _paid(record: Record) -> pl.DataFrame:
    """Return payments, and those that were taken back."""
    kind = pl.col("kind")
    what = (
        pl.when(kind == "debit")
        .then(pl.lit("ACH debit, thank you"))
        .when(kind == "return")
        .then(pl.lit("ACH debit returned"))
        .when(pl.col("amount") < 0)
        .then(pl.lit("Payment taken back"))
        .otherwise(pl.lit("Payment, thank you"))
    )
    return received(record).select(
        "customer",
        on="paid_on",
        what=what,
        reference="invoice_no",
        due_date=pl.lit(None, dtype=pl.Date),
        amount=-pl.col("amount"),
        place=pl.lit(2, dtype=pl.Int64),
    )


def write_statements(
    record: Record,
    customers: Sequence[str],
    since: dt.date | None,
    as_of: dt.date,
    out: Path | None,
) -> tuple[list[Path], list[str]]:
    """Leave the statements of customers, or of all who owe, as page, PDF and CSV.

    Returns the files, and of which customers none can be written and why. Raises ConfigError for a
    customer whose account is empty.
    """
    since = as_of.replace(day=1) if since is None else since
    if since > as_of:
        raise ConfigError(f"a statement from {since} to {as_of} has no days: name an earlier day")
    rows = moves(record, since, as_of)
    owed = balances(record, as_of)
    known = set(rows["customer"])
    for customer in customers:
        if customer not in known:
            raise ConfigError(f"nothing was ever charged to {customer!r}, or paid by it")
    wanted = sorted(set(customers)) or owed["customer"].to_list()
    folder = out or record.workspace.outbox / "statements" / str(as_of)
    with desk_of(record) as desk:
        to = addressees(record, wanted, desk)
        lacking = [f"{who}: {why}" for who in wanted if (why := to.why_not(who))]
        able = [who for who in wanted if not to.why_not(who)]
        ages = {row["customer"]: row for row in owed.to_dicts()}
        parts = rows.partition_by("customer", as_dict=True)
        papers = [
            _paper(who, parts[(who,)], ages.get(who, {}), (since, as_of), folder) for who in able
        ]
        paths = write_papers(papers, to, desk)
    for paper, who in zip(papers, able, strict=True):
        path = paper.path.with_name(f"{paper.path.name}.csv")
        write.leave(path, strict_csv(parts[(who,)]))
        paths.append(path)
    return sorted(paths), lacking


def _paper(
    customer: str,
    rows: pl.DataFrame,
    ages: dict[str, Decimal],
    days: tuple[dt.date, dt.date],
    folder: Path,
) -> Paper:
    """Return the statement of a customer in words."""
    balance = rows["balance"].to_list()[-1]
    owed = [
        (label, dollars(ages.get(name, NOTHING))) for label, name in zip(AGES, AGED, strict=True)
    ]
    if spare := ages.get("unapplied", NOTHING):
        owed.append(("Not applied yet", dollars(-spare)))
    after = [] if balance > 0 else ["There is nothing to pay."]
    return Paper(
        customer=customer,
        path=folder / write.own_name(customer),
        title="Statement of account",
        facts=[
            ("Account", customer),
            ("From", day_words(days[0])),
            ("To", day_words(days[1])),
        ],
        words=[],
        heads=("Date", "", "Invoice", "Due", "Amount", "Balance"),
        rows=[
            (
                short_day(row["on"]),
                row["what"],
                row["reference"] or "",
                short_day(row["due_date"]),
                "" if row["what"] == FORWARD else dollars(row["amount"]),
                dollars(row["balance"]),
            )
            for row in rows.iter_rows(named=True)
        ],
        total=("Balance", f"${dollars(balance)}"),
        ages=owed,
        after=after,
    )
