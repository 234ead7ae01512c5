"""The commands that look at how things stand: what waits for a person, what is not in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from rebill.cli import base
from rebill.cli.base import app, example, now
from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.cli.options import GivenDay

if TYPE_CHECKING:
    import polars as pl


@app.command("status", epilog=example("rebill status", "rebill status --as-of 2026-04-10"))
def show_status(given: GivenDay) -> None:
    """Say what waits for a person, on one screen.

    It tells the last night, the most urgent work first with the command for it, the next pulls.
    Exit 0: nobody is needed; 1: a person is: bills held, claims to file within the warning time,
    debits to send back, papers lacking, a night that failed. A refused file was told by its night.
    """
    from json import dumps

    from rebill.inquiry.status import as_record, as_words, status
    from rebill.paper.text import say

    with given.reading() as record:
        known = status(record, given.as_of)
    if given.json:
        print(dumps(as_record(known), default=str, indent=1))
    else:
        say(as_words(known))
    if known.needs_a_person:
        raise typer.Exit(NEEDS_A_PERSON)


@app.command("doctor", epilog=example("rebill doctor", "rebill doctor --json"))
def doctor(given: GivenDay) -> None:
    """Examine the workspace, and say what to do about it.

    Each check is a line, nothing is changed. It answers whatever is wrong: settings that cannot be
    read, a database that is gone, damaged or of an old shape, a command that runs. Exit 0: all is
    well; 1: a warning; 2: a fault.
    """
    import datetime as dt

    from rebill.inquiry.doctor.examine import examine, worst

    today, time = given.as_of or base.clock_day(), dt.datetime.fromisoformat(now())
    found = examine(given.workspace, today, time)
    if given.json:
        given.show(found)
    else:
        _tell(found)
    if code := {"warning": NEEDS_A_PERSON, "fault": WRONG_USAGE}.get(worst(found)):
        raise typer.Exit(code)


def _tell(found: pl.DataFrame) -> None:
    """Print what each check said, and below it what to do."""
    from rebill.paper.text import hung, say

    for name, level, words, remedy in found.iter_rows():
        say(hung(f"{level:<8} {name:<13}", words))
        if remedy:
            say(hung(f"{'->':>21} ", remedy))
