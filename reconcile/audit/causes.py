"""Why a unit rate is above the contract: the rate the carrier seems to have used.

Rules: the causes of the findings page, in that order. A cause makes a dispute win: the packet cites
both rates and where each stands.
"""

from __future__ import annotations

import polars as pl

from invoices.distinct import distinct
from invoices.money import cents, divide_half_away, micros
from invoices.periods import add_days
from invoices.schema import RATE, columns_of
from reconcile.audit.pricing import QUESTION, fitting, in_force, on_day, value

CAUSES = pl.Schema(
    {
        "line_id": pl.String(),
        "cause": pl.String(),
        "other_rate": RATE,  # the rate the carrier seems to have used
        "other_source": pl.String(),  # where it stands
    }
)
_ASKED = (
    *("carrier", "usoc", *QUESTION, "rate_from"),
    *("unit_rate", "unit_rate_places", "units", "factor", "by_unit", "amount"),
)
"""What decides the cause of a line."""
_ELSEWHERE = (
    ("other_zone", "zone", "inventory_zone"),
    ("other_state", "state", "inventory_state"),
    ("other_term", "term_months", "term_months"),
)


def equals_printed(rate: pl.Expr, printed: pl.Expr, places: pl.Expr) -> pl.Expr:
    """Say whether a printed unit rate is `rate` rounded to the printed places."""
    step = pl.lit(10, dtype=pl.Int64).pow(6 - places.cast(pl.Int64).clip(0, 6)).cast(pl.Int128)
    return divide_half_away(micros(rate), step) * step == micros(printed)


def causes(lines: pl.DataFrame, rates: pl.DataFrame, retail: pl.DataFrame) -> pl.DataFrame:
    """Return the first cause that fits each line billed above its rate (`CAUSES`).

    `lines` are priced lines with a rate question (`reconcile.audit.pricing.with_question`) and the
    columns of `reconcile.audit.due.with_due`; `rates` come from `rate_frame`.
    """
    # What lines ask alike is asked once: a question may meet the rates of a hundred places.
    asked = distinct(lines.select(_ASKED))
    rows = asked.rows.with_columns(line_id=pl.int_range(pl.len()).cast(pl.String))
    found = [
        _superseded(rows, rates),
        *(_elsewhere(rows, rates, *place) for place in _ELSEWHERE),
        _retail(rows, retail),
    ]
    first = pl.concat(found).unique("line_id", keep="first", maintain_order=True)
    answers = (
        rows.select("line_id")
        .join(first, on="line_id", how="left", maintain_order="left")
        .with_columns(pl.col("cause").fill_null("unexplained"))
        .drop("line_id")
    )
    return lines.select("line_id").hstack(asked.told(answers)).select(columns_of(CAUSES))


def _is_billed(rate: pl.Expr) -> pl.Expr:
    """Say whether a rate is the one billed: as printed, or else by what it comes to."""
    printed = equals_printed(rate, pl.col("unit_rate"), pl.col("unit_rate_places"))
    comes_to = value(rate, pl.col("units"), pl.col("factor"), pl.col("by_unit"))
    by_amount = comes_to == cents(pl.col("amount"))
    return pl.when(pl.col("unit_rate").is_not_null()).then(printed).otherwise(by_amount)


def _named(frame: pl.DataFrame, cause: str, rate: str) -> pl.DataFrame:
    return (
        frame.filter(_is_billed(pl.col(rate)).fill_null(False))
        .sort("line_id", rate, "source", nulls_last=True)
        .select(
            "line_id",
            cause=pl.lit(cause),
            other_rate=pl.col(rate).cast(RATE),
            other_source=pl.col("source"),
        )
    )


def _superseded(lines: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """The rate that was in force on the day before the one in force began."""
    asked = lines.filter(pl.col("rate_from").is_not_null()).with_columns(
        rate_day=add_days(pl.col("rate_from"), -1)
    )
    before = in_force(asked.select(QUESTION).unique(), rates).select(
        *QUESTION, before_id="rate_id", before="buy_rate"
    )
    sources = rates.select(before_id="row_id", source="source")
    return _named(
        asked.join(before, on=QUESTION, nulls_equal=True).join(sources, on="before_id", how="left"),
        "superseded_rate",
        "before",
    )


def _elsewhere(
    lines: pl.DataFrame, rates: pl.DataFrame, cause: str, column: str, asked: str
) -> pl.DataFrame:
    """A rate in force that day for another zone, state or term, otherwise for this line."""
    places = ("circuit_key", "rate_circuit"), ("ban", "rate_ban")
    # A zone is told apart within a state; another state brings its own zones and terms.
    beside = {
        "other_zone": (("state", "inventory_state"), ("term_months", "term_months")),
        "other_state": (("term_months", "term_months"),),
        "other_term": (("state", "inventory_state"), ("zone", "inventory_zone")),
    }[cause]
    own = pl.col(f"of_{column}")
    questions = lines.select(QUESTION).unique()
    others = fitting(questions, rates, (*places, *beside)).filter(
        own.is_not_null() & (own != pl.col(asked)).fill_null(True)
    )
    return _named(
        lines.join(others.select(*QUESTION, "source", other="rate"), on=QUESTION, nulls_equal=True),
        cause,
        "other",
    )


def _retail(lines: pl.DataFrame, retail: pl.DataFrame) -> pl.DataFrame:
    """The carrier's own retail rate."""
    day = pl.col("rate_day")
    listed = retail.filter(pl.col("usoc").is_not_null()).select(
        "carrier", "usoc", "effective_from", "effective_until", retail_state="state",
        retail_rate="rate", source=pl.lit("the carrier's retail rate"),
    )  # fmt: skip
    return _named(
        lines.join(listed, on=["carrier", "usoc"])
        .filter(
            on_day(day),
            pl.col("retail_state").is_null()
            | (pl.col("retail_state") == pl.col("inventory_state")),
        )
        .sort("retail_state", nulls_last=True)
        .unique("line_id", keep="first", maintain_order=True),
        "retail_rate",
        "retail_rate",
    )
