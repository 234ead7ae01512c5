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
        "line_id": pl.String(),  # of several lines the first
        "service": pl.String(),
        "package": pl.String(),
        "document_id": pl.String(),
        "bill_date": pl.Date(),
        "invoice_no": pl.String(),
        "starts": pl.Date(),
        "ends": pl.Date(),
        "expected": _CENTS,  # of credits their amount
        "underbilled": _CENTS,  # signed: what was billed too little, less what used it up
        "carries": pl.Boolean(),  # it bills the package: neither a credit nor an element by itself
    }
)
JUDGED = pl.Schema(
    {
        "line_id": pl.String(),
        "package_share": _CENTS,  # what of the price is due of the line
        "package_used": _CENTS,  # what was billed too little before, and is billed here
        "package_again": _CENTS,  # what falls to days that are billed already
        "is_package_above": pl.Boolean(),
        "package_tolerated": pl.Boolean(),
        "package_twin": pl.String(),  # the first line that bills those days
    }
)


def in_turn(lines: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return what is due of package lines (`JUDGED`), document by document.

    `lines` are charges with a package rate that no code takes as a whole; `repeats` says which are
    billed twice on their own document, `left` (cents) what is due of those. `past` (`PAST`) are
    lines of the same packages audited before, and all credits. The price is 50.00::

        bill  line  period       amount     share  used
        Jan   E1    01-01 02-01  20.00  ->  50.00
        Feb   E2    01-01 02-01  35.00  ->   0.00  30.00, 5.00 above the price
        Mar   E3    01-01 02-01   8.00  ->   0.00   0.00, all of it billed again
    """
    document = pl.struct("bill_date", "invoice_no", "document_id").rank("dense")
    turns = lines.with_columns(turn=document.over(ITEM)).sort("turn")
    past = as_groups(past)
    judged = [pl.DataFrame(schema=JUDGED)]
    for _, turn in turns.group_by("turn", maintain_order=True):
        own = _own(turn, past)
        past = pl.concat([past, as_groups(_as_past(own))])
        repeats = _repeats(turn.filter("repeats"), past)
        past = pl.concat([past, _as_past(repeats)])
        judged += [own.select(list(JUDGED)), repeats.select(list(JUDGED))]
    return pl.concat(judged)


def as_groups(past: pl.DataFrame) -> pl.DataFrame:
    """Return charges of one document that share days as one: the price was spread over them."""
    item = [*ITEM, "document_id"]
    charges = past.filter("carries").sort(*item, "starts", "line_id")
    reach = pl.col("ends").cum_max().shift().over(item)
    begins = (pl.col("starts") >= reach).fill_null(True)
    together = (
        charges.with_columns(group=begins.cum_sum().over(item))
        .group_by(*item, "group", maintain_order=True)
        .agg(
            pl.col("line_id", "bill_date", "invoice_no", "starts").first(),
            pl.col("ends").max(),
            pl.col("expected", "underbilled").sum(),
            pl.col("carries").first(),
        )
    )
    return pl.concat([together.select(list(PAST)), past.filter(~pl.col("carries"))])


def _as_past(judged: pl.DataFrame) -> pl.DataFrame:
    """Return judged lines as what later ones find."""
    short = pl.col("package_share") - cents(pl.col("amount"))
    on_time = pl.col("package_tolerated") | pl.col("repeats")
    return judged.select(
        *("line_id", *ITEM, "document_id", "bill_date", "invoice_no"),
        starts="period_from",
        ends="period_until",
        expected="package_share",
        underbilled=pl.when(on_time).then(0).otherwise(pl.max_horizontal(short, _NONE))
        - pl.col("package_used"),
        carries=pl.lit(True),
    ).cast(dict(PAST))  # type: ignore[arg-type]


def _own(turn: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of a document that are not billed twice on it, judged together."""
    lines = turn.filter(~pl.col("repeats")).sort(*ITEM, "period_from", "line_no", "line_id")
    reach = pl.col("period_until").cum_max().shift().over(ITEM)
    begins = (pl.col("period_from") >= reach).fill_null(True)
    lines = lines.with_columns(group=begins.cum_sum().over(ITEM))
    groups = _groups(lines).pipe(_with_price)
    met = _met(groups, past)
    groups = _with_carried(groups, met)
    left = _left_of_repeats(groups, turn.filter("repeats"))
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
    told = lines.drop("left").join(
        groups.drop("starts", "ends", "bill_day", "proration", "by_unit", "month_days"),
        on=[*ITEM, "group"],
        how="left",
    )
    return told.pipe(_with_borne, met).pipe(_with_again).pipe(_shared)


def _groups(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines that share days, chained: their days, and the rate of the one that starts it."""
    key = [*ITEM, "group"]
    told = ("by_unit", "bill_day", "proration", "month_days", "installed_on", "window_until")
    return lines.group_by(key, maintain_order=True).agg(
        pl.col(told).first(),
        starts=pl.col("period_from").first(),
        ends=pl.col("period_until").max(),
        rate=pl.col("package_rate").first(),
        on=pl.col("bill_date").first(),
        number=pl.col("invoice_no").first(),
        has_proration=(pl.col("charge_class") == "prorated").any(),
    )


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


def _met(groups: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return what earlier documents, and credits up to this one, have of the days of groups."""
    not_later = (pl.col("bill_date") < pl.col("on")) | (
        (pl.col("bill_date") == pl.col("on")) & (pl.col("invoice_no") <= pl.col("number"))
    )
    return _meeting(groups, past).filter(not_later)


def _with_carried(groups: pl.DataFrame, met: pl.DataFrame) -> pl.DataFrame:
    """Add what bills before have of the days of each group.

    `carried` is what they made due, less what was credited; `accrual` what they billed too little;
    `twin` the first line of them, null where no day is carried.
    """
    told = (
        met.sort("bill_date", "invoice_no", "line_id_past")
        .group_by(*ITEM, "group", maintain_order=True)
        .agg(
            carried=_part("expected").sum(),
            accrual=pl.max_horizontal(_part("underbilled").sum(), _NONE),
            twin=pl.col("line_id_past").filter("carries").first(),
        )
        .with_columns(twin=pl.when(pl.col("carried") > 0).then("twin"))
    )
    return groups.join(told, on=[*ITEM, "group"], how="left").with_columns(
        pl.col("carried", "accrual").fill_null(0)
    )


def _meeting(asking: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return what asks (starts, ends, bill_day, proration) beside the lines that share its days.

    A price is for days in service: of an earlier line those outside the window count for nothing.
    """
    inside = (
        pl.max_horizontal("starts_past", "installed_on"),
        pl.min_horizontal("ends_past", "window_until"),
    )
    out = inside[0] >= inside[1]
    met = (
        asking.join(
            past.rename({"line_id": "line_id_past", "starts": "starts_past", "ends": "ends_past"}),
            on=ITEM,
            suffix="_past",
        )
        .with_columns(
            starts_past=pl.when(out).then("starts_past").otherwise(inside[0]),
            ends_past=pl.when(out).then("ends_past").otherwise(inside[1]),
        )
        .filter(pl.col("starts_past") < pl.col("ends"), pl.col("ends_past") > pl.col("starts"))
        .with_columns(
            from_shared=pl.max_horizontal("starts", "starts_past"),
            until_shared=pl.min_horizontal("ends", "ends_past"),
        )
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


def _with_borne(lines: pl.DataFrame, met: pl.DataFrame) -> pl.DataFrame:
    """Add what of each line falls to days that earlier documents bill (`borne`, cents)."""
    days = met.filter("carries").select(
        *ITEM, "group", "bill_day", "proration", carried_from="from_shared",
        carried_until="until_shared",
    )  # fmt: skip
    met_days = (
        lines.select("line_id", *ITEM, "group", "period_from", "period_until")
        .join(days, on=[*ITEM, "group"])
        .with_columns(
            carried_from=pl.max_horizontal("carried_from", "period_from"),
            carried_until=pl.min_horizontal("carried_until", "period_until"),
        )
        .filter(pl.col("carried_from") < pl.col("carried_until"))
        .lazy()
    )
    parts = (
        with_fraction(met_days, "carried_from", "carried_until", "parts_carried")
        .group_by("line_id")
        .agg(pl.col("parts_carried").sum())
        .collect()
    )
    whole = with_fraction(lines.lazy(), "period_from", "period_until", "parts_own").collect()
    bottom = pl.max_horizontal(pl.col("parts_own").cast(_CENTS), pl.lit(1, dtype=_CENTS))
    borne = divide_half_away(
        cents(pl.col("amount")) * pl.min_horizontal(pl.col("parts_carried").fill_null(0), bottom),
        bottom,
    )
    return whole.join(parts, on="line_id", how="left").with_columns(borne=borne)


def _with_again(lines: pl.DataFrame) -> pl.DataFrame:
    """Say what of lines is billed again (`weight_again`, cents), and name a twin of theirs.

    Days that earlier documents bill and left nothing of are billed again. The package's own code
    and its elements are two ways to bill it: the second is, if the first has all of the price.
    """
    key = [*ITEM, "group"]
    own_code = pl.col("usoc") == pl.col("package")
    first = pl.col("line_no").min().over(*key, own_code) == pl.col("line_no").min().over(key)
    billed_first = pl.when(first).then(cents(pl.col("amount"))).otherwise(_NONE).sum().over(key)
    leader = pl.col("line_id").sort_by("line_no").first().over(key)
    second = ~first & (pl.col("room") > 0) & (billed_first >= pl.col("room") - pl.col("slack"))
    carried = pl.col("twin").is_not_null() & (pl.col("accrual") == 0)
    return lines.with_columns(
        weight_again=pl.when(second)
        .then(cents(pl.col("amount")))
        .when(carried)
        .then("borne")
        .otherwise(_NONE),
        twin=pl.coalesce("twin", pl.when(second).then(leader)),
    )


def _shared(lines: pl.DataFrame) -> pl.DataFrame:
    """Spread the price that is left over the lines of each group, and say what is above it."""
    key = [*ITEM, "group"]
    billed = cents(pl.col("amount")).sum().over(key)
    lines = lines.with_columns(
        over=pl.max_horizontal(billed - pl.col("price"), _NONE),
        near=(billed - pl.col("price")).abs() <= pl.col("slack"),
        all_again=pl.col("weight_again").sum().over(key),
    ).with_columns(
        use=pl.when("near").then(_NONE).otherwise(pl.min_horizontal("over", "accrual")),
    )
    again = pl.min_horizontal(pl.col("over") - pl.col("use"), "all_again")
    lines = lines.with_columns(again=pl.when("near").then(_NONE).otherwise(again)).pipe(
        by_largest_remainder, key, "weight_again", "again", "package_again"
    )
    lines = lines.with_columns(weight=cents(pl.col("amount")) - pl.col("package_again")).pipe(
        by_largest_remainder, key, "weight", "price", "package_share"
    )
    above = pl.max_horizontal(pl.col("weight") - pl.col("package_share"), _NONE)
    lines = lines.with_columns(above=above).pipe(
        by_largest_remainder, key, "above", "use", "package_used"
    )
    kept = pl.col("weight").sum().over(key)
    return lines.with_columns(
        is_package_above=kept - pl.col("whole_left") - pl.col("use") > pl.col("slack"),
        package_tolerated=(kept - pl.col("use") - pl.col("price")).abs() <= pl.col("slack"),
        package_twin=pl.when(pl.col("package_again") > 0).then("twin"),
    )


def _repeats(lines: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return lines billed twice on their document with what they use of what is billed too little.

    What they use stands in `package_used`; their stake is not yet less by it.
    """
    asking = lines.select(
        "line_id", *ITEM, "bill_day", "proration", "installed_on", "window_until",
        starts="period_from", ends="period_until",
    )  # fmt: skip
    found = (
        _meeting(asking, past)
        .group_by("line_id")
        .agg(accrual=pl.max_horizontal(_part("underbilled").sum(), _NONE))
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
            package_again=_NONE,
            is_package_above=pl.lit(False),
            package_tolerated=pl.lit(False),
            package_twin=pl.lit(None, dtype=pl.String),
        )
    )
