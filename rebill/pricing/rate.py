"""What a customer pays for each carrier line, to the cent, and which rule said so.

Lines are asked in few distinct questions (`rebill.pricing.precedence` answers them); the answers
are joined back, so that no line is ever multiplied. Prices are exact until they are rounded once
(`rebill.pricing.rounding`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from invoices.distinct import told_by_place
from invoices.money import ZERO_CENTS, from_cents
from invoices.periods import month_of
from invoices.schema import FINDINGS, seal
from rebill.pricing.cost_basis import is_invoiced, with_cost
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.customer_rules import Rules, rules_of
from rebill.pricing.inquiries import (
    Inquiry,
    bundle_inquiries,
    inquired,
    join_answers,
    markup_inquiries,
    questions,
    retail_inquiries,
)
from rebill.pricing.markup_methods import ABSORB, EXEMPT, fine_price, wants_retail
from rebill.pricing.markups import PASSED_ON
from rebill.pricing.own_months import with_own_months
from rebill.pricing.precedence import rule_words, scope_words
from rebill.pricing.rounding import rounded, to_the_cent
from rebill.pricing.tiers import with_tiers

BY_DEFAULT = "default for taxes and surcharges"

_TERMS = ("method", "value", "minimum", "floor", "cap", "cap_retail", "tier", "promotion")


@dataclass(frozen=True)
class Rated:
    """The priced lines, and those that no markup covers."""

    customer_lines: pl.LazyFrame  # CUSTOMER_LINES
    findings: pl.LazyFrame  # FINDINGS, markup_missing


def rate(
    lines: pl.LazyFrame,
    customers: pl.DataFrame,
    markups: pl.DataFrame,
    retail: pl.DataFrame,
    rules: Rules | None = None,
) -> Rated:
    """Price every line that is invoiced; each that no markup covers is a finding instead.

    `lines` are audited lines of loaded documents (`reconcile.schema.AUDITED`); what is asked of
    them is held in memory. `customers` has customer and cost_basis; `markups` and `retail` are
    `rebill.pricing.markups.MARKUPS` and `RETAIL`; `rules` is what else prices (none: nothing else).
    Where a tier counts a customer's whole month, `lines` are all of the month. Neither result has
    an order.
    """
    rules = rules or rules_of(customers)
    inquiries = [
        *markup_inquiries(markups),
        *retail_inquiries(markups, retail),
        *bundle_inquiries(rules.bundles),
    ]
    tiered = bool(markups["tier"].is_not_null().any()) if "tier" in markups.columns else False
    held = lines.select(_LOOKED_AT).collect().rechunk()
    asked = inquired(held, inquiries)
    place = pl.int_range(held.height, dtype=pl.UInt32, eager=True).alias("question")
    # Where a tier counts the units of a line with those of others, each asks alone.
    question = place if tiered else questions(held, asked.number, rules).alias("question")
    first = place.filter(place == question)
    asking = held[first].hstack([first]).hstack(asked.rows[asked.number.gather(first)])
    answered = _answered(asking.lazy(), rules, inquiries, markups, retail).collect().lazy()
    priced = answered.filter(pl.col("cause").is_null())
    if tiered:
        priced = with_tiers(priced, rules.tiers)
    answers = priced.pipe(_priced, rules, tiered).collect()
    without = answered.filter(pl.col("cause").is_not_null()).select(
        "question", "cause", "markup_row"
    )
    charged = held.select(_KEPT)
    charged = charged.hstack(told_by_place(question, answers, "question"))
    return Rated(
        charged.lazy().filter(pl.col("method").is_not_null()).pipe(_charged),
        held.lazy().with_columns(question).join(without, on="question").pipe(_findings),
    )


def _answered(
    asked: pl.LazyFrame,
    rules: Rules,
    inquiries: list[Inquiry],
    markups: pl.DataFrame,
    retail: pl.DataFrame,
) -> pl.LazyFrame:
    """Return questions that are invoiced with their cost and the terms that price them."""
    costed = asked.pipe(with_cost, rules).filter(is_invoiced())
    answered = (
        with_own_months(costed, rules.customers)
        .pipe(join_answers, inquiries)
        .pipe(_join_terms, inquiries, markups, retail)
    )
    return answered.pipe(_spared) if rules.exempts else answered


_KEPT = (
    *("customer", "line_id", "service", "usoc", "description", "charge_class"),
    *("service_from", "service_until", "period_from", "period_until", "wtn", "circuit_id"),
    *("carrier", "bill_date", "product"),
)
"""What of a line stands on an invoice as it is."""
_LOOKED_AT = tuple(
    dict.fromkeys(
        [
            *_KEPT,
            *("document_id", "ban", "source_file", "source_row", "rate_day", "bill_day"),
            *("amount", "quantity", "expected", "at_stake", "due_units", "due_unit_parts"),
            *("fraction_parts", "buy_rate", "kind", "family", "package", "inventory_state"),
            *("installed_on", "disconnected_on"),
        ]
    )
)
"""What is looked at of a line."""


def _join_terms(
    lines: pl.LazyFrame, inquiries: list[Inquiry], markups: pl.DataFrame, retail: pl.DataFrame
) -> pl.LazyFrame:
    """Add the terms of the row that prices each line, its retail rate, and why it has no price.

    The first level that has an answer decides; a tax or surcharge that no row names is passed on.
    """
    levels = [i.answer for i in inquiries if i.answer.startswith("level_")]
    rows = {i.answer for i in inquiries}
    none = pl.lit(None, dtype=pl.Int64)
    terms = markups.select(
        pl.col("row_id").alias("markup_row"), *_TERMS, markup_scope=scope_words(), rule=rule_words()
    )
    rates = retail.select(pl.col("row_id").alias("retail_row"), pl.col("rate").alias("retail_rate"))
    return (
        lines.with_columns(
            markup_row=pl.coalesce(*levels, none),
            retail_row=pl.col("retail_row") if "retail_row" in rows else none,
            bundle_row=pl.col("bundle_row") if "bundle_row" in rows else none,
        )
        .join(terms.lazy(), on="markup_row", how="left", maintain_order="left")
        .join(rates.lazy(), on="retail_row", how="left", maintain_order="left")
        .with_columns(
            pl.when(wants_retail()).then("retail_rate").alias("retail_rate"), cause=_cause()
        )
        .with_columns(
            pl.col("method").fill_null("pass_through"),
            pl.col("markup_scope").fill_null(BY_DEFAULT),
            pl.col("rule").fill_null(BY_DEFAULT),
        )
    )


def _cause() -> pl.Expr:
    """Return why a line has no price, null where it has one."""
    passed_on = pl.col("charge_class").is_in(PASSED_ON)
    return (
        pl.when(pl.col("customer").is_null())
        .then(pl.lit("no_customer"))
        .when(pl.col("method").is_null() & ~passed_on)
        .then(pl.lit("no_markup"))
        .when(wants_retail() & pl.col("retail_rate").is_null())
        .then(pl.lit("no_retail_rate"))
    )


def _spared(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Let exempt customers pay no tax of a carrier, and those with a rule of their own no federal
    USF of one: the line stays, at nothing."""
    exempt = pl.col("tax_exempt").fill_null(False) & (pl.col("charge_class") == "tax")
    own_usf = pl.col("federal_usf").is_in(["charge", "absorb"]).fill_null(False)
    usf = own_usf & (pl.col("family").fill_null("") == "federal usf")
    return lines.with_columns(
        method=pl.when(exempt)
        .then(pl.lit(EXEMPT))
        .when(usf)
        .then(pl.lit(ABSORB))
        .otherwise("method"),
        rule=pl.when(exempt)
        .then(pl.lit("the customer is exempt from taxes"))
        .when(usf)
        .then(pl.lit("the customer's rule for the federal USF"))
        .otherwise("rule"),
        **{
            name: pl.when(~exempt & ~usf).then(name)
            for name in ("floor", "markup_row", "tier", "promotion")
        },
    )


def _priced(lines: pl.LazyFrame, rules: Rules, tiered: bool) -> pl.LazyFrame:
    """Return what is charged for answered questions."""
    fine = fine_price(tiered)
    if rules.bundles.is_empty():
        lines = lines.with_columns(bundle=pl.lit(None, dtype=pl.String))
    else:
        named = rules.bundles.lazy().select("bundle", bundle_row="row_id")
        lines = lines.join(named, on="bundle_row", how="left", maintain_order="left")
    monthly = pl.col("charge_class").is_in(["recurring", "prorated"])
    return (
        lines.with_columns(
            price=from_cents(rounded(fine) if rules.rounds else to_the_cent(fine)),
            bundle=pl.when(monthly).then("bundle"),
        )
        .with_columns(
            bill_month=month_of("bill_date"),
            quantity=pl.col("charged_quantity"),
            margin=pl.col("price") - pl.col("cost"),
        )
        .select("question", *_CHARGED)
    )


_CHARGED = (
    *("bill_month", "quantity", "cost", "price", "method", "margin", "markup_row"),
    *("markup_scope", "bundle", "retail_rate", "rule", "promotion"),
)
"""What the question of a line says of it."""


def _charged(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the customer lines of lines with what is charged for them."""
    return lines.with_columns(
        service_from=pl.coalesce("service_from", "period_from"),
        service_until=pl.coalesce("service_until", "period_until"),
        kind=pl.lit("charge"),
    ).pipe(seal, CUSTOMER_LINES)


def _findings(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return a finding `markup_missing` for each of `lines`, with the cause in words."""
    return lines.with_columns(
        finding_id=pl.col("line_id") + ":markup_missing",
        code=pl.lit("markup_missing"),
        severity=pl.lit("warning"),
        billed=pl.col("amount"),
        amount_at_stake=ZERO_CENTS,
        message=_in_words(0),
        remedy=_in_words(1),
        reason=pl.lit(None, dtype=pl.String),
    ).pipe(seal, FINDINGS)


_WORDS = {
    "no_customer": (
        "service {service} has no customer, so nobody pays for this line",
        "name the customer of service {service} in services",
    ),
    "no_markup": (
        "no markup covers this {class} line of service {service}, USOC {usoc}, on {day}",
        "add a row to markups for customer {customer} that is in force on {day}",
    ),
    "no_retail_rate": (
        "markup row {row} needs the retail rate of USOC {usoc}, and none is in force on {day}",
        "add the rate of carrier {carrier} to retail_rates, or give the line another markup",
    ),
}


def _in_words(which: int) -> pl.Expr:
    """Return the message (0) or the remedy (1) of each cause, filled in from the line."""
    fillers = {
        "service": _or(pl.col("service"), "(none)"),
        "customer": _or(pl.col("customer"), "(none)"),
        "usoc": _or(pl.col("usoc"), "(none)"),
        "carrier": pl.col("carrier"),
        "class": pl.col("charge_class"),
        "day": pl.col("rate_day").cast(pl.String),
        "row": pl.col("markup_row").cast(pl.String),
    }
    words = pl.lit(None, dtype=pl.String)
    for cause, sentences in _WORDS.items():
        pieces = [
            fillers[piece] if piece in fillers else pl.lit(piece)
            for piece in re.split(r"[{}]", sentences[which])
        ]
        said = pl.concat_str(pieces)
        words = pl.when(pl.col("cause") == cause).then(said).otherwise(words)
    return words


def _or(value: pl.Expr, otherwise: str) -> pl.Expr:
    return pl.coalesce(value, pl.lit(otherwise))
