"""Each interchange is answered with a 997, and what is no bill is told in few words."""

from __future__ import annotations

import datetime as dt

from x12_paper import BODY, bytes_of, one, read_bytes, text_of, through_bytes, whole


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
    assert "no set 811, but 997" in back.findings["message"].item()
    envelope = [a.template for a in back.answers]
    assert "AK5*R*1~" in envelope[0]


def test_a_ta1_and_a_test_interchange_are_no_faults_that_refuse() -> None:
    content = text_of(whole(BODY)).replace("~GS*", "~TA1*000000009*261110*0101*A*000~GS*")
    assert one(through_bytes(content.encode()))["status"] == "loaded"
    gate = through_bytes(text_of(whole(BODY)).replace("*0*P*>", "*0*T*>").encode())
    assert one(gate)["status"] == "loaded"
    assert "rule ISA15" in gate.messages


def test_many_faults_are_told_in_few_words() -> None:
    content = text_of(whole(BODY)).replace("GE*1*1~", "SE*1*1~" * 5000 + "GE*1*1~")
    gate = through_bytes(content.encode())
    assert one(gate)["status"] == "refused"
    assert "and 4980 more faults" in gate.messages
    assert len(gate.messages) < 10_000
