"""Printed pages of service records become rows: what is of the page is told from what is on it.

A record comes as it was printed: form feeds or carriage control in column 1, and on every page the
same headings, captions and page numbers, also between two rows, or inside one.
"""

from __future__ import annotations

import re

import polars as pl

from invoices.carrier.csr.csr_equipment import MONEY, NO_CODE, fits, is_priced
from invoices.text import filled

_PAGE = (
    r"(?i)(?:^[01+-]?|\b)(?:PAGE|PG|SHEET)(?:[ \t]*(?:NO|NUMBER|NBR)\b)?[ \t.:#]*"
    r"([0-9]{1,5})(?:[ \t]*(?:OF|/)[ \t]*([0-9]{1,5}))?\b"
)
_OTHER_PAGE = r"(?i)\b(?:ON|FROM|TO|SEE)[ \t]+(?:PAGE|PG|SHEET)\b"
_BARE_PAGE = r"^[ \t]*-[ \t]*([0-9]{1,4})[ \t]*-[ \t]*$"
_MONTH = r"(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*\.?"
_DAY = (
    r"(?:[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2})|[0-9]{4}-[0-9]{2}-[0-9]{2}"
    rf"|{_MONTH}[ \t]*[0-9]{{1,2}},?[ \t]+[0-9]{{4}}|[0-9]{{1,2}}[ \t-]{_MONTH}[ \t-][0-9]{{2,4}})"
)
_CLOCK = r"(?:[ \t]+(?:(?:AT|TIME)[ \t.:]+)?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[ \t]*[AP]M)?)?"
_OF_DAY = "BILL|BILLING|RUN|PRINT|PRINTED|REPORT|ISSUED?|STATEMENT|EFFECTIVE|DATED?|AS|OF|ON"
_DATED = rf"(?i)\b(?:{_OF_DAY})(?:[ \t]+(?:{_OF_DAY}))*[ \t.:#]*{_DAY}{_CLOCK}"
_ANY_DAY = rf"(?i)\b{_DAY}{_CLOCK}"
_RECORD = r"(?i)(?:\b|^1)CUSTOMER[ \t]+SERVICE[ \t]+RECORDS?\b"
_GOES_ON = (
    r"(?i)\b(?:END[ \t]+OF[ \t]+(?:RECORD|PAGE|REPORT)|CONT(?:INUED|INUES|['`]?D)?\b\.?"
    r"(?:[ \t]+(?:ON|FROM)[ \t]+(?:THE[ \t]+)?(?:NEXT|PREVIOUS|FOLLOWING|LAST)[ \t]+PAGE)?)"
)
_RULE = r"^[ \t]*[-=_*+.~#|][-=_*+.~#| \t]*$"
_WORD = (
    "TN|WTN|BTN|TEL|TELEPHONE|NUMBERS?|NO|NBR|USOCS?|CODE|DESCRIPTION|DESC|FIDS?|DATA|F/N|QTY"
    "|QUANTITY|UNITS?|RATES?|PRICE|TOTALS?|AMOUNTS?|AMT|CHARGES?|MONTHLY|EACH|DATE|ACT|ACTIVITY"
    "|EFF|EFFECTIVE|ORDER|ORD|ITEM|SERVICES?|EQUIPMENT|AND|PER|MONTH|LINE|FEATURES?|MRC|REMARKS"
)
_CAPTION = rf"(?i)^[ \t|]*(?:{_WORD})(?:[ \t/|.,&()#:-]+(?:{_WORD}))+[ \t|.:()]*$"
_COLUMN = r"(?i)\b(?:USOCS?|QTY|QUANTITY|AMOUNT|AMT|TOTAL|RATE|DESCRIPTION|UNIT|PRICE|FIDS?|W?TN)\b"
_LONE = rf"^[ \t]*(?:{NO_CODE})[ \t.:]*$"
_PRINTER = r"\x1b(?:[&()*][a-z]?[0-9.+-]*[A-Z@]|[A-Z0-9=])|[\x07\x0b\x0e\x0f\x1a\p{Cf}]"
"""What is not printed: shifts, the end of a file, escape sequences, what has no width."""
_UNSEEN = r"[\p{Cc}\p{Co}\p{Cn}&&[^\t]]"

_OVER = "it is printed over the row above it, and says something else"
_HIDDEN = "it holds a character that cannot be seen"
_CONTROL = "whether its first character is the printer's or its own cannot be told"


def rows_of(text: str) -> pl.DataFrame:
    """Return the rows of a text as they would be printed.

    `line` counts them, `source_row` is the physical row, `sheet` the printed page; `reason` says
    why a row cannot be taken, if so. Blank rows are left out.
    """
    physical = re.split(r"\r\n|\r|\n", text.lstrip("\ufeff"))
    printed = pl.col("text").str.replace_all(_PRINTER, "").str.replace_all(r"\p{Zs}", " ")
    rows = (
        pl.DataFrame({"text": physical}, schema={"text": pl.String})
        .with_row_index("source_row", offset=1)
        .with_columns(
            pl.col("source_row").cast(pl.Int64),
            printed.str.split("\f"),
        )
        .explode("text")
    )
    rows = rows.with_columns(turns=pl.col("source_row") == pl.col("source_row").shift(1))
    rows = _carried(rows.with_columns(pl.col("turns").fill_null(False)))
    sheet = pl.col("turns").cast(pl.Int64).cum_sum()
    hidden = pl.when(pl.col("text").str.contains(_UNSEEN)).then(pl.lit(_HIDDEN))
    rows = rows.with_columns(sheet=sheet, reason=pl.coalesce("reason", hidden))
    seen = rows.filter(pl.col("text").str.strip_chars() != "")
    return seen.drop("turns").with_row_index("line").with_columns(pl.col("line").cast(pl.Int64))


def _carried(rows: pl.DataFrame) -> pl.DataFrame:
    """Take carriage control off column 1, where every row of a file has it and the first turns to
    a page."""
    held = rows["text"].filter(rows["text"].str.strip_chars() != "")
    controlled = held.str.contains(r"^[ 01+-]").all() and held.head(1).str.starts_with("1").any()
    if not controlled:
        return rows.with_columns(reason=pl.lit(None, pl.String))
    control, rest = pl.col("text").str.head(1), pl.col("text").str.slice(1)
    own = rest.str.strip_chars()
    said = pl.when(own != "").then(own).forward_fill().shift(1)
    again = (control == "+") & ((own == said) | own.str.contains(r"^[_=-]*$"))
    return rows.with_columns(
        text=pl.when(again).then(pl.lit("")).otherwise(rest),
        turns=pl.col("turns") | (control == "1"),
        reason=pl.when(~again & (control == "+"))
        .then(pl.lit(_OVER))
        .when((control == "1") & fits(rest))
        .then(pl.lit(_CONTROL)),
    )


def number() -> pl.Expr:
    """Return the page number a row prints, not one of a page it only speaks of."""
    text = pl.when(~pl.col("text").str.contains(_OTHER_PAGE)).then("text")
    return pl.coalesce(text.str.extract(_PAGE), text.str.extract(_BARE_PAGE)).cast(pl.Int64)


def missing(lines: pl.DataFrame) -> pl.DataFrame:
    """Return `line` and `gap` of the headings whose page number shows that a page is missing.

    `lines` have the `record` each is of, whether it is of the page (`own`) and what it `opens`. A
    heading is of the record that goes on behind it.
    """
    text = pl.when(~pl.col("text").str.contains(_OTHER_PAGE)).then("text")
    pages = (
        lines.with_columns(run=run_of(), of=text.str.extract(_PAGE, 2).cast(pl.Int64))
        .with_columns(pl.col("record").max().over("run"))
        .filter(pl.col("page").is_not_null(), pl.col("own") | pl.col("opens"))
    )
    page = pl.col("page")
    before = page.shift(1).over("record")
    last = (pl.col("line") == pl.col("line").max().over("record")) & (page < pl.col("of"))
    gap = (
        pl.when(page > before + 1)
        .then(filled("page {} stands behind page {}: one is missing", page, before))
        .when(last)
        .then(filled("the record ends on page {} of {}", page, pl.col("of")))
    )
    return pages.select("line", gap=gap).drop_nulls()


def plain() -> pl.Expr:
    """Return a row without page number, titles and days, trimmed."""
    text = pl.col("text")
    for pattern in (_PAGE, _RECORD, _GOES_ON, _DATED, _ANY_DAY):
        # What stood on both sides of it stays apart.
        text = text.str.replace_all(pattern, "  ")
    return text.str.strip_chars(" \t")


def masked() -> pl.Expr:
    """Return a row as it is on every page: page numbers and days count for nothing."""
    text = pl.col("text").str.to_uppercase()
    for pattern in (_PAGE, _DATED, _ANY_DAY):
        text = text.str.replace_all(pattern, "#")
    return text.str.replace_all(r"\s+", " ").str.strip_chars()


def of_the_page() -> pl.Expr:
    """Return whether a row is of the page by its own words: number, title, day, caption, rule.

    A row with an amount is none, nor is one that reads as equipment.
    """
    text = pl.col("text")
    told = (
        text.str.contains(_PAGE)
        | text.str.contains(_BARE_PAGE)
        | text.str.contains(_RECORD)
        | text.str.contains(_RULE)
        | text.str.contains(_CAPTION)
        | (~text.str.contains("[0-9]") & (text.str.count_matches(_COLUMN) > 1))
        | text.str.to_uppercase().str.contains(_LONE)
        | (
            plain().str.contains(r"^[-=_*+.~#|() \t]*$")
            & (text.str.contains(_GOES_ON) | text.str.contains(_DATED))
        )
    )
    return told & ~text.str.contains(MONEY) & ~fits(text)


def headings(lines: pl.DataFrame) -> pl.Series:
    """Return for each row whether it is a heading of the page that only stands there again.

    `lines` has `opens` (an account), `heads` (above any section), `page` and `sheet`. A heading is
    what stood above the first section in the same words, and is not priced as equipment; and what
    reads as no equipment, has no amount, and stands beside more than one turn of the page.
    """
    text = pl.col("text")
    goes_on = text.str.contains(r"^[ \t]*/")
    odd = ~goes_on & ~text.str.contains(MONEY) & ~fits(text)
    runs = lines.with_columns(said=masked(), run=run_of()).with_columns(
        turns=_turns().any().over("run") | (pl.col("run") == pl.col("run").max()),
    )
    head = runs.filter("heads", ~is_priced(text))["said"].unique().implode()
    beside = runs.filter("turns", odd).group_by("said").agg(pl.col("run").n_unique())
    often = beside.filter(pl.col("run") > 1)["said"].implode()
    above = ~goes_on & ~is_priced(text) & pl.col("said").is_in(head)
    return runs.select(
        again=above | (odd & pl.col("turns") & pl.col("said").is_in(often)),
    )["again"]


def run_of() -> pl.Expr:
    """Return the run a row is of: what stands between two rows of equipment is one."""
    return fits(pl.col("text")).cast(pl.Int64).cum_sum()


def _turns() -> pl.Expr:
    new = (pl.col("sheet") != pl.col("sheet").shift(1)).fill_null(False)
    return pl.col("opens") | pl.col("page").is_not_null() | new
