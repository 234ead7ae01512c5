"""The first shape of the record: reference tables, documents, claims, invoices, debits.

Revision 0001 after nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")
"""Exact dollars: SQLite keeps whole millionths, for its NUMERIC is a float."""
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TABLES = (
    "facts",
    "sequences",
    "loads",
    "load_tables",
    "load_files",
    "usocs",
    "packages",
    "usoc_rules",
    "contracts",
    "buy_rates",
    "retail_rates",
    "customers",
    "services",
    "service_elements",
    "orders",
    "markups",
    "runs",
    "run_files",
    "bulk_files",
    "documents",
    "document_totals",
    "claims",
    "claim_events",
    "customer_invoices",
    "debits",
)
"""In the order of creation."""


def upgrade() -> None:
    """Bring the record to this shape."""
    _numbers_and_loads()
    _catalogue_and_contracts()
    _inventory_and_customers()
    _runs()
    _documents()
    _decisions()


def downgrade() -> None:
    """Bring the record back to nothing."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _versioned(name: str, *columns: sa.Column[object]) -> None:
    """Create a reference table: a row is never edited, it is superseded."""
    op.create_table(
        name,
        sa.Column("row_id", ROW_ID, primary_key=True),
        *columns,
        sa.Column("loaded_in", sa.BigInteger(), sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("superseded_in", sa.BigInteger(), sa.ForeignKey("loads.id")),
    )
    op.create_index(op.f(f"ix_{name}_loaded_in"), name, ["loaded_in"])
    op.create_index(op.f(f"ix_{name}_superseded_in"), name, ["superseded_in"])


def _numbers_and_loads() -> None:
    """Create the database's own facts, numbers given, and loads."""
    op.create_table(
        "facts",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.String(), nullable=False),
    )
    op.create_table(
        "sequences",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "loads",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("given", sa.String()),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "load_tables",
        sa.Column("load_id", ROW_ID, sa.ForeignKey("loads.id"), primary_key=True),
        sa.Column("table_name", sa.String(), primary_key=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "load_files",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("load_id", ROW_ID, sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
    )


def _catalogue_and_contracts() -> None:
    """Create what codes mean and what contracts say."""
    _versioned(
        "usocs",
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("usoc", sa.String(), nullable=False),
        sa.Column("description", sa.String()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("family", sa.String()),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_until", sa.Date()),
        sa.Column("source", sa.String()),
    )
    _versioned(
        "packages",
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("package", sa.String(), nullable=False),
        sa.Column("usoc", sa.String(), nullable=False),
        sa.Column("quantity", MONEY, nullable=False),
    )
    _versioned(
        "usoc_rules",
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("usoc", sa.String(), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("other_usoc", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_until", sa.Date()),
    )
    _versioned(
        "contracts",
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
    )
    _versioned(
        "buy_rates",
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("charge_class", sa.String()),
        sa.Column("usoc", sa.String()),
        sa.Column("package", sa.String()),
        sa.Column("state", sa.String()),
        sa.Column("zone", sa.String()),
        sa.Column("term_months", sa.BigInteger()),
        sa.Column("ban", sa.String()),
        sa.Column("circuit_id", sa.String()),
        sa.Column("rate", MONEY, nullable=False),
        sa.Column("effective_from", sa.Date()),
        sa.Column("effective_until", sa.Date()),
        sa.Column("source", sa.String()),
    )
    _versioned(
        "retail_rates",
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("usoc", sa.String()),
        sa.Column("package", sa.String()),
        sa.Column("state", sa.String()),
        sa.Column("rate", MONEY, nullable=False),
        sa.Column("effective_from", sa.Date()),
        sa.Column("effective_until", sa.Date()),
    )


def _inventory_and_customers() -> None:
    """Create what we have, for whom, and at what price."""
    _versioned(
        "customers",
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("name", sa.String()),
        sa.Column("brand", sa.String()),
        sa.Column("bill_day", sa.BigInteger(), nullable=False),
        sa.Column("due_days", sa.BigInteger(), nullable=False),
        sa.Column("cost_basis", sa.String(), nullable=False),
        sa.Column("tax_exempt", sa.Boolean(), nullable=False),
        sa.Column("email", sa.String()),
        sa.Column("address", sa.String()),
    )
    _versioned(
        "services",
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("ban", sa.String()),
        sa.Column("wtn", sa.String()),
        sa.Column("circuit_id", sa.String()),
        sa.Column("state", sa.String()),
        sa.Column("zone", sa.String()),
        sa.Column("term_months", sa.BigInteger()),
        sa.Column("package", sa.String()),
        sa.Column("product", sa.String()),
        sa.Column("customer", sa.String()),
        sa.Column("installed_on", sa.Date()),
        sa.Column("disconnected_on", sa.Date()),
    )
    _versioned(
        "service_elements",
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("usoc", sa.String(), nullable=False),
        sa.Column("quantity", MONEY, nullable=False),
        sa.Column("active_from", sa.Date()),
        sa.Column("active_until", sa.Date()),
    )
    _versioned(
        "orders",
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("usoc", sa.String(), nullable=False),
        sa.Column("quantity", MONEY, nullable=False),
        sa.Column("completed_on", sa.Date()),
        sa.Column("nrc_waived", sa.Boolean(), nullable=False),
    )
    _versioned(
        "markups",
        sa.Column("customer", sa.String()),
        sa.Column("service", sa.String()),
        sa.Column("usoc", sa.String()),
        sa.Column("package", sa.String()),
        sa.Column("product", sa.String()),
        sa.Column("charge_class", sa.String()),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("value", MONEY),
        sa.Column("minimum", MONEY),
        sa.Column("floor", MONEY),
        sa.Column("cap", MONEY),
        sa.Column("cap_retail", sa.Boolean(), nullable=False),
        sa.Column("effective_from", sa.Date()),
        sa.Column("effective_until", sa.Date()),
    )


def _runs() -> None:
    """Create runs, the files they found, and the bulk facts they wrote."""
    op.create_table(
        "runs",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date()),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("load_id", ROW_ID, sa.ForeignKey("loads.id")),
        sa.Column("started", sa.String()),
        sa.Column("finished", sa.String()),
        sa.Column("outcome", sa.String()),
        sa.Column("counts", sa.JSON()),
        sa.Column("sums", sa.JSON()),
    )
    op.create_table(
        "run_files",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("run_id", ROW_ID, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.String()),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("note", sa.String()),
    )
    op.create_index(op.f("ix_run_files_run_id"), "run_files", ["run_id"])
    op.create_index(op.f("ix_run_files_sha256"), "run_files", ["sha256"])
    op.create_table(
        "bulk_files",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("carrier", sa.String()),
        sa.Column("bill_month", sa.String()),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("amount", MONEY),
        sa.Column("run_id", ROW_ID, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("superseded_by_run", ROW_ID, sa.ForeignKey("runs.id")),
        sa.UniqueConstraint("path"),
    )
    op.create_index(op.f("ix_bulk_files_kind_bill_month"), "bulk_files", ["kind", "bill_month"])


def _documents() -> None:
    """Create documents and their totals."""
    op.create_table(
        "documents",
        sa.Column("document_id", sa.String(), primary_key=True),
        sa.Column("carrier", sa.String()),
        sa.Column("ban", sa.String()),
        sa.Column("invoice_no", sa.String()),
        sa.Column("bill_date", sa.Date()),
        sa.Column("due_date", sa.Date()),
        sa.Column("previous_balance", MONEY),
        sa.Column("payments", MONEY),
        sa.Column("adjustments", MONEY),
        sa.Column("current_charges", MONEY),
        sa.Column("total_due", MONEY),
        sa.Column("lines", sa.BigInteger()),
        sa.Column("line_sum", MONEY),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("source_file", sa.String(), nullable=False),
        sa.Column("source_row", sa.BigInteger()),
        sa.Column("received_on", sa.Date()),
        sa.Column("contract", sa.String()),
        sa.Column("run_id", ROW_ID, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("audited_load", sa.BigInteger()),
    )
    op.create_index(op.f("ix_documents_audited_load"), "documents", ["audited_load"])
    op.create_index(op.f("ix_documents_bill_date"), "documents", ["bill_date"])
    op.create_index(
        op.f("ix_documents_carrier_ban_invoice_no"), "documents", ["carrier", "ban", "invoice_no"]
    )
    op.create_table(
        "document_totals",
        sa.Column(
            "document_id", sa.String(), sa.ForeignKey("documents.document_id"), primary_key=True
        ),
        sa.Column("charge_class", sa.String(), primary_key=True),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
    )


def _decisions() -> None:
    """Create what was decided."""
    op.create_table(
        "claims",
        sa.Column("claim_no", sa.String(), primary_key=True),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("ban", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("bill_month", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("findings", sa.BigInteger(), nullable=False),
        sa.Column("filed_on", sa.Date()),
        sa.Column("file_by", sa.Date()),
        sa.Column("dispute_closes_on", sa.Date()),
        sa.Column("credited", MONEY),
        sa.Column("denied", MONEY),
    )
    op.create_index(
        op.f("ix_claims_carrier_ban_reason_bill_month"),
        "claims",
        ["carrier", "ban", "reason", "bill_month"],
    )
    op.create_table(
        "claim_events",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("claim_no", sa.String(), sa.ForeignKey("claims.claim_no"), nullable=False),
        sa.Column("at", sa.Date(), nullable=False),
        sa.Column("who", sa.String()),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("reference", sa.String()),
        sa.Column("note", sa.String()),
    )
    op.create_index(op.f("ix_claim_events_claim_no"), "claim_events", ["claim_no"])
    op.create_table(
        "customer_invoices",
        sa.Column("invoice_no", sa.String(), primary_key=True),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("brand", sa.String()),
        sa.Column("bill_month", sa.String(), nullable=False),
        sa.Column("bill_date", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("total", MONEY, nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
    )
    op.create_index(
        op.f("ix_customer_invoices_customer_bill_month"),
        "customer_invoices",
        ["customer", "bill_month"],
    )
    op.create_table(
        "debits",
        sa.Column(
            "document_id", sa.String(), sa.ForeignKey("documents.document_id"), primary_key=True
        ),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("contract", sa.String()),
        sa.Column("ban", sa.String(), nullable=False),
        sa.Column("invoice_no", sa.String(), nullable=False),
        sa.Column("bill_date", sa.Date(), nullable=False),
        sa.Column("debit_on", sa.Date()),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("dispute_closes_on", sa.Date()),
    )
    op.create_index(op.f("ix_debits_carrier_ban"), "debits", ["carrier", "ban"])
