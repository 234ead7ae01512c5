"""What stands in a cell is read exactly, or not at all."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writers import CENTS, MONEY

from invoices.carrier import cells
from invoices.carrier.cells import Kind


def read(kind: Kind, *texts: str) -> list[object]:
    cell = cells.trimmed(pl.col("cell"))
    frame = pl.DataFrame({"cell": texts}, schema={"cell": pl.String})
    spelled, value = frame.select(spelled=kind.spelling(cell), value=kind.cast(kind.spelling(cell)))
    # Whatever is spelled plainly has a value: only the spelling decides what can be read.
    assert spelled.is_null().equals(value.is_null().rename("spelled"))
    return value.to_list()


@pytest.mark.parametrize(
    ("printed", "amount"),
    [
        ("1234.50", "1234.50"),
        ("$1,234.50", "1234.50"),
        ("$ 1,234.50", "1234.50"),
        ("1,234.50-", "-1234.50"),
        ("(12.50)", "-12.50"),
        ("($1,012.50)", "-1012.50"),
        ("-12.50", "-12.50"),
        ("-$12.50", "-12.50"),
        ("$-12.50", "-12.50"),
        ("+3", "3.00"),
        (".50", "0.50"),
        ("-.5", "-0.50"),
        ("12.5", "12.50"),
        ("12.5000", "12.50"),
        ("0012.50", "12.50"),
        ("-0.00", "0.00"),
        (" 12.50 ", "12.50"),
        ("999999999.99", "999999999.99"),
        ("999,999,999.99", "999999999.99"),
    ],
)
def test_money_is_read_in_its_usual_spellings(printed: str, amount: str) -> None:
    assert read(cells.AMOUNT, printed) == [Decimal(amount)]


@pytest.mark.parametrize(
    "printed",
    [
        "12.505",
        "1e3",
        "1,23.50",
        "1,2345.00",
        ",123.00",
        "12,50",
        "12.50CR",
        "--12.50",
        "-12.50-",
        "(-12.50)",
        "(12.50",
        "12.50)",
        "$$3",
        "€3",
        "12.",
        "1 234.50",
        "1_000",
        "NaN",
        "inf",
        "0x10",
        "١٢",
        "100000000000000.00",
        "-",
        "$",
        ".",
    ],
)
def test_anything_else_is_no_amount(printed: str) -> None:
    assert read(cells.AMOUNT, printed) == [None]


@given(CENTS, st.sampled_from(MONEY))
def test_every_spelling_of_an_amount_says_the_same(amount: Decimal, spelling: object) -> None:
    assert callable(spelling)
    assert read(cells.AMOUNT, spelling(amount)) == [amount]


@given(st.text(st.sampled_from("0123456789.,$()+- e"), max_size=9))
def test_a_number_is_never_guessed(text: str) -> None:
    [amount] = read(cells.AMOUNT, text)
    if amount is not None:
        bare = Decimal("".join(sign for sign in text if sign in "0123456789."))
        assert abs(amount) == bare
        assert (amount < 0) == (bare != 0 and any(sign in text for sign in "-("))


def test_rates_and_quantities_have_six_decimals() -> None:
    assert read(cells.UNIT_RATE, "0.012345", "$18.5", "1.23456700", "0.0000001") == [
        Decimal("0.012345"),
        Decimal("18.5"),
        Decimal("1.234567"),
        None,
    ]
    assert read(cells.QUANTITY, "3", "-2", "1,000.5", "$3", "1000000000") == [
        Decimal(3),
        Decimal(-2),
        Decimal("1000.5"),
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("printed", "places"),
    [("18", 0), ("18.5", 1), ("18.50", 2), ("$1,018.5000", 4), ("18." + "0" * 300, 127)],
)
def test_the_printed_decimals_of_a_rate_are_kept(printed: str, places: int) -> None:
    spelling = cells.UNIT_RATE.spelling(pl.lit(printed))
    assert pl.select(cells.printed_places(spelling)).item() == places


def test_a_date_is_one_that_the_calendar_has() -> None:
    assert read(cells.DATE, "2026-02-28", "2024-02-29", "1990-01-01", "2100-12-31") == [
        dt.date(2026, 2, 28),
        dt.date(2024, 2, 29),
        dt.date(1990, 1, 1),
        dt.date(2100, 12, 31),
    ]
    wrong = ["2026-02-30", "2026-02-29", "2026-13-01", "1989-12-31", "2101-01-01", "20260228",
             "02/28/2026", "2026-2-3", "2026- 2- 3", "2026-02-28T00:00", "9999-12-31"]  # fmt: skip
    assert read(cells.DATE, *wrong) == [None] * len(wrong)


@given(st.dates(dt.date(1985, 1, 1), dt.date(2105, 12, 31)))
def test_a_plain_date_is_a_date_but_for_leap_days(day: dt.date) -> None:
    text = pl.lit(day.isoformat())
    plain = pl.select(text.str.contains(f"^(?:{cells.DATE.plain})$")).item()
    assert plain == (1990 <= day.year <= 2100 and (day.month, day.day) != (2, 29))


@pytest.mark.parametrize(
    ("printed", "wtn"),
    [
        ("6145550131", "6145550131"),
        ("614 555-0131", "6145550131"),
        ("(614) 555-0131", "6145550131"),
        ("(614)555-0131", "6145550131"),
        ("614-555-0131", "6145550131"),
        ("614.555.0131", "6145550131"),
        ("614/555-0131", "6145550131"),
        ("1-614-555-0131", "6145550131"),
        ("+1 (614) 555-0131", "6145550131"),
        ("16145550131", "6145550131"),
        ("614 555-0131 x7", "614 555-0131 X7"),
        ("26145550131", "26145550131"),
        ("hunt 3", "HUNT 3"),
        ("555-0131", "555-0131"),
    ],
)
def test_a_telephone_number_is_ten_digits_however_it_is_printed(printed: str, wtn: str) -> None:
    assert pl.select(cells.telephone(pl.lit(printed))).item() == wtn


def test_circuits_are_compared_without_blanks_and_case() -> None:
    printed = pl.Series(["44/HCGS/123//SB", "44/hcgs/123/ /sb", "44/HCGS/\u00a0123//SB"])
    assert pl.select(cells.circuit_key(pl.lit(printed))).to_series().unique().len() == 1
