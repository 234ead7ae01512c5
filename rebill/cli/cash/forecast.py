"""The commands that look ahead: what cash will do, and cash at a glance on a page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import cash, example, put
from rebill.cli.options import HERE, AsOf, GivenDay, Where, amount_from, open_place
from rebill.cli.standard_input import DASH

if TYPE_CHECKING:
    from rebill.store.record import Record
    from rebill.workspace.settings import Settings


def a_day(record: Record, as_of: dt.date | None) -> dt.date:
    """Return the day asked, or that of the last night; an empty record has none."""
    from rebill.workspace.settings import ConfigError

    day = as_of or record.last_as_of()
    if day is None:
        raise ConfigError("nothing is on record yet: ingest carrier bills first, or give --as-of")
    if not 1990 <= day.year < 2200:
        raise ConfigError(f"{day} is no day to look ahead from: give one from 1990 to 2199")
    return day


def a_place(path: Path, folder: bool) -> Path:
    """Return where something can be written; what is in the way is wrong usage."""
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    if there.is_dir() and (folder or there != path):
        return path
    what = "a folder" if folder else "a file"
    raise typer.BadParameter(f"{path} cannot be {what}: {there} is in the way; name another")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """How far is looked ahead, in how many scenarios, and from which cash."""

    days: Annotated[int, typer.Option("--days", min=1, max=730, help="So many days on.")] = 180
    scenarios: Annotated[
        int, typer.Option("--scenarios", min=1, max=100_000, help="So many are drawn.")
    ] = 10_000
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="The same seed draws the same scenarios.")
    ] = 1
    opening_cash: Annotated[
        Decimal | None,
        typer.Option(
            "--opening-cash",
            parser=amount_from,
            metavar="AMOUNT",
            help="What is on the account at the end of the day; else `at_hand` of the settings.",
        ),
    ] = None

    def opening(self, settings: Settings) -> Decimal | None:
        """Return the cash it begins with: as asked, else as the settings say."""
        return settings.cash.at_hand if self.opening_cash is None else self.opening_cash


@cash.command(
    "forecast",
    epilog=example(
        "rebill cash forecast --days 180 --scenarios 10000 --seed 1 --opening-cash 250000.00",
        "rebill cash forecast --as-of 2026-03-31 -o forecast.csv",
    ),
)
def cash_forecast(
    drawn: Drawn,
    *,
    sooner: Annotated[
        int, typer.Option("--sooner", min=0, max=365, help="Compare: disputed so much sooner.")
    ] = 5,
    longer: Annotated[
        int, typer.Option("--longer", min=0, max=3660, help="Compare: a window so much longer.")
    ] = 30,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The days, as CSV.")
    ] = None,
    given: GivenDay,
) -> None:
    """Forecast the balance: its lowest point, and what to fund.

    Pulls, customers' payments and credits are drawn many times. Three ways of working are
    compared, drawn from the same chances: as it goes, with disputes filed sooner, with a longer
    window. Printed are their figures, and with --json or -o each day.
    """
    from rebill.cash.forecast.gather import gather
    from rebill.cash.forecast.outlook import cases_of, outlook
    from rebill.paper.streams import deliver
    from rebill.paper.text import as_blocks, as_object, note, safe_csv, say

    printed = out is not None and str(out) == DASH
    out = out if out is None or printed else a_place(out, folder=False)
    with given.reading() as record:
        facts = gather(record, a_day(record, given.as_of), drawn.days)
    settings = record.workspace.settings
    opening = drawn.opening(settings)
    cases, line = cases_of(sooner, longer), settings.forecast.credit_line
    told = outlook(facts, drawn.scenarios, drawn.seed, cases, opening, line)
    if opening is None:
        note("no opening cash is known: balances begin at 0.00 and bounces are not told")
    if out is not None:
        put(safe_csv(told.daily), out)
    if printed:
        return
    if given.json:
        said = {"as_of": str(told.as_of), "scenarios": drawn.scenarios, "seed": drawn.seed}
        deliver(as_object({"cases": told.cases, "days": told.daily}, **said) + "\n")
    else:
        say(as_blocks(told.cases))


@cash.command(
    "report",
    epilog=example(
        "rebill cash report --as-of 2026-03-31 --opening-cash 250000.00",
        "rebill cash report --as-of 2026-03-31 -o board/",
    ),
)
def cash_report(
    drawn: Drawn,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Where to; else `outbox/cash/`."),
    ] = None,
    as_of: AsOf = None,
    workspace: Where = HERE,
) -> None:
    """Leave cash at a glance as a page, and show it here.

    The page (`cash.html`, and its tables as CSV) works offline and prints: pulls against windows,
    exposure, forecast, commitments.
    """
    from rich.console import Console

    from rebill.cash.forecast.outlook import cases_of
    from rebill.cash.report import Draws
    from rebill.cash.report import cash_report as report_of
    from rebill.cash.report_page import write
    from rebill.cli.cash.glance import show_report
    from rebill.paper.text import note
    from rebill.store.record import reading

    place = open_place(workspace)
    out = place.outbox / "cash" if out is None else a_place(out, folder=True)
    with reading(place) as record:
        opening = drawn.opening(place.settings)
        draws = Draws(drawn.days, drawn.scenarios, drawn.seed, opening, cases_of(5, 30))
        report = report_of(record, a_day(record, as_of), draws)
    paths = write(report, out)
    show_report(report, Console())
    note(f"page: {paths[0]}")
