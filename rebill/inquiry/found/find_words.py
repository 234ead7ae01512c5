"""What was found, in words for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rebill.inquiry.aligned import facts, printed, sentence, table, telephone
from rebill.inquiry.found.find_facts import named, own_facts, own_row, standing
from rebill.inquiry.found.spelling import LONGEST

Told = dict[str, Any]
FEW = 6
"""Rows of a list that are shown; `--json` has more."""
SPOKEN = {
    "service": "service",
    "number": "a telephone number no service of ours has",
    "circuit": "a circuit no service of ours has",
    "account": "billing account",
    "customer": "customer",
    "order": "order",
    "claim": "claim",
    "invoice": "customer invoice",
    "document": "carrier invoice",
    "line": "line of a carrier invoice",
    "finding": "finding",
}
"""How each kind is spoken of."""


def as_words(told: Told) -> str:
    """Return what was found: the one clear hit in full, several as a list, or what is near."""
    hits = told["hits"]
    if not hits:
        return "\n".join(_nothing(told))
    clear = [hit for hit in hits if hit["exact"]]
    chosen = hits[0] if len(hits) == 1 else clear[0] if len(clear) == 1 else None
    lines = _whole(chosen, told) if chosen else []
    rest = [hit for hit in hits if hit is not chosen]
    if rest:
        many = len(rest) + told["not_shown"]
        lines += [""] if chosen else []
        lines += [f"Also like {told['text']}:" if chosen else f"{told['text']} can be {many}:"]
        lines += _listed(rest)
        if told["not_shown"]:
            lines += [f"  and {told['not_shown']} more"]
        lines += ["", "rebill find ID tells all of one of them"]
    return "\n".join(lines)


def _nothing(told: Told) -> list[str]:
    if not told["looked_at"]:
        what = "give a number, a circuit, a name or an id"
        return sentence(f"nothing can be called so: {what} of at most {LONGEST} characters")
    where = f"nothing on record is called {told['text']}; looked at: "
    lines = sentence(where + ", ".join(told["looked_at"]))
    if told["near"]:
        lines += sentence("nearest: " + ", ".join(printed(name) for name in told["near"]))
    return lines


def _listed(hits: Sequence[Told]) -> list[str]:
    """Return hits one line each: kind, id, and what stands beside it."""
    rows = [(hit["kind"], printed(hit["id"]), _beside(hit)) for hit in hits]
    return table(("kind", "id", "what"), rows, words=2)


def _beside(hit: Told) -> str:
    """Return what tells a thing from others of its kind, in a line."""
    own = own_row(hit)
    if not own:
        return printed(hit["called"] or hit["carrier"])
    words: tuple[Any, ...]
    match hit["kind"]:
        case "service":
            number = telephone(own["wtn"]) if own["wtn"] else None
            words = (number, own["circuit_id"], own["customer_name"], own["status"])
        case "claim":
            words = (own["carrier"], own["bill_month"], own["amount"], standing(own["status"]))
        case "document":
            words = (own["carrier"], own["invoice_no"], own["bill_date"], own["status"])
        case "invoice":
            words = (own["customer_name"] or own["customer"], own["total"], own["status"])
        case _:
            words = (own["words"], own["amount_at_stake"])
    return ", ".join(printed(word) for word in words if word is not None)


def _whole(hit: Told, told: Told) -> list[str]:
    """Return everything of one hit."""
    heading = f"{printed(hit['id'])}: {SPOKEN[hit['kind']]}"
    if hit["kind"] in ("number", "circuit"):
        heading += f" with {printed(hit['carrier'])}"
    if hit["by"] in ("telephone number", "circuit", "name", "tracking number", "carrier invoice"):
        found = f", found by its {hit['by']}" if hit["kind"] not in ("number", "circuit") else ""
        heading += found
    parts = [own_facts(hit), _services(hit), _lines(hit), _findings(hit), _claims(hit)]
    parts += [_prices(hit), _invoices(hit), _orders(hit), _documents(hit), _call(hit)]
    as_of = f" (as of {told['as_of']})" if told["as_of"] else ""
    lines = [*sentence(heading + as_of)]
    for part in parts:
        if part:
            lines += ["", *part] if part[0][0] != " " else part
    if hit["kind"] == "line" or own_row(hit).get("line_id"):
        lines += ["", f"rebill explain {hit['id']} tells why"]
    return lines


def _head(hit: Told, part: str, words: str, more: str = "") -> list[str]:
    """Return the heading of a list, with how many of how many rows it shows."""
    many = hit["in_all"][part]
    shown = f" ({FEW} of {many})" if many > FEW else ""
    return [f"{words}{shown}{more}"]


def _services(hit: Told) -> list[str]:
    rows = hit["services"]
    if not rows or hit["kind"] == "service":
        return []
    theirs = hit["kind"] == "customer"
    told = [
        (
            row["service"],
            telephone(row["wtn"]) if row["wtn"] else printed(row["circuit_id"]),
            standing(row["status"]),
            printed(row["product"]),
            f"{row['carrier']} {printed(row['ban'])}"
            if theirs
            else named(row["customer"], row["customer_name"]),
        )
        for row in rows[:FEW]
    ]
    last = "account" if theirs else "customer"
    heads = ("service", "number or circuit", "stands", "product", last)
    return [*_head(hit, "services", "Services"), *table(heads, told, words=4)]


def _lines(hit: Told) -> list[str]:
    told = [
        (
            printed(row["bill_date"]),
            row["line_id"],
            printed(row["usoc"]),
            printed(row["description"]),
            printed(row["amount"]),
            printed(row["expected"]),
            printed(row["price"]),
        )
        for row in hit["lines"][:FEW]
    ]
    heads = ("bill date", "line", "USOC", "what", "billed", "due", "price")
    if not told:
        return []
    head = _head(hit, "lines", "Last lines on carrier bills")
    return [*head, *table(heads, told, words=3, right=(4, 5, 6))]


def _findings(hit: Told) -> list[str]:
    told = [
        (
            printed(row["bill_date"]),
            printed(row["words"]) + (" (waived)" if row["waived_by"] else ""),
            printed(row["usoc"]),
            printed(row["service"] or row["ban"]),
            printed(row["amount_at_stake"]),
            printed(row["claim_no"]),
        )
        for row in hit["findings"][:FEW]
        if row["finding_id"] != hit["id"]
    ]
    if not told:
        return []
    heads = ("bill date", "what is wrong", "USOC", "service", "at stake", "claim")
    head = _head(hit, "findings", "Findings", f": {hit['at_stake']} at stake")
    return [*head, *table(heads, told, words=1, right=(4,))]


def _claims(hit: Told) -> list[str]:
    told = [
        (
            row["claim_no"],
            row["bill_month"],
            printed(row["words"] or row["reason"]),
            printed(row["amount"]),
            printed(row["credited"] or None),
            standing(row["status"]),
            printed(row["file_by"] if row["filed_on"] is None else None),
        )
        for row in hit["claims"][:FEW]
        if row["claim_no"] != hit["id"]
    ]
    if not told:
        return []
    heads = ("claim", "month", "reason", "amount", "credited", "stands", "file by")
    return [*_head(hit, "claims", "Claims"), *table(heads, told, words=2, right=(3, 4))]


def _prices(hit: Told) -> list[str]:
    by_service = hit["kind"] == "invoice"
    told = [
        (
            printed(row["service"]) if by_service else row["invoice_no"],
            row["bill_month"],
            standing(row["status"]),
            printed(row["lines"]),
            printed(row["cost"]),
            printed(row["price"]),
            printed(row["margin"]),
        )
        for row in hit["prices"][:FEW]
    ]
    if not told:
        return []
    first = "service" if by_service else "invoice"
    heads = (first, "month", "stands", "lines", "cost", "price", "margin")
    head = _head(hit, "prices", "What the customer pays")
    return [*head, *table(heads, told, words=0, right=(3, 4, 5, 6))]


def _invoices(hit: Told) -> list[str]:
    if hit["kind"] != "customer":
        return []
    told = [
        (row["invoice_no"], row["bill_month"], row["status"], printed(row["due_date"]))
        + (printed(row["total"]),)
        for row in hit["invoices"][:FEW]
    ]
    heads = ("invoice", "month", "stands", "due", "total")
    if not told:
        return []
    return [*_head(hit, "invoices", "Invoices"), *table(heads, told, words=0, right=(4,))]


def _orders(hit: Told) -> list[str]:
    told = [
        (
            row["order_no"],
            row["service"],
            row["usoc"],
            f"completed {row['completed_on']}" if row["completed_on"] else "not completed",
            "waived" if row["nrc_waived"] else "due once",
        )
        for row in hit["orders"][:FEW]
    ]
    if not told:
        return []
    heads = ("order", "service", "USOC", "stands", "one-time charge")
    return [*_head(hit, "orders", "Orders"), *table(heads, told, words=3)]


def _documents(hit: Told) -> list[str]:
    if hit["kind"] != "account":
        return []
    told = [
        (
            printed(row["bill_date"]),
            printed(row["invoice_no"]),
            row["status"],
            printed(row["lines"]),
            printed(row["total_due"]),
            printed(row["pulled_on"] or row["debit_on"]),
        )
        for row in hit["documents"][:FEW]
    ]
    if not told:
        return []
    heads = ("bill date", "invoice", "stands", "lines", "total due", "pull")
    return [*_head(hit, "documents", "Bills"), *table(heads, told, words=1, right=(3, 4))]


def _call(hit: Told) -> list[str]:
    """Return whom to call: the carrier, the customer, and who speaks for us."""
    call = hit["call"]
    said = []
    for one in call["carriers"]:
        under = ", ".join(f"{row['contract']} (form {row['form']})" for row in one["contracts"])
        to = list(dict.fromkeys(", ".join(row["address"]) for row in one["contracts"]))
        words = [f"claims under {under}" if under else "no contract in force", *filter(None, to)]
        said.append(("carrier", f"{one['carrier']}: {'; '.join(words)}"))
    for one in call["customers"]:
        said.append(("customer", ", ".join(printed(word) for word in one.values() if word)))
    us = ", ".join(printed(word) for word in call["us"].values() if word)
    said.append(("for us", us or "nobody: fill in [contact] of rebill.toml"))
    return ["Whom to call", *facts(said)]
