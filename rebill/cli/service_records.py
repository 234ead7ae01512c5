"""Commands about customer service records."""

from __future__ import annotations

from typing import Annotated

import typer

from rebill.cli.base import NEEDS_A_PERSON, WRONG_USAGE, csr, example, put
from rebill.cli.options import CsvOut, GivenDay, Paths


@csr.callback()
def _records() -> None:
    """Customer service records of carriers: what they believe is on an account."""


@csr.command("diff", epilog=example("rebill csr diff 6145550100123.csr --as-of 2026-03-31"))
def diff(
    paths: Paths,
    *,
    carrier: Annotated[
        str | None, typer.Option("--carrier", help="Whose record it is; else by the contract.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what agrees.")] = False,
    out: CsvOut = None,
    given: GivenDay,
) -> None:
    """Compare records with the inventory and the last bill, in both directions.

    Exit 1 where something differs.
    """
    import polars as pl

    from rebill.paper.text import note, safe_csv
    from rebill.reference.inventory_difference import difference

    with given.reading() as record:
        rows, faults = difference(record, paths, carrier, given.as_of)
    for error in faults.listed:
        note(f"error: {error}")
    if faults.total:
        raise typer.Exit(WRONG_USAGE)
    shown = rows if every else rows.filter(pl.col("differs").is_not_null())
    if out is not None:
        put(safe_csv(shown), out)
    else:
        given.show(shown)
    if rows["differs"].count():
        raise typer.Exit(NEEDS_A_PERSON)
