"""What is due of a line for some of its days, where days and units begin and end on a bound.

The rate is 30.00 a month of thirty days, an element has one unit where the table says nothing.
"""

from __future__ import annotations

import polars as pl
import pytest
from frame_tables import DECIMAL, frame, rows

from invoices.money import MICROS, MONTH_PARTS
from reconcile.audit.pieces import due_in_pieces

KIND = {"rec": "recurring", "tax": "tax"}
NO_PIECES = pl.DataFrame(
    schema={
        "line_id": pl.String(), "units": DECIMAL, "piece_from": pl.Date(), "piece_until": pl.Date(),
    }
)  # fmt: skip
TOLD = ("line", "ordered", "owned", "units", "lacks_order", "lacks_units")


def told(lines: str, elements: str) -> list[str]:
    """Return what is due of lines that must be cut."""
    held = frame(elements, has=DECIMAL, since=pl.Date(), until=pl.Date()).with_columns(
        pl.lit("S1").alias("service")
    )
    first = held.group_by("usoc", maintain_order=True).agg(
        element_rows=pl.len(), element_from=pl.col("since").first(),
        element_until=pl.col("until").first(),
    )  # fmt: skip
    gone = pl.col("disconnected")
    table = frame(lines, disconnected=pl.Date(), grace=pl.Int64()).with_columns(
        until_day=pl.when(pl.col("until") > pl.col("from"))
        .then("until")
        .otherwise(pl.col("from") + pl.duration(days=1)),
        window_until=gone + pl.duration(days=pl.col("grace").fill_null(0)),
    )
    made = table.join(first, on="usoc", how="left").select(
        line_id="line", service=pl.lit("S1"), usoc="usoc", package=pl.lit(None, pl.String()),
        charge_class=pl.col("class").replace_strict(KIND), amount=pl.lit("9.00").cast(DECIMAL),
        units=pl.col("bills").cast(pl.Int128) * MICROS,
        factor=pl.lit(MONTH_PARTS, pl.Int128()), fraction_parts=pl.lit(MONTH_PARTS),
        rate=pl.when(pl.col("until") > pl.col("from")).then(pl.lit("30.00").cast(DECIMAL)),
        by_unit=pl.lit(False), period_from="from", period_until="until", period_last="until_day",
        bill_date="from", bill_day="bill_day", proration=pl.lit("thirty_day_month"),
        installed_on=pl.lit(None, pl.Date()), disconnected_on=gone, window_until="window_until",
        ordered=pl.col("class") == "rec", is_twice=pl.lit(False),
        units_due=pl.lit(None, DECIMAL),
        is_disconnected=(pl.col("until_day") > pl.col("window_until")).fill_null(False),
        is_before_install=pl.lit(False), element_rows="element_rows",
        element_from="element_from", element_until="element_until",
    )  # fmt: skip
    owned = held.rename({"has": "quantity", "since": "active_from", "until": "active_until"})
    cut = due_in_pieces(made.lazy(), NO_PIECES, owned.lazy()).sort("line_id")
    names = {"line_id": "line", "pieces_ordered": "ordered", "pieces_owned": "owned"}
    return rows(
        cut.rename(names).with_columns(units=pl.col("piece_units").cast(pl.Int128) // MICROS), *TOLD
    )


ELEMENTS = """
usoc has since until
ALL  1   06-01 07-01
LATE 1   06-02 .
ENDS 1   .     06-30
GONE 1   .     06-21
LEFT 1   .     06-20
MORE 1   .     06-01
MORE 3   06-01 .
LESS 5   .     06-01
LESS 2   06-01 .
JOIN 1   .     02-10
JOIN 1   02-10 .
"""
CASES = {
    "all days and units on order are due straight, others are cut": """
    line class usoc bills bill_day from  until disconnected grace
    a    rec   ALL  1     1        06-01 07-01 .            .
    b    rec   LATE 1     1        06-01 07-01 .            .
    c    rec   LATE 1     1        06-02 07-02 .            .
    d    rec   ENDS 1     1        06-01 07-01 .            .
    e    rec   ENDS 1     1        05-30 06-30 .            .
    ->   line ordered owned units lacks_order lacks_units
    b 2900 2900 1 yes no
    d 2900 2900 1 yes no
    """,
    "a point in time is cut only for what is on order": """
    line class usoc bills bill_day from  until disconnected grace
    a    tax   TAX  1     1        06-10 06-10 06-01        .
    b    tax   TAX  1     1        06-10 06-12 06-11        .
    c    rec   MORE 1     1        06-10 06-10 .            .
    -> line ordered owned units lacks_order lacks_units
    b 100 100 1 no no
    c 900 900 1 no no
    """,
    "an element that ends on the day of the disconnect ends with its service": """
    line class usoc bills bill_day from  until disconnected grace
    a    rec   GONE 1     1        06-01 07-01 06-21        5
    b    rec   LEFT 1     1        06-01 07-01 06-21        5
    -> line ordered owned units lacks_order lacks_units
    a 2500 2500 1 no no
    b 1900 1900 1 yes no
    """,
    "units before the first day count for nothing": """
    line class usoc bills bill_day from  until disconnected grace
    a    rec   MORE 3     1        06-01 07-01 .            .
    b    rec   LESS 3     1        06-01 07-01 .            .
    -> line ordered owned units lacks_order lacks_units
    a 9000 9000 3 no no
    b 9000 6000 2 no yes
    """,
    "a month from last day to last day is whole, though the order changes in it": """
    line class usoc bills bill_day from  until disconnected grace
    a    rec   JOIN 1     15       01-31 02-28 .            .
    -> line ordered owned units lacks_order lacks_units
    a 3000 3000 1 no no
    """,
}


@pytest.mark.parametrize("name", CASES)
def test_a_line_is_due_for_the_days_and_units_that_are_on_order(name: str):
    lines, right = CASES[name].split("->")
    assert told(lines, ELEMENTS) == [line.strip() for line in right.strip().splitlines()[1:]]
