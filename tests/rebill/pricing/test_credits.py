"""Credits as tables an analyst can read: what comes back to the customer, and what is kept."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest

from invoices.schema import CENTS
from rebill.pricing.credits import CHARGED, PARTS, credit_lines, parts_of, turned, turned_back
from rebill.pricing.customer_lines import CUSTOMER_LINES
from reconcile.audit.repeats.undone_charges import GIVEN
from reconcile.schema import AUDITED

Row = dict[str, Any]
DAY = dt.date(2026, 4, 5)


def parts(rule: str | None, credits: list[Row], given: list[Row], charges: list[Row]) -> list[Row]:
    """Return what becomes of the credits of a customer with a rule (null = none is known)."""
    customers = [{"customer": "C", "credits": rule}] if rule else []
    return parts_of(
        audited(credits),
        pl.DataFrame(
            [{"credit_date": DAY, "credit_invoice": "I", **row} for row in given],
            schema={**GIVEN, "billed": CENTS},
        ),
        pl.DataFrame(
            [{"line_id": "D", "customer": "C", "rule": "a rule", **row} for row in charges],
            schema=CHARGED,
        ),
        pl.DataFrame(customers, schema={"customer": pl.String, "credits": pl.String}),
    ).to_dicts()


def audited(credits: list[Row]) -> pl.DataFrame:
    own = {"carrier": "ILEC", "bill_date": DAY, "service": "S", "usoc": "U", "customer": "C"}
    return pl.DataFrame([{"line_id": "K", **own, **row} for row in credits], schema=AUDITED)


PERCENT = "10.00 8.00 9.20 percent 0.15"  # billed, what of it the customer was charged, its price
BILLED = "10.00 10.00 11.50 percent 0.15"
CENTLESS = "10.00 0.01 0.00 percent -0.60"  # a charge of one cent, sold for nothing
FREE = "10.00 0.00 0.00 percent 0.15"


@pytest.mark.parametrize(
    ("rule", "charge", "given", "expected"),
    [
        ("follow", PERCENT, "2.00", "0.00 0.00 not_invoiced"),  # just what was never charged
        ("follow", PERCENT, "2.01", "0.01 -0.01 passed"),
        ("follow", PERCENT, "10.00", "8.00 -9.20 passed"),
        ("follow", BILLED, "0.01", "0.01 -0.01 passed"),
        ("follow", BILLED, "10.00", "10.00 -11.50 passed"),
        ("follow", "10.00 12.00 13.80 percent 0.15", "5.00", "5.00 -5.75 passed"),  # never below 0
        ("follow", "10.00 10.00 25.00 flat 25", "4.00", "4.00 -10.00 passed"),  # in proportion
        ("follow", "10.00 10.00 12.00 percent 0.15", "4.00", "4.00 -4.80 passed"),  # as it was sold
        ("follow", "10.00 10.00 10.00 pass_through", "4.00", "4.00 -4.00 passed"),
        # by its percent, 0.0345, not by the rounded price of the charge, 0.036
        ("follow", "0.10 0.10 0.12 percent 0.15", "0.03", "0.03 -0.03 passed"),
        ("follow", CENTLESS, "10.00", "0.01 0.00 passed"),
        ("follow", FREE, "10.00", "0.00 0.00 not_invoiced"),
        ("pass", FREE, "10.00", "10.00 0.00 passed"),  # nothing was paid, nothing comes back
        ("pass", PERCENT, "2.00", "2.00 -2.30 passed"),
        ("keep", BILLED, "10.00", "0.00 0.00 kept_by_rule"),
        (None, BILLED, "10.00", "10.00 -11.50 passed"),  # who has no rule has the default
    ],
)
def test_a_credit_gives_back_what_was_charged_of_its_charge(
    rule: str | None, charge: str, given: str, expected: str
) -> None:
    billed, cost, price, method, *value = charge.split()
    of_charge = {"line_id": "D", "credit_id": "K", "given": D(given), "billed": D(billed)}
    sold = {"cost": D(cost), "price": D(price), "method": method}
    made = parts(
        rule, [{"amount": D(f"-{given}")}], [of_charge], [{**sold, "value": D(*value or ["0"])}]
    )
    # one part: what a charge was found for leaves nothing for which none was
    assert [f"{row['passed']} {row['price']} {row['why']}" for row in made] == [expected]
    assert [(row["credit_of"], row["given"]) for row in made] == [("D", D(given))]


def test_two_credits_of_a_charge_give_back_one_after_the_other() -> None:
    sold = {"cost": D("8.00"), "price": D("9.20"), "method": "percent", "value": D("0.15")}
    half = {"line_id": "D", "given": D("5.00"), "billed": D("10.00")}
    credits = [{"line_id": name, "amount": D("-5.00")} for name in ("K1", "K2")]
    made = parts("follow", credits, [{**half, "credit_id": n} for n in ("K1", "K2")], [sold])
    assert [(row["passed"], row["price"]) for row in made] == [
        (D("3.00"), D("-3.45")),
        (D("5.00"), D("-5.75")),
    ]


@pytest.mark.parametrize(
    ("rule", "why"),
    [("pass", "priced"), ("keep", "kept_by_rule"), ("follow", "no_charge"), (None, "no_charge")],
)
def test_a_credit_for_which_no_charge_is_found_goes_by_the_rule(rule: str | None, why: str) -> None:
    (row,) = parts(rule, [{"amount": D("-4.00")}], [], [])
    told = [row[name] for name in ("credit_of", "given", "passed", "price", "why")]
    assert told == [None, D("4.00"), D("0.00"), D("0.00"), why]


def test_what_is_left_of_a_credit_beyond_its_charges_was_for_no_charge() -> None:
    of_charge = {"line_id": "D", "credit_id": "K", "given": D("3.00"), "billed": D("3.00")}
    made = parts("follow", [{"amount": D("-4.00")}], [of_charge], [])
    assert [(row["credit_of"], row["given"], row["why"]) for row in made] == [
        ("D", D("3.00"), "not_invoiced"),
        (None, D("1.00"), "no_charge"),
    ]


def test_a_credit_is_one_customer_line_of_what_is_passed_on() -> None:
    part = {"line_id": "K", "customer": "C", "method": "percent", "rule": "markups row 1, all"}
    passed = [
        ("D1", "4.00", "-5.00", "passed"),
        ("D2", "2.00", "-2.50", "passed"),
        ("D3", "0.00", "0.00", "not_invoiced"),
    ]
    rows = [
        {**part, "credit_of": charge, "passed": D(cost), "price": D(price), "why": why}
        for charge, cost, price, why in passed
    ]
    made = credit_lines(
        audited([{"amount": D("-9.00"), "quantity": D(2)}]),
        pl.DataFrame(rows, schema={**PARTS, **CHARGED}),
    )
    (row,) = made.to_dicts()
    assert [row[name] for name in ("cost", "price", "margin", "quantity")] == [
        *(D("-6.00"), D("-7.50"), D("-1.50"), D(-2))
    ]
    assert (row["credit_of"], row["kind"], row["bill_month"]) == ("D1 D2", "credit", "2026-04")
    assert row["rule"] == "as the charge was priced: markups row 1, all"


def test_a_credit_priced_anew_is_priced_as_a_charge_and_turned_back() -> None:
    credit = audited([{"amount": D("-4.00"), "quantity": D(-2), "at_stake": D("1.00")}])
    (row,) = turned(credit.lazy()).collect().to_dicts()
    assert [row[name] for name in ("amount", "expected", "at_stake", "due_units")] == [
        *(D("4.00"), D("4.00"), D("0.00"), D(2))
    ]
    charge = {"cost": D("4.00"), "price": D("4.60"), "margin": D("0.60"), "quantity": D(2)}
    (back,) = turned_back(pl.LazyFrame([charge], schema=CUSTOMER_LINES)).collect().to_dicts()
    assert [back[name] for name in charge] == [D("-4.00"), D("-4.60"), D("-0.60"), D(-2)]
    assert back["kind"] == "credit"
