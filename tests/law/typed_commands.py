"""Commands as pages show them: found in the text, taken apart, held against the command line."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import Any

import page_examples
import typer.main
from typer._click.exceptions import UsageError

from rebill.cli.main import command_line

_PIPED = re.compile(r"\s[|<>&;].*$|\s\d?>>?.*$")
_STANDS_FOR = {
    "DATE": "2026-03-31",
    **dict.fromkeys(("M", "MONTH", "YYYY-MM"), "2026-03"),
    "N": "1",
    "YEAR": "2026",
}


def shown(page: str) -> list[str]:
    """Return the commands of `rebill` that a page shows in its code, each on one line."""
    return [
        line.rpartition(" | ")[2]
        for block in page_examples.blocks(page)
        for line in page_examples.typed(block)
        if "[OPTIONS]" not in line
    ]


def named(page: str) -> list[str]:
    """Return the commands that sentences of a page name; something stands for `DATE`."""
    return [
        " ".join(_STANDS_FOR.get(word, word) for word in re.sub(r"[][]", "", said).split())
        for said in page_examples.inline(page)
    ]


def words(line: str) -> list[str]:
    """Return the words of a command behind its name, without what a shell does with the rest."""
    return shlex.split(_PIPED.sub("", line))[1:]


@cache
def _root() -> Any:
    return typer.main.get_command(command_line())


def fault(line: str) -> str | None:
    """Return why the command line does not understand a command; none where it does."""
    command, typed = _root(), words(line)
    context = command.make_context("rebill", typed, **command.context_settings)
    try:
        while hasattr(command, "commands") and (left := [*context._protected_args, *context.args]):
            name, command, typed = command.resolve_command(context, left)
            context = command.make_context(name, typed, parent=context)
    except (UsageError, typer.BadParameter) as wrong:
        return wrong.format_message()
    except typer.Exit:
        return None  # --help and its like
    return None
