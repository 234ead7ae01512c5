"""What belongs to claims: their lines as filed, their credits, and what was said of credits."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from rebill.store.models import Base
from rebill.store.types import ROW_ID


class ClaimLine(Base):
    """A line of a claim as it was when the claim left our hands; never changed after."""

    __tablename__ = "claim_lines"
    claim_no: Mapped[str] = mapped_column(sa.ForeignKey("claims.claim_no"), primary_key=True)
    finding_id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    document_id: Mapped[str]
    line_id: Mapped[str | None]
    ban: Mapped[str]
    bill_date: Mapped[dt.date]
    service: Mapped[str | None]
    usoc: Mapped[str | None]
    amount: Mapped[Decimal]


class ClaimCredit(Base):
    """Cents of a credit that belong to a claim, on the document and line they are for."""

    __tablename__ = "claim_credits"
    __table_args__ = (sa.Index(None, "claim_no"), sa.Index(None, "credit_id"))
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    claim_no: Mapped[str] = mapped_column(sa.ForeignKey("claims.claim_no"))
    event: Mapped[int]  # which event of the claim, counted from 1
    at: Mapped[dt.date]
    amount: Mapped[Decimal]  # negative = taken back
    document_id: Mapped[str]  # of the claim
    finding_id: Mapped[str | None]  # null = of no line by itself
    credit_id: Mapped[str | None]  # the carrier's line; null = told by a person
    matched_by: Mapped[str | None]


class CreditDecision(Base):
    """What a person said of a credit that was offered: it is for no claim of ours."""

    __tablename__ = "credit_decisions"
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    credit_id: Mapped[str] = mapped_column(unique=True)
    decided_on: Mapped[dt.date]
    who: Mapped[str | None]
    note: Mapped[str | None]


class PromiseCredit(Base):
    """Cents of a credit that keep a promise of the carrier."""

    __tablename__ = "promise_credits"
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    promise: Mapped[str]
    credit_id: Mapped[str]
    at: Mapped[dt.date]
    amount: Mapped[Decimal]
    matched_by: Mapped[str | None]
