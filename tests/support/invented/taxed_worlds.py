"""Invoiced items of a month with their customers, taxes and contributions, made from a seed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from random import Random
from typing import Any

import polars as pl
from hypothesis import strategies as st

from invoices.schema import CHARGE_CLASSES, RATE
from rebill.pricing import taxes

SEEDS = st.integers(0, 2**32)
NOT_OURS = ("tax", "surcharge", "late_charge")
DAY = dt.date(2026, 3, 15)
Rows = list[dict[str, Any]]


class Taxed:
    """Invented items of one month, and tables that tax them."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        pick = random.choice
        self.customers = [
            {"customer": f"C{n}", "tax_exempt": n == 3, "tax_source": pick(["table", "none"]),
             "federal_usf": pick(["charge", "charge", "pass_through"]), "proration": pick(
                 [None, "none", "actual_days", "thirty_day_month"])}
            for n in range(4)
        ]  # fmt: skip
        self.states = [{"service": f"S{n}", "state": pick(["OH", "FL", None])} for n in range(6)]
        self.items = [
            {"customer": f"C{random.randint(0, 3)}", "bill_month": "2026-03",
             "service": pick([f"S{n}" for n in range(6)] + [None]),
             "usoc": pick(["1MB", "ESX", None]), "product": pick(["voice", None]),
             "charge_class": pick(CHARGE_CLASSES),
             "price": D(random.randint(-500, 9000)).scaleb(-2)}
            for _ in range(25)
        ]  # fmt: skip
        home = {row["service"]: row["state"] for row in self.states}
        for item in self.items:
            item["state"] = home.get(item["service"])
        dates = [(None, None), (dt.date(2026, 1, 1), None), (None, dt.date(2026, 2, 1))]
        self.located = [
            {"customer": customer, "service": service, "jurisdiction": where, "from": a, "until": b}
            for customer, service in [("C0", None), ("C0", "S1"), ("C1", "S2"), ("C2", None)]
            for where in ("CITY", "OH")
            for a, b in [pick(dates)]
        ]
        self.rates = [
            {"row_id": n, "jurisdiction": where, "tax": tax, "charge_class": kind,
             "product": product, "rate": D(random.randint(0, 90000)).scaleb(-6), "from": a,
             "until": b}
            for n, (where, tax, kind, product) in enumerate(
                (w, t, k, p) for w in ("OH", "CITY") for t in ("sales", "911")
                for k in (None, "recurring", "prorated", "surcharge") for p in (None, "voice")
            )
            for a, b in [pick(dates)]
            if random.random() < 0.6
        ]  # fmt: skip
        self.exempt = [
            {"customer": "C0", "jurisdiction": pick(["OH", None]), "tax": pick(["911", None]),
             "from": a, "until": b} for a, b in [pick(dates)]
        ]  # fmt: skip
        self.shares = [
            {"usoc": usoc, "product": product, "share": D(random.randint(0, 10**6)).scaleb(-6)}
            for usoc, product in [("1MB", None), (None, "voice"), (None, None)]
            if random.random() < 0.7
        ]
        self.factor = D(random.randint(1, 500000)).scaleb(-6)
        self.charged = pick([None, self.factor - D("0.000001")])

    def places(self, item: dict[str, Any]) -> list[str | None]:
        named = [row for row in self.located if holds(row)]
        of_service = [r["jurisdiction"] for r in named
                      if r["service"] == item["service"] and item["service"]]  # fmt: skip
        of_customer = [r["jurisdiction"] for r in named
                       if r["service"] is None and r["customer"] == item["customer"]]  # fmt: skip
        states = [row["state"] for row in self.states if row["service"] == item["service"]]
        return of_service or of_customer or states or [None]

    def rate_of(self, item: dict[str, Any], where: str | None, tax: str) -> dict[str, Any] | None:
        fitting = []
        for row in self.rates:
            if not holds(row) or row["jurisdiction"] != where or row["tax"] != tax:
                continue
            kind, wanted = item["charge_class"], row["charge_class"]
            if wanted is None and kind in NOT_OURS:
                continue
            covers = wanted == "recurring" and kind == "prorated"
            if wanted is not None and wanted != kind and not covers:
                continue
            if row["product"] is not None and row["product"] != item["product"]:
                continue
            rank = (row["product"] is None, wanted is None, wanted != kind)
            fitting.append((rank, row["row_id"], row))
        return min(fitting)[2] if fitting else None

    def tables(self) -> taxes.Tables:
        def dated(rows: Rows, **schema: Any) -> pl.DataFrame:
            whole = {**schema, "effective_from": pl.Date, "effective_until": pl.Date}
            given = [
                {**{k: v for k, v in row.items() if k in schema},
                 "effective_from": row.get("from"), "effective_until": row.get("until")}
                for row in rows
            ]  # fmt: skip
            return pl.DataFrame(given, schema=whole)

        text = pl.String
        return taxes.Tables(
            pl.DataFrame(self.customers, schema_overrides={"proration": text}),
            dated(self.located, customer=text, service=text, jurisdiction=text),
            dated(self.rates, row_id=pl.Int64, jurisdiction=text, tax=text, description=text,
                  charge_class=text, product=text, rate=RATE),
            dated(self.exempt, customer=text, jurisdiction=text, tax=text),
            dated([{"row_id": 1, "factor": self.factor, "charged": self.charged}],
                  row_id=pl.Int64, factor=RATE, charged=RATE),
            dated(self.shares, usoc=text, product=text, share=RATE),
        )  # fmt: skip

    @property
    def days(self) -> pl.DataFrame:
        names = [row["customer"] for row in self.customers]
        return pl.DataFrame({"customer": names, "bill_month": "2026-03", "bill_date": DAY})


def holds(row: dict[str, Any]) -> bool:
    return (row["from"] or DAY) <= DAY and (row["until"] is None or row["until"] > DAY)
