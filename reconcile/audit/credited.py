"""What of a charge that is billed again was credited: days, units, or money; it is no repeat.

Rules: the duplicates of the findings page and `docs/DECISIONS.md` 20. A credit of what some days or
some units of a charge were billed at gives those back; any other gives back money.
"""

from __future__ import annotations

import polars as pl

from invoices.money import (
    MICROS,
    MONTH_PARTS,
    cents,
    divide_half_away,
    from_cents,
    from_micros,
    micros,
)
from invoices.periods import days_between, with_fraction
from invoices.schema import CENTS
from reconcile.audit.undone_charges import COLUMNS, EXACT, allocate, in_turns

_PAIR = ["line_id", "line_id_before"]
_ONE = pl.lit(1, dtype=pl.Int128)


def uncredited(pairs: pl.DataFrame, pool: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return pairs whose earlier charge is not credited in full, and what credits give of it.

    What counts are credits on documents not later than that of the line that repeats the charge. A
    row of the second frame are the credits of one pair for one run of days (starts_shared,
    ends_shared): so many `units_back` on those days, and `money` beside them.
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
        .pipe(with_parts, "parts_given", "parts_before")
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
    money = cents(pl.col("given")) - divide_half_away(borne * pl.col("back"), bottom)
    exact = pl.col("charge_class").is_in(EXACT)
    return (
        told.with_columns(back=pl.when(exact).then(0).otherwise(back))
        .with_columns(money=pl.when(enough & ~exact).then(0).otherwise(money))
        .with_columns(
            units_back=from_micros(pl.col("back")), money=pl.max_horizontal("money", pl.lit(0))
        )
        .drop("back", "given")
    )


def with_parts(pairs: pl.DataFrame, shared: str, before: str) -> pl.DataFrame:
    """Add what part of a month the earlier line of a pair is, and what they share of it.

    What is shared is `[starts_shared, ends_shared)`. Classes without days are shared as a whole.
    """
    bill_day = pl.col("bill_date_before").dt.day()
    asked = pairs.with_columns(bill_day=bill_day, proration="proration_before").lazy()
    asked = with_fraction(asked, "starts_shared", "ends_shared", shared)
    asked = with_fraction(asked, "starts_before", "ends_before", before)
    exact = pl.col("charge_class").is_in(EXACT)
    # Under 30/360 a 31st is no day at all; then days are counted as they are.
    none = pl.col(before) <= 0
    whole = pl.lit(MONTH_PARTS, dtype=pl.Int64)
    days = {
        shared: days_between(pl.col("starts_shared"), pl.col("ends_shared")),
        before: days_between(pl.col("starts_before"), pl.col("ends_before")),
    }
    return (
        asked.with_columns(
            pl.when(exact).then(whole).when(none).then(count).otherwise(name).alias(name)
            for name, count in days.items()
        )
        .drop("bill_day", "proration")
        .collect()
    )


def credited_money(given: pl.DataFrame, repeated: pl.DataFrame) -> pl.DataFrame:
    """Return what money was credited of what lines billed twice bill again: [line_id, credited].

    `given` are the rows of `uncredited`, `repeated` the lines billed twice, whenever they were
    audited: each cent of a credit is there for the first of them. 12.00 are credited for January,
    of which B and C bill 12.00 each once more::

        line  credited
        B     12.00
        C     null
    """
    asked = (
        given.filter(pl.col("money") > 0)
        .join(repeated.select("line_id"), on="line_id", how="semi")
        .with_columns(
            starts_shared=pl.max_horizontal("starts", "starts_shared"),
            ends_shared=pl.min_horizontal("ends", "ends_shared"),
        )
        .filter(
            pl.col("charge_class").is_in(EXACT) | (pl.col("starts_shared") < pl.col("ends_shared"))
        )
    )
    if asked.is_empty():
        return pl.DataFrame(schema={"line_id": pl.String(), "credited": CENTS})
    asked = with_parts(asked, "parts_shared", "parts_before")
    most = divide_half_away(
        pl.col("money") * pl.min_horizontal("parts_shared", "parts_given"),
        pl.max_horizontal(pl.col("parts_given").cast(pl.Int128), _ONE),
    )
    days = ("line_id_before", "credit_from", "credit_until")
    taken = in_turns(
        asked.select(
            turn=pl.col("place").rank("dense").over("service", "usoc", "family_class"),
            taker="line_id",
            giver=pl.struct(days).rank("dense"),
            want=pl.lit(10**30, dtype=pl.Int128),
            has=pl.col("money").max().over(days),
            most=most,
            order=pl.struct("place_before", *days).rank("dense"),
        )
    )
    return taken.group_by("taker").agg(pl.col("taken").sum()).select(
        line_id="taker", credited=from_cents(pl.col("taken"))
    )  # fmt: skip
