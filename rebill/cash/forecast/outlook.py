"""What all scenarios have in common: the middle and the bands, the lowest point, what to fund."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import polars as pl

from invoices.schema import CENTS
from rebill.cash.forecast.draw import Case, Course, Scenarios, draw
from rebill.cash.forecast.facts import Cents, Days, Facts

BANDS = (5, 25, 50, 75, 95)
"""The percentiles told of each day."""
SHARE = pl.Decimal(18, 6)

FORECAST = pl.Schema(
    {
        "on": pl.Date(),
        "known_pulls": CENTS,  # of bills that are in
        "pulls": CENTS,  # on the mean, as the next two: of bills that are in and of those to come
        "credits": CENTS,  # that lessen the pulls
        "receipts": CENTS,  # from customers
        **{f"balance_p{band}": CENTS for band in BANDS},  # before that day's receipts
        "bounce": SHARE,  # the probability that the day's pull is not covered
    }
)
"""A row a day. Without an opening balance balances begin at 0.00 and nothing is said of bounces."""

CASES = pl.Schema(
    {
        "case": pl.String(),
        "lowest_p5": CENTS,
        "lowest_p50": CENTS,
        "lowest_p95": CENTS,
        "lowest_on_p5": pl.Date(),
        "lowest_on": pl.Date(),  # the day of the lowest point, in the middle
        "lowest_on_p95": pl.Date(),
        "peak_funding_p50": CENTS,  # what must be there on the first day so that it never runs out
        "peak_funding_p95": CENTS,
        "bounce": SHARE,  # the probability that some pull is not covered
        "pulls": CENTS,  # on the mean, as the next four
        "receipts": CENTS,
        "credits": CENTS,
        "expired": CENTS,  # disputed too late
        "closing": CENTS,
    }
)
"""A row for each way of working; all are drawn from the same chances."""


@dataclass(frozen=True)
class Outlook:
    """A forecast."""

    as_of: dt.date
    scenarios: int
    seed: int
    opening: Decimal | None
    daily: pl.DataFrame  # FORECAST
    cases: pl.DataFrame  # CASES


def cases_of(sooner: int, longer: int) -> tuple[Case, ...]:
    """Return the ways of working that are compared."""
    return (
        Case("as it goes"),
        Case(f"disputed {sooner} days sooner", sooner=sooner),
        Case(f"window {longer} days longer", longer=longer),
    )


def outlook(
    facts: Facts,
    count: int,
    seed: int,
    cases: tuple[Case, ...],
    opening: Decimal | None = None,
    credit_line: Decimal = Decimal(0),
) -> Outlook:
    """Return the forecast of `count` scenarios; the same seed gives the same, to the cent.

    Percentiles are values that occurred: the smallest that so many scenarios do not exceed. Means
    are rounded once, half away from zero. A pull bounces when the balance, before that day's
    receipts, falls below what the bank lends (`credit_line`).
    """
    start = _cents(opening or Decimal(0))
    floor = None if opening is None else -start - _cents(credit_line)
    drawn = draw(facts, count, seed, cases, floor)
    rows = [
        _case(name, course, drawn, facts.as_of, start) for name, course in drawn.courses.items()
    ]
    if opening is None:
        rows = [{**row, "bounce": None} for row in rows]
    daily = _daily(facts, drawn, start, opening is not None)
    return Outlook(facts.as_of, count, seed, opening, daily, pl.DataFrame(rows, schema=CASES))


def _cents(amount: Decimal) -> int:
    return int((amount * 100).to_integral_value())


def _money(cents: int) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)


def _mean(total: int, count: int) -> Decimal:
    """Return a mean of cents, rounded half away from zero."""
    sign = -1 if total < 0 else 1
    return _money(sign * ((2 * abs(int(total)) + count) // (2 * count)))


def _rank(percent: int, count: int) -> int:
    """Return the place, in ascending order, that so many percent do not exceed."""
    return max(0, -(-count * percent // 100) - 1)


def _at(values: Cents | Days, percent: int) -> int:
    return int(np.sort(values)[_rank(percent, values.size)])


def _case(
    name: str, course: Course, drawn: Scenarios, as_of: dt.date, start: int
) -> dict[str, object]:
    """Return how a case went, as a row of `CASES`."""
    lowest = {f"lowest_p{p}": _money(_at(course.lowest, p) + start) for p in (5, 50, 95)}
    days = {p: as_of + dt.timedelta(_at(course.lowest_day, p)) for p in (5, 50, 95)}
    need = np.maximum(-course.lowest, 0)
    return {
        "case": name,
        **lowest,
        "lowest_on_p5": days[5],
        "lowest_on": days[50],
        "lowest_on_p95": days[95],
        "peak_funding_p50": _money(_at(need, 50)),
        "peak_funding_p95": _money(_at(need, 95)),
        "bounce": _share(int(course.bounced.sum()), drawn.count),
        "pulls": _mean(drawn.total_pulls.sum(), drawn.count),
        "receipts": _mean(drawn.total_receipts.sum(), drawn.count),
        "credits": _mean(course.credits.sum(), drawn.count),
        "expired": _mean(course.expired.sum(), drawn.count),
        "closing": _mean(course.closing.sum() + start * drawn.count, drawn.count),
    }


def _share(part: int, count: int) -> Decimal:
    return (Decimal(part) / count).quantize(Decimal("0.000001"))


def _daily(facts: Facts, drawn: Scenarios, start: int, covered: bool) -> pl.DataFrame:
    """Return each day's means, bands and chance of a bounce."""
    ranks = [_rank(band, drawn.count) for band in BANDS]
    ordered = np.partition(drawn.low, sorted(set(ranks)), axis=0)
    rows = []
    for day in range(1, facts.days + 1):
        row: dict[str, object] = {
            "on": facts.as_of + dt.timedelta(day),
            "known_pulls": _money(facts.pulls.known[day]),
            "pulls": _mean(drawn.pulls[day], drawn.count),
            "credits": _mean(drawn.credits[day], drawn.count),
            "receipts": _mean(drawn.receipts[day], drawn.count),
            "bounce": _share(int(drawn.bounces[day]), drawn.count) if covered else None,
        }
        for band, rank in zip(BANDS, ranks, strict=True):
            row[f"balance_p{band}"] = _money(ordered[rank, day] + start)
        rows.append(row)
    return pl.DataFrame(rows, schema=FORECAST)
