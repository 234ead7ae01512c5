"""Every fault of a file goes to the bills it takes, and refuses them or warns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from invoices.carrier.accounts import TIE, TIE_REMEDY
from invoices.carrier.profiles import Profile
from invoices.carrier.x12.bills.bill import Bill
from invoices.carrier.x12.envelope import Envelope, verdict
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.rules import Fault
from invoices.carrier.x12.separators import Unreadable
from invoices.identifiers import LONGEST, REMEDY

ENDS = ("SE", "GE", "IEA")
"""The rules by which what is cut short is told."""
NEIGHBOURS = "the profile lets no document in while another of the file is refused"


@dataclass(frozen=True)
class Told:
    """What was found while the file was gone through."""

    wrong: pl.DataFrame
    """`charges.WRONG`"""
    faults: list[Fault]
    counted: dict[int, int]
    """IT1 and SLN of each set."""
    broken: Unreadable | None
    last: int = 0
    """The number of the last segment of the file."""


def broken_off(broken: Unreadable | None, envelope: Envelope, last: int) -> list[Fault]:
    """Say why no more of a file can be read behind an interchange that is whole, whose last segment
    is the `last`."""
    if broken is None or not envelope.interchanges[-1].closed:
        return []
    return [Fault("file", broken.segment or last + 1, broken.what, broken.remedy)]


def own_faults(bill: Bill, profile: Profile, told: Told) -> list[Fault]:
    """Return what is wrong with a set beyond its segments."""
    heading, number, at = bill.heading, bill.set.number, bill.set.segment
    faults = []

    def say(rule: str, segment: int, what: str, remedy: str, follows: bool = False) -> None:
        # What a set that never ends lacks may stand in what is missing of it.
        follows = follows or bill.set.end is None
        faults.append(Fault(rule, segment, what, remedy, number, follows=follows))

    ask = "ask the carrier for the whole set"
    if "BIG" not in heading.seen:
        say("BIG", at, "the set has no BIG", ask)
    if "TDS" not in heading.seen:
        say("TDS", at, "the set has no TDS, so nothing says its total", ask)
    if not bill.ban:
        remedy = "name REF01 of the account in the profile ([x12] accounts)"
        say("account", at, "the set names no account", remedy)
    elif len(bill.ban) > LONGEST["ban"]:
        what = f"the account has {len(bill.ban)} characters, and none more than {LONGEST['ban']}"
        say("account", at, what, REMEDY)
    elif not profile.covers(bill.ban):
        say("account", at, f"the profile covers no account {bill.ban}", "name it in the profile")
    if bill.rivals:
        what = f"the set names no carrier, and {TIE.format(bill.rivals, bill.ban)}"
        say("carrier", at, what, f"give the carrier in the profile, or {TIE_REMEDY}")
    elif not bill.carrier:
        what = "the set names no carrier, and no one contract covers its account"
        cure = "give the carrier in the profile, or load the contract"
        say("carrier", at, what, cure, follows=not bill.ban)
    if bill.sums["accounts"] > 1:
        what = f"its charges are of {bill.sums['accounts']} accounts; the bill is of {bill.ban}"
        say("accounts", at, what, "compare the account with the paper")
    if heading.counted is not None:
        count, segment = heading.counted
        lines, hls = told.counted.get(number, 0), bill.sums["hls"]
        if count not in (lines, hls):
            what = f"CTT01 is {count}, the set has {lines} IT1 and SLN and {hls} HL"
            say("CTT01", segment, what, "compare the bill with the paper")
    return faults


def torn_sets(wrong: pl.DataFrame, envelope: Envelope) -> dict[int, tuple[int, str]]:
    """Return the sets that have terminators in their data: the first segment such a one made.

    What stands behind it begins like no segment; by as many SE01 is too low.
    """
    parts = wrong.filter("unknown").group_by("set").agg(pl.col("segment", "raw").first(), pl.len())
    return {
        number: (segment, raw)
        for number, segment, raw, count in parts.iter_rows()
        if envelope.sets[number - 1].excess == count
    }


def caused(fault: Fault, sets: dict[int, tuple[int, str]], last: int | None) -> Fault:
    """Return a fault with its cause: SE01 by a terminator in the data that makes it too low.

    `last` is the segment with which a file is cut short: what is wrong with it only follows.
    """
    if fault.segment == last and fault.rule not in ENDS:
        return replace(fault, follows=True)
    if fault.rule != "SE01" or fault.number not in sets:
        return fault
    segment, raw = sets[fault.number]
    what = (
        f"`{raw[:40]}` begins no segment: a terminator stands in the data before it; {fault.what}"
    )
    remedy = "ask the carrier for a terminator that stands in no data"
    return replace(fault, segment=segment, what=what, remedy=remedy)


def untold(told: Told, sets: dict[int, tuple[int, str]], bills: Iterable[Bill]) -> pl.DataFrame:
    """Return the segments that cannot be read without those that say why their set is refused.

    These are the two parts of a segment that has a terminator in its data (`sets` of `torn_sets`),
    and the last segment of a file that ends inside it.
    """
    refused = [bill.set for bill in bills if bill.refusing]
    split = [own.number for own in refused if own.number in sets]
    cut = [own.number for own in refused if own.end is None]
    of, segment, unknown = pl.col("set"), pl.col("segment"), pl.col("unknown")
    half = unknown | (unknown.shift(-1) & (segment.shift(-1) == segment + 1)).fill_null(False)
    last = segment == told.last
    return told.wrong.filter(~(of.is_in(split) & half | of.is_in(cut) & last))


def place_faults(faults: Iterable[Fault], bills: dict[int, Bill], said: X12) -> list[Fault]:
    """Give each fault to the bills it takes; return those that refuse and take none."""
    of_group, of_interchange = defaultdict(list), defaultdict(list)
    for bill in bills.values():
        of_group[bill.set.group].append(bill)
        of_interchange[bill.set.interchange].append(bill)
    unplaced = []
    for fault in sorted(faults, key=lambda fault: fault.segment):
        if fault.scope == "set":
            own = bills.get(fault.number or 0)
            taken = [own] if own else []
        elif fault.scope == "group":
            taken = of_group[fault.number or 0]
        else:
            taken = of_interchange[fault.number or 0]
        refuses = verdict(fault.rule, said.rules) == "refuse"
        for bill in taken:
            (bill.refusing if refuses else bill.warning).append(fault)
        if refuses and not taken and fault.scope != "set":
            unplaced.append(fault)
    return unplaced


def tell_first_causes(bill: Bill) -> None:
    """Let follow what a segment too many or too few of a refused set brings about.

    A BIG, TDS or HL that is lost or stands twice makes SE01 wrong; where it is something else that
    was lost, what the set lacks may stand there.
    """
    if bill.set.excess == 0 or all(fault.rule != "SE01" for fault in bill.refusing):
        return
    causes = [fault for fault in bill.refusing if fault.rule in ("BIG", "TDS", "HL01")]
    if len(causes) == abs(bill.set.excess):
        following: tuple[str, ...] = ("SE01",)
    else:
        following = ("account", "carrier", "HL02") if bill.set.excess < 0 else ()
    bill.refusing = [
        replace(fault, follows=True) if fault.rule in following else fault
        for fault in bill.refusing
    ]


def refuse_neighbours(payable: list[Bill]) -> None:
    """Refuse every bill of a file of which one is refused, for that one's sake."""
    first = next((bill for bill in payable if bill.refusing), None)
    if first is None:
        return
    what = f"{NEIGHBOURS}: set {first.set.control}"
    cure = "have the refused set corrected, or set good_documents_load"
    for bill in payable:
        if not bill.refusing:
            fault = Fault("beside", bill.set.segment, what, cure, bill.set.number)
            bill.refusing.append(fault)
