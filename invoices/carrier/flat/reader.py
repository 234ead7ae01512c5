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
from invoices.carrier.bundles import Bundle
from invoices.carrier.flat.completeness import bundle_of
from invoices.carrier.flat.faults import FAULTS, MOST_FAULTS, faults_of, with_bill
from invoices.carrier.flat.fragments import bills_of, fragments_of
from invoices.carrier.flat.lines import lines_of
from invoices.carrier.flat.profile import Flat, Rows
from invoices.carrier.flat.row_checks import checks_of
from invoices.carrier.flat.rows import Table
from invoices.carrier.flat.values import Fields, with_values
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import QUARANTINE, Reading, findings_of, refused_file, without_names
from invoices.carrier.source import Source
from invoices.schema import DOCUMENTS, FINDINGS, columns_of, empty, seal, stack


@dataclass(frozen=True)
class Piece:
    """What one table of a file says."""

    documents: pl.DataFrame
    lines: pl.LazyFrame
    faults: pl.DataFrame
    bundle: Bundle


def read_tables(source: Source, profile: Profile, tables: Sequence[Table]) -> Reading:
    """Return what the tables of a file say: fragments of documents, lines, rows set aside.

    Each table is a part of the feed; a workbook may have several.
    """
    pieces: list[Piece] = []
    for table in tables:
        piece = _read_table(source, profile, table)
        if isinstance(piece, Reading):
            return piece
        pieces.append(piece)
    documents = _one_each(tables, pieces)
    faults = pl.concat([piece.faults for piece in pieces])
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
    ]
    return Reading(
        documents=without_names(documents).pipe(seal, DOCUMENTS),
        lines=pl.concat([piece.lines for piece in pieces]),
        quarantine=faults.rename({"message": "reason"}).pipe(seal, QUARANTINE),
        findings=stack(findings, FINDINGS),
        bundle=_together([piece.bundle for piece in pieces]),
    )


def _one_each(tables: Sequence[Table], pieces: Sequence[Piece]) -> pl.DataFrame:
    """Return each document of the file once: what its totals print goes before the other parts."""
    ordered = sorted(zip(tables, pieces, strict=True), key=lambda at: at[0].part.role != "totals")
    documents = pl.concat([piece.documents for _, piece in ordered])
    if len(tables) == 1:
        return documents
    values = pl.exclude("document_id", "source_row").drop_nulls().first()
    return (
        documents.group_by("document_id", maintain_order=True)
        .agg(values, pl.col("source_row").first())
        .select(documents.columns)
    )


def _together(bundles: Sequence[Bundle]) -> Bundle:
    """Return what the tables have of their bills as one."""
    return Bundle(
        bundles[0].feed,
        *(
            pl.concat([getattr(bundle, name) for bundle in bundles])
            for name in ("parts", "ties", "reasons", "came")
        ),
    )


def _read_table(source: Source, profile: Profile, table: Table) -> Piece | Reading:
    """Return what a table says, or the reading of a file that is refused for it."""
    flat = profile.section(Flat)
    fields = Fields(profile, flat, table)
    kept, totals = _told_apart(fields)
    checks = checks_of(fields)
    rows = kept.with_columns(faulty=ck.any_fails(checks))
    found = bills_of(rows, fields)
    bad = int(found.filter("faulty")["rows"].sum())
    good = found.filter(~pl.col("faulty"))
    faults = faults_of(rows, checks, table) if bad else empty(FAULTS)
    if bad and (good.is_empty() or bad > MOST_FAULTS):
        row, reason, remedy = faults.select("source_row", "message", "remedy").row(0)
        message = f"{bad} of its rows cannot be read; the first: {reason}"
        return refused_file(source.name, source.digest, message, remedy, row)
    if found.is_empty() and (len(flat.part) == 1 or table.part.role == "totals"):
        remedy = "ask the carrier to send it again, whole"
        message = "the file has a header and no row below it"
        return refused_file(source.name, source.digest, message, remedy, flat.header_of(table.part))
    documents = fragments_of(good, fields, source)
    loaded = documents.filter(pl.col("status") != "refused")
    if not bad:
        # Nothing is looked for a second time in rows that are known to be readable.
        rows = kept.with_columns(faulty=pl.lit(False))
    faults = with_bill(faults, loaded, source)
    return Piece(
        documents.select(*columns_of(DOCUMENTS), "message", "remedy"),
        lines_of(rows, loaded, fields, source),
        faults,
        bundle_of(rows, loaded, faults, totals, fields),
    )


def _told_apart(fields: Fields) -> tuple[pl.LazyFrame, pl.DataFrame | None]:
    """Return the rows that count with their values, and the rows that print a total."""
    part, table = fields.table.part, fields.table
    rows = fields.table.rows
    skipped = [_is(rule, table) for rule in part.skip]
    total = _is(part.total, table) if part.total else pl.lit(False)
    away = pl.any_horizontal(total, *skipped) & pl.col("whole")
    kept = with_values(replace(fields, table=replace(table, rows=rows.filter(~away))))
    if part.total is None:
        return kept, None
    printed = table.cell(part.total.amount) if part.total.amount else pl.lit(None, pl.String)
    stated = (
        rows.filter(total & pl.col("whole"))
        .select("row", printed=printed)
        .with_columns(plain=fields.plain_number(pl.col("printed")))
        .select("row", stated=fields.amount(pl.col("plain")))
    )
    return kept, stated.collect()


def _is(rule: Rows, table: Table) -> pl.Expr:
    """Say whether a row is one of those a rule names."""
    cell = table.cell(rule.column).fill_null("")
    if rule.equals is not None:
        return cell.str.to_lowercase() == rule.equals.strip().lower()
    return cell.str.contains(rule.matches or "")
