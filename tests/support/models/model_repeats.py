"""Each element is due once for a day: what earlier lines bill of it, and what is still open.

Slow and day by day. A line repeats what earlier lines bill and credits did not give back. What is
billed again up to such a credit is due; what an earlier line was billed too little may be billed
once more, and is then no second time due.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from model_credits import (
    NOTHING,
    Day,
    Money,
    credits_of,
    days_of_charge,
    freed,
    total,
    until,
    weights,
)
from model_facts import Facts
from model_lines import MONTHLY, ZERO, Due, Judged, same_item
from model_time import add_months, overlap

NONE = Decimal(0)

Taken = tuple[Decimal, Money, Money]
"""An amount, the accrual it is taken of, and what its days had before."""


def wholly_at_stake(j: Judged) -> bool:
    """Say whether a line is itself wholly at stake: it makes no other a repeat."""
    return j.contract is None or too_late(j)


def too_late(j: Judged) -> bool:
    """Say whether the period ends more than the contract's limit before the bill date."""
    if not j.contract or not j.period:
        return False
    last = add_months(j.period[1], j.billing.backbill_limit_months)
    return bool(last < j["bill_date"])


def in_reach(e: Judged, j: Judged) -> bool:
    """Say whether an earlier line is on a bill that the contract still looks back to."""
    months = max(12, j.billing.backbill_limit_months)
    return bool(e["bill_date"] >= add_months(j["bill_date"], -months))


def earlier_charges(facts: Facts, j: Judged) -> list[Judged]:
    """Return the earlier charges that a line repeats, for units that credits did not free."""
    if not j.service or not j["usoc"]:
        return []
    return [
        e
        for e in facts.lines
        if e.order_key < j.order_key
        and in_reach(e, j)
        and not e.is_credit
        and not wholly_at_stake(e)
        and same_item(e, j)
        and repeats(e, j)
        and any(standing(facts, e, j).values())
    ]


def repeats(e: Judged, j: Judged) -> bool:
    """Say whether two charges for one USOC of one service are for the same thing."""
    kind, other = j["charge_class"], e["charge_class"]
    if kind == "one_time":
        return bool(other == kind and j.order_no and j.order_no == e.order_no)
    if kind in MONTHLY and other in MONTHLY or kind == other == "surcharge":
        return overlap(e.told_apart, j.told_apart)
    if kind != other or j.period is None or e.period != j.period:
        return False
    if kind == "usage":
        return j["quantity"] is not None and e["quantity"] == j["quantity"]
    same = (e["description"] or "", e["amount"]) == (j["description"] or "", j["amount"])
    return bool(kind == "tax" and same)


def standing(facts: Facts, e: Judged, j: Judged) -> dict[Day, Decimal]:
    """Return how many units of an earlier charge stand on each day, as a later line sees it.

    A line of 0.00 makes no other a repeat.
    """
    if not e["amount"]:
        return {}
    units, _ = freed(facts, e, until(j))
    return {d: max(NONE, e.units - decimal(free)) for d, free in units.items()}


def decimal(value: Fraction) -> Decimal:
    """Return a whole or printed number of units."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def charged_twice(facts: Facts, j: Judged) -> Due | None:
    """The units that earlier lines leave; no units where the service has none."""
    earlier = earlier_charges(facts, j)
    if not earlier:
        return None
    if j["charge_class"] == "one_time":
        return {None: j.units_left} if j.units_left < j.units else None
    if j["charge_class"] in ("usage", "tax"):
        return dict.fromkeys(j.due, NONE)
    stood = [(e.units, standing(facts, e, j)) for e in earlier]
    due: Due = {}
    for day in days_of_charge(j):
        used = sum((units.get(day, NONE) for _, units in stood), NONE)
        has = facts.may_bill(j, day) if day and j["charge_class"] in MONTHLY else NONE
        # Where the inventory says nothing, the service has what was billed first.
        has = has or max((most for most, units in stood if day in units), default=NONE)
        if used and used + j.units > has:
            due[day if j.period else None] = max(NONE, has - used)
    return {**dict.fromkeys(j.due, j.units), **due} if due else None


# ------------------------------------------------------------------------------ what is still open


def open_credit(facts: Facts, e: Judged, j: Judged) -> Money:
    """Return the cents of credits that may be billed again, less what repeats already used."""
    if not e["amount"]:
        return dict.fromkeys(days_of_charge(e), NOTHING)
    _, left = freed(facts, e, until(j))
    return {d: max(NOTHING, cents - e.billed_again.get(d, NOTHING)) for d, cents in left.items()}


def spare(facts: Facts, j: Judged, due: Due) -> None:
    """Let a repeat be due again of what was credited as money on the days that it repeats.

    "As far as the contract's rate for them goes", the oldest charge first, each cent once.
    """
    mine: set[Day] = {d for d in due if due[d] < j.units}
    cost = j.due_amount(dict.fromkeys(j.due, j.units)) - j.due_amount(due)
    for e in earlier_charges(facts, j):
        room, met = open_credit(facts, e, j), met_days(e, mine)
        took = max(ZERO, min(cost - j.spared, total(room[d] for d in met)))
        use(took, [(e.billed_again, room, met, 1)])
        j.spared += took


def use_accruals(facts: Facts, j: Judged, due: Due) -> None:
    """Let what is left of a repeat use up what was billed too little, the oldest first."""
    over = max(ZERO, j.left - j.worth - j.spared)
    mine: set[Day] = {d for d in due if due[d] < j.units}
    for e in short_before(facts, j) if j.price is not None else []:
        met = met_days(e, mine) & e.accrual.keys()
        took = min(over - j.used_up, total(e.accrual[d] for d in met))
        use(took, [(e.accrual, dict(e.accrual), met, -1)])
        j.used_up += took


def short_before(facts: Facts, j: Judged) -> list[Judged]:
    """Return earlier lines for the same that were billed too little."""
    return [
        e
        for e in facts.lines
        if e.order_key < j.order_key
        and e.accrual
        and in_reach(e, j)
        and same_item(e, j)
        and repeats(e, j)
        and not wholly_at_stake(e)
        and not credited_in_full(facts, e, j)
    ]


def credited_in_full(facts: Facts, e: Judged, j: Judged) -> bool:
    """Say whether all of a charge was credited up to the document of a line: it is not there."""
    given = sum((part for _, _, part in credits_of(facts, e, until(j))), ZERO)
    return bool(e["amount"] and given >= e["amount"])


def owed_before(facts: Facts, j: Judged, due: Due) -> tuple[Decimal, list[Taken]]:
    """Return what of the days that are due of a line lines of 0.00 before it have already, and how.

    "A line beside them is judged as if they were not there, but `expected` is what they leave."
    What they were billed too little is used up by it.
    """
    nothing = [e for e in short_before(facts, j) if not e["amount"]]
    if not nothing:
        return ZERO, []
    stood = [standing(facts, e, j) for e in earlier_charges(facts, j)]
    left: Due = {}
    for day, units in due.items():
        used = sum((s.get(day, NONE) for s in stood), NONE)
        used += sum((e.beside_nothing.get(day, e.due.get(day, NONE)) for e in nothing), NONE)
        has = facts.may_bill(j, day) if day else j.order and Decimal(j.order["quantity"])
        left[day] = min(units, max(NONE, (has or NONE) - used))
    j.beside_nothing = left
    off, taken = max(ZERO, j.due_amount(due) - j.due_amount(left)), []
    owed = ZERO
    for e in nothing:
        met = {
            d for d in met_days(e, set(due)) if d in e.accrual and left.get(d, 0) < due.get(d, 0)
        }
        took = min(off - owed, total(e.accrual[d] for d in met))
        before = {d: e.accrual[d] for d in met}
        use(took, [(e.accrual, dict(e.accrual), met, -1)])
        taken.append((took, e.accrual, before))
        owed += took
    return owed, taken


def give_back(billed: Decimal, taken: list[Taken]) -> None:
    """Open again what of lines of 0.00 a line has taken but not billed, the newest first."""
    unbilled = sum((took for took, _, _ in taken), ZERO) - billed
    for took, accrual, before in reversed(taken):
        part = max(ZERO, min(took, unbilled))
        for d in before if took else []:
            accrual[d] += (before[d] - accrual[d]) * Fraction(part) / Fraction(took)
        unbilled -= part


def met_days(e: Judged, days: set[Day]) -> set[Day]:
    """Return those of some days that an earlier line bears; a line without days meets them all."""
    own: set[Day] = set(days_of_charge(e))
    return own if days == {None} else own & days


def use(amount: Decimal, places: list[tuple[Money, Money, set[Day], int]]) -> None:
    """Take an amount of what is open, in proportion; `places` are where, what there is, on which.

    The sign says whether what is used is added to what was used, or taken off what is left.
    """
    open_ = sum((there[d] for _, there, days, _ in places for d in days), NOTHING)
    if not amount or not open_:
        return
    for kept, there, days, sign in places:
        for d in days:
            step = there[d] * Fraction(amount) / open_
            kept[d] = max(NOTHING, kept.get(d, NOTHING) + sign * step)


def accrue(j: Judged, amount: Decimal, owed: Decimal) -> None:
    """Keep what a line was billed too little on the days it is due for, to be billed later.

    What lines of 0.00 have of it does not lie on it, but as far as it was not there any more; what
    was credited of an earlier charge is due on the days that it bills again.
    """
    left = j.beside_nothing or j.due
    first = j.due_amount({d: min(units, left.get(d, units)) for d, units in j.due.items()})
    parts = [
        (first, {d: min(units, left.get(d, units)) for d, units in j.due.items()}),
        (max(ZERO, j.worth - owed - first), {d: u - left.get(d, u) for d, u in j.due.items()}),
        (j.spared, {d: j.units - units for d, units in j.due.items()}),
    ]
    parts = [(worth, u) for worth, u in parts if worth > 0 and any(n > 0 for n in u.values())]
    whole = sum((worth for worth, _ in parts), ZERO)
    for worth, units in parts if amount > 0 else []:
        shares = {d: w * Fraction(max(units[d], NONE)) for d, w in weights(j, units).items()}
        for d, share in shares.items():
            more = Fraction(amount) * Fraction(worth) / Fraction(whole) * share
            if share:
                j.accrual[d] = j.accrual.get(d, NOTHING) + more / sum(shares.values())
