"""What the carriers have taken, day by day, and what of it is still disputed.

Money moves between the columns on a few days: it is pulled, it is claimed and waits, it is filed,
it is answered, or its window closes. Those moves are summed by day and cumulated; no day is looked
at for itself. On every row debited = undisputed + unfiled + open + credited + denied + withdrawn +
expired, to the cent, because every move takes from one column what it gives to another.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.schema import CENTS

PLACES = ("undisputed", "unfiled", "open", "credited", "denied", "withdrawn", "expired")
"""Where a debited cent can be; on every day it is in exactly one of them."""

EXPOSURE = pl.Schema(
    {
        "on": pl.Date(),
        "carrier": pl.String(),
        "debited": CENTS,
        **dict.fromkeys(PLACES, CENTS),
    }
)

DISPUTED = pl.Schema(
    {
        "document_id": pl.String(),
        "claim_no": pl.String(),
        "amount": CENTS,  # what of the claim stands on this document
        "status": pl.String(),  # of the claim
        "filed_on": pl.Date(),  # null = not filed
        "dispute_closes_on": pl.Date(),  # null = the window never closes
        "resolved_on": pl.Date(),  # the day of the outcome, of which credited and denied speak
        "credited": CENTS,
        "denied": CENTS,
    }
)
"""Claims split by document: what `claims_by_document` returns and `exposure` takes."""


MOVES = pl.Schema(
    {
        "document_id": pl.String(),
        "claim_no": pl.String(),  # null = the pull itself
        "carrier": pl.String(),
        "on": pl.Date(),
        "place": pl.String(),  # debited, or one of PLACES
        "change": pl.Decimal(38, 2),
    }
)


def claims_by_document(findings: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Return what of each claim stands on which document (columns of `DISPUTED`).

    `findings` have document_id, claim_no and amount_at_stake, `claims` claim_no, status, filed_on,
    dispute_closes_on, credited, denied and, where an outcome is known, resolved_on. What was
    credited fills the claim's documents in order of their ids, then what was denied.
    """
    if "resolved_on" not in claims.columns:
        claims = claims.with_columns(resolved_on=pl.lit(None, dtype=pl.Date))
    nothing = pl.lit(0, dtype=CENTS)
    before = pl.col("amount").cum_sum().over("claim_no") - pl.col("amount")
    credited = _between(pl.col("credited").fill_null(nothing) - before)
    both = pl.col("credited").fill_null(nothing) + pl.col("denied").fill_null(nothing)
    return (
        findings.filter(pl.col("claim_no").is_not_null())
        .group_by("document_id", "claim_no")
        .agg(pl.col("amount_at_stake").sum().alias("amount"))
        .join(claims.drop("amount", strict=False), on="claim_no")
        .sort("claim_no", "document_id")
        .with_columns(
            credited.alias("credited"), (_between(both - before) - credited).alias("denied")
        )
        .select(pl.col(name).cast(dtype) for name, dtype in DISPUTED.items())
    )


def exposure(debits: pl.DataFrame, disputed: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return where the money of each carrier stands on each day (columns of `EXPOSURE`).

    `debits` have the columns of `reconcile.debits.DEBITS`, `disputed` those of `DISPUTED`. There is
    a row for each carrier and day from the first bill date to the later of `as_of` and the last
    `dispute_closes_on`. A pull counts from `debit_on` on unless the bank returned it; before that
    day nothing of the bill counts. A claimed cent is unfiled until the claim is filed, then open
    until its outcome; not filed in time it is expired from the day after the window closed. What a
    sustained claim does not credit yet stays open. `undisputed` is the rest of the pull: negative
    where a pull is smaller than what is claimed of its bill.
    """
    columns = ("debited", *PLACES)
    changes = (
        moves(debits, disputed)
        .group_by("carrier", "on")
        .agg(pl.col("change").filter(pl.col("place") == name).sum().alias(name) for name in columns)
    )
    running = (pl.col(name).fill_null(0).cum_sum().over("carrier") for name in columns)
    return (
        days(debits, as_of)
        .join(changes, on=["carrier", "on"], how="left")
        .sort("on", "carrier")
        .with_columns(running)
        .select(pl.col(name).cast(dtype) for name, dtype in EXPOSURE.items())
    )


def moves(debits: pl.DataFrame, disputed: pl.DataFrame) -> pl.DataFrame:
    """Return every change of a place (columns of `MOVES`), in no order.

    Summed up to a day, by carrier, they say where the money stands on it; by claim, where what of
    the claim stands on a document does.
    """
    pulls = debits.filter(pl.col("debit_on").is_not_null(), pl.col("status") != "returned")
    claimed = disputed.join(pulls.select("document_id", "carrier", "debit_on"), on="document_id")
    bare = pulls.with_columns(claim_no=pl.lit(None, dtype=pl.String))
    return pl.concat(
        [_change(bare, "debit_on", place, pl.col("amount")) for place in ("debited", "undisputed")]
        + [change for step in _steps(claimed) for change in step]
    )


def days(debits: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return [on, carrier]: each carrier on each day that `exposure` tells of."""
    first = pl.col("bill_date").min()
    last = pl.max_horizontal(pl.col("dispute_closes_on").max(), pl.lit(as_of))
    carriers = debits.select("carrier").unique()
    if carriers.is_empty():
        return carriers.with_columns(on=pl.lit(None, dtype=pl.Date))
    return debits.select(on=pl.date_range(first, last)).join(carriers, how="cross")


def _steps(claimed: pl.DataFrame) -> list[list[pl.DataFrame]]:
    """Return the steps of claimed money through its places, in the order in which they happen."""
    filed_on, resolved_on = pl.col("filed_on"), pl.col("resolved_on")
    closed_on = pl.col("dispute_closes_on") + pl.duration(days=1)
    withdrawn = (pl.col("status") == "withdrawn") & resolved_on.is_not_null()
    # An unfiled claim ends by being filed or withdrawn; else, or before, its window closes.
    ended_on = pl.coalesce(filed_on, pl.when(withdrawn).then(resolved_on))
    too_late = (ended_on.is_null() | (ended_on >= closed_on)).fill_null(False)
    waits = pl.when(too_late).then(pl.lit("expired")).otherwise(pl.lit("unfiled"))
    stands = pl.when(filed_on.is_not_null()).then(pl.lit("open")).otherwise(waits)
    amount, credited, denied = pl.col("amount"), pl.col("credited"), pl.col("denied")
    taken_back = pl.when(withdrawn).then(amount - credited - denied).otherwise(0)
    frame = claimed.with_columns(
        closed_on=pl.when(too_late).then(closed_on),
        waits=waits,
        stands=stands,
        taken_back=taken_back.cast(CENTS),
    )
    return [
        _step(frame, "debit_on", pl.lit("undisputed"), "unfiled", "amount"),
        _step(frame, "closed_on", pl.lit("unfiled"), "expired", "amount"),
        _step(frame, "filed_on", pl.col("waits"), "open", "amount"),
        _step(frame, "resolved_on", pl.lit("open"), "credited", "credited"),
        _step(frame, "resolved_on", pl.lit("open"), "denied", "denied"),
        _step(frame, "resolved_on", pl.col("stands"), "withdrawn", "taken_back"),
    ]


def _step(
    frame: pl.DataFrame, day: str, source: pl.Expr, target: str, amount: str
) -> list[pl.DataFrame]:
    """Return the two changes of a step: what `source` loses on that day and `target` gains.

    A step before the pull is taken with it: until then nothing of the bill counts.
    """
    return [
        _change(frame, day, source, -pl.col(amount)),
        _change(frame, day, target, pl.col(amount)),
    ]


def _change(frame: pl.DataFrame, day: str, place: str | pl.Expr, change: pl.Expr) -> pl.DataFrame:
    """Return the change of a place (`MOVES`); a row without a day changes nothing."""
    named = pl.lit(place) if isinstance(place, str) else place
    return frame.filter(pl.col(day).is_not_null()).select(
        "document_id",
        "claim_no",
        "carrier",
        on=pl.max_horizontal(day, "debit_on"),
        place=named,
        change=change.cast(MOVES["change"]),
    )


def _between(amount: pl.Expr) -> pl.Expr:
    """Return so much of `amount` as lies between nothing and the claim's part on the document."""
    nothing = pl.lit(0, dtype=CENTS)
    return pl.max_horizontal(pl.min_horizontal(amount, pl.col("amount")), nothing)
