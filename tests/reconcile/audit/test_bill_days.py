"""Accounts that bill on the 29th, 30th or 31st: what a month is, and what is due of one."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from compare import kernel_audit
from hand_bills import answers, audit, found
from model_time import add_months, clipped

from reconcile.audit.bill_days import with_bill_day

GONE = """
service  wtn         circuit_id    ban  package  installed_on  disconnected_on
S1       6145550101  .             A1   .        2025-01-01    {}
"""
CONVENTIONS = ("thirty_day_month", "actual_days")


def bill_days(made) -> dict[str, int]:
    """Return the bill day the kernels give each line."""
    lines = kernel_audit(made).lines.collect()
    return dict(lines.select("line_id", "bill_day").sort("line_id").iter_rows())


# a bill, what its recurring line runs from and to, and the bills before; the day it stands for
SHOWN = """
2027-02-28  02-28 03-30  2027-01-30             30
2027-02-28  02-28 03-30  2027-01-28             28  # a month and two days
2027-02-28  02-28 03-31  -                      31
2027-02-28  02-28 03-28  2027-01-30             28  # it moved to the 28th
2027-02-28  02-28 02-28  2027-01-30             30  # a point in time shows nothing
2027-02-28  02-28 02-27  2027-01-30             30
2027-02-28  -     -      2027-01-31             31
2027-02-28  -     -      2027-01-28,2026-12-30  28  # the last one that shows it
2027-02-28  -     -      2027-01-27,2026-12-30  30  # no day before the 28th can be meant
2027-02-28  -     -      2026-11-30,2026-12-29  29
2027-02-28  -     -      2026-11-30             28  # itself the last of its month
2027-02-28  -     -      2027-03-30             28  # not known yet
2027-02-28  -     -      -                      28
2027-04-30  -     -      2027-03-31             31
2027-04-30  -     -      2027-03-30             30
2027-03-31  03-31 04-30  2027-02-28             31
2027-04-29  04-29 05-30  2027-03-31             29  # no last day: it is its own
"""


@pytest.mark.parametrize("row", SHOWN.strip().splitlines())
def test_a_bill_stands_for_the_smaller_day_of_those_shown(row: str):
    bill, start, end, before, told = row.partition("#")[0].split()
    rows = [(bill, start, end), *((day, "-", "-") for day in before.split(",") if day != "-")]
    days = [
        {
            "carrier": "ILEC",
            "ban": "A1",
            "bill_date": dt.date.fromisoformat(billed),
            "charge_class": "recurring",
            "service_from": None if a == "-" else dt.date.fromisoformat(f"2027-{a}"),
            "service_until": None if b == "-" else dt.date.fromisoformat(f"2027-{b}"),
        }
        for billed, a, b in rows
    ]
    schema = {name: pl.Date if "_" in name else pl.String for name in days[0]}
    lines = pl.LazyFrame(days, schema=schema | {"charge_class": pl.String})
    alone = with_bill_day(lines.head(1), lines.slice(1)).collect()
    assert alone["bill_day"].to_list() == [int(told)]
    together = with_bill_day(lines, lines.head(0)).collect()
    assert together["bill_day"].to_list()[:1] == [int(told)]


@pytest.mark.parametrize("proration", CONVENTIONS)
@pytest.mark.parametrize("bill_day", [29, 30, 31])
@pytest.mark.parametrize(
    ("printed", "in_advance", "first_year"),
    [
        ("both", True, 2026),
        ("both", True, 2027),  # over a leap February
        ("both", False, 2026),
        ("from", True, 2026),
        ("until", False, 2026),
        ("none", True, 2026),
    ],
)
def test_every_month_of_an_account_is_one_month_whatever_dates_are_printed(
    proration: str, bill_day: int, printed: str, in_advance: bool, first_year: int
):
    first = clipped(first_year, 12, bill_day)
    days = [add_months(first, n, bill_day) for n in range(7)]
    rows = ["bill class usoc quantity rate amount from until"]
    for start, end in zip(days, days[1:], strict=False):
        begin = start if printed in ("both", "from") else "."
        until = end if printed in ("both", "until") else "."
        rows.append(f"{start if in_advance else end} rec 1FB 1 . 20.00 {begin} {until}")
    made = audit("\n".join(rows), billing={"proration": proration})
    assert found(made) == []
    assert answers(made, "expected", "fraction") == [[str(n), "20.00", "1"] for n in range(1, 7)]


@pytest.mark.parametrize("proration", CONVENTIONS)
def test_two_days_more_than_a_month_are_due_as_that(proration: str):
    made = audit(
        """
        no bill       class usoc quantity rate amount from       until
        a  2027-01-28 rec   1FB  1        .    20.00  2027-01-28 2027-02-28
        b  2027-02-28 rec   1FB  1        .    21.33  2027-02-28 2027-03-30
        """,
        billing={"proration": proration},
    )
    assert bill_days(made) == {"a": 28, "b": 28}
    more = "21.33" if proration == "thirty_day_month" else "21.29"
    assert [row[1] for row in answers(made, "expected", "fraction")] == ["20.00", more]


def test_the_bill_day_is_told_by_recurring_lines_and_the_last_bill_that_shows_it():
    made = audit("""
        no ban bill       class usoc quantity rate amount from       until
        a1 A1  2027-02-28 rec   1FB  1        .    20.00  2027-02-28 2027-03-30
        a2 A1  2027-02-28 pro   1FB  1        .    20.00  2027-02-10 2027-02-28
        b1 A2  2027-01-31 rec   1FB  1        .    20.00  .          .
        b2 A2  2027-02-28 pro   1FB  1        .    20.00  2027-02-10 2027-02-28
        b3 A2  2027-04-30 pro   1FB  1        .    20.00  2027-04-30 2027-05-10
        c1 A3  2027-01-30 rec   1FB  1        .    20.00  .          .
        c2 A3  2027-02-28 rec   1FB  1        .    20.00  2027-02-28 2027-03-28
        d1 A4  2027-02-28 pro   1FB  1        .    20.00  2027-02-10 2027-02-28
        e1 A5  2027-02-15 nrc   NRCIN 1       .    45.00  .          .
        e2 A5  2027-02-28 rec   1FB  1        .    20.00  2027-02-28 2027-03-31
        f1 A6  2027-03-30 rec   1FB  1        .    20.00  2027-02-28 2027-03-30
        g1 A7  2027-02-28 rec   1FB  1        .    20.00  2027-02-28 2027-03-30
        g2 A7  2027-02-28 rec   1FB  1        .    20.00  2027-02-28 2027-03-29
        g3 A7  2027-02-28 rec   TTB  1        .    20.00  2027-02-28 2027-03-29
        h1 A8  2027-02-28 pro   1FB  1        .    20.00  2027-02-10 2027-02-28
        h2 A8  2027-03-30 rec   1FB  1        .    20.00  2027-03-30 2027-04-30
    """)
    assert bill_days(made) == {
        "a1": 30, "a2": 30,  # the recurring line says it for its bill
        "b1": 31, "b2": 31, "b3": 31,  # the bill before
        "c1": 30, "c2": 28,  # it moved to the 28th: the smaller day
        "d1": 28,  # nobody says
        "e1": 15, "e2": 31,  # a bill dated before the 28th does not count
        "f1": 30,  # the bill's own date
        "g1": 29, "g2": 29, "g3": 29,  # most of its lines
        "h1": 28, "h2": 30,  # what a later bill shows is not known yet
    }  # fmt: skip
    found(made)


@pytest.mark.parametrize(
    ("proration", "gone", "due"),
    [
        ("thirty_day_month", "2027-03-10", "6.67"),  # 10 of 30 days
        ("actual_days", "2027-03-10", "6.67"),
        ("thirty_day_month", "2027-03-28", "18.67"),  # no month, though the 28th to the 28th
        ("actual_days", "2027-03-28", "18.67"),
        ("thirty_day_month", "2027-03-29", "19.33"),
        ("thirty_day_month", "2027-03-01", "0.67"),
    ],
)
def test_a_disconnect_leaves_the_share_of_the_days_of_that_month(proration, gone, due):
    made = audit(
        """
        no bill       class usoc quantity rate amount from       until
        a  2027-02-28 rec   1FB  1        .    20.00  2027-02-28 2027-03-30
        """,
        billing={"proration": proration},
        services=GONE.format(gone),
    )
    assert answers(made, "expected", "fraction")[0][:2] == ["a", due]


def test_a_unit_that_stays_all_month_is_due_in_full_however_the_month_is_cut():
    made = audit(
        """
        no bill       class usoc quantity rate amount from       until
        a  2027-02-28 rec   TTB  3        .    15.00  2027-02-28 2027-03-30
        b  2027-01-30 rec   TTB  2        .    10.00  2027-01-30 2027-02-28
        """,
        service_elements="""
        service  usoc   quantity  active_from  active_until
        S1       TTB    1         .            2027-02-10
        S1       TTB    2         2027-02-10   2027-03-10
        S1       TTB    3         2027-03-10   .
        """,
    )
    # February: 1 unit for 10 days, 2 for 20. March: 2 for 10, 3 for 20.
    assert answers(made, "expected", "at_stake") == [
        ["b", "8.33", "1.67"],
        ["a", "13.33", "1.67"],
    ]
