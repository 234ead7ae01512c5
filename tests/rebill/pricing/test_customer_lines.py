"""Which rows of an invoice give a known charge back: their taxes are those of the charge."""

from __future__ import annotations

from decimal import Decimal as D

import polars as pl

from rebill.pricing.customer_lines import CUSTOMER_LINES, charge_key, refers

CASES = """
kind       credit_of made_key         price  method     refers
credit     D-1       -                -4.00  percent    yes
credit     -         -                -4.00  percent    no
charge     -         -                 4.00  percent    no
charge     -         -                -4.00  percent    no
unbilled   -         unbilled:F        4.00  percent    no
unbilled   -         unbilled:F:billed -4.00 percent    yes
own_charge -         charge:X:billed   4.00  own_charge no
own_charge -         charge:X         -4.00  own_charge no
minimum    -         minimum           4.00  minimum    no
minimum    -         minimum           0.00  minimum    no
minimum    -         minimum          -0.01  minimum    yes
tax        -         tax:OH           -0.40  tax_table  no
tax        D-1       tax:OH:back      -0.40  given_back yes
-          -         -                 4.00  -          no
"""


def test_a_row_refers_to_a_charge_if_it_gives_a_known_one_back() -> None:
    names, *cases = (line.split() for line in CASES.strip().splitlines())
    rows = [
        {name: None if cell == "-" else cell for name, cell in zip(names, case, strict=True)}
        for case in cases
    ]
    told = [row.pop("refers") for row in rows]
    money = [{**row, "price": D(row["price"] or 0)} for row in rows]
    got = pl.DataFrame(money, schema=CUSTOMER_LINES).select(refers()).to_series()
    assert ["yes" if refers_to else "no" for refers_to in got] == told


def test_a_charge_is_named_by_its_line_or_its_own_key_and_all_minimums_of_a_month_alike() -> None:
    rows = [
        {"kind": "charge", "line_id": "D-1"},
        {"kind": "own_charge", "made_key": "charge:X"},
        {"kind": "minimum", "made_key": "minimum"},
        {"kind": None, "line_id": "D-2"},
    ]
    frame = pl.DataFrame([{**row, "bill_month": "2026-03"} for row in rows], schema=CUSTOMER_LINES)
    assert frame.select(charge_key()).to_series().to_list() == [
        *("D-1", "charge:X", "minimum:2026-03", "D-2")
    ]
