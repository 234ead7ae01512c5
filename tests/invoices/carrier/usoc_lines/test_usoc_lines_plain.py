"""A plain file, gone through once, says what the careful reading of its rows says."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from gate import DIGEST, HEADER
from hypothesis import given
from hypothesis import strategies as st

from invoices import carrier
from invoices.carrier import usoc_lines
from invoices.carrier.header import Header, read_header
from invoices.carrier.piecewise import Kept
from invoices.carrier.reading import Reading
from invoices.carrier.usoc_lines import plain
from invoices.carrier.usoc_lines.columns import COLUMNS, KINDS, NEEDED

NAMES = HEADER.split(",")
ACCOUNT = {"carrier": "HARBOR", "ban": "3000000001", "invoice_no": "INV1"}
DOCUMENT = ACCOUNT | {
    "record": "document",
    "bill_date": "2026-03-01",
    "current_charges": "20.00",
    "total_due": "20.00",
}
LINE = ACCOUNT | {"record": "line", "charge_class": "recurring", "usoc": "1FB", "amount": "20.00"}
TEXTS = ("", " ", "x", " x ", "X1", "É", "ß", "\u2003", "a b", "document", "\x00", "\ufeff")
NUMBERS = (
    *("", "0", "1", "20.00", "-20.00", "+3", ".5", "5.", "1e5", "007.10", "(12.50)", "12.50-"),
    *("$ 5", "999999999.99", "9999999999", "1.2345678", "0.000001", "-1", "\u0661", "1_0", "NaN"),
)
DAYS = ("", "2026-03-01", "2026-02-01", "2024-02-29", "2026-02-29", "2026-3-1", "1989-12-31", " ")
ODD = ('"x"', '"', '""', '"a,b"', "a,b", "x" * 5000, "a\rb", "b\r", "caf\udce9")
CELLS = {
    "record": ("line", "line", "LINE", " line", "document", "Document ", "", "x"),
    "charge_class": ("recurring", "tax", "TAX", " tax", "x", ""),
    **dict.fromkeys(("line_no", "quantity", "unit_rate", "amount"), NUMBERS),
    **dict.fromkeys(("service_from", "service_until", "bill_date", "due_date"), DAYS),
    "wtn": ("6145550131", "614 555-0131", "1 (614) 555-0131", "abc", ""),
    "currency": ("USD", "usd", "", "EUR"),
    "carrier": ("HARBOR", "", " HARBOR", "other"),
    "ban": ("3000000001", "3000000001 ", "", "3000000002"),
    "invoice_no": ("INV1", "INV2", "", " "),
}


@st.composite
def rows(draw: st.DrawFn, names: list[str], wild: bool) -> str:
    """Draw a row: mostly plain, some cells as a carrier may spell them, some rows of no shape."""
    cells = dict(draw(st.sampled_from((LINE, LINE, LINE, DOCUMENT))))
    for name in draw(st.lists(st.sampled_from(names), max_size=4)):
        cells[name] = draw(st.sampled_from(CELLS.get(name, TEXTS)))
    parts = [cells.get(name, "") for name in names]
    if not wild:
        return ",".join(parts)
    kind = draw(st.sampled_from(("whole", "whole", "short", "long", "odd", "blank")))
    if kind == "short":
        parts = parts[: draw(st.integers(0, len(parts) - 1))]
    elif kind == "long":
        parts.append(draw(st.sampled_from(("", "x"))))
    elif kind == "odd":
        parts[draw(st.integers(0, len(parts) - 1))] = draw(st.sampled_from(ODD))
    elif kind == "blank":
        return draw(st.sampled_from(("", " ", ",,", "," * (len(names) - 1))))
    return ",".join(parts)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw a file: header and rows, with line ends and marks as systems leave them."""
    names = [*NAMES, "currency"]
    for name in draw(st.lists(st.sampled_from(("line_no", "zone", "wtn", "quantity")), max_size=2)):
        names = [other for other in names if other != name]
    names = draw(st.sampled_from((names, names[::-1])))
    wild = draw(st.booleans()) and draw(st.booleans())
    lines = [",".join(names), *draw(st.lists(rows(names, wild), min_size=1, max_size=12))]
    if wild and draw(st.booleans()):
        lines.insert(0, draw(st.sampled_from(("", " ", ",,"))))
    end = draw(st.sampled_from(("\n", "\n", "\r\n")))
    text = end.join(lines) + draw(st.sampled_from(("", end, end + end if wild else end)))
    mark = draw(st.sampled_from((b"", b"", b"\xef\xbb\xbf")))
    return mark + text.encode("utf-8", errors="surrogateescape")


def both(content: bytes) -> tuple[Reading, Reading]:
    """Return what a file says by the way it takes, and by the careful one."""
    source = carrier.source_of_bytes("bill.csv", DIGEST, content)
    cut = [content[at : at + 300] for at in range(0, len(content), 300)]
    source = replace(source, blocks=lambda: iter(cut))
    return usoc_lines.read(source, source.blocks, 0), usoc_lines.read(source, None, 0)


def ordered(lines: pl.LazyFrame) -> pl.DataFrame:
    """The lines in the order of their file."""
    return lines.collect().sort("source_row", "line_id")


def assert_alike(one: Reading, other: Reading) -> None:
    """Assert that two readings say the same; which rows are plain, and come first, may differ."""
    assert one.documents.equals(other.documents)
    assert ordered(one.lines).equals(ordered(other.lines))
    assert one.quarantine.equals(other.quarantine)
    assert one.findings.equals(other.findings)
    for name in ("documents", "lines", "quarantine", "findings"):
        schemas = [getattr(reading, name).lazy().collect_schema() for reading in (one, other)]
        assert schemas[0] == schemas[1]


@given(files(), st.sampled_from((200, 2000, plain.PIECE)), st.sampled_from((0, plain.FEW)))
def test_whatever_a_file_holds_both_ways_of_reading_it_agree(
    content: bytes, piece: int, few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "PIECE", piece)
        patch.setattr(plain, "FEW", few)
        assert_alike(*both(content))


def row(cells: dict[str, str]) -> str:
    return ",".join(cells.get(name, "") for name in NAMES)


@pytest.mark.parametrize(
    "content",
    [
        row(LINE)[:-1],
        row(LINE) + ",",
        row(LINE)[:-1] + "\n" + row(LINE) + ",",
        row(LINE).replace("1FB", '"1FB"'),
        row(LINE).replace("1FB", "1\rFB") + "\n",
        row(LINE) + "\n\n" + row(LINE),
    ],
)
def test_a_file_of_another_shape_is_read_with_care(content: str) -> None:
    text = f"{HEADER}\n{row(DOCUMENT)}\n{content}".encode()
    source = carrier.source_of_bytes("bill.csv", DIGEST, text)
    header = read_header(source.lines(), COLUMNS, NEEDED, KINDS)
    assert isinstance(header, Header)
    assert plain.go_through(source.blocks, header, Kept(0, source.set_aside)) is None
    assert_alike(*both(text))


def test_a_plain_file_is_not_scanned_for_its_rows() -> None:
    text = "\n".join((HEADER, row(DOCUMENT), *[row(LINE | {"amount": "5.00"})] * 4))
    source = carrier.source_of_bytes("bill.csv", DIGEST, text.encode())
    only_first = replace(source, lines=lambda: source.lines().head(1))
    reading = carrier.read(only_first)
    assert reading.lines.select(pl.col("amount").sum()).collect().item() == 20
    assert reading.lines.collect()["source_row"].to_list() == [3, 4, 5, 6]
    assert reading.findings.is_empty()
