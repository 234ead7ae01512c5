"""Who of those with equal remainders carries the odd cent: they take turns, invoice by invoice.

Those who share alike sit in a ring, the partners of one deal in one ring whatever rule they meet
in. Odd cents go round it in the order of the invoices (date, month, customer, number; on one
invoice by method and scope of the rule), and an odd cent taken back goes the way back. So over any
stretch of invoices equal partners differ by at most a cent. Where the ring begins is drawn from the
names of deal and partners, for else every deal of one invoice would favour the same.

Three invoices of an odd cent each, partners a and b, the ring beginning at b: b, a, b.

What others know of an odd cent stays: a credit note takes it back from who had it, and what a final
statement said is not moved. Both come first on their own invoice; a note takes no turn, and what
was stated takes its turn before everything that was not.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from invoices.money import cents
from invoices.schema import CENTS, columns_of
from rebill.pricing.shares.division import down, remainder

STATED = pl.Schema({"invoice_no": pl.String(), "rule_row": pl.Int64(), "amount": CENTS})
"""What final statements said that a row of a rule earns of an invoice."""
CARRIERS = pl.Schema({"invoice_no": pl.String(), "rule_row": pl.Int64()})
_INVOICES = ("billed_on", "bill_month", "customer", "invoice_no", "method")


@dataclass(frozen=True)
class Before:
    """What final statements said, which no odd cent of today's changes."""

    amounts: pl.DataFrame = field(default_factory=STATED.to_frame)
    by_row: Collection[str] = ()  # months whose statements round each row by itself


def said_before(rows: pl.DataFrame) -> Before:
    """Return what the rows of final statements (`EARNED` and `late`) say of odd cents.

    Statements that an earlier version made name no rule: they rounded row by row.
    """
    own = rows.filter(~pl.col("late"), pl.col("rule").is_null())
    amounts = rows.group_by("invoice_no", "rule_row").agg(pl.col("amount").sum())
    return Before(amounts.select(columns_of(STATED)), own["month"].unique().to_list())


def carriers(units: pl.DataFrame, parts: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """Return who carries an odd cent that equal remainders leave open (`CARRIERS`).

    `units` are sums that several share: rule, `whole` cents, invoice_no, method, deal,
    customer, billed_on, bill_month, and `corrects` of a credit note, else null. `parts` has rule,
    rank (the rule's place among the others), payee, share and rule_row; `stated` is `STATED`.
    """
    members = (
        units.with_row_index("unit")
        .select("unit", "rule", "whole", "deal", "corrects", *_INVOICES)
        .join(parts.select("rule", "rank", "payee", "share", "rule_row"), on="rule")
        .join(stated, on=["invoice_no", "rule_row"], how="left")
        .with_columns(size=pl.col("whole").abs(), said=cents(pl.col("amount")))
        .with_columns(kept=pl.col("said").is_not_null().any().over("unit"))
        .with_columns(had=_had(pl.col("said").fill_null(0)))
    )
    tied = _tied(members)
    first = _picked(tied.filter(pl.col("corrects").is_null()))
    given = first.select("rule_row", corrects="invoice_no", given=pl.lit(True))
    notes = (
        tied.filter(pl.col("corrects").is_not_null())
        .join(given, on=["corrects", "rule_row"], how="left", maintain_order="left")
        .with_columns(had=pl.when("kept").then("had").otherwise(pl.col("given").fill_null(False)))
        .drop("given")
    )
    both = pl.concat([first, _picked(notes)])
    return both.select(columns_of(CARRIERS))


def _had(said: pl.Expr) -> pl.Expr:
    """Return whether a final statement said that the member has an odd cent of the unit."""
    return said.abs() > down(said.sum().over("unit").abs(), pl.col("share"))


def _tied(members: pl.DataFrame) -> pl.DataFrame:
    """Return the members among whom fewer odd cents are left than they are, and `need`, how many.

    Their remainders are equal; those with larger ones have their cent already.
    """
    ranked = members.with_columns(
        sure=down(pl.col("size"), pl.col("share")), rest=remainder(pl.col("size"), pl.col("share"))
    ).with_columns(left=pl.col("size") - pl.col("sure").sum().over("unit"))
    before = pl.col("rest").rank("min", descending=True).over("unit") - 1
    alike = pl.len().over("unit", "rest")
    return (
        ranked.with_columns(need=pl.col("left") - before)
        .filter(pl.col("need") > 0, pl.col("need") < alike)
        .sort("unit", "payee")
    )


def _picked(tied: pl.DataFrame) -> pl.DataFrame:
    """Return those of `tied` whose turn it is: first how many of each share, then who of them.

    Both go round a ring, so that neither a larger share nor a name is favoured.
    """
    shared = tied.with_columns(picked=_is_turn(tied, ["unit"])).with_columns(
        need=pl.col("picked").cast(pl.Int128).sum().over("unit", "share")
    )
    return shared.filter(_is_turn(shared, ["unit", "share"]))


def _is_turn(tied: pl.DataFrame, within: list[str]) -> pl.Series:
    """Return whether each member is among the `need` of its ring whose turn it is.

    `within` says which members of a unit are in one ring; `tied` is sorted by unit and payee.
    """
    seated = tied.with_row_index("row").with_columns(
        ring=pl.concat_str("deal", pl.col("payee").str.join("\n").over(within), separator="\n"),
        seats=pl.len().over(within).cast(pl.Int128),
        seat=pl.int_range(pl.len(), dtype=pl.Int128).over(within),
    )
    rings = seated.select("ring").unique().sort("ring")
    begins = [zlib.crc32(name.encode()) for name in rings["ring"]]
    gone = _gone(seated, within)
    placed = (
        seated.join(rings.with_columns(begin=pl.Series(begins, dtype=pl.Int128)), on="ring")
        .join(gone, on=within)
        .with_columns(seat=pl.col("seat") - pl.col("begin") - pl.col("gone"))
        .with_columns(
            turn=pl.when(pl.col("whole") > 0)
            .then(pl.col("seat") % pl.col("seats"))
            .otherwise((-1 - pl.col("seat")) % pl.col("seats"))
        )
        .sort(*within, "had", "turn", descending=[*(False for _ in within), True, False])
        .with_columns(picked=pl.int_range(pl.len(), dtype=pl.Int128).over(within) < pl.col("need"))
    )
    return placed.sort("row")["picked"]


def _gone(seated: pl.DataFrame, within: list[str]) -> pl.DataFrame:
    """Return by `within` how many odd cents its ring gave before, those taken back off."""
    moves = pl.when(pl.col("corrects").is_null()).then(pl.col("need") * pl.col("whole").sign())
    return (
        seated.unique(within, keep="first", maintain_order=True)
        .sort(pl.col("kept").not_(), *_INVOICES, "rank", nulls_last=True)
        .with_columns(move=moves.otherwise(0))
        .select(*within, gone=(pl.col("move").cum_sum() - pl.col("move")).over("ring"))
    )
