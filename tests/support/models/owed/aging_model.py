"""What customers owe, by plain decimals, invoice by invoice and cent by cent."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal as D
from typing import Any

Row = dict[str, Any]
LIMITS = (("current", 0), ("30", 30), ("60", 60), ("90", 90))


def aging(invoices: list[Row], payments: list[Row], as_of: dt.date) -> dict[str, Row]:
    """Return the buckets of each customer of whom anything is open or to the good."""
    counted = [
        each for each in invoices if each["status"] == "issued" and each["issued_on"] <= as_of
    ]
    bills = [each for each in counted if each["kind"] == "invoice"]
    left = {each["invoice_no"]: each["total"] for each in bills}
    owner = {each["invoice_no"]: each["customer"] for each in bills}
    pool: dict[str, D] = defaultdict(D)
    paid = [
        (p["customer"], p["invoice_no"], p["amount"]) for p in payments if p["paid_on"] <= as_of
    ]
    paid += [(n["customer"], n["corrects"], -n["total"]) for n in counted if n not in bills]
    for customer, number, amount in paid:
        if owner.get(number) == customer:
            left[number] -= amount
        else:
            pool[customer] += amount
    for number, rest in left.items():
        if rest < 0:
            pool[owner[number]] -= rest
            left[number] = D(0)
    found: dict[str, Row] = {}
    for customer in {*pool, *owner.values()}:
        row: Row = dict.fromkeys(("current", "30", "60", "90", "older"), D(0))
        spare = pool[customer]
        own = [each for each in bills if each["customer"] == customer]
        for bill in sorted(own, key=lambda each: (each["due_date"], each["invoice_no"])):
            rest = left[bill["invoice_no"]]
            while rest > 0 and spare > 0:  # a cent at a time would be slow, a payment is enough
                step = min(rest, spare)
                rest, spare = rest - step, spare - step
            days = (as_of - bill["due_date"]).days
            name = next((name for name, most in LIMITS if days <= most), "older")
            row[name] += rest
        row["unapplied"] = max(spare, D(0))
        row["current"] -= min(spare, D(0))  # taken back more than was given
        if any(row.values()):
            found[customer] = row
    return found
