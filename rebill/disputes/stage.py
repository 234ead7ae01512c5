"""The stage that makes claims of findings."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from invoices.schema import FINDINGS, among
from rebill.disputes import waivers
from rebill.disputes.assign import EVENTS, Claimed, Found, Terms, claim
from rebill.disputes.held_by_claims import freeze, written_lines, written_sums
from rebill.disputes.waivers import Turned
from rebill.run.deadlines import dated
from rebill.run.keep import keep_findings, take_out
from rebill.run.outcomes import FindingsClaimed, Outcomes
from rebill.run.run import Run
from rebill.run.stages import Claim
from rebill.store import insert_frame, models, models_disputes, next_numbers, write_rows
from rebill.store.frames import one_of
from rebill.store.record import COUNTED, KEPT_FINDINGS, documents_named
from rebill.workspace.forms import forms_for
from rebill.workspace.settings import ConfigError
from reconcile.audit.waivers import waived
from reconcile.claims.growth import of_line
from reconcile.claims.moves import UNFILED


def claim_findings(run: Run, stage: Claim, so_far: Outcomes) -> FindingsClaimed:
    """Leave the run's findings on record with their claims; states follow the day of the run."""
    if stage.as_of is None:
        raise ConfigError("claims need a day: give --as-of")
    record = run.record
    # What left our hands is no claim any more that a finding changes: the open ones are enough.
    claims = record.claims(models.Claim.status.in_(UNFILED))
    _freeze_older(run, so_far)
    turned = waivers.turn(run, claims, so_far, stage.as_of)
    found = _found(run, claims, turned, so_far)
    dealt_with = (found.new, found.waived, found.standing, found.settled)
    documents = pl.concat([part["document_id"] for part in dealt_with]).unique()
    outcome = claim(
        found,
        claims,
        _terms(run, documents),
        stage.as_of,
        lambda count: [f"D-{n:06d}" for n in next_numbers(record.connection, "claims", count)],
    )
    return _keep(run, outcome)


def _found(run: Run, claims: pl.DataFrame, turned: Turned, so_far: Outcomes) -> Found:
    """Return the findings that make claims: of this run, taken back, standing and settled ones."""
    record = run.record
    columns = FINDINGS.names()
    free = so_far.found.join(turned.aside, on="finding_id", how="anti")
    new = pl.concat([free, turned.back.select(columns)])
    aside = pl.concat([part.select(columns) for part in (turned.aside, turned.out)])
    in_unfiled = among("claim_no", claims["claim_no"]).fill_null(False)
    kept = record.scan("findings", KEPT_FINDINGS)
    lines = _in_question(kept, written_sums(record), pl.concat([new, aside]))
    # A claim may hold several months: those of all unfiled claims are at hand.
    known = (
        kept.filter(in_unfiled | among(of_line(), lines)).select(KEPT_FINDINGS.names()).collect()
    )
    settled = waived(known.filter(~in_unfiled).lazy(), turned.waivers).collect()
    replaced = pl.concat([so_far.replaced, turned.out])
    dealt_with = [new, aside, replaced.select(columns), known.select(columns)]
    written = written_lines(record, pl.concat(dealt_with))
    return Found(
        new,
        aside,
        replaced,
        known.filter(in_unfiled),
        settled.with_columns(wanted=pl.col("waived_by").is_null()),
        written,
        so_far.reopened,
    )


def _in_question(kept: pl.LazyFrame, held: pl.DataFrame, now: pl.DataFrame) -> pl.Series:
    """Return the lines (`growth.of_line`) of claims that left our hands which are to be weighed.

    Those are the lines of the findings `now`, and those on which more is at stake on record than
    claims hold; `held` says how much that is by line.
    """
    at_stake = (
        kept.select("amount_at_stake", line=of_line())
        .filter(among("line", held["line"]))
        .group_by("line")
        .agg(pl.col("amount_at_stake").sum())
        .collect()
    )
    more = pl.col("amount_at_stake") > pl.col("held")
    grew = held.join(at_stake, on="line").filter(more)
    tonight = held.join(now.select(line=of_line()), on="line", how="semi")
    return pl.concat([grew["line"], tonight["line"]]).unique()


def _freeze_older(run: Run, so_far: Outcomes) -> None:
    """Keep the lines of claims that left our hands before such lines were kept."""
    of = models.Claim
    kept = sa.exists().where(models_disputes.ClaimLine.claim_no == of.claim_no)
    gone = run.record.claims(of.status.not_in(UNFILED), of.amount > 0, ~kept)
    freeze(run.record, gone["claim_no"], so_far.replaced)


def _terms(run: Run, documents: pl.Series) -> Terms:
    """Return what claims of documents are made by: days, contracts, services, forms."""
    record = run.record
    named = documents_named(record, documents)
    pulls = record.debits(one_of(record.connection, models.Debit.document_id, documents))
    return Terms(
        dated(run, named.filter(pl.col("status").is_in(COUNTED)), pulls),
        run.contracts,
        run.reference["services"].select("service", "state", "product").collect(),
        forms_for(record.workspace, run.contracts),
    )


def _keep(run: Run, outcome: Claimed) -> FindingsClaimed:
    """Write claims, what happened to them, and the findings with their claims."""
    connection = run.record.connection
    write_rows(connection, models.Claim, outcome.claims)
    insert_frame(connection, models.ClaimEvent, outcome.events.select(EVENTS.names()))
    kept = pl.concat([outcome.findings, outcome.unclaimed])
    take_out(run, outcome.moved)
    keep_findings(run, pl.concat([kept, outcome.moved]).sort("finding_id"))
    over = outcome.claims.filter(~pl.col("status").is_in(UNFILED))
    freeze(run.record, over["claim_no"])
    run.count("findings", kept.height)
    run.count("claims new or changed", outcome.claims.height)
    run.total("at stake", kept["amount_at_stake"])
    return FindingsClaimed(
        tuple(outcome.claims["claim_no"]), kept, tuple(outcome.unclaimed["finding_id"])
    )
