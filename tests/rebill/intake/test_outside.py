"""What people name on the command line is read under the same limits as what arrives."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import nights
import polars as pl
import pytest
from hostile_files import workbook, zipped
from shell import Call

from rebill.cli.failures import WRONG_USAGE
from rebill.workspace import apart
from rebill.workspace.settings import SETTINGS_FILE, Workspace

DONE = 0
MEMORY = "it took more than 8 MiB of memory; raise [limits] file_mebibytes"
SECONDS = "it took more than 1 seconds of CPU; raise [limits] file_seconds"
LIMITS = {MEMORY: "file_mebibytes = 8", SECONDS: "file_seconds = 1"}


def sheet() -> bytes:
    """Return a workbook of some kilobytes that unpacks to many mebibytes."""
    cell = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c></row>'
    return workbook("".join(cell.format(row, f"{row}" * 200) for row in range(1, 15_001)))


def parquet() -> bytes:
    """Return a Parquet file of some kilobytes that holds many mebibytes."""
    made = BytesIO()
    pl.DataFrame({name: ["x" * 100] * 10**6 for name in ("usoc", "carrier")}).write_parquet(made)
    return made.getvalue()


def hostile(place: Workspace, name: str, content: bytes | str, limit: str = MEMORY) -> Path:
    """Return the path of a file beside a workspace that lets a file take little."""
    (place.root / SETTINGS_FILE).write_text(f"[limits]\n{LIMITS[limit]}\n")
    path = place.root.parent / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_file_that_takes_too_much_is_told_by_its_name_and_the_limit(
    place: Workspace, rebill: Call
) -> None:
    bomb = hostile(place, "bomb.xlsx", sheet())
    code, out, err = rebill("describe", bomb, "--json")
    assert code == DONE and '"bomb.xlsx"' in out and not err
    # The reader of workbooks says of one it has too little memory for that it cannot be read.
    limit = MEMORY.split(";")[0] in out and MEMORY.split("; ")[1] in out
    assert limit or "the workbook cannot be read" in out
    for words, name, content, said in (
        (("profiles", "new-from"), "bomb.xlsx", sheet(), MEMORY),
        (("load",), "usocs.parquet", parquet(), MEMORY),
        (("profiles", "check"), "x.toml", "a." * 2**15 + "a = 1", SECONDS),
    ):
        code, out, err = rebill(*words, hostile(place, name, content, said))
        assert code == WRONG_USAGE and f"{name}: {said}" in err and "Traceback" not in err, words
        assert not out
    assert rebill("runs", "list", "--json")[1].count('"failed"') == 0


def test_every_file_from_outside_is_read_apart(
    place: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = apart.CameToNothing("it took more than 7 seconds of CPU", "raise [limits] file_seconds")
    monkeypatch.setattr(apart, "done_apart", lambda *given: slow)
    bank = "101 091000019 1234567890" + " " * 70 + "\n"
    header = "carrier,usoc,description,kind\n"
    rows = "".join(f"ILEC,U{row},Line number {row},recurring\n" for row in range(35_000))
    for words, name, content in (
        (("describe",), "bills.zip", zipped({"a.csv": nights.bill(3, nights.USUAL)})),
        (("describe",), "ach.txt", bank),
        (("describe",), "a.csv", nights.bill(3, nights.USUAL)),
        (("profiles", "cells"), "a.det", "HDR"),
        (("load",), "a.csr", "ACCOUNT 614 555-0100 123\n"),
        (("load",), "usocs.csv", header + rows),
        (("load",), "contracts.toml", nights.CONTRACT + f"# {'x' * 2**15}"),
        (("invoices", "tax-result"), "result.csv", header + rows),
        (("cash", "security", "--suppose"), "sale.toml", f"# {'x' * 2**15}"),
        (("csr", "diff", "--as-of", "2026-03-31"), "a.csr", "ACCOUNT 614 555-0100 123\n"),
    ):
        code, out, err = rebill(*words, hostile(place, name, content))
        told = out if words == ("describe",) else err
        assert code == (DONE if words == ("describe",) else WRONG_USAGE), (words, err)
        assert slow.what in told and slow.remedy in told and name in told, words


def test_a_small_file_is_read_at_once_whatever_stands_in_it(
    place: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "done_apart", lambda *given: pytest.fail("a process was started"))
    wide = ",".join(f"c{number}" for number in range(100_000))
    stars = nights.CONTRACT.replace('"305R01*"', f'"{"*1" * 30}2", "{"1" * 60}"')
    for name, content, said in (
        ("usocs.csv", f"{wide}\n", "unknown column 'c0'"),
        ("usocs.csv", f'"c",{wide}\n', "unknown column 'c'"),
        ("usocs.csv", "usoc," * 100_000, "column 'usoc' stands twice"),
        ("contracts.toml", f"x = {'[' * 10_000}", "is not TOML"),
        ("contracts.toml", f"x = {'9' * 10_000}", "is not TOML"),
        ("contracts.toml", nights.CONTRACT.replace("305R01*", "*" * 200), "100 characters"),
        ("contracts.toml", stars, None),
    ):
        code, _, err = rebill("load", hostile(place, name, content))
        assert code == (DONE if said is None else WRONG_USAGE), (said, err[:300])
        assert "Traceback" not in err and (said or "") in err
