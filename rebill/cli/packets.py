"""The commands that hand disputes over: packets for a carrier, and the report of what was won."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import HERE, NEEDS_A_PERSON, AsOf, Json, Where, disputes, example, open_place

if TYPE_CHECKING:
    import polars as pl

FORMS = ("table", "csv", "json", "html")


@disputes.command(
    "packet",
    epilog=example(
        "rebill disputes packet --claim D-000001 -o packets",
        "rebill disputes packet --due --as-of 2026-03-31 -o packets",
    ),
)
def disputes_packet(
    out: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to.")],
    claim: Annotated[
        list[str] | None, typer.Option("--claim", metavar="N", help="The packet of this claim.")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Of the claims that are to be filed soon.")
    ] = False,
    carrier: Annotated[
        str | None, typer.Option("--carrier", help="Of this carrier's claims.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--form", metavar="NAME", help="Lay out by this form, not the contract's."),
    ] = None,
    late: Annotated[
        bool,
        typer.Option("--late", help="Also of claims whose window has closed; they are marked."),
    ] = False,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Write the packet of claims: spreadsheet, cover letter, and the carrier's upload as CSV.

    Exit 1: some packet was not made, or lacks what its form requires; what and why is told.
    """
    from rebill.disputes.packet.packet import choose, write_packets
    from rebill.paper.text import note, show
    from rebill.store.record import reading
    from rebill.workspace.settings import ConfigError

    if not (claim or due or carrier):
        raise typer.BadParameter("say which: --claim N, --due or --carrier C")
    if claim and due:
        raise typer.BadParameter("--claim names claims; --due asks which are due")
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; -o names a folder")
    place = open_place(workspace)
    with reading(place) as record:
        day = as_of or record.last_as_of()
        if day is None:
            raise ConfigError("packets need a day: give --as-of")
        claims = choose(record, day, claim or (), carrier, due, late)
        made = write_packets(record, claims, out, day, late=late, form=form)
    if made.faults and made.packets.is_empty():
        raise ConfigError("; ".join(made.faults))
    show(made.packets, json)
    for fault in made.faults:
        note(f"not made: {fault}")
    incomplete = made.packets.drop_nulls("lacking")
    for name, words in incomplete.select("packet", "lacking").iter_rows():
        note(f"{name}: the form requires {words}; see [contact] in rebill.toml and the form")
    if made.faults or incomplete.height:
        raise typer.Exit(NEEDS_A_PERSON)


@disputes.command(
    "report",
    epilog=example(
        "rebill disputes report --as-of 2026-06-30",
        "rebill disputes report --by carrier,reason -o won.csv",
        "rebill disputes report -o won.html",
    ),
)
def disputes_report(
    by: Annotated[
        str,
        typer.Option("--by", metavar="KEYS", help="By carrier, reason, month, or some of them."),
    ] = "carrier,reason,month",
    carrier: Annotated[str | None, typer.Option("--carrier", help="Only this carrier.")] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="table|csv|json|html",
            help="How it is written; else as the file's name ends, or as a table.",
        ),
    ] = None,
    open_money: Annotated[
        bool, typer.Option("--open", help="The money still open by deadline, not the outcomes.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to.")
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Tell what was won: filed, granted, denied, expired, credited, how fast, and how surely.

    A win rate comes with the interval it is known to, and few cases are said to be few.
    """
    from rebill.disputes.report import page, report
    from rebill.store.record import reading
    from rebill.workspace.settings import ConfigError
    from rebill.workspace.write import write_atomic
    from reconcile.claims.outcomes import BY, outcomes

    keys = [key.strip() for key in by.split(",") if key.strip()]
    if not set(keys) <= set(BY):
        raise typer.BadParameter(f"--by names some of: {', '.join(BY)}")
    if form is None:
        named = out.suffix.lower().lstrip(".") if out is not None else ""
        form = "json" if json else named if named in FORMS else "table"
    if form not in FORMS:
        raise typer.BadParameter(f"{form!r} is no format; there are: {', '.join(FORMS)}")
    with reading(open_place(workspace)) as record:
        day = as_of or record.last_as_of()
        if day is None:
            raise ConfigError("a report needs a day: give --as-of")
        told = report(record, day, carrier)
    rows = outcomes(told.claims, keys)
    rows = rows.drop(key for key in BY if key not in keys)
    text = page(told) if form == "html" else _written(told.open if open_money else rows, form)
    if form == "table" and not open_money and told.open.height:
        text += "\n\n" + _written(told.open, form)
    if out is None:
        print(text.rstrip("\n"))
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(out, text if text.endswith("\n") else text + "\n")


def _written(rows: pl.DataFrame, form: str) -> str:
    """Return rows as a table for people, as CSV or as JSON."""
    from rebill.paper.text import as_json, as_table, as_text

    if form == "csv":
        return as_text(rows).write_csv()
    return as_json(rows) if form == "json" else as_table(rows)
