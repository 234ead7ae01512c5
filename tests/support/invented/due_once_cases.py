"""Hand-made bills on which an element or a package is due once, with the answer beside each line.

The last columns are what is right: what is due (`expected`) of the line, what is at stake, what was
billed too little (negative: what an earlier line was billed too little is used up), and the code.
Dates are of 2026 where they name no year.
Rates a month: 1FB 20.00 (the service has one), TTB 5.00 (two), PKG1 30.00 (of 1FB and PORT1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import due_once_bounds as bounds
from due_once_lines import CREDITED, OF_ORDERS, ORDERED, TOO_LITTLE
from hand_bills import ELEMENTS, audit, table
from worlds import World

Case = tuple[str, dict[str, Any]]
PACKAGE = """
service  wtn         circuit_id    ban  package  installed_on  disconnected_on
S1       6145550101  .             A1   PKG1     2025-01-01    .
"""
HELD = """
service  usoc   quantity  active_from  active_until
S1       1FB    1         .            .
S1       PORT1  1         .            .
"""
MAILED = ELEMENTS + "S1 VM1OO 1 . .\n"
LEAVES = """
service  wtn         circuit_id    ban  package  installed_on  disconnected_on
S1       6145550101  .             A1   .        2025-01-01    2026-06-16
"""

OF_PACKAGES: dict[str, str] = {
    "elements on two bills": """
    no bill  class usoc  quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB   1        .    19.00  06-01 07-01 30.00 0.00  11.00  .
    b  07-01 rec   PORT1 1        .    11.00  06-01 07-01 0.00  0.00  -11.00 .
    """,
    "elements on two bills, above the price": """
    no bill  class usoc  quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB   1        .    19.00  06-01 07-01 30.00 0.00  11.00  .
    b  07-01 rec   PORT1 1        .    15.00  06-01 07-01 0.00  4.00  -11.00 package_above_contract
    c  08-01 rec   PORT1 1        .    15.00  06-01 07-01 0.00  15.00 0.00   charged_twice
    """,
    "elements that cut the month": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   1FB   1        .    18.00  06-01 07-01 18.00 0.00  0.00  .
    b  06-01 pro   PORT1 1        .    4.80   06-01 06-13 4.80  0.00  0.00  .
    c  06-01 pro   PORT1 1        .    7.20   06-13 07-01 7.20  0.00  0.00  .
    """,
    "elements that cut the month on two bills": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   1FB   1        .    18.00  06-01 07-01 24.55 0.00  6.55  .
    b  06-01 rec   PORT1 1        .    4.00   06-01 06-16 5.45  0.00  1.45  .
    c  07-01 pro   PORT1 1        .    8.00   06-16 07-01 0.00  4.00  -4.00 package_above_contract
    """,
    "the package's code after its elements": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   1FB   1        .    20.00  06-01 07-01 20.00 0.00  0.00  .
    b  06-01 rec   PORT1 1        .    10.00  06-01 07-01 10.00 0.00  0.00  .
    c  06-01 rec   PKG1  1        .    30.00  06-01 07-01 0.00  30.00 0.00  charged_twice
    d  07-01 rec   PKG1  1        .    30.00  06-01 07-01 0.00  30.00 0.00  charged_twice
    """,
    "elements after the package's code": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1  1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    b  06-01 rec   1FB   1        .    20.00  06-01 07-01 0.00  20.00 0.00  charged_twice
    c  07-01 rec   PORT1 1        .    10.00  06-01 07-01 0.00  10.00 0.00  charged_twice
    """,
    "half the days again": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1 1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    b  07-01 rec   PKG1 1        .    30.00  06-16 07-16 15.00 15.00 0.00  charged_twice
    """,
    "a package credited in part and billed again": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1 1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    b  07-01 adj   PKG1 .        .    -9.00  06-22 07-01 -9.00 0.00  0.00  .
    c  08-01 pro   PKG1 1        .    9.00   06-22 07-01 9.00  0.00  0.00  .
    d  09-01 pro   PKG1 1        .    9.00   06-22 07-01 0.00  9.00  0.00  charged_twice
    """,
    "an element of a package credited and billed again": """
    no bill  class usoc  quantity rate amount from  until due    stake under code
    a  06-01 rec   1FB   1        .    20.00  06-01 07-01 20.00  0.00  0.00  .
    b  06-01 rec   PORT1 1        .    10.00  06-01 07-01 10.00  0.00  0.00  .
    c  07-01 adj   PORT1 .        .    -10.00 06-01 07-01 -10.00 0.00  0.00  .
    d  08-01 rec   PORT1 1        .    10.00  06-01 07-01 10.00  0.00  0.00  .
    """,
    "a package credited in full and billed again": """
    no bill  class usoc  quantity rate amount from  until due    stake under code
    a  06-01 rec   1FB   1        .    20.00  06-01 07-01 20.00  0.00  0.00  .
    b  06-01 rec   PORT1 1        .    10.00  06-01 07-01 10.00  0.00  0.00  .
    c  07-01 adj   1FB   .        .    -20.00 06-01 07-01 -20.00 0.00  0.00  .
    d  07-01 adj   PORT1 .        .    -10.00 06-01 07-01 -10.00 0.00  0.00  .
    e  08-01 rec   PKG1  1        .    31.00  06-01 07-01 30.00  1.00  0.00  package_above_contract
    """,
    "a credit of its first day": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1 1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    b  07-01 adj   PKG1 .        .    -1.00  06-01 06-01 -1.00 0.00  0.00  .
    c  08-01 rec   PKG1 1        .    1.00   06-01 06-02 1.00  0.00  0.00  .
    """,
    "a package billed too little, then the rest": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1  1        .    22.00  06-01 07-01 30.00 0.00  8.00  .
    b  07-01 rec   1FB   1        .    5.00   06-01 07-01 0.00  0.00  -5.00 .
    c  07-01 rec   1FB   1        .    20.00  07-01 08-01 20.00 0.00  0.00  .
    d  07-01 rec   PORT1 1        .    10.00  07-01 08-01 10.00 0.00  0.00  .
    e  08-01 rec   PORT1 1        .    3.00   06-01 07-01 0.00  0.00  -3.00 .
    """,
    "an account that is unknown carries no package": """
    no bill  ban class usoc quantity rate amount from  until due   stake under code
    a  06-01 B1  rec   PKG1 1        .    30.00  06-01 07-01 .     30.00 0.00  account_unknown
    b  06-10 A1  rec   PKG1 1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    """,
    "credited in part and billed again on one bill": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1   1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    b  06-01 adj   PKG1   .        .    -12.00  06-01 07-01 -12.00 0.00  0.00  .
    c  06-01 rec   PKG1   1        .    12.00  06-01 07-01 12.00 0.00  0.00  .
    """,
    "an element credited and billed again on one bill": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   1FB   1        .    18.00  06-01 07-01 18.00 0.00  0.00  .
    a2  06-01 rec   PORT1   1        .    12.00  06-01 07-01 12.00 0.00  0.00  .
    b  06-01 adj   PORT1   .        .    -12.00  06-01 07-01 -12.00 0.00  0.00  .
    c  06-01 rec   PORT1   1        .    12.00  06-01 07-01 12.00 0.00  0.00  .
    """,
    "days credited and billed again on one bill": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1   1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    b  06-01 adj   PKG1   .        .    -12.00  06-19 07-01 -12.00 0.00  0.00  .
    c  06-01 pro   PKG1   1        .    12.00  06-19 07-01 12.00 0.00  0.00  .
    """,
    "more than was credited, billed again on one bill": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1   1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    b  06-01 adj   PKG1   .        .    -12.00  06-01 07-01 -12.00 0.00  0.00  .
    c  06-01 rec   PKG1   1        .    20.00  06-01 07-01 12.00 8.00  0.00  charged_twice
    """,
    "less than was credited, billed again on one bill": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1   1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    b  06-01 adj   PKG1   .        .    -12.00  06-01 07-01 -12.00 0.00  0.00  .
    c  06-01 rec   PKG1   1        .    7.00  06-01 07-01 7.00 0.00  0.00  .
    d  07-01 rec   PKG1   1        .    7.00  06-01 07-01 5.00 2.00  0.00  package_above_contract
    """,
    "a credit of what is above the price is no room for it": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1   1        .    40.00  06-01 07-01 30.00 10.00  0.00  package_above_contract
    b  06-01 adj   PKG1   .        .    -10.00  06-01 07-01 -10.00 0.00  0.00  .
    """,
    "credited on one bill, and billed again in the other way": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   1FB   1        .    18.00  06-01 07-01 18.00 0.00  0.00  .
    a2  06-01 rec   PORT1   1        .    12.00  06-01 07-01 12.00 0.00  0.00  .
    b  06-01 adj   PORT1   .        .    -12.00  06-01 07-01 -12.00 0.00  0.00  .
    c  06-01 rec   PKG1   1        .    30.00  06-01 07-01 12.00 18.00  0.00  charged_twice
    """,
    "days credited on one bill, and all billed again": """
    no bill  class usoc  quantity rate amount from  until due   stake under code
    a  06-01 rec   PKG1   1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    b  06-01 adj   PKG1   .        .    -12.00  06-19 07-01 -12.00 0.00  0.00  .
    c  06-01 rec   PKG1   1        .    30.00  06-01 07-01 12.00 18.00  0.00  charged_twice
    """,
}  # fmt: skip
OF_ELEMENTS: dict[str, str] = {
    "a package held as elements and billed as one": """
    no bill  class usoc  quantity rate  amount from  until due   stake under code
    a  06-01 rec   PKG1  1        30.00 30.00  06-01 07-01 30.00 0.00  0.00  .
    b  07-01 rec   PKG1  1        33.00 33.00  07-01 08-01 30.00 3.00  0.00  package_above_contract
    c  07-01 rec   PORT1 1        7.00  7.00   06-01 07-01 0.00  7.00  0.00  charged_twice
    """,
    "its elements billed by themselves first": """
    no bill  class usoc  quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB   1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  06-01 rec   PORT1 1        7.00  7.00   06-01 07-01 7.00  0.00  0.00  .
    c  07-01 rec   PKG1  1        30.00 30.00  06-01 07-01 3.00  27.00 0.00  charged_twice
    """,
    "an element billed by itself at 0.00 is due once, too": """
    no bill  class usoc quantity rate amount from  until due   stake under  code
    a  06-01 rec   1FB  1        .    0.00   06-01 07-01 20.00 0.00  20.00  rate_below_contract
    b  06-10 rec   1FB  1        .    20.00  06-01 07-01 0.00  0.00  -20.00 .
    c  07-01 rec   PKG1 1        .    30.00  06-01 07-01 10.00 20.00 0.00   charged_twice
    """,
    "what an element by itself was billed too little is no accrual of the package": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 rec   1FB  1        .    5.00   06-01 07-01 20.00 0.00  15.00 rate_below_contract
    b  07-01 rec   PKG1 1        .    30.00  06-01 07-01 10.00 20.00 0.00  charged_twice
    c  08-01 rec   PKG1 1        .    15.00  06-01 07-01 0.00  15.00 0.00  charged_twice
    """,
    "an adjustment is no element billed by itself": """
    no bill  class usoc quantity rate amount from  until due   stake under code
    a  06-01 adj   1FB  .        .    20.00  06-01 07-01 20.00 0.00  0.00  class_differs
    b  07-01 rec   PKG1 1        .    30.00  06-01 07-01 30.00 0.00  0.00  .
    """,
    "its elements credited before it is billed as one": """
    no bill  class usoc  quantity rate  amount from  until due    stake under code
    a  06-01 rec   1FB   1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    b  06-01 rec   PORT1 1        7.00  7.00   06-01 07-01 7.00   0.00  0.00  .
    c  07-01 adj   1FB   .        .     -20.00 06-01 07-01 -20.00 0.00  0.00  .
    d  07-01 adj   PORT1 .        .     -7.00  06-01 07-01 -7.00  0.00  0.00  .
    e  07-01 rec   PKG1  1        30.00 30.00  06-01 07-01 30.00  0.00  0.00  .
    f  08-01 rec   PKG1  1        30.00 30.00  06-01 07-01 0.00   30.00 0.00  charged_twice
    """,
    "an element credited in part before": """
    no bill  class usoc quantity rate  amount from  until due   stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    b  06-15 adj   1FB  .        .     -8.00  06-01 07-01 -8.00 0.00  0.00  .
    c  07-01 rec   PKG1 1        30.00 30.00  06-01 07-01 18.00 12.00 0.00  charged_twice
    """,
    "what is left of such a credit is for what is billed again beside the package": """
    no bill  class usoc quantity rate  amount from  until due    stake under code
    a  06-01 rec   1FB  1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    b  07-01 adj   1FB  .        .     -25.00 06-01 07-01 -25.00 0.00  0.00  .
    c  07-01 rec   PKG1 1        30.00 30.00  06-01 07-01 30.00  0.00  0.00  .
    d  07-01 rec   1FB  1        20.00 20.00  06-01 07-01 5.00   15.00 0.00  charged_twice
    """,
}  # fmt: skip
SUMMARIES = """
usoc  relation    other_usoc
SUMM1 summary_of  1FB
"""
SUMMED = """
usoc   package  charge_class  state  zone  term_months  rate   effective_from  effective_until
SUMM1  .        recurring     .      .     .            31.00  2025-01-01      .
"""
NOT_ORDERED: dict[str, str] = {
    "a summary that is not ordered takes nothing": """
    no bill  class usoc  quantity rate  amount from  until due   stake under code
    a  06-01 rec   SUMM1 1        31.00 31.00  06-01 07-01 0.00  31.00 0.00  element_not_ordered
    b  06-01 rec   1FB   1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    """,
}  # fmt: skip
OF_SUMMARIES: dict[str, str] = {
    "a summary that is due takes its element": """
    no bill  class usoc  quantity rate  amount from  until due   stake under code
    a  06-01 rec   SUMM1 1        31.00 31.00  06-01 07-01 31.00 0.00  0.00  .
    b  06-01 rec   1FB   1        20.00 20.00  06-01 07-01 0.00  20.00 0.00  charged_in_summary
    """,
    "one that was credited does not": """
    no bill  class usoc  quantity rate  amount from  until due    stake under code
    a  06-01 rec   SUMM1 1        31.00 31.00  06-01 07-01 31.00  0.00  0.00  .
    b  07-01 adj   SUMM1 .        .     -31.00 06-01 07-01 -31.00 0.00  0.00  .
    c  07-01 rec   1FB   1        20.00 20.00  06-01 07-01 20.00  0.00  0.00  .
    """,
    "one on an account that is unknown does not": """
    no bill  ban class usoc  quantity rate  amount from  until due   stake under code
    a  06-01 B1  rec   SUMM1 1        31.00 31.00  06-01 07-01 .     31.00 0.00  account_unknown
    b  06-02 A1  rec   1FB   1        20.00 20.00  06-01 07-01 20.00 0.00  0.00  .
    """,
}  # fmt: skip
CAPPED: dict[str, str] = {
    "a surcharge under its cap is claimed by its share": """
    no bill  class usoc quantity rate amount from  until due  stake under code
    a  06-01 sur   9ZR  1        6.00 6.00   06-01 07-01 3.00 3.00  0.00  billed_after_disconnect
    b  06-01 sur   9ZR  1        9.00 9.00   05-01 06-01 8.30 0.70  0.00  surcharge_above_cap
    c  07-01 sur   9ZR  1        8.30 8.30   07-01 08-01 0.00 8.30  0.00  billed_after_disconnect
    """,
}  # fmt: skip

GROUPS: tuple[tuple[dict[str, str], dict[str, Any]], ...] = (
    (CREDITED, {}),
    (OF_ORDERS, {"orders": ORDERED}),
    (bounds.TOUCHING, {}),
    (bounds.NOTHING, {}),
    (bounds.GIVEN_BACK, {}),
    (bounds.OF_ORDERS, {"orders": ORDERED}),
    (bounds.OF_HALF_A_CENT, {"rates": bounds.HALF_A_CENT, "service_elements": MAILED}),
    (bounds.OF_TWO_CENTS, {"rates": bounds.TWO_CENTS, "service_elements": MAILED}),
    (TOO_LITTLE, {}),
    (OF_PACKAGES, {"services": PACKAGE, "service_elements": HELD.splitlines()[1]}),
    (OF_ELEMENTS, {"service_elements": HELD}),
    (NOT_ORDERED, {"usoc_rules": SUMMARIES, "rates": SUMMED}),
    (OF_SUMMARIES | bounds.OF_SUMMARIES, {"usoc_rules": SUMMARIES, "rates": SUMMED,
                    "service_elements": ELEMENTS + "S1 SUMM1 1 . .\n"}),
    (CAPPED, {"services": LEAVES}),
)  # fmt: skip
APART = {"line_id", "document_id", "invoice_no", "service", "order_no", "wtn"}
SHORT_DAY = re.compile(r"(?<![-\d])(\d\d-\d\d)(?![-\d])")
CASES = {
    name: (SHORT_DAY.sub(r"2026-\1", text.replace(" due ", " expected ")), more)
    for texts, more in GROUPS
    for name, text in texts.items()
}


def made(name: str) -> World:
    """Return the world of a case."""
    text, more = CASES[name]
    return audit(text, **more)


def together(names: Iterable[str]) -> World:
    """Return the worlds of cases of one group as one, each with a service and accounts of its own.

    Lines are named with their case: 3.a.
    """
    every = World()
    for n, name in enumerate(names):
        own = made(name)
        for row in (r for rows in vars(own).values() if isinstance(rows, list) for r in rows):
            for key in APART & row.keys() if isinstance(row, dict) else ():
                if row[key] is not None:
                    row[key] = str(int(row[key]) + 10 * n) if key == "wtn" else f"{n}.{row[key]}"
            if isinstance(row, dict) and row.get("ban") is not None:
                row["ban"] += f".{n}"
        for table_name in ("documents", "lines", "services", "service_elements", "orders"):
            getattr(every, table_name).extend(getattr(own, table_name))
        for table_name in ("contracts", "usocs", "packages", "usoc_rules", "buy_rates"):
            setattr(every, table_name, getattr(own, table_name))
    return every


def right(name: str) -> list[tuple[Any, ...]]:
    """Return the answers of a case, by line: expected, at stake, billed too little, codes."""
    return [
    (r["no"], r["expected"], r["stake"], r["under"],
         set() if r["code"] is None else set(r["code"].split(",")))
    for r in table(CASES[name][0])
    ]  # fmt: skip
