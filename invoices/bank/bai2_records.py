"""The records of a BAI2 file: what each is called, what may follow it, its fields one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from invoices.bank.schema import AGAIN, one_fault, together

RECORDS = {
    "01": "file header",
    "02": "group header",
    "03": "account",
    "16": "transaction",
    "49": "account trailer",
    "88": "continuation",
    "98": "group trailer",
    "99": "file trailer",
}
FOLLOWS = {
    "": ("01",),
    "01": ("02", "99"),
    "02": ("03", "98"),
    "03": ("16", "49"),
    "16": ("16", "49"),
    "49": ("03", "98"),
    "98": ("02", "99"),
    "99": (),
}
BREAK = "\x1f"
_PADDING = " \t\0\x1a"


@dataclass
class Record:
    """A logical record: the one it begins with, and the text of its continuations."""

    row: int
    code: str
    text: str
    lines: int = 1
    rest: str = ""

    def __post_init__(self) -> None:
        self.rest = self.text

    def take(self) -> str:
        """Return the next field and leave the rest."""
        cut = re.search(f"[,{BREAK}]", self.rest)
        if cut is None:
            value, self.rest = self.rest, ""
        else:
            value, self.rest = self.rest[: cut.start()], self.rest[cut.end() :]
        return value.strip()


def physical_records(lines: list[str]) -> list[str]:
    """Return the physical records of a file: its lines, or where it has none, pieces as long as
    its header says."""
    told = [line for line in lines if line.strip(_PADDING)]
    header = (
        re.match(r" *01(?:,[^,]*){5}, *0*([1-9][0-9]{1,4}) *,", told[0]) if len(told) == 1 else None
    )
    if header is None:
        return lines
    size = int(header[1])
    return [told[0][at : at + size] for at in range(0, len(told[0]), size)]


def logical_records(lines: list[str]) -> Iterator[Record]:
    """Yield the logical records of a file; continuations are joined to what they continue."""
    open_record: Record | None = None
    for row, line in enumerate(lines, 1):
        text = line.strip(_PADDING)
        if not text:
            continue
        code, _, rest = text.partition(",")
        rest = rest.removesuffix("/")
        if code.removesuffix("/") == "88" and open_record is not None:
            open_record.text += BREAK + rest
            open_record.rest = open_record.text
            open_record.lines += 1
            continue
        if open_record is not None:
            yield open_record
        open_record = Record(row, code.removesuffix("/"), rest)
    if open_record is not None:
        yield open_record


def order_of_records(records: list[Record]) -> pl.DataFrame:
    """Return the records that may not follow the one before them."""
    found, before = [], ""
    for record in records:
        name = RECORDS.get(record.code)
        if name is None or record.code == "88":
            message = f"no record begins with `{record.code[:8]}`"
            found.append(one_fault(record.row, name or "record", "record code", message, AGAIN))
        elif record.code not in FOLLOWS[before]:
            after = RECORDS.get(before, "the start of the file")
            message = f"out of order: {name} after {after}"
            found.append(one_fault(record.row, name, "record code", message, AGAIN))
        before = record.code if name and record.code != "88" else before
    if not records:
        found.append(one_fault(None, "file", "file", "the file is empty", AGAIN))
    elif before != "99":
        message = "the file ends here, without its file trailer: it was cut off"
        found.append(one_fault(records[-1].row, "record", "record code", message, AGAIN))
    return together(found)
