"""What the record itself holds, as tables that go out: documents, lines, findings and so on."""

from __future__ import annotations

import polars as pl

from invoices.periods import month_of
from invoices.schema import CENTS, RATE
from rebill.store.decisions import decisions, waivers
from rebill.store.frames import read_table
from rebill.store.models import Run
from rebill.store.record import Record
from rebill.store.table_out import Asked, TableOut
from reconcile.audit.waivers import waived


def _documents(asked: Asked) -> pl.LazyFrame:
    """Return the documents of the months."""
    return asked.of_bills(asked.record.documents())


def _lines(asked: Asked) -> pl.LazyFrame:
    """Return the lines of the months."""
    return asked.record.lines(asked.months)


def _findings(asked: Asked) -> pl.LazyFrame:
    """Return the findings of the months, each with its last day and the waiver that holds it."""
    days = asked.record.debits().select("document_id", "dispute_closes_on")
    held = waivers(asked.record, asked.day)
    found = waived(asked.record.findings(asked.months), held).with_columns(
        waived=pl.col("waived_by").is_not_null()
    )
    return found.join(days.lazy(), on="document_id", how="left")


def _decisions(asked: Asked) -> pl.LazyFrame:
    """Return the decisions that were made in the months."""
    return asked.of_months(decisions(asked.record), month_of("decided_on"))


def run_rows(record: Record) -> pl.DataFrame:
    """Return every run in order, in the columns of the table `runs`."""
    runs = read_table(record.connection, Run).rename({"id": "run", "finished": "ended"})
    return runs.select(RUNS.columns.names()).sort("run")


def _runs(asked: Asked) -> pl.LazyFrame:
    """Return the runs for days of the months."""
    return asked.of_months(run_rows(asked.record), month_of("as_of"))


def _customer_invoices(asked: Asked) -> pl.LazyFrame:
    """Return the invoices of the months."""
    return asked.of_months(asked.record.customer_invoices(), "bill_month")


def _customer_lines(asked: Asked) -> pl.LazyFrame:
    """Return what stands on the invoices of the months."""
    return asked.record.customer_lines(asked.months)


DOCUMENTS = TableOut(
    "documents",
    "every document that came: loaded, held or refused",
    ("document_id",),
    pl.Schema(
        {
            "document_id": pl.String(),
            "carrier": pl.String(),
            "ban": pl.String(),
            "invoice_no": pl.String(),
            "bill_date": pl.Date(),
            "due_date": pl.Date(),
            "status": pl.String(),
            "lines": pl.Int64(),
            "current_charges": CENTS,
            "total_due": CENTS,
            "source_file": pl.String(),
            "source_row": pl.Int64(),
            "previous_balance": CENTS,
            "payments": CENTS,
            "adjustments": CENTS,
            "line_sum": CENTS,
            "received_on": pl.Date(),
            "contract": pl.String(),
        }
    ),
    _documents,
)

LINES = TableOut(
    "lines",
    "the lines of loaded documents, as billed and as the contract expects them",
    ("line_id",),
    pl.Schema(
        {
            "line_id": pl.String(),
            "document_id": pl.String(),
            "carrier": pl.String(),
            "ban": pl.String(),
            "invoice_no": pl.String(),
            "bill_date": pl.Date(),
            "line_no": pl.Int64(),
            "charge_class": pl.String(),
            "usoc": pl.String(),
            "quantity": RATE,
            "unit_rate": RATE,
            "amount": CENTS,
            "expected": CENTS,
            "wtn": pl.String(),
            "circuit_id": pl.String(),
            "service": pl.String(),
            "customer": pl.String(),
            "order_no": pl.String(),
            "service_from": pl.Date(),
            "service_until": pl.Date(),
            "source_file": pl.String(),
            "source_row": pl.Int64(),
            "description": pl.String(),
            "state": pl.String(),
            "zone": pl.String(),
            "product": pl.String(),
            "package": pl.String(),
            "matched_by": pl.String(),
            "contract": pl.String(),
            "order_used": pl.String(),
            "rate_day": pl.Date(),
            "buy_rate": RATE,
            "at_stake": CENTS,
            "tolerated": CENTS,
            "underbilled": CENTS,
            "interchange": pl.String(),
            "set_no": pl.String(),
        }
    ),
    _lines,
)

FINDINGS = TableOut(
    "findings",
    "what is wrong or worth a look, each with the money it puts at stake",
    ("finding_id",),
    pl.Schema(
        {
            "finding_id": pl.String(),
            "code": pl.String(),
            "cause": pl.String(),
            "severity": pl.String(),
            "document_id": pl.String(),
            "line_id": pl.String(),
            "service": pl.String(),
            "usoc": pl.String(),
            "billed": CENTS,
            "expected": CENTS,
            "amount_at_stake": CENTS,
            "message": pl.String(),
            "remedy": pl.String(),
            "source_file": pl.String(),
            "source_row": pl.Int64(),
            "dispute_closes_on": pl.Date(),
            "claim_no": pl.String(),
            "reason": pl.String(),
            "carrier": pl.String(),
            "ban": pl.String(),
            "bill_date": pl.Date(),
            "waived": pl.Boolean(),
            "waived_until": pl.Date(),
            "waived_by": pl.Int64(),
        }
    ),
    _findings,
)

DECISIONS = TableOut(
    "decisions",
    "what people decided: who, when, why, and about what",
    ("id",),
    pl.Schema(
        {
            "id": pl.Int64(),
            "decided_on": pl.Date(),
            "who": pl.String(),
            "act": pl.String(),
            "subject": pl.String(),
            "other": pl.String(),
            "reason": pl.String(),
            "holds_until": pl.Date(),
            "carrier": pl.String(),
            "service": pl.String(),
            "usoc": pl.String(),
            "code": pl.String(),
            "amount": CENTS,
            "ends": pl.Int64(),
        }
    ),
    _decisions,
)

AUDITED = (DOCUMENTS, LINES, FINDINGS, DECISIONS)
"""Of what carriers say, and what we make of it."""

CUSTOMER_INVOICES = TableOut(
    "customer_invoices",
    "the invoices to customers",
    ("invoice_no",),
    pl.Schema(
        {
            "invoice_no": pl.String(),
            "customer": pl.String(),
            "bill_date": pl.Date(),
            "due_date": pl.Date(),
            "total": CENTS,
            "status": pl.String(),
            "brand": pl.String(),
            "bill_month": pl.String(),
            "lines": pl.Int64(),
            "kind": pl.String(),
            "corrects": pl.String(),
            "corrected_by": pl.String(),
            "replaced_by": pl.String(),
            "issued_on": pl.Date(),
            "rounding": pl.String(),
            "hold": pl.String(),
            "note": pl.String(),
        }
    ),
    _customer_invoices,
)

CUSTOMER_LINES = TableOut(
    "customer_lines",
    "whatever stands on a customer invoice, with its cost and margin",
    ("invoice_no", "line_id", "made_key"),
    pl.Schema(
        {
            "invoice_no": pl.String(),
            "customer": pl.String(),
            "line_id": pl.String(),
            "service": pl.String(),
            "usoc": pl.String(),
            "description": pl.String(),
            "quantity": RATE,
            "cost": CENTS,
            "price": CENTS,
            "method": pl.String(),
            "margin": CENTS,
            "charge_class": pl.String(),
            "service_from": pl.Date(),
            "service_until": pl.Date(),
            "carrier": pl.String(),
            "bill_date": pl.Date(),
            "bill_month": pl.String(),
            "markup_row": pl.Int64(),
            "markup_scope": pl.String(),
            "bundle": pl.String(),
            "kind": pl.String(),
            "made_key": pl.String(),
            "product": pl.String(),
            "rule": pl.String(),
            "promotion": pl.String(),
            "credit_of": pl.String(),
            "tax": pl.String(),
            "jurisdiction": pl.String(),
            "tax_base": CENTS,
            "tax_rate": RATE,
        }
    ),
    _customer_lines,
)

RUNS = TableOut(
    "runs",
    "what was run, for which day, by whom and where, how it ended, and the chain that binds it",
    ("run",),
    pl.Schema(
        {
            "run": pl.Int64(),
            "command": pl.String(),
            "as_of": pl.Date(),
            "who": pl.String(),
            "host": pl.String(),
            "version": pl.String(),
            "started": pl.String(),
            "ended": pl.String(),
            "outcome": pl.String(),
            "chain": pl.String(),
        }
    ),
    _runs,
)

KEPT = (RUNS,)
"""Of what this program did."""

SOLD = (CUSTOMER_INVOICES, CUSTOMER_LINES)
"""Of what customers are told."""
