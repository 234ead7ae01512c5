"""What the carrier forgot: charged as if billed, given back once it is billed, in tables."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest

from invoices.schema import CENTS, RATE
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.unbilled import as_lines, as_rows, given_back

DAY = dt.date(2026, 3, 10)
FINDING = {
    "finding_id": "F", "code": "element_not_billed", "carrier": "ILEC", "bill_date": DAY,
    "service": "S1", "usoc": "1FB", "expected": D("10.00"),
}  # fmt: skip
SERVICE = {"service": "S1", "customer": "C1", "product": "voice", "package": None, "state": "OH"}
ELEMENTS = {
    "service": pl.String, "usoc": pl.String, "quantity": RATE,
    "active_from": pl.Date, "active_until": pl.Date,
}  # fmt: skip


def missing(
    finding: dict[str, Any] | None = None,
    rule: str = "invoice",
    package: str | None = None,
    elements: tuple[tuple[str, dt.date | None, dt.date | None], ...] = (),
) -> list[dict[str, Any]]:
    """Return the lines of a finding; `elements` are quantity, active from, active until."""
    inventory = [("S1", "1FB", D(units), since, until) for units, since, until in elements]
    text = dict.fromkeys(("package", "customer", "product", "service", "state"), pl.String)
    return as_lines(
        pl.DataFrame([{**FINDING, **(finding or {})}], schema_overrides={"expected": CENTS}),
        pl.DataFrame({"customer": ["C1"], "unbilled": [rule]}),
        pl.DataFrame([{**SERVICE, "package": package}], schema_overrides=text),
        pl.DataFrame(inventory, schema=ELEMENTS, orient="row"),
    ).to_dicts()  # fmt: skip


def test_an_element_that_was_forgotten_is_a_line_of_a_whole_month() -> None:
    (line,) = missing()
    assert (line["amount"], line["expected"], line["quantity"]) == (D("10.00"), D("10.00"), D(1))
    assert (line["period_from"], line["period_until"]) == (DAY, dt.date(2026, 4, 10))
    (cheap,) = missing({"expected": D("0.01")})
    assert cheap["amount"] == D("0.01")


@pytest.mark.parametrize(
    ("finding", "rule"),
    [
        ({"code": "billed_twice"}, "invoice"),
        ({"expected": D("0.00")}, "invoice"),
        ({"expected": None}, "invoice"),
        ({}, "wait"),
    ],
)
def test_what_costs_nothing_is_no_such_finding_or_is_not_to_be_charged_makes_no_line(
    finding: dict[str, Any], rule: str
) -> None:
    assert missing(finding, rule) == []


@pytest.mark.parametrize(
    ("since", "until", "units"),
    [
        (None, None, 3),
        (DAY, None, 3),
        (dt.date(2026, 3, 11), None, 1),
        (None, DAY, 1),
        (None, dt.date(2026, 3, 11), 3),
    ],
)
def test_units_are_those_active_on_the_day_of_the_bill(
    since: dt.date | None, until: dt.date | None, units: int
) -> None:
    (line,) = missing(elements=(("1", None, None), ("2", since, until)))
    assert line["quantity"] == line["due_units"] == D(units)


def test_an_element_without_units_counts_as_one() -> None:
    (line,) = missing(elements=(("0", None, None),))
    assert line["quantity"] == D(1)


@pytest.mark.parametrize(("package", "kept"), [("1FB", "1FB"), ("PKG", None), (None, None)])
def test_the_package_is_said_of_its_own_code(package: str | None, kept: str | None) -> None:
    (line,) = missing(package=package)
    assert line["package"] == kept


def test_a_row_without_a_carrier_line_is_named_by_its_finding() -> None:
    line = {"line_id": "ILEC:S1:1FB:element_not_billed", "rule": "markups row 1"}
    (row,) = as_rows(pl.DataFrame([line], schema=CUSTOMER_LINES)).to_dicts()
    assert (row["kind"], row["line_id"]) == ("unbilled", None)
    assert row["made_key"] == "unbilled:ILEC:S1:1FB"
    assert row["rule"] == "the carrier did not bill it; markups row 1"


# The element was charged in March, for 10 March to 10 April.
BILLED = """
from       until      in      issued back
2026-03-10 2026-04-10 2026-04 no     2026-04
2026-04-09 2026-05-09 2026-04 no     2026-04
2026-04-10 2026-05-10 2026-04 no     -
2026-02-10 2026-03-10 2026-04 no     -
2026-02-11 2026-03-11 2026-04 no     2026-04
2026-03-10 2026-04-10 2026-03 no     -
2026-03-10 2026-04-10 2026-03 yes    2026-03
2026-03-10 2026-04-10 2026-02 yes    -
2026-03-10 2026-04-10 2026-05 no     -
"""


@pytest.mark.parametrize("case", BILLED.strip().splitlines()[1:])
def test_a_row_is_given_back_when_the_carrier_bills_its_days_later(case: str) -> None:
    """In the same month only where the row was issued: a draft's simply goes. May is not made."""
    since, until, billed_in, issued, back = case.split()
    row = {
        "service": "S1", "usoc": "1FB", "bill_month": "2026-03", "made_key": "unbilled:F",
        "service_from": DAY, "service_until": dt.date(2026, 4, 10), "cost": D("10.00"),
        "price": D("12.00"), "margin": D("2.00"), "quantity": D(2), "rule": "markups row 1",
    }  # fmt: skip
    charged = pl.DataFrame([row], schema=CUSTOMER_LINES).with_columns(issued=issued == "yes")
    billed = {
        "service": "S1", "usoc": "1FB", "bill_month": billed_in,
        "service_from": dt.date.fromisoformat(since),
        "service_until": dt.date.fromisoformat(until),
    }  # fmt: skip
    months = pl.DataFrame({"bill_month": ["2026-02", "2026-03", "2026-04"]})
    rows = given_back(charged, pl.LazyFrame([billed]), months).to_dicts()
    assert [row["bill_month"] for row in rows] == ([] if back == "-" else [back])
    for given in rows:
        money = [given[name] for name in ("cost", "price", "margin", "quantity")]
        assert money == [D("-10.00"), D("-12.00"), D("-2.00"), D(-2)]
        assert given["made_key"] == "unbilled:F:billed"
        assert given["rule"] == "the carrier has billed it since; markups row 1"
