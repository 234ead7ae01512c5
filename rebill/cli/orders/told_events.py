"""What a person tells of an order."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from rebill.cli.base import example, now, orders
from rebill.cli.options import GivenDay, Who, day_from

Order = Annotated[str, typer.Argument(metavar="ORDER")]


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
    from rebill.cli.lists.filters import known
    from rebill.orders.order_story import known_order
    from rebill.orders.told_by_hand import tell
    from rebill.paper.text import say
    from rebill.store.record import changing
    from reconcile.orders.fold import EVENTS

    word = known("EVENT", event, EVENTS)
    assert word is not None
    with changing(given.place(), "orders event") as record:
        number = known_order(record, order)
        said = {"due_on": due, "code": code, "ban": ban, "circuit_id": circuit, "wtn": wtn}
        done = tell(record, number, on, word, now(), **said, note=text, who=who)
    say(f"{number}: {word} on {on}" if done.load_id else f"{number}: that was told already")
