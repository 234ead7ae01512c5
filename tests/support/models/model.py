"""The slow model: every line judged by itself, code by code, in plain decimals and fractions.

It says what the findings page says, as naively as it can be said, and judges the fast kernels:
same matches, same findings, same cents. It knows nothing of frames.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from model_codes import (
    NARROWING,
    NONE,
    WHOLE,
    charged_twice,
    quantity_above_inventory,
    uncredited_part,
)
from model_facts import MONTHLY, ORDERED, ZERO, Facts, Judged, printed_places, same_rate
from model_time import Row, billing_days, days_touched, extension, holds, overlap, rounded

if TYPE_CHECKING:
    from worlds import World

CENT = Decimal("0.01")
REASONS = {
    "account_unknown": "UNK",
    "backbilled_too_late": "BBL",
    "charged_twice": "DUP",
    "service_unknown": "UNK",
    "billed_after_disconnect": "DISC",
    "billed_before_install": "EFF",
    "one_time_charge_not_due": "NRC",
    "element_not_ordered": "USOC",
    "tax_on_exempt_account": "TAX",
    "surcharge_not_due": "SUR",
    "surcharge_above_cap": "SUR",
    "charged_in_summary": "DUP",
    "quantity_above_inventory": "QTY",
    "rate_above_contract": "RATE",
    "package_above_contract": "RATE",
    "proration_wrong": "PRO",
    "extension_wrong": "RATE",
}


def model_audit(world: World) -> tuple[list[Row], list[Row]]:
    """Return every line of a world with what is due of it, and every finding."""
    facts = Facts(world)
    for j in facts.lines:
        j.contract = facts.contract_on(j["carrier"], j["ban"], j["bill_date"])
        facts.match(j)
    use_orders(facts)
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
    """Return the units of an order that no line of `users` has, but for the credited `charges`."""
    like = [e for e in charges if is_for(order, e)]
    used = sum((e.units for e in users if e.order is order), NONE)
    given = facts.given(like, credits)
    for e in like:
        back = sum((part for _, own, part in given if own is e), ZERO)
        if e.order is order and e["amount"] > 0 and back == e["amount"]:
            used -= e.units
    return Decimal(order["quantity"]) - max(NONE, used)


def price(facts: Facts, j: Judged) -> None:
    """Give the line its rate day, its catalogue entry, its package and the rate in force."""
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
        j.expected = None if j.price is None else j["amount"]
        return
    if j.is_credit:
        j.expected = j["amount"]
        questions(facts, j)
        return
    true = [(code, due) for code in NARROWING if (due := code(facts, j)) is not None]
    j.nothing_due = any(code in WHOLE for code, _ in true)
    repeated = any(code is charged_twice for code, _ in true)
    j.grouped = (
        j.package_rate is not None and not j.nothing_due and not repeated and j["amount"] > 0
    )
    for code, due in true:
        if j.grouped:
            j.narrow(due)
            j.findings[code.__name__] = (ZERO, None)
        else:
            bound = uncredited_part(facts, j) if code is charged_twice else None
            j.take(code.__name__, due, bound)
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
        split_overcharge(facts, j, j.price)
    questions(facts, j)
    if j["amount"] == 0:
        j.findings = {c: f for c, f in j.findings.items() if c == "rate_below_contract"}


def split_overcharge(facts: Facts, j: Judged, rate: Decimal) -> None:
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
    j.expected = due
    if j.left < j.expected:
        j.underbilled = j.expected - j.left
        j.findings["rate_below_contract"] = (ZERO, None)


def units_part(j: Judged, before: Fraction) -> Decimal:
    """Return what units too many cost, at the unit rate billed, of so many unit-months before."""
    after, printed = j.unit_months(j.due), j["unit_rate"]
    if printed is not None:
        return rounded(Fraction(printed) * before) - rounded(Fraction(printed) * after)
    return j.left - rounded(Fraction(j.left) * after / before) if before else j.left


def day_and_cent(j: Judged, rate: Decimal, units: Decimal) -> Fraction:
    """Return what one day of so many units costs, plus a cent: the tolerance of a proration."""
    assert j.period is not None
    thirty = j.billing.proration == "thirty_day_month"
    days = 30 if thirty else billing_days(j.period[0], j["bill_date"].day)
    return Fraction(rate) * Fraction(units) / days + Fraction(CENT)


def questions(facts: Facts, j: Judged) -> None:
    """Add the findings that put nothing at stake and only ask."""
    charge_class = j["charge_class"]
    told = j["usoc"] or charge_class in (*ORDERED, "surcharge")
    if not j.catalogued and not j.is_credit and told:
        j.findings["usoc_unknown"] = (ZERO, None)
    if j.match_note and j["amount"] != 0:
        j.findings["match_doubtful"] = (ZERO, j.match_note)
    if j.is_credit or charge_class not in MONTHLY or not j.service:
        return
    for rule in facts.rules(j, "requires"):
        partners = [
            e
            for e in facts.lines
            if e["usoc"] == rule["other_usoc"]
            and e.service is j.service
            and (e.month == j.month or (e.month < j.month and overlap(e.period, j.period)))
            and e["charge_class"] in MONTHLY
            and e["amount"] >= 0
        ]
        if rule["usoc"] == j["usoc"] and not partners:
            j.findings["partner_missing"] = (ZERO, None)


# --------------------------------------------------------------------------- more than one line


def judge_packages(facts: Facts) -> None:
    """Audit the lines of one service, period and bill month together against the package rate."""
    groups: dict[tuple[object, ...], list[Judged]] = {}
    for j in facts.lines:
        if j.package_rate is not None and j.service and not j.nothing_due and j["amount"] > 0:
            key = (j.service["service"], j.package, j.period, j.month)
            groups.setdefault(key, []).append(j)
    for group in groups.values():
        own = [j for j in group if j.grouped]
        if own:
            repeats = sum((j.left for j in group if not j.grouped), ZERO)
            judge_package(sorted(own, key=lambda j: (j["line_no"], j["line_id"])), repeats)


def judge_package(group: list[Judged], repeats: Decimal) -> None:
    """Spread the package's price over the lines of a group and put the excess at stake.

    What is due of repeats has its part of the price already.
    """
    due, whole, slack = ZERO, ZERO, Fraction(0)
    for j in group:
        assert j.package_rate is not None
        one = {day: Decimal(units > 0) for day, units in j.due.items()}
        due = max(due, extension(j.package_rate, j.unit_months(one), Decimal(1), j.rounding))
        whole = max(whole, extension(j.package_rate, j.whole, Decimal(1), j.rounding))
        slack = max(slack, day_and_cent(j, j.package_rate, Decimal(1)))
    if not any(j["charge_class"] == "prorated" for j in group):
        slack = Fraction(0)
    price, whole = max(ZERO, due - repeats), max(ZERO, whole - repeats)
    billed = sum((j["amount"] for j in group), ZERO)
    for j, share in zip(group, spread(price, [j["amount"] for j in group]), strict=True):
        j.expected = share
        off = j["amount"] - share
        if j.findings.keys() & {"billed_after_disconnect", "billed_before_install"}:
            first = next(code for code in j.findings if code.startswith("billed_"))
            j.findings[first] = (max(ZERO, off), None)
            off = min(ZERO, off)
        if billed - whole > slack:
            j.findings["package_above_contract"] = (max(ZERO, off), None)
        elif abs(billed - price) <= slack:
            j.tolerated = off
        j.left = share
        j.underbilled = max(ZERO, share - j["amount"] + j.tolerated)


def spread(price: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Spread a price in proportion to weights, whole cents, by largest remainder."""
    total = sum(weights, ZERO)
    if not total:
        return [ZERO for _ in weights]
    exact = [Fraction(price) * 100 * Fraction(w) / Fraction(total) for w in weights]
    whole = [int(share) for share in exact]
    missing = int(price * 100) - sum(whole)
    order = sorted(range(len(weights)), key=lambda n: (whole[n] - exact[n], n))
    for n in order[:missing]:
        whole[n] += 1
    return [Decimal(cents).scaleb(-2) for cents in whole]


def not_billed(facts: Facts) -> list[Row]:
    """Return what is active on an account's bill date and on no line of its month."""
    found: list[Row] = []
    accounts: dict[tuple[object, ...], list[Row]] = {}
    for document in facts.world.documents:
        day = document["bill_date"]
        key = (document["carrier"], document["ban"], day.year, day.month)
        accounts.setdefault(key, []).append(document)
    for (carrier, ban, *month), documents in accounts.items():
        document = max(documents, key=lambda d: (d["bill_date"], d["document_id"]))
        for service in facts.world.services:
            if (service["carrier"], service["ban"]) != (carrier, ban):
                continue
            if not holds(service, document["bill_date"], "installed_on", "disconnected_on"):
                continue
            billed = [
                j
                for j in facts.lines
                if j.service is service and j["amount"] >= 0 and j.month == tuple(month)
            ]
            found += not_billed_of(facts, document, service, billed)
    return found


def not_billed_of(facts: Facts, document: Row, service: Row, billed: list[Judged]) -> list[Row]:
    """Return what of one service is missing among the lines billed in the month."""
    codes = {j["usoc"] for j in billed}
    day, package = document["bill_date"], service["package"]
    rows = [e for e in facts.world.service_elements if e["service"] == service["service"]]
    units: dict[str, Decimal] = {}
    for row in rows:
        if holds(row, day, "active_from", "active_until"):
            units[row["usoc"]] = units.get(row["usoc"], NONE) + Decimal(row["quantity"])
    contract = facts.contract_on(service["carrier"], service["ban"], day)
    by_unit = contract is not None and contract.billing.rounding == "unit"
    missing: list[tuple[str | None, Decimal | None]] = []
    for code, quantity in units.items():
        if code == package or code in facts.elements_of(service["carrier"], package):
            continue
        rate = facts.rate_of_element(service, day, code, None)
        if rate is not None and by_unit:
            rate = rounded(rate)
        if code not in codes and rate != 0 and not facts.record_only(service, code, day):
            missing.append((code, None if rate is None else rate * quantity))
    if package is not None and not any(j.package for j in billed):
        rate = facts.rate_of_element(service, day, None, package)
        if rate != 0:
            missing.append((package, rate))
    if not rows and package is None and not codes:
        missing.append((None, None))
    return [
        {
            "line_id": None,
            "document_id": document["document_id"],
            "service": service["service"],
            "usoc": code,
            "code": "element_not_billed",
            "cause": None,
            "amount_at_stake": ZERO,
            "billed": None,
            "expected": None if expected is None else rounded(expected),
            "reason": None,
        }
        for code, expected in missing
    ]


# ------------------------------------------------------------------------------------ the report


def check(j: Judged) -> None:
    """Hold the identity of every line: billed = expected + stakes + tolerated - underbilled."""
    stake = sum((s for s, _ in j.findings.values()), ZERO)
    assert all(s >= 0 for s, _ in j.findings.values()), j
    assert stake <= max(ZERO, j["amount"]), j
    if j.expected is not None:
        said = j.expected + stake + j.tolerated - j.underbilled
        assert said == j["amount"], (j.line, j.expected, j.findings, j.tolerated, j.underbilled)


def told(j: Judged) -> Row:
    """Return what was found out about a line."""
    service = j.service or {}
    at_stake = sum((s for s, _ in j.findings.values()), ZERO)
    units, months = j.due_units(), j.unit_months(j.due)
    if j.spared > 0:  # due for all that is billed, if for nothing less
        units = units or j.units
        months = months or Fraction(j.units) * j.whole
    if not j.is_credit and at_stake == j["amount"] > 0 and j.price != 0:
        units, months = NONE, Fraction(0)
    return {
        "line_id": j["line_id"],
        "service": service.get("service"),
        "customer": service.get("customer"),
        "package": j.package,
        "matched_by": j.matched_by,
        "match_note": j.match_note,
        "kind": j.kind,
        "contract": j.contract and j.contract.id,
        "order_used": j.order and j.order["order_no"],
        "rate_day": j.rate_day,
        "buy_rate": j.rate,
        "fraction": j.fraction,
        "due_units": units,
        "due_unit_months": months if j.fraction is not None else units,
        "expected": j.expected,
        "at_stake": at_stake,
        "tolerated": j.tolerated,
        "underbilled": j.underbilled,
    }


def finding(j: Judged, code: str) -> Row:
    """Return one finding of a line."""
    stake, cause = j.findings[code]
    reason = {"other_term": "TERM", "other_zone": "ZONE"}.get(cause or "", REASONS.get(code))
    return {
        "line_id": j["line_id"],
        "document_id": j["document_id"],
        "service": j.service and j.service["service"],
        "usoc": j["usoc"],
        "code": code,
        "cause": cause,
        "amount_at_stake": stake,
        "billed": j["amount"],
        "expected": j.expected,
        "reason": reason,
    }
