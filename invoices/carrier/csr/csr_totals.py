"""Totals that a service record prints are held against the rows above them."""

from __future__ import annotations

import polars as pl

from invoices.carrier.csr.csr_equipment import MONEY, amount, printed_total
from invoices.schema import CENTS, RATE
from invoices.text import filled

TOTAL = (
    r"(?i)^[^/]*\b(?:SUB[ -]?TOTALS?|TOTALS?|(?:CARRIED|BROUGHT)[ \t]+FORWARD)\b"
    rf"(?:.*?[ \t.:*]|[ \t.:*]*)\(?({MONEY})\)?[ \t*]*$"
)
"""A row that says what rows above it come to."""
_OF_ALL = (
    r"(?i)^[ \t*]*(?:GRAND[ \t]+)?TOTAL(?:[ \t]+(?:MONTHLY|RECURRING|CHARGES?|SERVICES?|AND|&"
    rf"|S&E|EQUIPMENT|ACCOUNT|RECORD|MRC))*[ \t.:*]*{MONEY}"
)
_OF_NO_MONEY = ("LIST", "LISTING", "LISTINGS", "RMKS", "REMARKS", "HEADER")
"""Sections with no amounts of their own: a plain total in one is of the record."""
_SUMS = {
    "in_record": [],
    "in_block": ["block"],
    "on_page": ["top", "sheet"],
    "of_subject": ["block", "subject"],
    "after_total": ["since"],
}
"""What a total may be of: record, section, page, service, or rows since the total above it."""


def unproven(good: pl.DataFrame, bad: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the totals that no rows above them come to, with the `reason`.

    `lines` are those of the record that are not equipment: totals, and what stands in sections that
    are not counted. A total there is held against the record, and against the rows with amounts
    above it in its section, if there are some. Nothing follows from a record with rows that cannot
    be read, which are told themselves. Where totals are printed and right, a row that is in none is
    unproven: one is of rows above it in its section, or of the record. The first of them is told.
    """
    rows = _with_sums(_together(good, lines))
    is_total = pl.col("printed").is_not_null()
    sums = pl.any_horizontal(pl.col(of) == pl.col("printed") for of in (*_SUMS, "listed"))
    asked = is_total & (pl.col("counted") | (pl.col("lists") > 0)) & ~pl.col("silent")
    asked |= pl.col("section").is_in(list(_OF_NO_MONEY)) & pl.col("text").str.contains(_OF_ALL)
    whole = is_total & (pl.col("in_record") == pl.col("printed"))
    last = pl.max_horizontal(
        pl.col("line").filter(is_total).max().over("block"),
        pl.col("line").filter(whole).max().over("record"),
    )
    rows = rows.with_columns(
        wrong=asked & ~sums,
        below=pl.col("counts") & pl.col("has") & (pl.col("line") > last.fill_null(-1)),
    )
    found = pl.when(pl.col("lists") > 0).then("listed").otherwise("in_record")
    told = filled("the rows above it come to {}", found.cast(CENTS).cast(pl.String))
    first = pl.col("below") & ~pl.col("wrong").any().over("record")
    first &= pl.col("line") == pl.col("line").filter("below").min().over("record")
    read = rows.with_columns(first=first).join(
        bad.select("record").unique(), on="record", how="anti", maintain_order="left"
    )
    return read.filter(pl.col("wrong") | pl.col("first")).with_columns(
        reason=pl.when("wrong").then(told).otherwise(pl.lit(_IN_NONE))
    )


_IN_NONE = "totals are printed, and none of them is of this row"


def _together(good: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return rows of equipment (`counts`), totals (`printed`), and other rows with amounts."""
    place = ["record", "line", "block", "sheet", "top", "section"]
    place += ["source_file", "source_row", "text"]
    text = pl.col("text")
    is_total = text.str.contains(TOTAL)
    other = lines.filter(is_total | text.str.contains(MONEY)).select(
        *place,
        "counted",
        counts=pl.lit(False),
        total=pl.when(~is_total).then(printed_total(text)),
        subject=pl.lit(None, pl.String),
        printed=amount(text.str.extract(TOTAL, 1)),
    )
    own = good.select(
        *place,
        counted=pl.lit(True),
        counts=pl.lit(True),
        total=pl.col("total").cast(RATE),
        subject=pl.coalesce("circuit_id", "wtn"),
        printed=pl.lit(None, RATE),
    )
    return pl.concat([own, other]).sort("line")


def _with_sums(rows: pl.DataFrame) -> pl.DataFrame:
    """Add what rows come to up to each: of equipment (`_SUMS`), and of all `listed` in a section;
    how many it `lists`, whether one of them is `silent`, and whether its record `has` a total."""
    is_total = pl.col("printed").is_not_null()
    amounts = pl.col("total").fill_null(0).cast(pl.Decimal(38, 6))
    rows = rows.with_columns(
        unknown=(pl.col("total").is_null() & ~is_total & ~pl.col("counts")).cast(pl.Int64),
        each=amounts,
        total=pl.when("counts").then(amounts).otherwise(0),
        since=is_total.cast(pl.Int64).cum_sum() - is_total.cast(pl.Int64),
        subject=pl.col("subject").forward_fill().rle_id(),
    )
    return rows.with_columns(
        *(pl.col("total").cum_sum().over("record", *key).alias(of) for of, key in _SUMS.items()),
        listed=pl.col("each").cum_sum().over("block"),
        lists=(~is_total).cast(pl.Int64).cum_sum().over("block"),
        silent=pl.col("unknown").cum_sum().over("block") > 0,
        has=(is_total & pl.col("counted")).any().over("record"),
    )
