"""The commands about commissions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import commissions, example, now
from rebill.cli.failures import NEEDS_A_PERSON, cause_of
from rebill.cli.options import HERE, Keeping, Listed, OfMonth, Where, month_from, open_place

if TYPE_CHECKING:
    from rebill.store.record import Record

OneMonth = Annotated[
    str,
    typer.Option(
        "--bill-month",
        "--month",
        parser=month_from,
        metavar="YYYY-MM",
        help="The month of the invoices' dates.",
    ),
]


@commissions.command("build", epilog=example("rebill commissions build --bill-month 2026-03"))
def commissions_build(
    month: OneMonth,
    *,
    final: Annotated[bool, typer.Option("--final", help="They never change from now on.")] = False,
    given: Keeping,
) -> None:
    """Build the statements of a month.

    The papers of every payee, PDF, page and CSV, are left in the outbox.
    """
    from rebill.books import statement_paper, statements
    from rebill.paper.text import note

    given.sure(given.as_of)
    made = statements.build(given.place(), month, final, given.as_of, now)
    given.show(made, "statements")
    try:
        with given.reading() as record:
            for payee in made["payee"]:
                statement_paper.write_statement(record, payee, month, None)
            _tell_payer(record)
    except OSError as error:
        cause, remedy = cause_of(error)
        writes = (
            f"{remedy}, then `rebill commissions statement PAYEE --bill-month {month}` writes one"
        )
        note(f"warning: the statements are kept, papers of them lack: {cause}; {writes}")
        raise typer.Exit(NEEDS_A_PERSON) from error


@commissions.command(
    "show",
    epilog=example(
        "rebill commissions show --bill-month 2026-03", "rebill commissions show --deal ACME-JOINT"
    ),
)
def commissions_show(
    *,
    month: OfMonth = None,
    payee: Annotated[str | None, typer.Option("--payee", help="By invoice, of this payee.")] = None,
    deal: Annotated[
        str | None, typer.Option("--deal", help="What each party of this deal earns, and of what.")
    ] = None,
    given: Listed,
) -> None:
    """List statements, what a payee earns, or what a deal brings.

    Of a payee it says what each invoice brings. Of a deal it says what each party earns and, by
    invoice and rule, what the rule works on, what it comes to exactly, each party's part of it,
    and who carries the odd cent and why; as JSON under each party.
    """
    import polars as pl

    from rebill.books import statements
    from rebill.inquiry import known_ids

    with given.reading() as record:
        if deal is not None:
            _show_deal(record, month, deal, given)
            return
        payee = known_ids.payee(record, payee)
        if payee is not None:
            own = statements.statement_rows(record, None if month is None else [month])
            rows = statements.by_invoice(record, own.filter(pl.col("payee") == payee).collect())
        else:
            rows = statements.statements(record)
            rows = rows if month is None else rows.filter(month=month)
    given.show(rows, "statements" if payee is None else "invoices with commission")


def _show_deal(record: Record, month: str | None, deal: str, given: Listed) -> None:
    """Print the parties of a deal, and the parts of each invoice and rule."""
    from rebill.books import statements

    parties = statements.deals(record, month, deal)
    parts = statements.deal_parts(record, month, deal)
    if given.json:
        given.show(statements.parts_of(parties, parts))
    elif parties.is_empty() or not given.plain():
        given.show(parties, "parties of a deal")
    else:
        given.show_parts({"parties": parties, "parts": parts.drop("deal")}, parts="parts of rules")


@commissions.command(
    "statement", epilog=example("rebill commissions statement AGENT-7 --bill-month 2026-03 -o out")
)
def commissions_statement(
    payee: Annotated[str, typer.Argument(metavar="PAYEE")],
    month: OneMonth,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where to; else the outbox."),
    ] = None,
    workspace: Where = HERE,
) -> None:
    """Write a payee's statement of a month as PDF, page and CSV."""
    from rebill.books import statement_paper
    from rebill.inquiry import known_ids
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        payee = known_ids.payee(record, payee) or payee
        for path in statement_paper.write_statement(record, payee, month, out):
            print(path)
        _tell_payer(record)


@commissions.command(
    "deal", epilog=example("rebill commissions deal ACME-JOINT --bill-month 2026-03 -o out")
)
def commissions_deal(
    deal: Annotated[str, typer.Argument(metavar="DEAL")],
    month: OneMonth,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where to; else the outbox."),
    ] = None,
    workspace: Where = HERE,
) -> None:
    """Write who of a deal is paid what for what as PDF, page and CSV.

    It is for all parties of the deal: each rule by invoice or claim, what it works on and comes
    to, each party's share and part of it, and of what carriers gave back what is verified.
    """
    from rebill.books import deal_paper
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        for path in deal_paper.write_deal(record, deal, month, out):
            print(path)
        _tell_payer(record)


def _tell_payer(record: Record) -> None:
    """Say what statements do not say of who pays."""
    from rebill.books.statement_paper import payer_lacks
    from rebill.paper.text import note

    if lacks := payer_lacks(record):
        note(f"warning: the statements do not say who pays; fill in {lacks}")
