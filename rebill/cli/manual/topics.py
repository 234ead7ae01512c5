"""What there is to read beside the help of commands: topics, pages, words of the trade."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from rebill.cli.base import app, example
from rebill.cli.manual import plain_text
from rebill.cli.manual.documentation import (
    FINDINGS,
    GLOSSARY,
    SHORT,
    TABLES,
    docs,
    pages,
    sections,
    text,
)


def about() -> dict[str, str]:
    """Return every topic with what it is about, in one line."""
    index = (docs() / "README.md").read_text("utf-8")
    told = dict(SHORT)
    table = [line for line in index.splitlines() if line.startswith("|")]
    for linked, _, said in plain_text.rows(table):
        for name in re.findall(r"([\w-]+)\.md\)", linked):
            told.setdefault(name.lower(), plain_text.words(said.removesuffix(" (generated)")))
    return {name: told.get(name, "") for name in pages()}


def of_word(word: str) -> str | None:
    """Return what the glossary, the findings and the tables say of a word; none if nothing."""
    wanted = word.casefold()
    told = [
        f"### {name}\n\n{body}"
        for topic in (GLOSSARY, TABLES)
        for name, body in sections(topic)
        if wanted in {one.strip().casefold() for one in name.split(",")}
    ]
    told += list(_finding(wanted))
    return "\n\n".join(told) or None


def _finding(code: str) -> Iterator[str]:
    lines = [line for line in text(FINDINGS).splitlines() if line.startswith("|")]
    heads, *rows = plain_text.rows(lines)
    for row in rows:
        if row[0].strip("`") == code:
            said = zip(heads[1:], row[1:], strict=True)
            yield f"### {code}\n\n" + "\n".join(f"- {head}: {cell}" for head, cell in said if cell)


def listing() -> str:
    """Return the list of topics."""
    told = about()
    room = max(map(len, told)) + 2
    short = [(name, told[name]) for name in SHORT]
    rest = [(name, words) for name, words in told.items() if name not in SHORT]
    lines = [
        *("Topics, for `rebill help TOPIC`:", ""),
        *(_entry(name.ljust(room), words) for name, words in short),
        *("", "Pages of the documentation:", ""),
        *(_entry(name.ljust(room), words) for name, words in rest),
        *("", "`rebill help WORD` explains a word of the trade (BAN), a finding"),
        *("(rate_above_contract), a table (claims) or a command (`rebill help cash pulls`).", ""),
    ]
    return "\n".join(lines)


def _entry(name: str, words: str) -> str:
    import textwrap

    indent = " " * (len(name) + 2)
    return textwrap.fill(
        words or "-", plain_text.WIDTH, initial_indent=f"  {name}", subsequent_indent=indent
    )


def answer(asked: list[str]) -> str | None:
    """Return what there is to read about words: a topic, a command, or a word; none if nothing."""
    topic = asked[0].lower()
    if topic == GLOSSARY and len(asked) > 1:
        asked = asked[1:]
    elif len(asked) == 1 and topic in pages():
        return plain_text.plain(text(topic))
    if (helped := _of_command(asked)) is not None:
        return helped
    told = of_word(" ".join(asked))
    return None if told is None else plain_text.plain(told)


def _of_command(asked: list[str]) -> str | None:
    """Return the help of a command; none where the words are none."""
    from typer.main import get_command

    from rebill.cli.main import command_line

    root = get_command(command_line())
    here = root.context_class(root, info_name="rebill", **root.context_settings)
    for word in asked:
        command = getattr(here.command, "commands", {}).get(word)
        if command is None:
            return None
        here = command.context_class(command, info_name=word, parent=here)
    return str(here.get_help()) + "\n"


def _near(asked: list[str]) -> str:
    """Return what to ask instead."""
    import difflib

    known = [*pages(), *(name for topic in (GLOSSARY, TABLES) for name, _ in sections(topic))]
    lowered = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(" ".join(asked).casefold(), lowered, 3)
    return f"did you mean {', '.join(lowered[n] for n in near)}? " if near else ""


@app.command(
    "help",
    epilog=example(
        "rebill help", "rebill help night", "rebill help BAN", "rebill help disputes submit"
    ),
)
def help_(
    asked: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC]...", help="A topic, a command, or a word of the trade."),
    ] = None,
) -> None:
    """Explain a topic, a command, or a word of the trade.

    Without one: list the topics. On a terminal a long text goes through a pager.
    """
    told = answer(asked) if asked else listing()
    if told is None:
        raise typer.BadParameter(
            f"nothing is known of {' '.join(asked or ())!r}: {_near(asked or [])}"
            "`rebill help` lists the topics"
        )
    show(told)


def show(told: str) -> None:
    """Print a text, through a pager where a person would have to scroll."""
    import os
    import shutil

    high = shutil.get_terminal_size().lines
    if not sys.stdout.isatty() or told.count("\n") < high:
        sys.stdout.write(told)
        return
    import pydoc

    os.environ.setdefault("LESS", "FRX")
    pydoc.pager(told)
