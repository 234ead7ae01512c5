"""Which markup row prices a line: the precedence of markups, written once.

Nothing here knows a line's money. A *question* is what a line asks (service, customer, USOC,
package, product, charge class, day); many lines ask the same one, so rows are chosen on the small
table of distinct questions and the answers are joined back. The retail rate of a line is chosen by
the same machinery from a shorter list of scopes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from rebill.pricing.markups import PASSED_ON


@dataclass(frozen=True)
class Scope:
    """One place in the precedence: what a row names, and what of a question it is held against."""

    words: str
    names: tuple[str, ...]
    asks: tuple[str, ...]
    wide: bool = False  # names neither USOC nor class: never changes what is passed on


def _scopes(*combinations: tuple[str, ...]) -> tuple[Scope, ...]:
    """Return the scopes in order; one that names a class is asked twice.

    First for the line's own class, then, for prorated lines, for `recurring`, which covers them: so
    a row that names `prorated` beats one that names `recurring` inside the scope.
    """
    scopes: list[Scope] = []
    for names in combinations:
        words = " and ".join(names).replace("charge_class", "charge class") or "all"
        wide = not {"usoc", "charge_class"} & set(names)
        scopes.append(Scope(words, names, names, wide))
        if "charge_class" in names:
            asks = tuple("covering_class" if n == "charge_class" else n for n in names)
            scopes.append(Scope(words, names, asks))
    return tuple(scopes)


SCOPES = _scopes(
    ("service", "usoc"),
    ("service",),
    ("customer", "usoc"),
    ("customer", "package"),
    ("customer", "product"),
    ("customer", "charge_class"),
    ("customer",),
    ("usoc",),
    ("package",),
    ("product",),
    ("charge_class",),
    (),
)
"""The precedence of markups, first wins; inside a scope the latest `effective_from`."""

NAMES = ("service", "customer", "usoc", "package", "product", "charge_class")
"""What a markup row can name."""

RETAIL_SCOPES = tuple(
    Scope(" and ".join(names), names, names)
    for names in (
        ("carrier", "package", "state"),
        ("carrier", "package"),
        ("carrier", "usoc", "state"),
        ("carrier", "usoc"),
    )
)
"""The precedence of retail rates: that of the package for its own code, of a state before any."""

RETAIL_NAMES = ("carrier", "package", "usoc", "state")

BUNDLE_NAMES = ("customer", "product", "usoc")
BUNDLE_SCOPES = tuple(
    Scope(" and ".join(names), names, names)
    for names in (BUNDLE_NAMES, ("customer", "usoc"), ("product", "usoc"), ("usoc",))
)
"""The precedence of bundles: one of the customer before one of everybody."""


LEVELS = tuple(
    tuple(s for s in SCOPES if (set(s.names) & {"service", "customer"} or {""}) == {level})
    for level in ("service", "customer", "")
)
"""`SCOPES` in three runs: what is said of a service, of a customer, of everybody. Each run is
asked by itself, so that a question names no more of a line than the rows of its run do."""


def scope_words() -> pl.Expr:
    """Return the scope of a markup row in words; null for a combination the precedence has not."""
    scopes = {s.names: s.words for s in SCOPES}
    return pl.coalesce(
        pl.when(_names_just(names, NAMES)).then(pl.lit(said)) for names, said in scopes.items()
    )


_IN_RULES = {
    "effective_from": " from ",
    "effective_until": " until ",
    "tier": ", tier ",
    "promotion": ", promotion ",
}
"""What a rule says besides its scope and row, and the words before it."""


def rule_words() -> pl.Expr:
    """Return a markup row as a rule that people can look up: its scope, its number, since when."""
    return pl.concat_str(
        scope_words(),
        pl.lit(": markup row "),
        pl.col("row_id").cast(pl.String),
        *(
            pl.when(pl.col(name).is_not_null())
            .then(pl.lit(before) + pl.col(name).cast(pl.String))
            .otherwise(pl.lit(""))
            for name, before in _IN_RULES.items()
        ),
    )


def at_level(level: tuple[Scope, ...], markups: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of `markups` whose scope is in `level`."""
    return markups.filter(pl.any_horizontal(_names_just(s.names, NAMES) for s in level))


def choose_markup(
    questions: pl.DataFrame, markups: pl.DataFrame, scopes: tuple[Scope, ...] = SCOPES
) -> pl.DataFrame:
    """Answer each question with the markup row of `scopes` that comes first, if there is one.

    `questions` has `question` (unique), the columns of `NAMES` and `day`. Returns `question` and
    `row_id` for those that have an answer.
    """
    return _first(_fits(_asking(questions), _known(markups), scopes, NAMES))


def choose_retail(questions: pl.DataFrame, retail: pl.DataFrame) -> pl.DataFrame:
    """Answer each question with the retail rate in force, if there is one.

    `questions` has `question` (unique), carrier, usoc, package (given only where the USOC is the
    package's own code), state and `day`. Returns `question` and `row_id`.
    """
    return _first(_fits(questions, _known(retail), RETAIL_SCOPES, RETAIL_NAMES))


def choose_bundle(questions: pl.DataFrame, bundles: pl.DataFrame) -> pl.DataFrame:
    """Answer each question with the row of the bundle its code is shown in, if there is one.

    `questions` has `question` (unique), customer, product, usoc and `day`. Returns `question` and
    `row_id`.
    """
    return _first(_fits(questions, _known(bundles), BUNDLE_SCOPES, BUNDLE_NAMES))


def candidates(line: Mapping[str, Any], markups: pl.DataFrame) -> pl.DataFrame:
    """Return every markup row that fits `line`, the one that prices it first.

    `line` has the columns of `NAMES` and `rate_day`. The answer is the columns of `markups` with
    `precedence` (1 is the row that prices the line) and `scope` in front.
    """
    names = {name: line.get(name) for name in NAMES}
    schema = {"question": pl.Int64(), **dict.fromkeys(NAMES, pl.String()), "day": pl.Date()}
    asked = pl.DataFrame([{"question": 0, **names, "day": line["rate_day"]}], schema=schema)
    fits = _ranked(_fits(_asking(asked), _known(markups), SCOPES, NAMES))
    return (
        fits.with_row_index("precedence", offset=1)
        .select("precedence", "scope", "row_id")
        .join(markups, on="row_id", how="left", maintain_order="left")
    )


def boundaries(*tables: pl.DataFrame) -> pl.Series:
    """Return the sorted days on which a row starts or ends: between them no answer changes."""
    days = [t[c] for t in tables for c in ("effective_from", "effective_until")]
    return pl.concat(days).drop_nulls().unique().sort()


def _known(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `rows` with the USOC spelled as on lines."""
    return rows.with_columns(pl.col("usoc").str.strip_chars().str.to_uppercase())


def _asking(questions: pl.DataFrame) -> pl.DataFrame:
    """Return `questions` with `covering_class`: `recurring` covers prorated lines too."""
    prorated = pl.col("charge_class") == "prorated"
    return questions.with_columns(covering_class=pl.when(prorated).then(pl.lit("recurring")))


def _fits(
    questions: pl.DataFrame, rows: pl.DataFrame, scopes: Sequence[Scope], universe: Sequence[str]
) -> pl.DataFrame:
    """Return each pair of a question and a row that fits it on its day (question, row_id, scope,
    rank, effective_from)."""
    pairs = []
    for rank, scope in enumerate(scopes):
        held = rows.filter(_names_just(scope.names, universe)).select(
            *(pl.col(n).alias(ask) for n, ask in zip(scope.names, scope.asks, strict=True)),
            *("row_id", "effective_from", "effective_until"),
        )
        if held.is_empty():
            continue
        asked = questions.filter(~_passed_on()) if scope.wide else questions
        joined = asked.join(held, on=scope.asks) if scope.asks else asked.join(held, how="cross")
        pairs.append(
            joined.filter(in_force("day")).select(
                "question",
                "row_id",
                pl.lit(scope.words).alias("scope"),
                pl.lit(rank, dtype=pl.Int64).alias("rank"),
                "effective_from",
            )
        )
    none = {
        "row_id": pl.Int64(),
        "scope": pl.String(),
        "rank": pl.Int64(),
        "effective_from": pl.Date(),
    }
    empty = pl.DataFrame(schema={"question": questions.schema["question"], **none})
    return pl.concat([empty, *pairs])


def _names_just(names: Sequence[str], universe: Sequence[str]) -> pl.Expr:
    """Return whether a row names exactly `names` of what it could name."""
    return pl.all_horizontal(pl.col(n).is_not_null() == (n in names) for n in universe)


def _passed_on() -> pl.Expr:
    return pl.col("charge_class").is_in(PASSED_ON)


def in_force(day: str) -> pl.Expr:
    """Return whether a row is in force on the day in column `day`; the last day is excluded."""
    starts, ends = pl.col("effective_from"), pl.col("effective_until")
    asked = pl.col(day)
    return (starts.is_null() | (starts <= asked)) & (ends.is_null() | (asked < ends))


def _ranked(fits: pl.DataFrame) -> pl.DataFrame:
    """Return `fits` in order of precedence: scope, then the latest `effective_from` (none is the
    earliest); the row number settles what a load would have refused."""
    return fits.sort(
        "question",
        "rank",
        "effective_from",
        "row_id",
        descending=[False, False, True, False],
        nulls_last=True,
    )


def _first(fits: pl.DataFrame) -> pl.DataFrame:
    ranked = _ranked(fits).unique("question", keep="first", maintain_order=True)
    return ranked.select("question", "row_id")
