"""Run the invented story: a night at the end of each month, answers between, the picture."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
from rich.console import Console

from rebill.demo.carrier import Carrier
from rebill.demo.generate import Made, write_world
from rebill.demo.show import show
from rebill.demo.truth import TRUTH
from rebill.demo.world import Settings
from rebill.inquiry import export
from rebill.inquiry.tables import TABLES
from rebill.night import batch, job
from rebill.reference.load import load
from rebill.run import plan
from rebill.store import upgrade
from rebill.store.record import reading
from rebill.workspace.log import Log
from rebill.workspace.settings import (
    NOBODY,
    SETTINGS_FILE,
    ConfigError,
    Hand,
    Workspace,
    init_workspace,
    open_workspace,
)

SHOWN = (
    *("documents", "lines", "findings", "claims", "customer_invoices", "customer_lines"),
    *("debits", "exposure"),
)
HOUSE = """\
name = "Lakefront Telecom"
phone = "800-555-0137"
email = "care@lakefront.example"
address = ["410 Orchard Street", "Springfield, IL 62701"]
remittance = ["Lakefront Telecom", "PO Box 1200", "Springfield, IL 62705"]
"""
"""Who sends the invented invoices."""
CONTACT = """\
company = "Lakefront Telecom"
name = "Dana Reyes"
phone = "800-555-0138"
email = "disputes@lakefront.example"
address = "410 Orchard Street, Springfield, IL 62701"
"""
"""Who signs what goes to the invented carrier."""


def play(
    directory: Path,
    size: Settings,
    log: Log,
    now: Callable[[], str],
    console: Console,
    hand: Hand = NOBODY,
) -> Made:
    """Make a workspace with an invented carrier at `directory`, run its nights, show the result.

    Raises `ConfigError` where there is a workspace already: the demonstration begins from nothing.
    """
    if (directory / "rebill.toml").exists():
        raise ConfigError(f"{directory} is a workspace already; name a folder that is not there")
    init_workspace(directory)
    _move_in(directory / SETTINGS_FILE)
    workspace = replace(open_workspace(directory), hand=hand)
    upgrade(workspace)
    made = write_world(directory, size)
    tables = nights(workspace, made, log, now, Carrier())
    truth = pl.read_csv(directory / "truth.csv", schema=TRUTH)
    show(tables, truth, made.nights[-1][1], directory, console)
    return made


def _move_in(settings: Path) -> None:
    """Let the settings say who sends invoices, where to pay, and who signs letters to carriers."""
    text = settings.read_text(encoding="utf-8")
    for section, says in (("house", HOUSE), ("contact", CONTACT)):
        head, line, rest = re.split(rf"^(\[{section}\].*\n)", text, maxsplit=1, flags=re.MULTILINE)
        text = f"{head}{line}{says}{rest}"
    settings.write_text(text, encoding="utf-8")


def nights(
    workspace: Workspace,
    made: Made,
    log: Log,
    now: Callable[[], str],
    carrier: Carrier | None = None,
) -> dict[str, pl.DataFrame]:
    """Load the world's reference tables, run its nights, and return the exported tables.

    With a `carrier` claims are filed after each night and it answers them.
    """
    result = load(workspace, [made.directory / "reference"], given=now())
    if result.errors:
        raise RuntimeError("\n".join(str(error) for error in result.errors))
    for month, (folder, as_of) in enumerate(made.nights):
        for file in sorted(folder.iterdir()):
            _arrive(file, workspace, carrier, month)
        seen, where = job.look(workspace)
        batch.run(workspace, job.Job("nightly", plan.plan, as_of, seen, where), log, now)
        if carrier is not None and month + 1 < len(made.nights):
            carrier.after(workspace, as_of, made.nights[month + 1][1], month)
    last = made.nights[-1][1]
    with reading(workspace) as record:
        return {
            name: export.shaped(
                TABLES[name], export.table_frame(record, name, None, last)
            ).collect()
            for name in SHOWN
        }


def _arrive(file: Path, workspace: Workspace, carrier: Carrier | None, month: int) -> None:
    """Let a file of the carrier come in, with the credits that are due on it."""
    if carrier is None or file.suffix != ".csv" or "resent" in file.name:
        shutil.copy(file, workspace.inbox)
        return
    text = carrier.bill(file.read_text(encoding="utf-8"), month)
    (workspace.inbox / file.name).write_text(text, encoding="utf-8")
