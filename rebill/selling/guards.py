"""What is not issued without a word of a person: each guard, its number, and what to do about it.

A guard looks at the lines and totals of invoices that are not issued yet. What it says of one is a
row of `FOUND`; `rebill.selling.holds` keeps it on the draft, and what a person released.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from invoices.money import cents
from invoices.schema import CENTS, among, columns_of
from invoices.text import filled
from rebill.pricing.customer_lines import OWN_TAXES
from rebill.pricing.own_charges import NO_CHARGES, row_of

KEY = ["customer", "bill_month"]
TIMES = 10
"""A price of more than so many times its cost needs consent."""

FOUND = pl.Schema(
    {
        "customer": pl.String(),
        "bill_month": pl.String(),
        "guard": pl.String(),  # one of GUARDS
        "number": CENTS,  # what was found, in dollars; a release holds as long as it stays
        "words": pl.String(),
    }
)
BELOW_COST, ABOVE_COST, DISCOUNTS = "below_cost", "above_cost", "discounts_above_charges"
NEGATIVE, JUMPED, CLASS = "negative_total", "jumped", "class_differs"
GUARDS = (BELOW_COST, ABOVE_COST, DISCOUNTS, NEGATIVE, JUMPED, CLASS)
"""In the order in which they are told."""
RELEASABLE = tuple(guard for guard in GUARDS if guard != CLASS)
"""What `rebill invoices release` lets go; a class that differs is settled where it was found."""


@dataclass(frozen=True)
class Consents:
    """What rows of the tables consented to, every version of them by its `row_id`."""

    markups: pl.DataFrame  # row_id, method, below_cost, consent
    own_charges: pl.DataFrame  # row_id, consent


@dataclass(frozen=True)
class Limits:
    """By how much an invoice may move from the one before; None = as much as it likes."""

    percent: Decimal | None
    amount: Decimal | None


def of_prices(lines: pl.LazyFrame, consents: Consents) -> pl.DataFrame:
    """Return what is wrong (`FOUND`) with prices of markups among customer lines: a loss, or a
    price of more than ten times its cost, that nobody consented to."""
    dear = cents(pl.col("price")) > TIMES * cents(pl.col("cost"))
    loss = pl.col("margin") < 0
    sold = (
        lines.filter(pl.col("kind").fill_null("charge").is_in(["charge", "unbilled"]))
        .filter(pl.col("cost") >= 0, pl.col("markup_row").is_not_null(), dear | loss)
        .select(*KEY, "markup_row", "price", "cost", "margin")
        .collect()
        .join(consents.markups, left_on="markup_row", right_on="row_id")
    )
    sums = {"count": pl.len(), "row": pl.col("markup_row").min()}
    below = (
        sold.filter(loss, ~pl.col("below_cost"), ~pl.col("consent"), pl.col("method") != "absorb")
        .group_by(KEY)
        .agg(**sums, number=pl.col("margin").sum())
    )
    above = (
        sold.filter(dear, ~pl.col("consent"))
        .group_by(KEY)
        .agg(**sums, number=pl.col("price").sum(), cost=pl.col("cost").sum())
    )
    return pl.concat(
        [
            _found(
                below,
                BELOW_COST,
                "{} line(s) are priced below cost without consent (markup row {}, {} in all): set"
                " below_cost = true on the row, or raise the price, and build again",
                *("count", "row", "number"),
            ),
            _found(
                above,
                ABOVE_COST,
                f"{{}} line(s) are priced above {TIMES} times their cost without consent (markup"
                " row {}, {} for what costs {}): set consent = true on the row, or lower the price,"
                " and build again",
                *("count", "row", "number", "cost"),
            ),
        ]
    )


def of_discounts(lines: pl.LazyFrame, consents: Consents) -> pl.DataFrame:
    """Return own discounts (`FOUND`) above the charges they are taken off, without consent.

    Those of one service are held against its charges, all together against all charges of the
    invoice. Taxes, surcharges and late charges are no charges.
    """
    given = discounts(lines, consents).filter(~pl.col("consent"))
    if given.is_empty():
        return pl.DataFrame(schema=FOUND)
    charges = (
        lines.join(given.lazy().select(KEY).unique(), on=KEY, how="semi")
        .filter(
            ~pl.col("kind").fill_null("charge").is_in(OWN_TAXES),
            ~pl.col("charge_class").is_in(NO_CHARGES),
            ~_is_discount() | among(_row(), consents.own_charges.filter("consent")["row_id"]),
        )
        .group_by(*KEY, "service")
        .agg(charged=pl.col("price").sum())
        .collect()
    )
    of_all = _above(given, charges, KEY)
    of_one = _above(given.drop_nulls("service"), charges, [*KEY, "service"])
    more = "{} of own discounts{} are above the charges of {} (customer_charges row {}): set"
    words = f"{more} consent = true on the row, or lower the discount, and build again"
    single = of_one.join(of_all, on=KEY, how="anti").sort("service").group_by(KEY).agg(
        pl.col("given", "charged", "number").sum(),
        pl.col("row").min(),
        where=pl.lit(" on service ") + pl.col("service").str.join(", "),
    )  # fmt: skip
    both = pl.concat([of_all.with_columns(where=pl.lit("")), single], how="diagonal_relaxed")
    return _found(both, DISCOUNTS, words, "given", "where", "charged", "row")


def _above(given: pl.DataFrame, charges: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Return the discounts of each key that are above its charges, and by how much (`number`)."""
    taken = given.group_by(key).agg(given=-pl.col("price").sum(), row=pl.col("row").min())
    had = charges.group_by(key).agg(pl.col("charged").sum())
    return (
        taken.join(had, on=key, how="left")
        .with_columns(pl.col("charged").fill_null(0))
        .with_columns(number=pl.col("given") - pl.col("charged"))
        .filter(pl.col("number") > 0)
    )


def discounts(lines: pl.LazyFrame, consents: Consents) -> pl.DataFrame:
    """Return our own discounts among customer lines: their key, service, price, row and consent."""
    return (
        lines.filter(_is_discount())
        .select(*KEY, "service", "price", row=_row())
        .collect()
        .join(consents.own_charges, left_on="row", right_on="row_id", how="left")
        .with_columns(pl.col("consent").fill_null(False))
    )


def _is_discount() -> pl.Expr:
    return (pl.col("kind") == "own_charge").fill_null(False) & (pl.col("price") < 0)


def _row() -> pl.Expr:
    return row_of(pl.col("rule"))


def of_totals(bills: pl.DataFrame, discounts: pl.DataFrame) -> pl.DataFrame:
    """Return invoices (`FOUND`) with a negative total that no discount explains that somebody
    consented to; `bills` have customer, bill_month and total."""
    meant = discounts.filter("consent").group_by(KEY).agg(meant=pl.col("price").sum())
    below = (
        bills.join(meant, on=KEY, how="left")
        .with_columns(without=pl.col("total") - pl.col("meant").fill_null(0))
        .filter(pl.col("total") < 0, pl.col("without") < 0)
        .with_columns(number="total")
    )
    words = "the total is negative, {}: look at what gives more back than is charged"
    return _found(below, NEGATIVE, words, "total")


def of_moves(bills: pl.DataFrame, standing: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Return invoices (`FOUND`) whose month moved more than a limit from the customer's last one.

    `standing` are drafts and issued invoices that no credit note took back (customer, bill_month,
    total), those of `bills` among them. Of several invoices of a month the sum counts; a first
    month moves from nothing and is never told.
    """
    if limits.percent is None and limits.amount is None:
        return pl.DataFrame(schema=FOUND)
    months = standing.group_by(KEY).agg(pl.col("total").sum()).sort("bill_month")
    last = [pl.col(name).shift(1).over("customer") for name in ("bill_month", "total")]
    moved = (
        months.with_columns(last_month=last[0], was=last[1])
        .drop_nulls("was")
        .rename({"total": "month"})
        .join(bills.select(KEY), on=KEY, how="semi")
        .with_columns(number=pl.col("month") - pl.col("was"))
    )
    size, base = cents(pl.col("number")).abs(), cents(pl.col("was")).abs()
    over = []
    if limits.percent is not None:
        share = int(limits.percent * 10**6)
        above = size * 10**8 > base * share
        over.append(pl.when(above).then(pl.lit(f"jump_percent {plain(limits.percent)}")))
    if limits.amount is not None:
        above = size * 10**4 > int(limits.amount * 10**6)
        over.append(pl.when(above).then(pl.lit(f"jump_amount {plain(limits.amount)}")))
    told = moved.with_columns(
        limit=pl.concat_str(over, separator=" and ", ignore_nulls=True)
    ).filter(pl.col("limit") != "")
    words = (
        "the month comes to {}, which is {} from the {} of {} and more than [selling] {}: compare"
        " the two"
    )
    return _found(told, JUMPED, words, "month", "number", "was", "last_month", "limit")


def plain(number: Decimal) -> str:
    """Return a number as people write it, without an exponent."""
    return f"{number:f}"


def of_classes(lines: pl.LazyFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Return invoices (`FOUND`) with lines whose class differs from their code's kind.

    `findings` are those that nobody waived: line_id, finding_id and message.
    """
    if findings.is_empty():
        return pl.DataFrame(schema=FOUND)
    ours = lines.select(*KEY, "line_id").drop_nulls("line_id").unique()
    told = (
        findings.lazy()
        .join(ours, on="line_id")
        .sort("finding_id")
        .group_by(KEY)
        .agg(
            count=pl.len(),
            number=pl.len().cast(CENTS),
            said=pl.col("message").first(),
            ids=pl.col("finding_id").head(5).str.join(" "),
            more=pl.when(pl.len() > 5).then(pl.lit(" ...")).otherwise(pl.lit("")),
        )
        .collect()
    )
    words = (
        "{} line(s) are of another class than their code (class_differs: {}): read them again, or"
        " rebill findings waive {}{} --reason TEXT"
    )
    return _found(told, CLASS, words, "count", "said", "ids", "more")


def _found(rows: pl.DataFrame, guard: str, words: str, *columns: str) -> pl.DataFrame:
    """Return rows as `FOUND`, with the words filled from their columns."""
    return rows.select(
        *KEY,
        guard=pl.lit(guard),
        number=pl.col("number").cast(CENTS),
        words=filled(words, *(pl.col(name).cast(pl.String) for name in columns)),
    ).select(columns_of(FOUND))
