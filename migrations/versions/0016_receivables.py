"""What customers let us debit, what was debited of them, and what they were reminded of.

Revision 0016 after 0015.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_CUSTOMERS: dict[str, sa.types.TypeEngine[Any]] = {
    "ach_authorised_on": sa.Date(),
    "routing": sa.String(),
    "account": sa.String(),
    "account_type": sa.String(),
    "sec": sa.String(),
}


def upgrade() -> None:
    """Bring the record to this shape; no customer has agreed to be debited so far."""
    for name, kind in OF_CUSTOMERS.items():
        op.add_column("customers", sa.Column(name, kind))
    op.create_table(
        "debit_files",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("settles_on", sa.Date(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("run_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], op.f("fk_debit_files_run_id")),
        sa.UniqueConstraint("name", name=op.f("uq_debit_files_name")),
    )
    op.create_table(
        "customer_debits",
        sa.Column("trace", sa.String(), nullable=False),
        sa.Column("file_id", ROW_ID, nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("invoice_no", sa.String()),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("settles_on", sa.Date(), nullable=False),
        sa.Column("last_digits", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("trace", name=op.f("pk_customer_debits")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["debit_files.id"], op.f("fk_customer_debits_file_id")
        ),
    )
    op.create_index(op.f("ix_customer_debits_invoice_no"), "customer_debits", ["invoice_no"])
    op.create_table(
        "reminders",
        sa.Column("invoice_no", sa.String(), nullable=False),
        sa.Column("letter", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("who", sa.String()),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("open", MONEY, nullable=False),
        sa.Column("run_id", ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("invoice_no", "letter", name=op.f("pk_reminders")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], op.f("fk_reminders_run_id")),
    )


def downgrade() -> None:
    """Bring the record back to the shape before."""
    for table in ("reminders", "customer_debits", "debit_files"):
        op.drop_table(table)
    for name in reversed(OF_CUSTOMERS):
        op.drop_column("customers", name)
