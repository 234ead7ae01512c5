"""The fast reader of 811 says what a slow state machine says: the same lines, the same places."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from x12_bill import Bill
from x12_judge import judge
from x12_paper import LOOKS, Segment, bytes_of, footed, read_bytes, seg, whole

from invoices.carrier.x12 import tokens

COMPARED = (
    *("line_no", "source_row", "charge_class", "ban", "usoc", "description", "quantity"),
    *("unit_rate", "amount", "wtn", "circuit_id", "order_no", "service_from", "service_until"),
)
one_of = st.sampled_from
CENTS = st.integers(-300, 900).map(lambda n: f"{Decimal(n) / 100:.2f}")
MONEY = (
    CENTS | one_of(["5", "5.00", "12.5", "0", "-0", ".5", "7."]) | one_of(["", "1e3", "x", "4.005"])
)
UNITS = one_of(["", "1", "2", "1", "3", "2.5", "-1", "0", "0.333333", "y", ""])
IMPLIED = one_of(["", "500", "-25", "5.00", "0", "12.345", "z"])
DAYS = one_of(
    ["20261101", "20261130", "20261105", "261120", "20261105", "20261115", "20261332", "711231"]
)
RELATION = one_of(["", "A", "O", "I", "D"])
QUALIFIED = one_of(["", "1FB", "9ZR", "ab1"])
WORDS = one_of(
    [
        "MONTHLY SERVICE",
        "Other charges and credits",
        "PRORATED CHARGES",
        "Non-recurring",
        "TAXES",
        "SURCHARGES",
        "PREVIOUS BALANCE",
    ]
    + ["USAGE", "LATE PAYMENT CHARGE", "LINE", ""]
)


def segment(name: str, *elements: Any) -> st.SearchStrategy[Segment]:
    """Return a strategy of segments; what is no strategy stands as it is."""
    parts = [one if isinstance(one, st.SearchStrategy) else st.just(one) for one in elements]
    return st.tuples(*parts).map(lambda drawn: seg(name, *drawn))


PAIR = (one_of(["A3", "NU", "SV", "PD", "ZZ"]), QUALIFIED)
BLANK = ("",) * 6
SEGMENTS = st.one_of(
    segment("IT1", "1", UNITS, "M4", MONEY, "", *PAIR, *PAIR),
    segment("SLN", "1", "", RELATION, UNITS, "EA", MONEY, "UM", "", *PAIR, *PAIR),
    segment("SLN", "1", "", "", "1", "EA", MONEY),
    segment("ITA", one_of("ACSNX"), "", "", "06", "", MONEY, IMPLIED, "", "", UNITS, "", "", WORDS),
    segment("TCD", "1", DAYS, *BLANK, "", UNITS, "", MONEY, MONEY, "", "", RELATION),
    segment("USD", RELATION, *BLANK, MONEY, IMPLIED),
    segment("TXI", one_of(["ST", "FD"]), MONEY, "", "", one_of(["", "OH"]), "", RELATION),
    segment("SI", one_of(["TI", "CI"]), one_of(["TN", "CI", "SC"]), one_of(["6145550131", ""])),
    segment("SI", "TI", "SC", "X", "TN", "6145550132", "CI", "11.ABCD.22"),
    segment("REF", one_of(["12", "11", "14", "CN", "OR", "SO", "ZZ"]), one_of(["R1", "R2", ""])),
    segment("DTM", one_of(["150", "151", "186", "187", "003"]), DAYS),
    segment(
        "DTM", one_of(["150", "186"]), "", "", "", "RD8", one_of(["20261101-20261130", "2026"])
    ),
    segment("DTM", "150", "", "", "", "D8", DAYS),
    segment("PID", "F", "", "", "", WORDS),
    segment("QTY", one_of(["94", "01"]), UNITS),
    segment("AMT", one_of(["1", "5"]), MONEY, one_of(["", "C", "D"])),
    segment("BAL", "M", one_of(["PB", "TP", "TT"]), CENTS),
    segment("N1", one_of(["PE", "87"]), "ILEC"),
    segment("LX", "1"),
    segment("III", "1"),
    segment("NTE", "", "TEXT"),
    segment("XX1", "1"),
)


@st.composite
def bodies(draw: st.DrawFn) -> list[Segment]:
    """Return the inside of a set: a heading, a tree of HL with anything under them, a total."""
    body = [seg("BIG", "20261110", "INV1")]
    body += draw(st.lists(one_of([seg("REF", "12", "B1"), seg("N1", "PR", "", "", "B9")])))
    body += draw(st.lists(one_of([seg("DTM", "186", "20261101"), seg("DTM", "187", "20261130")])))
    body += [seg("N1", "PE", "ILEC"), seg("N1", "PR", "US", "91", "B0")]
    names: list[str] = []
    broken = draw(one_of([""] * 7 + ["HL01", "HL02", "HL03"]))
    for at in range(draw(st.integers(1, 6))):
        above = draw(one_of(["", *names])) if names else ""
        level = draw(one_of(["2", "4", "4", "5", "8", "8", "8", "9"]))
        if broken and at == 2:
            level = "" if broken == "HL03" else level
            above = "77" if broken == "HL02" else above
        names.append("1" if broken == "HL01" and at == 2 else str(at + 1))
        body.append(seg("HL", names[-1], above, level))
        if level in ("4", "5") and draw(st.booleans()):
            body.append(seg("PID", "F", "", "", "", draw(WORDS)))
        body += draw(st.lists(SEGMENTS, min_size=1, max_size=8))
    return body


def by_judge(body: list[Segment], extra: Segment) -> tuple[list[Segment], Bill]:
    """Return a body with its total, and what the judge says of it."""
    segments = whole([*body, extra])
    return segments, judge(segments)[0]


def same(found: pl.DataFrame, bill: Bill) -> None:
    """Demand that lines are those of the judge."""
    told = [{name: row[name] for name in COMPARED} for row in found.to_dicts()]
    assert told == bill.lines


@given(bodies(), st.booleans(), one_of(LOOKS), st.integers(1, 400), st.data())
def test_the_reader_says_what_the_judge_says(
    body: list[Segment], ties: bool, look: Any, size: int, data: st.DataObject
) -> None:
    _, bill = by_judge(body, seg("TDS", "1"))
    total = sum((line["amount"] for line in bill.lines), Decimal(0))
    off = 0 if ties else data.draw(st.integers(-500, 500))
    if ties and data.draw(st.booleans()):
        it1s = [c.amount or 0 for c in bill.charges if c.id == "IT1"]
        off = -int(100 * (it1s[0] if it1s else 0))
    segments, bill = by_judge(body, seg("TDS", int(total * 100) + off))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "PIECE", size)
        gate = footed(read_bytes(bytes_of(segments, look)))
    assert gate.quarantine["source_row"].to_list() == bill.unread
    if bill.rules:
        assert gate.documents["status"].to_list() == ["refused"]
        assert all(rule in gate.messages for rule in bill.rules)
        return
    document = gate.documents.row(0, named=True)
    assert document["ban"] == bill.ban
    same(gate.lines, bill)
    sums = sum((line["amount"] for line in bill.lines), Decimal(0))
    assert document["line_sum"] == sums
    assert document["current_charges"] == bill.total
    assert document["lines"] == len(bill.lines)
