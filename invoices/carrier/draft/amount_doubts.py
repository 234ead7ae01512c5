"""What may be meant otherwise by amounts: of one unit or of the line, signed by another column."""

from __future__ import annotations

import re
from collections.abc import Sequence

from invoices.carrier.draft.money_columns import Money
from invoices.carrier.draft.questions import Line, Question
from invoices.carrier.draft.told_columns import Table

_CREDIT = re.compile(r"c|cr|credit|-|neg(ative)?", re.I)
_DEBIT = re.compile(r"d|dr|db|debit|charge|\+|pos(itive)?|", re.I)


def places(moneys: Sequence[tuple[Table, Money]], in_sheet: bool) -> list[Line]:
    """Say that amounts are whole cents, or ask, where none of them shows a point."""
    cells: list[str] = []
    names: list[str] = []
    for table, money in moneys:
        for place in (p for p in (*money.parts, money.less, money.total) if p is not None):
            point = re.compile(rf"{re.escape(table.decimal)}\d")
            filled = table.filled(place)
            if any(point.search(cell) for cell in filled):
                return []
            cells += [cell for cell in filled if re.search(r"[1-9]", cell)]
            names += [table.names[place]] * bool(filled)
    small = any(len(re.sub(r"\D", "", cell)) < 3 for cell in cells)
    if not cells or (in_sheet and small):
        return []  # A sheet shows 90.00 as 90.
    if any(re.search(r"cents", name, re.I) for name in names):
        return ['places = "cents"    # as the name of the column says']
    zeros = next((cell for cell in cells if re.match(r"[-+(]?0\d", cell)), None)
    words = (
        f"No amount of {names[0]} has a point, such as {zeros or cells[0]}. Are they whole cents"
        " (cents), or dollars (point)?"
    )
    return [Question(words, 'places = "?"', f'places = "{"cents" if zeros else "point"}"')]


def of_one_unit(table: Table, money: Money) -> int | None:
    """Return the first row with several units whose amount is the rate of one; null where amounts
    are those of lines."""
    quantity, rate = table.fields.get("quantity"), table.fields.get("unit_rate")
    if money.amount is None or quantity is None or rate is None:
        return None
    units, rates = table.numbers(quantity), table.numbers(rate)
    amounts = table.numbers(money.amount)
    several = [n for n, count in enumerate(units) if count > 1 and rates[n] and amounts[n]]
    if not several or any(amounts[n] != rates[n] for n in several):
        return None
    return table.rows[several[0]][0]


def sign_column(table: Table, money: Money) -> tuple[str, str, int] | None:
    """Return the column whose words say which amounts are credits though they are printed
    positive: its name, the word, and how many rows; null where there is none."""
    if money.amount is None or money.less is not None:
        return None
    amounts = table.numbers(money.amount)
    for place, name in enumerate(table.names):
        cells = table.column(place)
        credits = [n for n, cell in enumerate(cells) if cell and _CREDIT.fullmatch(cell)]
        others = [cell for cell in cells if not _CREDIT.fullmatch(cell or "+")]
        if not credits or not all(_DEBIT.fullmatch(cell) for cell in others):
            continue
        if all(amounts[n] > 0 for n in credits) and place not in table.fields.values():
            return name, cells[credits[0]], len(credits)
    return None
