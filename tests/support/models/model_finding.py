"""What the model says of a line: the identity of its cents, its row, its findings."""

from __future__ import annotations

from fractions import Fraction

from model_codes import NONE
from model_lines import ZERO, Judged
from model_time import Row

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
        "due_units": units if j.plain_units else None,
        "due_unit_months": (months if j.fraction is not None else units) if j.plain_units else None,
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
