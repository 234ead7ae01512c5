"""The child process of `apart`: it does one piece of work after the other, each under its budget.

Nothing here is called by anybody else. It ends when the other end of its line is closed, in the
middle of its work too: whoever asked for that is gone.
"""

from __future__ import annotations

import errno
import math
import os
import pickle
import re
import resource
import signal
import threading
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

import polars as pl

MACHINE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE),
    *(errno.EIO, errno.EACCES, errno.EPERM),
}
"""Faults of the machine: what arrived was copied before any work on it, and they are not of it."""
AT_ONCE = 2**30
"""What is held is looked at from outside; what is asked for, which may be much more and never
used, is bounded here."""


def serve(handle: int) -> None:
    """Answer jobs until the line is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked decides what an interrupt means
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    line = Connection(handle)
    jobs: SimpleQueue[bytes] = SimpleQueue()
    pl.LazyFrame({"warm": [1]}).sum().collect(engine="streaming")  # its threads are no file's
    threading.Thread(target=_listen, args=(line, jobs), daemon=True).start()
    line.send_bytes(b"ready")
    while True:
        line.send_bytes(pickle.dumps(_answer(jobs.get())))


def _listen(line: Connection, jobs: SimpleQueue[bytes]) -> None:
    """Hand jobs on; end the process when nobody is there to ask for more."""
    while True:
        try:
            jobs.put(line.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def _answer(job: bytes) -> tuple[str, object]:
    """Do a job and return `done` and its result, or what went wrong and how.

    A panic of polars is no Exception; who had one, or no memory, may not be whole any more.
    """
    try:
        seconds, mebibytes, work, given = pickle.loads(job)
        _allow(seconds, mebibytes)
        return "done", work(*given)
    except MemoryError:
        return "memory", ""
    except BaseException as error:
        if (number := _of_the_machine(error)) is not None:
            return "machine", (number, str(error))
        trace = traceback.format_exc(limit=-20)[-4000:]
        kind = "fault" if isinstance(error, Exception) else "panic"
        return kind, (type(error).__name__, str(error)[-4000:], trace)
    finally:
        _allow(None, None)


def _of_the_machine(error: BaseException) -> int | None:
    """Return the number of a fault that is no file's; polars tells it in words."""
    if not isinstance(error, OSError):
        return None
    told = re.search(r"\(os error (\d+)\)", str(error))
    number = error.errno or (int(told.group(1)) if told else None)
    return number if number in MACHINE else None


def _allow(seconds: int | None, mebibytes: int | None) -> None:
    """Set what may be taken from now on; null = what the system allows."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = None if seconds is None else math.ceil(used.ru_utime + used.ru_stime + seconds)
    asked = _asked_for()
    data = None if mebibytes is None else asked + AT_ONCE + 4 * mebibytes * 2**20
    for what, most in ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_DATA, data)):
        _, hard = resource.getrlimit(what)
        wanted = hard if most is None else most
        within = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):  # a system without this limit goes without
            resource.setrlimit(what, (within, hard))


def _asked_for() -> int:
    """Return the bytes of data this process has mapped, as far as the system says."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmData:\s+(\d+) kB", status)
    return int(found.group(1)) * 1024 if found else 0
