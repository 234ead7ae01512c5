"""The rows that belong to what is looked up: each table is asked once, whatever the hits.

Bulk files are skimmed for the one column that is asked, and read where it fits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from invoices.schema import among, seal
from rebill.disputes.held_by_claims import holds
from rebill.inquiry.found.scope import (
    Names,
    Scope,
    account_key,
    any_of,
    of_findings,
    of_lines,
    values,
)
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.reference.current import contracts, reference_frames
from rebill.store.decisions import waivers
from rebill.store.frames import one_of, read_table
from rebill.store.models import Claim, CustomerInvoice, Debit, Document
from rebill.store.models_disputes import ClaimLine
from rebill.store.record import INVOICED_LINES, KEPT_FINDINGS, MADE_LINES, Record
from reconcile.audit.waivers import waived
from reconcile.claims.group import refresh
from reconcile.contracts import Contract
from reconcile.homes import at_home, homes
from reconcile.schema import AUDITED


class Inventory(NamedTuple):
    """The reference tables that are asked; `contracts` are those in force."""

    services: pl.DataFrame
    carriers: pl.DataFrame
    """[service, carrier]: with whom each service is or was at home."""
    customers: pl.DataFrame
    orders: pl.DataFrame
    contracts: list[Contract]


class Found(NamedTuple):
    """The rows that belong to the hits, all tables as `rebill export` has them."""

    lines: pl.DataFrame
    findings: pl.DataFrame
    claims: pl.DataFrame
    sold: pl.DataFrame
    """What stands on customer invoices (`INVOICED_LINES`)."""
    invoices: pl.DataFrame
    documents: pl.DataFrame


def inventory(record: Record, as_of: dt.date | None) -> Inventory:
    """Return the reference tables, each service at its home of the day."""
    frames = reference_frames(record.workspace, record.connection)
    services = homes(frames["services"], frames["service_accounts"]).collect()
    here = at_home(pl.lit(as_of, dtype=pl.Date)).fill_null(True)
    return Inventory(
        services.filter(here),
        services.select("service", "carrier").unique(),
        frames["customers"].collect(),
        frames["orders"].collect(),
        contracts(record.connection),
    )


def with_lines(record: Record, scopes: list[Scope]) -> list[Scope]:
    """Return the scopes, those of claims and findings with the lines they are about."""
    claims: Names = frozenset[str]().union(*(one.claims for one in scopes))
    findings: Names = frozenset[str]().union(*(one.findings for one in scopes))
    if not claims and not findings:
        return scopes
    claimed = holds(record, pl.Series(sorted(claims), dtype=pl.String))
    found = _findings_of(record, Scope(findings=findings)).collect()
    return [_about(one, claimed, found) for one in scopes]


def _about(scope: Scope, claimed: pl.DataFrame, found: pl.DataFrame) -> Scope:
    """Return the scope of a claim or finding with its lines and services, or its document."""
    named = ("finding_id", "line_id", "service")
    own = claimed.filter(pl.col("claim_no").is_in(sorted(scope.claims)))
    told = found.filter(pl.col("finding_id").is_in(sorted(scope.findings)))
    rows = pl.concat([own.select(named), told.select(named)])
    return replace(
        scope,
        findings=scope.findings | values(rows, "finding_id"),
        lines=scope.lines | values(rows, "line_id"),
        named=scope.named | values(rows, "service"),
        documents=scope.documents | values(told.filter(pl.col("line_id").is_null()), "document_id"),
    )


def rows_of(record: Record, scope: Scope, as_of: dt.date | None) -> Found:
    """Return the rows of every table that belong to a scope."""
    lines = _lines(record, scope)
    findings = _findings(record, scope, lines["line_id"], as_of)
    claims = _claims(record, scope, findings, lines, as_of)
    sold = _sold(record, scope, lines)
    numbers = scope.invoices | values(sold, "invoice_no")
    named = one_of(record.connection, CustomerInvoice.invoice_no, numbers)
    theirs = one_of(record.connection, CustomerInvoice.customer, scope.customers)
    invoices = record.customer_invoices(named | theirs)
    return Found(lines, findings, claims, sold, invoices, _documents(record, scope, lines))


def _lines(record: Record, scope: Scope) -> pl.DataFrame:
    """Return the carrier lines (`AUDITED`), the newest bill first; of held and void documents
    those that are named."""
    asked = [record.lines().filter(condition) for condition in of_lines(scope)]
    if scope.lines:
        own = any_of(of_lines(Scope(lines=scope.lines)))
        asked += [kept.filter(own).pipe(seal, AUDITED) for kept in (record.held(), record.void())]
    if not asked:
        return AUDITED.to_frame()
    rows = pl.concat(pl.collect_all(asked)).unique("line_id", keep="first", maintain_order=True)
    position = pl.col("line_id").str.extract("([0-9]+)$").cast(pl.Int64, strict=False)
    return rows.sort(
        *("bill_date", "document_id", position), descending=[True, False, False], nulls_last=True
    )


def _findings_of(record: Record, scope: Scope, lines: Iterable[str] = ()) -> pl.LazyFrame:
    """Return the findings that belong to a scope or to lines (`KEPT_FINDINGS`)."""
    asked = [record.findings().filter(each) for each in of_findings(scope, lines)]
    nothing = pl.LazyFrame(schema=KEPT_FINDINGS)
    return pl.concat([nothing, *asked]).unique("finding_id", keep="first", maintain_order=True)


def _findings(
    record: Record, scope: Scope, lines: Iterable[str], as_of: dt.date | None
) -> pl.DataFrame:
    """Return the findings with their waivers and last days, the newest bill and dearest first."""
    found = _findings_of(record, scope, lines).collect()
    pulls = read_table(
        record.connection,
        Debit,
        one_of(record.connection, Debit.document_id, found["document_id"].unique()),
    )
    days = pulls.select("document_id", "dispute_closes_on").lazy()
    return (
        waived(found.lazy(), waivers(record, as_of))
        .join(days, on="document_id", how="left")
        .collect()
        .sort(
            *("bill_date", "amount_at_stake", "finding_id"),
            descending=[True, True, False],
            nulls_last=True,
        )
    )


def _claims(
    record: Record,
    scope: Scope,
    findings: pl.DataFrame,
    lines: pl.DataFrame,
    as_of: dt.date | None,
) -> pl.DataFrame:
    """Return the claims that hold any of it, in their state of the day, the newest first.

    `services` and `line_ids` are those a claim holds lines of as filed, `finding_ids` those that
    name it.
    """
    connection = record.connection
    services = one_of(connection, ClaimLine.service, scope.services | scope.held)
    own = one_of(connection, ClaimLine.line_id, [*lines["line_id"], *scope.lines])
    filed = read_table(connection, ClaimLine, services | own)
    numbers = scope.claims | values(findings, "claim_no") | values(filed, "claim_no")
    wanted = one_of(connection, Claim.claim_no, numbers)
    for account in scope.accounts:
        carrier, _, ban = account.partition("\n")
        wanted = wanted | ((Claim.carrier == carrier) & (Claim.ban == ban))
    claims = record.claims(wanted)
    if as_of is not None:
        claims = refresh(claims, as_of)
    held = filed.group_by("claim_no").agg(
        services=pl.col("service").drop_nulls().unique(),
        line_ids=pl.col("line_id").drop_nulls().unique(),
    )
    named = findings.group_by("claim_no").agg(finding_ids=pl.col("finding_id"))
    return (
        claims.join(held, on="claim_no", how="left")
        .join(named, on="claim_no", how="left")
        .sort("bill_month", "claim_no", descending=True)
    )


def _sold(record: Record, scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """Return what stands on customer invoices of services, lines and invoices."""
    found = [INVOICED_LINES.to_frame()]
    conditions = []
    if scope.services:
        conditions.append(pl.col("service").is_in(sorted(scope.services)))
    if lines.height:
        conditions.append(among("line_id", lines["line_id"]))
    found += [sold_lines(record, each) for each in conditions]
    if scope.invoices:
        of = one_of(record.connection, CustomerInvoice.invoice_no, scope.invoices)
        months = record.customer_invoices(of)["bill_month"].unique().to_list()
        own = record.customer_lines(months).filter(pl.col("invoice_no").is_in(scope.invoices))
        found.append(own.collect())
    key = ["invoice_no", "line_id", "made_key"]
    return pl.concat(found).unique(key, keep="first", maintain_order=True)


def sold_lines(record: Record, own: pl.Expr) -> pl.DataFrame:
    """Return the customer lines that are `own`, as `Record.customer_lines` has them.

    No line is read but those, and what became of the very same lines on issued invoices.
    """
    key = ["customer", "bill_month"]
    open_ = pl.concat(
        record.scan(kind, CUSTOMER_LINES).select(CUSTOMER_LINES.names()).filter(own)
        for kind in ("customer_lines", MADE_LINES)
    ).collect()
    name = pl.coalesce("line_id", "made_key")
    names = open_.select(name).to_series()
    held = record.lines_held(lines=record.issued_lines().filter(among(name, names)))
    drafts = record.customer_invoices(CustomerInvoice.status == "draft")
    return pl.concat(
        [
            open_.with_columns(held=name)
            .join(held, on=[*key, "held"], how="anti")
            .join(drafts.select(*key, "invoice_no"), on=key)
            .select(INVOICED_LINES.names()),
            record.issued_lines().filter(own).collect(),
        ]
    )


def _documents(record: Record, scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the documents that are named, of an account, or of lines; with their pulls."""
    connection = record.connection
    named = scope.documents | values(lines, "document_id")
    bans: Names = frozenset(account.partition("\n")[2] for account in scope.accounts)
    own = one_of(connection, Document.document_id, named) | one_of(connection, Document.ban, bans)
    rows = record.documents(own).filter(
        pl.col("document_id").is_in(sorted(named))
        | account_key().is_in(sorted(scope.accounts)).fill_null(False)
    )
    pulls = record.debits(one_of(connection, Debit.document_id, rows["document_id"]))
    told = ("document_id", "debit_on", "dispute_closes_on", "pulled", "pulled_on", "returned")
    return rows.join(pulls.select(told), on="document_id", how="left").sort(
        *("bill_date", "document_id"), descending=[True, False], nulls_last=True
    )
