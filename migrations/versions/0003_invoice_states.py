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

NAMES = ("corrects", "corrected_by", "rounding", "hold", "note")


def upgrade() -> None:
    """Bring the record to this shape."""
    kind = sa.Column("kind", sa.String(), nullable=False, server_default="invoice")
    op.add_column("customer_invoices", kind)
    for name in NAMES:
        op.add_column("customer_invoices", sa.Column(name, sa.String()))
    op.add_column("customer_invoices", sa.Column("issued_on", sa.Date()))
    op.add_column("customer_invoices", sa.Column("issued_load", sa.BigInteger()))


def downgrade() -> None:
    """Bring the record back to the shape before."""
    for name in ("issued_load", "issued_on", *NAMES, "kind"):
        op.drop_column("customer_invoices", name)
