"""The slow model: every line judged by itself, code by code, in plain decimals and fractions.

It says what the findings page says, as naively as it can be said, and judges the fast kernels:
same matches, same findings, same cents. It knows nothing of frames.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from model_codes import NARROWING, NONE, WHOLE, charged_twice, quantity_above_inventory
from model_facts import Facts, Given
from model_finding import check, finding, told
from model_homes import match
from model_lines import (
    MONTHLY,
    ORDERED,
    ZERO,
    Due,
    Judged,
    day_and_cent,
    printed_places,
    same_rate,
)
from model_packages import held_packages, judge_packages
from model_repeats import (
    Taken,
    accrue,
    earlier_charges,
    give_back,
    owed_before,
    spare,
    use_accruals,
    wholly_at_stake,
)
from model_time import Row, days_touched, extension, overlap, rounded
from model_together import not_billed

if TYPE_CHECKING:
    from worlds import World

AGREE = (
    ("recurring", "recurring"), ("recurring", "prorated"), ("one_time", "one_time"),
    ("usage", "usage"), ("surcharge", "surcharge"), ("tax", "tax"), ("credit", "adjustment"),
)  # fmt: skip
"""The kinds of codes in the catalogue, and the classes that lines of them may have."""


def model_audit(world: World) -> tuple[list[Row], list[Row]]:
    """Return every line of a world with what is due of it, and every finding."""
    facts = Facts(world)
    for j in facts.lines:
        j.contract = facts.contract_on(j["carrier"], j["ban"], j["bill_date"])
        match(world, j)
    use_orders(facts)
    for j in facts.lines:
        enter(facts, j)
    held_packages(facts)
    for j in facts.lines:
        price(facts, j)
    for j in facts.lines:
        judge(facts, j)
    judge_packages(facts)
    for j in facts.lines:
        check(j)
    findings = [finding(j, code) for j in facts.lines for code in j.findings]
    return [told(j) for j in facts.lines], findings + not_billed(facts)


# -------------------------------------------------------------------------- before the judgement


def use_orders(facts: Facts) -> None:
    """Give each one-time charge its order, month by month: printed numbers first, then the oldest.

    What an earlier month used stays used, but for what credits give back.
    """
    completed = [o for o in facts.world.orders if o["completed_on"] is not None]
    charges = [
        j
        for j in facts.lines
        if j["charge_class"] == "one_time" and j["amount"] >= 0 and j.service and j["usoc"]
    ]
    seen: list[Judged] = []
    for j in sorted(charges, key=lambda j: (j.month, j["order_no"] is None, j.order_key)):
        own = [o for o in completed if is_for(o, j)]
        if j["order_no"]:
            own = [o for o in own if o["order_no"] == j["order_no"]]
        else:
            day = j["bill_date"]
            credits = [c for c in facts.credits_like(j) if c["bill_date"] <= day]
            own = [
                o
                for o in own
                if o["completed_on"] <= day and units_left(facts, o, seen, seen, credits) > 0
            ]
        if own:
            j.order = min(own, key=lambda o: (o["completed_on"], o["order_no"]))
        seen.append(j)
    for j in seen:
        if j.order:
            before = [e for e in seen if e.order_key < j.order_key]
            credits = [c for c in facts.credits_like(j) if c.order_key[:2] <= j.order_key[:2]]
            j.units_left = max(NONE, units_left(facts, j.order, before, seen, credits))


def is_for(order: Row, j: Judged) -> bool:
    """Say whether an order is for the service and USOC of a line."""
    assert j.service is not None
    return (order["service"], order["usoc"]) == (j.service["service"], j["usoc"])


def units_left(
    facts: Facts, order: Row, users: list[Judged], charges: list[Judged], credits: list[Judged]
) -> Decimal:
    """Return the units of an order that no line of `users` has, but for the credited `charges`.

    A line wholly at stake, or of 0.00, uses none up. A credit gives back the whole units it pays
    for; all of them if it completes the credit.
    """
    like = [e for e in charges if is_for(order, e)]
    own = [e for e in users if e.order is order and e["amount"] and not wholly_at_stake(e)]
    used = sum((e.units for e in own), NONE)
    given = facts.given(like, credits)
    for e in like:
        if e.order is order and e["amount"] > 0 and not wholly_at_stake(e):
            used -= units_back(e, [g for g in given if g[1] is e])
    return Decimal(order["quantity"]) - max(NONE, used)


def units_back(e: Judged, given: list[Given]) -> Decimal:
    """Return the units of a one-time charge that credits give back."""
    back = sum((part for _, _, part in given), ZERO)
    return e.units if back == e["amount"] else Decimal(int(e.units * back / e["amount"]))


def enter(facts: Facts, j: Judged) -> None:
    """Give the line its rate day, its catalogue entry, and the package its service holds."""
    j.rate_day = j.period[0] if j.period else j["bill_date"]
    if j.order:
        j.rate_day = j.order["completed_on"]
    for row in facts.catalogue(j):
        if row["usoc"] == j["usoc"]:
            j.catalogued, j.kind = True, row["kind"]
            j.family = row["family"] and row["family"].lower()
    if j.contract:
        holder = facts.contract_on(j["carrier"], j["ban"], j.rate_day)
        j.rate_contract = (holder or j.contract).id
    if j.service and j["charge_class"] in MONTHLY:
        held = j.service["package"]
        if j["usoc"] and j["usoc"] in facts.elements_of(j["carrier"], held):
            j.package = held


def price(facts: Facts, j: Judged) -> None:
    """Give the line the rate in force, and what is due of it before anything is found."""
    if j.package:
        rates = facts.rates_of(j, j.rate_day, j.package)
        j.package_rate = rates[0]["rate"] if rates and j.priceable else None
    else:
        j.rate_row = next(iter(facts.rates_of(j, j.rate_day)), None)
    days = days_touched(j.period) if j.period and j.by_days else [None]
    j.due = {day: j.units for day in days}
    j.worth = j.due_amount()


# -------------------------------------------------------------------------------- the judgement


def judge(facts: Facts, j: Judged) -> None:
    """Find everything that is wrong with a line by itself, and say what is due of it."""
    if j.kind == "record_only" and not j.package:
        known = j.rate if j["charge_class"] == "surcharge" else j.price
        j.expected = None if known is None else j["amount"]
        return
    if j.is_credit:
        j.expected = j["amount"]
        questions(facts, j)
        return
    true = [(code, due) for code in NARROWING if (due := code(facts, j)) is not None]
    j.nothing_due = any(code in WHOLE for code, _ in true)
    j.grouped = j.package_rate is not None and not j.nothing_due and j["amount"] > 0
    here = [e for e in earlier_charges(facts, j) if e["document_id"] == j["document_id"]]
    if j.grouped and not here:
        # What other documents bill of a package is weighed by its days.
        true = [(code, due) for code, due in true if code is not charged_twice]
    others = [(code, due) for code, due in true if code is not charged_twice]
    owed, taken = owed_of(facts, j, [due for _, due in true])
    for code, due in true:
        if code is charged_twice and j.grouped:
            repeat_in_package(facts, j, due, bool(others))
        elif j.grouped:
            j.narrow(due)
            j.findings[code.__name__] = (ZERO, None)
        elif code is charged_twice:
            repeat(facts, j, due, bool(others))
        else:
            j.take(code.__name__, due)
    if j["charge_class"] not in ORDERED:
        j.expected = j.left
    elif j.package:
        j.expected = None if j.package_rate is None else j.left
    elif j.price is None:
        many = quantity_above_inventory(facts, j)
        if many is not None:
            j.narrow(many)
            stake = max(ZERO, j.left - j.worth - j.spared)
            j.left -= stake
            j.findings["quantity_above_inventory"] = (stake, None)
        j.findings["rate_missing"] = (ZERO, None)
    else:
        split_overcharge(facts, j, j.price, owed)
        give_back(max(ZERO, -j.underbilled - j.used_up), taken)
    questions(facts, j)
    if j["amount"] == 0:
        j.findings = {c: f for c, f in j.findings.items() if c == "rate_below_contract"}


def owed_of(facts: Facts, j: Judged, parts: list[Due]) -> tuple[Decimal, list[Taken]]:
    """Return what of a line, cut to all of some parts, lines of 0.00 before it have already."""
    if j.price is None or j.nothing_due or j["charge_class"] not in ORDERED:
        return ZERO, []
    many = quantity_above_inventory(facts, j)
    parts = [j.due, *parts, *([many] if many else [])]
    return owed_before(facts, j, {d: min(part[d] for part in parts) for d in j.due})


def repeat(facts: Facts, j: Judged, due: Due, others: bool) -> None:
    """Put at stake what is billed again, less what credits and accruals leave open of it.

    "Where a later code that takes lines or days is true of the line, no money is spared."
    """
    j.narrow(due)
    if j.left == j["amount"] and not j.nothing_due:
        if not others:
            spare(facts, j, due)
        use_accruals(facts, j, due)
    j.take("charged_twice", due)
    j.findings["charged_twice"] = (j.findings["charged_twice"][0] - j.used_up, None)
    if j.spared or j.used_up:
        j.plain_units = False
        if not j.findings["charged_twice"][0]:
            del j.findings["charged_twice"]


def repeat_in_package(facts: Facts, j: Judged, due: Due, others: bool) -> None:
    """Say what is left of an element of a package that is billed again."""
    j.repeated = True
    j.narrow(due)
    if not others:
        spare(facts, j, due)
    j.not_again = min(j["amount"], j.worth + j.spared)
    j.findings["charged_twice"] = (ZERO, None)


def split_overcharge(facts: Facts, j: Judged, rate: Decimal, owed: Decimal) -> None:
    """Split billed less due into units too many, the rate, and the extension or proration.

    The last that is true takes all that is left.
    """
    prorated, printed = j["charge_class"] == "prorated", j["unit_rate"]
    before, with_all_units = j.unit_months(j.due), j.worth + j.spared
    many = quantity_above_inventory(facts, j)
    if many is not None:
        j.narrow(many)
    due = j.worth + j.spared
    off = j.left - due
    tolerant = prorated and j["amount"] > 0 and (printed is None or same_rate(j, rate))
    slack = day_and_cent(j, rate, j.due_units()) if tolerant and many is None else ZERO
    if abs(off) <= slack:
        j.tolerated, j.left, off = off, due, ZERO
    parts: list[tuple[str, Decimal]] = []
    if many is not None:
        parts.append(("quantity_above_inventory", units_part(j, before)))
    if printed is None:
        if off > 0 and j.left > with_all_units:
            parts.append(("rate_above_contract", off))
    elif printed > rounded(rate, printed_places(j)):
        parts.append(("rate_above_contract", off))
    else:
        everything = extension(rate, Fraction(j.units) * j.whole, j.units, j.rounding)
        allowed = day_and_cent(j, rate, j.units) if tolerant else Fraction(0)
        if Fraction(j["amount"]) > Fraction(everything) + allowed:
            parts.append(("proration_wrong" if prorated else "extension_wrong", off))
    off = max(ZERO, off)
    for n, (code, part) in enumerate(parts, 1):
        stake = off if n == len(parts) else min(max(ZERO, part), off)
        off -= stake
        j.left -= stake
        cause = facts.cause(j) if code == "rate_above_contract" else None
        j.findings[code] = (stake, cause)
    j.expected = due - min(owed, due)
    short = due - j.left - min(owed, due)
    j.underbilled = short
    if owed:
        j.plain_units = False
    if short > 0:
        j.findings["rate_below_contract"] = (ZERO, None)
        accrue(j, j.underbilled, owed)
    j.underbilled -= j.used_up


def units_part(j: Judged, before: Fraction) -> Decimal:
    """Return what units too many cost, at the unit rate billed, of so many unit-months before."""
    after, printed = j.unit_months(j.due), j["unit_rate"]
    if printed is not None:
        return rounded(Fraction(printed) * before) - rounded(Fraction(printed) * after)
    return j.left - rounded(Fraction(j.left) * after / before) if before else j.left


def questions(facts: Facts, j: Judged) -> None:
    """Add the findings that put nothing at stake and only ask."""
    charge_class = j["charge_class"]
    told = j["usoc"] or charge_class in (*ORDERED, "surcharge")
    if not j.catalogued and not j.is_credit and told:
        j.findings["usoc_unknown"] = (ZERO, None)
    known = j.kind not in (None, "record_only")
    if j["amount"] > 0 and known and (j.kind, charge_class) not in AGREE:
        j.findings["class_differs"] = (ZERO, None)
    if j.match_note not in (None, "not_at_home") and j["amount"] != 0:
        j.findings["match_doubtful"] = (ZERO, j.match_note)
    if j.is_credit or charge_class not in MONTHLY or not j.service:
        return
    for rule in facts.rules(j, "requires"):
        partners = [
            e
            for e in facts.lines
            if e["usoc"] == rule["other_usoc"]
            and e.service is j.service
            and e["carrier"] == j["carrier"]
            and (e.month == j.month or (e.month < j.month and overlap(e.period, j.period)))
            and e["charge_class"] in MONTHLY
            and e["amount"] >= 0
        ]
        if rule["usoc"] == j["usoc"] and not partners:
            j.findings["partner_missing"] = (ZERO, None)
