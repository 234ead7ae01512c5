"""A night tells a charge of another class than its code's, whatever format brought it."""

from __future__ import annotations

from pathlib import Path

import nights
import polars as pl
from nights import night, small, table
from x12_paper import bytes_of, parse, whole

LAYOUT = """
ban = "account"
invoice_no = "invoice"
bill_date = "billed"
current_charges = "total"
total_due = "total"
usoc = "usoc"
wtn = "tn"
amount = "amount"
"""
NAMES = ("account", "invoice", "billed", "total", "usoc", "tn", "amount")
WIDTHS = (10, 6, 8, 7, 5, 10, 7)
CELLS = ("305R01000{}", "INV{}", "20260305", "20.00", "{}", "6145550131", "20.00")


def profiles() -> dict[str, str]:
    """Return a profile of each format that needs one, whose charges are one-time charges."""
    columns, start = [], 2
    for name, width in zip(NAMES, WIDTHS, strict=True):
        columns.append(f'{{ name = "{name}", start = {start}, length = {width} }}')
        start += width
    named = ", ".join(f'"{name}"' for name in ("id", *NAMES))
    kinds = {
        "flat": "",
        "fixed": '[[fixed.record]]\nname = "lines"\nid = ["L"]\n'
        f"columns = [{', '.join(columns)}]\n",
        "records": f'[[records.record]]\nname = "lines"\nid = ["R"]\ncolumns = [{named}]\n',
    }
    said = {"flat": "", "fixed": "", "records": 'delimiter = "|"\n'}
    return {
        name: f'profile = "{name}"\nformat = "{name}"\ncarrier = "ILEC"\n'
        f'[{name}]\ndates = ["%Y%m%d"]\n{said[name]}{kind}'
        f'[[{name}.part]]\nname = "lines"\ncharge_class = "one_time"\n[{name}.part.fields]{LAYOUT}'
        for name, kind in kinds.items()
    }


def papers(usoc: str) -> dict[str, bytes]:
    """Return one bill a format, each with one charge of 20.00."""
    cells = [[cell.format(usoc if at == 4 else number) for at, cell in enumerate(CELLS)]
             for number in range(3)]  # fmt: skip
    fixed = "".join(cell.ljust(width) for cell, width in zip(cells[1], WIDTHS, strict=True))
    ours = nights.bill(3, f"{usoc} 6145550131 20.00 20.00", ban="305R010003", number="INV3")
    head = "BIG*20260305*INV4*****CD\nREF*12*305R010004\nN1*PE*ILEC\n"
    line = "HL*1**4\nPID*F****ONE-TIME CHARGES\n"
    line += f"SLN*1***1*EA*20.00*UM**A3*{usoc}\nSI*TI*TN*6145550131\nTDS*2000"
    return {
        "flat.csv": (",".join(NAMES) + "\n" + ",".join(cells[0]) + "\n").encode(),
        "fixed.txt": f"L{fixed}\n".encode(),
        "records.txt": ("|".join(["R", *cells[2]]) + "\n").encode(),
        "ours.csv": ours.replace(",recurring,", ",one_time,").encode(),
        "x12.x12": bytes_of(whole(parse(head + line))),
    }


def test_a_wrong_class_is_told_for_every_format(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    workspace.profiles.mkdir(exist_ok=True)
    for name, text in profiles().items():
        (workspace.profiles / f"{name}.toml").write_text(text)
    for name, content in papers("1FB").items():
        (workspace.inbox / name).write_bytes(content)
    night(workspace, "2026-03-10")
    documents = table(workspace, "documents").select("document_id", "invoice_no", "status")
    assert documents.sort("invoice_no")["status"].to_list() == ["loaded"] * 5
    found = table(workspace, "findings").filter(pl.col("code") == "class_differs")
    told = found.join(documents, "document_id").sort("invoice_no")
    assert told["invoice_no"].to_list() == [f"INV{number}" for number in range(5)]
    said = "the catalogue calls 1FB recurring, the line is read as one-time"
    assert [message.partition(";")[0] for message in told["message"]] == [said] * 5
