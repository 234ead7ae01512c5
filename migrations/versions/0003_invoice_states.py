"""Customer invoices know what they correct, when they were issued, and why they wait.

Revision 0003 after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = (
    sa.Column("kind", sa.String(), nullable=False, server_default="invoice"),
    sa.Column("corrects", sa.String()),
    sa.Column("corrected_by", sa.String()),
    sa.Column("issued_on", sa.Date()),
    sa.Column("issued_load", sa.BigInteger()),
    sa.Column("rounding", sa.String()),
    sa.Column("hold", sa.String()),
    sa.Column("note", sa.String()),
)


def upgrade() -> None:
    """Bring the record to this shape."""
    for column in COLUMNS:
        op.add_column("customer_invoices", column.copy())


def downgrade() -> None:
    """Bring the record back to the shape before."""
    for column in reversed(COLUMNS):
        op.drop_column("customer_invoices", column.name)
