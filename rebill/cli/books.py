"""The commands about the books."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import books, example, named, now, put
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.lists.endings import form_of
from rebill.cli.options import (
    HERE,
    Acting,
    Listed,
    ListedDay,
    OfMonth,
    Out,
    Where,
    Who,
    day_from,
    month_from,
    open_place,
)

if TYPE_CHECKING:
    import polars as pl

    from rebill.workspace.sections import Books

SUMMING = ("quickbooks", "netsuite")
FORMS = ("beancount", "hledger", "csv", *SUMMING)
Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="|".join(FORMS),
        help="For which program; else as the file's name ends, else beancount.",
    ),
]
Through = Annotated[
    str | None,
    typer.Option(
        "--through",
        parser=month_from,
        metavar="YYYY-MM",
        help="All up to the end of this month, and its balances.",
    ),
]
Summed = Annotated[
    str | None,
    typer.Option(
        "--sum",
        metavar="month|day|entry",
        help="quickbooks, netsuite: what becomes one journal; else the month.",
    ),
]


@books.command("journal", epilog=example("rebill books journal --bill-month 2026-03"))
def books_journal(*, month: OfMonth = None, given: Listed) -> None:
    """List the postings of the journal, of one month or of all."""
    from invoices.periods import month_of
    from rebill.books.closing import books as of_record

    with given.reading() as record:
        rows = of_record(record)
    if month is not None:
        rows = rows.filter(month_of("on") == month)
    given.show(rows, "postings")


@books.command(
    "export",
    epilog=example(
        "rebill books export --format beancount --through 2026-03 -o books.beancount",
        "rebill books export --format quickbooks --bill-month 2026-03 -o 2026-03.csv",
        "rebill books export --format netsuite --bill-month 2026-03 --sum day -o 2026-03.csv",
    ),
)
def books_export(
    form: Form = None,
    through: Through = None,
    month: OfMonth = None,
    summed: Summed = None,
    out: Out = None,
    workspace: Where = HERE,
) -> None:
    """Write the journal for beancount, hledger or a spreadsheet.

    Drafts are flagged there.
    """
    from invoices.periods import month_of
    from rebill.books import ledgers
    from rebill.books.closing import books as of_record
    from rebill.books.closing import closed_months
    from rebill.store.record import reading

    if form not in SUMMING:  # what these take are CSV files
        form = form_of(form, out, FORMS)
    if month is not None and through is not None:
        raise typer.BadParameter("give --bill-month or --through, not both")
    if summed is not None and form not in SUMMING:
        raise typer.BadParameter(f"--sum goes with {' and '.join(SUMMING)}")
    place = open_place(workspace)
    with reading(place) as record:
        rows, closed = of_record(record), closed_months(record)["month"]
    if month is not None:
        rows = rows.filter(month_of("on") == month)
    if through is not None:
        rows = rows.filter(month_of("on") <= through)
    if form in SUMMING:
        put(_journals(rows, closed, form, summed or "month", place.settings.books), out)
        return
    forms = {"beancount": ledgers.beancount, "hledger": ledgers.hledger}
    last = None if through is None else _end(through)
    put(ledgers.csv(rows) if form == "csv" else forms[form](rows, last), out)


def _journals(
    rows: pl.DataFrame, closed: pl.Series, form: str, summed: str, settings: Books
) -> str:
    """Return postings as journals for a general ledger, and say what stays out of it."""
    from invoices.periods import month_of
    from rebill.books import general_ledger as ledger
    from rebill.paper.text import note

    if summed not in ledger.SUMMED:
        raise typer.BadParameter(f"{summed!r} is none of {', '.join(ledger.SUMMED)}")
    if drafts := rows.filter(rows["state"] == "draft")["key"].n_unique():
        note(f"note: {drafts} entries of drafts are left out; they come once they are issued")
    if open_ones := {*rows.select(month_of("on")).to_series()} - {*closed}:
        note(f"note: not closed yet, and may change: {', '.join(sorted(open_ones))}")
    lacking = ledger.unnamed(rows, settings.accounts) if settings.accounts else []
    for account in lacking[:10]:
        note(f"warning: {account} is named by nothing in [books.accounts] and keeps our name")
    if len(lacking) > 10:
        note(f"warning: and {len(lacking) - 10} more account(s)")
    made = ledger.journals(rows, settings.accounts, summed)
    if form == "quickbooks":
        return ledger.quickbooks(made)
    return ledger.netsuite(made, settings.subsidiary)


@books.command("balances", epilog=example("rebill books balances --as-of 2026-03-31"))
def books_balances(given: ListedDay) -> None:
    """Show what stands on each account at the end of a day."""
    from rebill.books.closing import books as of_record
    from rebill.books.journal import balances

    with given.reading() as record:
        given.show(balances(of_record(record), given.day(record)), "balances")


@books.command("check", epilog=example("rebill books check --as-of 2026-03-31"))
def books_check(given: ListedDay) -> None:
    """Hold the books against what the record says otherwise.

    Exit 1 where they differ.
    """
    from rebill.books.closing import proof
    from rebill.workspace.settings import ConfigError

    with given.reading() as record:
        day = given.day(record)
        if day is None:
            raise ConfigError("nothing is on record; give --as-of to check a day all the same")
        rows = proof(record, day)
    given.show(rows, "comparisons")
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
    """Close a month: it never changes again.

    What comes late is booked in the next one.
    """
    from rebill.books.closing import close

    given.sure(as_of)
    given.show(close(given.place(), month, as_of, named(who), now))


def _end(month: str) -> dt.date:
    """Return the last day of a month."""
    first = dt.date.fromisoformat(f"{month}-01")
    return (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
