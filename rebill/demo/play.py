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
    tables = nights(workspace, made, log, now)
    truth = pl.read_csv(directory / "truth.csv", schema=TRUTH)
    show(tables, truth, made.nights[-1][1], directory, console)
    return made


def nights(
    workspace: Workspace, made: Made, log: Log, now: Callable[[], str]
) -> dict[str, pl.DataFrame]:
    """Load the world's reference tables, run its nights, and return the exported tables."""
    result = load(workspace, [made.directory / "reference"], given=now())
    if result.errors:
        raise RuntimeError("\n".join(str(error) for error in result.errors))
    for folder, as_of in made.nights:
        for file in sorted(folder.iterdir()):
            shutil.copy(file, workspace.inbox)
        seen, where = batch.look(workspace)
        batch.run(workspace, batch.Job("nightly", plan.plan, as_of, seen, where), log, now)
    last = made.nights[-1][1]
    with batch.reading(workspace) as record:
        return {
            name: export.shaped(
                export.TABLES[name], export.table_frame(record, name, None, last)
            ).collect()
            for name in SHOWN
        }
