"""The papers a run leaves in `outbox/`: dispute packets, customer invoices, the digest.

They are written after the record is kept and are made from the record alone, so that a run killed
in between is finished by the next one: what was not delivered is named in the record until it is.
A packet of a claim that was filed is evidence and is not written again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass

import polars as pl

from invoices.packet.packet import packets
from invoices.schema import among
from rebill.disputes.lines import disputed_by_month
from rebill.outbox import undelivered
from rebill.outbox.asked import asked_claims
from rebill.outbox.claim_letters import (
    UNTRUE,
    letter_name,
    letters_written,
    tell,
    writer,
)
from rebill.outbox.digest import digest_csv
from rebill.outbox.digest_page import digest_html, linked
from rebill.outbox.invoices import CHANGED, deliver_invoices
from rebill.outbox.lacking import Lacking
from rebill.outbox.links import links
from rebill.outbox.shelf import Shelf, names_in, remove, sweep
from rebill.outbox.to_do import Desk, desk
from rebill.outbox.whole import (
    claim_folder,
    claim_name,
    lacking_months,
    note_whole,
    untouched,
)
from rebill.store.frames import one_of
from rebill.store.models import Claim
from rebill.store.record import Record
from rebill.workspace.write import leave
from reconcile.claims.moves import UNFILED

WRITTEN_AGAIN = (*UNFILED, "expired")
DIGEST = "digest"
"""What stands for the digest among the months that wait to be delivered."""


@dataclass(frozen=True)
class Delivery:
    """What is to be written: these papers, and all of these bill months."""

    claims: Collection[str]
    invoices: Collection[str]
    months: Collection[str]


def _silent(words: str) -> None:
    return None


def deliver(
    record: Record, delivery: Delivery, warn: Callable[[str], None] = _silent
) -> tuple[int, Desk]:
    """Leave the papers of a delivery in the outbox, and return how many were written or removed,
    and what their readers find.

    Then nothing waits to be delivered any more but the papers of brands that cannot be used:
    `warn` is told of them, and the next delivery tries them again.
    """
    outbox = record.workspace.outbox
    folders = {outbox, *outbox.glob("claims"), *outbox.glob("invoices"), *outbox.glob("*/*/")}
    for folder in folders - untouched(record):
        sweep(folder)
    written = _deliver_claims(record, delivery)
    lacking = Lacking()
    written += deliver_invoices(record, delivery.invoices, delivery.months, lacking)
    lacking.keep(record, warn)
    if record.fact(CHANGED):
        record.say(CHANGED, "")
    tell(record, warn)
    found = desk(record)
    papers = links(record, *linked(found.digest, found.sold))
    page = digest_html(found.digest, found.as_of, found.work, found.sold, papers)
    written += leave(outbox / "digest.html", page)
    written += leave(outbox / "digest.csv", digest_csv(found.digest, found.sold))
    os.sync()
    note_whole(record)
    record.say(undelivered.MONTHS, ",".join(lacking.months()))
    return written, found


def missing_months(record: Record) -> list[str]:
    """Return the bill months with a paper that should lie in the outbox and does not."""
    months = lacking_months(record)
    digests = {"digest.html", "digest.csv"}
    if record.fact("night.as_of") and not digests <= names_in(record.workspace.outbox):
        months.add(DIGEST)
    return sorted(months)


def _deliver_claims(record: Record, delivery: Delivery) -> int:
    named = one_of(record.connection, Claim.claim_no, delivery.claims)
    wanted = named | Claim.bill_month.in_(list(delivery.months))
    mine = record.claims(wanted)
    if record.workspace.settings.outbox.claims == "due":
        # The day alone makes them due, in whatever month they are.
        asked = asked_claims(record, record.claims(Claim.status.in_(UNFILED)))
        claims = pl.concat([mine, asked]).unique("claim_no").sort("claim_no")
    else:
        claims, asked = mine, asked_claims(record, mine)
    claims = claims.with_columns(asked=among("claim_no", asked["claim_no"]))
    written, to_write, by = 0, [], writer(record)
    for (month,), own in claims.partition_by("bill_month", as_dict=True).items():
        there = names_in(claim_folder(record, month))
        gone = map(claim_name, own.filter(_TAKEN_BACK)["claim_no"])
        untrue = map(letter_name, own.filter(_TAKEN_BACK | _UNTRUE)["claim_no"])
        written += remove(claim_folder(record, month), there.intersection((*gone, *untrue)))
        standing = own.filter(~_TAKEN_BACK)
        again = standing.select("claim_no", "asked", pl.col("status").is_in(WRITTEN_AGAIN))
        to_write += [
            number
            for number, is_asked, anew in again.iter_rows()
            if (anew and (is_asked or claim_name(number) in there))
            or (is_asked and claim_name(number) not in there)
        ]
    for month, lines in disputed_by_month(record, claims, to_write):
        with Shelf(claim_folder(record, month)) as shelf:
            for number, text in packets(lines):
                shelf.leave(claim_name(number), text.encode())
            for name, page in letters_written(record, by, claims, lines):
                shelf.leave(name, page)
        written += shelf.changed
    return written


_TAKEN_BACK = (pl.col("amount") == 0) & (pl.col("status") == "withdrawn")
_UNTRUE = pl.col("status").is_in(UNTRUE)
