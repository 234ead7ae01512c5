"""Own charges and minimum commitments say what they are: their product.

Revision 0011 after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = ("customer_charges", "commitments")


def upgrade() -> None:
    """Bring the record to this shape; rows that were loaded before name no product."""
    for table in TABLES:
        op.add_column(table, sa.Column("product", sa.String()))


def downgrade() -> None:
    """Bring the record back to the shape before."""
    for table in TABLES:
        op.drop_column(table, "product")
