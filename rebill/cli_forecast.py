"""The commands that look ahead: position, recovery, securities, commitments, forecast, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli_base import HERE, AsOf, Json, Where, cash, example, open_place


def _show_table(name: str, as_of: AsOf, json: bool, workspace: Path, today_only: bool) -> None:
    import polars as pl

    from rebill import batch
    from rebill.export import table_frame
    from rebill.views import show

    with batch.reading(open_place(workspace)) as record:
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

    from rebill import batch, reference
    from rebill.cash_tables import PROMISES, supposed
    from rebill.views import as_blocks, show

    with batch.reading(open_place(workspace)) as record:
        day = as_of or record.last_as_of()
        cases = {"as it is": reference.contracts(record.connection)}
        if suppose is not None:
            cases["supposed"] = supposed(record, suppose)
        if day is None:
            return show(pl.DataFrame(), json)
        frames = [
            PROMISES[name](record, contracts, day).select(pl.lit(case).alias("case"), pl.all())
            for case, contracts in cases.items()
        ]
    rows = pl.concat(frames)
    if suppose is None:
        rows = rows.drop("case")
    if json:
        return show(rows, json)
    if rows.height:
        print(as_blocks(rows.sort("contract", maintain_order=True), "contract"))
