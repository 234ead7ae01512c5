"""What each claim holds, line by line: as it was written, or as it is found so far.

A finding that grew after its claim left our hands is held by several claims; so is a line whose
finding is another one now.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import sqlalchemy as sa

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, among, columns_of, seal
from invoices.text import filled
from rebill.store import insert_frame, read_frame, read_table
from rebill.store.frames import one_of
from rebill.store.models import Claim, ClaimEvent
from rebill.store.models_disputes import ClaimLine
from rebill.store.record import Record
from reconcile.claims.growth import HELD, of_line
from reconcile.claims.moves import UNFILED, standing

HOLDS = pl.Schema(
    {
        **{name: pl.String() for name in ("claim_no", "finding_id", "code", "document_id")},
        **{name: pl.String() for name in ("line_id", "ban")},
        "bill_date": pl.Date(),
        **{name: pl.String() for name in ("service", "usoc")},
        "amount": CENTS,
    }
)
"""A line of a claim: what of a finding the claim holds."""

BEFORE = pl.Schema(
    {
        "claim_no": pl.String(),
        "finding_id": pl.String(),
        "before": CENTS,  # of its line, what claims hold that left our hands before this one
        "under": pl.String(),  # these claims, the first first
    }
)


def holds(record: Record, claim_nos: pl.Series | None = None) -> pl.DataFrame:
    """Return what claims hold (`HOLDS`); without `claim_nos` all of them.

    The amounts of a claim add up to it.
    """
    if claim_nos is None:
        lines = read_table(record.connection, ClaimLine)
        own = ~among("claim_no", lines["claim_no"].unique())
    else:
        lines = _lines_of(record, claim_nos)
        rest = claim_nos.filter(~claim_nos.is_in(lines["claim_no"].implode()))
        if rest.is_empty():
            return seal(lines, HOLDS).sort("claim_no", "finding_id")
        own = among("claim_no", rest)
    found = record.claimed().filter(own)
    return pl.concat([seal(lines, HOLDS), seal(found, HOLDS).collect()]).sort(
        "claim_no", "finding_id"
    )


def _lines_of(record: Record, claim_nos: pl.Series) -> pl.DataFrame:
    """Return the lines of these claims as they were when the claims left our hands."""
    wanted = one_of(record.connection, ClaimLine.claim_no, claim_nos)
    return read_table(record.connection, ClaimLine, wanted)


def freeze(record: Record, claim_nos: pl.Series, taken: pl.DataFrame | None = None) -> None:
    """Keep the lines of claims as they are now: they do not follow their findings any more.

    `taken` (`KEPT_FINDINGS`) are findings of theirs that this run has taken off the record.
    """
    if claim_nos.is_empty():
        return
    kept = _lines_of(record, claim_nos)["claim_no"].unique()
    claim_nos = claim_nos.filter(~claim_nos.is_in(kept.implode()))
    if claim_nos.is_empty():
        return
    own = among("claim_no", claim_nos)
    parts = [record.claimed().filter(own)]
    if taken is not None:
        amount = pl.coalesce("in_claim", "amount_at_stake")
        parts.append(taken.lazy().filter(own).with_columns(amount=amount))
    rows = pl.concat([seal(part, HOLDS) for part in parts]).collect()
    insert_frame(record.connection, ClaimLine, rows.sort("claim_no", "finding_id"))


_LINE = sa.func.coalesce(ClaimLine.line_id, ClaimLine.finding_id, type_=sa.String())
"""What `growth.of_line` says, to the database."""


def written_lines(record: Record, findings: pl.DataFrame) -> pl.DataFrame:
    """Return what claims that left our hands hold (`HELD`) of findings and of their lines."""
    connection = record.connection
    lines = one_of(connection, _LINE, findings.select(of_line()).to_series().unique())
    same = one_of(connection, ClaimLine.finding_id, findings["finding_id"])
    line = ClaimLine
    named = sa.select(line.claim_no, line.finding_id, line.line_id, Claim.reason, line.amount)
    joined = named.join(Claim, Claim.claim_no == line.claim_no).where(lines | same)
    held = read_frame(connection, joined.order_by(line.claim_no, line.finding_id))
    return held.select(columns_of(HELD))


def written_sums(record: Record) -> pl.DataFrame:
    """Return [line, held]: what claims that left our hands hold of each line."""
    held = read_frame(record.connection, sa.select(_LINE.label("line"), ClaimLine.amount))
    return held.group_by("line").agg(held=pl.col("amount").sum())


def held_before(record: Record, own: pl.DataFrame) -> pl.DataFrame:
    """Return what earlier claims hold of the lines of claims (`BEFORE`), where there are such.

    `own` are what the claims hold (`HOLDS`).
    """
    asked = own.select(of_line()).to_series().unique()
    lines = read_table(record.connection, ClaimLine, one_of(record.connection, _LINE, asked))
    mine = own.select("claim_no", "finding_id", line=of_line())
    others = lines.select("amount", line=of_line(), other="claim_no")
    both = mine.join(others, on="line").filter(
        pl.col("other") != pl.col("claim_no"), pl.col("amount") > ZERO_CENTS
    )
    claim_nos = pl.concat([both["claim_no"], both["other"]]).unique()
    events = record.claim_events(one_of(record.connection, ClaimEvent.claim_no, claim_nos))
    left = (
        standing(events)
        .filter(~pl.col("status").is_in(UNFILED))
        .group_by("claim_no")
        .agg(left=pl.col("id").min())
    )
    of_other = left.rename({"claim_no": "other", "left": "other_left"})
    earlier = pl.col("left").is_null() | (pl.col("other_left") < pl.col("left")).fill_null(True)
    return (
        both.join(left, on="claim_no", how="left")
        .join(of_other, on="other", how="left")
        .filter(earlier)
        .sort("claim_no", "finding_id", "other_left", "other", nulls_last=False)
        .group_by("claim_no", "finding_id", maintain_order=True)
        .agg(
            before=pl.col("amount").sum().cast(CENTS),
            under=pl.col("other").unique(maintain_order=True).str.join(", "),
        )
        .select(columns_of(BEFORE))
    )


def with_word_of_before(own: pl.DataFrame, before: pl.DataFrame, words: str) -> pl.DataFrame:
    """Return what claims hold with `before` and `under`; `words` say it too where there is some.

    `own` are what the claims hold (`HOLDS`) and `words`, what is said of each finding; `before` is
    what earlier claims hold of it (`BEFORE`).
    """
    told = own.join(before, on=["claim_no", "finding_id"], how="left")
    said = filled("{} of the line is in {} already, {} is new", "before", "under", "amount")
    both = pl.concat_str(words, said, separator="; ", ignore_nulls=True)
    return told.with_columns(
        pl.when(pl.col("under").is_null()).then(words).otherwise(both).alias(words)
    )


def grown(record: Record, expired_since: dt.date | None = None) -> pl.DataFrame:
    """Return [claim_no, rest_of]: unfiled claims that hold what others lack, and which others.

    With a day also those that expired on it or later.
    """
    waits = record.claims(Claim.status.in_(UNFILED))["claim_no"]
    if expired_since is not None:
        waits = waits.append(_expired(record, expired_since))
    if waits.is_empty():
        return pl.DataFrame(schema={"claim_no": pl.String, "rest_of": pl.String})
    return rest_of(record, waits)


def _expired(record: Record, since: dt.date) -> pl.Series:
    """Return the claims for some money that expired on a day or later, or came to be expired."""
    event = sa.select(ClaimEvent.claim_no).where(ClaimEvent.status == "expired")
    lately = event.where(ClaimEvent.at >= since)
    over = record.claims(Claim.status == "expired", Claim.amount > 0, Claim.claim_no.in_(lately))
    events = record.claim_events(ClaimEvent.claim_no.in_(lately))
    turned = standing(events).filter(pl.col("status") == "expired")
    first = turned.group_by("claim_no").agg(pl.col("at").min()).filter(pl.col("at") >= since)
    return over.filter(among("claim_no", first["claim_no"]))["claim_no"]


def rest_of(record: Record, claim_nos: pl.Series) -> pl.DataFrame:
    """Return [claim_no, rest_of]: which earlier claims hold some of the lines of claims."""
    told = held_before(record, holds(record, claim_nos))
    return (
        told.with_columns(other=pl.col("under").str.split(", "))
        .explode("other")
        .group_by("claim_no")
        .agg(rest_of=pl.col("other").unique().sort().str.join(", "))
        .sort("claim_no")
    )
