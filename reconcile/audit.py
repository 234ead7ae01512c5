"""The audit: what each line should have been, and every finding, each cent at most once.

The findings page gives the codes and their precedence, `docs/DECISIONS.md` 14 to 25 how they meet
on one line. Everything is a verb on frames of all lines at once; the few lines that need weighing
(duplicates, cut periods, packages off their price) are collected and joined back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from invoices.money import EXACT_PER_CENT, MONTH_PARTS, cents, divide_half_away, from_cents, micros
from invoices.periods import add_months
from invoices.schema import CENTS, RATE
from reconcile import duplicates, orders, packages, presence
from reconcile.causes import equals_printed
from reconcile.contracts import Contract, settings
from reconcile.due import value, with_due
from reconcile.match import match
from reconcile.pricing import place, price
from reconcile.schema import AUDITED
from reconcile.tell import tell, tell_not_billed

Keep = Callable[[pl.LazyFrame, str], pl.LazyFrame]
"""Holds an intermediate result so that it is computed once; the name says which."""

UNITED = ("recurring", "prorated", "one_time", "usage")
"""Classes whose unit rate is audited against the contract."""
ZERO = pl.lit(0, dtype=pl.Int128)

WHOLE_OR_PART: tuple[tuple[str, str, str], ...] = (
    # code, the column that says whether it is true, the column of what is due after it
    ("account_unknown", "is_account_unknown", "nothing"),
    ("backbilled_too_late", "is_too_late", "nothing"),
    ("charged_twice", "is_twice", "due1"),
    ("service_unknown", "is_service_unknown", "nothing"),
    ("billed_after_disconnect", "is_disconnected", "due2"),
    ("billed_before_install", "is_before_install", "due3"),
    ("one_time_charge_not_due", "is_not_carried", "due4"),
    ("element_not_ordered", "is_not_ordered", "due4"),
    ("tax_on_exempt_account", "is_exempt_tax", "nothing"),
    ("surcharge_not_due", "is_federal_usf", "nothing"),
    ("surcharge_above_cap", "is_above_cap", "due3"),
    ("charged_in_summary", "is_in_summary", "nothing"),
)
PARTS = (
    "quantity_above_inventory",
    "rate_above_contract",
    "package_above_contract",
    "proration_wrong",
    "extension_wrong",
)
STAKED = (*(code for code, _, _ in WHOLE_OR_PART), *PARTS)
WORDS = (
    "is_charge",
    "twin",
    "summary",
    "partner",
    "rate",
    "by_unit",
    "units_left",
    "nrc_waived",
    "backbill_limit_months",
)
"""What the words of a finding need beyond the audited line."""


class Audit(NamedTuple):
    """Audited lines (`reconcile.schema.AUDITED`) and their findings (`invoices.schema.FINDINGS`).

    `month_findings` are about elements that are on no line: they replace those of the same carriers
    and bill months found before.
    """

    lines: pl.LazyFrame
    findings: pl.DataFrame
    month_findings: pl.DataFrame


def in_memory(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Hold an intermediate result in memory."""
    del name
    return frame.collect().lazy()


def audit(
    lines: pl.LazyFrame,
    history: pl.LazyFrame,
    documents: pl.DataFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
    keep: Keep = in_memory,
) -> Audit:
    """Return every line with what is due of it, and what is wrong with it.

    `lines` (invoices.schema.LINES) are those of loaded documents not audited yet, `history`
    (AUDITED) those audited before, `documents` the loaded documents of the bill months in `lines`,
    `reference` the reference tables by name. Rows are conserved.
    """
    one_time = lines.filter(pl.col("charge_class") == "one_time")
    carried = _orders(match(one_time, reference["services"]), history, reference["orders"])
    matched = match(lines, reference["services"])
    placed = keep(place(matched, carried, reference, contracts), "placed")
    twice = _duplicates(placed, history, reference, contracts, carried)
    rules = reference["usoc_rules"]
    summaries = presence.in_summary(placed, history, rules)
    alone = presence.without_partner(placed, history, rules)
    marked = (
        price(placed, reference, contracts)
        .pipe(with_due, twice, reference["service_elements"])
        .pipe(_marked)
        .join(summaries.lazy(), on="line_id", how="left")
        .join(alone.lazy(), on="line_id", how="left")
        .with_columns(is_in_summary=pl.col("summary").is_not_null())
    )
    whole = pl.any_horizontal(_true(flag) for _, flag, after in WHOLE_OR_PART if after == "nothing")
    gone = _true("is_twice") & (pl.col("due1") == 0)
    spread = packages.spread(marked.filter(~whole, ~gone, pl.col("is_charge_or_zero")))
    judged = keep(
        marked.pipe(_with_package, spread)
        .pipe(_judge)
        .select(
            *(pl.col(name).cast(dtype) for name, dtype in AUDITED.items()),
            pl.col(*STAKED, "units", "factor").cast(pl.Int64),
            pl.col(WORDS),
        ),
        "judged",
    )
    findings = tell(judged, reference)
    months = presence.not_billed(
        documents, _together(placed, history, documents), reference, contracts
    )
    return Audit(judged.select(list(AUDITED)), findings, tell_not_billed(months))


def _together(priced: pl.LazyFrame, history: pl.LazyFrame, documents: pl.DataFrame) -> pl.LazyFrame:
    """Return tonight's lines and those of earlier nights in the same bill months."""
    columns = [
        "line_id", "carrier", "service", "usoc", "package", "charge_class", "amount", "bill_date",
        "period_from", "period_until", "rate_day",
    ]  # fmt: skip
    months = documents["bill_date"].dt.truncate("1mo").unique().implode()
    before = history.filter(pl.col("bill_date").dt.truncate("1mo").is_in(months))
    return pl.concat([priced.select(columns), before.select(columns)])


def _orders(matched: pl.LazyFrame, history: pl.LazyFrame, reference: pl.LazyFrame) -> pl.DataFrame:
    one_time = pl.col("charge_class") == "one_time", pl.col("service").is_not_null()
    columns = [*orders.DOCUMENT_ORDER, "service", "usoc", "amount", "quantity"]
    item = ["service", "usoc"]
    charge = (pl.col("amount") >= 0) & (pl.col("charge_class") != "adjustment")
    lines = matched.filter(*one_time, charge).select(*columns, "order_no").collect()
    items = lines.lazy().select(item).unique()
    past = history.join(items, on=item, how="semi")
    before = past.filter(*one_time, charge, pl.col("order_used").is_not_null())
    undone = [
        frame.join(items, on=item, how="semi")
        .filter(pl.col("amount") < 0)
        .select(*columns, "order_no")
        for frame in (matched, past)
    ]
    return orders.assign(
        lines,
        before.select(*columns, "order_used").collect(),
        pl.concat(undone).collect(),
        reference.join(items, on=item, how="semi").collect(),
    )


def _duplicates(
    priced: pl.LazyFrame,
    history: pl.LazyFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
    carried: pl.DataFrame,
) -> duplicates.Duplicates:
    limits = settings(contracts)["backbill_limit_months"]
    months = max([12, *limits.to_list()])
    dates = priced.select("bill_date").unique().collect()
    owned = reference["service_elements"].select(
        "service", "usoc", "active_from", "active_until", units="quantity"
    )
    held = reference["services"].select(
        "carrier", "service", "package", active_from="installed_on", active_until="disconnected_on"
    )
    inside = held.join(reference["packages"], on=["carrier", "package"]).select(
        "service", "usoc", "active_from", "active_until", units="quantity"
    )
    itself = held.filter(pl.col("package").is_not_null()).select(
        "service", "active_from", "active_until", usoc="package", units=pl.lit(1).cast(RATE)
    )
    columns = ["service", "usoc", "units", "active_from", "active_until"]
    return duplicates.find(
        duplicates.columns(priced),
        duplicates.columns(history),
        pl.concat([part.select(columns) for part in (owned, inside, itself)]),
        carried,
        dates.with_columns(months=pl.lit(months)),
    )


def _charge() -> pl.Expr:
    """Say whether a line is a charge that can be at stake: positive, and no adjustment."""
    return (pl.col("amount") > 0) & (pl.col("charge_class") != "adjustment")


def _true(column: str) -> pl.Expr:
    return pl.col(column).fill_null(False)


def _marked(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add the truth of the codes that look at the line alone."""
    kind = pl.col("charge_class")
    identified = pl.col("circuit_key").is_not_null() | pl.col("wtn").is_not_null()
    limit = add_months(
        pl.coalesce("service_until", "service_from"), pl.col("backbill_limit_months")
    )
    capped = (kind == "surcharge") & pl.col("rate").is_not_null()
    cap = value(pl.col("rate"), pl.col("units"), pl.col("factor"), pl.col("by_unit"))
    return lines.with_columns(
        nothing=ZERO,
        is_charge=_charge(),
        is_charge_or_zero=(pl.col("amount") >= 0) & (kind != "adjustment"),
        is_account_unknown=pl.col("contract").is_null(),
        is_too_late=(limit < pl.col("bill_date")).fill_null(False),
        is_service_unknown=pl.col("service").is_null()
        & (pl.col("match_note") != "ambiguous").fill_null(True)
        & (identified | kind.is_in(UNITED)),
        is_exempt_tax=(kind == "tax") & pl.col("resale_certificate"),
        is_federal_usf=(pl.col("family") == "federal usf").fill_null(False)
        & pl.col("resale_certificate"),
        is_above_cap=capped & (cents(pl.col("amount")) > cap),
    )


def _with_package(lines: pl.LazyFrame, spread: pl.DataFrame) -> pl.LazyFrame:
    """Put the line's share of the package price in the place of what is due of it."""
    packaged = pl.col("package").is_not_null() & pl.col("buy_rate").is_not_null()
    share = pl.coalesce("package_share", cents(pl.col("amount")))
    in_group = packaged & ~_true("is_twice")
    tolerated = _true("package_tolerated")
    return (
        lines.join(spread.lazy(), on="line_id", how="left")
        .with_columns(
            is_package_priced=in_group,
            is_package_above=in_group
            & ~tolerated
            & (pl.col("package_billed") > pl.col("package_price")).fill_null(False)
            & (cents(pl.col("amount")) > share),
        )
        .with_columns(
            pl.when(pl.col("is_package_priced") & ~(tolerated & ~_true("is_disconnected")))
            .then(share)
            .otherwise(f"due{stage}")
            .alias(f"due{stage}")
            for stage in (2, 3, 4, 5)
        )
        .with_columns(package_due=pl.when(in_group).then(share))
    )


def _judge(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Let each code take, in order, what no earlier one took; then say what was expected."""
    charge = pl.col("is_charge")
    lines = lines.with_columns(rem=pl.when(charge).then(cents(pl.col("amount"))).otherwise(ZERO))
    for code, flag, after in WHOLE_OR_PART:
        true = charge & _true(flag)
        kept = pl.min_horizontal("rem", after)
        if code == "charged_twice":
            bound = pl.col("rem") - cents(pl.col("not_credited"))
            kept = pl.max_horizontal(kept, pl.when(bound > 0).then(bound))
        lines = lines.with_columns(
            pl.when(true).then(pl.col("rem") - kept).alias(code),
            rem=pl.when(true).then(kept).otherwise("rem"),
        )
    return lines.pipe(_parts).pipe(_expected)


def _parts(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Split what is billed above what is due: units, the rate, the package, the arithmetic."""
    kind, charge = pl.col("charge_class"), pl.col("is_charge")
    rated = charge & pl.col("rate").is_not_null() & kind.is_in(UNITED)
    prorated = kind == "prorated"
    printed = pl.col("unit_rate").is_not_null()
    right = equals_printed(pl.col("rate"), pl.col("unit_rate"), pl.col("unit_rate_places"))
    above = rated & printed & ~right.fill_null(False) & (pl.col("unit_rate") > pl.col("rate"))
    due = pl.max_horizontal("due5", "credited_part")
    month = pl.col("month_days").fill_null(30).cast(pl.Int128)
    day = _day(month, pl.min_horizontal("units", "has_units"))
    # A rate printed in few places may have been extended with all of them.
    extension = pl.max_horizontal(
        value(pl.col(rate), pl.col("units"), pl.col("factor"), pl.col("by_unit"))
        for rate in ("unit_rate", "rate")
    )
    off = cents(pl.col("amount")) - extension
    at_billed_rate = divide_half_away(
        micros(pl.col("unit_rate")) * pl.col("unit_parts4"), EXACT_PER_CENT
    ) - divide_half_away(micros(pl.col("unit_rate")) * pl.col("unit_parts5"), EXACT_PER_CENT)
    share = divide_half_away(
        pl.col("rem") * pl.col("unit_parts5"),
        pl.max_horizontal("unit_parts4", pl.lit(1, dtype=pl.Int128)),
    )
    both = printed & pl.col("rate").is_not_null()
    units_part = pl.when(both).then(at_billed_rate).otherwise(pl.col("rem") - share)
    too_many = charge & _true("is_too_many")
    lines = lines.with_columns(
        credited_part=pl.when(_true("is_twice") & pl.col("not_credited").is_not_null()).then("rem")
    ).with_columns(
        day=pl.when(rated & prorated).then(day).otherwise(ZERO),
        left=pl.when(rated | (too_many & pl.col("rate").is_null()))
        .then(pl.max_horizontal(pl.col("rem") - due, ZERO))
        .otherwise(ZERO),
        is_rate_above=above,
        units_part=pl.when(too_many).then(pl.max_horizontal(units_part, ZERO)).otherwise(ZERO),
    )
    lines = lines.with_columns(units_part=pl.min_horizontal("units_part", "left"))
    after_units = pl.col("left") - pl.col("units_part")
    slack = pl.when(prorated & ~too_many).then("day").otherwise(ZERO)
    lines = lines.with_columns(
        is_rate_above=pl.col("is_rate_above") | (rated & ~printed & (after_units > slack)),
    )
    slack = pl.when(prorated).then(_day(month, pl.col("units"))).otherwise(ZERO)
    lines = lines.with_columns(
        is_wrong=(rated & printed & ~pl.col("is_rate_above") & (off > slack)).fill_null(False)
    )
    later = pl.col("is_rate_above") | pl.col("is_wrong")
    for code, true, stake in (
        ("quantity_above_inventory", too_many,
         pl.when(later).then("units_part").otherwise("left")),
        ("rate_above_contract", pl.col("is_rate_above"), pl.col("left")),
        ("proration_wrong", pl.col("is_wrong") & prorated, pl.col("left")),
        ("extension_wrong", pl.col("is_wrong") & ~prorated, pl.col("left")),
    ):  # fmt: skip
        lines = lines.with_columns(pl.when(true).then(stake).alias(code)).with_columns(
            left=pl.col("left") - pl.col(code).fill_null(0),
            rem=pl.col("rem") - pl.col(code).fill_null(0),
        )
    package_left = pl.max_horizontal(pl.col("rem") - pl.col("due5"), ZERO)
    package_above = charge & _true("is_package_above")
    return lines.with_columns(
        package_above_contract=pl.when(package_above).then(package_left)
    ).with_columns(rem=pl.col("rem") - pl.col("package_above_contract").fill_null(0))


def _day(month: pl.Expr, units: pl.Expr) -> pl.Expr:
    """Return the most cents a proration may be off: a day at the rate, and a cent."""
    return micros(pl.col("rate")) * units * (MONTH_PARTS // month) // EXACT_PER_CENT + 1


def _expected(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add expected, at_stake, tolerated and underbilled: billed = the sum of them, signed."""
    kind, charge = pl.col("charge_class"), pl.col("is_charge")
    taken = pl.any_horizontal(
        charge & _true(flag) for _, flag, after in WHOLE_OR_PART if after == "nothing"
    )
    unrated = kind.is_in(["tax", "late_charge", "surcharge"])
    rated = pl.col("rate").is_not_null() & kind.is_in(UNITED)
    billed = cents(pl.col("amount"))
    credit = ~pl.col("is_charge_or_zero")
    stakes = pl.sum_horizontal(pl.col(code).fill_null(0) for code in STAKED)
    due = pl.max_horizontal("due5", "credited_part")
    zero_due = pl.col("amount") == 0
    packaged = pl.col("package").is_not_null() & pl.col("buy_rate").is_not_null()
    expected = (
        pl.when(credit)
        .then(billed)
        .when(unrated)
        .then(billed - stakes)
        .when(packaged & taken)
        .then(ZERO)
        .when(packaged & _true("is_twice"))
        .then("rem")
        .when(pl.col("package_due").is_not_null())
        .then("package_due")
        .when(rated & (taken | (zero_due & (pl.col("rate") == 0))))
        .then(ZERO)
        .when(rated)
        .then(due)
    )
    lines = lines.with_columns(stakes=stakes, expected_cents=expected)
    difference = pl.col("rem") - pl.col("expected_cents")
    tolerated = (
        charge
        & ~taken
        & (kind == "prorated")
        & rated
        & (difference.abs() <= pl.col("day"))
        & pl.all_horizontal(pl.col(code).is_null() for code in PARTS)
    ) | (_true("package_tolerated") & ~taken)
    lines = lines.with_columns(
        tolerated_cents=pl.when(tolerated).then(difference).otherwise(ZERO).fill_null(0)
    )
    short = (
        pl.col("expected_cents") + pl.col("stakes") + pl.col("tolerated_cents") - billed
    ).fill_null(0)
    united = kind.is_in(UNITED) & pl.col("package").is_null()
    due_units = pl.when(united).then(pl.col("has_units")).otherwise(pl.col("units"))
    parts = pl.when(pl.col("package").is_not_null()).then("unit_parts3").otherwise("unit_parts5")
    free = (pl.col("rate") == 0).fill_null(False)
    gone = charge & (taken | ((pl.col("rem") == 0) & ~free))
    # What a part-credited duplicate leaves due is due for the units billed.
    due_units = pl.when(charge & (due_units > 0)).then(due_units).otherwise("units")
    dated = charge & pl.col("fraction_parts").is_not_null()
    parts = pl.when(dated).then(parts).otherwise(due_units * pl.col("factor"))
    return lines.with_columns(
        expected=from_cents(pl.col("expected_cents")).cast(CENTS),
        at_stake=from_cents(pl.col("stakes")).cast(CENTS),
        tolerated=from_cents(pl.col("tolerated_cents")).cast(CENTS),
        underbilled=from_cents(short).cast(CENTS),
        due_units=_millionths(pl.when(gone).then(ZERO).otherwise(due_units)).cast(RATE),
        due_unit_parts=_millionths(pl.when(gone).then(ZERO).otherwise(parts)),
    )


def _millionths(count: pl.Expr) -> pl.Expr:
    """Return a whole number of millionths as a decimal of six places."""
    step = pl.lit("0.000001").cast(pl.Decimal(38, 6))
    return count.cast(pl.Decimal(38, 6)) * step
