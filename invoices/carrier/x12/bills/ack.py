"""The 997 a carrier expects for each interchange: what was taken, what was not, and where it fails.

It answers what was sent, not what is owed: a bill that reads and does not foot is accepted. Names,
numbers and separators are those of the interchange that is answered. An acknowledgement is never
acknowledged, and nothing is answered whose sender, receiver or number cannot be told.
"""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from invoices.carrier.reading import Answer
from invoices.carrier.x12.envelope import CODE, KIND, Envelope, Group, Interchange, Set
from invoices.carrier.x12.rules import Fault
from invoices.carrier.x12.segments import KNOWN

FOLDER = "acknowledgements"
ACKNOWLEDGES, ACKNOWLEDGEMENTS = "FA", ("997", "999")
"""GS01 and ST01 of what answers something of ours."""
PARTY, NUMBER = 15, 9
"""So many characters a party's name has, and digits a control number."""
NOTED = 100
"""So many segments of a set are named."""
SET_CODES = {"ST01": "1", "SE": "2", "SE02": "3", "SE01": "4"}
"""AK502 by rule; any other is `5`, segments in error."""
GROUP_CODES = {"GS01": "1", "GE": "3", "GE02": "4", "GE01": "5"}
INTERCHANGE_CODES = {"IEA02": "001", "IEA01": "021", "IEA": "023", "ISA13": "025"}
UNKNOWN_SEGMENT, DATA_ERROR = "1", "8"


def answers(
    envelope: Envelope,
    refused: dict[int, list[Fault]],
    unplaced: list[Fault],
    wrong: pl.DataFrame,
    digest: str,
) -> tuple[Answer, ...]:
    """Return the acknowledgement of each interchange of a file.

    `refused` are the faults that refuse sets, `unplaced` those that refuse an envelope without
    sets, `wrong` the segments that cannot be read (`charges.WRONG`).
    """
    noted: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for number, segment, raw in wrong.select("set", "segment", "raw").iter_rows():
        if len(noted[number]) < NOTED:
            noted[number].append((segment, raw))
    return tuple(
        Answer(
            FOLDER, _name(one, digest), _text(one, refused, unplaced, noted), f"20{one.header[9]}"
        )
        for one in envelope.interchanges
        if _is_answered(one)
    )


def _is_answered(one: Interchange) -> bool:
    """Whether an interchange is to be acknowledged, and can be.

    One of which no group can is told by a TA1 if it was whole and had none; if a TA1 or an
    acknowledgement is all it has, by nothing.
    """
    date, qualifiers = one.header[9], (one.header[5], one.header[7])
    named = all(0 < len(party) <= PARTY for party in (one.sender, one.receiver))
    named = named and all(len(qualifier) <= 2 for qualifier in qualifiers)
    told = named and _is_number(one.control) and len(date) == 6 and _is_number(date)
    empty = one.closed and not one.groups and not one.acknowledges and not one.strays
    return told and (empty or bool(_groups(one)))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= NUMBER


def _groups(one: Interchange) -> list[Group]:
    """Return the groups a 997 accounts for: those of bills, whose number can be told.

    A group of another kind is for somebody else, who answers it.
    """
    return [group for group in one.groups if _is_number(group.control) and _bears_bills(group)]


def _bears_bills(group: Group) -> bool:
    """Whether a group is one of bills: by its code, or by what it holds if that is no answer."""
    kinds = {own.kind for own in group.sets}
    if group.code == CODE:
        return not kinds or not kinds <= set(ACKNOWLEDGEMENTS)
    return group.code != ACKNOWLEDGES and KIND in kinds


def _name(one: Interchange, digest: str) -> str:
    parts = (one.sender or "sender", one.control or str(one.number), digest[:8])
    return f"997-{'-'.join(parts)}-{one.number}.x12"


def _text(
    one: Interchange,
    refused: dict[int, list[Fault]],
    unplaced: list[Fault],
    noted: dict[int, list[tuple[int, str]]],
) -> str:
    element, _, terminator = one.separators
    segments = [_isa(one)]
    faults = [fault for faults in refused.values() for fault in faults] + unplaced
    broken = [f for f in faults if f.scope == "interchange" and f.number == one.number]
    groups = _groups(one)
    if broken or not groups:
        code = INTERCHANGE_CODES.get(broken[0].rule, "024") if broken else "024"
        segments.append(["TA1", one.control, one.header[9], one.header[10], "R", code])
    if groups:
        segments += _functional(groups, refused, noted)
    segments.append(["IEA", str(int(bool(groups))), one.control.zfill(NUMBER)])
    return "".join(_written(parts, element, terminator) for parts in segments)


def _written(parts: list[str], element: str, terminator: str) -> str:
    if parts[0] != "ISA":
        while not parts[-1]:
            parts = parts[:-1]
    return element.join(parts) + terminator + ("" if terminator == "\n" else "\n")


def _isa(one: Interchange) -> list[str]:
    """Return the header of the answer: sender and receiver change places."""
    h = one.header
    wide = ("00", " " * 10, "00", " " * 10)
    parties = (h[7].ljust(2), h[8].ljust(PARTY), h[5].ljust(2), h[6].ljust(PARTY))
    repeats = h[11] if len(h[11]) == 1 else "U"
    version = h[12] if len(h[12]) == 5 else "00401"
    use = h[15] if len(h[15]) == 1 else "P"
    rest = (Answer.DAY6, "0000", repeats, version, one.control.zfill(NUMBER), "0", use)
    return ["ISA", *wide, *parties, *rest, one.separators[1]]


def _functional(
    groups: list[Group],
    refused: dict[int, list[Fault]],
    noted: dict[int, list[tuple[int, str]]],
) -> list[list[str]]:
    first = groups[0]
    control = str(int(first.control))
    head = ["GS", "FA", first.receiver, first.sender, Answer.DAY8, "0000", control, "X", "004010"]
    segments = [head]
    for at, group in enumerate(groups, 1):
        body = [["AK1", group.code or CODE, group.control]]
        for own in group.sets:
            if own.kind in ACKNOWLEDGEMENTS or not own.control:
                continue  # the first is never answered, the other has no name to answer by
            body += _set(own, refused.get(own.number, []), noted.get(own.number, []))
        body.append(_group(group, refused))
        number = f"{at:04}"
        segments += [["ST", "997", number], *body, ["SE", str(len(body) + 2), number]]
    return [*segments, ["GE", str(len(groups)), control]]


def _set(own: Set, faults: list[Fault], noted: list[tuple[int, str]]) -> list[list[str]]:
    """Return AK2 to AK5 of a set: accepted, accepted with segments left out, or rejected."""
    segments = [["AK2", own.kind or KIND, own.control]]
    for segment, raw in noted:
        name = "".join(ch for ch in raw[:3] if ch.isalnum())
        code = UNKNOWN_SEGMENT if name not in KNOWN else DATA_ERROR
        segments.append(["AK3", name, str(segment - own.segment + 1), "", code])
    codes = list(dict.fromkeys(SET_CODES.get(fault.rule, "5") for fault in faults))
    if own.kind != KIND:
        codes = [SET_CODES["ST01"]]
    verdict = "R" if codes else "E" if noted else "A"
    if verdict == "E":
        codes = ["5"]
    return [*segments, ["AK5", verdict, *codes[:5]]]


def _group(group: Group, refused: dict[int, list[Fault]]) -> list[str]:
    taken = sum(
        own.number not in refused and own.kind in (KIND, *ACKNOWLEDGEMENTS) for own in group.sets
    )
    own = [f for one in group.sets for f in refused.get(one.number, []) if f.scope == "group"]
    codes = list(dict.fromkeys(GROUP_CODES.get(fault.rule, "5") for fault in own))
    verdict = "R" if not taken else "A" if taken == len(group.sets) else "P"
    declared = group.declared if group.declared.isdigit() else str(len(group.sets))
    return ["AK9", verdict, declared, str(len(group.sets)), str(taken), *codes[:5]]
