"""What was stated to payees, and which months of the books are closed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from rebill.store.models import Base


class CommissionStatement(Base):
    """What a payee earns in a month; its lines are bulk facts of kind `commissions`."""

    __tablename__ = "commission_statements"
    month: Mapped[str] = mapped_column(primary_key=True)  # YYYY-MM of the invoices' dates
    payee: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]
    lines: Mapped[int]
    status: Mapped[str]  # draft, final
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runs.id"))


class ClosedMonth(Base):
    """A month of the books that never changes; its postings are bulk facts of kind `journal`."""

    __tablename__ = "closed_months"
    month: Mapped[str] = mapped_column(primary_key=True)  # YYYY-MM
    closed_on: Mapped[dt.date]
    who: Mapped[str | None]
    postings: Mapped[int]
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runs.id"))
