"""What a customer pays for a line, which rule said so, and which rules it beat."""

from __future__ import annotations

from typing import Any

import polars as pl

from rebill.pricing.credits import PARTS
from rebill.pricing.customer_lines import GIVEN_BACK
from rebill.pricing.precedence import candidates
from rebill.pricing.rate import BY_DEFAULT
from rebill.reference import current
from rebill.store.record import CREDIT_PARTS, Record

Story = dict[str, Any]
WEIGHED = 12
"""Rows shown of those that fit."""
PRICED = (
    *("invoice_no", "customer", "kind", "quantity", "cost", "price", "margin", "method", "rule"),
    *("markup_scope", "markup_row", "retail_rate", "bundle", "promotion", "credit_of"),
)
ROW = (
    *("precedence", "verdict", "scope", "method", "value", "minimum", "floor", "cap", "cap_retail"),
    *("tier", "promotion", "below_cost", "effective_from", "effective_until", "row_id"),
)
USUAL = {
    "rounding": "line",
    "credits": "follow",
    "unbilled": "wait",
    "federal_usf": "pass_through",
    "cost_basis": "expected",
    "tax_exempt": False,
    "proration": None,
    "minimum_months": None,
}
"""The customer's rules that are told where they are others than these."""
WHY = {
    "passed": "the customer was charged for it and gets it back",
    "not_invoiced": "the customer was never charged for this part: it is kept",
    "no_charge": "no charge was found that it gives back: it is kept",
    "kept_by_rule": "the customer's rule keeps credits",
    "priced": "the customer's rule passes all credits: priced like a charge, turned around",
}


def price(record: Record, row: dict[str, Any], load: int) -> Story:
    """Return what the customer pays for an audited line: the rule that priced it and those it beat.

    `load` is the version of the reference tables of its audit; a line that was priced again since
    is told by the tables of that day.
    """
    month = row["bill_date"].strftime("%Y-%m")
    own = pl.col("line_id") == row["line_id"]
    priced = record.customer_lines([month]).filter(own).collect()
    if row["amount"] < 0:
        return _credit(record, row, month, priced)
    if priced.is_empty():
        return {"why": _not_invoiced(record, row, month)}
    standing = priced.sort("invoice_no").filter(pl.col("price") >= 0)
    told = (standing if standing.height else priced).row(-1, named=True)
    version = told["priced_load"] if told["priced_load"] is not None else load
    tables = current.reference_frames(record.workspace, record.connection, version)
    others = priced.filter(pl.col("invoice_no") != told["invoice_no"])
    return {
        **taken(told, PRICED),
        **_customer(tables, told["customer"]),
        **_tier(tables, told["markup_row"]),
        "weighed": _weighed(tables, row, told),
        "also_on": [taken(one, ("invoice_no", "price")) for one in others.to_dicts()],
    }


def taken(row: Story, names: tuple[str, ...]) -> Story:
    """Return what a row says under these names; what it does not say is left out."""
    return {name: row[name] for name in names if row.get(name) is not None}


def _weighed(tables: dict[str, pl.LazyFrame], row: Story, told: Story) -> list[Story]:
    """Return the markup rows that fit the line, in order of precedence, each with its verdict."""
    fitting = candidates(row, tables["markups"].collect()).to_dicts()
    said = []
    for place, one in enumerate(fitting[:WEIGHED]):
        if one["row_id"] == told["markup_row"]:
            verdict = "priced it"
        elif told["markup_row"] is None:
            verdict = f"beaten by: {told['rule'] or BY_DEFAULT}"
        elif place and one["scope"] != fitting[0]["scope"]:
            verdict = f"beaten: {fitting[0]['scope']} comes before {one['scope']}"
        else:
            verdict = "beaten: the latest effective_from of a scope wins"
        shown = {**one, "verdict": verdict, "below_cost": one.get("below_cost") or None}
        said.append(taken({**shown, "cap_retail": one["cap_retail"] or None}, ROW))
    return said


def _customer(tables: dict[str, pl.LazyFrame], customer: str | None) -> Story:
    """Return the rules of the customer that are not the usual ones."""
    rows = tables["customers"].filter(pl.col("customer") == customer).collect().to_dicts()
    own = {name: rows[0][name] for name in USUAL if rows and rows[0][name] != USUAL[name]}
    words = ", ".join(f"{name} {value}" for name, value in own.items() if value is not None)
    return {"customer_rules": words} if words else {}


def _tier(tables: dict[str, pl.LazyFrame], markup_row: int | None) -> Story:
    """Return the bands of the tier a markup row names."""
    if markup_row is None:
        return {}
    rows = tables["markups"].filter(pl.col("row_id") == markup_row).select("tier")
    bands = tables["tiers"].join(rows, on="tier", how="semi").sort("from_units").collect()
    names = ("mode", "per", "from_units", "value")
    return {"bands": [taken(band, names) for band in bands.to_dicts()]} if bands.height else {}


def _credit(record: Record, row: Story, month: str, priced: pl.DataFrame) -> Story:
    """Return what became of each part of a credit."""
    parts = record.scan(CREDIT_PARTS, PARTS, [month]).filter(pl.col("line_id") == row["line_id"])
    shown = [
        {
            **taken(one, ("credit_of", "customer", "given", "passed", "price")),
            "why": WHY.get(one["why"], one["why"]),
        }
        for one in parts.collect().sort("credit_of", nulls_last=True).to_dicts()
    ]
    told = taken(priced.row(-1, named=True), PRICED) if priced.height else {}
    taxes = _taxes_given_back(record, row["line_id"], month)
    return {**told, "parts": shown, **({"taxes": taxes} if taxes else {})}


def _taxes_given_back(record: Record, line_id: str, month: str) -> list[Story]:
    """Return what was given back of taxes with a credit."""
    rows = record.customer_lines([month]).filter(
        pl.col("method") == GIVEN_BACK, pl.col("made_key").str.ends_with(f":{line_id}")
    )
    names = ("invoice_no", "description", "price", "credit_of", "rule")
    return [taken(one, names) for one in rows.collect().sort("invoice_no", "made_key").to_dicts()]


def _not_invoiced(record: Record, row: Story, month: str) -> str:
    """Return why a charge stands on no invoice."""
    missing = (
        record.findings([month])
        .filter(pl.col("line_id") == row["line_id"], pl.col("code") == "markup_missing")
        .select("message")
        .collect()
    )
    if missing.height:
        return str(missing.item(0, 0))
    if row["customer"] is None:
        return "the line belongs to no customer"
    if row["kind"] == "record_only":
        return "the catalogue only records this code"
    return "nothing of it is due, or it is on no invoice that stands"
