"""The letter of a claim as data for its template: who writes to whom, why, and what is asked.

All of it is text. Why we dispute is told in plain words, a paragraph for each kind of error; sums
are those of the packet's lines.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
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
PACKET = "packet"
"""The column that says in which packet a row stands."""
SHOWN = 12
"""Lines shown in the letter; all are in what is enclosed."""
MONTHS = 40
"""Bills listed in the letter."""
BREAK = "\u200b"
"""A line may end here."""
_UNSEEN = re.sub(r"\\x\{(\w{4})\}", r"\\u\1", UNSEEN)
LONGEST = 400
"""Characters of an example in the letter."""
ORDINALS = ("this", "first", "second", "third", "fourth", "fifth", "sixth")


def letter(
    head: Mapping[str, Any], lines: pl.DataFrame, evidence: pl.DataFrame, day: dt.date
) -> dict[str, Any]:
    """Return the letter of one packet; see `letters`."""
    whole = pl.lit(head["name"]).alias(PACKET)
    ((_, told),) = letters([head], lines.with_columns(whole), evidence.with_columns(whole), day)
    return told


def letters(
    heads: Sequence[Mapping[str, Any]], lines: pl.DataFrame, evidence: pl.DataFrame, day: dt.date
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and letter of each packet, the letter as data for its template.

    A head has name, title, carrier, claims (numbers), accounts, sender (company, address, name,
    phone, fax, email), to (the lines of the carrier's address), codes (numbers the carrier knows
    us by), filed_on, deadline, late, tracking_no, resend, acknowledge_by, answer_by,
    credit_by_bill and files.
    `lines` and `evidence` name the packet of each row; a row of `evidence` is a finding of a line.
    """
    why = _grounds(evidence).rows_by_key(PACKET, named=True)
    bills = _bills(lines).rows_by_key(PACKET, named=True)
    top = _largest(lines).rows_by_key(PACKET, named=True)
    under = _before(evidence)
    for head in heads:
        name = head["name"]
        said = _said(head, bills[name], day) | {
            "paid": _paid(bills[name]) + under.get(name, ""),
            "grounds": [_ground(row) for row in why.get(name, [])],
            "months": [_bill(row) for row in bills[name][:MONTHS]],
            "months_more": max(0, len(bills[name]) - MONTHS),
            "top": [_line(row) for row in top[name]],
            "all_shown": sum(row["rows"] for row in bills[name]) <= SHOWN,
        }
        yield name, _clean(said)


def _said(
    head: Mapping[str, Any], bills: Sequence[Mapping[str, Any]], day: dt.date
) -> dict[str, Any]:
    """Return what a letter says above and around its grounds."""
    sender, bill = head["sender"], head["credit_by_bill"]
    reached = {"Telephone": "phone", "Fax": "fax", "E-mail": "email"}
    return {
        **{name: head[name] for name in ("title", "carrier", "late", "resend", "tracking_no")},
        "company": sender["company"],
        "address": list(sender["address"]),
        "person": sender["name"],
        "reached": [f"{word} {sender[n]}" for word, n in reached.items() if sender[n]],
        "codes": list(head["codes"]),
        "to": list(head["to"]),
        "day": in_words(day),
        "claims": ", ".join(head["claims"][:8]) + (" ..." if len(head["claims"]) > 8 else ""),
        "accounts": ", ".join(head["accounts"][:4])
        + (f" and {len(head['accounts']) - 4} more" if len(head["accounts"]) > 4 else ""),
        "invoices": _invoices(bills),
        "filed_on": in_words(head["filed_on"]),
        "deadline": in_words(head["deadline"]),
        "acknowledge_by": in_words(head["acknowledge_by"]),
        "answer_by": in_words(head["answer_by"]),
        "credit_bill": ORDINALS[bill] if bill < len(ORDINALS) else f"{bill}th",
        "total": money(sum(row["amount"] for row in bills)),
        "rows": f"{sum(row['rows'] for row in bills):,}",
        "files": list(head["files"]),
    }


def _invoices(bills: Sequence[Mapping[str, Any]]) -> str:
    """Return the disputed bills in a line: number and date of the first few."""
    named = [f"{row['invoice_no'] or 'without a number'} of {row['bill_date']}" for row in bills]
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")


def in_words(day: dt.date | None) -> str:
    """Return a day as letters write it; empty where there is none."""
    return day.strftime("%B %-d, %Y") if day else ""


def _grounds(evidence: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each packet and kind of error, the most money of a packet first.

    Its example is what is said of its largest line.
    """
    sources = (pl.col(name).drop_nulls().unique(maintain_order=True) for name in _REFERENCES)
    return (
        evidence.with_columns(cause=pl.col("cause").fill_null(""))
        .sort("amount_disputed", "finding_id", descending=[True, False])
        .group_by(PACKET, "code", "cause", maintain_order=True)
        .agg(
            pl.len().alias("lines"),
            pl.col("amount_disputed").sum().alias("amount"),
            *(pl.col(name).first() for name in ("usoc", "invoice_no")),
            *(source.head(3) for source in sources),
            example=pl.col("narrative").first(),
        )
        .sort("amount", "code", "cause", descending=[True, False, False])
    )


_REFERENCES = ("contract", "rate_source")


def _ground(row: Mapping[str, Any]) -> dict[str, str]:
    why = WHY.get(row["code"], row["code"].replace("_", " ") + ".")
    parts = [why, BECAUSE.get(row["cause"], "")]
    if row["rate_source"]:
        parts.append(f"The agreed rates stand in: {'; '.join(row['rate_source'])}.")
    where = f"For example {row['usoc'] or 'a charge'} on invoice {row['invoice_no']}: "
    return {
        "why": " ".join(part for part in parts if part),
        "contract": ", ".join(row["contract"]),
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
    """Return a sentence that fits a letter; whatever is longer stands in what is enclosed."""
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " ..."


def _bills(lines: pl.DataFrame) -> pl.DataFrame:
    """Return what is disputed of each bill of each packet, and when it was paid."""
    return (
        lines.group_by(PACKET, "bill_month", "invoice_no", "bill_date", "ban")
        .agg(
            pl.len().alias("rows"),
            pl.col("amount_disputed").sum().alias("amount"),
            pl.col("paid_date").max(),
        )
        .sort("bill_month", "ban", "invoice_no", "bill_date")
    )


def _bill(row: Mapping[str, Any]) -> list[str]:
    number, dated = row["invoice_no"] or "", f"{row['bill_date'] or ''}"
    return [number, dated, row["ban"], f"{row['rows']:,}", money(row["amount"])]


def _largest(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that are shown: those of each packet with the most money."""
    last = ("line_no", "service_identifier", "finding_id")
    by = ["claim_no", "invoice_no", "usoc", *(name for name in last if name in lines.columns)]
    ordered = lines.sort(-pl.col("amount_disputed"), *by, maintain_order=True)
    return ordered.group_by(PACKET, maintain_order=True).head(SHOWN)


def _line(row: Mapping[str, Any]) -> list[str]:
    named = [row[name] or "" for name in ("invoice_no", "usoc", "service_identifier")]
    rates = [_rate(row["billed_rate"]), _rate(row["contract_rate"])]
    billed = "" if row["amount_billed"] is None else money(row["amount_billed"])
    return [*named, *rates, billed, money(row["amount_disputed"])]


def money(amount: Any) -> str:
    """Return dollars with two places and separators."""
    return f"{amount:,.2f}"


def _paid(bills: Sequence[Mapping[str, Any]]) -> str:
    """Return how the disputed bills were paid."""
    days = [row["paid_date"] for row in bills if row["paid_date"] is not None]
    if not days:
        paid = "bill is" if len(bills) == 1 else "bills are"
        return f"The {paid} paid by your debit of our account on its day; nothing is withheld."
    first, last = in_words(min(days)), in_words(max(days))
    if len(days) < len(bills):
        return (
            f"{len(days)} of {len(bills)} bills were paid in full by your debits, the last on"
            f" {last}; the others will be on their day. Nothing is withheld."
        )
    if len(bills) == 1:
        return f"The bill was paid in full by your debit on {first}; nothing is withheld."
    when = f"on {first}" if first == last else f"from {first} to {last}"
    return f"The bills were paid in full by your debits {when}; nothing is withheld."


def _before(evidence: pl.DataFrame) -> dict[str, str]:
    """Return by packet what of its lines is under earlier claims already, where there is such."""
    if "parent_claim_no" not in evidence.columns:
        return {}
    under = evidence.filter(pl.col("parent_claim_no").is_not_null())
    sums = (
        under.unique([PACKET, "claim_no", "line_id"])
        .group_by(PACKET)
        .agg(
            pl.len().alias("lines"),
            pl.col("amount_before").sum(),
            pl.col("parent_claim_no").str.split(", ").explode().unique().sort().head(8),
        )
    )
    return {
        name: f" Of {count:,} of the lines {money(amount)} is in dispute under our"
        f" {', '.join(numbers)} already: this is what is due beyond it."
        for name, count, amount, numbers in sums.iter_rows()
    }


def _rate(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:f}".rstrip("0")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.ljust(2, '0')}"
