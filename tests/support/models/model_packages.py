"""A package is due once for a service and day, whatever bill, cut or line carries it.

The lines of one document whose days meet are audited together against the price of those days that
no earlier document carries. How the carrier spreads the price is its own affair.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from model_credits import NOTHING, Day, Money, credited_by_day, spread_over, total, until, weights
from model_facts import Facts
from model_lines import MONTHLY, ZERO, Judged, day_and_cent
from model_repeats import in_reach, use, wholly_at_stake
from model_time import DAY, days_touched, extension, holds, overlap, rounded

Days = set[dt.date]


@dataclass
class Carried:
    """Lines of one document that bill a package for some days: one billing of it."""

    lines: list[Judged]
    days: Days
    accrual: Money = field(default_factory=dict)
    billed_again: Money = field(default_factory=dict)


Earlier = dict[tuple[str, str | None], list[Carried]]
"""What earlier documents bill of each service and package."""


def held_packages(facts: Facts) -> None:
    """Match a package at the service that holds all of its elements, where it is billed as one.

    Elements of such a service belong to the package for days for which it is billed as one, on
    their own document or an earlier one.
    """
    own: list[Judged] = []
    for j in facts.lines:
        if holds_elements(facts, j):
            j.package = j["usoc"]
            own.append(j)
    for j in facts.lines:
        if j.package or not j.service or j["charge_class"] not in MONTHLY:
            continue
        for p in own:
            if (
                p.service is j.service
                and j["usoc"] in facts.elements_of(p["carrier"], p.package)
                and p["amount"] > 0
                and not wholly_at_stake(p)
                and p.order_key[:2] <= j.order_key[:2]
                and overlap(p.period, j.period)
            ):
                j.package = p.package


def holds_elements(facts: Facts, j: Judged) -> bool:
    """Say whether a line is a package's own code, and its service has all of its elements."""
    if not j.service or j.service["package"] or j["charge_class"] not in MONTHLY:
        return False
    needed = facts.elements_of(j["carrier"], j["usoc"])
    parts = {code: units for code, units in needed.items() if code != j["usoc"]}
    active: dict[str, Decimal] = {}
    for row in facts.world.service_elements:
        mine = row["service"] == j.service["service"]
        if mine and holds(row, j.rate_day, "active_from", "active_until"):
            active[row["usoc"]] = active.get(row["usoc"], ZERO) + Decimal(row["quantity"])
    return bool(parts) and all(active.get(c, ZERO) >= units for c, units in parts.items())


# ----------------------------------------------------------------------------------- the judgement


def judge_packages(facts: Facts) -> None:
    """Audit the lines of packages, document by document, each against what is left of the price."""
    earlier: Earlier = {}
    documents: dict[tuple[object, ...], dict[tuple[str, str | None], list[Judged]]] = {}
    for j in facts.lines:
        if j.grouped and j.service:
            place = (j["bill_date"], j["invoice_no"], j["document_id"])
            key = (j.service["service"], j.package)
            documents.setdefault(place, {}).setdefault(key, []).append(j)
    for place in sorted(documents):  # type: ignore[type-var]
        for key, lines in documents[place].items():
            ordered = sorted(lines, key=lambda j: (j["line_no"], j["line_id"]))
            for group in chained(ordered):
                before = earlier.setdefault(key, [])
                before += Group(facts, group, list(before)).judge()


def chained(lines: list[Judged]) -> list[list[Judged]]:
    """Return lines in groups whose days meet, one after the other."""
    groups: list[list[Judged]] = []
    for j in lines:
        met = [g for g in groups if any(overlap(e.period, j.period) for e in g)]
        joined = [e for g in groups if g in met for e in g]
        groups = [g for g in groups if g not in met]
        groups.append(sorted([*joined, j], key=lambda e: (e["line_no"], e["line_id"])))
    return groups


def days_of_line(j: Judged) -> Days:
    """Return the days of the period of a package line."""
    assert j.period is not None
    return set(days_touched(j.period))


WINDOW = ("billed_after_disconnect", "billed_before_install")


class Group:
    """The lines of one service, package and document whose days meet."""

    def __init__(self, facts: Facts, lines: list[Judged], before: list[Carried]) -> None:
        self.facts, self.lines = facts, lines
        self.first = min(lines, key=lambda j: days_of_line(j) and min(days_of_line(j)))
        self.days: Days = set().union(*(days_of_line(j) for j in lines))
        self.window: Days = {d for j in lines for d, units in j.due.items() if d and units > 0}
        starts = [j for j in lines if j.period and self.first.period
                  and j.period[0] == self.first.period[0]]  # fmt: skip
        self.rate = max(j.package_rate or ZERO for j in starts)
        self.rooms: list[tuple[Carried, Money]] = []
        self.carried: Days = set()
        for billing in before:
            if in_reach(billing.lines[0], lines[0]):
                gone, money = self.credits(billing)
                mine = {d: m for d, m in money.items() if d in self.days}
                self.rooms.append((billing, mine))
                self.carried |= (billing.days - gone) & self.days

    def credits(self, billing: Carried) -> tuple[Days, Money]:
        """Return the days of a billing that were credited in full, and open cents on the others."""
        seen = until(self.lines[0])
        borne, given = (dict.fromkeys(sorted(billing.days), NOTHING) for _ in range(2))
        for e in billing.lines:
            for d, cents in spread_over(e["amount"], e, days_of_line(e)).items():
                borne[d or dt.date.min] += cents
            for d, cents in credited_by_day(self.facts, e, seen).items():
                given[d or dt.date.min] += cents
        gone, money = set(), {}
        share: Fraction | None = None
        run: list[dt.date] = []
        for d in [*borne, None]:
            own = None if d is None else (given[d] / borne[d] if borne[d] else share)
            if own != share and run:
                paid, cost = (sum((part[x] for x in run), NOTHING) for part in (given, borne))
                full = bool(paid) and rounded(paid) >= rounded(cost)
                gone |= set(run) if full else set()
                run = []
            if d is not None:
                run.append(d)
                share = own
        for d, cents in given.items():
            if d not in gone:
                money[d] = cents - billing.billed_again.get(d, NOTHING)
        return gone, money

    # -- money

    def price_of(self, days: Days) -> Decimal:
        """Return the price of some days, rounded once as the carrier rounds."""
        months = NOTHING
        left = sorted(days)
        while left:
            end = left[0]
            while end in days:
                end += DAY
            months += self.first.months_of(left[0], end)
            left = [d for d in left if d >= end]
        whole = self.first.months_of(min(self.days), max(self.days) + DAY)
        months = min(months, whole)
        return extension(self.rate, months, Decimal(1), self.first.rounding) if days else ZERO

    def elements_before(self, days: Days) -> Decimal:
        """Return what was expected of the package's elements by themselves, billed before."""
        j = self.lines[0]
        if not j.service or j.service["package"]:
            return ZERO
        codes = self.facts.elements_of(j["carrier"], j.package)
        parts = [
            cents
            for e in self.facts.lines
            if e.order_key[:2] < j.order_key[:2] and in_reach(e, j)
            and e.service is j.service and e["usoc"] in codes and not e.package
            and e["charge_class"] in MONTHLY and not e.is_credit and not wholly_at_stake(e)
            and e.expected and e.period
            for d, cents in spread_over(e.expected, e, days_of_line(e)).items()
            if d in days
        ]  # fmt: skip
        return total(parts)

    def room(self, days: Days, accrual: bool) -> Decimal:
        """Return what accruals of earlier billings, or their credits, leave open on some days."""
        return total(
            (billing.accrual if accrual else money).get(d, NOTHING)
            for billing, money in self.rooms
            for d in days
        )

    # -- the judgement

    def judge(self) -> list[Carried]:
        """Say what is due of each line; return the billings that later documents will find."""
        fresh = self.days - self.carried
        credit_days = self.carried & self.window
        before = self.elements_before(fresh)
        credit = min(self.room(credit_days, False), self.price_of(credit_days))
        due_before = max(ZERO, self.price_of(fresh) - before) + credit
        due = max(ZERO, self.price_of(fresh & self.window) - before) + credit
        accrual = self.room(credit_days, True)
        amounts, again = [j["amount"] for j in self.lines], self.again()
        over = max(ZERO, sum(amounts, ZERO) - due_before)
        used = min(over, accrual)
        again = spread(min(over - used, sum(again, ZERO)), again)
        kept = [amount - part for amount, part in zip(amounts, again, strict=True)]
        billed = sum(kept, ZERO)
        slack = self.slack(kept)
        shares = spread(due + used, self.in_window(kept))
        owed = spread(used, shares)
        above, near = billed - used - due_before > slack, abs(billed - used - due) <= slack
        for j, part, share, old in zip(self.lines, kept, shares, owed, strict=True):
            self.tell(j, part, share - old, old)
            off = part - share
            first = next((c for c in WINDOW if c in j.findings), None)
            if first:
                j.findings[first] = (max(ZERO, off), None)
                off = min(ZERO, off)
            if part and (above or (off > 0 and not near)):
                j.findings["package_above_contract"] = (max(ZERO, off), None)
            elif near:
                j.tolerated = off
            j.underbilled = max(ZERO, share - part + j.tolerated) - old
        use(credit, [(c.billed_again, m, credit_days & m.keys(), 1) for c, m in self.rooms])
        use(used, [(c.accrual, dict(c.accrual), credit_days & c.accrual.keys(), -1)
                   for c, _ in self.rooms])  # fmt: skip
        return self.billings(kept, (fresh & self.window) | (credit_days if credit else set()))

    def in_window(self, kept: list[Decimal]) -> list[Decimal] | list[Fraction]:
        """Return what the lines bill for days that are due, by which the price is spread."""
        parts = []
        for j, part in zip(self.lines, kept, strict=True):
            days = {d for d, units in j.due.items() if units > 0}
            bears = spread_over(part, j, days_of_line(j))
            parts.append(sum((cents for d, cents in bears.items() if d in days), NOTHING))
        return parts if any(parts) else kept

    def tell(self, j: Judged, kept: Decimal, share: Decimal, used: Decimal) -> None:
        """Say what is expected of a line, and what of it comes after all was billed."""
        twice = j["amount"] - kept
        j.expected, j.left, j.used_up = share, share, used
        if twice:
            j.findings = {"charged_twice": (twice, None), **j.findings}
        codes = [e["usoc"] for e in self.lines]
        if self.carried or twice or len(set(codes)) < len(codes):
            j.plain_units = False

    def slack(self, kept: list[Decimal]) -> Fraction:
        """Return the tolerance of the sum: that of a proration, where one is among the lines."""
        lines = [j for j, part in zip(self.lines, kept, strict=True) if part]
        if not any(j["charge_class"] == "prorated" for j in lines):
            return NOTHING
        return max(day_and_cent(j, j.package_rate or ZERO, Decimal(1)) for j in lines)

    def again(self) -> list[Decimal]:
        """Return what of each line comes after all of the price was billed: a repeat.

        By days: an earlier document left nothing open of them; or lines before this one bill all of
        the day's price, and it bills an element again, or the package's own code and its elements.
        """
        price = self.by_day(self.price_of(self.days), self.days)
        cum: Money = dict.fromkeys(sorted(self.days), NOTHING)
        found = []
        for n, j in enumerate(self.lines):
            borne = spread_over(j["amount"], j, days_of_line(j))
            taken: set[Day] = set()
            for d in days_of_line(j):
                others = [e for e in self.lines[:n] if d in days_of_line(e)]
                codes = {e["usoc"] for e in others}
                same = j["usoc"] in codes or (others and j.package in {*codes, j["usoc"]})
                room = price[d]
                if d in self.carried:
                    parts = [
                        part.get(d, NOTHING)
                        for billing, money in self.rooms
                        for part in (billing.accrual, money)
                    ]
                    room = max(NOTHING, sum(parts, NOTHING))
                    same = same or not rounded(room, 6)
                if same and cum[d] * len(self.days) + Fraction(1, 200) >= room * len(self.days):
                    taken.add(d)
            found.append(total(borne[d] for d in taken))
            for d, cents in borne.items():
                if d and d not in taken:
                    cum[d] += cents
        return found

    def by_day(self, amount: Decimal, days: Days) -> Money:
        """Return an amount spread over days as the months of the group are."""
        return {d: Fraction(amount) * w for d, w in weights(self.first, sorted(days)).items()}

    def billings(self, kept: list[Decimal], due: Days) -> list[Carried]:
        """Return the lines audited together as one billing, and each repeat as one of its own."""
        together = [j for j, part in zip(self.lines, kept, strict=True) if part]
        found = [
            Carried([j], days_of_line(j))
            for j, part in zip(self.lines, kept, strict=True)
            if not part
        ]
        if together:
            short = sum((max(ZERO, j.underbilled) for j in together), ZERO)
            days = set().union(*(days_of_line(j) for j in together))
            accrual = self.by_day(short, due) if short and due else {}
            found.insert(0, Carried(together, days, accrual))
        return found


def spread(price: Decimal, weights: Sequence[Decimal | Fraction]) -> list[Decimal]:
    """Spread a price in proportion to weights, whole cents, by largest remainder."""
    together = sum((Fraction(w) for w in weights), NOTHING)
    if not together:
        return [ZERO for _ in weights]
    exact = [Fraction(price) * 100 * Fraction(w) / together for w in weights]
    whole = [int(share) for share in exact]
    missing = int(price * 100) - sum(whole)
    order = sorted(range(len(weights)), key=lambda n: (whole[n] - exact[n], n))
    for n in order[:missing]:
        whole[n] += 1
    return [Decimal(cents).scaleb(-2) for cents in whole]
