"""The commands about what customers owe us: how old it is, and how it is collected."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import example, named, now, put, receivables
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.options import GivenDay, Keeping, ListedDay, Who, day_from
from rebill.cli.standard_input import DASH

if TYPE_CHECKING:
    from rebill.store.record import Record

Customer = Annotated[
    str | None, typer.Option("--customer", metavar="CUSTOMER", help="Only this customer.")
]


def _day(given: GivenDay, record: Record) -> dt.date:
    """Return the day that is asked for, else that of the last night."""
    from rebill.workspace.settings import ConfigError

    day = given.day(record)
    if day is None:
        raise ConfigError("nothing is on record yet: give --as-of")
    return day


@receivables.command(
    "aging",
    epilog=example(
        "rebill receivables aging --as-of 2026-03-31",
        "rebill receivables aging --customer C1 --invoices",
    ),
)
def receivables_aging(
    *,
    customer: Customer = None,
    invoices: Annotated[
        bool, typer.Option("--invoices", help="List what is open, invoice by invoice.")
    ] = False,
    given: ListedDay,
) -> None:
    """List what each customer owes, by days past due.

    Issued invoices less credit notes and payments; what is paid above them is unapplied.
    """
    from rebill.cli.lists.filters import of_customer
    from rebill.receivables import balances

    rows_of = balances.open_items if invoices else balances.balances
    with given.reading() as record:
        rows = of_customer(rows_of(record, _day(given, record)), customer, record)
    given.show(rows, "open invoices" if invoices else "customers who owe")


@receivables.command(
    "statement",
    epilog=example(
        "rebill receivables statement --as-of 2026-03-31",
        "rebill receivables statement C1 C2 --since 2026-01-01 -o out",
    ),
)
def receivables_statement(
    customers: Annotated[list[str] | None, typer.Argument(metavar="[CUSTOMER]...")] = None,
    *,
    since: Annotated[
        dt.date | None,
        typer.Option(
            "--since",
            parser=day_from,
            metavar="DATE",
            help="The first day; without it that of the month.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where to; else the outbox."),
    ] = None,
    given: GivenDay,
) -> None:
    """Write statements of account: page, PDF and CSV.

    Of the customers that are named, or of all who owe.

    What is brought forward, every invoice, credit note and payment since with the balance after it,
    and how old what is owed is.
    """
    from rebill.inquiry import known_ids
    from rebill.receivables.statement import write_statements

    with given.reading() as record:
        day = _day(given, record)
        named = known_ids.customers(record, customers or [])
        paths, lacking = write_statements(record, named, since, day, out)
    _tell_papers(given, paths, lacking)


def _tell_papers(given: GivenDay, paths: Sequence[Path], lacking: Sequence[str]) -> None:
    """List the papers that were written, and say which are lacking and why: exit 1."""
    import polars as pl

    from rebill.paper.text import note

    files = pl.DataFrame({"file": [str(path) for path in paths]}, {"file": pl.String})
    given.show(files, "papers written")
    for why in lacking:
        note(f"lacking: {why}")
    if lacking:
        raise typer.Exit(NEEDS_A_PERSON)


@receivables.command(
    "remind",
    epilog=example(
        "rebill receivables remind --as-of 2026-04-30",
        "rebill receivables remind --as-of 2026-04-30 --keep",
        "rebill receivables remind --again R-000001 -o out",
    ),
)
def receivables_remind(
    *,
    customer: Customer = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Put them on record as sent and write the letters.")
    ] = False,
    again: Annotated[
        str | None, typer.Option("--again", metavar="LETTER", help="Write a sent letter once more.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="With --again: where to."),
    ] = None,
    who: Who = None,
    given: Keeping,
) -> None:
    """List whom to remind of what; with --keep, write letters.

    By the steps of `[dunning]`: each is sent once for an invoice, and not before its days have
    passed since the one before.
    """
    from rebill.inquiry import known_ids
    from rebill.paper.text import note
    from rebill.receivables import reminders

    place = given.place()
    if again is not None:
        with given.reading() as record:
            number = known_ids.reminders(record, again)
            paths, unwritten = reminders.write_letters(record, [number], out)
        _tell_papers(given, paths, list(unwritten.values()))
        return
    if out is not None:
        raise typer.BadParameter("letters go to the outbox; -o is for --again")
    reminders.steps_of(place)
    with given.reading() as record:
        day = _day(given, record)
        customer = _meant(record, customer)
        rows = reminders.due(record, day, customer)
        _, lacking = reminders.without_lacking(record, rows)
    if keep:
        given.sure(day)
        rows, lacking, paths = reminders.remind(place, day, named(who), now, customer)
        for path in paths:
            note(str(path))
    given.show(rows, "reminders")
    for why in lacking:
        note(f"lacking: {why}")
    if lacking:
        raise typer.Exit(NEEDS_A_PERSON)


@receivables.command(
    "debit",
    epilog=example(
        "rebill receivables debit --as-of 2026-04-10",
        "rebill receivables debit --as-of 2026-04-10 --keep -o debits.ach",
        "rebill receivables debit --again 2026-04-10-A -o debits.ach",
    ),
)
def receivables_debit(
    *,
    customer: Customer = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Put them on record and write their Nacha file.")
    ] = False,
    again: Annotated[
        str | None, typer.Option("--again", metavar="FILE", help="Write a kept file once more.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to; else the outbox."),
    ] = None,
    given: Keeping,
) -> None:
    """List who is debited with what; with --keep, make the file.

    Debited are customers who agreed, for invoices that are due by the day it settles, each once; an
    account that is new gets a prenote first. Without --keep nothing is changed and nothing written:
    a file that is not on record must not reach a bank.
    """
    from rebill.paper.text import note
    from rebill.receivables import debit_file
    from rebill.workspace.settings import ConfigError

    if out is not None and out.is_dir():
        raise ConfigError(f"{out} is a folder; name a file in it")
    if again is not None:
        _write_again(given, again, out)
        return
    if out is not None and not keep:
        raise ConfigError("a file that is not on record must not reach a bank: add --keep")
    place = given.place()
    with given.reading() as record:
        day = _day(given, record)
        customer = _meant(record, customer)
        found = debit_file.propose(record, day, customer)
    if keep:
        given.sure(day)
        found, _ = debit_file.keep(place, day, now, customer)
    parts = {"debits": debit_file.listed(found.entries), "left_out": found.left_out}
    if str(out) != DASH:  # what is written there is for the bank, and nothing else
        given.show_parts(parts, debits="debits of customers", left_out="invoices left out")
    if not given.json:
        total = found.entries["amount"].sum()
        note(f"{found.entries.height} entries of {total} settle on {found.settles_on}")
    if keep and not _write_waiting(given, day, out):
        note("nothing is to be debited: no file is made")


def _write_waiting(given: GivenDay, day: dt.date, out: Path | None) -> bool:
    """Leave the files of debits that wait, and say where: that of the day where it is asked for.

    Return whether there was any: one made just now, or by a command that was cut off.
    """
    from rebill.receivables import debit_file

    with given.reading() as record:
        names = debit_file.waiting(record)
    own = [name for name in names if name.startswith(f"{day}-")][-1:]

    def leave(name: str, text: str) -> None:
        _leave(given, name, text, out if name in own else None)

    return bool(names) and bool(debit_file.hand_over(given.place(), leave))


def _write_again(given: GivenDay, typed: str, out: Path | None) -> None:
    """Leave a file of debits that is on record, and say where."""
    from rebill.receivables import debit_file

    name = typed.upper()
    with given.reading() as record:
        text = debit_file.content(record, name)
        waits = name in debit_file.waiting(record)
    if waits:
        debit_file.hand_over(
            given.place(), lambda kept, text: _leave(given, kept, text, out), only=name
        )
    else:
        _leave(given, name, text, out)


def _leave(given: GivenDay, name: str, text: str, out: Path | None) -> None:
    """Leave a file of debits where it is asked for, else in the outbox, and say where."""
    from rebill.paper.text import note

    path = out or given.place().outbox / "debits" / f"{name}.ach"
    put(text, path)
    sys.stdout.flush()  # a reader that is gone has no file: it waits on
    note(
        f"{path}: give it to the bank once; `rebill receivables debit --again {name}` writes it"
        " once more"
    )


def _meant(record: Record, customer: str | None) -> str | None:
    """Return the id of the customer that is meant."""
    from rebill.inquiry import known_ids

    return None if customer is None else known_ids.customers(record, [customer])[0]


@receivables.command("returns", epilog=example("rebill receivables returns --as-of 2026-04-20"))
def receivables_returns(given: ListedDay) -> None:
    """List debits that came back, and what to do about each.

    The bank's file of returns is read by `rebill cash import` or from the inbox.
    """
    from rebill.receivables import debits

    with given.reading() as record:
        given.show(debits.news(record, _day(given, record)), "debits that came back")
