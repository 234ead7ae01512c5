"""How what a person types is compared with what stands on record: each thing has one spelling.

Case and punctuation tell nothing apart, and a number is the same without the zeros in front of it.
What is typed and what is on record go through the same expressions, so that they cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from invoices.identifiers import clean_text
from rebill.paper.terminal import one_line

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


def joined(text: pl.Expr) -> pl.Expr:
    """Return a text as `squeezed` does; between two numbers a dash stays.

    `2026-000001` does not become the number 2026000001.
    """
    apart = text.str.to_uppercase().str.replace_all(_OTHER, "-").str.strip_chars("-")
    return apart.str.replace_all(r"([^\p{N}-])-", "${1}").str.replace_all(r"-([^\p{N}-])", "${1}")


def loose(text: pl.Expr) -> pl.Expr:
    """Return a text as `joined` does, its numbers without zeros in front.

    `D-000012`, `d12` and `D 0012` are one claim; `2026-000001` does not become 20261.
    """
    return without_zeros(joined(text))


def without_zeros(text: pl.Expr) -> pl.Expr:
    """Return a text whose numbers have no zeros in front."""
    return text.str.replace_all(r"(^|[^0-9])0+([0-9])", "${1}${2}")


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
    line = one_line(text[: SHOWN + 1])
    return line if len(text) <= SHOWN else f"{line[:SHOWN]}..."


def key_of(text: str, compared: Callable[[pl.Expr], pl.Expr] = squeezed) -> str:
    """Return a single text from outside as it is compared; empty where no name is so long."""
    return str(pl.select(compared(pl.lit(_readable(text)))).item())


def alike(names: pl.DataFrame, text: str, spelling: str = "spelling") -> pl.DataFrame:
    """Return the names that are spelt like a text, but for case and punctuation; without any,
    those that are but for zeros in front of numbers.
    """
    for compared in (squeezed, loose):
        key = key_of(text, compared)
        own = names.filter((compared(pl.col(spelling)) == key) & (key != ""))
        if own.height:
            return own
    return names.clear()


def ids_meant(typed: Iterable[str], there: pl.DataFrame) -> dict[str, list[str]]:
    """Return for each text the ids that it means, of names [spelling, id]; it may mean none.

    It means what is spelt exactly so; without any, what is but for case and punctuation; without
    any, what is but for zeros in front of numbers too.
    """
    found: dict[str, list[str]] = {text: [] for text in typed}
    for compared in (_as_it_is, joined, loose):
        left = [text for text in found if not found[text]]
        if not left:
            break
        asked = pl.DataFrame({"at": range(len(left)), "read": [_readable(text) for text in left]})
        keyed = asked.select("at", key=compared(pl.col("read"))).filter(pl.col("key") != "")
        names = there.select("id", key=compared(pl.col("spelling")))
        hits = keyed.join(names, on="key").select("at", "id").unique().sort("at", "id")
        for at, own in hits.iter_rows():
            found[left[at]].append(own)
    return found


def _as_it_is(text: pl.Expr) -> pl.Expr:
    return text


def _readable(text: str) -> str:
    """Return a text from outside as names are kept; empty where no name is so long."""
    whole = text.encode("utf-8", "replace").decode()
    return clean_text(whole) if len(whole) <= LONGEST else ""
