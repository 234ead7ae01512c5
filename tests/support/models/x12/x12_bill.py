"""A bill of an 811 as the judge sees it: nodes, charges, and how its cells are read."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

CENT = Decimal("0.01")
R = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)", re.ASCII)
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


def pair(p: list[str], first: int, width: int, qualifiers: tuple[str, ...]) -> str | None:
    for qualifier in qualifiers:
        for at in range(first, width - 1, 2):
            if p[at] == qualifier and p[at + 1]:
                return p[at + 1]
    return None
