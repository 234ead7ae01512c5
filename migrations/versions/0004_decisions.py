"""What a person decided, as an append-only list.

Revision 0004 after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the record to this shape."""
    op.create_table(
        "decisions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("subject", sa.String()),
        sa.Column("other", sa.String()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("holds_until", sa.Date()),
        sa.Column("carrier", sa.String()),
        sa.Column("service", sa.String()),
        sa.Column("usoc", sa.String()),
        sa.Column("code", sa.String()),
        sa.Column("amount", MONEY),
        sa.Column("ends", ROW_ID),
        sa.Column("run_id", ROW_ID),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.ForeignKeyConstraint(["ends"], ["decisions.id"], name=op.f("fk_decisions_ends")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_decisions_run_id")),
    )
    op.create_index(op.f("ix_decisions_act_subject"), "decisions", ["act", "subject"])


def downgrade() -> None:
    """Take the shape back."""
    op.drop_table("decisions")
