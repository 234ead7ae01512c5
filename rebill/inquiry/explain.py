"""The whole story of one carrier line, from the row of the file to the customer's invoice.

The story is plain data, section by section; `explain_words` writes it down for people. Nothing is
reckoned anew: it is read from the record, and rules are asked again which rows they weighed.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl

from invoices.money import MONTH_PARTS
from invoices.schema import among
from rebill.disputes.tables import CLAIMS
from rebill.inquiry import explain_price
from rebill.inquiry.aligned import printed
from rebill.inquiry.explain_price import WEIGHED, Story, taken
from rebill.reference import current
from rebill.store import models_disputes, read_table
from rebill.store.record import Record
from rebill.store.table_out import Asked
from rebill.store.tables import FINDINGS
from rebill.workspace.settings import ConfigError
from reconcile.audit import pricing
from reconcile.homes import homes
from reconcile.schema import AUDITED

SOURCE = (
    *("source_file", "interchange", "set_no", "source_row", "carrier", "ban", "invoice_no"),
    *("bill_date", "line_no"),
)
BILLED = (
    "charge_class",
    "usoc",
    "description",
    "quantity",
    "unit_rate",
    "amount",
    "wtn",
    "circuit_id",
    "order_no",
    "service_from",
    "service_until",
)
MATCH = ("service", "matched_by", "match_note", "customer", "product", "package", "kind", "family")
HOME = ("carrier", "ban", "home_from", "home_until")
FOUND = (
    *("code", "cause", "severity", "billed", "expected", "amount_at_stake", "message"),
    *("remedy", "dispute_closes_on", "claim_no", "waived_by", "waived_until"),
)
DUE = ("expected", "at_stake", "tolerated", "underbilled")
RATE = ("rate", "usoc", "package", "charge_class", "circuit_id", "ban", "zone", "state")
RATE_ROW = (*RATE, "term_months", "effective_from", "effective_until", "source", "row_id")


def story(record: Record, line_id: str) -> Story:
    """Return the story of a line: sections by name. Raises ConfigError where there is no such line.

    A line of a held document is known by its source alone.
    """
    own = pl.col("line_id") == line_id
    line = record.lines().filter(own).collect()
    if line.is_empty():
        for status, kept in (("held", record.held()), ("void", record.void())):
            there = kept.filter(own).collect()
            if not there.is_empty():
                row = there.row(0, named=True)
                outcome = f"the document is {status}: nothing else is known"
                return {**_paper(_document(record, row), row), "outcome": outcome}
        raise ConfigError(f"there is no line {line_id}; `rebill export lines` lists them")
    row = line.row(0, named=True)
    document = _document(record, row)
    load = document["audited_load"]
    told = _paper(document, row)
    if load is None:
        return {**told, "outcome": "the document waits for its audit: run `rebill reconcile`"}
    found = _findings(record, row)
    return {
        **told,
        "match": {**taken(row, MATCH), **_homes(record, row, load)},
        "contract": _contract(record, row, load),
        "rate": _rate(record, line, row, load),
        "due": _due(row),
        "findings": [taken(one, FOUND) for one in found.to_dicts()],
        "claims": _claims(record, row, found),
        "credits": _credits(record, row, found),
        "price": explain_price.price(record, row, load),
    }


def _document(record: Record, row: dict[str, Any]) -> Story:
    """Return the document a line stands on."""
    own = pl.col("document_id") == row["document_id"]
    return record.documents().filter(own).row(0, named=True)


def _paper(document: Story, row: dict[str, Any]) -> Story:
    return {
        "line": row["line_id"],
        "source": {**_source(row), "document": document["status"]},
        "billed": taken(row, BILLED),
    }


def _source(row: dict[str, Any]) -> Story:
    """Return where a line stands; rows of an interchange are its segments."""
    said = taken(row, SOURCE)
    if "interchange" in said:
        said = {"segment" if name == "source_row" else name: said[name] for name in said}
    return said


def _homes(record: Record, row: dict[str, Any], load: int) -> Story:
    """Return where the service of a line was at home, and when, if it ever moved."""
    if row["service"] is None:
        return {}
    tables = current.reference_frames(record.workspace, record.connection, load)
    own = [tables[name].filter(service=row["service"]) for name in ("services", "service_accounts")]
    spent = homes(*own).collect().sort("home_from")
    if spent.height < 2:
        return {}
    return {"homes": [taken(one, HOME) for one in spent.to_dicts()]}


def _contract(record: Record, row: dict[str, Any], load: int) -> Story:
    known = {c.id: c for c in current.contracts(record.connection, load)}
    contract = known.get(row["contract"] or "")
    if contract is None:
        return {"contract": None, "why": "no account pattern holds the BAN on the bill date"}
    rules = contract.billing.model_dump()
    return {"contract": row["contract"], "rate_contract": row["rate_contract"], **rules}


def _rate(record: Record, line: pl.DataFrame, row: dict[str, Any], load: int) -> Story:
    """Return the rate in force, what it names, and the rows it was weighed against."""
    tables = current.reference_frames(record.workspace, record.connection, load)
    rates = pricing.rate_frame(tables["buy_rates"])
    asked = pricing.with_question(line.lazy().select(AUDITED.names()), rates).collect()
    weighed = pricing.candidates(asked.select(pricing.QUESTION), rates)
    places = [pricing.fits(column, wanted) for column, wanted in pricing._SPECIFIC]
    verdict = (
        pl.when(pl.col("row_id") == pl.lit(row["rate_id"], dtype=pl.Int64))
        .then(pl.lit("in force"))
        .when(~pricing.on_day(pl.col("rate_day")))
        .then(pl.lit("not in force on that day"))
        .when(~pl.all_horizontal(places))
        .then(pl.lit("for another place, account or term"))
        .otherwise(pl.lit("less specific"))
    )
    ranked = weighed.with_columns(verdict=verdict).sort(
        pl.col("verdict") != "in force", "specificity", "class_rank", descending=[False, True, True]
    )
    renamed = {f"{name}_rate": name for name in RATE_ROW if f"{name}_rate" in ranked.columns}
    shown = ranked.drop([n for n in renamed.values() if n in ranked.columns]).rename(renamed)
    shown = shown.with_columns(
        pl.lit(None).alias(name) for name in RATE_ROW if name not in shown.columns
    )
    rows = [taken(one, ("verdict", *RATE_ROW)) for one in shown.head(WEIGHED).to_dicts()]
    named = [name for name in (*RATE[4:], "term_months") if rows and name in rows[0]]
    told: Story = {"day": row["rate_day"], "buy_rate": row["buy_rate"]}
    if row["rate_id"] is None:
        told["why"] = "no buy rate is in force for this line"
    else:
        told["why"] = "the most specific row: it names " + (", ".join(named) or "no place or term")
    return {**told, "weighed": rows, "not_shown": max(weighed.height - WEIGHED, 0)}


def _due(row: dict[str, Any]) -> Story:
    """Return what is due in figures, and the sum that leads to it."""
    told = taken(row, ("due_units", *DUE))
    if row["fraction_parts"] is not None:
        told["billed_months"] = str(Fraction(row["fraction_parts"], MONTH_PARTS))
        due = Fraction(row["due_unit_parts"] or 0) / MONTH_PARTS
        told["due_units_times_months"] = str(due)
        if row["buy_rate"] is not None and row["package"] is None:
            told["rate_times_due"] = f"{printed(row['buy_rate'])} x {due}"
    if row["expected"] is not None:
        told["sum"] = (
            f"billed {row['amount']} = expected {row['expected']} + at stake {row['at_stake']}"
            f" + tolerated {row['tolerated']} - underbilled {row['underbilled']}"
        )
        if row["underbilled"] < 0:
            told["uses_up"] = f"{-row['underbilled']} that earlier lines were billed too little"
    return told


def _findings(record: Record, row: dict[str, Any]) -> pl.DataFrame:
    """Return the findings on a line, the dearest first."""
    month = row["bill_date"].strftime("%Y-%m")
    found = FINDINGS.rows(Asked(record, [month])).filter(pl.col("line_id") == row["line_id"])
    return found.collect().sort("amount_at_stake", "code", descending=[True, False])


def _claims(record: Record, row: dict[str, Any], found: pl.DataFrame) -> list[Story]:
    """Return the claims of a line's findings, and those that hold something of it from before."""
    lines = read_table(record.connection, models_disputes.ClaimLine)
    own = lines.filter(pl.col("line_id") == row["line_id"])["claim_no"]
    numbers = pl.concat([found["claim_no"], own]).drop_nulls().unique()
    claims = record.claims().filter(among("claim_no", numbers))
    return [taken(one, tuple(CLAIMS.columns)) for one in claims.to_dicts()]


def _credits(record: Record, row: dict[str, Any], found: pl.DataFrame) -> list[Story]:
    """Return what was credited of the line's claims, or the claims the line itself is a credit for.

    Of a claim's credits those laid on this line are shown.
    """
    given = read_table(record.connection, models_disputes.ClaimCredit)
    own = among("finding_id", found["finding_id"])
    rows = given.filter((pl.col("credit_id") == row["line_id"]) | own.fill_null(False))
    names = ("claim_no", "at", "amount", "credit_id", "matched_by", "document_id", "finding_id")
    return [taken(one, names) for one in rows.to_dicts()]
