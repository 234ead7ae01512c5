"""A corrected invoice and its credit note name the invoice that took their place.

Revision 0008 after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the record to this shape."""
    op.add_column("customer_invoices", sa.Column("replaced_by", sa.String()))


def downgrade() -> None:
    """Bring the record back to the shape before."""
    op.drop_column("customer_invoices", "replaced_by")
