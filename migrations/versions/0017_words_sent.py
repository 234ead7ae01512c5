"""What a reminder said, and which run issued an invoice: what was known of debits by then.

Revision 0017 after 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the record to this shape; what was sent and issued before says neither."""
    op.add_column("customer_invoices", sa.Column("issued_run", sa.BigInteger()))
    op.add_column("reminders", sa.Column("title", sa.String()))
    op.add_column("reminders", sa.Column("words", sa.String()))


def downgrade() -> None:
    """Bring the record back to the shape before."""
    for name in ("words", "title"):
        op.drop_column("reminders", name)
    op.drop_column("customer_invoices", "issued_run")
