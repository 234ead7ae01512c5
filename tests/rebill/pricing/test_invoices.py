"""Customer lines become dated, numbered invoices; margins foot with them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest
from pricing_tables import table

from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.invoices import invoices, number, numbered, series

CUSTOMERS = pl.DataFrame(
    table(
        """
        customer brand     bill_day due_days
        acme     Northline 15       20
        bolt     Northline 31       30
        cole     -         1        0
        """
    )
).with_columns(pl.col("bill_day", "due_days").cast(pl.Int64))


def lines(text: str) -> pl.LazyFrame:
    rows: list[dict[str, Any]] = table(text)
    for row in rows:
        row["bill_month"] = f"{row['bill_date']:%Y-%m}"
        row["margin"] = row["price"] - row.setdefault("cost", D("0.00"))
    return pl.LazyFrame(rows, schema=CUSTOMER_LINES)


def test_an_invoice_is_dated_on_the_bill_day_clipped_or_on_the_latest_carrier_bill_if_later() -> (
    None
):
    made = invoices(
        lines(
            """
            customer bill_date  price
            acme     2026-02-10  1.00
            acme     2026-02-01  2.00
            acme     2026-03-20  4.00
            bolt     2026-02-10  8.00
            bolt     2026-04-10 -8.00
            cole     2026-02-10 16.00
            """
        ),
        CUSTOMERS,
    )
    assert made.select("bill_month", "customer", "brand").rows() == [
        ("2026-02", "acme", "Northline"),
        ("2026-02", "bolt", "Northline"),
        ("2026-02", "cole", None),
        ("2026-03", "acme", "Northline"),
        ("2026-04", "bolt", "Northline"),
    ]
    assert made.select("bill_date", "due_date", "total", "lines").rows() == [
        (dt.date(2026, 2, 15), dt.date(2026, 3, 7), D("3.00"), 2),
        (dt.date(2026, 2, 28), dt.date(2026, 3, 30), D("8.00"), 1),
        (dt.date(2026, 2, 10), dt.date(2026, 2, 10), D("16.00"), 1),
        (dt.date(2026, 3, 20), dt.date(2026, 4, 9), D("4.00"), 1),
        (dt.date(2026, 4, 30), dt.date(2026, 5, 30), D("-8.00"), 1),
    ]


@pytest.mark.parametrize("by_customer_too", [False, True])
def test_the_caller_may_know_of_a_later_carrier_bill(by_customer_too: bool) -> None:
    latest = pl.DataFrame({"bill_month": ["2026-02"], "bill_date": [dt.date(2026, 2, 25)]})
    if by_customer_too:
        latest = latest.with_columns(customer=pl.lit("acme"))
    text = "customer bill_date price\nacme 2026-02-10 1.00\ncole 2026-02-10 1.00"
    made = invoices(lines(text), CUSTOMERS, latest)
    of_cole = 10 if by_customer_too else 25
    assert made["bill_date"].to_list() == [dt.date(2026, 2, 25), dt.date(2026, 2, of_cole)]


def test_no_lines_make_no_invoices() -> None:
    assert invoices(pl.LazyFrame(schema=CUSTOMER_LINES), CUSTOMERS).is_empty()


@pytest.mark.parametrize(
    ("brand", "spelled"),
    [
        ("Acme", "ACME-2026-000001"),
        ("A.C.M.E. & Sons", "ACMESONS-2026-000001"),
        ("Café 24", "CAF24-2026-000001"),
        ("日本", "INV-2026-000001"),
        (None, "INV-2026-000001"),
    ],
)
def test_a_number_is_the_brand_in_plain_letters_the_year_and_a_count(
    brand: str | None, spelled: str
) -> None:
    assert number(brand, 2026, 1) == spelled
    assert spelled.startswith(series(brand, 2026))


def test_numbers_count_on_for_each_brand_and_year_and_alike_brands_share_a_sequence() -> None:
    bills = pl.DataFrame(
        {
            "brand": ["Acme", "A.C.M.E.", None, "Acme", "Acme"],
            "bill_date": [dt.date(2026, 12, 1)] * 3 + [dt.date(2026, 12, 31), dt.date(2027, 1, 1)],
        }
    )
    given = numbered(bills, {"ACME-2026": 41})
    assert given["invoice_no"].to_list() == [
        "ACME-2026-000042",
        "ACME-2026-000043",
        "INV-2026-000001",
        "ACME-2026-000044",
        "ACME-2027-000001",
    ]
