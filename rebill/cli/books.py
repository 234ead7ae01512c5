"""The commands about the books."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from rebill.cli.base import NEEDS_A_PERSON, books, example, named, now, put
from rebill.cli.options import (
    HERE,
    Acting,
    Given,
    GivenDay,
    OfMonth,
    Out,
    Where,
    Who,
    day_from,
    month_from,
    open_place,
)


@books.command("journal", epilog=example("rebill books journal --month 2026-03"))
def books_journal(*, month: OfMonth = None, given: Given) -> None:
    """List the postings of the journal, of one month or of all."""
    from invoices.periods import month_of
    from rebill.books.closing import books as of_record

    with given.reading() as record:
        rows = of_record(record)
    if month is not None:
        rows = rows.filter(month_of("on") == month)
    given.show(rows)


@books.command(
    "export",
    epilog=example(
        "rebill books export --format beancount --through 2026-03 -o books.beancount",
        "rebill books export --format csv --month 2026-03 -o 2026-03.csv",
    ),
)
def books_export(
    form: Annotated[
        str, typer.Option("--format", metavar="beancount|hledger|csv", help="For which program.")
    ] = "beancount",
    through: Annotated[
        str | None,
        typer.Option(
            "--through",
            parser=month_from,
            metavar="YYYY-MM",
            help="All up to the end of this month, and its balances.",
        ),
    ] = None,
    month: OfMonth = None,
    out: Out = None,
    workspace: Where = HERE,
) -> None:
    """Write the journal for beancount, hledger or a spreadsheet; drafts are flagged there."""
    from invoices.periods import month_of
    from rebill.books import ledgers
    from rebill.books.closing import books as of_record
    from rebill.store.record import reading

    forms = {"beancount": ledgers.beancount, "hledger": ledgers.hledger}
    if form not in (*forms, "csv"):
        raise typer.BadParameter(f"{form!r} is no format; there are: beancount, hledger, csv")
    if month is not None and through is not None:
        raise typer.BadParameter("give --month or --through, not both")
    with reading(open_place(workspace)) as record:
        rows = of_record(record)
    last = None
    if month is not None:
        rows = rows.filter(month_of("on") == month)
    if through is not None:
        rows = rows.filter(month_of("on") <= through)
        last = _end(through)
    put(ledgers.csv(rows) if form == "csv" else forms[form](rows, last), out)


@books.command("balances", epilog=example("rebill books balances --as-of 2026-03-31"))
def books_balances(given: GivenDay) -> None:
    """Show what stands on each account at the end of a day."""
    from rebill.books.closing import books as of_record
    from rebill.books.journal import balances

    with given.reading() as record:
        given.show(balances(of_record(record), given.day(record)))


@books.command("check", epilog=example("rebill books check --as-of 2026-03-31"))
def books_check(given: GivenDay) -> None:
    """Compare the books with what the record says otherwise; exit 1 where they differ."""
    from rebill.books.closing import proof
    from rebill.workspace.settings import ConfigError

    with given.reading() as record:
        day = given.day(record)
        if day is None:
            raise ConfigError("nothing is on record; give --as-of to check a day all the same")
        rows = proof(record, day)
    given.show(rows)
    if rows["difference"].abs().sum():
        raise typer.Exit(NEEDS_A_PERSON)


@books.command("close", epilog=example("rebill books close 2026-03 --as-of 2026-04-05 --who ana"))
def books_close(
    month: Annotated[str, typer.Argument(parser=month_from, metavar="YYYY-MM")],
    as_of: Annotated[
        dt.date,
        typer.Option("--as-of", parser=day_from, metavar="DATE", help="The day it is closed on."),
    ],
    *,
    who: Who = None,
    given: Acting,
) -> None:
    """Close a month: it never changes again, what comes late is booked in the next one."""
    from rebill.books.closing import close

    given.sure(as_of)
    given.show(close(given.place(), month, as_of, named(who), now))


def _end(month: str) -> dt.date:
    """Return the last day of a month."""
    first = dt.date.fromisoformat(f"{month}-01")
    return (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
