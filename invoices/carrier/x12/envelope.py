"""Interchanges, groups and sets: control numbers and counts, and whether each was closed.

Envelope segments are few, so they are walked one by one. What is wrong is a `Fault` of a rule; what
the fault takes with it is decided by the rule's scope (`verdicts`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from invoices.carrier.x12.rules import BY_NAME, Fault, Scope, Verdict
from invoices.carrier.x12.separators import Unreadable

KIND, CODE = "811", "CI"
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
    acknowledges: bool = False
    """Whether a TA1 stands in it, which answers an interchange of ours."""
    strays: int = 0
    """How many segments stand in none of its groups."""


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
    strays: int = 0
    """How many segments stand in none of its sets."""


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
    excess: int = 0
    """How many segments more it has than its SE01 says."""


class Envelope:
    """Walks the envelope of a file; `faults` grows as it goes."""

    def __init__(self) -> None:
        self.interchanges: list[Interchange] = []
        self.groups: list[Group] = []
        self.sets: list[Set] = []
        self.faults: list[Fault] = []
        self.strays = 0
        self._last_stray = 0
        self.is_cut = False
        """Whether the file ends, or cannot be read on, where something is open."""
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._set: Set | None = None
        self._numbers: set[tuple[str, str, str]] = set()
        self._controls: set[tuple[int, str]] = set()

    def feed(self, rows: pl.DataFrame, strays: pl.DataFrame, separators: tuple[str, ...]) -> None:
        """Walk the envelope segments of a piece, and note what stands outside every set."""
        element, component, terminator = separators
        both = pl.concat([rows, strays]).sort("segment") if strays.height else rows
        for segment, id_, text in both.select("segment", "id", "text").iter_rows():
            parts = [part.strip(" \t") for part in text.split(element)]
            parts += [""] * (17 - len(parts))
            if id_ == "ISA":
                self._isa(segment, parts, (element, component, terminator))
            elif id_ == "TA1":
                self._ta1()
            elif id_ in _STEPS:
                _STEPS[id_](self, segment, parts)
            else:
                self._stray(segment, f"`{text[:40]}` stands outside every set")

    def finish(self, last: int, broken: Unreadable | None = None) -> None:
        """Say what is left open; `last` is the number of the last segment, `broken` why no more of
        the file is read."""
        if broken is not None:
            self._cut_off(broken.segment or last, broken.what, broken.remedy, named=False)
        self.is_cut = broken is not None or self._interchange is not None
        self._cut_off(last, "the file ends", "ask the carrier for the whole file")

    def _fault(
        self,
        rule: str,
        segment: int,
        what: str,
        remedy: str,
        number: int | None,
        follows: bool = False,
    ) -> None:
        self.faults.append(Fault(rule, segment, what, remedy, number, follows=follows))

    def _ta1(self) -> None:
        if self._interchange is not None:
            self._interchange.acknowledges = True

    def _stray(self, segment: int, what: str, follows: bool = False) -> None:
        """Say that a segment stands where it does not belong; of several in a row, the first."""
        goes_on = segment == self._last_stray + 1
        self._last_stray = segment
        owner = self._group or (self.interchanges[-1] if self.interchanges else None)
        if owner is not None:
            owner.strays += 1
        self.strays += not goes_on
        if not goes_on and self.strays <= STRAYS_TOLD:
            takes: Scope = "group" if owner is self._group else "interchange"
            number = owner.number if owner else None
            self.faults.append(Fault("stray", segment, what, AGAIN, number, takes, follows))

    def _isa(self, segment: int, parts: list[str], separators: tuple[str, str, str]) -> None:
        self._cut_off(segment, "another ISA begins", AGAIN)
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
            self._stray(segment, "GS stands where no ISA is open")
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
            self._stray(segment, "ST stands where no GS is open")
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
            self._stray(segment, "SE stands where no ST is open")
            return
        opened.end = segment
        self._set = None
        if parts[2] != opened.control:
            what = f"SE02 is `{parts[2]}`, ST02 `{opened.control}`"
            self._fault("SE02", segment, what, AGAIN, opened.number)
        found = segment - opened.segment + 1
        if (said := _whole(parts[1])) != found:
            opened.excess = 0 if said is None else found - said
            what = f"SE01 says {parts[1] or 'nothing'}, the set has {found} segments"
            self._fault("SE01", segment, what, AGAIN, opened.number)

    def _ge(self, segment: int, parts: list[str]) -> None:
        self._close_set(segment, "the group ends")
        group = self._group
        if group is None:
            torn = self._interchange is not None and self._interchange.strays > 0
            self._stray(segment, "GE stands where no GS is open", torn)
            return
        group.declared = parts[1]
        self._group = None
        if _whole(parts[2]) is None or _whole(parts[2]) != _whole(group.control):
            what = f"GE02 is `{parts[2]}`, GS06 `{group.control}`"
            self._fault("GE02", segment, what, AGAIN, group.number)
        if _whole(parts[1]) != len(group.sets):
            what = f"GE01 says {parts[1] or 'nothing'}, the group has {len(group.sets)} sets"
            self._fault("GE01", segment, what, AGAIN, group.number, group.strays > 0)

    def _iea(self, segment: int, parts: list[str]) -> None:
        self._close_group(segment, "the interchange ends")
        opened = self._interchange
        if opened is None:
            self._stray(segment, "IEA stands where no ISA is open")
            return
        opened.closed = True
        self._interchange = None
        if not parts[2]:
            what = "the IEA says no control number: it was cut off"
            self._fault("IEA", segment, what, "ask the carrier for the whole file", opened.number)
            return
        if parts[2] != opened.control:
            what = f"IEA02 is `{parts[2]}`, ISA13 `{opened.control}`"
            self._fault("IEA02", segment, what, AGAIN, opened.number)
        if _whole(parts[1]) != len(opened.groups):
            count = len(opened.groups)
            what = f"IEA01 says {parts[1] or 'nothing'}, the interchange has {count} groups"
            self._fault("IEA01", segment, what, AGAIN, opened.number, opened.strays > 0)

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

    def _cut_off(self, segment: int, why: str, remedy: str, named: bool = True) -> None:
        """Close whatever is open in an interchange that does not go on; the reason is one.

        `named`: the reason names what it stands in.
        """
        open_ = [
            ("SE", self._set, "set"),
            ("GE", self._group, "group"),
            ("IEA", self._interchange, "interchange"),
        ]
        held = [(rule, one, name) for rule, one, name in open_ if one is not None]
        for rule, one, _ in held:
            _, inmost, name = held[0]
            within = f"{name} {inmost.control}" if inmost.control else f"the header of its {name}"
            what = f"{why} inside {within}" if named else why
            self._fault(rule, segment, what, remedy, one.number)
        self._set = self._group = self._interchange = None


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
