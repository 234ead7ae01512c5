"""The commands about commissions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.base import HERE, AsOf, Json, Where, app, example, month_of, now, open_place

commissions = typer.Typer(no_args_is_help=True, help="Who earns what of what customers pay.")
app.add_typer(commissions, name="commissions")

Of = Annotated[
    str, typer.Option("--month", metavar="YYYY-MM", help="The month of the invoices' dates.")
]
Any = Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="Only this month.")]


@commissions.command("build", epilog=example("rebill commissions build --month 2026-03"))
def commissions_build(
    month: Of,
    final: Annotated[bool, typer.Option("--final", help="They never change from now on.")] = False,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Build the statements of a month, and of every payee write PDF and CSV to the outbox."""
    from rebill.books import statements
    from rebill.paper.text import show
    from rebill.store.record import reading

    place, of = open_place(workspace), month_of(month)
    made = statements.build(place, of, final, as_of, now)
    with reading(place) as record:
        for payee in made["payee"]:
            statements.write_statement(record, payee, of, None)
    show(made, json)


@commissions.command(
    "show",
    epilog=example(
        "rebill commissions show --month 2026-03", "rebill commissions show --deal ACME-JOINT"
    ),
)
def commissions_show(
    month: Any = None,
    payee: Annotated[str | None, typer.Option("--payee", help="By invoice, of this payee.")] = None,
    deal: Annotated[
        str | None, typer.Option("--deal", help="What each party of this deal earns.")
    ] = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """List statements; of a payee what each invoice brings, of a deal what each party earns."""
    import polars as pl

    from rebill.books import statements
    from rebill.paper.text import show
    from rebill.store.record import reading

    of = None if month is None else month_of(month)
    with reading(open_place(workspace)) as record:
        if deal is not None:
            rows = statements.deals(record, of, deal)
        elif payee is not None:
            own = statements.statement_rows(record, None if of is None else [of])
            rows = statements.by_invoice(record, own.filter(pl.col("payee") == payee).collect())
        else:
            rows = statements.statements(record)
            rows = rows if of is None else rows.filter(month=of)
    show(rows, json)


@commissions.command(
    "statement", epilog=example("rebill commissions statement AGENT-7 --month 2026-03 -o out")
)
def commissions_statement(
    payee: str,
    month: Of,
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
        for path in statements.write_statement(record, payee, month_of(month), out):
            print(path)
