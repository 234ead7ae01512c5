"""What is told of what was looked up: rows with names beside ids and words beside codes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from rebill.inquiry.found.found_rows import Found, Inventory
from rebill.inquiry.found.scope import (
    Names,
    Scope,
    account_key,
    among_names,
    any_of,
    of_findings,
    of_lines,
    of_services,
    values,
)
from reconcile.contracts import contract_for
from reconcile.findings import BY_NAME, REASONS

ROWS = 100
"""Rows of a list that are told of a hit; all are counted."""
SERVICE = (
    *("service", "wtn", "circuit_id", "customer", "customer_name", "product", "package"),
    *("carrier", "ban", "contract", "state", "zone", "term_months", "installed_on"),
    *("disconnected_on", "status"),
)
LINE = (
    *("line_id", "bill_date", "carrier", "ban", "invoice_no", "line_no", "charge_class", "usoc"),
    *("description", "quantity", "unit_rate", "amount", "expected", "at_stake", "wtn"),
    *("circuit_id", "order_no", "order_used", "service", "customer", "service_from"),
    *("service_until", "document_id", "price", "customer_invoice"),
)
FINDING = (
    *("finding_id", "code", "words", "cause", "severity", "bill_date", "carrier", "ban"),
    *("line_id", "document_id", "service", "usoc", "billed", "expected", "amount_at_stake"),
    *("message", "remedy", "dispute_closes_on", "claim_no", "waived_until", "waived_by"),
)
CLAIM = (
    *("claim_no", "carrier", "ban", "reason", "words", "bill_month", "status", "amount"),
    *("findings", "filed_on", "file_by", "dispute_closes_on", "tracking_no", "answered_on"),
    *("granted", "credited", "denied", "withdrawn", "level", "sent", "contract", "form"),
)
PRICE = ("invoice_no", "bill_month", "status", "service", "lines", "cost", "price", "margin")
INVOICE = (
    *("invoice_no", "customer", "customer_name", "brand", "kind", "status", "bill_month"),
    *("bill_date", "due_date", "total", "lines", "issued_on", "corrects", "corrected_by"),
    *("replaced_by", "hold", "note"),
)
ORDER = ("order_no", "service", "usoc", "quantity", "completed_on", "nrc_waived")
DOCUMENT = (
    *("document_id", "carrier", "ban", "invoice_no", "bill_date", "due_date", "status", "lines"),
    *("current_charges", "total_due", "contract", "source_file", "received_on", "debit_on"),
    *("dispute_closes_on", "pulled", "pulled_on", "returned"),
)


class Worded(NamedTuple):
    """The rows of all hits, with names beside ids and words beside codes."""

    services: pl.DataFrame
    lines: pl.DataFrame
    findings: pl.DataFrame
    claims: pl.DataFrame
    sold: pl.DataFrame
    invoices: pl.DataFrame
    orders: pl.DataFrame
    documents: pl.DataFrame


def in_words(known: Inventory, rows: Found, day: dt.date | None) -> Worded:
    """Return the rows of all hits, sorted as they are told: the newest first."""
    called = known.customers.select("customer", customer_name=pl.coalesce("name", "customer"))
    code_words = {code.name: code.words for code in BY_NAME.values()}
    states = rows.invoices.select("invoice_no", "status")
    sold = rows.sold.join(states, on="invoice_no", how="left")
    on_paper = (
        sold.filter(pl.col("line_id").is_not_null())
        .sort("invoice_no")
        .group_by("line_id")
        .agg(price=pl.col("price").sum(), customer_invoice=pl.col("invoice_no").last())
    )
    services = _services(known, day)
    return Worded(
        services.join(called, on="customer", how="left").sort("service"),
        rows.lines.join(on_paper, on="line_id", how="left", maintain_order="left"),
        rows.findings.with_columns(words=pl.col("code").replace(code_words)),
        rows.claims.with_columns(words=pl.col("reason").replace_strict(REASONS, default=None)),
        sold,
        rows.invoices.join(called, on="customer", how="left").sort(
            "bill_month", "invoice_no", descending=True
        ),
        known.orders.sort(
            *("completed_on", "order_no", "usoc"), descending=[True, False, False], nulls_last=True
        ),
        rows.documents,
    )


def _services(known: Inventory, day: dt.date | None) -> pl.DataFrame:
    """Return the services with the contract of their account, and how they stand on the day."""
    asked = known.services.select("carrier", "ban", day=pl.lit(day, dtype=pl.Date)).unique()
    under = contract_for(asked, known.contracts).drop("day")
    status = (
        pl.when(pl.lit(day, dtype=pl.Date).is_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(pl.col("disconnected_on") <= day)
        .then(pl.lit("disconnected"))
        .when(pl.col("installed_on") > day)
        .then(pl.lit("not installed yet"))
        .otherwise(pl.lit("in service"))
    )
    return known.services.join(under, on=["carrier", "ban"], how="left").with_columns(status=status)


def sections(scope: Scope, known: Worded) -> dict[str, Any]:
    """Return what belongs to one scope: each list, how long each is, and the money at stake."""
    lines = known.lines.filter(any_of(of_lines(scope)))
    # What else is wrong with the lines of a claim is not the claim's.
    own = () if scope.claims else lines["line_id"]
    findings = known.findings.filter(any_of(of_findings(scope, own)))
    sold = known.sold.filter(_sold(scope, lines))
    told = {
        "services": (known.services.filter(_of_services(scope, lines, sold)), SERVICE),
        "lines": (lines, LINE),
        "findings": (findings, FINDING),
        "claims": (known.claims.filter(_claims(scope, lines, findings)), CLAIM),
        "prices": (_prices(sold), PRICE),
        "invoices": (known.invoices.filter(_invoices(scope, sold)), INVOICE),
        "orders": (known.orders.filter(_orders(scope, lines)), ORDER),
        "documents": (known.documents.filter(_documents(scope, lines)), DOCUMENT),
    }
    lists = {
        name: rows.head(ROWS).select(columns).to_dicts() for name, (rows, columns) in told.items()
    }
    in_all = {name: rows.height for name, (rows, _) in told.items()}
    # An empty sum is a Decimal all the same.
    at_stake = findings["amount_at_stake"].sum() or Decimal("0.00")
    return {**lists, "in_all": in_all, "at_stake": at_stake}


def _among(name: str, names: Names) -> pl.Expr:
    return any_of(among_names(pl.col(name), names))


def _sold(scope: Scope, lines: pl.DataFrame) -> pl.Expr:
    """Say what of customer invoices is told: of a service its own, not what another customer pays
    for a line that bears its number."""
    of_lines = _among("line_id", values(lines, "line_id"))
    if scope.services:
        of_lines &= pl.col("service").is_null()
    return _among("service", scope.services) | of_lines | _among("invoice_no", scope.invoices)


def _of_services(scope: Scope, lines: pl.DataFrame, sold: pl.DataFrame) -> pl.Expr:
    """Say which services are told: its own, else those of its lines and prices."""
    own = any_of(of_services(scope))
    if scope.services:
        return own
    return own | _among("service", values(lines, "service") | values(sold, "service"))


def _claims(scope: Scope, lines: pl.DataFrame, findings: pl.DataFrame) -> pl.Expr:
    """Say which claims hold any of it: a finding, or a line as it was filed."""
    named = scope.claims | values(findings, "claim_no")
    return (
        _among("claim_no", named)
        | any_of(among_names(account_key(), scope.accounts))
        | _share("services", scope.services | scope.held)
        | _share("line_ids", scope.lines | values(lines, "line_id"))
    )


def _share(lists: str, names: Names) -> pl.Expr:
    """Say whether a list of names has one of some names in it."""
    asked = pl.lit(pl.Series(sorted(names), dtype=pl.String).implode())
    return (pl.col(lists).list.set_intersection(asked).list.len() > 0).fill_null(False)


def _prices(sold: pl.DataFrame) -> pl.DataFrame:
    """Return what the customer pays: an invoice and service a row, the newest and dearest first."""
    money = ("cost", "price", "margin")
    return (
        sold.group_by("invoice_no", "bill_month", "status", "service")
        .agg(pl.len().alias("lines"), *(pl.col(name).sum() for name in money))
        .sort(
            *("bill_month", "price", "invoice_no", "service"),
            descending=[True, True, False, False],
            nulls_last=True,
        )
    )


def _invoices(scope: Scope, sold: pl.DataFrame) -> pl.Expr:
    numbers = scope.invoices | values(sold, "invoice_no")
    return _among("invoice_no", numbers) | _among("customer", scope.customers)


def _orders(scope: Scope, lines: pl.DataFrame) -> pl.Expr:
    """Say which orders are told: its own, those of its services, else those its lines name."""
    own = _among("order_no", scope.orders) | _among("service", scope.services | scope.held)
    if scope.services or scope.orders:
        return own
    return own | _among("order_no", values(lines, "order_no") | values(lines, "order_used"))


def _documents(scope: Scope, lines: pl.DataFrame) -> pl.Expr:
    """Say which documents are told: those that are named, or of accounts and lines that are."""
    named = scope.documents
    if scope.lines:
        named = named | values(lines, "document_id")
    return _among("document_id", named) | any_of(among_names(account_key(), scope.accounts))
