"""Credits that a carrier promised, and what keeps a promise.

Revision 0009 after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the record to this shape."""
    op.create_table(
        "promised_credits",
        sa.Column("row_id", ROW_ID, primary_key=True),
        sa.Column("credit", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("ban", sa.String(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=False),
        sa.Column("by_bill", sa.BigInteger()),
        sa.Column("service", sa.String()),
        sa.Column("usoc", sa.String()),
        sa.Column("reference", sa.String()),
        sa.Column("source", sa.String()),
        sa.Column("loaded_in", sa.BigInteger(), sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("superseded_in", sa.BigInteger(), sa.ForeignKey("loads.id")),
    )
    for name in ("loaded_in", "superseded_in"):
        op.create_index(op.f(f"ix_promised_credits_{name}"), "promised_credits", [name])
    op.create_table(
        "promise_credits",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("promise", sa.String(), nullable=False),
        sa.Column("credit_id", sa.String(), nullable=False),
        sa.Column("at", sa.Date(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("matched_by", sa.String()),
    )


def downgrade() -> None:
    """Take the shape back."""
    op.drop_table("promise_credits")
    op.drop_table("promised_credits")
