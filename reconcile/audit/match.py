"""Which service a line is about: circuit first, then telephone number, never a guess.

Rules: `docs/DECISIONS.md` 6 and 11. Most circuits and numbers stand in the inventory once, and are
joined straight; only those that stand there more than once are weighed, as distinct questions.
"""

from __future__ import annotations

import polars as pl

from invoices.periods import add_months
from invoices.schema import columns_of
from reconcile.schema import MATCHED

SERVICE_COLUMNS = (
    "customer",
    "product",
    "package",
    "installed_on",
    "disconnected_on",
)


def with_period(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return `lines` with the period each is audited for, null where it has none.

    `bill_day` is the account's; lines without one bill on the day of their bill date.
    """
    if "bill_day" not in lines.collect_schema():
        lines = lines.with_columns(bill_day=pl.col("bill_date").dt.day().cast(pl.Int64))
    start, end = pl.col("service_from"), pl.col("service_until")
    recurring = pl.col("charge_class") == "recurring"
    undated = start.is_null() & end.is_null()
    one_date = start.is_null() | end.is_null() | (start == end)
    first = pl.coalesce(start, end)
    only_end = start.is_null() & end.is_not_null()
    bill_date, bill_day = pl.col("bill_date"), pl.col("bill_day")
    return lines.with_columns(
        period_from=pl.when(recurring & undated)
        .then(bill_date)
        .when(recurring & only_end)
        .then(add_months(end, -1, bill_day))
        .otherwise(first),
        period_until=pl.when(recurring & undated)
        .then(add_months(bill_date, 1, bill_day))
        .when(recurring & only_end)
        .then(end)
        .when(recurring & one_date)
        .then(add_months(first, 1, bill_day))
        .otherwise(pl.coalesce(end, start)),
    )


def match(lines: pl.LazyFrame, services: pl.LazyFrame) -> pl.LazyFrame:
    """Return `lines` with the service each is about and what the inventory says of it.

    The package of the service is carried as it stands; whether a line is audited under it is
    decided where packages are known (`reconcile.audit.pricing`).

    The circuit goes before the number::

        circuit  wtn       the inventory has            service  matched_by  match_note
        C1       555-0101  C1 of S1, 555-0101 of S1  ->  S1       circuit
        C1       555-0102  C1 of S1, 555-0102 of S2  ->  S1       circuit     conflict
        null     555-0103  555-0103 of S3 and S4     ->  null     null        ambiguous
    """
    inventory = services.select(
        "carrier",
        "service",
        "ban",
        "wtn",
        "circuit_key",
        "state",
        "zone",
        "term_months",
        *SERVICE_COLUMNS,
    )
    lines = with_period(lines)
    for key, name in (("circuit_key", "by_circuit"), ("wtn", "by_wtn")):
        lines = _candidates(lines, inventory, key, name)
    return (
        lines.with_columns(service=_chosen(), matched_by=_matched_by())
        .join(_details(inventory), on="service", how="left", maintain_order="left")
        .with_columns(
            match_note=_note(),
            kind=pl.lit(None, dtype=pl.String),
            family=pl.lit(None, dtype=pl.String),
        )
        .select(columns_of(MATCHED))
    )


_has_circuit = pl.col("by_circuit_count") > 0
_several = pl.col("by_wtn_count") > 1


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
    """Return what is doubtful of a match, null where nothing is."""
    # A number that several services share speaks only against a circuit of none of them.
    elsewhere = (pl.col("service_wtn") != pl.col("wtn")).fill_null(True)
    disagree = pl.col("by_circuit").is_not_null() & (pl.col("by_wtn_count") > 0) & elsewhere
    return (
        pl.when(disagree)
        .then(pl.lit("conflict"))
        .when(pl.col("service").is_null() & (_has_circuit | _several))
        .then(pl.lit("ambiguous"))
        .when((pl.col("service_ban") != pl.col("ban")).fill_null(False))
        .then(pl.lit("other_ban"))
    )


def _details(inventory: pl.LazyFrame) -> pl.LazyFrame:
    """Return what a line is told of its service."""
    return inventory.select(
        "service",
        "term_months",
        *SERVICE_COLUMNS,
        service_ban="ban",
        service_wtn="wtn",
        inventory_circuit="circuit_key",
        inventory_state="state",
        inventory_zone="zone",
    )


def _candidates(lines: pl.LazyFrame, inventory: pl.LazyFrame, key: str, name: str) -> pl.LazyFrame:
    """Add `name` (the one service the key points to, or null) and `name`_count (candidates)."""
    known = inventory.filter(pl.col(key).is_not_null()).with_columns(
        candidates=pl.len().over("carrier", key)
    )
    once = known.filter(pl.col("candidates") == 1)
    lines = lines.join(
        once.select("carrier", key, pl.col("service").alias(name)),
        on=["carrier", key],
        how="left",
        maintain_order="left",
    )
    several = known.filter(pl.col("candidates") > 1).collect()
    count = pl.when(pl.col(name).is_not_null()).then(1).otherwise(0)
    if several.is_empty():
        return lines.with_columns(count.alias(f"{name}_count"))
    answers = _weigh(lines, several, key)
    question = ["carrier", "ban", key, "period_from", "period_until", "bill_date"]
    return (
        lines.join(answers.lazy(), on=question, how="left", maintain_order="left", nulls_equal=True)
        .with_columns(
            pl.coalesce(name, "chosen").alias(name),
            pl.coalesce("several", count).alias(f"{name}_count"),
        )
        .drop("chosen", "several")
    )


def _weigh(lines: pl.LazyFrame, several: pl.DataFrame, key: str) -> pl.DataFrame:
    """Choose among several candidates: the same BAN, then active in the period; or none."""
    question = ["carrier", "ban", key, "period_from", "period_until", "bill_date"]
    asked = (
        lines.join(several.lazy().select("carrier", key).unique(), on=["carrier", key], how="semi")
        .select(question)
        .unique()
        .collect()
        .with_row_index("question")
    )
    start = pl.coalesce("period_from", "bill_date")
    end = pl.coalesce("period_until", "bill_date")
    last = pl.when(end > start).then(end - pl.duration(days=1)).otherwise(start)
    active = (pl.col("installed_on").is_null() | (pl.col("installed_on") <= last)) & (
        pl.col("disconnected_on").is_null() | (pl.col("disconnected_on") > start)
    )
    weighed = asked.join(several, on=["carrier", key], suffix="_owned").select(
        "question", "service", same_ban=pl.col("ban") == pl.col("ban_owned"), active=active
    )
    for wish in ("same_ban", "active"):
        wanted = pl.col(wish).fill_null(False)
        weighed = weighed.filter(wanted | ~wanted.any().over("question"))
    one = weighed.filter(pl.len().over("question") == 1).select("question", chosen="service")
    return (
        asked.join(one, on="question", how="left", maintain_order="left")
        .with_columns(several=pl.lit(2, dtype=pl.Int32))
        .drop("question")
    )
