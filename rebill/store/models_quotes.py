"""What became of quotes: an append-only list of events, and versions as they were sent."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from rebill.store.models import Base
from rebill.store.types import ROW_ID


class QuoteEvent(Base):
    """Something that happened to a version of a quote; events are only ever added."""

    __tablename__ = "quote_events"
    __table_args__ = (sa.Index(None, "quote", "version"),)
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    quote: Mapped[str]
    version: Mapped[int]
    at: Mapped[dt.date]
    who: Mapped[str]
    event: Mapped[str]  # approved, sent, accepted, declined, void, reopened, won
    reason: Mapped[str | None]
    options: Mapped[str | None]  # the options accepted, by number: 1;4
    late: Mapped[bool]  # accepted after the last day it was valid
    sha256: Mapped[str | None]  # of the version that was approved or sent
    document_name: Mapped[str | None]  # what the customer signed
    document_sha256: Mapped[str | None]
    run_id: Mapped[int | None] = mapped_column(sa.ForeignKey("runs.id"))


class QuoteVersion(Base):
    """A version as it was sent: head, lines and priced options; never changed."""

    __tablename__ = "quote_versions"
    quote: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sent_on: Mapped[dt.date]
    content: Mapped[str]  # JSON, keys in order, decimals as text
    sha256: Mapped[str]  # of the content
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runs.id"))
