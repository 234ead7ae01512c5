"""The commands that hand disputes over: packets for a carrier, and the report of what was won."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli_base import (
    HERE,
    NEEDS_A_PERSON,
    AsOf,
    Json,
    Where,
    disputes,
    example,
    open_place,
)


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
    from rebill import batch
    from rebill.packets import choose, write_packets
    from rebill.settings import ConfigError
    from rebill.views import note, show

    if not (claim or due or carrier):
        raise typer.BadParameter("say which: --claim N, --due or --carrier C")
    if claim and due:
        raise typer.BadParameter("--claim names claims; --due asks which are due")
    place = open_place(workspace)
    with batch.reading(place) as record:
        day = as_of or record.last_as_of()
        if day is None:
            raise ConfigError("packets need a day: give --as-of")
        claims = choose(record, day, claim or (), carrier, due)
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
