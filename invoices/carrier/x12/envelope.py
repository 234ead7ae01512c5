"""Interchanges, groups and sets: control numbers and counts, and whether each was closed.

Envelope segments are few, so they are walked one by one. What is wrong is a `Fault` of a rule; what
the fault takes with it is decided by the rule's scope (`verdicts`).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import polars as pl

from invoices.carrier.x12.rules import BY_NAME, Fault, Verdict

KIND = "811"
STRAYS_TOLD = 20
AGAIN = "ask the carrier for the interchange again, whole and with its own control numbers"


@dataclass
class Interchange:
    """An ISA and what it holds."""

    number: int
    segment: int
    sender: str = ""
    receiver: str = ""
    control: str = ""
    header: tuple[str, ...] = ()
    """The elements of its ISA."""
    separators: tuple[str, str, str] = ("*", ">", "~")
    groups: list[Group] = field(default_factory=list)
    closed: bool = False


@dataclass
class Group:
    """A GS and its sets."""

    number: int
    segment: int
    code: str = ""
    sender: str = ""
    receiver: str = ""
    control: str = ""
    version: str = ""
    sets: list[Set] = field(default_factory=list)
    declared: str = ""
    """GE01, the number of sets its trailer names."""
    closed: bool = False


@dataclass
class Set:
    """An ST and where it ends."""

    number: int
    """From 1 through the file."""
    segment: int
    interchange: int
    group: int
    kind: str = ""
    control: str = ""
    end: int | None = None
    """The segment of its SE; null where it never ends."""


class Envelope:
    """Walks the envelope of a file; `faults` grows as it goes."""

    def __init__(self) -> None:
        self.interchanges: list[Interchange] = []
        self.groups: list[Group] = []
        self.sets: list[Set] = []
        self.faults: list[Fault] = []
        self.strays = 0
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._set: Set | None = None
        self._numbers: set[tuple[str, str, str]] = set()
        self._controls: set[tuple[int, str]] = set()

    def feed(self, rows: pl.DataFrame, strays: pl.DataFrame, separators: tuple[str, ...]) -> None:
        """Walk the envelope segments of a piece, and note what stands outside every set."""
        element, component, terminator = separators
        for segment, id_, text in rows.select("segment", "id", "text").iter_rows():
            parts = [part.strip(" \t") for part in text.split(element)]
            parts += [""] * (17 - len(parts))
            if id_ == "ISA":
                self._isa(segment, parts, (element, component, terminator))
            else:
                _STEPS[id_](self, segment, parts)
        for segment, text in strays.select("segment", "text").iter_rows():
            self.strays += 1
            if self.strays <= STRAYS_TOLD:
                owner = self._owner(segment)
                what = f"`{text[:40]}` stands outside every set"
                self._fault("stray", segment, what, AGAIN, owner)

    def finish(self, last: int) -> None:
        """Say what the file left open; `last` is the number of its last segment."""
        self._close_interchange(last, "the file ends")

    def _owner(self, segment: int) -> int | None:
        """Return the interchange a segment stands in, or the next, or the last."""
        at = bisect_right(self.interchanges, segment, key=lambda one: one.segment)
        around = self.interchanges[max(at - 1, 0) : max(at, 1)]
        return around[0].number if around else None

    def _fault(self, rule: str, segment: int, what: str, remedy: str, number: int | None) -> None:
        self.faults.append(Fault(rule, segment, what, remedy, number))

    def _isa(self, segment: int, parts: list[str], separators: tuple[str, str, str]) -> None:
        self._close_interchange(segment, "another ISA begins")
        opened = Interchange(
            number=len(self.interchanges) + 1,
            segment=segment,
            sender=parts[6],
            receiver=parts[8],
            control=parts[13],
            header=tuple(parts[:17]),
            separators=separators,
        )
        if parts[15] not in ("", "P"):
            what = f"ISA15 is `{parts[15][:10]}`: the interchange calls itself a test"
            self._fault("ISA15", segment, what, "ask the carrier whether it counts", opened.number)
        self.interchanges.append(opened)
        self._interchange = opened
        key = (parts[5], parts[6], parts[13])
        if key in self._numbers:
            what = f"interchange {parts[13]} of {parts[6]} stands in the file twice"
            self._fault("ISA13", segment, what, "ask the carrier which counts", opened.number)
        self._numbers.add(key)

    def _gs(self, segment: int, parts: list[str]) -> None:
        self._close_group(segment, "another GS begins")
        if self._interchange is None:
            self._orphan(segment, "GS", "ISA")
            return
        opened = Group(
            number=len(self.groups) + 1,
            segment=segment,
            code=parts[1],
            sender=parts[2],
            receiver=parts[3],
            control=parts[6],
            version=parts[8],
        )
        self.groups.append(opened)
        self._interchange.groups.append(opened)
        self._group = opened
        if opened.code != "CI":
            what = f"GS01 is `{opened.code}`, not CI"
            self._fault("GS01", segment, what, "tell the carrier", opened.number)
        if not opened.version.startswith(("003", "004", "005")):
            what = f"GS08 is `{opened.version}`"
            remedy = "compare what was read with the paper; versions 003 to 005 are known"
            self._fault("GS08", segment, what, remedy, opened.number)

    def _st(self, segment: int, parts: list[str]) -> None:
        self._close_set(segment, "another ST begins")
        if self._group is None or self._interchange is None:
            self._orphan(segment, "ST", "GS")
        group = self._group.number if self._group else 0
        interchange = self._interchange.number if self._interchange else 0
        opened = Set(
            number=len(self.sets) + 1,
            segment=segment,
            interchange=interchange,
            group=group,
            kind=parts[1],
            control=parts[2],
        )
        self.sets.append(opened)
        self._set = opened
        if self._group is not None:
            self._group.sets.append(opened)
        if opened.kind != KIND:
            what = f"the set is `{opened.kind}`, not {KIND}: it is no bill and not read"
            self._fault("ST01", segment, what, "send it to whom it is for", opened.number)
        if (group, opened.control) in self._controls:
            what = f"ST02 `{opened.control}` is the number of another set of the group"
            self._fault("ST02", segment, what, AGAIN, opened.number)
        self._controls.add((group, opened.control))

    def _se(self, segment: int, parts: list[str]) -> None:
        opened = self._set
        if opened is None:
            self._orphan(segment, "SE", "ST")
            return
        opened.end = segment
        self._set = None
        if parts[2] != opened.control:
            what = f"SE02 is `{parts[2]}`, ST02 `{opened.control}`"
            self._fault("SE02", segment, what, AGAIN, opened.number)
        found = segment - opened.segment + 1
        if _whole(parts[1]) != found:
            what = f"SE01 says {parts[1] or 'nothing'}, the set has {found} segments"
            self._fault("SE01", segment, what, AGAIN, opened.number)

    def _ge(self, segment: int, parts: list[str]) -> None:
        self._close_set(segment, "the group ends")
        group = self._group
        if group is None:
            self._orphan(segment, "GE", "GS")
            return
        group.closed, group.declared = True, parts[1]
        self._group = None
        if _whole(parts[2]) is None or _whole(parts[2]) != _whole(group.control):
            what = f"GE02 is `{parts[2]}`, GS06 `{group.control}`"
            self._fault("GE02", segment, what, AGAIN, group.number)
        if _whole(parts[1]) != len(group.sets):
            what = f"GE01 says {parts[1] or 'nothing'}, the group has {len(group.sets)} sets"
            self._fault("GE01", segment, what, AGAIN, group.number)

    def _iea(self, segment: int, parts: list[str]) -> None:
        self._close_group(segment, "the interchange ends")
        opened = self._interchange
        if opened is None:
            self._orphan(segment, "IEA", "ISA")
            return
        opened.closed = True
        self._interchange = None
        if parts[2] != opened.control:
            what = f"IEA02 is `{parts[2]}`, ISA13 `{opened.control}`"
            self._fault("IEA02", segment, what, AGAIN, opened.number)
        if _whole(parts[1]) != len(opened.groups):
            count = len(opened.groups)
            what = f"IEA01 says {parts[1] or 'nothing'}, the interchange has {count} groups"
            self._fault("IEA01", segment, what, AGAIN, opened.number)

    def _orphan(self, segment: int, what: str, needs: str) -> None:
        self._fault(
            "stray", segment, f"{what} stands where no {needs} is open", AGAIN, self._owner(segment)
        )

    def _close_set(self, segment: int, why: str) -> None:
        if self._set is not None:
            what = f"set {self._set.control} has no SE: {why}"
            self._fault("SE", segment, what, AGAIN, self._set.number)
            self._set = None

    def _close_group(self, segment: int, why: str) -> None:
        self._close_set(segment, why)
        if self._group is not None:
            what = f"group {self._group.control} has no GE: {why}"
            self._fault("GE", segment, what, AGAIN, self._group.number)
            self._group = None

    def _close_interchange(self, segment: int, why: str) -> None:
        self._close_group(segment, why)
        if self._interchange is not None:
            what = f"interchange {self._interchange.control} has no IEA: {why}"
            self._fault("IEA", segment, what, AGAIN, self._interchange.number)
            self._interchange = None


_STEPS = {
    "GS": Envelope._gs,
    "ST": Envelope._st,
    "SE": Envelope._se,
    "GE": Envelope._ge,
    "IEA": Envelope._iea,
}


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def verdict(rule: str, changed: dict[str, Verdict]) -> Verdict:
    """Return what breaking a rule does, in a profile that changes some."""
    known = BY_NAME[rule]
    return changed.get(rule, known.verdict) if known.changeable else known.verdict
