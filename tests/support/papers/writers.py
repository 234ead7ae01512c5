"""Carrier paper as a carrier might write it: usoc-lines in chosen spellings, from plain values.

A document is a dict of header values and `lines`, each a dict; values are exact (`Decimal`, `date`,
`str`) or None. The writer never changes what is said, only how.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from invoices.carrier.usoc_lines import COLUMNS, DOCUMENT_CELLS, KEY, LINE_CELLS
from invoices.schema import CHARGE_CLASSES

Values = dict[str, Any]


def plain(amount: Decimal) -> str:
    return f"{amount:f}"


def thousands(amount: Decimal) -> str:
    return f"{amount:,f}"


def dollars(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount):,f}"


def trailing_minus(amount: Decimal) -> str:
    return f"{abs(amount):f}{'-' if amount < 0 else ''}"


def parentheses(amount: Decimal) -> str:
    return f"(${abs(amount):,f})" if amount < 0 else f"+{amount:f}"


MONEY = (plain, thousands, dollars, trailing_minus, parentheses)
"""Ways to write an amount."""
TELEPHONE = (
    "{0}{1}{2}",
    "{0} {1}-{2}",
    "({0}) {1}-{2}",
    "{0}-{1}-{2}",
    "{0}.{1}.{2}",
    "+1 {0} {1} {2}",
    "1{0}{1}{2}",
)
"""Ways to write a telephone number."""


@dataclass(frozen=True)
class Style:
    """How a carrier writes its file."""

    columns: tuple[str, ...] = COLUMNS[:-1]
    money: Callable[[Decimal], str] = plain
    telephone: str = TELEPHONE[0]
    quoted: bool = False
    keys_on_lines: bool = True
    padded: bool = False
    capitals: bool = False


def usoc_lines(documents: Sequence[Values], style: Style = Style()) -> str:
    """Return the text of a file that says `documents`."""
    header = [name.upper() if style.capitals else name for name in style.columns]
    rows = [",".join(header)]
    for document in documents:
        rows.append(_row({**document, "record": "document"}, DOCUMENT_CELLS, style))
        for line in document["lines"]:
            key = {name: document[name] for name in KEY} if style.keys_on_lines else {}
            rows.append(_row({**key, **line, "record": "line"}, (*key, *LINE_CELLS), style))
    return "\n".join(rows) + "\n"


def _row(values: Values, said: Sequence[str], style: Style) -> str:
    cells = (
        values.get(name) if name in said or name == "record" else None for name in style.columns
    )
    written = zip(style.columns, cells, strict=True)
    return ",".join(_cell(name, value, style) for name, value in written)


def _cell(name: str, value: Any, style: Style) -> str:
    if value is None:
        text = ""
    elif isinstance(value, Decimal):
        text = f"{value:f}" if name in ("quantity", "unit_rate") else style.money(value)
    elif name == "wtn" and len(value) == 10 and value.isdigit():
        text = style.telephone.format(value[:3], value[3:6], value[6:])
    else:
        text = str(value)
    if style.capitals and name in ("record", "charge_class"):
        text = text.upper()
    if style.quoted or any(sign in text for sign in ',"'):
        text = '"' + text.replace('"', '""') + '"'
    return f" {text} " if style.padded else text


def total(amounts: Sequence[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))


CENTS = st.decimals(Decimal("-99999.99"), Decimal("99999.99"), places=2)
DATES = st.dates(dt.date(2024, 1, 1), dt.date(2029, 12, 31))
TEXT = (
    st.none()
    | st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs", "Cf", "Cn")),
        min_size=1,
        max_size=12,
    )
    | st.sampled_from(['say "hi"', "a, b", "6' 2\" cable", "ÜBER 9ZR"])
)
WTN = st.none() | st.from_regex(r"\A[2-9][0-9]{9}\Z") | st.sampled_from(["X12", "HUNT-3"])


@st.composite
def lines(draw: st.DrawFn) -> Values:
    """A line that can be read: signs agree, the period does not run backwards."""
    amount = draw(CENTS)
    places = draw(st.integers(0, 6))
    least = Decimal(-999) if amount <= 0 else Decimal(0)
    number = st.none() | st.decimals(least, Decimal(999), places=places).map(abs_zero)
    starts = draw(st.none() | DATES)
    length = draw(st.none() | st.integers(0, 62))
    ends = starts and length is not None and starts + dt.timedelta(days=length)
    return {
        "line_no": draw(st.none() | st.integers(0, 10**6)),
        "charge_class": draw(st.sampled_from(CHARGE_CLASSES)),
        "usoc": draw(st.none() | st.sampled_from(["1FB", "9ZR", "UEPRL", "O0I1L"])),
        "description": draw(TEXT),
        "quantity": draw(number),
        "unit_rate": draw(number),
        "amount": amount,
        "wtn": draw(WTN),
        "circuit_id": draw(st.none() | st.sampled_from(["44/HCGS/123//SB", "44 hcgs 1"])),
        "state": draw(st.none() | st.sampled_from(["OH", "FL"])),
        "zone": draw(st.none() | st.sampled_from(["1", "2"])),
        "order_no": draw(st.none() | st.sampled_from(["N123", "007"])),
        "service_from": starts,
        "service_until": ends or None,
    }


def abs_zero(number: Decimal) -> Decimal:
    """Write no minus before a zero."""
    return abs(number) if number == 0 else number


@st.composite
def documents(draw: st.DrawFn, max_documents: int = 3) -> list[Values]:
    """Documents that foot, each of its own key."""
    found = []
    for number in range(draw(st.integers(1, max_documents))):
        said = draw(st.lists(lines(), min_size=1, max_size=6))
        bill_date = draw(DATES)
        balances = {
            name: draw(st.none() | CENTS)
            for name in ("previous_balance", "payments", "adjustments")
        }
        charges = total([line["amount"] for line in said])
        found.append(
            {
                "carrier": "ILEC",
                "ban": f"00305R01{number}",
                "invoice_no": draw(st.sampled_from(["0001", "INV-7", "A/B"])),
                "bill_date": bill_date,
                "due_date": draw(st.none() | st.just(bill_date + dt.timedelta(days=30))),
                **balances,
                "current_charges": charges,
                "total_due": charges + total([b for b in balances.values() if b is not None]),
                "lines": said,
            }
        )
    return found


def styles() -> st.SearchStrategy[Style]:
    """Any way to write a file."""
    return st.builds(
        Style,
        columns=st.permutations(COLUMNS).map(tuple),
        money=st.sampled_from(MONEY),
        telephone=st.sampled_from(TELEPHONE),
        quoted=st.booleans(),
        keys_on_lines=st.booleans(),
        padded=st.booleans(),
        capitals=st.booleans(),
    )
