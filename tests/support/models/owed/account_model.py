"""The slow, obvious account of a customer: invoice by invoice and payment by payment, in Python.

It judges `invoices.customer.account` and `invoices.customer.account_section`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
NOTHING = Decimal("0.00")


def model_balances(bills: Iterable[Row], paid: Iterable[Row], as_of: dt.date) -> dict[str, Decimal]:
    """Return what an account comes to by age: its issued invoices and its payments, all that count.

    Each dollar of money is laid on an invoice, one after the other.
    """
    charges = [dict(b) for b in bills if b["kind"] == "invoice" and b["total"] >= 0]
    charges.sort(key=lambda b: (b["due_date"], b["bill_date"], b["invoice_no"]))
    rest = {b["invoice_no"]: b["total"] for b in charges}
    pool = NOTHING
    money = [(p["invoice_no"], p["amount"]) for p in paid]
    for bill in bills:
        if bill["kind"] == "credit_note":
            money.append((bill["corrects"], -bill["total"]))
        elif bill["total"] < 0:
            money.append((None, -bill["total"]))
    for number, amount in money:
        if number in rest:
            rest[number] -= amount
        else:
            pool += amount
    for number, left in rest.items():
        if left < 0:
            pool, rest[number] = pool - left, NOTHING
    ages = dict.fromkeys(("current", "30", "60", "90", "older"), NOTHING)
    if pool < 0:
        ages["current"], pool = -pool, NOTHING
    for bill in charges:
        used = min(pool, rest[bill["invoice_no"]])
        pool -= used
        days = (as_of - bill["due_date"]).days
        age = next((a for a, most in AGES if days <= most), "older")
        ages[age] += rest[bill["invoice_no"]] - used
    past = sum((amount for age, amount in ages.items() if age != "current"), start=NOTHING)
    balance = sum(ages.values(), start=NOTHING) - pool
    return {**ages, "unapplied": pool, "past_due": past, "balance": balance}


AGES = (("current", 0), ("30", 30), ("60", 60), ("90", 90))


def model_section(
    number: str, issued: Iterable[Row], payments: Iterable[Row]
) -> dict[str, Any] | None:
    """Return what an issued invoice says of its account, or nothing where it says nothing."""
    every = list(payments)
    ordered = sorted(issued, key=lambda b: b["issued_run"])
    place = next(n for n, b in enumerate(ordered) if b["invoice_no"] == number)
    own = ordered[place]
    mine = [p for p in every if p["run"] is None or p["customer"] == own["customer"]]
    if not any(_came(p, own) for p in mine):
        return None
    mine = [b for b in ordered[: place + 1] if b["customer"] == own["customer"]]
    known = _known(own, every)
    ages = model_balances(mine, known, own["issued_on"])
    last = next((b for b in reversed(mine[:-1]) if b["kind"] == "invoice"), None)
    said = NOTHING
    upto: list[Row] = []
    if last is not None:
        upto = mine[: mine.index(last) + 1]
        said = model_balances(upto, _known(last, every), last["issued_on"])["balance"]
    came = sum((p["amount"] for p in known), start=NOTHING)
    before = sum((p["amount"] for p in _known(last, every)) if last else (), start=NOTHING)
    since = [b for b in mine[:-1] if b not in upto]
    return {
        "invoice_no": number,
        "as_of": own["issued_on"],
        "previous_balance": said,
        "payments": came - before,
        "credits": -sum((b["total"] for b in since), start=NOTHING),
        "brought_forward": ages["balance"] - own["total"],
        "total": own["total"],
        **ages,
    }


def _known(bill: Row, payments: Iterable[Row]) -> list[Row]:
    """Return the payments that were known when the invoice was issued, of up to its day."""
    load = bill["issued_load"]
    return [
        p
        for p in payments
        if p["customer"] == bill["customer"]
        and p["paid_on"] <= bill["issued_on"]
        and _came(p, bill)
        and not (p["superseded_in"] is not None and p["superseded_in"] <= load)
    ]


def _came(payment: Row, bill: Row) -> bool:
    """Say whether a payment was loaded, or debited, before the invoice was issued."""
    if payment["run"] is not None:
        return bool(payment["run"] < bill["issued_run"])
    return bool(payment["loaded_in"] <= bill["issued_load"])
