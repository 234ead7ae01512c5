"""Consent in the rows of markups and own charges; what a draft lacks to be taxed.

Revision 0013 after 0012.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CONSENTING = ("markups", "customer_charges")
BELOW_COST = re.compile(r"\d+ line\(s\) are priced below cost .*? and build again(; )?")
"""What was said so far of a draft with prices below cost, beside what else holds it."""


def upgrade() -> None:
    """Bring the record to this shape; rows that were loaded before consent to nothing more.

    What held a draft so far was what its taxes lack, or a price below cost: the first is kept
    apart, the second is looked for anew whenever a draft is built or issued.
    """
    for name in CONSENTING:
        op.add_column(
            name, sa.Column("consent", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.add_column("customer_invoices", sa.Column("lacking", sa.String()))
    invoices = sa.table(
        "customer_invoices", *(sa.column(name) for name in ("invoice_no", "hold", "lacking"))
    )
    bind = op.get_bind()
    held = sa.select(invoices.c.invoice_no, invoices.c.hold).where(invoices.c.hold.is_not(None))
    for number, hold in bind.execute(held).all():
        lacking = BELOW_COST.sub("", hold).removesuffix("; ")
        row = sa.update(invoices).where(invoices.c.invoice_no == number)
        bind.execute(row.values(lacking=lacking or None))


def downgrade() -> None:
    """Bring the record back to the shape before."""
    op.drop_column("customer_invoices", "lacking")
    for name in CONSENTING:
        op.drop_column(name, "consent")
