"""Which folders of the outbox hold all their papers, and how each looked then.

Revision 0015 after 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the record to this shape.

    Nothing is known of a folder yet: the next run looks at the names in each, once.
    """
    op.create_table(
        "paper_folders",
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("papers", sa.String(), nullable=False),
        sa.Column("stamp", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("folder", name=op.f("pk_paper_folders")),
    )


def downgrade() -> None:
    """Bring the record back to the shape before."""
    op.drop_table("paper_folders")
