"""The commands about the books."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from rebill.cli.base import (
    HERE,
    NEEDS_A_PERSON,
    AsOf,
    Json,
    Where,
    app,
    day_of,
    example,
    month_of,
    now,
    open_place,
)
from rebill.cli.margin import Out, put

books = typer.Typer(no_args_is_help=True, help="The months as double-entry journal.")
app.add_typer(books, name="books")
Of = Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="Only this month.")]


@books.command("journal", epilog=example("rebill books journal --month 2026-03"))
def books_journal(month: Of = None, json: Json = False, workspace: Where = HERE) -> None:
    """List the postings of the journal, of one month or of all."""
    import polars as pl

    from rebill.books.closing import books as of_record
    from rebill.paper.text import show
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        rows = of_record(record)
    if month is not None:
        rows = rows.filter(pl.col("on").dt.strftime("%Y-%m") == month_of(month))
    show(rows, json)


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
            metavar="YYYY-MM",
            help="All up to the end of this month, and its balances.",
        ),
    ] = None,
    month: Of = None,
    out: Out = None,
    workspace: Where = HERE,
) -> None:
    """Write the journal for beancount, hledger or a spreadsheet; drafts are flagged there."""
    import polars as pl

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
    of, last = pl.col("on").dt.strftime("%Y-%m"), None
    if month is not None:
        rows = rows.filter(of == month_of(month))
    if through is not None:
        rows = rows.filter(of <= month_of(through))
        last = _end(month_of(through))
    put(ledgers.csv(rows) if form == "csv" else forms[form](rows, last), out)


@books.command("balances", epilog=example("rebill books balances --as-of 2026-03-31"))
def books_balances(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """Show what stands on each account at the end of a day."""
    from rebill.books.closing import books as of_record
    from rebill.books.journal import balances
    from rebill.paper.text import show
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        show(balances(of_record(record), as_of or record.last_as_of()), json)


@books.command("check", epilog=example("rebill books check --as-of 2026-03-31"))
def books_check(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """Compare the books with what the record says otherwise; exit 1 where they differ."""
    from rebill.books.closing import proof
    from rebill.paper.text import show
    from rebill.store.record import reading
    from rebill.workspace.settings import ConfigError

    with reading(open_place(workspace)) as record:
        day = as_of or record.last_as_of()
        if day is None:
            raise ConfigError("nothing is on record; give --as-of to check a day all the same")
        rows = proof(record, day)
    show(rows, json)
    if rows["difference"].abs().sum():
        raise typer.Exit(NEEDS_A_PERSON)


@books.command("close", epilog=example("rebill books close 2026-03 --as-of 2026-04-05 --who ana"))
def books_close(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM")],
    as_of: Annotated[
        dt.date,
        typer.Option("--as-of", parser=day_of, metavar="DATE", help="The day it is closed on."),
    ],
    who: Annotated[str | None, typer.Option("--who", help="Who closed it.")] = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Close a month: it never changes again, what comes late is booked in the next one."""
    from rebill.books.closing import close
    from rebill.paper.text import show

    show(close(open_place(workspace), month_of(month), as_of, who, now), json)


def _end(month: str) -> dt.date:
    """Return the last day of a month."""
    first = dt.date.fromisoformat(f"{month}-01")
    return (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
