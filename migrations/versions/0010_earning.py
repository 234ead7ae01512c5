"""Costs to serve, commissions and their statements, months of the books that are closed.

Revision 0010 after 0009.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the reference tables and those of the record."""
    _versioned(
        "cost_to_serve",
        *(sa.Column(name, sa.String()) for name in ("customer", "product")),
        *(sa.Column(name, MONEY) for name in ("support", "selling", "marketing", "bad_debt")),
        sa.Column("float_days", sa.BigInteger()),
        *(sa.Column(name, MONEY) for name in ("cost_of_capital", "target_margin")),
        *(sa.Column(name, sa.Date()) for name in ("effective_from", "effective_until")),
    )
    _versioned(
        "commissions",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("deal", "payee", "role")),
        *(sa.Column(name, sa.String()) for name in ("customer", "service", "product")),
        sa.Column("method", sa.String(), nullable=False),
        *(sa.Column(name, MONEY, nullable=False) for name in ("value", "share")),
        *(sa.Column(name, sa.Date()) for name in ("effective_from", "effective_until")),
        sa.Column("source", sa.String()),
    )
    op.create_table(
        "commission_statements",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("payee", sa.String(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("run_id", ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("month", "payee", name=op.f("pk_commission_statements")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_commission_statements_run_id")
        ),
    )
    op.create_table(
        "closed_months",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("who", sa.String()),
        sa.Column("postings", sa.BigInteger(), nullable=False),
        sa.Column("run_id", ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_closed_months")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_closed_months_run_id")),
    )


def downgrade() -> None:
    """Remove them."""
    for name in ("closed_months", "commission_statements", "commissions", "cost_to_serve"):
        op.drop_table(name)


def _versioned(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("row_id", ROW_ID, primary_key=True),
        *columns,
        sa.Column("loaded_in", sa.BigInteger(), sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("superseded_in", sa.BigInteger(), sa.ForeignKey("loads.id")),
    )
    op.create_index(op.f(f"ix_{name}_loaded_in"), name, ["loaded_in"])
    op.create_index(op.f(f"ix_{name}_superseded_in"), name, ["superseded_in"])
