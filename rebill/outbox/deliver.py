"""The papers a run leaves in `outbox/`: dispute packets, customer invoices, the digest.

They are written after the record is kept and are made from the record alone, so that a run killed
in between is finished by the next one: what was not delivered is named in the record until it is.
A packet of a claim that was filed is evidence and is not written again.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa

from invoices.calendar import add_banking_days
from invoices.packet.packet import packets
from invoices.schema import among, columns_of
from rebill.cash.bank_tables import returnable
from rebill.disputes.held_by_claims import grown
from rebill.disputes.lines import disputed_by_month
from rebill.outbox.asked import asked_claims
from rebill.outbox.digest import SCHEMAS, Digest, digest_csv, digest_html
from rebill.outbox.invoices import deliver_invoices
from rebill.outbox.lacking import Lacking, lacking
from rebill.outbox.shelf import Shelf, names_in, remove, sweep
from rebill.outbox.whole import (
    claim_folder,
    claim_name,
    lacking_months,
    note_whole,
    untouched,
)
from rebill.store.frames import one_of
from rebill.store.models import Claim, CustomerInvoice, Debit, Document
from rebill.store.record import KEY, Record, corrected
from rebill.workspace.write import leave
from reconcile.claims.group import due
from reconcile.claims.moves import UNFILED
from reconcile.window import closed_before

WRITTEN_AGAIN = (*UNFILED, "expired")
WHY_NOT = (
    *("document_unreadable", "document_does_not_foot", "document_conflicts", "document_doubtful"),
)
"""Findings that say, as errors, why a document is held or refused."""
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


def deliver(record: Record, delivery: Delivery, warn: Callable[[str], None] = _silent) -> int:
    """Leave the papers of a delivery in the outbox, and return how many were written or removed.

    Then nothing waits to be delivered any more but the papers of brands that cannot be used:
    `warn` is told of them, and the next delivery tries them again.
    """
    outbox = record.workspace.outbox
    folders = {outbox, *outbox.glob("claims"), *outbox.glob("invoices"), *outbox.glob("*/*/")}
    for folder in folders - untouched(record):
        sweep(folder)
    written = _deliver_claims(record, delivery)
    found = Lacking()
    written += deliver_invoices(record, delivery.invoices, delivery.months, found)
    found.keep(record, warn)
    digest = read_digest(record)
    as_of = record.last_as_of()
    written += leave(outbox / "digest.html", digest_html(digest, as_of))
    written += leave(outbox / "digest.csv", digest_csv(digest))
    os.sync()
    note_whole(record)
    record.say("night.undelivered", ",".join(found.months()))
    return written


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
    written, to_write = 0, []
    for (month,), own in claims.partition_by("bill_month", as_dict=True).items():
        there = names_in(claim_folder(record, month))
        gone = map(claim_name, own.filter(_TAKEN_BACK)["claim_no"])
        written += remove(claim_folder(record, month), there.intersection(gone))
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
        written += shelf.changed
    return written


_TAKEN_BACK = (pl.col("amount") == 0) & (pl.col("status") == "withdrawn")


# --- the digest -------------------------------------------------------------------------------


def read_digest(record: Record) -> Digest:
    """Return the digest of the last night from the record: its news, and what stands now."""
    news = json.loads(record.fact("night.news") or "{}")
    as_of = record.last_as_of()
    frames = {
        name: _rows(news.get(name, []), SCHEMAS[name]) for name in ("came", "stakes", "small")
    }
    settings = record.workspace.settings
    claims = record.claims(Claim.status.in_(UNFILED))
    near = claims.clear()
    if as_of is not None:
        near = due(claims, as_of, settings.warnings.deadline_days, settings.closings)
    pulls = record.debits(
        Debit.status.in_(("expected", "held", "estimated")),
        sa.false() if as_of is None else Debit.debit_on >= as_of,
    )
    pulls = pulls.group_by("debit_on", "carrier", "status").agg(
        count=pl.len().cast(pl.Int64), amount=pl.col("amount").sum()
    )
    drafts = record.customer_invoices(
        CustomerInvoice.status == "draft", CustomerInvoice.hold.is_not(None)
    )
    return Digest(
        **frames,
        drafts=_shaped(drafts.rename({"total": "amount"}), "drafts"),
        lacking=lacking(record),
        **_not_loaded(record, news),
        deadlines=_shaped(near, "deadlines"),
        grown=_shaped(_grown(record, as_of), "grown"),
        pulls=_shaped(pulls.sort("debit_on", "carrier", "status"), "pulls"),
        returns=_shaped(returnable(record, as_of).rename({"pulled": "amount"}), "returns"),
    )


def _grown(record: Record, as_of: dt.date | None) -> pl.DataFrame:
    """Return the claims that hold what others lack: those in time, and what expired lately."""
    settings, lately = record.workspace.settings, None
    in_time = pl.lit(True)
    if as_of is not None:
        lately = add_banking_days(as_of, -settings.warnings.deadline_days, settings.closings)
        in_time = ~closed_before(as_of)
    told = grown(record, lately)
    claims = record.claims(one_of(record.connection, Claim.claim_no, told["claim_no"]))
    claims = claims.join(told, on="claim_no")
    wanted = claims.filter((pl.col("status") == "expired") | in_time)
    return wanted.sort("file_by", "claim_no", nulls_last=True)


def _not_loaded(record: Record, news: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """Return what is `held`, or was refused since the night before, and what is `refused` longer.

    The news of a night name the run before whose end everything was told already.
    """
    papers = held_documents(record)
    older = (pl.col("status") == "refused") & (pl.col("run_id") <= news.get("told", 0))
    return {
        "held": _shaped(papers.filter(~older), "held"),
        "refused": _shaped(papers.filter(older), "refused"),
    }


def held_documents(record: Record) -> pl.DataFrame:
    """Return every document that is held or refused, with the reason and what to do."""
    known = _of_held(record)
    papers = known.filter(
        pl.col("status").is_in(("held", "refused")), ~pl.col("document_id").is_in(corrected(known))
    )
    if papers.is_empty():
        why = pl.DataFrame(schema=_WHY)
        return papers.join(why, on="document_id", how="left")
    why = (
        record.findings()
        .filter(pl.col("code").is_in(WHY_NOT), pl.col("severity") == "error")
        .select("document_id", "code", "message", "remedy")
        .sort("document_id", "code")
        .collect()
        .group_by("document_id", maintain_order=True)
        .agg(
            pl.col("code").first(),
            pl.col("message").str.join("; "),
            pl.col("remedy").unique(maintain_order=True).str.join("; "),
        )
    )
    return papers.join(why, on="document_id", how="left").sort(
        "carrier", "invoice_no", "document_id"
    )


_WHY = dict.fromkeys(("document_id", "code", "message", "remedy"), pl.String())


def _of_held(record: Record) -> pl.DataFrame:
    """Return what is held or refused, and the other documents of the key of a held one."""
    key = [getattr(Document, name) for name in KEY]
    again = sa.tuple_(*key).in_(sa.select(*key).where(Document.status == "held"))
    return record.documents(Document.status.in_(("held", "refused")) | again)


def _shaped(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.select(columns_of(SCHEMAS[name]))


def _rows(rows: list[dict[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    """Return rows kept as JSON as a frame; amounts were kept as text."""
    exact = [
        {
            name: Decimal(value) if isinstance(schema[name], pl.Decimal) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    return pl.DataFrame(exact, schema=schema)
