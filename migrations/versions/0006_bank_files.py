"""What the bank said: its files, entries and remittances, what they paid, what is not in order.

Revision 0006 after 0005.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(18, 6).with_variant(sa.BigInteger(), "sqlite")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.String(),
    "date": sa.Date(),
    "money": MONEY,
    "number": sa.BigInteger(),
}

ENTRIES = """
    source text, source_row number, kind text, direction text, settled_on date, amount money,
    company_id text, company_name text, sec text, description text, individual_id text,
    individual_name text, trace text, account text, addenda text, original_trace text, code text,
    code_text text
    """
REMITTANCES = """
    qualifier text, reference text, ban text, paid money, gross money, discount money,
    invoice_date date
    """
SETTLEMENTS = "kind text, settled_on date, amount money, how text, of text"
EVENTS = """
    code text, cause text, severity text, entry_id text, document_id text, carrier text, ban text,
    invoice_no text, company_id text, company_name text, trace text, settled_on date, pulled money,
    expected money, difference money, suggested_return text, send_by date, at_originator_by date,
    message text, remedy text
    """


def upgrade() -> None:
    """Create the five tables."""
    op.create_table(
        "bank_files",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("content_key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("debits", MONEY, nullable=False),
        sa.Column("credits", MONEY, nullable=False),
        sa.Column("run_id", ROW_ID, sa.ForeignKey("runs.id"), nullable=False),
        sa.UniqueConstraint("content_key", name=op.f("uq_bank_files_content_key")),
    )
    file_id = sa.Column("file_id", sa.BigInteger(), sa.ForeignKey("bank_files.id"), nullable=False)
    op.create_table("bank_entries", _key("entry_id"), *_columns(ENTRIES), file_id)
    op.create_index(op.f("ix_bank_entries_trace"), "bank_entries", ["trace"])
    item = sa.Column("item", sa.BigInteger(), primary_key=True)
    op.create_table("bank_remittances", _key("entry_id"), item, *_columns(REMITTANCES))
    keys = (_key("entry_id"), _key("document_id"))
    op.create_table("debit_settlements", *keys, *_columns(SETTLEMENTS))
    op.create_table("pull_events", _key("event_id"), *_columns(EVENTS))


def downgrade() -> None:
    """Remove them."""
    for name in ("pull_events", "debit_settlements", "bank_remittances", "bank_entries"):
        op.drop_table(name)
    op.drop_table("bank_files")


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), primary_key=True)


def _columns(words: str) -> list[sa.Column[object]]:
    pairs = [part.split() for part in words.split(",")]
    return [sa.Column(name, KINDS[kind]) for name, kind in pairs]
