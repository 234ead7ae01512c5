"""Packages whose days stand on several bills, lines that cut the month differently, or twice.

Rules: the packages of the findings page and `docs/DECISIONS.md` 22. The price is due once for a
service and day. Bills are judged one after the other: a later one never changes what an earlier
one was found to be.
"""

from __future__ import annotations

import polars as pl

from invoices.money import EXACT_PER_CENT, MICROS, MONTH_PARTS, cents, divide_half_away, micros
from invoices.periods import with_fraction
from reconcile.audit.pricing import value
from reconcile.audit.spread import by_largest_remainder

ITEM = ["service", "package"]
_CENTS = pl.Int128()
_NONE = pl.lit(0, dtype=_CENTS)
PAST = pl.Schema(
    {
        "line_id": pl.String(),
        "service": pl.String(),
        "package": pl.String(),
        "bill_date": pl.Date(),
        "invoice_no": pl.String(),
        "starts": pl.Date(),
        "ends": pl.Date(),
        "expected": _CENTS,  # of credits their amount
        "underbilled": _CENTS,  # signed: what was billed too little, less what used it up
        "is_charge": pl.Boolean(),
    }
)
JUDGED = pl.Schema(
    {
        "line_id": pl.String(),
        "package_share": _CENTS,  # what of the price is due of the line
        "package_used": _CENTS,  # what was billed too little before, and is billed here
        "is_package_above": pl.Boolean(),
        "package_tolerated": pl.Boolean(),
        "package_twin": pl.String(),  # a line that bills it already: what is above is billed twice
    }
)


def in_turn(lines: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return what is due of package lines (`JUDGED`), document by document.

    `lines` are charges with a package rate that no code takes as a whole; `left` (cents) is what is
    due of those billed twice by themselves (`is_twice`). `past` (`PAST`) are the lines of the same
    packages audited before, and all credits. The price is 50.00::

        bill  line  period       amount     share  used
        Jan   E1    01-01 02-01  20.00  ->  50.00
        Feb   E2    01-01 02-01  35.00  ->   0.00  30.00, 5.00 above the price
        Mar   E3    01-01 02-01   8.00  ->   0.00   0.00, all of it billed twice
    """
    document = pl.struct("bill_date", "invoice_no", "document_id").rank("dense")
    turns = lines.with_columns(turn=document.over(ITEM)).sort("turn")
    judged = [pl.DataFrame(schema=JUDGED)]
    for _, turn in turns.group_by("turn", maintain_order=True):
        own = _own(turn, past)
        past = pl.concat([past, _as_past(own)])
        repeats = _repeats(turn.filter("is_twice"), past)
        past = pl.concat([past, _as_past(repeats)])
        judged += [own.select(list(JUDGED)), repeats.select(list(JUDGED))]
    return pl.concat(judged)


def _as_past(judged: pl.DataFrame) -> pl.DataFrame:
    """Return judged lines as what later ones find."""
    short = pl.col("package_share") - cents(pl.col("amount"))
    on_time = pl.col("package_tolerated").fill_null(False) | pl.col("is_twice")
    return judged.select(
        *("line_id", *ITEM, "bill_date", "invoice_no"),
        starts="period_from",
        ends="period_until",
        expected="package_share",
        underbilled=pl.when(on_time).then(0).otherwise(pl.max_horizontal(short, _NONE))
        - pl.col("package_used"),
        is_charge=pl.lit(True),
    ).cast(dict(PAST))  # type: ignore[arg-type]


def _own(turn: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of a document that are not billed twice by themselves, judged together."""
    lines = turn.filter(~pl.col("is_twice")).sort(*ITEM, "period_from", "line_no", "line_id")
    reach = pl.col("period_until").cum_max().shift().over(ITEM)
    begins = (pl.col("period_from") >= reach).fill_null(True)
    lines = lines.with_columns(group=begins.cum_sum().over(ITEM))
    groups = _groups(lines).pipe(_with_price).pipe(_with_carried, past)
    left = _left_of_repeats(groups, turn.filter("is_twice"))
    groups = (
        groups.join(left, on=[*ITEM, "group"], how="left")
        .with_columns(carried=pl.col("carried") + pl.col("left").fill_null(0))
        .with_columns(
            price=pl.max_horizontal(
                pl.min_horizontal(pl.col("due") - pl.col("carried"), "due"), _NONE
            ),
            whole_left=pl.max_horizontal(pl.col("whole") - pl.col("carried"), _NONE),
        )
        .with_columns(room=pl.col("price") + pl.col("accrual"))
    )
    told = lines.join(groups.drop("starts", "ends"), on=[*ITEM, "group"], how="left")
    return _shared(_with_again(told))


def _groups(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines that share days, chained: their days, and the rate of the one that starts it."""
    first = pl.all().exclude("period_until", *ITEM, "group").first()
    prorated = (pl.col("charge_class") == "prorated").any()
    return lines.group_by(*ITEM, "group", maintain_order=True).agg(
        first.name.prefix("first_"), ends=pl.col("period_until").max(), has_proration=prorated
    ).select(
        *ITEM, "group", "ends", "has_proration", starts="first_period_from",
        rate="first_package_rate", by_unit="first_by_unit", bill_day="first_bill_day",
        proration="first_proration", month_days="first_month_days",
        installed_on="first_installed_on", window_until="first_window_until",
        on="first_bill_date", number="first_invoice_no",
    )  # fmt: skip


def _with_price(groups: pl.DataFrame) -> pl.DataFrame:
    """Add the price of all days (`whole`), of those in service (`due`), and of a day (`slack`)."""
    frame = groups.lazy().with_columns(
        in_from=pl.max_horizontal("starts", "installed_on"),
        in_until=pl.min_horizontal("ends", "window_until"),
    )
    frame = with_fraction(frame, "starts", "ends", "parts")
    frame = with_fraction(frame, "in_from", "in_until", "in_parts")
    one = pl.lit(MICROS, dtype=_CENTS)
    in_parts = pl.max_horizontal(pl.min_horizontal("in_parts", "parts"), pl.lit(0)).cast(_CENTS)
    month = pl.col("month_days").fill_null(30).cast(_CENTS)
    day = micros(pl.col("rate")) * MICROS * (MONTH_PARTS // month) // EXACT_PER_CENT + 1
    return frame.with_columns(
        whole=value(pl.col("rate"), one, pl.col("parts").cast(_CENTS), pl.col("by_unit")),
        due=value(pl.col("rate"), one, in_parts, pl.col("by_unit")),
        slack=pl.when("has_proration").then(day).otherwise(_NONE),
    ).collect()


def _with_carried(groups: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Add what bills before have of the days of each group.

    `carried` is what they made due, less what was credited; `accrual` what they billed too little;
    `twin` the first line of them, null where no day is carried.
    """
    not_later = (pl.col("bill_date") < pl.col("on")) | (
        (pl.col("bill_date") == pl.col("on")) & (pl.col("invoice_no") <= pl.col("number"))
    )
    meets = _meeting(groups, past).filter(not_later)
    bears = pl.col("is_charge") & (pl.col("expected") > 0)
    told = (
        meets.sort("bill_date", "invoice_no", "line_id_past")
        .group_by(*ITEM, "group", maintain_order=True)
        .agg(
            carried=_part("expected").sum(),
            accrual=pl.max_horizontal(_part("underbilled").sum(), _NONE),
            twin=pl.col("line_id_past").filter(bears).first(),
        )
    )
    return groups.join(told, on=[*ITEM, "group"], how="left").with_columns(
        pl.col("carried", "accrual").fill_null(0)
    )


def _meeting(asking: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return what asks (starts, ends, bill_day, proration) beside the lines that share its days."""
    met = asking.join(past.rename({"line_id": "line_id_past"}), on=ITEM, suffix="_past").filter(
        pl.col("starts_past") < pl.col("ends"), pl.col("ends_past") > pl.col("starts")
    )
    met = met.with_columns(
        from_shared=pl.max_horizontal("starts", "starts_past"),
        until_shared=pl.min_horizontal("ends", "ends_past"),
    )
    frame = with_fraction(met.lazy(), "from_shared", "until_shared", "parts_shared")
    return with_fraction(frame, "starts_past", "ends_past", "parts_past").collect()


def _part(money: str) -> pl.Expr:
    """Return what of the cents of a line falls to the days it shares."""
    bottom = pl.max_horizontal(pl.col("parts_past").cast(_CENTS), pl.lit(1, dtype=_CENTS))
    return divide_half_away(pl.col(money) * pl.min_horizontal("parts_shared", bottom), bottom)


def _left_of_repeats(groups: pl.DataFrame, repeats: pl.DataFrame) -> pl.DataFrame:
    """Return what is due of lines billed twice in part: it is part of the price of their days."""
    return (
        groups.select(*ITEM, "group", "starts", "ends")
        .join(repeats.select(*ITEM, "period_from", "period_until", "left"), on=ITEM)
        .filter(pl.col("period_from") < pl.col("ends"), pl.col("period_until") > pl.col("starts"))
        .group_by(*ITEM, "group")
        .agg(pl.col("left").sum())
    )


def _with_again(lines: pl.DataFrame) -> pl.DataFrame:
    """Say which lines come after all of the price was billed (`again`), and name a twin of theirs.

    The package's own code and its elements are two ways to bill it: the second is billed again if
    the first has all of the price already.
    """
    key = [*ITEM, "group"]
    own_code = pl.col("usoc") == pl.col("package")
    first = pl.col("line_no").min().over(*key, own_code) == pl.col("line_no").min().over(key)
    billed_first = pl.when(first).then(cents(pl.col("amount"))).otherwise(_NONE).sum().over(key)
    leader = pl.col("line_id").sort_by("line_no").first().over(key)
    full = billed_first >= pl.col("room") - pl.col("slack")
    return lines.with_columns(
        again=pl.when(pl.col("room") > 0)
        .then(~first & full)
        .otherwise((pl.col("due") > 0) & pl.col("twin").is_not_null()),
        twin=pl.coalesce("twin", pl.when(~first).then(leader)),
    )


def _shared(lines: pl.DataFrame) -> pl.DataFrame:
    """Spread the price that is left over the lines of each group, and say what is above it."""
    key = [*ITEM, "group"]
    amount = cents(pl.col("amount"))
    lines = lines.with_columns(weight=pl.when("again").then(_NONE).otherwise(amount))
    billed = pl.col("weight").sum().over(key)
    lines = lines.with_columns(billed=billed).with_columns(
        excess=pl.max_horizontal(pl.col("billed") - pl.col("price"), _NONE),
        tolerated=(pl.col("billed") - pl.col("price")).abs() <= pl.col("slack"),
    )
    use = pl.when("tolerated").then(_NONE).otherwise(pl.min_horizontal("excess", "accrual"))
    lines = lines.with_columns(use=use).pipe(
        by_largest_remainder, key, "weight", "price", "package_share"
    )
    above = pl.col("weight") - pl.min_horizontal("package_share", "weight")
    lines = lines.with_columns(above=above).pipe(
        by_largest_remainder, key, "above", "use", "package_used"
    )
    over = pl.col("billed") - pl.col("whole_left") - pl.col("use") > pl.col("slack")
    # Days that other bills have already, and nothing of them left to bill.
    twice = pl.col("again") | (over & pl.col("twin").is_not_null() & (pl.col("accrual") == 0))
    return lines.with_columns(
        is_package_above=over & ~twice & ~pl.col("again"),
        package_tolerated=pl.col("tolerated") & ~pl.col("again"),
        package_twin=pl.when(twice).then("twin"),
    )


def _repeats(lines: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return lines billed twice by themselves with what they use of what was billed too little."""
    asking = lines.select(
        "line_id", *ITEM, "bill_day", "proration", starts="period_from", ends="period_until"
    )
    met = _meeting(asking, past)
    found = met.group_by("line_id").agg(
        accrual=pl.max_horizontal(_part("underbilled").sum(), _NONE)
    )
    excess = pl.max_horizontal(cents(pl.col("amount")) - pl.col("left"), _NONE)
    before = (pl.col("excess").cum_sum() - pl.col("excess")).over(ITEM, order_by="line_no")
    return (
        lines.with_columns(excess=excess)
        .join(found, on="line_id", how="left")
        .with_columns(
            package_used=pl.min_horizontal(
                pl.max_horizontal(pl.col("accrual").fill_null(0) - before, _NONE), "excess"
            ),
            package_share="left",
            is_package_above=pl.lit(False),
            package_tolerated=pl.lit(False),
            package_twin=pl.lit(None, dtype=pl.String),
        )
    )
