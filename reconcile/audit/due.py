"""What is due of a line: which days, how many units, and what they are worth.

Rules: `docs/DECISIONS.md` 14, 16, 18 and 19. What is due narrows (`NARROWED`), each time after a
code of the findings page. Most lines are due in full for their whole period and are computed
straight; the others are cut into pieces of days (`reconcile.audit.pieces`).
"""

from __future__ import annotations

import polars as pl

from invoices.money import MONTH_PARTS, cents, divide_half_away, micros
from invoices.periods import add_days, period_end
from invoices.schema import among
from reconcile.audit.pieces import CUT_CLASSES, NARROWED, due_in_pieces
from reconcile.audit.pricing import RECURRING, value
from reconcile.audit.repeats.duplicates import Duplicates
from reconcile.audit.repeats.undone_charges import stands
from reconcile.audit.repeats.weigh import Repeats

_NO_CENTS = pl.lit(0, dtype=pl.Int128)
_ONE = pl.lit(1, dtype=pl.Int128)


def with_all_due(lines: pl.LazyFrame, found: Duplicates, elements: pl.LazyFrame) -> pl.LazyFrame:
    """Return priced `lines` as `with_due` does, and what of them is due once (`due_once`, cents).

    It is null but for the few lines of which a line of 0.00 has a part that is due already; so are
    `units_once` and `unit_parts_once`. `repeats` says of lines billed twice whether they are on
    their own document. What other documents bill of a package is told by its days
    (`reconcile.audit.packages`): there a line of it is no repeat of another.
    """
    here = found.pairs.filter("same_document").select("line_id").unique()
    billed = _told_by_the_line(lines, found, here)
    due = with_due(lines, billed, elements).with_columns(
        repeats=pl.col("is_twice") & among("line_id", here["line_id"])
    )
    columns = {"due_once": "due_owned", "units_once": "units_owned"}
    columns["unit_parts_once"] = "unit_parts_owned"
    if found.due.twice.is_empty():
        unknown = pl.lit(None, dtype=pl.Int128)
        return due.with_columns(unknown.alias(name) for name in columns)
    few = lines.join(found.due.twice.select("line_id").lazy(), on="line_id", how="semi")
    once = with_due(few, found.due, elements).select("line_id", **columns)
    return due.join(once, on="line_id", how="left", maintain_order="left")


def _told_by_the_line(lines: pl.LazyFrame, found: Duplicates, here: pl.DataFrame) -> Repeats:
    """Return the repeats without those of packages that are billed on other documents."""
    elsewhere = found.billed.twice.select("line_id").join(here, on="line_id", how="anti")
    if elsewhere.is_empty():
        return found.billed
    grouped = (
        pl.col("package").is_not_null()
        & pl.col("buy_rate").is_not_null()
        & (pl.col("amount") > 0)
        & pl.col("summary").is_null()
        & stands()
    )
    by_days = lines.filter(grouped).join(elsewhere.lazy(), on="line_id", how="semi")
    gone = by_days.select("line_id").collect()
    return Repeats(*(part.join(gone, on="line_id", how="anti") for part in found.billed))


def with_due(lines: pl.LazyFrame, twice: Repeats, elements: pl.LazyFrame) -> pl.LazyFrame:
    """Return priced `lines` with the truth of the day and unit codes and what is due after each.

    Adds `units` (millionths), `rate` (null where the line cannot be priced), `due_not_billed`,
    `due_in_service`, `due_installed`, `due_ordered` and `due_owned` (cents),
    `unit_parts_installed`, `_ordered` and `_owned` (units x parts of a month), `units_owned`, and
    `is_twice`, `is_disconnected`, `is_before_install`, `is_not_carried`, `is_not_ordered`,
    `is_too_many`.

    Three units at 10.00 for June; A is in service until the 11th, of B the service has two::

        line  due_not_billed  due_in_service  due_installed  due_ordered  due_owned
        A     3000            1000            1000           1000         1000
        B     3000            3000            3000           3000         2000
    """
    # Of what is listed with no units the service has none: it is not on order.
    elements = elements.filter(pl.col("quantity") > 0)
    lines = _prepared(lines, twice, elements)
    pieces = due_in_pieces(lines, twice.pieces, elements)
    return (
        lines.pipe(_with_whole_and_part)
        .join(pieces.lazy(), on="line_id", how="left", maintain_order="left")
        .pipe(_with_narrowed)
        .pipe(_with_units)
    )


def _with_whole_and_part(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add the cents of all units of a line (`_whole`) and of those it keeps (`_part`).

    Two of three units are kept; B has no rate, and is that share of what is billed::

        line  rate   units  kept  amount      _whole  _part
        A     10.00  3      2     36.00   ->  3000    2000
        B     null   3      2     36.00   ->  3600    2400
    """
    full = value(pl.col("rate"), pl.col("units"), pl.col("factor"), pl.col("by_unit"))
    at = value(pl.col("rate"), pl.col("kept"), pl.col("factor"), pl.col("by_unit"))
    billed = cents(pl.col("amount"))
    shared = divide_half_away(billed * pl.col("kept"), pl.max_horizontal(pl.col("units"), _ONE))
    rated = pl.col("rate").is_not_null()
    return lines.with_columns(
        _whole=pl.when(rated).then(full).otherwise(billed),
        _part=pl.when(rated).then(at).otherwise(shared),
    )


def _with_narrowed(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add what is due after each code: of its pieces, else the whole line, a part or nothing.

    It never grows from one code to the next.

    A is cut at its disconnect; B is a point in time after it; C is in service::

        line  is_disconnected  pieces_in_service      due_not_billed  due_in_service
        A     true             1000               ->  3000            1000
        B     true             null               ->  3000            0
        C     false            null               ->  3000            3000
    """
    one_time = pl.col("charge_class") == "one_time"
    uncut = {
        "not_billed": pl.when("is_twice").then("_part").otherwise("_whole"),
        "in_service": pl.when("is_disconnected").then(_NO_CENTS).otherwise("_whole"),
        "installed": pl.when("is_before_install").then(_NO_CENTS).otherwise("_whole"),
        "ordered": pl.when(pl.col("is_not_ordered") | pl.col("is_waived"))
        .then(_NO_CENTS)
        .when(one_time)
        .then("_part")
        .otherwise("_whole"),
        "owned": pl.when(one_time | pl.col("is_too_many")).then("_part").otherwise("_whole"),
    }
    before: list[str] = []
    for name in NARROWED:
        due = pl.coalesce(pl.col(f"pieces_{name}").cast(pl.Int128), uncut[name])
        lines = lines.with_columns(pl.min_horizontal(due, *before).alias(f"due_{name}"))
        before = [f"due_{name}"]
    return lines


def _with_units(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add the units and unit-parts that are due, and what the pieces say of order and units."""
    in_full = pl.col("units") * pl.col("factor")
    # A line that is not cut is due as a whole or not at all.
    off = pl.any_horizontal("is_waived", "is_disconnected", "is_before_install")
    kept = pl.when(off).then(_NO_CENTS).otherwise("kept")
    of_pieces = {name: pl.col(f"piece_parts_{name}").cast(pl.Int128) for name in NARROWED[2:]}
    return lines.with_columns(
        unit_parts_installed=pl.coalesce(of_pieces["installed"], in_full),
        unit_parts_ordered=pl.coalesce(of_pieces["ordered"], in_full),
        unit_parts_owned=pl.coalesce(of_pieces["owned"], kept * pl.col("factor")),
        units_owned=pl.coalesce(pl.col("piece_units").cast(pl.Int128), kept),
        is_not_ordered=pl.col("is_not_ordered") | pl.col("lacks_order").fill_null(False),
        is_too_many=pl.coalesce("lacks_units", "is_too_many"),
    )


def _prepared(lines: pl.LazyFrame, twice: Repeats, elements: pl.LazyFrame) -> pl.LazyFrame:
    """Add what decides, code by code, what is due of a line that is not cut into pieces.

    A disconnect on 04-10 with 5 days of grace, two element rows in the inventory::

        period          package  ->  period_last  window_until  rate       element_rows
        04-01 to 05-01  -            05-01        04-15         buy_rate   2
        04-01 to 05-01  PKG1         05-01        04-15         null       2
        04-01 to 04-01  -            04-02        04-15         buy_rate   2
    """
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
            period_last=period_end(start, end),
            units=micros(pl.col("quantity").fill_null(1).abs()),
            factor=pl.col("fraction_parts").fill_null(MONTH_PARTS).cast(pl.Int128),
            rate=pl.when(priced & pl.col("package").is_null()).then("buy_rate"),
            package_rate=pl.when(priced & pl.col("package").is_not_null()).then("buy_rate"),
            by_unit=(pl.col("rounding") == "unit") & (pl.col("charge_class") != "usage"),
            window_until=add_days(pl.col("disconnected_on"), pl.col("disconnect_grace_days")),
            ordered=pl.col("charge_class").is_in(RECURRING)
            & pl.col("service").is_not_null()
            & pl.col("usoc").is_not_null()
            & pl.col("package").is_null()
            & (pl.col("kind").is_null() | (pl.col("kind") == "recurring")),
        )
    )
    return (
        lines.with_columns(rate=_rate_or_cap())
        .pipe(_with_truth_of_days)
        .pipe(_with_truth_of_units)
        .pipe(_with_kept)
    )


def _rate_or_cap() -> pl.Expr:
    """Return the rate what is due is reckoned by; none where a surcharge is within its cap.

    A cap is no price: a share of a surcharge that keeps it is that share of what was billed. With
    a cap of 10.00, in service for 10 of 30 days::

        billed  rate       due
        8.00    null   ->  2.67: a third of 8.00
        12.00   10.00  ->  3.33: a third of the cap
    """
    cap = value(pl.col("rate"), pl.col("units"), pl.col("factor"), pl.col("by_unit"))
    kept = (pl.col("charge_class") == "surcharge") & (cents(pl.col("amount")) <= cap)
    return pl.when(~kept.fill_null(False)).then("rate")


def _with_truth_of_days(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add the truth of the codes that look at days.

    Without days of grace::

        period       installed_on  window_until      is_before_install  is_disconnected
        06-01 07-01  06-11         null          ->  true               false
        06-01 07-01  01-15         06-21         ->  false              true
    """
    kind = pl.col("charge_class")
    start, last = pl.col("period_from"), pl.col("period_last")
    dated, usage = kind.is_in(CUT_CLASSES), kind == "usage"
    return lines.with_columns(
        is_twice=pl.col("twin").is_not_null(),
        is_disconnected=(
            (dated & (last > pl.col("window_until"))) | (usage & (start >= pl.col("window_until")))
        ).fill_null(False),
        is_before_install=(
            (dated & (start < pl.col("installed_on"))) | (usage & (last <= pl.col("installed_on")))
        ).fill_null(False),
    )


def _with_truth_of_units(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add the truth of the codes that look at orders and units.

    What one line bills beside what the inventory has::

        class      units  on order or owned      is_not_carried  is_not_ordered  is_too_many
        one_time   2      order for 1        ->  true            false           false
        recurring  3      no element         ->  false           true            false
        recurring  3      element of 2       ->  false           false           true
    """
    one_time, known = pl.col("charge_class") == "one_time", pl.col("service").is_not_null()
    left = micros(pl.col("units_left").fill_null(0))
    short = (left < pl.col("units")) & pl.col("twin").is_null()
    return lines.with_columns(
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
        is_too_many=pl.col("ordered")
        & pl.col("period_from").is_not_null()
        & (pl.col("element_rows") == 1).fill_null(False)
        & (pl.col("units") > micros(pl.col("element_units"))).fill_null(False),
    )


def _with_kept(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Add how many units of a line are due at all (`kept`, millionths).

    In whole units::

        a one-time charge for 2 with an order for 1  -> 1
        a recurring charge for 3 of an element of 2  -> 2
        usage that an earlier line bills already     -> 0
    """
    left = micros(pl.col("units_left").fill_null(0))
    of_order = (pl.col("charge_class") == "one_time") & pl.col("service").is_not_null()
    return lines.with_columns(
        kept=pl.when(pl.col("is_not_ordered"))
        .then(0)
        .when(of_order)
        .then(pl.min_horizontal("units", left, micros(pl.col("units_due"))))
        .when(pl.col("is_too_many"))
        .then(micros(pl.col("element_units")))
        .when(pl.col("units_due").is_not_null())
        .then(micros(pl.col("units_due")))
        .otherwise("units")
    )
