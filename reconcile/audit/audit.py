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
from invoices.schema import CENTS, RATE, among, columns_of
from reconcile.audit import duplicates, orders, packages, presence
from reconcile.audit.causes import equals_printed
from reconcile.audit.credits import DOCUMENT_ORDER
from reconcile.audit.due import value, with_due
from reconcile.audit.match import match
from reconcile.audit.pricing import place, price
from reconcile.audit.tell import tell, tell_not_billed
from reconcile.contracts import Contract, settings
from reconcile.schema import AUDITED

Keep = Callable[[pl.LazyFrame, str], pl.LazyFrame]
"""Holds an intermediate result so that it is computed once; the name says which."""

Split = Callable[[pl.LazyFrame, pl.Expr, int], list[pl.LazyFrame]]
"""Holds an intermediate result as so many shares, by the number an expression gives each row."""

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


def split_in_memory(frame: pl.LazyFrame, share: pl.Expr, shares: int) -> list[pl.LazyFrame]:
    """Hold an intermediate result in memory, share by share."""
    held = frame.collect()
    return [held.filter(share == number).lazy() for number in range(shares)]


def audit(
    lines: pl.LazyFrame,
    history: pl.LazyFrame,
    documents: pl.DataFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
    keep: Keep = in_memory,
    shares: int = 1,
    split: Split = split_in_memory,
) -> Audit:
    """Return every line with what is due of it, and what is wrong with it.

    `lines` (invoices.schema.LINES) are those of loaded documents not audited yet, `history`
    (AUDITED) those audited before, `documents` the loaded documents of the bill months in `lines`,
    `reference` the reference tables by name. Rows are conserved.

    Only lines of one service look at each other, so many lines are judged share by share, each
    with its own part of history and inventory: memory does not grow with the night.
    """
    asked = lines.filter((pl.col("charge_class") == "one_time") | (pl.col("amount") < 0))
    carried = _orders(match(asked, reference["services"]), history, reference["orders"])
    placed = place(match(lines, reference["services"]), carried, reference, contracts)
    if shares == 1:
        return _judged(
            keep(placed, "placed"), history, documents, reference, contracts, carried, keep
        )
    parts = []
    for number, share in enumerate(split(placed, _share(shares, "service", "ban"), shares)):
        own = reference | {
            name: reference[name].filter(_share(shares, "service") == number)
            for name in ("services", "service_elements")
        }
        past = history.filter(_share(shares, "service", "ban") == number)
        # A share is looked at many times, and small enough to be held while it is.
        held = share.collect().lazy()
        parts.append(_judged(held, past, documents, own, contracts, carried, keep))
    lines_of, findings, month_findings = zip(*parts, strict=True)
    return Audit(
        pl.concat(lines_of),
        pl.concat(findings).sort("finding_id"),
        pl.concat(month_findings).sort("finding_id"),
    )


def _share(shares: int, *names: str) -> pl.Expr:
    """Return the number of the share a row is in: that of its service, else of its account."""
    return pl.coalesce(*names, pl.lit("")).hash(0) % shares


def _judged(
    placed: pl.LazyFrame,
    history: pl.LazyFrame,
    documents: pl.DataFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
    carried: pl.DataFrame,
    keep: Keep,
) -> Audit:
    """Audit lines that know their service and order; no other lines are of their services."""
    twice = _duplicates(placed, history, reference, contracts, carried)
    rules = reference["usoc_rules"]
    summaries = presence.in_summary(placed, history, rules)
    alone = presence.without_partner(placed, history, rules)
    marked = (
        price(placed, reference, contracts)
        .pipe(with_due, twice, reference["service_elements"])
        .pipe(_marked)
        .join(summaries.lazy(), on="line_id", how="left", maintain_order="left")
        .join(alone.lazy(), on="line_id", how="left", maintain_order="left")
        .with_columns(is_in_summary=pl.col("summary").is_not_null())
    )
    # The package and the amount are known early: few lines go through the rest.
    packaged = pl.col("package").is_not_null(), pl.col("amount") > 0
    rated = pl.col("package_rate").is_not_null()
    spread = packages.spread(marked.filter(*packaged, rated, ~_whole(), pl.col("is_charge")))
    judged = keep(
        marked.pipe(_with_package, spread)
        .pipe(_judge)
        .select(
            *columns_of(AUDITED),
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
    months = documents["bill_date"].dt.truncate("1mo").unique()
    before = history.filter(among(pl.col("bill_date").dt.truncate("1mo"), months))
    return pl.concat([priced.select(columns), before.select(columns)])


def _orders(matched: pl.LazyFrame, history: pl.LazyFrame, reference: pl.LazyFrame) -> pl.DataFrame:
    """Give one-time charges their orders; `matched` holds them and tonight's credits."""
    columns = [*DOCUMENT_ORDER, "service", "usoc", "amount", "quantity", "order_no"]
    item = ["service", "usoc"]
    known = pl.col("service").is_not_null()
    charge = (pl.col("charge_class") == "one_time") & (pl.col("amount") >= 0)
    tonight = matched.filter(known).select(*columns, charge=charge).collect()
    lines = tonight.filter("charge").drop("charge")
    items = lines.select(item).unique()
    past = (
        history.join(items.lazy(), on=item, how="semi")
        .filter(charge | (pl.col("amount") < 0))
        .with_columns(order_no=pl.coalesce("order_used", "order_no"), charge=charge)
        .select(*columns, "charge")
        .collect()
    )
    return orders.assign(
        lines,
        past.filter("charge").drop("charge"),
        pl.concat([tonight, past]).filter(~pl.col("charge")).drop("charge")
        .join(items, on=item, how="semi"),
        reference.join(items.lazy(), on=item, how="semi").collect(),
    )  # fmt: skip


def _duplicates(
    placed: pl.LazyFrame,
    history: pl.LazyFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
    carried: pl.DataFrame,
) -> duplicates.Duplicates:
    held = reference["services"].filter(pl.col("package").is_not_null())
    inside = held.join(reference["packages"], on=["carrier", "package"])
    itself = held.with_columns(usoc="package", quantity=pl.lit(1).cast(RATE))
    dates = [pl.lit(None, dtype=pl.Date).alias(name) for name in ("active_from", "active_until")]
    columns = [pl.col("service"), pl.col("usoc"), pl.col("quantity").alias("units")]
    elements = reference["service_elements"].select(*columns, "active_from", "active_until")
    return duplicates.find(
        duplicates.columns(placed),
        duplicates.columns(history),
        pl.concat([elements, *(part.select(*columns, *dates) for part in (inside, itself))]),
        carried,
        settings(contracts).select(
            "contract", months=pl.max_horizontal("backbill_limit_months", pl.lit(12))
        ),
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
    limit = add_months(pl.col("period_until"), pl.col("backbill_limit_months"))
    record_only = (pl.col("kind") == "record_only").fill_null(False) & pl.col("package").is_null()
    capped = (kind == "surcharge") & pl.col("rate").is_not_null()
    cap = value(pl.col("rate"), pl.col("units"), pl.col("factor"), pl.col("by_unit"))
    return lines.with_columns(
        nothing=ZERO,
        is_record_only=record_only,
        is_charge=_charge() & ~record_only,
        is_charge_or_zero=(pl.col("amount") >= 0) & (kind != "adjustment") & ~record_only,
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


def _whole() -> pl.Expr:
    """Say whether a code that takes the whole line is true."""
    return pl.any_horizontal(_true(flag) for _, flag, after in WHOLE_OR_PART if after == "nothing")


def _with_package(lines: pl.LazyFrame, spread: pl.DataFrame) -> pl.LazyFrame:
    """Put the line's share of the package price in the place of what is due of it."""
    packaged = pl.col("package_rate").is_not_null() & pl.col("is_charge_or_zero")
    in_group = packaged & ~_whole() & ~_true("is_twice")
    share = pl.coalesce("package_share", cents(pl.col("amount")))
    return (
        lines.join(spread.lazy(), on="line_id", how="left", maintain_order="left")
        .with_columns(package_due=pl.when(in_group).then(share))
        .with_columns(
            pl.coalesce("package_due", f"due{stage}").alias(f"due{stage}") for stage in (2, 3, 4, 5)
        )
    )


def _judge(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Let each code take, in order, what no earlier one took; then say what was expected."""
    charge = pl.col("is_charge")
    lines = lines.with_columns(rem=pl.when(charge).then(cents(pl.col("amount"))).otherwise(ZERO))
    # What a credit left to pay of an earlier charge is due, unless a later code takes it.
    codes = [code for code, _, _ in WHOLE_OR_PART]
    later = WHOLE_OR_PART[codes.index("charged_twice") + 1 :]
    spares = charge & _true("is_twice") & ~pl.any_horizontal(_true(flag) for _, flag, _ in later)
    for code, flag, after in WHOLE_OR_PART:
        true = charge & _true(flag)
        kept = pl.min_horizontal("rem", after)
        if code == "charged_twice":
            bound = pl.max_horizontal(kept, pl.col("rem") - cents(pl.col("not_credited")))
            lines = lines.with_columns(spared=pl.when(spares).then(bound - kept).otherwise(ZERO))
            kept = bound
        lines = lines.with_columns(
            pl.when(true).then(pl.col("rem") - kept).alias(code),
            rem=pl.when(true).then(kept).otherwise("rem"),
        )
    return lines.pipe(_parts).pipe(_expected)


def _parts(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Split what is billed above what is due: units, the rate, the package, the arithmetic."""
    lines = _with_parts(lines)
    prorated, too_many = pl.col("charge_class") == "prorated", pl.col("too_many")
    later = pl.col("is_rate_above") | pl.col("is_wrong")
    at_most = pl.min_horizontal(pl.max_horizontal("units_part", ZERO), "left")
    for code, true, stake in (
        ("quantity_above_inventory", too_many, pl.when(later).then(at_most).otherwise("left")),
        ("rate_above_contract", pl.col("is_rate_above"), pl.col("left")),
        ("package_above_contract", pl.col("is_charge") & _true("is_package_above"),
         pl.max_horizontal(pl.col("rem") - pl.col("due5"), ZERO)),
        ("proration_wrong", pl.col("is_wrong") & prorated, pl.col("left")),
        ("extension_wrong", pl.col("is_wrong") & ~prorated, pl.col("left")),
    ):  # fmt: skip
        lines = lines.with_columns(pl.when(true).then(stake).alias(code)).with_columns(
            left=pl.col("left") - pl.col(code).fill_null(0),
            rem=pl.col("rem") - pl.col(code).fill_null(0),
        )
    return lines


def _with_parts(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add what is left above what is due, the part of it that units bear, and what is wrong."""
    kind, charge = pl.col("charge_class"), pl.col("is_charge")
    rated = charge & pl.col("rate").is_not_null() & kind.is_in(UNITED)
    printed = pl.col("unit_rate").is_not_null()
    equal = equals_printed(pl.col("rate"), pl.col("unit_rate"), pl.col("unit_rate_places"))
    right = ~printed | equal.fill_null(False)
    above = rated & ~right & (pl.col("unit_rate") > pl.col("rate"))
    too_many = charge & _true("is_too_many")
    tolerant = rated & (kind == "prorated") & right
    due = pl.col("due5") + pl.col("spared")
    month = pl.col("month_days").fill_null(30).cast(pl.Int128)
    extension = value(pl.col("rate"), pl.col("units"), pl.col("factor"), pl.col("by_unit"))
    at_billed_rate = divide_half_away(
        micros(pl.col("unit_rate")) * pl.col("unit_parts4"), EXACT_PER_CENT
    ) - divide_half_away(micros(pl.col("unit_rate")) * pl.col("unit_parts5"), EXACT_PER_CENT)
    share = divide_half_away(
        pl.col("rem") * pl.col("unit_parts5"),
        pl.max_horizontal("unit_parts4", pl.lit(1, dtype=pl.Int128)),
    )
    lines = lines.with_columns(
        too_many=too_many,
        slack=pl.when(tolerant & ~too_many)
        .then(_day(month, pl.min_horizontal("units", "has_units")))
        .otherwise(ZERO),
        over=pl.when(rated | too_many).then(pl.col("rem") - due).otherwise(ZERO),
        units_part=pl.when(rated & printed).then(at_billed_rate).otherwise(pl.col("rem") - share),
        is_wrong=rated
        & printed
        & ~above
        & (
            cents(pl.col("amount")) - extension
            > pl.when(tolerant).then(_day(month, pl.col("units"))).otherwise(ZERO)
        ),
    )
    # Without a printed unit rate, one is too high if more is billed than the units come to.
    dear = pl.col("rem") > pl.col("due4") + pl.col("spared")
    return lines.with_columns(
        is_rate_above=above | (rated & ~printed & dear & (pl.col("over") > pl.col("slack"))),
        is_tolerated=rated & (pl.col("over").abs() <= pl.col("slack")),
        left=pl.when(pl.col("over") > pl.col("slack")).then("over").otherwise(ZERO),
    )


def _day(month: pl.Expr, units: pl.Expr) -> pl.Expr:
    """Return the most cents a proration may be off: a day at the rate, and a cent."""
    return micros(pl.col("rate")) * units * (MONTH_PARTS // month) // EXACT_PER_CENT + 1


def _expected(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add expected, at_stake, tolerated and underbilled: billed = the sum of them, signed."""
    kind, charge = pl.col("charge_class"), pl.col("is_charge")
    taken = pl.col("is_charge_or_zero") & _whole()
    rated = pl.col("rate").is_not_null() & kind.is_in(UNITED)
    billed = cents(pl.col("amount"))
    stakes = pl.sum_horizontal(pl.col(code).fill_null(0) for code in STAKED)
    expected = (
        pl.when(_true("is_record_only") & pl.col("rate").is_null())
        .then(None)
        .when(~pl.col("is_charge_or_zero"))
        .then(billed)
        .when(kind.is_in(["tax", "late_charge", "surcharge"]))
        .then(billed - stakes)
        .when((rated | pl.col("package_rate").is_not_null()) & taken)
        .then(ZERO)
        .when(pl.col("package_rate").is_not_null() & _true("is_twice"))
        .then("rem")
        .when(pl.col("package_due").is_not_null())
        .then("package_due")
        .when(rated)
        .then(pl.col("due5") + pl.col("spared"))
    )
    lines = lines.with_columns(stakes=stakes, expected_cents=expected)
    tolerated = ~taken & (pl.col("is_tolerated") | _true("package_tolerated"))
    difference = pl.when(tolerated).then(pl.col("rem") - pl.col("expected_cents"))
    lines = lines.with_columns(tolerated_cents=difference.fill_null(0))
    short = (
        pl.col("expected_cents") + pl.col("stakes") + pl.col("tolerated_cents") - billed
    ).fill_null(0)
    free = (pl.col("rate") == 0).fill_null(False)
    gone = taken | (charge & (pl.col("rem") == 0) & ~free)
    return lines.with_columns(
        expected=from_cents(pl.col("expected_cents")).cast(CENTS),
        at_stake=from_cents(pl.col("stakes")).cast(CENTS),
        tolerated=from_cents(pl.col("tolerated_cents")).cast(CENTS),
        underbilled=from_cents(short).cast(CENTS),
    ).pipe(_due_units, gone)


def _due_units(lines: pl.LazyFrame, gone: pl.Expr) -> pl.LazyFrame:
    """Add the units and unit-parts that are due, none where `gone`."""
    judged = pl.col("is_charge_or_zero")
    in_full = pl.col("units") * pl.col("factor")
    # What is due for a charge that was credited in part is due for all that is billed.
    spared = pl.col("spared") > 0
    own = pl.when(judged & ~(spared & (pl.col("has_units") == 0)))
    units = own.then("has_units").otherwise("units")
    by_days = pl.when(judged & ~(spared & (pl.col("unit_parts5") == 0)))
    dated = pl.col("fraction_parts").is_not_null()
    parts = (
        pl.when(dated)
        .then(by_days.then("unit_parts5").otherwise(in_full))
        .otherwise(units * pl.col("factor"))
    )
    some = ~(judged & gone)
    return lines.with_columns(
        due_units=_millionths(pl.when(some).then(units).otherwise(ZERO)).cast(RATE),
        due_unit_parts=_millionths(pl.when(some).then(parts).otherwise(ZERO)),
    )


def _millionths(count: pl.Expr) -> pl.Expr:
    """Return a whole number of millionths as a decimal of six places."""
    step = pl.lit("0.000001").cast(pl.Decimal(38, 6))
    return count.cast(pl.Decimal(38, 6)) * step
