"""Who earns what of each charge: agents, sub-agents and the companies of a joint deal.

A *deal* is a set of rules that pay payees for what customers are charged. Of the rules of a deal
and method the most specific fits a line: service, then customer and product, then customer, then
product, then any; of those in force on the day of the invoice. What a rule comes to on an invoice
is rounded once to the cent, half away from zero; its shares, which add up to 100, divide that by
largest remainder, and equal partners take turns with the odd cent (`rebill.pricing.shares`). What
is credited is taken back (a claw-back) by the rule and the day of the charge it credits.

| method | works on |
|---|---|
| percent_of_price | value x price of every charge that is no tax, surcharge or late charge |
| percent_of_margin | value x (price less cost) of the same |
| residual | value x price of recurring and prorated charges |
| flat | value dollars for each service on an invoice that charges it |
| one_off | value dollars for a customer's service once, on the first invoice that ever charges it |
| percent_of_recovered | value x what a carrier gave back of a claim, where it is verified by line |

What a carrier gives back of a claim on a day stands as a bill of kind `recovered` among the
invoices (`rebill.books.recovered`): the other methods do not see it.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from invoices.distinct import distinct
from invoices.schema import CENTS, RATE, among
from rebill.pricing.precedence import in_force
from rebill.pricing.shares.division import EXACT

OF_RECOVERED = "percent_of_recovered"
BY_LINE = ("percent_of_price", "percent_of_margin", "residual", OF_RECOVERED)
BY_SERVICE = ("flat", "one_off")
METHODS = (*BY_LINE, *BY_SERVICE)
ROLES = ("agent", "sub_agent", "company")

RULES = pl.Schema(
    {
        "row_id": pl.Int64(),
        "deal": pl.String(),
        "payee": pl.String(),
        "role": pl.String(),  # one of ROLES
        "customer": pl.String(),  # null = any, like service and product
        "service": pl.String(),
        "product": pl.String(),
        "method": pl.String(),  # one of METHODS
        "value": RATE,  # a share (0.15 is 15 percent), or dollars
        "share": RATE,  # percent of what the rule comes to: those of a rule add up to 100
        "effective_from": pl.Date(),
        "effective_until": pl.Date(),  # excluded
    }
)
RULE = ("deal", "method", "customer", "service", "product", "effective_from")
"""What rows of one rule have in common: its shares add up to 100."""
SCOPES: tuple[tuple[str, ...], ...] = (
    ("service",),
    ("customer", "product"),
    ("customer",),
    ("product",),
    (),
)
"""What a rule may name, the strongest first."""

EARNED = pl.Schema(
    {
        "month": pl.String(),  # YYYY-MM of the invoice's date
        "payee": pl.String(),
        "deal": pl.String(),
        "role": pl.String(),
        "method": pl.String(),
        "customer": pl.String(),
        "invoice_no": pl.String(),
        "service": pl.String(),
        "product": pl.String(),
        "line_id": pl.String(),  # null where a service as a whole is paid for, and on made lines
        "made_key": pl.String(),
        "price": CENTS,  # of the line, or of the service on the invoice
        "basis": CENTS,  # what the value works on
        "value": RATE,
        "share": RATE,
        "amount": CENTS,  # negative = taken back
        "rule_row": pl.Int64(),
        "rule": pl.Int64(),  # the lowest rule_row of the rule: those who share it have one
        "exact": EXACT,  # what the rule comes to, all shares; null = the row is rounded by itself
    }
)

RECOVERED = "recovered"
"""The kind of a bill, and the class of its lines, that says what a carrier gave back of a claim."""
PAID = ("recurring", "prorated", "one_time", "usage", "adjustment", RECOVERED)
"""Charge classes that earn a commission; the others are collected for someone else."""
STEADY = ("recurring", "prorated")
LINE = ["invoice_no", "line_id", "made_key"]
READ = [
    *(*LINE, "customer", "bill_month", "service", "product", "charge_class", "kind"),
    *("credit_of", "price", "cost"),
]
"""What is read of a line."""


def fitting(asked: pl.DataFrame, rules: pl.DataFrame, methods: Collection[str]) -> pl.DataFrame:
    """Return every rule that fits each row of `asked` (customer, service, product, day): one for
    each deal and method, by its `rule` number, the lowest row_id of its rows.

    Columns: `at`, the place of the row in `asked`, rule, deal, method, value; in order of `at`. A
    row that no rule fits is left out. Rows ask in few distinct questions, with what rules name.
    """
    known = (
        rules.filter(pl.col("method").is_in(methods))
        .group_by(RULE)
        .agg(
            rule=pl.col("row_id").min(),
            value=pl.col("value").first(),
            effective_until=pl.col("effective_until").first(),
        )
    )
    names = ("customer", "service", "product")
    named = (
        pl.when(among(name, known[name].drop_nulls().unique())).then(name).alias(name)
        for name in names
    )
    asks = distinct(asked.select(*named, "day"))
    questions = asks.rows.with_row_index("place")
    found = []
    for rank, scope in enumerate(SCOPES):
        own = [
            pl.col(name).is_not_null() if name in scope else pl.col(name).is_null()
            for name in names
        ]
        rows = known.filter(pl.all_horizontal(own)).select(
            *scope, "deal", "method", "rule", "value", "effective_from", "effective_until"
        )
        joined = questions.join(rows, on=[*scope]) if scope else questions.join(rows, how="cross")
        told = ("place", "rule", "deal", "method", "value", "effective_from")
        found.append(joined.filter(in_force("day")).select(told, rank=rank))
    best = (
        pl.concat(found, how="vertical_relaxed")
        .sort("rank", pl.col("effective_from"), descending=[False, True], nulls_last=True)
        .unique(["place", "deal", "method"], keep="first", maintain_order=True)
        .drop("rank", "effective_from")
    )
    places = asks.number.cast(questions.schema["place"]).alias("place").to_frame()
    return (
        places.with_row_index("at")
        .join(best, on="place", maintain_order="left")
        .drop("place")
        .rechunk()
    )


# --- statements -----------------------------------------------------------------------------------


def stated(
    wanted: pl.DataFrame, before: pl.DataFrame, month: str, final: Collection[str]
) -> pl.DataFrame:
    """Return what the statements of a month say (`EARNED`, `month` the statement's, `late`).

    `wanted` is all that is earned as far as is known today; `before` what final statements of the
    months `final` said. What is earned in the month is stated; what changed since in months whose
    statements are final is stated as `late`: the difference, never the old rows.
    """
    own = wanted.filter(pl.col("month") == month)
    then = wanted.filter(pl.col("month").is_in(list(final)))
    return stated_of(own, late_of(then, before, month))


def late_of(then: pl.DataFrame, before: pl.DataFrame, month: str) -> pl.DataFrame:
    """Return what a statement of `month` says late: what is earned (`then`) of months whose
    statements are final, less what these said of the same invoices (`before`)."""
    sums = ("price", "basis", "amount")
    key = [name for name in EARNED if name not in (*sums, "month", "share", "rule", "exact")]
    said = before.with_columns(-pl.col(*sums, "exact"))
    exact = pl.when(pl.col("exact").null_count() == 0).then(pl.col("exact").sum())
    return (
        pl.concat([then.select(EARNED.names()), said.select(EARNED.names())])
        .group_by(key)
        .agg(
            pl.col(sums).sum().cast(CENTS),
            pl.col("share").last(),
            pl.col("rule").max(),
            exact.cast(EXACT),
        )
        .filter((pl.col("amount") != 0) | (pl.col("exact") != 0).fill_null(False))
        .with_columns(month=pl.lit(month))
        .select(EARNED.names())
    )


def stated_of(own: pl.DataFrame, late: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a month's statements: what is earned in it, and what is said late."""
    both = own.with_columns(late=pl.lit(False)), late.with_columns(late=pl.lit(True))
    if late.is_empty():
        return both[0]
    return pl.concat(both).sort("payee", "deal", "method", *LINE, "service", nulls_last=True)


def deal_view(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return what every party of each deal earns, and what is left to us, month by month.

    `rows` are `EARNED`; `lines` has invoice_no, service, price, cost, month of the charges a deal
    may touch. The house's row has no payee: `amount` is the margin less all commissions.
    """
    touched = rows.select("deal", "month", "invoice_no", "service").unique()
    base = (
        lines.join(touched, on=["month", "invoice_no", "service"], nulls_equal=True)
        .group_by("deal", "month")
        .agg(pl.col("price", "cost").sum().cast(CENTS))
        .with_columns(margin=(pl.col("price") - pl.col("cost")).cast(CENTS))
    )
    parties = rows.group_by("deal", "month", "payee", "role").agg(
        pl.col("amount").sum().cast(CENTS)
    )
    given = parties.group_by("deal", "month").agg(given=pl.col("amount").sum())
    house = base.join(given, on=["deal", "month"]).select(
        "deal",
        "month",
        payee=pl.lit(None, dtype=pl.String),
        role=pl.lit("house"),
        amount=(pl.col("margin") - pl.col("given")).cast(CENTS),
    )
    return (
        pl.concat([parties, house])
        .join(base, on=["deal", "month"], how="left")
        .select("deal", "month", "payee", "role", "price", "cost", "margin", "amount")
        .sort("deal", "month", "payee", nulls_last=True)
    )
