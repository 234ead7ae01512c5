"""The codes that take days, units or whole lines: each answers what of a line is due.

A code is a function of the facts and a line: None where it is not true of the line, else the units
it leaves due on each day. `NARROWING` has them in their order of precedence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from model_credits import credited_in_full, until
from model_facts import Facts
from model_lines import MONTHLY, ORDERED, Due, Judged
from model_repeats import NONE, charged_twice, earlier_charges, too_late, wholly_at_stake
from model_time import days_touched


def nothing(j: Judged) -> Due:
    """Return a due of no units on any day."""
    return dict.fromkeys(j.due, NONE)


def only(j: Judged, due: Callable[[dt.date], bool]) -> Due:
    """Return the billed units on the days that are due, none on the others."""
    return {day: j.units if day is None or due(day) else NONE for day in j.due}


def account_unknown(facts: Facts, j: Judged) -> Due | None:
    return nothing(j) if j.contract is None else None


def backbilled_too_late(facts: Facts, j: Judged) -> Due | None:
    return nothing(j) if too_late(j) else None


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
    carries = Decimal(j.order["quantity"])
    repeated = bool(earlier_charges(facts, j))
    true = carries < j.units or (j.units_left < j.units and not repeated)
    return {None: j.units_left} if true else None


def is_element(j: Judged) -> bool:
    """Say whether the line is judged by the inventory's elements."""
    monthly = j["charge_class"] in MONTHLY and j.kind in (None, "recurring")
    return bool(monthly and j.service and j["usoc"] and not j.package)


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
    return dict.fromkeys(j.due, j.units)


def charged_in_summary(facts: Facts, j: Judged) -> Due | None:
    if j["charge_class"] not in MONTHLY or not j.service or not j["usoc"] or not j.period:
        return None
    summaries = {
        rule["usoc"] for rule in facts.rules(j, "summary_of") if rule["other_usoc"] == j["usoc"]
    }
    days = {d for d in days_touched(j.period) if facts.in_window(j, d)}
    billed = any(
        days and days <= set().union(*(days_of_summary(facts, e, j) for e in facts.lines
                                       if e["usoc"] == usoc and beside(e, j)))
        for usoc in summaries
    )  # fmt: skip
    return nothing(j) if billed else None


def beside(e: Judged, j: Judged) -> bool:
    """Say whether a line is a charge of the same service, on a bill of this month or before."""
    monthly = e["charge_class"] in MONTHLY and e["amount"] > 0
    there = e.service is j.service and e["carrier"] == j["carrier"]
    return bool(monthly and there and e.month <= j.month)


def days_of_summary(facts: Facts, e: Judged, j: Judged) -> set[dt.date]:
    """Return the days for which a summary is itself due: ordered, in force, not credited."""
    if wholly_at_stake(e) or not e.period:
        return set()
    credited = credited_in_full(facts, e, until(j))
    return {
        day
        for day in days_touched(e.period)
        if facts.in_window(e, day)
        and (facts.has(e, day) > 0 or not is_element(e))
        and day not in credited
    }


def quantity_above_inventory(facts: Facts, j: Judged) -> Due | None:
    if not is_element(j):
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
WHOLE = (
    account_unknown,
    backbilled_too_late,
    service_unknown,
    tax_on_exempt_account,
    surcharge_not_due,
    charged_in_summary,
)
"""Those that take the whole line."""
