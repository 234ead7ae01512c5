"""What customers paid, and what secures a carrier, as reference tables.

Revision 0002 after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create `customer_payments` and `deposits`."""
    _versioned(
        "customer_payments",
        sa.Column("payment", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("invoice_no", sa.String()),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
    )
    _versioned(
        "deposits",
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", sa.String()),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("rate", MONEY),
        sa.Column("effective_from", sa.Date()),
        sa.Column("effective_until", sa.Date()),
    )


def downgrade() -> None:
    """Remove both."""
    op.drop_table("deposits")
    op.drop_table("customer_payments")


def _versioned(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("row_id", ROW_ID, primary_key=True),
        *columns,
        sa.Column("loaded_in", sa.BigInteger(), sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("superseded_in", sa.BigInteger(), sa.ForeignKey("loads.id")),
    )
    op.create_index(op.f(f"ix_{name}_loaded_in"), name, ["loaded_in"])
    op.create_index(op.f(f"ix_{name}_superseded_in"), name, ["superseded_in"])
