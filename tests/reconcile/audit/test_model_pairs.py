"""The slow model on hand-made bills where lines are judged by other lines: repeats, credits,
orders, packages, summaries and what is missing; and the worlds it is let loose on.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from compare import agreed
from hand_bills import ELEMENTS, SERVICES, answers, audit, found, said
from hypothesis import given, settings
from model import model_audit
from worlds import World, world, worlds
from worlds_tables import REFERENCE, frames, to_csv, to_tables, to_toml, to_usoc_lines

from invoices.schema import LINES
from reconcile.contracts import read_contracts

D = Decimal


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


# ------------------------------------------------------------------------------------ packages


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
        f package_above_contract 5.68
        g package_above_contract 1.32
    """)
    assert answers(made, "package", "expected", "underbilled") == [
        ["a", "PKG1", "24.00", "0.00"],
        ["b", "PKG1", "6.00", "0.00"],
        ["c", "PKG1", "20.83", "0.00"],
        ["d", "PKG1", "9.17", "0.00"],
        ["e", "PKG1", "30.00", "1.00"],
        ["f", "PKG1", "24.32", "0.00"],
        ["g", "PKG1", "5.68", "0.00"],
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
        b  pro   PORT1 1        .    3.00   6145550102 2026-06-01 2026-06-11
        c  pro   1FB   1        .    8.00   6145550102 2026-07-01 2026-07-11
        d  pro   PORT1 1        .    3.02   6145550102 2026-07-01 2026-07-11
    """)
    assert found(made) == said("""
        c package_above_contract 0.74
        d package_above_contract 0.28
    """)
    assert answers(made, "expected", "tolerated") == [
        ["a", "7.27", "0.73"],
        ["b", "2.73", "0.27"],
        ["c", "7.26", "0.00"],
        ["d", "2.74", "0.00"],
    ]


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


# -------------------------------------------------------------------------------------- worlds


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_every_line_of_a_world_is_audited_once_and_its_cents_are_accounted_for(made: World):
    lines, findings = model_audit(made)
    assert sorted(row["line_id"] for row in lines) == sorted(row["line_id"] for row in made.lines)
    stakes: dict[str, Decimal] = {}
    for row in findings:
        if row["line_id"]:
            stakes[row["line_id"]] = stakes.get(row["line_id"], D(0)) + row["amount_at_stake"]
    amounts = {row["line_id"]: row["amount"] for row in made.lines}
    for row in lines:
        assert row["at_stake"] == stakes.get(row["line_id"], 0)
        if row["expected"] is not None:
            explained = row["expected"] + row["at_stake"] + row["tolerated"] - row["underbilled"]
            assert explained == amounts[row["line_id"]]


@settings(max_examples=20, deadline=None)
@given(worlds(2))
def test_several_months_at_once_are_what_month_by_month_gives(made: World):
    def months(world: World) -> list[tuple[int, int]]:
        days = sorted({d["bill_date"] for d in world.documents})
        return sorted({(day.year, day.month) for day in days})

    whole = {(f["line_id"], f["code"]): f for f in model_audit(made)[1] if f["line_id"]}
    for month in months(made):
        seen = [d for d in made.documents if (d["bill_date"].year, d["bill_date"].month) <= month]
        ids = {d["document_id"] for d in seen}
        part = World(**{**vars(made), "documents": seen,
                        "lines": [x for x in made.lines if x["document_id"] in ids]})  # fmt: skip
        for finding in model_audit(part)[1]:
            if finding["line_id"]:
                assert whole[finding["line_id"], finding["code"]] == finding


def test_a_world_is_the_same_for_the_same_seed_and_holds_every_kind_of_finding():
    assert vars(world(7, 3)) == vars(world(7, 3))
    seen = {f["code"] for seed in range(40) for f in model_audit(world(seed, 3))[1]}
    assert seen >= {
        "account_unknown", "backbilled_too_late", "charged_twice", "service_unknown",
        "billed_after_disconnect", "billed_before_install", "one_time_charge_not_due",
        "element_not_ordered", "tax_on_exempt_account", "surcharge_not_due",
        "surcharge_above_cap", "charged_in_summary", "quantity_above_inventory",
        "rate_above_contract", "package_above_contract", "proration_wrong", "extension_wrong",
        "usoc_unknown", "rate_missing", "rate_below_contract", "element_not_billed",
        "partner_missing", "match_doubtful",
    }  # fmt: skip


def test_a_world_can_be_told_as_frames_and_as_files():
    made = world(11, 3)
    lines, reference = frames(made)
    assert lines.collect_schema() == LINES
    assert lines.collect().height == len(made.lines)
    assert set(reference) == {*REFERENCE, "documents"}
    for name, rows in to_tables(made).items():
        assert len(to_csv(rows, tuple(rows[0])).splitlines()) == len(rows) + 1, name
    told = read_contracts(to_toml(made))
    assert [c.billing for c in told] == [c.billing for c in made.contracts]
    assert [c.accounts for c in told] == [c.accounts for c in made.contracts]
    files = to_usoc_lines(made)
    assert sum(len(text.splitlines()) - 2 for text in files.values()) == len(made.lines)
    assert dt.date.min < made.documents[0]["bill_date"]
