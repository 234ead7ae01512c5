"""From sets to documents: which load, which are refused and why, what else is to be said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import polars as pl

from invoices.carrier.accounts import TIE, TIE_REMEDY, carrier_of
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import (
    QUARANTINE,
    Answer,
    Reading,
    document_id,
    findings_of,
    refused_file,
    short_id,
)
from invoices.carrier.source import Known, Source
from invoices.carrier.x12.ack import answers
from invoices.carrier.x12.envelope import KIND, Envelope, Set, verdict
from invoices.carrier.x12.heading import Heading, Headings, cents_text
from invoices.carrier.x12.lines import BILLS
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.resolve import Resolver
from invoices.carrier.x12.rules import BY_NAME, Fault
from invoices.carrier.x12.separators import Unreadable
from invoices.schema import DOCUMENTS, FINDINGS, seal, stack

DOUBTFUL = "document_doubtful"
TOLD = 20
"""So many faults of a document are told one by one."""
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


@dataclass
class Bill:
    """A set and what becomes of it."""

    set: Set
    heading: Heading
    sums: dict[str, Any]
    said: X12
    carrier: str | None = None
    rivals: str | None = None
    """The carriers whose contracts cover its account equally well: it has none then."""
    ban: str | None = None
    document_id: str = ""
    refusing: list[Fault] = field(default_factory=list)
    warning: list[Fault] = field(default_factory=list)

    @property
    def memorandum(self) -> bool:
        return self.heading.kind in self.said.memorandum

    @property
    def loads(self) -> bool:
        return not self.refusing and not self.memorandum


@dataclass(frozen=True)
class Settled:
    """The documents of a file and all that is said of them."""

    documents: pl.DataFrame
    findings: pl.DataFrame
    quarantine: pl.DataFrame
    loaded: pl.DataFrame
    """`BILLS`"""
    kinds: pl.DataFrame
    """carrier, bill_date, usoc, kind of the codes the catalogue knows on those days."""
    answers: tuple[Answer, ...]

    def reading(self, lines: pl.LazyFrame) -> Reading:
        """Return the reading with its lines."""
        return Reading(self.documents, lines, self.quarantine, self.findings, answers=self.answers)


def settle(
    source: Source,
    profile: Profile,
    envelope: Envelope,
    headings: Headings,
    resolver: Resolver,
    told: Told,
    encoding: str,
) -> Settled | Reading:
    """Return what becomes of each set, or the refused file where it holds no bill at all."""
    said = profile.section(X12)
    bills = _bills(envelope, headings, resolver, said)
    faults = [*envelope.faults, *told.faults, *resolver.faults]
    faults += _broken(told.broken, envelope)
    for bill in bills.values():
        _identify(bill, profile)
    _give_carriers(bills.values(), source.known)
    for bill in bills.values():
        faults += bill.heading.faults + _own_faults(bill, profile, told)
    unplaced = _sort(faults, bills, envelope, said)
    payable = [bill for bill in bills.values() if not bill.memorandum]
    if not payable and not unplaced:
        given = answers(envelope, {}, [], told.wrong.clear(), source.digest)
        return replace(_no_bill(source, envelope, bills), answers=given)
    if not profile.good_documents_load and any(bill.refusing for bill in payable):
        first = next(bill for bill in payable if bill.refusing)
        for bill in payable:
            if not bill.refusing:
                what = f"{NEIGHBOURS}: set {first.set.control}"
                cure = "have the refused set corrected, or set good_documents_load"
                fault = Fault("beside", bill.set.segment, what, cure, bill.set.number)
                bill.refusing.append(fault)
    _name(payable, source)
    documents = [_document(bill, source) for bill in payable]
    documents += [_nowhere(unplaced[0], source)] if unplaced else []
    return Settled(
        documents=pl.DataFrame(documents, schema=DOCUMENTS),
        findings=stack(
            [
                _unreadable(payable, unplaced, source),
                _unread_lines(told.wrong, bills, source),
                _doubtful(bills, source, encoding, said),
            ],
            FINDINGS,
        ),
        quarantine=_quarantine(told.wrong, bills, source),
        loaded=_loaded(payable, envelope),
        kinds=_kinds(payable, source),
        answers=answers(
            envelope,
            {bill.set.number: bill.refusing for bill in bills.values() if bill.refusing},
            unplaced,
            told.wrong,
            source.digest,
        ),
    )


def _bills(
    envelope: Envelope, headings: Headings, resolver: Resolver, said: X12
) -> dict[int, Bill]:
    sums = {row["set"]: row for frame in resolver.sets for row in frame.iter_rows(named=True)}
    bills = {}
    for own in envelope.sets:
        if own.kind == KIND:
            heading = headings.of(own.number)
            bills[own.number] = Bill(own, heading, sums[own.number], said)
    return bills


def _broken(broken: Unreadable | None, envelope: Envelope) -> list[Fault]:
    """Say of the interchange that was being read why no more of the file can be."""
    if broken is None:
        return []
    segment = broken.segment or (envelope.sets[-1].segment if envelope.sets else 1)
    last = envelope.interchanges[-1] if envelope.interchanges else None
    number = last.number if last and not last.closed else None
    return [Fault("IEA", segment, broken.what, broken.remedy, number)]


def _identify(bill: Bill, profile: Profile) -> None:
    """Find the account of a bill, and the carrier that its paper or its profile names."""
    heading, sums = bill.heading, bill.sums
    payer = heading.payer_account or None
    if sums["accounts"] > 1:
        bill.ban = sums["head_ban"] or payer or sums["ban"]
    else:
        bill.ban = sums["ban"] or payer
    named = profile.codes.get("carrier", {}).get(heading.payee, heading.payee) or None
    bill.carrier = profile.carrier or named


def _give_carriers(bills: Iterable[Bill], known: Known) -> None:
    """Give bills that name no carrier the one whose contract covers the account, or its rivals."""
    unnamed = [bill for bill in bills if not bill.carrier and bill.ban and bill.heading.bill_date]
    asked = [(bill.ban, bill.heading.bill_date) for bill in unnamed]
    owners = carrier_of(pl.DataFrame(asked, schema=_ASKED, orient="row"), known)
    owner_of = {(ban, day): owner for ban, day, *owner in owners.iter_rows()}
    for bill, question in zip(unnamed, asked, strict=True):
        bill.carrier, bill.rivals = owner_of[question]


_ASKED = {"ban": pl.String, "day": pl.Date}


def _own_faults(bill: Bill, profile: Profile, told: Told) -> list[Fault]:
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


def _sort(
    faults: Iterable[Fault], bills: dict[int, Bill], envelope: Envelope, said: X12
) -> list[Fault]:
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


def _no_bill(source: Source, envelope: Envelope, bills: dict[int, Bill]) -> Reading:
    if bills:
        kinds = sorted({bill.heading.kind for bill in bills.values()})
        what = f"the file holds memorandum sets only (BIG07 {', '.join(kinds)}): nothing is payable"
        remedy = "if they are the bill, say so in the profile ([x12] memorandum)"
        return refused_file(source.name, source.digest, what, remedy, 1)
    found = sorted({own.kind for own in envelope.sets})
    what = f"the file holds no set 811, but {', '.join(found) or 'none at all'}"
    return refused_file(source.name, source.digest, what, "send it to whom it is for", 1)


def _name(bills: list[Bill], source: Source) -> None:
    """Give each document its id; where its key stands before in the file, one that says where."""
    origin, taken = source.digest or source.name, set()
    for bill in bills:
        at = str(bill.set.segment)
        if bill.refusing:
            bill.document_id = short_id("refused", origin, at)
            continue
        key = (bill.carrier or "", bill.ban or "", bill.heading.invoice_no)
        first = document_id(*key)
        bill.document_id = document_id(*key, origin, at) if first in taken else first
        taken.add(first)


def _money(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)


def balances(heading: Heading, said: X12) -> dict[str, int | None]:
    """Return the balances of a document in cents, as printed; zeros throughout are none printed."""
    rules = said.balance
    parts = {
        "previous_balance": heading.balance(rules.previous),
        "payments": heading.balance(rules.payments),
        "adjustments": heading.balance((*rules.adjustments, *rules.other)),
        "current_charges": heading.total,
    }
    due = heading.balance(rules.total)
    carried = [value for name, value in parts.items() if name != "current_charges"]
    if not any(carried) and not due:
        return {
            **dict.fromkeys(("previous_balance", "payments", "adjustments")),
            "current_charges": heading.total,
            "total_due": heading.total,
        }
    added = sum(value or 0 for value in parts.values())
    return {**parts, "total_due": added if due is None else due}


def _document(bill: Bill, source: Source) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(DOCUMENTS)
    row |= {
        "document_id": bill.document_id,
        "lines": 0,
        "status": "refused" if bill.refusing else "loaded",
        "source_file": source.name,
        "source_row": bill.set.segment,
    }
    if bill.refusing:
        return row
    heading = bill.heading
    return row | {
        "carrier": bill.carrier,
        "ban": bill.ban,
        "invoice_no": heading.invoice_no,
        "bill_date": heading.bill_date,
        "due_date": heading.due_date or bill.sums["due"],
        "lines": bill.sums["charges"] - (bill.sums["again"] if _merges(bill) else 0),
        **{name: _money(value) for name, value in balances(heading, bill.said).items()},
    }


def _merges(bill: Bill) -> bool:
    """Whether the set ties with each repeating IT1 merged with its SLN, and not without."""
    cents, total = bill.sums["cents"], bill.heading.total
    repeated = bill.sums["repeated"]
    return bool(repeated) and cents != total and cents - repeated == total


def _nowhere(fault: Fault, source: Source) -> dict[str, Any]:
    """Return the refused document of an envelope that holds no set."""
    row: dict[str, Any] = dict.fromkeys(DOCUMENTS)
    return row | {
        "document_id": short_id("refused", source.digest or source.name, str(fault.segment)),
        "lines": 0,
        "status": "refused",
        "source_file": source.name,
        "source_row": fault.segment,
    }


def _unreadable(bills: list[Bill], unplaced: list[Fault], source: Source) -> pl.DataFrame:
    rows = []
    for bill in bills:
        if bill.refusing:
            what = _all_worded(bill.refusing)
            number = f" of invoice {bill.heading.invoice_no}" if bill.heading.invoice_no else ""
            charges = bill.sums["charges"]
            rows.append(
                {
                    "document_id": bill.document_id,
                    "message": f"set {bill.set.control}{number} is refused: {what}; "
                    f"its {charges} charges are not loaded",
                    "remedy": "; ".join(dict.fromkeys(fault.remedy for fault in bill.refusing)),
                    "source_row": bill.refusing[0].segment,
                }
            )
    if unplaced:
        rows.append(
            {
                "document_id": _nowhere(unplaced[0], source)["document_id"],
                "message": _all_worded(unplaced),
                "remedy": "; ".join(dict.fromkeys(fault.remedy for fault in unplaced)),
                "source_row": unplaced[0].segment,
            }
        )
    frame = pl.DataFrame(rows, schema={name: FINDINGS[name] for name in _SAID})
    return findings_of(
        frame.with_columns(source_file=pl.lit(source.name)), "document_unreadable", "error"
    )


_SAID = ("document_id", "message", "remedy", "source_row")


def _worded(fault: Fault) -> str:
    return f"segment {fault.segment}: {fault.what} (rule {fault.rule}: {BY_NAME[fault.rule].holds})"


def _all_worded(faults: list[Fault]) -> str:
    """Return what is wrong, the first faults one by one."""
    more = len(faults) - TOLD
    words = [_worded(fault) for fault in faults[:TOLD]]
    return "; ".join([*words, f"and {more} more faults"] if more > 0 else words)


def _owners(bills: Iterable[Bill]) -> pl.DataFrame:
    """Return set, document_id, carrier, ban and bill_date of the bills."""
    rows = [
        (
            bill.set.number,
            bill.document_id,
            *((bill.carrier, bill.ban, bill.heading.bill_date) if bill.loads else (None,) * 3),
        )
        for bill in bills
    ]
    schema = {"set": pl.Int64, "document_id": pl.String, "carrier": pl.String, "ban": pl.String}
    return pl.DataFrame(rows, schema={**schema, "bill_date": pl.Date}, orient="row")


def _unread_lines(wrong: pl.DataFrame, bills: dict[int, Bill], source: Source) -> pl.DataFrame:
    owners = _owners(bill for bill in bills.values() if not bill.memorandum)
    named = wrong.join(owners, on="set", maintain_order="left").with_columns(
        finding_id=pl.concat_str(
            "document_id",
            pl.lit("-r"),
            pl.col("segment").cast(pl.String),
            pl.lit(":line_unreadable"),
        ),
        source_file=pl.lit(source.name),
        source_row="segment",
    )
    return findings_of(named, "line_unreadable", "error")


def _quarantine(wrong: pl.DataFrame, bills: dict[int, Bill], source: Source) -> pl.DataFrame:
    owners = _owners(bill for bill in bills.values() if not bill.memorandum)
    return (
        wrong.join(owners, on="set", how="semi", maintain_order="left")
        .lazy()
        .with_columns(source_file=pl.lit(source.name), source_row="segment", reason="message")
        .pipe(seal, QUARANTINE)
        .collect()
    )


def _doubtful(bills: dict[int, Bill], source: Source, encoding: str, said: X12) -> pl.DataFrame:
    """Return what is not as it should be in documents that are let in, and memorandum sets."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    loaded = [bill for bill in bills.values() if bill.loads]

    def say(bill: Bill, segment: int, message: str, remedy: str, severity: str) -> None:
        known = rows.setdefault(
            (bill.document_id, segment),
            {
                "finding_id": f"{bill.document_id}-r{segment}:{DOUBTFUL}",
                "document_id": bill.document_id,
                "carrier": bill.carrier,
                "ban": bill.ban,
                "bill_date": bill.heading.bill_date,
                "message": "",
                "remedy": "",
                "source_row": segment,
                "severity": severity,
            },
        )
        known["message"] += ("; " if known["message"] else "") + message
        known["remedy"] += ("; " if known["remedy"] else "") + remedy

    for bill in loaded:
        for fault in bill.warning[: 5 * TOLD]:
            say(bill, fault.segment, _worded(fault), fault.remedy, "warning")
    if encoding == "latin-1" and said.encoding == "auto" and loaded:
        message, remedy = "the file is no UTF-8 and was read as Latin-1", "name its encoding"
        say(loaded[0], 1, message, remedy, "info")
    by_number = {bill.heading.invoice_no: bill for bill in reversed(loaded)}
    for bill in (bill for bill in bills.values() if bill.memorandum):
        for one in [by_number.get(bill.heading.invoice_no) or loaded[0]] if loaded else []:
            charged, total = cents_text(bill.sums["cents"]), bill.heading.total
            message = (
                f"set {bill.set.control} is a memorandum (BIG07 {bill.heading.kind}) of invoice "
                f"{bill.heading.invoice_no}: its {bill.sums['charges']} charges add up to {charged}"
                f", its total is {'not said' if total is None else cents_text(total)}; "
                "it is not loaded" + "".join(f"; {_worded(fault)}" for fault in bill.refusing)
            )
            say(one, bill.set.segment, message, "nothing, unless it is the bill", "info")
    frame = pl.DataFrame(list(rows.values()), schema=_DOUBT)
    return pl.concat(
        [
            findings_of(
                frame.filter(pl.col("severity") == severity).with_columns(
                    source_file=pl.lit(source.name)
                ),
                DOUBTFUL,
                severity,
            )
            for severity in ("warning", "info")
        ]
    )


_DOUBT = {
    name: FINDINGS[name]
    for name in (
        *("finding_id", "document_id", "carrier", "ban", "bill_date", "message", "remedy"),
        *("source_row", "severity"),
    )
}


def _loaded(bills: list[Bill], envelope: Envelope) -> pl.DataFrame:
    rows = [
        {
            "set": bill.set.number,
            "document_id": bill.document_id,
            "carrier": bill.carrier,
            "ban": bill.ban,
            "payer": bill.heading.payer_account or None,
            "invoice_no": bill.heading.invoice_no,
            "bill_date": bill.heading.bill_date,
            "interchange": envelope.interchanges[bill.set.interchange - 1].control,
            "set_no": bill.set.control,
            "merges": _merges(bill),
        }
        for bill in bills
        if bill.loads
    ]
    return pl.DataFrame(rows, schema=BILLS)


def _kinds(bills: list[Bill], source: Source) -> pl.DataFrame:
    """Return the kinds of codes on the bill dates of the bills that load, one row a code."""
    days = pl.DataFrame(
        list({(bill.carrier, bill.heading.bill_date) for bill in bills if bill.loads}),
        schema={"carrier": pl.String, "bill_date": pl.Date},
        orient="row",
    )
    on = pl.col("bill_date")
    return (
        source.known.kinds.join(days.lazy(), on="carrier")
        .filter(
            (pl.col("valid_from") <= on).fill_null(True),
            (pl.col("valid_until") > on).fill_null(True),
        )
        .select("carrier", "bill_date", "usoc", "kind", "valid_from")
        .collect()
        .sort("carrier", "bill_date", "usoc", "valid_from", "kind", nulls_last=False)
        .unique(["carrier", "bill_date", "usoc"], keep="last", maintain_order=True)
        .drop("valid_from")
    )
