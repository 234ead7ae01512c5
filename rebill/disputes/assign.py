"""A night's findings meet the claims on record: which claim each is part of, and what changes.

A claim the carrier knows stays as it was written; what would change it is marked on it, and what it
lacks of a finding that grew stands in an unfiled one. An unfiled claim follows its findings, and a
key that has none gets a new one. No effects: numbers are asked of the caller.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, FINDINGS, among, columns_of, seal
from invoices.text import filled
from rebill.store.record import KEPT_FINDINGS
from reconcile.claims.forms import FormProfile
from reconcile.claims.group import CLAIMS, GROUP, ORDER, group, refresh, with_claim_no
from reconcile.claims.growth import of_line, unheld
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

    findings: pl.DataFrame  # KEPT_FINDINGS: the run's own
    unclaimed: pl.DataFrame  # KEPT_FINDINGS: waived ones; a claim that holds one is named
    moved: pl.DataFrame  # KEPT_FINDINGS: others whose claim, or what it holds, is another
    claims: pl.DataFrame  # KEPT: new and changed ones, by number
    events: pl.DataFrame  # EVENTS


@dataclass(frozen=True)
class Found:
    """The findings a night deals with."""

    new: pl.DataFrame
    """`FINDINGS` of the documents audited tonight."""
    waived: pl.DataFrame
    """`FINDINGS` that are not to be claimed."""
    replaced: pl.DataFrame
    """Findings these documents had before (`KEPT_FINDINGS`)."""
    standing: pl.DataFrame
    """Findings of other documents that are part of an unfiled claim (`KEPT_FINDINGS`)."""
    settled: pl.DataFrame
    """Others on lines that claims hold which left our hands (`KEPT_FINDINGS`), and whether each is
    `wanted`."""
    written: pl.DataFrame
    """What claims hold that left our hands (`reconcile.claims.growth.HELD`)."""
    reopened: Sequence[str] = ()
    """Claims that are open again: their states follow their findings anew."""


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
    every = _weighed(found)
    nothing = (pl.col("rest") == 0) & pl.col("held_by").is_not_null()
    free = every.filter(
        (pl.col("part") == NEW) | ((pl.col("part") == SETTLED) & (pl.col("rest") > 0)),
        ~nothing,
    )
    was = pl.coalesce("in_claim", "amount_at_stake")
    other = every.filter(pl.col("part") == STANDING, pl.col("rest") != was)
    again = pl.DataFrame({"claim_no": list(found.reopened)}, schema={"claim_no": pl.String})
    lost = pl.concat([frame.select("claim_no") for frame in (found.replaced, other, again)])
    ours = _touched(free, lost, unfiled, terms, as_of)
    own = pl.col("rest") > 0
    standing = every.filter(pl.col("part") == STANDING, own).join(ours, on="claim_no", how="semi")
    pool = pl.concat([free, standing]).select(*FINDINGS.names(), "rest")
    grouped = group(pool, terms.documents, terms.contracts, as_of, terms.services, terms.forms)
    numbered = _numbered(grouped.claims, ours, numbers)
    told = _told(every, with_claim_no(grouped.findings, numbered), ours)
    changed = _changed(claims, ours, numbered, as_of)
    events = [_events(changed, claims, told, as_of), _marks(found, told, claims, as_of)]
    return Claimed(
        _kept(told.filter(pl.col("part") == NEW)),
        _kept(told.filter(pl.col("part") == WAIVED)),
        _kept(_moved(told)),
        changed.sort("claim_no"),
        pl.concat(events).sort("claim_no", "what"),
    )


def _kept(told: pl.DataFrame) -> pl.DataFrame:
    return seal(told, KEPT_FINDINGS).sort("finding_id")


def _moved(told: pl.DataFrame) -> pl.DataFrame:
    """Return the findings on record whose claim is another now, or what it holds of them."""
    known = pl.col("part").is_in((STANDING, SETTLED))
    claim = pl.col("claim_no").ne_missing(pl.col("was"))
    return told.filter(known, claim | pl.col("in_claim").ne_missing(pl.col("in_claim_was")))


NEW, WAIVED, STANDING, SETTLED = "new", "waived", "standing", "settled"
"""Where a finding comes from."""


def _weighed(found: Found) -> pl.DataFrame:
    """Return all findings with `part`, and what of each no claim holds that left our hands.

    `KEPT_FINDINGS` and part, rest, held_by (`growth.UNHELD`); nothing of a waived one is left.
    """
    parts = ((NEW, found.new), (WAIVED, found.waived), (STANDING, found.standing))
    every = pl.concat(
        seal(frame.with_columns(part=pl.lit(name), wanted=wanted), _WEIGHED)
        for name, frame, wanted in (
            *((name, frame, pl.lit(name != WAIVED)) for name, frame in parts),
            (SETTLED, found.settled, pl.col("wanted")),
        )
    )
    at_stake = pl.col("reason").is_not_null() & (pl.col("amount_at_stake") > 0)
    lines = found.written.select(line=of_line()).to_series().unique()
    known = every.filter(among(of_line(), lines), at_stake)
    held = found.written.filter(among(of_line(), every.select(line=of_line()).to_series().unique()))
    names = held.group_by("finding_id").agg(named=pl.col("claim_no").max())
    whole = pl.when("wanted").then("amount_at_stake").otherwise(ZERO_CENTS)
    return (
        every.join(unheld(known, held), on="finding_id", how="left", maintain_order="left")
        .join(names, on="finding_id", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("rest", whole).cast(CENTS),
            # What is waived is held by the claim that names it, not by others of its line.
            held_by=pl.coalesce("named", pl.when("wanted").then("held_by")),
        )
    )


_WEIGHED = pl.Schema({**KEPT_FINDINGS, "part": pl.String(), "wanted": pl.Boolean()})


def _told(every: pl.DataFrame, named: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """Return all findings with their claim, and what of each it holds; `was` is what it was.

    A finding that is in no claim of its own is in the one that holds it already.
    """
    now = named.select("finding_id", now="claim_no")
    stays = (pl.col("part") == STANDING) & ~among("claim_no", ours["claim_no"])
    some = pl.col("now").is_not_null() & (pl.col("rest") < pl.col("amount_at_stake"))
    return (
        every.join(now, on="finding_id", how="left", maintain_order="left")
        .with_columns(was="claim_no", in_claim_was="in_claim")
        .with_columns(
            claim_no=pl.when(stays).then("claim_no").otherwise(pl.coalesce("now", "held_by")),
            in_claim=pl.when(stays).then("in_claim").when(some).then("rest"),
        )
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


def _known_key() -> pl.Expr:
    """Return the key of a claim; one from before claims had keys is about its account."""
    return pl.coalesce("group_key", pl.concat_str(pl.lit("ban="), "ban")).alias("group_key")


def _touched(
    free: pl.DataFrame, gone: pl.DataFrame, unfiled: pl.DataFrame, terms: Terms, as_of: dt.date
) -> pl.DataFrame:
    """Return the unfiled claims that a night's findings may change, or the day.

    Those are the claims of the same key as a new finding, whatever their month, those that lost a
    finding, and those of more than a month whose window has closed.
    """
    keys = group(
        free.select(*FINDINGS.names(), "rest"),
        terms.documents,
        terms.contracts,
        as_of,
        terms.services,
        terms.forms,
    ).claims.select(SCOPE)
    lost = unfiled.join(gone, on="claim_no", how="semi").select(SCOPE)
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
    changed: pl.DataFrame, claims: pl.DataFrame, told: pl.DataFrame, as_of: dt.date
) -> pl.DataFrame:
    """Return what happened to the changed claims; `told` are all findings with their claims."""
    into = (
        told.filter(
            pl.col("part") == STANDING,
            pl.col("claim_no") != pl.col("was"),
            pl.col("claim_no") != pl.col("held_by").fill_null(""),
        )
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
    amounts = filled("{} for {}", "status", "amount")
    note = (
        pl.when(joined)
        .then(filled("its lines are part of {} now", "into"))
        .otherwise(pl.concat_str(amounts, "beyond", separator="; ", ignore_nulls=True))
    )
    return (
        changed.join(before, on="claim_no", how="left")
        .join(into, on="claim_no", how="left")
        .join(_beyond(told), on="claim_no", how="left")
        .with_columns(at=pl.lit(as_of), who=pl.lit(US), what=what, note=note)
        .select(columns_of(EVENTS))
    )


def _beyond(told: pl.DataFrame) -> pl.DataFrame:
    """Return [claim_no, beyond]: what claims have beyond others that hold their lines, in words."""
    return (
        told.filter(pl.col("claim_no") != pl.col("held_by"), pl.col("rest") > 0)
        .group_by("claim_no")
        .agg(
            under=pl.col("held_by").unique().sort().str.join(", "),
            amount=pl.col("rest").sum().cast(CENTS),
        )
        .select("claim_no", beyond=filled("{} of it beyond what {} holds", "amount", "under"))
    )


def _marks(found: Found, told: pl.DataFrame, claims: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return a mark for each claim that left our hands whose finding is gone or of another stake.

    What a finding had at stake is what its last audit said; of one that had none, what was written.
    """
    told = told.filter(pl.col("part").is_in((NEW, WAIVED)))
    last = found.replaced.select("finding_id", was="amount_at_stake")
    named = found.written.group_by("finding_id").agg(written=pl.col("amount").sum())
    now = told.select("finding_id", "rest", "claim_no", "held_by", now="amount_at_stake")
    other = (
        pl.concat([last.select("finding_id"), now.select("finding_id")])
        .unique()
        .join(named, on="finding_id")
        .join(last, on="finding_id", how="left")
        .join(now, on="finding_id", how="left")
        .with_columns(pl.col("now").fill_null(ZERO_CENTS), pl.coalesce("was", "written"))
        .filter(pl.col("was") != pl.col("now"))
    )
    newer = (pl.col("rest") > 0) & (pl.col("claim_no") != pl.col("held_by"))
    words = pl.concat_str(
        filled("{}: {} at stake now", "finding_id", "now"),
        pl.when(newer).then(filled("{} of it in {}", "rest", "claim_no")),
        separator=", ",
        ignore_nulls=True,
    )
    holders = found.written.select("finding_id", holder="claim_no").unique()
    unfiled = claims.filter(pl.col("status").is_in(UNFILED))["claim_no"]
    return (
        other.with_columns(words=words)
        .join(holders, on="finding_id")
        .filter(~among("holder", unfiled))
        .sort("holder", "finding_id")
        .group_by(claim_no="holder")
        .agg(note=pl.col("words").str.join("; "))
        .with_columns(at=pl.lit(as_of), who=pl.lit(US), what=pl.lit("mark"), status=pl.lit(None))
        .select(columns_of(EVENTS))
    )
