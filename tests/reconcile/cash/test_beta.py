"""The Beta distribution at its ends, and where it has a form of its own."""

from __future__ import annotations

from decimal import Decimal
from math import asin, pi, sqrt

import pytest

from reconcile.cash.beta import below, share_at

D = Decimal


def test_no_share_is_below_nothing_and_every_share_is_at_most_all() -> None:
    assert [below(x, 2.0, 3.0) for x in (-0.5, 0.0, 1.0, 1.5)] == [0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize("x", [1e-9, 1e-4, 0.01, 0.3, 0.5, 0.7, 0.99, 0.9999])
def test_two_half_cases_follow_the_law_of_the_arcsine(x: float) -> None:
    assert below(x, 0.5, 0.5) == pytest.approx(2 / pi * asin(sqrt(x)), abs=1e-12)


@pytest.mark.parametrize("a", [1e-6, 0.1, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("x", [1e-6, 0.01, 0.25, 0.5, 0.9, 0.999])
def test_with_one_case_on_the_other_side_it_is_a_power(x: float, a: float) -> None:
    assert below(x, a, 1.0) == pytest.approx(x**a, abs=1e-12)
    assert below(x, 1.0, a) == pytest.approx(1 - (1 - x) ** a, abs=1e-12)


@pytest.mark.parametrize(
    ("level", "won", "lost", "share"),
    [
        ("0.1", "1", "1", "0.100000"),  # all shares are as likely
        ("0.5", "2", "2", "0.500000"),
        ("0.5", "40", "40", "0.500000"),
        ("0.25", "2", "1", "0.500000"),  # x squared
        ("0.75", "1", "2", "0.500000"),
        ("0.5", "0.5", "0.5", "0.500000"),
        ("0.1", "0", "3", "0.000000"),  # nothing was ever won
        ("0.9", "3", "0", "1.000000"),  # nothing was ever lost
        ("0.9", "0", "0", "0.000000"),
    ],
)
def test_a_share_has_six_places_and_is_known_where_the_law_is_plain(
    level: str, won: str, lost: str, share: str
) -> None:
    assert str(share_at(D(level), D(won), D(lost))) == share
