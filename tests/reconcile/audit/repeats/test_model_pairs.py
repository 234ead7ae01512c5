"""The slow model on hand-made bills where lines are judged by other lines: repeats, credits,
orders, summaries and what is missing.
"""

from __future__ import annotations

from decimal import Decimal as D

from compare import agreed
from hand_bills import ELEMENTS, SERVICES, answers, audit, found, said

# ------------------------------------------------------------------------------------- repeats


def test_a_charge_is_due_once_and_the_later_line_is_the_repeat():
    made = audit("""
        no bill       class usoc quantity rate  amount from       until
        a  2026-06-01 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        b  2026-06-01 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        c  2026-07-01 rec   1FB  1        20.00 20.00  2026-07-01 2026-08-01
        d  2026-07-01 pro   1FB  1        20.00 10.00  2026-06-16 2026-07-01
        e  2026-07-01 pro   1FB  1        20.00 20.00  2026-07-16 2026-08-16
        f  2026-06-01 rec   TTB  1        5.00  5.00   2026-06-01 2026-07-01
        g  2026-06-01 rec   TTB  1        5.00  5.00   2026-06-01 2026-07-01
        h  2026-07-01 rec   TTB  1        5.00  5.00   2026-06-01 2026-07-01
    """)
    assert found(made) == said("""
        b charged_twice 20.00
        d charged_twice 10.00
        e charged_twice 10.00
        h charged_twice 5.00
    """)


def test_a_line_beyond_what_the_service_has_is_due_for_the_units_that_are_left():
    made = audit("""
        no class usoc quantity rate amount from       until
        a  rec   TTB  1        5.00 5.00   2026-06-01 2026-07-01
        b  rec   TTB  2        5.00 10.00  2026-06-01 2026-07-01
        c  rec   TTB  3        5.00 15.00  2026-07-01 2026-08-01
        d  rec   TTB  1        5.00 5.00   2026-07-01 2026-08-01
    """)
    assert found(made) == said("""
        b charged_twice 5.00
        c quantity_above_inventory 5.00
        d charged_twice 5.00
    """)


def test_a_repeat_under_another_account_is_a_repeat():
    made = audit("""
        no bill       ban class usoc quantity rate  amount from       until
        a  2026-06-01 A1  rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        b  2026-06-10 A2  rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
    """)
    assert found(made) == ["b charged_twice 20.00", "b match_doubtful other_ban"]


def test_what_was_credited_may_be_billed_again():
    lines = """
        no bill       class usoc quantity rate  amount from       until
        a  2026-06-01 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        b  2026-07-01 adj   1FB  .        .     {} 2026-06-01 2026-07-01
        c  2026-07-01 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
    """
    assert found(audit(lines.format("-20.00"))) == []
    made = audit(lines.format("-5.00"))
    assert found(made) == ["c charged_twice 15.00"]
    assert answers(made, "expected") == [["a", "20.00"], ["b", "-5.00"], ["c", "5.00"]]
    late = audit(lines.format("-20.00").replace("b  2026-07-01", "b  2026-08-01"))
    assert found(late) == ["c charged_twice 20.00"]


def test_usage_taxes_and_surcharges_repeat_by_what_makes_them_the_same():
    made = audit("""
        no class usoc  quantity rate amount from       until
        a  use   UMIN1 1000     .    12.35  2026-05-01 2026-06-01
        b  use   UMIN1 1000     .    12.35  2026-05-01 2026-06-01
        c  use   UMIN1 2000     .    24.69  2026-05-01 2026-06-01
        d  tax   STAX1 .        .    2.00   2026-06-01 2026-07-01
        e  tax   STAX1 .        .    2.00   2026-06-01 2026-07-01
        f  tax   STAX1 .        .    2.01   2026-06-01 2026-07-01
        g  sur   9ZR   1        .    8.30   2026-06-01 2026-07-01
        h  sur   9ZR   1        .    8.30   2026-06-16 2026-07-16
    """)
    assert found(made) == said("""
        b charged_twice 12.35
        e charged_twice 2.00
        h charged_twice 4.15
    """)


# -------------------------------------------------------------------------------------- orders


ORDERS = """
order_no service usoc  quantity completed_on nrc_waived
R1       S1      NRCIN 1        2026-05-10   no
R2       S1      NRCIN 2        2026-05-20   no
R3       S1      NRCMV 1        2026-05-20   yes
R4       S1      NRCMV 1        .            no
"""


def test_an_order_carries_its_one_time_charge_once():
    made = audit(
        """
        no class usoc  quantity rate  amount order_no
        a  nrc   NRCIN 1        45.00 45.00  R1
        b  nrc   NRCIN 1        45.00 45.00  R1
        c  nrc   NRCIN 1        45.00 45.00  .
        d  nrc   NRCIN 1        45.00 45.00  .
        e  nrc   NRCIN 1        45.00 45.00  .
        f  nrc   NRCIN 1        45.00 45.00  R9
        g  nrc   NRCMV 1        .     30.00  R3
        h  nrc   NRCMV 1        .     30.00  R4
        """,
        orders=ORDERS,
    )
    assert found(made) == said("""
        b charged_twice 45.00
        e one_time_charge_not_due 45.00
        f one_time_charge_not_due 45.00
        g one_time_charge_not_due 30.00
        g rate_missing
        h one_time_charge_not_due 30.00
        h rate_missing
    """)
    assert answers(made, "order_used", "rate_day")[:5] == [
        ["a", "R1", "2026-05-10"],
        ["b", "R1", "2026-05-10"],
        ["c", "R2", "2026-05-20"],
        ["d", "R2", "2026-05-20"],
        ["e", "None", "2026-06-01"],
    ]


def test_an_order_carries_no_more_units_than_it_has():
    made = audit(
        """
        no class usoc  quantity rate  amount order_no
        a  nrc   NRCIN 3        50.00 150.00 R2
        b  nrc   NRCIN 2        45.00 90.00  R1
        """,
        orders=ORDERS,
    )
    assert found(made) == said("""
        a one_time_charge_not_due 60.00
        a rate_above_contract unexplained
        b one_time_charge_not_due 45.00
    """)


def test_a_printed_order_number_goes_first_within_the_month_and_what_is_used_stays_used():
    made = audit(
        """
        no bill       class usoc  quantity rate  amount order_no
        a  2026-06-01 nrc   NRCIN 1        45.00 45.00  .
        b  2026-06-15 nrc   NRCIN 1        45.00 45.00  R1
        c  2026-07-01 nrc   NRCIN 2        45.00 90.00  R2
        """,
        orders=ORDERS,
    )
    assert answers(made, "order_used") == [["a", "R2"], ["b", "R1"], ["c", "R2"]]
    assert found(made) == ["c charged_twice 45.00"]


# ----------------------------------------------------------------------- matching, what is asked


TWINS = """
service  wtn         circuit_id    ban  package  installed_on  disconnected_on
S1       6145550101  16.HCGS.1     A1   .        2025-01-01    2026-06-11
S2       6145550101  16.HCGS.2     A1   .        2026-06-11    .
S3       6145550103  16.HCGS.3     A2   .        2025-01-01    .
S4       6145550103  16.HCGS.3     A1   .        2025-01-01    .
"""


def test_a_line_belongs_to_the_service_of_its_circuit_then_of_its_number():
    made = audit(
        """
        no class usoc quantity rate  amount wtn        circuit        from       until
        a  rec   1FB  1        20.00 20.00  6145550101 .              2026-05-01 2026-06-01
        b  rec   1FB  1        20.00 20.00  6145550101 .              2026-06-01 2026-07-01
        c  rec   1FB  1        20.00 20.00  6145550101 .              2026-07-01 2026-08-01
        d  rec   1FB  1        20.00 20.00  6145550101 16.hcgs.3      2026-07-01 2026-08-01
        e  rec   1FB  1        20.00 20.00  .          16.HCGS.9      2026-07-01 2026-08-01
        f  rec   1FB  1        20.00 20.00  6145550103 16.HCGS.9      2026-08-01 2026-09-01
        """,
        services=TWINS,
        service_elements="""
        service  usoc  quantity  active_from  active_until
        S1       1FB   1         .            .
        S2       1FB   1         .            .
        S4       1FB   1         .            .
        """,
    )
    assert answers(made, "service", "matched_by", "match_note") == [
        ["a", "S1", "wtn", "None"],
        ["b", "None", "None", "ambiguous"],
        ["c", "S2", "wtn", "None"],
        ["d", "S4", "circuit", "conflict"],
        ["e", "None", "None", "None"],
        ["f", "S4", "wtn", "None"],
    ]
    assert found(made) == said("""
        b match_doubtful ambiguous
        d match_doubtful conflict
        e service_unknown 20.00
    """)


def test_an_element_needs_its_partner_and_is_not_owed_beside_its_summary():
    made = audit(
        """
        no bill       class usoc  quantity rate amount
        a  2026-06-01 rec   TTB   1        5.00 5.00
        b  2026-06-01 rec   SUMM1 1        .    9.00
        c  2026-06-01 rec   1FB   1        .    20.00
        d  2026-07-01 rec   TTB   1        5.00 5.00
        e  2026-07-01 rec   1FB   1        .    20.00
        f  2026-07-01 rec   PORT1 1        .    7.00
        """,
        usoc_rules="""
        usoc   relation    other_usoc
        SUMM1  summary_of  TTB
        1FB    requires    PORT1
        """,
        service_elements=ELEMENTS + "S1 SUMM1 1 . .\nS1 PORT1 1 . .",
    )
    assert found(made) == said("""
        a charged_in_summary 5.00
        b rate_missing
        c partner_missing
    """)


def test_what_is_active_and_on_no_line_of_the_month_is_reported():
    made = audit(
        """
        no bill       class usoc  quantity rate amount wtn
        a  2026-06-01 rec   TTB   2        5.00 10.00  6145550101
        b  2026-06-01 rec   PORT1 1        .    30.00  6145550102
        c  2026-07-01 rec   1FB   1        .    20.00  6145550101
        """,
        services=SERVICES
        + "S5 6145550105 . A1 . 2025-01-01 .\n"
        + "S6 6145550106 . A1 . 2025-01-01 2026-06-01\n"
        + "S7 6145550107 . A9 . 2025-01-01 .",
        service_elements=ELEMENTS + "S1 RECO1 1 . .\nS1 VM1OO 1 . 2026-07-01",
    )
    _, findings = agreed(made)
    assert [
        (f["document_id"][3:], f["service"], f["usoc"], f["expected"])
        for f in findings
        if f["code"] == "element_not_billed"
    ] == [
        ("2026-06-01", "S1", "1FB", D("20.00")),
        ("2026-06-01", "S1", "VM1OO", None),
        ("2026-06-01", "S5", None, None),
        ("2026-07-01", "S1", "TTB", D("10.00")),
        ("2026-07-01", "S2", "PKG1", D("30.00")),
        ("2026-07-01", "S5", None, None),
    ]


def test_a_code_the_catalogue_does_not_have_is_reported_and_never_guessed():
    made = audit("""
        no class usoc  quantity rate amount
        a  rec   VM100 1        .    3.00
        b  rec   .     1        .    3.00
        c  adj   ZZZZZ .        .    -3.00
    """)
    assert found(made) == said("""
        a element_not_ordered 3.00
        a rate_missing
        a usoc_unknown
        b rate_missing
        b usoc_unknown
    """)
