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

from invoices.customer.invoice_parts import KEY
from invoices.customer.words import seen

TEXTS = ("service", "circuit_id", "description", "bundle")
"""What of a line can hold words of others, besides the columns that are a carrier's own."""
A_WORD, A_NAME, A_LONG_NAME = 3, 5, 8
"""Letters from which a name is also found beside figures, inside a word, and across words."""
LONGEST, TOGETHER = 100, 25
"""Letters of a name that are looked at, and names that are looked for in one pass."""
A_NUMBER, INSIDE, ACROSS = 4, 7, 8
"""Signs from which a number is found as a word, inside one, and across words."""
_EDGE = r"[^\p{L}\p{N}]"
_ENTITY = "&(?:amp|#0*38|#x0*26);"
"""How a page writes `&`, as it comes in texts that were taken from one."""
_SIGN = r"[ -/:-@\[-`{-~\x{A0}-\x{BF}\x{2010}-\x{205E}]"
"""What is no letter or number of a text, as far as it comes within names: a pattern that names it
by what it is not has no room for many names."""
_SEPARATED = rf"(?:{_ENTITY}|{_SIGN})*(?:and{_SIGN}+)?"
"""What may stand between the words of a name: signs, and the word that `&` is read as."""
_SIGNS = rf"(?: ?{_ENTITY} ?| ?& ?| and |{_SIGN.replace('[ -/', '[!-/')})*"
"""What may stand between the letters of a short name, as in `A.T.&T.`: no blank by itself, or
words in a row would be one."""
_TRADEMARK = "[\u2122\u2120]"
"""Signs behind a name that would be read as letters of it."""
_LEGAL = {"inc", "incorporated", "llc", "lp", "llp", "ltd", "plc", "co", "company", "corp"}
_LEGAL |= {"corporation"}
_TRADE = {"business", "carrier", "communications", "group", "holdings", "networks", "services"}
_TRADE |= {"solutions", "technologies", "telco", "telecom", "telecommunications", "telephone"}
_TRADE |= {"wholesale"}
"""What names of carriers end in; as often they are called without it."""
_COMMON = _TRADE | {"access", "broadband", "digital", "directory", "ethernet", "fiber", "general"}
_COMMON |= {"internet", "local", "national", "network", "operator", "public", "voice", "wireless"}
"""What is no name by itself, but a word of bills."""
_LOOSE_ENDS = " -_\u2013\u2014:;,/|\u00b7&"
_DANGLING = r"(?i)(?:^| )(?:by|from|of|on|at|via|with|per|to|for|and)$"
_ORPHANS = " [.,;:]+( |$)"


@dataclass(frozen=True)
class Unsaid:
    """What is not to be said: the names of carriers, and the numbers on their papers."""

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    """What names end in that are here without it, as `Inc.`"""


def unsaid(
    names: Iterable[str | None], numbers: Iterable[str | None], words: Iterable[str] = ()
) -> Unsaid:
    """Return what is not to be said, without what is none or too short to be told from a word.

    `words` are names too, that are called as they stand and not in short.
    """
    told, endings = {tuple(_words(word)) for word in words} - {()}, set()
    for name in {tuple(_words(name)) for name in names if name} - {()}:
        told.add(short := _without_ending(name))
        endings |= {word.lower() for word in name[len(short) :]}
    longest_first = sorted(told, key=lambda words: (-len("".join(words)), words))
    plain = {_squeezed(number) for number in numbers if number}
    return Unsaid(
        tuple(" ".join(words) for words in longest_first),
        tuple(sorted(number for number in plain if len(number) >= A_NUMBER)),
        tuple(sorted(endings | _LEGAL)) if endings else (),
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
        told = told.with_columns(_silent(told[name], what).alias(f"{name}_said"))
    told = told.with_columns(service_said=_told_apart(told)).with_columns(
        pl.col(f"{name}_said").alias(name) for name in TEXTS
    )
    # What is left of a text may be its code, or nothing: then the catalogue has the word.
    told = told.with_columns(_silent(told["known"], what)).with_columns(
        description=pl.when("said")
        .then(pl.coalesce("description", "known"))
        .otherwise(pl.coalesce("known", "description")),
        carrier=pl.lit(None, dtype=pl.String),
        line_id=pl.lit(None, dtype=pl.String),
    )
    return told.select(lines.columns), catalogue.clear()


def _told_apart(lines: pl.DataFrame) -> pl.Series:
    """Return the names of services without what is not to be said; those of several services of an
    invoice that come to one, or to none, have a number behind them: they stay several."""
    whose = ["invoice_no"] if "invoice_no" in lines.columns else KEY
    services = lines.select(*whose, "service", "service_said").unique().drop_nulls("service")
    shared = pl.len().over(*whose, "service_said") > 1
    number = pl.concat_str(pl.lit("("), pl.col("service").rank("dense").over(*whose), pl.lit(")"))
    named = services.with_columns(
        apart=pl.when(shared | pl.col("service_said").is_null())
        .then(pl.concat_str("service_said", number, separator=" ", ignore_nulls=True))
        .otherwise("service_said")
    )
    on = [*whose, "service"]
    return lines.join(named, on=on, how="left", nulls_equal=True, maintain_order="left")["apart"]


def _printed() -> pl.Expr:
    """Return whether a line prints more than its code."""
    printed, code = seen(pl.col("description")), seen(pl.col("usoc"))
    return (printed != "") & (printed.str.to_uppercase() != code)


def _silent(texts: pl.Series, what: Unsaid) -> pl.Series:
    """Return texts without what is not to be said; one of which nothing is left is null."""
    distinct = pl.DataFrame({"text": texts}).unique().drop_nulls()
    bare = seen(pl.col("text")).str.replace_all(_TRADEMARK, " ")
    plain = bare.str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    told = (
        distinct.with_columns(plain=plain)
        .filter(_mentions(pl.col("plain"), what))
        .with_columns(left=_without(pl.col("plain"), what))
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
    named = [text.str.contains(pattern) for pattern in _patterns(what)]
    return pl.any_horizontal(*named, _across(text, what, A_NAME, A_NUMBER))


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


def _without(text: pl.Expr, what: Unsaid) -> pl.Expr:
    """Return `text` without names and numbers: numbers first, of which names can be parts."""
    numbers = [each for each in what.numbers if len(each) >= INSIDE]
    left = _without_names(_without_words(text, list(what.numbers), numbers), what)
    return _without_words(left, [], _long(what, A_NAME, INSIDE))


def _without_names(text: pl.Expr, what: Unsaid) -> pl.Expr:
    """Return `text` without the names as words of their own, also as owners of something."""
    # Of two names side by side the second begins with the blank that ended the first.
    for pattern in _patterns(what) * 2:
        text = text.str.replace_all(pattern, "${before} ${after}")
    return text


def _patterns(what: Unsaid) -> list[str]:
    """Return what finds the names, the longest first; a pattern has room for so many."""
    ending = f"(?:{_SEPARATED}(?:{'|'.join(what.endings)}))*" if what.endings else ""
    behind = rf"{ending}(?:\.?['\u2019]?s)?(?P<after>$|{_EDGE})"
    spelled = [_spelled(name[:LONGEST]) for name in what.names]
    return [
        rf"(?i)(?P<before>^|{_EDGE})(?:{'|'.join(spelled[at : at + TOGETHER])}){behind}"
        for at in range(0, len(spelled), TOGETHER)
    ]


def _spelled(name: str) -> str:
    """Return the ways a name is spelled, as a pattern.

    Its words with signs between them; its letters with signs between them, all of them apart, or
    from `A_NAME` letters on with anything between them; with figures at an end, as in `ATT2`.
    """
    letters = [re.escape(sign) for sign in name.replace(" ", "")]
    ways = [_SEPARATED.join(map(re.escape, name.split()))]
    if len(letters) >= A_NAME:
        ways += [f"{_SIGN}*".join(letters)]
    elif len(letters) > 1:
        ways += [_SIGNS.join(letters)]
    if A_NAME > len(letters) >= A_WORD:
        ways += [f"{_SIGN}+".join(letters)]
    whole = f"(?:{'|'.join(ways)})"
    if len(letters) < A_WORD:
        return whole
    first = "(?:[A-Z0-9]*[0-9])?" if name[0].isalpha() else ""
    last = "(?:[0-9][A-Z0-9]*)?" if name[-1].isalpha() else ""
    return f"{first}{whole}{last}"


def _without_words(text: pl.Expr, words: list[str], within: list[str]) -> pl.Expr:
    """Return `text` without the words that are one of `words`, or hold one of `within`."""
    word = pl.element().str.replace_all(_EDGE, "").str.to_uppercase()
    holds = word.is_in(words)
    if within:
        holds = holds | word.str.contains_any(within)
    return text.str.split(" ").list.eval(pl.element().filter(~holds)).list.join(" ")


def _tidy(text: pl.Expr) -> pl.Expr:
    """Return what is left of a text without loose ends; null where nothing is."""
    whole = text.str.replace_all(r"\( *\)|\[ *\]", "").str.replace_all(" +", " ")
    whole = whole.str.replace_all(_ORPHANS, "${1}")
    for _ in range(2):
        whole = whole.str.strip_chars(_LOOSE_ENDS).str.strip_chars_start(_LOOSE_ENDS + ".")
        whole = whole.str.replace(_DANGLING, "")
    return pl.when(whole.str.contains(r"[\p{L}\p{N}]")).then(whole)


def _words(name: str) -> list[str]:
    words = re.findall(r"[^\W_]+", _plain(name))
    return [word for word in words if word.lower() != "and"] or words


def _without_ending(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return a name without its legal form, and one word without those of the trade behind it."""
    *short, last = words
    if last.lower() in _LEGAL and len("".join(short)) >= A_WORD:
        return _without_ending(tuple(short))
    alone = len(words[0]) >= A_NAME and words[0].lower() not in _COMMON
    behind = {word.lower() for word in words[1:]}
    return words[:1] if alone and behind <= _TRADE else words


def _squeezed(text: str) -> str:
    return "".join(_words(text)).upper()


def _plain(text: str) -> str:
    text = re.sub(_TRADEMARK, " ", text)
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in decomposed if not unicodedata.category(sign).startswith("M"))
