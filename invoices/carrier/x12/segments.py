"""The segments of an 811, and where each stands: its set, its place in the hierarchy, its charge.

A segment belongs to the last line that was opened (IT1, SLN, TCD, USD, an ITA of its own), else to
the last HL, else to the heading of its set. HL closes the line; so do LX, III, FA1 and whatever
begins the summary, wherever that stands: carriers write TDS and BAL before the detail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from invoices.carrier.x12.tokens import Piece

ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA")
LINES = ("IT1", "SLN", "TCD", "USD")
SUMMARY = ("TDS", "BAL", "CTT", "N1")
"""Before the first HL they are of the heading, behind it of the summary; either is no detail."""
CLOSES = ("LX", "III", "FA1", *SUMMARY)
HEADING = ("BIG", "CUR", "ITD", "TDS", "BAL", "N1", "CTT")
FACTS = ("SI", "REF", "DTM", "PID", "QTY", "AMT")
OTHERS = (
    *("NTE", "PER", "N2", "N3", "N4", "DMG", "FA2", "VEH", "MEA", "NM1", "NX2", "INC", "MSG"),
    *("TRF", "DTP", "PCT", "LQ", "TA1"),
)
"""They are known and say nothing a line needs."""
KNOWN = (*ENVELOPE, "HL", *LINES, "ITA", "TXI", *HEADING, *FACTS, "LX", "III", "FA1", *OTHERS)
Id = pl.Enum(KNOWN)


@dataclass(frozen=True)
class Place:
    """Where a piece begins: what the pieces before it have opened."""

    sets: int = 0
    """Sets so far."""
    nodes: int = 0
    """Headings and HL so far; each is a node of a tree."""
    head: int = 0
    """The node of the heading of the open set."""
    node: int = 0
    in_summary: bool = False
    in_lines: bool = False
    in_set: bool = False


def cut(segments: pl.DataFrame) -> int:
    """Return how many segments stand before the last HL, line or envelope segment, whose facts may
    still follow; a heading and the facts of an HL are never cut apart."""
    starts = segments["id"].is_in([*ENVELOPE, "HL", *LINES])
    found = starts.arg_true()
    return int(found[-1]) if len(found) else 0


def identified(piece: Piece) -> pl.DataFrame:
    """Return `segment` (its number), `id` (null where unknown) and `text` of the segments.

    Blanks around elements are gone; only an ISA keeps them, for its elements have a width.
    """
    text, element = pl.col("text"), piece.separators.element
    name = text.str.head(text.str.find(element, literal=True).fill_null(text.str.len_bytes()))
    return _without_blanks(piece).select(
        segment=pl.int_range(pl.len(), dtype=pl.Int64) + piece.first,
        id=name.cast(Id, strict=False),
        text="text",
    )


def _without_blanks(piece: Piece) -> pl.DataFrame:
    """Return the segments as `text`, those that have blanks around elements without them."""
    segments = piece.segments.to_frame("text")
    if not piece.has_blanks:
        return segments
    element, blanks = piece.separators.element, piece.separators.blanks
    text = pl.col("text")
    beside = [pair for blank in blanks for pair in (blank + element, element + blank)]
    touched = pl.any_horizontal(
        *(text.str.contains(pair, literal=True) for pair in beside),
        *(text.str.ends_with(blank) for blank in blanks),
    )
    at = segments.select((touched & ~text.str.starts_with(f"ISA{element}")).arg_true()).to_series()
    around = rf"[{blanks}]*{re.escape(element)}[{blanks}]*"
    bare = segments["text"].gather(at).str.strip_chars_end(blanks)
    bare = bare.str.replace_all(around, element.replace("$", "$$"))
    return segments["text"].scatter(at, bare).to_frame() if len(at) else segments


def placed(segments: pl.DataFrame, place: Place) -> tuple[pl.DataFrame, Place]:
    """Add where each segment stands, and return where the next piece begins.

    `set` and `node` (both from 1; a set's heading is a node, and each HL), `head` (the node of the
    heading), `in_set`, `in_summary`, `in_lines` (a line was opened since the node was), and `line`:
    the number of the segment that opened the line it belongs to, 0 where none is open.
    """
    id_ = pl.col("id")
    is_set, is_hl = id_ == "ST", id_ == "HL"
    opens = (is_set | is_hl).fill_null(False)
    closes = id_.is_in(SUMMARY).fill_null(False)
    resets = (opens | id_.is_in([*CLOSES, *ENVELOPE])).fill_null(False)
    is_line = id_.is_in(LINES).fill_null(False)
    walked = (
        segments.lazy()
        .with_columns(
            set=is_set.fill_null(False).cum_sum().cast(pl.Int64) + place.sets,
            opened=opens.cum_sum().cast(pl.Int64) + place.nodes,
            detail=pl.when(is_line | resets).then(is_line).forward_fill().fill_null(False),
            in_set=pl.when(id_.is_in(ENVELOPE))
            .then(is_set)
            .forward_fill()
            .fill_null(pl.lit(place.in_set)),
        )
        .with_columns(
            head=pl.when(is_set).then("opened").forward_fill().fill_null(place.head),
            starts_line=is_line | ((id_ == "ITA").fill_null(False) & ~pl.col("detail")),
        )
        .with_columns(
            node=pl.when(opens)
            .then("opened")
            .when(closes)
            .then("head")
            .forward_fill()
            .fill_null(place.node),
            in_summary=pl.when(opens)
            .then(pl.lit(False))
            .when(closes)
            .then(pl.col("opened") > pl.col("head"))
            .forward_fill()
            .fill_null(pl.lit(place.in_summary)),
            in_lines=pl.when(opens)
            .then(pl.lit(False))
            .when("starts_line")
            .then(pl.lit(True))
            .forward_fill()
            .fill_null(pl.lit(place.in_lines)),
            line=pl.when("starts_line")
            .then("segment")
            .when(resets)
            .then(pl.lit(0, pl.Int64))
            .forward_fill()
            .fill_null(0),
        )
        .collect()
    )
    if walked.is_empty():
        return walked.drop("opened", "detail", "starts_line"), place
    last = walked.row(-1, named=True)
    after = Place(
        sets=last["set"],
        nodes=last["opened"],
        head=last["head"],
        node=last["node"],
        in_summary=last["in_summary"],
        in_lines=last["in_lines"],
        in_set=last["in_set"],
    )
    return walked.drop("opened", "detail", "starts_line"), after
