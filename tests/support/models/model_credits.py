"""What credits leave of a charge: days and units that may be billed again, and money on days.

A credit that names service, USOC and an overlapping period of an earlier charge makes that charge
credited up to its amount. Its cents lie evenly on the days that the two share. What of an overlap
was credited is not a repeat: whole days, whole units, and last the cents that are neither.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction

from model_facts import Facts, Given
from model_lines import ZERO, Judged
from model_time import DAY, days_touched, rounded

Day = dt.date | None
Money = dict[Day, Fraction]
NOTHING = Fraction(0)


def days_of_charge(e: Judged) -> list[Day]:
    """Return the days that a charge bears; a charge without days bears its one `None`."""
    dated = e.told_apart if e["charge_class"] in ("recurring", "prorated", "surcharge") else None
    return list(days_touched(dated)) if dated else [None]


def weights(e: Judged, days: Iterable[Day]) -> Money:
    """Return which share of a charge each of some days bears, all of them together one."""
    days = list(days)
    months = {d: e.months_of(d, d + DAY) if d else Fraction(1) for d in days}
    total = sum(months.values(), NOTHING)
    if not total:
        months, total = dict.fromkeys(days, Fraction(1)), Fraction(len(days))
    return {d: m / total for d, m in months.items()}


def spread_over(amount: Decimal, e: Judged, days: Iterable[Day]) -> Money:
    """Return an amount spread over days as the months of a charge are."""
    return {d: Fraction(amount) * w for d, w in weights(e, days).items()}


def until(j: Judged) -> Callable[[Judged], bool]:
    """Return what says of a credit that it stands on a document not later than a line's."""
    return lambda c: c.order_key[:2] <= j.order_key[:2]


def credited_by_day(facts: Facts, e: Judged, seen: Callable[[Judged], bool]) -> Money:
    """Return what of a charge was credited on each of its days, never more than it bears.

    A credit is for the days it shares with the charge; what it gives beyond what those bear makes
    the charge credited on its other days.
    """
    own = days_of_charge(e)
    left, given = spread_over(e["amount"], e, own), dict.fromkeys(own, NOTHING)
    for c, _, part in credits_of(facts, e, seen):
        met = set(days_touched(c.told_apart)) if c.told_apart else set(own)
        shared = [d for d in own if d is None or d in met]
        rest = Fraction(part)
        for days in (shared, own):
            room = sum((left[d] for d in days), NOTHING)
            taken = min(rest, room)
            for d in days if room else []:
                step = left[d] * taken / room
                given[d] += step
                left[d] -= step
            rest -= taken
    return given


def credits_of(facts: Facts, e: Judged, seen: Callable[[Judged], bool]) -> list[Given]:
    """Return the credits that undo a charge, as far as they are seen."""
    if not e.service or not e["usoc"] or e["amount"] <= 0:
        return []
    return [g for g in facts.given_like(e) if g[1] is e and seen(g[0])]


def freed(facts: Facts, e: Judged, seen: Callable[[Judged], bool]) -> tuple[Money, Money]:
    """Return how many units of a charge may be billed again on each day, and what cents beside.

    Credited in full on some days: its units are not there on those days. Else as many whole units
    as the credit pays for; the cents that are left are money that may be billed again.
    """
    own, money = days_of_charge(e), credited_by_day(facts, e, seen)
    borne = spread_over(e["amount"], e, own)
    units, left = dict.fromkeys(own, NOTHING), dict.fromkeys(own, NOTHING)
    for days in runs_of_share(own, money, borne):
        paid, cost = (sum((part[d] for d in days), NOTHING) for part in (money, borne))
        if not paid:
            continue
        free = Fraction(e.units)
        if rounded(paid) < rounded(cost):
            by_units = e["charge_class"] not in ("usage", "tax")
            free = Fraction(int(Fraction(e.units) * paid / cost)) if by_units else NOTHING
        for d in days:
            units[d] = free
            if free < e.units:
                left[d] = money[d] - borne[d] * free / Fraction(e.units)
    return units, left


def runs_of_share(own: list[Day], money: Money, borne: Money) -> list[list[Day]]:
    """Return the days of a charge in runs of which the same share was credited.

    A day that counts for nothing in its month goes with the day before it, the first with the next.
    """
    runs: list[list[Day]] = []
    known = [money[d] / borne[d] for d in own if borne[d]]
    last = share = known[0] if known else None
    for d in own:
        share = money[d] / borne[d] if borne[d] else last
        if runs and share == last:
            runs[-1].append(d)
        else:
            runs.append([d])
        last = share
    return runs


def credited_in_full(facts: Facts, e: Judged, seen: Callable[[Judged], bool]) -> set[Day]:
    """Return the days of a charge on which all of it was credited."""
    units, _ = freed(facts, e, seen)
    return {d for d in units if e.units and units[d] >= e.units}


def total(money: Iterable[Fraction]) -> Decimal:
    """Return the sum of exact parts in cents, rounded once."""
    return max(ZERO, rounded(sum(money, NOTHING)))
