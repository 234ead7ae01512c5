"""What a thing that was found is, fact by fact, for a terminal of 80 columns."""

from __future__ import annotations

from typing import Any

from rebill.inquiry.aligned import facts, printed, telephone

Told = dict[str, Any]


OWN = {
    "service": ("services", "service"),
    "claim": ("claims", "claim_no"),
    "invoice": ("invoices", "invoice_no"),
    "document": ("documents", "document_id"),
    "finding": ("findings", "finding_id"),
}
"""In which list the row of a thing itself stands, and under which name its id."""


def own_row(hit: Told) -> Told:
    """Return the row of the thing itself in its lists; empty where it has none."""
    if hit["kind"] not in OWN:
        return {}
    part, name = OWN[hit["kind"]]
    return next((row for row in hit[part] if row[name] == hit["id"]), {})


def own_facts(hit: Told) -> list[str]:
    """Return what a thing is, fact by fact."""
    own = own_row(hit)
    match hit["kind"]:
        case "service":
            return _service(own)
        case "claim":
            return _claim(own)
        case "invoice":
            return _invoice(own)
        case "document":
            return _document(own)
        case "finding":
            return _finding(own)
        case "customer":
            (own,) = hit["call"]["customers"] or [{}]
            return facts([(name, printed(own.get(name))) for name in ("name", "address", "email")])
        case "account":
            under = {row["contract"] for row in hit["services"] if row["contract"]}
            contract = ", ".join(sorted(under)) or "none in force"
            return facts([("carrier", printed(hit["carrier"])), ("contract", contract)])
        case _:
            return []


def _service(own: Told) -> list[str]:
    since, until = own.get("installed_on"), own.get("disconnected_on")
    days = [f"since {since}" if since else "", f"disconnected on {until}" if until else ""]
    place = f"{printed(own.get('state'))}, zone {printed(own.get('zone'))}"
    return facts(
        [
            ("customer", named(own.get("customer"), own.get("customer_name"))),
            ("number", telephone(own.get("wtn") or "-")),
            ("circuit", printed(own.get("circuit_id"))),
            ("product", printed(own.get("product"))),
            ("package", printed(own.get("package"))),
            ("carrier", f"{printed(own.get('carrier'))}, account {printed(own.get('ban'))}"),
            ("contract", printed(own.get("contract"))),
            ("place", place),
            ("term", f"{own['term_months']} months" if own.get("term_months") else "-"),
            ("stands", ", ".join(filter(None, (own.get("status"), *days)))),
        ]
    )


def _claim(own: Told) -> list[str]:
    won = ("granted", "credited", "denied", "withdrawn")
    outcome = ", ".join(f"{name} {own[name]}" for name in won if own.get(name))
    days = [(name, own.get(name)) for name in ("filed_on", "file_by", "dispute_closes_on")]
    told = ", ".join(f"{name.replace('_', ' ')} {day}" for name, day in days if day)
    return facts(
        [
            ("carrier", f"{printed(own.get('carrier'))}, account {printed(own.get('ban'))}"),
            ("reason", f"{printed(own.get('reason'))}: {printed(own.get('words'))}"),
            ("bill month", printed(own.get("bill_month"))),
            ("amount", printed(own.get("amount"))),
            ("stands", standing(own.get("status"))),
            ("outcome", outcome),
            ("days", told),
            ("tracking", printed(own.get("tracking_no"))),
            ("contract", printed(own.get("contract"))),
        ]
    )


def _invoice(own: Told) -> list[str]:
    dates = f"{printed(own.get('bill_date'))}, due {printed(own.get('due_date'))}"
    linked = [f"{name.replace('_', ' ')} {own[name]}" for name in _LINKS if own.get(name)]
    return facts(
        [
            ("customer", named(own.get("customer"), own.get("customer_name"))),
            ("brand", printed(own.get("brand"))),
            ("dated", dates),
            ("total", f"{printed(own.get('total'))} for {printed(own.get('lines'))} lines"),
            ("stands", ", ".join(filter(None, (own.get("status"), *linked)))),
            ("held", printed(own.get("hold"))),
        ]
    )


_LINKS = ("corrects", "corrected_by", "replaced_by")


def _document(own: Told) -> list[str]:
    pull = f"expected {own['debit_on']}" if own.get("debit_on") else ""
    if own.get("pulled"):
        pull = f"pulled {printed(own['pulled'])} on {printed(own['pulled_on'])}"
    return facts(
        [
            ("carrier", f"{printed(own.get('carrier'))}, account {printed(own.get('ban'))}"),
            ("invoice", printed(own.get("invoice_no"))),
            ("dated", f"{printed(own.get('bill_date'))}, due {printed(own.get('due_date'))}"),
            ("charges", f"{printed(own.get('current_charges'))}, {own.get('lines')} lines"),
            ("total due", printed(own.get("total_due"))),
            ("stands", standing(own.get("status"))),
            ("pull", pull),
            ("dispute by", printed(own.get("dispute_closes_on"))),
            ("contract", printed(own.get("contract"))),
            ("file", printed(own.get("source_file"))),
        ]
    )


def _finding(own: Told) -> list[str]:
    return facts(
        [
            ("what", printed(own.get("words"))),
            ("code", printed(own.get("code"))),
            ("says", printed(own.get("message"))),
            ("at stake", printed(own.get("amount_at_stake"))),
            ("do", printed(own.get("remedy"))),
            ("until", printed(own.get("dispute_closes_on"))),
            ("claim", printed(own.get("claim_no"))),
        ]
    )


def standing(status: str | None) -> str:
    """Return how a thing stands, in words."""
    return printed(status).replace("_", " ")


def named(own: str | None, name: str | None) -> str:
    """Return an id with the name beside it."""
    return " ".join(printed(word) for word in (own, name) if word and word != "-") or "-"
