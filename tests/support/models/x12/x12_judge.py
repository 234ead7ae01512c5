"""A slow, plain reader of 811 that judges the fast one: a state machine over a list of segments.

It is written from `docs/formats/x12-811.md` with lists, dicts and `decimal`, one segment after the
other, for the default profile. It knows no piece, no frame and no expression.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from x12_bill import LINES, Bill, Charge, Node, date, implied, number, pair
from x12_decided import decide

from invoices.carrier.x12.segments import KNOWN

ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA")


SUMMARY = ("TDS", "BAL", "CTT", "N1")


def judge(segments: list[list[str]]) -> list[Bill]:
    """Return the sets of a file of whole envelopes, judged; segments are lists of elements."""
    bills: list[Bill] = []
    for at, raw in enumerate(segments, 1):
        parts = [part.strip(" \t") for part in raw] + [""] * 45
        if parts[0] == "ST":
            bills.append(Bill(parts[2], parts[1], at, head=Node(at)))
            bills[-1].nodes = [bills[-1].head]
            state = _State(bills[-1], bills[-1].head)
        elif parts[0] == "SE":
            bills[-1].end = at
            if parts[1] != str(at - bills[-1].segment + 1):
                bills[-1].rules.append("SE01")
            if parts[2] != bills[-1].control:
                bills[-1].rules.append("SE02")
        elif parts[0] not in ENVELOPE:
            state.step(at, parts, len(raw))
    for bill in bills:
        decide(bill)
    return bills


class _State:
    """What is open in a set."""

    def __init__(self, bill: Bill, node: Node) -> None:
        self.bill, self.node = bill, node
        self.line: Charge | None = None
        self.after_line = False
        self.summary = False

    def step(self, at: int, p: list[str], width: int) -> None:
        """Take in one segment."""
        bill, id_ = self.bill, p[0]
        if id_ not in KNOWN:
            bill.unread.append(at)
        elif id_ == "HL":
            self._hl(at, p)
        elif id_ in SUMMARY:
            self.summary = len(bill.nodes) > 1
            self.node, self.line, self.after_line = bill.head, None, False
            self._summary(p)
        elif id_ in ("LX", "III", "FA1"):
            self.line, self.after_line = None, False
        elif id_ in (*LINES, "ITA"):
            self._charge(at, p, width)
        elif id_ == "TXI":
            if p[2] and p[7] in ("", "A") or p[7] not in ("", "A", "O", "I") and p[2]:
                tax = Charge(at, "TXI", self.node, self.line, p)
                self.node.charges.append(tax)
        elif id_ == "BIG":
            bill.seen.append("BIG")
            bill.big = bill.big or p
        elif id_ in ("SI", "REF", "DTM", "PID", "QTY", "AMT") and not self.summary:
            if self.line is not None:
                _fact(self.line.facts, self.line.faults, p, width)
            elif not self.node.opened:
                _fact(self.node.facts, [], p, width)

    def _hl(self, at: int, p: list[str]) -> None:
        self.node = Node(at, p[1], p[2] or None, p[3])
        self.line, self.after_line, self.summary = None, False, False
        self.bill.nodes.append(self.node)

    def _summary(self, p: list[str]) -> None:
        bill = self.bill
        if p[0] == "TDS":
            bill.seen.append("TDS")
            bill.total = implied(p[1]) if bill.seen.count("TDS") == 1 else bill.total
        elif p[0] == "BAL":
            value = number(p[3], 9, 2)
            if value is None:
                bill.rules.append("BAL")
            else:
                bill.balances[p[2]] = bill.balances.get(p[2], Decimal(0)) + value
        elif p[0] == "N1" and p[1] == "PE":
            bill.payee = bill.payee or p[2]
        elif p[0] == "N1" and p[1] == "PR":
            bill.payer = bill.payer or p[4]

    def _charge(self, at: int, p: list[str], width: int) -> None:
        is_sub = p[0] == "ITA" and self.after_line
        charge = Charge(at, p[0], self.node, self.line if is_sub else None, p)
        charge.facts["width"] = width
        self.node.opened = True
        if not is_sub:
            self.line = charge
            self.after_line = p[0] != "ITA"
        informs = {"SLN": p[3] == "O", "TCD": p[16] == "O", "USD": p[1] == "O"}
        if not (informs.get(p[0]) or p[0] == "ITA" and p[1] in ("N", "P", "Q", "R")):
            self.node.charges.append(charge)


def _fact(facts: dict[str, Any], faults: list[str], p: list[str], width: int) -> None:
    """Take in a fact of a line or a node; the first of a kind counts."""

    def first(name: str, value: Any) -> None:
        if value is not None and value != "":
            facts.setdefault(name, value)

    if p[0] == "SI":
        first("wtn", pair(p, 2, width, ("TN",)))
        first("circuit", p[2] if p[1] == "CI" and p[2] else pair(p, 2, width, ("CI",)))
    elif p[0] == "REF":
        first(f"REF{p[1]}", p[2])
    elif p[0] == "PID":
        first("text", p[5])
    elif p[0] == "QTY":
        value = number(p[2], 9, 6)
        if p[2] and value is None:
            faults.append("QTY")
        first("QTY94" if p[1] == "94" else "QTY", value)
    elif p[0] == "AMT" and p[1] == "1":
        value = number(p[2], 9, 2)
        if value is None or "amount" in facts or "AMT" in faults:
            faults.append("AMT")
        elif p[3] == "C":
            value = -abs(value)
        first("amount", value)
    elif p[0] == "DTM":
        _dates(facts, faults, p, first)


def _dates(facts: dict[str, Any], faults: list[str], p: list[str], first: Any) -> None:
    q = p[1]
    if p[5] == "RD8":
        ends = [date(end) for end in p[6].split("-")]
        if len(ends) != 2 or None in ends:
            faults.append("DTM")
            return
        kind = "service" if q in ("150", "151") else "period"
        first(f"{kind}_from", ends[0])
        first(f"{kind}_through", ends[1])
    elif q in ("150", "151", "186", "187", "814"):
        day = date(p[2] or (p[6] if p[5] == "D8" else ""))
        if day is None:
            faults.append("DTM")
            return
        kind = {"150": "service_from", "151": "service_through", "186": "period_from"}
        first({**kind, "187": "period_through", "814": "due"}[q], day)
