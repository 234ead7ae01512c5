"""A file of a delimited feed becomes fragments of documents and their lines.

A text is read in streaming passes over its physical lines: one that finds the bills, their sums and
whether rows cannot be read, one for those rows if there are any, and, when the caller collects or
sinks them, one for the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from invoices.carrier import checks as ck
from invoices.carrier.bundles import PARTS, Bundle
from invoices.carrier.flat.completeness import Printed, bundle_of, unsure
from invoices.carrier.flat.faults import FAULTS, MOST_FAULTS, faults_of, hidden_rows, with_bill
from invoices.carrier.flat.fragments import bills_of, fragments_of
from invoices.carrier.flat.lines import lines_of
from invoices.carrier.flat.profile import Flat
from invoices.carrier.flat.proofs import subtotals_of
from invoices.carrier.flat.row_checks import checks_of
from invoices.carrier.flat.rows import Table, is_one
from invoices.carrier.flat.values import Fields, with_values
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import QUARANTINE, Reading, findings_of, refused_file, without_names
from invoices.carrier.source import Source
from invoices.schema import DOCUMENTS, FINDINGS, columns_of, empty, seal, stack


@dataclass(frozen=True)
class Piece:
    """What one table of a file says."""

    fields: Fields
    rows: pl.LazyFrame
    """Its rows that count, with their values and `faulty`."""
    printed: Printed
    found: pl.DataFrame
    """The bills its rows speak of (`bills_of`)."""
    documents: pl.DataFrame
    """Their fragments (`fragments_of`)."""
    faults: pl.DataFrame
    """`FAULTS`"""

    @property
    def loaded(self) -> pl.DataFrame:
        """The fragments that are read."""
        return self.documents.filter(pl.col("status") != "refused")


def read_tables(source: Source, profile: Profile, tables: Sequence[Table]) -> Reading:
    """Return what the tables of a file say: fragments of documents, lines, rows set aside.

    Each table is a part of the feed; a workbook or a report may have several.
    """
    pieces = [_looked_at(source, profile, table) for table in tables]
    if refusal := _unusable(source, pieces):
        return refusal
    documents = _one_each(pieces)
    # A row that cannot be read is of a bill that any table of the file may have.
    faults = with_bill(
        pl.concat([piece.faults for piece in pieces]),
        documents.filter(pl.col("status") != "refused"),
        source,
    )
    refused = documents.filter(pl.col("status") == "refused")
    if not profile.good_documents_load and (faults.height or refused.height):
        first = pl.concat(
            [frame.select("source_row", "message", "remedy") for frame in (faults, refused)]
        ).sort("source_row")
        row, message, remedy = first.row(0)
        return refused_file(source.name, source.digest, message, remedy, row)
    findings = [
        findings_of(refused, "document_unreadable", "error"),
        findings_of(faults, "line_unreadable", "error"),
        *(hidden_rows(piece.rows, piece.fields.table, piece.loaded) for piece in pieces),
    ]
    return Reading(
        documents=without_names(documents).pipe(seal, DOCUMENTS),
        lines=pl.concat(
            [lines_of(piece.rows, piece.loaded, piece.fields, source) for piece in pieces]
        ),
        quarantine=faults.rename({"message": "reason"}).pipe(seal, QUARANTINE),
        findings=stack(findings, FINDINGS),
        bundle=_together(pieces, documents, faults),
    )


def _unusable(source: Source, pieces: Sequence[Piece]) -> Reading | None:
    """Refuse a file of which no row can be read, or too many cannot, or that has no row at all."""
    bad = sum(int(piece.found.filter("faulty")["rows"].sum()) for piece in pieces)
    none_good = all(piece.documents.is_empty() for piece in pieces)
    if bad and (none_good or bad > MOST_FAULTS):
        faults = pl.concat([piece.faults for piece in pieces]).sort("source_row")
        row, reason, remedy = faults.select("source_row", "message", "remedy").row(0)
        message = f"{bad} of its rows cannot be read; the first: {reason}"
        return refused_file(source.name, source.digest, message, remedy, row)
    for piece in pieces:
        part, flat = piece.fields.table.part, piece.fields.flat
        if piece.found.is_empty() and (len(flat.part) == 1 or part.role == "totals"):
            remedy = "ask the carrier to send it again, whole"
            message = "the file has a header and no row below it"
            return refused_file(source.name, source.digest, message, remedy, flat.header_of(part))
    return None


def _one_each(pieces: Sequence[Piece]) -> pl.DataFrame:
    """Return each document of the file once: what its totals print goes before the other parts."""
    ordered = sorted(pieces, key=lambda piece: piece.fields.table.part.role != "totals")
    documents = pl.concat(
        [piece.documents.select(*columns_of(DOCUMENTS), "message", "remedy") for piece in ordered]
    )
    if len(pieces) == 1:
        return documents
    values = pl.exclude("document_id", "source_row").drop_nulls().first()
    return (
        documents.group_by("document_id", maintain_order=True)
        .agg(values, pl.col("source_row").first())
        .select(documents.columns)
    )


def _together(pieces: Sequence[Piece], documents: pl.DataFrame, faults: pl.DataFrame) -> Bundle:
    """Return what the tables have of their bills as one.

    A part that goes on below another header of the same file or sheet is one; on another sheet it
    came twice.
    """
    bundles = [bundle_of(piece.rows, piece.loaded, piece.printed, piece.fields) for piece in pieces]
    cited = [
        bundle.parts.with_columns(cited=pl.lit(piece.fields.table.source_file))
        for bundle, piece in zip(bundles, pieces, strict=True)
    ]
    key = ("document_id", "part", "role", "cited")
    parts = pl.concat(cited).group_by(key, maintain_order=True).agg(pl.col("rows", "amount").sum())
    reasons = [bundle.reasons for bundle in bundles]
    if bundles[0].feed.derive and faults.height:
        reasons.append(unsure(documents.filter(pl.col("status") != "refused"), faults))
    return Bundle(
        bundles[0].feed,
        seal(parts, PARTS),
        pl.concat([bundle.ties for bundle in bundles]),
        pl.concat(reasons),
        pl.concat([bundle.came for bundle in bundles]),
    )


def _looked_at(source: Source, profile: Profile, table: Table) -> Piece:
    """Return what a table says, its lines not yet made."""
    fields = Fields(profile, profile.section(Flat), table)
    kept, totals, subtotals = _told_apart(fields)
    checks = checks_of(fields)
    rows = kept.with_columns(faulty=ck.any_fails(checks))
    found = bills_of(rows, fields)
    bad = found["faulty"].any()
    faults = faults_of(rows, checks, table) if bad else empty(FAULTS)
    if not bad:
        # Nothing is looked for a second time in rows that are known to be readable.
        rows = kept.with_columns(faulty=pl.lit(False))
    documents = fragments_of(found.filter(~pl.col("faulty")), fields, source)
    return Piece(fields, rows, Printed(totals, subtotals), found, documents, faults)


def _told_apart(fields: Fields) -> tuple[pl.LazyFrame, pl.DataFrame | None, pl.DataFrame]:
    """Return the rows that count with their values, those that print the total of the file, and
    those that print a sub-total."""
    part, table = fields.table.part, fields.table
    rows = fields.table.rows
    skipped = [is_one(rule, table) for rule in part.skip]
    total = is_one(part.total, table) if part.total else pl.lit(False)
    adding = [is_one(rule, table) for rule in part.subtotals]
    away = (pl.any_horizontal(total, *skipped) & pl.col("whole")) | pl.any_horizontal(
        pl.lit(False), *adding
    )
    kept = with_values(replace(fields, table=replace(table, rows=rows.filter(~away))))
    subtotals = subtotals_of(fields, adding)
    if part.total is None:
        return kept, None, subtotals
    printed = table.cell(part.total.amount) if part.total.amount else pl.lit(None, pl.String)
    stated = (
        rows.filter(total & pl.col("whole"))
        .select("row", printed=printed)
        .with_columns(plain=fields.plain_number(pl.col("printed")))
        .select("row", stated=fields.long_amount(pl.col("plain")))
    )
    return kept, stated.collect(), subtotals
