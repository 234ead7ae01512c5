"""What a night leaves word of: its files, its promised papers, its news."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from invoices.schema import empty
from rebill.cash.bank_files import REFUSED, WAITING
from rebill.intake import arrivals
from rebill.night.job import mark
from rebill.night.seen import AGAIN
from rebill.outbox import undelivered
from rebill.outbox.deliver import DIGEST, Delivery
from rebill.run.acts import Decision
from rebill.run.outcomes import (
    BankRead,
    DocumentsSettled,
    FileLeft,
    FileRead,
    FindingsClaimed,
    LinesPriced,
    Outcomes,
    PullsMatched,
)
from rebill.run.run import Run
from rebill.run.stages import Deliver, ReadBank, ReadFile, Seen
from rebill.store import note_file
from rebill.store.frames import one_of
from rebill.store.models import Claim, CustomerInvoice
from rebill.store.record import KEPT_FINDINGS


def note_files(run: Run, so_far: Outcomes) -> None:
    """Record every file that was found, and what became of it."""
    became = so_far.became
    came, matched = so_far.last(DocumentsSettled), so_far.last(PullsMatched)
    waiting = frozenset() if came is None else came.waiting
    banks = {} if matched is None else matched.outcomes
    left = {one.stage.name: one.left for one in so_far.every(FileLeft)}
    again = {one.stage.name: one.again for one in so_far.every(FileRead) if one.again}
    again |= {one.stage.name: one.again for one in so_far.every(BankRead) if one.again}
    for stage in run.plan.stages:
        if isinstance(stage, ReadFile | ReadBank) and stage.name in left:
            _pass_over(run, Seen(stage.name, stage.size, left=left[stage.name]))
        elif isinstance(stage, ReadFile):
            words = became.get(stage.name, "nothing")
            outcome = arrivals.WAITING if stage.name in waiting else _outcome(words)
            _note(run, stage, outcome, words, again.get(stage.name))
        elif isinstance(stage, ReadBank):
            outcome = banks.get(stage.name, REFUSED)
            _note(run, stage, outcome, became.get(stage.name), again.get(stage.name))
    for seen in run.plan.passed_over:
        _pass_over(run, seen)


def _pass_over(run: Run, seen: Seen) -> None:
    """Record a file that was not read, and say so."""
    if seen.left not in ("known", arrivals.OPENED):
        run.log.warning("passed over", file=seen.name, reason=seen.left)
    outcome = seen.left if seen.left in ("known", "growing", WAITING) else "skipped"
    outcome = {arrivals.OPENED: "ingested", "changed": "growing"}.get(seen.left or "", outcome)
    note_file(
        run.record.connection,
        run.run_id,
        seen.name,
        outcome or "skipped",
        size=seen.size or None,
        sha256=seen.sha256,
        note=seen.left,
    )


def _note(
    run: Run, stage: ReadFile | ReadBank, outcome: str, words: str | None, again: str | None
) -> None:
    """Record what became of a file that was read, and under what it could not be."""
    words = f"{words or ''}{AGAIN}{again}" if again else words
    note_file(
        run.record.connection,
        run.run_id,
        stage.name,
        outcome,
        size=stage.size,
        sha256=stage.sha256,
        note=words,
    )


def _outcome(became: str) -> str:
    """Return what became of a carrier file, in the word that the record of runs keeps."""
    words = {word.split()[-1] for word in became.split(", ")}
    return next((word for word in ("repeated", "refused") if words == {word}), "ingested")


def promise(run: Run, so_far: Outcomes) -> Delivery | None:
    """Keep in the record what is to be delivered, and the news of the night for its digest."""
    stages = [stage for stage in run.plan.stages if isinstance(stage, Deliver)]
    if not stages:
        return None
    record = run.record
    claimed = [number for one in so_far.every(FindingsClaimed) for number in one.claims]
    priced = [number for one in so_far.every(LinesPriced) for number in one.invoices]
    claims = record.claims(one_of(record.connection, Claim.claim_no, claimed))
    bills = record.customer_invoices(one_of(record.connection, CustomerInvoice.invoice_no, priced))
    months = set(claims["bill_month"]) | set(bills["bill_month"]) | set(stages[0].months)
    record.say(undelivered.MONTHS, ",".join(sorted(months | {DIGEST})))
    if run.plan.stages != (stages[0],):
        record.say("night.mark", mark(record, run.as_of))
        # The morning's news are the night's, whatever people decide in the course of the day.
        if not any(isinstance(stage, Decision) for stage in run.plan.stages):
            record.say("night.news", json.dumps(_news(run, so_far), default=str))
        if run.as_of is not None:
            record.say("night.as_of", run.as_of.isoformat())
    return Delivery(claimed, priced, stages[0].months)


def _news(run: Run, so_far: Outcomes) -> dict[str, Any]:
    """Return what came this night and the money it put at stake, as plain data."""
    claimed = so_far.last(FindingsClaimed)
    kept = empty(KEPT_FINDINGS) if claimed is None else claimed.kept
    waived = () if claimed is None else claimed.waived
    findings = kept.filter(
        ~pl.col("document_id").is_in(so_far.touched), pl.col("amount_at_stake") > 0
    )
    sums = {"count": pl.len().cast(pl.Int64), "amount": pl.col("amount_at_stake").sum()}
    unclaimed = pl.col("claim_no").is_null() & pl.col("reason").is_not_null()
    unclaimed &= ~pl.col("finding_id").is_in(list(waived))
    before = json.loads(run.record.fact("night.news") or "{}")
    return {
        # What was refused up to the night before was told then.
        "told": before.get("run", 0),
        "run": run.run_id,
        "came": _came(run, so_far),
        "stakes": findings.group_by("code").agg(**sums).sort("code").to_dicts(),
        "small": findings.filter(unclaimed)
        .group_by("code", "cause")
        .agg(**sums)
        .sort("code", "cause")
        .to_dicts(),
    }


def _came(run: Run, so_far: Outcomes) -> list[dict[str, Any]]:
    """Return the files of the night, carriers' and then banks', and those that were left."""
    became = so_far.became
    read: list[ReadFile | ReadBank] = [one.stage for one in so_far.every(FileRead)]
    read += [one.stage for one in so_far.every(BankRead)]
    came = [
        {
            "name": stage.name,
            "size": stage.size,
            "sha256": stage.sha256,
            "became": became.get(stage.name, ""),
        }
        for stage in read
    ]
    left = [
        {"name": seen.name, "size": seen.size, "sha256": None, "became": f"left: {seen.why()}"}
        for seen in (*run.plan.passed_over, *_left(so_far))
        if seen.left != "known"
    ]
    return came + left


def _left(so_far: Outcomes) -> list[Seen]:
    """Return the files that were not there as they had been seen."""
    gone = so_far.every(FileLeft)
    return [Seen(one.stage.name, one.stage.size, left=one.left) for one in gone]
