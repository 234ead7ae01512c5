"""The invented world before any bill: accounts, services and their orders.

Everything follows from the seed: `draw` gives each thing a number of its own, whatever else is in
the world. The frames here are wider than the reference tables (`generate` cuts them to size): they
also say what the carrier believes, such as the day from which it bills a service.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from rebill.demo import offer
from rebill.demo.offer import ACCESS, LOCAL

Dice = Callable[[str, int], pl.Expr]
"""A salt and a number of sides give each service a number from 0 to sides - 1."""

COUNTED = (
    *("features", "stations", "miles", "minutes"),
    *("measured", "voice_mail", "ported", "doubled"),
)
"""The columns of a service by which an element counts its units, or whether it is there at all."""


PILOT_CUSTOMER = 5
"""Its pilot lines are sold below retail, and for some codes there is no retail rate."""


@dataclass(frozen=True)
class Settings:
    """How big the world is and where it begins."""

    services: int = 400
    months: int = 3
    seed: int = 1
    errors_per_million: int = 100_000
    first_month: dt.date = dt.date(2026, 3, 1)

    def month(self, index: int) -> dt.date:
        """The first day of the n-th bill month; negative is before the story begins."""
        months = self.first_month.year * 12 + self.first_month.month - 1 + index
        return dt.date(months // 12, months % 12 + 1, 1)

    @property
    def rate_change_on(self) -> dt.date:
        """The first day of the second bill month: some rates rise, some fall."""
        return self.month(1)


def customer_count(settings: Settings) -> int:
    """How many customers share the services."""
    return 12 + settings.services // 200


def customer_id(number: pl.Expr) -> pl.Expr:
    """Return the n-th customer's key."""
    return text("C", number.cast(pl.String).str.zfill(5))


def text(*parts: pl.Expr | str) -> pl.Expr:
    """Return the parts as one text, null where one is null; a `str` is itself, not a column."""
    return pl.concat_str(pl.lit(part) if isinstance(part, str) else part for part in parts)


def draw(number: pl.Expr, seed: int, salt: str) -> pl.Expr:
    """Return a 64-bit number that follows from `number`, the seed and the salt (splitmix64)."""
    start = hashlib.sha256(f"{seed}:{salt}".encode()).digest()[:8]
    z = number.cast(pl.UInt64) * _u64(0x9E3779B97F4A7C15) + _u64(int.from_bytes(start))
    z = (z ^ (z // 2**30)) * _u64(0xBF58476D1CE4E5B9)
    z = (z ^ (z // 2**27)) * _u64(0x94D049BB133111EB)
    return z ^ (z // 2**31)


def dice_of(settings: Settings) -> Dice:
    """Return the dice of the services, which are numbered `n`."""

    def dice(salt: str, sides: int) -> pl.Expr:
        return (draw(pl.col("n"), settings.seed, salt) % sides).cast(pl.Int64)

    return dice


def _u64(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)


def day(month: dt.date, bill_day: pl.Expr) -> pl.Expr:
    """Return the bill date of each account in a month; no account bills after the 28th."""
    return pl.date(month.year, month.month, bill_day)


def accounts(settings: Settings) -> pl.DataFrame:
    """Return the accounts: number, ban, contract, state, bill_day, and how they print."""
    counts = {LOCAL: 6 + settings.services // 2000, ACCESS: 4 + settings.services // 4000}
    prefix = {LOCAL: "0614R01", ACCESS: "0419X02"}
    rows = [
        {
            "contract": contract,
            "place": place,
            "ban": f"{prefix[contract]}{place:04d}",
            "account_state": offer.STATES[place % len(offer.STATES)],
            "bill_day": offer.BILL_DAYS[place % len(offer.BILL_DAYS)],
            "spelling": place % 3,
            "prints_dates": place % 4 != 3,
        }
        for contract, count in counts.items()
        for place in range(count)
    ]
    # Last, one that is under no contract: it bills us once.
    rows.append(rows[0] | {"contract": None, "ban": offer.UNKNOWN_BAN, "bill_day": 12})
    return (
        pl.DataFrame(rows).with_row_index("account").with_columns(pl.col("account").cast(pl.Int64))
    )


def services(settings: Settings) -> pl.DataFrame:
    """Return the services with the inventory's truth and the carrier's belief.

    `billed_from` and `billed_until` are the days between which the carrier bills; where they are
    not `installed_on` and `disconnected_on`, the carrier errs (`zombie`, `late_stop`).
    """
    kinds = pl.DataFrame(
        [
            {"kind": kind, "contract": contract, "product": product, "weight": weight}
            for kind, (weight, contract, product) in offer.KINDS.items()
        ]
    ).with_columns(top=pl.col("weight").cum_sum())
    dice = dice_of(settings)
    known = accounts(settings)
    sizes = known.group_by("contract").agg(pl.len().cast(pl.Int64).alias("accounts"))
    frame = (
        pl.DataFrame({"n": pl.int_range(settings.services, eager=True)})
        .with_columns(die=dice("kind", 1000))
        .sort("die", "n")
        .join_asof(
            kinds.with_columns(pl.col("top") - 1).sort("top"),
            left_on="die",
            right_on="top",
            strategy="forward",
        )
        .join(sizes, on="contract")
        .with_columns(place=dice("account", 10**9) % pl.col("accounts"))
        .join(known, on=["contract", "place"])
        .sort("n")
    )
    return _lives(_traits(frame, dice, settings), dice, settings)


def _traits(frame: pl.DataFrame, dice: Dice, settings: Settings) -> pl.DataFrame:
    """Add what a service is: numbers, place, units, and the faults that stay with it."""
    kind = pl.col("kind")
    customers = customer_count(settings)
    number = pl.col("n") % 10_000

    def faulty(salt: str, percent: int) -> pl.Expr:
        limit = settings.errors_per_million * percent // 100
        return (dice(salt, 1_000_000) < limit).cast(pl.Int64)

    return frame.with_columns(
        service=text("S", pl.col("n").cast(pl.String).str.zfill(7)),
        wtn=pl.when(pl.col("contract") == LOCAL).then(
            text(
                pl.col("account_state").replace_strict(offer.AREA_CODES),
                200 + pl.col("n") // 10_000,
                number.cast(pl.String).str.zfill(4),
            )
        ),
        circuit_id=pl.when(pl.col("contract") == ACCESS).then(
            text("45/HCGS/", pl.col("n").cast(pl.String).str.zfill(6), "/HT")
        ),
        state="account_state",
        zone=(dice("zone", 3) + 1).cast(pl.String),
        term=(dice("term", 3) + 1) * 12,
        package=pl.when(kind.is_in(["bundle", "bundle_one"])).then(pl.lit(offer.PACKAGE)),
        one=pl.lit(1, pl.Int64),
        features=dice("features", 3) + 1,
        stations=dice("stations", 36) + 5,
        miles=dice("miles", 40) + 1,
        minutes=dice("minutes", 800) + 120,
        measured=(dice("measured", 100) < 60).cast(pl.Int64),
        voice_mail=faulty("voice mail", 30),
        ported=1 - faulty("ported", 150),
        doubled=faulty("doubled", 250),
        pilot=(kind == "line") & (faulty("pilot", 40) == 1),
        customer_no=dice("customer", customers),
    ).with_columns(
        product=pl.when("pilot").then(pl.lit("pilot-line")).otherwise("product"),
        customer=customer_id(
            pl.when("pilot").then(pl.lit(PILOT_CUSTOMER, pl.Int64)).otherwise("customer_no")
        ),
    )


def _lives(frame: pl.DataFrame, dice: Dice, settings: Settings) -> pl.DataFrame:
    """Add when a service begins and ends, for the inventory and for the carrier.

    Three in a hundred are new each month, two leave; some leave and are billed on (`zombie` for
    ever, `late_stop` to the end of the month).
    """
    months, kind = settings.months, pl.col("kind")
    zombies = settings.errors_per_million * 33 // 100  # about 20 of 100 wrong lines are theirs
    fate, when = dice("fate", 1_000_000), dice("when", months)
    plain = ~pl.col("pilot") & (pl.col("voice_mail") == 0) & (pl.col("doubled") == 0)
    # A long story keeps most of its services: at most three in ten are new in it, two leave.
    new = (fate < min(30_000 * months, 300_000)) & plain
    left = fate.is_between(300_000, 300_000 + min(15_000 * months, 199_000))
    late = fate.is_between(500_000, 500_000 + settings.errors_per_million)
    late = late & kind.is_in(["centrex", "trunk"]) & plain
    zombie = fate.is_between(700_000, 700_000 + zombies) & kind.is_in(["line", "ds1"]) & plain
    # With grace the carrier may bill on for some days: these leave so that nothing is wrong.
    graceful = left & (pl.col("contract") == ACCESS) & (when > 0)
    bill, after = _bill_date(settings, when, 0), _bill_date(settings, when, 1)
    old = pl.date(2019, 1, 15) + pl.duration(days=dice("age", 1900))
    frame = frame.with_columns(
        new=new,
        zombie=zombie,
        late_stop=late,
        left=left | late,
        event_month=pl.when(new | left | late).then(when),
        billed_from=pl.when(new)
        .then(_bill_date(settings, when, -1) + pl.duration(days=3 + dice("start", 20)))
        .otherwise(old),
        disconnected_on=pl.when(zombie)
        .then(pl.date(2025, 3, 1) + pl.duration(days=dice("gone", 300)))
        .when(graceful)
        .then(bill - pl.duration(days=offer.GRACE[ACCESS]))
        .when(left | late)
        .then(bill + pl.duration(days=4 + dice("stop", 16))),
        billed_until=pl.when(graceful).then(bill).when(late).then(after),
    )
    return frame.with_columns(
        installed_on="billed_from",
        billed_until=pl.coalesce(
            "billed_until", pl.when(~pl.col("zombie")).then("disconnected_on")
        ),
    )


def _bill_date(settings: Settings, when: pl.Expr, add: int) -> pl.Expr:
    """Return the bill date of the account `add` months after month number `when`."""
    dates = [
        day(settings.month(index + add), pl.col("bill_day")) for index in range(settings.months)
    ]
    chosen = pl.lit(None, pl.Date)
    for index, date in enumerate(dates):
        chosen = pl.when(when == index).then(date).otherwise(chosen)
    return chosen


def elements() -> pl.DataFrame:
    """Return `offer.ELEMENTS` as a frame, `position` counting from 1 within a kind."""
    frame = pl.DataFrame([vars(element) for element in offer.ELEMENTS])
    return frame.with_columns(
        # What the rate is looked up by: a package part by its package, a tax by what it taxes.
        rated_as=pl.when(pl.col("share") > 0)
        .then(pl.lit(offer.PACKAGE))
        .when(pl.col("percent") > 0)
        .then(pl.col("usoc").first().over("kind"))
        .otherwise("usoc"),
        position=pl.int_range(1, pl.len() + 1).over("kind").cast(pl.Int64),
        shares_before=(pl.col("share").cum_sum() - pl.col("share")).over("kind"),
    )


def service_elements(frame: pl.DataFrame) -> pl.DataFrame:
    """Return what is ordered by itself: every recurring element that is not part of a package."""
    parts = elements().filter(pl.col("charge_class") == "recurring", pl.col("share") == 0)
    return (
        frame.join(parts, on="kind")
        .filter(chosen("needs") > 0)
        .sort("n", "position")
        .select(
            "service",
            "usoc",
            quantity=chosen("quantity"),
            active_from=pl.lit(None, pl.Date),
            active_until=pl.lit(None, pl.Date),
        )
    )


def chosen(column: str) -> pl.Expr:
    """Return the value of the service's column that an element names in `column`."""
    value = pl.col("one")
    for name in COUNTED:
        value = pl.when(pl.col(column) == name).then(name).otherwise(value)
    return value


def orders(frame: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return the orders: one a new service, and some changes; a few have their charge waived.

    Adds `n`, `order_month` (the bill that carries the charge) and `printed`, whether that bill
    prints the order number.
    """
    dice = dice_of(settings)
    steady = ~pl.col("new") & ~pl.col("left") & ~pl.col("zombie") & ~pl.col("pilot")
    changed = steady & (dice("changed", 1000) < 20 * settings.months)
    when = pl.when("new").then("event_month").otherwise(dice("changed when", settings.months))
    return (
        frame.filter(pl.col("new") | changed)
        .with_columns(order_month=when)
        .select(
            "n",
            "order_month",
            "new",
            order_no=text("C", pl.col("n").cast(pl.String).str.zfill(7)),
            service="service",
            usoc=pl.when(pl.col("contract") == LOCAL)
            .then(pl.lit("SCNLX"))
            .otherwise(pl.lit("SCNCX")),
            quantity=pl.lit(1, pl.Int64),
            completed_on=pl.when("new")
            .then("billed_from")
            .otherwise(
                _bill_date(settings, pl.col("order_month"), 0)
                - pl.duration(days=2 + dice("completed", 20))
            ),
            nrc_waived=dice("waived", 100) < 12,
            printed=dice("printed", 100) < 70,
        )
        .sort("n")
    )
