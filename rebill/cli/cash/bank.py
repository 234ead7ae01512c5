"""The commands about what the bank says: files in, and what is not in order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from invoices.calendar import FIRST_YEAR, LAST_YEAR
from rebill.cli.base import carry_out, cash, example
from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.cli.night import show_became
from rebill.cli.options import Keeping, Listed, ListedDay, amount_from

if TYPE_CHECKING:
    import polars as pl


@cash.command("import", epilog=example("rebill cash import bank/ach-2026-03-20.txt"))
def cash_import(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...")], given: Keeping
) -> None:
    """Read bank files, book them, and match them to the pulls.

    Nacha, BAI2 and CSV are read. A file is booked whole or not at all; the same file again changes
    nothing. Exit 1: a file was refused; 2: all were.
    """
    from rebill.night.job import Job, pick
    from rebill.run import plan

    place, day = given.place(), given.settled()
    seen, where = pick(place, paths)
    job = Job("cash import", plan.plan_bank, day, seen, where)
    became = show_became(carry_out(place, job), given)
    refused = sum(words.startswith("refused") for words in became.values())
    if refused:
        raise typer.Exit(WRONG_USAGE if refused == len(became) else NEEDS_A_PERSON)


@cash.command("events", epilog=example("rebill cash events"))
def cash_events(given: Listed) -> None:
    """List debits that are not in order, and what may be returned.

    With the code of each fault, by when it can be sent back to the bank, and what to do.
    """
    from rebill.cash.bank_tables import pull_events

    with given.reading() as record:
        events = pull_events(record)
    by_day = events.sort("settled_on", "code", "event_id")
    given.show(events, "pull events", by_day)


@cash.command("calendar", epilog=example("rebill cash calendar --as-of 2026-03-31 --cash 250000"))
def cash_calendar(
    year: Annotated[
        int | None,
        typer.Argument(
            min=FIRST_YEAR,
            max=LAST_YEAR,
            metavar="[YEAR]",
            help="List the closed weekdays of this year instead.",
        ),
    ] = None,
    *,
    days: Annotated[int, typer.Option("--days", min=0, max=3660, help="So many days ahead.")] = 90,
    at_hand: Annotated[
        Decimal | None,
        typer.Option("--cash", parser=amount_from, metavar="AMOUNT", help="Cash on the account."),
    ] = None,
    given: ListedDay,
) -> None:
    """Show the debits to come, and what may go wrong with them.

    Bills that are not here yet are estimated from their account's history, with a range. `!` marks
    what a person should look at: pulled before its audit, window closed before the pull, above the
    bank's filter, short of cash, overdue.
    """
    from rebill.cash.bank_tables import to_come
    from rebill.workspace.settings import ConfigError

    if year is not None:
        _closed_days(year, given)
        return
    with given.reading() as record:
        day = given.day(record)
        if day is None:
            raise ConfigError("nothing is on record yet: give --as-of")
        rows = to_come(record, day, days, at_hand)
    given.show(rows, "pulls to come", _with_warnings(rows))


def _with_warnings(rows: pl.DataFrame) -> pl.DataFrame:
    """Return pulls to come with their warnings in words, instead of a column for each."""
    import polars as pl

    flags = {
        "before_audit": "before audit",
        "before_window_closes": "window closed",
        "above_filter": "above filter",
        "short_of_cash": "short of cash",
        "overdue": "overdue",
    }
    marked = [
        pl.when(~pl.col(name) if name == "before_window_closes" else pl.col(name)).then(
            pl.lit(words)
        )
        for name, words in flags.items()
    ]
    warning = pl.concat_str(marked, separator=", ", ignore_nulls=True)
    said = pl.when(warning != "").then(pl.lit("! ") + warning).alias("warning")
    return rows.with_columns(said).drop(flags)


def _closed_days(year: int, given: Listed) -> None:
    import polars as pl

    from invoices.calendar import closed_weekdays

    closings = given.place().settings.closings
    days = closed_weekdays(dt.date(year, 1, 1), dt.date(year, 12, 31), closings)
    given.show(pl.DataFrame({"closed_on": days}, schema={"closed_on": pl.Date}), "closed weekdays")
