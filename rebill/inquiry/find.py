"""Everything about a telephone number, circuit, account, customer, order, claim, invoice or line.

What is meant is found among all names on record, the rows that belong to it are gathered table by
table, and what is told of it is plain data: the same keys for each hit, whatever it is.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from rebill.inquiry.found.found_rows import inventory, rows_of, with_lines
from rebill.inquiry.found.hits import KINDS, in_line, is_finding, meant, names_on_record, nearest
from rebill.inquiry.found.particulars import in_words, sections
from rebill.inquiry.found.scope import Scope, any_of, of_lines, scope_of
from rebill.inquiry.found.spelling import Spelt, spelt, squeezed
from rebill.inquiry.found.whom_to_call import desks, ours, whom_to_call
from rebill.store.record import Record
from reconcile.findings import CODES

Told = dict[str, Any]
HIT = pl.Schema(
    {
        **{name: pl.String() for name in ("kind", "id", "called", "carrier", "by")},
        "exact": pl.Boolean(),
    }
)
"""What was meant: of which kind, its id, what stands beside it, by which of its names."""
DETAILED = 25
"""Hits of which everything is told; the others are counted."""


def find(record: Record, text: str, as_of: dt.date | None = None) -> Told:
    """Return everything about what a text means: a number, circuit, account, name or id.

    Keys: text, as_of, hits, not_shown (how many further hits), near (the nearest spellings, where
    there is no hit) and looked_at. A hit has kind, id, called, carrier, by (which of its names was
    meant) and exact (false: a part of it); services, lines, findings, claims, prices, invoices,
    orders and documents, each a list of at most `particulars.ROWS` rows, the newest first; in_all,
    how many there are of each; at_stake; and call. `as_of` is the day for which states hold,
    without it that of the last night.
    """
    day = as_of or record.last_as_of()
    asked = spelt(text)
    names = names_on_record(record) if asked.key else None
    told: Told = {"text": asked.shown, "as_of": day, "hits": [], "not_shown": 0, "near": []}
    told["looked_at"] = [] if names is None else list(KINDS.values())
    if names is None:
        return told
    found = hits(record, names, asked)
    if not found:
        return {**told, "near": nearest(names, asked)}
    known = inventory(record, day)
    detailed = found[:DETAILED]
    named = [scope_of(hit, known.services, known.carriers, known.orders) for hit in detailed]
    scopes = with_lines(record, named)
    everything = Scope()
    for one in scopes:
        everything |= one
    rows = rows_of(record, everything, day)
    worded = in_words(known, rows, day)
    called = desks(record.workspace, known.contracts), ours(record.workspace.settings)
    told["hits"] = [
        {**hit, **parts, "call": whom_to_call(hit, parts, known, *called)}
        for hit, scope in zip(detailed, scopes, strict=True)
        for parts in [sections(scope, worded)]
    ]
    return {**told, "not_shown": len(found) - len(detailed)}


def hits(record: Record, names: pl.DataFrame, asked: Spelt) -> list[Told]:
    """Return what a text means: of the names on record, and of the ids of lines and findings."""
    found = meant(names, asked).select(HIT.names())
    return [
        *found.to_dicts(),
        *_lines(record, names, asked).to_dicts(),
        *_findings(record, asked).to_dicts(),
    ]


def _lines(record: Record, names: pl.DataFrame, asked: Spelt) -> pl.DataFrame:
    """Return the lines a text is the id of, of held and void documents too (`HIT`)."""
    ids = frozenset(f"{document}-{number}" for document, number in in_line(asked, names))
    if not ids:
        return pl.DataFrame(schema=HIT)
    kept = (record.lines(), record.held(), record.void())
    own = any_of(of_lines(Scope(lines=ids)))
    told = [rows.filter(own).select("carrier", id="line_id", called="description") for rows in kept]
    return _as_hits(pl.concat(told), "line")


def _findings(record: Record, asked: Spelt) -> pl.DataFrame:
    """Return the finding a text is the id of (`HIT`); no table is read for any other text."""
    if not is_finding(asked):
        return pl.DataFrame(schema=HIT)
    own = record.findings().filter(squeezed(pl.col("finding_id")) == asked.key)
    words = pl.col("code").replace({code.name: code.words for code in CODES})
    return _as_hits(own.select("carrier", id="finding_id", called=words), "finding")


def _as_hits(rows: pl.LazyFrame, kind: str) -> pl.DataFrame:
    told = rows.with_columns(kind=pl.lit(kind), by=pl.lit(kind), exact=pl.lit(True))
    return told.select(HIT.names()).sort("id").collect()
