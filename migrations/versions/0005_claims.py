"""Claims know their money and their key; their lines as filed and their credits are kept.

Revision 0005 after 0004.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

CLAIM_COLUMNS: dict[str, Any] = {
    "group_key": sa.String(),
    "contract": sa.String(),
    "form": sa.String(),
    "granted": MONEY,
    "withdrawn": MONEY,
    "level": sa.BigInteger(),
    "sent": sa.BigInteger(),
    "answered_on": sa.Date(),
    "tracking_no": sa.String(),
}
EVENT_COLUMNS: dict[str, Any] = {
    "amount": MONEY,
    "status": sa.String(),
    "level": sa.BigInteger(),
    "credited": MONEY,
    "denied": MONEY,
    "withdrawn": MONEY,
}


def upgrade() -> None:
    """Bring the record to this shape."""
    for name, kind in CLAIM_COLUMNS.items():
        op.add_column("claims", sa.Column(name, kind))
    for name, kind in EVENT_COLUMNS.items():
        op.add_column("claim_events", sa.Column(name, kind))
    op.create_table(
        "claim_lines",
        sa.Column("claim_no", sa.String(), sa.ForeignKey("claims.claim_no"), primary_key=True),
        sa.Column("finding_id", sa.String(), primary_key=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("line_id", sa.String()),
        sa.Column("ban", sa.String(), nullable=False),
        sa.Column("bill_date", sa.Date(), nullable=False),
        sa.Column("service", sa.String()),
        sa.Column("usoc", sa.String()),
        sa.Column("amount", MONEY, nullable=False),
    )
    op.create_table(
        "claim_credits",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("claim_no", sa.String(), sa.ForeignKey("claims.claim_no"), nullable=False),
        sa.Column("event", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Date(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("finding_id", sa.String()),
        sa.Column("credit_id", sa.String()),
        sa.Column("matched_by", sa.String()),
    )
    for name in ("claim_no", "credit_id"):
        op.create_index(op.f(f"ix_claim_credits_{name}"), "claim_credits", [name])
    op.create_table(
        "credit_decisions",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("credit_id", sa.String(), nullable=False, unique=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("who", sa.String()),
        sa.Column("note", sa.String()),
    )


def downgrade() -> None:
    """Take the shape back."""
    for name in ("credit_decisions", "claim_credits", "claim_lines"):
        op.drop_table(name)
    for name in EVENT_COLUMNS:
        op.drop_column("claim_events", name)
    for name in CLAIM_COLUMNS:
        op.drop_column("claims", name)
