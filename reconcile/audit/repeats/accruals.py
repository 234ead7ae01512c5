"""Billed too little, then the rest: what a repeat uses up of what earlier lines left unbilled.

Rules: the findings page and `docs/DECISIONS.md` 20. What is used is neither billed twice nor due a
second time: `expected` stays, and `underbilled` is negative by it.
"""

from __future__ import annotations

import polars as pl

from invoices.money import EXACT_PER_CENT, cents, divide_half_away, from_cents, micros
from invoices.schema import CENTS, among
from reconcile.audit.repeats.duplicates import Duplicates
from reconcile.audit.repeats.shared_days import FINE, each_day, of_unit, on_days, spend_in_turns

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
    if found.pairs.is_empty():
        return _NONE
    givers, takers = _sides(_paired(judged, history, found))
    told = _NONE
    while not takers.is_empty():
        asked = (
            found.pairs.join(takers, on="line_id")
            .join(givers, on="line_id_before")
            .join(told, left_on="line_id_before", right_on="line_id", how="left")
            .with_columns(open=cents(pl.col("open")).fill_null(0))
            .with_columns(has=pl.col("short") + pl.col("open"), due=pl.col("due") + pl.col("open"))
            .filter(pl.col("has") > 0)
        )
        taken = spend_in_turns(_in_turns(asked, found))
        before, told = told, _told(takers.filter("tonight"), taken)
        # What is open of a line of 0.00 is there for those after it.
        if told.equals(before) or not (told["open"] > 0).any():
            break
    return told


def _paired(judged: pl.LazyFrame, history: pl.LazyFrame, found: Duplicates) -> pl.DataFrame:
    """Return the lines of pairs: what is due, what was billed too little and what is billed twice.

    `owed` is what lines of 0.00 before have of tonight's.
    """
    ids = pl.concat([found.pairs["line_id"], found.pairs["line_id_before"]]).unique()
    owed = cents(pl.col("plain_expected")) - cents(pl.col("expected"))
    if found.due.twice.is_empty():
        owed = _ZERO
    told = ("line_id", "amount", "expected", "underbilled")
    return pl.concat(
        frame.filter(among("line_id", ids), pl.col("package").is_null())
        .select(*told, twice, owed=owed, tonight=pl.lit(is_tonight))
        .collect()
        for frame, twice, owed, is_tonight in (
            (judged, cents_of("charged_twice"), owed.fill_null(0), True),
            (history, _ZERO.alias("charged_twice"), _ZERO, False),
        )
    )


def _told(takers: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Say what of what was taken repeats use up, and what lines owed that was not there.

    A line that reaches nothing lacks all that is owed to it.
    """
    open_ = pl.coalesce("lacking", "owed")
    beside = pl.max_horizontal(pl.col("gone") - open_, _ZERO)
    return (
        takers.join(taken, left_on="line_id", right_on="taker", how="left")
        .with_columns(open=open_, used=pl.col("taken").fill_null(0) - beside)
        .select("line_id", used=from_cents(pl.col("used")), open=from_cents(pl.col("open")))
    )


def _sides(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return who may give of what was billed too little, and who wants it.

    [line_id_before, is_nothing, short, due] and [line_id, tonight, owed, gone, want]: what earlier
    nights used up is used up (`gone`); tonight's repeats want what they bill again.
    """
    short = cents(pl.col("underbilled")).fill_null(0)
    gone = pl.max_horizontal(short * -1, _ZERO)
    asks = (pl.col("charged_twice") > 0) & pl.col("expected").is_not_null()
    givers = lines.drop_nulls("expected").select(
        line_id_before="line_id",
        is_nothing=pl.col("amount") == 0,
        short=short,
        due=cents(pl.col("expected")),
    )
    takers = lines.filter((gone > 0) | asks | (pl.col("owed") > 0)).select(
        "line_id", "tonight", "owed", gone=gone, want=gone + pl.col("charged_twice")
    )
    return givers, takers


def _in_turns(asked: pl.DataFrame, found: Duplicates) -> pl.DataFrame:
    """Return who takes what of which days, in turns (`shared_days.spend_in_turns`).

    A line first takes what lines of 0.00 have of it, then what it bills again.
    """
    own = ("line_id", "units", "starts", "ends", "bill_day", "proration", "worth")
    days = _left_on_days(asked.select(own), found)
    had = _worth(days).select("line_id", had_beside=pl.col("plain") - pl.col("once"))
    lying = (
        asked.join(_lying(asked, found), on="line_id_before")
        .join(
            days.select("line_id", "day", "plain", "once"), on=["line_id", "day"], nulls_equal=True
        )
        .join(had, on="line_id")
    )
    beside = lying.filter(pl.col("once") < pl.col("plain"), "is_nothing").with_columns(
        want=pl.when("tonight").then("gone").otherwise(pl.min_horizontal("gone", "had_beside")),
        again=pl.lit(False),
    )
    again = lying.filter(pl.col("plain") < pl.col("units")).with_columns(
        owed=pl.lit(None, dtype=pl.Int128), again=pl.lit(True)
    )
    return pl.concat([beside, again]).select(
        *("day", "want", "owed", "lies"),
        turn=pl.struct("place", "again").rank("dense").over("service", "usoc"),
        taker="line_id",
        giver="place_before",
    )


def _left_on_days(lines: pl.DataFrame, found: Duplicates) -> pl.DataFrame:
    """Return the days of lines with the units they bill, and what earlier lines leave of them.

    `lines` have line_id, units and what `on_days` asks for; `plain` is what lines leave that bill
    something, `once` what those of 0.00 leave of it. 2 units, of which the service has 2; before it
    1 of 0.00 up to the 3rd, and 1 of 5.00 up to the 2nd::

        day    units  plain  once
        06-01  2      1      0
        06-02  2      2      1
        06-03  2      2      2
    """
    days = on_days(lines.unique("line_id")).with_columns(plain="units")
    for name, repeats in (("plain", found.ever_billed), ("once", found.ever_due)):
        told = repeats.twice.select("line_id", "units_due", told=True)
        pieces = repeats.pieces.rename({"piece_from": "starts", "piece_until": "ends"})
        free = each_day(pieces).select("line_id", "day", free="units")
        left = pl.coalesce("free", "units_due", pl.lit(0))
        days = (
            days.join(told, on="line_id", how="left")
            .join(free, on=["line_id", "day"], how="left")
            .with_columns(pl.when("told").then(left).otherwise("plain").alias(name))
            .drop("told", "units_due", "free")
        )
    return days


def _lying(asked: pl.DataFrame, found: Duplicates) -> pl.DataFrame:
    """Return where what was billed too little lies: [line_id_before, day, lies], parts of a cent.

    It lies on the days of its line: by the units that lines of 0.00 leave of what is due; what is
    `open` of theirs, on those; what is due since it was credited before (`again`), on the units
    that are billed again.
    """
    names = ("units", "starts", "ends", "bill_day", "proration", "worth")
    givers = asked.select(
        *("has", "due"),
        *(pl.col(f"{name}_before").alias(name) for name in names),
        line_id="line_id_before",
    )
    credited = found.ever_billed.twice.select("line_id", again=cents(pl.col("credited")))
    days = _left_on_days(givers, found)
    worth = _worth(days).select("line_id", worth_once="once")
    lying = days.join(worth, on="line_id").join(credited, on="line_id", how="left")
    again = pl.col("again").fill_null(0)
    own = pl.max_horizontal(pl.col("due") - again, _ZERO)
    first = pl.min_horizontal(own, "worth_once")
    lying = lying.with_columns(first=first, open=own - first, again=again)
    parts = {
        "first": pl.col("once"),
        "open": pl.col("plain") - pl.col("once"),
        "again": pl.col("units") - pl.col("plain"),
    }
    whole = pl.max_horizontal(pl.sum_horizontal(*parts), pl.lit(1))
    lies = []
    for name, units in parts.items():
        bears = micros(units) * pl.col("parts")
        all_of = pl.max_horizontal(bears.sum().over("line_id"), pl.lit(1))
        lies.append(pl.col("has") * FINE * pl.col(name) // whole * bears // all_of)
    return lying.select("day", line_id_before="line_id", lies=pl.sum_horizontal(*lies))


def _worth(days: pl.DataFrame) -> pl.DataFrame:
    """Return what lines cost by the contract, in cents: [line_id, plain, once].

    `plain` is for the units that lines leave which bill something, `once` for what those of 0.00
    leave of these.
    """
    names = ("plain", "once")
    lines = days.group_by("line_id").agg(
        (micros(pl.col(*names)) * pl.col("parts")).sum(),
        pl.col("parts").sum(),
        of_unit=of_unit().first().fill_null(0),
    )
    whole = pl.col("parts").cast(pl.Int128) * EXACT_PER_CENT
    return lines.select(
        "line_id",
        *(divide_half_away(pl.col("of_unit") * pl.col(name), whole).alias(name) for name in names),
    )


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
