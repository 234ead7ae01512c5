"""What the columns of a table seem to be, by their names and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as made_by
from decimal import Decimal

from invoices.carrier.draft import looks
from invoices.carrier.draft.layout import Block, Numbered, names_balance, names_total
from invoices.carrier.draft.usual_names import DURATION, NAMES, balance_of, class_of, plain

CODES = 2
"""The names of this rank are of codes, which are rarely words for kinds of charges."""
ENOUGH = 0.8
"""Of the filled cells of a column so many look like what its name says."""


@dataclass(frozen=True)
class Table:
    """A block whose columns are told: which field each is, the rows that count, and the others."""

    block: Block
    fields: dict[str, int]
    """Field -> place of its column; amounts of lines are told apart later."""
    rows: list[Numbered]
    """Rows that may be charges."""
    totals: list[Numbered]
    """Rows one of whose cells names a total."""
    decimal: str = "."
    counted: dict[int, list[Decimal]] = made_by(default_factory=dict)
    """The numbers of columns that were asked for."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns as they are printed, in one line each."""
        return tuple(" ".join(name.split()) for name in self.block.names)

    def column(self, place: int) -> list[str]:
        """Return the cells of a column in the rows that may be charges."""
        return [row[place] for _, row in self.rows]

    def filled(self, place: int) -> list[str]:
        """Return the cells of a column that are not empty."""
        return [cell for cell in self.column(place) if cell]

    def numbers(self, place: int) -> list[Decimal]:
        """Return the numbers of a column; nothing counts as nought."""
        if place not in self.counted:
            cells = self.column(place)
            self.counted[place] = [looks.amount_of(c, self.decimal) or Decimal(0) for c in cells]
        return self.counted[place]

    def number(self, row: Numbered, place: int) -> Decimal | None:
        """Return the number in one cell, null where none is."""
        return looks.amount_of(row[1][place], self.decimal)

    def is_numeric(self, place: int) -> bool:
        """Whether numbers stand in a column, and nothing else."""
        return looks.most(self.column(place), looks.is_number, 0.95)

    def bills(self) -> list[tuple[str, ...]]:
        """Return of which bill each row is, as far as columns say."""
        keys = [self.fields[name] for name in ("ban", "invoice_no") if name in self.fields]
        return [tuple(row[place] for place in keys) for _, row in self.rows]

    def is_of_bills(self, place: int) -> bool:
        """Whether a column says the same on each row of a bill."""
        seen: dict[tuple[str, ...], str] = {}
        return all(
            seen.setdefault(bill, cell) == cell
            for bill, cell in zip(self.bills(), self.column(place), strict=True)
        )


def told(block: Block) -> Table:
    """Return a table with what its columns seem to be, the balances of bills among them."""
    totals = [row for row in block.rows if names_total(row) or names_balance(row)]
    rows = [row for row in block.rows if not (names_total(row) or names_balance(row))]
    rows = rows or list(block.rows)
    totals = [] if len(rows) == len(block.rows) else totals
    table = Table(block, {}, rows, totals, _decimal(rows))
    table.fields.update(_named(table))
    _take_back(table)
    _part_keyless(table)
    for place, name in enumerate(block.names):
        field = balance_of(name)
        free = place not in table.fields.values() and field not in table.fields
        if field and free and table.is_numeric(place) and table.is_of_bills(place):
            table.fields[field] = place
    return table


def _take_back(table: Table) -> None:
    """Take rows of a service or a code whose words are those of a balance for charges."""
    places = [table.fields[name] for name in ("usoc", "wtn", "circuit_id") if name in table.fields]
    back = [row for row in table.totals if any(row[1][p] for p in places) and not names_total(row)]
    table.totals[:] = [row for row in table.totals if row not in back]
    table.rows[:] = sorted([*table.rows, *back])


KEYLESS = 0.3
"""Where more rows than this share name no bill, they are charges of the bill above."""


def _part_keyless(table: Table) -> None:
    """Take rows that name no bill, where the others do, for totals: no charge is without one."""
    places = [table.fields[name] for name in _KEY if name in table.fields]
    keyless = [row for row in table.rows if places and not any(row[1][p] for p in places)]
    if keyless and len(keyless) <= KEYLESS * len(table.rows) + 1 and len(table.rows) > 2:
        table.totals.extend(keyless)
        table.totals.sort()
        table.rows[:] = [row for row in table.rows if row not in keyless]


_KEY = ("ban", "invoice_no", "bill_date")


def _decimal(rows: list[Numbered]) -> str:
    """Return the sign before the cents: a comma where most numbers with a sign have it there."""
    signed = [
        cell
        for _, row in rows[:2000]
        for cell in row
        if looks.is_number(cell) and re.search(r"[.,]\d{2}\D*$", cell)
    ]
    commas = sum(re.search(r",\d{2}\D*$", cell) is not None for cell in signed)
    return "," if 2 * commas > len(signed) else "."


def _named(table: Table) -> dict[str, int]:
    """Return which column each field is: the surest name whose values look like it."""
    found: dict[str, int] = {}
    names = [plain(name) for name in table.block.names]
    for field, looks_so, patterns in NAMES:
        fits = [
            (rank, -len(table.filled(place)), place)
            for place, name in enumerate(names)
            for rank, pattern in enumerate(patterns)
            if place not in found.values()
            and re.fullmatch(pattern, name)
            and looks.most(table.column(place), looks_so, ENOUGH)
        ]
        if field == "description":
            fits = [fit for fit in fits if not table.is_numeric(fit[2])]
        if field == "quantity":
            fits = [fit for fit in fits if _has_unit(table, names[fit[2]], fit[2])]
        if field == "wtn":
            fits = [fit for fit in fits if not _is_counted(table.filled(fit[2]))]
        if field == "charge_class":
            fits = _by_words(table, fits)
        if fits:
            found[field] = min(fits)[2]
    return found


def _has_unit(table: Table, name: str, place: int) -> bool:
    """Whether it is known of what a column counts units: a duration may be of seconds."""
    return re.fullmatch(DURATION, name) is None or looks.most(
        table.column(place), looks.is_duration, 1
    )


def mixed_services(table: Table) -> int | None:
    """Return the column that names services, telephone numbers some and others not; null where none
    does."""
    if "wtn" in table.fields or "circuit_id" in table.fields:
        return None
    patterns = [p for field, _, names in NAMES if field in ("wtn", "circuit_id") for p in names]
    for place, name in enumerate(table.block.names):
        values = table.filled(place)
        named = any(re.fullmatch(pattern, plain(name)) for pattern in patterns)
        free = place not in table.fields.values() and named and not _is_counted(values)
        if free and looks.most(values, looks.has_digit, ENOUGH):
            return place
    return None


def _is_counted(values: list[str]) -> bool:
    return values == [str(number) for number in range(1, len(values) + 1)]


MOST_WORDS = 40
"""A column of kinds of charges has no more words than this."""


def _by_words(table: Table, fits: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return the columns that may be of kinds of charges, more words that are known first; a column
    of codes is one only where most of them are known words."""
    found = []
    for rank, _, place in fits:
        words = set(table.filled(place))
        known = sum(class_of(word) is not None for word in words)
        if len(words) <= MOST_WORDS and (rank < CODES or 2 * known > len(words)):
            found.append((0 if 2 * known > len(words) else 1, rank, place))
    return found
