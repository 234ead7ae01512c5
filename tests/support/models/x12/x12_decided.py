"""What a bill of an 811 comes to: its tree, its charges, which of them count, its lines."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from x12_bill import CENT, Bill, Charge, Node, date, implied, number, pair

from invoices.carrier.x12.profile import TITLES


def _period(facts: dict[str, Any]) -> tuple[dt.date | None, dt.date | None] | None:
    for kind in ("service", "period"):
        found = facts.get(f"{kind}_from"), facts.get(f"{kind}_through")
        if found != (None, None):
            return found
    return None


def decide(bill: Bill) -> None:
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
        c.usoc = pair(p, pairs, width, ("A3", "NU", "SV"))
        c.usoc = c.usoc.upper() if c.usoc else None
        c.text = pair(p, pairs, width, ("PD",))
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
            usoc = pair(c.base.printed, pairs, c.base.facts["width"], ("A3", "NU", "SV"))
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
    if kind in ("occ", "occ_one_time", "occ_prorated"):
        kind = "prorated" if longer or kind == "occ_prorated" else "one_time"
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
