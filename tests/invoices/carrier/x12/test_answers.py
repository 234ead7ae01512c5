"""Each interchange is answered with a 997, and what is no bill is told in few words."""

from __future__ import annotations

import datetime as dt

import pytest
from x12_paper import (
    BODY,
    Look,
    Segment,
    a_set,
    bill,
    bytes_of,
    group,
    interchange,
    one,
    parse,
    read_bytes,
    text_of,
    through_bytes,
    whole,
)


def answered(content: str) -> list[str]:
    """Return the segments of the only answer, as it is given on a day."""
    [answer] = read_bytes(content.encode()).answers
    return answer.text(dt.date(2026, 11, 12)).replace("\n", "").split("~")


def test_a_997_names_sets_taken_taken_in_part_and_refused() -> None:
    bodies = [BODY.replace("INV1", f"INV{at}") for at in (1, 2, 3)]
    content = text_of(whole(bodies[0], bodies[1].replace("18.50", "18.5O"), bodies[2]))
    said = answered(content.replace("SE*16*0003", "SE*15*0003"))
    assert said[0][:50] == "ISA*00*          *00*          *ZZ*RESELLER       "
    assert said[1] == "GS*FA*RESELLER*ILEC*20261112*0000*1*X*004010"
    assert said[2:] == [
        *("ST*997*0001", "AK1*CI*1", "AK2*811*0001", "AK5*A"),
        *("AK2*811*0002", "AK3*SLN*11**8", "AK5*E*5"),
        *("AK2*811*0003", "AK5*R*4", "AK9*P*3*3*2", "SE*11*0001", "GE*1*1", "IEA*1*000000001", ""),
    ]


def test_a_fault_of_the_interchange_is_answered_by_a_ta1_too() -> None:
    said = answered(text_of(whole(BODY)).replace("IEA*1*000000001", "IEA*1*000000002"))
    assert said[1] == "TA1*000000001*261110*0101*R*001"
    assert "AK9*R*1*1*0" in said
    said = answered(text_of(whole(BODY)).replace("GE*1*1", "GE*2*1"))
    assert "AK9*R*2*1*0*5" in said


def test_an_answer_is_itself_an_interchange_and_no_bill() -> None:
    [answer] = read_bytes(bytes_of(whole(BODY))).answers
    back = read_bytes(answer.text(None).encode())
    assert "the file is an acknowledgement (997)" in back.findings["message"].item()
    assert back.answers == ()


def test_the_header_of_an_answer_has_its_widths_whatever_that_of_the_bill_has() -> None:
    content = text_of(whole(BODY), Look(padded=False)).replace("*000000001", "*1")
    [answer] = read_bytes(content.encode()).answers
    text = answer.text(dt.date(2026, 11, 12))
    assert text[:106] == (
        "ISA*00*          *00*          *ZZ*RESELLER       *ZZ*ILEC           *261112*0000*U*00401"
        "*000000001*0*P*>~"
    )
    assert text.endswith("IEA*1*000000001~\n")


def test_a_ta1_and_a_test_interchange_are_no_faults_that_refuse() -> None:
    content = text_of(whole(BODY)).replace("~GS*", "~TA1*000000009*261110*0101*A*000~GS*")
    assert one(through_bytes(content.encode()))["status"] == "loaded"
    gate = through_bytes(text_of(whole(BODY)).replace("*0*P*>", "*0*T*>").encode())
    assert one(gate)["status"] == "loaded"
    assert "rule ISA15" in gate.messages


def test_many_faults_are_told_in_few_words() -> None:
    gate = bill(BODY + "\nBAL*M*PB*x" * 5000)
    assert one(gate)["status"] == "refused"
    assert "and 4980 more faults" in gate.messages
    assert len(gate.messages) < 10_000


# --- acknowledgements that are received -----------------------------------------------------------

GROUPS = {
    "CI": group(a_set(BODY)),
    "CI broken": group(a_set(BODY.replace("INV1", "INV2")), control="2")[:-1],
    "CI of an 810": parse("GS*CI*A*B*20261110*0101*3*X*004010~ST*810*1~SE*2*1~GE*1*3"),
    "CI of a 997": parse("GS*CI*A*B*20261110*0101*4*X*004010~ST*997*1~SE*2*1~GE*1*4"),
    "CI without a number": parse("GS*CI*A*B*20261110*0101**X*004010~ST*811*1~SE*2*1~GE*1*"),
    "BL of an 811": parse("GS*BL*ILEC*RESELLER*20261110*0101*5*X*004010")
    + a_set(BODY.replace("INV1", "INV3"))
    + parse("GE*1*5"),
    "FA": parse("GS*FA*A*B*20261110*0101*9*X*004010~ST*997*1~AK1*CI*1~AK9*A*1*1*1~SE*4*1~GE*1*9"),
    "FA of a 999": parse("GS*FA*A*B*20261110*0101*8*X*005010~ST*999*1~AK1*CI*1~SE*3*1~GE*1*8"),
    "FA without GE": parse("GS*FA*A*B*20261110*0101*9*X*004010~ST*997*1~AK1*CI*1~SE*3*1"),
    "FA without ST": parse("GS*FA*A*B*20261110*0101*9*X*004010~AK1*CI*1~AK9*A*1*1*1~SE*4*1~GE*1*9"),
    "FA of two": parse("GS*FA*A*B*20261110*0101*9*X*004010~ST*997*1~AK1*CI*1~SE*3*1~GE*2*9"),
    "IN": parse("GS*IN*A*B*20261110*0101*7*X*004010~ST*810*1~SE*2*1~GE*1*7"),
    "TA1": parse("TA1*000000009*261110*0101*A*000"),
}


def given(*names: str) -> list[Segment]:
    """Return an interchange of what `GROUPS` names; IEA01 counts groups alone."""
    segments = interchange(*(GROUPS[name] for name in names))
    segments[-1][1] = str(sum(one[0] == "GS" for one in segments))
    return segments


@pytest.mark.parametrize(
    "names", ["FA", "FA of a 999", "TA1", "TA1+FA", "FA without GE", "FA without ST", "FA of two",
              "CI of a 997", "IN", "CI without a number"],
)  # fmt: skip
def test_what_holds_no_bill_of_ours_is_not_answered(names: str) -> None:
    reading = read_bytes(bytes_of(given(*names.split("+"))))
    assert reading.answers == ()
    assert set(reading.documents["status"]) == {"refused"}


@pytest.mark.parametrize(
    ("names", "loaded", "accounts"),
    [
        ("CI+FA", ["INV1"], ["AK1*CI*1", "AK9*A*1*1*1"]),
        ("FA+CI", ["INV1"], ["AK1*CI*1", "AK9*A*1*1*1"]),
        ("TA1+CI", ["INV1"], ["AK1*CI*1", "AK9*A*1*1*1"]),
        ("IN+CI", ["INV1"], ["AK1*CI*1", "AK9*A*1*1*1"]),
        ("FA without GE+CI", ["INV1"], ["AK1*CI*1", "AK9*A*1*1*1"]),
        ("FA without ST+CI", ["INV1"], ["AK1*CI*1", "AK9*A*1*1*1"]),
        ("CI+FA of two", ["INV1"], ["AK1*CI*1", "AK9*A*1*1*1"]),
        ("CI+CI of a 997", ["INV1"], ["AK1*CI*1", "AK9*A*1*1*1"]),
        ("CI of an 810", [], ["AK1*CI*3", "AK9*R*1*1*0"]),
        ("CI broken+FA", [], ["AK1*CI*2", "AK9*R*1*1*0*3"]),
        ("CI broken+CI", ["INV1"], ["AK1*CI*2", "AK9*R*1*1*0*3", "AK1*CI*1", "AK9*A*1*1*1"]),
        ("CI+BL of an 811", ["INV1", "INV3"],
         ["AK1*CI*1", "AK9*A*1*1*1", "AK1*BL*5", "AK9*A*1*1*1"]),
    ],
)  # fmt: skip
def test_each_group_of_bills_has_its_own_fate_and_is_accounted_for(
    names: str, loaded: list[str], accounts: list[str]
) -> None:
    content = bytes_of(given(*names.split("+")))
    documents = through_bytes(content).documents.filter(status="loaded")
    assert documents["invoice_no"].to_list() == loaded
    [answer] = read_bytes(content).answers
    said = answer.text(None).replace("\n", "").split("~")
    assert [one for one in said if one[:3] in ("AK1", "AK9")] == accounts
    assert not [one for one in said if "997" in one and one[:2] != "ST"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("*U*00401*000000001", "*U*00401*         "),
        ("*U*00401*000000001", "*U*00401*00000000X"),
        ("*ZZ*ILEC           *", "*ZZ*               *"),
        ("*ZZ*RESELLER       *", "*ZZ*A NAME THAT IS TOO LONG*"),
        ("*261110*0101*U", "*261X10*0101*U"),
        ("*>~GS", "*~GS"),
        ("*>~GS", "*~~GS"),
    ],
)
def test_nobody_is_answered_by_a_header_that_cannot_be_trusted(old: str, new: str) -> None:
    content = text_of(whole(BODY))
    assert old in content
    assert read_bytes(content.replace(old, new).encode()).answers == ()
