"""A package is due once for a service and day, whatever bill, cut or line carries it.

The lines of one document whose days meet are audited together against the price of those days that
no earlier document carries. How the carrier spreads the price is its own affair.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from model_credits import NOTHING, Day, Money, spread_over, total, weights
from model_facts import Facts
from model_lines import MONTHLY, ZERO, Judged, day_and_cent
from model_repeats import wholly_at_stake
from model_time import DAY, days_touched, extension, holds, overlap, rounded

Days = set[dt.date]


@dataclass
class Carried:
    """What one document made due of a package, and billed too little of it, by day."""

    lines: list[Judged]
    expected: Money
    accrual: Money
    days: Days
    carries: bool  # something is due of it, or was


Earlier = dict[tuple[str, str | None], list[Carried]]
"""What earlier documents made due of each service and package."""


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
    """Audit the lines of packages, document by document, each against what is left of the price.

    "Groups stand in document order, so that a later bill never changes an earlier one." Lines that
    repeat an element of the package stand outside of the groups of their document.
    """
    earlier: Earlier = {}
    documents: dict[tuple[object, ...], dict[tuple[str, str | None], list[Judged]]] = {}
    for j in facts.lines:
        if j.grouped and j.service:
            place = (j["bill_date"], j["invoice_no"], j["document_id"])
            key = (j.service["service"], j.package)
            documents.setdefault(place, {}).setdefault(key, []).append(j)
    for place in sorted(documents):  # type: ignore[type-var]
        for key, lines in documents[place].items():
            before = earlier.setdefault(key, [])
            ordered = sorted(lines, key=lambda j: (j["line_no"], j["line_id"]))
            own = chained([j for j in ordered if not j.repeated])
            again = [j for j in ordered if j.repeated]
            for group in own:
                Group(facts, group, before, again).judge()
            for n, j in enumerate(again):
                groups = chained([*(e for group in own for e in group), *again[:n]])
                judge_repeat(facts, j, [*before, *(billing(facts, g, before) for g in groups)])
            before += [billing(facts, group, list(before)) for group in chained(ordered)]


def billing(facts: Facts, lines: list[Judged], before: list[Carried]) -> Carried:
    """Return what later documents will find of a group: what is due lies on days in service.

    What was billed too little lies on those that no document before bills, if there are any.
    """
    first = min(lines, key=lambda j: (j.period or (), j["line_id"]))
    days: Days = set().union(*(days_of_line(j) for j in lines))
    due = {d for d in days if facts.in_window(first, d)} or days
    taken: Days = set().union(*(b.days for b in before if b.carries))
    net = sum((j.underbilled for j in lines), ZERO)
    expected = sum((j.expected or ZERO for j in lines), ZERO)
    short = ((due - taken) or due) if net > 0 else due
    lies = weights(first, sorted(due))
    accrual = {d: Fraction(net) * w for d, w in weights(first, sorted(short)).items()}
    return Carried(
        lines,
        {d: Fraction(expected) * w for d, w in lies.items()},
        accrual,
        days,
        bool(expected or net),
    )


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


def part(money: Money, days: Days | set[Day]) -> Decimal:
    """Return what of some money lies on some days, rounded once."""
    return rounded(sum((cents for d, cents in money.items() if d in days), NOTHING))


def credited_on(facts: Facts, lines: list[Judged], days: Days) -> Decimal:
    """Return what of some days was credited up to the document of lines."""
    until = lines[0].order_key[:2]
    return credited(facts, lines, days, [c for c in facts.lines if c.order_key[:2] <= until])


def credited_here(facts: Facts, lines: list[Judged], days: Days) -> Decimal:
    """Return what of some days was credited on the document of lines itself."""
    document = lines[0]["document_id"]
    return credited(facts, lines, days, [c for c in facts.lines if c["document_id"] == document])


def credited(facts: Facts, lines: list[Judged], days: Days, among: list[Judged]) -> Decimal:
    """Return what of some days credits among some lines gave back, rounded once."""
    j = lines[0]
    codes = facts.elements_of(j["carrier"], j.package)
    lying = NOTHING
    for c in among:
        mine = c.service is j.service and c["usoc"] in codes
        monthly = c["charge_class"] in (*MONTHLY, "adjustment")
        if mine and monthly and c["amount"] < 0 and c.period:
            on_days = spread_over(-c["amount"], c, served(facts, c))
            lying += sum((cents for d, cents in on_days.items() if d in days), NOTHING)
    return rounded(lying)


def served(facts: Facts, j: Judged) -> list[dt.date]:
    """Return the days of a line on which its service is in service, all of them if none is."""
    own = days_touched(j.period) if j.period else []
    return [d for d in own if facts.in_window(j, d)] or list(own)


def alone_on(facts: Facts, lines: list[Judged], days: Days) -> Decimal:
    """Return what elements that were judged by themselves before have of some days."""
    j = lines[0]
    codes = facts.elements_of(j["carrier"], j.package)
    lying = NOTHING
    for c in facts.lines:
        mine = c.service is j.service and c["usoc"] in codes and c.order_key[:2] < j.order_key[:2]
        alone = mine and not c.package and c["charge_class"] in MONTHLY and not c.is_credit
        if alone and c.expected and c.period:
            on_days = spread_over(c.expected, c, served(facts, c))
            lying += sum((cents for d, cents in on_days.items() if d in days), NOTHING)
    return rounded(lying)


def judge_repeat(facts: Facts, j: Judged, before: list[Carried]) -> None:
    """Say what is due of a line that repeats an element of the package: what is left of it.

    "What `charged_twice` (and the days) leave of a line, as a share of its billed amount, is
    expected of it"; what was billed too little of its days is used up by the rest.
    """
    days, left = days_of_line(j), left_of_repeat(j)
    over = j["amount"] - left
    met = {d for d in days if facts.in_window(j, d)}
    lying = sum((c for b in before for d, c in b.accrual.items() if d in met), NOTHING)
    used = min(over, max(ZERO, rounded(lying)))
    j.expected, j.left, j.used_up, j.plain_units = left, left, used, False
    j.underbilled = -used
    stake = over - used
    twice = min(stake, max(ZERO, j["amount"] - j.not_again - used))
    for code in WINDOW:
        if code in j.findings:
            j.findings[code] = (ZERO, None)
    first = next((c for c in WINDOW if c in j.findings), "charged_twice")
    if first != "charged_twice":
        j.findings[first] = (stake - twice, None)
        stake = twice
    j.findings["charged_twice"] = (stake, None)
    if not stake and (used or j.spared):
        del j.findings["charged_twice"]


def left_of_repeat(j: Judged) -> Decimal:
    """Return what is due of a repeat, after the days of the service too."""
    return min(j.not_again, j.worth + j.spared)


class Group:
    """The lines of one service, package and document whose days meet."""

    def __init__(
        self, facts: Facts, lines: list[Judged], before: list[Carried], again: list[Judged]
    ) -> None:
        self.facts, self.lines, self.before = facts, lines, before
        self.first = min(lines, key=lambda j: j.period or ())
        self.days: Days = set().union(*(days_of_line(j) for j in lines))
        self.window: Days = {d for j in lines for d, units in j.due.items() if d and units > 0}
        start = min(self.days)
        self.rate = max(j.package_rate or ZERO for j in lines if start in days_of_line(j))
        self.slack = NOTHING
        if any(j["charge_class"] == "prorated" for j in lines):
            self.slack = day_and_cent(self.first, self.rate, Decimal(1))
        own = sum((left_of_repeat(j) for j in again if days_of_line(j) & self.days), ZERO)
        billings = [b for b in self.before if b.carries]
        self.carried: Days = self.days & set().union(*(b.days for b in billings))
        fresh, old = self.days - self.carried, self.carried & self.window
        credits = credited_on(facts, lines, old)
        net = rounded(self.lying(billings, "expected", old)) + alone_on(facts, lines, old) - credits
        self.back = max(ZERO, min(credits, self.price_of(old) - net))
        alone, given = alone_on(facts, lines, fresh), credited_on(facts, lines, fresh)
        self.alone = max(ZERO, alone - given)
        here = min(credited_here(facts, lines, fresh & self.window), max(ZERO, given - alone))
        beside = self.alone + max(ZERO, own - here)
        self.price = max(ZERO, self.price_of(fresh & self.window) - beside) + self.back
        self.whole = max(ZERO, self.price_of(fresh) - beside) + self.back
        above = sum((j["amount"] for j in lines), ZERO) - self.price
        again = sum((j["amount"] for j in lines if self.bills_again(j)), ZERO)
        self.here = max(ZERO, min(here - own, above, again))
        self.price, self.whole = self.price + self.here, self.whole + self.here
        self.accrual = max(ZERO, rounded(self.lying(self.before, "accrual", old)))

    def bills_again(self, j: Judged) -> bool:
        """Say whether a line bills the package a second time on its document.

        It does for an element and days of which a line before it bills some, and in the other way.
        """
        first = min(self.lines, key=lambda e: (e["line_no"], e["line_id"]))
        earlier = [e for e in self.lines if e["line_no"] < j["line_no"] and e["usoc"] == j["usoc"]]
        other_way = (j["usoc"] == j.package) != (first["usoc"] == j.package)
        return other_way or any(days_of_line(e) & days_of_line(j) for e in earlier)

    def lying(self, billings: list[Carried], what: str, days: Days) -> Fraction:
        """Return what of earlier billings lies on some days."""
        return sum((c for b in billings for d, c in getattr(b, what).items() if d in days), NOTHING)

    def price_of(self, days: Days) -> Decimal:
        """Return the price of some days, rounded once as the carrier rounds."""
        months, left = NOTHING, sorted(days)
        while left:
            end = left[0]
            while end in days:
                end += DAY
            months += self.first.months_of(left[0], end)
            left = [d for d in left if d >= end]
        whole = self.first.months_of(min(self.days), max(self.days) + DAY)
        months = min(months, whole)
        return extension(self.rate, months, Decimal(1), self.first.rounding) if days else ZERO

    def judge(self) -> None:
        """Say what is due of each line."""
        amounts = [j["amount"] for j in self.lines]
        above_all = max(ZERO, sum(amounts, ZERO) - self.whole)
        used = min(above_all, self.accrual)
        again = self.again()
        twice = spread(min(above_all - used, sum(again, ZERO)), again)
        kept = [amount - part for amount, part in zip(amounts, twice, strict=True)]
        billed = sum(kept, ZERO) - used
        near = abs(billed - self.price) <= self.slack
        over = billed - self.whole > self.slack
        shares = spread(self.price, kept)
        owed = spread(used, [max(ZERO, w - s) for w, s in zip(kept, shares, strict=True)])
        for j, part, share, old in zip(self.lines, twice, shares, owed, strict=True):
            self.tell(j, bool(part), share, old)
            off = j["amount"] - part - share - old
            true = [c for c in WINDOW if c in j.findings]
            if part:
                j.findings["charged_twice"] = (part, None)
            if over:
                true.append("package_above_contract")
                j.findings["package_above_contract"] = (ZERO, None)
            if true and off > 0:
                j.findings[true[0]] = (off, None)
            elif near:
                j.tolerated = off
            stake = sum((s for s, _ in j.findings.values()), ZERO)
            j.underbilled = share + stake + j.tolerated - j["amount"]

    def again(self) -> list[Decimal]:
        """Return what of each line comes after all of the price was billed.

        The package's own code and its elements are two ways to bill it: where the first on the
        document has all there is room for, the second is billed again. Else days that earlier
        documents bill are, if they leave nothing open of them; and what its elements were billed
        for by themselves.
        """
        ways = [j["usoc"] == j.package for j in self.lines]
        amounts = [j["amount"] for j in self.lines]
        first = sum((a for a, way in zip(amounts, ways, strict=True) if way == ways[0]), ZERO)
        room = self.price - self.here + self.accrual
        full = room > 0 and Fraction(first) + self.slack >= Fraction(room)
        found = []
        for j, way in zip(self.lines, ways, strict=True):
            borne = spread_over(j["amount"], j, days_of_line(j))
            carried = total(cents for d, cents in borne.items() if d in self.carried)
            if (full and way != ways[0]) or self.alone:
                found.append(j["amount"])
            else:
                found.append(ZERO if self.accrual or self.back else carried)
        return found

    def tell(self, j: Judged, twice: bool, share: Decimal, used: Decimal) -> None:
        """Say what is expected of a line, and whether it comes after all was billed."""
        j.expected, j.left, j.used_up = share, share, used
        if twice:
            j.findings = {"charged_twice": (ZERO, None), **j.findings}
        if self.carried or twice or len({e.period for e in self.lines}) > 1:
            j.plain_units = False

    def by_day(self, amount: Decimal, days: Days) -> Money:
        """Return an amount spread over days as the months of the group are."""
        return {d: Fraction(amount) * w for d, w in weights(self.first, sorted(days)).items()}


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
