"""The commands that price quotes and show them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import clock_day, example, quotes
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.options import ListedDay

if TYPE_CHECKING:
    import polars as pl

    from rebill.store.record import Record

DUE_DAYS = 7
MOST_TOLD = 20
"""Of so many options it is told why they are not available; the table has all."""
Quote = Annotated[str, typer.Argument(metavar="QUOTE")]
Version = Annotated[
    int | None,
    typer.Option("--version", min=1, metavar="N", help="This version; else the last one."),
]


@quotes.command(
    "list", epilog=example("rebill quotes list", "rebill quotes list --due --as-of 2026-04-10")
)
def quotes_list(
    *,
    due: Annotated[
        bool,
        typer.Option("--due", help=f"Those that hold {DUE_DAYS} more days at most, or no more."),
    ] = False,
    given: ListedDay,
) -> None:
    """List quotes: for whom, until when, and the least they come to.

    The least is the cheapest option of each line that has to be taken, a month.
    """
    import polars as pl

    from rebill.quotes.tables import quotes_on

    with given.reading() as record:
        day = _day(record, given)
        rows = quotes_on(record, day)
    if due:
        rows = rows.filter(pl.col("valid_until") <= day + dt.timedelta(DUE_DAYS)).sort(
            "valid_until", "quote", "version"
        )
    given.show(rows, "quotes of customers")


@quotes.command(
    "build",
    epilog=example(
        "rebill quotes build Q-1", "rebill quotes build Q-1 --as-of 2026-04-10 -o options.csv"
    ),
)
def quotes_build(quote: Quote, *, version: Version = None, given: ListedDay) -> None:
    """Price a quote: every carrier and term of every line.

    Ends with 1 where an option is not available; the reason stands beside it.
    """
    with given.reading() as record:
        *_, options = _asked(record, quote, version, _day(record, given))
    given.show(options, "options of quotes")
    _tell(options, given)
    if not options["available"].all():
        raise typer.Exit(NEEDS_A_PERSON)


@quotes.command(
    "show",
    epilog=example("rebill quotes show Q-1", "rebill quotes show Q-1 --json"),
)
def quotes_show(quote: Quote, *, version: Version = None, given: ListedDay) -> None:
    """Show a quote: its lines, their carriers and terms side by side.

    As JSON it is one object; as CSV it is the options.
    """
    with given.reading() as record:
        head, lines, options = _asked(record, quote, version, _day(record, given))
    if given.plain() or (given.json and not (given.out or given.columns)):
        given.show_parts(
            {"quote": head, "lines": lines, "options": options},
            lines="lines of quotes",
            options="options of quotes",
        )
        _tell(options, given)
    else:
        given.show(options, "options of quotes")


def _day(record: Record, given: ListedDay) -> dt.date:
    """Return the day a quote is priced on: it may come before the first night there is."""
    return given.day(record) or clock_day()


def _tell(options: pl.DataFrame, given: ListedDay) -> None:
    """Say to a person why options are not available."""
    from rebill.paper.text import note

    if not given.plain():
        return
    lacking = options.filter(~options["available"]).select("option", "line", "why_not")
    for option, line, why in lacking.head(MOST_TOLD).iter_rows():
        note(f"option {option}, line {line}: {why}")
    if lacking.height > MOST_TOLD:
        note(f"and {lacking.height - MOST_TOLD:,} more that are not available")


def _asked(
    record: Record, typed: str, version: int | None, day: dt.date
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return a version of a quote, the last if none is named: its head, lines and options."""
    from rebill.inquiry import known_ids
    from rebill.quotes.options_asked import options_of
    from rebill.quotes.quote_heads import heads
    from rebill.reference.current import table_of
    from rebill.workspace.settings import ConfigError

    name = known_ids.quote(record, typed)
    own = table_of(record, "quotes").filter(quote=name)
    there = own["version"].sort().to_list()
    wanted = there[-1] if version is None else version
    if wanted not in there:
        told = ", ".join(map(str, there))
        raise ConfigError(f"quote {name} has no version {wanted}; there is: {told}")
    lines = table_of(record, "quote_lines").filter(quote=name, version=wanted)
    options = options_of(record, day, name, wanted)
    head = heads(own.filter(version=wanted), lines, options)
    return head, lines.drop("row_id", "quote", "version"), options
