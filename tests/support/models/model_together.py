"""What is active on a bill date and stands on no line of the month."""

from __future__ import annotations

from decimal import Decimal

from model_facts import Facts
from model_homes import homes, shows
from model_lines import ZERO, Judged
from model_repeats import NONE
from model_time import Row, holds, rounded


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
    # A package billed as one line stands for the elements that the service holds of it.
    for held in {j.package for j in billed if j.package and j.package != package}:
        codes |= facts.elements_of(service["carrier"], held).keys()
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
