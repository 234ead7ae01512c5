"""Runs the command in a process of its own, so that one that dies leaves a promised exit code too.

Memory that is not there aborts a process from within, and the system kills one from without:
neither can speak for itself any more. What it had begun is undone by the next command.
"""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from types import FrameType

FAILED = 3
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_WHY = {
    signal.SIGABRT: "memory was not enough, or the program broke",
    signal.SIGKILL: "it was killed, by somebody or for want of memory",
    signal.SIGXCPU: "it used up its time (ulimit -t)",
    signal.SIGXFSZ: "a file grew beyond what is allowed (ulimit -f)",
}


def main() -> None:
    """Run the command line and leave with its exit code; of one that died with that of a failure.

    Whoever kills this process kills the command; signals that ask it to end are handed on.
    """
    if not hasattr(os, "fork"):
        _command()
    ours = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    child = os.fork()
    if child == 0:
        _die_with(ours)
        _command()

    def hand_on(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    for each in SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, hand_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    _, status = os.waitpid(child, 0)
    os._exit(_told(status))


def _command() -> None:
    """Run the command line in this process; it does not come back.

    Signals wait until it can deal with them.
    """
    from rebill.workspace.allocator import pool_memory

    pool_memory()
    from rebill.cli.main import main

    main()


def _die_with(parent: int) -> None:
    """Let this process be killed when its parent is, where the system can do so."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_DIES_WITH_PARENT, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(FAILED)


def _told(status: int) -> int:
    """Return the exit code of a process that ended; say why it died if it did."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    number = signal.Signals(-code)
    why = _WHY.get(number, f"it was ended by a signal ({number.name})")
    words = "what was not finished is undone: run the command again"
    with suppress(OSError):
        os.write(2, f"error: {why}; {words}\n".encode())
    return FAILED
