"""What tells things apart on paper, as it is compared: what no eye and no spreadsheet sees is gone.

An account number may come as `="0123"` or `'0123`, so that a spreadsheet keeps its zeros, with a
zero-width or a bidirectional mark in it, or with a blank that is none of ASCII's. None of these
makes another account. What only looks like other characters (full-width digits, ligatures) is not
guessed: it cannot be read, nor can what is longer than any such identifier is.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from invoices.text import filled

MOST = 64
"""So many characters an identifier may have."""
LONGEST = {
    **dict.fromkeys(("carrier", "ban", "invoice_no", "wtn", "order_no"), MOST),
    **dict.fromkeys(("usoc", "state", "zone"), MOST),
    "circuit_id": 80,
    "description": 1000,
}
"""How many characters each may have, none fewer than `MOST`."""
LONG = 200
"""How many what we name ourselves may have, such as a product."""
SHOWN = 40
"""So much of one is shown where it cannot be read."""
_UNSEEN = (
    *((0x01, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F)),
    *((0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F)),
    *((0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0xE0000, 0xE0FFF)),
)
"""Control characters, marks of direction, joiners, fillers: what takes no room on paper."""
_BLANK = (
    *((0x09, 0x0D), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x2800, 0x2800), (0x3000, 0x3000)),
)
"""Blanks other than the usual one; tabs and line breaks are blanks in a cell."""


def _of(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(rf"\x{{{first:X}}}-\x{{{last:X}}}" for first, last in ranges)


def _translation() -> dict[int, str | None]:
    unseen = {sign: None for first, last in _UNSEEN for sign in range(first, last + 1)}
    return unseen | {sign: " " for first, last in _BLANK for sign in range(first, last + 1)}


UNSEEN, BLANKS = _of(_UNSEEN), _of(_BLANK)
"""Both as they stand in a class of a regular expression of polars."""
ODD_TEXT = f'[{UNSEEN}{BLANKS}]|^="'
"""A text of which `visible` may make another one."""
_ODD = r"[^ -~]|  |^ |^['=]| $"
"""An identifier of which `clean` may make another one; most others are plain ASCII."""
_GUARD, _APOSTROPHE = r'^=(?:"([^"]*)"|([0-9]+))$', r"^'([^']*)'?$"
_KEPT = r'^="([^"]*)"$'
_SIGNS = _translation()
_MARKS = {sign: to for sign, to in _SIGNS.items() if sign > 0x9F}


def odd_row(text: pl.Expr, delimiter: str) -> pl.Expr:
    """Say whether any cell of a row of a delimited file may need work (`visible`, `clean`)."""
    sign = re.escape(delimiter)
    return text.str.contains(rf"[^ -~{sign}]|  |(?:^|[{sign}\"])[ \"]*['=]")


def visible(text: pl.Expr) -> pl.Expr:
    """Return what can be seen of a text: without marks, every blank the usual one.

    What a spreadsheet is told to keep as text (`="1.50"`) stands as it is meant. The text has no
    blanks around it; null where nothing is left.
    """
    odd = text.str.contains(ODD_TEXT)
    work = _seen(pl.when(odd).then(text)).str.replace(_KEPT, "${1}").str.strip_chars(" ")
    return pl.when(odd).then(work.replace("", None)).otherwise(text)


def clean(text: pl.Expr) -> pl.Expr:
    """Return an identifier as it is compared, null where nothing is left of it.

    Marks that cannot be seen and the signs by which a spreadsheet keeps text are taken off, blanks
    inside are single ones, a letter and its accent are one character.
    """
    odd = text.str.contains(_ODD)
    work = _seen(pl.when(odd).then(text)).str.replace_all("  +", " ").str.strip_chars(" ")
    # One sign may stand inside the other.
    for guard, inside in ((_APOSTROPHE, "${1}"), (_GUARD, "${1}${2}"), (_APOSTROPHE, "${1}")):
        work = work.str.replace(guard, inside).str.strip_chars(" ")
    work = work.str.normalize("NFC").replace("", None)
    return pl.when(odd).then(work).otherwise(text)


def _seen(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(f"[{UNSEEN}]+", "").str.replace_all(f"[{BLANKS}]", " ")


def clean_text(text: str) -> str:
    """Return a single identifier as `clean` does, empty where nothing is left of it."""
    text = re.sub("  +", " ", text.translate(_SIGNS)).strip(" ")
    for guard in (_APOSTROPHE, _GUARD, _APOSTROPHE):
        text = re.sub(guard, lambda found: "".join(filter(None, found.groups())), text).strip(" ")
    return unicodedata.normalize("NFC", text)


def unseen_off(text: str) -> str:
    """Return a whole text without the marks that cannot be seen; control characters stay."""
    if text.isascii():
        return text
    return text.translate(_MARKS)


def is_plain(text: pl.Expr) -> pl.Expr:
    """Say whether nothing can be doubtful of a text: few plain characters, or none."""
    return text.str.contains(rf"^[!-<>-~][ -~]{{0,{MOST - 1}}}$").fill_null(True)


def is_doubtful(name: str, text: pl.Expr, *, plain: bool = False) -> pl.Expr:
    """Say whether a clean identifier cannot be read; of `plain` ASCII only the length is asked."""
    most = LONGEST.get(name, LONG)
    if plain:
        return text.str.len_bytes() > most
    fails = [fails for fails, _, _ in _doubts(name, text)]
    return (text.str.len_chars() > most) | pl.any_horizontal(pl.lit(False), *fails).fill_null(False)


def doubt(name: str, text: pl.Expr) -> pl.Expr:
    """Return why a clean identifier cannot be read, in words that begin with its name, else null.

    Of a description nothing but the length matters.
    """
    most = LONGEST.get(name, LONG)
    length = text.str.len_chars()
    long = filled(f"{name} has {{}} characters, and no {name} more than {most}", length)
    words = [
        pl.when(fails).then(filled(f"{name} `{{}}` {what}", odd.str.slice(0, SHOWN)))
        for fails, odd, what in _doubts(name, text)
    ]
    return pl.coalesce(pl.when(length > most).then(long), *words)


def _doubts(name: str, text: pl.Expr) -> list[tuple[pl.Expr, pl.Expr, str]]:
    """Return what may be wrong with the characters of an identifier: where, of what, in words."""
    if name == "description":
        return []
    odd = pl.when(text.str.contains(r"[^ -~]|^=")).then(text)
    return [
        (odd.str.starts_with("="), odd, "is a formula"),
        (odd.str.contains("\ufffd", literal=True), odd, "has a character that was lost"),
        (odd.str.normalize("NFKC") != odd, odd, "has characters that only look like others"),
    ]


REMEDY = "write it in plain letters and digits, as the carrier's paper prints it"
"""What to do where an identifier cannot be read (`doubt`)."""
