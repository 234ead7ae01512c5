"""A file of our own plain CSV becomes documents and their lines.

A file without a quote whose rows are all whole is gone through once (`plain`). Any other is read in
three streaming passes over its text: the document rows; a narrow one that finds rows which cannot
be read and the document each line belongs to; and, when the caller collects or sinks them, the
lines themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from invoices.carrier import split
from invoices.carrier.header import Header, Refusal, first_lines, read_header, with_quotes
from invoices.carrier.piecewise import Kept
from invoices.carrier.reading import (
    QUARANTINE,
    Reading,
    findings_of,
    refused_file,
    unread_name,
    without_names,
)
from invoices.carrier.source import Source
from invoices.carrier.usoc_lines.attach import stretches
from invoices.carrier.usoc_lines.columns import COLUMNS, KEY, KINDS, NEEDED
from invoices.carrier.usoc_lines.document_rows import (
    count_lines,
    likely_documents,
    read_documents,
    refused_documents,
)
from invoices.carrier.usoc_lines.line_rows import read_faults, read_lines, read_rows
from invoices.carrier.usoc_lines.plain import go_through
from invoices.schema import DOCUMENTS, FINDINGS, seal, stack

HOPELESS = 100_000
"""A file with more unreadable line rows than this and not one that reads is refused as a whole."""


def read(source: Source, blocks: Callable[[], Iterator[bytes]] | None, memory: int) -> Reading:
    """Read the physical lines of a file into documents and lines.

    Nothing raises on what a carrier may send: a file, a document or a row that cannot be read
    becomes a finding with its row, its cause and a remedy, and the rest is read. `blocks` are the
    same text in UTF-8, null where it is not at hand; `memory` is how many bytes of it may be kept
    in memory. `lines` of the answer is lazy, and may go through the file again.
    """
    source_file, digest = source.name, source.digest
    raw = source.lines().select(pl.col("row").cast(pl.Int64), "text")
    header = _header(source.head if blocks else b"", raw)
    if isinstance(header, Refusal):
        return refused_file(source_file, digest, header.message, header.remedy, header.row)
    body = raw.filter(pl.col("row") > header.row, split.not_blank(pl.col("text")))
    plain = go_through(blocks, header, Kept(memory, source.set_aside)) if blocks else None
    header = with_quotes(header, raw) if plain is None else header
    likely = likely_documents(body) if plain is None else plain.likely
    documents = read_documents(likely, header, digest or source_file)
    refusal = _without_documents(documents, header)
    if refusal:
        return refused_file(source_file, digest, refusal.message, refusal.remedy, refusal.row)
    rows = read_rows(body, header, documents, plain)
    good = stretches(rows.filter(~pl.col("faulty")), documents)
    bad = stretches(rows.filter("faulty"), documents)
    orphans = good.filter(pl.col("document").is_null())
    wrong = pl.concat([bad, orphans]).sort("first")
    if orphans.height == good.height and wrong["length"].sum() > HOPELESS:
        return _refuse_hopeless(body, header, wrong, source_file, digest)
    faults = _with_owner(read_faults(body, header, wrong), documents, source_file, digest)
    documents = count_lines(documents, good, bad).with_columns(
        source_file=pl.lit(source_file), source_row="row"
    )
    findings = [
        findings_of(refused_documents(documents), "document_unreadable", "error"),
        findings_of(faults, "line_unreadable", "error"),
    ]
    documents = without_names(documents)
    return Reading(
        documents=documents.pipe(seal, DOCUMENTS),
        lines=read_lines(body, header, good, documents, source_file, plain),
        quarantine=faults.rename({"message": "reason"}).pipe(seal, QUARANTINE),
        findings=stack(findings, FINDINGS),
    )


def _header(head: bytes, raw: pl.LazyFrame) -> Header | Refusal:
    """Return the header, from the beginning of the file where it stands there."""
    near = first_lines(head)
    found = None if near is None else read_header(near, COLUMNS, NEEDED, KINDS)
    # Of an empty beginning no row is named.
    if found is None or found.row is None:
        return read_header(raw, COLUMNS, NEEDED, KINDS)
    return found


def _without_documents(documents: pl.DataFrame, header: Header) -> Refusal | None:
    """Return why a file is refused that has no document row, or none that can be read."""
    if documents.is_empty():
        message = "the file has a header and no row whose record is `document`"
        remedy = "add a document row with header and printed totals for each invoice"
        return Refusal(message, remedy, header.row)
    unread = documents.filter(pl.col("status") == "refused")
    if unread.height < documents.height:
        return None
    first = unread.row(0, named=True)
    message = f"none of its {unread.height} document rows can be read; the first: "
    return Refusal(message + first["message"], first["remedy"], first["row"])


def _with_owner(
    faults: pl.DataFrame, documents: pl.DataFrame, source_file: str, digest: str
) -> pl.DataFrame:
    """Give each unreadable row the document it names, its place, and a finding's name."""
    named = documents.select("document", "document_id", *KEY, "bill_date")
    return (
        faults.join(named, on="document", how="left")
        .sort("row")
        .with_columns(
            finding_id=unread_name("row", source_file, digest),
            source_file=pl.lit(source_file),
            source_row="row",
        )
    )


def _refuse_hopeless(
    body: pl.LazyFrame, header: Header, wrong: pl.DataFrame, source_file: str, digest: str
) -> Reading:
    """Refuse a file of which no line reads, with the reason of the first."""
    first = read_faults(body, header, wrong.head(1).with_columns(last="first"))
    row, reason, remedy = first.select("row", "message", "remedy").row(0)
    message = f"none of the {wrong['length'].sum()} line rows can be read; the first: {reason}"
    return refused_file(source_file, digest, message, remedy, row)
