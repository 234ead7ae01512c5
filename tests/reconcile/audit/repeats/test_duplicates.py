"""Which line a repeat repeats, and what the service has of an element in its package."""

from __future__ import annotations

import pytest
from compare import agreed, kernel_audit
from hand_bills import audit, found

LINES = """
no bill       class usoc quantity rate  amount from       until
a  2026-06-01 rec   1FB  1        20.00 20.00  {}         {}
b  2026-07-01 rec   1FB  1        20.00 20.00  2026-07-01 2026-08-01
c  2026-08-01 rec   1FB  1        20.00 20.00  2026-07-01 2026-08-01
"""


@pytest.mark.parametrize(
    ("start", "end", "twin"),
    [
        ("2026-06-01", "2026-07-01", "b"),
        ("2026-08-01", "2026-09-01", "b"),
        ("2026-06-02", "2026-07-02", "a"),
        ("2026-07-31", "2026-08-31", "a"),
    ],
)
def test_a_repeat_names_the_first_line_that_bills_a_day_of_it(start: str, end: str, twin: str):
    made = audit(LINES.format(start, end))
    agreed(made)
    said = kernel_audit(made).findings
    assert f"1FB of S1 is already billed on line {twin}" in said["message"].to_list()


@pytest.mark.parametrize(
    ("units", "right"),
    [
        (1, ["b charged_twice 30.00"]),
        (2, ["a package_above_contract 15.00", "b package_above_contract 15.00"]),
    ],
)
def test_the_service_has_the_units_its_package_has(units: int, right: list[str]):
    made = audit("""
        no class usoc  quantity rate amount wtn
        a  rec   PORT1 1        .    30.00  6145550102
        b  rec   PORT1 1        .    30.00  6145550102
    """)
    for row in made.packages:
        row["quantity"] = units
    assert found(made) == right
