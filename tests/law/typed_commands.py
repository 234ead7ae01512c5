"""Commands as pages show them: found in the text, taken apart, held against the command line."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import Any

import typer.main
from typer._click.exceptions import UsageError

from rebill.cli.main import command_line

_PIPED = re.compile(r"\s[|<>&;].*$|\s\d?>>?.*$")


def shown(page: str) -> list[str]:
    """Return the commands of `rebill` that a page shows in its code, each on one line."""
    text = re.sub(r"\\\n\s*", " ", page)
    code = re.findall(r"^ {4,}(?:.*[|&] )?(rebill [a-z-].*)$", text, re.MULTILINE)
    for fenced in re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        code += re.findall(r"^(?:\$ )?(rebill [a-z-].*)$", fenced, re.MULTILINE)
    return [line for line in code if "[OPTIONS]" not in line]


def words(line: str) -> list[str]:
    """Return the words of a command behind its name, without what a shell does with the rest."""
    line = re.sub(r" {2,}#.*$", "", line)
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
