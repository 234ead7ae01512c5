"""Carrier invoices as frames: read, footed and told apart, with nothing stored anywhere."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from invoices.carrier import Known, Profile, Profiles
from invoices.schema import WIDE, seal
from rebill.door.papers import Papers, Said, named
from rebill.door.refused import in_words
from rebill.door.wanted import Where, each, one
from rebill.store import tables
from rebill.store.table_out import TableOut
from rebill.workspace.profiles import read_folder
from rebill.workspace.settings import ConfigError, Settings

NOBODYS = "(unknown)"
"""The carrier of an account nobody told us the contract of."""


class Bill:
    """What carriers' files say. Its frames are those of `rebill export`, of files alone.

    A column that only an audit or a record can fill is null. The files are read when a frame is
    first asked for; what cannot be read is a finding, with its row and what to do about it.
    """

    def __init__(self, papers: Papers) -> None:
        self._papers = papers

    @property
    def documents(self) -> pl.DataFrame:
        """Every document, sorted by `document_id`: loaded, held (it does not foot) or refused."""
        return shaped(tables.DOCUMENTS, self._said.documents)

    @property
    def lines(self) -> pl.DataFrame:
        """The lines of loaded documents, sorted by `line_id`; positive `amount`s are charges."""
        return shaped(tables.LINES, self._said.of("loaded"))

    @property
    def held_lines(self) -> pl.DataFrame:
        """The lines of held documents, which count nowhere; columns as those of `lines`."""
        return shaped(tables.LINES, self._said.of("held"))

    @property
    def findings(self) -> pl.DataFrame:
        """What is wrong with the files, sorted by `finding_id`: each with file, row and remedy."""
        return shaped(tables.FINDINGS, self._said.findings)

    @property
    def passed_over(self) -> pl.DataFrame:
        """Files that were named and not read, and why: [file, why]."""
        return self._said.passed_over

    @property
    def papers(self) -> Papers:
        """The files, to be read again by who knows more of them."""
        return self._papers

    @cached_property
    def _said(self) -> Said:
        with in_words():
            return self._papers.read(Known(otherwise=NOBODYS)).came(None, [])

    def __repr__(self) -> str:
        said = self._said
        return f"Bill: {summed(said.documents, said.of('loaded'), said.findings)}"


def read(*paths: Where, profile: str | None = None, profiles: Where | None = None) -> Bill:
    """Return what carriers' files say; nothing is stored, no workspace is needed.

    `paths` are files, folders of files, or archives of them; several parts of one bill are put
    together. The format is recognised by content; `profile` says it where one has dialects,
    `profiles` is a folder of your own (`profiles/` of a workspace). An account of which only a
    contract says the carrier is of the carrier `(unknown)` here, and its own in an audit.

    Raises `ConfigError` where there is no such path or profile. A file that cannot be read, or
    only in part, is a result: a refused document, a finding with its row.

        bill = rebill.read("bill.csv")
        bill.lines.group_by("charge_class").agg(pl.col("amount").sum())
    """
    if not paths:
        raise ConfigError("no file is named; name files, folders or archives")
    with in_words():
        known = Profiles(own=_own(profiles))
        if profile is not None and known.named(profile) is None:
            names = ", ".join(there.profile for there in known)
            raise ConfigError(f"no profile is called `{profile}`; there are: {names}")
        return Bill(named(each(paths), profile, known, Settings()))


def _own(profiles: Where | None) -> tuple[Profile, ...]:
    if profiles is None:
        return ()
    folder = one(profiles)
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder of profiles; check the path")
    return read_folder(folder)


def shaped(table: TableOut, frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows as `rebill export` has them: the promised columns, absent ones null, by key."""
    return seal(frame, table.columns).sort(table.key, nulls_last=False)


def summed(documents: pl.DataFrame, lines: pl.DataFrame, findings: pl.DataFrame) -> str:
    """Return how many documents, lines and findings there are, and what the lines come to."""
    count = documents["status"].value_counts(sort=True)
    statuses = ", ".join(f"{number:,} {status}" for status, number in count.iter_rows())
    billed = lines["amount"].cast(WIDE).sum()
    return (
        f"{_counted(documents.height, 'document')}{f' ({statuses})' if statuses else ''},"
        f" {_counted(lines.height, 'line')}, {billed or 0:,.2f} billed,"
        f" {_counted(findings.height, 'finding')}"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
