"""The contract, the catalogue entry and the buy rate in force for every line.

Rules: `docs/DECISIONS.md` 7, 8, 10, 13. Lines ask few distinct questions (a contract, a code, a
state, a day); the questions are answered on small frames and the answers joined back.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from invoices.distinct import distinct, distinct_in_runs
from invoices.money import EXACT_PER_CENT, MICROS, MONTH_PARTS, divide_half_away, micros
from invoices.periods import days_between, with_billing_period, with_fraction
from invoices.schema import among, answers_to
from reconcile.contracts import Contract, contract_for, settings

RECURRING = ("recurring", "prorated")
RATED = ("recurring", "prorated", "one_time", "usage", "surcharge")
"""Classes a buy rate can be in force for; for a surcharge it is a cap."""
WITH_FRACTION = ("recurring", "prorated", "surcharge")
SETTINGS = (
    "proration",
    "rounding",
    "disconnect_grace_days",
    "resale_certificate",
    "backbill_limit_months",
)
DEFAULTS = {
    "proration": "thirty_day_month",
    "rounding": "line",
    "disconnect_grace_days": 0,
    "resale_certificate": False,
}
"""How a line of an account under no contract is read."""
ORDER_COLUMNS = (
    "line_id",
    "order_used",
    "completed_on",
    "units_left",
    "order_units",
    "nrc_waived",
)
QUESTION = (
    "rate_contract",
    "item",
    "charge_class",
    "inventory_state",
    "inventory_zone",
    "term_months",
    "rate_ban",
    "rate_circuit",
    "rate_day",
)
_SPECIFIC = (
    ("circuit_key", "rate_circuit"),
    ("ban", "rate_ban"),
    ("zone", "inventory_zone"),
    ("state", "inventory_state"),
    ("term_months", "term_months"),
)


def value(rate: pl.Expr, units: pl.Expr, parts: pl.Expr, by_unit: pl.Expr) -> pl.Expr:
    """Return rate x units x parts of a month in cents (Int128), rounded as the carrier does.

    `units` are millionths. Rounding is once a line, or once a unit where `by_unit` is true.
    """
    each = divide_half_away(micros(rate) * parts * MICROS, EXACT_PER_CENT)
    line = divide_half_away(micros(rate) * units * parts, EXACT_PER_CENT)
    return pl.when(by_unit).then(divide_half_away(each * units, MICROS)).otherwise(line)


def day_and_cent(rate: pl.Expr, units: pl.Expr) -> pl.Expr:
    """Return the most cents a proration may be off: a day at the rate, and a cent.

    `units` are millionths; a month has its `month_days`, 30 where it has none.
    """
    month = pl.col("month_days").fill_null(30).cast(pl.Int128)
    return micros(rate) * units * (MONTH_PARTS // month) // EXACT_PER_CENT + 1


def place(
    lines: pl.DataFrame,
    orders: pl.DataFrame,
    reference: dict[str, pl.LazyFrame],
    contracts: list[Contract],
) -> pl.DataFrame:
    """Return matched `lines` with their contract, package, order and the day that chooses a rate.

    `orders` names the order that carries each one-time line (`reconcile.audit.orders.assign`).
    """
    held = contract_of(lines, contracts, "bill_date", "contract")
    order = answers_to(lines, orders.select(*ORDER_COLUMNS), ["line_id"])
    placed = lines.hstack(held).hstack(order)
    return placed.with_columns(
        _package(lines, reference["packages"]),
        rate_day=pl.coalesce("completed_on", "period_from", "bill_date"),
    ).drop("completed_on")


def price(
    lines: pl.LazyFrame, reference: dict[str, pl.LazyFrame], contracts: list[Contract]
) -> pl.LazyFrame:
    """Return placed `lines` with catalogue kind, rate in force and fraction (PRICED), and settings.

    All that depends on few columns is asked once for each of their distinct values, and joined
    back by one key; so is the fraction of a period.
    """
    rates = rate_frame(reference["buy_rates"])
    lines = with_rate_contract(lines.collect(), contracts).lazy()
    lines = with_question(lines, rates)
    key = ["carrier", *QUESTION, "usoc"]
    asked = lines.select(key).unique().collect()
    answers = (
        asked.pipe(_catalogued, reference["usocs"])
        .join(
            in_force(asked.filter(pl.col("charge_class").is_in(RATED)).select(QUESTION), rates),
            on=QUESTION,
            how="left",
            maintain_order="left",
            nulls_equal=True,
        )
        .drop("rate_from")
    )
    lines = lines.drop("kind", "family", strict=False).join(
        answers.lazy(), on=key, how="left", maintain_order="left", nulls_equal=True
    )
    return _with_fraction(lines, contracts)


def rate_frame(buy_rates: pl.LazyFrame) -> pl.DataFrame:
    """Return buy rates keyed by `item` (a code or a package, told apart) with their specificity."""
    rates = buy_rates.collect()
    if "circuit_key" not in rates.columns:
        key = pl.col("circuit_id").str.replace_all(r"\s+", "").str.to_uppercase()
        rates = rates.with_columns(circuit_key=key)
    score = pl.lit(0, dtype=pl.Int64)
    for column, _ in _SPECIFIC:
        score = score * 2 + pl.col(column).is_not_null().cast(pl.Int64)
    return rates.with_columns(item=_item("package", "usoc"), specificity=score)


def with_question(lines: pl.LazyFrame, rates: pl.DataFrame) -> pl.LazyFrame:
    """Return `lines` with the columns a rate is asked for by (`QUESTION`).

    A BAN or a circuit is part of the question only if some rate names it: so few are asked.
    """
    bans = rates["ban"].drop_nulls().unique()
    circuits = rates["circuit_key"].drop_nulls().unique()
    circuit = pl.coalesce("inventory_circuit", "circuit_key")
    return lines.with_columns(
        item=_item("package", "usoc"),
        rate_ban=pl.when(among("ban", bans)).then("ban"),
        rate_circuit=pl.when(among(circuit, circuits)).then(circuit),
    )


def candidates(asked: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Return every rate whose item and class fit a question, whatever its place and dates.

    Adds `class_rank`: a row that names the class beats one that names none, `prorated` beats
    `recurring`; and the rate's own columns with the suffix `_rate` where names meet.
    """
    named = "charge_class_rate"
    return (
        asked.join(
            rates,
            left_on=["rate_contract", "item"],
            right_on=["contract", "item"],
            suffix="_rate",
        )
        .filter(_covers(named))
        .with_columns(class_rank=_class_rank(named))
    )


def fits(column: str, asked: str) -> pl.Expr:
    """Say whether a rate of `candidates` holds for what is asked: it names the same, or nothing."""
    own = pl.col(f"{column}_rate" if column == asked else column)
    return own.is_null() | (own == pl.col(asked)).fill_null(False)


def on_day(day: pl.Expr, start: str = "effective_from", end: str = "effective_until") -> pl.Expr:
    """Say whether a day is in `[start, end)` of a row, open where one is null."""
    return (pl.col(start).is_null() | (pl.col(start) <= day)) & (
        pl.col(end).is_null() | (day < pl.col(end))
    )


def fitting(
    asked: pl.DataFrame, rates: pl.DataFrame, places: Sequence[tuple[str, str]] = _SPECIFIC
) -> pl.DataFrame:
    """Return the rates in force that fit questions by item, class, day and the given `places`.

    Adds `class_rank` and of the rate row_id, rate, effective_from, source, specificity and, as
    `of_...`, what it names of other places. Rates that name the same places are found by them, so
    that a question does not meet those of everywhere else: of a code with a rate for each of 12
    states, 4 zones and 3 terms it meets one of 144::

        asked          rates of the code
        OH, zone 1  -> OH and zone 1; OH and any zone; any state and zone
    """
    named = {column: f"of_{column}" for column, _ in _SPECIFIC}
    known = (
        rates.with_columns(names=pl.struct(pl.col(column).is_not_null() for column, _ in places))
        .rename({**named, "charge_class": "of_class"})
        .drop("usoc", "package", "circuit_id", strict=False)
    )
    found = []
    for (names,), some in known.group_by("names"):
        own = [(wanted, f"of_{column}") for column, wanted in places if names[column]]
        left = ["rate_contract", "item", *(wanted for wanted, _ in own)]
        right = ["contract", "item", *(of for _, of in own)]
        pairs = asked.join(some.drop("names"), left_on=left, right_on=right)
        found.append(pairs.filter(on_day(pl.col("rate_day")), _covers("of_class")))
    if not found:
        found = [asked.clear().join(known.drop("names"), left_on="item", right_on="item")]
    return pl.concat(found, how="diagonal").with_columns(class_rank=_class_rank("of_class"))


def _covers(named: str) -> pl.Expr:
    """Say whether a rate's class fits that of a question; `recurring` covers `prorated`, too."""
    wanted, own = pl.col("charge_class"), pl.col(named)
    return own.is_null() | (wanted == own) | ((wanted == "prorated") & (own == "recurring"))


def _class_rank(named: str) -> pl.Expr:
    """Return how well a class fits that does: one that is named before none, `prorated` first."""
    exact = (pl.col("charge_class") == "prorated") & (pl.col(named) == "prorated")
    return pl.when(pl.col(named).is_null()).then(0).when(exact).then(2).otherwise(1)


def in_force(asked: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Answer distinct rate questions: the most specific row in force, or none (no row)."""
    return (
        fitting(asked.select(QUESTION), rates)
        .sort("specificity", "class_rank", "row_id", descending=[True, True, False])
        .unique(QUESTION, keep="first", maintain_order=True)
        .select(*QUESTION, rate_id="row_id", buy_rate="rate", rate_from="effective_from")
    )


def _item(package: str, usoc: str) -> pl.Expr:
    return pl.coalesce(pl.lit("package ") + pl.col(package), pl.lit("usoc ") + pl.col(usoc))


def with_contract(
    lines: pl.LazyFrame, contracts: list[Contract], day: str, name: str
) -> pl.LazyFrame:
    """Return `lines` with the contract that holds their account on a day, as column `name`."""
    key = ["carrier", "ban", day]
    asked = lines.select(key).unique().collect()
    answers = _held_by(asked, contracts, day, name).lazy()
    return lines.join(answers, on=key, how="left", maintain_order="left")


def contract_of(
    lines: pl.DataFrame, contracts: list[Contract], day: str, name: str
) -> pl.DataFrame:
    """Return the contract that holds the account of each of `lines` on a day, as column `name`."""
    asked = distinct_in_runs(lines.select("carrier", "ban", day))
    return asked.looked_up(_held_by(asked.rows, contracts, day, name))


def _held_by(asked: pl.DataFrame, contracts: list[Contract], day: str, name: str) -> pl.DataFrame:
    answers = contract_for(asked.rename({day: "day"}), contracts)
    return answers.rename({"day": day, "contract": name})


def _package(lines: pl.DataFrame, packages: pl.LazyFrame) -> pl.Series:
    """Return the package of lines audited under it: its elements, or its own code."""
    key = ["carrier", "package", "usoc"]
    asked = distinct(lines.select(*key, "charge_class"))
    elements = packages.select(*key, pl.lit(True).alias("element")).unique()
    own = (pl.col("usoc") == pl.col("package")).fill_null(False)
    inside = pl.col("element").fill_null(False) | own
    by_package = inside & pl.col("charge_class").is_in(RECURRING)
    answers = (
        asked.rows.lazy()
        .join(elements, on=key, how="left", maintain_order="left")
        .select(pl.when(by_package).then("package").alias("package"))
        .collect()
    )
    return asked.told(answers).to_series()


def with_rate_contract(lines: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
    """Add the contract whose rates apply: the one that holds the account on the rate day.

    It is the document's contract but where an account moves, so only exceptions are looked up.
    """
    key = ["carrier", "ban", "rate_day"]
    asked = distinct_in_runs(lines.select(*key, "contract"))
    known = asked.rows.drop_nulls()
    held = _held_by(known.select(key).unique(), contracts, "rate_day", "held")
    moved = known.join(held, on=key).filter(pl.col("held") != pl.col("contract"))
    if moved.is_empty():
        return lines.with_columns(rate_contract="contract")
    return lines.with_columns(
        rate_contract=pl.coalesce(asked.looked_up(moved)["held"], lines["contract"])
    )


def _catalogued(asked: pl.DataFrame, usocs: pl.LazyFrame) -> pl.DataFrame:
    """Add the catalogue's kind and family of a code of a carrier on the rate day."""
    key = ["carrier", "usoc", "rate_day"]
    entries = usocs.select("carrier", "usoc", "kind", "family", "valid_from", "valid_until")
    answers = (
        asked.select(key)
        .unique()
        .join(entries.collect(), on=["carrier", "usoc"])
        .filter(on_day(pl.col("rate_day"), "valid_from", "valid_until"))
        .unique(key, keep="first", maintain_order=True)
        .select(*key, "kind", pl.col("family").str.to_lowercase())
    )
    return asked.join(answers, on=key, how="left", maintain_order="left")


def with_catalogue(lines: pl.LazyFrame, usocs: pl.LazyFrame) -> pl.LazyFrame:
    """Return `lines` with the catalogue's kind and family of their code on the rate day."""
    key = ["carrier", "usoc", "rate_day"]
    answers = _catalogued(lines.select(key).unique().collect(), usocs)
    return lines.drop("kind", "family").join(
        answers.lazy(), on=key, how="left", maintain_order="left"
    )


def _with_fraction(lines: pl.LazyFrame, contracts: list[Contract]) -> pl.LazyFrame:
    """Add the contract's settings and the months billed, where class and period have a fraction."""
    key = ["charge_class", "period_from", "period_until", "bill_day", "contract"]
    asked = (
        lines.select(key)
        .unique()
        .collect()
        .join(
            settings(contracts).select("contract", *SETTINGS),
            on="contract",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col(name).fill_null(value) for name, value in DEFAULTS.items())
    )
    dated = pl.col("charge_class").is_in(WITH_FRACTION) & (
        pl.col("period_from") < pl.col("period_until")
    ).fill_null(False)
    answers = (
        with_fraction(asked.filter(dated).lazy(), "period_from", "period_until", "fraction_parts")
        .pipe(with_billing_period, "period_from", "_start", "_end")
        .with_columns(
            month_days=pl.when(pl.col("proration") == "actual_days")
            .then(days_between(pl.col("_start"), pl.col("_end")))
            .otherwise(30)
        )
        .select(*key, "fraction_parts", "month_days")
        .collect()
    )
    told = asked.join(answers, on=key, how="left", maintain_order="left", nulls_equal=True)
    return lines.join(told.lazy(), on=key, how="left", maintain_order="left", nulls_equal=True)
