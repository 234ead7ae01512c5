"""Reference tables as people align them, written as files, loaded and read back."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rebill import store
from rebill.reference import current
from rebill.reference.load import LoadResult
from rebill.workspace.settings import Workspace

CONTRACT = """
[[contract]]
id = "{id}"
carrier = "ILEC"
effective_from = {since}
accounts = [{accounts}]
"""

WORLD = {
    "usocs": """
        carrier usoc description    kind      family valid_from valid_until source
        ILEC    1fb  Business~line  recurring POTS   -          -           tariff
        ILEC    TTB  Touch,tone     recurring -      2026-01-01 -           -
    """,
    "packages": """
        carrier package usoc quantity
        ILEC    PK1     1FB  -
        ILEC    PK1     TTB  2
    """,
    "usoc_rules": """
        carrier usoc relation other_usoc
        ILEC    TTB  requires 1FB
    """,
    "customers": """
        customer name     bill_day cost_basis
        ACME     Acme~Co  5        billed
        ZED      -        -        -
    """,
    "services": """
        service carrier ban        wtn            circuit_id   state package customer installed_on
        S1      ILEC    0305R01001 (614)~555-0131 -            oh    PK1     ACME     2026-01-01
        S2      ILEC    0305R01001 -              12~abc~/34   -     -       -        -
    """,
    "service_elements": """
        service usoc quantity active_from active_until
        S1      1FB  -        2026-01-01  2026-03-01
        S1      1FB  2        2026-03-01  -
        S2      TTB  3        -           -
    """,
    "orders": """
        order_no service usoc completed_on nrc_waived
        0O1      S1      NRC1 2026-01-05   TRUE
        0O2      S1      NRC1 -            -
    """,
    "buy_rates": """
        contract charge_class usoc package zone term_months rate     effective_from
        C1       recurring    1FB  -       01   24          20.00    2026-01-01
        C1       -            -    PK1     -    -           .123456  -
    """,
    "markups": """
        customer charge_class method               value minimum floor cap
        ACME     -            percent              0.15  -       -     Retail
        -        usage        percent_with_minimum 0.2   0.05    -     3.5
        -        -            pass_through         -     -       -     -
    """,
    "retail_rates": """
        carrier usoc package state rate
        ILEC    1FB  -       oh    30
        ILEC    -    PK1     -     40
    """,
}


def csv_of(table: str) -> str:
    """A table as people align it, as CSV: `-` is an empty cell, as are those left out at the end of
    a row; `~` is a blank.
    """
    rows = [line.split() for line in table.strip().splitlines()]
    width = len(rows[0])
    cells = [["" if c == "-" else c.replace("~", " ") for c in row] for row in rows]
    whole = [row + [""] * (width - len(row)) for row in cells]
    return "".join(",".join(f'"{c}"' if "," in c else c for c in row) + "\n" for row in whole)


def write(folder: Path, **tables: str) -> Path:
    """Write tables as CSV files (contracts as they are) and return their folder."""
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        if name == "contracts":
            (folder / "contracts.toml").write_text(table)
        else:
            (folder / f"{name}.csv").write_text(csv_of(table))
    return folder


def world(folder: Path, **others: str) -> Path:
    """Write the whole world of `WORLD` with a contract C1, and other tables in place of some."""
    contract = CONTRACT.format(id="C1", since="2026-01-01", accounts='"0305R01*"')
    return write(folder, **{**WORLD, "contracts": contract, **others})


def frame(workspace: Workspace, name: str, version: int | None = None) -> pl.DataFrame:
    """A reference table as the kernels read it."""
    with store.transaction(workspace) as connection:
        return current.reference_frames(workspace, connection, version)[name].collect()


def said(result: LoadResult) -> list[str]:
    """The errors of a load, as people read them, without the remedy."""
    assert all(error.remedy for error in result.errors)
    return [str(error).partition(";")[0] for error in result.errors]
