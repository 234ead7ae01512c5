"""Where the money of every claim stands, document by document and step by step.

Each cent of a claim is in one place at a time: unfiled, open, credited, denied, withdrawn or
expired. A claim's events say how much of it is where after each of them; here that is laid on the
documents its lines stand on. Every step adds up to the claim, to the cent, or it is a fault of the
program.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, columns_of

CLAIM_PLACES = ("unfiled", "open", "credited", "denied", "withdrawn", "expired")
"""Where a claimed cent can be; with `undisputed`, where a debited one can."""

PARTS = pl.Schema({"claim_no": pl.String(), "document_id": pl.String(), "amount": CENTS})
"""What of a claim stands on which document."""

TOTALS = pl.Schema(
    {
        "claim_no": pl.String(),
        "event": pl.Int64(),  # counts the events of a claim from 1
        "at": pl.Date(),
        "what": pl.String(),
        "credited": CENTS,  # of the claim in all, after the event; null = as before
        "denied": CENTS,
        "withdrawn": CENTS,
    }
)
"""What a claim's events did to its money."""

CREDIT_PARTS = pl.Schema(
    {
        "claim_no": pl.String(),
        "document_id": pl.String(),  # of the claim, not the one that carries the credit
        "event": pl.Int64(),
        "amount": CENTS,  # negative = a credit taken back
    }
)
"""Which document of a claim an event credited."""

STEPS = pl.Schema(
    {
        "claim_no": pl.String(),
        "document_id": pl.String(),
        "step": pl.Int64(),
        "on": pl.Date(),  # from this day; null = from the first
        **dict.fromkeys(CLAIM_PLACES, CENTS),
    }
)
"""Where a claim's money on a document stands from a day on, until its next step."""


def steps(
    claims: pl.DataFrame, parts: pl.DataFrame, totals: pl.DataFrame, credits: pl.DataFrame
) -> pl.DataFrame:
    """Return the steps (`STEPS`) of every claim on each of its documents, in order.

    `claims` have claim_no and dispute_closes_on; `parts` (`PARTS`), `totals` (`TOTALS`) and
    `credits` (`CREDIT_PARTS`) are theirs. What was credited stands on the document it was credited
    for; what was denied fills the last documents first, then what was withdrawn.

    N1 has 3.00 on D1 and 7.00 on D2; it is filed, 4.00 are credited for D2, 5.00 denied::

        step            D1: open  denied  D2: open  credited  denied
        1  submit           3.00  0.00        7.00  0.00      0.00
        2  credit_short     3.00  0.00        3.00  4.00      0.00
        3  grant_part       1.00  2.00        0.00  4.00      3.00
    """
    numbered = claims.select("claim_no", "dispute_closes_on").sort("claim_no")
    numbered = numbered.with_columns(claim=pl.int_range(pl.len(), dtype=pl.Int64))
    own = parts.select(columns_of(PARTS)).join(numbered.select("claim_no", "claim"), on="claim_no")
    # Whole numbers and one order for all: windows over names would take most of the time.
    own = own.sort("claim", "document_id").with_row_index("part")
    moments = _moments(numbered, totals.select(columns_of(TOTALS)))
    return (
        _on_documents(moments, own, credits)
        .pipe(_with_credited)
        .pipe(_with_lost)
        .pipe(_with_rest)
        .sort("part", "step")
        .join(numbered.select("claim", "claim_no"), on="claim", maintain_order="left")
        .select(columns_of(STEPS))
    )


def _on_documents(moments: pl.DataFrame, own: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    """Return each moment of a claim on each of its parts, with what was credited for that part.

    `at` numbers the moments of all claims; the parts of one stand together, in order.
    """
    given = (
        credits.join(own.select("claim_no", "document_id", "part"), on=["claim_no", "document_id"])
        .group_by("part", "event")
        .agg(given=pl.col("amount").sum().cast(CENTS))
    )
    return (
        moments.join(own.drop("claim_no"), on="claim")
        .join(given, on=["part", "event"], how="left")
        .sort("part", "step")
        .with_columns(on_document=pl.col("given").fill_null(ZERO_CENTS).cum_sum().over("part"))
        .sort("claim", "step", "part")
        .with_columns(at=pl.col("claim") * (pl.col("step").max() + 1) + pl.col("step"))
    )


def _with_credited(laid: pl.DataFrame) -> pl.DataFrame:
    """Lay what is credited on the documents; `room` is what is left of each.

    What an event credited without saying on which document fills the first documents first; what
    it took back leaves the last ones first.
    """
    loose = pl.col("credited") - pl.col("on_document").sum().over("at")
    laid = laid.with_columns(room="on_document", back=-loose)
    laid = _fill(laid, "back", "taken_back", descending=True)
    laid = laid.with_columns(room=pl.col("amount") - pl.col("on_document"), loose=loose)
    return _fill(laid, "loose", "loosely", descending=False).with_columns(
        credited=pl.col("on_document") + pl.col("loosely") - pl.col("taken_back"),
        room=pl.col("room") + pl.col("taken_back"),
    )


def _with_lost(laid: pl.DataFrame) -> pl.DataFrame:
    """Lay what is denied, then what is withdrawn, on the room that is left, the last first."""
    for name in ("denied", "withdrawn"):
        laid = laid.with_columns(total=pl.col(name)).drop(name)
        laid = _fill(laid, "total", name, descending=True)
    return laid


def _with_rest(laid: pl.DataFrame) -> pl.DataFrame:
    """Say of what is left on each document whether it is unfiled, open or expired."""
    rest, filed, over = pl.col("room"), pl.col("filed"), pl.col("over")
    return laid.with_columns(
        unfiled=pl.when(~filed & ~over).then(rest).otherwise(ZERO_CENTS),
        open=pl.when(filed).then(rest).otherwise(ZERO_CENTS),
        expired=pl.when(~filed & over).then(rest).otherwise(ZERO_CENTS),
    )


def _moments(claims: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """Return each claim at its start, at the end of its window, and after what moved its money.

    `claims` have claim (a number), claim_no and dispute_closes_on.
    """
    money = ["credited", "denied", "withdrawn"]
    unknown = [pl.lit(None, dtype=CENTS).alias(name) for name in money]
    none = [
        pl.lit(None, dtype=pl.Int64).alias("event"),
        pl.lit(None, dtype=pl.String).alias("what"),
    ]
    closes = pl.col("dispute_closes_on")
    start = claims.select("claim", *none, pl.lit(None, dtype=pl.Date).alias("on"), *unknown)
    ends = claims.filter(closes.is_not_null()).select(
        "claim", *none, (closes + pl.duration(days=1)).alias("on"), *unknown
    )
    events = (
        totals.join(claims.select("claim_no", "claim"), on="claim_no")
        .sort("claim", "event")
        .with_columns(pl.col(name).forward_fill().over("claim") for name in money)
        .with_columns(pl.col(name).fill_null(ZERO_CENTS) for name in money)
        .with_columns(
            # An event is never before the one that came before it.
            on=pl.col("at").cum_max().over("claim"),
            moved=pl.any_horizontal(
                pl.col(name) != pl.col(name).shift(1, fill_value=0).over("claim") for name in money
            ),
        )
        .filter(pl.col("moved") | pl.col("what").is_in(("submit", "withdraw")))
        .select("claim", "event", "what", "on", *money)
    )
    told = (
        pl.concat([start, ends, events])
        # The window of a claim ends before what happens on the day after its last.
        .sort("claim", "on", "event", nulls_last=False)
        .with_columns(step=pl.int_range(pl.len(), dtype=pl.Int64).over("claim"))
        .with_columns(
            pl.col(money).forward_fill().over("claim").fill_null(ZERO_CENTS),
            filed=(pl.col("what") == "submit").fill_null(False).cum_max().over("claim"),
        )
    )
    over = (pl.col("on") > closes).fill_null(False)
    known = claims.select("claim", "dispute_closes_on")
    return told.join(known, on="claim").with_columns(over=over).drop("dispute_closes_on")


def _fill(laid: pl.DataFrame, total: str, name: str, *, descending: bool) -> pl.DataFrame:
    """Lay `total` of each claim and step (`at`) on its documents as far as there is room on each.

    The documents stand in order; `descending` fills the last one first. Adds the column `name`,
    takes it from `room` and drops `total`.
    """
    room = pl.col("room")
    up_to = room.cum_sum().over("at")
    before = room.sum().over("at") - up_to if descending else up_to - room
    reach = pl.min_horizontal(pl.col(total) - before, room)
    here = pl.max_horizontal(reach, ZERO_CENTS).cast(CENTS)
    return (
        laid.with_columns(here.alias(name))
        .with_columns(room=(room - pl.col(name)).cast(CENTS))
        .drop(total)
    )


def faults(found: pl.DataFrame, claims: pl.DataFrame, parts: pl.DataFrame) -> list[str]:
    """Return what is wrong with steps: nothing, or the program is.

    Every step of a claim on a document adds up to the part that stands there, no place is below
    nothing, the parts add up to the claim (`claims` has claim_no, amount, credited, denied and
    withdrawn), and the last step says what the claim says.
    """
    sums = parts.group_by("claim_no", "document_id").agg(pl.col("amount").sum())
    total = pl.sum_horizontal(CLAIM_PLACES)
    uneven = found.join(sums, on=["claim_no", "document_id"]).filter(
        (total != pl.col("amount")) | (pl.min_horizontal(CLAIM_PLACES) < 0)
    )
    last = (
        found.filter(pl.col("step") == pl.col("step").max().over("claim_no", "document_id"))
        .group_by("claim_no")
        .agg(total.sum().alias("all"), pl.col(CLAIM_PLACES).sum())
    )
    names = ("credited", "denied", "withdrawn")
    other = claims.join(last, on="claim_no", suffix="_found").filter(
        (pl.col("amount") != pl.col("all"))
        | pl.any_horizontal(
            pl.col(name).fill_null(ZERO_CENTS) != pl.col(f"{name}_found") for name in names
        )
    )
    told = [f"{row[0]} on {row[1]} does not add up at step {row[2]}" for row in uneven.iter_rows()]
    return told + [f"{row[0]} is not where its events left it" for row in other.iter_rows()]


def now(found: pl.DataFrame, on: dt.date) -> pl.DataFrame:
    """Return for each claim and document the step that holds on a day."""
    return (
        found.filter(pl.col("on").is_null() | (pl.col("on") <= on))
        .sort("claim_no", "document_id", "step")
        .unique(["claim_no", "document_id"], keep="last", maintain_order=True)
    )
