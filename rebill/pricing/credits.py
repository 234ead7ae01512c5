"""Carrier's credits as customers see them: each follows the charge it gives back.

`reconcile.audit.repeats.undone_charges` says which cent of a credit undoes which charge. What the
customer was never charged of a charge comes back first and is kept; what it was charged is passed
on at the price of that very charge, so that a charge given back whole leaves nothing. Rules:
`docs/pricing.md`, the credits.
"""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS, cents, divide_half_away, from_cents, micros
from invoices.periods import month_of
from invoices.schema import CENTS, RATE, seal
from rebill.pricing.customer_lines import CUSTOMER_LINES

CHARGED = pl.Schema(
    {
        "line_id": pl.String(),  # of the charge
        "customer": pl.String(),
        "cost": CENTS,  # as it stands on the customer's invoice
        "price": CENTS,
        "method": pl.String(),
        "value": RATE,  # of the markup row that priced it; null = none
        "markup_row": pl.Int64(),
        "markup_scope": pl.String(),
        "rule": pl.String(),
        "product": pl.String(),
    }
)
"""What is asked of a charge that stands on an invoice."""

PARTS = pl.Schema(
    {
        "line_id": pl.String(),  # of the credit
        "credit_of": pl.String(),  # line_id of the charge; null = none was found
        "carrier": pl.String(),
        "bill_date": pl.Date(),  # of the credit
        "customer": pl.String(),  # who was charged; null = nobody
        "service": pl.String(),
        "usoc": pl.String(),
        "given": CENTS,  # positive: what the carrier gives back
        "passed": CENTS,  # of that, what the customer was charged and gets back, at cost
        "price": CENTS,  # what the customer gets back; negative
        "why": pl.String(),  # passed, not_invoiced, no_charge, kept_by_rule, priced
    }
)
"""What becomes of every cent of every credit; `passed` of `priced` ones is what was priced anew."""


def parts_of(
    credits: pl.DataFrame, given: pl.DataFrame, charged: pl.DataFrame, customers: pl.DataFrame
) -> pl.DataFrame:
    """Return what becomes of each part of the credits (`PARTS`, and the columns of `CHARGED`).

    `credits` are audited lines below zero; `given`
    (`reconcile.audit.repeats.undone_charges.GIVEN`) is what all credits of their services give
    back, with `billed`, the amount of the charge; `charged`
    (`CHARGED`) are those of the charges that stand on invoices; `customers` has customer and
    credits.
    """
    rule = customers.select("customer", credit_rule="credits")
    own = credits.select(
        "line_id", "carrier", "bill_date", "service", "usoc", "amount", named="customer"
    )
    allocated = _allocated(given, charged, rule)
    of_charges = own.drop("amount").join(allocated, left_on="line_id", right_on="credit_id")
    full = pl.Schema({**PARTS, **{k: v for k, v in CHARGED.items() if k not in PARTS}})
    both = (of_charges, _of_no_charge(own, of_charges, rule))
    return pl.concat([part.pipe(seal, full) for part in both]).sort(
        "line_id", "credit_of", nulls_last=True
    )


def _allocated(given: pl.DataFrame, charged: pl.DataFrame, rule: pl.DataFrame) -> pl.DataFrame:
    """Return what credits give back of charges, with what of it the customer gets and why.

    A charge of 10.00 of which the customer was charged 8.00, given back in two credits of 5.00: the
    first brings 3.00 of its 8.00 back to the customer, the second the other 5.00.
    """
    terms = charged.rename({"line_id": "credit_of", "price": "charged_price"})
    whole = pl.col("given").cum_sum().over("credit_of")
    return (
        given.rename({"line_id": "credit_of"})
        .sort("credit_date", "credit_invoice", "credit_id")
        .with_columns(after=whole, before=whole - pl.col("given"))
        .join(terms, on="credit_of", how="left")
        .join(rule, on="customer", how="left")
        .with_columns(reach=_reach(pl.col("after")), start=_reach(pl.col("before")), known=_known())
        .with_columns(
            passed=(pl.col("reach") - pl.col("start")).cast(CENTS),
            price=from_cents(_returned(pl.col("start")) - _returned(pl.col("reach"))),
            why=_why(),
        )
    )


def _of_no_charge(own: pl.DataFrame, of_charges: pl.DataFrame, rule: pl.DataFrame) -> pl.DataFrame:
    """Return what is left of each credit of our `own`, for which no charge was found."""
    spent = of_charges.group_by("line_id").agg(spent=pl.col("given").sum())
    return (
        own.join(spent, on="line_id", how="left")
        .with_columns(given=-pl.col("amount") - pl.col("spent").fill_null(0))
        .filter(pl.col("given") > 0)
        .with_columns(customer="named")
        .join(rule, on="customer", how="left")
        .with_columns(
            passed=ZERO_CENTS,
            price=ZERO_CENTS,
            why=pl.when(pl.col("credit_rule") == "pass")
            .then(pl.lit("priced"))
            .when(pl.col("credit_rule") == "keep")
            .then(pl.lit("kept_by_rule"))
            .otherwise(pl.lit("no_charge")),
        )
    )


def _known() -> pl.Expr:
    """Return whether the price of the charge is just its cost and a share of it."""
    direct = cents(pl.col("cost")) * (micros(pl.col("value").fill_null(0)) + 10**6)
    exact = divide_half_away(direct, 10**6) == cents(pl.col("charged_price"))
    return (
        pl.col("method").is_in(["percent", "pass_through"]) & exact & (pl.col("cost") > 0)
    ).fill_null(False)


def _reach(given: pl.Expr) -> pl.Expr:
    """Return how much of the charged cost is given back once `given` of the charge is.

    What was not charged is given back first; a customer whose rule is `pass` has all of it.
    """
    spared = pl.max_horizontal(pl.col("billed") - pl.col("cost"), ZERO_CENTS)
    beyond = pl.max_horizontal(given - spared, ZERO_CENTS)
    follow = pl.min_horizontal(beyond, "cost")
    rule = pl.col("credit_rule")
    return (
        pl.when(pl.col("cost").is_null() | (rule == "keep").fill_null(False))
        .then(ZERO_CENTS)
        .when(rule == "pass")
        .then(given)
        .otherwise(follow)
    )


def _returned(reach: pl.Expr) -> pl.Expr:
    """Return the price of so much of the charged cost, in cents: rounded once, so that the parts of
    a charge given back whole add up to its price."""
    part = cents(reach)
    by_share = divide_half_away(part * (micros(pl.col("value").fill_null(0)) + 10**6), 10**6)
    cost = cents(pl.col("cost"))
    in_proportion = divide_half_away(
        part * cents(pl.col("charged_price")), pl.when(cost > 0).then(cost)
    )
    return pl.when("known").then(by_share).otherwise(in_proportion).fill_null(0)


def _why() -> pl.Expr:
    return (
        pl.when((pl.col("credit_rule") == "keep").fill_null(False))
        .then(pl.lit("kept_by_rule"))
        .when(pl.col("reach") > pl.col("start"))
        .then(pl.lit("passed"))
        .otherwise(pl.lit("not_invoiced"))
    )


def credit_lines(credits: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Return the customer lines (`CUSTOMER_LINES`) of what is passed on: one for each credit and
    customer. `credits` are audited lines, `parts` what `parts_of` made of them."""
    passed = (
        parts.filter(pl.col("why") == "passed")
        .group_by("line_id", "customer", maintain_order=True)
        .agg(
            pl.col("method", "markup_row", "markup_scope", "rule", "product").first(),
            credit_of=pl.col("credit_of").unique(maintain_order=True).str.join(" "),
            cost=-pl.col("passed").sum(),
            price=pl.col("price").sum(),
        )
    )
    line = credits.select(
        *("line_id", "service", "usoc", "description", "charge_class", "wtn", "circuit_id"),
        *("carrier", "bill_date"),
        service_from=pl.coalesce("service_from", "period_from"),
        service_until=pl.coalesce("service_until", "period_until"),
        quantity=-pl.col("quantity").abs(),
        bill_month=month_of("bill_date"),
    )
    return (
        passed.join(line, on="line_id")
        .with_columns(
            kind=pl.lit("credit"),
            margin=pl.col("price") - pl.col("cost"),
            rule=pl.lit("as the charge was priced: ") + pl.col("rule"),
        )
        .pipe(seal, CUSTOMER_LINES)
    )


def turned(credits: pl.LazyFrame) -> pl.LazyFrame:
    """Return audited credits as charges of the same size, to be priced as such and turned back."""
    units = pl.col("quantity").abs().fill_null(1)
    return credits.with_columns(
        amount=-pl.col("amount"),
        expected=-pl.col("amount"),
        at_stake=ZERO_CENTS,
        due_units=units.cast(RATE),
        due_unit_parts=pl.lit(None, dtype=pl.Decimal(38, 6)),
    )


def turned_back(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return customer lines priced as charges as the credits they are."""
    return lines.with_columns(-pl.col("cost", "price", "margin", "quantity"), kind=pl.lit("credit"))
