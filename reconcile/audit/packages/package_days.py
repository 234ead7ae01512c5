"""Packages whose days stand on several bills, lines that cut the month differently, or twice.

Rules: the packages of the findings page and `docs/DECISIONS.md` 22. The price is due once for a
service and day. Bills are judged one after the other: a later one never changes what an earlier
one was found to be.
"""

from __future__ import annotations

import polars as pl

from invoices.money import MICROS, cents, divide_half_away
from invoices.periods import add_days, with_fraction
from invoices.schema import among
from invoices.spread import by_largest_remainder
from reconcile.audit.packages.packages_before import ITEM, KEY, PAST, as_groups, before, lying
from reconcile.audit.pricing import day_and_cent, value
from reconcile.audit.repeats.shared_days import in_cents, in_service, on_days

_CENTS = pl.Int128()
_NONE = pl.lit(0, dtype=_CENTS)
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
        judged.append(own.select(list(JUDGED)))
        billed = _as_past(own)
        nth = pl.int_range(pl.len()).over(ITEM, order_by="line_no")
        again = turn.filter("repeats").with_columns(nth=nth).sort("nth")
        for _, one in again.group_by("nth", maintain_order=True):
            repeats = _repeats(one, pl.concat([past, as_groups(billed)]))
            judged.append(repeats.select(list(JUDGED)))
            billed = pl.concat([billed, _as_past(repeats)])
        past = pl.concat([past, as_groups(billed)])
    return pl.concat(judged)


def _as_past(judged: pl.DataFrame) -> pl.DataFrame:
    """Return judged lines as what later ones find."""
    short = pl.col("package_share") - cents(pl.col("amount"))
    on_time = pl.col("package_tolerated") | pl.col("repeats")
    return (
        judged.select(
            *("line_id", *ITEM, "document_id", "bill_date", "invoice_no", "bill_day", "proration"),
            starts="period_from",
            ends="period_until",
            expected="package_share",
            underbilled=pl.when(on_time).then(0).otherwise(pl.max_horizontal(short, _NONE))
            - pl.col("package_used"),
            charge=pl.lit(True),
            carries=pl.lit(False),
        )
        .select(list(PAST))
        .cast(PAST)
    )


def _own(turn: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of a document that are not billed twice on it, judged together."""
    lines = turn.filter(~pl.col("repeats")).sort(*ITEM, "period_from", "line_no", "line_id")
    reach = pl.col("period_until").cum_max().shift().over(ITEM)
    begins = (pl.col("period_from") >= reach).fill_null(True)
    lines = lines.with_columns(group=begins.cum_sum().over(ITEM))
    groups = _groups(lines)
    days = _days(groups, past)
    groups = _with_what_is_left(groups, days, past, lines, turn.filter("repeats"))
    own = ("rate", "twin", "slack", "price", "whole_left", "room", "back", "accrual", "beside")
    told = lines.drop("left").join(groups.select(*KEY, *own), on=KEY, how="left")
    return told.pipe(_with_borne, days).pipe(_with_again).pipe(_shared)


def _with_what_is_left(
    groups: pl.DataFrame,
    days: pl.DataFrame,
    past: pl.DataFrame,
    lines: pl.DataFrame,
    repeats: pl.DataFrame,
) -> pl.DataFrame:
    """Add what is left of the price for each group, and of that of all its days (cents).

    `price` is of days in service, `whole_left` of all; both with what was credited and is billed
    again, of `carried` days (`back`) or on the document itself. `room` is what a first way to bill
    the package may take: the price without the latter, and what was billed too little.
    """
    groups = (
        _with_price(groups, days)
        .join(_carried(days, past, groups), on=KEY, how="left")
        .join(_left_of_repeats(groups, repeats), on=KEY, how="left")
        .join(_billed_again(lines), on=KEY, how="left")
        .with_columns(
            pl.col("net", "credits", "here", "beside", "accrual", "left", "second").fill_null(0)
        )
    )
    back = pl.min_horizontal("credits", pl.col("price_carried") - pl.col("net"))
    # What is left of repeats is what was credited on their document, else part of the price.
    taken = pl.max_horizontal(pl.col("left") - pl.col("here"), _NONE) + pl.col("beside")
    groups = groups.with_columns(back=pl.max_horizontal(back, _NONE)).with_columns(
        price=pl.max_horizontal(pl.col("price_fresh") - taken, _NONE) + pl.col("back"),
        whole_left=pl.max_horizontal(pl.col("price_all") - taken, _NONE) + pl.col("back"),
    )
    above = pl.col("billed") - pl.col("price")
    here = pl.min_horizontal(pl.col("here") - pl.col("left"), above, "second")
    return groups.with_columns(here=pl.max_horizontal(here, _NONE)).with_columns(
        room=pl.col("price") + pl.col("accrual"),
        price=pl.col("price") + pl.col("here"),
        whole_left=pl.col("whole_left") + pl.col("here"),
    )


def _groups(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines that share days, chained: their days, and the rate of those that start it."""
    starting = pl.col("period_from") == pl.col("period_from").first()
    told = ("by_unit", "bill_day", "proration", "month_days", "installed_on", "window_until")
    return lines.group_by(KEY, maintain_order=True).agg(
        pl.col(told).first(),
        starts=pl.col("period_from").first(),
        ends=pl.col("period_until").max(),
        first_ends=pl.col("period_until").first(),
        rate=pl.col("package_rate").filter(starting).max(),
        on=pl.col("bill_date").first(),
        number=pl.col("invoice_no").first(),
        has_proration=(pl.col("charge_class") == "prorated").any(),
        document_id=pl.col("document_id").first(),
        billed=cents(pl.col("amount")).sum(),
    )


def _days(groups: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return the days of groups: day, parts, in_service, and the first line that carries it."""
    days = on_days(groups).with_columns(in_service=in_service())
    carried = (
        before(groups, past.filter("carries"))
        .with_columns(day=pl.date_ranges("starts", "ends", closed="left"))
        .explode("day")
        .sort("bill_date", "invoice_no", "line_id")
        .group_by(*KEY, "day", maintain_order=True)
        .agg(carrier=pl.col("line_id").first())
    )
    return days.join(carried, on=[*KEY, "day"], how="left")


def _with_price(groups: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Add prices of days of each group, each rounded once, and of a day (`slack`).

    `price_all`: of days no earlier document bills; `price_fresh`: of those of them in service;
    `price_carried`: of days in service that one bills.
    """
    fresh, served = pl.col("carrier").is_null(), pl.col("in_service")
    wanted = {
        "price_all": fresh,
        "price_fresh": fresh & served,
        "price_carried": ~fresh & served,
    }
    cut = pl.col("ends") != pl.col("first_ends")
    whole = with_fraction(groups.lazy(), "starts", "ends", "whole", cut).collect()
    whole = whole.join(_parts_of(days, wanted), on=KEY, how="left").with_columns(
        pl.min_horizontal(pl.col(name).fill_null(0), "whole").cast(_CENTS) for name in wanted
    )
    one = pl.lit(MICROS, dtype=_CENTS)
    day = day_and_cent(pl.col("rate"), one)
    return whole.with_columns(
        *(value(pl.col("rate"), one, pl.col(name), pl.col("by_unit")).alias(name)
          for name in wanted),
        slack=pl.when("has_proration").then(day).otherwise(_NONE),
    )  # fmt: skip


def _parts_of(days: pl.DataFrame, wanted: dict[str, pl.Expr]) -> pl.DataFrame:
    """Return what of a month those of the days of each group are that are `wanted`, run by run."""
    named = pl.concat(
        days.filter(which).with_columns(name=pl.lit(n)) for n, which in wanted.items()
    )
    key = [*KEY, "name"]
    follows = pl.all_horizontal(pl.col(k) == pl.col(k).shift() for k in key) & (
        pl.col("day") == add_days(pl.col("day").shift(), 1)
    )
    runs = (
        named.sort(*key, "day")
        .with_columns(run=(~follows.fill_null(False)).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col(*key, "bill_day", "proration", "starts", "first_ends").first(),
            start=pl.col("day").first(),
            end=add_days(pl.col("day").last(), 1),
        )
    )
    cut = (pl.col("start") != pl.col("starts")) | (pl.col("end") != pl.col("first_ends"))
    counted = with_fraction(runs.lazy(), "start", "end", "parts", cut).collect()
    return counted.group_by(KEY).agg(
        pl.when(pl.col("name") == name).then("parts").sum().alias(name) for name in wanted
    )


def _carried(days: pl.DataFrame, past: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Return what bills before, and credits, have of the days of each group, in cents.

    `net`: what was made due of days in service that are billed already, less what was credited;
    `credits`: the latter; `here`: what their own document credits of days none before bills;
    `accrual`: what was billed too little of days billed already, and not billed since; `beside`:
    what elements billed by themselves have of other days, less what was credited (and so is not
    `here`); `twin`: the first line of those that bill the package, else of these.
    """
    rows = lying(before(groups, past))
    served = days.select(*KEY, "day", "in_service", "carrier")
    met = rows.join(served, on=[*KEY, "day"]).with_columns(
        carried=pl.col("carrier").is_not_null() & pl.col("in_service")
    )
    fresh, credit = pl.col("carrier").is_null(), pl.col("expected") < 0
    own_document = pl.col("document_id") == pl.col("of_document")
    here = credit & fresh & pl.col("in_service") & own_document
    beside = ~pl.col("carries") & (pl.col("expected") > 0) & fresh
    back = pl.col("expected_here") * -1
    bears = pl.col("carried") & (pl.col("expected") > 0)
    named = days.filter(pl.col("carrier").is_not_null()).sort(*KEY, "day")
    twin = named.group_by(KEY, maintain_order=True).agg(twin=pl.col("carrier").first())
    told = met.group_by(KEY).agg(
        bears=in_cents(pl.when(bears & pl.col("charge")).then("expected_here")),
        bears_alone=in_cents(pl.when(bears & ~pl.col("charge")).then("expected_here")),
        credits=in_cents(pl.when(credit & pl.col("carried")).then(back)),
        here=in_cents(pl.when(here).then(back)),
        accrual=pl.max_horizontal(in_cents(pl.when("carried").then("underbilled_here")), _NONE),
        beside=in_cents(pl.when(beside).then("expected_here")),
        given=in_cents(pl.when(credit & fresh).then(back)),
        element=pl.col("line_id").filter(beside).min(),
    )
    left = pl.col("beside") - pl.col("given")
    element = pl.when(left > 0).then("element")
    return twin.join(told, on=KEY, how="full", coalesce=True).select(
        *(*KEY, "credits", "accrual"),
        net=pl.col("bears") + pl.col("bears_alone") - pl.col("credits"),
        here=pl.min_horizontal("here", pl.max_horizontal(left * -1, _NONE)),
        beside=pl.max_horizontal(left, _NONE),
        twin=pl.coalesce("twin", element),
    )


def _billed_again(lines: pl.DataFrame) -> pl.DataFrame:
    """Return what of each group is billed a second time on its document (`second`, cents).

    That is what is billed for an element and days of which a line before it bills some, and in the
    other of the two ways to bill a package.
    """
    lines = lines.with_columns(other_way=~_first_way())
    earlier = lines.select(*KEY, "usoc", no="line_no", starts="period_from", ends="period_until")
    again = lines.join(earlier, on=[*KEY, "usoc"]).filter(
        pl.col("no") < pl.col("line_no"),
        pl.col("starts") < pl.col("period_until"),
        pl.col("ends") > pl.col("period_from"),
    )
    second = pl.col("other_way") | among("line_id", again["line_id"])
    return lines.filter(second).group_by(KEY).agg(second=cents(pl.col("amount")).sum())


def _first_way() -> pl.Expr:
    """Say whether a line bills its package as the first line of its group does.

    The package's own code and its elements are the two ways.
    """
    own_code = pl.col("usoc") == pl.col("package")
    return pl.col("line_no").min().over(*KEY, own_code) == pl.col("line_no").min().over(KEY)


def _left_of_repeats(groups: pl.DataFrame, repeats: pl.DataFrame) -> pl.DataFrame:
    """Return what is due of lines billed twice in part: it is part of the price of their days."""
    return (
        groups.select(*KEY, "starts", "ends")
        .join(repeats.select(*ITEM, "period_from", "period_until", "left"), on=ITEM)
        .filter(pl.col("period_from") < pl.col("ends"), pl.col("period_until") > pl.col("starts"))
        .group_by(KEY)
        .agg(pl.col("left").sum())
    )


def _with_borne(lines: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Add what of each line falls to days that earlier documents bill (`borne`, cents)."""
    carried = days.filter(pl.col("carrier").is_not_null()).select(*KEY, "day", billed=True)
    own = on_days(
        lines.select(
            "line_id", *KEY, "bill_day", "proration", starts="period_from", ends="period_until"
        )
    )
    parts = (
        own.join(carried, on=[*KEY, "day"], how="left")
        .group_by("line_id")
        .agg(
            all_parts=pl.col("parts").cast(_CENTS).sum(),
            borne_parts=pl.when("billed").then("parts").otherwise(0).cast(_CENTS).sum(),
        )
    )
    return lines.join(parts, on="line_id", how="left").with_columns(
        borne=divide_half_away(cents(pl.col("amount")) * pl.col("borne_parts"), pl.col("all_parts"))
    )


def _with_again(lines: pl.DataFrame) -> pl.DataFrame:
    """Say what of lines is billed again (`weight_again`, cents), and name a twin of theirs.

    Days that earlier documents bill and left nothing of are billed again, and so is what elements
    were billed for by themselves. The package's own code and its elements are two ways to bill it:
    the second is, if the first has all of the price.
    """
    first = _first_way()
    billed_first = pl.when(first).then(cents(pl.col("amount"))).otherwise(_NONE).sum().over(KEY)
    leader = pl.col("line_id").sort_by("line_no").first().over(KEY)
    second = ~first & (pl.col("room") > 0) & (billed_first >= pl.col("room") - pl.col("slack"))
    carried = (pl.col("accrual") == 0) & (pl.col("back") == 0)
    return lines.with_columns(
        weight_again=pl.when(second | (pl.col("beside") > 0))
        .then(cents(pl.col("amount")))
        .when(carried)
        .then("borne")
        .otherwise(_NONE),
        twin=pl.coalesce("twin", pl.when(second).then(leader)),
    )


def _shared(lines: pl.DataFrame) -> pl.DataFrame:
    """Spread the price that is left over the lines of each group, and say what is above it."""
    billed = cents(pl.col("amount")).sum().over(KEY)
    lines = lines.with_columns(
        over_all=pl.max_horizontal(billed - pl.col("whole_left"), _NONE),
        all_again=pl.col("weight_again").sum().over(KEY),
    ).with_columns(use=pl.min_horizontal("over_all", "accrual"))
    again = pl.min_horizontal(pl.col("over_all") - pl.col("use"), "all_again")
    lines = lines.with_columns(again=again).pipe(
        by_largest_remainder, KEY, "weight_again", "again", "package_again"
    )
    lines = lines.with_columns(weight=cents(pl.col("amount")) - pl.col("package_again")).pipe(
        by_largest_remainder, KEY, "weight", "price", "package_share"
    )
    above = pl.max_horizontal(pl.col("weight") - pl.col("package_share"), _NONE)
    lines = lines.with_columns(above=above).pipe(
        by_largest_remainder, KEY, "above", "use", "package_used"
    )
    kept = pl.col("weight").sum().over(KEY) - pl.col("use")
    return lines.with_columns(
        is_package_above=kept - pl.col("whole_left") > pl.col("slack"),
        package_tolerated=(kept - pl.col("price")).abs() <= pl.col("slack"),
        package_twin=pl.when(pl.col("package_again") > 0).then("twin"),
    )


def _repeats(lines: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return lines billed twice on their document, one a package, with what they use up.

    What they use stands in `package_used`; their stake is not yet less by it.
    """
    groups = lines.select(
        *ITEM, "bill_day", "proration", "installed_on", "window_until", group="line_id",
        starts="period_from", ends="period_until", on="bill_date", number="invoice_no",
        document_id="document_id",
    )  # fmt: skip
    found = _carried(_days(groups, past), past, groups).select("accrual", line_id="group")
    excess = pl.max_horizontal(cents(pl.col("amount")) - pl.col("left"), _NONE)
    return lines.join(found, on="line_id", how="left").with_columns(
        package_used=pl.min_horizontal(pl.col("accrual").fill_null(0), excess),
        package_share="left",
        package_again=_NONE,
        is_package_above=pl.lit(False),
        package_tolerated=pl.lit(False),
        package_twin=pl.lit(None, dtype=pl.String),
    )
