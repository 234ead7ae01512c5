"""Who is debited with what on a day, and who is not and why: decided, nothing done.

A customer is debited who agreed, whose bank took a prenote and did not object, and whose invoice is
due when the debit settles; each invoice once. A return that says the authorisation is over stops
all until there is a newer one, one that says the account is wrong until the account is another.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import polars as pl

from invoices.bank.nacha_out import MOST_CENTS
from invoices.bank.returns import CHANGE_CODES, RETURN_CODES
from invoices.money import ZERO_CENTS, cents
from invoices.schema import CENTS

SENT = pl.Schema(
    {
        "trace": pl.String(),
        "file": pl.String(),
        "customer": pl.String(),
        "invoice_no": pl.String(),  # null = a prenote
        "amount": CENTS,
        "made_on": pl.Date(),
        "settles_on": pl.Date(),
        "last_digits": pl.String(),  # of the account
        "mark": pl.String(),  # `marked`
        "returned_on": pl.Date(),  # null = it did not come back
        "returned": CENTS,  # what the bank took back: its word goes before our amount
        "returned_in": pl.Int64(),  # the bank file that says so
        "code": pl.String(),  # R01...
        "changed_on": pl.Date(),  # null = the bank asked for no change
        "change": pl.String(),  # C01...
        "corrected": pl.String(),  # what it should be, as the bank says it
    }
)
"""A debit that went out, and what the bank said of it since."""
ENTRIES = pl.Schema(
    {
        "customer": pl.String(),
        "name": pl.String(),
        "invoice_no": pl.String(),  # null = a prenote
        "due_date": pl.Date(),
        "amount": CENTS,  # 0.00 = a prenote
        **dict.fromkeys(("sec", "account_type", "routing", "account", "mark"), pl.String()),
    }
)
LEFT_OUT = pl.Schema(
    {
        "customer": pl.String(),
        "invoice_no": pl.String(),
        "open": CENTS,
        "why": pl.String(),
    }
)
REVOKED = ("R05", "R07", "R08", "R10", "R11", "R29")
"""Returns after which nobody is debited without a newer authorisation."""
HARMLESS = ("R01", "R09")
"""Returns that say nothing of the authorisation or the account; the others say the account is
wrong."""
TO_CHANGE = ("C01", "C02", "C03", "C05", "C06", "C07", "C14")
"""Changes without which the next debit would be wrong again."""


@dataclass(frozen=True)
class Day:
    """The day debits are made on, and what depends on it."""

    as_of: dt.date
    settles_on: dt.date
    proven_until: dt.date
    """A prenote that settled by this day has had its three banking days."""
    days_after_due: int = 0
    prenote: bool = True


def marked(customers: pl.DataFrame) -> pl.DataFrame:
    """Return customers with `mark`: it is another where bank, account, its kind or class are."""
    said = customers.select("routing", "account", "account_type", "sec")
    marks = [hashlib.sha256("|".join(row).encode()).hexdigest()[:24] for row in said.iter_rows()]
    return customers.with_columns(mark=pl.Series(marks, dtype=pl.String))


def able(customers: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the customers who agreed by a day, with their `mark`; classes in capitals."""
    given = (pl.col(name).is_not_null() for name in ("routing", "account", "sec"))
    agreed = customers.filter(pl.col("ach_authorised_on") <= as_of, *given)
    return marked(
        agreed.with_columns(
            pl.col("account_type").fill_null("checking"), pl.col("sec").str.to_uppercase()
        )
    )


def decide(
    items: pl.DataFrame, customers: pl.DataFrame, sent: pl.DataFrame, day: Day
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the entries to make (`ENTRIES`) and what is due and left out (`LEFT_OUT`).

    `items` is what is open, with what of it is `owed` still when the debit settles; `customers` are
    those of the reference table with a name, `sent` every debit so far (`SENT`).
    """
    known = able(customers, day.as_of).join(_stops(customers, sent, day), on="customer", how="left")
    known = known.join(_prenotes(sent), on=["customer", "mark"], how="left")
    past = sent.filter(pl.col("invoice_no").is_not_null()).sort("trace")
    last = past.unique("invoice_no", keep="last", maintain_order=True)
    owed = items.filter(pl.col("invoice_no").is_not_null(), pl.col("open") > 0)
    due = owed.join(known, on="customer").join(
        last.select("invoice_no", "settles_on", "returned_on", "code"), on="invoice_no", how="left"
    )
    due = due.filter(
        pl.col("due_date") + pl.duration(days=day.days_after_due) <= day.settles_on
    ).with_columns(why=_why(day))
    live = due.filter(pl.col("why").is_null()).with_columns(amount="owed")
    first = known.filter(
        pl.lit(day.prenote), pl.col("first_on").is_null(), pl.col("stopped").is_null()
    ).with_columns(
        invoice_no=pl.lit(None, dtype=pl.String),
        due_date=pl.lit(None, dtype=pl.Date),
        amount=ZERO_CENTS,
    )
    entries = pl.concat([live.select(ENTRIES.names()), first.select(ENTRIES.names())])
    left = due.filter(pl.col("why").is_not_null()).select(LEFT_OUT.names())
    return (
        entries.cast(ENTRIES).sort("sec", "customer", "due_date", "invoice_no"),
        left.sort("customer", "invoice_no"),
    )


def _prenotes(sent: pl.DataFrame) -> pl.DataFrame:
    """Return [customer, mark, first_on]: when the first entry to an account settled."""
    return sent.group_by("customer", "mark").agg(first_on=pl.col("settles_on").min())


def _stops(customers: pl.DataFrame, sent: pl.DataFrame, day: Day) -> pl.DataFrame:
    """Return [customer, stopped]: why a customer is not debited any more, the last reason."""
    now = able(customers, day.as_of).select("customer", "ach_authorised_on", now="mark")
    told = sent.join(now, on="customer")
    same = pl.col("mark") == pl.col("now")
    code = pl.col("code")
    over = code.is_in(REVOKED) & (pl.col("ach_authorised_on") <= pl.col("returned_on"))
    wrong = code.is_not_null() & ~code.is_in((*REVOKED, *HARMLESS)) & same
    change = pl.col("change").is_in(TO_CHANGE) & same
    meant = code.replace_strict(RETURN_CODES, default="returned", return_dtype=pl.String)
    back = pl.concat_str(code, pl.lit(" on "), "returned_on", pl.lit(": "), meant)
    what = pl.col("change").replace_strict(CHANGE_CODES, default="", return_dtype=pl.String)
    asked = pl.concat_str("change", pl.lit(" on "), "changed_on", pl.lit(": "), what)
    why = (
        pl.when(over)
        .then(back + pl.lit("; a newer ach_authorised_on takes it up again"))
        .when(wrong)
        .then(back + pl.lit("; correct routing and account"))
        .when(change)
        .then(asked + pl.lit(" to be changed first"))
    )
    return (
        told.with_columns(stopped=why)
        .drop_nulls("stopped")
        .sort("trace")
        .unique("customer", keep="last", maintain_order=True)
        .select("customer", "stopped")
    )


def _why(day: Day) -> pl.Expr:
    """Return why what is due is not debited; null where it is."""
    first, back = pl.col("first_on"), pl.col("returned_on")
    code = pl.col("code")
    meant = code.replace_strict(RETURN_CODES, default="returned", return_dtype=pl.String)
    return pl.coalesce(
        pl.when(back.is_not_null()).then(
            pl.concat_str(
                pl.lit("its debit came back on "), back, pl.lit(", "), code, pl.lit(": "), meant
            )
        ),
        pl.when(pl.col("settles_on").is_not_null()).then(
            pl.concat_str(pl.lit("it is debited on "), "settles_on")
        ),
        pl.col("stopped"),
        pl.when(pl.lit(day.prenote) & first.is_null()).then(pl.lit("its prenote goes first")),
        pl.when(pl.lit(day.prenote) & (first > day.proven_until)).then(
            pl.concat_str(
                pl.lit("its prenote of "), first, pl.lit(" has not had three banking days")
            )
        ),
        pl.when(pl.col("owed") <= 0).then(pl.lit("what is on its way pays it")),
        pl.when(cents(pl.col("owed")) > MOST_CENTS).then(
            pl.lit("it is more than one entry can carry, 99,999,999.99")
        ),
    )
