"""The margin report: what was earned, with whom, on what, and where money is lost."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import polars as pl

from invoices.schema import columns_of
from rebill.paper.charts import Series, columns, ranked
from rebill.paper.page import render
from rebill.pricing.margin import (
    KEYS,
    SUMS,
    By,
    at_retail,
    earning,
    earns_nothing,
    sold_below_cost,
    summed,
)
from rebill.reference.current import current_frame
from rebill.store.record import Record

MOST = 50
"""Rows of a table on the page; the export has all."""
BARS = 12
"""Bars of a chart."""


@dataclass(frozen=True)
class Earned:
    """Customer lines with what they earn, and the audited lines behind them."""

    lines: pl.LazyFrame
    customer_lines: pl.LazyFrame
    audited: pl.LazyFrame

    def by(self, question: By) -> pl.DataFrame:
        """Return the margins by a question, with its keys in front."""
        return summed(self.lines, question)

    @cached_property
    def idle(self) -> pl.DataFrame:
        """The services that cost something and bring nothing."""
        return earns_nothing(self.audited, self.customer_lines)

    @cached_property
    def losses(self) -> pl.DataFrame:
        """The charges sold for less than they cost."""
        return sold_below_cost(self.lines)


def earned(record: Record, months: Collection[str] | None = None) -> Earned:
    """Return what the invoices of some bill months earn, drafts and issued ones, or of all."""
    lines, audited = record.customer_lines(months), record.audited(months)

    def table(name: str) -> pl.DataFrame:
        return current_frame(record.workspace, record.connection, name).collect()

    retail = at_retail(audited, table("customers"), table("retail_rates"))
    return Earned(earning(lines, retail), lines, audited)


def page(known: Earned, title: str) -> str:
    """Return the report as one self-contained page with its charts."""
    months, customers = known.by("month"), known.by("customer")
    products, carriers = known.by("product"), known.by("carrier")
    services = known.by("service").filter(pl.col("service").is_not_null())
    (total,) = known.by("total").to_dicts()
    return render(
        "margin.html.jinja",
        title=title,
        total=total,
        charts=[
            _over_months(months),
            _ranking("Margin by customer", customers, "customer"),
            _ranking("Margin by product", products, "product"),
            _ranking("Margin by carrier", carriers, "carrier"),
            _shares("Margin's share of the price, by product", products, "product"),
        ],
        tables=[
            _table("Customers", "customer", customers),
            _table("Products", "product", products),
            _table("Carriers", "carrier", carriers),
            _table("Months", "bill_month", months),
            _table("Services that earn least", "service", services),
        ],
        losses=known.losses.head(MOST).to_dicts(),
        loss=known.losses["margin"].sum() or Decimal(0),
        losses_count=known.losses.height,
        idle=known.idle.head(MOST).to_dicts(),
        idle_cost=known.idle["cost"].sum() or Decimal(0),
        idle_count=known.idle.height,
        most=MOST,
    )


def _table(title: str, key: str, sums: pl.DataFrame) -> dict[str, object]:
    """Return rows for the page: the first by key are months, all others the least margin first."""
    order = sums if key == "bill_month" else sums.sort("margin", key, nulls_last=True)
    rows = order.head(MOST).rename({key: "key"}).to_dicts()
    return {"title": title, "rows": rows, "count": sums.height}


def _over_months(months: pl.DataFrame) -> str:
    names = {"price": "Price", "cost": "Cost", "margin": "Margin"}
    series = [Series(words, months[name].to_list()) for name, words in names.items()]
    labels = [month or "(none)" for month in months["bill_month"]]
    return columns("Price, cost and margin by bill month", labels, series)


def _ranking(title: str, sums: pl.DataFrame, key: str) -> str:
    """Return the largest and, if there are more, what the others come to together."""
    order = sums.sort("margin", key, descending=[True, False], nulls_last=True)
    first, rest = order.head(BARS), order.slice(BARS)
    labels = [value or "(none)" for value in first[key]]
    values: list[Decimal | int | None] = first["margin"].to_list()
    if rest.height:
        labels.append(f"{rest.height} others")
        values.append(Decimal(rest["margin"].sum()))
    return ranked(title, labels, values)


def _shares(title: str, sums: pl.DataFrame, key: str) -> str:
    order = sums.sort("price", key, descending=[True, False], nulls_last=True).head(BARS)
    labels = [value or "(none)" for value in order[key]]
    return ranked(title, labels, order["share"].to_list(), unit="share")


MARGINS = pl.Schema({"by": pl.String(), "of": pl.String(), **SUMS})
"""All margins in one table: by what, of which."""


def margins(known: Earned) -> pl.DataFrame:
    """Return the margins by customer, service, product, carrier, month and in total (`MARGINS`)."""
    found = []
    for by in KEYS:
        if by == "line":
            continue
        key = pl.col(KEYS[by][0]) if KEYS[by] else pl.lit(None, dtype=pl.String)
        sums = known.by(by).with_columns(by=pl.lit(by), of=key)
        found.append(sums.select(columns_of(MARGINS)))
    return pl.concat(found).sort("by", "of", nulls_last=True)
