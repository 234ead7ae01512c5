"""Papers that could not be written after the record was kept: said once, written the next time."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebill.store.record import Record

MONTHS = "night.undelivered"
"""The fact that holds the bill months of which papers wait to be written, and the digest."""
_LACKS: ContextVar[BaseException | None] = ContextVar("lacks", default=None)


def months(record: Record) -> set[str]:
    """Return the bill months of which papers wait to be written, and the digest's name if it
    does."""
    return {month for month in (record.fact(MONTHS) or "").split(",") if month}


def note(error: Exception) -> None:
    """Remember why papers lack: what they are made of is kept, so that no command fails for them.

    What was to be delivered is named in the record until it is; the next night delivers it.
    """
    _LACKS.set(error)


def noted() -> BaseException | None:
    """Return why papers lack; nothing where none do."""
    return _LACKS.get()


def why() -> BaseException | None:
    """Return why papers lack, and forget it; nothing where none do."""
    error = _LACKS.get()
    _LACKS.set(None)
    return error
