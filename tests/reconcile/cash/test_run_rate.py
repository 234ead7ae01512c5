"""What an account bills in a usual month, on the bounds of what counts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from invoices.schema import CENTS
from reconcile.cash.run_rate import CHARGES, bills_to_come, charges, held_by, total, usual_months
from reconcile.contracts import Contract

D = Decimal
day = dt.date.fromisoformat


def test_what_is_charged_and_what_is_credited_are_told_apart() -> None:
    rows = [("recurring", "20.00"), ("recurring", "-5.00"), ("recurring", "0.00"), ("tax", "0.00")]
    lines = pl.DataFrame(
        {
            "document_id": "D1",
            "carrier": "A",
            "ban": "1",
            "bill_date": day("2026-01-10"),
            "charge_class": [name for name, _ in rows],
            "amount": pl.Series([D(amount) for _, amount in rows], dtype=CENTS),
        }
    )
    found = charges(lines.lazy())
    assert found.schema == CHARGES
    assert found.sort("charge_class").select("charge_class", "charged", "credited").rows() == [
        ("recurring", D("20.00"), D("-5.00")),
        ("tax", D("0.00"), D("0.00")),
    ]
    assert str(total(found, "charged")) == "20.00"
    assert str(total(found.clear(), "charged")) == "0.00"


def bills(table: str) -> pl.DataFrame:
    """Read bill dates and amounts of account 1."""
    rows = [("A", "1", day(d), D(a)) for d, a in map(str.split, table.strip().splitlines())]
    schema = {"carrier": pl.String, "ban": pl.String, "bill_date": pl.Date, "amount": CENTS}
    return pl.DataFrame(rows, schema=schema, orient="row")


# as of; the usual month, the best of twelve, the day of the last bill
SPRING = """
2026-01-31   10.00
2026-02-28   20.00
2026-03-31   31.00
2026-03-31    0.01
2026-04-30   40.00
"""


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2026-01-30", None),
        ("2026-01-31", "10.00 10.00 01-31"),  # a bill of the day itself counts
        ("2026-02-28", "15.00 20.00 02-28"),
        ("2026-03-31", "20.34 31.01 03-31"),  # two bills of a month are one month
        ("2026-04-29", "20.34 31.01 03-31"),
        ("2026-04-30", "30.34 40.00 04-30"),  # January is gone
        ("2026-07-01", "30.34 40.00 04-30"),  # silent for 62 days
        ("2026-07-02", None),  # and for longer
    ],
)
def test_a_usual_month_is_the_mean_of_the_last_three(as_of: str, expected: str | None) -> None:
    found = usual_months(bills(SPRING), day(as_of), ("amount",))
    told = [f"{r['amount']} {r['amount_best']} {r['last_bill']:%m-%d}" for r in found.to_dicts()]
    assert told == ([expected] if expected else [])
    assert found["bill_day"].to_list() == ([31] if expected else [])


def test_the_best_month_is_one_of_the_last_twelve() -> None:
    year = "\n".join(f"2026-{m:02d}-10  {m}.00" for m in range(1, 13))
    for before, best in (("2025-12-10 99.00", "12.00"), ("2026-01-11 99.00", "100.00")):
        found = usual_months(bills(f"{before}\n{year}"), day("2026-12-31"), ("amount",))
        assert found["amount_best"].to_list() == [D(best)]


@pytest.mark.parametrize(
    ("until", "dates"),
    [
        ("2026-04-10", []),
        ("2026-05-10", []),  # excluded
        ("2026-05-11", ["05-10"]),
        ("2026-06-10", ["05-10"]),
        ("2026-06-11", ["05-10", "06-10"]),
    ],
)
def test_a_bill_comes_once_a_month_until_the_day_excluded(until: str, dates: list[str]) -> None:
    accounts = pl.DataFrame(
        {"carrier": "A", "ban": "1", "bill_day": 10, "last_bill": [day("2026-04-02")]}
    )
    # The bill of 2 April was the one of April.
    found = bills_to_come(accounts, day(until))
    assert [f"{d:%m-%d}" for d in found["bill_date"]] == dates


def test_bills_come_into_the_next_year_and_of_no_account_none() -> None:
    accounts = pl.DataFrame(
        {"carrier": "A", "ban": "1", "bill_day": 31, "last_bill": [day("2026-11-30")]}
    )
    found = bills_to_come(accounts, day("2027-03-01"))
    assert [f"{d:%y-%m-%d}" for d in found["bill_date"]] == ["26-12-31", "27-01-31", "27-02-28"]
    assert bills_to_come(accounts.clear(), day("2027-03-01")).is_empty()


def test_a_buyer_holds_an_account_until_it_bills_it_itself() -> None:
    body = {"effective_from": day("2026-01-01"), "accounts": ["1"]}
    buyers = [
        Contract.model_validate({"id": name, "carrier": carrier, **body})
        for name, carrier in (("SECOND", "C"), ("FIRST", "B"))
    ]
    asked = bills("2026-03-10 1.00")
    assert held_by(asked, buyers)["contract"].to_list() == ["FIRST"]
    own = pl.concat([asked, asked.with_columns(carrier=pl.lit("B"))])
    assert held_by(own, buyers)["contract"].to_list() == ["SECOND", "FIRST"]
