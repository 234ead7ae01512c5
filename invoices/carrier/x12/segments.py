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
    if not piece.blanks:
        return segments
    element, blanks = piece.separators.element, piece.blanks
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


@dataclass(frozen=True)
class Walked:
    """The segments of a piece by id, and where each stands.

    Only some segments open or close anything; the others stand where the last of those left off.
    """

    parts: dict[str | None, pl.DataFrame]
    """segment, text and `event`, the row of `states` that holds for it."""
    states: pl.DataFrame
    """`STATES`; the first row is what the piece before left open."""

    def of(self, *ids: str | None, given: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return the segments with one of some ids: segment, id, text and `STATES`, in order.

        `given` names the states wanted, where not all are.
        """
        found = [
            part.select("segment", pl.lit(id_, Id).alias("id"), "text", "event")
            for id_ in ids
            if (part := self.parts.get(id_)) is not None
        ]
        if not found:
            return pl.DataFrame(schema=_WALKED)
        rows = found[0] if len(found) == 1 else pl.concat(found).sort("segment")
        states = self.states if given is None else self.states.select(given)
        return rows.drop("event").hstack(states[rows["event"]])

    def heard(self, id_: str) -> pl.DataFrame:
        """Return segment, text and owner of the facts that have one."""
        rows = self.parts.get(id_)
        if rows is None:
            return pl.DataFrame(schema=_HEARD)
        owner = self.states["owner"].gather(rows["event"])
        heard = rows.select("segment", "text", owner)
        return heard if owner.null_count() == 0 else heard.filter(owner.is_not_null())

    def outside(self) -> pl.DataFrame:
        """Return the segments outside every set that are none of the envelope, TA1 with them."""
        nowhere = ~self.states["in_set"]
        if not nowhere.any():
            return pl.DataFrame(schema=_WALKED)
        found = {
            id_: part.filter(outside)
            for id_, part in self.parts.items()
            if id_ not in ENVELOPE and (outside := nowhere.gather(part["event"])).any()
        }
        return Walked(found, self.states).of(*found)

    def counted(self, *ids: str) -> dict[int, int]:
        """Return how many segments with one of some ids each set has."""
        events = [part["event"] for id_ in ids if (part := self.parts.get(id_)) is not None]
        sets = [self.states["set"].gather(rows) for rows in events]
        return dict(pl.concat(sets).value_counts().iter_rows()) if sets else {}


STATES = pl.Schema(
    {
        "set": pl.Int64(),  # from 1 through the file
        "node": pl.Int64(),  # likewise; a set's heading is a node, and each HL
        "line": pl.Int64(),  # the segment that opened the open line; 0 = none is open
        "in_set": pl.Boolean(),
        "in_summary": pl.Boolean(),
        "in_lines": pl.Boolean(),  # whether a line was opened since the node was
        "owner": pl.Int64(),  # whose a fact is: the line, or minus the node; null = nobody's
    }
)
_HEARD = pl.Schema({"segment": pl.Int64(), "text": pl.String(), "owner": pl.Int64()})
_WALKED = pl.Schema({"segment": pl.Int64(), "id": Id, "text": pl.String(), **STATES})
_EVENTS = (*ENVELOPE, "HL", *LINES, "ITA", *CLOSES)
_OPENS = ("ST", "HL")
_RESETS = (*_OPENS, *CLOSES, *ENVELOPE)


def placed(segments: pl.DataFrame, place: Place) -> tuple[Walked, Place]:
    """Return where each segment of a piece stands, and where the next piece begins."""
    is_event = segments["id"].is_in(list(_EVENTS)).fill_null(False)
    events, place = _events(segments.filter(is_event).select("segment", "id"), place)
    indexed = segments.with_columns(event=is_event.cast(pl.UInt32).cum_sum())
    parts = indexed.partition_by("id", as_dict=True, maintain_order=True, include_key=False)
    return Walked({key[0]: part for key, part in parts.items()}, events), place


def _events(events: pl.DataFrame, place: Place) -> tuple[pl.DataFrame, Place]:
    """Return the state each event leaves (`STATES`), behind that of the place it begins at."""
    walked = events.pipe(_counted, place).pipe(_opened, place)
    states = _states(walked, place)
    if walked.is_empty():
        return states, place
    last = walked.row(-1, named=True)
    return states, Place(
        sets=last["set"],
        nodes=last["opened"],
        **{name: last[name] for name in ("head", "node", "in_summary", "in_lines", "in_set")},
    )


def _counted(events: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Add the set and the node each event is in, and whether it opens a line."""
    id_ = pl.col("id")
    is_line, is_set = id_.is_in(LINES), id_ == "ST"
    resets = id_.is_in(_RESETS)
    return events.with_columns(
        set=is_set.cum_sum().cast(pl.Int64) + place.sets,
        opened=id_.is_in(_OPENS).cum_sum().cast(pl.Int64) + place.nodes,
        detail=pl.when(is_line | resets).then(is_line).forward_fill().fill_null(False),
        in_set=_last(pl.when(id_.is_in(ENVELOPE)).then(is_set), place.in_set),
    ).with_columns(
        head=_last(pl.when(is_set).then("opened"), place.head),
        starts_line=is_line | ((id_ == "ITA") & ~pl.col("detail")),
    )


def _opened(events: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Add what each event leaves open: the node, the summary, the lines, the line."""
    id_ = pl.col("id")
    opens, closes = id_.is_in(_OPENS), id_.is_in(SUMMARY)
    node = pl.when(opens).then("opened").when(closes).then("head")
    behind = pl.col("opened") > pl.col("head")
    in_summary = pl.when(opens).then(pl.lit(False)).when(closes).then(behind)
    in_lines = pl.when(opens).then(pl.lit(False)).when("starts_line").then(pl.lit(True))
    closed = id_.is_in(_RESETS)
    line = pl.when("starts_line").then("segment").when(closed).then(pl.lit(0, pl.Int64))
    return events.with_columns(
        node=_last(node, place.node),
        in_summary=_last(in_summary, place.in_summary),
        in_lines=_last(in_lines, place.in_lines),
        line=_last(line, 0),
    )


def _last(said: pl.Expr, begun: bool | int) -> pl.Expr:
    """Return what was said last, before anything is said what held where the piece begins."""
    return said.forward_fill().fill_null(begun)


def _states(walked: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Return `STATES` of the events, behind that of the place the piece begins at."""
    line, node = pl.col("line"), pl.col("node")
    whose = pl.when(line > 0).then(line).when(~pl.col("in_lines")).then(-node)
    owner = pl.when(pl.col("in_set") & ~pl.col("in_summary")).then(whose)
    begun = {name: getattr(place, name, 0) for name in STATES} | {"set": place.sets}
    return pl.concat(
        [
            pl.DataFrame([begun], schema=STATES),
            walked.with_columns(owner=pl.lit(0, pl.Int64)).select(STATES.names()),
        ]
    ).with_columns(owner=owner)
