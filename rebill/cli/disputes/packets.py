"""The commands that hand disputes over: packets for a carrier, and the report of what was won."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import disputes, example, put
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.lists.endings import form_of
from rebill.cli.options import GivenDay, ListedDay

if TYPE_CHECKING:
    import polars as pl

    from rebill.disputes.packet.packet import Made
    from rebill.disputes.report import Report

FORMS = ("table", "csv", "json", "html")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which claims are handed over."""

    claim: Annotated[
        list[str] | None, typer.Option("--claim", metavar="N", help="The packet of this claim.")
    ] = None
    due: Annotated[bool, typer.Option("--due", help="Of the claims that are to be filed soon.")] = (
        False
    )
    carrier: Annotated[str | None, typer.Option("--carrier", help="Of this carrier's claims.")] = (
        None
    )
    late: Annotated[
        bool,
        typer.Option("--late", help="Also of claims whose window has closed; they are marked."),
    ] = False

    def check(self) -> None:
        """Refuse to choose by nothing, or by two things at once."""
        if not (self.claim or self.due or self.carrier):
            raise typer.BadParameter("say which: --claim N, --due or --carrier C")
        if self.claim and self.due:
            raise typer.BadParameter("--claim names claims; --due asks which are due")


@disputes.command(
    "packet",
    epilog=example(
        "rebill disputes packet --claim D-000001 -o packets",
        "rebill disputes packet --due --as-of 2026-03-31 -o packets",
    ),
)
def disputes_packet(
    out: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to.")],
    chosen: Chosen,
    *,
    form: Annotated[
        str | None,
        typer.Option("--form", metavar="NAME", help="Lay out by this form, not the contract's."),
    ] = None,
    given: GivenDay,
) -> None:
    """Write the papers a carrier needs for claims.

    A packet is a spreadsheet, a cover letter, and the carrier's upload as CSV. A letter without
    sender or address is not made; the rest is, and what to fill in is told. Exit 1: some packet was
    not made, or lacks what its form requires.
    """
    from rebill.disputes.packet.packet import choose, write_packets
    from rebill.inquiry import known_ids
    from rebill.workspace.one_writer import alone_in
    from rebill.workspace.settings import ConfigError

    chosen.check()
    numbers = given.meant(known_ids.claims, chosen.claim or ())
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; -o names a folder")
    late = chosen.late
    with alone_in(out, "disputes packet"), given.reading() as record:
        day = given.day(record)
        if day is None:
            raise ConfigError("packets need a day: give --as-of")
        carrier = known_ids.carrier(record, chosen.carrier)
        claims = choose(record, day, numbers, carrier, chosen.due, late)
        made = write_packets(record, claims, out, day, late=late, form=form)
    if made.faults and made.packets.is_empty():
        raise ConfigError("; ".join(made.faults))
    given.show(made.packets, "packets")
    if _lacking(made):
        raise typer.Exit(NEEDS_A_PERSON)


def _lacking(made: Made) -> bool:
    """Tell what was not made and what lacks something; return whether there is any."""
    from rebill.paper.text import note

    for fault in made.faults:
        note(f"not made: {fault}")
    incomplete = made.packets.drop_nulls("lacking")
    for name, words in incomplete.select("packet", "lacking").iter_rows():
        note(f"{name}: the form requires {words}; see [contact] in rebill.toml and the form")
    for words, some in made.packets.drop_nulls("unwritten").group_by(
        "unwritten", maintain_order=True
    ):
        note(f"no letter with {', '.join(some['packet'])}: fill in {words[0]}")
    return bool(made.faults or incomplete.height)


@disputes.command(
    "report",
    epilog=example(
        "rebill disputes report --as-of 2026-06-30",
        "rebill disputes report --by carrier,reason -o won.csv",
        "rebill disputes report -o won.html",
    ),
)
def disputes_report(
    *,
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
    given: ListedDay,
) -> None:
    """Tell what was won: filed, granted, denied, credited.

    And how fast, and how surely: a win rate comes with the interval it is known to, and few cases
    are said to be few.
    """
    from rebill.disputes.report import page, report
    from rebill.inquiry import known_ids
    from rebill.workspace.settings import ConfigError
    from reconcile.claims.outcomes import BY, outcomes

    keys = [key.strip() for key in by.split(",") if key.strip()]
    if not set(keys) <= set(BY):
        raise typer.BadParameter(f"--by names some of: {', '.join(BY)}")
    asked = form or ("json" if given.json else "csv" if given.csv else None)
    written = form_of(asked, given.out, FORMS)
    with given.reading() as record:
        day = given.day(record)
        if day is None:
            raise ConfigError("a report needs a day: give --as-of")
        told = report(record, day, known_ids.carrier(record, carrier))
    rows = outcomes(told.claims, keys).drop(key for key in BY if key not in keys)
    if written == "table":
        _show(told, rows, open_money, given)
        return
    listed = given.chosen(told.open if open_money else rows)
    text = page(told) if written == "html" else _written(listed, written)
    put(text.rstrip("\n") + "\n", given.out)


def _show(told: Report, rows: pl.DataFrame, open_money: bool, given: ListedDay) -> None:
    """Show outcomes, and below them the money still open; or that one alone."""
    if open_money:
        given.show(told.open, "open money")
    elif given.plain() and told.open.height:
        given.show_parts(
            {"outcomes": rows, "still open": told.open}, **{"still open": "open money"}
        )
    else:
        given.show(rows, "outcomes")


def _written(rows: pl.DataFrame, form: str) -> str:
    """Return rows as CSV or JSON."""
    from rebill.paper.text import as_json, safe_csv

    return safe_csv(rows) if form == "csv" else as_json(rows)
