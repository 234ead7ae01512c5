"""A terminal obeys nothing that came from outside, and columns are counted as it has them."""

from __future__ import annotations

import random

import polars as pl
import pytest
from rich.cells import cell_len

from rebill.paper.terminal import UNPRINTED, cut, folded, obeyed_by_none, one_line, padded, room

HOSTILE = "\x1b[2J \x1b]0;t\x07 \x9b31m \u202egnp.exe\u202c \u2028 \r\b\x7f \u200b \ue000"
WIDE = "東京電話株式会社 e\u0301te\u0301 한국 plain words and more 東京 \U0001f600 x"


@pytest.mark.parametrize(
    ("text", "line", "lines"),
    [
        ("plain", "plain", "plain"),
        ("two\nlines", "two lines", "two\nlines"),
        ("a\tb\u00a0c", "a b c", "a b c"),
        ("a\x1b[31mb", "a [31mb", "a?[31mb"),
        ("a\rb\r\nc", "a b c", "a\nb\nc"),
        ("\u202etxt", "txt", "?txt"),
        ("naïve 東京", "naïve 東京", "naïve 東京"),
        ("", "", ""),
    ],
)
def test_nothing_in_a_text_is_obeyed(text: str, line: str, lines: str) -> None:
    assert (one_line(text), obeyed_by_none(text)) == (line, lines)


def test_whatever_moves_a_cursor_or_hides_a_sign_is_gone_in_both_ways() -> None:
    told = pl.select(pl.lit(HOSTILE).str.replace_all(UNPRINTED, " ")).item()
    for shown in (one_line(HOSTILE), obeyed_by_none(HOSTILE).replace("\n", ""), told):
        assert shown.isprintable(), shown.encode()


@pytest.mark.parametrize("width", [2, 3, 7, 12, 40, 80])
def test_no_line_is_wider_than_its_room_and_nothing_is_lost(width: int) -> None:
    dice = random.Random(width)
    for _ in range(200):
        text = "".join(dice.choices(WIDE, k=dice.randrange(60)))
        lines = folded(text, width)
        assert lines and max(map(cell_len, lines)) <= width, text
        assert "".join("".join(lines).split()) == "".join(text.split())
        short = cut(text, width)
        assert cell_len(short) <= width and (short == text or short.endswith("…"))
        for right in (False, True):
            assert room(padded(short, width, right=right)) == width


def test_words_are_kept_whole_where_they_fit() -> None:
    assert folded("one two-three four", 9) == ["one", "two-three", "four"]
    assert folded("東京 電話 x", 7) == ["東京", "電話 x"]
    assert folded("", 9) == [""] == folded("\u3000", 9)
