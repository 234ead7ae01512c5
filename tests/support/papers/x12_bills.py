"""Whole invented bills as 811, with chosen quirks, and the lines that must come of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import strategies as st
from x12_paper import LOOKS, Look, Segment, seg, whole

CENT = Decimal("0.01")
TITLES = {
    "recurring": "MONTHLY SERVICE",
    "occ": "OTHER CHARGES AND CREDITS",
    "usage": "LOCAL USAGE",
    "surcharge": "SURCHARGES AND FEES",
    "late_charge": "LATE PAYMENT CHARGES",
    "adjustment": "ADJUSTMENTS",
}
PRICED = ("it1", "sln", "sln_amt")
one_of = st.sampled_from


def cents(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda n: Decimal(n).scaleb(-2))


@dataclass(frozen=True)
class Item:
    """A charge as it is meant, before it is written."""

    how: str
    """it1, sln, sln_amt, ita, credit, tcd, usd"""
    units: Decimal
    rate: Decimal
    usoc: str | None
    wtn: str | None
    circuit: str | None
    order: str | None
    text: str | None
    days: tuple[dt.date, dt.date] | None
    """First and last day."""
    taxes: tuple[tuple[str, Decimal, str], ...]
    """Kind, amount and relationship."""
    ranged: bool
    below: bool
    """Whether its number stands at its HL, and not behind it."""

    @property
    def amount(self) -> Decimal:
        """What the line comes to."""
        if self.how in ("sln", "sln_amt", "it1"):
            return (self.units * self.rate).quantize(CENT, ROUND_HALF_UP)
        worth = self.rate.quantize(CENT, ROUND_HALF_UP)
        return -abs(worth) if self.how == "credit" else worth


@dataclass
class Group:
    kind: str
    totals: bool
    """Whether the group states the sum of its charges as an IT1 of its own."""
    items: list[Item]


@dataclass
class Bill:
    """A bill and how it is written."""

    groups: list[Group]
    look: Look
    early: bool
    """Whether the summary stands before the detail."""
    dollars: bool
    """Whether TDS has a point."""
    repeated: bool
    """Whether each SLN is followed by an IT1 of its amount."""
    memo: bool
    balances: tuple[Decimal, Decimal, Decimal] | None
    lines: list[dict[str, Any]] = field(default_factory=list)

    def total(self) -> Decimal:
        return sum((line["amount"] for line in self.lines), Decimal(0))


@st.composite
def items(draw: st.DrawFn, kind: str) -> Item:
    how = draw(one_of({"usage": ["tcd", "usd"]}.get(kind, ["it1", "sln", "sln", "sln_amt", "ita"])))
    how = "credit" if kind == "adjustment" else how
    first = dt.date(2026, 11, draw(st.integers(1, 28)))
    last = first + dt.timedelta(days=draw(st.integers(0, 40)))
    taxes = draw(
        st.lists(st.tuples(one_of(["ST", "FD"]), cents(0, 300), one_of(["A", "", "O"])), max_size=2)
    )
    places = one_of([1, 10, 100, 10000])
    return Item(
        how=how,
        units=Decimal(draw(st.integers(1, 9))),
        rate=Decimal(draw(st.integers(1, 90000))) / draw(places) if how != "ita" else draw(
            cents(1, 9000)
        ),
        usoc=draw(one_of(["1FB", "9ZR", "UEPBX", None])) if how in PRICED else None,
        wtn=draw(one_of([None, "6145550131", "6145550132"])),
        circuit=draw(one_of([None, "11.HCGS.000123..NT"])),
        order=draw(one_of([None, "N1001", "C2002"])),
        text=draw(one_of([None, "LINE", "A  *  B"])),
        days=draw(st.none() | st.just((first, last))),
        taxes=tuple(taxes),
        ranged=draw(st.booleans()),
        below=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def bills(draw: st.DrawFn) -> Bill:
    """Return a bill with any quirks."""
    kinds = draw(st.lists(one_of(sorted(TITLES)), max_size=4))
    groups = [
        Group(kind, draw(st.booleans()), draw(st.lists(items(kind), min_size=1, max_size=4)))
        for kind in kinds
    ]
    look = draw(one_of(LOOKS))
    balance = st.tuples(cents(0, 50000), cents(-50000, 0), cents(-900, 900))
    bill = Bill(
        groups=groups,
        look=look,
        early=draw(st.booleans()),
        dollars=draw(st.booleans()),
        repeated=draw(st.booleans()),
        memo=draw(st.booleans()),
        balances=draw(st.none() | balance),
    )
    write(bill)
    return bill


def write(bill: Bill) -> list[Segment]:
    """Return the interchange of a bill; its lines are noted as they are written."""
    bill.lines = []
    detail: list[Segment] = [seg("HL", 1, "", 2, 1)]
    number = 1
    for group in bill.groups:
        number += 1
        above = number
        detail += [seg("HL", above, 1, 4, 1), seg("PID", "F", "", "", "", TITLES[group.kind])]
        if group.totals:
            worth = sum((item.amount for item in group.items), Decimal(0))
            detail.append(seg("IT1", above, 1, "M4", worth))
        for item in group.items:
            number += 1
            detail += [seg("HL", number, above, 8, 0), *_item(bill, group, item)]
    total = bill.total()
    tds = f"{total:.2f}" if bill.dollars else int(total * 100)
    summary = [seg("TDS", tds)]
    if bill.balances:
        previous, paid, adjusted = bill.balances
        due = previous + paid + adjusted + total
        parts = {"PB": previous, "TP": paid, "NA": adjusted, "TT": due}
        summary += [seg("BAL", "M", name, value) for name, value in parts.items()]
    head = [
        seg("BIG", "20261110", "INV1", "", "", "", "", "CD"),
        seg("REF", "12", "305R010001"),
        seg("ITD", "01", "3", "", "", "", "20261125"),
        seg("N1", "PE", "ILEC", "92", "1"),
    ]
    body = [*head, *summary, *detail] if bill.early else [*head, *detail, *summary]
    sets = [body]
    if bill.memo:
        sets.append([seg("BIG", "20261110", "INV1", "", "", "", "", "ME"), *body[1:]])
    return whole(*sets)


def _item(bill: Bill, group: Group, item: Item) -> list[Segment]:
    """Return the segments of a charge."""
    if item.text:
        item = replace(item, text=item.text.replace(bill.look.element, "#"))
    own: list[Segment] = []
    if item.how == "it1":
        own.append(seg("IT1", 1, item.units, "M4", item.amount, "", "A3", item.usoc))
    elif item.how.startswith("sln"):
        rate = item.rate
        own.append(seg("SLN", 1, "", "A", item.units, "EA", f"{rate:f}", "UM", "", "A3", item.usoc))
    elif item.how in ("ita", "credit"):
        code = "A" if item.how == "credit" else "C"
        amount = int(abs(item.amount) * 100)
        own.append(seg("ITA", code, "", "", "06", "", "", amount))
    elif item.how == "tcd":
        own.append(seg("TCD", 1, "", *[""] * 7, item.units, "", item.amount))
    else:
        own.append(seg("USD", "A", 1, *[""] * 6, int(item.amount * 100)))
    number = [seg("SI", "TI", "SC", "X", "TN", item.wtn)] if item.wtn else []
    facts = [] if item.below else number
    facts += [seg("REF", "CN", item.circuit)] if item.circuit else []
    facts += [seg("REF", "OR", item.order)] if item.order else []
    facts += [seg("PID", "F", "", "", "", item.text)] if item.text else []
    facts += _days(item)
    facts += [seg("AMT", 1, item.amount)] if item.how == "sln_amt" else []
    if item.how in ("usd",) and item.units:
        facts.append(seg("QTY", "94", item.units))
    _note(bill, group, item)
    taxes = [seg("TXI", kind, worth, *[""] * 4, how) for kind, worth, how in item.taxes]
    after = [seg("IT1", 1, 1, "M4", item.amount)] if _is_repeated(bill, item) else []
    return [*(number if item.below else []), *own, *facts, *taxes, *after]


def _is_repeated(bill: Bill, item: Item) -> bool:
    return bill.repeated and item.how.startswith("sln") and item.amount != 0


def _days(item: Item) -> list[Segment]:
    if not item.days:
        return []
    first, last = (f"{day:%Y%m%d}" for day in item.days)
    if item.ranged:
        return [seg("DTM", "150", "", "", "", "RD8", f"{first}-{last}")]
    return [seg("DTM", "150", first), seg("DTM", "151", last)]


def _note(bill: Bill, group: Group, item: Item) -> None:
    """Note the lines a charge gives: itself and the taxes that add."""
    shared = {
        "wtn": item.wtn,
        "circuit_id": item.circuit,
        "order_no": item.order,
        "service_from": item.days and item.days[0],
        "service_until": item.days and item.days[1] + dt.timedelta(days=1),
    }
    kind = group.kind
    if kind == "occ":
        kind = "prorated" if item.days and item.days[1] > item.days[0] else "one_time"
    quantity = None if item.how in ("ita", "credit") else item.units
    bill.lines.append(
        {
            "charge_class": kind,
            "usoc": item.usoc,
            "description": item.text,
            "quantity": quantity,
            "amount": item.amount,
            **shared,
        }
    )
    of_tax = "surcharge" if group.kind == "surcharge" else "tax"
    for name, worth, how in item.taxes:
        if how != "O":
            tax = {"charge_class": of_tax, "usoc": None, "description": name, "quantity": None}
            bill.lines.append({**tax, "amount": worth, **shared})
