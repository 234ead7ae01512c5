"""Why we dispute, in plain words: a paragraph for each kind of error, for the cover letter.

The letter is data for a template; all of it is text. Sums are those of the packet's lines.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from invoices.packet.packet import UNSEEN

WHY: Mapping[str, str] = {
    "account_unknown": "The account is under no contract between us on the bill date.",
    "backbilled_too_late": "The service period lies further back than the contract lets charges"
    " be billed.",
    "charged_twice": "The same element of the same service is already billed for the same period;"
    " the earlier bills are listed as evidence.",
    "service_unknown": "Neither the circuit nor the telephone number is a service of ours.",
    "billed_after_disconnect": "The service was disconnected before the period, or the part of it,"
    " that is billed.",
    "billed_before_install": "The service was not installed yet in the period, or the part of it,"
    " that is billed.",
    "one_time_charge_not_due": "No completed order of ours carries the charge, or the order waives"
    " it.",
    "element_not_ordered": "The element billed is not on the service: it was not ordered for these"
    " days.",
    "tax_on_exempt_account": "Tax is billed although a resale certificate is on file.",
    "surcharge_not_due": "A contribution is billed that is not due from a reseller; the certificate"
    " is on file.",
    "surcharge_above_cap": "The surcharge is billed above its cap.",
    "late_charge_not_due": "A late charge is billed although the bill was paid by debit on its day,"
    " or its amount was in dispute.",
    "charged_in_summary": "The element is part of a summary code that is billed beside it.",
    "quantity_above_inventory": "More units are billed than the service has.",
    "rate_above_contract": "The unit rate billed is above the rate of the contract.",
    "package_above_contract": "The elements of the package add up to more than its price.",
    "proration_wrong": "The part of the month that is due comes to less than what is billed.",
    "extension_wrong": "Units times the rate of the contract come to less than what is billed.",
    "credit_missing": "A credit that was granted is not on the bill by which it was due.",
    "credit_short": "A credit that was granted came short.",
}
BECAUSE: Mapping[str, str] = {
    "superseded_rate": "It is the rate that ended when the present one came into force.",
    "other_zone": "It is the rate of another zone than the service's.",
    "other_state": "It is the rate of another state than the service's.",
    "other_term": "It is the rate of another term than the one bought.",
    "retail_rate": "It is the retail rate, not the one agreed.",
}
SHOWN = 12
"""Lines shown in the letter; all are in the spreadsheet."""
MONTHS = 40
"""Bills listed in the letter."""
BREAK = "\u200b"
"""A line may end here."""
_UNSEEN = re.sub(r"\\x\{(\w{4})\}", r"\\u\1", UNSEEN)
LONGEST = 400
"""Characters of an example in the letter."""


def grounds(evidence: pl.DataFrame) -> list[dict[str, str]]:
    """Return a paragraph for each kind of error, the most money first.

    Each has `why`, `lines`, `amount`, and `example`: what is said of its largest line.
    """
    kinds = (
        evidence.with_columns(cause=pl.col("cause").fill_null(""))
        .sort("amount_disputed", "finding_id", descending=[True, False])
        .group_by("code", "cause", maintain_order=True)
        .agg(
            pl.len().alias("lines"),
            pl.col("amount_disputed").sum().alias("amount"),
            example=pl.col("narrative").first(),
            usoc=pl.col("usoc").first(),
            invoice_no=pl.col("invoice_no").first(),
            sources=pl.col("rate_source").drop_nulls().unique(maintain_order=True).head(3),
        )
        .sort("amount", "code", "cause", descending=[True, False, False])
    )
    return [_ground(row) for row in kinds.iter_rows(named=True)]


def _ground(row: Mapping[str, Any]) -> dict[str, str]:
    why = WHY.get(row["code"], row["code"].replace("_", " ") + ".")
    parts = [why, BECAUSE.get(row["cause"], "")]
    sources = row["sources"]
    if sources:
        named = "; ".join(sources)
        parts.append(f"The agreed rates stand in: {named}.")
    where = f"For example {row['usoc'] or 'a charge'} on invoice {row['invoice_no']}: "
    return {
        "why": " ".join(part for part in parts if part),
        "lines": f"{row['lines']:,} {'line' if row['lines'] == 1 else 'lines'}",
        "amount": money(row["amount"]),
        "example": where + _short(row["example"] or "see the evidence") + ".",
    }


def _clean(value: Any) -> Any:
    """Return all text of the letter on one line each, without a word too long to be broken."""
    if isinstance(value, str):
        seen = re.sub(_UNSEEN, " ", value).strip()
        return re.sub(r"\S{40}(?=\S)", lambda run: run.group() + BREAK, seen)
    if isinstance(value, dict):
        return {name: _clean(part) for name, part in value.items()}
    return [_clean(part) for part in value] if isinstance(value, list) else value


def _short(text: str) -> str:
    """Return a sentence that fits a letter; whatever is longer stands in the spreadsheet."""
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " ..."


def letter(
    head: Mapping[str, Any], lines: pl.DataFrame, evidence: pl.DataFrame, day: dt.date
) -> dict[str, Any]:
    """Return the cover letter of a packet as data for its template.

    `head` has title, carrier, claims (numbers), accounts, contact (name, email, phone, fax,
    address, company), deadline, late, tracking_no, resend, resolve_days and files.
    """
    months = _months(lines)
    contact = head["contact"]
    known = ("name", "address", "phone", "fax", "email")
    said = {
        **{name: head[name] for name in ("title", "carrier", "late", "resend", "tracking_no")},
        "company": contact["company"],
        "contact": [contact[name] for name in known if contact[name]],
        "day": day.strftime("%B %-d, %Y"),
        "claims": ", ".join(head["claims"][:8]) + (" ..." if len(head["claims"]) > 8 else ""),
        "accounts": ", ".join(head["accounts"][:4])
        + (f" and {len(head['accounts']) - 4} more" if len(head["accounts"]) > 4 else ""),
        "deadline": head["deadline"].isoformat() if head["deadline"] else "",
        "resolve_days": str(head["resolve_days"]),
        "total": money(lines["amount_disputed"].sum()),
        "rows": f"{lines.height:,}",
        "paid": _paid(months["paid_date"].drop_nulls(), months.height) + _before(evidence),
        "grounds": grounds(evidence),
        "months": [_month(row) for row in months.head(MONTHS).iter_rows(named=True)],
        "months_more": max(0, months.height - MONTHS),
        "top": [_line(row) for row in _largest(lines).iter_rows(named=True)],
        "files": head["files"],
    }
    cleaned: dict[str, Any] = _clean(said)
    return cleaned


def _months(lines: pl.DataFrame) -> pl.DataFrame:
    """Return what is disputed of each bill, and when it was paid."""
    return (
        lines.group_by("bill_month", "invoice_no", "ban")
        .agg(
            pl.len().alias("rows"),
            pl.col("amount_disputed").sum().alias("amount"),
            pl.col("paid_date").max(),
        )
        .sort("bill_month", "ban", "invoice_no")
    )


def _month(row: Mapping[str, Any]) -> list[str]:
    number = row["invoice_no"] or ""
    return [row["bill_month"], row["ban"], number, f"{row['rows']:,}", money(row["amount"])]


def _largest(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that are shown: those with the most money."""
    by = ("amount_disputed", "claim_no", "invoice_no", "usoc")
    return lines.sort(by, descending=[True, False, False, False]).head(SHOWN)


def _line(row: Mapping[str, Any]) -> list[str]:
    named = [row[name] or "" for name in ("invoice_no", "usoc", "service_identifier")]
    rates = [_rate(row["billed_rate"]), _rate(row["contract_rate"])]
    return [*named, *rates, money(row["amount_billed"]), money(row["amount_disputed"])]


def money(amount: Any) -> str:
    """Return dollars with two places and separators."""
    return f"{amount:,.2f}"


def _paid(days: pl.Series, bills: int) -> str:
    """Return how the disputed bills were paid."""
    if days.is_empty():
        return "The bills are paid by your debit of our account on its day; nothing is withheld."
    first, last = str(days.min()), str(days.max())
    if days.len() < bills:
        return (
            f"{days.len()} of {bills} bills were paid in full by your debits, the last on {last};"
            " the others will be on their day. Nothing is withheld."
        )
    when = f"on {first}" if first == last else f"from {first} to {last}"
    return f"The bills were paid in full by your debits {when}; nothing is withheld."


def _before(evidence: pl.DataFrame) -> str:
    """Return what of the lines is under earlier claims already, where there is such."""
    if "parent_claim_no" not in evidence.columns:
        return ""
    under = evidence.filter(pl.col("parent_claim_no").is_not_null()).unique(["claim_no", "line_id"])
    if under.is_empty():
        return ""
    numbers = under["parent_claim_no"].str.split(", ").explode().unique().sort()
    return (
        f" Of {under.height:,} of the lines {money(under['amount_before'].sum())} is in dispute"
        f" under our {', '.join(numbers.head(8))} already: this is what is due beyond it."
    )


def _rate(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:f}".rstrip("0")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.ljust(2, '0')}"
