"""A command imports what it needs: what is slow to import and not needed costs every start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator

import pytest
import typer
from checkout import ROOT

from rebill.cli.main import NOUNS, command_line
from rebill.workspace.settings import Workspace

NEVER = (
    *("alembic", "fastexcel", "jinja2", "mako", "migrations", "numpy", "psycopg", "rich", "typst"),
    *("xlsxwriter", "sqlalchemy.dialects.postgresql", "invoices.bank.nacha", "rebill.night"),
    *(f"invoices.carrier.{reader}" for reader in ("fixed", "flat", "usoc_lines", "x12")),
)
"""What a command that asks the record of a workspace on SQLite has no need of."""
NO_RECORD = (*NEVER, "polars", "pydantic", "sqlalchemy", "invoices.carrier", "rebill.store")
"""What nobody needs who asks for no record."""
IMPORTED = """
import sys
from rebill.cli.main import main
try:
    main()
finally:
    print(*sys.modules, sep="\\n", file=sys.stderr)
"""


def ran(text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """What a piece of Python does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", text, *words], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip


def imported(*words: str) -> set[str]:
    """The modules a command has imported when it is done."""
    return set(ran(IMPORTED, *words).stderr.split())


def test_the_version_and_the_help_know_of_no_record() -> None:
    assert not imported("--version") & {*NO_RECORD, "rebill.cli.night"}
    assert not imported("--help") & {*NO_RECORD}
    # What takes the words before `--help` apart is pydantic.
    helped = imported("disputes", "list", "--help")
    assert not helped & {*NO_RECORD, "rebill.cli.invoices"} - {"pydantic"}


def test_a_command_that_asks_the_record_reads_no_paper_and_makes_no_database(
    billed: Workspace,
) -> None:
    loaded = imported("disputes", "list")
    assert not loaded & {*NEVER, "rebill.cli.invoices"}
    assert loaded >= {"polars", "pydantic", "sqlalchemy"}  # so the names are those of today


def groups(app: typer.Typer, words: str = "") -> Iterator[tuple[str, typer.Typer]]:
    """Every group of commands with its words; the first is the application."""
    yield words, app
    for info in app.registered_groups:
        assert info.typer_instance is not None
        yield from groups(info.typer_instance, f"{words} {info.name}".strip())


def test_each_word_leads_to_the_modules_that_have_its_commands() -> None:
    found = defaultdict(set)
    for words, group in groups(command_line()):
        own = [group.registered_callback] if words and group.registered_callback else []
        for info in (*own, *group.registered_commands):
            assert info.callback is not None
            module = info.callback.__module__.removeprefix("rebill.cli.")
            found[module].add(words or info.name or info.callback.__name__)
    assert found == {name: {*words} for name, words in NOUNS.items()}


@pytest.mark.parametrize("first", ["disputes", "upkeep"])
def test_commands_stand_in_one_order_whichever_was_imported_first(first: str) -> None:
    said = ran(f"import rebill.cli.{first}\n{LISTED}").stdout
    assert said == ran(LISTED).stdout and "disputes report" in said


LISTED = """
from docs.generate import every_command
print(*(name for name, _, _ in every_command()), sep="\\n")
"""


def test_the_process_that_reads_what_comes_from_outside_knows_no_record() -> None:
    works = (
        *("rebill.inquiry.describe", "rebill.intake.archives", "rebill.intake.profiles"),
        *("rebill.intake.read", "rebill.cash.bank_paper", "rebill.workspace.apart_child"),
    )
    told = ran(f"import sys, {', '.join(works)}\nprint(*sys.modules)").stdout.split()
    assert not {*told} & {"alembic", "numpy", "sqlalchemy", "rebill.store"}
