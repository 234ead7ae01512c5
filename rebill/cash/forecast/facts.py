"""The nouns of a forecast: pulls, invoices and claims as columns of numbers.

Amounts are whole cents. Days are counted from the day asked, which is 0; nothing before day 1 moves
any more: what is late moves on day 1 at the earliest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Cents: TypeAlias = npt.NDArray[np.int64]
Days: TypeAlias = npt.NDArray[np.int64]
Reals: TypeAlias = npt.NDArray[np.float64]
NEVER = 10**6
"""A day no forecast reaches."""
LATE = tuple(range(1, 31))
"""What is later than it ever was comes on one of the next thirty days."""


@dataclass(frozen=True)
class Samples:
    """Lists of numbers of days to draw from, one after the other: where each entry's begins."""

    days: Days
    start: Days
    count: Days

    @staticmethod
    def of(lists: Sequence[Days], which: Days, above: Days | None = None) -> tuple[Samples, Days]:
        """Return what each entry draws from: list `which`, ascending, or so much as lies `above`.

        Also returned is whether nothing of the list does: such an entry draws from `LATE`.
        """
        whole = [*(np.sort(one) for one in lists), np.array(LATE, dtype=np.int64)]
        ends = np.cumsum([one.size for one in whole])
        starts = np.concatenate(([0], ends[:-1]))
        begin, late = starts[which].copy(), np.zeros(which.size, dtype=np.int64)
        if above is not None:
            for number, one in enumerate(whole[:-1]):
                mine = which == number
                begin[mine] += np.searchsorted(one, above[mine], side="right")
        late = (begin >= ends[which]).astype(np.int64)
        begin = np.where(late == 1, starts[-1], begin)
        count = np.where(late == 1, len(LATE), ends[which] - begin)
        return Samples(np.concatenate(whole), begin, count), late


@dataclass(frozen=True)
class Pulls:
    """What carriers pull for bills that are in, by day, and for bills to come, a day an entry."""

    known: Cents
    day: Days
    amount: Cents
    spread: Reals  # how far the amount may be off, as a share of it


@dataclass(frozen=True)
class Receipts:
    """Customer invoices that are open or to come: the large ones one an entry."""

    small: Cents  # all others, by day, in proportion to the delays they draw from
    amount: Cents
    base: Days  # the day delays count from
    delays: Samples
    unpaid: Reals  # the chance that it is never paid
    month: Days  # of the bill, from 0; -1 = the amount is known
    spread: float  # how far a month's bills may be off together


@dataclass(frozen=True)
class Disputes:
    """Claims, and what of bills to come will be one, one an entry."""

    amount: Cents
    many: Days  # 1 = many claims, granted in proportion; 0 = one, won or lost
    cash: Days  # when what was granted already lessens a pull; -1 = not granted yet
    filed: Days  # NEVER = not filed yet
    received: Days  # when its bill came or comes in
    closes: Days  # the last day to file it
    won: Reals
    lost: Reals
    rate: Days  # entries of one rate are granted at one share
    group: Days  # row of `cash_day`
    answers: Samples
    filings: Samples
    cash_day: Days  # by group and day of the answer: when the credit lessens a pull


@dataclass(frozen=True)
class Facts:
    """Everything a forecast draws from."""

    as_of: dt.date
    days: int
    pulls: Pulls
    receipts: Receipts
    disputes: Disputes
    banking: Days  # by day: that day, or the next on which banks are open
