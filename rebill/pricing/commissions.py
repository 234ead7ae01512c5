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
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from invoices.money import cents, micros
from invoices.periods import month_of
from invoices.schema import CENTS, RATE, columns_of
from rebill.pricing.customer_lines import OWN_TAXES
from rebill.pricing.precedence import in_force
from rebill.pricing.shares.division import EXACT, divided, exact_dollars, run_up
from rebill.pricing.shares.turns import Before, carriers

BY_LINE = ("percent_of_price", "percent_of_margin", "residual")
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

PAID = ("recurring", "prorated", "one_time", "usage", "adjustment")
"""Charge classes that earn a commission; the others are collected for someone else."""
STEADY = ("recurring", "prorated")
_LINE = ["invoice_no", "line_id", "made_key"]
_BILL = ["billed_on", "bill_month", "bill_kind", "corrects", "corrected_on"]
READ = [
    *(*_LINE, "customer", "bill_month", "service", "product", "charge_class", "kind"),
    *("credit_of", "price", "cost"),
]
"""What is read of a line."""


def earned(
    lines: pl.DataFrame, bills: pl.DataFrame, rules: pl.DataFrame, before: Before | None = None
) -> pl.DataFrame:
    """Return what each payee earns of each line or service (`EARNED`), sorted.

    `lines` are the lines of all invoices and credit notes there ever were
    (`rebill.store.record.INVOICED_LINES`), since a credit asks for its charge; `bills` has
    invoice_no, kind, bill_date and corrects; `rules` are `RULES`. Rows of nothing are left out;
    what a rule works on stands there even where the row's own part of the sum is 0.00.
    """
    said = before or Before()
    worked = _workable(lines, bills)
    by_line = worked.pipe(_lines_paid).pipe(_chosen, rules, BY_LINE).pipe(_values)
    services = _services(worked).pipe(_chosen, rules, BY_SERVICE).pipe(_events)
    paid = _summed(pl.concat([by_line, services], how="diagonal"), said.by_row)
    parts = _parts(rules)
    return (
        divided(paid, parts, _carriers(paid, parts, said.amounts))
        .with_columns(exact=pl.when(~pl.col("alone")).then(exact_dollars(pl.col("fine"), EXACT)))
        .filter((pl.col("amount") != 0) | (pl.col("exact") != 0).fill_null(False))
        .sort("month", "payee", "deal", "method", "at")
        .select(columns_of(EARNED))
    )


def _summed(paid: pl.DataFrame, by_row: Collection[str]) -> pl.DataFrame:
    """Return the rows in order, each with its `unit`, what is rounded once, and `whole`.

    That is what a rule comes to on an invoice; where statements of its month, or of the invoice it
    takes back, are rounded row by row, each row (`alone`). `at` is a row's place.
    """
    months = [pl.col("month"), month_of("corrected_on")]
    alone = pl.any_horizontal(month.is_in(list(by_row)).fill_null(False) for month in months)
    new = pl.any_horizontal(
        pl.col(name) != pl.col(name).shift(1) for name in ("invoice_no", "rule")
    )
    earning = [name for name in EARNED if name in paid.columns]
    return (
        paid.select(*earning, "fine", *_BILL)
        .sort(*_LINE, "service", nulls_last=True)
        .with_row_index("at")
        .with_columns(alone=alone)
        .sort("invoice_no", "rule", "at")
        .with_columns(unit=(new.fill_null(True) | pl.col("alone")).cum_sum())
        .with_columns(whole=run_up())
    )


def _parts(rules: pl.DataFrame) -> pl.DataFrame:
    """Return who shares each rule: rule, rank, payee, role, share, rule_row, payees."""
    first, payees = pl.col("row_id").min().over(RULE), pl.len().over(RULE)
    ranked = rules.sort(RULE, nulls_last=False).with_row_index("rank")
    rank = pl.col("rank").min().over(RULE)
    return ranked.select(
        "payee", "role", "share", rank=rank, rule=first, rule_row="row_id", payees=payees
    )


def _carriers(paid: pl.DataFrame, parts: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Return who carries the odd cents of what is rounded once an invoice (`CARRIERS` of turns)."""
    shared = parts.filter(pl.col("payees") > 1)
    note = pl.col("bill_kind") == "credit_note"
    units = (
        paid.filter(~pl.col("alone"))
        .join(shared.select("rule").unique(), on="rule", how="semi")
        .unique("unit", keep="last", maintain_order=True)
        .with_columns(corrects=pl.when(note).then("corrects"))
    )
    return carriers(units, shared, said)


def _workable(lines: pl.DataFrame, bills: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that pay, with the day whose rule counts and the class of their charge.

    A credit has both of the charge it credits; a credit note has the day of what it takes back.
    """
    known = bills.select("invoice_no", "bill_date", "kind", "corrects").rename(
        {"kind": "bill_kind", "bill_date": "billed_on"}
    )
    before = known.select(corrects="invoice_no", corrected_on="billed_on")
    own = (
        lines.select(READ)
        .join(known, on="invoice_no", how="inner")
        .join(before, on="corrects", how="left")
        # A credit of several charges goes by the first of them.
        .with_columns(pl.col("credit_of").str.split(" ").list.first())
        .with_columns(
            day=pl.when(pl.col("bill_kind") == "credit_note")
            .then(pl.coalesce("corrected_on", "billed_on"))
            .otherwise("billed_on")
        )
    )
    charges = (
        own.filter(pl.col("line_id").is_not_null(), pl.col("price") >= 0)
        .sort("billed_on", "invoice_no")
        .unique(["customer", "line_id"], keep="first", maintain_order=True)
        .select("customer", credit_of="line_id", of_day="day", of_class="charge_class")
    )
    return (
        own.join(charges, on=["customer", "credit_of"], how="left")
        .with_columns(
            day=pl.coalesce("of_day", "day"),
            paid_class=pl.coalesce("of_class", "charge_class"),
            month=month_of("billed_on"),
        )
        .filter(
            pl.col("paid_class").is_in(PAID),
            ~pl.col("kind").fill_null("charge").is_in(OWN_TAXES),
        )
    )


def _lines_paid(worked: pl.DataFrame) -> pl.DataFrame:
    return worked.with_columns(earns=pl.col("price"), gains=pl.col("price") - pl.col("cost"))


def _services(worked: pl.DataFrame) -> pl.DataFrame:
    """Return each service on each invoice, what it is charged there, and whether it is `new`.

    A service is new to a customer on the first invoice that charges it: of those before, none
    stands any more. `gone` are charges that a credit note took back.
    """
    sums = (
        worked.filter(pl.col("service").is_not_null())
        .group_by("invoice_no", "service")
        .agg(
            pl.col("customer", "month", "billed_on", "bill_kind").first(),
            pl.col("bill_month", "corrects", "corrected_on").first(),
            pl.col("product").drop_nulls().min(),
            pl.col("day").min(),
            pl.col("price").sum().cast(CENTS),
        )
        .with_columns(
            pl.lit(None, dtype=pl.String).alias("line_id"),
            pl.lit(None, dtype=pl.String).alias("made_key"),
            is_note=pl.col("bill_kind") == "credit_note",
        )
    )
    gone = sums.filter("is_note").select("service", invoice_no="corrects", gone=pl.lit(True))
    stands = (~pl.col("is_note") & (pl.col("price") > 0) & ~pl.col("gone")).cast(pl.Int64)
    key = ["customer", "service"]
    return (
        sums.join(gone.unique(), on=["service", "invoice_no"], how="left")
        .with_columns(pl.col("gone").fill_null(False))
        .sort("billed_on", "invoice_no")
        .with_columns(new=stands.cum_sum().over(key) - stands == 0)
    )


def _chosen(asked: pl.DataFrame, rules: pl.DataFrame, methods: Collection[str]) -> pl.DataFrame:
    """Add to each row every rule that fits it: one for each deal and method, by its `rule` number.

    A row that no rule fits is left out. `rule` is the lowest row_id of the rule's rows. Rows ask in
    few distinct questions, whose answers are joined back.
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
    asks = ["customer", "service", "product", "day"]
    questions = asked.select(asks).unique().with_row_index("place")
    found = []
    for rank, names in enumerate(SCOPES):
        named = [
            pl.col(name).is_not_null() if name in names else pl.col(name).is_null()
            for name in ("customer", "service", "product")
        ]
        rows = known.filter(pl.all_horizontal(named)).select(
            *names, "deal", "method", "rule", "value", "effective_from", "effective_until"
        )
        fits = (
            questions.join(rows, on=[*names]) if names else questions.join(rows, how="cross")
        ).filter(in_force("day"))
        found.append(
            fits.select("place", "deal", "method", "rule", "value", "effective_from", rank=rank)
        )
    best = (
        pl.concat(found, how="vertical_relaxed")
        .sort("rank", pl.col("effective_from"), descending=[False, True], nulls_last=True)
        .unique(["place", "deal", "method"], keep="first", maintain_order=True)
        .drop("rank", "effective_from")
    )
    answers = questions.join(best, on="place").drop("place")
    return asked.join(answers, on=asks, nulls_equal=True)


def _values(lines: pl.DataFrame) -> pl.DataFrame:
    """Add what each rule makes of a line: `basis`, and `fine`, exactly."""
    steady = (pl.col("method") != "residual") | pl.col("paid_class").is_in(STEADY)
    on_margin = pl.col("method") == "percent_of_margin"
    basis = pl.when(on_margin).then("gains").otherwise("earns")
    return (
        lines.filter(steady)
        .with_columns(basis=basis.cast(CENTS))
        .with_columns(fine=cents(pl.col("basis")) * micros(pl.col("value")))
    )


def _events(services: pl.DataFrame) -> pl.DataFrame:
    """Return the services that a flat or one-off sum is earned or taken back for.

    An invoice that charges a service earns, a one-off sum if the service is new; the credit note
    against it takes the same back.
    """
    due = (pl.col("method") == "flat") | pl.col("new")
    earns = services.filter(~pl.col("is_note"), pl.col("price") > 0, due)
    paid = earns.select("service", "rule", corrects="invoice_no")
    back = services.filter("is_note").join(paid, on=["service", "rule", "corrects"], how="semi")
    fine = micros(pl.col("value")) * 100
    return pl.concat(
        [earns.with_columns(fine=fine), back.with_columns(fine=fine * -1)]
    ).with_columns(basis=pl.col("price"))


# --- statements -----------------------------------------------------------------------------------


def stated(
    wanted: pl.DataFrame, before: pl.DataFrame, month: str, final: Collection[str]
) -> pl.DataFrame:
    """Return what the statements of a month say (`EARNED`, `month` the statement's, `late`).

    `wanted` is all that is earned as far as is known today; `before` what final statements of the
    months `final` said. What is earned in the month is stated; what changed since in months whose
    statements are final is stated as `late`: the difference, never the old rows.
    """
    own = wanted.filter(pl.col("month") == month).with_columns(late=pl.lit(False))
    sums = ("price", "basis", "amount")
    key = [name for name in EARNED if name not in (*sums, "month", "share", "rule", "exact")]
    then = wanted.filter(pl.col("month").is_in(list(final)))
    said = before.with_columns(-pl.col(*sums, "exact"))
    exact = pl.when(pl.col("exact").null_count() == 0).then(pl.col("exact").sum())
    gap = (
        pl.concat([then.select(EARNED.names()), said.select(EARNED.names())])
        .group_by(key)
        .agg(
            pl.col(sums).sum().cast(CENTS),
            pl.col("share").last(),
            pl.col("rule").max(),
            exact.cast(EXACT),
        )
        .filter((pl.col("amount") != 0) | (pl.col("exact") != 0).fill_null(False))
        .with_columns(month=pl.lit(month), late=pl.lit(True))
    )
    columns = [*EARNED.names(), "late"]
    return pl.concat([own.select(columns), gap.select(columns)]).sort(
        "payee", "deal", "method", *_LINE, "service", nulls_last=True
    )


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
