"""What a customer invoice says of the account: what was open, what was paid since, what is now.

It is said as of the day the invoice was issued, with the payments that were known by then, so that
the same invoice says the same whenever it is made. What an invoice says as its balance is what the
next one begins with.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from invoices.customer.account import AGED, BALANCES, BILLS, PAID, balances, open_items
from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, seal

SECTION = pl.Schema(
    {
        "invoice_no": pl.String(),
        "as_of": pl.Date(),  # the day the invoice was issued
        "previous_balance": CENTS,  # the balance that the last invoice said; 0 = there was none
        "payments": CENTS,  # known since then; negative = more was taken back
        "credits": CENTS,  # credit notes since then, without a sign
        "brought_forward": CENTS,  # what the account comes to without this invoice
        "total": CENTS,  # of this invoice; negative = money back
        **{name: kind for name, kind in BALANCES.items() if name != "account"},
    }
)
AGE_WORDS = {
    "current": "Not yet due",
    "30": "1\u201330 days",
    "60": "31\u201360 days",
    "90": "61\u201390 days",
    "older": "Over 90 days",
}


def sections(asked: pl.DataFrame, issued: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """Return what each issued invoice says of its account (`SECTION`).

    `asked` has the invoice_no of some of `issued`, which are all issued invoices and credit notes
    of their customers; `payments` are all versions of all rows, from the load in which they came
    (`loaded_in`) up to that which took them away (`superseded_in`), or from the `run` that made
    them. An invoice counts what was issued before it, and the payments of up to its day that were
    known by then. Where the house had no payment on record then it says nothing: every old invoice
    would look unpaid. A debit says that of the customer who was debited, and of no other.
    """
    if payments.is_empty():
        return pl.DataFrame(schema=SECTION)
    standing = _in_order(issued)
    wanted = standing.join(asked.select("invoice_no"), on="invoice_no", how="semi")
    loads = payments.select(load=pl.col("loaded_in").min())
    debits = payments.group_by("customer").agg(pl.col("run").min())
    oldest = wanted.join(loads, how="cross").join(debits, on="customer", how="left")
    wanted = oldest.filter(_came("load", "run")).drop("load", "run")
    before = (
        wanted.select("last_no")
        .drop_nulls()
        .join(standing, left_on="last_no", right_on="invoice_no")
        .rename({"last_no": "invoice_no", "last_no_right": "last_no"})
    )
    papers = pl.concat([wanted, before], how="diagonal").unique("invoice_no")
    known = _known(papers, payments)
    paid = known.group_by("account").agg(paid=pl.col("amount").sum())
    flows = wanted.pipe(_with_paid, paid, "invoice_no").pipe(_with_paid, paid, "last_no")
    last = pl.col("last_reach").fill_null(ZERO_CENTS)
    first = pl.col("reach") - pl.col("total")
    told = flows.with_columns(
        as_of="issued_on",
        previous_balance=last - pl.col("last_no_paid"),
        payments=pl.col("invoice_no_paid") - pl.col("last_no_paid"),
        credits=last - first,
        brought_forward=first - pl.col("invoice_no_paid"),
    )
    aged = balances(open_items(_up_to(wanted, standing), known))
    return (
        told.join(aged, left_on="invoice_no", right_on="account", how="left")
        .with_columns(pl.col(*AGED, "unapplied", "past_due", "balance").fill_null(ZERO_CENTS))
        .pipe(seal, SECTION)
    )


def _in_order(issued: pl.DataFrame) -> pl.DataFrame:
    """Return what was issued in the order in which it was, with what came before each.

    `reach` is what a customer was billed up to and with it; `last_no` the invoice before it, and
    `last_reach` what it was then.
    """
    by = "customer"
    bill = pl.col("kind") == "invoice"
    # By the run that issued it, so that one issued later for an earlier day changes none before it.
    ordered = issued.sort(by, "issued_run", "issued_on", "bill_date", "invoice_no").with_columns(
        place=pl.int_range(pl.len()).over(by), reach=pl.col("total").cum_sum().over(by)
    )
    return ordered.with_columns(
        last_no=pl.when(bill).then("invoice_no").forward_fill().shift().over(by),
        last_reach=pl.when(bill).then("reach").forward_fill().shift().over(by),
    )


def _known(papers: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """Return the payments that each invoice counts (`PAID`), under its number as the account."""
    came = _came("loaded_in", "run")
    gone = (pl.col("superseded_in") <= pl.col("issued_load")).fill_null(False)
    return (
        papers.select("customer", "issued_on", "issued_load", "issued_run", account="invoice_no")
        .join(payments, on="customer")
        .filter(came & ~gone, pl.col("paid_on") <= pl.col("issued_on"))
        .with_columns(pl.col("amount").cast(CENTS))
        .pipe(seal, PAID)
    )


def _came(load: str, run: str) -> pl.Expr:
    """Say whether a load, or a run, came before the invoice was issued."""
    loaded = (pl.col(load) <= pl.col("issued_load")).fill_null(False)
    return loaded | (pl.col(run) < pl.col("issued_run")).fill_null(False)


def _with_paid(bills: pl.DataFrame, paid: pl.DataFrame, number: str) -> pl.DataFrame:
    """Add as `<number>_paid` what the invoice of that number counts as paid."""
    name = f"{number}_paid"
    own = paid.select("account", pl.col("paid").alias(name))
    joined = bills.join(own, left_on=number, right_on="account", how="left")
    return joined.with_columns(pl.col(name).fill_null(ZERO_CENTS))


def _up_to(wanted: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Return what each invoice and all before it bill (`BILLS`), its number as the account."""
    mine = wanted.select("customer", account="invoice_no", as_of="issued_on", up_to="place")
    both = mine.join(standing, on="customer").filter(pl.col("place") <= pl.col("up_to"))
    return both.pipe(seal, BILLS)


# --- in words -----------------------------------------------------------------------------------


def account_words(row: Mapping[str, Any] | None, called: str) -> dict[str, Any]:
    """Return what is shown of a row of `SECTION` under an invoice that is `called` so, in words.

    `account` and `ages` are pairs of name and amount; all is empty where nothing is said.
    """
    if row is None or row["as_of"] is None:
        return {"account": [], "ages": [], "account_day": "", "past_due": "", "balance": ""}
    rows = {
        "Previous balance": row["previous_balance"],
        "Payments taken back" if row["payments"] < 0 else "Payments received": -row["payments"],
        **({"Credits": -row["credits"]} if row["credits"] else {}),
        "Brought forward": row["brought_forward"],
        f"This {called.lower()}": row["total"],
        "Account balance": row["balance"],
    }
    ages = {AGE_WORDS[age]: row[age] for age in AGED}
    if row["unapplied"]:
        ages["Not applied"] = -row["unapplied"]
    as_of = row["as_of"]
    return {
        "account": [[name, _dollars(amount)] for name, amount in rows.items()],
        "ages": [[name, _dollars(amount)] for name, amount in ages.items()],
        "account_day": f"{as_of:%B} {as_of.day}, {as_of.year}",
        "past_due": _dollars(row["past_due"]) if row["past_due"] else "",
        "balance": _dollars(row["balance"]),
    }


def _dollars(amount: Decimal) -> str:
    sign = "\u2212" if amount < 0 else ""
    return f"{sign}${abs(amount):,.2f}"


def data_of_account(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a row of `SECTION` for machines: an ISO date, decimals as text."""
    if row is None or row["as_of"] is None:
        return None
    return {name: str(value) for name, value in row.items() if name not in ("invoice_no", "total")}
