"""The commands that say what was earned, and what would have to be charged."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from rebill.cli.base import example, margin, put
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.lists.endings import form_of
from rebill.cli.lists.filters import with_names
from rebill.cli.options import Listed, ListedDay, Month

if TYPE_CHECKING:
    from rebill.store.record import Record


Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="table|csv|html|json",
        help="How it is shown; else as the file's name ends, else as a table.",
    ),
]


@margin.command(
    "report",
    epilog=example(
        "rebill margin report --by product --bill-month 2026-03",
        "rebill margin report --format html -o margin.html",
    ),
)
def margin_report(
    *,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="customer|service|product|carrier|month|line", help="What to add up by."
        ),
    ] = "customer",
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            metavar="losses|idle",
            help="Charges sold below cost; services earning nothing.",
        ),
    ] = None,
    bill_month: Month = None,
    form: Form = None,
    given: Listed,
) -> None:
    """Show cost, price and margin, and what is sold below cost.

    And how far each price is from the carrier's own retail rate.
    """
    from rebill.books.margin_report import earned, page
    from rebill.paper.text import as_json, strict_csv
    from rebill.pricing.margin import KEYS, By

    _one_of("--by", by, tuple(KEYS))
    asked = form or ("json" if given.json else "csv" if given.csv else None)
    form = form_of(asked, given.out, ("table", "csv", "html", "json", "parquet"))
    if only is not None:
        _one_of("--only", only, ("losses", "idle"))
    months = None if bill_month is None else [bill_month]
    with given.reading() as record:
        known = earned(record, months)
        if form == "html":
            put(page(known, f"Margin of {bill_month or 'all months'}"), given.out)
            return
        rows = known.by(cast(By, by)) if only is None else getattr(known, only)
        people = with_names(record, rows) if "customer" in rows.columns else rows
    if form == "csv":
        put(strict_csv(given.chosen(rows)), given.out)
    elif form == "json":
        put(as_json(given.chosen(rows)) + "\n", given.out)
    else:
        given.show(rows, "margins", people)


@margin.command(
    "quote",
    epilog=example(
        "rebill margin quote --target 0.25",
        "rebill margin quote --product business-line --bill-month 2026-03",
    ),
)
def margin_quote(
    *,
    customer: Annotated[str | None, typer.Option("--customer", help="Only this customer.")] = None,
    product: Annotated[str | None, typer.Option("--product", help="Only this product.")] = None,
    target: Annotated[
        Decimal | None,
        typer.Option("--target", metavar="SHARE", help="The margin's share of the price, as 0.25."),
    ] = None,
    bill_month: Month = None,
    given: ListedDay,
) -> None:
    """Say which markup leaves the margin that is asked for.

    The margin is what is left after the cost to serve; it is said whether the price stays below the
    carrier's retail rate.
    """
    import polars as pl

    from rebill.books.margin_report import earned
    from rebill.inquiry import known_ids
    from rebill.paper.text import note
    from rebill.pricing.quote import quote
    from rebill.reference.current import current_frame
    from rebill.workspace.settings import ConfigError

    if target is not None and not (0 <= target < 1 and target == round(target, 6)):
        raise typer.BadParameter(f"{target} is no share; write 0.25 for a quarter of the price")
    with given.reading() as record:
        month = bill_month or _last_month(record)
        lines = earned(record, [month]).lines
        customer = known_ids.customer(record, customer)
        for name, value in (("customer", customer), ("product", product)):
            if value is not None:
                lines = lines.filter(pl.col(name) == value)
        day = given.as_of or dt.date.fromisoformat(f"{month}-01")
        table = current_frame(record.workspace, record.connection, "cost_to_serve").collect()
        by: Literal["customer", "product"] = "product" if product and not customer else "customer"
        rows, missing = quote(lines, table, by, target, day)
    for words in missing:
        note(f"error: {words}")
    if rows.is_empty() and not missing:
        raise ConfigError(f"nothing of that was invoiced in {month}; name another --bill-month")
    if rows.height or not missing or not given.plain():
        given.show(rows, "quotes")
    if missing:
        raise typer.Exit(NEEDS_A_PERSON)


def _last_month(record: Record) -> str:
    """Return the last bill month that has invoices."""
    from rebill.workspace.settings import ConfigError

    last = record.customer_invoices()["bill_month"].max()
    if last is None:
        raise ConfigError("there is no invoice yet; build some with `rebill invoices build`")
    return str(last)


def _one_of(option: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise typer.BadParameter(f"{given!r} is none for {option}; there are: {', '.join(known)}")
