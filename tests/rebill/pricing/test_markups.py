"""Which markup row prices a line."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest
from pricing_tables import assert_priced, rated, table

from rebill.pricing.markups import MARKUPS
from rebill.pricing.precedence import SCOPES, _scopes, candidates, scope_words

# One row for each scope, in the promised order; each adds another number of dollars.
IN_ORDER = """
    service customer usoc package product charge_class method value
    S1      -        1MB  -       -       -            adder      1
    S1      -        -    -       -       -            adder      2
    -       acme     1MB  -       -       -            adder      3
    -       acme     -    PKG1    -       -            adder      4
    -       acme     -    -       voice   -            adder      5
    -       acme     -    -       -       recurring    adder      6
    -       acme     -    -       -       -            adder      7
    -       -        1MB  -       -       -            adder      8
    -       -        -    PKG1    -       -            adder      9
    -       -        -    -       voice   -            adder     10
    -       -        -    -       -       recurring    adder     11
    -       -        -    -       -       -            adder     12
"""
LINE = {
    "service": "S1",
    "customer": "acme",
    "usoc": "1MB",
    "package": "PKG1",
    "product": "voice",
    "charge_class": "recurring",
    "rate_day": dt.date(2026, 2, 10),
}


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    numbered = [{"row_id": n, **row} for n, row in enumerate(rows, 1)]
    return pl.DataFrame(numbered, schema=MARKUPS)


@pytest.mark.parametrize("gone", range(12))
def test_each_scope_decides_when_those_before_it_are_gone(gone: int) -> None:
    rows = table(IN_ORDER)[gone:]
    priced = rated([{**LINE, "amount": D("100.00")}], rows).customer_lines.collect()
    assert priced["price"].to_list() == [D(100 + gone + 1)]


def test_the_candidates_of_a_line_stand_in_order_of_precedence_with_their_scope() -> None:
    listed = candidates(LINE, frame(table(IN_ORDER)[::-1]))
    assert listed["precedence"].to_list() == list(range(1, 13))
    assert listed["value"].to_list() == [D(n) for n in range(1, 13)]
    assert listed["scope"].to_list() == [
        "service and usoc",
        "service",
        "customer and usoc",
        "customer and package",
        "customer and product",
        "customer and charge class",
        "customer",
        "usoc",
        "package",
        "product",
        "charge class",
        "all",
    ]
    assert candidates({**LINE, "rate_day": None}, frame([])).is_empty()


def test_a_row_holds_only_for_lines_that_have_all_it_names() -> None:
    assert_priced(
        """
        service customer usoc package product charge_class amount charged
        S1      acme     1MB  PKG1    voice   recurring    100.00  101.00
        S1      bolt     ESX  -       -       one_time     100.00  102.00
        S2      acme     1MB  PKG1    voice   recurring    100.00  103.00
        S2      acme     ESX  PKG1    voice   recurring    100.00  104.00
        S2      acme     ESX  -       voice   recurring    100.00  105.00
        S2      acme     ESX  PKG2    data    recurring    100.00  106.00
        S2      acme     -    -       -       usage        100.00  107.00
        S2      bolt     1MB  PKG1    voice   recurring    100.00  108.00
        S2      bolt     ESX  PKG1    voice   recurring    100.00  109.00
        S2      bolt     -    PKG2    voice   recurring    100.00  110.00
        S2      bolt     -    -       data    recurring    100.00  111.00
        S2      bolt     -    -       -       one_time     100.00  112.00
        """,
        IN_ORDER,
    )


def test_inside_a_scope_the_latest_row_in_force_on_the_rate_day_wins() -> None:
    assert_priced(
        """
        rate_day   amount charged
        2025-12-31 100.00  101.00
        2026-01-01 100.00  102.00
        2026-02-28 100.00  102.00
        2026-03-01 100.00  103.00
        2026-03-31 100.00  103.00
        2026-04-01 100.00  102.00
        """,
        """
        customer method value effective_from effective_until
        acme     adder      1              -               -
        acme     adder      2     2026-01-01               -
        acme     adder      3     2026-03-01      2026-04-01
        """,
    )


def test_a_row_that_ends_and_never_began_holds_until_its_end() -> None:
    assert_priced(
        """
        rate_day   amount charged
        1999-12-31 100.00  101.00
        2026-02-28 100.00  101.00
        2026-03-01 100.00  no_markup
        """,
        "method value effective_until\nadder 1 2026-03-01",
    )


def test_a_wider_scope_prices_the_days_on_which_the_narrower_one_is_not_in_force() -> None:
    assert_priced(
        """
        rate_day   amount charged
        2026-01-31 100.00  109.00
        2026-02-01 100.00  101.00
        """,
        """
        customer method value effective_from
        acme     adder      1     2026-02-01
        -        adder      9              -
        """,
    )


def test_recurring_covers_prorated_and_a_row_for_prorated_beats_it_inside_its_scope_only() -> None:
    rows = """
        customer charge_class method value effective_from
        -        recurring    adder      1     2026-01-01
        -        prorated     adder      2              -
        bolt     recurring    adder      3              -
    """
    assert_priced(
        """
        customer charge_class amount charged
        acme     recurring    100.00  101.00
        acme     prorated     100.00  102.00
        bolt     prorated     100.00  103.00
        bolt     one_time     100.00  no_markup
        """,
        rows,
    )


def test_only_a_scope_that_names_a_class_asks_for_what_covers_the_class_too() -> None:
    scopes = _scopes(("customer", "charge_class"), ("customer",))
    assert [scope.asks for scope in scopes] == [
        *(("customer", "charge_class"), ("customer", "covering_class"), ("customer",))
    ]


def test_usocs_are_compared_as_lines_spell_them() -> None:
    assert_priced("usoc amount charged\n1MB 1.00 3.00", "usoc method value\n1mb adder 2")


def test_the_words_of_a_scope_are_null_for_a_combination_the_precedence_does_not_have() -> None:
    rows = frame([{"customer": "acme"}, {"service": "S1", "customer": "acme"}, {}])
    assert rows.select(scope_words()).to_series().to_list() == ["customer", None, "all"]
    assert len({scope.words for scope in SCOPES}) == 12
