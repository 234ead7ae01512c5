"""The standard streams: there whatever starts us, and able to say every sign.

A data set is UTF-8 wherever it goes. What people read is as their terminal can show it: a sign it
does not know is shown as one it does, and never ends a command.
"""

from __future__ import annotations

import codecs
import os
import sys

PLAIN = dict(zip("▁▂▃▄▅▆▇█…–—×·•→", "12345678.--x.*>", strict=True))
"""What stands for a sign of ours where it cannot be shown, as wide as that is; else `?`."""
NEAR = "rebill.near"
_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def set_up() -> None:
    """Let the standard streams of this process be there and take whatever is said.

    One that was closed (`>&-`) leads nowhere: what is opened next would else take its number, and
    be written to by whatever prints.
    """
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(nowhere, mode, encoding="utf-8"))  # noqa: SIM115
    codecs.register_error(NEAR, _near)
    for stream in (sys.stdout, sys.stderr):
        if (encoded := getattr(stream, "reconfigure", None)) is None:
            continue
        said = os.environ.get("PYTHONIOENCODING") or stream.isatty()
        encoded(encoding=stream.encoding if said else "utf-8", errors=NEAR)


def deliver(text: str) -> None:
    """Write a data set to standard output, as UTF-8 whatever a terminal shows."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def _near(fault: UnicodeError) -> tuple[str, int]:
    """Return what stands for signs that an encoding does not know."""
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    signs = fault.object[fault.start : fault.end]
    return "".join(PLAIN.get(sign, "?") for sign in signs), fault.end
