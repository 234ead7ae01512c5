"""Run the invented story: a fresh workspace, a night at the end of each month, then the picture."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
from rich.console import Console

from rebill import batch, export, plan
from rebill.demo.errors import TRUTH
from rebill.demo.generate import Made, generate
from rebill.demo.show import show
from rebill.load import load
from rebill.log import Log
from rebill.settings import ConfigError, Workspace, init_workspace
from rebill.store import upgrade

SHOWN = (
    *("documents", "lines", "findings", "claims", "customer_invoices", "customer_lines"),
    *("debits", "exposure"),
)


def play(
    directory: Path,
    services: int,
    months: int,
    seed: int,
    log: Log,
    now: Callable[[], str],
    console: Console,
) -> Made:
    """Make a workspace with an invented carrier at `directory`, run its nights, show the result.

    Raises `ConfigError` where there is a workspace already: the demonstration begins from nothing.
    """
    if (directory / "rebill.toml").exists():
        raise ConfigError(f"{directory} is a workspace already; name a folder that is not there")
    workspace = init_workspace(directory)
    upgrade(workspace)
    made = generate(directory, services, months, seed)
    prepare(workspace, made, now)
    for folder, as_of in made.nights:
        for file in sorted(folder.iterdir()):
            shutil.copy(file, workspace.inbox)
        seen, where = batch.look(workspace)
        batch.run(workspace, batch.Job("nightly", plan.plan, as_of, seen, where), log, now)
    truth = pl.read_csv(directory / "truth.csv", schema=TRUTH)
    as_of = made.nights[-1][1]
    with batch.reading(workspace) as record:
        tables = {
            name: export.shaped(
                export.TABLES[name], export.table_frame(record, name, None, as_of)
            ).collect()
            for name in SHOWN
        }
    show(tables, truth, as_of, directory, console)
    return made


def prepare(workspace: Workspace, made: Made, now: Callable[[], str]) -> None:
    """Load the world's reference tables; it is an error of ours if they are refused."""
    result = load(workspace, [made.directory / "reference"], given=now())
    if result.errors:
        raise ConfigError("\n".join(str(error) for error in result.errors))
