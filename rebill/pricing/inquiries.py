"""The questions that lines ask of the pricing tables, and their answers joined back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import polars as pl

from invoices.distinct import Distinct, distinct, distinct_by, distinct_in_runs, first_places_by
from invoices.schema import among
from rebill.pricing.customer_rules import Rules
from rebill.pricing.markup_methods import wants_retail
from rebill.pricing.markups import PASSED_ON
from rebill.pricing.precedence import (
    LEVELS,
    NAMES,
    at_level,
    boundaries,
    choose_bundle,
    choose_markup,
    choose_retail,
)

_SINCE_EVER = dt.date(1, 1, 1)


@dataclass(frozen=True)
class Inquiry:
    """A look-up many lines share: what they ask, when answers change, who answers."""

    answer: str  # the column that will hold the row_id of the answer
    asks: dict[str, tuple[pl.Expr, pl.Series]]  # what of a line is asked; the values rows name
    changes: pl.Series
    choose: Callable[[pl.DataFrame], pl.DataFrame]

    @property
    def day(self) -> str:
        """The column of the question's day, the last change on or before the line's."""
        return f"{self.answer}_day"

    @property
    def keys(self) -> list[str]:
        """The columns that make a question; what no row names is not asked."""
        named = [name for name, (_, values) in self.asks.items() if values.count()]
        return [self.day, *(f"{self.answer}_{name}" for name in named)]

    def question(self) -> list[pl.Expr]:
        """Return the columns of `keys` but the day; a value that no row names is blanked, so that
        many lines ask the same question."""
        columns = []
        for name, (value, values) in self.asks.items():
            known = values.drop_nulls().unique()
            if not known.is_empty():
                named = pl.when(among(value, known)).then(value)
                columns.append(named.fill_null("").alias(f"{self.answer}_{name}"))
        return columns

    def answers(self, questions: pl.DataFrame) -> pl.DataFrame:
        """Return those of the distinct `questions` that have an answer, with the answer."""
        numbered = questions.with_row_index("question")
        absent = [n for n in self.asks if f"{self.answer}_{n}" not in self.keys]
        plain = numbered.rename(lambda name: name.removeprefix(f"{self.answer}_")).with_columns(
            pl.lit(None, dtype=pl.String).alias(name) for name in absent
        )
        chosen = self.choose(plain).rename({"row_id": self.answer})
        return numbered.join(chosen, on="question").drop("question")


def markup_inquiries(markups: pl.DataFrame) -> list[Inquiry]:
    """Return one inquiry for each level of the precedence that has rows: `level_0`, and so on."""
    inquiries = []
    for number, level in enumerate(LEVELS):
        rows = at_level(level, markups)
        asks = {name: (pl.col(name), rows[name]) for name in NAMES}
        asks["usoc"] = (pl.col("usoc"), _spelled(rows["usoc"]))
        # A class is asked even where no row names it: taxes and surcharges have rules of their own.
        classes = pl.Series([*rows["charge_class"], "prorated", *PASSED_ON])
        asks["charge_class"] = (pl.col("charge_class"), classes)
        choose = partial(choose_markup, markups=rows, scopes=level)
        if not rows.is_empty():
            inquiries.append(Inquiry(f"level_{number}", asks, boundaries(rows), choose))
    return inquiries


def retail_inquiries(markups: pl.DataFrame, retail: pl.DataFrame) -> list[Inquiry]:
    """Return the inquiry for `retail_row`, or none if no markup wants a retail rate."""
    if retail.is_empty() or not markups.select(wants_retail().any()).item():
        return []
    package = pl.col("package")
    asks = {
        "carrier": (pl.col("carrier"), retail["carrier"]),
        "usoc": (pl.col("usoc"), _spelled(retail["usoc"])),
        "package": (pl.when(pl.col("usoc") == package).then(package), retail["package"]),
        "state": (pl.col("inventory_state"), retail["state"]),
    }
    choose = partial(choose_retail, retail=retail)
    return [Inquiry("retail_row", asks, boundaries(retail), choose)]


def bundle_inquiries(bundles: pl.DataFrame) -> list[Inquiry]:
    """Return the inquiry for `bundle_row`, or none where there are no bundles."""
    if bundles.is_empty():
        return []
    asks = {name: (pl.col(name), bundles[name]) for name in ("customer", "product")}
    asks["usoc"] = (pl.col("usoc"), _spelled(bundles["usoc"]))
    choose = partial(choose_bundle, bundles=bundles)
    return [Inquiry("bundle_row", asks, boundaries(bundles), choose)]


def _spelled(usocs: pl.Series) -> pl.Series:
    return usocs.str.strip_chars().str.to_uppercase()


def inquired(lines: pl.DataFrame, inquiries: list[Inquiry]) -> Distinct:
    """Return the distinct things that lines ask in all inquiries together: the `keys` of each."""
    if not inquiries:
        nothing = pl.repeat(None, lines.height, dtype=pl.Boolean, eager=True)
        return distinct_in_runs(nothing.to_frame("_nothing"))
    families = [
        [name for name in family if any(name in names for names in _looked_at(inquiries))]
        for family in _INQUIRED
    ]
    families = [family for family in families if family]
    asked = distinct_by(lines.select(name for family in families for name in family), families)
    asks = distinct(_with_inquiries(asked.rows, inquiries).select(_keys(inquiries)))
    return Distinct(asks.rows, asks.number.gather(asked.number))


_INQUIRED = (
    ("rate_day", "charge_class", "usoc"),
    ("customer", "service", "product", "package", "carrier", "inventory_state"),
)
"""What inquiries look at, in families (`invoices.distinct.first_places_by`)."""


def _looked_at(inquiries: list[Inquiry]) -> Iterator[set[str]]:
    """Yield the columns of lines that each inquiry looks at."""
    yield {"rate_day"}
    for inquiry in inquiries:
        for column in inquiry.question():
            yield set(column.meta.root_names())


def _keys(inquiries: list[Inquiry]) -> list[str]:
    return list(dict.fromkeys(key for inquiry in inquiries for key in inquiry.keys))


def _with_inquiries(lines: pl.DataFrame, inquiries: list[Inquiry]) -> pl.DataFrame:
    """Add what lines ask in each inquiry: its `keys`."""
    days = lines.select("rate_day").unique().sort("rate_day")
    for inquiry in inquiries:
        since = inquiry.changes.alias(inquiry.day).to_frame()
        days = days.join_asof(since, left_on="rate_day", right_on=inquiry.day)
        days = days.with_columns(pl.col(inquiry.day).fill_null(_SINCE_EVER))
    columns = [column for inquiry in inquiries for column in inquiry.question()]
    asked = distinct(lines.select("rate_day"))
    return lines.hstack(asked.looked_up(days)).with_columns(columns)


def join_answers(lines: pl.LazyFrame, inquiries: list[Inquiry]) -> pl.LazyFrame:
    """Add the answer of each inquiry to lines that ask it (`with_inquiries`), null for none."""
    questions = pl.collect_all([lines.select(i.keys).unique() for i in inquiries])
    for inquiry, asked in zip(inquiries, questions, strict=True):
        answers = inquiry.answers(asked).lazy()
        lines = lines.join(answers, on=inquiry.keys, how="left", maintain_order="left").drop(
            inquiry.keys
        )
    return lines


_ASKED = (
    *("charge_class", "amount", "quantity", "expected", "at_stake", "due_units"),
    *("due_unit_parts", "fraction_parts", "buy_rate"),
)
_OF_MONTHS = (
    *("period_from", "period_until", "installed_on", "disconnected_on", "bill_day", "bill_date"),
)


def questions(lines: pl.DataFrame, inquiry: pl.Series, rules: Rules) -> pl.Series:
    """Return for each line its question: the place of the first line that asks what it asks.

    A line asks with its money and units, with what it inquires (`inquiry`, the number of it), and
    with the rules of its customer; the name of the customer only where a row names it::

        usoc  amount  customer  question
        1FB   12.00   C1        0
        1FB   12.00   C2        0
        ESM   3.00    C1        2
    """
    alike = distinct_in_runs(lines.select("customer")).looked_up(_alike(rules.customers))
    flags = {
        "_month": pl.col("bill_date").dt.truncate("1mo"),
        "_recorded": pl.col("kind") == "record_only",
        "_usf": pl.col("family") == "federal usf",
        "_itself": pl.col("package").is_null(),
        "_sold": pl.col("customer").is_not_null(),
        "_known": pl.col("service").is_not_null(),
    }
    months = _OF_MONTHS if rules.counts_months else ()
    charge = [*_ASKED, *months, "_month", "_recorded", "_usf", "_itself"]
    own = ["_alike", "_sold", "_known"]
    asked = lines.hstack(alike).select(*_ASKED, *months, "_alike", **flags)
    asked = asked.with_columns(inquiry.alias("_inquiry"))
    return first_places_by(asked, [charge, ["_inquiry"], own])


def _alike(customers: pl.DataFrame) -> pl.DataFrame:
    """Return customers with a number (`_alike`) that those of the same rules share."""
    rules = distinct(customers.drop("customer"))
    return customers.select("customer", _alike=rules.number)
