"""An 811 is read as its interchange says it is written, and what is wrong with it is named."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from checkout import ROOT
from gate import Gate
from x12_paper import (
    BODY,
    HEAD,
    LOOKS,
    PLAIN,
    Look,
    Segment,
    a_set,
    bytes_of,
    group,
    interchange,
    one,
    own_profile,
    parse,
    read_bytes,
    seg,
    text_of,
    through_bytes,
    whole,
)

from invoices import carrier
from invoices.carrier import Known
from invoices.carrier.source import ACCOUNTS, KINDS
from invoices.carrier.x12 import tokens
from invoices.carrier.x12.profile import TITLES
from invoices.carrier.x12.rules import RULES
from invoices.schema import CENTS


def bill(text: str, look: Look = PLAIN, **how: object) -> Gate:
    """Read an interchange of one set."""
    return through_bytes(bytes_of(whole(text), look), **how)


def lines(text: str, total: str, **how: object) -> list[dict[str, object]]:
    """Read the lines of a set below the usual heading; the set must foot."""
    gate = bill(f"{HEAD}\n{text}\nTDS*{total}", **how)
    assert gate.documents["status"].to_list() == ["loaded"], gate.messages
    return gate.lines.to_dicts()


@pytest.mark.parametrize("look", LOOKS, ids=repr)
def test_whatever_separates_an_interchange_it_says_the_same(look: Look) -> None:
    gate = bill(BODY, look)
    document = one(gate)
    assert document["status"] == "loaded", gate.messages
    assert (document["carrier"], document["ban"]) == ("ILEC", "305R010001")
    assert document["due_date"] == dt.date(2026, 11, 25)
    [line] = gate.lines.to_dicts()
    assert line["amount"] == Decimal("37.00")
    assert (line["unit_rate"], line["unit_rate_places"]) == (Decimal("18.5"), 2)
    assert (line["usoc"], line["wtn"]) == ("1FB", "6145550131")
    assert (line["service_from"], line["service_until"]) == (
        dt.date(2026, 11, 1),
        dt.date(2026, 12, 1),
    )
    assert (line["interchange"], line["set_no"], line["source_row"]) == ("000000001", "0001", 13)


def test_interchanges_of_one_file_may_be_separated_differently() -> None:
    parts = [bytes_of(whole(BODY.replace("INV1", f"INV{at}"))).decode() for at in (1, 2)]
    third = text_of(whole(BODY.replace("INV1", "INV3"))).replace("000000001", "000000003")
    other = third.replace("*", "|").replace(">", "^").replace("~", "\n")
    content = "\r\n".join([*parts, other]).replace("*000000001*", "*000000002*", 1)
    gate = through_bytes(content.replace("IEA*1*000000001", "IEA*1*000000002", 1).encode())
    assert gate.documents["invoice_no"].to_list() == ["INV1", "INV2", "INV3"]
    assert gate.lines["source_row"].to_list() == [13, 13 + 20, 13 + 40]


@pytest.mark.parametrize("width", [80, 7])
def test_lines_cut_at_some_width_are_joined(width: int) -> None:
    text = text_of(whole(BODY))
    cut = "\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    assert one(through_bytes(cut.encode()))["current_charges"] == Decimal("37.00")


def changed(text: str, *swaps: tuple[str, str]) -> Gate:
    """Read a whole interchange in which some texts are replaced."""
    content = text_of(whole(text))
    for old, new in swaps:
        assert old in content
        content = content.replace(old, new)
    return through_bytes(content.encode())


FAULTS = [
    ("IEA*1*000000001", "IEA*1*000000002", "IEA02", 20),
    ("IEA*1*", "IEA*2*", "IEA01", 20),
    ("IEA*1*000000001~", "", "IEA", 19),
    ("GE*1*1", "GE*1*2", "GE02", 19),
    ("GE*1*1", "GE*7*1", "GE01", 19),
    ("GE*1*1~", "", "GE", 19),
    ("SE*16*0001", "SE*16*0002", "SE02", 18),
    ("SE*16*0001", "SE*15*0001", "SE01", 18),
    ("SE*16*0001~", "", "SE", 18),
    ("SE*16*0001~", "SE*16*0001~NTE**AFTER~", "stray", 19),
    ("BIG*20261110", "BIG*20261310", "BIG", 4),
    ("CUR*SE*USD", "CUR*SE*CAD", "CUR", 5),
    ("TDS*3700", "TDS*37x", "TDS", 17),
    ("TDS*3700", "NTE**3700", "TDS", 3),
    ("REF*12*305R010001", "REF*13*305R010001", "account", 3),
    ("N1*PE*ILEC*92*1", "N1*PE", "carrier", 3),
    ("HL*3*2*8*0", "HL*3*7*8*0", "HL02", 12),
    ("HL*3*2*8*0", "HL*3*3*8*0", "HL02", 12),
    ("HL*3*2*8*0", "HL*2*1*8*0", "HL01", 12),
    ("HL*3*2*8*0", "HL*3*2**0", "HL03", 12),
]


@pytest.mark.parametrize(("old", "new", "rule", "segment"), FAULTS)
def test_a_fault_that_refuses_is_named_with_its_segment(
    old: str, new: str, rule: str, segment: int
) -> None:
    gate = changed(BODY, (old, new))
    document = one(gate)
    assert (document["status"], document["carrier"], document["lines"]) == ("refused", None, 0)
    assert gate.lines.is_empty()
    found = gate.findings.filter(code="document_unreadable")
    assert f"(rule {rule}: " in found["message"].item()
    assert f"segment {segment}: " in found["message"].item()
    assert found["remedy"].item()


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("GS*CI", "GS*BL", "GS01"),
        ("004010~ST", "008010~ST", "GS08"),
        ("TDS*3700~", "TDS*3700~CTT*9~", "CTT01"),
        ("ITD*01*3****20261125", "ITD*01*3****20261325", "date"),
        ("PID*F", "AMT*5*38.00~PID*F", "level"),
        ("TDS*3700~", "TDS*3700~BAL*M*QQ*5~", "balance"),
    ],
)
def test_a_fault_that_warns_is_named_and_the_document_loads(old: str, new: str, rule: str) -> None:
    content = text_of(whole(BODY)).replace(old, new)
    more = content.count("~") - text_of(whole(BODY)).count("~")
    gate = through_bytes(content.replace("SE*16*", f"SE*{16 + more}*").encode())
    assert one(gate)["status"] == "loaded", gate.messages
    [finding] = gate.findings.filter(code="document_doubtful").to_dicts()
    assert f"(rule {rule}: " in str(finding["message"])
    assert finding["severity"] == "warning"


def test_a_profile_may_let_a_count_pass_and_another_refuse() -> None:
    content = text_of(whole(BODY)).replace("SE*16*", "SE*15*").encode()
    own = own_profile('[x12.rules]\nSE01 = "warn"\n')
    gate = through_bytes(content, profile="own", profiles=own)
    assert one(gate)["status"] == "loaded"
    assert "rule SE01" in gate.messages
    strict = own_profile('[x12.rules]\nGS01 = "refuse"\n')
    content = text_of(whole(BODY)).replace("GS*CI", "GS*BL").encode()
    assert one(through_bytes(content, profile="own", profiles=strict))["status"] == "refused"
    with pytest.raises(carrier.ProfileError, match="`SE09` is no rule"):
        own_profile('[x12.rules]\nSE09 = "warn"\n')


def test_good_sets_load_beside_a_refused_one_unless_the_profile_says_no() -> None:
    content = text_of(whole(BODY, BODY.replace("INV1", "INV2"))).replace("SE*16*0001", "SE*9*0001")
    gate = through_bytes(content.encode())
    assert gate.documents["status"].to_list() == ["refused", "loaded"]
    assert gate.lines["invoice_no"].to_list() == ["INV2"]
    strict = own_profile("good_documents_load = false\n")
    gate = through_bytes(content.encode(), profile="own", profiles=strict)
    assert gate.documents["status"].to_list() == ["refused", "refused"]
    assert gate.lines.is_empty()
    assert "rule beside" in gate.messages
    # The answer blames the good set for no envelope of its own.
    [answer] = read_bytes(content.encode(), profile="own", profiles=strict).answers
    assert [row for row in answer.template.split("~\n") if row[:3] == "AK5"] == [
        "AK5*R*4",
        "AK5*R*5",
    ]


def test_every_beginning_of_an_interchange_is_refused_or_whole() -> None:
    content = text_of(whole(BODY))
    for size in [*range(3, len(content) - 1, 11), len(content) - 2]:
        gate = through_bytes(content[:size].encode())
        assert gate.documents["status"].to_list() == ["refused"], size
        assert gate.lines.is_empty()


def test_what_begins_no_interchange_or_ends_in_its_header_is_refused_with_a_reason() -> None:
    for content, said in [
        ("ISA*00*", "the ISA has fewer than 16 elements"),
        ("ISA" + "*" * 16, "the file ends inside its ISA"),
        (text_of(whole(BODY)).replace("*>~GS", "*>XGS"), "cannot end a segment"),
        (text_of(whole(BODY)).replace("*>~GS", "*~GS"), "cannot end a segment"),
    ]:
        gate = through_bytes(content.encode())
        assert one(gate)["status"] == "refused"
        assert said in gate.messages
    assert bill(BODY, Look(after="\r\n")).documents.height == 1
    assert through_bytes(bytes_of(whole(BODY)) + b"\r\n\x1a").documents.height == 1
    content = text_of(whole(BODY)) + "~GARBAGE"
    gate = through_bytes(content.encode())
    assert gate.documents["status"].to_list() == ["loaded", "refused"]


def test_a_segment_that_never_ends_is_refused_within_its_limit() -> None:
    content = text_of(whole(BODY))[:-40] + "X" * 5000
    profiles = own_profile("[limits]\nrecord_bytes = 1000\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "PIECE", 100)
        gate = through_bytes(content.encode(), profile="own", profiles=profiles)
    assert "longer than 1,000 characters" in gate.messages


def test_nul_characters_and_sets_that_are_no_bills_are_refused_by_name() -> None:
    gate = through_bytes(text_of(whole(BODY)).replace("MONTHLY", "MON\0THLY").encode())
    assert "NUL" in gate.messages
    gate = through_bytes(text_of(whole(BODY)).replace("ST*811", "ST*810").encode())
    assert "no set 811, but 810" in gate.messages


# --- money ------------------------------------------------------------------------------------


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


# --- fields -----------------------------------------------------------------------------------


def test_codes_are_looked_for_in_their_order() -> None:
    text = "HL*1**4\nPID*F****MONTHLY\nIT1*1*1*M4*1**SV*S1*NU*n1*A3*a1\nIT1*2*1*M4*1**SV*S1*NU*N1\n"
    found = lines(text + "IT1*3*1*M4*1**SV*S1*ZZ*Z1\nSLN*4***1*EA*1***ZZ*Z1", "400")
    assert [one["usoc"] for one in found] == ["A1", "N1", "S1", None]


def test_a_profile_says_what_codes_and_names_mean() -> None:
    text = '[codes.usoc]\n"1FB" = "UEPBX"\n[codes.carrier]\n"ILEC" = "NORTH"\n'
    gate = bill(BODY, profile="own", profiles=own_profile(text))
    assert (one(gate)["carrier"], gate.lines["usoc"].item()) == ("NORTH", "UEPBX")


def test_numbers_circuits_and_orders_come_from_the_line_or_its_group() -> None:
    text = """HL*1**4
PID*F****MONTHLY
REF*SO*S1
HL*2*1*8
SI*TI*SC*X*TN*6145550131
SLN*1***1*EA*1
SLN*2***1*EA*1
SI*CI*11.AB
REF*SO*S2
REF*OR*O2
SLN*3***1*EA*1
REF*CN*22.CD
SI*TI*TN*6145550139"""
    found = lines(text, "300")
    told = [(one["wtn"], one["circuit_id"], one["order_no"]) for one in found]
    assert told == [
        ("6145550131", None, "S1"),
        ("6145550131", "11.AB", "O2"),
        ("6145550139", "22.CD", "S1"),
    ]


def test_accounts_are_looked_for_by_qualifier_then_by_nearness() -> None:
    text = "BIG*20261110*I\nN1*PE*ILEC\nN1*PR*US*91*P1\n{}HL*1**2\n{}HL*2*1*4\nIT1*1*1**1\nTDS*100"
    for head, level, expected in [
        ("REF*11*E1~", "REF*12*T1~", "T1"),
        ("REF*12*T0~", "REF*11*E1~", "T0"),
        ("REF*14*F0~", "", "F0"),
        ("", "", "P1"),
    ]:
        gate = bill(text.format(head, level))
        assert (one(gate)["ban"], gate.lines["ban"].item()) == (expected, expected)


def test_a_carrier_without_a_name_is_the_one_whose_contract_covers_the_account() -> None:
    text = BODY.replace("N1*PE*ILEC*92*1", "N1*RE*SOMEONE")
    accounts = [("BIGCO", "305R*", None, None), ("ILEC", "305R01*", dt.date(2026, 1, 1), None)]
    known = Known(accounts=pl.DataFrame(accounts, schema=ACCOUNTS, orient="row"))
    assert one(bill(text, known=known))["carrier"] == "ILEC"
    own = own_profile('carrier = "OURS"\n')
    assert one(bill(BODY, profile="own", profiles=own))["carrier"] == "OURS"


def test_other_charges_are_one_time_or_prorated_by_code_then_by_days() -> None:
    kinds = [("ILEC", "NRC1", "one_time"), ("ILEC", "1FB", "recurring")]
    known = Known(
        kinds=pl.LazyFrame([(*row, None, None) for row in kinds], schema=KINDS, orient="row")
    )
    days = "DTM*150*20261105\nDTM*151*20261119\n"
    text = "HL*1**4\nPID*F****OTHER CHARGES AND CREDITS\n"
    text += f"SLN*1***1*EA*1***A3*NRC1\n{days}SLN*2***1*EA*1***A3*1FB\nSLN*3***1*EA*1\n{days}"
    text += "SLN*4***1*EA*1\nDTM*150*20261105\nDTM*151*20261105"
    found = lines(text, "400", known=known)
    classes = [one["charge_class"] for one in found]
    assert classes == ["one_time", "prorated", "prorated", "one_time"]
    assert found[3]["service_until"] == dt.date(2026, 11, 6)


def test_a_line_that_cannot_be_read_is_quarantined_and_the_document_held() -> None:
    gate = bill(BODY.replace("18.50", "18.5O"))
    assert one(gate)["status"] == "held"
    assert gate.quarantine["source_row"].to_list() == [13]
    assert "SLN06 `18.5O` cannot be read" in gate.messages
    assert gate.quarantine["raw"].item().startswith("SLN*1**A*2*EA*18.5O")


def test_ranges_say_first_and_last_day() -> None:
    text = "HL*1**4\nPID*F****MONTHLY\nSLN*1***1*EA*1\nDTM*186****RD8*20261101-20261130"
    [line] = lines(text, "100")
    assert line["service_until"] == dt.date(2026, 12, 1)


def test_an_interchange_without_a_line_is_a_bill_of_nothing() -> None:
    gate = bill(f"{HEAD}\nTDS*0")
    assert (one(gate)["status"], one(gate)["lines"]) == ("loaded", 0)
    assert gate.lines.schema["amount"] == CENTS


def test_a_chain_of_many_levels_is_refused_and_does_not_hang() -> None:
    body: list[Segment] = [*parse(HEAD), seg("HL", 1, "", 1)]
    body += [seg("HL", at, at - 1, 8) for at in range(2, 3000)]
    gate = through_bytes(bytes_of(whole([*body, seg("TDS", 0)])))
    assert one(gate)["status"] == "refused"
    assert "deeper than 64 levels" in gate.messages


def test_numbers_of_sets_and_interchanges_stand_once() -> None:
    twice = interchange(group(a_set(BODY), a_set(BODY.replace("INV1", "INV2"))))
    gate = through_bytes(bytes_of(twice))
    assert gate.documents["status"].to_list() == ["loaded", "refused"]
    assert "rule ST02" in gate.messages
    again = bytes_of(whole(BODY)) + bytes_of(whole(BODY.replace("INV1", "INV2")))
    gate = through_bytes(again)
    assert gate.documents["status"].to_list() == ["loaded", "refused"]
    assert "rule ISA13" in gate.messages


def test_the_page_of_the_format_names_every_rule_and_title_as_they_are() -> None:
    page = (ROOT / "docs" / "formats" / "x12-811.md").read_text("utf-8")
    for rule in RULES:
        star = "*" if rule.changeable else ""
        row = f"| `{rule.name}`{star} | {rule.scope} | {rule.verdict} | {rule.holds} |"
        assert row in page
    for title in TITLES:
        words = ", ".join(word.lower() for word in title.words)
        assert f"| {title.charge_class} | {words} |" in page


def test_charges_of_which_nothing_says_a_class_are_told() -> None:
    kinds = pl.LazyFrame([("ILEC", "1FB", "recurring", None, None)], schema=KINDS, orient="row")
    text = "HL*1**8\nSLN*1***1*EA*1***A3*1FB\nSLN*2***1*EA*1***PD*LATE FEE\nSLN*3***1*EA*1"
    gate = bill(f"{HEAD}\n{text}\nTDS*300", known=Known(kinds=kinds))
    assert gate.lines["charge_class"].to_list() == ["recurring", "late_charge", "recurring"]
    assert "nothing says the class of 1 charges" in gate.messages
    assert gate.findings["source_row"].to_list() == [12]
