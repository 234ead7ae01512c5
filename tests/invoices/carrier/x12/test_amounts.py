"""What an 811 charges: totals, taxes, levels that repeat each other, extended amounts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from x12_paper import BODY, HEAD, bill, bytes_of, lines, one, own_profile, through_bytes, whole

from invoices import carrier


@pytest.mark.parametrize(
    ("tds", "amount"), [("150.75", "150.75"), ("23110", "231.10"), ("-500", "-5.00"), ("-0", "0")]
)
def test_a_total_with_a_point_is_in_dollars_and_one_without_in_cents(tds: str, amount: str) -> None:
    text = f"HL*1**4\nPID*F****MONTHLY\nIT1*1*1*M4*{amount}"
    [line] = lines(text, tds)
    assert line["amount"] == Decimal(amount)


def test_balances_make_the_total_due() -> None:
    parts = "BAL*M*PB*88.20\nBAL*M*NA*-2.05\nBAL*M*TP*-85\nBAL*M*BT*10\nBAL*M*TT*48.15"
    gate = bill(BODY.replace("HL*1*", f"{parts}\nHL*1*", 1))
    document = one(gate)
    assert document["status"] == "loaded", gate.messages
    assert document["previous_balance"] == Decimal("88.20")
    assert document["payments"] == Decimal("-85.00")
    assert document["adjustments"] == Decimal("7.95")
    assert document["total_due"] == Decimal("48.15")
    wrong = bill(BODY.replace("HL*1*", f"{parts.replace('48.15', '48.16')}\nHL*1*", 1))
    assert one(wrong)["status"] == "held"


def test_balances_of_zero_throughout_are_none() -> None:
    zeros = "\n".join(f"BAL*M*{name}*0" for name in ("PB", "TP", "TT"))
    document = one(bill(f"{BODY}\n{zeros}"))
    assert (document["status"], document["total_due"]) == ("loaded", Decimal("37.00"))
    assert document["previous_balance"] is None


def test_taxes_add_or_only_inform() -> None:
    text = "HL*1**4\nPID*F****MONTHLY\nIT1*1*1*M4*10\n"
    text += "TXI*ST*1.00*****A\nTXI*CT*0.50\nTXI*FD*9.99*****O"
    found = lines(text, "1150")
    assert [(one["charge_class"], one["amount"]) for one in found] == [
        ("recurring", Decimal("10.00")),
        ("tax", Decimal("1.00")),
        ("tax", Decimal("0.50")),
    ]
    own = own_profile('tax_rule = "inform"\n')
    assert len(lines(text, "1000", profile="own", profiles=own)) == 1
    own = own_profile('tax_rule = "add"\n')
    assert len(lines(text, "2149", profile="own", profiles=own)) == 4


def test_memorandum_sets_are_told_and_never_loaded() -> None:
    memo = BODY.replace("*****CD", "*****ME")
    gate = through_bytes(bytes_of(whole(BODY, memo)))
    assert gate.documents.height == 1
    assert gate.lines["amount"].sum() == Decimal("37.00")
    [finding] = gate.findings.to_dicts()
    assert (finding["code"], finding["severity"]) == ("document_doubtful", "info")
    assert "its 1 charges add up to 37.00" in str(finding["message"])
    alone = bill(memo)
    assert one(alone)["status"] == "refused"
    own = own_profile('[x12]\nmemorandum = ["CD"]\n')
    both = through_bytes(bytes_of(whole(BODY, memo)), profile="own", profiles=own)
    assert both.lines["set_no"].to_list() == ["0002"]


def test_extended_amounts_or_unit_prices() -> None:
    text = "HL*1**4\nPID*F****MONTHLY\nIT1*1*250*M4*123.87**SV*2050"
    [line] = lines(text, "12387")
    assert (line["unit_rate"], line["unit_rate_places"]) == (Decimal("0.49548"), 5)
    unit = own_profile('amount_rule = "unit"\n')
    [line] = lines(text.replace("123.87", "0.333"), "8325", profile="own", profiles=unit)
    assert (line["amount"], line["unit_rate"]) == (Decimal("83.25"), Decimal("0.333"))
    [line] = lines("HL*1**4\nPID*F****MONTHLY\nSLN*1***3*EA*0.335", "101")
    assert line["amount"] == Decimal("1.01"), "1.005 rounds away from zero"
    [line] = lines("HL*1**4\nPID*F****MONTHLY\nSLN*1***3*EA*9.00\nAMT*1*12.34", "1234")
    assert (line["amount"], line["unit_rate"]) == (Decimal("12.34"), Decimal("9"))


def test_one_level_of_a_branch_is_summed() -> None:
    text = """HL*1**4*1
PID*F****MONTHLY
IT1*1*1*M4*30.00
HL*2*1*8*1
SLN*1***1*EA*10
HL*3*1*8*1
SLN*1***1*EA*20
HL*4*3*9*0
TCD*1*20261101**********20.00
HL*5**4*0
PID*F****OTHER CHARGES AND CREDITS
IT1*1*1*M4*7.00"""
    found = lines(text, "3700")
    assert [one["amount"] for one in found] == [10, 20, 7]
    assert [one["line_no"] for one in found] == [1, 2, 3]


def test_a_profile_may_name_another_level_or_all() -> None:
    text = "HL*1**4\nPID*F****MONTHLY\nIT1*1*1*M4*30\nHL*2*1*8\nSLN*1***1*EA*7"
    assert [one["amount"] for one in lines(text, "700")] == [7]
    for sums, total, amounts in [("4", "3000", [30]), ("all", "3700", [30, 7])]:
        own = own_profile(f'[x12.levels]\nsums = "{sums}"\n')
        found = lines(text, total, profile="own", profiles=own)
        assert [one["amount"] for one in found] == amounts


def test_the_tree_is_built_by_its_numbers_not_by_its_order() -> None:
    text = """HL*1**4
PID*F****OTHER CHARGES AND CREDITS
HL*2**4
PID*F****MONTHLY
HL*3*1*8
SLN*1***1*EA*10
HL*4*2*8
SLN*1***1*EA*20
HL*5*1*8
SLN*1***1*EA*30"""
    found = lines(text, "6000")
    assert [one["charge_class"] for one in found] == ["one_time", "recurring", "one_time"]


def test_an_it1_that_repeats_its_sln_is_one_charge_only_if_the_set_ties_that_way() -> None:
    text = "HL*1**8\nSLN*1***1*EA*10***A3*1FB\nIT1*1*1*M4*10\nHL*2**8\nSLN*1***1*EA*5\nIT1*1*1*M4*5"
    assert [one["amount"] for one in lines(text, "1500")] == [10, 5]
    assert [one["amount"] for one in lines(text, "3000")] == [10, 10, 5, 5]
    assert one(bill(f"{HEAD}\n{text}\nTDS*2000"))["status"] == "held"


def test_an_amount_stated_at_an_hl_is_no_charge_and_compared() -> None:
    text = "HL*1**8\nPID*F****LINE\nAMT*1*10\nSLN*1***1*EA*10\nIT1*1*1*M4*10"
    gate = bill(f"{HEAD}\n{text}\nTDS*1000")
    assert gate.lines["amount"].to_list() == [Decimal("10.00")]
    assert "rule level" not in gate.messages
    gate = bill(f"{HEAD}\n{text.replace('AMT*1*10', 'AMT*1*11')}\nTDS*1000")
    assert one(gate)["status"] == "loaded"
    assert "11.00 is stated, the charges below it add up to 20.00" in gate.messages


def test_two_equal_segments_are_two_charges() -> None:
    found = lines("HL*1**8\n" + "SLN*1***1*EA*10***A3*1FB\n" * 3, "3000")
    assert [one["line_no"] for one in found] == [1, 2, 3]


def test_summaries_may_stand_before_the_detail() -> None:
    detail, _, total = BODY.rpartition("\n")
    early = detail.replace("HL*1*", f"{total}\nN1*87*SOMEONE\nHL*1*", 1)
    assert one(bill(early))["current_charges"] == Decimal("37.00")


def test_usage_and_allowances_are_charges_too() -> None:
    text = """HL*1**4
PID*F****USAGE
TCD*1*20261103********3.5**0.35
USD*A*1******2.00
USD*A*1*******150
USD*O*1*******999
HL*2**8
PID*F****MONTHLY
SLN*1***1*EA*10***A3*1FB
SI*TI*TN*6145550131
ITA*A***06***200******LOYALTY
HL*3**4
ITA*C***06***1500******LATE PAYMENT CHARGE
DTM*150*20261101"""
    found = lines(text, str(35 + 200 + 150 + 1000 - 200 + 1500))
    told = [(one["charge_class"], one["amount"], one["usoc"]) for one in found]
    assert told == [
        ("usage", Decimal("0.35"), None),
        ("usage", Decimal("2.00"), None),
        ("usage", Decimal("1.50"), None),
        ("recurring", Decimal("10.00"), "1FB"),
        ("adjustment", Decimal("-2.00"), "1FB"),
        ("late_charge", Decimal("15.00"), None),
    ]
    assert found[4]["wtn"] == "6145550131"
    assert (found[0]["quantity"], found[0]["service_from"]) == (
        Decimal("3.5"),
        dt.date(2026, 11, 3),
    )


# --- elements a carrier writes as another carrier does not ----------------------------------------

CHARGED = """HL*1**4
PID*F****MONTHLY
IT1*1*2*M4*{IT104}***A3*1FB
TXI*ST*{TXI02}**VD*OH**A
SLN*2***3*EA*{SLN06}***A3*1FB
ITA*C***06***{ITA07}******FEE
ITA*C***06**{ITA06}****2***FEE
TCD*1*20261103**********{TCD12}
USD*A*1******{USD08}
USD*A*1*******{USD09}
SLN*3***1*EA*7***A3*1FB
AMT*1*{AMT02}"""
IN_DOLLARS = {"IT104": "30", "TXI02": "1.5", "SLN06": "5", "ITA06": "2", "TCD12": "0.35",
              "USD08": "3", "AMT02": "12.25", "ITA07": "400", "USD09": "150"}  # fmt: skip
CHARGES = ["30.00", "1.50", "15.00", "4.00", "4.00", "0.35", "3.00", "1.50", "12.25"]


@pytest.mark.parametrize(
    ("setting", "written"),
    [
        ("", {}),
        ('cents = ["TXI02"]', {"TXI02": "150"}),
        ('cents = ["TXI02"]', {"TXI02": "1.50"}),
        ('cents = ["IT104", "SLN06"]', {"IT104": "3000", "SLN06": "500"}),
        ('cents = ["ITA06", "TCD12"]', {"ITA06": "200", "TCD12": "35"}),
        ('cents = ["USD08", "AMT02"]', {"USD08": "300", "AMT02": "1225"}),
        ('dollars = ["ITA07"]', {"ITA07": "4"}),
        ('dollars = ["USD09"]', {"USD09": "1.5"}),
        ('implied_cents = "dollars"\ncents = ["ITA07"]', {"USD09": "1.5", "TDS01": "71.6"}),
    ],
)
def test_a_profile_names_the_elements_that_are_cents_or_dollars(
    setting: str, written: dict[str, str]
) -> None:
    own = own_profile(f"[x12]\n{setting}\n")
    given = {**IN_DOLLARS, **written}
    total = given.pop("TDS01", "7160")
    found = lines(CHARGED.format(**given), total, profile="own", profiles=own)
    assert [str(one["amount"]) for one in found] == CHARGES
    rates = [str(one["unit_rate"]) for one in found if one["source_row"] in (11, 13)]
    assert rates == ["15.000000", "5.000000"]


def test_totals_and_balances_may_be_dollars_or_cents_too() -> None:
    own = own_profile('[x12]\ndollars = ["TDS01"]\ncents = ["BAL03"]\n')
    text = BODY.replace("TDS*3700", "TDS*37\nBAL*M*PB*1000\nBAL*M*TP*-10.00\nBAL*M*TT*3700")
    document = one(bill(text, profile="own", profiles=own))
    assert document["status"] == "loaded"
    assert document["previous_balance"] == Decimal("10.00")
    assert document["total_due"] == Decimal("37.00")


def test_prices_in_cents_keep_their_sign_and_their_places() -> None:
    own = own_profile('[x12]\ncents = ["SLN06"]\n')
    text = "HL*1**4\nPID*F****MONTHLY\nSLN*1***2*EA*{}***A3*1FB"
    for printed, amount in [("5", "0.10"), ("-5", "-0.10"), ("0500", "10.00"), ("0.333", "0.67")]:
        total = str(int(Decimal(amount) * 100))
        [line] = lines(text.format(printed), total, profile="own", profiles=own)
        assert line["amount"] == Decimal(amount)
    gate = bill(f"{HEAD}\n{text.format('5x')}\nTDS*10", profile="own", profiles=own)
    assert "SLN06 `5x` cannot be read" in gate.messages


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('cents = ["TXI03"]', "`TXI03` is no amount element that is read; these are IT104, SLN06"),
        ('cents = ["TXI02"]\ndollars = ["TXI02"]', "`TXI02` stands in both"),
    ],
)
def test_an_element_that_is_no_amount_is_refused_by_name(setting: str, said: str) -> None:
    with pytest.raises(carrier.ProfileError, match=said):
        own_profile(f"[x12]\n{setting}\n")
