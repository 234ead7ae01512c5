"""Invented invoices, and rules by which partners earn of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from random import Random
from typing import Any

import polars as pl

from rebill.pricing.earning.commissions import METHODS, RULES
from rebill.store.record import INVOICED_LINES

Row = dict[str, Any]
BILLS = {
    "invoice_no": pl.String,
    "kind": pl.String,
    "bill_date": pl.Date,
    "corrects": pl.String,
}


def line(**given: Any) -> Row:
    whole = {
        "invoice_no": "I-1",
        "customer": "C1",
        "line_id": "D-1",
        "service": "S1",
        "product": "voice",
        "charge_class": "recurring",
        "kind": "charge",
        "credit_of": None,
        "cost": D("60.00"),
        "price": D("100.00"),
        **given,
    }
    return {**whole, "margin": whole["price"] - whole["cost"]}


def bill(number: str, day: str, corrects: str | None = None, kind: str = "invoice") -> Row:
    kind = "credit_note" if corrects else kind
    date = dt.date.fromisoformat(day)
    return {"invoice_no": number, "kind": kind, "bill_date": date, "corrects": corrects}


def rule(payee: str, method: str, value: str, share: str = "100", **given: Any) -> Row:
    empty = dict.fromkeys(("customer", "service", "product", "effective_from", "effective_until"))
    said = {"deal": "D", "payee": payee, "role": "agent", "method": method}
    return {**empty, **said, "value": D(value), "share": D(share), **given}


def frames(lines: list[Row], bills: list[Row], rules: list[Row]) -> tuple[pl.DataFrame, ...]:
    numbered = [{"row_id": n, **row} for n, row in enumerate(rules, 1)]
    return (
        pl.DataFrame(lines, schema={n: d for n, d in INVOICED_LINES.items() if n != "bill_date"}),
        pl.DataFrame(bills, schema=BILLS),
        pl.DataFrame(numbered, schema=RULES),
    )


def world(seed: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Return invented lines, bills and rules whose shares add up."""
    pick = Random(seed)
    months = ["2026-02-10", "2026-03-10", "2026-04-10"]
    bills = [bill(f"I-{who}-{n}", day) for who in "12" for n, day in enumerate(months)]
    noted = [b["invoice_no"] for b in bills if pick.random() < 0.3]
    notes = [bill(f"N-{number}", "2026-04-20", number) for number in noted]
    lines: list[Row] = []
    for number, each in enumerate(bills * 4):
        lines.append(
            line(
                invoice_no=each["invoice_no"],
                customer=f"C{each['invoice_no'][2]}",
                line_id=f"D-{number}",
                service=pick.choice(["S1", "S2", "S3", None]),
                product=pick.choice(["voice", "data", None]),
                charge_class=pick.choice(["recurring", "prorated", "one_time", "usage", "tax"]),
                price=D(pick.randint(0, 30000)) / 100,
                cost=D(pick.randint(0, 30000)) / 100,
            )
        )
    for number in range(6):
        charge = pick.choice(lines[:24])
        later = pick.choice([b for b in bills if b["invoice_no"][2] == charge["customer"][1]])
        words = {"kind": "credit", "charge_class": "adjustment", "credit_of": charge["line_id"]}
        if number % 2:
            words["credit_of"] += " D-9"
        number_of = {"line_id": f"X-{number}", "invoice_no": later["invoice_no"]}
        lines.append({**charge, **words, **number_of, **reversed_of(charge)})
    lines += [
        {**row, "invoice_no": note["invoice_no"], **reversed_of(row)}
        for note in notes
        for row in list(lines)
        if row["invoice_no"] == note["corrects"]
    ]
    given_back = [bill(f"D-{n} of {day}", day, kind="recovered") for n, day in enumerate(months)]
    for number, each in enumerate(given_back * 3):
        words = {"charge_class": "recovered", "kind": None, "line_id": None, "cost": D(0)}
        place = {"invoice_no": each["invoice_no"], "made_key": f"F-{number}"}
        paid = D(pick.randint(-2000, 30000)) / 100
        lines.append({**pick.choice(lines[:24]), **words, **place, "price": paid, "margin": paid})
    return lines, bills + notes + given_back, some_rules(pick)


def reversed_of(row: Row) -> Row:
    return {"price": -row["price"], "cost": -row["cost"]}


SHARES = (
    ["100"],
    ["60", "40"],
    ["50", "50"],
    ["25", "25", "25", "25"],
    ["37.5", "12.5", "37.5", "12.5"],
    ["33.333333", "33.333333", "33.333334"],
)
"""Alone, unlike, alike, and two pairs whose remainders are often equal."""


def some_rules(pick: Random) -> list[Row]:
    scopes: list[Row] = [{}, {"customer": "C1"}, {"product": "voice"}, {"service": "S1"}]
    scopes.append({"customer": "C2", "product": "data"})
    rules: dict[tuple[Any, ...], list[Row]] = {}
    for deal in "AAABBB":
        start = pick.choice([None, dt.date(2026, 3, 1), dt.date(2026, 4, 1)])
        until = pick.choice([None, dt.date(2026, 4, 5)])
        scope, method = pick.choice(scopes), pick.choice(METHODS)
        dollars = method in ("flat", "one_off")
        value = "7.5" if dollars else pick.choice(["0.1", "0.125", "0.333333"])
        shares = pick.choice(SHARES)
        given = {"deal": deal, "effective_from": start, "effective_until": until, **scope}
        rules[deal, method, *sorted(scope.items()), start] = [
            rule(f"P{n}", method, value, share, **given) for n, share in enumerate(shares)
        ]
    return [row for rows in rules.values() for row in rows]
