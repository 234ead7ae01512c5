"""How what a person types is compared with what stands on record: each thing has one spelling.

Case and punctuation tell nothing apart, and a number is the same without the zeros in front of it.
What is typed and what is on record go through the same expressions, so that they cannot differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from invoices.identifiers import clean_text

LONGEST = 200
"""Characters of a text that can be a name of anything; a longer one is none."""
SHOWN = 60
"""So much of a text is repeated to who typed it."""
_OTHER = r"[^\p{L}\p{N}]+"


def squeezed(text: pl.Expr) -> pl.Expr:
    """Return the letters and digits of a text, upper case.

    `45/HCGS/000003/HT` and `45 hcgs.000003-ht` are one circuit, `(614) 555-0131` is 6145550131.
    """
    return text.str.to_uppercase().str.replace_all(_OTHER, "")


def loose(text: pl.Expr) -> pl.Expr:
    """Return a text as `squeezed` does, its numbers without zeros in front.

    `D-000012`, `d12` and `D 0012` are one claim; between two numbers a dash stays, so that
    `2026-000001` does not become 20261.
    """
    apart = text.str.to_uppercase().str.replace_all(_OTHER, "-").str.strip_chars("-")
    joined = apart.str.replace_all(r"([^\p{N}-])-", "${1}").str.replace_all(r"-([^\p{N}-])", "${1}")
    return joined.str.replace_all(r"(^|[^0-9])0+([0-9])", "${1}${2}")


def worded(text: pl.Expr) -> pl.Expr:
    """Return a name as its words are looked for in it: upper case, single blanks between."""
    return text.str.to_uppercase().str.replace_all(_OTHER, " ").str.strip_chars(" ")


@dataclass(frozen=True)
class Spelt:
    """What a person typed, as it is compared."""

    shown: str
    """As it is repeated to the person: one line that a terminal can print."""
    key: str = ""
    """As `squeezed`; empty: there is nothing to look for."""
    loose: str = ""
    words: tuple[str, ...] = ()
    number: str | None = None
    """The telephone number it can be, ten digits, or the seven of a local one."""


def spelt(text: str) -> Spelt:
    """Return what was typed as it is compared; a text no name can be as long as has no key."""
    shown = shown_of(text)
    read = clean_text(text[: LONGEST + 1])
    if len(text) > LONGEST or not read:
        return Spelt(shown)
    said = pl.select(
        key=squeezed(pl.lit(read)), loose=loose(pl.lit(read)), words=worded(pl.lit(read))
    ).row(0, named=True)
    number = re.fullmatch(r"1?([0-9]{10})|([0-9]{7})", said["key"])
    return Spelt(
        shown,
        said["key"],
        said["loose"],
        tuple(said["words"].split()),
        next(filter(None, number.groups())) if number else None,
    )


def shown_of(text: str) -> str:
    """Return a text from outside so that a terminal prints it as one line, and not all of a long
    one."""
    line = "".join(sign if sign.isprintable() else " " for sign in text[: SHOWN + 1])
    line = " ".join(line.split())
    return line if len(text) <= SHOWN else f"{line[:SHOWN]}..."
