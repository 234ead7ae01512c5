"""What every reader of carrier paper hands over, and how documents and faults are named."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import ClassVar

import polars as pl

from invoices.carrier.bundles import Bundle
from invoices.schema import DOCUMENTS, FINDINGS, LINES, empty, seal
from invoices.text import filled

QUARANTINE = pl.Schema(
    {
        "source_file": pl.String,
        "source_row": pl.Int64,
        "raw": pl.String,  # the row as it stood in the file
        "reason": pl.String,
    }
)
"""Rows that cannot be read, kept as they are."""


@dataclass(frozen=True)
class Answer:
    """A paper the sender of a file expects back, such as the acknowledgement of an interchange."""

    folder: str
    """Of the outbox."""
    name: str
    """Made of what the file says: no path yet."""
    template: str
    """Its text, in which `DAY6` and `DAY8` stand for the day it is given."""
    sent: str
    """The day the file says it was sent, CCYYMMDD: the answer's where no other is known."""
    DAY6: ClassVar[str] = "\0YMD"
    DAY8: ClassVar[str] = "\0CYMD"

    def text(self, on: dt.date | None) -> str:
        """Return the text as it is given on a day."""
        day = f"{on:%Y%m%d}" if on else self.sent
        return self.template.replace(self.DAY6, day[2:]).replace(self.DAY8, day)


@dataclass(frozen=True)
class Reading:
    """What one file says: documents, their lines, and what could not be read."""

    documents: pl.DataFrame
    """`DOCUMENTS`; `loaded` until it is footed, or `refused`; `line_sum` is null."""
    lines: pl.LazyFrame
    """`LINES` of the documents that are not refused, in the order of the file."""
    quarantine: pl.DataFrame
    """`QUARANTINE`."""
    findings: pl.DataFrame
    """`FINDINGS`: `document_unreadable`, `line_unreadable`, `document_doubtful`."""
    bundle: Bundle | None = None
    """Where bills come in several files: which parts this one has; its documents are then
    fragments, to be put together by `bundles.assemble`."""
    answers: tuple[Answer, ...] = ()
    """What the sender expects back."""


def short_id(*parts: str) -> str:
    """Return ten letters and digits that stand for `parts`, always the same."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return base64.b32encode(digest).decode()[:10].lower()


def document_id(carrier: str, ban: str, invoice_no: str, *also: str) -> str:
    """Return the id of a document: of its key, and of what tells it from another of that key.

    The first document of a key has the id of the key alone. One that comes later with other
    content says in `also` where it came from: the digest of its file and its row.
    """
    return short_id(carrier, ban, invoice_no, *also)


def other_ids(first: str, key: tuple[str, ...], origin: tuple[str, str]) -> Iterator[str]:
    """Yield what a document may be called: `first`, then by where it came from, without an end."""
    yield first
    yield document_id(*key, *origin)
    for number in count(2):
        yield document_id(*key, *origin, str(number))


def unread_ids(digest: str) -> Iterator[str]:
    """Yield what a file of which nothing could be read may be called, the first time first."""
    return other_ids(short_id("refused", digest), ("", "", ""), (digest, str(None)))


def unread_name(row: str, source_file: str, digest: str) -> pl.Expr:
    """Return how the finding of an unreadable row is named: by its document, or else its file."""
    owner = pl.col("document_id").fill_null(short_id("refused", digest or source_file))
    return filled("{}-r{}:line_unreadable", owner, row)


def findings_of(frame: pl.DataFrame, code: str, severity: str) -> pl.DataFrame:
    """Return `frame` as findings of one code, with nothing at stake.

    Unless `frame` names them itself, findings are named by `document_id`, a colon and the code.
    """
    named = pl.col("finding_id") if "finding_id" in frame.columns else pl.col("document_id")
    ending = "" if "finding_id" in frame.columns else f":{code}"
    return frame.with_columns(
        finding_id=named + ending,
        code=pl.lit(code),
        severity=pl.lit(severity),
        amount_at_stake=pl.lit("0.00"),
    ).pipe(seal, FINDINGS)


def without_names(documents: pl.DataFrame) -> pl.DataFrame:
    """Return documents of which the refused go by no carrier, account and number on record."""
    read = pl.col("status") != "refused"
    return documents.with_columns(
        pl.when(read).then(pl.col(name)).alias(name) for name in ("carrier", "ban", "invoice_no")
    )


def refused_file(
    source_file: str, digest: str, message: str, remedy: str, source_row: int | None = None
) -> Reading:
    """Return the reading of a file that is no invoice: one refused document and the reason.

    `digest` is the SHA-256 of the file; it makes the id, so that the same file is refused under
    the same id.
    """
    document = {
        "document_id": short_id("refused", digest or source_file),
        "status": "refused",
        "lines": 0,
        "source_file": source_file,
        "source_row": source_row,
    }
    documents = pl.DataFrame([{name: document.get(name) for name in DOCUMENTS}], schema=DOCUMENTS)
    reason = documents.with_columns(message=pl.lit(message), remedy=pl.lit(remedy))
    findings = findings_of(reason, "document_unreadable", "error")
    return Reading(documents, empty(LINES).lazy(), empty(QUARANTINE), findings)
