"""Findings that are waived leave their unfiled claim; those that are no longer waived come back."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import polars as pl

from invoices.schema import among, seal
from rebill.run.acts import Reopen, Waive
from rebill.run.keep import note_each, take_out
from rebill.run.outcomes import Outcomes
from rebill.run.run import Run
from rebill.store.decisions import decisions
from rebill.store.record import KEPT_FINDINGS, Record
from rebill.workspace.settings import ConfigError
from reconcile.audit.waivers import WAIVERS, active, waived
from reconcile.claims.moves import UNFILED


class Turned(NamedTuple):
    """What waivers do to the findings a run deals with (`KEPT_FINDINGS`)."""

    out: pl.DataFrame
    """Taken out of unfiled claims: they are kept without one."""
    back: pl.DataFrame
    """Waived no longer: they are claimed like new ones."""
    aside: pl.DataFrame
    """Found in this run and waived: they are not claimed."""
    waivers: pl.DataFrame
    """What holds on the day of the run (`reconcile.audit.waivers.WAIVERS`)."""


def waive(run: Run, stage: Waive, so_far: Outcomes) -> None:
    """Record that findings, or a kind of finding, are not claimed.

    Raises ConfigError naming every finding that does not exist or whose claim the carrier knows.
    """
    if stage.until is not None and stage.until <= stage.act.on:
        raise ConfigError(f"--until {stage.until} is not after the day of the act, {stage.act.on}")
    known = _named(run.record, stage.findings)
    faults = [f"there is no finding {name}" for name in _absent(stage.findings, known)]
    unfiled = run.record.claims().filter(pl.col("status").is_in((*UNFILED, "withdrawn")))
    filed = known.filter(pl.col("claim_no").is_not_null()).join(unfiled, on="claim_no", how="anti")
    faults += [
        f"{name} is part of claim {number}, which is past waiving: withdraw the claim instead"
        for name, number in filed.sort("finding_id").select("finding_id", "claim_no").iter_rows()
    ]
    if faults:
        raise ConfigError("; ".join(faults))
    if stage.exempt is not None:
        kind = stage.exempt
        about = {"code": kind.code, "carrier": kind.carrier, "service": kind.service}
        _add(run, "waive", stage, [{**about, "usoc": kind.usoc, "holds_until": stage.until}])
        return
    rows = [{"subject": name, "holds_until": stage.until} for name in stage.findings]
    _add(run, "waive", stage, rows)


def reopen(run: Run, stage: Reopen, so_far: Outcomes) -> None:
    """Record that waivers hold no longer.

    Raises ConfigError naming every finding that is not waived by name, and every decision that is
    no waiver in force.
    """
    now = active(decisions(run.record), stage.act.on)
    exceptions = now.filter(pl.col("finding_id").is_null())["decision"].to_list()
    by_name = now.filter(pl.col("finding_id").is_in(list(stage.findings)))
    covered = waived(_named(run.record, stage.findings).lazy(), now).collect()
    by_kind = dict(covered.select("finding_id", "waived_by").iter_rows())
    faults = [
        f"{name} is waived by the standing exception {by_kind[name]}: reopen that"
        if by_kind.get(name) is not None
        else f"{name} is not waived"
        for name in _absent(stage.findings, by_name)
    ]
    faults += [
        f"decision {number} is no standing exception in force"
        for number in stage.decisions
        if number not in exceptions
    ]
    if faults:
        raise ConfigError("; ".join(faults))
    rows = [
        {"subject": name, "ends": number}
        for name, number in by_name.select("finding_id", "decision").iter_rows()
    ]
    rows += [{"ends": number} for number in stage.decisions]
    _add(run, "reopen", stage, rows)


def turn(run: Run, claims: pl.DataFrame, so_far: Outcomes, as_of: dt.date) -> Turned:
    """Return what the waivers that hold on a day do, with `out` and `back` taken off the record.

    Findings of claims the carrier knows stay as they are: what was filed is evidence. What grows
    beyond it is not claimed while they are waived.
    """
    acts = decisions(run.record)
    nothing = pl.DataFrame(schema=KEPT_FINDINGS)
    if acts.filter(pl.col("act") == "waive").is_empty():
        return Turned(nothing, nothing, nothing, WAIVERS.to_frame())
    last = run.record.fact("night.as_of")
    earlier = acts.filter(pl.col("run_id") < run.run_id)
    before = active(earlier, dt.date.fromisoformat(last) if last else as_of)
    now = active(acts, as_of)
    unfiled = claims.filter(pl.col("status").is_in(UNFILED))["claim_no"]
    standing = run.record.scan("findings", KEPT_FINDINGS).filter(
        pl.col("reason").is_not_null(), pl.col("amount_at_stake") > 0
    )
    marked = (
        waived(standing, before)
        .rename({"waived_by": "was"})
        .drop("waived_until")
        .pipe(waived, now)
        .filter(pl.col("was").is_not_null() | pl.col("waived_by").is_not_null())
        .collect()
    )
    held = pl.col("waived_by").is_not_null()
    out = marked.filter(held, among("claim_no", unfiled))
    back = marked.filter(~held, pl.col("claim_no").is_null())
    columns = KEPT_FINDINGS.names()
    moved = pl.concat([out, back]).select(columns)
    take_out(run, moved)
    aside = waived(so_far.found.lazy(), now).filter(pl.col("waived_by").is_not_null())
    parts = (out.select(columns), back.select(columns), seal(aside, KEPT_FINDINGS).collect())
    return Turned(*parts, now)


def _named(record: Record, names: tuple[str, ...]) -> pl.DataFrame:
    """Return the findings on record that have these names."""
    wanted = pl.LazyFrame({"finding_id": list(names)}, schema={"finding_id": pl.String})
    return record.findings().join(wanted, on="finding_id", how="semi").collect()


def _absent(names: tuple[str, ...], known: pl.DataFrame) -> list[str]:
    return sorted(set(names) - set(known["finding_id"]))


def _add(run: Run, word: str, stage: Waive | Reopen, rows: list[dict[str, Any]]) -> None:
    note_each(run, word, stage.act, rows)
    run.count(f"{word}d" if word == "waive" else f"{word}ed", len(rows))
