"""What is due of a line: which days, how many units, and what they are worth.

Rules: `docs/DECISIONS.md` 14, 16, 18 and 19. What is due narrows in stages, each after a code of
the findings page: 1 not billed before, 2 up to the disconnect, 3 from the install on, 4 on order
(or carried by an order), 5 the units the service has. Most lines are due in full for their whole
period and are computed straight; the others are cut into pieces of days, stage by stage.
"""

from __future__ import annotations

import polars as pl

from invoices.money import EXACT_PER_CENT, MICROS, MONTH_PARTS, cents, divide_half_away, micros
from invoices.periods import add_days, days_between, with_fraction
from reconcile.audit.duplicates import Duplicates
from reconcile.audit.pricing import RECURRING

STAGES = (1, 2, 3, 4, 5)
_CUT = ("recurring", "prorated", "surcharge", "tax")
"""Classes whose days before the install and after the disconnect are not due."""
_PIECE_KEY = ["piece_from", "piece_until", "bill_day", "proration"]


def value(rate: pl.Expr, units: pl.Expr, parts: pl.Expr, by_unit: pl.Expr) -> pl.Expr:
    """Return rate x units x parts of a month in cents (Int128), rounded as the carrier does.

    `units` are millionths. Rounding is once a line, or once a unit where `by_unit` is true.
    """
    each = divide_half_away(micros(rate) * parts * MICROS, EXACT_PER_CENT)
    line = divide_half_away(micros(rate) * units * parts, EXACT_PER_CENT)
    return pl.when(by_unit).then(divide_half_away(each * units, MICROS)).otherwise(line)


def with_due(lines: pl.LazyFrame, twice: Duplicates, elements: pl.LazyFrame) -> pl.LazyFrame:
    """Return priced `lines` with the truth of the day and unit codes and what is due after each.

    Adds `units` (millionths), `rate` (null where the line cannot be priced), due1 to due5 (cents),
    `unit_parts3` to `unit_parts5` (units x parts of a month), `has_units`, and `is_twice`,
    `is_disconnected`, `is_before_install`, `is_not_carried`, `is_not_ordered`, `is_too_many`.
    """
    lines = _prepared(lines, twice, elements)
    cut = _irregular(lines, twice.pieces, elements)
    full = value(pl.col("rate"), pl.col("units"), pl.col("factor"), pl.col("by_unit"))
    at = value(pl.col("rate"), pl.col("kept"), pl.col("factor"), pl.col("by_unit"))
    billed = cents(pl.col("amount"))
    shared = divide_half_away(
        billed * pl.col("kept"), pl.max_horizontal(pl.col("units"), pl.lit(1, dtype=pl.Int128))
    )
    whole = pl.when(pl.col("rate").is_not_null()).then(full).otherwise(billed)
    part = pl.when(pl.col("rate").is_not_null()).then(at).otherwise(shared)
    lines = lines.with_columns(_whole=whole, _part=part)
    nothing = pl.lit(0, dtype=pl.Int128)
    one_time = pl.col("charge_class") == "one_time"
    regular = {
        1: pl.when("is_twice").then("_part").otherwise("_whole"),
        2: pl.when("is_disconnected").then(nothing).otherwise("_whole"),
        3: pl.when("is_before_install").then(nothing).otherwise("_whole"),
        4: pl.when(pl.col("is_not_ordered") | pl.col("is_waived"))
        .then(nothing)
        .when(one_time)
        .then("_part")
        .otherwise("_whole"),
        5: pl.when(one_time | pl.col("is_too_many")).then("_part").otherwise("_whole"),
    }
    lines = lines.join(cut.lazy(), on="line_id", how="left", maintain_order="left")
    for stage in STAGES:
        due = pl.coalesce(pl.col(f"cut{stage}").cast(pl.Int128), regular[stage])
        before = [f"due{stage - 1}"] if stage > 1 else []
        lines = lines.with_columns(pl.min_horizontal(due, *before).alias(f"due{stage}"))
    in_full = pl.col("units") * pl.col("factor")
    # A line that is not cut is due as a whole or not at all.
    off = pl.any_horizontal("is_waived", "is_disconnected", "is_before_install")
    kept = pl.when(off).then(nothing).otherwise("kept")
    return lines.with_columns(
        unit_parts3=pl.coalesce(pl.col("cut_parts3").cast(pl.Int128), in_full),
        unit_parts4=pl.coalesce(pl.col("cut_parts4").cast(pl.Int128), in_full),
        unit_parts5=pl.coalesce(pl.col("cut_parts5").cast(pl.Int128), kept * pl.col("factor")),
        has_units=pl.coalesce(pl.col("cut_units").cast(pl.Int128), kept),
        is_not_ordered=pl.col("is_not_ordered") | pl.col("cut_not_ordered").fill_null(False),
        is_too_many=pl.coalesce("cut_too_many", "is_too_many"),
    )


def _prepared(lines: pl.LazyFrame, twice: Duplicates, elements: pl.LazyFrame) -> pl.LazyFrame:
    """Add what decides a stage for a line that is not cut into pieces."""
    rows = elements.group_by("service", "usoc").agg(
        element_rows=pl.len(),
        element_units=pl.col("quantity").first(),
        element_from=pl.col("active_from").first(),
        element_until=pl.col("active_until").first(),
    )
    start, end = pl.col("period_from"), pl.col("period_until")
    priced = ~(
        ((pl.col("charge_class") == "prorated") & pl.col("fraction_parts").is_null())
        | ((pl.col("charge_class") == "usage") & pl.col("quantity").is_null())
    )
    lines = (
        lines.join(rows, on=["service", "usoc"], how="left", maintain_order="left")
        .join(twice.twice.lazy(), on="line_id", how="left", maintain_order="left")
        .with_columns(
            period_last=pl.when(end > start).then(end).otherwise(add_days(start, 1)),
            units=micros(pl.col("quantity").fill_null(1).abs()),
            factor=pl.col("fraction_parts").fill_null(MONTH_PARTS).cast(pl.Int128),
            rate=pl.when(priced & pl.col("package").is_null()).then("buy_rate"),
            package_rate=pl.when(priced & pl.col("package").is_not_null()).then("buy_rate"),
            by_unit=(pl.col("rounding") == "unit") & (pl.col("charge_class") != "usage"),
            bill_day=pl.col("bill_date").dt.day(),
            window_until=add_days(pl.col("disconnected_on"), pl.col("disconnect_grace_days")),
            ordered=pl.col("charge_class").is_in(RECURRING)
            & pl.col("service").is_not_null()
            & pl.col("usoc").is_not_null()
            & pl.col("package").is_null()
            & (pl.col("kind").is_null() | (pl.col("kind") == "recurring")),
        )
    )
    return _with_truth(lines)


def _with_truth(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add the truth of the codes that look at days and units."""
    kind = pl.col("charge_class")
    start, last = pl.col("period_from"), pl.col("period_last")
    usage, one_time = kind == "usage", kind == "one_time"
    dated = kind.is_in(_CUT)
    ends_with_window = pl.col("disconnected_on").is_not_null() & (
        pl.col("element_until") >= pl.col("disconnected_on")
    )
    left = micros(pl.col("units_left").fill_null(0))
    known = pl.col("service").is_not_null()
    short = (left < pl.col("units")) & pl.col("twin").is_null()
    return (
        lines.with_columns(
            is_twice=pl.col("twin").is_not_null(),
            is_disconnected=(
                (dated & (last > pl.col("window_until")))
                | (usage & (start >= pl.col("window_until")))
            ).fill_null(False),
            is_before_install=(
                (dated & (start < pl.col("installed_on")))
                | (usage & (last <= pl.col("installed_on")))
            ).fill_null(False),
            # What an order no longer has because an earlier line used it is billed twice.
            is_not_carried=one_time
            & known
            & (
                pl.col("nrc_waived").fill_null(True)
                | (micros(pl.col("order_units")) < pl.col("units"))
                | short
            ),
            is_waived=(one_time & known & pl.col("nrc_waived")).fill_null(False),
            is_not_ordered=pl.col("ordered") & pl.col("element_rows").is_null(),
            element_until=pl.when(~ends_with_window.fill_null(False)).then("element_until"),
            owned=micros(pl.col("element_units")),
        )
        .with_columns(
            is_too_many=pl.col("ordered")
            & start.is_not_null()
            & (pl.col("element_rows") == 1).fill_null(False)
            & (pl.col("units") > pl.col("owned")).fill_null(False),
        )
        .with_columns(
            kept=pl.when(pl.col("is_not_ordered"))
            .then(0)
            .when(one_time & known)
            .then(pl.min_horizontal("units", left))
            .when(pl.col("is_too_many"))
            .then("owned")
            .when(pl.col("units_due").is_not_null())
            .then(micros(pl.col("units_due")))
            .otherwise("units")
        )
        .drop("owned")
    )


def _irregular(lines: pl.LazyFrame, pieces: pl.DataFrame, elements: pl.LazyFrame) -> pl.DataFrame:
    """Return what is due, stage by stage, of the lines that are due for some of their days only."""
    start, last = pl.col("period_from"), pl.col("period_last")
    dated = pl.col("charge_class").is_in(_CUT)
    whole = (pl.col("period_until") == start) & ~pl.col("ordered")
    off_window = (pl.col("is_disconnected") | pl.col("is_before_install")) & ~whole
    off_element = (
        pl.col("ordered")
        & start.is_not_null()
        & (
            (pl.col("element_rows") > 1)
            | (pl.col("element_from") > start)
            | (pl.col("element_until") < last)
        ).fill_null(False)
    )
    cut = (
        lines.filter(
            dated
            & (off_window | off_element | (pl.col("is_twice") & pl.col("units_due").is_null()))
        )
        .select(
            "line_id", "service", "usoc", "package", "charge_class", "amount", "units", "factor",
            "rate", "by_unit", "period_from", "period_until", "bill_date", "bill_day", "proration",
            "installed_on", "disconnected_on", "window_until", "ordered", "is_twice",
            "fraction_parts", "period_last",
        )
        .collect()
    )  # fmt: skip
    rows = elements.join(cut.lazy().select("service", "usoc").unique(), on=["service", "usoc"])
    owned = rows.collect()
    return _worth(cut, _pieces(cut, pieces, owned)).join(_truth(cut, owned), on="line_id")


def _open_end() -> pl.Expr:
    """Return where an element ends by itself; null where it ends with its service."""
    stops = pl.col("active_until") < pl.col("disconnected_on")
    own = (stops | pl.col("disconnected_on").is_null()).fill_null(False)
    return pl.when(own).then("active_until")


def _begins_in_service() -> pl.Expr:
    """Say whether an element begins before its service is disconnected, if it ever is."""
    return (pl.col("active_from") < pl.col("disconnected_on")).fill_null(True)


def _truth(cut: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """Say of each cut line whether some of its days are not on order, or have fewer units."""
    start = pl.max_horizontal("period_from", "installed_on")
    end = pl.min_horizontal("period_last", "window_until")
    nothing = pl.lit(0, dtype=pl.Int64)
    window = pl.max_horizontal(days_between(start, end), nothing)
    covered = days_between(
        pl.max_horizontal(start, "active_from"), pl.min_horizontal(end, _open_end())
    )
    here = (
        cut.join(owned, on=["service", "usoc"])
        .filter(_begins_in_service())
        .with_columns(days=covered)
        .filter(pl.col("days") > 0)
        .group_by("line_id")
        .agg(days=pl.col("days").sum(), least=micros(pl.col("quantity")).min())
    )
    return (
        cut.with_columns(window=window)
        .join(here, on="line_id", how="left", maintain_order="left")
        .select(
            "line_id",
            cut_not_ordered=pl.col("ordered") & (pl.col("days").fill_null(0) < pl.col("window")),
            cut_too_many=pl.col("ordered") & (pl.col("least") < pl.col("units")).fill_null(False),
        )
    )


def _pieces(cut: pl.DataFrame, pieces: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the pieces of days and units that are left of each line after each stage."""
    mine = cut.filter(~pl.col("is_twice")).with_columns(
        piece_from=pl.coalesce("period_from", "bill_date"),
        piece_until=pl.coalesce("period_last", add_days(pl.col("bill_date"), 1)),
    )
    seen = cut.filter("is_twice").join(
        pieces.with_columns(units=micros(pl.col("units"))).rename({"units": "units_left"}),
        on="line_id",
    )
    one = pl.concat(
        [
            mine,
            seen.with_columns(units=pl.col("units_left")).select(mine.columns),
        ]
    )
    two = one.with_columns(piece_until=pl.min_horizontal("piece_until", "window_until"))
    three = two.with_columns(piece_from=pl.max_horizontal("piece_from", "installed_on"))
    four = (
        three.filter("ordered")
        .join(rows, on=["service", "usoc"])
        .filter(_begins_in_service())
        .with_columns(
            piece_from=pl.max_horizontal("piece_from", "active_from"),
            piece_until=pl.min_horizontal("piece_until", _open_end()),
        )
    )
    five = four.with_columns(units=pl.min_horizontal("units", micros(pl.col("quantity"))))
    free = three.filter(~pl.col("ordered"))
    stages = ((1, one), (2, two), (3, three), (4, four), (4, free), (5, five), (5, free))
    return _joined(
        pl.concat(
            frame.select(*one.columns, stage=pl.lit(number, dtype=pl.Int64)).filter(
                pl.col("piece_from") < pl.col("piece_until")
            )
            for number, frame in stages
        )
    )


def _joined(pieces: pl.DataFrame) -> pl.DataFrame:
    """Join pieces of one line and stage that follow each other with equally many units."""
    own = ["line_id", "stage", "units"]
    ordered = pieces.sort(*own, "piece_from")
    follows = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in own) & (
        pl.col("piece_from") == pl.col("piece_until").shift()
    )
    return (
        ordered.with_columns(run=(~follows.fill_null(False)).cum_sum())
        .group_by("run")
        .agg(pl.exclude("piece_until").first(), pl.col("piece_until").last())
        .select(pieces.columns)
    )


def _worth(cut: pl.DataFrame, stages: pl.DataFrame) -> pl.DataFrame:
    """Value the pieces: one row a line with cut1 to cut5 in cents and the units and parts due."""
    spans = pl.concat(
        [
            stages.select(_PIECE_KEY),
            cut.select(
                "bill_day", "proration", piece_from="period_from", piece_until="period_until"
            ).select(_PIECE_KEY),
        ]
    ).unique()
    spans = with_fraction(spans.lazy(), "piece_from", "piece_until", "parts").collect()
    whole = cut.join(
        spans, left_on=["period_from", "period_until", "bill_day", "proration"],
        right_on=_PIECE_KEY, how="left", maintain_order="left",
    ).select(
        "line_id",
        base=pl.when(pl.col("parts") > 0).then("parts").otherwise(MONTH_PARTS).cast(pl.Int128),
        billed_units="units",
    )  # fmt: skip
    # A point in time has no parts of its own: what is left of it is all of it.
    dateless = pl.col("period_from").is_null() | (pl.col("period_from") == pl.col("period_until"))
    worth = (
        stages.join(spans, on=_PIECE_KEY, how="left", maintain_order="left")
        .join(whole, on="line_id")
        .with_columns(
            parts=pl.when(dateless).then("base").otherwise(pl.col("parts").cast(pl.Int128))
        )
        .group_by("line_id", "stage", "units")
        .agg(
            pl.col("rate", "by_unit", "amount", "base", "billed_units").first(),
            pl.min_horizontal(pl.col("parts").sum(), pl.col("base").first()).alias("parts"),
        )
        .with_columns(unit_parts=pl.col("units") * pl.col("parts"))
    )
    by_unit = value(pl.col("rate"), pl.col("units"), pl.col("parts"), pl.lit(True))
    exact = divide_half_away(
        micros(pl.col("rate").first()) * pl.col("unit_parts").sum(), EXACT_PER_CENT
    )
    bottom = pl.max_horizontal(
        pl.col("base").first() * pl.col("billed_units").first(), pl.lit(1, dtype=pl.Int128)
    )
    share = divide_half_away(cents(pl.col("amount").first()) * pl.col("unit_parts").sum(), bottom)
    valued = worth.group_by("line_id", "stage").agg(
        due=pl.when(pl.col("rate").first().is_null())
        .then(share)
        .when(pl.col("by_unit").first())
        .then(by_unit.sum())
        .otherwise(exact),
        unit_parts=pl.col("unit_parts").sum(),
        most=pl.col("units").max(),
    )
    result = whole.select("line_id")
    for stage in STAGES:
        own = valued.filter(pl.col("stage") == stage).select(
            "line_id",
            pl.col("due").alias(f"cut{stage}"),
            pl.col("unit_parts").alias(f"cut_parts{stage}"),
            pl.col("most").alias(f"most{stage}"),
        )
        result = result.join(own, on="line_id", how="left", maintain_order="left")
    return result.with_columns(pl.exclude("line_id").fill_null(0)).select(
        "line_id",
        *[f"cut{stage}" for stage in STAGES],
        "cut_parts3",
        "cut_parts4",
        "cut_parts5",
        cut_units="most5",
    )
