"""What the files of a run say, before and after it is decided what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from invoices.carrier.bundles import REASONS, Bundle
from invoices.carrier.copies import COPIES
from invoices.schema import DOCUMENTS, FINDINGS, empty
from rebill.run.stages import ReadFile

_MOVES = {"intake": pl.Int64(), "document_id": pl.String(), "owner": pl.Int64()}


@dataclass(frozen=True)
class Intake:
    """What the files of a run say, before it is decided what becomes of it.

    `intake` numbers the files; within a file a document is told by its id.
    """

    reads: tuple[ReadFile, ...] = ()
    documents: pl.DataFrame = field(
        default_factory=lambda: empty(pl.Schema({**DOCUMENTS, "intake": pl.Int64()}))
    )
    findings: pl.DataFrame = field(
        default_factory=lambda: empty(pl.Schema({**FINDINGS, "intake": pl.Int64()}))
    )
    quarantine: tuple[pl.DataFrame, ...] = ()
    """Rows of each file that cannot be read, as they stood."""
    staged: dict[int, Path] = field(default_factory=dict)
    """Where the lines of a file lie, with its number."""
    bundles: tuple[tuple[int, Bundle], ...] = ()
    """Files that have parts of bills only, until they are put together."""
    copies: pl.DataFrame = field(default_factory=lambda: empty(COPIES))
    """Parts of bills that another file of the run has alike: they count once."""
    copied: pl.DataFrame = field(
        default_factory=lambda: empty(COPIES).select("intake", "document_id", "of")
    )
    """Bills of which a file has nothing but such parts, and another file that has them."""
    fragments: pl.DataFrame = field(
        default_factory=lambda: empty(pl.Schema({**DOCUMENTS, "intake": pl.Int64()}))
    )
    """The documents as each file has them, where bills were put together."""
    moves: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_MOVES))
    """Parts of bills that went to the document of another file."""
    reasons: pl.DataFrame = field(
        default_factory=lambda: empty(pl.Schema({"intake": pl.Int64(), **REASONS}))
    )
    """Why documents are held beside their footing."""
    waiting: tuple[int, ...] = ()
    """Files with a part of a bill that lacks another, whatever is on record."""

    @cached_property
    def before(self) -> list[int]:
        """The files that were read before: what stands in no document of theirs is on record."""
        return [n for n, read in enumerate(self.reads) if read.waits or read.anew]

    @cached_property
    def parts(self) -> dict[int, int]:
        """How many bills a file has a part of, where it has parts only."""
        return {number: bundle.parts["document_id"].n_unique() for number, bundle in self.bundles}


@dataclass(frozen=True)
class Settled:
    """What becomes of the documents of an intake."""

    documents: pl.DataFrame
    """Those that are new to the record: `DOCUMENTS`, footed, and their `intake`."""
    findings: pl.DataFrame
    """`FINDINGS` of the gate."""
    totals: pl.DataFrame
    """document_id, charge_class, lines, amount of loaded and held documents."""
    lines: pl.LazyFrame
    """`LINES` of loaded and held documents under their final ids."""
    repeats: pl.DataFrame
    """Documents equal in content to one on record: intake, invoice_no, of (its document_id)."""
    waiting: tuple[int, ...] = ()
    """Files with a part of a bill that lacks another part."""
