"""The stage that makes claims of findings."""

from __future__ import annotations

import polars as pl

from invoices.schema import FINDINGS
from rebill.disputes import waivers
from rebill.disputes.assign import EVENTS, Found, Terms, claim
from rebill.disputes.claims import freeze, written_lines
from rebill.run.deadlines import papers
from rebill.run.keep import keep_findings, take_out
from rebill.run.night import Night
from rebill.run.stages import (
    Claim,
)
from rebill.store import (
    insert_frame,
    models,
    next_numbers,
    write_rows,
)
from rebill.store.record import KEPT_FINDINGS
from rebill.workspace.forms import forms_for
from rebill.workspace.settings import ConfigError
from reconcile.claims.life import UNFILED


def claim_findings(night: Night, stage: Claim) -> None:
    """Leave the run's findings on record with their claims; states follow the day of the run."""
    record = night.record
    if stage.as_of is None:
        raise ConfigError("claims need a day: give --as-of")
    claims = record.claims()
    turned = waivers.turn(night, claims, stage.as_of)
    free = night.found.join(turned.aside, on="finding_id", how="anti")
    night.found = pl.concat([free, turned.back.select(FINDINGS.names())])
    night.replaced = pl.concat([night.replaced, turned.out])
    open_ones = claims.filter(pl.col("status").is_in(UNFILED))
    documents = record.counted()
    # A claim may hold several months: those of all unfiled claims are at hand.
    standing = (
        record.scan("findings", KEPT_FINDINGS)
        .join(open_ones.lazy().select("claim_no"), on="claim_no", how="semi")
        .select(KEPT_FINDINGS.names())
        .collect()
    )
    written = written_lines(record).join(turned.back, on="finding_id", how="anti")
    outcome = claim(
        Found(night.found, night.replaced, standing, written),
        claims,
        Terms(
            papers(night, documents, record.debits()),
            night.contracts,
            night.reference["services"].select("service", "state", "product").collect(),
            forms_for(record.workspace, night.contracts),
        ),
        stage.as_of,
        lambda count: [f"D-{n:06d}" for n in next_numbers(record.connection, "claims", count)],
    )
    write_rows(record.connection, models.Claim, outcome.claims)
    insert_frame(record.connection, models.ClaimEvent, outcome.events.select(EVENTS.names()))
    kept = KEPT_FINDINGS.names()
    unclaimed = pl.concat([turned.aside, turned.out]).with_columns(
        claim_no=pl.lit(None, dtype=pl.String)
    )
    night.waived = unclaimed["finding_id"].to_list()
    night.kept = pl.concat([outcome.findings.select(kept), unclaimed.select(kept)])
    take_out(night, outcome.moved)
    keep_findings(night, pl.concat([night.kept, outcome.moved.select(kept)]).sort("finding_id"))
    over = outcome.claims.filter(~pl.col("status").is_in(UNFILED))
    freeze(record, over["claim_no"])
    night.claims = outcome.claims["claim_no"].to_list()
    night.count("findings", night.kept.height)
    night.count("claims new or changed", outcome.claims.height)
    night.total("at stake", night.kept["amount_at_stake"])
