"""What of a charge that is billed again was credited: days, units, or money; it is no repeat.

Rules: the duplicates of the findings page and `docs/DECISIONS.md` 20. A credit of what some days or
some units of a charge were billed at gives those back; any other gives back money.
"""

from __future__ import annotations

import polars as pl

from invoices.money import (
    MICROS,
    cents,
    from_cents,
    from_micros,
    micros,
)
from invoices.schema import CENTS
from reconcile.audit.repeats.shared_days import FINE, on_days, spend_in_turns
from reconcile.audit.repeats.undone_charges import COLUMNS, EXACT, allocate

_PAIR = ["line_id", "line_id_before"]
_ONE = pl.lit(1, dtype=pl.Int128)


def uncredited(pairs: pl.DataFrame, pool: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return pairs whose earlier charge is not credited in full, and what credits give of it.

    What counts are credits on documents not later than that of the line that repeats the charge. A
    row of the second frame are the credits of one pair for one run of days (starts_shared,
    ends_shared): so many `units_back` on those days, and `money` beside them (parts of a cent).
    """
    documents = pool.select("document", credit_date="bill_date", credit_invoice="invoice_no")
    credits = pool.filter(pl.col("amount") < 0).select(
        credit_id="line_id", credit_from="starts", credit_until="ends"
    )
    one_time = pl.col("charge_class") == "one_time"
    given = (
        pl.concat(
            allocate(pool.filter(kind | (pl.col("amount") < 0)).select(COLUMNS))
            for kind in (one_time, ~one_time)
        )
        .join(documents.unique(), on=["credit_date", "credit_invoice"])
        .join(credits, on="credit_id")
    )
    of_pairs = (
        pairs.select(*_PAIR, own_document="document")
        .join(given.rename({"line_id": "line_id_before"}), on="line_id_before")
        .filter(pl.col("document") <= pl.col("own_document"))
        .group_by(*_PAIR, "credit_from", "credit_until")
        .agg(pl.col("given").sum())
        .with_columns(credited=pl.col("given").sum().over(_PAIR))
    )
    left = (
        pairs.join(of_pairs.select(*_PAIR, "credited").unique(), on=_PAIR, how="left")
        .filter(
            (pl.col("amount_before") == 0)
            | (pl.col("credited").fill_null(0) < pl.col("amount_before"))
        )
        .drop("credited")
    )
    return left, _told(of_pairs.drop("credited"), left)


def _told(given: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Say how many units credits give back on their days, and which money beside them.

    A charge of 2 units at 10.00 for January::

        credited                     units_back  money
        10.00 from the 16th on    -> 2           0.00
        13.00 for January         -> 1           3.00
    """
    told = (
        pairs.join(given, on=_PAIR)
        .with_columns(
            starts_shared=pl.max_horizontal("starts_before", "credit_from"),
            ends_shared=pl.min_horizontal("ends_before", "credit_until"),
        )
        .pipe(with_parts)
    )
    # What the days of the credit bear of the charge, in cents x parts of a month.
    borne = cents(pl.col("amount_before")) * pl.col("parts_given")
    credited = cents(pl.col("given")) * pl.col("parts_before")
    units = micros(pl.col("units_before"))
    # To the cent: what some of the days bear need not be whole cents.
    enough = credited > borne - pl.col("parts_before")
    whole = credited * units // pl.max_horizontal(borne, _ONE) // MICROS * MICROS
    back = pl.when(enough).then(units).otherwise(whole)
    bottom = pl.max_horizontal(pl.col("parts_before") * units, _ONE)
    money = cents(pl.col("given")) * FINE - borne * pl.col("back") * FINE // bottom
    exact = pl.col("charge_class").is_in(EXACT)
    return (
        told.with_columns(back=pl.when(exact).then(0).otherwise(back))
        .with_columns(money=pl.when(enough & ~exact).then(0).otherwise(money))
        .with_columns(
            units_back=from_micros(pl.col("back")), money=pl.max_horizontal("money", pl.lit(0))
        )
        .drop("back", "given")
    )


def with_parts(pairs: pl.DataFrame) -> pl.DataFrame:
    """Add what the days of a pair's earlier line are (`parts_before`), and those of its credits.

    `parts_given` is what `[starts_shared, ends_shared)` is. Classes without days are one.
    """
    exact = pl.col("charge_class").is_in(EXACT)
    days = (
        pairs.filter(~exact)
        .select(
            *_PAIR, "starts_shared", "ends_shared", starts="starts_before", ends="ends_before",
            bill_day="bill_day_before", proration="proration_before",
        )
        .pipe(on_days)
    )  # fmt: skip
    key = [*_PAIR, "starts_shared", "ends_shared"]
    shared = (pl.col("starts_shared") <= pl.col("day")) & (pl.col("day") < pl.col("ends_shared"))
    counted = days.group_by(key).agg(
        parts_before=pl.col("parts").sum(),
        parts_given=pl.when(shared).then("parts").otherwise(0).sum(),
    )
    return pairs.join(counted, on=key, how="left", nulls_equal=True).with_columns(
        pl.col("parts_before", "parts_given").fill_null(1)
    )


def credited_money(
    given: pl.DataFrame, repeated: pl.DataFrame, pieces: pl.DataFrame
) -> pl.DataFrame:
    """Return what money was credited of what lines billed twice bill again: [line_id, credited].

    `given` are the rows of `uncredited`, `repeated` the lines billed twice, whenever they were
    audited, `pieces` the days and units of them that are no repeat. Each cent of a credit is there
    for the first line that repeats its day. 12.00 are credited for January, of which B and C bill
    12.00 each once more::

        line  credited
        B     12.00
        C     null
    """
    asked = given.filter(pl.col("money") > 0).join(
        repeated.select("line_id"), on="line_id", how="semi"
    )
    if asked.is_empty():
        return pl.DataFrame(schema={"line_id": pl.String(), "credited": CENTS})
    exact = pl.col("charge_class").is_in(EXACT)
    lying = on_days(
        asked.with_columns(
            giver=pl.struct("line_id_before", "credit_from", "credit_until").rank("dense"),
            own_from="starts",
            own_until="ends",
            starts=pl.when(~exact).then("starts_shared"),
            ends="ends_shared",
            bill_day="bill_day_before",
            proration="proration_before",
        )
    )
    of_giver = pl.col("parts").sum().over("line_id", "giver")
    on_own = (pl.col("own_from") <= pl.col("day")) & (pl.col("day") < pl.col("own_until"))
    taken = spend_in_turns(
        lying.with_columns(lies=pl.col("money") * pl.col("parts") // of_giver)
        .filter(on_own.fill_null(True))
        .pipe(_repeated, pieces)
        .select(
            turn=pl.col("place").rank("dense").over("service", "usoc", "family_class"),
            taker="line_id",
            giver="giver",
            day="day",
            want=pl.lit(10**12, dtype=pl.Int128),
            lies="lies",
        )
    )
    return taken.select(line_id="taker", credited=from_cents(pl.col("taken")))


def _repeated(days: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """Keep the days of lines on which some of their units are repeats."""
    free = pieces.select("line_id", "piece_from", "piece_until", free="units")
    kept = (
        days.select("line_id", "day", "units")
        .unique()
        .join(free, on="line_id")
        .filter(
            pl.col("piece_from") <= pl.col("day"),
            pl.col("day") < pl.col("piece_until"),
            pl.col("free") >= pl.col("units"),
        )
    )
    return days.join(kept.select("line_id", "day"), on=["line_id", "day"], how="anti")
