"""Where a service is at home, as the slow model says it: day by day, and which service a line is.

What `service_accounts` says nothing of, `services` says.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from model_lines import Judged, circuit_key
from model_time import Row, add_months, days_touched, holds

if TYPE_CHECKING:
    from worlds import World

FOR_DAYS = ("recurring", "prorated", "surcharge", "tax", "usage")


class Home(NamedTuple):
    """A carrier and an account, and the days spent there; None = always, or further notice."""

    carrier: str
    ban: str | None
    start: dt.date | None
    end: dt.date | None

    def on(self, day: dt.date) -> bool:
        """Say whether a day is one of those."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


def home_on(world: World, service: Row, day: dt.date) -> tuple[str, str | None]:
    """Return the carrier and the account of a service on a day."""
    for row in world.service_accounts:
        if row["service"] == service["service"] and holds(
            row, day, "effective_from", "effective_until"
        ):
            return row["carrier"], row["ban"]
    return service["carrier"], service["ban"]


def homes(world: World, service: Row) -> list[Home]:
    """Return the homes of a service, one after the other."""
    turns = {
        row[end]
        for row in world.service_accounts
        for end in ("effective_from", "effective_until")
        if row["service"] == service["service"] and row[end]
    }
    found = [Home(*home_on(world, service, dt.date.min), None, None)]
    for day in sorted(turns):
        there = home_on(world, service, day)
        if there != found[-1][:2]:
            found[-1] = found[-1]._replace(end=day)
            found.append(Home(*there, day, None))
    return found


def match(world: World, j: Judged) -> None:
    """Find the service: circuit, then WTN; at home, same BAN, then active; two left is no match."""
    key, number = j["circuit_key"], j["wtn"]
    for_days = j["charge_class"] in FOR_DAYS and j.period is not None and j["amount"] >= 0
    here = [
        (service, home)
        for service in world.services
        for home in homes(world, service)
        if home.carrier == j["carrier"] and (begun(j, home) or in_period(j, home))
    ]
    allowed = [(s, h) for s, h in here if in_period(j, h) or h.on(j["bill_date"]) or not for_days]
    by_circuit = [(s, h) for s, h in allowed if key and circuit_key(s["circuit_id"]) == key]
    by_wtn = [(s, h) for s, h in allowed if number and s["wtn"] == number]
    left = by_circuit or by_wtn
    for wish in (
        lambda s, h: in_period(j, h),
        lambda s, h: h.ban is not None and h.ban == j["ban"],
        lambda s, h: h.on(j["bill_date"]),
        lambda s, h: any(active(s, day) for day in days_of(j)),
    ):
        left = [(s, h) for s, h in left if wish(s, h)] or left
    if not left:
        known = [s for s, _ in here if number and s["wtn"] == number]
        known += [s for s, _ in here if key and circuit_key(s["circuit_id"]) == key]
        j.match_note = "not_at_home" if known else None
        return
    found, home = left[0]
    if any(other is not found for other, _ in left):
        j.match_note = "ambiguous"
        return
    j.service, j.matched_by = found, "circuit" if by_circuit else "wtn"
    if by_circuit and by_wtn and not any(found is s for s, _ in by_wtn):
        j.match_note = "conflict"
    elif home.ban is not None and home.ban != j["ban"]:
        j.match_note = "other_ban"


def days_of(j: Judged) -> list[dt.date]:
    """Return the days a line is for; without any, that of the bill."""
    return days_touched(j.period) if j.period else [j["bill_date"]]


def in_period(j: Judged, home: Home) -> bool:
    """Say whether one of the days a line is for was spent at a home."""
    return any(home.on(day) for day in days_of(j))


def begun(j: Judged, home: Home) -> bool:
    """Say whether a home begins in the month of the bill, or before."""
    return home.start is None or home.start < add_months(j["bill_date"], 1)


def active(service: Row, day: dt.date) -> bool:
    """Say whether a service is installed on a day."""
    return holds(service, day, "installed_on", "disconnected_on")


def shows(world: World, home: Home, service: Row, line: Judged) -> bool:
    """Say whether a line shows that a service was billed by its home in the month of the line.

    In the month of a move any line does.
    """
    moved = len(homes(world, service)) > 1
    turns = [(day.year, day.month) for day in (home.start, home.end) if day]
    return not moved or line.month in turns or line["carrier"] == home.carrier
