"""What a customer pays for each carrier line, to the cent, and which rule said so.

Lines are asked in few distinct questions (`rebill.pricing.markups`); the answers are joined back,
so that no line is ever multiplied. Prices are whole numbers of 1 / (10**18 x MONTH_PARTS) dollar
until they are rounded once, half away from zero: finer than `invoices.money` by the six decimals of
a discount.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from invoices.money import MICROS, MONTH_PARTS, from_cents, micros
from invoices.schema import CENTS, FINDINGS, RATE, empty, seal
from rebill.pricing.exact import ABSORB, EXEMPT, _fine_price, _rounded, _to_the_cent, _wants_retail
from rebill.pricing.inquiries import (
    _bundle_inquiries,
    _Inquiry,
    _join_answers,
    _markup_inquiries,
    _retail_inquiries,
)
from rebill.pricing.markups import (
    BUNDLES,
    PASSED_ON,
    rule_words,
    scope_words,
)
from rebill.pricing.own_months import with_own_months
from rebill.pricing.tiers import TIERS, with_tiers

CUSTOMER_LINES = pl.Schema(
    {
        "customer": pl.String(),
        "bill_month": pl.String(),  # YYYY-MM of bill_date
        "line_id": pl.String(),  # of the carrier line
        "service": pl.String(),
        "usoc": pl.String(),
        "description": pl.String(),  # as the carrier printed it
        "charge_class": pl.String(),
        "quantity": RATE,  # units due (cost basis expected) or billed
        "service_from": pl.Date(),
        "service_until": pl.Date(),  # excluded
        "wtn": pl.String(),
        "circuit_id": pl.String(),
        "carrier": pl.String(),
        "bill_date": pl.Date(),  # of the carrier's document
        "cost": CENTS,
        "price": CENTS,
        "method": pl.String(),
        "margin": CENTS,  # price less cost
        "markup_row": pl.Int64(),  # row_id; null = a tax or surcharge passed on by default
        "markup_scope": pl.String(),
        "bundle": pl.String(),  # rows of one service and bundle are shown as one line; null = none
        "retail_rate": RATE,  # the carrier's retail rate, where the price used one
        "kind": pl.String(),  # one of KINDS: what sort of row it is
        "made_key": pl.String(),  # with line_id unique on an invoice; null on carrier lines
        "product": pl.String(),
        "rule": pl.String(),  # what priced the line, in words
        "promotion": pl.String(),  # the promotion the price belongs to
        "credit_of": pl.String(),  # line_id of the charge that a credit gives back
        "tax": pl.String(),  # which tax or fee a row of taxes is
        "jurisdiction": pl.String(),  # whose
        "tax_base": CENTS,  # the charges it is reckoned on
        "tax_rate": RATE,  # the share of them; null = as an outside engine says
        "priced_load": pl.Int64(),  # the version of the reference tables that priced it
    }
)

KINDS = ("charge", "credit", "unbilled", "own_charge", "minimum", "tax", "surcharge")
"""What sort of row a customer line is. `charge` and `credit` are lines of the carrier (`line_id`);
an active element that no carrier line bills is `unbilled`; the others are our own."""

BY_DEFAULT = "default for taxes and surcharges"

_TERMS = ("method", "value", "minimum", "floor", "cap", "cap_retail", "tier", "promotion")


@dataclass(frozen=True)
class Rated:
    """The priced lines, and those that no markup covers."""

    customer_lines: pl.LazyFrame  # CUSTOMER_LINES
    findings: pl.LazyFrame  # FINDINGS, markup_missing


@dataclass(frozen=True)
class Rules:
    """What prices besides markups and retail rates; a table without rows costs nothing."""

    customers: pl.DataFrame  # CUSTOMER_RULES
    tiers: pl.DataFrame  # rebill.tiers.TIERS
    bundles: pl.DataFrame  # rebill.markups.BUNDLES

    @property
    def rounds(self) -> bool:
        """Whether a customer has a rounding rule of its own."""
        return not (self.customers["rounding"].fill_null("line") == "line").all()

    @property
    def exempts(self) -> bool:
        """Whether there is a customer that some carrier's tax or federal USF is not passed to."""
        spared = pl.col("tax_exempt") | (pl.col("federal_usf") != "pass_through")
        return bool(self.customers.select(spared.any()).item())


CUSTOMER_RULES = pl.Schema(
    {
        "customer": pl.String(),
        "cost_basis": pl.String(),  # expected, billed
        "rounding": pl.String(),  # rebill.store.shapes_selling.ROUNDINGS; null = line
        "proration": pl.String(),  # null = the carrier's
        "minimum_months": pl.Int64(),  # null = none
        "tax_exempt": pl.Boolean(),
        "federal_usf": pl.String(),  # pass_through, charge, absorb
    }
)


def rules_of(
    customers: pl.DataFrame, tiers: pl.DataFrame | None = None, bundles: pl.DataFrame | None = None
) -> Rules:
    """Return the rules that the tables hold; a column or table that is absent says nothing."""
    return Rules(
        customers.lazy().pipe(seal, CUSTOMER_RULES).collect(),
        empty(TIERS) if tiers is None else tiers,
        empty(BUNDLES) if bundles is None else bundles,
    )


def rate(
    lines: pl.LazyFrame,
    customers: pl.DataFrame,
    markups: pl.DataFrame,
    retail: pl.DataFrame,
    rules: Rules | None = None,
) -> Rated:
    """Price every line that is invoiced; each that no markup covers is a finding instead.

    `lines` are audited lines of loaded documents (`reconcile.schema.AUDITED`), best a scan: they
    are read twice for the questions now and once for the results, which are best collected
    together. `customers` has customer and cost_basis; `markups` and `retail` are
    `rebill.pricing.markups.MARKUPS` and `RETAIL`; `rules` is what else prices (none: nothing else).
    Where a tier counts a customer's whole month, `lines` are all of the month. Neither result has
    an order.
    """
    rules = rules or rules_of(customers)
    inquiries = [
        *_markup_inquiries(markups),
        *_retail_inquiries(markups, retail),
        *_bundle_inquiries(rules.bundles),
    ]
    costed = lines.pipe(_cost, rules).filter(_invoiced())
    costed = with_own_months(costed, lines, rules.customers)
    answered = costed.pipe(_join_answers, lines, inquiries).pipe(
        _join_terms, inquiries, markups, retail
    )
    if rules.exempts:
        answered = answered.pipe(_spared)
    priced = answered.filter(pl.col("cause").is_null())
    tiered = bool(markups["tier"].is_not_null().any()) if "tier" in markups.columns else False
    if tiered:
        priced = with_tiers(priced, rules.tiers)
    return Rated(
        priced.pipe(_priced, rules, tiered),
        answered.filter(pl.col("cause").is_not_null()).pipe(_findings),
    )


def _cost(lines: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    """Add the cost a markup works on and the units and months it counts.

    `cost` in dollars; `units` in millionths; `unit_parts` in millionths times parts of a month;
    `on_billed` says that the cost is what was billed.
    """
    more = ["rounding"] if rules.rounds else []
    more += ["tax_exempt", "federal_usf"] if rules.exempts else []
    on_billed = (pl.col("cost_basis") == "billed").fill_null(False).alias("on_billed")
    basis = rules.customers.lazy().select("customer", on_billed, *more)
    billed = pl.col("on_billed").fill_null(False)
    printed = pl.col("quantity").abs().fill_null(1)
    due = pl.coalesce("due_units", printed)
    units = pl.when(billed).then(printed).otherwise(due)
    usage = pl.col("charge_class") == "usage"
    counted = pl.when(usage).then(pl.lit(MICROS, dtype=pl.Int128)).otherwise(micros(units))
    factor = pl.col("fraction_parts").fill_null(MONTH_PARTS).cast(pl.Int128)
    due_parts = pl.col("due_unit_parts").cast(pl.Decimal(38, 6)).to_physical().cast(pl.Int128)
    by_days = pl.col("fraction_parts").is_not_null() & ~usage & ~billed & due_parts.is_not_null()
    after_findings = pl.coalesce("expected", pl.col("amount") - pl.col("at_stake").fill_null(0))
    return lines.join(basis, on="customer", how="left", maintain_order="left").with_columns(
        cost=pl.when(billed).then("amount").otherwise(after_findings).cast(CENTS),
        nothing_due=~billed & ((after_findings == 0) | (due == 0)),
        charged_quantity=units.cast(RATE),
        units=counted,
        unit_parts=pl.when(by_days)
        .then(due_parts)
        .otherwise(counted * pl.when(usage).then(MONTH_PARTS).otherwise(factor)),
    )


def _invoiced() -> pl.Expr:
    """Return whether a line can stand on a customer invoice.

    Not: credits (`rebill.pricing.credits` prices them), what the catalogue only records, what is
    zero-rated, that of which nothing is due, and what belongs to no service and no customer.
    """
    own_rate = pl.when(pl.col("package").is_null()).then("buy_rate").fill_null(0)
    free = (pl.col("amount") == 0) & (own_rate == 0) & (pl.col("expected").fill_null(0) == 0)
    return (
        (pl.col("amount") >= 0)
        & (pl.col("kind").fill_null("") != "record_only")
        & ~free
        & ~pl.col("nothing_due")
        & (pl.col("customer").is_not_null() | pl.col("service").is_not_null())
    )


def _join_terms(
    lines: pl.LazyFrame, inquiries: list[_Inquiry], markups: pl.DataFrame, retail: pl.DataFrame
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
            pl.when(_wants_retail()).then("retail_rate").alias("retail_rate"), cause=_cause()
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
        .when(_wants_retail() & pl.col("retail_rate").is_null())
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
    """Return the customer lines of answered `lines`."""
    fine = _fine_price(tiered)
    if rules.bundles.is_empty():
        lines = lines.with_columns(bundle=pl.lit(None, dtype=pl.String))
    else:
        named = rules.bundles.lazy().select("bundle", bundle_row="row_id")
        lines = lines.join(named, on="bundle_row", how="left", maintain_order="left")
    monthly = pl.col("charge_class").is_in(["recurring", "prorated"])
    return (
        lines.with_columns(
            price=from_cents(_rounded(fine) if rules.rounds else _to_the_cent(fine)),
            bundle=pl.when(monthly).then("bundle"),
        )
        .with_columns(
            bill_month=pl.col("bill_date").dt.strftime("%Y-%m"),
            quantity=pl.col("charged_quantity"),
            service_from=pl.coalesce("service_from", "period_from"),
            service_until=pl.coalesce("service_until", "period_until"),
            margin=pl.col("price") - pl.col("cost"),
            kind=pl.lit("charge"),
        )
        .pipe(seal, CUSTOMER_LINES)
    )


def _findings(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return a finding `markup_missing` for each of `lines`, with the cause in words."""
    return lines.with_columns(
        finding_id=pl.col("line_id") + ":markup_missing",
        code=pl.lit("markup_missing"),
        severity=pl.lit("warning"),
        billed=pl.col("amount"),
        amount_at_stake=pl.lit("0.00").cast(CENTS),
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


def described(lines: pl.LazyFrame, usocs: pl.LazyFrame) -> pl.LazyFrame:
    """Return customer `lines` with the catalogue's text where the carrier printed none."""
    text = (
        usocs.filter(pl.col("description").is_not_null())
        .select("carrier", "usoc", "valid_from", known="description")
        .sort("valid_from", nulls_last=False)
        .unique(["carrier", "usoc"], keep="last", maintain_order=True)
        .drop("valid_from")
    )
    return (
        lines.join(text, on=["carrier", "usoc"], how="left", maintain_order="left")
        .with_columns(description=pl.coalesce("description", "known"))
        .drop("known")
    )
