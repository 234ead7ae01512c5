"""What is done to the bills of a hard world: each function makes one shape, if it can.

They take the maker of the world and say whether they did anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from model_time import Row, add_months, rounded

if TYPE_CHECKING:
    from hard_worlds import HardMaker

Shape = Callable[["HardMaker"], bool]
DAY = dt.timedelta(days=1)


def again(line: Row, **changed: object) -> Row:
    """Return a copy of a line that prints no unit rate unless it is said."""
    return {**line, "unit_rate": None, "unit_rate_places": None, **changed}


def credit(line: Row, amount: Decimal, **changed: object) -> Row:
    """Return a credit of so much of a line."""
    blank = {"charge_class": "adjustment", "quantity": None}
    return again(line, amount=-abs(amount), **{**blank, **changed})


def days_within(maker: HardMaker, line: Row) -> tuple[dt.date, dt.date] | None:
    """Return some of the days of a line, at one of its ends or in the middle."""
    start, end = line["service_from"], line["service_until"]
    if not start or not end or (end - start).days < 4:
        return None
    cut = sorted(maker.dice.sample(range(1, (end - start).days), 2))
    first, last = start + DAY * cut[0], start + DAY * cut[1]
    return maker.dice.choice([(start, last), (first, end), (first, last)])


def share(maker: HardMaker, n: int, line: Row, start: dt.date, end: dt.date) -> Decimal:
    """Return what of a line falls on some of its days."""
    head = maker.bills[n][0]
    whole = maker.months(head, line["service_from"], line["service_until"])
    part = maker.months(head, start, end)
    return rounded(Fraction(line["amount"]) * min(Fraction(1), part / whole))


# ------------------------------------------------------------------------------------ credits


def days_credited(maker: HardMaker) -> bool:
    """Credit some days, and bill them, or others, again."""
    found = maker.some(*(("surcharge",) if maker.maybe(15) else ()))
    days = found and days_within(maker, found[1])
    if not found or not days:
        return False
    n, line = found
    part = share(maker, n, line, *days)
    dates = {"service_from": days[0], "service_until": days[1]}
    maker.later(n).append(credit(line, part, **dates))
    if maker.maybe(80):
        kind = "prorated" if line["charge_class"] == "recurring" else line["charge_class"]
        amount = maker.dice.choice([part, part, part + 1, maker.part(part, 50, 90)])
        if maker.maybe(25) and (other := days_within(maker, line)):
            dates = {"service_from": other[0], "service_until": other[1]}
        maker.later(n).append(again(line, charge_class=kind, amount=amount, **dates))
    return True


def amount_credited(maker: HardMaker) -> bool:
    """Credit an amount of a line, and bill as much, more or less again."""
    found = maker.some(*maker.dice.choice([(), (), ("usage",), ("one_time",)]))
    if not found:
        return False
    n, line = found
    part = maker.part(line["amount"], 10, 90)
    maker.later(n).append(credit(line, part))
    if maker.maybe(85):
        amount = maker.dice.choice([part, part, part + Decimal("1.23"), maker.part(part, 40, 90)])
        maker.later(n).append(again(line, amount=amount))
    return True


def unit_credited(maker: HardMaker) -> bool:
    """Credit one of several units, and bill it again."""
    found = maker.some("recurring", "prorated", "one_time")
    if not found or (found[1]["quantity"] or 1) < 2:
        return False
    n, line = found
    units = line["quantity"]
    one = rounded(Fraction(line["amount"]) / Fraction(units))
    charge_class = maker.dice.choice(["adjustment", line["charge_class"]])
    maker.later(n).append(credit(line, one, quantity=Decimal(-1), charge_class=charge_class))
    if maker.maybe(85):
        more = maker.dice.choice([1, 1, 1, 2])
        maker.later(n).append(again(line, quantity=Decimal(more), amount=one * more))
    return True


def credited_whole(maker: HardMaker) -> bool:
    """Credit a line in full, and bill it again, once or twice."""
    found = maker.some(*maker.dice.choice([(), (), (), ("one_time",), ("usage",), ("surcharge",)]))
    if not found:
        return False
    n, line = found
    maker.later(n).append(credit(line, line["amount"]))
    for _ in range(maker.dice.choice([0, 1, 1, 2])):
        maker.later(n).append(again(line))
    return True


def credited_twice(maker: HardMaker) -> bool:
    """Credit a line by two credits, of which one may be for some days, and bill it again."""
    found = maker.some()
    if not found:
        return False
    n, line = found
    first, second = maker.part(line["amount"], 10, 50), maker.part(line["amount"], 10, 50)
    maker.later(n).append(credit(line, first))
    maker.later(n).append(credit(line, second))
    if maker.maybe(85):
        maker.later(n).append(again(line, amount=maker.dice.choice([first + second, first])))
    return True


# ----------------------------------------------------------------------------------- due once


def billed_again(maker: HardMaker) -> bool:
    """Bill a line again: all of it, some days, days of the next month too, on any account."""
    found = maker.some(*maker.dice.choice([(), (), ("one_time",), ("usage",), ("surcharge",)]))
    if not found:
        return False
    n, line = found
    days = days_within(maker, line)
    if days and maker.maybe(50):
        line = again(line, service_from=days[0], service_until=days[1],
                     amount=share(maker, n, line, *days))  # fmt: skip
    elif days and maker.maybe(30):
        step = DAY * maker.dice.randint(1, 25)
        line = again(line, service_from=line["service_from"] + step,
                     service_until=line["service_until"] + step)  # fmt: skip
    maker.later(n).append(again(line))
    return True


def rest_billed(maker: HardMaker) -> bool:
    """Bill a line too little, then the rest: at once, in parts, too much, for some days."""
    found = maker.some(*maker.dice.choice([(), (), (), (), ("one_time",), ("usage",)]))
    if not found:
        return False
    n, line = found
    rest = maker.part(line["amount"], 10, 90)
    line["amount"] -= rest
    line["unit_rate"] = line["unit_rate_places"] = None
    style = maker.dice.choice(["rest", "rest", "parts", "too much", "days", "nothing"])
    if style == "parts":
        first = maker.part(rest, 20, 80)
        maker.later(n).append(again(line, amount=first))
        rest -= first
    if style == "too much":
        rest += Decimal("2.50")
    days = days_within(maker, line)
    if style == "days" and days:
        dates = {"service_from": days[0], "service_until": days[1]}
        maker.later(n).append(again(line, amount=rest, **dates))
    elif style != "nothing":
        maker.later(n).append(again(line, amount=rest))
    return True


def line_of_nothing(maker: HardMaker) -> bool:
    """Put a line of 0.00 beside a line, before it or after it, for all or some of its days."""
    found = maker.some()
    if not found:
        return False
    n, line = found
    days = days_within(maker, line) if maker.maybe(30) else None
    dates = {"service_from": days[0], "service_until": days[1]} if days else {}
    if maker.maybe(60):
        maker.later(n, same=0).append(dict(line))
        line.update(again(line, amount=Decimal("0.00"), **dates))
    else:
        bill = maker.bills[n][1]
        bill.insert(maker.dice.randrange(len(bill) + 1), again(line, amount=Decimal("0.00")))
    return True


def too_late_first(maker: HardMaker) -> bool:
    """Bill old days, too late under one contract, on two accounts."""
    found = maker.some()
    if not found or not found[1]["service_from"] or len(maker.bills) < 2:
        return False
    n, line = found
    back = -maker.dice.choice([3, 4, 13, 14])
    old = again(line, service_from=add_months(line["service_from"], back),
                service_until=add_months(line["service_until"], back))  # fmt: skip
    maker.bills[n][1].append(old)
    maker.later(n, same=30).append(dict(old))
    return True


def unknown_account_first(maker: HardMaker) -> bool:
    """Bill a line of a service under an account that no contract knows, too."""
    found = maker.some(*maker.dice.choice([(), (), ("one_time",)]))
    if not found or maker.bills[found[0]][0]["carrier"] != maker.carriers[0]:
        return False
    n, line = found
    day = maker.bills[n][0]["bill_date"] + DAY * maker.dice.choice([-3, 0, 2])
    maker.bill(maker.ban("X", 1), day).append(again(line))
    return True


# ----------------------------------------------------------------------------------- packages


def package_over_bills(maker: HardMaker) -> bool:
    """Bill a part of a package on another bill."""
    found = maker.some(package=True)
    if not found:
        return False
    n, line = found
    maker.bills[n][1][:] = [other for other in maker.bills[n][1] if other is not line]
    maker.later(n, same=0).append(line)
    if maker.maybe(25):
        line["amount"] += Decimal("1.50")
    return True


def package_cut(maker: HardMaker) -> bool:
    """Cut a part of a package in two periods, the second of them on this bill or another."""
    found = maker.some(package=True)
    days = found and days_within(maker, found[1])
    if not found or not days:
        return False
    n, line = found
    cut = days[0] if days[0] > line["service_from"] else days[1]
    first = share(maker, n, line, line["service_from"], cut)
    rest = again(line, service_from=cut, amount=line["amount"] - first, charge_class="prorated")
    line.update(again(line, service_until=cut, amount=first, charge_class="prorated"))
    maker.later(n, same=60).append(rest)
    return True


def package_both_ways(maker: HardMaker) -> bool:
    """Bill the package's own code after its elements, or its elements after its code."""
    found = maker.some(package=True)
    if not found:
        return False
    n, line = found
    code = "PKG1" if line["usoc"] != "PKG1" else maker.dice.choice(["1FB", "PORT1"])
    amount = maker.rate(maker.bills[n][0], "PKG1", line["service_from"])
    part = rounded(amount if code == "PKG1" else amount * 2 / 5)
    maker.later(n, same=50).append(again(line, usoc=code, quantity=Decimal(1), amount=part))
    return True


def package_as_one(maker: HardMaker) -> bool:
    """Bill the elements that a service holds of a package as one line, once or in part too."""
    inside = {r["usoc"] for r in maker.world.packages}
    for service in maker.dice.sample(maker.world.services, len(maker.world.services)):
        held = {r["usoc"] for r in maker.world.service_elements
                if r["service"] == service["service"]}  # fmt: skip
        if service["package"] or not inside <= held:
            continue
        keep = maker.maybe(25)
        for n, (head, lines) in enumerate(maker.bills):
            mine = [x for x in lines if x["wtn"] == service["wtn"] and x["usoc"] in inside]
            if not mine or head["carrier"] != service["carrier"]:
                continue
            whole = mine[0]
            lines[:] = [x for x in lines if not any(x is m for m in mine)]
            maker.charge(lines, service, "PKG1", Decimal(1),
                         whole["service_from"], whole["service_until"])  # fmt: skip
            if keep:
                maker.later(n).append(mine[-1])
        return True
    return False


# -------------------------------------------------------------------------------------- others


def summary_billed(maker: HardMaker) -> bool:
    """Bill a summary beside its elements, ordered or not, credited or not."""
    found = maker.some()
    if not found or found[1]["usoc"] not in ("1FB", "TTB"):
        return False
    n, line = found
    rate = maker.rate(maker.bills[n][0], "SUMM1", line["service_from"])
    months = maker.months(maker.bills[n][0], line["service_from"], line["service_until"])
    summary = again(line, usoc="SUMM1", quantity=Decimal(1),
                    amount=rounded(Fraction(rate) * months))  # fmt: skip
    maker.bills[n][1].append(summary)
    if maker.maybe(40):
        whole = maker.maybe(60)
        part = summary["amount"] if whole else maker.part(summary["amount"], 20, 80)
        maker.later(n, same=50).append(credit(summary, part))
    if maker.maybe(30):
        maker.later(n).append(again(line))
    return True


def surcharge_under_cap(maker: HardMaker) -> bool:
    """Bill a surcharge below its cap, or above it."""
    found = maker.some("surcharge")
    if not found:
        return False
    line = found[1]
    line.update(again(line, amount=maker.part(line["amount"], 40, 120)))
    return True


def other_price(maker: HardMaker) -> bool:
    """Bill a line at another price."""
    found = maker.some(*maker.dice.choice([(), ("one_time",), ("usage",)]))
    if not found:
        return False
    line = found[1]
    line.update(again(line, amount=maker.part(line["amount"], 60, 150)))
    return True


SURE: list[Shape] = [billed_again, rest_billed, days_credited, amount_credited]
SHAPES: list[Shape] = [
    *SURE, unit_credited, credited_whole, credited_twice, line_of_nothing, too_late_first,
    unknown_account_first, package_over_bills, package_cut, package_both_ways, package_as_one,
    summary_billed, surcharge_under_cap, other_price, *[package_over_bills, package_cut],
]  # fmt: skip
"""What can be done; what is named more often happens more often."""
