"""What a brand that hides carriers does not say: their names, lines and papers leave the frames.

It is done before anything is put into words, so that no form of an invoice can say what it is not
given. Texts in which nothing of the kind stands stay as they are, to the sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from invoices.customer.words import seen

TEXTS = ("service", "circuit_id", "description", "bundle")
"""What of a line can hold words of others, besides the columns that are a carrier's own."""
A_NAME, A_LONG_NAME = 5, 8
"""Letters from which a name is also found inside a word, and across words."""
A_NUMBER, INSIDE, ACROSS = 4, 7, 8
"""Signs from which a number is found as a word, inside one, and across words."""
_SEPARATED = r"[^\p{L}\p{N}]*(?:and[^\p{L}\p{N}]+)?"
"""What may stand between the words of a name: signs, and the word that `&` is read as."""
_EDGE = r"[^\p{L}\p{N}]"
_LOOSE_ENDS = " -_\u2013\u2014:;,/|\u00b7&"
_DANGLING = r"(?i)(?:^| )(?:by|from|of|on|at|via|with|per|to|for)$"


@dataclass(frozen=True)
class Unsaid:
    """What is not to be said: the names of carriers, and the numbers on their papers."""

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


def unsaid(names: Iterable[str | None], numbers: Iterable[str | None]) -> Unsaid:
    """Return what is not to be said, without what is none or too short to be told from a word."""
    told = {tuple(_words(name)) for name in names if name} - {()}
    longest_first = sorted(told, key=lambda words: (-len("".join(words)), words))
    plain = {_squeezed(number) for number in numbers if number}
    return Unsaid(
        tuple(" ".join(words) for words in longest_first),
        tuple(sorted(number for number in plain if len(number) >= A_NUMBER)),
    )


def without_carriers(
    lines: pl.DataFrame, catalogue: pl.DataFrame, what: Unsaid
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines and the catalogue of invoices that name no carrier.

    A line has no carrier and no carrier's line any more, a code is called as its carrier's
    catalogue calls it, and what is not to be said is out of every text. The lines come in the order
    of what they lost, so that an invoice has one order whoever makes it.
    """
    known = catalogue.select("carrier", "usoc", known="description")
    number = pl.col("line_id").str.extract("([0-9]+)$").cast(pl.Int64, strict=False)
    told = (
        lines.join(known, on=["carrier", "usoc"], how="left", maintain_order="left")
        .sort(
            pl.col("line_id").str.strip_chars_end("0123456789"),
            number,
            "line_id",
            nulls_last=True,
            maintain_order=True,
        )
        .with_columns(said=_printed())
    )
    for name in TEXTS:
        told = told.with_columns(_silent(told[name], what))
    # What is left of a text may be its code, or nothing: then the catalogue has the word.
    told = told.with_columns(_silent(told["known"], what)).with_columns(
        description=pl.when("said")
        .then(pl.coalesce("description", "known"))
        .otherwise(pl.coalesce("known", "description")),
        carrier=pl.lit(None, dtype=pl.String),
        line_id=pl.lit(None, dtype=pl.String),
    )
    return told.select(lines.columns), catalogue.clear()


def _printed() -> pl.Expr:
    """Return whether a line prints more than its code."""
    printed, code = seen(pl.col("description")), seen(pl.col("usoc"))
    return (printed != "") & (printed.str.to_uppercase() != code)


def _silent(texts: pl.Series, what: Unsaid) -> pl.Series:
    """Return texts without what is not to be said; one of which nothing is left is null."""
    distinct = pl.DataFrame({"text": texts}).unique().drop_nulls()
    plain = seen(pl.col("text")).str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    told = (
        distinct.with_columns(plain=plain)
        .filter(_mentions(pl.col("plain"), what))
        .with_columns(left=_without_words(_without_names(pl.col("plain"), what), what))
        .with_columns(whole=pl.col("left") == pl.col("plain"), left=_tidy(pl.col("left")))
        .with_columns(said=pl.when("whole").then("text").otherwise("left"))
        .with_columns(said=pl.when(~_across(pl.col("said"), what)).then("said"))
    )
    return (
        pl.DataFrame({"text": texts})
        .join(told.select("text", "said", met=True), on="text", how="left", maintain_order="left")
        .select(pl.when("met").then("said").otherwise("text").alias(texts.name))
        .to_series()
    )


def _mentions(text: pl.Expr, what: Unsaid) -> pl.Expr:
    pattern = _names(what)
    named = text.str.contains(pattern) if pattern else pl.lit(False)
    return named | _across(text, what, A_NAME, A_NUMBER)


def _across(text: pl.Expr, what: Unsaid, name: int = A_LONG_NAME, number: int = ACROSS) -> pl.Expr:
    """Return whether a long name or number stands in `text`, whatever stands between its signs."""
    wanted = _long(what, name, number)
    if not wanted:
        return pl.lit(False)
    return text.str.replace_all(_EDGE, "").str.to_uppercase().str.contains_any(wanted)


def _long(what: Unsaid, name: int, number: int) -> list[str]:
    names = (_squeezed(each) for each in what.names)
    return [
        *(each for each in names if len(each) >= name),
        *(each for each in what.numbers if len(each) >= number),
    ]


def _without_names(text: pl.Expr, what: Unsaid) -> pl.Expr:
    """Return `text` without the names as words of their own, also as owners of something."""
    pattern = _names(what)
    # Of two names side by side the second begins with the blank that ended the first.
    for _ in range(2 if pattern else 0):
        text = text.str.replace_all(pattern, "${before} ${after}")
    return text


def _names(what: Unsaid) -> str:
    each = (_SEPARATED.join(map(re.escape, name.split())) for name in what.names)
    names = "|".join(each)
    if not names:
        return ""
    return rf"(?i)(?P<before>^|{_EDGE})(?:{names})(?:['\u2019]?s)?(?P<after>$|{_EDGE})"


def _without_words(text: pl.Expr, what: Unsaid) -> pl.Expr:
    """Return `text` without the words that hold a long name or number, or are a shorter one."""
    word = pl.element().str.replace_all(_EDGE, "").str.to_uppercase()
    holds = word.is_in(list(what.numbers))
    if inside := _long(what, A_NAME, INSIDE):
        holds = holds | word.str.contains_any(inside)
    return text.str.split(" ").list.eval(pl.element().filter(~holds)).list.join(" ")


def _tidy(text: pl.Expr) -> pl.Expr:
    """Return what is left of a text without loose ends; null where nothing is."""
    whole = text.str.replace_all(r"\( *\)|\[ *\]", "").str.replace_all(" +", " ")
    for _ in range(2):
        whole = whole.str.strip_chars(_LOOSE_ENDS).str.replace(_DANGLING, "")
    return pl.when(whole.str.contains(r"[\p{L}\p{N}]")).then(whole)


def _words(name: str) -> list[str]:
    words = re.findall(r"[^\W_]+", _plain(name))
    return [word for word in words if word.lower() != "and"] or words


def _squeezed(text: str) -> str:
    return "".join(_words(text)).upper()


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in decomposed if not unicodedata.category(sign).startswith("M"))
