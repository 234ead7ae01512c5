"""Writes interchanges of 811: segments into envelopes, envelopes into text with any separators."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gate import DIGEST, Gate, footed

from invoices import carrier
from invoices.carrier import Known, Profiles
from invoices.carrier.reading import Reading

Segment = list[str]


def seg(*elements: object) -> Segment:
    """Return a segment of elements; trailing empty ones are left out, as senders do."""
    parts = ["" if one is None else str(one) for one in elements]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def parse(text: str) -> list[Segment]:
    """Return segments written in the short form of the tests: one a line or `~`, `*` between."""
    lines = text.replace("~", "\n").split("\n")
    return [line.strip().split("*") for line in lines if line.strip()]


def a_set(body: list[Segment] | str, control: str = "0001") -> list[Segment]:
    """Return a set around its segments, ST and SE right."""
    inner = parse(body) if isinstance(body, str) else body
    return [seg("ST", "811", control), *inner, seg("SE", len(inner) + 2, control)]


def group(*sets: list[Segment], control: str = "1") -> list[Segment]:
    """Return a functional group around sets, GS and GE right."""
    head = seg("GS", "CI", "ILEC", "RESELLER", "20261110", "0101", control, "X", "004010")
    return [head, *(one for own in sets for one in own), seg("GE", len(sets), control)]


def interchange(*groups: list[Segment], control: str = "000000001") -> list[Segment]:
    """Return an interchange around groups, ISA and IEA right; its last element is filled later."""
    head = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "ILEC".ljust(15), "ZZ"]
    head += ["RESELLER".ljust(15), "261110", "0101", "U", "00401", control, "0", "P", ">"]
    return [head, *(one for own in groups for one in own), seg("IEA", len(groups), control)]


def whole(*bodies: list[Segment] | str) -> list[Segment]:
    """Return an interchange of one group with a set for each body."""
    sets = [a_set(body, f"{at:04}") for at, body in enumerate(bodies, 1)]
    return interchange(group(*sets))


@dataclass(frozen=True)
class Look:
    """How a text looks: separators and layout."""

    element: str = "*"
    component: str = ">"
    terminator: str = "~"
    after: str = ""
    """What stands behind each terminator: a line end, blanks in front of the next."""
    around: str = ""
    """What stands around each element."""
    mark: bool = False
    """A byte order mark."""
    padded: bool = True
    encoding: str = "utf-8"


PLAIN = Look()
LOOKS = (
    PLAIN,
    Look(after="\n"),
    Look(after=" ", around=" "),
    Look("\t", "$", "~", around=" "),
    Look("$", "\\", "^", around="\t "),
    Look(after="\r\n   "),
    Look("~", "¦", "!", "\r\n  ", mark=True),
    Look("~", "¦", "!", "", encoding="latin-1"),
    Look("|", "^", "\n"),
    Look("|", "^", "\n", mark=True, padded=False),
    Look("\x1d", "\x1f", "\x1c"),
    Look("\t", ":", "'"),
    Look("*", ">", "¬", padded=False),
    Look("☎", "☏", "☒", "\n\t"),
    Look("+", ":", "\r\n"),
)


def text_of(segments: list[Segment], look: Look = PLAIN) -> str:
    """Return segments as text."""
    written = []
    for one in segments:
        parts = [part.strip() for part in one] if one[0] == "ISA" and not look.padded else one
        parts = [*parts[:16], look.component] if one[0] == "ISA" else parts
        joint = look.around + look.element + look.around
        joint = look.element if one[0] == "ISA" else joint
        written.append(
            joint.join(parts) + look.around * (one[0] != "ISA") + look.terminator + look.after
        )
    return ("\ufeff" if look.mark else "") + "".join(written)


def bytes_of(segments: list[Segment], look: Look = PLAIN) -> bytes:
    """Return segments as the bytes of a file."""
    return text_of(segments, look).encode(look.encoding)


def read_bytes(
    content: bytes,
    name: str = "bill.x12",
    *,
    profile: str | None = None,
    known: Known | None = None,
    profiles: Profiles | None = None,
    block: int = 1000,
) -> Reading:
    """Read the bytes of a file the way a file is read, in small blocks."""
    source = carrier.source_of_bytes(name, DIGEST, content, known)
    parts = [content[at : at + block] for at in range(0, len(content), block)]
    return carrier.read(replace(source, blocks=lambda: iter(parts)), profile, profiles)


def through_bytes(content: bytes, name: str = "bill.x12", **how: object) -> Gate:
    """Read and foot the bytes of a file."""
    return footed(read_bytes(content, name, **how))  # type: ignore[arg-type]


def own_profile(text: str) -> Profiles:
    """Return profiles of which one is ours: `x12-811` with other settings."""
    head = 'profile = "own"\nformat = "x12"\n'
    return Profiles(own=(carrier.parse_profile(head + text),))


HEAD = """BIG*20261110*INV1*****CD
CUR*SE*USD
REF*12*305R010001
ITD*01*3****20261125
N1*PE*ILEC*92*1"""

BODY = f"""{HEAD}
HL*1**1*1
HL*2*1*4*1
PID*F****MONTHLY SERVICE
HL*3*2*8*0
SLN*1**A*2*EA*18.50*UM**A3*1FB
SI*TI*TN*6145550131
DTM*150*20261101
DTM*151*20261130
TDS*3700"""


def one(gate: Gate) -> dict[str, object]:
    """Return the only document."""
    return gate.documents.row(0, named=True)


def bill(text: str, look: Look = PLAIN, **how: object) -> Gate:
    """Read an interchange of one set."""
    return through_bytes(bytes_of(whole(text), look), **how)


def lines(text: str, total: str, **how: object) -> list[dict[str, object]]:
    """Read the lines of a set below the usual heading; the set must foot."""
    gate = bill(f"{HEAD}\n{text}\nTDS*{total}", **how)
    assert gate.documents["status"].to_list() == ["loaded"], gate.messages
    return gate.lines.to_dicts()
