"""The codes that take days, units or whole lines: each answers what of a line is due.

A code is a function of the facts and a line: None where it is not true of the line, else the units
it leaves due on each day. `NARROWING` has them in their order of precedence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from model_facts import MONTHLY, ORDERED, ZERO, Due, Facts, Judged
from model_time import add_months, days_touched, extension, overlap

NONE = Decimal(0)


def nothing(j: Judged) -> Due:
    """Return a due of no units on any day."""
    return dict.fromkeys(j.due, NONE)


def only(j: Judged, due: Callable[[dt.date], bool]) -> Due:
    """Return the billed units on the days that are due, none on the others."""
    return {day: j.units if day is None or due(day) else NONE for day in j.due}


def account_unknown(facts: Facts, j: Judged) -> Due | None:
    return nothing(j) if j.contract is None else None


def backbilled_too_late(facts: Facts, j: Judged) -> Due | None:
    if not j.contract or not j.period:
        return None
    limit = add_months(j["bill_date"], -j.billing.backbill_limit_months)
    return nothing(j) if j.period[1] < limit else None


def charged_twice(facts: Facts, j: Judged) -> Due | None:
    """The units that earlier lines leave; no units where the service has none."""
    earlier = earlier_charges(facts, j)
    if j["charge_class"] == "one_time":
        has = Decimal(j.order["quantity"]) if j.order else NONE
        used = sum((e.units for e in earlier), NONE)
        return {None: max(NONE, has - used)} if used and used + j.units > has else None
    if j["charge_class"] in ("usage", "tax"):
        return nothing(j) if earlier else None
    due: Due = {}
    for day in j.due:
        used = sum((e.units for e in earlier if day in e.due), NONE)
        has = facts.has(j, day) if day and j["charge_class"] in MONTHLY and used else NONE
        if used and used + j.units > has:
            due[day] = max(NONE, has - used)
    return {**dict.fromkeys(j.due, j.units), **due} if due else None


def earlier_charges(facts: Facts, j: Judged) -> list[Judged]:
    """Return the earlier charges that a line repeats and that were not credited in full."""
    if not j.service or not j["usoc"]:
        return []
    months = max(12, j.billing.backbill_limit_months)
    return [
        e
        for e in facts.lines
        if e.order_key < j.order_key
        and e["bill_date"] >= add_months(j["bill_date"], -months)
        and not e.is_credit
        and e.service is j.service
        and e["usoc"] == j["usoc"]
        and repeats(e, j)
        and e["amount"] > credited(facts, e, j)
    ]


def repeats(e: Judged, j: Judged) -> bool:
    """Say whether two charges for one USOC of one service are for the same thing."""
    kind, other = j["charge_class"], e["charge_class"]
    if kind == "one_time":
        number = j["order_no"] or (j.order and j.order["order_no"])
        printed = e["order_no"] or (e.order and e.order["order_no"])
        return bool(other == kind and number and number == printed)
    if kind in MONTHLY and other in MONTHLY or kind == other == "surcharge":
        return j.period is not None and e.period is not None and overlap(e.period, j.period)
    if kind != other or j.period is None or e.period != j.period:
        return False
    if kind == "usage":
        return j["quantity"] is not None and e["quantity"] == j["quantity"]
    same = (e["description"], e["amount"]) == (j["description"], j["amount"])
    return bool(kind == "tax" and same)


def credits_of(facts: Facts, e: Judged, j: Judged) -> list[Judged]:
    """Return the credits for charge `e`, from its bill date to the document of line `j`."""
    return [
        c
        for c in facts.lines
        if c["amount"] < 0
        and c.service is e.service
        and c["usoc"] == e["usoc"]
        and overlap(c.period, e.period)
        and c["bill_date"] >= e["bill_date"]
        and c.order_key[:2] <= j.order_key[:2]
    ]


def credited(facts: Facts, e: Judged, j: Judged) -> Decimal:
    """Return what of charge `e` was given back by the document of line `j`."""
    return sum((-c["amount"] for c in credits_of(facts, e, j)), NONE)


def uncredited_part(facts: Facts, j: Judged) -> Decimal | None:
    """Return what of the charges that a line repeats was not credited; None without any credit."""
    earlier = earlier_charges(facts, j)
    given = {c["line_id"]: -c["amount"] for e in earlier for c in credits_of(facts, e, j)}
    billed = sum((e["amount"] for e in earlier), NONE)
    return max(ZERO, billed - sum(given.values(), NONE)) if given else None


def service_unknown(facts: Facts, j: Judged) -> Due | None:
    if j.service or j.match_note == "ambiguous":
        return None
    named = j["circuit_key"] or j["wtn"]
    return nothing(j) if named or j["charge_class"] in ORDERED else None


def outside(facts: Facts, j: Judged) -> bool:
    """Say whether the service was active on no day of a usage line's period."""
    return not any(facts.in_window(j, day) for day in days_touched(j.period or (dt.date.max,) * 2))


def billed_after_disconnect(facts: Facts, j: Judged) -> Due | None:
    end = facts.window_end(j) if j.service else None
    if end is None or not j.period or j["charge_class"] in ("one_time", "late_charge"):
        return None
    if days_touched(j.period)[-1] < end:
        return None
    if j["charge_class"] == "usage":
        return nothing(j) if outside(facts, j) else None
    return only(j, lambda day: day < end)


def billed_before_install(facts: Facts, j: Judged) -> Due | None:
    start = j.service["installed_on"] if j.service else None
    if start is None or not j.period or j["charge_class"] in ("one_time", "late_charge"):
        return None
    if j.period[0] >= start:
        return None
    if j["charge_class"] == "usage":
        return nothing(j) if outside(facts, j) else None
    return only(j, lambda day: day >= start)


def one_time_charge_not_due(facts: Facts, j: Judged) -> Due | None:
    if j["charge_class"] != "one_time" or not j.service:
        return None
    if j.order is None or j.order["nrc_waived"]:
        return nothing(j)
    carried = Decimal(j.order["quantity"])
    return {None: carried} if j.units > carried else None


def is_element(j: Judged) -> bool:
    """Say whether the line is judged by the inventory's elements."""
    monthly = j["charge_class"] in MONTHLY and j.kind in (None, "recurring")
    return bool(monthly and j.service and j["usoc"])


def has_by_day(facts: Facts, j: Judged) -> dict[dt.date, Decimal]:
    """Return what the service has of the element on each day on which it may be billed."""
    days = days_touched(j.period) if j.period else []
    return {day: facts.has(j, day) for day in days if facts.in_window(j, day)}


def element_not_ordered(facts: Facts, j: Judged) -> Due | None:
    if not is_element(j):
        return None
    if not facts.ever_had(j):
        return nothing(j)
    missing = {day for day, units in has_by_day(facts, j).items() if not units}
    return only(j, lambda day: day not in missing) if missing else None


def tax_on_exempt_account(facts: Facts, j: Judged) -> Due | None:
    exempt = j["charge_class"] == "tax" and j.billing.resale_certificate
    return nothing(j) if exempt else None


def surcharge_not_due(facts: Facts, j: Judged) -> Due | None:
    exempt = j.family == "federal usf" and j.billing.resale_certificate
    return nothing(j) if exempt else None


def surcharge_above_cap(facts: Facts, j: Judged) -> Due | None:
    if j["charge_class"] != "surcharge" or j.price is None:
        return None
    everything = extension(j.price, Fraction(j.units) * j.whole, j.units, j.rounding)
    above = j["amount"] > everything or j.left > j.due_amount() + j.spared
    return dict.fromkeys(j.due, j.units) if above else None


def charged_in_summary(facts: Facts, j: Judged) -> Due | None:
    if j["charge_class"] not in MONTHLY or not j.service or not j["usoc"]:
        return None
    summaries = {
        rule["usoc"] for rule in facts.rules(j, "summary_of") if rule["other_usoc"] == j["usoc"]
    }
    billed = any(
        e["usoc"] in summaries
        and e.service is j.service
        and e["charge_class"] in MONTHLY
        and e["amount"] > 0
        and e.period == j.period
        and e.month <= j.month
        for e in facts.lines
    )
    return nothing(j) if billed else None


def quantity_above_inventory(facts: Facts, j: Judged) -> Due | None:
    if not is_element(j) or j.package:
        return None
    has: Due = {day: units for day, units in has_by_day(facts, j).items() if 0 < units < j.units}
    return {**dict.fromkeys(j.due, j.units), **has} if has else None


NARROWING: tuple[Callable[[Facts, Judged], Due | None], ...] = (
    account_unknown,
    backbilled_too_late,
    charged_twice,
    service_unknown,
    billed_after_disconnect,
    billed_before_install,
    one_time_charge_not_due,
    element_not_ordered,
    tax_on_exempt_account,
    surcharge_not_due,
    surcharge_above_cap,
    charged_in_summary,
)
"""In the order of precedence."""
