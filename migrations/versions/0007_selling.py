"""Customers say how they are charged; tiers, bundles, commitments, own charges, taxes.

Revision 0007 after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

CUSTOMER_RULES = (
    ("proration", sa.String(), None),
    ("minimum_months", sa.BigInteger(), None),
    ("rounding", sa.String(), "line"),
    ("credits", sa.String(), "follow"),
    ("unbilled", sa.String(), "wait"),
    ("tax_source", sa.String(), "table"),
    ("federal_usf", sa.String(), "pass_through"),
)
MARKUP_RULES = (
    ("tier", sa.String(), None),
    ("promotion", sa.String(), None),
    ("below_cost", sa.Boolean(), sa.false()),
)
"""Name, type, and what rows that were loaded before say."""

TEXT, NUMBER, WHOLE = sa.String(), MONEY, sa.BigInteger()
TABLES = {
    "tiers": "tier! mode! per! from_units!# value!#",
    "bundles": "bundle! usoc! product customer",
    "commitments": "customer! amount!# counts! description",
    "tax_exemptions": "customer! jurisdiction tax certificate!",
    "customer_charges": "customer! charge! service description charge_class! frequency! amount#"
    " percent# quantity!# cost!#",
    "tax_jurisdictions": "customer! service jurisdiction!",
    "tax_rates": "jurisdiction! tax! description charge_class product rate!# source",
    "contribution_factors": "factor!# charged# source",
    "interstate_shares": "usoc product share!#",
}
"""The columns of each table: ! is never empty, # an exact number, all others text."""
UNDATED = ("tiers",)


def upgrade() -> None:
    """Bring the record to this shape."""
    for table, rules in (("customers", CUSTOMER_RULES), ("markups", MARKUP_RULES)):
        for name, kind, default in rules:
            column = sa.Column(name, kind, nullable=default is None, server_default=default)
            op.add_column(table, column)
    for table, columns in TABLES.items():
        dates = [] if table in UNDATED else ["effective_from", "effective_until"]
        op.create_table(
            table,
            sa.Column("row_id", ROW_ID, primary_key=True),
            *(
                sa.Column(
                    said.rstrip("!#"),
                    NUMBER if "#" in said else TEXT,
                    nullable="!" not in said,
                )
                for said in columns.split()
            ),
            *(sa.Column(name, sa.Date()) for name in dates),
            sa.Column("loaded_in", sa.BigInteger(), sa.ForeignKey("loads.id"), nullable=False),
            sa.Column("superseded_in", sa.BigInteger(), sa.ForeignKey("loads.id")),
        )
        for name in ("loaded_in", "superseded_in"):
            op.create_index(op.f(f"ix_{table}_{name}"), table, [name])
    op.create_table(
        "tax_results",
        sa.Column("id", ROW_ID, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("request", "jurisdiction", "tax")),
        sa.Column("description", TEXT),
        sa.Column("tax_base", MONEY, nullable=False),
        sa.Column("rate", MONEY),
        sa.Column("amount", MONEY, nullable=False),
    )
    op.create_index(op.f("ix_tax_results_request"), "tax_results", ["request"])


def downgrade() -> None:
    """Bring the record back to the shape before."""
    op.drop_table("tax_results")
    for table in reversed(TABLES):
        op.drop_table(table)
    for table, rules in (("customers", CUSTOMER_RULES), ("markups", MARKUP_RULES)):
        for name, _, _ in reversed(rules):
            op.drop_column(table, name)
