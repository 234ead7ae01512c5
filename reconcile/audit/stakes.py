"""What each code puts at stake, each cent of a line at most once, and what was expected then.

The codes stand in the precedence of the findings page: the first that is true takes what it does
not leave due, the next of what is left. `docs/DECISIONS.md` 14 to 25 say how they meet on one line.
"""

from __future__ import annotations

import polars as pl

from invoices.money import (
    EXACT_PER_CENT,
    cents,
    divide_half_away,
    from_cents,
    from_micros,
    micros,
)
from invoices.periods import add_months
from invoices.schema import CENTS, RATE
from reconcile.audit.causes import equals_printed
from reconcile.audit.pieces import NARROWED
from reconcile.audit.pricing import day_and_cent, value
from reconcile.schema import UNITED

ZERO = pl.lit(0, dtype=pl.Int128)
WHOLE_OR_PART: tuple[tuple[str, str, str], ...] = (
    # code, the column that says whether it is true, the column of what is due after it
    ("account_unknown", "is_account_unknown", "nothing"),
    ("backbilled_too_late", "is_too_late", "nothing"),
    ("charged_twice", "is_twice", "due_not_billed"),
    ("service_unknown", "is_service_unknown", "nothing"),
    ("billed_after_disconnect", "is_disconnected", "due_in_service"),
    ("billed_before_install", "is_before_install", "due_installed"),
    ("one_time_charge_not_due", "is_not_carried", "due_ordered"),
    ("element_not_ordered", "is_not_ordered", "due_ordered"),
    ("tax_on_exempt_account", "is_exempt_tax", "nothing"),
    ("surcharge_not_due", "is_federal_usf", "nothing"),
    ("surcharge_above_cap", "is_above_cap", "due_installed"),
    ("charged_in_summary", "is_in_summary", "nothing"),
)
"""What takes the whole line, or what is not due of it, in the order of their precedence."""
PARTS = (
    "quantity_above_inventory",
    "rate_above_contract",
    "package_above_contract",
    "proration_wrong",
    "extension_wrong",
)
"""What takes a part of what is billed above what is due, after all of these."""
STAKED = (*(code for code, _, _ in WHOLE_OR_PART), *PARTS)
"""The codes with a stake, each a column of cents."""
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


def _charge() -> pl.Expr:
    """Say whether a line is a charge that can be at stake: positive, and no adjustment."""
    return (pl.col("amount") > 0) & (pl.col("charge_class") != "adjustment")


def _true(column: str) -> pl.Expr:
    return pl.col(column).fill_null(False)


def with_truth_of_line(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add the truth of the codes that look at the line alone."""
    kind = pl.col("charge_class")
    identified = pl.col("circuit_key").is_not_null() | pl.col("wtn").is_not_null()
    limit = add_months(pl.col("period_until"), pl.col("backbill_limit_months"))
    record_only = (pl.col("kind") == "record_only").fill_null(False) & pl.col("package").is_null()
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
        # The cap is the rate of none but what is billed above it.
        is_above_cap=(kind == "surcharge") & pl.col("rate").is_not_null(),
    )


def takes_whole() -> pl.Expr:
    """Say whether a code that takes the whole line is true."""
    return pl.any_horizontal(_true(flag) for _, flag, after in WHOLE_OR_PART if after == "nothing")


def with_package_due(lines: pl.LazyFrame, spread: pl.DataFrame) -> pl.LazyFrame:
    """Put the line's share of the package price in the place of what is due of it.

    What was billed too little before and is billed here is no more at stake than its share is. What
    other documents bill of its days is the affair of the package: only its repeats on its own
    document are told by the line.
    """
    packaged = pl.col("package_rate").is_not_null() & pl.col("is_charge_or_zero")
    in_group = packaged & ~takes_whole() & ~_true("repeats")
    billed = cents(pl.col("amount"))
    share = pl.coalesce("package_share", billed)
    again = pl.col("package_again").fill_null(0)
    own = pl.when(in_group)
    return (
        lines.join(spread.lazy(), on="line_id", how="left", maintain_order="left")
        .with_columns(
            package_due=own.then(share + pl.col("package_used").fill_null(0)),
            package_expected=own.then(share),
            due_not_billed=own.then(billed - again).otherwise("due_not_billed"),
            is_twice=own.then(again > 0).otherwise("is_twice"),
            twin=own.then("package_twin").otherwise("twin"),
            credited=own.then(None).otherwise("credited"),
        )
        .with_columns(
            pl.coalesce("package_due", f"due_{name}").alias(f"due_{name}") for name in NARROWED[1:]
        )
    )


def with_stakes(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Let each code take, in order, what no earlier one took; then say what was expected."""
    charge = pl.col("is_charge")
    lines = lines.with_columns(rem=pl.when(charge).then(cents(pl.col("amount"))).otherwise(ZERO))
    # What was credited of an earlier charge is due, unless a later code is true of the line; one of
    # 0.00 that bills it again owes it.
    codes = [code for code, _, _ in WHOLE_OR_PART]
    later = WHOLE_OR_PART[codes.index("charged_twice") + 1 :]
    other = pl.any_horizontal(_true(flag) for _, flag, _ in later)
    spares = pl.col("is_charge_or_zero") & _true("is_twice") & ~other
    credited = cents(pl.col("credited")).fill_null(0)
    lines = lines.with_columns(spared=pl.when(spares).then(credited).otherwise(ZERO))
    for code, flag, after in WHOLE_OR_PART:
        true = charge & _true(flag)
        due = pl.col(after) + pl.col("spared") if code == "charged_twice" else pl.col(after)
        kept = pl.min_horizontal("rem", due)
        if code == "charged_twice":
            # All of what it bills again was credited: it is no repeat.
            told = true & ~((pl.col("spared") > 0) & (pl.col("rem") > 0) & (kept == pl.col("rem")))
        else:
            told = true
        lines = lines.with_columns(
            pl.when(told).then(pl.col("rem") - kept).alias(code),
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
         pl.max_horizontal(pl.col("rem") - pl.col("due_owned"), ZERO)),
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
    due = pl.col("due_owned") + pl.col("spared")
    extension = value(pl.col("rate"), pl.col("units"), pl.col("factor"), pl.col("by_unit"))
    at_billed_rate = divide_half_away(
        micros(pl.col("unit_rate")) * pl.col("unit_parts_ordered"), EXACT_PER_CENT
    ) - divide_half_away(micros(pl.col("unit_rate")) * pl.col("unit_parts_owned"), EXACT_PER_CENT)
    share = divide_half_away(
        pl.col("rem") * pl.col("unit_parts_owned"),
        pl.max_horizontal("unit_parts_ordered", pl.lit(1, dtype=pl.Int128)),
    )
    lines = lines.with_columns(
        too_many=too_many,
        slack=pl.when(tolerant & ~too_many)
        .then(day_and_cent(pl.col("rate"), pl.min_horizontal("units", "units_owned")))
        .otherwise(ZERO),
        over=pl.when(rated | too_many).then(pl.col("rem") - due).otherwise(ZERO),
        units_part=pl.when(rated & printed).then(at_billed_rate).otherwise(pl.col("rem") - share),
        is_wrong=rated
        & printed
        & ~above
        & (
            cents(pl.col("amount")) - extension
            > pl.when(tolerant).then(day_and_cent(pl.col("rate"), pl.col("units"))).otherwise(ZERO)
        ),
    )
    # Without a printed unit rate, one is too high if more is billed than the units come to.
    dear = pl.col("rem") > pl.col("due_ordered") + pl.col("spared")
    beyond = pl.col("over") > pl.col("slack")
    return lines.with_columns(
        is_rate_above=above | (rated & ~printed & dear & beyond),
        is_tolerated=rated & (pl.col("over").abs() <= pl.col("slack")),
        left=pl.when(beyond).then("over").otherwise(ZERO),
    )


def _expected(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add expected, at_stake, tolerated and underbilled: billed = the sum of them, signed."""
    kind, charge = pl.col("charge_class"), pl.col("is_charge")
    taken = pl.col("is_charge_or_zero") & takes_whole()
    rated = pl.col("rate").is_not_null() & kind.is_in(UNITED)
    billed = cents(pl.col("amount"))
    capped = (kind == "surcharge") & pl.col("buy_rate").is_not_null()
    stakes = pl.sum_horizontal(pl.col(code).fill_null(0) for code in STAKED)
    expected = (
        pl.when(_true("is_record_only") & pl.col("rate").is_null() & ~capped)
        .then(None)
        .when(~pl.col("is_charge_or_zero"))
        .then(billed)
        .when(kind.is_in(["tax", "late_charge", "surcharge"]))
        .then(billed - stakes)
        .when((rated | pl.col("package_rate").is_not_null()) & taken)
        .then(ZERO)
        .when(pl.col("package_due").is_not_null())
        .then("package_expected")
        .when(pl.col("package_rate").is_not_null() & _true("is_twice"))
        .then("rem")
        .when(rated)
        .then(pl.min_horizontal("due_owned", "due_once") + pl.col("spared"))
    )
    packaged = pl.col("package_due").is_not_null() | pl.col("package_rate").is_not_null()
    beside = rated & pl.col("is_charge_or_zero") & ~taken & ~packaged
    lines = lines.with_columns(
        stakes=stakes,
        expected_cents=expected,
        # What of it lines of 0.00 have.
        beside=pl.when(beside).then(
            pl.max_horizontal(pl.col("due_owned") - pl.col("due_once"), ZERO)
        ),
    )
    tolerated = ~taken & (pl.col("is_tolerated") | _true("package_tolerated"))
    due = pl.when(rated).then(_due_of_rated()).otherwise(pl.coalesce("package_due", "rem"))
    difference = pl.when(tolerated).then(pl.col("rem") - due)
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


def _due_of_rated() -> pl.Expr:
    """Return what is due of a line with a rate, and what was credited of what it bills again."""
    return pl.col("due_owned") + pl.col("spared")


def _due_units(lines: pl.LazyFrame, gone: pl.Expr) -> pl.LazyFrame:
    """Add the units and unit-parts that are due, none where `gone`.

    `plain_due_units`, `plain_due_unit_parts` and `plain_expected` are what they are without lines
    of 0.00 before it.
    """
    judged = pl.col("is_charge_or_zero")
    in_full = pl.col("units") * pl.col("factor")
    # What is due for a charge that was credited in part is due for all that is billed.
    spared = pl.col("spared") > 0
    own = pl.when(judged & ~(spared & (pl.col("units_owned") == 0)))
    by_days = pl.when(judged & ~(spared & (pl.col("unit_parts_owned") == 0)))
    units = own.then("units_owned").otherwise("units")
    dated = pl.col("fraction_parts").is_not_null()
    parts = (
        pl.when(dated)
        .then(by_days.then("unit_parts_owned").otherwise(in_full))
        .otherwise(units * pl.col("factor"))
    )
    units, parts = (pl.when(judged & gone).then(ZERO).otherwise(part) for part in (units, parts))
    once = pl.col("due_once").is_not_null()
    none = judged & (gone | (pl.col("due_once") == 0))
    units_once = pl.when(none).then(ZERO).when(once).then("units_once").otherwise(units)
    parts_once = pl.when(dated).then("unit_parts_once").otherwise(units_once * pl.col("factor"))
    parts_once = pl.when(none).then(ZERO).when(once).then(parts_once).otherwise(parts)
    return lines.with_columns(
        due_units=from_micros(units_once).cast(RATE),
        due_unit_parts=from_micros(parts_once),
        plain_due_units=from_micros(units).cast(RATE),
        plain_due_unit_parts=from_micros(parts),
        plain_expected=from_cents(pl.col("expected_cents") + pl.col("beside").fill_null(0)).cast(
            CENTS
        ),
    )
