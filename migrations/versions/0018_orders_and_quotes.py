"""Orders and what became of them, commissions carriers pay, quotes and how each went.

Revision 0018 after 0017.
"""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT, DATE, WHOLE = sa.String(), sa.Date(), sa.BigInteger()
NUMBER: sa.types.TypeEngine[Decimal] = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")

TABLES = {
    "order_heads": (
        (TEXT, False, "order_no carrier"),
        (TEXT, True, "ban pon customer agent"),
        (TEXT, False, "kind"),
        (TEXT, True, "quote"),
        (DATE, True, "submitted_on wanted_on"),
        (TEXT, True, "note"),
    ),
    "order_items": (
        (TEXT, False, "order_no service"),
        (TEXT, True, "usoc package"),
        (NUMBER, False, "quantity"),
        (TEXT, False, "action"),
    ),
    "order_events": (
        (TEXT, True, "order_no pon"),
        (DATE, False, "at"),
        (TEXT, False, "event"),
        (DATE, True, "due_on"),
        (TEXT, True, "code ban circuit_id wtn who note source"),
    ),
    "commissions_received": (
        (TEXT, False, "carrier statement month"),
        (TEXT, True, "ban circuit_id service"),
        (NUMBER, False, "amount"),
        (NUMBER, True, "basis"),
    ),
    "commission_rules_received": (
        (TEXT, False, "carrier"),
        (TEXT, True, "product"),
        (NUMBER, True, "percent flat"),
        (TEXT, False, "of"),
        (WHOLE, False, "from_month"),
        (WHOLE, True, "months"),
        (DATE, True, "effective_from effective_until"),
    ),
    "mdf_spent": (
        (TEXT, False, "contract reference"),
        (DATE, False, "spent_on"),
        (NUMBER, False, "amount"),
        (DATE, True, "claimed_on paid_on"),
        (NUMBER, True, "paid"),
        (TEXT, True, "note"),
    ),
    "offers": (
        (TEXT, False, "offer product carrier contract"),
        (TEXT, True, "name description states zones terms"),
        (WHOLE, True, "install_days"),
        (DATE, True, "effective_from effective_until"),
    ),
    "offer_elements": (
        (TEXT, False, "offer"),
        (TEXT, True, "usoc package"),
        (TEXT, False, "charge_class"),
        (NUMBER, False, "quantity"),
        (TEXT, False, "per"),
        (sa.Boolean(), False, "optional"),
    ),
    "own_products": (
        (TEXT, False, "product"),
        (TEXT, True, "description"),
        (TEXT, False, "frequency"),
        (NUMBER, True, "price cost"),
        (TEXT, True, "tax_product"),
    ),
    "quotes": (
        (TEXT, False, "quote"),
        (WHOLE, False, "version"),
        (TEXT, True, "customer prospect name address email brand agent"),
        (DATE, True, "valid_until"),
        (NUMBER, True, "target_margin"),
        (TEXT, True, "found_money note"),
    ),
    "quote_lines": (
        (TEXT, False, "quote"),
        (WHOLE, False, "version"),
        (TEXT, False, "line"),
        (TEXT, True, "site state zone"),
        (NUMBER, True, "miles"),
        (TEXT, False, "product"),
        (NUMBER, False, "quantity"),
        (TEXT, True, "carriers alternative_of"),
        (sa.Boolean(), False, "optional"),
        (NUMBER, True, "price"),
        (TEXT, True, "promotion"),
    ),
}
"""The reference tables: type, whether it may be empty, and the columns that are so, in order."""


def upgrade() -> None:
    """Create the reference tables, and what is kept of quotes."""
    for name, groups in TABLES.items():
        op.create_table(
            name,
            sa.Column("row_id", ROW_ID, primary_key=True),
            *(
                sa.Column(column, kind, nullable=empty)
                for kind, empty, columns in groups
                for column in columns.split()
            ),
            sa.Column("loaded_in", WHOLE, sa.ForeignKey("loads.id"), nullable=False),
            sa.Column("superseded_in", WHOLE, sa.ForeignKey("loads.id")),
        )
        for column in ("loaded_in", "superseded_in"):
            op.create_index(op.f(f"ix_{name}_{column}"), name, [column])
    op.create_table(
        "quote_events",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("quote", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("at", DATE, nullable=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        *(sa.Column(name, TEXT) for name in ("reason", "options")),
        sa.Column("late", sa.Boolean(), nullable=False),
        *(sa.Column(name, TEXT) for name in ("sha256", "document_name", "document_sha256")),
        sa.Column("run_id", ROW_ID, sa.ForeignKey("runs.id")),
    )
    op.create_index(op.f("ix_quote_events_quote_version"), "quote_events", ["quote", "version"])
    op.create_table(
        "quote_versions",
        sa.Column("quote", TEXT, primary_key=True),
        sa.Column("version", WHOLE, primary_key=True),
        sa.Column("sent_on", DATE, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("content", "sha256")),
        sa.Column("run_id", ROW_ID, sa.ForeignKey("runs.id"), nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    for name in ("quote_versions", "quote_events", *reversed(list(TABLES))):
        op.drop_table(name)
