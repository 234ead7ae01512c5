"""Billed too little, then the rest: what a repeat uses up of what earlier lines left unbilled.

Rules: the findings page and `docs/DECISIONS.md` 20. What is used is neither billed twice nor due a
second time: `expected` stays, and `underbilled` is negative by it.
"""

from __future__ import annotations

import polars as pl

from invoices.money import cents, from_cents, micros
from invoices.schema import CENTS, among
from reconcile.audit.repeats.duplicates import Duplicates
from reconcile.audit.repeats.shared_days import FINE, each_day, on_days, spend_in_turns

_NONE = pl.DataFrame(schema={"line_id": pl.String(), "used": CENTS, "open": CENTS})
UNITS = ("due_units", "due_unit_parts")
PLAIN = ("plain_expected", *(f"plain_{name}" for name in UNITS))
_PAIR = ("line_id", "line_id_before")
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
        .filter((pl.col("open") > 0) | (pl.col("used") > 0))
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
    days = _left_on_days(asked.select("line_id", "units", "starts", "ends"), found)
    lying = _lying(asked, found).join(
        days.select(
            "line_id",
            "day",
            beside=pl.col("once") < pl.col("plain"),
            again=pl.col("plain") < pl.col("units"),
        ),
        on=["line_id", "day"],
        nulls_equal=True,
    )
    beside = lying.filter("beside", "is_nothing").with_columns(want="gone", again=pl.lit(False))
    again = lying.filter("again").with_columns(owed=pl.lit(None, dtype=pl.Int128))
    return pl.concat([beside, again]).select(
        *("day", "want", "owed", "lies"),
        turn=pl.struct("place", "again").rank("dense").over("service", "usoc"),
        taker="line_id",
        giver="place_before",
    )


def _left_on_days(lines: pl.DataFrame, found: Duplicates) -> pl.DataFrame:
    """Return the days of lines with the units they bill, and what earlier lines leave of them.

    `lines` have line_id, units, starts, ends; `plain` is what lines leave that bill something,
    `once` what those of 0.00 leave too. 2 units, of which the service has 2; before it 1 of 0.00 up
    to the 3rd, and 1 of 5.00 up to the 2nd::

        day    units  plain  once
        06-01  2      1      0
        06-02  2      2      1
        06-03  2      2      2
    """
    days = each_day(lines.unique("line_id")).with_columns(plain="units")
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
    """Return pairs once for each day they share, with the parts of cents (`lies`) there.

    What was billed too little of a line lies on its days: by the units that lines of 0.00 leave of
    what is due; what is `open` of theirs, on those; what is due since it was credited before
    (`again`), on the units that are billed again.
    """
    names = ("units", "starts", "ends", "bill_day", "proration")
    before = asked.with_columns(pl.col(f"{name}_before").alias(name) for name in names)
    own = _left_on_days(
        before.select("units", "starts", "ends", line_id="line_id_before"), found
    ).select("day", "plain", "once", line_id_before="line_id")
    credited = found.ever_billed.twice.select(line_id_before="line_id", again="credited")
    parts = {"first": pl.col("once"), "open": pl.col("plain") - pl.col("once"),
             "again": pl.col("units") - pl.col("plain")}  # fmt: skip
    lying = (
        on_days(before.join(credited, on="line_id_before", how="left"))
        .join(own, on=["line_id_before", "day"], nulls_equal=True)
        .with_columns(
            (micros(units) * pl.col("parts")).alias(f"{name}_bears")
            for name, units in parts.items()
        )
        .with_columns(
            pl.col(f"{name}_bears").sum().over(_PAIR).alias(f"{name}_all") for name in parts
        )
    )
    again = pl.when(pl.col("again_all") > 0).then(cents(pl.col("again"))).fill_null(0)
    due = pl.max_horizontal(pl.col("due") - again, _ZERO)
    open_ = pl.when(pl.col("first_all") > 0).then("open").otherwise(due)
    first = pl.max_horizontal(due - open_, _ZERO)
    lying = lying.with_columns(again=again, open=open_, first=first)
    whole = pl.max_horizontal(pl.sum_horizontal(*parts), pl.lit(1))
    lies = (
        pl.col("has") * FINE * pl.col(name) // whole
        * pl.col(f"{name}_bears") // pl.max_horizontal(f"{name}_all", pl.lit(1))
        for name in parts
    )  # fmt: skip
    return lying.with_columns(lies=pl.sum_horizontal(*lies)).drop("again")


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
