"""Lines of 0.00, charges and credits of one element or one order, in any order, on few days."""

from __future__ import annotations

import random

from hand_bills import audit
from worlds import World

ORDER = """
order_no service usoc  quantity completed_on nrc_waived
R1       S1      NRCIN 3        2026-05-01   no
"""
JUNE = ("2026-06-01", "2026-07-01")
CUTS = [("2026-06-11", "2026-06-21"), ("2026-06-01", "2026-06-16")]
SPANS = [JUNE, ("2026-06-16", "2026-07-16"), *CUTS]
HEAD = "no bill class usoc quantity rate amount from until order_no"


def nothing_world(seed: int) -> World:
    """Return three to six lines of one element (2 at 5.00), or of an order (3 at 45.00)."""
    chance = random.Random(seed)
    row = chance.choice([of_element, of_element, of_order])
    rows = [HEAD]
    for n in range(chance.randint(3, 6)):
        month = n - 1 if n and chance.random() < 0.25 else n
        rows.append(f"l{n} 2026-{6 + month:02}-10 {row(chance, first=not n)}")
    return audit("\n".join(rows), orders=ORDER)


def of_element(chance: random.Random, first: bool) -> str:
    """Return a line of the element: of all or some of its days, too little, or a credit."""
    span = chance.choice(SPANS) if chance.random() < 0.4 else JUNE
    if not first and chance.random() < 0.35:
        return f"adj TTB . . -{chance.randint(1, 10)}.00 {' '.join(span)} ."
    units = chance.randint(1, 2)
    amounts = [0, 2 * units] if span in CUTS else [0, 0, 5 * units, 5 * units, 5 * units - 1]
    kind = "pro" if span in CUTS else "rec"
    return f"{kind} TTB {units} . {chance.choice(amounts)}.00 {' '.join(span)} ."


def of_order(chance: random.Random, first: bool) -> str:
    """Return a line of the order: of some of its units, too little, or a credit."""
    if not first and chance.random() < 0.35:
        return f"adj NRCIN . . -{chance.randint(1, 100)}.00 . . R1"
    units = chance.randint(1, 3)
    amount = chance.choice([0, 0, 45 * units, 45 * units, 45 * units - 10])
    return f"nrc NRCIN {units} . {amount}.00 . . R1"
