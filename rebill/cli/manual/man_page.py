"""The help of every command as one page of the manual that `man` shows."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

from rebill.cli.manual import help_layout

HEAD = """.\\" Written by `make docs`; edit what it is made from, then run it again.
.TH REBILL 1 "" "rebill" "User Commands"
.SH NAME
rebill \\- {}
.SH SYNOPSIS
.B rebill
[\\fIOPTIONS\\fR] \\fICOMMAND\\fR ...
.SH DESCRIPTION
"""
ENDS = """.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Done, and a person is needed.
.TP
.B 2
Wrong usage or configuration.
.TP
.B 3
Failed, nothing half done.
.SH ENVIRONMENT
.TP
.B REBILL_WORKSPACE
The workspace, where none is named.
.TP
.B REBILL_WAIT
How many seconds to wait for another command at work.
.SH SEE ALSO
\\fBrebill help\\fR lists the topics that are explained.
"""


def man_page(root: Any, context: Any, commands: Iterable[tuple[str, Any, Any]]) -> str:
    """Return the page: what the program is, and each command as its help says it."""
    about = help_layout.summary(root.help).rstrip(".")
    lines = [HEAD.format(_text(about[:1].lower() + about[1:])) + _paragraphs(root.help)]
    lines += [".SH OPTIONS", *_told(root, context), ".SH COMMANDS"]
    for path, command, inner in commands:
        lines += [f".SS {_text(path)}", _paragraphs(command.help or ""), *_told(command, inner)]
        lines += _examples(command.epilog or "")
    return "\n".join(lines) + "\n" + ENDS


def _text(words: str) -> str:
    """Return text as roff takes it: no dash or dot of it is a command."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"(?m)^([.'])", r"\\&\1", escaped)


def _paragraphs(help_text: str) -> str:
    parts = inspect.cleandoc(help_text).split("\n\n")
    return "\n.PP\n".join(_text(" ".join(part.split())) for part in parts)


def _told(command: Any, context: Any) -> Iterator[str]:
    """Yield arguments and options, each with what it means."""
    for parameter in command.params:
        if told := help_layout.told(parameter, context):
            yield f".TP\n.B {_text(told[0])}\n{_text(' '.join(told[1].split()))}"


def _examples(epilog: str) -> Iterator[str]:
    if commands := help_layout.examples(epilog):
        yield ".PP\n.RS 4\n.nf"
        for command in commands:
            yield from map(_text, help_layout.wrapped(command))
        yield ".fi\n.RE"
