"""Which charge a credit is for: what touches its days, stands on its bill, or has its amount."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hand_bills import SHORT, table

from invoices.schema import CENTS
from reconcile.audit.repeats.undone_charges import COLUMNS, allocate, in_turns, stands

DAYS = dict.fromkeys(("bill_date", "starts", "ends"), pl.Date())
TYPES = pl.Schema({**dict.fromkeys(COLUMNS, pl.String()), "line_no": pl.Int64(), **DAYS} | {
    "amount": CENTS})  # fmt: skip

CASES = {
    "a credit is for days it shares with a charge, not for those beside it": (
        """
        no bill       invoice class amount order from       until
        a  2026-06-01 1       rec   20.00  .     2026-05-01 2026-06-01
        b  2026-06-01 1       rec   20.00  .     2026-06-01 2026-07-01
        c  2026-06-01 1       rec   20.00  .     2026-07-01 2026-08-01
        k  2026-08-01 1       adj   -30.00 .     2026-06-01 2026-07-01
        """,
        "k b 20.00",
    ),
    "one day is enough": (
        """
        no bill       invoice class amount order from       until
        a  2026-06-01 1       rec   20.00  .     2026-05-01 2026-06-02
        b  2026-06-01 1       rec   20.00  .     2026-06-30 2026-08-01
        k  2026-08-01 1       adj   -30.00 .     2026-06-01 2026-07-01
        """,
        "k a 20.00, k b 10.00",
    ),
    "a credit is for charges of its own bill and earlier ones": (
        """
        no bill       invoice class amount order from       until
        a  2026-05-31 3       rec   10.00  .     2026-06-01 2026-07-01
        b  2026-06-01 1       rec   10.00  .     2026-06-01 2026-07-01
        c  2026-06-01 2       rec   10.00  .     2026-06-01 2026-07-01
        d  2026-06-01 3       rec   10.00  .     2026-06-01 2026-07-01
        e  2026-06-02 1       rec   10.00  .     2026-06-01 2026-07-01
        k  2026-06-01 2       adj   -90.00 .     2026-06-01 2026-07-01
        """,
        "k a 10.00, k b 10.00, k c 10.00",
    ),
    "a credit of an order is for that order": (
        """
        no bill       invoice class amount order from until
        a  2026-06-01 1       nrc   45.00  R1    .    .
        b  2026-06-01 1       nrc   45.00  .     .    .
        c  2026-06-01 1       nrc   45.00  R2    .    .
        k  2026-07-01 1       adj   -60.00 R2    .    .
        """,
        "k c 45.00",
    ),
    "one that names no order is for the charge of its amount, else for the oldest": (
        """
        no bill       invoice class amount order from until
        a  2026-06-01 1       nrc   45.00  R1    .    .
        b  2026-06-01 1       nrc   40.00  R2    .    .
        k  2026-07-01 1       adj   -40.00 .     .    .
        l  2026-07-01 1       adj   -13.00 .     .    .
        """,
        "k b 40.00, l a 13.00",
    ),
    "an adjustment above nothing is no charge, and a line of 0.00 is neither": (
        """
        no bill       invoice class amount order from       until
        a  2026-06-01 1       adj   20.00  .     2026-06-01 2026-07-01
        b  2026-06-01 1       rec   0.00   .     2026-06-01 2026-07-01
        c  2026-06-01 1       rec   20.00  .     2026-06-01 2026-07-01
        k  2026-07-01 1       adj   -30.00 .     2026-06-01 2026-07-01
        l  2026-07-01 1       adj   0.00   .     2026-06-01 2026-07-01
        """,
        "k c 20.00",
    ),
    "each cent of a charge is credited once, by the first of the credits": (
        """
        no bill       invoice class amount order from       until
        a  2026-06-01 1       rec   20.00  .     2026-06-01 2026-07-01
        b  2026-06-01 1       rec   20.00  .     2026-06-01 2026-07-01
        k  2026-07-01 1       adj   -15.00 .     2026-06-01 2026-07-01
        l  2026-07-01 2       adj   -15.00 .     2026-06-01 2026-07-01
        m  2026-07-02 1       adj   -10.00 .     2026-06-01 2026-07-01
        n  2026-07-02 2       adj   -10.00 .     2026-06-01 2026-07-01
        """,
        "k a 15.00, l a 5.00, l b 10.00, m b 10.00",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_credit_is_for_the_charges_the_tables_say(name: str):
    text, right = CASES[name]
    rows = [
        {
            "bill_date": row["bill"], "invoice_no": row["invoice"], "line_no": n,
            "line_id": row["no"], "service": "S1", "usoc": "1FB", "amount": row["amount"],
            "charge_class": SHORT[row["class"]], "order": row["order"], "starts": row["from"],
            "ends": row["until"],
        }
        for n, row in enumerate(table(text), 1)
    ]  # fmt: skip
    given = allocate(pl.DataFrame(rows, schema=TYPES).select(COLUMNS))
    said = [" ".join(map(str, row)) for row in given.select("credit_id", "line_id", "given").rows()]
    assert ", ".join(sorted(said)) == right


def test_a_taker_asks_its_givers_in_order_and_has_of_none_that_is_used_up():
    asked = pl.DataFrame(
        [
            (1, "B", "A", 40, 30, 30, 1),
            (1, "B", "Z", 40, 30, 30, 2),
            (2, "C", "A", 10, 30, 30, 1),
            (2, "C", "Z", 10, 30, 30, 2),
            (3, "D", "Z", 20, 30, 4, 1),
            (4, "E", "Z", 20, 30, 30, 1),
            (5, "F", "Z", 20, 30, 30, 1),
        ],
        schema=["turn", "taker", "giver", "want", "has", "most", "order"],
        orient="row",
    )
    assert sorted(in_turns(asked).rows()) == [
        ("B", "A", 30),
        ("B", "Z", 10),
        ("C", "Z", 10),
        ("D", "Z", 4),  # the most it may have
        ("E", "Z", 6),  # what is left
    ]


@pytest.mark.parametrize(
    ("contract", "until", "limit", "is_one"),
    [
        ("C", dt.date(2025, 6, 1), 12, True),  # billed on the last day of the limit
        ("C", dt.date(2025, 5, 31), 12, False),
        ("C", dt.date(2025, 6, 1), 11, False),
        ("C", dt.date(2020, 6, 1), None, True),  # without a limit
        ("C", None, 12, True),  # and without days
        (None, dt.date(2026, 6, 1), 12, False),
    ],
)
def test_a_line_stands_up_to_the_last_day_it_may_be_billed_on(contract, until, limit, is_one):
    line = pl.DataFrame(
        [(contract, until, dt.date(2026, 6, 1), limit)],
        schema={"contract": pl.String(), "period_until": pl.Date(), "bill_date": pl.Date(),
                "backbill_limit_months": pl.Int64()},
        orient="row",
    )  # fmt: skip
    assert line.select(stands()).item() is is_one
