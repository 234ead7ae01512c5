"""What a value looks like: a number, a day, a telephone number, a USOC; the data as evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import polars as pl

from invoices.carrier.flat.dates import to_date

NUMBER = re.compile(r"\(?[-+]?\s*\$?\s*[-+]?(\d[\d,.' ]*|\.\d+)\)?\s*-?\s*(cr|dr|db)?\.?", re.I)
DAY_FORMATS = (
    *("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y"),
    *("%m-%d-%Y", "%d-%m-%Y", "%d.%m.%Y", "%m%d%Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y"),
    *("%b %d, %Y", "%B %d, %Y", "%d %B %Y", "%Y/%m/%d"),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"),
    *("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%b %d, %Y, %I:%M %p"),
)
_DAY = re.compile(
    r"(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{8}"
    r"|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2}, ?\d{4})"
    r"([T ,]+\d{1,2}:\d{2}.*)?"
)
MANY = 2**16
"""So many values are remembered: the cells of a column repeat."""
GUARDS = re.compile(r"""^\s*(?:=\s*"|'|’|=)|"\s*$|[\u00a0\u200b-\u200f\u202a-\u202e\u2060\ufeff]""")
"""What a spreadsheet puts around an identifier, or an eye does not see."""


def most(values: Iterable[str], fits: Callable[[str], bool], share: float = 0.9) -> bool:
    """Whether a share of the values that are not empty fit; false where all are empty."""
    given = [value for value in values if value]
    return bool(given) and sum(map(fits, given)) >= share * len(given)


@lru_cache(MANY)
def is_number(text: str) -> bool:
    """Whether a text is a number as bills print them."""
    return NUMBER.fullmatch(text.strip()) is not None


@lru_cache(MANY)
def is_money(text: str) -> bool:
    """Whether a text is a number that shows cents, or a sign of money."""
    if not is_number(text):
        return False
    return re.search(r"[.,]\d{1,6}(\D*)$|\$", text) is not None or text.strip() in ("0", "")


@lru_cache(MANY)
def is_day(text: str) -> bool:
    """Whether a text is written like a day; which one it is, is another matter."""
    return _DAY.fullmatch(text.strip()) is not None


def is_duration(text: str) -> bool:
    """Whether a text is a duration in hours, minutes and seconds."""
    return re.fullmatch(r"\d{1,4}:[0-5]\d:[0-5]\d", text.strip()) is not None


def bare(text: str) -> str:
    """Return an identifier without guards and what parts it."""
    return re.sub(r"[ ().\-/]", "", GUARDS.sub("", text))


def is_telephone(text: str) -> bool:
    """Whether an identifier looks like a North American telephone number."""
    return re.fullmatch(r"1?[2-9]\d{9}", bare(text)) is not None and "/" not in text


def is_usoc(text: str) -> bool:
    """Whether a text may be a USOC: three or five signs, some more or less in other feeds."""
    return re.fullmatch(r"[A-Z0-9+/]{2,8}", text.strip()) is not None and not text.isdigit()


def has_digit(text: str) -> bool:
    """Whether a digit stands in a text."""
    return any(letter.isdigit() for letter in text)


def is_account(text: str) -> bool:
    """Whether a text may be an account: digits in it, and no money and no day."""
    if not has_digit(text) or "$" in text or len(text) > 40:
        return False
    return re.fullmatch(r"\d{1,6}\.\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4}", text.strip()) is None


@lru_cache(MANY)
def amount_of(text: str, decimal: str = ".") -> Decimal | None:
    """Return a printed number as it counts, null where it is none; empty is nothing."""
    text = text.strip()
    if not is_number(text):
        return None
    negative = re.search(r"^[^\d.]*[-(]|-\s*$|-?\s*cr\.?$", text, re.I) is not None
    digits = re.sub(r"[^\d,.]", "", text)
    if decimal == ",":
        digits = digits.replace(".", "").replace(",", ".")
    else:
        digits = digits.replace(",", "")
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return None
    return -value if negative else value


def fitting(values: Iterable[str]) -> list[str]:
    """Return the formats of days that read every one of the values that are not empty."""
    given = sorted({value for value in values if value})
    if not given:
        return []
    frame = pl.DataFrame({"text": given}, schema={"text": pl.String})
    told = frame.select(
        to_date(pl.col("text"), (form,)).is_not_null().all().alias(form) for form in DAY_FORMATS
    ).row(0)
    return [form for form, fits in zip(DAY_FORMATS, told, strict=True) if fits]
