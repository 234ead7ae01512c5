"""Which column is the amount of a line, and what the other columns of money are to it.

Names propose, sums decide: a column that is the sum of others row by row is their total, and what
bills print as their charges tells whether a tax beside the amount comes on top. What neither tells
is asked, for a column too much counts a charge twice and one too few keeps it from a customer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from invoices.carrier.draft import looks
from invoices.carrier.draft.told_columns import Table
from invoices.carrier.draft.usual_names import AMOUNT, CREDIT, DEBIT, TOTAL, class_of, plain

CUT = 10_000
"""A sample of so many rows may be the beginning of a longer file."""
MOST = 8
"""Among so many columns of money it is looked for sums."""
_BESIDE = (
    r".*\b(tax(es)?|surcharges?|fees?|discounts?|usf|fusf|vat|gst|mrc|nrc|usage|recurring"
    r"|credits?)\b.*"
)


@dataclass
class Money:
    """What the columns of money of a table are; places of columns."""

    amount: int | None = None
    less: int | None = None
    """Credits that are printed positive."""
    plus: int | None = None
    """What is added to the amount as it is printed, such as a discount."""
    charges: tuple[int, ...] = ()
    """Each is a charge of its own beside the amount."""
    asked: tuple[int, ...] = ()
    """Whether each is a charge beside the amount is not known."""
    inside: tuple[int, ...] = ()
    """Only inform: the amount has them already."""
    total: int | None = None
    """The sum of amount, charges and what is added, row by row."""
    rivals: tuple[int, ...] = ()
    """Columns either of which may be the amount."""
    why: str = ""
    """What the decision rests on."""

    @property
    def parts(self) -> tuple[int, ...]:
        """The columns that make up what a row charges, the amount first."""
        first = () if self.amount is None else (self.amount,)
        return (*first, *((self.plus,) if self.plus is not None else ()), *self.charges)


def money_of(table: Table) -> Money:
    """Return what the columns of money of a table are to each other."""
    taken = set(table.fields.values())
    places = [
        place
        for place, name in enumerate(table.block.names)
        if place not in taken and _is_money(table, place, plain(name))
    ][:MOST]
    if not places:
        return Money()
    found = _pair(table, places)
    if found is not None:
        _with_pair(table, places, found)
    else:
        found = _summed(table, places) or _beside(table, places)
    rest = [p for p in places if p not in (*found.parts, found.less, found.total)]
    rest = [p for p in rest if p not in (*found.rivals, *found.asked, *found.inside)]
    if found.amount is not None and rest:
        found.asked = (*found.asked, *rest)
    return found


def _is_money(table: Table, place: int, name: str) -> bool:
    """Whether a column may be money; where it is called so, some of its cells may be broken."""
    if not _may_be(name):
        return False
    share = 0.3 if _rank(name) is not None else 0.95
    return looks.most(table.column(place), looks.is_number, share)


def _may_be(name: str) -> bool:
    return _rank(name) is not None or re.fullmatch(_BESIDE, name) is not None or _is_other(name)


def _is_other(name: str) -> bool:
    """Whether a name speaks of money without being one that is known."""
    return (
        re.search(r"\b(amount|amt|charges?|total|debits?|credits?|cost|promo)\b|\$", name)
        is not None
    )


def _rank(name: str) -> int | None:
    """Return how surely a name is that of the amount, the surest 0."""
    return next((n for n, pattern in enumerate(AMOUNT) if re.fullmatch(pattern, name)), None)


def _names(table: Table, places: list[int]) -> dict[int, str]:
    return {place: plain(table.block.names[place]) for place in places}


def _pair(table: Table, places: list[int]) -> Money | None:
    """Return charges and credits in columns of their own, both positive."""
    names = _names(table, places)
    debits = [p for p in places if re.fullmatch(DEBIT, names[p])]
    credits = [p for p in places if re.fullmatch(CREDIT, names[p])]
    for debit in debits:
        for credit in credits:
            first, second = table.numbers(debit), table.numbers(credit)
            apart = not any(a and b for a, b in zip(first, second, strict=True))
            if apart and min(second) >= 0 and max(second) > 0:
                return Money(debit, less=credit, why="never in one row, both positive")
            if apart and max(second) <= 0 and min(second) < 0:
                return Money(debit, plus=credit, why="credits are printed negative")
    return None


def _with_pair(table: Table, places: list[int], pair: Money) -> None:
    """Settle which columns come on top of charges and credits: a total of the row has them."""
    debit, credit = pair.amount or 0, pair.less if pair.less is not None else pair.plus or 0
    sign = -1 if pair.less is not None else 1
    net = [a + sign * b for a, b in zip(table.numbers(debit), table.numbers(credit), strict=True)]
    others = [p for p in places if p not in (debit, credit) and any(table.numbers(p))]
    for whole in sorted(others, key=lambda p: re.fullmatch(TOTAL, plain(table.names[p])) is None):
        rest = [place for place in others if place != whole]
        for size in range(len(rest) + 1):
            for parts in combinations(rest, size):
                columns = [net, *(table.numbers(part) for part in parts)]
                if table.numbers(whole) == [sum(row) for row in zip(*columns, strict=True)]:
                    pair.charges, pair.inside = parts, (whole,)
                    pair.why = f"{table.names[whole]} is what the row comes to"
                    return


def _summed(table: Table, places: list[int]) -> Money | None:
    """Return a column that is the sum of others row by row, with those."""
    names = _names(table, places)
    numbers = {place: table.numbers(place) for place in places}
    wholes = sorted(
        places, key=lambda p: (re.fullmatch(TOTAL, names[p]) is None, -p)
    )  # what is called a total is tried first, then from the right
    for whole in wholes:
        others = [p for p in places if p != whole and any(numbers[p])]
        for size in range(2, min(len(others), 5) + 1):
            for parts in combinations(others, size):
                if _adds_up(numbers, whole, parts):
                    return _of_sum(table, names, whole, parts)
    return None


def _adds_up(numbers: dict[int, list[Decimal]], whole: int, parts: tuple[int, ...]) -> bool:
    rows = zip(numbers[whole], *(numbers[part] for part in parts), strict=True)
    together = 0
    for total, *values in rows:
        if total != sum(values):
            return False
        together += sum(1 for value in values if value) > 1
    return together > 0 or len({p for p in parts if any(numbers[p])}) == len(parts) > 1


def _of_sum(table: Table, names: dict[int, str], whole: int, parts: tuple[int, ...]) -> Money:
    """Return the parts of a sum: the amount, what is added to it, what is charged beside."""
    ranked = sorted(parts, key=lambda p: (_is_beside(names[p]), _rank(names[p]) or 0, p))
    amount, *others = ranked
    discounts = [p for p in others if re.search("discount|promo|waive", names[p])]
    plus = discounts[0] if len(discounts) == 1 else None
    charges = tuple(p for p in others if p != plus)
    title = table.names[whole]
    return Money(amount, plus=plus, charges=charges, total=whole, why=f"{title} is their sum")


def _is_beside(name: str) -> bool:
    return re.fullmatch(_BESIDE, name) is not None


def _beside(table: Table, places: list[int]) -> Money:
    """Return the amount by its name, and what is known of the columns beside it."""
    names = _names(table, places)
    ranked = sorted(
        (rank, place)
        for place in places
        if (rank := _rank(names[place])) is not None and not _is_beside(names[place])
    )
    beside = [place for place in places if _is_beside(names[place])]
    if not ranked:
        own = [place for place in beside if class_of(names[place]) in ("recurring", "one_time")]
        own += [p for p in beside if p not in own and class_of(names[p]) in ("usage", "prorated")]
        if not own and len(places) == 1 and _is_other(names[places[0]]):
            return Money(places[0])
        if not own:
            return Money(rivals=tuple(places))
        rest = tuple(place for place in beside if place not in own)
        return _proved(table, Money(own[0], charges=tuple(own[1:]), asked=rest))
    rivals = tuple(place for _, place in ranked)
    if len(rivals) > 1:
        same = [p for p in rivals[1:] if table.numbers(p) == table.numbers(rivals[0])]
        rivals = tuple(place for place in rivals if place not in same)
        if len(rivals) > 1:
            return _chosen(table, rivals, tuple(beside), tuple(same))
        return _proved(table, Money(rivals[0], asked=tuple(beside), inside=tuple(same)))
    return _proved(table, Money(rivals[0], asked=tuple(beside)))


def _printed(table: Table) -> list[tuple[Decimal, list[int]]]:
    """Return what each bill prints as its charges, with the rows of it (by their place)."""
    place = table.fields.get("current_charges")
    if place is None:
        return []
    rows: dict[tuple[str, ...], list[int]] = {}
    for number, bill in enumerate(table.bills()):
        rows.setdefault(bill, []).append(number)
    numbers = table.numbers(place)
    found = [(numbers[of_bill[0]], of_bill) for of_bill in rows.values()]
    # A sample ends somewhere in a bill.
    return found[:-1] if len(table.rows) >= CUT and len(found) > 1 else found


def proves(table: Table, places: tuple[int, ...]) -> bool:
    """Whether these columns together are what each bill prints as its charges."""
    bills = _printed(table)
    columns = [table.numbers(place) for place in places]
    return bool(bills) and all(
        printed == sum(column[row] for column in columns for row in rows) for printed, rows in bills
    )


def _chosen(
    table: Table, rivals: tuple[int, ...], beside: tuple[int, ...], same: tuple[int, ...]
) -> Money:
    """Return the one of several amounts that the bills print, if they do."""
    for rival in rivals:
        rest = tuple(p for p in (*rivals, *beside, *same) if p != rival)
        if proves(table, (rival,)):
            return Money(rival, inside=rest, why="its lines are what the bills print")
    return Money(rivals=rivals, asked=beside, inside=same)


def _proved(table: Table, money: Money) -> Money:
    """Settle by what the bills print whether the columns that are asked for come on top."""
    if not money.asked or money.amount is None:
        return money
    with_values = tuple(p for p in money.asked if any(table.numbers(p)))
    money.asked = with_values
    if proves(table, money.parts):
        money.inside, money.asked = (*money.inside, *money.asked), ()
        money.why = "the bills print the amounts without them"
        return money
    for size in range(len(with_values), 0, -1):
        for more in combinations(with_values, size):
            if proves(table, (*money.parts, *more)):
                money.charges = (*money.charges, *more)
                money.inside = (*money.inside, *(p for p in with_values if p not in more))
                money.asked = ()
                money.why = "the bills print the amounts with them"
                return money
    return money
