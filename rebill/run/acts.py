"""What a person can decide, as stages of a plan: each is an act with who, when and why.

A decision is carried out by the night's own stages, in one transaction: the act first, then
whatever follows from it. No effects here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

ACTS = {
    "accept": "a held or voided document counts as it is",
    "replace": "another document stands instead of this one",
    "void": "a document counts no more",
    "waive": "a finding, or every finding of a kind, is not claimed",
    "reopen": "what was waived may be claimed again",
    "reaudit": "the months from this one on were audited again with the tables of the day",
    "release": "a draft invoice may be issued as it is, whatever a guard says of it",
    "approve": "a second person agrees that a claim is filed",
    "approve_bill": "a person has looked at a carrier's bill and at what is pulled for it",
}
"""The words of the list of decisions, and what is true after each."""


@dataclass(frozen=True)
class Act:
    """Who decides, on which day, and why."""

    who: str
    on: dt.date
    reason: str


@dataclass(frozen=True)
class Exempt:
    """A standing exception: findings of one code, of a service or a USOC. None = any."""

    code: str
    carrier: str | None = None
    service: str | None = None
    usoc: str | None = None

    def words(self) -> str:
        parts = {"carrier": self.carrier, "service": self.service, "usoc": self.usoc}
        return " ".join([self.code, *(f"{k} {v}" for k, v in parts.items() if v)])


@dataclass(frozen=True)
class Accept:
    """A held or voided document counts from now on, as it is."""

    document_id: str
    act: Act
    word: str | None = "accept"
    """The word on record; null where another act records it."""

    def words(self) -> str:
        return f"accept document {self.document_id}: {self.act.reason}"


@dataclass(frozen=True)
class Void:
    """A document counts no more: its lines, findings and pull are taken back."""

    document_id: str
    act: Act
    instead: str | None = None
    """The document that stands instead; empty text = the one that is read in this run."""

    def words(self) -> str:
        return f"take document {self.document_id} off the record: {self.act.reason}"


@dataclass(frozen=True)
class StandIn:
    """The document read in this run that has the key of a voided one stands instead of it."""

    document_id: str
    act: Act

    def words(self) -> str:
        return f"let the document that was read stand instead of {self.document_id}"


@dataclass(frozen=True)
class Waive:
    """Findings are not claimed until a day (excluded), or until they are reopened."""

    findings: tuple[str, ...]
    exempt: Exempt | None
    until: dt.date | None
    act: Act

    def words(self) -> str:
        what = f"{len(self.findings)} finding(s)" if self.exempt is None else self.exempt.words()
        return f"waive {what} until {self.until or 'reopened'}: {self.act.reason}"


@dataclass(frozen=True)
class Reopen:
    """Findings that were waived by name, and standing exceptions, are no longer waived."""

    findings: tuple[str, ...]
    decisions: tuple[int, ...]
    act: Act

    def words(self) -> str:
        return f"reopen {len(self.findings) + len(self.decisions)} waiver(s): {self.act.reason}"


@dataclass(frozen=True)
class AuditAgain:
    """Documents of a bill month and of all later ones are audited with the tables of the day."""

    first_month: str
    act: Act

    def words(self) -> str:
        return f"audit the months from {self.first_month} on again with the tables of the day"


@dataclass(frozen=True)
class Compare:
    """The record before and after is compared; without `keep` all is undone."""

    keep: bool

    def words(self) -> str:
        return "compare with what was on record" + ("" if self.keep else ", and undo it all")


Decision = Accept | Void | StandIn | Waive | Reopen | AuditAgain | Compare
