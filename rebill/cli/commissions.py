"""The commands about commissions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import NEEDS_A_PERSON, commissions, example, now
from rebill.cli.failures import cause_of
from rebill.cli.options import HERE, Given, Keeping, OfMonth, Where, month_from, open_place

if TYPE_CHECKING:
    from rebill.store.record import Record

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
    given: Keeping,
) -> None:
    """Build the statements of a month, and of every payee write PDF and CSV to the outbox."""
    from rebill.books import statements
    from rebill.paper.text import note

    given.sure(given.as_of)
    made = statements.build(given.place(), month, final, given.as_of, now)
    given.show(made)
    try:
        with given.reading() as record:
            for payee in made["payee"]:
                statements.write_statement(record, payee, month, None)
    except OSError as error:
        cause, remedy = cause_of(error)
        writes = f"{remedy}, then `rebill commissions statement PAYEE --month {month}` writes one"
        note(f"warning: the statements are kept, papers of them lack: {cause}; {writes}")
        raise typer.Exit(NEEDS_A_PERSON) from error


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
        str | None, typer.Option("--deal", help="What each party of this deal earns, and of what.")
    ] = None,
    given: Given,
) -> None:
    """List statements; of a payee what each invoice brings, of a deal what each party earns.

    Of a deal it also says, by invoice and rule, what the rule works on, what it comes to exactly,
    each party's part of it, and who carries the odd cent and why; as JSON under each party.
    """
    import polars as pl

    from rebill.books import statements

    with given.reading() as record:
        if deal is not None:
            _show_deal(record, month, deal, given)
            return
        if payee is not None:
            own = statements.statement_rows(record, None if month is None else [month])
            rows = statements.by_invoice(record, own.filter(pl.col("payee") == payee).collect())
        else:
            rows = statements.statements(record)
            rows = rows if month is None else rows.filter(month=month)
    given.show(rows)


def _show_deal(record: Record, month: str | None, deal: str, given: Given) -> None:
    """Print the parties of a deal, and the parts of each invoice and rule."""
    from rebill.books import statements

    parties = statements.deals(record, month, deal)
    parts = statements.deal_parts(record, month, deal)
    if given.json:
        given.show(statements.parts_of(parties, parts))
        return
    given.show(parties)
    if parts.height:
        print()
    given.show(parts.drop("deal"))


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
