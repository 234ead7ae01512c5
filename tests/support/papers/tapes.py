"""Fixed-width files as a carrier would write them, in the layout the documentation shows."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

import polars as pl
from checkout import ROOT

from invoices.carrier.bundles import assemble
from invoices.carrier.reading import Reading
from invoices.carrier.typed_records.numbers import NEGATIVE, POSITIVE
from invoices.footing import foot, line_sums
from invoices.schema import DOCUMENTS

DOCS = ROOT / "docs" / "formats"


def examples(page: str) -> list[str]:
    """The examples of a page of the documentation: each stretch of lines that stand in."""
    text = (DOCS / page).read_text(encoding="utf-8")
    parts = re.findall(r"(?m)(?:^ {4}.*\n(?:\n+(?= {4}))?)+", text)
    return [textwrap.dedent(part) for part in parts]


EXAMPLE = examples("fixed.md")[0]
"""The layout the documentation shows: what it promises is what is read."""

WIDTH = 80


@dataclass(frozen=True)
class Line:
    usoc: str
    units: int
    cents: int


@dataclass(frozen=True)
class Bill:
    ban: str
    number: str
    lines: tuple[Line, ...]


def punched(cents: int, width: int) -> str:
    digits = f"{abs(cents):0{width}d}"
    return digits[:-1] + (NEGATIVE if cents < 0 else POSITIVE)[int(digits[-1])]


def records_of(bills: list[Bill]) -> list[str]:
    """The records of a file, as a carrier would write them."""
    told = []
    total = count = 0
    for bill in bills:
        due = sum(line.cents for line in bill.lines)
        told.append(f"H{bill.ban:13}{bill.number:10}20261101")
        told += [f"D{line.usoc:5}{line.units:05d}{punched(line.cents, 11)}" for line in bill.lines]
        told.append(f"B{abs(due):010d}{'-' if due < 0 else ' '}")
        count += len(bill.lines) + 1
        total += due
    told.append(f"T{count:07d}{'-' if total < 0 else '+'}{abs(total):012d}")
    return told


def written(records: list[str], encoding: str = "cp037", end: str = "") -> bytes:
    """The bytes of records: filled up to their length, or ended as lines are."""
    if end:
        return "".join(record.rstrip() + end for record in records).encode(encoding)
    return "".join(record.ljust(WIDTH) for record in records).encode(encoding)


def settled(found: Reading) -> pl.DataFrame:
    """The documents of a file, put together and footed."""
    documents = found.documents.with_columns(intake=pl.lit(0, pl.Int64))
    assembled = assemble(documents, [(0, found.bundle)] if found.bundle else [])
    whole = assembled.documents.select(DOCUMENTS.names())
    sums = line_sums(found.lines).collect()
    return foot(whole, sums, found.findings, assembled.reasons.drop("intake"))[0]
