"""What a database that fails says: the cause and the remedy, in words for a person."""

from __future__ import annotations

_DAMAGED = ("the database is damaged", "restore it, with lines/ of the same time, from a backup")
_DISK = ("the disk under the database is full", "free space")
_AWAY = ("the database server is gone, or ended the connection", "see that it runs")

SAID: tuple[tuple[str, tuple[str, str]], ...] = (
    ("database or disk is full", _DISK),
    ("no space left", _DISK),
    ("could not extend file", _DISK),
    ("disk i/o error", ("the disk under the database fails", "check the disk")),
    ("malformed", _DAMAGED),
    ("not a database", _DAMAGED),
    (
        "readonly database",
        ("the database cannot be written", "make its file and folder writable"),
    ),
    ("database is locked", ("another program uses the database", "wait until it has ended")),
    ("database table is locked", ("another program uses the database", "wait until it has ended")),
    ("out of memory", ("memory is not enough", "close other programs or use a larger machine")),
    ("too many clients", ("the database server has no connection left", "wait a while")),
    ("starting up", ("the database server is not ready yet", "wait a while")),
    ("shutting down", _AWAY),
    ("terminating connection", _AWAY),
    ("server closed the connection", _AWAY),
    ("connection refused", _AWAY),
    ("could not receive data", _AWAY),
    ("could not send data", _AWAY),
    ("connection is closed", _AWAY),
    ("connection already closed", _AWAY),
    ("connection is lost", _AWAY),
    ("connection has been closed", _AWAY),
    ("connection timed out", _AWAY),
    ("connection timeout", _AWAY),
    ("no such file or directory", _AWAY),
)
"""What a driver says, in small letters, and what that means; the first that is found counts."""


def breakdown(said: str) -> tuple[str, str] | None:
    """Return the cause and the remedy of what a driver said; nothing where it is no breakdown."""
    text = said.lower()
    return next((told for words, told in SAID if words in text), None)
