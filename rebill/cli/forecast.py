"""The commands that look ahead: position, recovery, securities, commitments, forecast, report."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import HERE, AsOf, Json, Where, cash, example, open_place

if TYPE_CHECKING:
    from rebill.store.record import Record


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


def _show_table(name: str, as_of: AsOf, json: bool, workspace: Path, today_only: bool) -> None:
    import polars as pl

    from rebill.inquiry.export import table_frame
    from rebill.paper.text import show
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        day = as_of or record.last_as_of()
        rows = table_frame(record, name, None, day).collect()
    if today_only:
        rows = rows.filter(pl.col("on") == pl.lit(day, dtype=pl.Date)).sort("carrier")
    show(rows, json)


@cash.command("position", epilog=example("rebill cash position --as-of 2026-03-31"))
def cash_position(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """Show, carrier by carrier, what is pending, left to file, expected back, and what it costs."""
    _show_table("exposure_detail", as_of, json, workspace, today_only=True)


@cash.command("recovery", epilog=example("rebill cash recovery --as-of 2026-03-31"))
def cash_recovery(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """List what is waited for: what is likely to come back, when, and what waiting costs."""
    _show_table("recovery", as_of, json, workspace, today_only=False)


@cash.command("rates", epilog=example("rebill cash rates --as-of 2026-03-31"))
def cash_rates(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """Show the share each carrier grants of claims of a reason, and how sure that is."""
    _show_table("win_rates", as_of, json, workspace, today_only=False)


@cash.command("gaps", epilog=example("rebill cash gaps --as-of 2026-03-31"))
def cash_gaps(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """List how long each pull waits for the customers it was bought for, and what that costs."""
    _show_table("pull_gaps", as_of, json, workspace, today_only=False)


Suppose = Annotated[
    Path | None,
    typer.Option(
        "--suppose",
        metavar="FILE",
        help="A file of contracts: show how it would be with them, beside how it is.",
    ),
]


@cash.command("security", epilog=example("rebill cash security --as-of 2026-03-31"))
def cash_security(
    as_of: AsOf = None, suppose: Suppose = None, json: Json = False, workspace: Where = HERE
) -> None:
    """Show what secures each carrier: required, held, headroom, and what it costs a year."""
    _show_promise("security", as_of, suppose, json, workspace)


@cash.command(
    "commitments",
    epilog=example(
        "rebill cash commitments --as-of 2026-09-30",
        "rebill cash commitments --as-of 2026-09-30 --suppose after-the-sale.toml",
    ),
)
def cash_commitments(
    as_of: AsOf = None, suppose: Suppose = None, json: Json = False, workspace: Where = HERE
) -> None:
    """Show what was promised for the year, what is bought, and when a shortfall becomes certain."""
    _show_promise("commitments", as_of, suppose, json, workspace)


def _show_promise(
    name: str, as_of: AsOf, suppose: Path | None, json: bool, workspace: Path
) -> None:
    """Show a table about promises: a block a contract for people, rows for machines."""
    import polars as pl

    from rebill.cash.pledges import PLEDGES, supposed
    from rebill.paper.text import as_blocks, show
    from rebill.reference import current
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        day = as_of or record.last_as_of()
        cases = {"as it is": current.contracts(record.connection)}
        if suppose is not None:
            cases["supposed"] = supposed(record, suppose)
        if day is None:
            return show(pl.DataFrame(), json)
        frames = [
            PLEDGES[name](record, contracts, day).select(pl.lit(case).alias("case"), pl.all())
            for case, contracts in cases.items()
        ]
    rows = pl.concat(frames)
    if suppose is None:
        rows = rows.drop("case")
    if json:
        return show(rows, json)
    if rows.height:
        print(as_blocks(rows.sort("contract", maintain_order=True), "contract"))


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
        raise typer.BadParameter(f"{text!r} is no amount; write it as 250000.00")
    return amount


Opening = Annotated[
    Decimal | None,
    typer.Option(
        "--opening-cash",
        parser=_amount,
        metavar="AMOUNT",
        help="What is on the account at the end of the day; else `at_hand` of the settings.",
    ),
]


@cash.command(
    "forecast",
    epilog=example(
        "rebill cash forecast --days 180 --scenarios 10000 --seed 1 --opening-cash 250000.00",
        "rebill cash forecast --as-of 2026-03-31 -o forecast.csv",
    ),
)
def cash_forecast(
    days: Annotated[int, typer.Option("--days", min=1, max=730, help="So many days on.")] = 180,
    scenarios: Annotated[
        int, typer.Option("--scenarios", min=1, max=100_000, help="So many are drawn.")
    ] = 10_000,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="The same seed draws the same scenarios.")
    ] = 1,
    opening_cash: Opening = None,
    sooner: Annotated[
        int, typer.Option("--sooner", min=0, max=365, help="Compare: disputed so much sooner.")
    ] = 5,
    longer: Annotated[
        int, typer.Option("--longer", min=0, max=3660, help="Compare: a window so much longer.")
    ] = 30,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The days, as CSV.")
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Say what cash will do: pulls, customers, credits; the lowest point, and what to fund.

    Three ways of working are compared, drawn from the same chances: as it goes, with disputes filed
    sooner, with a longer window. Printed are their figures, and with --json or -o each day.
    """
    from rebill.cash.forecast.gather import gather
    from rebill.cash.forecast.outlook import cases_of, outlook
    from rebill.paper.text import as_blocks, as_json, note, write_csv
    from rebill.store.record import reading

    out = None if out is None else a_place(out, folder=False)
    with reading(open_place(workspace)) as record:
        day = a_day(record, as_of)
        assumed = record.workspace.settings.forecast
        facts = gather(record, day, days)
    opening = record.workspace.settings.cash.at_hand if opening_cash is None else opening_cash
    told = outlook(facts, scenarios, seed, cases_of(sooner, longer), opening, assumed.credit_line)
    if opening is None:
        note("no opening cash is known: balances begin at 0.00 and bounces are not told")
    if out is not None:
        write_csv(told.daily, out)
    if json:
        print(f'{{"as_of": "{told.as_of}", "scenarios": {scenarios}, "seed": {seed},')
        print(f'"cases": {as_json(told.cases)},\n"days": {as_json(told.daily)}}}')
    else:
        print(as_blocks(told.cases))


@cash.command(
    "report",
    epilog=example(
        "rebill cash report --as-of 2026-03-31 --opening-cash 250000.00",
        "rebill cash report --as-of 2026-03-31 -o board/",
    ),
)
def cash_report(
    days: Annotated[int, typer.Option("--days", min=1, max=730, help="So many days on.")] = 180,
    scenarios: Annotated[
        int, typer.Option("--scenarios", min=1, max=100_000, help="So many are drawn.")
    ] = 10_000,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="The same seed draws the same scenarios.")
    ] = 1,
    opening_cash: Opening = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Where to; else `outbox/cash/`."),
    ] = None,
    as_of: AsOf = None,
    workspace: Where = HERE,
) -> None:
    """Leave cash at a glance as a page (`cash.html`) and as CSV, and show it on the terminal.

    The page works offline and prints: pulls against windows, exposure, forecast, commitments.
    """
    from rich.console import Console

    from rebill.cash.forecast.outlook import cases_of
    from rebill.cash.report import Draws, write
    from rebill.cash.report import cash_report as report_of
    from rebill.cli.cash_view import show_report
    from rebill.paper.text import note
    from rebill.store.record import reading

    place = open_place(workspace)
    out = place.outbox / "cash" if out is None else a_place(out, folder=True)
    opening = place.settings.cash.at_hand if opening_cash is None else opening_cash
    with reading(place) as record:
        draws = Draws(days, scenarios, seed, opening, cases_of(5, 30))
        report = report_of(record, a_day(record, as_of), draws)
    paths = write(report, out)
    show_report(report, Console())
    note(f"page: {paths[0]}")
