"""Where services were at home: the carrier and account of each, by day.

Revision 0012 after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the reference table."""
    op.create_table(
        "service_accounts",
        sa.Column("row_id", ROW_ID, primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("service", "carrier", "ban")),
        *(sa.Column(name, sa.Date()) for name in ("effective_from", "effective_until")),
        sa.Column("loaded_in", sa.BigInteger(), sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("superseded_in", sa.BigInteger(), sa.ForeignKey("loads.id")),
    )
    for name in ("loaded_in", "superseded_in"):
        op.create_index(op.f(f"ix_service_accounts_{name}"), "service_accounts", [name])


def downgrade() -> None:
    """Remove it."""
    op.drop_table("service_accounts")
