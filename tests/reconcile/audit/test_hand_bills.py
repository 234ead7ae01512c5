"""Hand-made bills where one thing on paper explains another: credits and repeats, packages and
their days, orders given back, summaries and partners of other bills. Model and kernels must agree
on each of them.
"""

from __future__ import annotations

import datetime as dt

from hand_bills import ELEMENTS, SERVICES, answers, audit, found, said

# --------------------------------------------------------------------------------------- credits


def test_each_cent_of_a_credit_undoes_one_charge_the_oldest_first():
    lines = """
        no bill       class usoc quantity rate  amount from       until
        a  2026-06-01 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        b  2026-06-10 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        c  2026-07-01 adj   1FB  .        .     {} 2026-06-01 2026-07-01
        d  2026-07-01 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
    """
    assert found(audit(lines.format("-40.00"))) == ["b charged_twice 20.00"]
    made = audit(lines.format("-25.00"))
    assert found(made) == said("""
        b charged_twice 20.00
        d charged_twice 15.00
    """)
    assert answers(made, "expected")[3] == ["d", "5.00"]


def test_a_credit_is_for_the_period_it_names():
    made = audit("""
        no bill       class usoc quantity rate  amount from       until
        a  2026-06-01 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        b  2026-07-01 rec   1FB  1        20.00 20.00  2026-07-01 2026-08-01
        c  2026-08-01 rec   1FB  .        .     -20.00 2026-07-01 2026-08-01
        d  2026-08-01 rec   1FB  1        20.00 20.00  2026-07-01 2026-08-01
        e  2026-08-01 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
    """)
    assert found(made) == ["e charged_twice 20.00"]


def test_a_credit_is_for_no_charge_that_is_dated_after_it():
    made = audit("""
        no bill       class usoc quantity rate  amount from       until
        a  2026-06-01 adj   1FB  .        .     -20.00 2026-06-01 2026-07-01
        b  2026-06-02 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        c  2026-06-03 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
    """)
    assert found(made) == ["c charged_twice 20.00"]


ORDERS = """
order_no service usoc  quantity completed_on nrc_waived
R1       S1      NRCIN 1        2026-05-10   no
R2       S1      NRCIN 1        2026-05-20   no
"""


def test_the_credit_of_a_one_time_charge_gives_its_order_back():
    lines = """
        no bill       class usoc  quantity rate  amount order_no
        a  2026-06-01 nrc   NRCIN 1        45.00 45.00  R1
        b  2026-06-01 nrc   NRCIN 1        40.00 40.00  R2
        c  2026-07-01 adj   NRCIN .        .     {}
        d  2026-07-01 nrc   NRCIN 1        45.00 45.00  .
    """
    by_number = audit(lines.format("-40.00 R2"), orders=ORDERS)
    assert answers(by_number, "order_used")[3] == ["d", "R2"]
    by_amount = audit(lines.format("-40.00 ."), orders=ORDERS)
    assert answers(by_amount, "order_used")[3] == ["d", "R2"]
    by_age = audit(lines.format("-45.01 ."), orders=ORDERS)
    assert answers(by_age, "order_used")[3] == ["d", "R1"]
    in_part = audit(lines.format("-39.99 R2"), orders=ORDERS)
    assert answers(in_part, "order_used")[3] == ["d", "None"]
    assert "d one_time_charge_not_due 45.00" in found(in_part)


# --------------------------------------------------------------------------------------- repeats


def test_surcharges_without_a_period_repeat_within_their_bill_date_only():
    made = audit("""
        no bill       class usoc quantity rate amount
        a  2026-06-01 sur   9ZR  1        .    8.30
        b  2026-06-01 sur   9ZR  1        .    8.30
        c  2026-07-01 sur   9ZR  1        .    8.30
    """)
    assert found(made) == ["b charged_twice 8.30"]


def test_what_is_in_the_package_and_beside_it_is_there_once():
    """The inventory lists an element of the package again: one unit, not two, may be billed."""
    made = audit(
        """
        no class usoc  quantity rate amount wtn
        a  rec   PORT1 1        .    15.00  6145550102
        b  rec   1FB   1        .    15.00  6145550102
        c  rec   PORT1 1        .    15.00  6145550102
        """,
        service_elements="""
        service  usoc   quantity  active_from  active_until
        S2       PORT1  1         .            .
        """,
    )
    assert found(made) == ["c charged_twice 15.00"]


GONE = """
service  wtn         circuit_id    ban  package  installed_on  disconnected_on
S1       6145550101  .             A1   .        2025-01-01    2026-06-01
"""


def test_units_on_two_lines_after_the_disconnect_are_no_repeat():
    made = audit(
        """
        no class usoc  quantity rate amount from       until
        a  rec   TTB   1        5.00 5.00   2026-06-01 2026-07-01
        b  rec   TTB   1        5.00 5.00   2026-06-01 2026-07-01
        c  rec   TTB   1        5.00 5.00   2026-06-01 2026-07-01
        """,
        services=GONE,
        service_elements="""
        service  usoc   quantity  active_from  active_until
        S1       TTB    2         .            2026-06-01
        """,
    )
    assert found(made) == said("""
        a billed_after_disconnect 5.00
        b billed_after_disconnect 5.00
        c charged_twice 5.00
        c billed_after_disconnect
    """)


# -------------------------------------------------------------------------------------- packages


def test_what_a_repeat_leaves_of_a_package_line_lessens_the_price_for_the_others():
    made = audit("""
        no bill       class usoc  quantity rate amount wtn        from       until
        a  2026-06-01 rec   1FB   1        .    24.00  6145550102 2026-06-01 2026-07-01
        b  2026-06-01 rec   PORT1 1        .    6.00   6145550102 2026-06-01 2026-07-01
        c  2026-06-10 pro   1FB   1        .    12.00  6145550102 2026-06-16 2026-07-16
        d  2026-06-10 pro   PORT1 1        .    18.00  6145550102 2026-06-16 2026-07-16
    """)
    assert found(made) == said("""
        c charged_twice 6.00
        d charged_twice 9.00
    """)
    assert answers(made, "expected")[2:] == [["c", "6.00"], ["d", "9.00"]]
    made = audit("""
        no bill       class usoc  quantity rate amount wtn        from       until
        a  2026-06-01 pro   1FB   1        .    20.00  6145550102 2026-06-01 2026-06-16
        b  2026-06-10 rec   1FB   1        .    24.00  6145550102 2026-06-01 2026-07-01
        c  2026-06-10 rec   PORT1 1        .    20.00  6145550102 2026-06-01 2026-07-01
    """)
    assert found(made) == said("""
        a package_above_contract 5.00
        b charged_twice 12.00
        b package_above_contract 3.82
        c charged_twice 10.00
        c package_above_contract 3.18
    """)
    assert answers(made, "expected") == [["a", "15.00"], ["b", "8.18"], ["c", "6.82"]]


def test_a_package_without_a_rate_has_nothing_at_stake_and_no_rate_is_missed():
    made = audit(
        """
        no class usoc  quantity rate amount wtn
        a  rec   1FB   1        .    99.00  6145550102
        b  pro   PORT1 1        .    6.00   6145550102
        """,
        services=SERVICES.replace("PKG1", "PKG2"),
        packages="""
        package usoc
        PKG2    1FB
        PKG2    PORT1
        """,
    )
    assert found(made) == []
    assert answers(made, "package", "expected") == [["a", "PKG2", "None"], ["b", "PKG2", "None"]]


def test_a_package_above_the_price_of_its_whole_period_is_said_beside_the_days():
    services = """
        service  wtn         circuit_id    ban  package  installed_on  disconnected_on
        S2       6145550102  .             A1   PKG1     2026-06-16    .
    """
    lines = """
        no class usoc  quantity rate amount wtn
        a  rec   PKG1  1        .    {}  6145550102
    """
    assert found(audit(lines.format("30.00"), services=services)) == [
        "a billed_before_install 15.00"
    ]
    assert found(audit(lines.format("30.01"), services=services)) == said("""
        a billed_before_install 15.01
        a package_above_contract
    """)


# ------------------------------------------------------------------------- rates, units, tolerance


def test_each_number_of_units_is_rounded_by_itself_where_the_carrier_rounds_units():
    lines = """
        no class usoc quantity rate amount from       until
        a  rec   TTB  3        5.01 15.03  2026-06-01 2026-07-01
    """
    elements = """
        service  usoc   quantity  active_from  active_until
        S1       TTB    2         .            2026-06-11
        S1       TTB    3         2026-06-11   .
    """
    rates = """
        usoc package charge_class state zone term_months rate effective_from effective_until
        TTB  .       recurring    OH    .    .           5.01 2025-01-01     .
    """
    made = audit(lines, rates=rates, service_elements=elements, billing={"rounding": "unit"})
    # 2 x round(5.01 / 3) + 3 x round(5.01 x 2 / 3) = 2 x 1.67 + 3 x 3.34
    assert answers(made, "expected", "at_stake", "due_unit_months") == [
        ["a", "13.36", "1.67", "8/3"]
    ]


def test_a_printed_rate_below_the_contract_is_not_tolerated_but_accrued():
    made = audit("""
        no class usoc quantity rate  amount from       until
        a  pro   1FB  1        19.00 6.33   2026-06-01 2026-06-11
        b  pro   1FB  1        20.00 6.33   2026-07-01 2026-07-11
        c  pro   1FB  1        19.00 6.90   2026-08-01 2026-08-11
    """)
    assert found(made) == said("""
        a rate_below_contract
        c proration_wrong 0.23
    """)
    assert answers(made, "expected", "tolerated", "underbilled") == [
        ["a", "6.67", "0.00", "0.34"],
        ["b", "6.67", "-0.34", "0.00"],
        ["c", "6.67", "0.00", "0.00"],
    ]


def test_a_rate_printed_rounded_up_is_right_but_its_extension_is_not():
    made = audit(
        """
        no class usoc  quantity rate  amount
        a  use   UMIN1 1000     0.02  20.00
        b  use   UMIN1 2000     0.02  34.00
        c  use   UMIN1 3000     0.017 51.01
        """,
        rates="""
        usoc  package charge_class state zone term_months rate  effective_from effective_until
        UMIN1 .       usage        OH    .    .           0.017 2025-01-01     .
        """,
    )
    for day, line in enumerate(made.lines, 1):
        line["service_from"] = line["service_until"] = dt.date(2026, 5, day)
    assert found(made) == said("""
        a extension_wrong 3.00
        c extension_wrong 0.01
    """)


def test_a_proration_at_a_point_in_time_has_nothing_to_prorate():
    made = audit("""
        no class usoc quantity rate  amount from       until
        a  pro   1FB  1        20.00 20.00  2026-06-05 2026-06-05
        b  pro   1FB  1        20.00 20.00  2026-07-05 .
        c  pro   TTB  3        5.00  15.00  .          .
    """)
    assert found(made) == said("""
        a rate_missing
        b rate_missing
        c rate_missing
    """)
    assert answers(made, "expected", "fraction") == [[no, "None", "None"] for no in "abc"]


# ------------------------------------------------------------------------ what stands beside what


def test_a_line_of_nothing_is_only_ever_below_its_rate():
    made = audit(
        """
        no class usoc  quantity rate amount wtn        from       until
        a  rec   1FB   1        .    0.00   6145550101 2026-05-01 2026-06-01
        b  rec   1FB   1        .    0.00   6145550101 2026-06-01 2026-07-01
        c  rec   1FB   1        .    0.00   2125550100 2026-05-01 2026-06-01
        d  nrc   NRCIN 1        .    0.00   6145550101 .          .
        e  rec   ZZZZZ 1        .    0.00   6145550101 .          .
        f  pro   1FB   1        .    0.00   6145550101 2026-05-01 2026-05-02
        """,
        services=GONE,
    )
    assert found(made) == ["a rate_below_contract"]
    assert answers(made, "expected", "underbilled") == [
        ["a", "20.00", "20.00"],
        ["b", "0.00", "0.00"],
        ["c", "0.00", "0.00"],
        ["d", "0.00", "0.00"],
        ["e", "None", "0.00"],
        ["f", "0.00", "0.00"],
    ]


def test_a_summary_covers_what_lies_within_its_period_on_this_or_an_earlier_bill():
    made = audit(
        """
        no bill       class usoc  quantity rate amount from       until
        a  2026-06-01 rec   SUMM1 1        .    9.00   2026-06-01 2026-08-01
        b  2026-07-01 rec   TTB   1        .    5.00   2026-07-01 2026-08-01
        c  2026-08-01 rec   TTB   1        .    5.00   2026-07-16 2026-08-16
        d  2026-06-01 rec   TTB   1        .    5.00   2026-08-16 2026-09-16
        e  2026-09-01 rec   SUMM1 1        .    9.00   2026-08-16 2026-09-16
        """,
        usoc_rules="""
        usoc   relation    other_usoc
        SUMM1  summary_of  TTB
        """,
        service_elements=ELEMENTS + "S1 SUMM1 1 . .",
    )
    assert [line for line in found(made) if "rate_missing" not in line] == [
        "b charged_in_summary 5.00"
    ]


def test_a_partner_billed_in_advance_on_an_earlier_bill_is_there():
    made = audit(
        """
        no bill       class usoc  quantity rate amount from       until
        a  2026-06-01 rec   PORT1 1        .    14.00  2026-06-01 2026-08-01
        b  2026-07-01 rec   1FB   1        .    20.00  2026-07-01 2026-08-01
        c  2026-08-01 rec   1FB   1        .    20.00  2026-08-01 2026-09-01
        """,
        usoc_rules="""
        usoc   relation    other_usoc
        1FB    requires    PORT1
        """,
        service_elements=ELEMENTS + "S1 PORT1 1 . .",
    )
    assert found(made) == ["c partner_missing"]


def test_a_shared_number_speaks_against_a_circuit_of_none_of_its_services():
    made = audit(
        """
        no class usoc quantity rate  amount wtn        circuit
        a  rec   1FB  1        20.00 20.00  6145550101 16.HCGS.3
        """,
        services="""
        service  wtn         circuit_id    ban  package  installed_on  disconnected_on
        S1       6145550101  16.HCGS.1     A1   .        2025-01-01    .
        S2       6145550101  16.HCGS.2     A1   .        2025-01-01    .
        S3       .           16.HCGS.3     A1   .        2025-01-01    .
        """,
        service_elements="""
        service  usoc  quantity  active_from  active_until
        S3       1FB   1         .            .
        """,
    )
    assert answers(made, "service", "match_note") == [["a", "S3", "conflict"]]
