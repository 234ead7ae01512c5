"""What a person decided: an append-only list of acts, each with who, when and why."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from rebill.store.models import Base
from rebill.store.types import ROW_ID


class Decision(Base):
    """An act of a person; nothing is edited, an act is ended by another."""

    __tablename__ = "decisions"
    __table_args__ = (sa.Index(None, "act", "subject"),)
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    decided_on: Mapped[dt.date]
    who: Mapped[str]
    act: Mapped[str]  # a word of `rebill.run.acts.ACTS`
    subject: Mapped[str | None]  # document_id, finding_id, claim_no, YYYY-MM; null = an exception
    other: Mapped[str | None]  # the document that stands instead
    reason: Mapped[str]
    holds_until: Mapped[dt.date | None]  # excluded; null = until it is ended
    carrier: Mapped[str | None]  # of a standing exception, as the next three; null = any
    service: Mapped[str | None]
    usoc: Mapped[str | None]
    code: Mapped[str | None]
    amount: Mapped[Decimal | None]  # what was approved
    ends: Mapped[int | None] = mapped_column(sa.ForeignKey("decisions.id"))
    run_id: Mapped[int | None] = mapped_column(sa.ForeignKey("runs.id"))
    signature: Mapped[str | None]  # by the key of `who`, over what was decided
