"""A slow, plain reader of 811 that judges the fast one: a state machine over a list of segments.

It is written from `docs/formats/x12-811.md` with lists, dicts and `decimal`, one segment after the
other, for the default profile. It knows no piece, no frame and no expression.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from invoices.carrier.x12.profile import TITLES
from invoices.carrier.x12.segments import KNOWN

CENT = Decimal("0.01")
R = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)", re.ASCII)
ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA")
SUMMARY = ("TDS", "BAL", "CTT", "N1")
LINES = ("IT1", "SLN", "TCD", "USD")


@dataclass
class Node:
    """A heading or an HL, with what stands under it."""

    segment: int
    hl: str | None = None
    above: str | None = None
    level: str = ""
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    opened: bool = False

    def ups(self) -> list[Node]:
        """This node, then those above it."""
        return [self, *(self.parent.ups() if self.parent else [])]

    def downs(self) -> list[Node]:
        """The nodes below it."""
        return [below for child in self.children for below in (child, *child.downs())]


@dataclass
class Charge:
    """A line, an allowance or a tax."""

    segment: int
    id: str
    node: Node
    base: Charge | None = None
    printed: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    amount: Decimal | None = None
    quantity: Decimal | None = None
    unit_rate: Decimal | None = None
    usoc: str | None = None
    text: str | None = None
    counts: bool = True


@dataclass
class Bill:
    """A set and everything the judge says of it."""

    control: str
    kind: str
    segment: int
    end: int | None = None
    head: Node = field(default_factory=lambda: Node(0))
    nodes: list[Node] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    big: list[str] = field(default_factory=list)
    total: Decimal | None = None
    seen: list[str] = field(default_factory=list)
    payee: str = ""
    payer: str = ""
    balances: dict[str, Decimal] = field(default_factory=dict)
    unread: list[int] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    ban: str | None = None
    charges: list[Charge] = field(default_factory=list)


def number(text: str, whole: int, places: int) -> Decimal | None:
    """A plain decimal with at most so many digits, or none."""
    if not R.fullmatch(text):
        return None
    value = Decimal(text)
    fits = value == round(value, places) and abs(value) < 10**whole
    return abs(value) if fits and value == 0 else value if fits else None


def implied(text: str) -> Decimal | None:
    """An element of implied cents, or dollars where it has a point."""
    if "." in text:
        return number(text, 9, 2)
    value = number(text, 11, 0)
    return None if value is None else value.scaleb(-2)


def date(text: str) -> dt.date | None:
    """A date of eight or six digits, or none."""
    if re.fullmatch("[0-9]{6}", text):
        text = ("19" if text[:2] >= "70" else "20") + text
    if not re.fullmatch("[0-9]{8}", text):
        return None
    try:
        day = dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2100 else None


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
        _decide(bill)
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


def _pair(p: list[str], first: int, width: int, qualifiers: tuple[str, ...]) -> str | None:
    for qualifier in qualifiers:
        for at in range(first, width - 1, 2):
            if p[at] == qualifier and p[at + 1]:
                return p[at + 1]
    return None


def _fact(facts: dict[str, Any], faults: list[str], p: list[str], width: int) -> None:
    """Take in a fact of a line or a node; the first of a kind counts."""

    def first(name: str, value: Any) -> None:
        if value is not None and value != "":
            facts.setdefault(name, value)

    if p[0] == "SI":
        first("wtn", _pair(p, 2, width, ("TN",)))
        first("circuit", p[2] if p[1] == "CI" and p[2] else _pair(p, 2, width, ("CI",)))
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


def _period(facts: dict[str, Any]) -> tuple[dt.date | None, dt.date | None] | None:
    for kind in ("service", "period"):
        found = facts.get(f"{kind}_from"), facts.get(f"{kind}_through")
        if found != (None, None):
            return found
    return None


# --- deciding ---------------------------------------------------------------------------------


def _decide(bill: Bill) -> None:
    """Build the tree, read the charges, choose levels, and say what the lines are."""
    _tree(bill)
    for node in bill.nodes:
        for charge in node.charges:
            _read(charge)
        silent = [c for c in node.charges if c.id in ("TCD", "USD") and c.amount is None]
        kept = [c for c in node.charges if c not in silent or c.faults and c.faults != ["none"]]
        node.charges = kept
        bill.unread += [c.segment for c in kept if c.faults]
    bill.unread.sort()
    taken = [c for node in bill.nodes for c in node.charges if not c.faults]
    for charge in taken:
        charge.counts = _counts(charge)
    bill.charges = sorted((c for c in taken if c.counts), key=lambda c: c.segment)
    repeats = _repeats(bill.charges)
    total = sum((c.amount for c in bill.charges), Decimal(0))
    without = total - sum((c.amount for c in repeats), Decimal(0))
    if repeats and total != bill.total and without == bill.total:
        bill.charges = [c for c in bill.charges if c not in repeats]
    bans = {ban for c in bill.charges if (ban := account(c.node)) is not None}
    first = next((ban for c in _by_node(bill) if (ban := account(c)) is not None), None)
    if len(bans) > 1:
        bill.ban = account(bill.head) or bill.payer or first
    else:
        anywhere = next((ban for node in bill.nodes if (ban := account(node))), None)
        bill.ban = first or anywhere or bill.payer or None
    bill.lines = [_line(bill, charge, at) for at, charge in enumerate(bill.charges, 1)]


def _by_node(bill: Bill) -> list[Node]:
    bearing = {id(c.node) for c in bill.charges}
    return [node for node in bill.nodes if id(node) in bearing]


def _tree(bill: Bill) -> None:
    named: dict[str, Node] = {}
    for node in bill.nodes[1:]:
        if node.hl in named:
            bill.rules.append("HL01")
        if node.above is not None and node.above not in named:
            bill.rules.append("HL02")
        if not node.level:
            bill.rules.append("HL03")
        node.parent = named.get(node.above or "", bill.head)
        if node.above is None:
            node.parent = bill.head
        node.parent.children.append(node)
        named.setdefault(node.hl or "", node)


def _read(c: Charge) -> None:
    p, said = c.printed, c.facts
    if c.id in ("IT1", "SLN"):
        units, price, pairs = (2, 4, 6) if c.id == "IT1" else (4, 6, 9)
        width = said["width"]
        c.usoc = _pair(p, pairs, width, ("A3", "NU", "SV"))
        c.usoc = c.usoc.upper() if c.usoc else None
        c.text = _pair(p, pairs, width, ("PD",))
        c.quantity = _number(c, p[units], 9, 6)
        if c.id == "IT1":
            c.amount = _number(c, p[price], 9, 2)
        else:
            c.unit_rate = _number(c, p[price], 9, 6)
            if c.unit_rate is not None:
                c.amount = _cents((1 if c.quantity is None else c.quantity) * c.unit_rate)
    elif c.id == "ITA":
        c.text, c.quantity = p[13] or None, _number(c, p[10], 9, 6)
        c.unit_rate = _number(c, p[6], 9, 6)
        if p[7]:
            c.amount = implied(p[7])
            c.faults += ["ITA07"] if c.amount is None else []
        elif c.quantity is not None and c.unit_rate is not None:
            c.amount = _cents(c.quantity * c.unit_rate)
        if p[1] not in ("A", "C", "S"):
            c.faults.append("ITA01")
    elif c.id == "TCD":
        given = next((p[at] for at in (12, 13, 14, 15) if p[at]), "")
        c.amount, c.quantity = _number(c, given, 9, 2), _number(c, p[10], 9, 6)
        if p[2] and date(p[2]) is None:
            c.faults.append("TCD02")
    elif c.id == "USD":
        large = _number(c, p[8], 9, 2)
        c.amount = implied(p[9]) if p[9] else large
        c.faults += ["USD09"] if p[9] and c.amount is None else []
    else:
        c.amount = number(p[2], 9, 2)
        c.text = " ".join(word for word in (p[1], p[5]) if word) or None
        if c.amount is None or p[7] not in ("", "A"):
            c.faults.append("TXI")
    _finish(c)


def _finish(c: Charge) -> None:
    """Let what follows the segment have its say, and check the charge as a whole."""
    p = c.printed
    if c.id != "TXI" and c.base is None:
        if "amount" in c.facts:
            c.amount = c.facts["amount"]
        if c.quantity is None:
            c.quantity = c.facts.get("QTY94", c.facts.get("QTY"))
        c.text = c.facts.get("text", c.text)
    if c.id == "ITA" and p[1] == "A":
        c.amount = None if c.amount is None else -abs(c.amount)
        if c.base is not None:
            pairs = 6 if c.base.id == "IT1" else 9
            usoc = _pair(c.base.printed, pairs, c.base.facts["width"], ("A3", "NU", "SV"))
            is_line = c.base.id in ("IT1", "SLN") and c.base in c.base.node.charges
            c.usoc = usoc.upper() if usoc and is_line else None
    if c.amount is None and not c.faults:
        c.faults.append("none")
    if c.amount is not None and abs(c.amount) >= 10**9:
        c.faults.append("large")
    if c.unit_rate is None and c.amount is not None and c.quantity:
        rate = c.amount / c.quantity
        exact = rate * c.quantity == c.amount and rate == round(rate, 6) and abs(rate) < 10**9
        c.unit_rate = rate if exact else None
    lessens = (c.quantity or 0) < 0 or (c.unit_rate or 0) < 0
    if c.amount is not None and c.amount > 0 and lessens:
        c.faults.append("sign")
    period = _own_period(c)
    if period and None not in period and period[1] < period[0]:
        c.faults.append("turned")


def _own_period(c: Charge) -> tuple[dt.date | None, dt.date | None] | None:
    """The days the line of a charge says itself."""
    found = _period((c.base or c).facts)
    if found is None and c.id == "TCD" and date(c.printed[2]):
        return date(c.printed[2]), date(c.printed[2])
    return found


def _number(c: Charge, text: str, whole: int, places: int) -> Decimal | None:
    if not text:
        return None
    value = number(text, whole, places)
    if value is None:
        c.faults.append(text)
    return value


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def _counts(c: Charge) -> bool:
    """Whether a charge stands on the one level that counts."""
    tax = c.id == "TXI"

    def bears(node: Node) -> bool:
        return any((x.id == "TXI") == tax and not x.faults for x in node.charges)

    node = c.node
    if _title(node) == "balance":
        return False
    if node.hl is None and not tax:
        return True
    above = [n for n in node.ups()[1:] if bears(n) and (tax or n.hl is not None)]
    below = [n for n in node.downs() if bears(n)]
    if node.level == "8":
        return True
    if any(n.level == "8" for n in above) or any(n.level != "9" for n in below):
        return False
    return not (node.level == "9" and above)


def _repeats(charges: list[Charge]) -> list[Charge]:
    """The IT1 that may be one with an SLN of the same HL and amount, the first ones first."""
    found = []
    left: dict[tuple[int, Decimal], int] = {}
    for c in charges:
        if c.id == "SLN":
            left[id(c.node), c.amount] = left.get((id(c.node), c.amount), 0) + 1
    for c in charges:
        key = (id(c.node), c.amount)
        if c.id == "IT1" and c.amount != 0 and left.get(key):
            left[key] -= 1
            found.append(c)
    return found


def account(node: Node) -> str | None:
    """The account of a node: by qualifier, then by nearness."""
    for qualifier in ("REF12", "REF11", "REF14"):
        for one in node.ups():
            if qualifier in one.facts:
                return str(one.facts[qualifier])
    return None


def words(text: str | None) -> str | None:
    """The class a title or a text stands for."""
    for one in TITLES:
        if text and any(word.upper() in text.upper() for word in one.words):
            return one.charge_class
    return None


def _title(node: Node) -> str | None:
    found = (words(n.facts.get("text")) for n in node.ups() if n.level in ("4", "5"))
    return next((title for title in found if title), None)


def _inherited(c: Charge, name: str) -> Any:
    """A number, circuit or order: of the line, else of the nearest HL of a group or below."""
    places = [(c.base or c).facts] if c.base or c.id != "TXI" else []
    places += [n.facts for n in c.node.ups() if n.level in ("4", "5", "6", "7", "8", "9")]
    lists = {
        "wtn": ("wtn",),
        "circuit": ("circuit", "REFCN"),
        "order": ("REFOR", "REFSO"),
    }
    for facts in places:
        for fact in lists[name]:
            if fact in facts:
                return facts[fact]
    return None


def _line(bill: Bill, c: Charge, at: int) -> dict[str, Any]:
    days = _own_period(c)
    for node in c.node.ups():
        if days is None and node.level in ("4", "5", "6", "7", "8", "9"):
            days = _period(node.facts)
    title, text = _title(c.node), c.text
    if text is None and c.id != "TXI":
        text = c.node.facts.get("text")
    longer = bool(days and None not in days and days[1] > days[0])
    if c.id == "TXI":
        kind = "surcharge" if title == "surcharge" else "tax"
    else:
        by_segment = "usage" if c.id in ("TCD", "USD") else None
        by_segment = "adjustment" if c.id == "ITA" and c.printed[1] == "A" else by_segment
        own = words(text) if words(text) != "balance" else None
        last = "one_time" if c.id == "ITA" else "recurring"
        kind = title or by_segment or own or last
    if kind == "occ":
        kind = "prorated" if longer else "one_time"
    if days is None and kind in ("recurring", "usage", "surcharge", "tax"):
        of_invoice = (n for n in c.node.ups() if n.level not in ("4", "5", "6", "7", "8", "9"))
        days = next((found for n in of_invoice if (found := _period(n.facts))), None)
    starts, ends = days or (None, None)
    return {
        "line_no": at,
        "source_row": c.segment,
        "charge_class": kind,
        "ban": account(c.node) or bill.payer or bill.ban,
        "usoc": c.usoc,
        "description": text,
        "quantity": c.quantity,
        "unit_rate": c.unit_rate,
        "amount": c.amount,
        "wtn": _inherited(c, "wtn"),
        "circuit_id": _inherited(c, "circuit"),
        "order_no": _inherited(c, "order"),
        "service_from": starts,
        "service_until": ends and ends + dt.timedelta(days=1),
    }
