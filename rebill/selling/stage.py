"""The stage that sells: carrier lines priced for customers, credits passed on, drafts rebuilt.

Documents audited in this run are priced; whole months where a rule needs all of a month, or where
they are asked for. What no carrier line carries is made anew for each month
(`rebill.selling.made_lines`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import sqlalchemy as sa

from invoices.schema import FINDINGS, RATE, among, empty, seal
from rebill.pricing.credits import CHARGED, PARTS, credit_lines, parts_of, turned, turned_back
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.run.keep import keep, keep_findings, take_files
from rebill.run.outcomes import LinesPriced, Outcomes
from rebill.run.run import Run
from rebill.run.stages import Hold, Price
from rebill.selling import drafts, holds, made_lines
from rebill.selling.prices import Prices
from rebill.store import live_bulk, read_frame, scan_files
from rebill.store.frames import MONTH, in_months, of, one_of
from rebill.store.models import REFERENCE, Document
from rebill.store.record import CREDIT_PARTS, KEPT_FINDINGS, Record, documents_named
from reconcile.audit.repeats import duplicates
from reconcile.audit.repeats.undone_charges import COLUMNS, allocate
from reconcile.schema import AUDITED

A_PORTION = 200_000
"""So many lines are priced at a time, in memory."""


def price_lines(run: Run, stage: Price, so_far: Outcomes) -> LinesPriced | None:
    """Leave customer lines for the documents of this run, and the draft invoices they make."""
    record = run.record
    gone, audited = so_far.months_left, so_far.audited
    if not audited and gone.is_empty() and not stage.months:
        return None
    prices = Prices(run.reference, run.load_id)
    whole = set(stage.months)
    if prices.counts_whole_months:
        whole |= set(documents_named(record, audited).select(MONTH).to_series())
    fresh = pl.col("document_id").is_in(audited)
    own = record.documents(
        Document.audited_load.is_not(None),
        Document.status == "loaded",
        one_of(record.connection, Document.document_id, audited)
        | in_months(Document.bill_date, whole),
    )
    again = own.filter(~fresh | pl.col("document_id").is_in(so_far.touched))
    months = sorted({*own.select(MONTH).to_series(), *gone["bill_month"], *stage.months})
    _forget_missing(run, again.filter(~fresh))
    kept = _take_back(run, again, gone, so_far.gone["document_id"].unique())
    if kept is not None:
        _keep_lines(run, kept)
    lines = of(record.audited(months), own["document_id"])
    together = [lines] if prices.counts_whole_months else _portions(run, months, own)
    without = []
    for portion in together:
        rated = prices.rate(portion)
        _keep_lines(run, rated.customer_lines.collect())
        without.append(rated.findings.select(FINDINGS.names()).collect())
    keep_findings(run, pl.concat([empty(FINDINGS), *without]))
    credits, parts = credits_of(record, prices, lines)
    if parts.height:
        _keep_lines(run, credits)
        keep(run, CREDIT_PARTS, parts.select(PARTS.names()).lazy())
    months, problems = made_lines.make(run, prices, months)
    changed = drafts.rebuild(record, run.reference, months, problems, run.as_of)
    held = changed.filter(pl.col("status") == "draft", pl.col("hold").is_not_null())
    if held.height:
        run.count("customer invoices held", held.height)
    run.count("customer invoices new or changed", changed.height)
    run.total("invoiced", changed["total"])
    return LinesPriced(tuple(changed["invoice_no"]))


def hold_drafts(run: Run, stage: Hold, so_far: Outcomes) -> None:
    """Leave drafts held by lines of another class than their code, or let go, as waivers hold."""
    holds.renew_differing(run.record, run.as_of)


def _portions(run: Run, months: list[str], documents: pl.DataFrame) -> Iterator[pl.LazyFrame]:
    """Yield the audited lines of documents, as many files at a time as are held at once."""
    record = run.record
    files = live_bulk(record.connection, "audited", months=months)
    total = int(files["rows"].sum())
    portion = (pl.col("rows").cum_sum() - 1) // A_PORTION
    for _, some in files.with_columns(portion=portion).group_by("portion", maintain_order=True):
        yield of(scan_files(record.workspace, some, AUDITED), documents["document_id"])
        run.log.advance(int(some["rows"].sum()), total, "lines")


def _keep_lines(run: Run, lines: pl.LazyFrame | pl.DataFrame) -> None:
    keep(run, "customer_lines", lines, month=pl.col("bill_month"))


def _take_back(
    run: Run, again: pl.DataFrame, left: pl.DataFrame, gone: pl.Series
) -> pl.LazyFrame | None:
    """Take the customer lines of documents that are priced again, or are gone, off the record;
    return the other lines of their carriers and months, to be written again, if there are any."""
    months = pl.concat([again.select("carrier", bill_month=MONTH), left]).unique()
    if months.is_empty():
        return None
    other = pl.concat([again["document_id"], gone])
    document_id = pl.col("line_id").str.replace(r"-\d+$", "")
    theirs = among(document_id, other)
    parts = take_files(run, CREDIT_PARTS, months, PARTS).filter(~theirs).collect()
    if parts.height:
        keep(run, CREDIT_PARTS, parts.lazy())
    return take_files(run, "customer_lines", months, CUSTOMER_LINES).filter(~theirs)


def _forget_missing(run: Run, again: pl.DataFrame) -> None:
    """Take `markup_missing` of documents that are priced again without an audit off the record."""
    if again.is_empty():
        return
    months = again.select("carrier", bill_month=MONTH).unique()
    found = take_files(run, "findings", months, KEPT_FINDINGS).collect()
    theirs = among("document_id", again["document_id"])
    keep_findings(run, found.filter(~(theirs & (pl.col("code") == "markup_missing"))))


# --- credits ----------------------------------------------------------------------------------


def credits_of(
    record: Record,
    prices: Prices,
    lines: pl.LazyFrame,
    fresh: pl.LazyFrame | None = None,
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """Return customer lines for what customers get back of the credits among `lines` (`AUDITED`),
    and what became of each part of them (`rebill.pricing.credits.PARTS`).

    Charges count as they are in `fresh`, else as issued, else as drafted.
    """
    credits = lines.filter(pl.col("amount") < 0).collect()
    if credits.is_empty():
        return pl.LazyFrame(schema=CUSTOMER_LINES), pl.DataFrame(schema=PARTS)
    given = _given(record, credits)
    charged = _charged(record, given["line_id"].unique(), fresh)
    parts = parts_of(credits, given, charged, prices.customers)
    passed = credit_lines(credits, parts).with_columns(
        priced_load=pl.lit(prices.load_id, dtype=pl.Int64)
    )
    rest = parts.filter(pl.col("why") == "priced").select("line_id", "given", "customer")
    anew = prices.rate(
        turned(
            credits.lazy()
            .drop("amount", "customer")
            .join(rest.lazy(), on="line_id")
            .with_columns(amount=-pl.col("given"))
            .select(AUDITED.names())
        )
    )
    return pl.concat([passed.lazy(), turned_back(anew.customer_lines)]), parts


def _given(record: Record, credits: pl.DataFrame) -> pl.DataFrame:
    """Return what all credits of the services and codes of `credits` give back, with the amount of
    each charge (`billed`)."""
    items = credits.select("service", "usoc").drop_nulls().unique()
    pool = (
        duplicates.columns(record.audited())
        .join(items.lazy(), on=["service", "usoc"], how="semi")
        .select(COLUMNS)
        .collect()
    )
    billed = pool.select("line_id", billed="amount")
    return allocate(pool).join(billed, on="line_id")


def _charged(record: Record, charges: pl.Series, fresh: pl.LazyFrame | None) -> pl.DataFrame:
    """Return how charges stand on invoices (`CHARGED`)."""
    wanted = pl.LazyFrame({"line_id": charges.cast(pl.String)})

    def named(lines: pl.LazyFrame) -> pl.DataFrame:
        own = lines.join(wanted, on="line_id", how="semi")
        return (
            own.filter(pl.col("kind").fill_null("charge") == "charge")
            .select(CUSTOMER_LINES.names())
            .collect()
        )

    asked = record.issued_lines().join(wanted, on="line_id", how="semi")
    held = record.lines_held(lines=asked).select("customer", "bill_month", line_id="held")
    issued = named(
        asked.filter(~pl.col("invoice_no").is_in(record.credit_notes())).join(
            held.lazy(), on=["customer", "bill_month", "line_id"], how="semi"
        )
    )
    found = pl.DataFrame(schema=CUSTOMER_LINES)
    drafted = named(record.scan("customer_lines", CUSTOMER_LINES))
    for lines in (*([named(fresh)] if fresh is not None else []), issued, drafted):
        new = lines.unique("line_id", keep="last", maintain_order=True)
        found = pl.concat([found, new.join(found, on="line_id", how="anti")])
    values = _values(record, found["markup_row"])
    return seal(found.join(values, on="markup_row", how="left"), CHARGED)


def _values(record: Record, rows: pl.Series) -> pl.DataFrame:
    """Return markup_row and value of markup rows of whatever version."""
    table: Any = REFERENCE["markups"]
    wanted = rows.drop_nulls().unique().to_list()
    found = read_frame(record.connection, sa.select(table.c.row_id, table.c.value))
    return found.filter(pl.col("row_id").is_in(wanted)).select(
        markup_row="row_id", value=pl.col("value").cast(RATE)
    )
