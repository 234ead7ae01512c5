"""Which documents an audit must look at, in which order, and with which reference tables.

New documents are audited with the current reference tables. A document audited before is looked at
again only where a late one concerns it, and then with the tables it was audited with.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from invoices.schema import FINDINGS, LINES
from rebill.judging.late_charges import late_verdicts
from rebill.judging.moves import exchanges, sharing
from rebill.run.outcomes import Outcomes
from rebill.run.run import Run
from rebill.store import leave_bulk, scan_files
from rebill.store.frames import MONTH, not_of, of
from rebill.store.record import documents_named
from rebill.workspace import write
from rebill.workspace.write import STAGED
from reconcile.audit import late_charges
from reconcile.audit.audit import Split, Work, audit
from reconcile.audit.match import LOOKED_AT, match
from reconcile.schema import AUDITED

AT_ONCE = 1_250_000
"""So many lines are judged at a time, in memory: to split a night costs a third of its audit."""
A_SHARE = 800_000
"""So many lines a share of a night has that is split, where memory holds what it took to split."""
A_BATCH = 150_000
"""So many lines are matched at a time where a night is split: they wait on disk for their share, so
that memory does not grow with the night."""


@dataclass(frozen=True)
class Pass:
    """Documents audited together, and what came out."""

    lines: pl.LazyFrame  # AUDITED
    files: pl.DataFrame  # rows of bulk_files: where the lines are, to be named
    findings: pl.DataFrame  # FINDINGS
    months: pl.DataFrame  # carrier, bill_month: those whose month findings are made anew
    month_findings: pl.DataFrame  # FINDINGS


def to_do_again(
    run: Run, so_far: Outcomes, documents: pl.DataFrame, todo: pl.DataFrame, lines: pl.LazyFrame
) -> pl.DataFrame:
    """Return the documents audited before that are looked at again, with the tables to use.

    Those are the ones that new documents, or documents gone since this run, concern, and the others
    of the carrier's month that a document left; each with the tables it was audited with. Those a
    person wants audited again come with the tables of this run.
    """
    asked = so_far.asked
    if asked:
        late = documents.filter(pl.col("audited_load").is_not_null())
        wanted = late.filter(pl.col("document_id").is_in(asked)).with_columns(
            audited_load=pl.lit(run.load_id, dtype=pl.Int64)
        )
        rest = touched(run, documents, todo, lines).join(wanted, on="document_id", how="anti")
        return pl.concat([wanted, rest]).sort("document_id")
    lines_gone = so_far.gone
    gone = documents_named(run.record, lines_gone["document_id"].unique())
    late = touched(
        run,
        documents,
        pl.concat([todo, gone]),
        pl.concat([lines, lines_gone.lazy().select(LINES.names())]),
    )
    month = documents.filter(pl.col("audited_load").is_not_null()).with_columns(bill_month=MONTH)
    same = month.join(so_far.months_left, on=["carrier", "bill_month"], how="semi")
    both = pl.concat([late, same.select(late.columns)])
    return both.unique("document_id").sort("document_id")


def touched(
    run: Run, documents: pl.DataFrame, todo: pl.DataFrame, lines: pl.LazyFrame
) -> pl.DataFrame:
    """Return the documents audited before that the documents `todo` concern.

    Those are documents of the same carrier, of the same bill month or a later one, with a line for
    a service that the new lines are about: only there can a duplicate, a credit, an order, a
    summary or a package reach across. A service that was sold has more than one carrier.
    """
    own = todo.group_by("carrier").agg(first=MONTH.min())
    others = own.join(sharing(run.reference), on="carrier").select("first", carrier="other")
    both = pl.concat([own, others.select(own.columns)])
    first = both.group_by("carrier").agg(pl.col("first").min())
    candidates = (
        documents.filter(pl.col("audited_load").is_not_null())
        .join(first, on="carrier")
        .filter(pl.col("first") <= MONTH)
        .drop("first")
    )
    if candidates.is_empty():
        return candidates
    inventory = run.reference["services"], run.reference["service_accounts"]
    matched = match(lines.select(LOOKED_AT).collect(), *inventory)
    services = matched.lazy().select("service").drop_nulls().unique()
    months = candidates.select(MONTH).to_series().unique().to_list()
    concerned = (
        run.record.audited(months)
        .join(services, on="service", how="semi")
        .select("document_id")
        .unique()
        .collect()
    )
    return candidates.join(concerned, on="document_id", how="semi").sort("document_id")


def audit_all(
    run: Run,
    documents: pl.DataFrame,
    todo: pl.DataFrame,
    late: pl.DataFrame,
    lines: pl.LazyFrame,
) -> list[Pass]:
    """Audit the lines of `todo`, then those of the touched documents `late`, and leave them.

    `documents` are all loaded ones, `lines` (`LINES`) those of `todo`. Touched documents that were
    audited with the current tables join the first pass, others follow, one pass a version.
    """
    before = run.record.audited()
    old = of(before, late["document_id"]).select(LINES.names())
    others = not_of(before, late["document_id"])
    count = int(todo["lines"].sum()) + int(late["lines"].sum())
    split = _splitter(run)
    shares = 1 if count <= AT_ONCE else -(-count // A_SHARE)
    verdicts = late_verdicts(run, [*todo["document_id"], *late["document_id"]])
    passes: list[Pass] = []
    groups = _by_tables(run.load_id, todo, late)
    for position, (load_id, group) in enumerate(groups):
        # A touched document that is still to come stands for what it was found to be before.
        to_come = [other["document_id"] for _, other in groups[position + 1 :]]
        history = [others, *(one.lines for one in passes), *(of(before, ids) for ids in to_come)]
        own = of(pl.concat([lines, old]) if position == 0 else old, group["document_id"])
        pairs = _months_to_tell(group, passes, exchanges(run.reference_at(load_id)))
        month = documents.with_columns(bill_month=MONTH)
        told = month.join(pairs, on=["carrier", "bill_month"], how="semi").drop("bill_month")
        kept = _Kept(run, verdicts, count)
        result = audit(
            own,
            pl.concat([part.select(AUDITED.names()) for part in history]),
            told,
            run.reference_at(load_id),
            run.contracts_at(load_id),
            kept.keep,
            shares,
            split,
        )
        passes.append(
            Pass(
                result.lines,
                pl.concat(kept.files),
                pl.concat([result.findings.select(FINDINGS.names()), *kept.findings]),
                pairs,
                result.month_findings.select(FINDINGS.names()),
            )
        )
    return passes


def _by_tables(
    load_id: int, todo: pl.DataFrame, late: pl.DataFrame
) -> list[tuple[int, pl.DataFrame]]:
    """Return the documents of each pass with the version of its tables, the current one first.

    Say documents A and B are new, C was audited with version 3 (the current one) and D with 2:

        3: A, B, C
        2: D
    """
    current = late.filter(pl.col("audited_load") == load_id)
    rest = late.join(current, on="document_id", how="anti")
    older = sorted(rest.group_by("audited_load"), key=lambda item: item[0][0])
    return [
        (load_id, pl.concat([todo, current])),
        *((int(version[0]), group) for version, group in older),
    ]


def _months_to_tell(
    group: pl.DataFrame, passes: Sequence[Pass], exchanged: pl.DataFrame
) -> pl.DataFrame:
    """Return the carriers and bill months of a pass whose month findings no pass before made.

    With a carrier's month goes that of a carrier it got services from, or gave some to, in it.
    """
    own = group.select("carrier", bill_month=MONTH).unique()
    others = own.join(exchanged, on=["carrier", "bill_month"]).select("bill_month", carrier="other")
    pairs = pl.concat([own, others.select(own.columns)]).unique()
    for one in passes:
        pairs = pairs.join(one.months, on=["carrier", "bill_month"], how="anti")
    return pairs


@dataclass(frozen=True)
class _Kept:
    """Leaves audited lines as files, share by share, with the bank's word on their late charges."""

    run: Run
    verdicts: pl.DataFrame
    count: int
    """Of all lines that are audited."""
    files: list[pl.DataFrame] = field(default_factory=list)
    findings: list[pl.DataFrame] = field(default_factory=list)

    def keep(self, lines: pl.DataFrame) -> pl.LazyFrame:
        """Leave audited lines; return them from there."""
        if not self.verdicts.is_empty():
            self.findings.append(late_charges.findings(lines.lazy(), self.verdicts))
            lines = late_charges.judged(lines.lazy(), self.verdicts).collect()
        record = self.run.record
        where = record.workspace, record.connection
        left = leave_bulk(*where, "audited", lines.select(AUDITED.names()), self.run.run_id)
        self.files.append(left)
        self.run.log.advance(lines.height, self.count, "lines")
        return scan_files(record.workspace, left, AUDITED)


def _splitter(run: Run) -> Split:
    """Return how the audit splits many lines: as Parquet, so many at a time."""
    counter = itertools.count()
    folder = run.record.workspace.lines / STAGED

    def split(lines: pl.LazyFrame, work: Work, share: pl.Expr, shares: int) -> list[pl.LazyFrame]:
        done = (work(some) for some in lines.collect_batches(chunk_size=A_BATCH))
        return write.spool_shares(folder / f"{next(counter)}-shares", done, share, shares)

    return split
