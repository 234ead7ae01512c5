"""What goes wrong on a bill: each function spoils one line as a carrier might."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from model_lines import MONTHLY
from model_time import DAY, Row, add_months, rounded

if TYPE_CHECKING:
    from worlds_paper import Bill


def more_units(bill: Bill, line: Row) -> None:
    """Bill more units than there are, at the same rate."""
    units = Decimal(1) if line["quantity"] is None else line["quantity"]
    line["quantity"] = units + bill.dice.choice([1, 2])
    if units and bill.maybe(80):
        line["amount"] = rounded(Fraction(line["amount"]) * Fraction(line["quantity"] / units))


def other_rate(bill: Bill, line: Row) -> None:
    """Bill at another rate of the book or of retail, or at one out of the air."""
    own = bill.contract and bill.contract.id
    book = [
        row["rate"]
        for row in [*bill.world.buy_rates, *bill.world.retail_rates]
        if row["usoc"] == line["usoc"] and line["usoc"] and row.get("contract", own) == own
    ]
    rate = bill.dice.choice(book) if book and bill.maybe(75) else bill.maker.money(45)
    bill.charge(line, rate)


def other_amount(bill: Bill, line: Row) -> None:
    """Bill an amount that no unit rate explains."""
    step = bill.dice.choice(["0.01", "-0.01", "0.02", "0.40", "1.00", "-1.00", "13.37"])
    line["amount"] = max(Decimal("0.00"), line["amount"] + Decimal(step))


def days_miscounted(bill: Bill, line: Row) -> None:
    """Prorate by other days than the period has, a day or many off, or not at all."""
    start, end = line["service_from"], line["service_until"]
    if line["charge_class"] not in MONTHLY or not start or not end or start >= end:
        return
    line["charge_class"] = "prorated"
    rate = line["unit_rate"] or bill.maker.money(20)
    units = Decimal(1) if line["quantity"] is None else line["quantity"]
    days = Fraction((end - start).days + bill.dice.choice([-1, 1, 2, 5, 9, 30]), 30)
    line["amount"] = max(Decimal("0.00"), bill.amount(rate, days, units))


def no_amount(bill: Bill, line: Row) -> None:
    """Bill nothing."""
    line["amount"] = Decimal("0.00")


def wrong_code(bill: Bill, line: Row) -> None:
    """Misread a code, take another, or print none."""
    code = line["usoc"] or "1FB"
    near = code.translate(str.maketrans("O0I1", "0O1I"))
    line["usoc"] = bill.dice.choice([near, near, "ZZTOP", None, "SUMM1", "1MB", "FUSF1"])


def wrong_identity(bill: Bill, line: Row) -> None:
    """Print no circuit or number, unknown ones, or those of another service."""
    other = bill.dice.choice(bill.world.services)
    own = next((s for s in bill.world.services if s["circuit_id"] and s["ban"] == bill.ban), None)
    line.update(
        bill.dice.choice(
            [
                {"wtn": None, "circuit_id": None},
                {"wtn": "2125550199", "circuit_id": None},
                {"circuit_id": "99.XXXX.000001"},
                {"wtn": other["wtn"], "circuit_id": (own or other)["circuit_id"]},
                {"wtn": other["wtn"]},
                {"circuit_id": other["circuit_id"]},
                {"wtn": other["wtn"], "circuit_id": other["circuit_id"]},
            ]
        )
    )
    if line["circuit_id"] and bill.maybe(40):
        line["circuit_id"] = line["circuit_id"].lower().replace(".", " .")


def wrong_dates(bill: Bill, line: Row) -> None:
    """Move, lengthen, shorten, empty or age the period, the amount staying as it is."""
    if line["service_from"] is None:
        line["service_from"] = bill.maker.day()
        return
    start, end = line["service_from"], line["service_until"] or line["service_from"]
    step = DAY * bill.dice.randint(1, 20)
    line["service_from"], line["service_until"] = bill.dice.choice(
        [
            (start - step, end),
            (start, end + step),
            (start - step, end - step),
            (add_months(start, -14), add_months(end, -14)),
            (add_months(start, -3), add_months(end, -3)),
            (start, start),
            (start, None),
            (None, None),
            (start, add_months(end, 1)),
            (start, start + DAY),
        ]
    )


def wrong_class(bill: Bill, line: Row) -> None:
    """Bill under another charge class."""
    line["charge_class"] = bill.dice.choice(
        ["recurring", "prorated", "one_time", "usage", "surcharge", "tax", "late_charge"]
    )


def negative(bill: Bill, line: Row) -> None:
    """Turn the charge into a credit."""
    line["amount"] = -line["amount"]
    if line["quantity"]:
        line["quantity"] = -line["quantity"]


def split_units(bill: Bill, line: Row) -> None:
    """Bill two units as two lines of one."""
    if line["quantity"] != 2:
        return
    line["quantity"], half = Decimal(1), rounded(line["amount"] / 2)
    rest = {**line, "amount": line["amount"] - half}
    line["amount"] = half
    bill.lines.append(rest)


def not_at_all(bill: Bill, line: Row) -> None:
    """Forget the line."""
    bill.lines = [other for other in bill.lines if other is not line]


SPOILS: list[Callable[[Bill, Row], None]] = [
    *[other_rate] * 5,
    *[days_miscounted] * 3,
    *[more_units, other_amount, wrong_identity, wrong_dates] * 2,
    *[no_amount, wrong_code, wrong_class, negative, split_units, not_at_all],
]
"""What can be done to a line; what is named more often happens more often."""
