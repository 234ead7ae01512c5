"""Files of carriers become documents and lines, footed and told apart, without a record.

It is what a night's first stages do in a workspace that knows nothing yet: archives are opened,
what comes twice counts once, parts of a bill are put together, and what cannot be read is told.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from invoices.bill_dates import hold_doubtful
from invoices.carrier import Known, Profiles
from invoices.carrier.reading import refused_file
from invoices.schema import DOCUMENTS, LINES, empty
from rebill.cash.bank_paper import is_bank_file
from rebill.intake import arrivals
from rebill.intake.gathered import intake_of, under_contract
from rebill.intake.read import Taken, staged, take_in
from rebill.intake.settle import settle
from rebill.night.job import pick
from rebill.run.outcomes import FileRead
from rebill.run.plan import Facts, plan_ingest
from rebill.run.stages import ReadFile, Seen
from rebill.store.frames import of
from rebill.workspace import apart
from rebill.workspace.settings import Settings, Workspace
from reconcile.contracts import Contract

UNREAD = {
    "changed": ("the file changed after it was named", "name it again, once it is whole"),
    "vanished": ("the file is gone", "put it back, or leave it out"),
    "unreadable": ("the file cannot be opened", "let this login read it"),
}
"""Why a file that was named could not be taken in, and what to do."""
BANKS = "a bank's file: `rebill cash import` takes it"


@dataclass(frozen=True)
class Papers:
    """Files that were named, and how they are to be read; nothing is read before it is asked for.

    What is read later must be what was named: a file that changed since is told as such.
    """

    files: tuple[Seen, ...]
    paths: dict[str, Path]
    profile: str | None
    profiles: Profiles
    settings: Settings

    def read(self, known: Known) -> Said:
        """Return what the files say to a reader who knows so much."""
        with tempfile.TemporaryDirectory(prefix="rebill-") as scratch:
            place = Workspace(Path(scratch), self.settings)
            given = arrivals.Arrivals(self.files, self.paths)
            found = arrivals.opened(place, given, (), place.root / "unpacked", self._is_bank)
            plan = plan_ingest(Facts(None, files=found.files, profile=self.profile))
            reads = [stage for stage in plan.stages if isinstance(stage, ReadFile)]
            took = [
                self._take_in(place.root / f"{number:06}", number, stage, found.paths, known)
                for number, stage in enumerate(reads)
            ]
            left = {seen.name: seen.why() for seen in plan.passed_over}
            left |= {seen.name: BANKS for seen in found.files if seen.bank}
            return _said(took, left)

    def _is_bank(self, path: Path) -> bool:
        return self.profile is None and is_bank_file(self.settings, path)

    def _take_in(
        self, folder: Path, number: int, stage: ReadFile, paths: dict[str, Path], known: Known
    ) -> FileRead:
        """Return what one file says; whatever is wrong with it, it is a refused document."""
        if stage.fault:
            taken = staged(refused_file(stage.name, stage.sha256, *stage.fault), folder, number)
            return FileRead(stage, taken.reading, taken.staged)
        given = (self.settings, folder, number, stage, paths[stage.name], self.profiles, known)
        budget = apart.budget_of(self.settings.limits, stage.size)
        found = apart.done_apart(budget, take_in, *given)
        if not isinstance(found, Taken):
            fault = UNREAD[found] if isinstance(found, str) else (found.what, found.remedy)
            found = staged(refused_file(stage.name, stage.sha256, *fault), folder, number)
        return FileRead(stage, found.reading, found.staged)


@dataclass(frozen=True)
class Said:
    """What files say, as the record would keep it."""

    documents: pl.DataFrame
    """`DOCUMENTS`, received_on and contract: loaded, held and refused ones."""
    lines: pl.DataFrame
    """`LINES` of loaded and held documents."""
    findings: pl.DataFrame
    """`FINDINGS` of the gate."""
    totals: pl.DataFrame
    """document_id, charge_class, lines, amount of loaded and held documents."""
    passed_over: pl.DataFrame
    """[file, why]: what was named and is no carrier's paper, or was read under another name."""

    def of(self, status: str) -> pl.DataFrame:
        """Return the lines of the documents of a status."""
        return of(self.lines.lazy(), self.with_status(status)["document_id"]).collect()

    def with_status(self, *statuses: str) -> pl.DataFrame:
        """Return the documents of some statuses."""
        return self.documents.filter(pl.col("status").is_in(statuses))

    def came(self, day: dt.date | None, contracts: list[Contract]) -> Said:
        """Return the same as it is where it came in on a day: under contract, dates doubted."""
        documents = self.documents.with_columns(received_on=pl.lit(day, dtype=pl.Date))
        documents, doubts = hold_doubtful(
            under_contract(documents, contracts), pl.col("received_on")
        )
        found = pl.concat([self.findings, doubts])
        return replace(self, documents=documents, findings=found)


def named(
    paths: Sequence[Path], profile: str | None, profiles: Profiles, settings: Settings
) -> Papers:
    """Return the files named, and those in the folders named, as they are now.

    Raises `ConfigError` where there is no such file.
    """
    files, where = pick(Workspace(Path(), settings), paths, told=profile is not None)
    return Papers(files, where, profile, profiles, settings)


def _said(took: list[FileRead], left: dict[str, str]) -> Said:
    """Return what files say together: parts put together, footed, told apart."""
    intake = intake_of(took)
    settled = settle(intake, empty(DOCUMENTS), empty(LINES).lazy())
    order = settled.documents.sort("intake", "source_row", "document_id")
    schema = {"file": pl.String(), "why": pl.String()}
    return Said(
        order.drop("intake"),
        settled.lines.collect(),
        settled.findings,
        settled.totals,
        pl.DataFrame(sorted(left.items()), schema, orient="row"),
    )
