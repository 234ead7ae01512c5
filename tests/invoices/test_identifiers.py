"""What no eye and no spreadsheet sees makes no other account; what looks alike is not guessed."""

from __future__ import annotations

import polars as pl
import pytest

from invoices.identifiers import LONGEST, clean, clean_text, doubt, is_doubtful, unseen_off, visible

SPELLINGS = [
    ('="0123"', "0123"),
    ("=0123", "0123"),
    ("'0123", "0123"),
    ("'0123'", "0123"),
    ('="  0123 "', "0123"),
    ('\'="0123"', "0123"),
    ("01\u200b23", "0123"),
    ("\ufeff0123\u200e", "0123"),
    ("\u202a0123\u202c", "0123"),
    ("\u20660123\u2069", "0123"),
    ("01\u00ad23", "0123"),
    ("01\u006023\u2060", "01`23"),
    ("01\x0823", "0123"),
    ("01\u00a023", "01 23"),
    ("01\u00a0 \u300023", "01 23"),
    ("01\t23\r", "01 23"),
    ("\u00a00123\u00a0", "0123"),
    ("01  23", "01 23"),
    ("e\u03011", "\u00e91"),
    ("\u200b", None),
    ('=""', None),
    ("0123", "0123"),
    ("O'BRIEN", "O'BRIEN"),
    ("A=B", "A=B"),
    (None, None),
]


@pytest.mark.parametrize(("printed", "meant"), SPELLINGS)
def test_an_identifier_is_what_can_be_seen_of_it(printed: str | None, meant: str | None) -> None:
    cell = pl.DataFrame({"cell": [printed]}, schema={"cell": pl.String})
    assert cell.select(clean(pl.col("cell"))).item() == meant
    if printed is not None:
        assert clean_text(printed) == (meant or "")


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("\uff10\uff11\uff12", "characters that only look like others"),
        ("\ufb01x", "characters that only look like others"),
        ("01\ufffd23", "a character that was lost"),
        ("=A1+A2", "is a formula"),
        ("x" * (LONGEST["ban"] + 1), "has 65 characters, and no ban more than 64"),
    ],
)
def test_what_only_looks_like_an_identifier_cannot_be_read(cell: str, why: str) -> None:
    found = pl.DataFrame({"cell": [cell]}).select(
        fails=is_doubtful("ban", pl.col("cell")), why=doubt("ban", pl.col("cell"))
    )
    fails, words = found.row(0)
    assert fails and words.startswith("ban ") and why in words


@pytest.mark.parametrize("cell", ["0123", "x" * LONGEST["ban"], "caf\u00e9", None])
def test_what_can_be_read_raises_no_doubt(cell: str | None) -> None:
    one = pl.DataFrame({"cell": [cell]}, schema={"cell": pl.String})
    found = one.select(
        fails=is_doubtful("ban", pl.col("cell")).fill_null(False), why=doubt("ban", pl.col("cell"))
    )
    assert found.row(0) == (False, None)


def test_a_description_loses_its_marks_and_keeps_its_words() -> None:
    cells = pl.DataFrame({"cell": ["'Tis\u200b  a\u00a0line", '="1FB"', "\u200f"]})
    assert cells.select(visible(pl.col("cell"))).to_series().to_list() == [
        "'Tis  a line",
        "1FB",
        None,
    ]


def test_of_a_whole_text_only_marks_go() -> None:
    assert unseen_off("A\u200bB\u00a0C\r\n\x1d") == "AB C\r\n\x1d"
