"""How polars takes memory from the system and gives it back.

Its allocator, jemalloc, reads the environment once, when polars is imported. What somebody has set
there himself stands.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

SETTING = "_RJEM_MALLOC_CONF"
POOLED = "narenas:1,oversize_threshold:0,dirty_decay_ms:10000"
"""For a command: frame after frame is made and dropped, so what one leaves is the next one's, of
one pool. By itself each thread has pools of its own, and large pieces go back at once: a million
lines are then audited with twice the page faults, which is a tenth of the work."""
LEAN = "retain:false,dirty_decay_ms:100"
"""For a process that reads files: what it no longer needs counts against no file."""


def pool_memory() -> None:
    """Let this process keep what it freed for a while, if polars is not imported yet."""
    os.environ.setdefault(SETTING, POOLED)


def lean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that gives back at once what it no longer needs."""
    if environment.get(SETTING, POOLED) != POOLED:
        return dict(environment)
    return {**environment, SETTING: LEAN}
