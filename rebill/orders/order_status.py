"""How each order stands on a day: its state and dates, its first bill and its first invoice."""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.periods import month_of
from invoices.schema import among, columns_of
from rebill.pricing.earning.commissions import METHODS, OF_RECOVERED, RULE, RULES, fitting
from rebill.reference.current import table_of
from rebill.store.models import Document
from rebill.store.record import Record
from reconcile.orders import first_bills
from reconcile.orders.first_bills import ACCOUNT
from reconcile.orders.fold import fold
from reconcile.orders.jeopardy import with_words

ORDER_STATUS = pl.Schema(
    {
        "order_no": pl.String(),
        "carrier": pl.String(),
        "customer": pl.String(),
        "agent": pl.String(),
        "kind": pl.String(),
        "state": pl.String(),
        "since": pl.Date(),
        "submitted_on": pl.Date(),
        "wanted_on": pl.Date(),
        "confirmed_on": pl.Date(),
        "due_on": pl.Date(),
        "slips": pl.Int64(),
        "late_days": pl.Int64(),
        "jeopardy_code": pl.String(),
        "jeopardy_words": pl.String(),
        "jeopardy_fault": pl.String(),
        "loop_accepted_on": pl.Date(),
        "installed_on": pl.Date(),
        "completed_on": pl.Date(),
        "first_bill_expected_on": pl.Date(),
        "first_bill_seen_on": pl.Date(),
        "first_invoice_no": pl.String(),
        "first_commission_month": pl.String(),
        "ban": pl.String(),
        "circuit_id": pl.String(),
        "wtn": pl.String(),
        "last_event_on": pl.Date(),
    }
)
COMES = ("new", "change", "move")
"""The kinds of orders after which something bills."""
CHARGED = ("recurring", "prorated")
"""The charge classes that show that a service bills."""


def order_status(record: Record, as_of: dt.date) -> pl.DataFrame:
    """Return how each order stands on a day (`ORDER_STATUS`), by order."""
    heads = table_of(record, "order_heads")
    if heads.is_empty():
        return ORDER_STATUS.to_frame()
    folded = fold(heads, table_of(record, "order_events"), as_of)
    facts = heads.select("order_no", "carrier", "customer", "agent", "kind", "wanted_on", of="ban")
    orders = facts.join(folded, on="order_no", maintain_order="left")
    services = _services_of(record, orders)
    first = services.unique("order_no", keep="first", maintain_order=True)
    homes = first.select("order_no", at_home="ban", whose="customer_of")
    orders = orders.join(homes, on="order_no", how="left", maintain_order="left").with_columns(
        ban=pl.coalesce("ban", "of", "at_home"), customer=pl.coalesce("customer", "whose")
    )
    lines = _lines(record, services, as_of)
    told = _with_bills(record, orders, services, lines, as_of)
    invoiced = _first_invoices(record, services, lines, told, as_of)
    told = told.join(invoiced, on="order_no", how="left", maintain_order="left")
    paid = _first_commissions(record, told, services)
    told = told.join(paid, on="order_no", how="left", maintain_order="left")
    return with_words(told).select(columns_of(ORDER_STATUS)).sort("order_no")


def _services_of(record: Record, orders: pl.DataFrame) -> pl.DataFrame:
    """Return the services that orders add or change, and whose and where they are."""
    items = table_of(record, "order_items").filter(pl.col("action") != "remove")
    known = table_of(record, "services").select(
        "service", "ban", "product", customer_of="customer", installed="installed_on"
    )
    dates = orders.select("order_no", "installed_on", "submitted_on", "customer")
    return (
        items.select("order_no", "service")
        .unique()
        .sort("order_no", "service")
        .join(dates, on="order_no", maintain_order="left")
        .join(known, on="service", how="left", maintain_order="left")
        .with_columns(customer=pl.coalesce("customer_of", "customer"))
    )


def _lines(record: Record, services: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return the charges of services month by month on bills up to a day."""
    return (
        record.audited()
        .filter(
            among("service", services["service"].unique()),
            pl.col("charge_class").is_in(CHARGED),
            pl.col("amount") > 0,
            pl.col("bill_date") <= as_of,
        )
        .select("line_id", "service", "bill_date", "order_no", "period_until")
        .collect()
    )


def _with_bills(
    record: Record,
    orders: pl.DataFrame,
    services: pl.DataFrame,
    lines: pl.DataFrame,
    as_of: dt.date,
) -> pl.DataFrame:
    """Return orders with the bill on which each was seen first, and is expected."""
    bills = record.documents(Document.status == "loaded", Document.bill_date <= as_of)
    days = first_bills.bill_days(bills.select(*ACCOUNT, "bill_date"))
    seen = first_bills.first_seen(services, lines)
    told = orders.join(seen, on="order_no", how="left", maintain_order="left")
    dated = first_bills.expected(told, days, first_bills.usual_lags(told, days))
    comes = pl.col("kind").is_in(COMES)
    return dated.with_columns(first_bill_expected_on=pl.when(comes).then("first_bill_expected_on"))


def _first_invoices(
    record: Record,
    services: pl.DataFrame,
    lines: pl.DataFrame,
    orders: pl.DataFrame,
    as_of: dt.date,
) -> pl.DataFrame:
    """Return the first invoice that charges a line of each order's bills: order_no,
    first_invoice_no, invoice_month."""
    seen = orders.filter(pl.col("first_bill_seen_on").is_not_null())
    asked = services.join(seen.select("order_no", "first_bill_seen_on"), on="order_no")
    own = asked.join(lines.drop("order_no"), on="service").filter(
        pl.col("bill_date") >= pl.col("first_bill_seen_on")
    )
    charged = (
        record.customer_lines()
        .select("invoice_no", "line_id")
        .filter(among("line_id", own["line_id"].unique()))
    )
    bills = record.customer_invoices().filter(
        pl.col("status") != "void", pl.col("kind") == "invoice", pl.col("bill_date") <= as_of
    )
    met = own.select("order_no", "line_id").join(charged.unique().collect(), on="line_id")
    dated = met.join(bills.select("invoice_no", on="bill_date"), on="invoice_no")
    return (
        dated.sort("on", "invoice_no")
        .group_by("order_no", maintain_order=True)
        .agg(first_invoice_no=pl.col("invoice_no").first(), on=pl.col("on").first())
        .select("order_no", "first_invoice_no", invoice_month=month_of("on"))
    )


def _first_commissions(
    record: Record, orders: pl.DataFrame, services: pl.DataFrame
) -> pl.DataFrame:
    """Return the month in which the agent of each order is first paid: order_no,
    first_commission_month.

    It is that of the invoice, else of the bill that is expected, if a rule pays the agent then.
    """
    known = table_of(record, "commissions").select(RULES.names())
    month = pl.coalesce("invoice_month", month_of("first_bill_expected_on"))
    day = pl.coalesce("first_bill_seen_on", "first_bill_expected_on")
    asked = orders.with_columns(month=month, day=day).select("order_no", "agent", "month", "day")
    dated = services.join(
        asked.filter(pl.col("day").is_not_null(), pl.col("agent").is_not_null()), on="order_no"
    )
    methods = [name for name in METHODS if name != OF_RECOVERED]
    fits = fitting(dated.select("customer", "service", "product", "day"), known, methods)
    payees = known.select("payee", rule=pl.col("row_id").min().over(RULE))
    asks = dated.select("order_no", "agent", "month").with_row_index("at")
    return (
        fits.select(pl.col("at").cast(asks.schema["at"]), "rule")
        .join(asks, on="at")
        .join(payees, on="rule")
        .filter(pl.col("payee") == pl.col("agent"))
        .group_by("order_no")
        .agg(first_commission_month=pl.col("month").min())
    )
