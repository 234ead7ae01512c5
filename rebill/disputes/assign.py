"""A night's findings meet the claims on record: which claim each is part of, and what changes.

A claim the carrier knows stays as it was written; what would change it is marked on it. An unfiled
claim follows its findings, and a key that has none gets a new one. No effects: numbers are asked
of the caller.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import FINDINGS, columns_of
from invoices.text import filled
from reconcile.claims.forms import FormProfile
from reconcile.claims.group import CLAIMS, GROUP, ORDER, group, refresh, with_claim_no
from reconcile.claims.moves import UNFILED
from reconcile.claims.small_months import SCOPE
from reconcile.contracts import Contract
from reconcile.window import closed_before

KEPT = pl.Schema({"claim_no": pl.String(), **CLAIMS})
EVENTS = pl.Schema(
    {
        "claim_no": pl.String(),
        "at": pl.Date(),
        "who": pl.String(),
        "what": pl.String(),  # prepare, change, expire, withdraw, mark, or a move of a person
        "note": pl.String(),
        "status": pl.String(),  # from then on; null = as before
    }
)
US = "rebill"


@dataclass(frozen=True)
class Claimed:
    """The new findings with their claim, and the claims and events to write."""

    findings: pl.DataFrame  # FINDINGS and claim_no, of the run's own
    moved: pl.DataFrame  # FINDINGS and claim_no: standing ones that are part of another claim now
    claims: pl.DataFrame  # KEPT: new and changed ones, by number
    events: pl.DataFrame  # EVENTS


@dataclass(frozen=True)
class Found:
    """The findings a night deals with."""

    new: pl.DataFrame
    """`FINDINGS` of the documents audited tonight."""
    replaced: pl.DataFrame
    """Findings these documents had before, with claim_no."""
    standing: pl.DataFrame
    """Findings of other documents that are part of an unfiled claim, with claim_no."""
    written: pl.DataFrame
    """[finding_id, claim_no, amount]: lines of claims that left our hands."""


@dataclass(frozen=True)
class Terms:
    """What claims are put together by."""

    documents: pl.DataFrame  # contract, dispute_closes_on and file_by of each
    contracts: list[Contract]
    services: pl.DataFrame  # state and product of each
    forms: Mapping[str, FormProfile]


def claim(
    found: Found,
    claims: pl.DataFrame,
    terms: Terms,
    as_of: dt.date,
    numbers: Callable[[int], list[str]],
) -> Claimed:
    """Return which claim every new finding is part of, and what changes on the record.

    `claims` are all on record. `numbers` gives so many new claim numbers; they are used in order of
    bill month, carrier, account and reason.
    """
    unfiled = claims.filter(pl.col("status").is_in(UNFILED)).with_columns(_known_key())
    known = found.replaced.filter(pl.col("claim_no").is_not_null())
    filed = known.join(unfiled, on="claim_no", how="anti")
    fixed = pl.concat(
        [
            filed.select("finding_id", "claim_no", was="amount_at_stake"),
            _found_again(found),
        ]
    )
    new = found.new.join(fixed, on="finding_id", how="left", maintain_order="left")
    free = new.filter(pl.col("claim_no").is_null()).select(FINDINGS.names())
    ours = _touched(free, known, unfiled, terms, as_of)
    standing = found.standing.join(ours, on="claim_no", how="semi")
    pool = pl.concat([free, standing.select(FINDINGS.names())])
    grouped = group(pool, terms.documents, terms.contracts, as_of, terms.services, terms.forms)
    numbered = _numbered(grouped.claims, ours, numbers)
    named = with_claim_no(grouped.findings, numbered)
    new_names = named.head(free.height)
    moved = (
        named.tail(standing.height)
        .with_columns(was=standing["claim_no"])
        .filter(pl.col("claim_no").ne_missing(pl.col("was")))
    )
    changed = _changed(claims, ours, numbered, as_of)
    kept = new.filter(pl.col("claim_no").is_not_null())
    columns = [*FINDINGS.names(), "claim_no"]
    return Claimed(
        pl.concat([new_names.select(columns), kept.select(columns)]).sort("finding_id"),
        moved.select(columns).sort("finding_id"),
        changed.sort("claim_no"),
        pl.concat([_events(changed, claims, moved, as_of), _marks(fixed, new, as_of)]).sort(
            "claim_no", "what"
        ),
    )


def _changed(
    claims: pl.DataFrame, ours: pl.DataFrame, numbered: pl.DataFrame, as_of: dt.date
) -> pl.DataFrame:
    """Return the claims (`KEPT`) that are new or other than on record.

    Those of `ours` that no finding is left for are withdrawn; states of the others follow the day.
    """
    emptied = ours.join(numbered, on="claim_no", how="anti").with_columns(
        status=pl.lit("withdrawn"),
        amount=ZERO_CENTS,
        findings=pl.lit(0, dtype=pl.Int64),
    )
    rest = claims.join(pl.concat([numbered, emptied.select(KEPT.names())]), "claim_no", "anti")
    expired = refresh(rest, as_of).join(rest, on=["claim_no", "status"], how="anti")
    parts = [numbered, emptied, expired]
    return pl.concat([part.select(KEPT.names()) for part in parts]).join(
        claims.select(KEPT.names()), on=KEPT.names(), how="anti", nulls_equal=True
    )


def _found_again(found: Found) -> pl.DataFrame:
    """Return [finding_id, claim_no, was] of new findings that are written in a claim already.

    A document that was voided and counts again, or a rate that was changed and changed back, brings
    back what the carrier was told of: it is claimed once.
    """
    return (
        found.written.join(found.new, on="finding_id", how="semi")
        .join(found.replaced, on="finding_id", how="anti")
        .sort("claim_no")
        .unique("finding_id", keep="last", maintain_order=True)
        .select("finding_id", "claim_no", was="amount")
    )


def _known_key() -> pl.Expr:
    """Return the key of a claim; one from before claims had keys is about its account."""
    return pl.coalesce("group_key", pl.concat_str(pl.lit("ban="), "ban")).alias("group_key")


def _touched(
    free: pl.DataFrame, known: pl.DataFrame, unfiled: pl.DataFrame, terms: Terms, as_of: dt.date
) -> pl.DataFrame:
    """Return the unfiled claims that a night's findings may change, or the day.

    Those are the claims of the same key as a new finding, whatever their month, those that lost a
    finding, and those of more than a month whose window has closed.
    """
    keys = group(
        free, terms.documents, terms.contracts, as_of, terms.services, terms.forms
    ).claims.select(SCOPE)
    lost = unfiled.join(known, on="claim_no", how="semi").select(SCOPE)
    over = unfiled.filter(closed_before(as_of)).select(SCOPE)
    return unfiled.join(pl.concat([keys, lost, over]).unique(), on=SCOPE, how="semi")


def _numbered(
    claims: pl.DataFrame, unfiled: pl.DataFrame, numbers: Callable[[int], list[str]]
) -> pl.DataFrame:
    """Return claims with the number of the unfiled claim of their key, else a new one."""
    known = claims.join(unfiled.select(*GROUP, "claim_no"), on=list(GROUP), how="left").sort(ORDER)
    missing = known.filter(pl.col("claim_no").is_null())
    given = missing.with_columns(claim_no=pl.Series(numbers(missing.height), dtype=pl.String))
    both = pl.concat([known.filter(pl.col("claim_no").is_not_null()), given])
    return both.select(KEPT.names()).sort("claim_no")


def _events(
    changed: pl.DataFrame, claims: pl.DataFrame, moved: pl.DataFrame, as_of: dt.date
) -> pl.DataFrame:
    """Return what happened to the changed claims."""
    into = (
        moved.filter(pl.col("claim_no").is_not_null())
        .group_by(claim_no="was")
        .agg(into=pl.col("claim_no").unique().sort().str.join(", "))
    )
    before = claims.select("claim_no", status_before="status", amount_before="amount")
    what = (
        pl.when(pl.col("status_before").is_null())
        .then(pl.lit("prepare"))
        .when(pl.col("status") == "withdrawn")
        .then(pl.lit("withdraw"))
        .when((pl.col("status") == "expired") & (pl.col("status_before") != "expired"))
        .then(pl.lit("expire"))
        .otherwise(pl.lit("change"))
    )
    joined = (pl.col("status") == "withdrawn") & pl.col("into").is_not_null()
    what = pl.when(joined).then(pl.lit("join")).otherwise(what)
    note = (
        pl.when(joined)
        .then(filled("its lines are part of {} now", "into"))
        .otherwise(filled("{} for {}", "status", "amount"))
    )
    return (
        changed.join(before, on="claim_no", how="left")
        .join(into, on="claim_no", how="left")
        .with_columns(at=pl.lit(as_of), who=pl.lit(US), what=what, note=note)
        .select(columns_of(EVENTS))
    )


def _marks(fixed: pl.DataFrame, new: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return a mark for each filed claim one of whose findings is gone or has another stake."""
    now = new.select("finding_id", now="amount_at_stake")
    nothing = ZERO_CENTS
    other = fixed.join(now, on="finding_id", how="left").filter(
        pl.col("was") != pl.col("now").fill_null(nothing)
    )
    words = filled("{}: {} at stake now", "finding_id", pl.col("now").fill_null(nothing))
    return (
        other.sort("finding_id")
        .group_by("claim_no")
        .agg(note=words.str.join("; "))
        .with_columns(at=pl.lit(as_of), who=pl.lit(US), what=pl.lit("mark"), status=pl.lit(None))
        .select(columns_of(EVENTS))
    )
