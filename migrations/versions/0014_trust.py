"""Digests of bulk files; whose a run is and what binds it to the one before; files seen.

Revision 0014 after 0013.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OF_RUNS = ("who", "host", "token", "chain")
OF_FILES: dict[str, sa.types.TypeEngine[Any]] = {
    "size": sa.BigInteger(),
    "sha256": sa.String(),
    "pruned_by_run": sa.BigInteger(),
}


def upgrade() -> None:
    """Bring the record to this shape.

    Runs so far stay before the chain. The digests of files that are there already are taken by
    `rebill db upgrade`, once their rows and sums are found right: the database alone has no files.
    """
    for name in OF_RUNS:
        op.add_column("runs", sa.Column(name, sa.String()))
    for name, kind in OF_FILES.items():
        op.add_column("bulk_files", sa.Column(name, kind))
    op.add_column("decisions", sa.Column("signature", sa.String()))
    op.create_table(
        "seen_files",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("stamp", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_seen_files")),
    )


def downgrade() -> None:
    """Bring the record back to the shape before."""
    op.drop_table("seen_files")
    op.drop_column("decisions", "signature")
    for name in reversed(OF_FILES):
        op.drop_column("bulk_files", name)
    for name in reversed(OF_RUNS):
        op.drop_column("runs", name)
