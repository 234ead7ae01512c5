"""What went wrong, in one sentence with cause and remedy, and the exit code that says so.

A traceback is for whoever mends the program: `-v` shows it. What is said of the record is what is
true: as it was, or kept.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NEEDS_A_PERSON, WRONG_USAGE, FAILED = 1, 2, 3
"""How a command ends that was not simply done."""
ENDED = "ended by a signal ({})"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SOON = 0.05
"""Seconds until what was raised in vain is raised again."""
_NO_MEMORY = ("memory is not enough", "close other programs or use a larger machine")
_PERMISSION = ("{it} cannot be read or written: it is not allowed", "give this user the right")
_FULL = ("the disk is full{at}", "free space")
_BY_NUMBER = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: ("the quota is used up{at}", "free space"),
    errno.EFBIG: ("{it} would be larger than files may be here", "raise the limit (ulimit -f)"),
    errno.EROFS: ("{it} lies on a disk that is read-only", "make it writable"),
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EMFILE: ("too many files are open", "raise the limit (ulimit -n)"),
    errno.ENFILE: ("too many files are open on this machine", "close other programs"),
    errno.ENOMEM: _NO_MEMORY,
    errno.EIO: ("the disk fails{at}", "check the disk"),
    errno.ESTALE: ("{it} lies on a network disk that is gone", "mount it again"),
}
_NUMBER = re.compile(r"\(os error (\d+)\)")
_MEMORY = re.compile(r"out of memory|memory allocation|cannot allocate|allocat\w+ failed", re.I)


class Ended(BaseException):
    """The command was told to end by a signal."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let a signal end the command as an exception does: undone, on record, its lock let go.

    The first counts; while it is dealt with, others are ignored. One that is ignored from outside
    (`nohup`) stays so. Callbacks and extension modules may drop what is raised while they run: it
    is raised again until somebody deals with it.
    """
    came: list[Ended] = []

    def end(number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        came.append(Ended(ENDED.format(signal.Signals(number).name)))
        signal.signal(signal.SIGALRM, again)
        signal.setitimer(signal.ITIMER_REAL, SOON, SOON)
        raise came[0]

    def again(_number: int, _frame: FrameType | None) -> None:
        dealt_with = sys.exception()
        if dealt_with is None or came[0] not in _chain(dealt_with):
            raise came[0]

    def dropped(what: sys.UnraisableHookArgs) -> None:
        if not isinstance(what.exc_value, Ended):
            usual(what)

    usual, sys.unraisablehook = sys.unraisablehook, dropped
    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(each, end)
    was = signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        yield
    finally:
        # A terminal tells both the command and who watches it, who hands it on: once is enough for
        # a process that is started with signals held back, does one command and ends.
        ends = bool(came) and {*SIGNALS} <= was
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = usual
        for each, handler in before.items():
            signal.signal(each, signal.SIG_IGN if ends else handler)
        if ends:  # one that came at this very moment has set the clock again
            signal.signal(signal.SIGALRM, signal.SIG_IGN)


def is_closed_pipe(error: BaseException) -> bool:
    """Whether whoever read our output had enough of it; polars tells it as an error of its own."""
    if isinstance(error, BrokenPipeError):
        return True
    said = str(error)
    return f"(os error {errno.EPIPE})" in said or (
        isinstance(error, OSError) and "Broken pipe" in said
    )


def told(error: BaseException) -> tuple[int, str]:
    """Return the exit code of a failure and the sentence that says it."""
    # What is not imported by now has raised nothing; to import it after a signal that ended an
    # import half-way is to fail anew.
    settings, engine = map(sys.modules.get, ("rebill.workspace.settings", "rebill.store.engine"))
    if settings and isinstance(error, settings.Failure):
        return FAILED, f"error: {error}"
    if settings and isinstance(error, settings.ConfigError):
        down = engine is not None and isinstance(error, engine.DatabaseDown)
        failed = down or isinstance(error, settings.WorkspaceBusy)
        return FAILED if failed else WRONG_USAGE, f"error: {error}"
    cause, remedy = cause_of(error)
    if engine and engine.kept():
        record = "what was done is on record, papers that lack follow with the next night"
        return FAILED, f"error: {cause}; {record}" + (f": {remedy}" if remedy else "")
    again = f"{remedy}, then run the command again" if remedy else "-v shows where it happened"
    again = "run the command again" if isinstance(error, Ended) else again
    return FAILED, f"error: {cause}; the record is as it was: {again}"


def told_of_papers(error: BaseException) -> str:
    """Return what is said where all is on record, and papers could not be written."""
    cause, remedy = cause_of(error)
    again = f"{remedy}, the next night delivers them" if remedy else "the next night delivers them"
    return f"warning: the record is kept, papers are not written: {cause}; {again}"


def cause_of(error: BaseException) -> tuple[str, str]:
    """Return what went wrong and what to do; of a fault of the program nothing can be done."""
    for each in _chain(error):
        for explain in (_ended, _memory, _database, _system):
            if found := explain(each):
                return found
    return f"{type(error).__name__}: {error}", ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came of, the first cause last."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        at = left.pop()
        if at is not None and id(at) not in seen:
            seen.add(id(at))
            yield at
            left += [at.__context__, at.__cause__]


def _ended(error: BaseException) -> tuple[str, str] | None:
    return (str(error), "") if isinstance(error, Ended) else None


def _memory(error: BaseException) -> tuple[str, str] | None:
    known = isinstance(error, MemoryError) or _MEMORY.search(str(error))
    return _NO_MEMORY if known else None


def _database(error: BaseException) -> tuple[str, str] | None:
    import sqlite3

    import sqlalchemy as sa

    from rebill.workspace.breakdown import breakdown

    if isinstance(error, sa.exc.DBAPIError):
        found = breakdown(str(error.orig))
        if found is None and isinstance(error, sa.exc.OperationalError):
            said = str(error.orig).strip().splitlines()
            return f"the database failed: {said[0] if said else ''}", "see to it"
        return found
    return breakdown(str(error)) if isinstance(error, sqlite3.Error) else None


def _system(error: BaseException) -> tuple[str, str] | None:
    """Say what the system refused; polars tells the number in its words only."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, OSError) and number is None and error.filename:
        # polars says no more where a file could not be written to its end.
        return f"{error.filename} cannot be read or written", "see that its disk works and has room"
    if number is None and (match := _NUMBER.search(str(error))):
        number = int(match[1])
    if number is None:
        return None
    noted: list[str] = getattr(error, "__notes__", [])
    named = getattr(error, "filename", None) or _path_in(str(error)) or next(iter(noted), None)
    cause, remedy = _BY_NUMBER.get(number, (f"{{it}}: {os.strerror(number)}", "see to it"))
    return cause.format(it=named or "a file", at=f" at {named}" if named else ""), remedy


def _path_in(words: str) -> str | None:
    """Return the path that polars names behind its words, if it does."""
    match = re.search(r"\(os error \d+\): (\S.*)$", words.splitlines()[0] if words else "")
    return match[1] if match else None
