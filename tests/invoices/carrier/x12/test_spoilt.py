"""An interchange that is spoilt somewhere is refused, held, or says what it said before.

Nothing raises, and no sum that differs is let in without a word.
"""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from x12_paper import (
    BODY,
    Look,
    a_set,
    bytes_of,
    footed,
    group,
    interchange,
    parse,
    read_bytes,
    text_of,
)

LOOK = Look(after="\n")
MORE = """HL*4*1*4*1
PID*F****OTHER CHARGES AND CREDITS
HL*5*4*8*0
IT1*1*1*M4*12.50***A3*NRC1
TXI*ST*1.25**VD*OH**A
ITA*A***06***100******PROMO
TCD*1*20261103**********0.35
USD*A*1*******25
TDS*5035
BAL*M*PB*10.00
BAL*M*TP*-10.00
CTT*2"""
LONG = BODY.replace("INV1", "INV2").replace("TDS*3700", MORE)
FA = parse("GS*FA*A*B*20261110*0101*9*X*004010~ST*997*1~AK1*CI*1~AK9*A*1*1*1~SE*4*1~GE*1*9")
GROUPS = [FA, group(a_set(BODY), control="2"), group(a_set(LONG))]
WHOLE = interchange(*GROUPS)
SUMS = {"INV1": Decimal("37.00"), "INV2": Decimal("50.35")}


def spoilt(content: bytes) -> str:
    """Read a file and say what is wrong with it; empty where nothing is."""
    reading = read_bytes(content)
    gate = footed(reading)
    for invoice, charges, due in (
        gate.documents.filter(status="loaded")
        .select("invoice_no", "current_charges", "total_due")
        .iter_rows()
    ):
        # A number may be spoilt too: then the sums are one or the other.
        expected = [SUMS[invoice]] if invoice in SUMS else list(SUMS.values())
        if not gate.messages:
            assert charges in expected and due == charges
        held = gate.lines.filter(invoice_no=invoice)["amount"].sum()
        assert held == charges
    for answer in reading.answers:
        text = answer.text(None)
        assert text.startswith("ISA") and len({text[3], text[104], text[105]}) == 3
        assert "AK2*997" not in text
    return gate.messages


def test_what_is_not_spoilt_says_nothing() -> None:
    assert spoilt(bytes_of(WHOLE, LOOK)) == ""


UNTOLD = ("ST", "SE", "AK1", "AK9")
"""Of the acknowledgement beside the bills nothing is read."""


def test_a_segment_that_is_lost_is_told() -> None:
    for at in range(0, len(WHOLE), 3):
        segments = WHOLE[:at] + WHOLE[at + 1 :]
        assert spoilt(bytes_of(segments, LOOK)) or WHOLE[at][0] in UNTOLD


def test_a_segment_that_stands_twice_is_told_and_one_elsewhere_changes_no_sum() -> None:
    for at in range(1, len(WHOLE), 5):
        segments = WHOLE[: at + 1] + WHOLE[at:]
        assert spoilt(bytes_of(segments, LOOK)) or WHOLE[at][0] in UNTOLD
        rest = WHOLE[:at] + WHOLE[at + 1 :]
        other = (at * 7 + 5) % len(rest)
        spoilt(bytes_of([*rest[:other], WHOLE[at], *rest[other:]], LOOK))


def test_groups_in_another_order_say_the_same() -> None:
    for order in ([2, 1, 0], [1, 0, 2], [0, 2, 1]):
        assert spoilt(bytes_of(interchange(*(GROUPS[at] for at in order)), LOOK)) == ""


@pytest.mark.parametrize("seed", range(4))
def test_characters_that_are_changed_lost_or_added(seed: int) -> None:
    drawn = random.Random(seed)
    text = text_of(WHOLE, LOOK)
    for _ in range(8):
        at, sign = drawn.randrange(len(text)), drawn.choice("~*>\n 09.-AZ\0\x1a\xa0☎")
        for changed in (
            text[:at] + sign + text[at + drawn.randrange(3) :],
            text[:at] + text[at + 1 :],
        ):
            spoilt(changed.encode())


@pytest.mark.parametrize("new", ["|", "A", "\n", "*", "~", "\0"])
def test_separators_that_are_others(new: str) -> None:
    text = text_of(WHOLE, LOOK)
    for old in "*>~":
        spoilt(text.replace(old, new).encode())
        spoilt(text.replace(old, new, 20).encode())
