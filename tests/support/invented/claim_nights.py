"""Bills of 2026 by which claims are filed and credits come, night by night."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
from nights import HEADER, copied, night, put, small, table

from rebill.disputes import file
from rebill.workspace.settings import Workspace

DAY = dt.date.fromisoformat
USUAL = ["1FB 6145550131 22.00", "TTB 6145550131 5.00", "1FB 6145550132 20.00"]


def paper(month: int, lines: list[str], extra: list[str], header: str) -> str:
    """Return a bill of 2026: `usoc number amount` recurring, then `class usoc number amount words`.

    A dash is empty. `header` is the adjustment of the previous balance.
    """
    day, end = f"2026-{month:02d}-05", f"2026-{month + 1:02d}-05"
    key = f"ILEC,305R010001,INV{month}"
    rows, total = [], Decimal(0)
    for line in lines:
        usoc, wtn, amount = line.split()
        rows.append(f"recurring,{usoc},,1,{amount},{amount},{wtn},,,,,{day},{end}")
        total += Decimal(amount)
    for line in extra:
        name, usoc, wtn, amount, *words = [
            cell.replace("-", "", cell == "-") for cell in line.split()
        ]
        rows.append(f"{name},{usoc},{' '.join(words)},,,{amount},{wtn},,,,,,")
        total += Decimal(amount)
    due = total + Decimal(header)
    text = f"{HEADER}document,{key},{day},{day[:8]}25,0.00,0.00,{header},{total},{due}"
    text += "," * 14 + "\n"
    for n, row in enumerate(rows, 1):
        text += f"line,{key},,,,,,,,{n},{row}\n"
    return text


def came(workspace: Workspace, month: int, day: str, *extra: str, header: str = "0.00") -> None:
    lines = [line for line in USUAL if month < 4 or "0132" not in line]
    put(workspace, [(f"{month}.csv", paper(month, lines, list(extra), header))])
    night(workspace, day)


def filed(root: Path) -> Workspace:
    """Return a workspace whose claims of March (DISC 16.67, RATE 2.00) were filed in March."""
    return copied(root, _filed)


def march_came(root: Path) -> None:
    """Make a workspace whose bill of March came, with two errors."""
    came(small(root), 3, "2026-03-20")


def _filed(root: Path) -> None:
    workspace = copied(root, march_came)
    file.submit(workspace, ["D-000001"], DAY("2026-03-22"), "ana", "T-7781")
    file.submit(workspace, ["D-000002"], DAY("2026-03-22"), "ana", None)


def event(workspace: Workspace, number: str, what: str, on: str, amount: str | None = None) -> str:
    """Let something happen to a claim, and return the state it is in then."""
    row = {"claim_no": number, "what": what, "at": DAY(on), "who": "ana"}
    row["amount"] = Decimal(amount) if amount else None  # type: ignore[assignment]
    return str(file.record_events(workspace, [row])["status"].item())


def claims(workspace: Workspace) -> dict[str, tuple[str, ...]]:
    names = ["claim_no", "status", "credited", "denied"]
    return {row[0]: row[1:] for row in table(workspace, "claims").select(names).iter_rows()}


def credits(workspace: Workspace) -> list[tuple[str, ...]]:
    names = ["amount", "taken", "status", "claim_nos", "matched_by"]
    return table(workspace, "credits").sort("line_no").select(names).rows()


def places(workspace: Workspace, on: str) -> dict[str, str]:
    """Return where the money stands on a day, 0.00 left out; every row adds up."""
    rows = table(workspace, "exposure").with_columns(
        pl.all().exclude("on", "carrier").cast(pl.Decimal(18, 2))
    )
    names = [name for name in rows.columns if name not in ("on", "carrier", "debited")]
    assert rows.filter(pl.col("debited") != pl.sum_horizontal(names)).is_empty()
    row = rows.filter(pl.col("on") == on).row(0, named=True)
    return {name: str(row[name]) for name in names if row[name]}
