"""How help looks: whole sentences on 80 columns, commands below what a person wants to do."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WIDTH = 78
"""So wide is a line of help, as click counts it: two columns stay free of 80."""
SECTIONS = {
    "Set up": ("init", "load", "profiles", "demo"),
    "Every night": ("nightly", "ingest", "reconcile", "status"),
    "Look": ("find", "explain", "describe", "export", "bills", "csr"),
    "Disputes with carriers": ("disputes", "documents", "findings"),
    "Customers": ("quotes", "orders", "invoices", "receivables", "margin", "commissions"),
    "Cash and books": ("cash", "books"),
    "Upkeep": ("doctor", "verify", "runs", "db"),
    "Help": ("help", "completion"),
}
"""The commands below what a person wants to do; one that stands in no section comes last."""
OTHERS = "More"
HEADINGS = ("Arguments", "Options", "Common options")
COMMON = {"json", "workspace", "wait", "help", "version", "quiet", "verbose"}
"""Options of nearly every command: they stand below those that are a command's own."""
ARGUMENTS = {
    "CLAIM": "The number of a claim, as D-000012.",
    "CREDIT": "The line_id of a credit, as `rebill disputes credits` lists it.",
    "CUSTOMER": "A customer, by the name in the table `customers`.",
    "DEAL": "A deal, by the name in the table `commissions`.",
    "DIR": "A folder.",
    "DOCUMENT": "The document_id of a carrier bill.",
    "FILE": "A file; - is standard input.",
    "EVENT": "What happened, as confirmed, installed or jeopardy.",
    "FINDING": "The finding_id of a finding, a line_id and a code.",
    "INVOICE": "The number of a customer invoice, as ACME-2026-000001.",
    "LINE": "The line_id of a line, as an export names it.",
    "ORDER": "The number of an order, or our purchase order number (PON).",
    "PATH": "A file or a folder of files; - is standard input.",
    "PAYEE": "Who is paid a commission.",
    "QUOTE": "A quote, by the name in the table `quotes`.",
    "TABLE": "A table; `rebill help tables` names them all.",
    "TEXT": "A number, a name or an identifier, however it is spelt.",
    "WHAT": "A line, finding, invoice or claim and its line, number or circuit.",
    "YYYY-MM": "A month, as 2026-03.",
}
"""What an argument is whose command says no more of it."""
_KINDS = {"path": "FILE", "int": "N", "int range": "N", "float": "N", "Decimal": "N"}
_RANGES = (
    (r"\b(-?\d+)<=x<=(-?\d+)", r"\1 to \2"),
    (r"\bx>=(-?\d+)", r"\1 or more"),
)


def summary(text: str) -> str:
    """Return the first sentence of a help, on one line."""
    first = inspect.cleandoc(text).partition("\n\n")[0]
    sentence = re.split(r"(?<=[.!?])\s", " ".join(first.split()), maxsplit=1)[0]
    return sentence


def wrapped(line: str, width: int = WIDTH - 4) -> list[str]:
    """Return a command as lines of a shell, broken before an option where it is too long."""
    if len(line) <= width:
        return [line]
    lines, at = [], ""
    for word in _pieces(line):
        if at and len(at) + 1 + len(word) > width - 2:
            lines.append(f"{at} \\")
            at = f"  {word}"
        else:
            at = f"{at} {word}" if at else word
    return [*lines, at]


def _pieces(line: str) -> Iterator[str]:
    """Yield the words of a command as they are typed, an option together with its value."""
    option = ""
    for word in re.findall(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""", line):
        if option:
            yield option if word.startswith("-") else f"{option} {word}"
            option = word if word.startswith("-") else ""
        elif word.startswith("-"):
            option = word
        else:
            yield word
    if option:
        yield option


def examples(epilog: str) -> list[str]:
    """Return the commands that stand at the end of a help, each on one line."""
    lines = epilog.replace("\b", "").strip().splitlines()[1:]
    return [" ".join(line.split()) for line in "\n".join(lines).replace("\\\n", " ").splitlines()]


def told(parameter: Any, context: Any) -> tuple[str, str] | None:
    """Return how a parameter is typed and what it means; none where it is hidden."""
    if parameter.param_type_name == "argument":
        known = ARGUMENTS.get(_bare(parameter), "")
        return argument(parameter), str(parameter.help or known)
    record = parameter.get_help_record(context)
    if record is None:
        return None
    value = parameter.name.upper().replace("_", "-")
    name = re.sub(r"<([^>]+)>", lambda kind: _KINDS.get(kind[1], value), record[0])
    words = record[1]
    for found, said in _RANGES:
        words = re.sub(found, said, words)
    return name, words


def argument(parameter: Any) -> str:
    """Return an argument as it is typed, in brackets where it can be left out."""
    name = _bare(parameter) + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _bare(parameter: Any) -> str:
    name = str(parameter.metavar or parameter.name.upper())
    return name.replace("...", "").strip("[]")


class _Layout:
    """What commands and groups have in common."""

    def parse_args(self, context: Any, args: list[str]) -> list[str]:
        """Take the words apart; an empty one names no file, and least of all the folder here."""
        words = {*args}  # taking them apart uses them up
        left: list[str] = super().parse_args(context, args)  # type: ignore[misc]
        if "" in words and not {".", "./"} & words:  # as a path both are the same
            for name, given in context.params.items():
                source = getattr(context.get_parameter_source(name), "name", "")
                several = given if isinstance(given, list | tuple) else (given,)
                if source == "COMMANDLINE" and Path() in several:
                    context.fail(f"{name}: an empty word is no path; name a file or a folder")
        return left

    def get_short_help_str(self, limit: int = 0) -> str:
        return summary(str(getattr(self, "help", None) or ""))

    def collect_usage_pieces(self, context: Any) -> list[str]:
        pieces: list[str] = super().collect_usage_pieces(context)  # type: ignore[misc]
        parameters: list[Any] = self.params  # type: ignore[attr-defined]
        arguments = [each for each in parameters if each.param_type_name == "argument"]
        options = pieces[:1]
        groups = [piece for piece in pieces[1:] if piece.startswith("COMMAND")]
        return pieces if groups else [*map(argument, arguments), *options]

    def format_options(self, context: Any, formatter: Any) -> None:
        """Write arguments, own options, and below them what every command has."""
        parts: dict[str, list[tuple[str, str]]] = {heading: [] for heading in HEADINGS}
        for each in self.get_params(context):  # type: ignore[attr-defined]
            if record := told(each, context):
                common = "Common options" if each.name in COMMON else "Options"
                parts["Arguments" if each.param_type_name == "argument" else common].append(record)
        for heading, rows in parts.items():
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def format_epilog(self, context: Any, formatter: Any) -> None:
        """Write the examples as they are typed."""
        epilog = getattr(self, "epilog", None)
        if not epilog:
            return
        commands = examples(epilog)
        formatter.write_paragraph()
        formatter.write("Example:\n" if len(commands) == 1 else "Examples:\n")
        for command in commands:
            for line in wrapped(command):
                formatter.write(f"  {line}\n")


def _is_typed(parameter: Any, context: Any) -> bool:
    source = context.get_parameter_source(parameter.name)
    return getattr(source, "name", "") == "COMMANDLINE"


class Page(_Layout, TyperCommand):
    """A command whose help is laid out here."""


class Group(_Layout, TyperGroup):
    """A group of commands whose help is laid out here."""

    def invoke(self, context: Any) -> Any:
        """Run the command that is named; an option of it that stands before it would be lost."""
        left = [*context._protected_args, *context.args]
        if left and context.parent is not None:
            typed = [each for each in self.params if _is_typed(each, context)]
            if early := [each.opts[-1] for each in typed if each.name != "workspace"]:
                place = f"{context.command_path} {left[0]} {' '.join(early)}"
                context.fail(f"write it behind the command: `{place}`")
        return super().invoke(context)

    def format_options(self, context: Any, formatter: Any) -> None:
        super().format_options(context, formatter)
        self.format_commands(context, formatter)

    def format_commands(self, context: Any, formatter: Any) -> None:
        """Write each command with its first sentence, whole."""
        self._listed(self.list_commands(context), "Commands", context, formatter)

    def _listed(self, names: Iterable[str], heading: str, context: Any, formatter: Any) -> None:
        rows = [
            (name, command.get_short_help_str())
            for name in names
            if (command := self.get_command(context, name)) and not command.hidden
        ]
        if rows:
            room = max(len(name) for name in self.commands)
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(room), words) for name, words in rows])


ANYWHERE = ("-q", "--quiet", "-v", "--verbose")
"""Options of the program itself that may stand anywhere in a command, as people type them."""
WORKSPACE = "--workspace"


def first_of(words: Iterable[str]) -> str:
    """Return the word that names what is run: the first one behind the options of the program."""
    left = iter(words)
    for word in left:
        if word == WORKSPACE:
            next(left, None)
        elif not word.startswith("-"):
            return word
    return ""


class Root(Group):
    """The program itself, its commands below what a person wants to do."""

    def parse_args(self, context: Any, args: list[str]) -> list[str]:
        """Take the words apart, those that may stand anywhere as if they stood first."""
        own = args[: args.index("--")] if "--" in args else args
        moved = [word for word in own if word in ANYWHERE]
        left = [word for word in own if word not in ANYWHERE]
        return super().parse_args(context, [*moved, *left, *args[len(own) :]])

    def format_commands(self, context: Any, formatter: Any) -> None:
        known = {name for names in SECTIONS.values() for name in names}
        for heading, names in SECTIONS.items():
            there = [name for name in names if name in self.commands]
            self._listed(there, heading, context, formatter)
        others = [name for name in self.list_commands(context) if name not in known]
        self._listed(others, OTHERS, context, formatter)
