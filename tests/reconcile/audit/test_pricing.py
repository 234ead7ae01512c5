"""The contract and the rate in force for a line, on the first and the last day of each."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from frame_tables import frame, rows
from hand_bills import answers, audit, found, said

from invoices.money import MICROS
from reconcile.audit.pricing import QUESTION, day_and_cent, in_force, rate_frame

NAMES = {
    "id": "row_id", "class": "charge_class", "term": "term_months", "circuit": "circuit_id",
    "from": "effective_from", "until": "effective_until",
}  # fmt: skip
RATES = """
id contract usoc class     state zone term ban circuit rate from  until
1  C        1FB  .         .     .    .    .   .       20.0 .     06-01
2  C        1FB  .         .     .    .    .   .       21.0 06-01 07-01
3  C        TTB  .         .     .    .    .   .       5.0  .     .
4  C        TTB  recurring .     .    .    .   .       5.1  .     .
5  C        TTB  prorated  .     .    .    .   .       5.2  .     .
6  C        VM1  recurring .     .    .    .   .       3.0  .     .
7  C        P1   .         OH    .    12   .   .       7.0  .     .
8  C        P1   .         .     2    .    .   .       7.1  .     .
9  C        P1   .         .     .    .    9   .       7.2  .     .
10 C        P1   .         .     .    .    .   C1      7.3  .     .
11 C        P2   .         OH    .    .    .   .       8.0  .     .
12 C        P2   .         .     .    12   .   .       8.1  .     .
"""
ASKED = """
contract usoc class     state zone term ban circuit day   right
C        1FB  recurring .     .    .    .   .       05-31 1
C        1FB  recurring .     .    .    .   .       06-01 2
C        1FB  recurring .     .    .    .   .       06-30 2
C        1FB  recurring .     .    .    .   .       07-01 .
D        1FB  recurring .     .    .    .   .       06-01 .
C        TTB  recurring .     .    .    .   .       06-01 4
C        TTB  prorated  .     .    .    .   .       06-01 5
C        TTB  one_time  .     .    .    .   .       06-01 3
C        VM1  prorated  .     .    .    .   .       06-01 6
C        VM1  one_time  .     .    .    .   .       06-01 .
C        P1   recurring OH    2    12   9   C1      06-01 10
C        P1   recurring OH    2    12   9   C2      06-01 9
C        P1   recurring OH    2    12   8   .       06-01 8
C        P1   recurring OH    1    12   .   .       06-01 7
C        P1   recurring OH    .    24   .   .       06-01 .
C        P1   recurring .     1    12   .   .       06-01 .
C        P2   recurring OH    .    12   .   .       06-01 11
C        P2   recurring PA    .    12   .   .       06-01 12
"""


def test_the_rate_in_force_is_the_most_specific_that_fits_on_its_day():
    texts = dict.fromkeys(("class", "state", "zone", "ban", "circuit"), pl.String())
    rates = frame(RATES, **texts, term=pl.Int64(), until=pl.Date()).rename(NAMES)
    asked = frame(ASKED, **texts, right=pl.Int64()).select(
        rate_contract="contract", item=pl.lit("usoc ") + pl.col("usoc"), charge_class="class",
        inventory_state="state", inventory_zone="zone", term_months="term", rate_ban="ban",
        rate_circuit="circuit", rate_day="day", right="right",
    )  # fmt: skip
    known = rate_frame(rates.with_columns(package=pl.lit(None, dtype=pl.String)).lazy())
    told = asked.join(
        in_force(asked.select(QUESTION), known),
        on=QUESTION, how="left", nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    assert rows(told, "item", "rate_id") == rows(asked, "item", "right")


@pytest.mark.parametrize(
    ("month_days", "cents"),
    [(30, 101), (31, 97), (28, 108), (None, 101)],  # 30.00 a month: a day, cut to cents, and a cent
)
def test_a_proration_may_be_off_by_a_day_of_its_month_and_a_cent(month_days, cents):
    month = pl.DataFrame({"month_days": [month_days]}, schema={"month_days": pl.Int64()})
    rate = pl.lit("30.00").cast(pl.Decimal(38, 6))
    told = month.select(day_and_cent(rate, pl.lit(MICROS, dtype=pl.Int128)))
    assert told.item() == cents


def test_a_package_prices_its_elements_and_its_own_code_and_no_other():
    made = audit("""
        no class usoc  quantity rate amount wtn
        a  rec   1FB   1        .    20.00  6145550102
        b  rec   PKG1  1        .    10.00  6145550102
        c  rec   TTB   1        .    5.00   6145550102
        d  use   PORT1 1        .    7.00   6145550102
    """)
    assert answers(made, "package") == [["a", "PKG1"], ["b", "PKG1"], ["c", "None"], ["d", "None"]]


OF_THE_NEW = """
usoc package charge_class state zone term_months rate  effective_from effective_until contract
1FB  .       .            .     .    .           22.00 2025-01-01     .               NEW
"""


def test_the_contract_of_the_day_a_charge_begins_has_its_rate():
    made = audit(
        """
        no bill       class usoc quantity rate amount from       until
        a  2026-07-01 pro   1FB  1        .    20.00  2026-06-01 2026-07-01
        b  2026-07-01 rec   1FB  1        .    22.00  2026-07-01 2026-08-01
        c  2026-07-01 pro   1FB  1        .    0.73   2026-06-15 2026-06-16
        """,
        rates=OF_THE_NEW,
    )
    old = made.contracts[0]
    handover = dt.date(2026, 6, 15)
    made.contracts = [
        old.model_copy(update={"effective_until": handover}),
        old.model_copy(update={"id": "NEW", "effective_from": handover}),
    ]
    assert sorted(answers(made, "contract", "buy_rate")) == [
        ["a", "NEW", "20.00"],
        ["b", "NEW", "22.00"],
        ["c", "NEW", "22.00"],
    ]


def test_the_tolerance_of_actual_days_is_a_day_of_that_month():
    made = audit(
        """
        no class usoc quantity rate amount from       until
        a  pro   1FB  1        .    7.10   2026-07-01 2026-07-11
        b  pro   1FB  1        .    7.11   2026-07-11 2026-07-21
        c  pro   1FB  1        .    9.00   2026-07-21 2026-07-21
        """,
        billing={"proration": "actual_days"},
    )
    assert found(made) == said("""
        b rate_above_contract 0.66 unexplained
        c rate_missing
    """)
    assert answers(made, "expected", "tolerated", "fraction") == [
        ["a", "6.45", "0.65", "10/31"],
        ["b", "6.45", "0.00", "10/31"],
        ["c", "None", "0.00", "None"],
    ]
