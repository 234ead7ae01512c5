"""What is said of a line, word for word: the rates, the days and the services it is about."""

from __future__ import annotations

import pytest
from compare import kernel_audit
from hand_bills import CATALOGUE, ELEMENTS, audit, found
from worlds import World


def words(made: World, *codes: str) -> list[str]:
    """Return the findings of some codes as `line severity message`, in the order of the lines."""
    findings = kernel_audit(made).findings.sort("line_id", "code")
    return [
        f"{f['line_id']} {f['severity']} {f['message']}"
        for f in findings.iter_rows(named=True)
        if f["code"] in codes
    ]


def test_a_rate_above_the_contract_is_told_with_the_rate_it_is_and_where_that_stands():
    made = audit(
        """
        no bill       class usoc  quantity rate  amount
        a  2026-01-01 rec   1FB   1        22.00 22.00
        b  2026-02-01 rec   1FB   1        .     22.00
        c  2026-03-01 rec   1FB   1        25.00 25.00
        d  2026-04-01 rec   1FB   1        24.50 24.50
        e  2026-05-01 rec   1FB   1        26.50 26.50
        """,
        rates="""
        usoc package charge_class state zone term_months rate   effective_from effective_until
        1FB  .       recurring    .     2    .           25.00  2025-01-01     .
        1FB  .       recurring    .     3    .           24.50  2025-01-01     .
        """,
        retail_rates="""
        usoc  rate
        1FB   26.50
        """,
    )
    made.buy_rates[-2]["source"] = "page 7"
    contract = "contract 20.00 in force since 2025-01-01"
    assert words(made, "rate_above_contract") == [
        f"a error unit rate billed 22.00, {contract}",
        f"b error unit rate billed not printed, {contract}",
        f"c error unit rate billed 25.00, {contract}; it is the other zone 25.00 (page 7)",
        f"d error unit rate billed 24.50, {contract}; it is the other zone 24.50",
        f"e error unit rate billed 26.50, {contract}; it is the retail rate 26.50"
        " (the carrier's retail rate)",
    ]


def test_a_rate_that_is_missing_is_told_with_what_its_line_does_not_print():
    made = audit("""
        no class usoc  quantity rate  amount from       until
        a  pro   1FB   1        20.00 20.00  .          .
        b  pro   VM1OO 1        .     5.00   2026-06-01 2026-06-16
        c  use   UMIN1 .        .     9.00   .          .
        d  use   VM1OO 3        .     9.00   .          .
        e  rec   VM1OO 1        .     5.00   2026-07-01 2026-08-01
        f  rec   VM1OO .        .     5.00   .          .
    """)
    assert words(made, "rate_missing") == [
        "a warning the prorated line prints no period to price",
        "b warning no buy rate for prorated VM1OO is in force on 2026-06-01",
        "c warning the usage line prints no quantity to price",
        "d warning no buy rate for usage VM1OO is in force on 2026-06-01",
        "e warning no buy rate for recurring VM1OO is in force on 2026-07-01",
        "f warning no buy rate for recurring VM1OO is in force on 2026-06-01",
    ]


def test_a_one_time_charge_is_told_with_what_its_order_has_left():
    made = audit(
        """
        no bill       class usoc  quantity rate  amount order_no
        a  2026-06-01 nrc   NRCIN 3.5      45.00 157.50 R1
        b  2026-06-02 nrc   NRCIN 1        45.00 45.00  R2
        c  2026-06-03 nrc   NRCMV 1        .     9.00   R3
        d  2026-06-04 nrc   NRCMV 1        .     9.00   .
        """,
        orders="""
        order_no service usoc  quantity completed_on nrc_waived
        R1       S1      NRCIN 2        2026-05-10   no
        R2       S1      NRCIN 1        2026-05-20   yes
        """,
    )
    assert words(made, "one_time_charge_not_due") == [
        "a error order R1 has 2 units of NRCIN left",
        "b error order R2 waives the charge for NRCIN",
        "c error no completed order R3 of service S1 carries NRCMV",
        "d error no completed order of service S1 carries NRCMV",
    ]


PLACES = """
service  wtn         circuit_id  ban  package  installed_on  disconnected_on
S1       6145550101  .           A1   .        2025-01-01    .
S2       6145550102  16.HCGS.2   A1   .        2025-01-01    .
S3       6145550103  .           A2   .        2025-01-01    .
S4       6145550104  .           A1   .        2025-01-01    .
S5       6145550104  .           A1   .        2025-01-01    .
S6       6145550106  .           A1   .        2025-01-01    .
"""


def test_a_doubtful_match_is_told_with_what_points_to_which_service():
    made = audit(
        """
        no class usoc quantity rate  amount wtn        circuit
        a  rec   1FB  1        20.00 20.00  6145550101 16.HCGS.2
        b  rec   1FB  1        20.00 20.00  6145550103 .
        c  rec   1FB  1        20.00 20.00  6145550104 .
        d  rec   1FB  1        20.00 20.00  2125550100 .
        e  rec   1FB  1        20.00 0.00   6145550104 .
        """,
        services=PLACES,
        service_elements="""
        service  usoc  quantity  active_from  active_until
        S2       1FB   1         .            .
        """,
    )
    assert words(made, "match_doubtful") == [
        "a warning circuit 16.HCGS.2 and number 6145550101 point to different services; the circuit"
        " wins: S2",
        "b info service S3 is on another account than A1",
        "c warning several services fit circuit none and number 6145550104",
    ]
    assert words(made, "service_unknown") == [
        "d error circuit none, number 2125550100: not in the inventory"
    ]
    assert words(made, "element_not_ordered") == [
        "b error 1FB is not on service S3 for all of 2026-06-01 to 2026-07-01"
        "; the inventory has the service on another account"
    ]


def test_a_service_that_another_carrier_served_then_is_told_as_not_at_home():
    made = audit(
        """
        no class usoc quantity rate  amount wtn
        a  rec   1FB  1        20.00 20.00  6145550106
        """,
        services=PLACES,
    )
    gone = made.documents[0]["bill_date"].replace(day=1, month=5)
    made.service_accounts = [
        {"service": "S6", "carrier": carrier, "ban": ban, "effective_from": start,
         "effective_until": end}
        for carrier, ban, start, end in (("ILEC", "A1", None, gone), ("OTHER", "9", gone, None))
    ]  # fmt: skip
    assert words(made, "service_unknown", "match_doubtful") == [
        "a error circuit none, number 6145550106: not at home with ILEC then"
    ]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1FB", []),
        ("VMIOO", ["a warning the catalogue has no VMIOO for ILEC on 2026-06-01; near: VM1OO"]),
        ("ZZZZZ", ["a warning the catalogue has no ZZZZZ for ILEC on 2026-06-01"]),
        (".", ["a warning no USOC is printed"]),
        ("GONE0", ["a warning the catalogue has no GONE0 for ILEC on 2026-06-01; near: GONEO"]),
    ],
)
def test_a_code_that_is_unknown_is_told_with_those_that_look_like_it(code: str, told: list[str]):
    """A code of another time is unknown too: it is not said to be near itself."""
    made = audit(
        f"""
        no class usoc   quantity rate amount
        a  rec   {code} 1        .    5.00
        """,
        usocs=f"{CATALOGUE}GONE0 recurring line\nGONEO recurring line\n",
    )
    for row in made.usocs:
        if row["usoc"] == "GONE0":
            row["valid_until"] = made.documents[0]["bill_date"]
    assert words(made, "usoc_unknown") == told


def test_a_line_billed_at_its_rate_is_not_told_to_be_below_it():
    made = audit("""
        no bill       class usoc  quantity rate  amount
        a  2026-06-01 rec   1FB   1        20.00 20.00
        b  2026-07-01 rec   1FB   1        19.99 19.99
        c  2026-08-01 rec   RECO1 1        9.00  9.00
    """)
    assert words(made, "rate_below_contract", "match_doubtful") == [
        "b warning billed 19.99, expected 20.00"
    ]


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ("1FB OH 26.50", "retail_rate"),
        ("1FB PA 26.50", "unexplained"),
        ("1FB .  26.50", "retail_rate"),
        ("1FB .  9.00\n1FB OH 26.50", "retail_rate"),
        ("1FB OH 9.00\n1FB .  26.50", "unexplained"),
    ],
)
def test_a_retail_rate_is_a_cause_in_its_own_state_or_in_any(listed: str, told: str):
    made = audit(
        """
        no class usoc  quantity rate  amount
        a  rec   1FB   1        26.50 26.50
        """,
        retail_rates=f"usoc state rate\n{listed}",
    )
    assert found(made) == [f"a rate_above_contract 6.50 {told}"]


def test_a_rate_that_is_not_printed_is_told_by_what_its_units_come_to():
    """The rate of the day before the change is the one that is superseded, no earlier one."""
    made = audit(
        """
        no bill       class usoc  quantity rate  amount
        a  2026-01-01 rec   VM1OO 2        .     18.00
        b  2026-02-01 rec   VM1OO 2        .     17.99
        c  2026-03-01 rec   VM1OO 2        .     16.00
        d  2026-04-01 rec   VM1OO 2        .     14.00
        """,
        rates="""
        usoc  package charge_class state zone term_months rate effective_from effective_until
        VM1OO .       recurring    .     1    .           7.00 2025-01-01     2025-06-01
        VM1OO .       recurring    .     1    .           9.00 2025-06-01     2025-12-01
        VM1OO .       recurring    .     1    .           5.00 2025-12-01     .
        VM1OO .       recurring    .     2    .           8.00 2025-01-01     .
        """,
        service_elements=ELEMENTS + "S1 VM1OO 2 . .",
    )
    assert found(made) == [
        "a rate_above_contract 8.00 superseded_rate",
        "b rate_above_contract 7.99 unexplained",
        "c rate_above_contract 6.00 other_zone",
        "d rate_above_contract 4.00 unexplained",
    ]
