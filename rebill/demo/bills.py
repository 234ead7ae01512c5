"""What the carrier bills in a month when it makes no line error, and the documents around it.

A *bill line* here is wide: beside what is printed it holds what is due (`due`, cents), the part of
a month (`num` / `den`), the dearer rates next to its own, and `code` and `cause` of the standing
errors (a service billed after its disconnect). `errors.plant` works on these frames, `printed`
cuts them to the carrier's columns. Money is whole cents, rates whole micro-dollars.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.money import from_cents
from rebill.demo import offer
from rebill.demo.offer import ACCESS, CARRIER, LOCAL
from rebill.demo.world import Settings, accounts, chosen, day, elements, orders, services, text

ACCOUNT = (
    *("account", "contract", "place", "ban", "bill_day", "spelling", "prints_dates"),
    *("previous", "bill", "next"),
)
SERVICE = ("n", "kind", "service", "product", "wtn", "circuit_id", "state", "zone", "term")
DEARER = ("superseded", "other_zone", "other_state", "other_term", "retail")
BILL_LINE = (
    *ACCOUNT,
    *SERVICE,
    *("pilot", "new", "installed_on", "full", "first", "share", "position", "rated_as"),
    *("usoc", "description", "charge_class", "quantity", "rate", *DEARER, "num", "den"),
    *("amount", "due", "service_from", "service_until", "order_no", "code", "cause", "note"),
)


@dataclass(frozen=True)
class World:
    """The frames every month is billed from."""

    settings: Settings
    accounts: pl.DataFrame
    services: pl.DataFrame
    orders: pl.DataFrame
    prices: pl.DataFrame


def world(settings: Settings) -> World:
    """Return the world of these settings."""
    known = services(settings)
    return World(
        settings,
        accounts(settings),
        known,
        orders(known, settings),
        offer.prices(settings.rate_change_on).rename({"code": "rated_as"}),
    )


def cents(rate: pl.Expr, units: pl.Expr, num: pl.Expr, den: pl.Expr) -> pl.Expr:
    """Return rate x units x num / den in whole cents, halves away from zero (nothing negative)."""
    return (2 * rate * units * num + den * 10_000) // (2 * den * 10_000)


def owed(rate: pl.Expr, units: pl.Expr, num: pl.Expr, den: pl.Expr) -> pl.Expr:
    """Return what a line comes to as its carrier rounds: access once a unit, local once a line."""
    by_unit = cents(rate, pl.lit(1, pl.Int64), num, den) * units
    once = cents(rate, units, num, den)
    return pl.when(pl.col("contract") == ACCESS).then(by_unit).otherwise(once)


def days30(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Return the days of `[start, end)` where every month has thirty."""

    def count(date: pl.Expr) -> pl.Expr:
        within = pl.min_horizontal(date.dt.day().cast(pl.Int64), pl.lit(30, pl.Int64))
        return date.dt.year().cast(pl.Int64) * 360 + date.dt.month().cast(pl.Int64) * 30 + within

    return count(end) - count(start)


def with_fraction(lines: pl.DataFrame, start: str, end: str, num: str, den: str) -> pl.DataFrame:
    """Add what part of a month a period within one billing period is, as `num` / `den`.

    The convention is the contract's: days of thirty, or days over those of the billing period,
    which runs from `previous` to `bill` or from `bill` to `next`.
    """
    a, b = pl.col(start), pl.col(end)
    before = a < pl.col("bill")
    first = pl.when(before).then("previous").otherwise("bill")
    after = pl.when(before).then("bill").otherwise("next")
    local = pl.col("contract") == LOCAL
    whole = ((a == pl.col("bill")) & (b == pl.col("next"))) | (
        (a == pl.col("previous")) & (b == pl.col("bill"))
    )
    one = pl.lit(1, pl.Int64)
    return lines.with_columns(
        pl.when(whole)
        .then(one)
        .when(local)
        .then(days30(a, b))
        .otherwise((b - a).dt.total_days())
        .alias(num),
        pl.when(whole)
        .then(one)
        .when(local)
        .then(pl.lit(30, pl.Int64))
        .otherwise((after - first).dt.total_days())
        .alias(den),
    )


def with_rate(lines: pl.DataFrame, known: World) -> pl.DataFrame:
    """Add `rate` and the dearer rates beside it, as in force on the first day of the period."""
    lines = lines.with_columns(
        version=(pl.col("service_from") >= known.settings.rate_change_on).cast(pl.Int64)
    )
    rates = known.prices.select(
        *("contract", "rated_as", "state", "zone", "term", "version", "rate"), *DEARER
    )
    keys = ["contract", "rated_as", "state", "zone", "term", "version"]
    lines = lines.join(
        rates.with_columns(pl.col("version", "term").cast(pl.Int64)),
        on=keys,
        how="left",
        maintain_order="left",
    )
    special = pl.lit(None, pl.Int64)
    for (code, rate), whose in offer.SPECIAL.items():
        its = (pl.col("rated_as") == code) & whose
        special = pl.when(its).then(pl.lit(rate, pl.Int64)).otherwise(special)
    return lines.with_columns(
        pl.coalesce(special, "rate").alias("rate"),
        *(pl.when(special.is_null()).then(name).alias(name) for name in DEARER),
    )


def with_dates(frame: pl.DataFrame, known: World, month: int) -> pl.DataFrame:
    """Add the bill dates of the account: `previous`, `bill` and `next`."""
    names = {"previous": month - 1, "bill": month, "next": month + 1}
    return frame.with_columns(
        day(known.settings.month(index), pl.col("bill_day")).alias(name)
        for name, index in names.items()
    )


def clean_lines(known: World, month: int) -> pl.DataFrame:
    """Return the bill lines of a month, in order of account, service and position."""
    spans = _spans(with_dates(known.services, known, month))
    lines = (
        spans.join(elements(), on="kind")
        .filter(
            chosen("needs") > 0,
            pl.col("charge_class").is_in(["recurring", "prorated"]) | pl.col("full"),
            (pl.col("charge_class") != "usage") | (pl.col("billed_from") <= pl.col("previous")),
        )
        .with_columns(
            charge_class=pl.when(~pl.col("full"))
            .then(pl.lit("prorated"))
            .otherwise("charge_class"),
            quantity=chosen("quantity"),
            position=pl.col("position") * 10 + pl.when("first").then(0).otherwise(200),
        )
    )
    usage = pl.col("charge_class") == "usage"
    lines = with_fraction(lines, "service_from", "service_until", "num", "den").with_columns(
        service_from=pl.when(usage).then("previous").otherwise("service_from"),
        service_until=pl.when(usage).then("bill").otherwise("service_until"),
    )
    lines = _priced(with_rate(lines, known))
    others = [_connections(known, month), _credits(known, month)]
    lines = pl.concat([_standing(lines), *others], how="diagonal")
    return lines.select(BILL_LINE).sort("account", "n", "position").with_row_index("row")


def _spans(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the periods a bill charges: what is new since the last bill, and the month ahead."""
    until = pl.col("billed_until")
    began = frame.filter(
        pl.col("billed_from").is_between("previous", "bill", closed="none"),
    ).with_columns(service_from="billed_from", service_until="bill", full=False, first=True)
    ahead = frame.filter(
        pl.col("billed_from") < pl.col("bill"), until.is_null() | (until > pl.col("bill"))
    ).with_columns(
        service_from="bill",
        service_until=pl.min_horizontal("next", "billed_until"),
        full=until.is_null() | (until >= pl.col("next")),
        first=False,
    )
    return pl.concat([began, ahead])


def _priced(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `amount`: what is right by the contract. A package's price is spread over its parts."""
    one = pl.lit(1, pl.Int64)
    timed = pl.col("charge_class").is_in(["recurring", "prorated", "surcharge"])
    num, den = (pl.when(timed).then(name).otherwise(one) for name in ("num", "den"))
    share, shares = pl.col("share"), offer.PACKAGE_SHARES
    lines = lines.with_columns(num=num, den=den)
    price = cents(pl.col("rate"), one, pl.col("num"), pl.col("den"))

    def up_to(part: pl.Expr) -> pl.Expr:
        return (2 * price * part + shares) // (2 * shares)

    amount = (
        pl.when(share > 0)
        .then(up_to(pl.col("shares_before") + share) - up_to(pl.col("shares_before")))
        .when(pl.col("percent") > 0)
        .then(cents(pl.col("rate"), pl.col("percent"), one, one * 1000))
        .when(pl.col("rate").is_null())
        .then(cents(pl.col("fixed") * 10_000, one, pl.col("num"), pl.col("den")))
        .otherwise(owed(pl.col("rate"), pl.col("quantity"), pl.col("num"), pl.col("den")))
    )
    printed = (share == 0) & (pl.col("percent") == 0)
    return lines.with_columns(
        amount=amount,
        rate=pl.when(printed).then("rate"),
        quantity=pl.when(pl.col("percent") == 0).then("quantity"),
    )


def _standing(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `due`, `code`, `note`: what is wrong with a service month after month.

    A service billed after its disconnect is due up to that day, a part beside its summary is not
    due at all; the rest are questions without money.
    """
    gone = pl.col("disconnected_on")
    after = (pl.col("service_until") > gone) & (pl.col("zombie") | pl.col("late_stop"))
    lines = lines.with_columns(stop=pl.max_horizontal("service_from", gone))
    lines = with_fraction(lines, "service_from", "stop", "due_num", "due_den")
    rate = pl.coalesce("rate", pl.col("fixed") * 10_000)
    part = owed(rate, pl.col("quantity"), pl.col("due_num"), pl.col("due_den"))
    unpriced = pl.col("pilot") & pl.col("usoc").is_in(["TTB", "NSD", "NDC"])
    cases = {
        "billed_after_disconnect": (after, "the carrier never took the disconnect in"),
        "charged_in_summary": (pl.col("usoc") == "T1V", "the trunk group includes its trunks"),
        "rate_missing": (pl.col("usoc") == "VMJXA", "the contract has no rate for voice mail"),
        "partner_missing": (
            (pl.col("usoc") == "C6OTT") & (pl.col("ported") == 0),
            "a loop without its port",
        ),
        "markup_missing": (unpriced, "sold below retail, and there is no retail rate"),
    }
    code = note = pl.lit(None, pl.String)
    for name, (true, why) in cases.items():
        true = true & (pl.col("amount") > 0)
        code = pl.when(true).then(pl.coalesce(code, pl.lit(name))).otherwise(code)
        note = pl.when(true).then(pl.coalesce(note, pl.lit(why))).otherwise(note)
    lines = lines.with_columns(
        code=code, note=note, cause=pl.lit(None, pl.String), order_no=pl.lit(None, pl.String)
    )
    nothing = (pl.col("code") == "charged_in_summary") | (
        (pl.col("code") == "billed_after_disconnect") & pl.col("zombie")
    )
    return lines.with_columns(
        due=pl.when(nothing)
        .then(0)
        .when(pl.col("code") == "billed_after_disconnect")
        .then(part)
        .otherwise("amount")
    )


def _connections(known: World, month: int) -> pl.DataFrame:
    """Return the one-time charges of the orders whose charge this bill carries."""
    due = known.orders.filter(pl.col("order_month") == month, ~pl.col("nrc_waived"))
    lines = due.select("n", "usoc", "quantity", "completed_on", "order_no", "printed").join(
        with_dates(known.services, known, month), on="n"
    )
    lines = with_rate(
        lines.with_columns(
            rated_as="usoc", service_from="completed_on", service_until="completed_on"
        ),
        known,
    )
    one = pl.lit(1, pl.Int64)
    amount = cents(pl.col("rate"), pl.col("quantity"), one, one)
    return lines.with_columns(
        position=pl.lit(900, pl.Int64),
        charge_class=pl.lit("one_time"),
        description=pl.lit("Service connection"),
        order_no=pl.when("printed").then("order_no"),
        num=one,
        den=one,
        amount=amount,
        due=amount,
        full=True,
        code=pl.when("pilot").then(pl.lit("markup_missing")),
        note=pl.when("pilot").then(pl.lit("sold below retail, and there is no retail rate")),
    )


def _credits(known: World, month: int) -> pl.DataFrame:
    """Return the credits for unused days of services that left with the last bill."""
    first = elements().filter(pl.col("position") == 1).select("kind", "usoc")
    gone = known.services.filter(
        "left", ~pl.col("late_stop"), pl.col("event_month") == month - 1
    ).join(first, on="kind")
    return with_dates(gone, known, month).with_columns(
        position=pl.lit(950, pl.Int64),
        charge_class=pl.lit("adjustment"),
        description=pl.lit("Credit for unused days"),
        quantity=pl.lit(None, pl.Int64),
        service_from="disconnected_on",
        service_until=pl.col("disconnected_on") + pl.duration(days=1),
        amount=-(100 + pl.col("n") % 400),
        due=-(100 + pl.col("n") % 400),
        full=True,
    )


def printed(lines: pl.DataFrame, known: World) -> pl.DataFrame:
    """Return the bill lines as the carrier prints them: the columns of `usoc-lines`."""
    ordinary = pl.col("charge_class") == "recurring"
    hide = ordinary & ~pl.col("prints_dates") & (pl.col("service_from") == pl.col("bill"))
    wtn = pl.col("wtn")
    parts = (wtn.str.slice(0, 3), wtn.str.slice(3, 3), wtn.str.slice(6, 4))
    rate = pl.when(pl.col("rate").is_not_null()).then(
        offer.dollars((pl.col("rate") + 50) // 100 * 100).cast(pl.Decimal(18, 4))
    )
    return lines.select(
        "account",
        record=pl.lit("line"),
        carrier=pl.lit(CARRIER),
        ban="ban",
        invoice_no="invoice_no",
        bill_date="bill",
        line_no="line_no",
        charge_class="charge_class",
        usoc="usoc",
        description="description",
        quantity="quantity",
        unit_rate=rate,
        amount=from_cents(pl.col("amount").cast(pl.Int128)),
        wtn=pl.when(pl.col("spelling") == 1)
        .then(text(parts[0], " ", parts[1], "-", parts[2]))
        .when(pl.col("spelling") == 2)
        .then(text("(", parts[0], ") ", parts[1], "-", parts[2]))
        .otherwise(wtn),
        circuit_id=pl.when(pl.col("spelling") == 1)
        .then(pl.col("circuit_id").str.replace_all("/", " /"))
        .otherwise("circuit_id"),
        state="state",
        zone=pl.when(pl.col("contract") == ACCESS).then("zone"),
        order_no="order_no",
        service_from=pl.when(~hide).then("service_from"),
        service_until=pl.when(~hide).then("service_until"),
    )
