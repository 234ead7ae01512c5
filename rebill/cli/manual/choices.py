"""What a shell offers where a command takes one of a few words; no record is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import typer

COMPLETES = "_REBILL_COMPLETE"
"""The variable in which a shell asks what there is to complete."""
CLAIM_STATES = (
    *("draft", "ready", "submitted", "acknowledged", "in_review", "sustained", "partial"),
    *("denied", "rejected_for_form", "withdrawn", "escalated", "credit_pending", "credited"),
    *("short_credited", "closed", "expired"),
)
EVENTS = (
    *("acknowledge", "review", "sustain", "grant_part", "deny", "reject_form", "await_credit"),
    *("credit", "reverse_credit", "escalate", "withdraw", "close", "note"),
)
STATES = {
    "rebill disputes list": CLAIM_STATES,
    "rebill disputes credits": ("taken", "part_taken", "offered", "unclaimed", "dismissed"),
    "rebill documents list": ("loaded", "held", "refused"),
    "rebill invoices list": ("draft", "issued", "void"),
}
"""What `--status` may say, by command."""
SHELLS = ("bash", "zsh", "fish")


def _codes(_command: str) -> Sequence[str]:
    from reconcile.findings import CODES

    return [code.name for code in CODES]


def _tables(command: str) -> Sequence[str]:
    """Return the tables that come out, or for `load` those that go in, as their page lists them."""
    from rebill.cli.manual import documentation

    into, _, out = documentation.text(documentation.TABLES).partition("\n## Out")
    page = into if command == "rebill load" else out
    return [line[4:].strip() for line in page.splitlines() if line.startswith("### ")]


def _topics(_command: str) -> Sequence[str]:
    from rebill.cli.manual import documentation

    return list(documentation.pages())


KNOWN: dict[str, Callable[[str], Sequence[str]]] = {
    "--code": _codes,
    "--status": lambda command: STATES.get(command, ()),
    "EVENT": lambda _: EVENTS,
    "SHELL": lambda _: SHELLS,
    "TABLE": _tables,
    "TOPIC": _topics,
}
"""The words there are for an option or for what an argument is called in the help."""


def offer(annotations: Iterable[Any]) -> None:
    """Let parameters be completed whose words are few and known."""
    for each in annotations:
        for told in getattr(each, "__metadata__", ()):
            told.autocompletion = told.autocompletion or offered(told)


def offered(told: Any) -> Callable[[typer.Context, str], list[str]] | None:
    """Return what completes a parameter; none where its words are not few and known.

    `told` is what typer is told of it. `--format csv|json` says its words itself.
    """
    called = str(getattr(told, "metavar", None) or "").replace("...", "").strip("[]")
    names = (called, getattr(told, "default", None), *(getattr(told, "param_decls", None) or ()))
    words = next((KNOWN[name] for name in names if isinstance(name, str) and name in KNOWN), None)
    own = called.split("|") if "|" in called and called == called.lower() else None
    if words is None and own is None:
        return None

    def words_of(context: typer.Context, incomplete: str) -> list[str]:
        there = own or (words(context.command_path) if words else ())
        return [word for word in there if word.startswith(incomplete)]

    return words_of
