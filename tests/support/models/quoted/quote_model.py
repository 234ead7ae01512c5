"""A slow, obvious model of the price of an option: rates tried one by one, fractions, no frames."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
PLACES = ("ban", "zone", "state", "term_months")
"""What a rate may name, the strongest first."""


@dataclass(frozen=True)
class Price:
    """What an option comes to, in cents."""

    monthly_cost: int
    monthly_price: int
    nrc_cost: int
    nrc_price: int


def half_away(amount: Fraction) -> int:
    """Return an amount of cents, 0 or more, as whole cents."""
    return math.floor(amount + Fraction(1, 2))


def rate_of(rates: list[Row], element: Row, line: Row, term: int | None) -> Fraction | None:
    """Return the rate of the most specific row that fits; of equals the first in the table."""
    asked = {"ban": None, "zone": line["zone"], "state": line["state"], "term_months": term}
    fits = [
        rate
        for rate in rates
        if rate["usoc"] == element["usoc"]
        and rate["charge_class"] in (None, element["charge_class"])
        and all(rate[p] is None or rate[p] == asked[p] for p in PLACES)
    ]
    best = max(
        fits,
        key=lambda rate: ([rate[p] is not None for p in PLACES], rate["charge_class"] is not None),
        default=None,
    )
    return None if best is None else Fraction(best["rate"])


def price_of(tables: dict[str, list[Row]], line: Row, term: int | None) -> Price | None:
    """Return what the option of the one offer comes to; None where something has no price."""
    times = {"unit": line["quantity"], "mile": line["miles"], "site": "1"}
    sums = {"recurring": [0, 0, True], "one_time": [0, 0, True]}
    for element in tables["offer_elements"]:
        rate = rate_of(tables["buy_rates"], element, line, term)
        if rate is None or times[element["per"]] is None:
            return None
        units = Fraction(element["quantity"]) * Fraction(times[element["per"]])
        cost = half_away(rate * units * 100)
        share = _share(tables["markups"], element)
        part = sums[element["charge_class"]]
        part[0] += cost
        if cost and share is None:
            part[2] = False
        elif cost:
            part[1] += half_away(cost * (1 + share))
    (head,) = tables["quotes"]
    made = []
    for charge_class, (cost, price, marked) in sums.items():
        served = 200 if charge_class == "recurring" else 0
        if line["price"] is not None and charge_class == "recurring":
            price = half_away(Fraction(line["price"]) * Fraction(line["quantity"]) * 100)
        elif not marked:
            if head["target_margin"] is None:
                return None
            left = 1 - Fraction(1, 50) - Fraction(head["target_margin"])
            price = math.ceil((cost + served) / left)
        made += [cost, price]
    return Price(*made)


def _share(markups: list[Row], element: Row) -> Fraction | None:
    """Return the markup of a code, else that of its class, else that of all."""
    for name in ("usoc", "charge_class", None):
        for row in markups:
            named = [key for key in ("usoc", "charge_class") if row[key] is not None]
            if named == ([name] if name else []) and (not name or row[name] == element[name]):
                return Fraction(row["value"])
    return None
