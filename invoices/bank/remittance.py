"""What a payment is for: X12 820 in the addenda of a CTX entry, or a segment of it behind a CCD.

The 80-character chunks of the addenda are joined before anything is read, blanks and all, for
segments are cut anywhere. The separators are those the interchange itself uses; a lone segment ends
its elements with the character behind its name. An 820 whose envelope counts do not come out, or
whose total is not what the entry moves, refuses the file: it would book money to wrong invoices.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.bank.remittance_envelope import AGAIN, RECORD, envelope_faults, said_by
from invoices.bank.schema import FAULTS, REMITTANCES, faults, together
from invoices.carrier.cells import FIRST_YEAR, LAST_YEAR
from invoices.schema import CENTS, empty, seal

ISA_ELEMENTS = 16
MOST_ELEMENTS = 18
TERMINATORS = ("\\", "~", "\n")
_AMOUNT = r"^[+-]?(0*[0-9]{1,11}(\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)$"
_BEFORE = r"^([+-]?)0*([0-9])"
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
            found.append(envelope_faults(segments))
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


def _amount(name: str) -> pl.Expr:
    """Return an amount as sent: dollars, a point if there are cents, a sign in front or none.

    Any zeros may stand before and behind it.
    """
    text = pl.col(name).str.strip_chars()
    plain = text.str.replace(_BEFORE, "$1$2").str.replace(r"(\.[0-9]{2})0+$", "$1")
    return pl.when(text.str.contains(_AMOUNT)).then(plain.cast(CENTS, strict=False))


def _day(name: str) -> pl.Expr:
    """Return a day as sent, null where the calendar has none or nobody means its year."""
    day = pl.col(name).str.to_date("%Y%m%d", strict=False)
    return pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(day)


def _given(name: str) -> pl.Expr:
    return pl.col(name).fill_null("").str.strip_chars() != ""


def _items(segments: pl.DataFrame, texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the items of the payments and what of their money does not come out."""
    item = pl.col("e0").is_in(("RMR", "ADX"))
    placed = segments.with_columns(item=item.cum_sum().over("entry_id").cast(pl.Int64))
    read = _with_money(placed.filter(item))
    adjusts = pl.col("adjusts")
    unread = (
        (pl.col("said") & pl.col("paid").is_null())
        | (~adjusts & _given("e5") & pl.col("gross").is_null())
        | (~adjusts & _given("e6") & pl.col("discount").is_null())
    )
    bad = faults(
        read.filter(unread), RECORD, pl.col("e0"), "an amount cannot be read as dollars", AGAIN
    )
    named = pl.when(_given("e2")).then("e2")
    frame = _with_accounts(read, placed).with_columns(
        qualifier=pl.when(adjusts).then(pl.lit("AJ")).otherwise("e1"),
        reference=pl.when(adjusts).then(pl.col("e4")).otherwise(named),
        ban=pl.coalesce("ban", "over_all"),
        gross=pl.when(~adjusts).then("gross"),
        discount=pl.when(~adjusts).then("discount"),
        invoice_date=_day("day"),
    )
    return seal(frame, REMITTANCES), together([bad, _totals(placed, frame, texts)])


def _with_money(items: pl.DataFrame) -> pl.DataFrame:
    """Add what an item pays, gross and discount, whether it says so, and whether it adjusts."""
    adjusts = pl.col("e0") == "ADX"
    return items.with_columns(
        paid=pl.when(adjusts).then(_amount("e1")).otherwise(_amount("e4")),
        said=pl.when(adjusts).then(_given("e1")).otherwise(_given("e4")),
        gross=_amount("e5"),
        discount=_amount("e6"),
        adjusts=adjusts,
    )


def _with_accounts(items: pl.DataFrame, segments: pl.DataFrame) -> pl.DataFrame:
    """Add the account and the day below each item, and the account `over_all` of them."""
    account = (pl.col("e0") == "REF") & (pl.col("e1") == "12")
    below = (
        segments.filter(pl.col("item") > 0)
        .group_by("entry_id", "item")
        .agg(
            ban=pl.col("e2").filter(account).first(),
            day=pl.col("e2").filter((pl.col("e0") == "DTM") & (pl.col("e1") == "003")).first(),
        )
    )
    whole = (
        segments.filter(pl.col("item") == 0, account)
        .group_by("entry_id")
        .agg(over_all=pl.col("e2").first())
    )
    return items.join(below, on=["entry_id", "item"], how="left").join(
        whole, on="entry_id", how="left"
    )


def _totals(segments: pl.DataFrame, items: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Return where an 820 says another total than its entry moves or its items come to.

    Adjustments stand within what an item pays or beside it, as the sender has it: the items come
    out with them or without. Items that do not say what they pay are not added up.
    """
    order = said_by(segments, "BPR").with_columns(total=_amount("e2"))
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
