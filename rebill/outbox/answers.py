"""What senders expect back for their files, such as the 997 of an interchange, put into the outbox.

An answer is promised in the transaction that keeps its file and handed over after it, by every run:
one killed in between leaves it to the next. What was handed over is not written again.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from invoices.carrier.reading import Reading
from rebill.store.record import Record
from rebill.workspace.write import leave, safe_name

PROMISED = "night.answers"
"""The fact that holds the answers not handed over yet."""
ANSWERS = "answers"
"""What stands for them among what waits to be delivered."""


Answer: TypeAlias = tuple[str, str, str]
"""Folder of the outbox, name, text."""


def answers_of(reading: Reading, on: dt.date | None) -> tuple[Answer, ...]:
    """Return what the sender of a file is to get, dated `on`, or like the file where it is null."""
    return tuple((one.folder, one.name, one.text(on)) for one in reading.answers)


def _promised(record: Record) -> list[Any]:
    """Return the answers that are not handed over yet."""
    return list(json.loads(record.fact(PROMISED) or "[]"))


def promise(record: Record, new: Sequence[Answer]) -> None:
    """Keep the answers of a run in the record until they are handed over."""
    if new:
        record.say(PROMISED, json.dumps([*_promised(record), *new]))


def waiting(record: Record) -> bool:
    """Whether answers of an earlier run were not handed over."""
    return bool(_promised(record))


def hand_over(record: Record) -> int:
    """Leave the answers that are promised in the outbox; return how many were written."""
    promised = _promised(record)
    written = 0
    for folder, name, text in promised:
        written += leave(record.workspace.outbox / safe_name(folder) / safe_name(name), text)
    if promised:
        record.say(PROMISED, "[]")
    return written
