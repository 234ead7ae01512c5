"""What heading and summary of each set say: number, dates, total, balance, names, currency.

They are few segments a set and are walked one by one, wherever in the set they stand.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

import polars as pl

from invoices.carrier.cells import AMOUNT_DIGITS, FIRST_YEAR, LAST_YEAR
from invoices.carrier.x12.profile import X12, Balance, Written
from invoices.carrier.x12.rules import Fault
from invoices.identifiers import LONGEST, REMEDY

_DOLLARS = re.compile(rf"-?(?:0*[0-9]{{1,{AMOUNT_DIGITS}}}(?:\.[0-9]{{0,2}}0*)?|\.[0-9]{{1,2}}0*)")
_CENTS = re.compile(rf"-?0*[0-9]{{1,{AMOUNT_DIGITS + 2}}}")


@dataclass
class Heading:
    """What a set says of itself."""

    number: int
    """Of the set, from 1 through the file."""
    segment: int = 0
    """Of its BIG."""
    invoice_no: str = ""
    bill_date: dt.date | None = None
    kind: str = ""
    """BIG07: whether it is payable or a memorandum."""
    due_date: dt.date | None = None
    total: int | None = None
    """TDS01, in cents."""
    balances: dict[str, list[int]] = field(default_factory=dict)
    """BAL02 -> cents."""
    payee: str = ""
    payer_account: str = ""
    counted: tuple[int, int] | None = None
    """CTT01 and its segment."""
    faults: list[Fault] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def fault(self, rule: str, segment: int, what: str, remedy: str) -> None:
        self.faults.append(Fault(rule, segment, what, remedy, self.number))

    def balance(self, qualifiers: tuple[str, ...]) -> int | None:
        """Return the sum of what stands under some BAL02, null where none does."""
        found = [cents for one in qualifiers for cents in self.balances.get(one, ())]
        return sum(found) if found else None


class Headings:
    """Walks headings set by set."""

    def __init__(self, said: X12) -> None:
        self.said = said
        self.by_set: dict[int, Heading] = {}

    def feed(self, rows: pl.DataFrame, element: str) -> None:
        """Take in the heading and summary segments of a piece (`digest.ROWS`)."""
        for number, segment, id_, text in rows.iter_rows():
            heading = self.of(number)
            parts = [part.strip(" \t") for part in text.split(element)]
            parts += [""] * (8 - len(parts))
            _STEPS[id_](heading, segment, parts, self.said)

    def of(self, number: int) -> Heading:
        """Return the heading of a set, empty where nothing was said yet."""
        known = self.by_set.get(number)
        if known is None:
            known = self.by_set[number] = Heading(number)
        return known


def parse_dollars(text: str) -> int | None:
    """Return an amount in dollars as cents, null where it is none of at most two decimals."""
    if not _DOLLARS.fullmatch(text):
        return None
    sign = -1 if text.startswith("-") else 1
    whole, _, rest = text.lstrip("-").partition(".")
    return sign * (int(whole or 0) * 100 + int((rest + "00")[:2]))


def parse_cents(text: str, rule: Written) -> int | None:
    """Return an amount as cents, null where it is none written by `rule`."""
    if rule == "dollars" or (rule == "auto" and "." in text):
        return parse_dollars(text)
    return int(text) if _CENTS.fullmatch(text) else None


def parse_date(text: str, century_from: int) -> dt.date | None:
    """Return a date of eight digits, or of six by the window; null where the calendar has none."""
    if not (text.isascii() and text.isdigit() and len(text) in (6, 8)):
        return None
    if len(text) == 6:
        text = ("19" if int(text[:2]) >= century_from else "20") + text
    try:
        value = dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return value if FIRST_YEAR <= value.year <= LAST_YEAR else None


def _big(heading: Heading, segment: int, parts: list[str], said: X12) -> None:
    if "BIG" in heading.seen:
        heading.fault("BIG", segment, "the set has a second BIG", "ask for one bill a set")
        return
    heading.seen.add("BIG")
    heading.segment, heading.invoice_no, heading.kind = segment, parts[2], parts[7]
    heading.bill_date = parse_date(parts[1], said.century_from)
    if heading.bill_date is None:
        what = f"BIG01 `{parts[1][:40]}` is no date of the calendar"
        heading.fault("BIG", segment, what, "write the bill date as CCYYMMDD")
    if not heading.invoice_no:
        heading.fault("BIG", segment, "BIG02 is empty", "give the invoice number as BIG02")
    elif len(heading.invoice_no) > LONGEST["invoice_no"]:
        what = f"BIG02 has {len(heading.invoice_no)} characters, more than {LONGEST['invoice_no']}"
        heading.fault("BIG", segment, what, REMEDY)


def _itd(heading: Heading, segment: int, parts: list[str], said: X12) -> None:
    if parts[6] and heading.due_date is None:
        heading.due_date = parse_date(parts[6], said.century_from)
        if heading.due_date is None:
            what = f"ITD06 `{parts[6][:40]}` is no date of the calendar"
            heading.fault("date", segment, what, "write the due date as CCYYMMDD")


def _cur(heading: Heading, segment: int, parts: list[str], said: X12) -> None:
    if parts[2].upper() not in ("", "USD"):
        what = f"the currency is `{parts[2][:10]}`, only USD is read"
        heading.fault("CUR", segment, what, "ask the carrier for the bill in USD")


def _tds(heading: Heading, segment: int, parts: list[str], said: X12) -> None:
    if "TDS" in heading.seen:
        heading.fault("TDS", segment, "the set has a second TDS", "ask for one total a set")
        return
    heading.seen.add("TDS")
    heading.total = parse_cents(parts[1], said.written("TDS01"))
    if heading.total is None:
        what = f"TDS01 `{parts[1][:40]}` is no total"
        heading.fault("TDS", segment, what, "write cents without, or dollars with a point")


def _bal(heading: Heading, segment: int, parts: list[str], said: X12) -> None:
    value = parse_cents(parts[3], said.written("BAL03"))
    if value is None:
        what = f"BAL03 `{parts[3][:40]}` is no amount in dollars and cents"
        heading.fault("BAL", segment, what, "write at most two decimals, such as -85.00")
        return
    heading.balances.setdefault(parts[2], []).append(value)
    rules = said.balance
    if value and parts[2] not in known_balances(rules):
        what = f"BAL02 `{parts[2]}` of {cents_text(value)} is not known and not added"
        heading.fault("balance", segment, what, "say in the profile what it is ([x12.balance])")


def known_balances(rules: Balance) -> tuple[str, ...]:
    """Return every BAL02 a profile knows."""
    parts = (rules.previous, rules.payments, rules.adjustments, rules.other, rules.total)
    return tuple(one for part in (*parts, rules.informs) for one in part)


def cents_text(cents: int) -> str:
    """Return cents as people write dollars."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _n1(heading: Heading, segment: int, parts: list[str], said: X12) -> None:
    if parts[1] == said.carrier_party:
        heading.payee = heading.payee or parts[2]
    if parts[1] == said.account_party:
        heading.payer_account = heading.payer_account or parts[4]


def _ctt(heading: Heading, segment: int, parts: list[str], said: X12) -> None:
    if parts[1].isascii() and parts[1].isdigit() and len(parts[1]) <= 18:
        heading.counted = (int(parts[1]), segment)


_STEPS = {"BIG": _big, "ITD": _itd, "CUR": _cur, "TDS": _tds, "BAL": _bal, "N1": _n1, "CTT": _ctt}
