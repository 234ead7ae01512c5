"""Invented bank files for hypothesis: every kind of entry, in every dress."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bank_writers import Advice, Batch, Entry, File, Item, x820
from hypothesis import strategies as st

from invoices.bank import BankReading, identify, read
from invoices.bank.statement import StatementProfile
from invoices.calendar import add_banking_days, is_banking_day

WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=12).filter(
    lambda word: word.strip("0") != ""
)
"""Nothing but zeros would be no word."""
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31))
ROUTING = st.text("0123456789", min_size=8, max_size=8)
TRACES = st.integers(1, 10**15 - 1).map("{:015d}".format)


def read_of(content: bytes, kind: str = "nacha", *profiles: StatementProfile) -> BankReading:
    """Return what a file says; it is recognised as what it is."""
    assert identify(content[:4096], profiles) == kind
    reading = read(content, profiles)
    assert reading is not None
    return reading


def told(reading: BankReading) -> list[tuple[object, ...]]:
    """Return row, record and field of every fault."""
    return reading.faults.select("row", "record", "field").rows()


def amounts(most: int = 99_999_999) -> st.SearchStrategy[Decimal]:
    """Dollars and cents above nothing."""
    return st.integers(1, most).map(lambda n: Decimal(n).scaleb(-2))


@st.composite
def advices(draw: st.DrawFn) -> Advice:
    """An 820 that comes out, in separators of its own."""
    items = draw(
        st.lists(
            st.builds(
                Item,
                invoice_no=WORDS,
                paid=amounts(),
                ban=st.one_of(st.just(""), WORDS),
                day=st.one_of(st.none(), DAYS),
            ),
            min_size=1,
            max_size=6,
        )
    )
    element, segment = draw(st.sampled_from([("*", "~"), ("*", "\\"), ("|", "~"), ("¦", "~")]))
    compact = draw(st.booleans())
    return Advice(items, element=element, segment=segment, compact=compact)


@st.composite
def entries(draw: st.DrawFn, sec: str) -> Entry:
    """An entry that may stand in a batch of its class."""
    base = {"rdfi": draw(ROUTING), "individual_id": draw(st.one_of(st.just(""), WORDS))}
    if sec == "COR":
        code = draw(st.sampled_from(["C01", "C02", "C05"]))
        changed = (code, draw(TRACES), draw(WORDS))
        return Entry(Decimal(0), draw(st.sampled_from(["21", "26"])), changed=changed, **base)
    if sec == "CTX" and draw(st.booleans()):
        advice = draw(advices())
        return Entry(advice.paid, draw(st.sampled_from(["22", "27"])), addenda=x820(advice), **base)
    if draw(st.integers(0, 4)) == 0:
        returned = (draw(st.sampled_from(["R01", "R29", "R10"])), draw(TRACES))
        return Entry(draw(amounts()), "26", returned=returned, **base)
    if draw(st.integers(0, 5)) == 0:
        return Entry(Decimal(0), "28", **base)
    invoice, amount = draw(WORDS), draw(amounts())
    note = draw(st.sampled_from(["", "THANK YOU", f"RMR*IV*{invoice}**{amount}\\"]))
    return Entry(amount, draw(st.sampled_from(["27", "22", "37"])), addenda=note, **base)


@st.composite
def batches(draw: st.DrawFn, created: dt.date) -> Batch:
    """A batch of one class, that names its day as banks do: well, not at all, or absurdly."""
    sec = draw(st.sampled_from(["CCD", "CTX", "PPD", "COR"]))
    near = st.integers(-400, 200).map(lambda days: created + dt.timedelta(days))
    return Batch(
        draw(st.lists(entries(sec), min_size=1, max_size=4)),
        company_id=draw(st.sampled_from(["1234567890", "9876543210"])),
        sec=sec,
        effective=draw(st.one_of(st.none(), near, st.sampled_from(["000000", "000101", "991231"]))),
        settlement_day=draw(
            st.one_of(st.sampled_from(["   ", "000"]), st.integers(1, 365).map("{:03d}".format))
        ),
    )


@st.composite
def files(draw: st.DrawFn) -> File:
    """A file whose totals come out."""
    created = draw(DAYS)
    return File(draw(st.lists(batches(created), max_size=4)), created=created)


def settled_model(created: dt.date, effective: str, julian: str) -> dt.date:
    """Return when a batch settles, looked for day by day: from the day it was made outward."""
    wished = None
    if effective.strip(" 0"):
        there = dt.date(2000 + int(effective[:2]), int(effective[2:4]), int(effective[4:]))
        wished = there if -300 <= (there - created).days <= 60 else None
    if not julian.strip(" 0"):
        if wished is None:
            return add_banking_days(created, 1)
        while not is_banking_day(wished):
            wished += dt.timedelta(1)
        return wished

    def outward(near: dt.date, most: int) -> dt.date | None:
        for apart in range(most + 1):
            for day in (near - dt.timedelta(apart), near + dt.timedelta(apart)):
                if day.timetuple().tm_yday == int(julian):
                    return day
        return None

    agreed = outward(wished, 7) if wished else None
    found = agreed or outward(created, 366)
    assert found is not None
    return found
