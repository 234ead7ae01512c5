"""The fields of a BAI2 record that continuations may cut anywhere, one after the other.

A record that is continued ends with `/` after any of its fields. Some banks write `,/` there: is
that an empty field before the cut, or a comma too many? What makes the whole record readable says
it: first every comma is taken for a field, then those before a cut for none.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from invoices.bank.bai2_records import BREAK
from invoices.bank.settlement import date_of, says

MOST_DIGITS = 15
"""An amount has at most so many digits, zeros before it not counted."""
TOTAL_DIGITS = 18
"""So many has what amounts add up to."""
MOST_TRIED = 20_000
"""So many places are looked at before the first way to read a record is enough."""
_SPELLED = re.compile(r"([+-]?)0*([0-9]*)")
PLAIN_FUNDS = ("", "0", "1", "2", "Z")
"""Funds types after which nothing more belongs to them."""


@dataclass(frozen=True)
class Field:
    """A field: its text, whether a physical record ends with it, and where the next one begins."""

    text: str
    last: bool
    end: int


@dataclass(frozen=True)
class Moved:
    """What a transaction says before its references."""

    code: str
    cents: int
    value_date: dt.date | None
    end: int
    """Where in the text of the record its references begin."""


@dataclass(frozen=True)
class Held:
    """What the first record of an account says."""

    account: str
    currency: str
    totals: tuple[int, ...]
    """What its summaries may add up to in cents, the first way to read them first."""


Step = Iterator[tuple[str, int]]


def fields_of(text: str) -> list[Field]:
    """Return the fields of a logical record."""
    cuts = [match.start() for match in re.finditer(f"[,{BREAK}]", text)]
    starts = [0, *(cut + 1 for cut in cuts)]
    ends = [*cuts, len(text)]
    return [
        Field(text[start:end].strip(), text[end : end + 1] != ",", end + 1)
        for start, end in zip(starts, ends, strict=True)
    ]


def cents_of(text: str, signed: bool = True, digits: int = MOST_DIGITS) -> int | None:
    """Return an amount in cents, null where the text is none; a blank one is nothing.

    Read are any zeros before it and a plus; a minus only where it may be `signed`.
    """
    match = _SPELLED.fullmatch(text)
    if match is None or text in ("+", "-") or (match[1] == "-" and not signed):
        return None
    if len(match[2]) > digits:
        return None
    return int(text or "0")


def held(fields: list[Field]) -> Held | None:
    """Return what the first record of an account says, null where its summaries cannot be read.

    A summary is a type code, an amount, a count and a funds type. Two, closed by a comma too many::

        99,USD,010,100,,,/  88,040,200,,/   -> 300 cents
        99,USD,010,/  88,100,,/             -> 0 (a count of 100) or 100: the trailer says which
    """
    for currency, at in _taken(fields, 1):
        if re.fullmatch("[A-Za-z]{3}|", currency):
            totals = _summed(fields, at)
            if totals:
                return Held(fields[0].text, currency, totals)
    return None


def _summed(fields: list[Field], at: int) -> tuple[int, ...]:
    """Return what the summaries from a place on may add up to, each once."""
    left, seen, totals = [(at, 0)], set[tuple[int, int]](), dict[int, None]()
    while left and len(seen) < MOST_TRIED:
        at, total = left.pop()
        if at >= len(fields):
            totals[total] = None
        elif (at, total) not in seen:
            seen.add((at, total))
            summaries = [(end, total + cents) for cents, end in _summary(fields, at)]
            left += reversed([*((end, total) for end in _nothing(fields, at)), *summaries])
    return tuple(totals)


def moved(fields: list[Field]) -> Moved | None:
    """Return what a transaction says before its references, null where that cannot be read."""
    for code, at in _taken(fields, 0):
        for text, after in _filled_first(fields, at):
            cents = cents_of(text, signed=False)
            if cents is None or not re.fullmatch("[1-9][0-9]{2}", code):
                continue
            for value, end in _funds(fields, after):
                return Moved(code, cents, value, fields[min(end, len(fields)) - 1].end)
    return None


def _taken(fields: list[Field], at: int) -> Step:
    """Yield the field at a place and where the next begins, each way it can be taken."""
    if at >= len(fields):
        yield "", at
        return
    yield fields[at].text, at + 1
    yield from _beyond(fields, at)


def _filled_first(fields: list[Field], at: int) -> list[tuple[str, int]]:
    """Return the ways to take a field that is seldom left out: first those that find one."""
    return sorted(_taken(fields, at), key=lambda taken: taken[0] == "")


def _beyond(fields: list[Field], at: int) -> Step:
    """Yield what follows a comma too many, if one stands at a place."""
    if at + 1 < len(fields) and fields[at].last and not fields[at].text:
        yield fields[at + 1].text, at + 2


def _nothing(fields: list[Field], at: int) -> Iterator[int]:
    """Yield where the empty fields at a place end: a comma too many, or a summary left out."""
    for end in range(at + 1, min(at + 4, len(fields)) + 1):
        field = fields[end - 1]
        if field.text:
            return
        if field.last or end == at + 4:
            yield end


def _summary(fields: list[Field], at: int) -> Iterator[tuple[int, int]]:
    """Yield the cents of the summary at a place, and where the next begins."""
    for code, first in _taken(fields, at):
        if not re.fullmatch("[0-9]{3}", code):
            continue
        for text, second in _taken(fields, first):
            cents = cents_of(text)
            if cents is None:
                continue
            for count, third in _taken(fields, second):
                if re.fullmatch("[+]?[0-9]*", count):
                    yield from ((cents, end) for _, end in _funds(fields, third))


def _funds(fields: list[Field], at: int) -> Iterator[tuple[dt.date | None, int]]:
    """Yield the value date that a funds type names, if any, and where what belongs to it ends."""
    for kind, first in _filled_first(fields, at):
        if kind in PLAIN_FUNDS:
            yield None, first
        elif kind == "S":
            yield from ((None, end) for end in _run(fields, first, [_is_cents] * 3))
        elif kind == "V":
            yield from _value_date(fields, first)
        elif kind == "D":
            for number, second in _taken(fields, first):
                if re.fullmatch("[0-9]{1,2}", number):
                    parts = [_is_count, _is_cents] * int(number)
                    yield from ((None, end) for end in _run(fields, second, parts))


def _value_date(fields: list[Field], at: int) -> Iterator[tuple[dt.date | None, int]]:
    """Yield a value date with its time; one of blanks or zeros is none."""
    for text, time in [*_beyond(fields, at), (fields[at].text if at < len(fields) else "", at + 1)]:
        day = date_of(text)
        if day is not None or not says(text):
            yield from ((day, end) for _, end in _taken(fields, time))


def _run(fields: list[Field], at: int, kinds: Sequence[Callable[[str], bool]]) -> list[int]:
    """Return where fields of these kinds, one after the other from a place, may end."""
    places = [at]
    for right in kinds:
        taken = (one for at in places for one in _filled_first(fields, at))
        places = list(dict.fromkeys(after for text, after in taken if right(text)))
    return places


def _is_cents(text: str) -> bool:
    return cents_of(text) is not None


def _is_count(text: str) -> bool:
    return re.fullmatch("[0-9]*", text) is not None
