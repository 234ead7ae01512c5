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
    from reconcile.findings import CODES

    rows = [
        (f"`{code.name}`", code.severity, code.reason, code.found_when, code.stake, code.remedy)
        for code in CODES
    ]
    heads = ("code", "severity", "reason", "it is found when", "amount at stake", "what to do")
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

{_table(heads, rows)}"""


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


def _argument(parameter: Any) -> str:
    """Return an argument as it is typed, in brackets where it can be left out."""
    name = (parameter.metavar or parameter.name.upper()).removesuffix("...").strip("[]")
    name += "..." if parameter.nargs == -1 else ""
    return name if parameter.required else f"[{name}]"


def _meaning(parameter: Any, context: Any) -> tuple[str, str] | None:
    """Return the row of an argument or option; none where there is nothing to say."""
    if parameter.param_type_name == "argument":
        return (f"`{_argument(parameter)}`", parameter.help) if parameter.help else None
    record = parameter.get_help_record(context)
    return (f"`{record[0]}`", record[1]) if record else None


def _section(path: str, command: Any, context: Any) -> str:
    """Return what the page says of one command."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([path, *(_argument(parameter) for parameter in arguments), "[OPTIONS]"])
    rows = [row for p in command.params if (row := _meaning(p, context))]
    parts = [f"## {path}\n", f"    {usage}\n", inspect.cleandoc(command.help or "") + "\n"]
    if rows:
        parts.append(_table(("argument or option", "meaning"), rows))
    if command.epilog:
        example = command.epilog.replace("\b", "").strip().splitlines()
        parts.append("Example:\n")
        parts.append("\n".join(f"    {line.strip()}" for line in example[1:]) + "\n")
    return "\n".join(parts)


def commands() -> str:
    """Return the page of commands."""
    sections = "\n".join(_section(*each) for each in every_command())
    return f"""# Commands

{WRITTEN}
Results go to standard output, progress and findings to standard error. Exit code 0: done; 1:
done, and something needs a person; 2: wrong usage or configuration; 3: failed, nothing half done.
The workspace is the folder one stands in, the one named by `--workspace`, or `REBILL_WORKSPACE`.

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


PAGES: dict[str, Callable[[], str]] = {
    "findings.md": findings,
    "commands.md": commands,
    "tables.md": tables,
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
