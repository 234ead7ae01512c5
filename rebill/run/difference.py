"""What another audit of months changes, by cause: towards the carrier and towards customers.

Pure: the record before and after as frames in, tables for a person out. Money is dollars; before,
after and difference (after less before) foot in every table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, among, columns_of

CAUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("contract", ("contract", "rate_contract")),
    (
        "inventory",
        (
            *("service", "package", "inventory_circuit", "inventory_state", "inventory_zone"),
            *("term_months", "installed_on", "disconnected_on"),
        ),
    ),
    ("order", ("order_used",)),
    ("catalogue", ("kind", "family")),
    ("rate", ("buy_rate",)),
    ("billing terms", ("fraction_parts", "month_days")),
    ("units due", ("due_units", "due_unit_parts")),
    ("customer", ("customer", "product")),
)
"""Why a line is judged otherwise, the first that fits: what the audit knew of it that changed."""
OTHER = "other lines"
"""Nothing the audit knew of the line itself changed: another line, or a rule of the contract."""
WATCHED = tuple(dict.fromkeys(name for _, names in CAUSES for name in names))

BY_CAUSE = pl.Schema(
    {
        "side": pl.String(),  # carrier, customer
        "what": pl.String(),  # found, gone, changed; debit, credit
        "cause": pl.String(),  # of CAUSES, other lines, markup
        "code": pl.String(),  # of the finding; null towards customers
        "count": pl.Int64(),
        "before": CENTS,  # at stake, or the price
        "after": CENTS,
        "difference": CENTS,
    }
)
CLAIMS = pl.Schema(
    {
        "claim_no": pl.String(),
        "what": pl.String(),  # new, withdrawn, changed, marked
        "status": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "reason": pl.String(),
        "bill_month": pl.String(),
        "before": CENTS,
        "after": CENTS,
        "difference": CENTS,
    }
)
CUSTOMERS = pl.Schema(
    {
        "customer": pl.String(),
        "bill_month": pl.String(),
        "invoice_no": pl.String(),
        "status": pl.String(),
        "what": pl.String(),  # debit, credit
        "before": CENTS,
        "after": CENTS,
        "difference": CENTS,
    }
)


@dataclass(frozen=True)
class State:
    """The record at one moment: what an audit of the months may change."""

    lines: pl.LazyFrame  # AUDITED
    findings: pl.DataFrame  # KEPT_FINDINGS
    customer_lines: pl.LazyFrame  # CUSTOMER_LINES
    claims: pl.DataFrame


@dataclass(frozen=True)
class Difference:
    """What changes: by cause, by claim, by customer invoice."""

    causes: pl.DataFrame  # BY_CAUSE
    claims: pl.DataFrame  # CLAIMS
    customers: pl.DataFrame  # CUSTOMERS

    def __bool__(self) -> bool:
        return any(frame.height for frame in (self.causes, self.claims, self.customers))


def difference(before: State, after: State, marked: pl.Series, bills: pl.DataFrame) -> Difference:
    """Return what changed from one state of the record to another.

    `marked` are the filed claims that were marked in between, `bills` the customer invoices, with
    customer, bill_month, invoice_no and status.
    """
    stakes = _stakes(before.findings, after.findings)
    prices = _prices(before.customer_lines, after.customer_lines)
    touched = pl.concat([stakes["line_id"], prices["line_id"]]).drop_nulls().unique()
    why = _why(before.lines, after.lines, touched)
    return Difference(
        pl.concat([_by_code(stakes, why), _by_price(prices, why)]),
        _claims(before.claims, after.claims, marked),
        _by_customer(prices, bills),
    )


def _money(name: str) -> pl.Expr:
    return pl.col(name).fill_null(ZERO_CENTS).cast(CENTS)


def _changed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows with `before`, `after` and `difference`; those that stay are left out."""
    rows = frame.with_columns(_money("before"), _money("after"))
    rows = rows.with_columns(difference=(pl.col("after") - pl.col("before")).cast(CENTS))
    return rows.filter(pl.col("difference") != 0)


def _stakes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return each finding whose stake is another one, or that is new or gone."""
    key = ["finding_id", "line_id", "code"]
    was = before.select(*key, before="amount_at_stake")
    now = after.select(*key, after="amount_at_stake")
    both = was.join(now, on=key, how="full", coalesce=True, nulls_equal=True)
    what = (
        pl.when(pl.col("before").is_null())
        .then(pl.lit("found"))
        .when(pl.col("after").is_null())
        .then(pl.lit("gone"))
        .otherwise(pl.lit("changed"))
    )
    # A finding without a stake that comes or goes moves no money, but it is told.
    rows = both.with_columns(what=what)
    told = rows.filter((pl.col("what") != "changed") | (pl.col("before") != pl.col("after")))
    return told.with_columns(_money("before"), _money("after")).with_columns(
        difference=(pl.col("after") - pl.col("before")).cast(CENTS)
    )


def _prices(before: pl.LazyFrame, after: pl.LazyFrame) -> pl.DataFrame:
    """Return each customer line whose price is another one; what no line bears goes by its name."""
    key = ["customer", "bill_month", "line_id", "name"]
    name = pl.when(pl.col("line_id").is_null()).then(pl.col("description"))
    sums = [
        state.with_columns(name=name).group_by(key).agg(pl.col("price").sum().alias(word)).collect()
        for word, state in (("before", before), ("after", after))
    ]
    both = sums[0].join(sums[1], on=key, how="full", coalesce=True, nulls_equal=True)
    sign = pl.when(pl.col("difference") > 0).then(pl.lit("debit")).otherwise(pl.lit("credit"))
    return _changed(both).with_columns(what=sign)


def _why(before: pl.LazyFrame, after: pl.LazyFrame, touched: pl.Series) -> pl.DataFrame:
    """Return line_id and `cause` of each line that something the audit knew of it changed."""
    wanted = pl.LazyFrame({"line_id": touched})
    columns = ["line_id", *WATCHED]
    was, now = (
        state.select(columns).join(wanted, on="line_id", how="semi").collect()
        for state in (before, after)
    )
    both = was.join(now, on="line_id", how="inner", suffix="_now")
    cause: Any = pl.lit(None, dtype=pl.String)
    for word, names in reversed(CAUSES):
        other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in names)
        cause = pl.when(other).then(pl.lit(word)).otherwise(cause)
    return both.select("line_id", cause=cause).drop_nulls()


def _summed(rows: pl.DataFrame, side: str) -> pl.DataFrame:
    money = [pl.col(name).sum() for name in ("before", "after", "difference")]
    return (
        rows.with_columns(side=pl.lit(side))
        .group_by("side", "what", "cause", "code")
        .agg(*money, count=pl.len())
        .select(columns_of(BY_CAUSE))
        .sort("what", "cause", "code")
    )


def _by_code(stakes: pl.DataFrame, why: pl.DataFrame) -> pl.DataFrame:
    rows = stakes.join(why, on="line_id", how="left")
    return _summed(rows.with_columns(pl.col("cause").fill_null(OTHER)), "carrier")


def _by_price(prices: pl.DataFrame, why: pl.DataFrame) -> pl.DataFrame:
    """Return the prices that changed, by cause: a markup, where the audit says nothing new."""
    rows = prices.join(why, on="line_id", how="left")
    code = pl.lit(None, dtype=pl.String).alias("code")
    return _summed(rows.with_columns(code, pl.col("cause").fill_null("markup")), "customer")


def _by_customer(prices: pl.DataFrame, bills: pl.DataFrame) -> pl.DataFrame:
    key = ["customer", "bill_month"]
    sums = prices.group_by(key).agg(pl.col("before", "after").sum())
    rows = _changed(sums).join(bills, on=key, how="left", maintain_order="left")
    sign = pl.when(pl.col("difference") > 0).then(pl.lit("debit")).otherwise(pl.lit("credit"))
    return rows.with_columns(what=sign).select(columns_of(CUSTOMERS)).sort(*key, "invoice_no")


def _claims(before: pl.DataFrame, after: pl.DataFrame, marked: pl.Series) -> pl.DataFrame:
    was = before.select("claim_no", before="amount", status_before="status")
    both = after.join(was, on="claim_no", how="left").with_columns(after="amount")
    gone = (pl.col("status") == "withdrawn") & (pl.col("status_before") != "withdrawn")
    what = (
        pl.when(pl.col("status_before").is_null())
        .then(pl.lit("new"))
        .when(gone)
        .then(pl.lit("withdrawn"))
        .when(pl.col("before") != pl.col("after"))
        .then(pl.lit("changed"))
        .when(among("claim_no", marked))
        .then(pl.lit("marked"))
    )
    rows = both.with_columns(_money("before"), _money("after"), what=what)
    return (
        rows.filter(pl.col("what").is_not_null())
        .with_columns(difference=pl.col("after") - pl.col("before"))
        .select(columns_of(CLAIMS))
        .sort("claim_no")
    )
