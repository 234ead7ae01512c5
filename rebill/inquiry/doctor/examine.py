"""A workspace examined: each check a line, with what is to be done; nothing is changed.

An examination answers whatever is wrong: where the settings or the database cannot be had that is
what is told, and what does not need them is looked at all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import polars as pl

from rebill.inquiry.doctor import folder_checks, record_checks, table_checks
from rebill.inquiry.doctor.case import WORST, Case, Check, Level, Told
from rebill.store.record import reading
from rebill.workspace.settings import (
    SETTINGS_FILE,
    ConfigError,
    Settings,
    Workspace,
    open_workspace,
)

CHECKS: tuple[Check, ...] = (
    Check("settings", folder_checks.settings),
    Check("database", record_checks.database),
    Check("lock", folder_checks.in_use),
    Check("disk", folder_checks.disk),
    Check("permissions", folder_checks.permissions),
    Check("times", folder_checks.times),
    Check("profiles", folder_checks.profiles),
    Check("runs", record_checks.runs, of_record=True),
    Check("files", record_checks.files, of_record=True),
    Check("papers", record_checks.papers, of_record=True),
    Check("parts", record_checks.parts, of_record=True),
    Check("brands", folder_checks.brands, of_record=True),
    Check("contact", folder_checks.contact),
    Check("contracts", table_checks.contracts, of_record=True),
    Check("accounts", table_checks.accounts, of_record=True),
    Check("services", table_checks.services, of_record=True),
    Check("codes", table_checks.codes, of_record=True),
    Check("rates", table_checks.rates, of_record=True),
    Check("markups", table_checks.markups, of_record=True),
)
"""Every check, in the order in which it is told: what others stand on first."""

EXAMINED = pl.Schema(
    {
        "check": pl.String(),
        "level": pl.String(),  # ok, warning, fault
        "words": pl.String(),
        "remedy": pl.String(),  # null = nothing is to be done
    }
)


def examine(root: Path, today: dt.date, now: dt.datetime) -> pl.DataFrame:
    """Return what each check says of the workspace at `root` (`EXAMINED`); nothing is changed.

    Raises `ConfigError` where there is no workspace at all.
    """
    with ExitStack() as held:
        case = _case(root, today, now, held)
        told = [(check.name, *one) for check, one in _asked(case)]
    rows = [(name, level, words, remedy or None) for name, level, words, remedy in told]
    return pl.DataFrame(rows, schema=EXAMINED, orient="row")


def worst(examined: pl.DataFrame) -> Level:
    """Return the worst level of an examination."""
    return max((level for level in WORST if level in set(examined["level"])), key=WORST.index)


def _case(root: Path, today: dt.date, now: dt.datetime, held: ExitStack) -> Case:
    """Return what can be had of a workspace; the record stays open as long as `held` does."""
    try:
        workspace = open_workspace(root)
    except ConfigError as fault:
        if not (root / SETTINGS_FILE).exists():
            raise
        why = f"{SETTINGS_FILE}, which names it, cannot be read; mend that first"
        return Case(Workspace(root.resolve(), Settings()), today, now, str(fault), None, why)
    try:
        return Case(workspace, today, now, record=held.enter_context(reading(workspace)))
    except Exception as fault:  # whatever a broken database raises is what is to be told
        return Case(workspace, today, now, record_fault=str(fault))


def _asked(case: Case) -> Iterator[tuple[Check, Told]]:
    """Yield what each check says; of the record nothing where it cannot be had."""
    broke: dict[str, str] = {}
    for check in CHECKS:
        if check.of_record and case.record is None:
            continue
        try:
            yield check, check.ask(case)
        except Exception as fault:  # one that breaks is a fault, and no reason to skip the others
            why = (str(fault) or type(fault).__name__).splitlines()[0]
            words = f"as said of {broke[why]}" if why in broke else why
            broke.setdefault(why, f"`{check.name}`")
            yield check, Told("fault", f"it cannot be looked at: {words}", "rebill verify")
