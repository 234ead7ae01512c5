"""What lines ask, each distinct question once: most lines of a night ask what another asks, too.

A line asks with all that decides what is due of it. The first line of each question is judged in
the place of all of them, and the answer joined back by the question's number. A line that has
something of its own (it repeats another, is part of a summary, lacks its partner, is in a package
off its price) asks alone. Questions are told apart by what is asked itself, never by a hash.
"""

from __future__ import annotations

import polars as pl

from invoices.distinct import first_places, first_places_by
from invoices.schema import among, answers_to
from reconcile.audit.pricing import with_question

_OF_ROWS = ("quantity", "active_from", "active_until")
_FAMILIES = (
    (
        *("usoc", "charge_class", "amount", "quantity", "unit_rate", "unit_rate_places"),
        *("period_from", "period_until", "rate_day"),
    ),
    (
        *("carrier", "contract", "rate_contract", "rate_ban", "bill_date", "bill_day"),
        *("units_left", "order_units", "nrc_waived"),
    ),
    (
        *("package", "inventory_state", "inventory_zone", "term_months", "rate_circuit"),
        *("installed_on", "disconnected_on", "match_note", "is_known", "is_identified"),
    ),
    ("rows", *(f"_{name}" for name in _OF_ROWS), "of_service"),
)
"""What a placed line asks with: of the charge, of its bill and order, of its service, of what the
inventory has of its code."""
_STAND_IN = "~"
"""How the name of a question begins where a line's would stand: no line has one that does."""


def with_questions(
    lines: pl.DataFrame, rates: pl.DataFrame, elements: pl.LazyFrame
) -> pl.DataFrame:
    """Return placed `lines` with their `question`: the place of the first line that asks it.

    `lines` know the contract of their rates; `elements` are those of the inventory. A line asks
    (`_FAMILIES`) with its account and circuit where a rate names them, with what the inventory has
    of its code, and with its service where that is more than one row::

        usoc  amount  period       question
        1FB   12.00   06-01 07-01  0
        ESM   3.00    06-01 07-01  1
        1FB   12.00   06-01 07-01  0
    """
    rows = (
        elements.filter(pl.col("quantity") > 0)
        .group_by("service", "usoc")
        .agg(pl.len().alias("rows"), *(pl.col(name).first().alias(f"_{name}") for name in _OF_ROWS))
    )
    owned = answers_to(lines, rows.collect(), ["service", "usoc"])
    more = {
        "is_known": pl.col("service").is_not_null(),
        "is_identified": pl.col("circuit_key").is_not_null() | pl.col("wtn").is_not_null(),
        "of_service": pl.when(pl.col("rows") > 1).then("service"),
    }
    asked = with_question(lines.hstack(owned).lazy(), rates).with_columns(**more)
    names = [name for family in _FAMILIES for name in family]
    question = first_places_by(asked.select(names).collect(), _FAMILIES).cast(pl.Int64)
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    return lines.with_columns(place=place, question=question, asks=question)


def first_of_each(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the first line of each question, under a name that is no line's."""
    first = lines.select((pl.col("place") == pl.col("question")).arg_true()).to_series()
    return lines[first].with_columns(line_id=pl.lit(_STAND_IN) + pl.col("question").cast(pl.String))


def asking_alone(lines: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """Return `lines` of which those named by `ids` ask a question of their own (`asks`)."""
    if ids.is_empty():
        return lines
    named = lines.select(pl.arg_where(among("line_id", ids))).to_series()
    return lines.with_columns(lines["asks"].scatter(named, -1 - lines["place"].gather(named)))


def asking_apart(lines: pl.DataFrame, told: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Return `lines` of which those that more is told of (`told`: line_id and that) ask apart, and
    the places of those that now ask for themselves and all of whom the same is told.

    Of lines that ask question 0, three are in a package off its price::

        line_id  place  asks  told      asks
        D-1      0      0               0
        D-2      1      0     4.00  ->  -2: for D-3, too
        D-3      2      0     4.00      -2
        D-4      3      0     4.01      -4
    """
    own = (
        lines.select("line_id", "place", "asks")
        .filter(~is_alone(), among("line_id", told["line_id"]))
        .join(told, on="line_id", maintain_order="left")
    )
    first = first_places(own.drop("line_id", "place"))
    places, for_them = own["place"], own["place"].gather(first)
    lines = lines.with_columns(lines["asks"].scatter(places, -1 - for_them))
    return lines, places.filter(places == for_them)


def is_alone() -> pl.Expr:
    """Say whether a line asks a question of its own."""
    return pl.col("asks") < 0


def answered(lines: pl.LazyFrame, answers: pl.DataFrame, key: str = "asks") -> pl.LazyFrame:
    """Return `lines` with the columns of their question's answer that they lack themselves."""
    own = {*lines.collect_schema().names(), "asks"}
    told = answers.lazy().select(
        pl.col("asks").alias(key), *(name for name in answers.columns if name not in own)
    )
    return lines.join(told, on=key, how="left", maintain_order="left")


def few_answered(lines: pl.DataFrame, answers: pl.DataFrame) -> pl.LazyFrame:
    """Return what `answered` returns of few lines: only what they ask for goes through the join."""
    return answered(lines.lazy(), answers.filter(among("asks", lines["asks"].unique())))
