"""What of a charge that is billed again was credited: days, units, or money; it is no repeat.

Rules: the duplicates of the findings page and `docs/DECISIONS.md` 20. A credit of what some days or
some units of a charge were billed at gives those back; any other gives back money.
"""

from __future__ import annotations

import polars as pl

from invoices.money import (
    EXACT_PER_CENT,
    MICROS,
    cents,
    divide_half_away,
    from_cents,
    from_micros,
    micros,
)
from invoices.periods import add_days
from invoices.schema import CENTS
from reconcile.audit.repeats.shared_days import FINE, in_cents, of_unit, on_days, spend_in_turns
from reconcile.audit.repeats.undone_charges import COLUMNS, EXACT, allocate

_PAIR = ["line_id", "line_id_before"]
_ONE = pl.lit(1, dtype=pl.Int128)
_SHARES = 10**6
_CUT_OFF = FINE // 10**6


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
    return left, _told(of_pairs, left)


def _told(given: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Say how many units credits give back on runs of days, and which money beside them.

    A charge of 2 units at 10.00 for January::

        credited                     units_back  money
        10.00 from the 16th on    -> 2           0.00
        13.00 for January         -> 1           3.00
    """
    credited = pairs.join(given.select(_PAIR).unique(), on=_PAIR, how="semi")
    runs = _runs(_by_day(credited, given))
    units = micros(pl.col("units_before"))
    paid, cost = pl.col("paid"), pl.max_horizontal("borne", _ONE)
    counted = ~pl.col("charge_class").is_in(("usage", "tax"))
    enough = pl.col("paid_cents") >= pl.col("borne_cents")
    # What days cut off of a cent does not cost a unit.
    nearly = (paid + _CUT_OFF) * units // cost
    some = pl.when(counted).then(nearly // MICROS * MICROS).otherwise(0)
    back = pl.when(enough).then(units).otherwise(some)
    money = paid - pl.col("borne") * pl.col("back") // pl.max_horizontal(units, _ONE)
    return (
        credited.drop("starts_shared", "ends_shared", strict=False)
        .join(runs.filter(pl.col("paid") > 0), on=_PAIR)
        .with_columns(back=back)
        .with_columns(
            units_back=from_micros(pl.col("back")),
            money=pl.max_horizontal(money, pl.lit(0)),
        )
        .drop("back", "paid", "borne", "paid_cents", "borne_cents")
    )


def _by_day(pairs: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Return what the earlier charge of each pair bears on its days, and what of it was credited.

    [line_id, line_id_before, day, borne, paid: parts of a cent]. A credit lies on the days it
    shares with the charge, as far as they bear it, and beyond that on its other days.
    """
    exact = pl.col("charge_class").is_in(EXACT)
    days = on_days(
        pairs.select(
            *_PAIR, "amount_before", starts=pl.when(~exact).then("starts_before"),
            ends="ends_before", bill_day="bill_day_before", proration="proration_before",
        )
    )  # fmt: skip
    all_of = pl.col("parts").sum().over(_PAIR)
    borne = cents(pl.col("amount_before")) * FINE * pl.col("parts") // all_of
    days = days.with_columns(borne=borne).with_columns(left="borne")
    order = pl.struct("credit_date", "credit_invoice", "credit_id").rank("ordinal").over(_PAIR)
    turns = given.with_columns(turn=order, fine=cents(pl.col("given")) * FINE).sort("turn")
    for _, turn in turns.group_by("turn", maintain_order=True):
        days = _spread(days, turn.select(*_PAIR, "credit_from", "credit_until", "fine"))
    return days.with_columns(paid=pl.col("borne") - pl.col("left"))


def _spread(days: pl.DataFrame, credit: pl.DataFrame) -> pl.DataFrame:
    """Take one credit of each pair off what is left of its days, those it names first."""
    day = pl.col("day")
    named = ((pl.col("credit_from") <= day) & (day < pl.col("credit_until"))).fill_null(True)
    days = days.join(credit, on=_PAIR, how="left").with_columns(fine=pl.col("fine").fill_null(0))
    for which in (named, pl.lit(True)):
        room = pl.when(which).then("left").otherwise(0).sum().over(_PAIR)
        days = days.with_columns(room=room).with_columns(
            take=pl.min_horizontal("fine", "room"), share=pl.when(which).then("left").otherwise(0)
        )
        part = pl.col("share") * pl.col("take") // pl.max_horizontal("room", _ONE)
        days = days.with_columns(left=pl.col("left") - part, fine=pl.col("fine") - pl.col("take"))
    return days.drop("credit_from", "credit_until", "fine", "room", "take", "share")


def _runs(days: pl.DataFrame) -> pl.DataFrame:
    """Join days of which the same share was credited; one that bears nothing goes with the last.

    [line_id, line_id_before, starts_shared, ends_shared, paid, borne, paid_cents, borne_cents].
    """
    # Cut-off parts of a cent make no other share.
    bears = pl.col("borne") > 0
    share = (pl.col("paid") * _SHARES + pl.col("borne") // 2) // pl.max_horizontal("borne", _ONE)
    days = days.sort(*_PAIR, "day").with_columns(share=pl.when(bears).then(share))
    days = days.with_columns(share=pl.col("share").forward_fill().backward_fill().over(_PAIR))
    run = pl.struct(*_PAIR, "share").rle_id()
    return (
        days.with_columns(run=run)
        .group_by("run", maintain_order=True)
        .agg(
            pl.col(_PAIR).first(),
            pl.col("paid", "borne").sum(),
            starts_shared=pl.col("day").first(),
            ends_shared=add_days(pl.col("day").last(), 1),
            paid_cents=in_cents(pl.col("paid")),
            borne_cents=in_cents(pl.col("borne")),
        )
        .drop("run")
    )


def credited_money(
    given: pl.DataFrame, repeated: pl.DataFrame, pieces: pl.DataFrame
) -> pl.DataFrame:
    """Return what money was credited of what lines billed twice bill again: [line_id, credited].

    `given` are the rows of `uncredited`, `repeated` the lines billed twice, whenever they were
    audited, `pieces` the days and units of them that are no repeat. Each cent of a credit is there
    for the first line that repeats its day, as far as the contract's rate for it goes. 12.00 are
    credited for January, of which B and C bill 12.00 each once more::

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
            run="starts_shared",
            own_from="starts",
            own_until="ends",
            starts=pl.when(~exact).then("starts_shared"),
            ends="ends_shared",
            bill_day="bill_day_before",
            proration="proration_before",
        )
    )
    of_run = pl.col("parts").sum().over("line_id", "line_id_before", "run")
    on_own = (pl.col("own_from") <= pl.col("day")) & (pl.col("day") < pl.col("own_until"))
    taken = spend_in_turns(
        lying.with_columns(lies=pl.col("money") * pl.col("parts") // of_run)
        .filter(on_own.fill_null(True))
        .pipe(_repeated, pieces)
        .join(_cost(asked, repeated, pieces), on="line_id")
        .select(
            *("day", "want", "lies"),
            turn=pl.col("place").rank("dense").over("service", "usoc", "family_class"),
            taker="line_id",
            giver="place_before",
            owed=pl.lit(None, dtype=pl.Int128),
        )
    )
    return taken.select(line_id="taker", credited=from_cents(pl.col("taken")))


def _cost(asked: pl.DataFrame, repeated: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """Return what the units that lines bill again cost by the contract: [line_id, want], in cents.

    Without a rate of its own a line wants what is billed. Two units at 10.00, for days of which
    half are billed for one of them already, want 5.00.
    """
    told = ("charge_class", "starts", "ends", "units", "worth", "amount", "packaged")
    lines = asked.select("line_id", "bill_day", "proration", *told).unique("line_id")
    exact = pl.col("charge_class").is_in(EXACT)
    days = on_days(lines.with_columns(starts=pl.when(~exact).then("starts")))
    free = (
        days.select("line_id", "day", "parts")
        .join(pieces, on="line_id")
        .filter(pl.col("piece_from") <= pl.col("day"), pl.col("day") < pl.col("piece_until"))
        .group_by("line_id")
        .agg(free=(micros(pl.col("units")) * pl.col("parts")).sum())
    )
    parts = days.group_by("line_id").agg(pl.col("parts").sum())
    all_of = micros(pl.col("units")) * pl.col("parts")
    due = pl.when(exact).then(micros(pl.col("units_due")) * pl.col("parts")).otherwise("free")
    due = due.fill_null(0)
    again = pl.max_horizontal(pl.col("all_of") - pl.col("due"), pl.lit(0))
    whole = pl.col("parts").cast(pl.Int128) * EXACT_PER_CENT
    all_cost, due_cost = (
        divide_half_away(of_unit() * pl.col(name), whole) for name in ("all_of", "due")
    )
    cost = pl.max_horizontal(all_cost - due_cost, pl.lit(0))
    billed = divide_half_away(cents(pl.col("amount")) * again, pl.col("all_of"))
    rated = pl.col("worth").is_not_null() & ~pl.col("packaged")
    return (
        lines.join(repeated.select("line_id", "units_due"), on="line_id", how="left")
        .join(parts, on="line_id")
        .join(free, on="line_id", how="left")
        .with_columns(all_of=all_of, due=due)
        .select("line_id", want=pl.when(rated).then(cost).otherwise(billed))
    )


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
