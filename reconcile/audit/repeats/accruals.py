"""Billed too little, then the rest: what a repeat uses up of what earlier lines left unbilled.

Rules: the findings page and `docs/DECISIONS.md` 20. What is used is neither billed twice nor due a
second time: `expected` stays, and `underbilled` is negative by it.
"""

from __future__ import annotations

import polars as pl

from invoices.money import cents, from_cents
from invoices.schema import CENTS, among
from reconcile.audit.repeats.duplicates import Duplicates
from reconcile.audit.repeats.shared_days import FINE, on_days, spend_in_turns

_NONE = pl.DataFrame(schema={"line_id": pl.String(), "used": CENTS, "open": CENTS})
UNITS = ("due_units", "due_unit_parts")
PLAIN = ("plain_expected", *(f"plain_{name}" for name in UNITS))
_ZERO = pl.lit(0, dtype=pl.Int128)


def used_up(judged: pl.LazyFrame, history: pl.LazyFrame, found: Duplicates) -> pl.DataFrame:
    """Return what tonight's repeats use up of what was billed too little: [line_id, used, open].

    `judged` has charged_twice (cents, null where it is not true) and package_used beside AUDITED;
    `history` is AUDITED; `found` has the lines of one element with earlier ones. What was billed
    too little lies on the days of a line that are no repeat themselves. An element of 30.00, of
    which B bills the rest, and C once more::

        line  amount  underbilled  charged_twice      used
        A     20.00   10.00        -
        B     10.00    0.00        10.00          ->  10.00
        C     10.00    0.00        10.00

    `open` is what is due of a line all the same: lines of 0.00 had it, until another used it up
    (and was credited since).
    """
    pairs = found.pairs
    if pairs.is_empty():
        return _NONE
    ids = pl.concat([pairs["line_id"], pairs["line_id_before"]]).unique()
    once = not found.due.twice.is_empty()
    owed = cents(pl.col("plain_expected")) - cents(pl.col("expected")) if once else _ZERO
    lines = [
        frame.filter(among("line_id", ids), pl.col("package").is_null())
        .select("line_id", "expected", "underbilled", twice, owed=owed, tonight=pl.lit(is_tonight))
        .collect()
        for frame, twice, owed, is_tonight in (
            (judged, cents_of("charged_twice"), owed.fill_null(0), True),
            (history, _ZERO.alias("charged_twice"), _ZERO, False),
        )
    ]
    givers, takers = _sides(pl.concat(lines))
    asked = pairs.join(takers, on="line_id").join(givers, on="line_id_before")
    if asked.is_empty():
        return _NONE
    taken = spend_in_turns(
        _lying(asked, found.free).select(
            turn=pl.col("place").rank("dense").over("service", "usoc"),
            taker="line_id",
            giver="line_id_before",
            day="day",
            want="want",
            lies="lies",
        )
    )
    mine = takers.filter("tonight", among("line_id", asked["line_id"]))
    return _told(mine, taken)


def _told(takers: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Say what of what was taken repeats use up, and what lines owed that was not there."""
    more = pl.col("taken") - pl.col("gone")
    left = pl.max_horizontal(pl.col("owed") - pl.col("taken"), _ZERO)
    return (
        takers.join(taken, left_on="line_id", right_on="taker", how="left")
        .with_columns(pl.col("taken").fill_null(0))
        .filter(more != 0)
        .select(
            "line_id",
            used=from_cents(pl.max_horizontal(more, _ZERO)),
            open=from_cents(pl.when(more < 0).then(left).otherwise(_ZERO)),
        )
    )


def _sides(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what was billed too little (line_id_before, has), and who wants it.

    [line_id, tonight, owed, gone, want]: what earlier nights used up is used up (`gone`); tonight's
    repeats want what they bill again. `owed` is what earlier lines of 0.00 have of a line.
    """
    short = cents(pl.col("underbilled")).fill_null(0)
    gone = pl.max_horizontal(short * -1, pl.lit(0, dtype=pl.Int128))
    asks = (pl.col("charged_twice") > 0) & pl.col("expected").is_not_null()
    givers = lines.filter(short > 0).select(line_id_before="line_id", has=short)
    takers = lines.filter((gone > 0) | asks).select(
        "line_id", "tonight", "owed", gone=gone, want=gone + pl.col("charged_twice")
    )
    return givers, takers


def _lying(asked: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """Return pairs once for each day they share, with the parts of cents (`lies`) there.

    What was billed too little of a line lies on its days, of one billed twice on those that are no
    repeat (`pieces`).
    """
    lying = on_days(
        asked.with_columns(
            own_from="starts",
            own_until="ends",
            starts="starts_before",
            ends="ends_before",
            bill_day="bill_day_before",
            proration="proration_before",
        )
    )
    free = _free(pieces).filter(among("line_id_before", asked["line_id_before"]))
    lying = lying.join(
        free.select("line_id_before", cut=True).unique(), on="line_id_before", how="left"
    ).join(free.with_columns(is_free=True), on=["line_id_before", "day"], how="left")
    lying = lying.filter(pl.col("cut").is_null() | pl.col("is_free"))
    of_giver = pl.col("parts").sum().over("line_id", "line_id_before")
    on_own = (pl.col("own_from") <= pl.col("day")) & (pl.col("day") < pl.col("own_until"))
    return lying.with_columns(lies=pl.col("has") * FINE * pl.col("parts") // of_giver).filter(
        on_own.fill_null(True)
    )


def _free(pieces: pl.DataFrame) -> pl.DataFrame:
    """Return the days of pieces: [line_id_before, day]."""
    each_day = pl.date_ranges("piece_from", "piece_until", closed="left").alias("day")
    days = pieces.select(each_day, line_id_before="line_id").explode("day")
    return days.select("line_id_before", "day").unique()


def cents_of(code: str) -> pl.Expr:
    """Return the stake of a code as whole cents, 0 where it is not true."""
    return pl.col(code).fill_null(0).cast(pl.Int128).alias(code)


def without_used(judged: pl.LazyFrame, used: pl.DataFrame) -> pl.LazyFrame:
    """Take off what repeats used up; one of which nothing is left is not billed twice.

    What is `open` is due: `expected` and the units are what they are without lines of 0.00. If
    there can be such a line, `judged` has those units (`PLAIN`).
    """
    package = pl.when(pl.col("charged_twice") > 0).then("package_used").otherwise(None)
    own = pl.coalesce(cents(pl.col("used")), package.cast(pl.Int128), pl.lit(0, dtype=pl.Int128))
    money = from_cents(pl.col("own")).cast(CENTS)
    left = pl.col("charged_twice") - pl.col("own")
    return (
        judged.join(used.lazy(), on="line_id", how="left", maintain_order="left")
        .with_columns(own=pl.min_horizontal(own, pl.col("charged_twice").cast(pl.Int128)))
        .with_columns(own=pl.col("own").fill_null(0))
        .with_columns(
            charged_twice=pl.when((pl.col("own") == 0) | (left > 0)).then(left.cast(pl.Int64)),
            at_stake=(pl.col("at_stake") - money).cast(CENTS),
            underbilled=(pl.col("underbilled") - money).cast(CENTS),
        )
        .with_columns(_opened() if used.select((pl.col("open") > 0).any()).item() else [])
        .drop("own", "used", "open")
    )


def _opened() -> list[pl.Expr]:
    """Return the money and the units of lines, with what is `open` of them due."""
    money = [
        (pl.col(name) + pl.col("open").fill_null(0)).cast(CENTS).alias(name)
        for name in ("expected", "underbilled")
    ]
    units = [
        pl.when(pl.col("open") > 0).then(f"plain_{name}").otherwise(name).alias(name)
        for name in UNITS
    ]
    return [*money, *units]
