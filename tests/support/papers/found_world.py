"""A small house whose numbers, circuits, names and ids are spelt in many ways, after a night."""

from __future__ import annotations

from pathlib import Path

import nights
from reference_files import write

from rebill.workspace.settings import open_workspace

CONTRACTS = nights.CONTRACT.replace('["305R01*"]', '["305R01*", "614*"]')
BAN = "6145550131123"
"""An account that begins with the telephone number it is billed under."""
TABLES = {
    **nights.TABLES,
    "customers": """
        customer name                brand bill_day due_days email           address
        C00001   Blue~Heron~Dental   ACME  15       20       a@example.com   1~Harbor~Street
        C00012   Blue~Heron~Bank     ACME  1        30       -               -
        C00020   Quarry~(Park)~Ltd.  ACME  1        30       -               -
        """,
    "services": """
        service  carrier ban           wtn            circuit_id        customer installed_on
        S0000001 ILEC    305R010001    (614)~555-0131 -                 C00001   2025-01-01
        S0000002 ILEC    6145550131123 614.555.0132   -                 C00012   2025-01-01
        S0000003 ILEC    305R010001    -              45/HCGS/000003/HT C00020   2025-01-01
        """,
    "service_elements": """
        service  usoc quantity active_from
        S0000001 1FB  1        2025-01-01
        S0000001 TTB  1        2025-01-01
        S0000002 1FB  1        2025-01-01
        S0000003 TTB  1        2025-01-01
        """,
    "orders": """
        order_no  service  usoc quantity completed_on
        ORD-00007 S0000001 NRC  1        2026-01-20
        """,
}
LINES = """
    1FB recurring 22.00 6145550131 -                  -
    TTB recurring 5.00  -          45.HCGS.000003..HT -
    1FB recurring 20.00 6145550199 -                  -
    TTB recurring 5.00  -          99/ABCD/000001/ZZ  -
    NRC one_time  9.00  6145550131 -                  PON~77/A
    TTB recurring 5.00  6145550131 -                  -
    """
"""usoc, class, amount, number, circuit, order: two services, a number and a circuit of none."""


def bill(month: int, ban: str = "305R010001", lines: str = LINES) -> str:
    """Return a `usoc-lines` file with one document of 2026."""
    day, end = f"2026-{month:02d}-05", f"2026-{month + 1:02d}-05"
    key = f"ILEC,{ban},INV-{ban[:3]}-{month:04d}"
    rows = [[cell.replace("~", " ").strip("-") for cell in line.split()]
            for line in lines.strip().splitlines()]  # fmt: skip
    total = f"{sum(float(row[2]) for row in rows):.2f}"
    text = f"{nights.HEADER}document,{key},{day},{day[:8]}25,0.00,0.00,0.00,{total},{total}"
    text += "," * 14 + "\n"
    for place, (usoc, kind, amount, wtn, circuit, order) in enumerate(rows, 1):
        days = f"{day},{end}" if kind == "recurring" else f"{day},{day}"
        own = f"{place * 10},{kind},{usoc},Charge {usoc},1,{amount},{amount},{wtn},{circuit}"
        text += f"line,{key},,,,,,,,{own},,,{order},{days}\n"
    return text


def after_two_months(root: Path) -> None:
    """Make the workspace, after a night with the bills of February and March."""
    nights.loaded(nights.make(root), write(root / "reference", contracts=CONTRACTS, **TABLES))
    workspace = open_workspace(root)
    one = "1FB recurring 20.00 6145550132 - -"
    bills = {"feb": bill(2), "mar": bill(3), "other": bill(2, BAN, one)}
    nights.put(workspace, [(f"{name}.csv", text) for name, text in bills.items()])
    nights.night(workspace, "2026-03-31")
