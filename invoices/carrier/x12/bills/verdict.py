"""Every fault of a file goes to the bills it takes, and refuses them or warns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from invoices.carrier.accounts import TIE, TIE_REMEDY
from invoices.carrier.profiles import Profile
from invoices.carrier.x12.bills.bill import Bill
from invoices.carrier.x12.envelope import Envelope, verdict
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.rules import Fault
from invoices.carrier.x12.separators import Unreadable

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


def broken_off(broken: Unreadable | None, envelope: Envelope) -> list[Fault]:
    """Say of the interchange that was being read why no more of the file can be."""
    if broken is None:
        return []
    segment = broken.segment or (envelope.sets[-1].segment if envelope.sets else 1)
    last = envelope.interchanges[-1] if envelope.interchanges else None
    number = last.number if last and not last.closed else None
    return [Fault("IEA", segment, broken.what, broken.remedy, number)]


def own_faults(bill: Bill, profile: Profile, told: Told) -> list[Fault]:
    """Return what is wrong with a set beyond its segments."""
    heading, number, at = bill.heading, bill.set.number, bill.set.segment
    faults = []

    def say(rule: str, segment: int, what: str, remedy: str) -> None:
        faults.append(Fault(rule, segment, what, remedy, number))

    ask = "ask the carrier for the whole set"
    if "BIG" not in heading.seen:
        say("BIG", at, "the set has no BIG", ask)
    if "TDS" not in heading.seen:
        say("TDS", at, "the set has no TDS, so nothing says its total", ask)
    if not bill.ban:
        remedy = "name REF01 of the account in the profile ([x12] accounts)"
        say("account", at, "the set names no account", remedy)
    elif not profile.covers(bill.ban):
        say("account", at, f"the profile covers no account {bill.ban}", "name it in the profile")
    if bill.rivals:
        what = f"the set names no carrier, and {TIE.format(bill.rivals, bill.ban)}"
        say("carrier", at, what, f"give the carrier in the profile, or {TIE_REMEDY}")
    elif not bill.carrier:
        what = "the set names no carrier, and no one contract covers its account"
        say("carrier", at, what, "give the carrier in the profile, or load the contract")
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
