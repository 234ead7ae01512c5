"""Surcharges under a cap, and above it, billed for days and units that are not due."""

from __future__ import annotations

import pytest
from hand_bills import answers, audit, found, said

GONE = """
service  wtn         circuit_id    ban  package  installed_on  disconnected_on
S1       6145550101  .             A1   .        2025-01-01    2026-06-01
"""


def test_the_cap_of_a_surcharge_is_for_its_whole_line():
    made = audit(
        """
        no class usoc quantity rate amount from       until
        a  sur   9ZR  1        .    9.00   2026-06-01 2026-07-01
        b  sur   9ZR  1        .    8.00   2026-05-01 2026-06-01
        """,
        services=GONE.replace("2026-06-01", "2026-06-16"),
    )
    assert found(made) == said("""
        a billed_after_disconnect 4.85
        a surcharge_above_cap
    """)


@pytest.mark.parametrize(
    ("billed", "rate", "stakes", "expected"),
    [  # the cap is 8.30 a unit; in service for 10 of the 30 days of June
        ("8.00", ".", ["1 billed_after_disconnect 5.33"], "2.67"),
        ("8.00", "8.00", ["1 billed_after_disconnect 5.33"], "2.67"),
        ("8.30", ".", ["1 billed_after_disconnect 5.53"], "2.77"),
        ("8.31", ".", ["1 billed_after_disconnect 5.54", "1 surcharge_above_cap"], "2.77"),
        ("0.00", ".", [], "0.00"),
    ],
)
def test_a_share_of_a_surcharge_within_its_cap_is_that_share_of_what_was_billed(
    billed, rate, stakes, expected
):
    made = audit(
        f"""
        class usoc quantity rate   amount   from       until
        sur   9ZR  1        {rate} {billed} 2026-06-01 2026-07-01
        """,
        services=GONE.replace("2026-06-01", "2026-06-11"),
    )
    assert found(made) == stakes
    assert answers(made, "expected", "fraction") == [["1", expected, "1"]]


def test_days_before_the_install_and_repeats_of_a_surcharge_are_shares_of_what_was_billed():
    new = """
        service  wtn         circuit_id  ban  package  installed_on  disconnected_on
        S1       6145550101  .           A1   .        2026-06-11    .
        """
    early = audit(
        """
        no class usoc quantity rate amount from       until
        a  sur   9ZR  1        .    8.00   2026-06-01 2026-07-01
        b  sur   9ZR  3        .    8.00   2026-07-01 2026-08-01
        """,
        services=new,
    )
    assert found(early) == ["a billed_before_install 2.67"]
    assert answers(early, "expected", "at_stake") == [["a", "5.33", "2.67"], ["b", "8.00", "0.00"]]
    again = audit("""
        no class usoc quantity rate amount from       until
        a  sur   9ZR  1        .    8.00   2026-06-01 2026-07-01
        b  sur   9ZR  1        .    6.00   2026-06-16 2026-07-16
        """)
    assert found(again) == ["b charged_twice 3.00"]
    assert answers(again, "expected", "at_stake") == [["a", "8.00", "0.00"], ["b", "3.00", "3.00"]]
