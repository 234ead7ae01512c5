"""What is written as 811 is read as it was meant, and nothing that changes its money passes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from examples import few
from hypothesis import assume, given
from hypothesis import strategies as st
from x12_bills import Bill, bills, write
from x12_paper import PLAIN, Segment, bytes_of, text_of, through_bytes, whole

from invoices.carrier import piecewise
from invoices.carrier.x12 import resolve, tokens
from invoices.carrier.x12.heading import parse_dollars

LINE = (
    *("charge_class", "usoc", "description", "quantity", "amount", "wtn", "circuit_id"),
    *("order_no", "service_from", "service_until"),
)
MONEY = ("previous_balance", "payments", "adjustments", "current_charges", "total_due", "line_sum")


@given(bills())
def test_a_bill_is_read_as_it_was_meant(bill: Bill) -> None:
    gate = through_bytes(bytes_of(write(bill), bill.look))
    document = gate.documents.row(0, named=True)
    assert gate.documents.height == 1
    assert document["status"] == "loaded", gate.messages
    found = [{name: row[name] for name in LINE} for row in gate.lines.to_dicts()]
    assert found == bill.lines
    assert gate.lines["line_no"].to_list() == list(range(1, len(bill.lines) + 1))
    assert document["current_charges"] == bill.total()
    carried = sum(bill.balances or (), Decimal(0))
    printed = any(bill.balances or ()) or bool(bill.balances and bill.total())
    assert document["total_due"] == bill.total() + (carried if printed else 0)


@few(5, long=200)
@given(st.lists(bills(), min_size=2, max_size=3), st.integers(200, 3000))
def test_neither_pieces_nor_what_is_kept_change_what_is_read(some: list[Bill], size: int) -> None:
    sets = []
    for at, bill in enumerate(some):
        bill.look, bill.memo = PLAIN, False
        segments = [["BIG", one[1], f"INV{at}", *one[3:]] if one[0] == "BIG" else one
                    for one in write(bill)]  # fmt: skip
        sets.append(segments[3:-3])
    content = bytes_of(whole(*sets))
    calm = through_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "PIECE", size)
        patch.setattr(resolve, "ENOUGH", 0)
        patch.setattr(piecewise, "SHARE", 10**12)
        pressed = through_bytes(content)
    assert calm.documents.equals(pressed.documents)
    assert calm.lines.equals(pressed.lines)
    assert calm.findings.equals(pressed.findings)
    assert calm.documents["status"].to_list() == ["loaded"] * len(some)


def money(content: bytes) -> dict[str, Any] | None:
    """Return the money of the bill that loads, none where nothing does."""
    gate = through_bytes(content)
    loaded = gate.documents.filter(status="loaded")
    if loaded.is_empty():
        assert gate.findings.filter(severity="error").height, "what does not load says why"
        return None
    said = loaded.row(0, named=True)
    amounts = sorted(gate.lines["amount"].to_list())
    return {**{name: said[name] for name in MONEY}, "amounts": [a for a in amounts if a]}


def recounted(segments: list[Segment]) -> list[Segment]:
    """Return segments whose sets count themselves right again."""
    fixed, start = [], 0
    for at, one in enumerate(segments):
        start = at if one[0] == "ST" else start
        fixed.append(["SE", str(at - start + 1), *one[2:]] if one[0] == "SE" else one)
    return fixed


def mutate(segments: list[Segment], how: str, a: int, b: int) -> list[Segment]:
    """Return segments one of which is dropped or doubled, or two of which change places."""
    a, b = a % len(segments), b % len(segments)
    changed = list(segments)
    if how == "drop":
        del changed[a]
    elif how == "double":
        changed.insert(a, changed[a])
    elif how == "move":
        changed.insert(b, changed.pop(a))
    else:
        changed[a], changed[b] = changed[b], changed[a]
    return changed


PLACES = st.integers(0, 10**6)


@few(10)
@given(bills(), st.sampled_from(["drop", "double", "swap", "move"]), PLACES, PLACES, st.booleans())
def test_no_segment_is_lost_doubled_or_misplaced_unseen(
    bill: Bill, how: str, a: int, b: int, recount: bool
) -> None:
    bill.look = PLAIN
    segments = write(bill)
    mutated = mutate(segments, how, a, b)
    mutated = recounted(mutated) if recount else mutated
    assume(mutated != segments)
    found = money(bytes_of(mutated))
    assert found is None or found == money(bytes_of(segments))
    if how in ("drop", "double") and not recount and not bill.memo:
        documents = through_bytes(bytes_of(mutated)).documents
        assert "refused" in documents["status"], "the counts notice"


AMOUNTS = {
    **{"IT1": (2, 4), "SLN": (4, 6), "ITA": (7,), "TCD": (12,), "USD": (9,), "TXI": (2,)},
    **{"TDS": (1,), "BAL": (3,), "AMT": (2,)},
}


@few(10)
@given(bills(), PLACES, st.sampled_from(["1", "-1", "digit"]), PLACES)
def test_no_cent_is_flipped_unseen(bill: Bill, at: int, step: str, digit: int) -> None:
    bill.look = PLAIN
    segments = write(bill)
    places = [
        (where, element)
        for where, one in enumerate(segments)
        for element in AMOUNTS.get(one[0], ())
        if element < len(one) and one[element]
    ]
    where, element = places[at % len(places)]
    changed = [list(one) for one in segments]
    text = changed[where][element]
    if step == "digit":
        digits = [n for n, character in enumerate(text) if character.isdigit()]
        n = digits[digit % len(digits)]
        text = text[:n] + str((int(text[n]) + 1 + digit % 9) % 10) + text[n + 1 :]
    elif parse_dollars(text) is not None:
        unit = Decimal(step) if "." not in text else Decimal(step).scaleb(-2)
        text = f"{Decimal(text) + unit:f}"
    assume(text != changed[where][element])
    changed[where][element] = text
    found, before = money(bytes_of(changed)), money(bytes_of(segments))
    assert found is None or found == before


@given(bills(), PLACES)
def test_no_cut_file_gives_part_of_a_bill(bill: Bill, size: int) -> None:
    bill.memo = False
    content = text_of(write(bill), PLAIN)
    # Without its very last character nothing is missing.
    cut = content[: size % (len(content) - 1)]
    found = through_bytes(cut.encode())
    assert found.documents.filter(status="loaded").is_empty()
    assert found.lines.is_empty()
