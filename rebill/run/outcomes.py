"""What the stages of a run did: each returns one of these, and later stages read those before.

A stage gathers from the record and from the outcomes so far, decides, keeps, and says here what
later stages have to know. Nothing here is changed once it is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

import polars as pl

from invoices.bank.schema import BankReading
from invoices.carrier.reading import Reading
from invoices.schema import FINDINGS, LINES, empty
from rebill.run.difference import Difference, State
from rebill.run.intake import Settled
from rebill.run.stages import ReadBank, ReadFile, Seen
from rebill.store.record import KEPT_FINDINGS


@dataclass(frozen=True)
class FileRead:
    """A carrier file was read; its lines lie in a staged file until its documents are settled."""

    stage: ReadFile
    reading: Reading
    staged: Path | None
    """Null where the file has no document."""
    answers: tuple[tuple[str, str, str], ...] = ()
    """What its sender expects back: folder of the outbox, name, text."""
    again: str = ""
    """Under what it could not be read: under anything else it is tried again."""


@dataclass(frozen=True)
class FileLeft:
    """A file was not there as it had been seen: nothing of it was taken in, and it is not known."""

    stage: ReadFile | ReadBank
    left: str  # changed, vanished, unreadable


@dataclass(frozen=True)
class DocumentsSettled:
    """The documents of all files that were read are on record."""

    settled: Settled
    waiting: frozenset[str]
    """Files with a part of a bill that lacks another part, by name."""
    became: dict[str, str]


@dataclass(frozen=True)
class WentBack:
    """What only runs for later days did was taken back."""

    claims: tuple[str, ...]
    """Claims that are open again."""
    documents: tuple[str, ...]
    """Documents that came in no later than the day of this run: their days are given anew."""


@dataclass(frozen=True)
class DocumentDecided:
    """A person decided about documents: the pulls of their accounts change."""

    documents: tuple[str, ...]
    became: dict[str, str] = field(default_factory=dict)
    gone: pl.DataFrame = field(default_factory=lambda: empty(LINES))
    """Lines of loaded documents that are void since this run."""
    gone_from: tuple[tuple[str, str], ...] = ()
    """Carrier and bill month of each loaded document that is void since this run."""
    replaced: pl.DataFrame = field(default_factory=lambda: empty(KEPT_FINDINGS))
    """Findings that were taken back, with their claims."""


@dataclass(frozen=True)
class AuditAsked:
    """A person wants documents audited with the tables of this run."""

    documents: tuple[str, ...]
    moved: tuple[str, ...]
    """Those of them that another contract holds now."""
    before: State
    """What the record said of their months."""
    last_event: int
    """The last event of a claim by then."""


@dataclass(frozen=True)
class LinesAudited:
    """Lines were judged; their findings wait for their claims."""

    documents: tuple[str, ...]
    """Documents audited in this run, new and touched ones."""
    touched: tuple[str, ...]
    """Documents audited before and again in this run: a late document concerns them."""
    found: pl.DataFrame  # FINDINGS
    replaced: pl.DataFrame  # KEPT_FINDINGS: what an earlier audit had found of touched documents


@dataclass(frozen=True)
class BankRead:
    """A bank file was read; whether it is booked is decided when all are."""

    stage: ReadBank
    reading: BankReading
    again: str = ""
    """Under what it could not be read: under anything else it is tried again."""


@dataclass(frozen=True)
class PullsMatched:
    """Bank files were booked or refused, and what the bank moved was matched to the pulls."""

    became: dict[str, str]
    """What became of each bank file, in words for a person."""
    outcomes: dict[str, str]
    """The same in the word that the record of runs keeps."""


@dataclass(frozen=True)
class ClaimsFollowed:
    """Credits on bills were taken for the claims they are for."""

    found: pl.DataFrame  # FINDINGS: promised credits that are due and missing


@dataclass(frozen=True)
class FindingsClaimed:
    """The findings of the run are on record with their claims."""

    claims: tuple[str, ...]
    """Claims that are new or changed."""
    kept: pl.DataFrame  # KEPT_FINDINGS: findings of audited documents as they were kept
    waived: tuple[str, ...]
    """Findings kept in this run that a person's waiver leaves unclaimed."""


@dataclass(frozen=True)
class LinesPriced:
    """Audited lines stand on customer invoices."""

    invoices: tuple[str, ...]
    """Invoices that are new or changed."""


@dataclass(frozen=True)
class RunCompared:
    """What this run changed was compared with what was on record before."""

    difference: Difference


Said: TypeAlias = (
    FileRead
    | FileLeft
    | DocumentsSettled
    | WentBack
    | DocumentDecided
    | AuditAsked
    | LinesAudited
    | BankRead
    | PullsMatched
    | ClaimsFollowed
    | FindingsClaimed
    | LinesPriced
    | RunCompared
)
Kind = TypeVar("Kind", bound=Said)


@dataclass(frozen=True)
class Outcomes:
    """What the stages of a run said so far, in their order."""

    said: tuple[Said, ...] = ()

    def and_(self, outcome: Said | None) -> Outcomes:
        """Return these outcomes and one more; a stage that has nothing to say adds none."""
        return self if outcome is None else Outcomes((*self.said, outcome))

    def every(self, kind: type[Kind]) -> list[Kind]:
        """Return all outcomes of a kind."""
        return [one for one in self.said if isinstance(one, kind)]

    def last(self, kind: type[Kind]) -> Kind | None:
        """Return the last outcome of a kind; none where no such stage had anything to say."""
        return next(reversed(self.every(kind)), None)

    @property
    def found(self) -> pl.DataFrame:
        """Findings that wait for their claims (`FINDINGS`)."""
        parts = [one.found for one in self.said if isinstance(one, LinesAudited | ClaimsFollowed)]
        return pl.concat([empty(FINDINGS), *parts])

    @property
    def replaced(self) -> pl.DataFrame:
        """Findings that no longer stand, with their claims (`KEPT_FINDINGS`)."""
        kinds = DocumentDecided | LinesAudited
        parts = [one.replaced for one in self.said if isinstance(one, kinds)]
        return pl.concat([empty(KEPT_FINDINGS), *parts])

    @property
    def reopened(self) -> list[str]:
        """Claims that are open again because a run went back."""
        return [claim for one in self.every(WentBack) for claim in one.claims]

    @property
    def gone(self) -> pl.DataFrame:
        """Lines of loaded documents that are void since this run (`LINES`)."""
        return pl.concat([empty(LINES), *(one.gone for one in self.every(DocumentDecided))])

    @property
    def months_left(self) -> pl.DataFrame:
        """Carrier and bill_month of the loaded documents that are void since this run."""
        rows = [pair for one in self.every(DocumentDecided) for pair in one.gone_from]
        schema = {"carrier": pl.String, "bill_month": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row").unique()

    @property
    def audited(self) -> list[str]:
        """Documents audited in this run, new and touched ones."""
        return [document for one in self.every(LinesAudited) for document in one.documents]

    @property
    def touched(self) -> list[str]:
        """Documents audited before and again in this run."""
        return [document for one in self.every(LinesAudited) for document in one.touched]

    @property
    def asked(self) -> list[str]:
        """Documents that a person wants audited with the tables of this run."""
        return [document for one in self.every(AuditAsked) for document in one.documents]

    @property
    def decided(self) -> list[str]:
        """Documents whose pulls a person's decision changes, or a run that went back."""
        moved = [document for one in self.every(AuditAsked) for document in one.moved]
        moved += [document for one in self.every(WentBack) for document in one.documents]
        return moved + [number for one in self.every(DocumentDecided) for number in one.documents]

    @property
    def became(self) -> dict[str, str]:
        """What became of each file and document, in words for a person, by name."""
        kinds = DocumentsSettled | DocumentDecided | PullsMatched
        words: dict[str, str] = {}
        for one in self.said:
            if isinstance(one, kinds):
                words |= one.became
            elif isinstance(one, FileLeft):
                words[one.stage.name] = f"left: {Seen(one.stage.name, left=one.left).why()}"
        return words
