"""Which service a line is about: circuit first, then telephone number, never a guess.

Rules: `docs/DECISIONS.md` 6 and 11, and its *Where a service is at home*. Most circuits and numbers
stand in the inventory once, and are joined straight; only those that stand there more than once,
or whose service moved, are weighed, as distinct questions.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from invoices.distinct import distinct, distinct_in_runs
from invoices.periods import add_months
from invoices.schema import among
from reconcile.homes import at_home, homes

_OF_DAYS = ("recurring", "prorated", "surcharge", "tax", "usage")
"""Classes whose charges are for days: only who has the service then, or bills then, may ask."""


LOOKED_AT = (
    *("carrier", "ban", "circuit_key", "wtn", "charge_class", "amount", "bill_date"),
    *("service_from", "service_until"),
)
"""What is looked at of a line to find its service."""
_DATES = ("charge_class", "service_from", "service_until", "bill_date", "bill_day")


def with_period(lines: pl.DataFrame) -> pl.DataFrame:
    """Return `lines` with the period each is audited for, null where it has none.

    `bill_day` is the account's; lines without one bill on the day of their bill date.
    """
    if "bill_day" not in lines.columns:
        lines = lines.with_columns(bill_day=pl.col("bill_date").dt.day().cast(pl.Int64))
    asked = distinct(lines.select(_DATES))
    return lines.hstack(asked.told(asked.rows.select(**_periods())))


def _periods() -> dict[str, pl.Expr]:
    """Return the ends of the period a line is audited for."""
    start, end = pl.col("service_from"), pl.col("service_until")
    recurring = pl.col("charge_class") == "recurring"
    undated = start.is_null() & end.is_null()
    one_date = start.is_null() | end.is_null() | (start == end)
    first = pl.coalesce(start, end)
    only_end = start.is_null() & end.is_not_null()
    bill_date, bill_day = pl.col("bill_date"), pl.col("bill_day")
    return {
        "period_from": pl.when(recurring & undated)
        .then(bill_date)
        .when(recurring & only_end)
        .then(add_months(end, -1, bill_day))
        .otherwise(first),
        "period_until": pl.when(recurring & undated)
        .then(add_months(bill_date, 1, bill_day))
        .when(recurring & only_end)
        .then(end)
        .when(recurring & one_date)
        .then(add_months(first, 1, bill_day))
        .otherwise(pl.coalesce(end, start)),
    }


class Inventory(NamedTuple):
    """What lines are matched with: services by circuit and by number, as each key finds them."""

    once: dict[str, pl.DataFrame]
    """Services that stand in the inventory once under a circuit or number, and never moved."""
    several: dict[str, pl.DataFrame]
    """Those that have to be weighed: of keys that stand there more than once, or that moved."""
    services: pl.DataFrame
    """[service, package, service_wtn] of all."""


def inventory_of(services: pl.LazyFrame, accounts: pl.LazyFrame) -> Inventory:
    """Return the inventory that lines are matched with; `accounts` is `service_accounts`."""
    inventory = (
        homes(services, accounts)
        .select(
            *("carrier", "service", "ban", "wtn", "circuit_key", "installed_on", "disconnected_on"),
            *("home_from", "home_until"),
        )
        .collect()
    )
    once, several = {}, {}
    for key in _NAMES:
        once[key], several[key] = _known(inventory, key)
    of_service = services.select("service", "package", service_wtn="wtn").collect()
    return Inventory(once, several, of_service)


def match(lines: pl.DataFrame, services: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.DataFrame:
    """Return `lines` with the services they are about (`matched`), by these tables."""
    return matched(lines, inventory_of(services, accounts))


def matched(lines: pl.DataFrame, inventory: Inventory) -> pl.DataFrame:
    """Return `lines` with their period and the service each is about: service, package (as the
    inventory has it), matched_by, match_note.

    Whether a line is audited under the package of its service is decided where packages are known
    (`reconcile.audit.pricing`). What lines ask is asked once for all that ask it.

    The circuit goes before the number::

        circuit  wtn       the inventory has            service  matched_by  match_note
        C1       555-0101  C1 of S1, 555-0101 of S1  ->  S1       circuit
        C1       555-0102  C1 of S1, 555-0102 of S2  ->  S1       circuit     conflict
        null     555-0103  555-0103 of S3 and S4     ->  null     null        ambiguous
    """
    weighed = {key: several for key, several in inventory.several.items() if several.height}
    lines = with_period(lines)
    asked = distinct_in_runs(lines.select(*_IDENTITY, *_asked_days(weighed)))
    told = asked.rows.lazy()
    for key, name in _NAMES.items():
        told = _candidates(told, inventory.once[key].lazy(), inventory.several[key], key, name)
    answers = (
        told.with_columns(
            service=_chosen(),
            matched_by=_matched_by(),
            service_ban=pl.when(_has_circuit).then("by_circuit_ban").otherwise("by_wtn_ban"),
        )
        .join(inventory.services.lazy(), on="service", how="left", maintain_order="left")
        .with_columns(match_note=_note())
        .select(_TOLD)
        .collect()
    )
    return lines.hstack(asked.told(answers))


def with_details(lines: pl.DataFrame, services: pl.LazyFrame) -> pl.DataFrame:
    """Return matched `lines` with what else the inventory says of their services."""
    asked = distinct_in_runs(lines.select("service"))
    known = services.join(asked.rows.lazy(), on="service", how="semi")
    return lines.hstack(asked.looked_up(_details(known).collect()))


_NAMES = {"circuit_key": "by_circuit", "wtn": "by_wtn"}
_IDENTITY = ("carrier", "ban", *_NAMES)
_QUESTION = ("period_from", "period_until", "bill_date", "for_days")
_TOLD = ("service", "package", "matched_by", "match_note")


def _known(inventory: pl.DataFrame, key: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what stands in the inventory under a circuit or number: once, and more than once."""
    known = inventory.filter(pl.col(key).is_not_null()).with_columns(
        plain=(pl.len().over("carrier", key) == 1)
        & pl.col("home_from").is_null()
        & pl.col("home_until").is_null()
    )
    return known.filter("plain"), known.filter(~pl.col("plain"))


def _asked_days(weighed: dict[str, pl.DataFrame]) -> list[pl.Expr]:
    """Return the days of a line as `asked_...`, where its circuit or number has to be weighed."""
    if not weighed:
        return []
    asks = pl.any_horizontal(
        among(key, several[key].unique()).fill_null(False) for key, several in weighed.items()
    )
    dated = pl.col("charge_class").is_in(_OF_DAYS) & pl.col("period_from").is_not_null()
    days = {name: pl.col(name) for name in _QUESTION[:-1]}
    days["for_days"] = dated & (pl.col("amount") >= 0)
    return [pl.when(asks).then(value).alias(f"asked_{name}") for name, value in days.items()]


_has_circuit = pl.col("by_circuit_count") > 0
_has_number = pl.col("by_wtn_count") > 0
_elsewhere = pl.any_horizontal("by_circuit_elsewhere", "by_wtn_elsewhere")


def _chosen() -> pl.Expr:
    """Return the service: that of the circuit where the inventory knows it, else the number's."""
    return pl.when(_has_circuit).then("by_circuit").otherwise("by_wtn")


def _matched_by() -> pl.Expr:
    """Return what the service was found by, null where none was."""
    return (
        pl.when(_has_circuit & pl.col("by_circuit").is_not_null())
        .then(pl.lit("circuit"))
        .when(~_has_circuit & pl.col("by_wtn").is_not_null())
        .then(pl.lit("wtn"))
    )


def _note() -> pl.Expr:
    """Return what is doubtful of a match, or why there is none, null where nothing is."""
    # A number that several services share speaks only against a circuit of none of them.
    elsewhere = (pl.col("service_wtn") != pl.col("wtn")).fill_null(True)
    disagree = pl.col("by_circuit").is_not_null() & _has_number & elsewhere
    return (
        pl.when(disagree)
        .then(pl.lit("conflict"))
        .when(pl.col("service").is_null() & (_has_circuit | _has_number))
        .then(pl.lit("ambiguous"))
        .when(pl.col("service").is_null() & _elsewhere)
        .then(pl.lit("not_at_home"))
        .when((pl.col("service_ban") != pl.col("ban")).fill_null(False))
        .then(pl.lit("other_ban"))
    )


def _details(services: pl.LazyFrame) -> pl.LazyFrame:
    """Return what a line is told of its service, once its package is decided."""
    return services.select(
        "service",
        "customer",
        "product",
        "term_months",
        "installed_on",
        "disconnected_on",
        inventory_circuit="circuit_key",
        inventory_state="state",
        inventory_zone="zone",
    )


def _candidates(
    asks: pl.LazyFrame, once: pl.LazyFrame, several: pl.DataFrame, key: str, name: str
) -> pl.LazyFrame:
    """Add what the key points to.

    `name` is the one service, or null, `name`_count how many it may be, `name`_ban its account, and
    `name`_elsewhere says that those it points to were all at home elsewhere. `once` and `several`
    are what `_known` found.
    """
    named = {"chosen": name, "chosen_ban": f"{name}_ban"}
    own = once.select(
        "carrier", key, pl.col("service").alias(name), pl.col("ban").alias(f"{name}_ban")
    )
    asks = asks.join(own, on=["carrier", key], how="left", maintain_order="left")
    count = pl.when(pl.col(name).is_not_null()).then(1).otherwise(0)
    if several.is_empty():
        return asks.with_columns(
            count.alias(f"{name}_count"), pl.lit(False).alias(f"{name}_elsewhere")
        )
    answers = _weigh(asks, several, key)
    return (
        asks.join(
            answers.lazy(),
            on=["carrier", "ban", key, *_ASKED_DAYS],
            how="left",
            maintain_order="left",
            nulls_equal=True,
        )
        .with_columns(
            *(pl.coalesce(own, answer).alias(own) for answer, own in named.items()),
            pl.coalesce("several", count).alias(f"{name}_count"),
            pl.col("elsewhere").fill_null(False).alias(f"{name}_elsewhere"),
        )
        .drop("several", "elsewhere", *named)
    )


_ASKED_DAYS = {f"asked_{name}": name for name in _QUESTION}


def _weigh(asks: pl.LazyFrame, several: pl.DataFrame, key: str) -> pl.DataFrame:
    """Choose among several candidates: at home, the same BAN, then active in the period; or none.

    A charge for days is for none that is at home with its carrier neither on one of these days nor
    on the bill date; anything else, such as a credit, may be for one that was so on other days. A
    home that begins after the month of the bill is none yet.
    """
    asked = (
        asks.join(several.lazy().select("carrier", key).unique(), on=["carrier", key], how="semi")
        .select("carrier", "ban", key, *_ASKED_DAYS)
        .unique()
        .collect()
        .rename(_ASKED_DAYS)
        .with_row_index("question")
    )
    weighed = _facts(asked.join(several, on=["carrier", key], suffix="_owned")).filter(
        pl.col("in_period") | pl.col("begun")
    )
    known = weighed.select("question").unique()
    weighed = weighed.filter(pl.col("in_period") | pl.col("billing") | ~pl.col("for_days"))
    services = weighed.group_by("question").agg(
        several=pl.col("service").n_unique().clip(upper_bound=2).cast(pl.Int32)
    )
    count = known.join(services, on="question", how="left").with_columns(
        elsewhere=pl.col("several").is_null()
    )
    for wish in ("in_period", "same_ban", "billing", "active"):
        wanted = pl.col(wish).fill_null(False)
        weighed = weighed.filter(wanted | ~wanted.any().over("question"))
    one = (
        weighed.filter(pl.col("service").n_unique().over("question") == 1)
        .sort("question", "home_from", nulls_last=False)
        .unique("question", keep="first", maintain_order=True)
        .select("question", chosen="service", chosen_ban="ban_owned")
    )
    return (
        asked.join(one, on="question", how="left", maintain_order="left")
        .join(count, on="question", how="left", maintain_order="left")
        .with_columns(pl.col("several").fill_null(0))
        .drop("question")
        .rename({name: asked for asked, name in _ASKED_DAYS.items()})
    )


def _facts(weighed: pl.DataFrame) -> pl.DataFrame:
    """Return candidates of questions with what speaks for each of them.

    `in_period` and `billing` say whether it is at home on one of the days, and on the bill date;
    `begun` whether that home began in the month of the bill or before.
    """
    start = pl.coalesce("period_from", "bill_date")
    end = pl.coalesce("period_until", "bill_date")
    last = pl.when(end > start).then(end - pl.duration(days=1)).otherwise(start)
    since, until = pl.col("home_from"), pl.col("home_until")
    installed, gone = pl.col("installed_on"), pl.col("disconnected_on")
    return weighed.select(
        "question",
        "service",
        "ban_owned",
        "home_from",
        "for_days",
        in_period=(since.is_null() | (since <= last)) & (until.is_null() | (until > start)),
        billing=at_home(pl.col("bill_date")),
        begun=since.is_null() | (since < add_months(pl.col("bill_date"), 1)),
        same_ban=pl.col("ban") == pl.col("ban_owned"),
        active=(installed.is_null() | (installed <= last)) & (gone.is_null() | (gone > start)),
    )
