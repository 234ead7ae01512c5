"""What is due on the very day, at the very number of units and at the very cent; model and kernels
must agree.
"""

from __future__ import annotations

import pytest
from compare import kernel_audit
from hand_bills import ELEMENTS, answers, audit, found

MOVED = """
service  wtn         circuit_id    ban  package  installed_on  disconnected_on
S1       6145550101  .             A1   .        2026-05-11    2026-06-21
"""


# ------------------------------------------------------------------------------------------- days


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        # Usage is due when the service was active on any day of its period.
        ("2026-04-11", "2026-05-11", "billed_before_install"),
        ("2026-04-12", "2026-05-12", None),
        ("2026-06-20", "2026-07-20", None),
        ("2026-06-21", "2026-07-21", "billed_after_disconnect"),
        ("2026-05-10", "2026-05-10", "billed_before_install"),
        ("2026-05-11", "2026-05-11", None),
        ("2026-06-20", "2026-06-20", None),
        ("2026-06-21", "2026-06-21", "billed_after_disconnect"),
    ],
)
def test_usage_is_due_for_a_period_with_one_day_in_service(start: str, end: str, code: str | None):
    made = audit(
        f"""
        no class usoc  quantity rate amount from    until
        a  use   UMIN1 1000     .    12.35  {start} {end}
        """,
        services=MOVED,
    )
    assert found(made) == ([] if code is None else [f"a {code} 12.35"])


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("2026-05-11", "2026-06-11", []),
        ("2026-05-10", "2026-06-10", ["a billed_before_install 0.67"]),
        ("2026-05-21", "2026-06-21", []),
        ("2026-05-22", "2026-06-22", ["a billed_after_disconnect 0.67"]),
    ],
)
def test_a_month_that_begins_or_ends_with_the_service_is_due_in_full(
    start: str, end: str, told: list[str]
):
    made = audit(
        f"""
        no class usoc quantity rate  amount from    until
        a  rec   1FB  1        20.00 20.00  {start} {end}
        """,
        services=MOVED,
    )
    assert found(made) == told


@pytest.mark.parametrize(
    ("until", "told"),
    [
        # Three days of grace: the service ends on the 21st, what is billed up to the 24th is due.
        ("2026-06-20", ["a element_not_ordered 2.67"]),
        ("2026-06-21", []),
        ("2026-06-22", []),
    ],
)
def test_an_element_that_ends_on_the_day_of_the_disconnect_has_its_days_of_grace(
    until: str, told: list[str]
):
    made = audit(
        """
        no class usoc quantity rate  amount from       until
        a  rec   1FB  1        20.00 20.00  2026-05-24 2026-06-24
        """,
        services=MOVED,
        service_elements=f"""
        service  usoc  quantity  active_from  active_until
        S1       1FB   1         .            {until}
        """,
        billing={"disconnect_grace_days": 3},
    )
    assert found(made) == told


# ------------------------------------------------------------------------------------------ units


def test_as_many_units_as_the_inventory_has_are_due_and_one_more_is_not():
    made = audit("""
        no bill       class usoc quantity rate amount
        a  2026-06-01 rec   TTB  2        5.00 10.00
        b  2026-07-01 rec   TTB  3        5.00 15.00
        c  2026-08-01 rec   TTB  1        5.00 5.00
    """)
    assert found(made) == ["b quantity_above_inventory 5.00"]
    assert answers(made, "due_units") == [["a", "2"], ["b", "2"], ["c", "1"]]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["0 . ."], ["a element_not_ordered 10.00"]),
        (["0 . .", "2 . ."], []),
        (["0 . 2026-06-16", "2 2026-06-16 ."], ["a element_not_ordered 5.00"]),
        (["1 . 2026-06-16", "2 2026-06-16 ."], ["a quantity_above_inventory 2.50"]),
    ],
)
def test_what_is_listed_with_no_units_is_not_on_order(rows: list[str], told: list[str]):
    made = audit(
        """
        no class usoc quantity rate amount from       until
        a  rec   TTB  2        5.00 10.00  2026-06-01 2026-07-01
        """,
        service_elements="service usoc quantity active_from active_until\n"
        + "".join(f"S1 TTB {row}\n" for row in rows),
    )
    assert found(made) == told


def test_no_units_are_due_of_a_line_of_nothing_whose_package_bills_them_already():
    made = audit("""
        no bill       class usoc  quantity rate amount wtn        from       until
        a  2026-06-01 rec   1FB   1        .    15.00  6145550102 2026-06-01 2026-07-01
        b  2026-06-01 rec   PORT1 1        .    15.00  6145550102 2026-06-01 2026-07-01
        c  2026-06-10 rec   1FB   1        .    0.00   6145550102 2026-06-01 2026-07-01
    """)
    lines = kernel_audit(made).lines.collect().sort("line_id")
    assert lines["expected"].to_list() == [15, 15, 0]
    assert lines["due_units"].to_list() == [1, 1, 0]


ORDER = """
order_no service usoc  quantity completed_on nrc_waived
R1       S1      NRCIN 2        2026-06-01   no
"""


@pytest.mark.parametrize(
    ("bill", "quantity", "stake"),
    [
        ("2026-06-01", 2, None),
        ("2026-06-01", 3, "45.00"),
        # An order is there from the day it was completed on.
        ("2026-05-31", 2, "90.00"),
    ],
)
def test_an_order_carries_its_units_from_the_day_it_is_completed_on(
    bill: str, quantity: int, stake: str | None
):
    made = audit(
        f"""
        no bill   class usoc  quantity   rate  amount
        a  {bill} nrc   NRCIN {quantity} 45.00 {45 * quantity}.00
        """,
        orders=ORDER,
    )
    assert found(made) == ([] if stake is None else [f"a one_time_charge_not_due {stake}"])


def test_an_order_whose_last_unit_is_used_gives_way_to_the_next_one():
    made = audit(
        """
        no bill       class usoc  quantity rate  amount
        a  2026-06-10 nrc   NRCIN 1        45.00 45.00
        b  2026-06-11 nrc   NRCIN 1        45.00 45.00
        c  2026-06-12 nrc   NRCIN 1        45.00 45.00
        d  2026-06-13 nrc   NRCIN 1        45.00 0.00
        e  2026-06-14 nrc   NRCIN 1        45.00 45.00
        """,
        orders=ORDER + "R2       S1      NRCIN 1        2026-06-02   no\n",
    )
    assert answers(made, "order_used") == [
        ["a", "R1"], ["b", "R1"], ["c", "R2"], ["d", "None"], ["e", "None"]
    ]  # fmt: skip


def test_units_that_went_to_a_charge_of_long_ago_are_missing_and_no_repeat():
    made = audit(
        """
        no bill       class usoc  quantity rate  amount order_no
        a  2025-02-01 nrc   NRCIN 1        45.00 45.00  R1
        b  2026-06-01 nrc   NRCIN 2        45.00 90.00  R1
        c  2026-06-01 nrc   NRCIN 2        45.00 90.00  R2
        """,
        orders="""
        order_no service usoc  quantity completed_on nrc_waived
        R1       S1      NRCIN 2        2025-01-15   no
        R2       S1      NRCIN 2        2025-01-15   no
        """,
    )
    assert found(made) == ["b one_time_charge_not_due 45.00"]


@pytest.mark.parametrize(
    ("credit", "used"),
    [("2026-06-20", "R1"), ("2026-06-21", "R1"), ("2026-06-22", "None")],
)
def test_a_credit_on_the_day_of_a_charge_has_given_its_order_back(credit: str, used: str):
    made = audit(
        f"""
        no bill       class usoc  quantity rate  amount order_no
        a  2026-06-10 nrc   NRCIN 2        45.00 90.00  R1
        c  {credit}   adj   NRCIN .        .     -90.00 R1
        d  2026-06-21 nrc   NRCIN 2        45.00 90.00  .
        """,
        orders=ORDER,
    )
    assert dict(answers(made, "order_used"))["d"] == used


def test_credits_in_part_give_back_whole_units_and_the_last_one_the_rest():
    """Of three units at 45.00 a credit of 60.00 gives back one; its other 15.00 are money."""
    lines = """
        no bill       class usoc  quantity rate  amount  order_no
        a  2026-06-10 nrc   NRCIN 3        45.00 135.00  R1
        b  2026-06-11 adj   NRCIN .        .     -60.00  R1
        c  2026-06-12 nrc   NRCIN 1        45.00 45.00   R1
    """
    three = ORDER.replace("NRCIN 2", "NRCIN 3")
    one_more = "d  2026-06-13 nrc   NRCIN 1        45.00 45.00   R1\n"
    assert found(audit(lines + one_more, orders=three)) == ["d charged_twice 30.00"]
    lines += """
        e  2026-06-14 adj   NRCIN .        .     -75.00  R1
        f  2026-06-15 nrc   NRCIN 2        45.00 90.00   R1
        g  2026-06-16 nrc   NRCIN 1        45.00 45.00   R1
    """
    assert found(audit("\n".join(filter(str.strip, lines.splitlines())), orders=three)) == [
        "g charged_twice 45.00"
    ]


# ------------------------------------------------------------------------------------------ cents


def test_a_surcharge_at_its_cap_is_shared_as_it_was_billed():
    """Three units at 8.30 by the unit: a third of each is 2.77, a third of what is billed 8.30."""
    lines = """
        no class usoc quantity rate amount from       until
        a  sur   9ZR  3        .    {}     2026-06-11 2026-07-11
    """
    for billed, due in (("24.90", "8.30"), ("24.93", "8.31"), ("24.87", "8.29")):
        made = audit(lines.format(billed), services=MOVED, billing={"rounding": "unit"})
        assert answers(made, "expected")[0][1] == due, billed


def test_no_units_are_due_of_usage_that_comes_to_no_cent():
    made = audit("""
        no class usoc  quantity rate amount from       until
        a  use   UMIN1 0.4      0.50 0.20   2026-06-01 2026-06-01
        b  use   UMIN1 0.5      0.50 0.25   2026-06-02 2026-06-02
    """)
    assert answers(made, "expected", "due_units") == [["a", "0.00", "0"], ["b", "0.01", "0.5"]]


def test_a_price_that_is_not_printed_is_too_high_only_beyond_all_units_and_the_tolerance():
    """Ten days of 20.00 come to 6.67, a day and a cent more is 7.34."""
    made = audit("""
        no class usoc quantity rate amount from       until
        a  rec   TTB  3        .    15.00  2026-05-01 2026-06-01
        b  rec   TTB  3        .    15.01  2026-06-01 2026-07-01
        c  pro   1FB  1        .    7.34   2026-07-01 2026-07-11
        d  pro   1FB  1        .    7.35   2026-08-01 2026-08-11
    """)
    assert found(made) == [
        "a quantity_above_inventory 5.00",
        "b quantity_above_inventory 5.00",
        "b rate_above_contract 0.01 unexplained",
        "d rate_above_contract 0.68 unexplained",
    ]


def test_what_is_free_is_due_for_its_units_whatever_is_billed():
    made = audit(
        """
        no class usoc  quantity rate amount from       until
        a  rec   VM1OO 2        .    0.00   2026-05-01 2026-06-01
        b  rec   VM1OO 2        .    4.00   2026-06-01 2026-07-01
        c  rec   VM1OO 3        .    4.00   2026-07-01 2026-08-01
        """,
        rates="""
        usoc  package charge_class state zone term_months rate effective_from effective_until
        VM1OO .       recurring    .     .    .           0.00 2025-01-01     .
        """,
        service_elements=ELEMENTS + "S1 VM1OO 2 . .",
    )
    assert answers(made, "at_stake", "due_units") == [
        ["a", "0.00", "2"], ["b", "4.00", "2"], ["c", "4.00", "2"]
    ]  # fmt: skip


def test_a_surcharge_for_the_record_only_is_expected_as_billed_if_it_has_a_cap():
    lines = """
        no class usoc  quantity rate amount from       until
        a  sur   RECO1 1        .    8.00   2026-06-11 2026-07-11
        b  sur   RECO1 1        .    9.00   2026-07-11 2026-08-11
        c  use   RECO1 .        .    9.00   2026-06-11 2026-07-11
    """
    caps = """
        usoc  package charge_class state zone term_months rate effective_from effective_until
        RECO1 .       surcharge    .     .    .           8.30 2025-01-01     .
        RECO1 .       usage        .     .    .           1.00 2025-01-01     .
    """
    expected = {"": ["None"] * 3, caps: ["8.00", "9.00", "None"]}
    for rates, told in expected.items():
        assert [line[1] for line in answers(audit(lines, rates=rates), "expected")] == told
