"""A file of debits says what it was given, to the cent, whatever customers are called."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D

import polars as pl
import pytest
from achkit import validate
from bank_writers import check_digit
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.bank import nacha
from invoices.bank.nacha_out import DEBITS, Originator, plain, written

BY = Originator(
    "091000019", "First Bank", "1234567890", "Example Co", "Example Co", "1234567890", "PAYMENT"
)
MADE, SETTLES = dt.date(2026, 4, 10), dt.date(2026, 4, 13)
ROUTINGS = st.integers(1, 10**8 - 1).map(lambda n: f"{n:08d}{check_digit(f'{n:08d}')}")
ROWS = st.tuples(
    st.sampled_from(["PPD", "CCD"]),
    st.sampled_from(["checking", "savings"]),
    ROUTINGS,
    st.from_regex("[A-Za-z0-9-]{1,17}", fullmatch=True),
    st.integers(0, 10**10 - 1).map(lambda cents: D(cents) / 100),
    st.text(max_size=20),
    st.text(max_size=40),
)


def entries(*rows: tuple[object, ...]) -> pl.DataFrame:
    numbered = [(*row, f"09100001{number:07d}") for number, row in enumerate(rows, 1)]
    return pl.DataFrame(numbered, schema=DEBITS, orient="row")


@settings(max_examples=10)
@given(st.lists(ROWS, min_size=1, max_size=9))
def test_what_is_written_is_read_back(rows: list[tuple[object, ...]]) -> None:
    made = entries(*rows)
    text = written(BY, made, MADE, SETTLES, "A")
    assert text == written(BY, made.reverse(), MADE, SETTLES, "A")
    assert validate(text) == {"ok": True, "errors": []}
    found = nacha.read(text.encode())
    assert found.ok and found.doubts.is_empty()
    told = found.entries.sort("trace")
    assert told.select("sec", "amount", "trace").equals(made.select("sec", "amount", "trace"))
    assert set(told["direction"]) == {"debit"} and set(told["settled_on"]) == {SETTLES}
    prenotes = (made["amount"] == 0).to_list()
    assert [kind == "prenote" for kind in told["kind"]] == prenotes


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Müller & Søn GmbH", "MULLER & SON GMBH"),
        ("Straße 5 – “Œuvre”", "STRASSE 5 - OEUVRE"),
        ("line\nbreak\ttab\x00nul", "LINE BREAK TAB NUL"),
        ("日本電信", ""),
        ("=cmd|' /c calc'", "CMD ' /C CALC'"),
    ],
)
def test_names_are_spelled_as_every_bank_takes_them(name: str, told: str) -> None:
    assert pl.select(plain(pl.lit(name))).item() == told


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": D("100000000.00")},
        {"amount": D("-0.01")},
        {"routing": "09100001"},
        {"account": "123456789012345678"},
        {"account": "12 34"},
        {"account_type": "loan"},
        {"trace": "1"},
    ],
)
def test_what_no_field_holds_is_refused_and_never_cut(wrong: dict[str, object]) -> None:
    row = ("PPD", "checking", "076401251", "0012", D("1.00"), "A1", "Ann")
    made = entries(row).with_columns(**{n: pl.lit(v, DEBITS[n]) for n, v in wrong.items()})
    with pytest.raises(ValueError, match="no field holds"):
        written(BY, made, MADE, SETTLES, "A")


def test_more_than_a_file_can_say_is_refused() -> None:
    row = ("PPD", "checking", "076401251", "0012", D("99999999.99"), "", "")
    assert nacha.read(written(BY, entries(*[row] * 100), MADE, SETTLES, "A").encode()).ok
    with pytest.raises(ValueError, match="more than one file"):
        written(BY, entries(*[row] * 101), MADE, SETTLES, "A")
