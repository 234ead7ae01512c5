"""The command that writes customer invoices as documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.base import (
    HERE,
    NEEDS_A_PERSON,
    Json,
    Month,
    Where,
    example,
    invoices,
    month_of,
    open_place,
)


@invoices.command(
    "render",
    epilog=example(
        "rebill invoices render --bill-month 2026-03",
        "rebill invoices render NORTHLINE-2026-000042 --format pdf,json -o out",
    ),
)
def invoices_render(
    numbers: Annotated[list[str] | None, typer.Argument(metavar="[INVOICE]...")] = None,
    bill_month: Month = None,
    form: Annotated[
        str, typer.Option("--format", metavar="pdf,html,csv,json,x12", help="What to write.")
    ] = "pdf",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where to; else the outbox."),
    ] = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Write invoices as PDF or page of their brand, as CSV, JSON or X12 811: some, or all."""
    import polars as pl

    from rebill.outbox.render import FORMS, chosen, render
    from rebill.paper.text import note, show
    from rebill.store.record import reading

    forms = ["x12" if each == "811" else each for each in form.lower().replace(" ", "").split(",")]
    for each in forms:
        if each not in FORMS:
            raise typer.BadParameter(f"{each!r} is no form; there are: {', '.join(FORMS)}")
    month = None if bill_month is None else month_of(bill_month)
    with reading(open_place(workspace)) as record:
        done = render(record, chosen(record, numbers or [], month), forms, out)
    for words in done.words:
        note(f"note: {words}")
    for fault in done.faults:
        note(f"error: {fault}")
    show(pl.DataFrame({"file": [str(path) for path in done.paths]}, {"file": pl.String}), json)
    if done.faults:
        raise typer.Exit(NEEDS_A_PERSON)
