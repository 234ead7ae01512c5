"""An 811 is read as its interchange says it is written, and what is wrong with it is named."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from checkout import ROOT
from gate import Gate
from x12_paper import (
    BODY,
    HEAD,
    LOOKS,
    Look,
    Segment,
    a_set,
    bill,
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
from invoices.carrier.x12 import tokens
from invoices.carrier.x12.profile import TITLES
from invoices.carrier.x12.rules import RULES


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
        ("ISA*00*", "the file ends inside its ISA: the ISA has fewer than 16 elements"),
        ("ISA" + "*" * 16, "the file ends inside its ISA"),
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


def test_sets_that_are_no_bills_are_refused_by_name() -> None:
    gate = through_bytes(text_of(whole(BODY)).replace("ST*811", "ST*810").encode())
    assert "no set 811, but 810" in gate.messages


# --- fields -----------------------------------------------------------------------------------


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
