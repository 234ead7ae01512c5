"""Words and figures of commissions on paper: methods, dollars, values, who pays."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rebill.store.record import Record

METHODS = {
    "percent_of_price": "of the price",
    "percent_of_margin": "of the margin",
    "residual": "residual",
    "flat": "a month",
    "one_off": "once",
    "percent_of_recovered": "of what was recovered",
}


def money(amount: Any) -> str:
    """Return dollars with a minus sign as it is printed; empty where there are none."""
    return "" if amount is None else f"{amount:,.2f}".replace("-", "\u2212")


def value_words(method: str, value: Any) -> str:
    """Return the value of a rule: dollars of a sum, percent of a share."""
    if method in ("flat", "one_off"):
        return money(value)
    return f"{(value * 100).normalize():f} %"


def payer(record: Record) -> dict[str, Any]:
    """Return who pays, as the templates of commissions name it: `house` and `house_address`."""
    house = record.workspace.settings.house
    lines = [*house.address, *filter(None, (house.phone, house.email))]
    return {"house": house.name, "house_address": lines}


def period(month: str) -> dict[str, str]:
    """Return a month (YYYY-MM) in words: `month` and `period`."""
    first = dt.date.fromisoformat(month + "-01")
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return {"month": f"{first:%B %Y}", "period": f"{first:%B %-d, %Y} to {last:%B %-d, %Y}"}
