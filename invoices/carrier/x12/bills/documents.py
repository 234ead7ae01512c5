"""From sets to documents: which load, which are refused and why, what else is to be said."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from invoices.carrier.profiles import Profile
from invoices.carrier.reading import QUARANTINE, Answer, Reading, findings_of, refused_file
from invoices.carrier.source import Source
from invoices.carrier.x12.bills.ack import ACKNOWLEDGEMENTS, answers
from invoices.carrier.x12.bills.bill import (
    Bill,
    bills_of,
    document_of,
    give_carriers,
    identify,
    merges,
    name_documents,
    nowhere,
)
from invoices.carrier.x12.bills.doubts import doubts_of
from invoices.carrier.x12.bills.messages import refused_sets, unread_segments
from invoices.carrier.x12.bills.verdict import (
    Told,
    broken_off,
    caused,
    own_faults,
    place_faults,
    refuse_neighbours,
    tell_first_causes,
    torn_sets,
    untold,
)
from invoices.carrier.x12.envelope import Envelope
from invoices.carrier.x12.heading import Headings
from invoices.carrier.x12.lines import BILLS
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.resolve import Resolver
from invoices.carrier.x12.rules import Fault
from invoices.schema import DOCUMENTS, FINDINGS, seal, stack


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
    bills = bills_of(envelope, headings, resolver, said)
    for bill in bills.values():
        identify(bill, profile)
    give_carriers(bills.values(), source.known)
    faults = [*envelope.faults, *told.faults, *resolver.faults]
    faults += broken_off(told.broken, envelope, told.last)
    sets = torn_sets(told.wrong, envelope)
    for bill in bills.values():
        faults += bill.heading.faults + own_faults(bill, profile, told)
    faults = [caused(fault, sets, told.last if envelope.is_cut else None) for fault in faults]
    unplaced = place_faults(faults, bills, said)
    for bill in bills.values():
        tell_first_causes(bill)
    payable = [bill for bill in bills.values() if not bill.memorandum]
    if not payable and not unplaced:
        given = answers(envelope, {}, [], told.wrong.clear(), source.digest)
        return replace(_no_bill(source, envelope, bills), answers=given)
    if not profile.good_documents_load:
        refuse_neighbours(payable)
    name_documents(payable, source)
    refusing = {bill.set.number: bill.refusing for bill in bills.values() if bill.refusing}
    unread = unread_segments(untold(told, sets, payable), payable, source)
    findings = [
        refused_sets(payable, unplaced, source),
        findings_of(unread, "line_unreadable", "error"),
        doubts_of(bills, source, encoding, said),
    ]
    return Settled(
        documents=_documents(payable, unplaced, source),
        findings=stack(findings, FINDINGS),
        quarantine=unread.rename({"message": "reason"}).pipe(seal, QUARANTINE),
        loaded=_loaded(payable, envelope),
        kinds=_kinds(payable, source),
        answers=answers(envelope, refusing, unplaced, told.wrong, source.digest),
    )


def _documents(payable: list[Bill], unplaced: list[Fault], source: Source) -> pl.DataFrame:
    documents = [document_of(bill, source) for bill in payable]
    documents += [nowhere(unplaced[0], source)] if unplaced else []
    return pl.DataFrame(documents, schema=DOCUMENTS)


def _no_bill(source: Source, envelope: Envelope, bills: dict[int, Bill]) -> Reading:
    if bills:
        kinds = sorted({bill.heading.kind for bill in bills.values()})
        what = f"the file holds memorandum sets only (BIG07 {', '.join(kinds)}): nothing is payable"
        remedy = "if they are the bill, say so in the profile ([x12] memorandum)"
        return refused_file(source.name, source.digest, what, remedy, 1)
    found = sorted({own.kind for own in envelope.sets})
    answered = any(one.acknowledges for one in envelope.interchanges)
    if (found or answered) and set(found) <= set(ACKNOWLEDGEMENTS):
        words = ", ".join([*found, *["TA1"] * answered])
        what = f"the file is an acknowledgement ({words}) of what was sent, and holds no bill"
        remedy = "give it to whoever sent what it acknowledges"
        return refused_file(source.name, source.digest, what, remedy, 1)
    what = f"the file holds no set 811, but {', '.join(found) or 'none at all'}"
    return refused_file(source.name, source.digest, what, "send it to whom it is for", 1)


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
            "merges": merges(bill),
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
