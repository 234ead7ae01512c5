"""The slow model on hand-made bills: what an analyst would say, line by line.

Every bill below has one carrier, one account and a handful of services; a table says what is
billed, another what the model must answer.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from compare import agreed
from hand_bills import ELEMENTS, answers, audit, found, said
from model_packages import spread
from model_time import fraction, rounded

D = Decimal


# ------------------------------------------------------------------------------- periods, money


@pytest.mark.parametrize(
    ("rate", "start", "end", "thirty", "actual"),
    [  # the published examples of thirty-day months and of actual days
        ("100.00", "2026-05-25", "2026-06-10", "50.00", "51.61"),
        ("100.00", "2026-02-06", "2026-03-01", "83.33", "82.14"),
        ("100.00", "2026-03-01", "2026-03-24", "76.67", "74.19"),
        ("59.99", "2026-01-15", "2026-02-01", "31.99", "32.90"),
    ],
)
def test_a_part_of_a_month_costs_what_the_convention_says(rate, start, end, thirty, actual):
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    bill_day = 25 if start == "2026-05-25" else 1
    assert rounded(Fraction(rate) * fraction(first, last, "thirty_day_month", 1)) == D(thirty)
    assert rounded(Fraction(rate) * fraction(first, last, "actual_days", bill_day)) == D(actual)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2026-01-15", "2026-02-15", 1),
        ("2026-01-31", "2026-02-28", 1),
        ("2026-02-28", "2026-03-31", 1),
        ("2026-02-28", "2026-03-28", 1),
        ("2026-01-30", "2026-02-28", 1),
        ("2024-01-31", "2024-02-29", 1),
        ("2026-01-10", "2026-04-10", 3),
    ],
)
def test_from_day_to_day_is_whole_months_under_both_conventions(start, end, months):
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    for style in ("thirty_day_month", "actual_days"):
        assert fraction(first, last, style, 17) == months


@pytest.mark.parametrize(
    ("exact", "cents"),
    [("2.665", "2.67"), ("-2.675", "-2.68"), ("0.005", "0.01"), ("0.004999", "0.00")],
)
def test_halves_are_rounded_away_from_zero(exact, cents):
    assert rounded(D(exact)) == D(cents)


def test_a_price_is_spread_to_the_cent_by_largest_remainder():
    assert spread(D("10.00"), [D("1.00")] * 3) == [D("3.34"), D("3.33"), D("3.33")]
    assert spread(D("0.05"), [D("10.00"), D("0.00"), D("5.00")]) == [D("0.03"), 0, D("0.02")]


# -------------------------------------------------------------------------------------- rates


def test_a_bill_that_is_right_has_no_finding():
    made = audit("""
        class usoc  quantity rate  amount
        rec   1FB   1        20.00 20.00
        rec   TTB   1        5.00  5.00
        sur   9ZR   1        8.30  8.30
    """)
    assert found(made) == []
    assert sum(line["expected"] for line in agreed(made)[0]) == D("33.30")


def test_billed_less_due_is_split_into_units_rate_and_what_is_left():
    made = audit("""
        no class usoc quantity rate   amount
        a  rec   TTB  3        5.00   15.00
        b  rec   1FB  1        22.00  22.00
        c  rec   1FB  2        22.00  44.00
        d  rec   1FB  2        22.00  45.50
        e  rec   1FB  1        20.00  21.00
        f  rec   1FB  2        20.00  41.00
        g  rec   1FB  1        18.00  18.00
        h  rec   1FB  1        .      20.75
        i  rec   1FB  2        .      41.50
        j  rec   1FB  1        25.00  20.00
    """)
    for n, line in enumerate(made.lines):  # each on a bill of its own month: no duplicates
        line["bill_date"] = dt.date(2025 + n // 12, 1 + n % 12, 1)
        line["document_id"] = line["invoice_no"] = f"I{n}"
    assert found(made) == said("""
        a quantity_above_inventory 5.00
        b rate_above_contract 2.00 unexplained
        c quantity_above_inventory 22.00
        c rate_above_contract 2.00 unexplained
        d quantity_above_inventory 22.00
        d rate_above_contract 3.50 unexplained
        e extension_wrong 1.00
        f quantity_above_inventory 20.00
        f extension_wrong 1.00
        g rate_below_contract
        h rate_above_contract 0.75 unexplained
        i quantity_above_inventory 20.75
        i rate_above_contract 0.75 unexplained
        j rate_above_contract unexplained
    """)


def test_a_printed_rate_is_right_if_it_is_the_rate_to_the_places_printed():
    made = audit(
        """
        no class usoc  quantity rate      amount wtn
        a  use   UMIN1 1000     0.01      12.35  6145550101
        b  use   UMIN1 1000     0.0123    12.35  6145550102
        c  use   UMIN1 2000     0.0124    24.80  6145550101
        d  use   UMIN1 2000     0.012     24.00  6145550102
        e  use   UMIN1 .        0.012345  9.00   6145550101
        """
    )
    assert found(made) == said("""
        c rate_above_contract 0.11 unexplained
        d rate_below_contract
        e rate_missing
    """)
    assert answers(made, "expected", "underbilled")[2:] == [
        ["c", "24.69", "0.00"],
        ["d", "24.69", "0.69"],
        ["e", "None", "0.00"],
    ]


def test_the_cause_of_a_rate_that_is_too_high_is_the_first_that_fits():
    made = audit(
        """
        no class usoc  quantity rate  amount
        a  rec   VM1OO 1        9.00  9.00
        b  rec   VM1OO 1        8.00  8.00
        c  rec   VM1OO 1        7.50  7.50
        d  rec   VM1OO 1        7.00  7.00
        e  rec   VM1OO 1        6.50  6.50
        f  rec   VM1OO 1        6.00  6.00
        g  rec   VM1OO 1        .     7.50
        """,
        rates="""
        usoc  package charge_class state zone term_months rate effective_from effective_until
        VM1OO .       recurring    .     1    .           9.00 2025-01-01     2025-12-01
        VM1OO .       recurring    .     1    .           5.00 2025-12-01     .
        VM1OO .       recurring    .     2    .           8.00 2025-01-01     .
        VM1OO .       recurring    PA    .    .           7.50 2025-01-01     .
        VM1OO .       recurring    .     .    24          7.00 2025-01-01     .
        """,
        retail_rates="""
        usoc   rate
        VM1OO  6.50
        """,
        service_elements=ELEMENTS + "S1 VM1OO 1 . .",
    )
    for n, line in enumerate(made.lines):
        line["bill_date"] = dt.date(2026, 1 + n, 1)
        line["document_id"] = line["invoice_no"] = f"I{n}"
    assert found(made) == said("""
        a rate_above_contract 4.00 superseded_rate
        b rate_above_contract 3.00 other_zone
        c rate_above_contract 2.50 other_state
        d rate_above_contract 2.00 other_term
        e rate_above_contract 1.50 retail_rate
        f rate_above_contract 1.00 unexplained
        g rate_above_contract 2.50 other_state
    """)
    reasons = [f["reason"] for f in agreed(made)[1] if f["code"] == "rate_above_contract"]
    assert reasons == ["RATE", "ZONE", "RATE", "TERM", "RATE", "RATE", "RATE"]


def test_the_most_specific_rate_wins_zone_before_state_before_term():
    extra = """
        usoc package charge_class state zone term_months rate  effective_from effective_until
        1FB  .       .            .     .    .           19.00 2025-01-01     .
        1FB  .       prorated     .     .    .           18.00 2025-01-01     .
        1FB  .       recurring    .     .    12          17.00 2025-01-01     .
        1FB  .       recurring    OH    .    .           16.00 2025-01-01     .
        1FB  .       recurring    PA    2    12          15.00 2025-01-01     .
        """
    lines = """
        no class usoc quantity rate amount from       until
        a  rec   1FB  1        .    20.00  2026-06-01 2026-07-01
        b  pro   1FB  1        .    20.00  2026-07-01 2026-08-01
        """
    rows = extra.strip().splitlines()
    for count, rates in ((2, ["20.00", "20.00"]), (3, ["20.00", "18.00"]), (4, ["17.00"] * 2)):
        made = audit(lines, rates="\n".join(rows[:count]))
        assert [row[1] for row in answers(made, "buy_rate")] == rates
    made = audit(lines, rates="\n".join(rows))
    assert [row[1] for row in answers(made, "buy_rate")] == ["16.00", "16.00"]


def test_a_carrier_that_rounds_each_unit_is_owed_whole_cents_a_unit():
    lines = """
        no class usoc quantity rate amount from       until
        a  pro   TTB  2        5.00 3.34   2026-06-01 2026-06-11
        """
    assert answers(audit(lines), "expected", "tolerated") == [["a", "3.33", "0.01"]]
    made = audit(lines, billing={"rounding": "unit"})
    assert answers(made, "expected", "tolerated") == [["a", "3.34", "0.00"]]


def test_a_proration_may_be_a_day_and_a_cent_off():
    made = audit("""
        no class usoc quantity rate  amount from       until
        a  pro   1FB  1        20.00 6.67   2026-01-01 2026-01-11
        b  pro   1FB  1        20.00 7.34   2026-02-01 2026-02-11
        c  pro   1FB  1        20.00 7.35   2026-03-01 2026-03-11
        d  pro   1FB  1        20.00 6.00   2026-04-01 2026-04-11
        e  pro   1FB  1        20.00 5.98   2026-05-01 2026-05-11
        f  pro   1FB  1        .     20.00  2026-06-01 2026-06-11
        g  pro   1FB  1        20.00 20.00  .          .
    """)
    assert found(made) == said("""
        c proration_wrong 0.68
        e rate_below_contract
        f rate_above_contract 13.33 unexplained
        g rate_missing
    """)
    assert answers(made, "expected", "tolerated", "underbilled") == [
        ["a", "6.67", "0.00", "0.00"],
        ["b", "6.67", "0.67", "0.00"],
        ["c", "6.67", "0.00", "0.00"],
        ["d", "6.67", "-0.67", "0.00"],
        ["e", "6.67", "0.00", "0.69"],
        ["f", "6.67", "0.00", "0.00"],
        ["g", "None", "0.00", "0.00"],
    ]


def test_nothing_billed_is_zero_rated_only_without_a_rate():
    made = audit("""
        no class usoc  quantity rate amount
        a  rec   1FB   1        .    0.00
        b  rec   VM1OO 1        .    0.00
        c  rec   RECO1 1        .    0.00
    """)
    assert found(made) == ["a rate_below_contract"]
    assert answers(made, "expected", "underbilled") == [
        ["a", "20.00", "20.00"],
        ["b", "None", "0.00"],
        ["c", "None", "0.00"],
    ]


# ------------------------------------------------------------------------------ what is not due


MOVED = """
service  wtn         circuit_id    ban  package  installed_on  disconnected_on
S1       6145550101  .             A1   .        2026-05-11    2026-06-21
"""


def test_days_outside_the_service_are_not_due():
    lines = """
        no class usoc  quantity rate  amount from       until
        a  rec   1FB   1        20.00 20.00  2026-05-01 2026-06-01
        b  rec   1FB   1        20.00 20.00  2026-06-01 2026-07-01
        c  rec   1FB   1        20.00 20.00  2026-07-01 2026-08-01
        d  tax   STAX1 .        .     3.00   2026-06-01 2026-07-01
        e  sur   9ZR   1        8.30  8.30   2026-06-01 2026-07-01
        f  use   UMIN1 1000     .     12.35  2026-06-01 2026-07-01
        g  use   UMIN1 1000     .     12.35  2026-07-01 2026-08-01
        h  use   UMIN1 1000     .     12.35  2026-04-01 2026-05-01
    """
    made = audit(lines, services=MOVED)
    assert found(made) == said("""
        a billed_before_install 6.67
        b billed_after_disconnect 6.67
        c billed_after_disconnect 20.00
        d billed_after_disconnect 1.00
        e billed_after_disconnect 2.77
        g billed_after_disconnect 12.35
        h billed_before_install 12.35
    """)
    assert answers(made, "due_units", "due_unit_months")[:3] == [
        ["a", "1", "2/3"],
        ["b", "1", "2/3"],
        ["c", "0", "0"],
    ]
    graced = audit(lines, services=MOVED, billing={"disconnect_grace_days": 3})
    assert found(graced)[1] == "b billed_after_disconnect 4.67"


def test_what_an_earlier_code_took_a_later_one_reports_with_nothing():
    made = audit(
        """
        no class usoc quantity rate  amount from       until
        a  rec   1FB  1        25.00 25.00  2026-06-01 2026-07-01
        b  rec   1FB  3        25.00 75.00  2026-07-01 2026-08-01
        """,
        services=MOVED,
    )
    assert found(made) == said("""
        a billed_after_disconnect 11.67
        a rate_above_contract unexplained
        b billed_after_disconnect 75.00
        b rate_above_contract unexplained
    """)


def test_units_are_due_on_the_days_on_which_the_service_has_them():
    made = audit(
        """
        no class usoc  quantity rate  amount from       until
        a  rec   TTB   2        5.00  10.00  2026-06-01 2026-07-01
        b  rec   TTB   1        5.00  5.00   2026-07-01 2026-08-01
        c  rec   1FB   1        20.00 20.00  2026-06-01 2026-07-01
        d  rec   VM1OO 1        .     7.77   2026-06-01 2026-07-01
        """,
        service_elements="""
        service  usoc   quantity  active_from  active_until
        S1       TTB    1         .            2026-06-16
        S1       TTB    2         2026-06-16   .
        S1       1FB    1         2026-06-11   .
        """,
    )
    assert found(made) == said("""
        a quantity_above_inventory 2.50
        c element_not_ordered 6.67
        d element_not_ordered 7.77
        d rate_missing
    """)
    assert answers(made, "due_units", "due_unit_months", "expected") == [
        ["a", "2", "3/2", "7.50"],
        ["b", "1", "1", "5.00"],
        ["c", "1", "2/3", "13.33"],
        ["d", "0", "0", "None"],
    ]


def test_the_account_the_service_and_the_age_of_a_charge_must_be_known():
    made = audit("""
        no class usoc  quantity rate amount ban wtn        from       until
        a  rec   1FB   1        .    20.00  B1  6145550101 .          .
        b  rec   1FB   1        .    20.00  A1  2125550100 2026-05-01 2026-06-01
        c  rec   1FB   1        .    20.00  A1  .          .          .
        d  tax   STAX1 .        .    2.00   A1  .          .          .
        e  tax   STAX1 .        .    2.00   A1  2125550100 .          .
        f  rec   1FB   1        .    20.00  A1  6145550101 2025-04-01 2025-05-01
        g  rec   1FB   1        .    20.00  A1  6145550101 2025-05-01 2025-06-01
        h  late  .     .        .    9.00   A1  .          .          .
    """)
    assert found(made) == said("""
        b service_unknown 20.00
        c service_unknown 20.00
        e service_unknown 2.00
        f backbilled_too_late 20.00
        a account_unknown 20.00
        a rate_missing
        a match_doubtful other_ban
    """)


def test_a_resale_certificate_and_a_cap_bound_taxes_and_surcharges():
    lines = """
        no bill       class usoc  quantity rate amount
        a  2026-06-01 tax   STAX1 .        .    2.00
        b  2026-06-01 sur   FUSF1 1        .    3.00
        c  2026-06-01 sur   9ZR   1        9.00 9.00
        d  2026-07-01 sur   9ZR   1        8.00 8.00
    """
    made = audit(lines, billing={"resale_certificate": True})
    assert found(made) == said("""
        a tax_on_exempt_account 2.00
        b surcharge_not_due 3.00
        c surcharge_above_cap 0.70
    """)
    assert answers(made, "expected")[2:] == [["c", "8.30"], ["d", "8.00"]]
    assert found(audit(lines)) == ["c surcharge_above_cap 0.70"]
