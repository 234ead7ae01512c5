"""The letters of claims in the outbox: beside the packet of each claim that is ready to be filed.

A letter without sender or address is not made. What has to be filled in is told once in the log,
and in every digest until it is; the next run then makes the letters. A letter is dated with the day
of the last night when it is made. Of a claim that was filed it stays as it is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from invoices.packet.letter import PACKET, letters
from invoices.periods import month_of
from rebill.disputes.packet.letterhead import (
    Desks,
    Sender,
    desks_of,
    head_of,
    no_address,
    sender_of,
    worked,
)
from rebill.outbox.asked import asked_claims
from rebill.paper.page import render
from rebill.reference import current
from rebill.store.models import Claim
from rebill.store.record import Record
from rebill.workspace.forms import workspace_forms
from rebill.workspace.settings import ConfigError
from rebill.workspace.write import safe_name

READY = "ready"
"""The state of the claims that get a letter."""
UNTRUE = ("draft", "expired")
"""In these states a letter that was made before says what is so no more."""
UNWRITTEN = pl.Schema(
    {
        "name": pl.String(),
        "count": pl.Int64(),  # claims that are ready and have no letter for this
        "bill_months": pl.String(),
        "message": pl.String(),  # what to fill in, and where
    }
)
TOLD = "night.letters"
"""The fact that holds what was told in the log."""


def letter_name(number: str) -> str:
    """Return what the letter of a claim is called."""
    return f"{safe_name(number)}.html"


@dataclass(frozen=True)
class Writer:
    """What the letters of a run are written with."""

    sender: Sender
    desks: Desks
    day: dt.date | None
    fault: str = ""
    """Why none can be written whatever is filled in."""

    @property
    def lacks(self) -> str:
        """What the sender of all letters lacks; empty: nothing."""
        return self.fault or self.sender.lacks

    def key(self) -> str:
        """Return a text that is another where letters can be written to somebody else."""
        if self.lacks or self.day is None:
            return ""
        forms = {name: form.address for name, form in self.desks.forms.items() if form.address}
        known = {name: lines for name, lines in self.desks.agreed.items() if lines}
        told = json.dumps([sorted(forms.items()), sorted(known.items())])
        return " " + hashlib.sha256(told.encode()).hexdigest()[:16] if forms or known else ""

    def able(self, claims: pl.DataFrame) -> pl.DataFrame:
        """Return those of `claims` a letter can be written of."""
        ready = claims.filter(status=READY)
        return ready.filter(self._reached(ready)) if self.key() else ready.clear()

    def _reached(self, claims: pl.DataFrame) -> pl.Series:
        """Return of each claim whether it is known where it goes."""
        homes = claims.select("form", "contract", "carrier")
        known = {
            (own, contract, carrier): bool(self.desks.address(form, contract, carrier))
            for own, contract, carrier in homes.unique().iter_rows()
            for form in (self.desks.form_of(own, contract),)
        }
        return pl.Series([known[home] for home in homes.iter_rows()], dtype=pl.Boolean)

    def unwritten(self, claims: pl.DataFrame) -> pl.DataFrame:
        """Return what has to be filled in so that all of `claims` get a letter (`UNWRITTEN`)."""
        ready = claims.filter(status=READY)
        astray = ready.clear() if self.fault else ready.filter(~self._reached(ready))
        lost = ready if self.lacks else astray
        if lost.is_empty():
            return UNWRITTEN.to_frame()
        places = no_address(astray["contract"].unique().to_list()) if astray.height else ""
        row = {
            "name": "claim letters",
            "count": lost.height,
            "bill_months": ", ".join(lost["bill_month"].unique().sort()),
            "message": self._remedy(places),
        }
        return pl.DataFrame([row], schema=UNWRITTEN)

    def _remedy(self, places: str) -> str:
        """Return what to do so that letters can be written."""
        if self.fault:
            return f"mend the form profile: {self.fault}"
        return f"fill in {'; '.join(filter(None, (self.lacks, places)))}"


def writer(record: Record) -> Writer:
    """Return what the letters of this run are written with."""
    sender, day = sender_of(record.workspace.settings), record.last_as_of()
    try:
        forms = workspace_forms(record.workspace)
    except ConfigError as fault:
        return Writer(sender, Desks({}, {}, {}, {}), day, str(fault))
    return Writer(sender, desks_of(current.contracts(record.connection), forms), day)


def unwritten(record: Record) -> pl.DataFrame:
    """Return what has to be filled in before the letters asked for can be made (`UNWRITTEN`)."""
    ready = record.claims(Claim.status == READY)
    return writer(record).unwritten(asked_claims(record, ready))


def tell(record: Record, warn: Callable[[str], None]) -> None:
    """Say what has to be filled in, each thing once as long as it lasts."""
    rows = unwritten(record).to_dicts()
    before = json.loads(record.fact(TOLD) or "[]")
    now = [row["message"] for row in rows]
    for row in rows:
        if row["message"] not in before:
            warn(in_words(row))
    if now != before:
        record.say(TOLD, json.dumps(now))


def in_words(row: dict[str, object]) -> str:
    """Return a row of `UNWRITTEN` as a sentence."""
    return (
        f"{row['message']}; the letters of {row['count']:,} claim(s) are lacking until then"
        f" ({row['bill_months']}), their packets are there"
    )


def letters_written(
    record: Record, by: Writer, claims: pl.DataFrame, lines: pl.DataFrame
) -> Iterator[tuple[str, bytes]]:
    """Yield name and page of the letter of each claim one can be written of.

    `lines` are those that claims dispute, as a packet takes them.
    """
    day = by.day
    able = by.able(claims.join(lines, on="claim_no", how="semi"))
    if day is None or able.is_empty():
        return
    told = _as_evidence(record, lines.join(able, on="claim_no", how="semi"), day)
    closings = record.workspace.settings.closings
    known = worked(record, able, by.desks).with_columns(late=pl.lit(False))
    accounts = dict(told.group_by("claim_no").agg(pl.col("ban").unique().sort()).iter_rows())
    heads = [
        head_of(
            *(number, known.slice(at, 1), accounts[number], by.sender, by.desks),
            day=day,
            closings=closings,
            title=by.desks.title(form),
            files=[f"{safe_name(number)}.csv"],
        )
        for at, (number, form) in enumerate(known.select("claim_no", "form").iter_rows())
    ]
    for number, said in letters(heads, told, told, day):
        yield letter_name(number), render("letter.html.jinja", d=said).encode()


def _as_evidence(record: Record, lines: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Return the lines of packets in the columns a letter is made of, with the days of payment."""
    settled = (pl.col("debit_on") <= day) & pl.col("status").is_in(("expected", "debited"))
    pulls = record.debits().select("document_id", "debit_on", "status")
    paid = pulls.filter(settled).select("document_id", paid_date="debit_on")
    return lines.join(paid, on="document_id", how="left", maintain_order="left").with_columns(
        pl.col("claim_no").alias(PACKET),
        bill_month=month_of("bill_date"),
        service_identifier=pl.coalesce("circuit_id", "wtn"),
        narrative="message",
        amount_disputed="amount_at_stake",
        amount_billed="billed",
        billed_rate="unit_rate",
        contract_rate="buy_rate",
    )
