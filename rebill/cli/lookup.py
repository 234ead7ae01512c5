"""The commands that show what is on record."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from rebill.cli.base import (
    NEEDS_A_PERSON,
    WRONG_USAGE,
    app,
    bills,
    csr,
    example,
    known_profile,
    put,
)
from rebill.cli.options import (
    HERE,
    AsOf,
    CsvOut,
    Given,
    GivenDay,
    Month,
    Paths,
    Profile,
    Where,
    open_place,
)


@app.command(epilog=example("rebill export findings --bill-month 2026-03 -o findings.csv"))
def export(
    tables: Annotated[list[str], typer.Argument(metavar="TABLE...")],
    bill_month: Month = None,
    form: Annotated[
        str, typer.Option("--format", metavar="csv|parquet|json", help="How it is written.")
    ] = "csv",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to; a folder for several."),
    ] = None,
    as_of: AsOf = None,
    workspace: Where = HERE,
) -> None:
    """Write tables of the record: documents, lines, findings, claims, invoices, cash."""
    from typing import cast

    from rebill.inquiry.export import Format, table_frame, write
    from rebill.inquiry.tables import TABLES
    from rebill.store.record import reading

    for name in tables:
        if name not in TABLES:
            raise typer.BadParameter(f"{name!r} is no table; there are: {', '.join(TABLES)}")
    if form not in ("csv", "parquet", "json"):
        raise typer.BadParameter(f"{form!r} is no format; there are: csv, parquet, json")
    if len(tables) > 1 and out is None:
        raise typer.BadParameter("several tables need -o FOLDER")
    months, kind = None if bill_month is None else [bill_month], cast(Format, form)
    with _places(tables, form, out) as places, reading(open_place(workspace)) as record:
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
    from rebill.workspace.write import in_place_of

    if out is None:
        yield lambda name: nullcontext(sys.stdout.buffer)
        return
    if len(tables) > 1 and out.is_file():
        raise ConfigError(f"{out} is a file; several tables need a folder")
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
def bills_compare(*, bill_month: Month = None, given: Given) -> None:
    """Compare each bill with the one before it, charge class by charge class."""
    from invoices.periods import month_of
    from reconcile.audit.bill_series import compare

    with given.reading() as record:
        rows = compare(record.documents(), record.totals())
    if bill_month:
        rows = rows.filter(month_of("bill_date") == bill_month)
    given.show(rows.drop("document_id"))


@app.command(epilog=example("rebill explain 3k5vq2ab7c-17"))
def explain(line_id: str, given: Given) -> None:
    """Tell the whole story of a line: row, match, rate and its rule, findings, claim, price."""
    from rebill.inquiry.explain import as_words, story

    with given.reading() as record:
        told = story(record, line_id)
    if given.json:
        from json import dumps

        print(dumps(told, default=str, indent=1))
    else:
        print(as_words(told))


@app.command(epilog=example("rebill describe bills/2026-03.csv"))
def describe(file: Path, *, profile: Profile = None, given: Given) -> None:
    """Say what a carrier or bank file is and says; nothing is stored, no workspace is needed."""
    from rebill.inquiry.describe import Reader, as_data, as_words, descriptions, known_at
    from rebill.paper.text import note
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
        print("\n\n".join(as_words(one) for one in told))


# --- customer service records ---------------------------------------------------------------------


@csr.callback()
def _records() -> None:
    """Customer service records of carriers: what they believe is on an account."""


@csr.command("diff", epilog=example("rebill csr diff 6145550100123.csr --as-of 2026-03-31"))
def csr_diff(
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
