"""The commands that show what is on record."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from rebill.cli.base import app, bills, csr, example, known_profile
from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.cli.lists.endings import form_of
from rebill.cli.lists.filters import EVERY, OfAccount
from rebill.cli.options import (
    HERE,
    AsOf,
    Given,
    Listed,
    ListedDay,
    Month,
    Paths,
    Profile,
    Where,
    open_place,
)
from rebill.cli.standard_input import DASH


@app.command(epilog=example("rebill export findings --bill-month 2026-03 -o findings.csv"))
def export(
    tables: Annotated[list[str], typer.Argument(metavar="TABLE...")],
    bill_month: Month = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="csv|parquet|json",
            help="How it is written; else as the file's name ends, else csv.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to; a folder for several."),
    ] = None,
    as_of: AsOf = None,
    workspace: Where = HERE,
) -> None:
    """Write tables of the record, for a spreadsheet or a program.

    Documents, lines, findings, claims, invoices, cash: `rebill help tables` names them and their
    columns. The file's name says the format (findings.parquet), or --format does.
    """
    from typing import cast, get_args

    from rebill.inquiry.export import Format, table_frame, write
    from rebill.inquiry.tables import TABLES
    from rebill.store.record import reading

    for name in tables:
        if name not in TABLES:
            raise typer.BadParameter(f"{name!r} is no table; there are: {', '.join(TABLES)}")
    kind = cast(Format, form_of(form, out if len(tables) == 1 else None, get_args(Format)))
    out = None if out == Path(DASH) else out
    if len(tables) > 1 and out is None:
        raise typer.BadParameter("several tables need -o FOLDER")
    months = None if bill_month is None else [bill_month]
    with _places(tables, kind, out) as places, reading(open_place(workspace)) as record:
        for name in tables:
            frame = table_frame(record, name, months, as_of)
            with places(name) as file:
                write(TABLES[name], frame, kind, file)


@contextmanager
def _places(
    tables: list[str], form: str, out: Path | None
) -> Iterator[Callable[[str], AbstractContextManager[BinaryIO]]]:
    """Give what gives the file of each table; what stood in its place stays until all are whole."""
    from rebill.paper.text import note
    from rebill.workspace.one_writer import all_at_once, alone_in
    from rebill.workspace.settings import ConfigError
    from rebill.workspace.write import handed_to, in_place_of, is_device

    if out is None:
        yield lambda name: nullcontext(sys.stdout.buffer)
        return
    if len(tables) > 1 and (out.is_file() or is_device(out)):
        raise ConfigError(f"{out} is a file; several tables need a folder")
    if is_device(out):
        yield lambda name: handed_to(out)
        return
    if len(tables) > 1 or out.is_dir():
        with all_at_once(out, "export") as staged:
            yield lambda name: in_place_of(staged / f"{name}.{form}")
        return
    with alone_in(out.parent, "export", shared=True):
        try:
            yield lambda name: in_place_of(out)
        except BaseException:
            note(f"{out}: not written, it is as it was before")
            raise


@bills.command("compare", epilog=example("rebill bills compare --bill-month 2026-03"))
def bills_compare(account: OfAccount = EVERY, *, bill_month: Month = None, given: Listed) -> None:
    """Compare each bill with the one before it, by kind of charge."""
    from invoices.periods import month_of
    from reconcile.audit.bill_series import compare

    with given.reading() as record:
        rows = compare(record.documents(), record.totals())
    if bill_month:
        rows = rows.filter(month_of("bill_date") == bill_month)
    given.show(account.of_account(rows).drop("document_id"), "bills")


@bills.command(
    "list",
    epilog=example(
        "rebill bills list --bill-month 2026-03", "rebill bills list --waiting --as-of 2026-03-31"
    ),
)
def bills_list(
    account: OfAccount = EVERY,
    *,
    bill_month: Month = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only those to be approved before their pull.")
    ] = False,
    given: ListedDay,
) -> None:
    """List what is pulled for each bill, and who approved it.

    And what of it is wrong. With --waiting, exit 1 where a bill is still to be approved.
    """
    from rebill.cash.bill_approvals import asked_for, bill_approvals
    from rebill.store.table_out import Asked
    from rebill.workspace.settings import ConfigError

    with given.reading() as record:
        day = given.day(record)
        if day is None:
            raise ConfigError("nothing is on record yet: rebill ingest, or a night, takes bills in")
        asked = Asked(record, None if bill_month is None else [bill_month])
        if waiting:
            rows = asked.of_bills(asked_for(record, day)).collect()
        else:
            rows = bill_approvals(asked, day)
            rows = rows.sort("debit_on", "carrier", "ban", "invoice_no", nulls_last=True)
    rows = account.of_account(rows)
    given.show(rows, "bills to be pulled")
    if waiting and rows.height:
        raise typer.Exit(NEEDS_A_PERSON)


@app.command(
    epilog=example(
        "rebill explain 3k5vq2ab7c-17",
        "rebill explain '614 555 0131'",
        "rebill explain NORTHLINE-2026-000001 17",
    )
)
def explain(what: Annotated[list[str], typer.Argument(metavar="WHAT...")], given: Given) -> None:
    """Tell the whole story of a line of a bill.

    Its row, the service it belongs to, the rate and the rule that chose it, findings, claim, price.

    WHAT is the id of a line or finding; the number of a customer or carrier invoice, or of a claim,
    and the number of a line of it; or a telephone number, circuit, service or order: of these the
    lines of the newest bill, or a list of them to choose from.
    """
    from rebill.inquiry.explain_which import called, explained
    from rebill.inquiry.explain_words import as_words
    from rebill.paper.text import say

    with given.reading() as record:
        told = explained(record, " ".join(what))
        names = called(record, told)
    if given.json:
        from json import dumps

        print(dumps(told, default=str, indent=1))
    else:
        say(as_words(told, names))


@app.command(epilog=example("rebill describe bills/2026-03.csv"))
def describe(
    file: Annotated[Path, typer.Argument(metavar="FILE")], *, profile: Profile = None, given: Given
) -> None:
    """Say what a carrier or bank file is and says; nothing is kept.

    No workspace is needed.
    """
    from rebill.inquiry.describe import Reader, as_data, as_words, descriptions, known_at
    from rebill.paper.text import note, say
    from rebill.workspace.profiles import profiles_at, unfinished_at
    from rebill.workspace.settings import SETTINGS_FILE, ConfigError, Settings

    if not file.is_file():
        raise ConfigError(f"{file}: there is no such file; check the path")
    workspace = given.workspace
    known_profile(profile, workspace)
    for draft in unfinished_at(workspace):
        note(f"warning: {draft}")
    place = given.place() if (workspace / SETTINGS_FILE).exists() else None
    settings = place.settings if place else Settings()
    told = descriptions(file, Reader(profile, settings, profiles_at(workspace), known_at(place)))
    if given.json:
        from json import dumps

        data = [as_data(one) for one in told]
        print(dumps(data[0] if len(data) == 1 else data, default=str, indent=1))
    else:
        say("\n\n".join(as_words(one) for one in told))


# --- customer service records ---------------------------------------------------------------------


@csr.command("diff", epilog=example("rebill csr diff 6145550100123.csr --as-of 2026-03-31"))
def csr_diff(
    paths: Paths,
    *,
    carrier: Annotated[
        str | None, typer.Option("--carrier", help="Whose record it is; else by the contract.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what agrees.")] = False,
    given: ListedDay,
) -> None:
    """Compare a carrier's records with our inventory and its last bill.

    Both directions are told: what it has and we lack, what we have and it lacks. Exit 1 where
    something differs.
    """
    import polars as pl

    from rebill.paper.text import note
    from rebill.reference.csr.inventory_difference import difference

    with given.reading() as record:
        rows, faults = difference(record, paths, carrier, given.as_of)
    for error in faults.listed:
        note(f"error: {error}")
    if faults.total:
        raise typer.Exit(WRONG_USAGE)
    shown = rows if every else rows.filter(pl.col("differs").is_not_null())
    given.show(shown, "differences to service records")
    if rows["differs"].count():
        raise typer.Exit(NEEDS_A_PERSON)
