"""The commands about commissions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.base import commissions, example, now
from rebill.cli.options import HERE, Given, GivenDay, OfMonth, Where, month_from, open_place

OneMonth = Annotated[
    str,
    typer.Option(
        "--month",
        parser=month_from,
        metavar="YYYY-MM",
        help="The month of the invoices' dates.",
    ),
]


@commissions.command("build", epilog=example("rebill commissions build --month 2026-03"))
def commissions_build(
    month: OneMonth,
    *,
    final: Annotated[bool, typer.Option("--final", help="They never change from now on.")] = False,
    given: GivenDay,
) -> None:
    """Build the statements of a month, and of every payee write PDF and CSV to the outbox."""
    from rebill.books import statements

    made = statements.build(given.place(), month, final, given.as_of, now)
    with given.reading() as record:
        for payee in made["payee"]:
            statements.write_statement(record, payee, month, None)
    given.show(made)


@commissions.command(
    "show",
    epilog=example(
        "rebill commissions show --month 2026-03", "rebill commissions show --deal ACME-JOINT"
    ),
)
def commissions_show(
    *,
    month: OfMonth = None,
    payee: Annotated[str | None, typer.Option("--payee", help="By invoice, of this payee.")] = None,
    deal: Annotated[
        str | None, typer.Option("--deal", help="What each party of this deal earns.")
    ] = None,
    given: Given,
) -> None:
    """List statements; of a payee what each invoice brings, of a deal what each party earns."""
    import polars as pl

    from rebill.books import statements

    with given.reading() as record:
        if deal is not None:
            rows = statements.deals(record, month, deal)
        elif payee is not None:
            own = statements.statement_rows(record, None if month is None else [month])
            rows = statements.by_invoice(record, own.filter(pl.col("payee") == payee).collect())
        else:
            rows = statements.statements(record)
            rows = rows if month is None else rows.filter(month=month)
    given.show(rows)


@commissions.command(
    "statement", epilog=example("rebill commissions statement AGENT-7 --month 2026-03 -o out")
)
def commissions_statement(
    payee: str,
    month: OneMonth,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where to; else the outbox."),
    ] = None,
    workspace: Where = HERE,
) -> None:
    """Write a payee's statement of a month as PDF and CSV."""
    from rebill.books import statements
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        for path in statements.write_statement(record, payee, month, out):
            print(path)
