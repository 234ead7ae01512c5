"""What the carriers have taken, day by day, and what of it is still disputed.

Money moves between the columns on a few days: it is pulled, it is claimed and waits, it is filed,
it is answered, or its window closes. Those moves are summed by day and cumulated; no day is looked
at for itself. On every row debited = undisputed + unfiled + open + credited + denied + withdrawn +
expired, to the cent, because every move takes from one column what it gives to another.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, columns_of
from reconcile.claims.places import CLAIM_PLACES, CREDIT_PARTS, PARTS, now, steps

PLACES = ("undisputed", *CLAIM_PLACES)
"""Where a debited cent can be; on every day it is in exactly one of them."""

EXPOSURE = pl.Schema(
    {
        "on": pl.Date(),
        "carrier": pl.String(),
        "debited": CENTS,
        **dict.fromkeys(PLACES, CENTS),
    }
)

BILLS = pl.Schema(
    {
        **{name: pl.String() for name in ("document_id", "carrier", "ban", "invoice_no")},
        "bill_date": pl.Date(),
        "debited": CENTS,
        **dict.fromkeys(PLACES, CENTS),
    }
)
"""Where the money of each bill stands on a day."""


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
"""Claims split by document, each as it stands in the end."""

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


def exposure(
    debits: pl.DataFrame,
    claimed: pl.DataFrame,
    as_of: dt.date,
    pulled: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return where the money of each carrier stands on each day (columns of `EXPOSURE`).

    `debits` have the columns of `reconcile.pulls.debits.DEBITS`; `claimed` are the steps of claims
    (`reconcile.claims.places.STEPS`), or claims with one outcome each (`DISPUTED`). There is a row
    for each carrier and day from the first bill date to the later of `as_of` and the last
    `dispute_closes_on`. A pull counts from `debit_on` on unless the bank returned it; before that
    day nothing of the bill counts. Of a bill in `pulled` (columns of `PULLED`) each pull counts
    from its own day on. `undisputed` is the rest of the pull: negative where a pull is
    smaller than what is claimed of its bill.
    """
    changes = moves(debits, claimed, pulled)
    return running(days(debits, as_of), changes, ("debited", *PLACES)).select(columns_of(EXPOSURE))


def running(grid: pl.DataFrame, changes: pl.DataFrame, places: tuple[str, ...]) -> pl.DataFrame:
    """Return the grid (`days`) with the changes of each place summed up to each day, sorted."""
    summed = changes.group_by("carrier", "on").agg(
        pl.col("change").filter(pl.col("place") == name).sum().alias(name) for name in places
    )
    return (
        grid.join(summed, on=["carrier", "on"], how="left")
        .sort("on", "carrier")
        .with_columns(pl.col(name).fill_null(0).cum_sum().over("carrier") for name in places)
    )


def moves(
    debits: pl.DataFrame, claimed: pl.DataFrame, pulled: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return every change of a place (columns of `MOVES`), in no order.

    Summed up to a day, by carrier, they say where the money stands on it; by claim, where what of
    the claim stands on a document does. A step before the (first) pull is taken with it: until then
    nothing of the bill counts. `pulled` is as in `exposure`.
    """
    pulls = _pulls(debits).select("document_id", "carrier", "debit_on", "amount")
    key = ["claim_no", "document_id"]
    changed = (
        as_steps(claimed)
        .join(pulls.drop("amount"), on="document_id")
        .with_columns(
            pl.col(name) - pl.col(name).shift(1).over(key, order_by="step").fill_null(ZERO_CENTS)
            for name in CLAIM_PLACES
        )
        .with_columns(
            on=pl.max_horizontal("on", "debit_on"), undisputed=-pl.sum_horizontal(CLAIM_PLACES)
        )
    )
    bare = pull_days(debits, pulled).select(
        "document_id",
        "carrier",
        claim_no=pl.lit(None, dtype=pl.String),
        on="on",
        debited="amount",
        undisputed="amount",
    )
    index = ["document_id", "claim_no", "carrier", "on"]
    told = [
        frame.with_columns(pl.col(names).cast(MOVES["change"]))
        .unpivot(names, index=index, variable_name="place", value_name="change")
        .filter(pl.col("change") != 0)
        .select(MOVES.names())
        for frame, names in ((bare, ["debited", "undisputed"]), (changed, list(PLACES)))
    ]
    return pl.concat(told)


def as_steps(claimed: pl.DataFrame) -> pl.DataFrame:
    """Return the steps of claims: as they are, or those of claims with one outcome (`DISPUTED`).

    A claim was filed, or not, and later credited, denied or withdrawn in one step.
    """
    if "step" in claimed.columns:
        return claimed
    # What stands on each document is taken for a claim of its own.
    own = claimed.with_row_index("n").with_columns(
        claim=pl.col("claim_no"), claim_no=pl.col("n").cast(pl.String)
    )
    given_up = pl.col("status") == "withdrawn"
    rest = pl.col("amount") - pl.col("credited") - pl.col("denied")
    filed = own.select(
        "claim_no", event=pl.lit(1), at="filed_on", what=pl.lit("submit")
    ).drop_nulls("at")
    outcome = own.select(
        "claim_no",
        event=pl.lit(2),
        at="resolved_on",
        what=pl.lit("outcome"),
        credited="credited",
        denied="denied",
        withdrawn=pl.when(given_up).then(rest).otherwise(ZERO_CENTS),
    ).drop_nulls("at")
    totals = pl.concat([filed, outcome], how="diagonal")
    found = steps(own, own.select(PARTS.names()), totals, CREDIT_PARTS.to_frame())
    return (
        found.join(own.select("claim_no", "claim"), on="claim_no")
        .with_columns(claim_no="claim")
        .drop("claim")
    )


def by_bill(
    debits: pl.DataFrame, claimed: pl.DataFrame, on: dt.date, pulled: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return where the money of each bill stands at the end of a day (columns of `BILLS`).

    A bill that is not pulled yet, or was returned, has 0.00 everywhere. `pulled` is as in
    `exposure`.
    """
    taken = pull_days(debits, pulled).filter(pl.col("on") <= on)
    pulls = taken.group_by("document_id").agg(pl.col("amount").sum())
    here = (
        now(as_steps(claimed), on)
        .join(pulls.select("document_id"), on="document_id", how="semi")
        .group_by("document_id")
        .agg(pl.col(CLAIM_PLACES).sum())
    )
    return (
        debits.join(pulls.select("document_id", debited="amount"), on="document_id", how="left")
        .join(here, on="document_id", how="left")
        .with_columns(pl.col("debited", *CLAIM_PLACES).fill_null(ZERO_CENTS))
        .with_columns(undisputed=pl.col("debited") - pl.sum_horizontal(CLAIM_PLACES))
        .select(columns_of(BILLS))
        .sort("carrier", "ban", "bill_date", "invoice_no", "document_id")
    )


def as_pulled(debits: pl.DataFrame) -> pl.DataFrame:
    """Return debits with the bank's day and amount where it has spoken and the pull stands.

    Of several pulls of a bill that is the day of the first and the amount of all. One that came
    back keeps what the paper says.
    """
    if "pulled" not in debits.columns:
        return debits
    stands = pl.col("pulled_on").is_not_null() & (pl.col("status") != "returned")
    moved = (pl.col("pulled") - pl.col("returned")).cast(CENTS)
    return debits.with_columns(
        debit_on=pl.when(stands).then("pulled_on").otherwise("debit_on"),
        amount=pl.when(stands).then(moved).otherwise("amount"),
    )


def pull_days(debits: pl.DataFrame, pulled: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return [document_id, carrier, on, amount]: each pull that counts, on its day.

    `pulled` has the columns of `PULLED`; a bill it does not name is pulled once.
    """
    pulls = _pulls(debits).select("document_id", "carrier", on="debit_on", amount="amount")
    if pulled is None:
        return pulls
    told = pulls.select("document_id", "carrier").join(
        pulled.select("document_id", on="settled_on", amount="amount"), on="document_id"
    )
    return pl.concat([pulls.join(told, on="document_id", how="anti"), told])


def _pulls(debits: pl.DataFrame) -> pl.DataFrame:
    """Return the pulls that count: those with a day, less those the bank returned."""
    return as_pulled(debits).filter(
        pl.col("debit_on").is_not_null(), pl.col("status") != "returned"
    )


def days(debits: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Return [on, carrier]: each carrier on each day that `exposure` tells of."""
    # A bill that is held for its date says nothing of a day.
    dated = pl.col("debit_on").is_not_null() | (pl.col("status") != "held")
    first = pl.coalesce(pl.col("bill_date").filter(dated).min(), pl.lit(as_of))
    last = pl.max_horizontal(pl.col("dispute_closes_on").max(), pl.lit(as_of))
    carriers = debits.select("carrier").unique()
    if carriers.is_empty():
        return carriers.with_columns(on=pl.lit(None, dtype=pl.Date))
    return debits.select(on=pl.date_range(first, last)).join(carriers, how="cross")
