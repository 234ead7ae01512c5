"""What a night leaves word of: its files, its promised papers, its news."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from rebill.cash.bank_files import REFUSED, WAITING
from rebill.intake import arrivals
from rebill.night.job import Job, mark
from rebill.outbox.deliver import DIGEST, Delivery
from rebill.run.acts import Decision
from rebill.run.night import Night
from rebill.run.stages import Deliver, ReadBank, ReadFile
from rebill.store import (
    note_file,
)


def _note_files(night: Night, job: Job) -> None:
    """Record every file that was found, and what became of it."""
    connection, plan = night.record.connection, night.plan
    for stage in plan.stages:
        if isinstance(stage, ReadFile):
            became = night.became.get(stage.name, "nothing")
            words = {word.split()[-1] for word in became.split(", ")}
            outcome = (
                arrivals.WAITING
                if stage.name in night.waiting
                else "repeated"
                if words == {"repeated"}
                else "refused"
                if words == {"refused"}
                else "ingested"
            )
            note_file(
                connection,
                night.run_id,
                stage.name,
                outcome,
                size=stage.size,
                sha256=stage.sha256,
                note=became,
            )
        if isinstance(stage, ReadBank):
            note_file(
                connection,
                night.run_id,
                stage.name,
                night.bank_became.get(stage.name, REFUSED),
                size=stage.size,
                sha256=stage.sha256,
                note=night.became.get(stage.name),
            )
    for seen in plan.passed_over:
        if seen.left not in ("known", arrivals.OPENED):
            night.log.warning("passed over", file=seen.name, reason=seen.left)
        outcome = seen.left if seen.left in ("known", "growing", WAITING) else "skipped"
        outcome = "ingested" if seen.left == arrivals.OPENED else outcome
        note_file(
            connection,
            night.run_id,
            seen.name,
            outcome,
            size=seen.size or None,
            sha256=seen.sha256,
            note=seen.left,
        )


def _promise(night: Night, job: Job) -> Delivery | None:
    """Keep in the record what is to be delivered, and the news of the night for its digest."""
    stages = [stage for stage in night.plan.stages if isinstance(stage, Deliver)]
    if not stages:
        return None
    record = night.record
    claims = record.claims().filter(pl.col("claim_no").is_in(night.claims))
    bills = record.customer_invoices().filter(pl.col("invoice_no").is_in(night.invoices))
    months = set(claims["bill_month"]) | set(bills["bill_month"]) | set(stages[0].months)
    record.say("night.undelivered", ",".join(sorted(months | {DIGEST})))
    if night.plan.stages != (stages[0],):
        record.say("night.mark", mark(record, job.as_of))
        # The morning's news are the night's, whatever people decide in the course of the day.
        if not any(isinstance(stage, Decision) for stage in night.plan.stages):
            record.say("night.news", json.dumps(_news(night), default=str))
        if job.as_of is not None:
            record.say("night.as_of", job.as_of.isoformat())
    return Delivery(night.claims, night.invoices, stages[0].months)


def _news(night: Night) -> dict[str, list[dict[str, Any]]]:
    """Return what came this night and the money it put at stake, as plain data."""
    read: list[ReadFile | ReadBank] = [*night.intake.reads]
    read += [one.stage for one in night.bank_reads]
    findings = night.kept.filter(
        ~pl.col("document_id").is_in(night.touched), pl.col("amount_at_stake") > 0
    )
    sums = {"count": pl.len().cast(pl.Int64), "amount": pl.col("amount_at_stake").sum()}
    unclaimed = pl.col("claim_no").is_null() & pl.col("reason").is_not_null()
    unclaimed &= ~pl.col("finding_id").is_in(night.waived)
    return {
        "came": [
            {
                "name": stage.name,
                "size": stage.size,
                "sha256": stage.sha256,
                "became": night.became.get(stage.name, ""),
            }
            for stage in read
        ]
        + [
            {"name": seen.name, "size": seen.size, "sha256": None, "became": f"left: {seen.why()}"}
            for seen in night.plan.passed_over
            if seen.left != "known"
        ],
        "stakes": findings.group_by("code").agg(**sums).sort("code").to_dicts(),
        "small": findings.filter(unclaimed)
        .group_by("code", "cause")
        .agg(**sums)
        .sort("code", "cause")
        .to_dicts(),
    }
