"""What is due of lines that are due for some of their days only: pieces of days and units.

A line is cut into pieces, `[piece_from, piece_until)` with so many units. Each code of the findings
page narrows them: to what is not billed before, up to the disconnect, from the install on, on
order, and to the units the service has. What is left after each is valued.
"""

from __future__ import annotations

import polars as pl

from invoices.money import EXACT_PER_CENT, MONTH_PARTS, cents, divide_half_away, micros
from invoices.periods import add_days, days_between, with_fraction
from reconcile.audit.pricing import value
from reconcile.audit.repeats.shared_days import begins_in_service

NARROWED = ("not_billed", "in_service", "installed", "ordered", "owned")
"""How what is due of a line narrows, each after a code of the findings page: what is not billed
yet; of it what is in service, up to the disconnect; what is installed; what is on order, or carried
by an order; and the units the service owns."""
CUT_CLASSES = ("recurring", "prorated", "surcharge", "tax")
"""Classes whose days before the install and after the disconnect are not due."""
_PIECE_KEY = ["piece_from", "piece_until", "bill_day", "proration", "cut"]
_NO_PARTS = pl.lit(0, dtype=pl.Int64)
_ONE = pl.lit(1, dtype=pl.Int128)


def due_in_pieces(
    lines: pl.LazyFrame, pieces: pl.DataFrame, elements: pl.LazyFrame
) -> pl.DataFrame:
    """Return one row for each line that is due for some of its days only.

    [line_id; pieces_not_billed to pieces_owned: the cents its pieces are worth after each code;
    piece_parts_installed, _ordered, _owned: their units x parts of a month; piece_units: the most
    units owned on a day; lacks_order, lacks_units: whether some of its days are not on order, or
    have fewer units]. `pieces` are what earlier lines left of those billed twice.
    """
    some_days = lines.filter(_due_for_some_days()).select(
        "line_id", "service", "usoc", "package", "charge_class", "amount", "units", "factor",
        "rate", "by_unit", "period_from", "period_until", "bill_date", "bill_day", "proration",
        "installed_on", "disconnected_on", "window_until", "ordered", "is_twice",
        "fraction_parts", "period_last",
    ).collect()  # fmt: skip
    asked = some_days.lazy().select("service", "usoc").unique()
    owned = elements.join(asked, on=["service", "usoc"]).collect()
    narrowed = _narrowed(some_days, pieces, owned)
    return _worth(some_days, narrowed).join(_truth(some_days, owned), on="line_id")


def _due_for_some_days() -> pl.Expr:
    """Say whether a line must be cut: its days, or those of its element, leave its period."""
    start, last = pl.col("period_from"), pl.col("period_last")
    dated = pl.col("charge_class").is_in(CUT_CLASSES)
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
    return dated & (off_window | off_element | (pl.col("is_twice") & pl.col("units_due").is_null()))


def _open_end() -> pl.Expr:
    """Return where an element ends by itself; null where it ends with its service."""
    stops = pl.col("active_until") < pl.col("disconnected_on")
    own = (stops | pl.col("disconnected_on").is_null()).fill_null(False)
    return pl.when(own).then("active_until")


def _truth(some_days: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """Say of each line whether some of its days are not on order, or have fewer units.

    A bills 1 unit, B 3::

        line  period       elements on order                 lacks_order  lacks_units
        A     06-01 07-01  1 unit  06-01 06-21               true         false
        B     06-01 07-01  1 unit  06-01 06-21, 2 from 06-21 false        true
    """
    start = pl.max_horizontal("period_from", "installed_on")
    end = pl.min_horizontal("period_last", "window_until")
    window = pl.max_horizontal(days_between(start, end), _NO_PARTS)
    covered = days_between(
        pl.max_horizontal(start, "active_from"), pl.min_horizontal(end, _open_end())
    )
    here = (
        some_days.join(owned, on=["service", "usoc"])
        .filter(begins_in_service())
        .with_columns(days=covered)
        .filter(pl.col("days") > 0)
        .group_by("line_id")
        .agg(days=pl.col("days").sum(), least=micros(pl.col("quantity")).min())
    )
    return (
        some_days.with_columns(window=window)
        .join(here, on="line_id", how="left", maintain_order="left")
        .select(
            "line_id",
            lacks_order=pl.col("ordered") & (pl.col("days").fill_null(0) < pl.col("window")),
            lacks_units=pl.col("ordered") & (pl.col("least") < pl.col("units")).fill_null(False),
        )
    )


def _narrowed(some_days: pl.DataFrame, pieces: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """Return the pieces of days and units that are left of each line after each code (`narrowed`).

    A line of June for 3 units, its service disconnected on the 21st with a grace of no days and
    installed on the 6th; 2 units are on order from the 11th::

        narrowed    piece_from  piece_until  units
        not_billed  06-01       07-01        3
        in_service  06-01       06-21        3
        installed   06-06       06-21        3
        ordered     06-11       06-21        3
        owned       06-11       06-21        2
    """
    not_billed = _not_billed(some_days, pieces)
    in_service = not_billed.with_columns(
        piece_until=pl.min_horizontal("piece_until", "window_until")
    )
    installed = in_service.with_columns(piece_from=pl.max_horizontal("piece_from", "installed_on"))
    ordered = (
        installed.filter("ordered")
        .join(owned, on=["service", "usoc"])
        .filter(begins_in_service())
        .with_columns(
            piece_from=pl.max_horizontal("piece_from", "active_from"),
            piece_until=pl.min_horizontal("piece_until", _open_end()),
        )
    )
    of_elements = ordered.with_columns(units=pl.min_horizontal("units", micros(pl.col("quantity"))))
    # What needs no order is due as it is installed.
    free = installed.filter(~pl.col("ordered"))
    left = (not_billed, in_service, installed, ordered, free, of_elements, free)
    after = (*NARROWED[:4], "ordered", "owned", "owned")
    return _joined(
        pl.concat(
            frame.select(*not_billed.columns, narrowed=pl.lit(name)).filter(
                pl.col("piece_from") < pl.col("piece_until")
            )
            for name, frame in zip(after, left, strict=True)
        )
    )


def _not_billed(some_days: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """Return each line as one piece, those billed twice as what earlier lines left of them."""
    mine = some_days.filter(~pl.col("is_twice")).with_columns(
        piece_from=pl.coalesce("period_from", "bill_date"),
        piece_until=pl.coalesce("period_last", add_days(pl.col("bill_date"), 1)),
    )
    seen = some_days.filter("is_twice").join(
        pieces.with_columns(units=micros(pl.col("units"))).rename({"units": "units_left"}),
        on="line_id",
    )
    return pl.concat([mine, seen.with_columns(units=pl.col("units_left")).select(mine.columns)])


def _joined(pieces: pl.DataFrame) -> pl.DataFrame:
    """Join pieces of one line and step that follow each other with equally many units.

    One row each piece::

        line  narrowed  piece_from  piece_until  units
        A     ordered   06-01       06-11        1
        A     ordered   06-11       06-21        1       -> A  ordered  06-01  06-21  1
    """
    own = ["line_id", "narrowed", "units"]
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


def _worth(some_days: pl.DataFrame, narrowed: pl.DataFrame) -> pl.DataFrame:
    """Value the pieces: one row a line, its cents, unit-parts and units a column a step.

    1 unit at 30.00 a month, due for 20 of the 30 days of June and on order for 10::

        line  narrowed    parts of the month      line  pieces_in_service  pieces_ordered
        A     in_service  20/30               ->  A     2000               1000
        A     ordered     10/30
    """
    part = [pl.col(f"piece_{end}") != pl.col(f"period_{end}") for end in ("from", "until")]
    narrowed = narrowed.with_columns(cut=pl.any_horizontal(part).fill_null(False))
    spans = _spans(some_days, narrowed)
    periods = _periods(some_days, spans)
    valued = _valued(_with_parts(narrowed, spans, periods))
    return _one_row_a_line(periods.select("line_id"), valued)


def _spans(some_days: pl.DataFrame, narrowed: pl.DataFrame) -> pl.DataFrame:
    """Return what part of a month each piece and each whole period is (`parts`), each once."""
    whole = some_days.select(
        "bill_day", "proration", piece_from="period_from", piece_until="period_until",
        cut=pl.lit(False),
    )  # fmt: skip
    spans = pl.concat([narrowed.select(_PIECE_KEY), whole.select(_PIECE_KEY)]).unique()
    told = with_fraction(spans.lazy(), "piece_from", "piece_until", "parts", pl.col("cut"))
    return told.collect()


def _periods(some_days: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Return [line_id, base, billed_units]: the parts and units that each line bills."""
    base = pl.when(pl.col("parts") > 0).then("parts").otherwise(MONTH_PARTS).cast(pl.Int128)
    return some_days.join(
        spans.filter(~pl.col("cut")).drop("cut"),
        left_on=["period_from", "period_until", "bill_day", "proration"],
        right_on=_PIECE_KEY[:-1], how="left", maintain_order="left",
    ).select("line_id", base=base, billed_units="units")  # fmt: skip


def _with_parts(narrowed: pl.DataFrame, spans: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return each line's parts of a month a step and number of units, never above its period's."""
    # A point in time has no parts of its own: what is left of it is all of it.
    dateless = pl.col("period_from").is_null() | (pl.col("period_from") == pl.col("period_until"))
    return (
        narrowed.join(spans, on=_PIECE_KEY, how="left", maintain_order="left")
        .join(periods, on="line_id")
        .with_columns(
            parts=pl.when(dateless).then("base").otherwise(pl.col("parts").cast(pl.Int128))
        )
        .group_by("line_id", "narrowed", "units")
        .agg(
            pl.col("rate", "by_unit", "amount", "base", "billed_units").first(),
            pl.min_horizontal(pl.col("parts").sum(), pl.col("base").first()).alias("parts"),
        )
        .with_columns(unit_parts=pl.col("units") * pl.col("parts"))
    )


def _valued(worth: pl.DataFrame) -> pl.DataFrame:
    """Return the cents, unit-parts and most units of each line a step.

    At the contract's rate, rounded as the carrier does; without a rate it is that share of what
    was billed.
    """
    by_unit = value(pl.col("rate"), pl.col("units"), pl.col("parts"), pl.lit(True))
    exact = divide_half_away(
        micros(pl.col("rate").first()) * pl.col("unit_parts").sum(), EXACT_PER_CENT
    )
    bottom = pl.max_horizontal(pl.col("base").first() * pl.col("billed_units").first(), _ONE)
    share = divide_half_away(cents(pl.col("amount").first()) * pl.col("unit_parts").sum(), bottom)
    return worth.group_by("line_id", "narrowed").agg(
        due=pl.when(pl.col("rate").first().is_null())
        .then(share)
        .when(pl.col("by_unit").first())
        .then(by_unit.sum())
        .otherwise(exact),
        unit_parts=pl.col("unit_parts").sum(),
        most=pl.col("units").max(),
    )


def _one_row_a_line(lines: pl.DataFrame, valued: pl.DataFrame) -> pl.DataFrame:
    """Return what is left after each step beside the line; nothing where no piece is left."""
    for name in NARROWED:
        own = valued.filter(pl.col("narrowed") == name).select(
            "line_id",
            pl.col("due").alias(f"pieces_{name}"),
            pl.col("unit_parts").alias(f"piece_parts_{name}"),
            pl.col("most").alias(f"most_{name}"),
        )
        lines = lines.join(own, on="line_id", how="left", maintain_order="left")
    return lines.with_columns(pl.exclude("line_id").fill_null(0)).select(
        "line_id",
        *(f"pieces_{name}" for name in NARROWED),
        *(f"piece_parts_{name}" for name in NARROWED[2:]),
        piece_units="most_owned",
    )
