"""How orders stand: listed, one shown, and events of orders nobody knows."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import example, orders
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.options import GivenDay, ListedDay

if TYPE_CHECKING:
    from rebill.store.record import Record

Order = Annotated[str, typer.Argument(metavar="ORDER")]


def _day(given: GivenDay, record: Record) -> dt.date:
    """Return the day that is asked for, else that of the last night."""
    from rebill.workspace.settings import ConfigError

    day = given.day(record)
    if day is None:
        raise ConfigError("nothing is on record yet: give --as-of")
    return day


@orders.command(
    "list",
    epilog=example(
        "rebill orders list --as-of 2026-03-31",
        "rebill orders list --late --carrier ILEC --as-of 2026-03-31",
        "rebill orders list --state jeopardy --as-of 2026-03-31",
    ),
)
def orders_list(
    *,
    late: Annotated[
        bool, typer.Option("--late", help="Only what is not installed and past its date.")
    ] = False,
    agent: Annotated[str | None, typer.Option("--agent", help="Only of this agent.")] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="CUSTOMER", help="Only of this customer.")
    ] = None,
    carrier: Annotated[str | None, typer.Option("--carrier", help="Only of this carrier.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only in this state, as confirmed or missed.")
    ] = None,
    given: ListedDay,
) -> None:
    """List orders with their state, the latest first.

    Beside each stands its due date, how late it is, and when it bills first.
    """
    import polars as pl

    from invoices.order_words import EVENTS
    from rebill.cli.lists.filters import known, narrowed, of_customer, with_names
    from rebill.orders.order_status import order_status
    from reconcile.orders.fold import DONE, OVER

    wanted = known("--state", state, ("planned", "missed", *EVENTS))
    with given.reading() as record:
        named = with_names(record, order_status(record, _day(given, record)))
        rows = of_customer(named, customer, record).drop("name")
    rows = narrowed(rows.lazy(), agent=agent, carrier=carrier, state=wanted).collect()
    if late:
        open_now = pl.coalesce("installed_on", "completed_on").is_null()
        over = pl.col("state").is_in([*OVER, *DONE])
        rows = rows.filter(open_now, ~over, pl.col("late_days") > 0)
    rows = rows.sort("late_days", "order_no", descending=[True, False], nulls_last=True)
    given.show(rows, "orders")


@orders.command("show", epilog=example("rebill orders show N-1001 --as-of 2026-03-31"))
def orders_show(order: Order, *, given: ListedDay) -> None:
    """Show the time line of an order.

    It may be named by its number or by our purchase order number.
    """
    from rebill.orders.order_status import order_status
    from rebill.orders.order_story import known_order, order_story

    with given.reading() as record:
        day, number = _day(given, record), known_order(record, order)
        story = order_story(record, number, day)
        head = order_status(record, day).filter(order_no=number)
    if given.plain():
        given.show_parts({"order": head, "time line": story}, parts="time line")
    else:
        given.show(story, "time line")


@orders.command("strangers", epilog=example("rebill orders strangers"))
def orders_strangers(*, given: ListedDay) -> None:
    """List events that name no order we know.

    They are kept, and count once the order is loaded. Exit 1 where there are any.
    """
    import polars as pl

    from rebill.reference.current import table_of
    from reconcile.orders.fold import named

    with given.reading() as record:
        told = named(table_of(record, "order_heads"), table_of(record, "order_events"))
    rows = told.filter(pl.col("of").is_null()).drop("of", "row_id").sort("at", "order_no", "pon")
    given.show(rows, "events of unknown orders")
    if rows.height:
        raise typer.Exit(NEEDS_A_PERSON)
