"""The pages of this folder that are written from what the program itself holds.

`python -m docs.generate` writes them, `--check` changes nothing and fails when one is stale.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
WRITTEN = "<!-- Written by `make docs`; edit what it is made from, then run it again. -->\n"


def _cell(value: object) -> str:
    """Return text that can stand in a cell of a Markdown table."""
    return " ".join(str("" if value is None else value).split()).replace("|", "\\|")


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    lines = [list(heads)]
    lines += [["---"] * len(lines[0]), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def findings() -> str:
    """Return the page of finding codes, in order of precedence."""
    from reconcile.findings import CODES, REASONS

    rows = [
        (
            *(f"`{code.name}`", code.words, code.severity, code.reason),
            *(code.found_when, code.stake, code.remedy),
        )
        for code in CODES
    ]
    told = ("it is found when", "amount at stake", "what to do")
    heads = ("code", "in words", "severity", "reason", *told)
    reasons = [
        (reason, words, ", ".join(f"`{code.name}`" for code in CODES if code.reason == reason))
        for reason, words in REASONS.items()
    ]
    return f"""# Findings

{WRITTEN}
The codes stand in order of precedence: a line's money is claimed at most once, a code takes only
cents that no earlier code took, and one that is true and finds none left is reported with 0. A
stake is billed less due, never negative on a positive line. Where no rate is in force a share of
a line is a share of what was billed, and `expected` is empty.

On every line with a rate in force: billed = expected + at stake + tolerated - underbilled.
`amount_at_stake` says what is wrong, not what can still be won: it does not change when a window
closes or a claim is filed. A code without a reason is never claimed. Severity `error`: money is
at stake, or a document is held or refused; `warning`: a person should look; `info`: good to know.

{_table(heads, rows)}
## Reasons

What a claim gives as its reason; `TERM` and `ZONE` are `rate_above_contract` with the cause
`other_term` or `other_zone`.

{_table(("reason", "in words", "codes"), reasons)}"""


def _commands(group: Any, context: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield (full name, command, context) of every command below `group`, in order of the help."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = command.context_class(command, info_name=name, parent=context)
        if hasattr(command, "list_commands"):
            yield from _commands(command, inner)
        else:
            yield inner.command_path, command, inner


def every_command() -> list[tuple[str, Any, Any]]:
    """Return (full name, command, context) of every command of the program."""
    import typer.main

    from rebill.cli.main import command_line

    root = typer.main.get_command(command_line())
    return list(_commands(root, root.context_class(root, info_name="rebill")))


def _section(path: str, command: Any, context: Any) -> str:
    """Return what the page says of one command."""
    from rebill.cli.manual import help_layout

    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([path, *map(help_layout.argument, arguments), "[OPTIONS]"])
    told = filter(None, (help_layout.told(parameter, context) for parameter in command.params))
    rows = [(f"`{name}`", words) for name, words in told]
    parts = [f"## {path}\n", f"    {usage}\n", inspect.cleandoc(command.help or "") + "\n"]
    if rows:
        parts.append(_table(("argument or option", "meaning"), rows))
    if command.epilog:
        commands = help_layout.examples(command.epilog)
        lines = [line for command in commands for line in help_layout.wrapped(command, 98)]
        parts.append("Example:\n" if len(commands) == 1 else "Examples:\n")
        parts.append("\n".join(f"    {line}" for line in lines) + "\n")
    return "\n".join(parts)


def commands() -> str:
    """Return the page of commands."""
    sections = "\n".join(_section(*each) for each in every_command())
    return f"""# Commands

{WRITTEN}
Results go to standard output, progress and findings to standard error. Exit code 0: done; 1:
done, and something needs a person; 2: wrong usage or configuration; 3: failed, nothing half done.
The workspace is named by `--workspace` anywhere in a command, or by `REBILL_WORKSPACE`; else it is
the nearest folder from here upwards that holds a `rebill.toml`. `-q`, `-v` and `-h` stand anywhere
too. `-` is standard input or output, and an output's ending chooses its format.

{sections}"""


def _kind(dtype: Any) -> str:
    """Return the type of a column in words."""
    scale = getattr(dtype, "scale", None)
    if scale is not None:
        return "money" if scale == 2 else f"number, {scale} decimals"
    words = {"String": "text", "Int64": "whole number", "Boolean": "true or false", "Date": "date"}
    return words.get(str(dtype), str(dtype).lower())


def _number_kind(column: Any) -> str:
    """Return what numbers a reference column takes."""
    if column.kind == "integer" or column.places == 0:
        words = "whole number"
    else:
        words = "money" if column.places == 2 else f"number, up to {column.places} decimals"
    if column.above is not None:
        words += f", above {column.above}"
    if column.least is not None:
        words += f", at least {column.least}"
    if column.most is not None:
        words += f", at most {column.most}"
    return f"{words}, or `{column.word}`" if column.word else words


def _column_kind(column: Any) -> str:
    """Return what the cells of a reference column may say."""
    if column.words:
        return "one of " + ", ".join(f"`{word}`" for word in column.words)
    if column.kind in {"integer", "decimal"}:
        return _number_kind(column)
    return "`true` or `false`" if column.kind == "boolean" else str(column.kind)


def _need(column: Any) -> str:
    """Return whether a cell may be empty, and what it then means."""
    return "yes" if column.required else f"else `{column.default}`" if column.default else ""


def _table_in(table: Any) -> str:
    """Return what the page says of one reference table."""
    rows = [
        (f"`{column.name}`", _column_kind(column), _need(column), column.about)
        for column in table.columns
    ]
    parts = [f"### {table.name}\n", f"{_sentence(table.about)}\n"]
    parts.append(_table(("column", "holds", "needed", "which is"), rows))
    parts.append(f"Key: {', '.join(f'`{name}`' for name in table.key)}.\n")
    if table.one_of:
        parts.append(f"Exactly one of `{table.one_of[0]}` and `{table.one_of[1]}` is given.\n")
    return "\n".join(parts)


def _sentence(words: str) -> str:
    """Return words as a sentence."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _table_out(table: Any) -> str:
    """Return what the page says of one exported table."""
    rows = [
        (f"`{name}`", _kind(dtype), "key" if name in table.key else "")
        for name, dtype in table.columns.items()
    ]
    return f"### {table.name}\n\n{_sentence(table.holds)}\n\n" + _table(
        ("column", "holds", ""), rows
    )


def tables() -> str:
    """Return the page of the tables that go in and of those that come out."""
    from rebill.inquiry.tables import TABLES as OUT
    from rebill.store.shapes import TABLES

    into = "\n".join(_table_in(table) for table in TABLES.values() if table.name != "contracts")
    out = "\n".join(_table_out(table) for table in OUT.values())
    return f"""# Tables

{WRITTEN}
Dates are ISO; `*_from` is included, `*_until` excluded. Money has a point and no thousands
separators. An empty cell is "not given".

## In: `rebill load`

A CSV or Parquet file per table, the file's stem names the table, the columns stand in any order;
contracts are a TOML file `contracts.toml`.
[formats/reference-tables.md](formats/reference-tables.md) says what is checked.

{into}
## Out: `rebill export`

CSV (UTF-8, header also when empty), Parquet or JSON, sorted by key. Columns may be added, never
renamed.

{out}"""


def doctor() -> str:
    """Return the page of what an examination looks at, in its order."""
    from rebill.inquiry.doctor.examine import CHECKS

    rows = [
        (f"`{check.name}`", (check.ask.__doc__ or "").strip(), "yes" if check.of_record else "")
        for check in CHECKS
    ]
    heads = ("check", "it is well where", "only where the database can be read")
    return f"""# What `rebill doctor` looks at

{WRITTEN}
Each check is one line: `ok`, `warning` or `fault`, and below it what to do. Exit 0: all is
well; 1: a warning; 2: a fault. Nothing is changed and no lock is taken; an answer comes also
where `rebill.toml` or the database cannot be read. What the last bills show is taken from their
findings; `rates` prices besides whatever services hold today (`--as-of` names another day).
With `--json` each check is an object with `check`, `level`, `words` and `remedy`.

{_table(heads, rows)}"""


def manual() -> str:
    """Return the page of the manual."""
    import typer.main

    from rebill.cli.main import command_line
    from rebill.cli.manual.man_page import man_page

    root = typer.main.get_command(command_line())
    return man_page(root, root.context_class(root, info_name="rebill"), every_command())


PAGES: dict[str, Callable[[], str]] = {
    "rebill.1": manual,
    "findings.md": findings,
    "commands.md": commands,
    "tables.md": tables,
    "doctor.md": doctor,
}
"""Each generated page and what writes it."""


def stale() -> list[str]:
    """Return the names of the pages that are not what would be written now."""
    found = []
    for name, page in PAGES.items():
        path = FOLDER / name
        if not path.is_file() or path.read_text("utf-8") != page():
            found.append(name)
    return found


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` say which are stale; return the exit code."""
    if arguments == ["--check"]:
        old = stale()
        if old:
            print(f"stale: {', '.join(f'docs/{name}' for name in old)}; run: make docs")
        return 1 if old else 0
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
