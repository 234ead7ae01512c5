"""Every example of every help is run, and does what it says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import example_world
import nights
import pytest

from docs.generate import every_command
from rebill.cli import base
from rebill.cli.manual.help_layout import examples

EXAMPLES = {
    path.removeprefix("rebill "): examples(command.epilog or "")
    for path, command, _ in every_command()
}


COSTLY = {
    *("books close", "cash forecast", "cash report", "demo", "documents accept"),
    *("documents replace", "documents void", "findings reopen", "findings waive"),
    *("invoices build", "invoices rerate", "reconcile"),
}
"""Commands that do a night's work for each of their examples: those are run in the long form, and
here as elsewhere held against the command line by the page of commands."""


@pytest.mark.parametrize(
    "command",
    [pytest.param(name, marks=pytest.mark.soak) if name in COSTLY else name for name in EXAMPLES],
)
def test_the_examples_of_a_command_do_what_they_say(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EXAMPLES[command], f"the help of `rebill {command}` has no example"
    place = nights.copied(tmp_path / "w", example_world.build).root
    monkeypatch.chdir(place)
    monkeypatch.setattr(base, "clock_day", lambda: dt.date(2026, 11, 30))
    example_world.prepare(command, names := example_world.named())
    for line in EXAMPLES[command]:
        if line.startswith("rebill "):
            example_world.run(line, command, names)
        elif line.startswith("ssh-keygen "):
            example_world.sign()
        else:
            raise AssertionError(f"nothing runs {line}")
