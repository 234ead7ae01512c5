"""A month priced again: what that changes, what other tables would change, and the correction."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.base import example, invoices, now
from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.cli.invoices import Customer, tell_lacking
from rebill.cli.options import Acting, day_from, month_from

DayDone = Annotated[
    dt.date | None,
    typer.Option("--on", "--as-of", parser=day_from, metavar="DATE", help="The day it is done."),
]
Tables = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="PATH",
        help="Price with these tables, which are not loaded: markups.csv, or a folder.",
    ),
]
AtOnce = Annotated[
    bool, typer.Option("--at-once", help="Rows of --with that take effect later count too.")
]
AgainMonth = Annotated[
    str,
    typer.Option(
        "--bill-month", parser=month_from, metavar="YYYY-MM", help="The month to price again."
    ),
]


@invoices.command(
    "rerate",
    epilog=example(
        "rebill invoices rerate --bill-month 2026-03 --on 2026-05-02",
        "rebill invoices rerate --bill-month 2026-03 --with new/markups.csv",
        "rebill invoices rerate --bill-month 2026-03 --on 2026-05-02 --issue",
    ),
)
def invoices_rerate(
    bill_month: AgainMonth,
    *,
    on: DayDone = None,
    customer: Customer = None,
    tables: Tables = None,
    at_once: AtOnce = False,
    issue: Annotated[
        bool, typer.Option("--issue", help="Issue credit notes and new invoices.")
    ] = False,
    why: Annotated[str, typer.Option("--note", help="Why, for the record.")] = "priced again",
    given: Acting,
) -> None:
    """Price an issued month again; show or correct the difference.

    Shown is what changes, line by line. With --issue the whole invoice is corrected: a credit
    note over all of it and a new one, which refer to each other. Without it nothing is changed.

    With --with, show what other reference tables would change in the invoices of the month, drafts
    too: each customer's total and margin before and after, then the lines. Nothing is loaded.
    """
    if tables:
        if issue:
            raise typer.BadParameter("--with shows only; load the tables before you --issue")
        _price_with(given, tables, bill_month, customer, at_once)
        return
    if at_once:
        raise typer.BadParameter("--at-once goes with --with")
    if on is None:
        raise typer.BadParameter("the day is missing: give --on")
    _price_again(given, bill_month, customer, on, issue=issue, why=why)


def _price_again(
    given: Acting, month: str, customer: str | None, on: dt.date, *, issue: bool, why: str
) -> None:
    """Show what an issued month comes to now, and correct it where that is asked for."""
    from rebill.paper.text import note
    from rebill.selling import issue as issuing
    from rebill.selling import rerate

    if issue:
        given.sure(on)
    place = given.place()
    done = rerate.rerate(place, month, customer, on, now, issue=issue, note=why)
    issued = done.issued.select(*issuing.SHOWN)
    given.show_parts(
        {"differences": done.differences, "issued": issued},
        differences="changed lines",
        issued="invoices",
    )
    total = done.differences["difference"].sum()
    words = "corrected" if issue else "nothing is issued; --issue corrects them"
    if not given.json:
        note(f"{done.differences.height} line(s) differ by {total} in all: {words}")
    if issue and tell_lacking(place):
        raise typer.Exit(NEEDS_A_PERSON)


def _meant(given: Acting, customer: str | None) -> str | None:
    from rebill.inquiry import known_ids

    with given.reading() as record:
        return known_ids.customer(record, customer)


def _price_with(
    given: Acting, tables: list[Path], month: str, customer: str | None, at_once: bool
) -> None:
    """Show what tables that are not loaded would change in the invoices of a month."""
    from rebill.paper.text import note
    from rebill.reference.load import gather
    from rebill.selling.what_if import what_if

    place = given.place()
    named = _meant(given, customer)
    told = what_if(place, gather(place, tables), month, named, at_once=at_once)
    for error in told.errors:
        note(f"error: {error}")
    for words in told.notes:
        note(f"note: {words}")
    if told.errors:
        raise typer.Exit(WRONG_USAGE)
    given.show_parts({"customers": told.customers, "differences": told.differences})
    if not given.json:
        total = told.customers["difference"].sum()
        note(f"{told.differences.height} line(s) would differ by {total} in all: nothing is loaded")
