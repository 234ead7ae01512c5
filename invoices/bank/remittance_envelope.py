"""The envelopes of an 820 are counted and numbered as they say, or their file is refused."""

from __future__ import annotations

import polars as pl

from invoices.bank.schema import faults, together

RECORD = "820 in the addenda"
AGAIN = "ask the carrier for correct payment information; nothing of the file is booked"


def said_by(segments: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the segments of one name."""
    return segments.filter(pl.col("e0") == name)


def envelope_faults(segments: pl.DataFrame) -> pl.DataFrame:
    """Return where the counts and control numbers of the envelopes do not come out.

    One interchange, one group and one transaction set an entry, or more of the inner ones: each
    level is closed by a segment that repeats its number and says how many stand in it.
    """
    levels = (("ISA", "IEA", 13, "GS"), ("GS", "GE", 6, "ST"), ("ST", "SE", 2, ""))
    found = [_level(segments, *level) for level in levels]
    held = said_by(segments, "ISA").select("entry_id")
    lone = segments.unique("entry_id", keep="first", maintain_order=True)
    bare = lone.join(said_by(segments, "ST").select("entry_id"), on="entry_id", how="anti")
    empty_ones = bare.join(held, on="entry_id", how="semi")
    found.append(faults(empty_ones, RECORD, "ST", "the interchange holds no set", AGAIN))
    return together(found)


def _level(
    segments: pl.DataFrame, opens: str, closes: str, numbered: int, inner: str
) -> pl.DataFrame:
    """Return where one level of envelopes does not come out.

    Element `numbered` of what opens it is its control number, the second of what closes it repeats
    it, the first counts the `inner` ones, or all segments where there are none.
    """
    pairs = _pairs(segments, opens, closes, numbered)
    alone = pl.col("first").is_null() | pl.col("last").is_null()
    whole = pairs.filter(~alone)
    other = _trimmed("opened") != _trimmed("closed")
    words = f"the control number of {closes} is not that of {opens}"
    real = _inside(whole, segments, inner)
    wrong = real.filter(pl.col("said").is_null() | (pl.col("said") != pl.col("real")))
    words_of = pl.concat_str(
        pl.lit(f"{closes} says "),
        pl.col("said").cast(pl.String).fill_null("nothing"),
        pl.lit(", there are "),
        "real",
    )
    return together(
        [
            faults(pairs.filter(alone), RECORD, closes, f"{opens} and {closes} do not pair", AGAIN),
            faults(whole.filter(other), RECORD, f"{closes}02", words, AGAIN),
            faults(wrong, RECORD, f"{closes}01", words_of, AGAIN),
        ]
    )


def _pairs(segments: pl.DataFrame, opens: str, closes: str, numbered: int) -> pl.DataFrame:
    """Return what opens a level with what closes it, null where it stands alone."""
    number = pl.col("n")
    begun = said_by(segments, opens).select(
        "entry_id", "row", first=number, opened=f"e{numbered}", level=_nth()
    )
    said = pl.col("e1").cast(pl.Int64, strict=False)
    ended = said_by(segments, closes).select(
        "entry_id", "row", last=number, closed="e2", said=said, level=_nth()
    )
    pairs = begun.join(ended, on=["entry_id", "level"], how="full", coalesce=True)
    return pairs.with_columns(row=pl.coalesce("row", "row_right"))


def _nth() -> pl.Expr:
    return pl.int_range(pl.len()).over("entry_id")


def _trimmed(name: str) -> pl.Expr:
    """Return a control number as it is compared: leading zeros may be lost."""
    return pl.col(name).fill_null("").str.strip_chars_start("0")


def _inside(pairs: pl.DataFrame, segments: pl.DataFrame, inner: str) -> pl.DataFrame:
    """Return the pairs with `real`: how many `inner` stand between, or segments in all."""
    if not inner:
        return pairs.with_columns(real=pl.col("last") - pl.col("first") + 1)
    inside = said_by(segments, inner).select("entry_id", place="n")
    counted = (
        pairs.select("entry_id", "level", "first", "last")
        .join(inside, on="entry_id")
        .filter(pl.col("place").is_between("first", "last"))
        .group_by("entry_id", "level")
        .agg(real=pl.len().cast(pl.Int64))
    )
    return pairs.join(counted, on=["entry_id", "level"], how="left").with_columns(
        pl.col("real").fill_null(0)
    )
