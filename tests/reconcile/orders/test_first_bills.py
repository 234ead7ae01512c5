"""When an order is on a bill first: the next bill day, and how many bills late an account is."""

from __future__ import annotations

import polars as pl
import pytest
from frame_tables import frame, rows

from reconcile.orders.first_bills import bill_days, expected, first_seen, next_bill, usual_lags
from reconcile.orders.jeopardy import codes, with_words

NEXT = """
    day   bill_day due
    06-10 10       06-10
    06-11 10       07-10
    12-11 10       2027-01-10
    01-31 31       01-31
    02-01 31       02-28
    02-28 31       02-28
    03-01 30       03-30
    """


def test_the_next_bill_of_an_account() -> None:
    asked = frame(NEXT)
    told = asked.select(due=next_bill(pl.col("day"), pl.col("bill_day")))
    assert told["due"].to_list() == asked["due"].to_list()


def test_the_bill_day_is_that_which_no_month_clips() -> None:
    bills = """
        carrier ban bill_date
        A       1   01-31
        A       1   02-28
        A       2   01-10
        A       2   06-05
        A       2   07-05
        A       2   08-05
        """
    assert rows(bill_days(frame(bills)).sort("ban"), "ban", "bill_day") == ["1 31", "2 5"]


# Seen in bills after the one that was due: 0, 1, 1, 2 ...
LAGS = [
    ("two are too few", [2, 2], 0),
    ("three", [0, 1, 2], 1),
    ("the median, rounded down", [0, 1, 2, 2], 1),
    ("always in time", [0, 0, 0, 3], 0),
    ("the last twenty count", [5, 5, 5, *[1] * 20], 1),
]


@pytest.mark.parametrize(("lags", "usual"), [c[1:] for c in LAGS], ids=[c[0] for c in LAGS])
def test_the_usual_lag_of_an_account(lags: list[int], usual: int) -> None:
    known = [
        f"A 1 {2020 + n // 12}-{n % 12 + 1:02d}-09 "
        f"{2020 + (n + lag) // 12}-{(n + lag) % 12 + 1:02d}-10"
        for n, lag in enumerate(lags)
    ]
    orders = frame("carrier ban installed_on first_bill_seen_on\n" + "\n".join(known))
    days = frame("carrier ban bill_day\nA 1 10")
    assert usual_lags(orders, days)["lag"].to_list() == [usual]
    asked = frame("carrier ban installed_on due_on\nA 1 . 06-12\nA 2 06-12 .\nA 1 . .")
    told = expected(asked, days, usual_lags(orders, days))
    month = {0: "2026-07-10", 1: "2026-08-10"}[usual]
    assert told["first_bill_expected_on"].cast(pl.String).to_list() == [month, None, None]


def test_the_first_bill_charges_days_after_the_install_or_names_the_order() -> None:
    orders = """
        order_no service installed_on submitted_on
        N1       S1      06-12        06-01
        N2       S2      06-12        06-01
        N3       S3      .            06-01
        N4       S4      .            06-01
        """
    lines = """
        service bill_date order_no period_until
        S1      06-10     .        07-10
        S1      07-10     .        06-12
        S1      08-10     .        09-10
        S2      06-10     N2       07-10
        S3      07-10     .        08-10
        S4      07-10     N4       08-10
        """
    found = first_seen(frame(orders), frame(lines, order_no=pl.String)).sort("order_no")
    assert rows(found, "order_no", "first_bill_seen_on") == [
        *("N1 08-10", "N2 06-10", "N4 07-10"),
    ]


def test_a_jeopardy_has_words_and_a_fault_where_its_code_is_known() -> None:
    told = with_words(frame("jeopardy_code\n1c\n1A\n1P\n9Z\n."))
    assert told["jeopardy_fault"].to_list() == ["customer", "carrier", None, None, None]
    assert told["jeopardy_words"][0] == "the customer is not ready"
    assert codes()["code"].is_unique().all() and codes()["words"].null_count() == 0
