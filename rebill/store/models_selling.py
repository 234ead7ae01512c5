"""What selling keeps besides invoices: the answers of outside tax engines."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from rebill.store.models import Base
from rebill.store.types import ROW_ID, Money


class TaxResult(Base):
    """A tax that an outside engine reckoned for a request; a request is answered once."""

    __tablename__ = "tax_results"
    __table_args__ = (sa.Index(None, "request"),)
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    request: Mapped[str]
    jurisdiction: Mapped[str]
    tax: Mapped[str]
    description: Mapped[str | None]
    tax_base: Mapped[Decimal]
    rate: Mapped[Decimal | None] = mapped_column(Money(6))
    amount: Mapped[Decimal]
