"""Papers that could not be written after the record was kept: said once, written the next time."""

from __future__ import annotations

from contextvars import ContextVar

_LACKS: ContextVar[BaseException | None] = ContextVar("lacks", default=None)


def note(error: Exception) -> None:
    """Remember why papers lack: what they are made of is kept, so that no command fails for them.

    What was to be delivered is named in the record until it is; the next night delivers it.
    """
    _LACKS.set(error)


def why() -> BaseException | None:
    """Return why papers lack, and forget it; nothing where none do."""
    error = _LACKS.get()
    _LACKS.set(None)
    return error
