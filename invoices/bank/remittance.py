"""What a payment is for: X12 820 in the addenda of a CTX entry, or a segment of it behind a CCD.

The 80-character chunks of the addenda are joined before anything is read, blanks and all, for
segments are cut anywhere. The separators are those the interchange itself uses; a lone segment ends
its elements with the character behind its name. An 820 whose envelope counts do not come out, or
whose total is not what the entry moves, refuses the file: it would book money to wrong invoices.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.bank.schema import FAULTS, REMITTANCES, faults, together
from invoices.schema import CENTS, empty, seal

ISA_ELEMENTS = 16
MOST_ELEMENTS = 18
TERMINATORS = ("\\", "~", "\n")
RECORD = "820 in the addenda"
AGAIN = "ask the carrier for correct payment information; nothing of the file is booked"
_AMOUNT = r"^-?([0-9]{1,11}(\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)$"
_PIECE = ("entry_id", "row", "amount", "text")


@dataclass(frozen=True)
class Spoken:
    """Payment information whose separators are known: all texts that share them."""

    element: str
    segment: str
    texts: pl.DataFrame
    enveloped: bool


def read_remittances(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what payments are for (columns of `REMITTANCES`) and what is wrong with it.

    `texts` has entry_id, row (of the entry), amount (what it moves) and text. A text that is no X12
    is a note for people: it says nothing here and is nothing wrong.
    """
    spoken, wrong = _separated(texts)
    items, found = [empty(REMITTANCES)], [wrong]
    for group in spoken:
        segments = _segments(group)
        if group.enveloped:
            found.append(_envelope(segments))
        read, bad = _items(segments, group.texts)
        items.append(read)
        found.append(bad)
    return pl.concat(items).sort("entry_id", "item"), together(found)


def _separated(texts: pl.DataFrame) -> tuple[list[Spoken], pl.DataFrame]:
    """Return the texts by the separators they use; an envelope that ends too early is a fault."""
    start = pl.col("text").str.strip_chars_start(" ")
    named = texts.with_columns(text=start, name=start.str.head(3))
    envelope = named.filter(pl.col("name") == "ISA").with_columns(element=_at(3))
    alone = named.filter(pl.col("text").str.contains(r"^(ST|BPR|RMR|TRN|ENT|REF|NTE)[^A-Za-z0-9 ]"))
    alone = alone.with_columns(
        element=pl.when(pl.col("text").str.starts_with("ST")).then(_at(2)).otherwise(_at(3))
    )
    groups, found = [], [empty(FAULTS)]
    for (element,), group in envelope.group_by("element", maintain_order=True):
        cut = group.with_columns(rest=_rest(str(element)))
        short = pl.col("rest").is_null() | (pl.col("rest").str.len_chars() < 2)
        found.append(
            faults(cut.filter(short), RECORD, "ISA", "the interchange header is cut off", AGAIN)
        )
        ended = cut.filter(~short).with_columns(segment=pl.col("rest").str.slice(1, 1))
        alnum = pl.col("segment").str.contains("[A-Za-z0-9]")
        found.append(
            faults(ended.filter(alnum), RECORD, "ISA16", "no segment terminator follows", AGAIN)
        )
        for (segment,), own in ended.filter(~alnum).group_by("segment", maintain_order=True):
            groups.append(Spoken(str(element), str(segment), own.select(_PIECE), True))
    known = alone.with_columns(segment=_terminator())
    for (element, segment), own in known.group_by("element", "segment", maintain_order=True):
        groups.append(Spoken(str(element), str(segment), own.select(_PIECE), False))
    return groups, together(found)


def _at(place: int) -> pl.Expr:
    return pl.col("text").str.slice(place, 1)


def _rest(element: str) -> pl.Expr:
    """Return what stands behind the sixteenth separator of the interchange header."""
    parts = pl.col("text").str.splitn(element, ISA_ELEMENTS + 1)
    return parts.struct.field(f"field_{ISA_ELEMENTS}")


def _terminator() -> pl.Expr:
    """Return the segment terminator of a text without envelope: the first known one in it."""
    found = pl.lit(TERMINATORS[-1])
    for mark in reversed(TERMINATORS[:-1]):
        found = (
            pl.when(pl.col("text").str.contains(mark, literal=True))
            .then(pl.lit(mark))
            .otherwise(found)
        )
    return found


def _segments(group: Spoken) -> pl.DataFrame:
    """Return [entry_id, row, n, e0 ... e17]: a row a segment, numbered from 1 in its text."""
    split = group.texts.with_columns(piece=pl.col("text").str.split(group.segment)).explode("piece")
    piece = pl.col("piece").str.strip_chars_start(" \r\n").str.strip_chars_end("\r\n")
    kept = split.with_columns(piece=piece).filter(pl.col("piece").str.strip_chars() != "")
    elements = pl.col("piece").str.split(group.element)
    named = (
        elements.list.get(place, null_on_oob=True).str.strip_chars().alias(f"e{place}")
        for place in range(MOST_ELEMENTS)
    )
    number = pl.int_range(1, pl.len() + 1).over("entry_id").cast(pl.Int64).alias("n")
    return kept.select("entry_id", "row", number, *named)


def _said(segments: pl.DataFrame, name: str) -> pl.DataFrame:
    return segments.filter(pl.col("e0") == name)


def _envelope(segments: pl.DataFrame) -> pl.DataFrame:
    """Return where the counts and control numbers of the envelopes do not come out.

    One interchange, one group and one transaction set an entry, or more of the inner ones: each
    level is closed by a segment that repeats its number and says how many stand in it.
    """
    number = pl.col("n")
    levels = (("ISA", "IEA", 13, 2, "GS"), ("GS", "GE", 6, 2, "ST"), ("ST", "SE", 2, 2, ""))
    found = []
    for opens, closes, opening, closing, inner in levels:
        begun = _said(segments, opens).select(
            "entry_id", "row", first=number, opened=f"e{opening}", level=_nth()
        )
        ended = _said(segments, closes).select(
            "entry_id",
            "row",
            last=number,
            closed=f"e{closing}",
            said=pl.col("e1").cast(pl.Int64, strict=False),
            level=_nth(),
        )
        pairs = begun.join(ended, on=["entry_id", "level"], how="full", coalesce=True)
        pairs = pairs.with_columns(row=pl.coalesce("row", "row_right"))
        alone = pl.col("first").is_null() | pl.col("last").is_null()
        found.append(
            faults(pairs.filter(alone), RECORD, closes, f"{opens} and {closes} do not pair", AGAIN)
        )
        whole = pairs.filter(~alone)
        other = _trimmed("opened") != _trimmed("closed")
        words = f"the control number of {closes} is not that of {opens}"
        found.append(faults(whole.filter(other), RECORD, f"{closes}0{closing}", words, AGAIN))
        real = _inside(whole, segments, inner)
        wrong = real.filter(pl.col("said").is_null() | (pl.col("said") != pl.col("real")))
        words_of = pl.concat_str(
            pl.lit(f"{closes} says "),
            pl.col("said").cast(pl.String).fill_null("nothing"),
            pl.lit(", there are "),
            "real",
        )
        found.append(faults(wrong, RECORD, f"{closes}01", words_of, AGAIN))
    held = _said(segments, "ISA").select("entry_id")
    lone = segments.unique("entry_id", keep="first", maintain_order=True)
    bare = lone.join(_said(segments, "ST").select("entry_id"), on="entry_id", how="anti")
    empty_ones = bare.join(held, on="entry_id", how="semi")
    found.append(faults(empty_ones, RECORD, "ST", "the interchange holds no set", AGAIN))
    return together(found)


def _nth() -> pl.Expr:
    return pl.int_range(pl.len()).over("entry_id")


def _trimmed(name: str) -> pl.Expr:
    """Return a control number as it is compared: leading zeros may be lost."""
    return pl.col(name).fill_null("").str.strip_chars_start("0")


def _inside(pairs: pl.DataFrame, segments: pl.DataFrame, inner: str) -> pl.DataFrame:
    """Return the pairs with `real`: how many `inner` stand between, or segments in all."""
    if not inner:
        return pairs.with_columns(real=pl.col("last") - pl.col("first") + 1)
    inside = _said(segments, inner).select("entry_id", place="n")
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


def _amount(name: str) -> pl.Expr:
    """Return an amount as sent: dollars, a point if there are cents, a minus in front or none."""
    text = pl.col(name).str.strip_chars()
    return pl.when(text.str.contains(_AMOUNT)).then(text.cast(CENTS, strict=False))


def _given(name: str) -> pl.Expr:
    return pl.col(name).fill_null("").str.strip_chars() != ""


def _items(segments: pl.DataFrame, texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the items of the payments and what of their money does not come out."""
    item = pl.col("e0").is_in(("RMR", "ADX"))
    placed = segments.with_columns(item=item.cum_sum().over("entry_id").cast(pl.Int64))
    rows = placed.filter(item)
    adjusts = pl.col("e0") == "ADX"
    paid = pl.when(adjusts).then(_amount("e1")).otherwise(_amount("e4"))
    said = pl.when(adjusts).then(_given("e1")).otherwise(_given("e4"))
    read = rows.with_columns(
        paid=paid, said=said, gross=_amount("e5"), discount=_amount("e6"), adjusts=adjusts
    )
    unread = (
        (pl.col("said") & pl.col("paid").is_null())
        | (~adjusts & _given("e5") & pl.col("gross").is_null())
        | (~adjusts & _given("e6") & pl.col("discount").is_null())
    )
    bad = faults(
        read.filter(unread), RECORD, pl.col("e0"), "an amount cannot be read as dollars", AGAIN
    )
    marks = placed.filter(pl.col("item") > 0).group_by("entry_id", "item")
    below = marks.agg(
        ban=pl.col("e2").filter((pl.col("e0") == "REF") & (pl.col("e1") == "12")).first(),
        day=pl.col("e2").filter((pl.col("e0") == "DTM") & (pl.col("e1") == "003")).first(),
    )
    whole = (
        placed.filter(pl.col("item") == 0, pl.col("e0") == "REF", pl.col("e1") == "12")
        .group_by("entry_id")
        .agg(over_all=pl.col("e2").first())
    )
    frame = (
        read.join(below, on=["entry_id", "item"], how="left")
        .join(whole, on="entry_id", how="left")
        .with_columns(
            qualifier=pl.when("adjusts").then(pl.lit("AJ")).otherwise("e1"),
            reference=pl.when("adjusts")
            .then(pl.col("e4"))
            .otherwise(pl.when(_given("e2")).then("e2")),
            ban=pl.coalesce("ban", "over_all"),
            gross=pl.when(~pl.col("adjusts")).then("gross"),
            discount=pl.when(~pl.col("adjusts")).then("discount"),
            invoice_date=pl.col("day").str.to_date("%Y%m%d", strict=False),
        )
    )
    totals = _totals(placed, frame, texts)
    return seal(frame.lazy(), REMITTANCES).collect(), together([bad, totals])


def _totals(segments: pl.DataFrame, items: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Return where an 820 says another total than its entry moves or its items come to.

    Adjustments stand within what an item pays or beside it, as the sender has it: the items come
    out with them or without. Items that do not say what they pay are not added up.
    """
    order = _said(segments, "BPR").with_columns(total=_amount("e2"))
    unread = order.filter(pl.col("total").is_null())
    known = order.filter(pl.col("total").is_not_null()).select("entry_id", "total")
    per = known.group_by("entry_id").agg(pl.col("total").sum())
    both = per.join(texts.select("entry_id", "row", "amount"), on="entry_id")
    words = pl.concat_str(pl.lit("the 820 pays "), "total", pl.lit(", the entry moves "), "amount")
    moved = both.filter(pl.col("total") != pl.col("amount"))
    adjusts = pl.col("adjusts")
    sums = items.group_by("entry_id").agg(
        items=pl.col("paid").filter(~adjusts).sum(),
        adjusted=pl.col("paid").filter(adjusts).sum(),
        silent=(~pl.col("said")).any(),
    )
    # A lone segment behind a CCD entry has no total of its own: the entry's amount stands for it.
    told = both.join(sums, on="entry_id").filter(~pl.col("silent"))
    off = told.filter(
        pl.col("items") != pl.col("total"),
        pl.col("items") + pl.col("adjusted") != pl.col("total"),
    )
    items_words = pl.concat_str(
        pl.lit("the items come to "), "items", pl.lit(", the 820 pays "), "total"
    )
    return together(
        [
            faults(unread, RECORD, "BPR02", "the total cannot be read as dollars", AGAIN),
            faults(moved, RECORD, "BPR02", words, AGAIN),
            faults(off, RECORD, "RMR04", items_words, AGAIN),
        ]
    )
