"""The slow model on hand-made bills of packages: one price, however the carrier spreads it."""

from __future__ import annotations

from decimal import Decimal as D

from compare import agreed
from hand_bills import ELEMENTS, answers, audit, found, said


def test_a_package_is_owed_its_price_however_the_carrier_spreads_it():
    made = audit("""
        no bill       class usoc  quantity rate amount wtn
        a  2026-06-01 rec   1FB   1        .    24.00  6145550102
        b  2026-06-01 rec   PORT1 1        .    6.00   6145550102
        c  2026-07-01 rec   1FB   1        .    25.00  6145550102
        d  2026-07-01 rec   PORT1 1        .    11.00  6145550102
        e  2026-08-01 rec   PKG1  1        .    29.00  6145550102
        f  2026-09-01 rec   PKG1  1        .    30.00  6145550102
        g  2026-09-01 rec   PORT1 1        .    7.00   6145550102
    """)
    assert found(made) == said("""
        c package_above_contract 4.17
        d package_above_contract 1.83
        g charged_twice 7.00
    """)
    assert answers(made, "package", "expected", "underbilled") == [
        ["a", "PKG1", "24.00", "0.00"],
        ["b", "PKG1", "6.00", "0.00"],
        ["c", "PKG1", "20.83", "0.00"],
        ["d", "PKG1", "9.17", "0.00"],
        ["e", "PKG1", "30.00", "1.00"],
        ["f", "PKG1", "30.00", "0.00"],
        ["g", "PKG1", "0.00", "0.00"],
    ]


def test_a_package_the_inventory_lists_by_its_code_is_billed_by_its_elements_too():
    elements = ELEMENTS + "S2 PKG1 1 . .\n"
    made = audit(
        """
        no bill       class usoc  quantity rate amount wtn
        a  2026-06-01 rec   1FB   1        .    24.00  6145550102
        b  2026-06-01 rec   PORT1 1        .    6.00   6145550102
        c  2026-07-01 rec   1FB   1        .    20.00  6145550101
        """,
        service_elements=elements,
    )
    _, findings = agreed(made)
    assert [
        (f["document_id"][3:], f["usoc"], f["expected"])
        for f in findings
        if f["code"] == "element_not_billed" and f["service"] == "S2"
    ] == [("2026-07-01", "PKG1", D("30.00"))]


def test_a_package_ends_with_its_service_and_a_repeat_stands_outside_of_it():
    made = audit(
        """
        no class usoc  quantity rate amount wtn        from       until
        a  rec   1FB   1        .    24.00  6145550102 2026-06-01 2026-07-01
        b  rec   PORT1 1        .    6.00   6145550102 2026-06-01 2026-07-01
        c  rec   PORT1 1        .    6.00   6145550102 2026-06-01 2026-07-01
        """,
        services="""
        service  wtn         circuit_id    ban  package  installed_on  disconnected_on
        S2       6145550102  .             A1   PKG1     2025-01-01    2026-06-16
        """,
    )
    assert found(made) == said("""
        a billed_after_disconnect 12.00
        b billed_after_disconnect 3.00
        c charged_twice 6.00
        c billed_after_disconnect
    """)
    assert answers(made, "expected") == [["a", "12.00"], ["b", "3.00"], ["c", "0.00"]]


def test_days_of_a_package_are_at_stake_only_where_more_is_billed_than_is_due():
    made = audit(
        """
        no bill       class usoc  quantity rate amount wtn
        a  2026-06-01 rec   1FB   1        .    16.01  6145550102
        b  2026-06-01 rec   PORT1 1        .    8.00   6145550102
        """,
        services="""
        service  wtn         circuit_id    ban  package  installed_on  disconnected_on
        S2       6145550102  .             A1   PKG1     2025-01-01    2026-06-21
        """,
    )
    assert found(made) == said("""
        a billed_after_disconnect 2.67
        b billed_after_disconnect 1.34
    """)
    assert answers(made, "expected", "underbilled") == [
        ["a", "13.34", "0.00"],
        ["b", "6.66", "0.00"],
    ]


def test_days_and_price_of_a_package_are_claimed_together_under_the_earlier_code():
    made = audit(
        """
        no bill       class usoc  quantity rate amount wtn
        a  2026-06-01 rec   1FB   1        .    40.00  6145550102
        b  2026-06-01 rec   PORT1 1        .    8.00   6145550102
        """,
        services="""
        service  wtn         circuit_id    ban  package  installed_on  disconnected_on
        S2       6145550102  .             A1   PKG1     2025-01-01    2026-06-16
        """,
    )
    assert found(made) == said("""
        a billed_after_disconnect 27.50
        a package_above_contract
        b billed_after_disconnect 5.50
        b package_above_contract
    """)
    assert answers(made, "expected") == [["a", "12.50"], ["b", "2.50"]]


def test_a_prorated_package_may_be_a_day_and_a_cent_off_in_sum():
    made = audit("""
        no class usoc  quantity rate amount wtn        from       until
        a  pro   1FB   1        .    8.00   6145550102 2026-06-01 2026-06-11
        b  pro   PORT1 1        .    3.01   6145550102 2026-06-01 2026-06-11
        c  pro   1FB   1        .    8.00   6145550102 2026-07-01 2026-07-11
        d  pro   PORT1 1        .    3.02   6145550102 2026-07-01 2026-07-11
    """)
    assert found(made) == said("""
        c package_above_contract 0.74
        d package_above_contract 0.28
    """)
    assert answers(made, "expected", "tolerated") == [
        ["a", "7.27", "0.73"],
        ["b", "2.73", "0.28"],
        ["c", "7.26", "0.00"],
        ["d", "2.74", "0.00"],
    ]
