"""What a person tells of an order."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.base import example, now, orders
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.options import GivenDay, Listed, Who, day_from

Order = Annotated[str, typer.Argument(metavar="ORDER")]


@orders.command(
    "import",
    epilog=example(
        "rebill orders import SOACTVTY.DET --profile example-activity",
        "rebill orders import told/order_events.csv",
    ),
)
def orders_import(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    *,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="The profile to read them by.")
    ] = None,
    given: Listed,
) -> None:
    """Add the events of a carrier's order activity.

    A CSV file with the columns of the table order_events needs no profile. What was told before is
    not added again; an event of an order we do not know is kept. Exit 1 where rows or files cannot
    be read, or orders are unknown.
    """
    from rebill.cli.lists.shown import tell_aside
    from rebill.intake.order_files import keep, read
    from rebill.paper.text import note
    from rebill.store.record import changing

    place = given.place()
    told = read(place, files, profile)
    with changing(place, "orders import") as record:
        done, rows = keep(record, told, now())
    for error in done.errors:
        note(str(error))
    given.show(rows, "files of order activity")
    if tell_aside(told.set_aside) or done.errors or rows["unknown_orders"].sum():
        raise typer.Exit(NEEDS_A_PERSON)


@orders.command(
    "event",
    epilog=example(
        "rebill orders event N-1001 confirmed --on 2026-03-10 --due 2026-03-24",
        "rebill orders event N-1001 jeopardy --on 2026-03-20 --code 1A --who ana",
    ),
)
def orders_event(
    order: Order,
    event: Annotated[str, typer.Argument(metavar="EVENT")],
    *,
    on: Annotated[
        dt.date, typer.Option("--on", parser=day_from, metavar="DATE", help="When it happened.")
    ],
    due: Annotated[
        dt.date | None,
        typer.Option("--due", parser=day_from, metavar="DATE", help="The day it is due from now."),
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="Such as that of a jeopardy.")] = None,
    ban: Annotated[str | None, typer.Option("--ban", help="The account it tells of.")] = None,
    circuit: Annotated[
        str | None, typer.Option("--circuit", help="The circuit it tells of.")
    ] = None,
    wtn: Annotated[str | None, typer.Option("--wtn", help="The number it tells of.")] = None,
    text: Annotated[str | None, typer.Option("--note", help="In words.")] = None,
    who: Who = None,
    given: GivenDay,
) -> None:
    """Tell what happened to an order.

    Events are only ever added; the same again changes nothing. What was told wrongly is told again:
    the last one counts.
    """
    from invoices.order_words import EVENTS
    from rebill.cli.lists.filters import known
    from rebill.orders.order_story import known_order
    from rebill.orders.told_by_hand import tell
    from rebill.paper.text import say
    from rebill.store.record import changing
    from rebill.workspace.settings import ConfigError

    word = known("EVENT", event, EVENTS)
    assert word is not None
    place = given.place()
    who = who or place.hand.who
    with changing(place, "orders event") as record:
        number = known_order(record, order)
        said = {"due_on": due, "code": code, "ban": ban, "circuit_id": circuit, "wtn": wtn}
        done = tell(record, number, on, word, now(), **said, note=text, who=who)
    if done.errors:
        raise ConfigError("; ".join(map(str, done.errors)))
    say(f"{number}: {word} on {on}" if done.load_id else f"{number}: that was told already")
