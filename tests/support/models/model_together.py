"""What is judged of several lines together: packages, and what is on no line at all."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from model_codes import NONE
from model_facts import Facts
from model_homes import homes, shows
from model_lines import ZERO, Judged, day_and_cent
from model_time import Row, extension, holds, rounded


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
            home = next(h for h in homes(facts.world, service) if h.on(document["bill_date"]))
            if home[:2] != (carrier, ban):
                continue
            if not holds(service, document["bill_date"], "installed_on", "disconnected_on"):
                continue
            billed = [
                j
                for j in facts.lines
                if j.service is service
                and j["amount"] >= 0
                and j.month == tuple(month)
                and shows(facts.world, home, service, j)
            ]
            there = {**service, "carrier": home.carrier, "ban": home.ban}
            found += not_billed_of(facts, document, there, billed)
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
