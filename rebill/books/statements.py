"""Statements of commissions: built from the record, kept, and written for their payees.

A draft statement is made anew by every build; a final one never changes, and what changes of its
month afterwards stands in the next month's statement as late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import sqlalchemy as sa

from invoices.periods import month_of
from invoices.schema import CENTS
from rebill import __version__
from rebill.books.recovered import BILLS, recovered
from rebill.paper.text import as_text
from rebill.pricing.customer_lines import OWN_TAXES
from rebill.pricing.earning.commissions import (
    EARNED,
    PAID,
    READ,
    RULES,
    deal_view,
)
from rebill.pricing.earning.months import Months, months_of
from rebill.pricing.shares.explained import explained
from rebill.pricing.shares.turns import Before, said_before
from rebill.reference import current
from rebill.store import (
    finish_run,
    insert_frame,
    live_bulk,
    read_table,
    start_run,
    supersede,
    write_bulk,
)
from rebill.store.models_earning import CommissionStatement
from rebill.store.record import Record, changing
from rebill.workspace.settings import ConfigError, Workspace

COMMISSIONS = "commissions"
STATED = pl.Schema({**EARNED, "late": pl.Boolean()})
"""Rows of statements as they are kept; `month` is the statement's."""


def statements(record: Record) -> pl.DataFrame:
    """Return every statement: month, payee, amount, lines, status; by month and payee."""
    rows = read_table(record.connection, CommissionStatement).drop("run_id")
    return rows.sort("month", "payee")


def statement_rows(record: Record, months: list[str] | None = None) -> pl.LazyFrame:
    """Return the rows of statements (`STATED`)."""
    return record.scan(COMMISSIONS, STATED, months).select(STATED.names())


def rules(record: Record) -> pl.DataFrame:
    """Return the rules of commissions in force now or once (`RULES`)."""
    table = current.current_frame(record.workspace, record.connection, "commissions")
    return table.select(RULES.names()).collect()


def earned_so_far(record: Record, before: Before | None = None) -> pl.DataFrame:
    """Return all that is earned as far as the record knows today (`EARNED`)."""
    months = earned_by_month(record, before or Before())
    return pl.concat([EARNED.to_frame(), *(months.earned(month) for month in months)])


def earned_by_month(record: Record, before: Before) -> Months:
    """Return what is earned as far as the record knows today, month by month.

    `before` is what final statements said, whose odd cents stay where they are.
    """
    bills = record.customer_invoices().filter(pl.col("status") != "void")
    known = rules(record)
    back = recovered(record, known)
    bills = pl.concat([bills.select(BILLS.names()), back.bills])

    def lines_of(invoices: pl.DataFrame) -> pl.LazyFrame:
        sold = record.customer_lines(invoices["bill_month"].unique().to_list()).select(READ)
        return pl.concat([sold, back.lines.lazy()]) if back.lines.height else sold

    return months_of(lines_of, bills if known.height else bills.clear(), known, before)


def build(
    workspace: Workspace, month: str, final: bool, as_of: dt.date | None, now: Callable[[], str]
) -> pl.DataFrame:
    """Leave the statements of a month on record, and return them.

    Raises ConfigError where those of the month are final, and for a final build while an invoice
    of the month is a draft.
    """
    with changing(workspace) as record:
        connection = record.connection
        before = statements(record)
        _can_be_built(record, before, month, final)
        load = current.load_version(connection) or None
        run_id = start_run(
            connection, "commissions build", as_of, __version__, now(), load, hand=workspace.hand
        )
        done = before.filter(status="final")["month"].unique().sort().to_list()
        earlier = [each for each in done if each < month]
        kept = statement_rows(record, done).collect() if done else STATED.to_frame()
        # What a final statement said late is of an earlier month: all of it counts together.
        said = kept.filter(pl.col("month").is_in(earlier)).drop("late")
        rows = earned_by_month(record, said_before(kept)).stated(month, said, earlier)
        _keep(record, rows, month, "final" if final else "draft", run_id)
        finish_run(connection, run_id, "done", {"commission rows": rows.height}, {}, now())
        return statements(record).filter(month=month)


def _can_be_built(record: Record, before: pl.DataFrame, month: str, final: bool) -> None:
    if before.filter(month=month, status="final").height:
        raise ConfigError(
            f"the statements of {month} are final; what changed since stands in the next month's"
        )
    drafts = record.customer_invoices().filter(
        pl.col("status") == "draft", month_of("bill_date") == month
    )
    if final and drafts.height:
        raise ConfigError(
            f"{drafts.height} invoices dated in {month} are drafts, the first"
            f" {drafts['invoice_no'].to_list()[0]}; issue or void them before statements are final"
        )


def _keep(record: Record, rows: pl.DataFrame, month: str, status: str, run_id: int) -> None:
    connection = record.connection
    live = live_bulk(connection, COMMISSIONS, months=[month])
    supersede(connection, live["id"].to_list(), run_id)
    connection.execute(sa.delete(CommissionStatement).where(CommissionStatement.month == month))
    if rows.is_empty():
        return
    write_bulk(
        record.workspace,
        connection,
        COMMISSIONS,
        rows.with_columns(carrier=pl.lit(None, dtype=pl.String)),
        run_id,
        month=pl.col("month"),
    )
    sums = rows.group_by("month", "payee").agg(
        pl.col("amount").sum().cast(CENTS), lines=pl.len().cast(pl.Int64)
    )
    insert_frame(
        connection,
        CommissionStatement,
        sums.with_columns(status=pl.lit(status), run_id=pl.lit(run_id, dtype=pl.Int64)),
    )


# --- what people see ------------------------------------------------------------------------------


def by_invoice(record: Record, rows: pl.DataFrame) -> pl.DataFrame:
    """Return what statement rows come to by invoice, and how it foots with the invoice.

    Columns payee, invoice_no, customer, bill_date, total (of the invoice), commissionable (of it
    what earns a commission), commission. Of what a carrier gave back the total is all that was
    credited, commissionable what of it is verified line by line.
    """
    names = ("invoice_no", "bill_date", "total", "bill_month")
    back = recovered(record, rules(record))
    bills = pl.concat([record.customer_invoices().select(names), back.bills.select(names)])
    asked = bills.join(rows.select("invoice_no").unique(), on="invoice_no", how="semi")
    lines = record.customer_lines(asked["bill_month"].unique().to_list()).filter(_pays())
    priced = pl.concat([each.select("invoice_no", "price") for each in (lines, back.lines.lazy())])
    able = priced.group_by("invoice_no").agg(commissionable=pl.col("price").sum().cast(CENTS))
    return (
        rows.group_by("payee", "invoice_no")
        .agg(pl.col("customer").first(), commission=pl.col("amount").sum().cast(CENTS))
        .join(asked, on="invoice_no", how="left")
        .join(able.collect(), on="invoice_no", how="left")
        .select(
            *("payee", "invoice_no", "customer", "bill_date", "total", "commissionable"),
            "commission",
        )
        .sort("payee", "bill_date", "invoice_no")
    )


def _pays() -> pl.Expr:
    """Return whether a line is a charge that commissions are paid of."""
    own_tax = pl.col("kind").fill_null("").is_in(OWN_TAXES)
    return pl.col("charge_class").is_in(PAID) & ~own_tax


def deals(record: Record, month: str | None, deal: str | None) -> pl.DataFrame:
    """Return what every party of deals earns and what is left to us (`deal_view`)."""
    rows = statement_rows(record, None if month is None else [month]).collect()
    if deal is not None:
        rows = rows.filter(deal=deal)
    if rows.is_empty():
        return deal_view(rows, pl.DataFrame(schema=_TOUCHED))
    dates = record.customer_invoices().select("invoice_no", month=month_of("bill_date"))
    lines = record.customer_lines().join(dates.lazy(), on="invoice_no").filter(_pays())
    given = recovered(record, rules(record)).lines.with_columns(month="bill_month")
    touched = [each.select(_TOUCHED.names()) for each in (lines, given.lazy())]
    return deal_view(rows, pl.concat(touched).collect())


def deal_parts(record: Record, month: str | None, deal: str | None) -> pl.DataFrame:
    """Return what each rule comes to on each invoice, who has which part of it, and who carries the
    odd cent (`rebill.pricing.shares.explained.PARTS`)."""
    rows = statement_rows(record).collect()
    if deal is not None:
        rows = rows.filter(deal=deal)
    bills = record.customer_invoices().filter(pl.col("kind") == "credit_note")
    parts = explained(rows, rules(record), bills.select("invoice_no", "corrects"))
    return parts if month is None else parts.filter(month=month)


def parts_of(parties: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Return the parties of deals (`deal_view`), each with its `parts` beside it, as a list."""
    key = ["deal", "month", "payee", "role"]
    told = [name for name in parts.columns if name not in key]
    own = as_text(parts).group_by(key, maintain_order=True).agg(parts=pl.struct(told))
    return parties.join(own, on=key, how="left", maintain_order="left")


_TOUCHED = pl.Schema(
    {
        "month": pl.String(),
        "invoice_no": pl.String(),
        "service": pl.String(),
        "price": CENTS,
        "cost": CENTS,
    }
)
