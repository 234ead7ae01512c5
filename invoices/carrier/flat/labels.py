"""What stands beside a label outside of the tables, and the bills of a file that has several.

A report prints account, dates and totals in cells of their own: `Account: 0123`, or `Account` and
the number in the next cell. A file may hold one bill after the other; each begins with its labels.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache

import polars as pl

from invoices.carrier.flat.dates import to_date
from invoices.carrier.flat.profile import At, Flat, folded, label_of
from invoices.carrier.flat.values import DAYS, MONEY
from invoices.identifiers import clean_text

KEYS = ("ban", "invoice_no", "bill_date")
_AMOUNT = re.compile(r"(?i)^[-+$( ]*[0-9.,' ]*[0-9][-) ]*(?:cr|dr|db)?\.?$")


class Disagreed(Exception):
    """A label says two things of one bill; the message says where."""


@dataclass(frozen=True)
class Said:
    """One place where a label stands."""

    row: int
    label: str
    value: str
    meant: str = ""
    """The value as it is compared with what the label says elsewhere."""
    damage: str | None = None
    """Why the cell beside it can be no identifier, as of a number in a sheet."""


@dataclass(frozen=True)
class Bill:
    """The rows of a file from `row` on, and what the labels say of them."""

    row: int
    values: dict[str, str]
    damages: dict[str, str | None]


def occurrences(rows: pl.DataFrame, flat: Flat) -> list[Said]:
    """Return each place of `rows` (`GRID`) where a label stands, in the order of the file.

    `Account:`, ``, `0123` -> account 0123; `Account: 0123` -> the same. What is beside a label and
    is a label itself is no value.
    """
    fields = _fields(flat)
    longest = sorted(fields, key=len, reverse=True)
    found = []
    for row, cells, damages in rows.select("row", "cells", "damages").iter_rows():
        for place, cell in enumerate(cells):
            label, rest = _parted(cell, longest)
            if label is None:
                continue
            damage = None
            if not rest:
                at = next((n for n, other in enumerate(cells) if n > place and other), None)
                if at is None or _parted(cells[at], longest)[0]:
                    continue
                rest, damage = cells[at], damages[at] if damages else None
            found.append(Said(row, label, rest, _meant(rest, *fields[label], flat), damage))
    return found


def _meant(value: str, name: str, at: At, flat: Flat) -> str:
    """Return the value of a field as it is compared: `$1,030.00` is 1030.00, two spellings of a day
    are one, and `614 R01` is 614R01 where the profile takes blanks out."""
    text = clean_text("".join(sign for sign in value if sign not in at.strip))
    if name in DAYS:
        return _day(text, at.dates or flat.dates) or text
    if name not in MONEY or not _AMOUNT.match(text):
        return text
    digits = "".join(sign for sign in text if sign.isdigit() or sign == flat.decimal)
    credit = "-" in text or "(" in text or text.casefold().rstrip(".").endswith("cr")
    return "-" * credit + (digits.lstrip("0") or "0")


@cache
def _day(text: str, formats: tuple[str, ...]) -> str | None:
    day = pl.select(to_date(pl.lit(text), formats)).item()
    return None if day is None else str(day)


def _parted(cell: str, labels: list[str]) -> tuple[str | None, str]:
    """Return the label a cell says, and what stands behind it in the same cell."""
    text = " ".join(cell.split())
    whole = label_of(text)
    for label in labels:
        if whole == label:
            return label, ""
        # Folded text has the length of the text but for a few letters that no label has.
        if folded(text).startswith(label):
            rest = text[len(label) :]
            bare = rest.lstrip(" :#=.")
            parted = rest[:1] in ":#=" or rest.lstrip(" ")[:1] in ":#="
            if parted or (rest[:1] == " " and bare[:1] and bare[0] in "0123456789$(-+"):
                return label, bare.strip()
    return None, ""


def bills(said: list[Said], flat: Flat) -> list[Bill]:
    """Return the bills of a file by its labels, in their order; the first begins at row 0.

    Where a label of the key says several things, each stands for a bill of its own, and a bill
    begins with whichever label is repeated first. What is said once before the first of them holds
    for all; a page header that says the same again begins nothing. Raises `Disagreed`.
    """
    keys = key_labels(flat)
    if all(len({one.meant for one in said if one.label == key}) < 2 for key in keys):
        return [_bill(0, said)]
    counts = Counter(one.label for one in said)
    first = next(one.label for one in said if counts[one.label] > 1)
    starts = sorted({one.row for one in said if one.label == first})
    within = defaultdict[int, list[Said]](list)
    for one in said:
        within[bisect_right(starts, one.row)].append(one)
    shared = within[0]
    found: list[tuple[int, dict[str, str], list[Said]]] = []
    for place, start in enumerate(starts, 1):
        own = within[place]
        keyed = {one.label: one.meant for one in own if one.label in keys}
        if found and all(found[-1][1].get(key, meant) == meant for key, meant in keyed.items()):
            found[-1][1].update(keyed)
            found[-1][2].extend(own)
        else:
            found.append((start, keyed, own))
    first_row = min(one.row for one in said)
    return [
        _bill(start if place else min(start, first_row), own, shared)
        for place, (start, _, own) in enumerate(found)
    ]


def key_labels(flat: Flat) -> list[str]:
    """Return the labels by which bills are told, as they are compared."""
    return [label for label, (name, _) in _fields(flat).items() if name in KEYS]


def _fields(flat: Flat) -> dict[str, tuple[str, At]]:
    """Return the field of each label and its place; of several fields one of the key."""
    places = [flat.fields, *(part.fields for part in flat.part)]
    said = [(str(name), at) for fields in places for name, at in fields.items() if at.label]
    said.sort(key=lambda one: one[0] in KEYS)
    return {label_of(str(at.label)): (name, at) for name, at in said}


def _bill(row: int, own: list[Said], shared: list[Said] | None = None) -> Bill:
    """Return a bill: what is said of it, and of all where it says nothing of its own."""
    found = _agreed(shared or []) | _agreed(own)
    return Bill(
        row,
        {label: one.value for label, one in found.items()},
        {label: one.damage for label, one in found.items()},
    )


def _agreed(said: list[Said]) -> dict[str, Said]:
    found: dict[str, Said] = {}
    for one in said:
        other = found.setdefault(one.label, one)
        if other.meant != one.meant:
            raise Disagreed(
                f"`{one.label}` stands beside `{other.value}` in row {other.row} and beside"
                f" `{one.value}` in row {one.row}"
            )
    return found
