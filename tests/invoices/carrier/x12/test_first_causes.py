"""What is wrong with an interchange is told by its first cause, and by nothing that follows."""

from __future__ import annotations

import pytest
from x12_paper import BODY, Look, bytes_of, one, read_bytes, seg, text_of, through_bytes, whole

WHOLE = text_of(whole(BODY))
LINES = text_of(whole(BODY), Look(after="\n"))
ENDED = text_of(whole(BODY), Look("|", "^", "\n"))

HEADERS = [
    ("*>~GS", "*~GS", "ISA16 is missing, the component separator: where it belongs stands the"
     " terminator `~`"),
    ("*>~GS", "*~~GS", "ISA16 is missing, the component separator: where it belongs stands `~`"),
    ("*>~GS", "* ~GS", "ISA16 is missing, the component separator: a blank stands there"),
    ("*0*P*>~GS", "*0*P~GS", "ISA16 is missing, the component separator: behind ISA15 `P` stands"
     " the terminator `~`"),
    ("*>~GS", "*>GS", "no segment terminator stands behind ISA16 `>`"),
    ("*>~GS", "*>:~GS", "ISA16 is `>:`, where one sign belongs"),
    ("*>~GS", "*>XGS", "behind ISA16 `>` stands `X`, which cannot end a segment"),
    ("*>~GS", "**>~GS", "the ISA has 17 elements, where 16 belong"),
    ("*U*00401*", "*U*", "the ISA has 15 elements, where 16 belong"),
    ("*>~GS", "*>!GS", "the ISA ends with `!`, the segments behind it end with `~`"),
    ("ISA*", "ISA~", "behind ISA stands `~`, where its element separator `*` belongs"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), HEADERS)
def test_a_header_is_told_by_what_it_lacks_or_has_too_much(old: str, new: str, said: str) -> None:
    assert old in WHOLE
    reading = read_bytes(WHOLE.replace(old, new).encode())
    assert reading.findings["message"].to_list() == [said]
    assert reading.findings["remedy"].item()
    assert reading.answers == ()


@pytest.mark.parametrize(
    "content", [LINES, LINES.replace("\n", "\r\n"), LINES.replace("\n", "\n  ")]
)
def test_a_header_without_isa16_is_known_where_lines_end_behind_terminators(content: str) -> None:
    reading = read_bytes(content.replace("*>~", "*~", 1).encode())
    assert reading.findings["message"].to_list() == [HEADERS[0][2]]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\n  "])
def test_a_line_end_is_no_terminator_where_the_other_segments_have_one(ends: str) -> None:
    content = LINES.replace("\n", ends).replace("*>~", "*>", 1)
    reading = read_bytes(content.encode())
    said = "no segment terminator stands behind ISA16 `>`; the segments behind it end with `~`"
    assert reading.findings["message"].to_list() == [said]
    assert reading.answers == ()


def test_a_header_without_isa16_is_known_where_lines_end_segments() -> None:
    said = "ISA16 is missing, the component separator: nothing stands there"
    assert read_bytes(ENDED.replace("|^\n", "|\n", 1).encode()).findings["message"].item() == said
    assert one(through_bytes(ENDED.encode()))["status"] == "loaded"


def test_names_that_end_like_the_next_segment_are_no_end_of_the_header() -> None:
    for name in ("GS             ", "ACME GS        ", "WIDGETS"):
        content = WHOLE.replace("*ZZ*ILEC           *", f"*ZZ*{name}*", 1)
        assert one(through_bytes(content.encode()))["status"] == "loaded"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("UNA:+.? 'UNB+UNOA:1+", "the file is EDIFACT"),
        ("UNB+UNOA:1+SENDER'", "the file is EDIFACT"),
        ("STX=ANA:1+5000000000000:SENDER'", "the file is TRADACOMS"),
        (WHOLE[106:], "an interchange begins with ISA, here stands `GS*CI*ILEC*R`"),
        ("I\0S\0A\0*\0", "the file is UTF-16"),
    ],
)
def test_another_format_is_told_by_its_name(content: str, said: str) -> None:
    gate = through_bytes(content.encode(), profile="x12-811")
    assert said in gate.messages


@pytest.mark.parametrize(
    "content",
    [
        WHOLE + "~",
        WHOLE + "~~\r\n~\x1a",
        WHOLE.replace("*>~GS", "*>~~GS"),
        WHOLE.replace("~HL*2", "~~\n~HL*2"),
        WHOLE.replace("~SE*", "~~SE*").replace("~IEA", "~~IEA"),
        WHOLE + "\0" * 5000,
        WHOLE[:-1] + "\0" * 3 + "\r\n\0 ",
        ENDED + "\n\n",
    ],
    ids=range(8),
)
def test_empty_segments_and_padding_say_nothing(content: str) -> None:
    gate = through_bytes(content.encode())
    assert one(gate)["status"] == "loaded"
    assert gate.findings.is_empty()
    assert gate.lines["source_row"].to_list() == [13]


def test_a_terminator_too_many_may_stand_between_interchanges_of_other_separators() -> None:
    other = text_of(whole(BODY.replace("INV1", "INV2")), Look("|", "^", "!"))
    gate = through_bytes(f"{WHOLE}~~\n{other}!!".replace("|000000001|", "|000000002|", 1)
                         .replace("IEA|1|000000001", "IEA|1|000000002").encode())  # fmt: skip
    assert gate.documents["status"].to_list() == ["loaded", "loaded"], gate.messages


def test_nul_characters_within_the_text_are_told_with_their_place() -> None:
    gate = through_bytes(WHOLE.replace("~HL*2", "~\0\0HL*2").encode())
    [message] = gate.findings["message"]
    assert (
        "9: NUL characters stand in the middle of the file, before `HL*2*1*4*1~P` (rule" in message
    )
    gate = through_bytes(LINES.replace("HL*2", "\0\0HL*2").encode())
    assert "before `HL*2*1*4*1~` (rule" in gate.messages


@pytest.mark.parametrize("behind", ["\0\0" + WHOLE.replace("INV1", "INV2"), "Page 1 of 1\n"])
def test_what_follows_a_whole_interchange_takes_nothing_from_it(behind: str) -> None:
    gate = through_bytes(f"{WHOLE}{behind}".encode())
    assert gate.documents["status"].to_list() == ["loaded", "refused"]
    assert gate.findings["source_row"].to_list() == [21]
    assert "(rule file: a file holds interchanges and nothing else)" in gate.messages


@pytest.mark.parametrize("cut", ["IEA*1*", "IEA*1", "IEA*"])
def test_an_iea_that_is_cut_off_is_told_once(cut: str) -> None:
    [message] = read_bytes((WHOLE[: WHOLE.index("IEA*")] + cut).encode()).findings["message"]
    assert "segment 20: the IEA says no control number: it was cut off (rule IEA" in message
    assert "IEA01" not in message and "IEA02" not in message


def test_a_group_that_is_cut_in_its_header_is_not_called_by_a_name_it_lacks() -> None:
    [message] = read_bytes(WHOLE[:130].encode()).findings["message"]
    assert "the file ends inside the header of its group" in message


# --- sets -----------------------------------------------------------------------------------------


def rules(content: str) -> list[str]:
    """Return segment and rule of each fault that is told of the refused documents of a file."""
    gate = through_bytes(content.encode())
    assert set(gate.documents["status"]) == {"refused"}
    assert set(gate.findings["code"]) == {"document_unreadable"}
    parts = " ".join(gate.findings["message"]).split("segment ")
    said = [
        (part.partition(":")[0], part.partition("(rule ")[2].partition(":")[0]) for part in parts
    ]
    return [f"{segment} {rule}" for segment, rule in said if rule]


LOST = [
    ("GS", "2 stray"),
    ("ST", "3 stray"),
    ("BIG", "3 BIG"),
    ("CUR", "17 SE01"),
    ("REF", "17 SE01"),  # which takes the account with it
    ("N1", "17 SE01"),  # and the carrier
    ("HL", "17 SE01"),  # and what stands below
    ("SLN", "17 SE01"),
    ("TDS", "3 TDS"),
    ("SE", "18 SE"),
    ("GE", "19 GE"),
    ("IEA", "19 IEA"),
]


@pytest.mark.parametrize(("name", "told"), LOST)
def test_a_segment_that_is_lost_is_told_once(name: str, told: str) -> None:
    segments = whole(BODY)
    at = next(at for at, one in enumerate(segments) if one[0] == name)
    assert rules(text_of(segments[:at] + segments[at + 1 :])) == [told]


@pytest.mark.parametrize(
    ("name", "told"),
    [("BIG", "5 BIG"), ("HL", "10 HL01"), ("SLN", "19 SE01"), ("TDS", "18 TDS"), ("SE", "19 stray"),
     ("GE", "20 stray")],
)  # fmt: skip
def test_a_segment_that_stands_twice_is_told_once(name: str, told: str) -> None:
    segments = whole(BODY)
    at = next(at for at, one in enumerate(segments) if one[0] == name)
    assert rules(text_of(segments[: at + 1] + segments[at:])) == [told]


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ("*1*EA", "13 SE"),  # inside the only charge
        ("~HL*2*1", "10 SE"),
        ("~BIG*20261110*IN", "4 SE"),
        ("~TDS*37", "17 SE"),
        ("~SE*1", "18 GE"),
        ("~GE*1", "19 IEA"),
    ],
)
def test_a_file_that_is_cut_short_is_told_by_that_alone(ends: str, told: str) -> None:
    content = text_of(whole(BODY.replace("*A*2*EA", "*A*1*EA")))
    assert rules(content[: content.index(ends) + len(ends)]) == [told]


@pytest.mark.parametrize("old", ["MONTHLY", "UM**A3", "*18.50*", "305R010001", "6145550131"])
def test_a_terminator_in_the_data_is_told_by_what_stands_behind_it(old: str) -> None:
    content = WHOLE.replace(old, f"{old[:3]}~{old[3:]}")
    gate = through_bytes(content.encode())
    assert one(gate)["status"] == "refused"
    [message] = gate.findings["message"]
    assert f"`{old[3:]}" in message
    assert "begins no segment: a terminator stands in the data before it" in message
    assert "no account" not in message
    assert (
        gate.findings["remedy"].item() == "ask the carrier for a terminator that stands in no data"
    )


def test_segments_outside_their_set_are_told_by_the_first_in_a_row() -> None:
    segments = whole(BODY)
    stray = [seg("NTE", "", "ONE"), seg("NTE", "", "TWO")]
    assert rules(text_of([*segments[:-2], *stray, *segments[-2:]])) == ["19 stray"]
    assert rules(text_of([*segments[:-1], *stray, segments[-1]])) == ["20 stray"]
    apart = [*segments[:2], stray[0], *segments[2:-2], stray[1], *segments[-2:]]
    assert rules(text_of(apart)) == ["3 stray", "20 stray"]
    assert bytes_of(apart).count(b"NTE") == 2
