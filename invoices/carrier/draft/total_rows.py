"""Rows of a table that are no charges but totals of them, told by their words and their numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile

from invoices.carrier.draft.layout import TOTAL_WORDS, Numbered, is_balance
from invoices.carrier.draft.money_columns import Money
from invoices.carrier.draft.told_columns import Table


@dataclass(frozen=True)
class Totals:
    """Rows of one kind that look like totals, and by what they are told."""

    rows: list[Numbered]
    column: int
    matches: str | None
    """A regular expression of what the column says in them; null = it is empty in them."""
    stands: str | None
    """`below` or `above` the rows that they add up; null where their numbers do not prove it."""
    is_charge: bool = False
    """Whether the rows are as full as charges and prove nothing: they count as such until it is
    answered."""


def amount_in(table: Table, money: Money, row: Numbered) -> Decimal | None:
    """Return what a row charges by its columns of money; null where none of them is filled."""
    if money.amount is None:
        return None
    found = table.number(row, money.amount)
    if money.less is not None and (less := table.number(row, money.less)) is not None:
        found = (found or Decimal(0)) - less
    if money.plus is not None and (plus := table.number(row, money.plus)) is not None:
        found = (found or Decimal(0)) + plus
    return found


def totals_of(table: Table, money: Money) -> list[Totals]:
    """Return the kinds of rows that look like totals."""
    kinds: dict[tuple[int, str], list[Numbered]] = {}
    for row in table.totals:
        kinds.setdefault(_kind(table, row), []).append(row)
    for rows in [rows for rows in kinds.values() if _has_code_of_its_own(table, rows)]:
        _count(table, rows)
        kinds = {words: others for words, others in kinds.items() if others is not rows}
    charges = [(row[0], amount_in(table, money, row) or Decimal(0)) for row in table.rows]
    found = [
        _told(table, money, charges, rows, column, words) for (column, words), rows in kinds.items()
    ]
    found = _together(table, money, charges, found)
    for kind in (kind for kind in found if kind.is_charge):
        _count(table, kind.rows)
    silent = _silent(table, money)
    return [*found, *([silent] if silent else [])]


def _together(
    table: Table, money: Money, charges: list[tuple[int, Decimal]], found: list[Totals]
) -> list[Totals]:
    """Put kinds together that prove their sums in turn: each section has a total of its own name.

    One of them may be of another kind, the grand total."""
    for column in {kind.column for kind in found if kind.stands is None and kind.matches}:
        of = [k for k in found if k.column == column and k.matches and not k.is_charge]
        for left in (None, *of):
            some = [kind for kind in of if kind is not left]
            rows = sorted(row for kind in some for row in kind.rows)
            stands = _stands(table, money, charges, rows)
            if len(some) < 2 or all(kind.stands for kind in some) or stands is None:
                continue
            cells = [row[column].split() for _, row in rows]
            same = takewhile(lambda words: len(set(words)) == 1, zip(*cells, strict=False))
            matches = _matches(table, rows, column, " ".join(words[0] for words in same))
            one = Totals(rows, column, matches, stands)
            return [*(kind for kind in found if kind not in some), one]
    return found


def _count(table: Table, rows: list[Numbered]) -> None:
    """Take rows for charges."""
    table.rows.extend(rows)
    table.rows.sort()
    table.totals[:] = [row for row in table.totals if row not in rows]
    table.counted.clear()


def _has_code_of_its_own(table: Table, rows: list[Numbered]) -> bool:
    """Whether each of some rows has a code that no other row has: a plan called Total Care, no sum
    of the rows of a code."""
    place = table.fields.get("usoc")
    if place is None:
        return False
    codes = {row[place] for _, row in rows}
    others = {row[place] for _, row in table.rows}
    return not codes & {"", *others} and not any(map(TOTAL_WORDS.search, codes))


def _kind(table: Table, row: Numbered) -> tuple[int, str]:
    """Return in which column a row names its total, and the words before anything of its own."""
    named = [n for n, cell in enumerate(row[1]) if cell and TOTAL_WORDS.search(cell)]
    named += [n for n, cell in enumerate(row[1]) if is_balance(cell)]
    place = named[0] if named else None
    if place is None:
        return next(
            table.fields[n] for n in ("ban", "invoice_no", "bill_date") if n in table.fields
        ), ""
    cell = row[1][place]
    words = re.match(r"(?:[A-Za-z&,'-]+[ :]*)+", cell)
    start = words.group(0).strip() if words else cell
    if re.match(r"(?i)(sub|grand)?[- ]?total", start):
        # What is totalled differs from row to row: the word and what joins it are of the kind.
        first = re.match(r"(?i)((sub|grand)?[- ]?totals?( (for|of|account|acct|number))?)\b", start)
        if first and re.search(r"\d", cell):
            return place, first.group(1)
        return place, start if not re.search(r"\d", cell) else start.split()[0]
    return place, start


def _told(
    table: Table,
    money: Money,
    charges: list[tuple[int, Decimal]],
    rows: list[Numbered],
    column: int,
    words: str,
) -> Totals:
    stands = _stands(table, money, charges, rows)
    if not words:
        return Totals(rows, column, None, stands)
    matches = _matches(table, rows, column, words)
    filled = sorted(sum(map(bool, row)) for _, row in table.rows)
    full = all(sum(map(bool, row)) >= filled[len(filled) // 2] for _, row in rows)
    if full and stands and not _SURELY.search(words) and _of_one_each(charges, rows, stands):
        stands = None  # Of one charge each it is no sum, but two charges that are alike.
    return Totals(rows, column, matches, stands, full and stands is None)


def _matches(table: Table, rows: list[Numbered], column: int, words: str) -> str:
    """Return a regular expression of what a column says in rows of totals, and in no other row."""
    start = re.escape(words)
    ends = not re.match(r"(?i)(sub|grand|page|account|section|invoice|bill)?[- ]?total", words)
    ends &= not any(is_balance(row[column]) for _, row in rows)
    cells = [row[column] for _, row in rows]
    each = "|".join(re.escape(cell) for cell in dict.fromkeys(cells))
    rules = [
        r"(?i)totals?:?$" if ends else rf"(?i)^{start}\b",
        rf"(?i)^{start}$",
        rf"(?i)^{start}\W*\d",
        f"^({each})$",
    ]
    mine = {number for number, _ in rows}
    others = [row[column] for number, row in table.block.rows if number not in mine]
    for rule in (one.replace("\\ ", " ") for one in rules):
        told = re.compile(rule)
        if all(map(told.search, cells)) and not any(map(told.search, others)):
            return rule
    return rules[0].replace("\\ ", " ")


_SURELY = re.compile(
    r"(?i)^(sub|grand)[- ]?total|^totals?\W*$|\b(account|section|invoice|bill|page) totals?\b"
    r"|^totals?\b.*\b(for|of|due|amount|charges?)\b"
)
"""Words that name no product."""


def _of_one_each(charges: list[tuple[int, Decimal]], rows: list[Numbered], stands: str) -> bool:
    """Whether each total stands beside one charge alone."""
    numbers = [row[0] for row in rows]
    edges = [0, *numbers] if stands == "below" else [*numbers, 10**12]
    counts = [
        sum(1 for number, _ in charges if start < number < end)
        for start, end in zip(edges, edges[1:], strict=False)
    ]
    return max(counts) == 1


def _stands(
    table: Table, money: Money, charges: list[tuple[int, Decimal]], rows: list[Numbered]
) -> str | None:
    """Return whether each row is the sum of the charges since the one before, or until the next."""
    numbers = [row[0] for row in rows]
    stated = [amount_in(table, money, row) for row in rows]
    for stands, edges in (("below", [0, *numbers]), ("above", [*numbers, 10**12])):
        sums = [
            [amount for number, amount in charges if start < number < end]
            for start, end in zip(edges, edges[1:], strict=False)
        ]
        if all(s and sum(s) == total for s, total in zip(sums, stated, strict=True)):
            return stands
    return None


def _silent(table: Table, money: Money) -> Totals | None:
    """Return rows that name no total and are one: emptier than the others, and the sum of those
    above."""
    if money.amount is None or len(table.rows) < 3:
        return None
    filled = sorted(sum(map(bool, row)) for _, row in table.rows)
    usual = filled[len(filled) // 2]
    shapes: set[tuple[bool, ...]] = set()
    for fewest in (2, 1):
        # A sum of one row is known by its likeness to those of several.
        found, since, above = [], Decimal(0), 0
        for row in table.rows:
            amount, shape = amount_in(table, money, row), tuple(map(bool, row[1]))
            is_sum = bool(amount) and amount == since and above >= fewest and sum(shape) < usual
            if is_sum and (fewest == 2 or shape in shapes):
                found.append(row)
                since, above = Decimal(0), 0
            elif amount is not None:
                since, above = since + amount, above + 1
        shapes |= {tuple(map(bool, row)) for _, row in found}
    if not found:
        return None
    numbers = {row[0] for row in found}
    others = [row for row in table.rows if row[0] not in numbers]
    for column in range(len(table.names)):
        if not any(row[column] for _, row in found) and all(row[column] for _, row in others):
            return Totals(found, column, None, "below")
    return Totals(found, -1, None, None)
