"""How the rows of a file are laid out: where headers stand, what lies above and between them.

A table begins with its header, a row of words above rows with numbers. It goes on until the next
header; a header that comes again is a page's. Rows of one filled cell are titles, or a foot.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from invoices.carrier.draft import looks
from invoices.carrier.draft.sample import Leaf, NoDraft, Row
from invoices.carrier.draft.usual_names import balance_of, class_of, is_known, plain

Numbered = tuple[int, Row]
"""A row and its number, from 1; rows of a second file that is laid out alike count from `FILE`."""
FILE = 10**7
TOTAL_WORDS = re.compile(
    r"^((sub|grand|page|account|section|invoice|bill|overall|report)[- ]?)?totals?\b(?! access)"
    r"|\b(sub-?)?totals?:?$",
    re.I,
)
"""How a cell begins or ends that names a total."""


@dataclass
class Block:
    """A table of a file: its header and the rows below."""

    header: int
    """The row of the header, from 1."""
    names: Row
    title: str = ""
    """What stood in the row of one filled cell above the header."""
    rows: list[Numbered] = field(default_factory=list)
    """As many cells as the header has."""
    repeats: list[int] = field(default_factory=list)
    """Where the header stands again."""
    cells: int | None = None
    """How many cells every row has, where the header has fewer."""

    @property
    def key(self) -> tuple[str, ...]:
        """What the header says, as headers are compared."""
        return tuple(plain(name) for name in self.names)


def cited(number: int) -> int:
    """Return the number of a row in its own file."""
    return number % FILE


@dataclass
class Layout:
    """The rows of a text or a sheet, sorted."""

    leaf: Leaf
    blocks: list[Block] = field(default_factory=list)
    is_sure: bool = True
    """Whether the headers have usual names; else the first full row is taken for one."""
    odd: list[Numbered] = field(default_factory=list)
    """Rows below a header that have another number of cells, or one filled cell."""

    @property
    def is_sectioned(self) -> bool:
        """Whether one header and the rows below it do not say all."""
        return len(self.blocks) > 1 or any(map(is_beside, self.odd))

    @property
    def rows(self) -> int:
        """How many rows lie in tables."""
        return sum(len(block.rows) for block in self.blocks)


def laid_out(leaf: Leaf) -> Layout:
    """Return how the rows lie; raises `NoDraft` where no row looks like a header."""
    rows = [(number, _cut(row)) for number, row in enumerate(leaf.rows, 1)]
    filled = [(number, row) for number, row in rows if any(row)]
    headers = _headers(filled)
    found = Layout(leaf, is_sure=bool(headers))
    if not headers:
        headers = {_first_full(leaf.rows)}
    title = ""
    for number, row in filled:
        block = found.blocks[-1] if found.blocks else None
        if number in headers:
            again = next((one for one in found.blocks if _goes_on(one, row, title)), None)
            if again is not None:
                again.repeats.append(number)
                found.blocks.remove(again)
                found.blocks.append(again)
            else:
                found.blocks.append(Block(number, row, title))
                if title and found.odd and title in found.odd[-1][1]:
                    found.odd.pop()
            title = ""
        elif block is None:
            title = row[0] if sum(map(bool, row)) == 1 else title
        elif _is_title(row, block):
            found.odd.append((number, row))
            title = next(cell for cell in row if cell)
        elif _is_of(block, leaf.rows[number - 1], bool(leaf.name)):
            wide = leaf.rows[number - 1]
            block.rows.append((number, (*wide, *[""] * len(block.names))[: len(block.names)]))
            title = ""
        else:
            found.odd.append((number, row))
    for block in found.blocks if not leaf.name else ():
        widths = {len(leaf.rows[number - 1]) for number, _ in block.rows}
        if len(widths) == 1 and widths != {len(leaf.rows[block.header - 1])}:
            block.cells = widths.pop()
    return found


def is_beside(row: Numbered) -> bool:
    """Whether a row that has not the cells of its table says nothing to it: a title, a foot. One
    with numbers may be a charge that came broken."""
    filled = [cell for cell in row[1] if cell]
    return len(filled) == 1 or not any(map(looks.is_money, filled)) or names_total(row)


def names_total(row: Numbered) -> bool:
    """Whether a cell of a row names a total, as no charge is called."""
    return any(
        TOTAL_WORDS.search(cell) is not None and not looks.is_number(cell)
        for cell in row[1]
        if cell
    )


_SPEAKS = re.compile("balance|payment|pay|due|charges|activity|bill|invoice", re.I)
_BALANCES = ("previous_balance", "payments", "current_charges", "total_due")


def names_balance(row: Numbered) -> bool:
    """Whether a cell of a row is called like a balance of the bill, as no charge is."""
    return any(map(is_balance, row[1]))


def is_balance(cell: str) -> bool:
    """Whether a cell is what a bill calls a balance, a payment or its total."""
    return _SPEAKS.search(cell) is not None and balance_of(cell) in _BALANCES


def _cut(row: Row) -> Row:
    """Return a row without the empty cells at its end."""
    width = max((place + 1 for place, cell in enumerate(row) if cell), default=0)
    return row[:width]


def _is_title(row: Row, block: Block) -> bool:
    """Whether a row below a header is a title, or a foot: one filled cell, and no amount."""
    filled = [cell for cell in row if cell]
    is_amount = looks.is_number(filled[0]) and row[0] == ""
    return len(filled) == 1 and len(block.names) > 2 and not is_amount


def _goes_on(block: Block, row: Row, title: str) -> bool:
    """Whether a table goes on below a header that comes again, on the next page perhaps."""
    if [plain(name) for name in block.names] != [plain(cell) for cell in row]:
        return False
    return not title or class_of(title) in (None, class_of(block.title))


def _is_of(block: Block, row: Row, sheet: bool) -> bool:
    """Whether a row has the cells of a table; the rows of a sheet are all of one width."""
    if sheet:
        return not any(row[len(block.names) :])
    return len(row) == len(block.names) or (
        len(row) > len(block.names) and not any(row[len(block.names) :])
    )


def _headers(filled: list[Numbered]) -> set[int]:
    """Return the rows that are headers: words only, two of them usual, and numbers below."""
    found = set()
    for (number, row), (_, below) in zip(filled, filled[1:], strict=False):
        words = [cell for cell in row if cell]
        if len(words) < 2 or not all(map(_is_word, words)) or len(set(words)) < len(words):
            continue
        usual = sum(map(is_known, words))
        if usual >= 2 and 2 * usual >= len(words) - 2 and any(map(looks.has_digit, below)):
            found.add(number)
    return found


def _is_word(cell: str) -> bool:
    return len(cell) <= 60 and not looks.is_number(cell) and not looks.is_day(cell)


def _first_full(rows: list[Row]) -> int:
    """Return the first full row of words, where no name is a usual one."""
    width = Counter(len(_cut(row)) for row in rows if any(row)).most_common(1)
    if not width:
        raise NoDraft("the file is empty")
    for number, row in enumerate(rows, 1):
        named = [cell for cell in row if cell]
        words = all(not re.fullmatch(r"[-+$(\d.,/: )]+", cell) for cell in named)
        full = len(row) >= width[0][0] and len(named) >= len(row) * 3 // 4
        if words and full and len(named) > 1:
            return number
    raise NoDraft(
        "no row looks like a header; a feed without one says `header_row = 0` and `cells`, and its"
        " columns are called 1, 2, ... (docs/formats/flat.md)"
    )


MOST_BESIDE = 6
"""A row of labels has no more cells."""


def above(layout: Layout) -> list[Row]:
    """Return the rows above the first header."""
    return layout.leaf.rows[: layout.blocks[0].header - 1]


def labels(rows: list[Row]) -> dict[str, tuple[int, str, str]]:
    """Return what stands beside a label in rows: the label as it is compared -> row, label,
    value."""
    found: dict[str, tuple[int, str, str]] = {}
    for number, row in enumerate(rows, 1):
        cells = [cell for cell in row if cell]
        if len(cells) > MOST_BESIDE:
            continue
        for label, after in zip(cells, [*cells[1:], ""], strict=False):
            word, _, value = (part.strip() for part in label.partition(":"))
            value = value or after
            # Where a value goes on with another label, nobody knows where it ends.
            one = looks.has_digit(value) and not re.search(r"[A-Za-z]:", value)
            if word and one and _is_word(word):
                found.setdefault(plain(word), (number, word, value))
    return found


def is_ledger(block: Block) -> bool:
    """Whether a table prints totals of bills, a row each, and no charges."""
    totals = {balance_of(name) for name in block.names} - {None}
    return len(totals) >= 2 or (
        bool(totals) and not any(re.search("usoc|descr|qty|type", plain(n)) for n in block.names)
    )


def record_kinds(leaf: Leaf) -> dict[str, list[Row]]:
    """Return the kinds of typed records, told by their first cell: two or more that are short and
    each of one width; nothing where the rows are no such records."""
    kinds: dict[str, list[Row]] = {}
    if _headers([(number, _cut(row)) for number, row in enumerate(leaf.rows, 1) if any(row)]):
        return {}
    for row in (row for row in leaf.rows if any(row)):
        if not re.fullmatch(r"[A-Z0-9]{1,4}", row[0].strip()):
            return {}
        kinds.setdefault(row[0].strip(), []).append(row)
    widths = [{len(row) for row in rows} for rows in kinds.values()]
    if len(kinds) < 2 or len(kinds) > 40 or any(len(width) > 1 for width in widths):
        return {}
    return kinds if len(set.union(*widths)) > 1 else {}
