"""What the bank says, once: several files tell of one movement, and one trace may tell of two.

A Nacha file, a balance report and a statement may each report the same debit. Files of one kind
never do: two rows of one kind are two movements. So each row of a coarser kind is paired with at
most one of a finer kind, and the rest moved money of its own.
"""

from __future__ import annotations

import polars as pl

from invoices.bank.schema import ENTRIES
from invoices.money import cents
from invoices.schema import empty

SOURCES = ("nacha", "bai2", "csv")
"""From the finest to the coarsest."""
NO_TRACE = "0" * 15

MOVEMENTS = pl.Schema(
    {
        **ENTRIES,
        "same_as": pl.String(),  # the finer entry that tells of the same movement; null = none
        "company": pl.String(),  # company_id as it is compared
        "cents": pl.Int64(),
    }
)


def company_key(column: pl.Expr) -> pl.Expr:
    """Return a company ID as it is compared: letters and digits, no `1` before nine digits.

    Originators put a 1 before their nine-digit tax number; contracts often leave it out.
    """
    plain = column.str.to_uppercase().str.replace_all("[^0-9A-Z]", "")
    short = plain.str.extract("^1([0-9]{9})$", 1)
    return pl.when(plain != "").then(pl.coalesce(short, plain))


def movements(entries: pl.DataFrame) -> pl.DataFrame:
    """Return the entries with `same_as` (columns of `MOVEMENTS`, sorted by day and id)."""
    frame = entries.with_columns(
        company=company_key(pl.col("company_id")), cents=cents(pl.col("amount")).cast(pl.Int64)
    ).sort("settled_on", "entry_id")
    pairs = [pl.DataFrame(schema={"entry_id": pl.String(), "same_as": pl.String()})]
    known = frame.filter(pl.col("source") == SOURCES[0])
    for source in SOURCES[1:]:
        own = frame.filter(pl.col("source") == source)
        # Where a balance report gives the kind of a movement and it is no ACH, no ACH file has it.
        told = own if source == "csv" else own.filter(pl.col("kind") != "other")
        found = _paired(told, known)
        pairs.append(found)
        known = pl.concat([known, own.join(found, on="entry_id", how="anti")])
    both = frame.join(pl.concat(pairs), on="entry_id", how="left")
    return both.select(MOVEMENTS.names()).sort("settled_on", "entry_id")


_KEYS: tuple[tuple[str, ...], ...] = (("trace",), ("company",), ())
"""What the two sides share besides day, amount and way; the last asks for nothing more."""


def _paired(coarse: pl.DataFrame, fine: pl.DataFrame) -> pl.DataFrame:
    """Return [entry_id, same_as]: each row of `coarse` with the one of `fine` it repeats."""
    common = ("settled_on", "cents", "direction", "back")
    found = []
    back = (pl.col("kind") == "return").alias("back")
    left, right = coarse.with_columns(back), fine.with_columns(back)
    right = right.filter(pl.col("kind").is_in(("entry", "return", "other")))
    for extra in _KEYS:
        key = [*common, *extra]
        # A side that names its originator is not taken for one that names another.
        ours = left if extra else left.filter(pl.col("company").is_null())
        sides = [
            side.drop_nulls(list(extra)).with_columns(
                nth=pl.int_range(pl.len()).over(key).cast(pl.Int64)
            )
            for side in (ours, right)
        ]
        pairs = (
            sides[0]
            .select("entry_id", "nth", *key)
            .join(sides[1].select("nth", *key, same_as="entry_id"), on=[*key, "nth"])
            .select("entry_id", "same_as")
        )
        found.append(pairs)
        left = left.join(pairs, on="entry_id", how="anti")
        right = right.join(pairs.select(entry_id="same_as"), on="entry_id", how="anti")
    return pl.concat(found)


def own_pulls(moves: pl.DataFrame) -> pl.DataFrame:
    """Return the debits that are movements of their own and took something."""
    return moves.filter(
        pl.col("same_as").is_null(),
        pl.col("direction") == "debit",
        pl.col("kind").is_in(("entry", "other")),
        pl.col("cents") > 0,
    )


def repeated_traces(moves: pl.DataFrame) -> pl.DataFrame:
    """Return the debits whose trace an earlier one of the same originator bears: [entry_id, of]."""
    own = moves.filter(
        pl.col("same_as").is_null(),
        pl.col("kind") == "entry",
        pl.col("direction") == "debit",
        pl.col("trace").is_not_null() & (pl.col("trace") != NO_TRACE),
    ).sort("settled_on", "entry_id")
    key = ["source", "trace", pl.col("company").fill_null("")]
    first = own.with_columns(of=pl.col("entry_id").first().over(key))
    return first.filter(pl.col("of") != pl.col("entry_id")).select("entry_id", "of")


RETURNED = pl.Schema(
    {
        "entry_id": pl.String(),  # of the return
        "of": pl.String(),  # the debit it undoes; null = none on record fits
        "returned_on": pl.Date(),
        "cents": pl.Int64(),
        "code": pl.String(),
    }
)


def returned(moves: pl.DataFrame) -> pl.DataFrame:
    """Return every return of a debit with the debit it undoes (columns of `RETURNED`).

    A return that names a trace undoes the last debit of that trace and amount that settled on or
    before its day; one that names none, the last debit of its amount (and originator, where it says
    which). A debit is undone whole and once.
    """
    own = moves.filter(pl.col("same_as").is_null(), pl.col("direction") == "debit")
    backs = own.filter(pl.col("kind") == "return")
    debits = own.filter(pl.col("kind").is_in(("entry", "other"))).select(
        "trace",
        "company",
        of="entry_id",
        debit_cents="cents",
        debited_on="settled_on",
    )
    if backs.is_empty():
        return empty(RETURNED)
    named = backs.filter(pl.col("original_trace").is_not_null())
    silent = backs.filter(pl.col("original_trace").is_null())
    by_trace = named.join(
        debits.drop("company"),
        left_on=["original_trace", "cents"],
        right_on=["trace", "debit_cents"],
    ).with_columns(company_right=pl.lit(None, dtype=pl.String))
    by_amount = silent.join(debits.drop("trace"), left_on="cents", right_on="debit_cents").filter(
        (pl.col("company") == pl.col("company_right")).fill_null(True)
    )
    columns = ["entry_id", "of", "settled_on", "debited_on", "cents", "code"]
    pairs = pl.concat([by_trace.select(columns), by_amount.select(columns)]).filter(
        pl.col("debited_on") <= pl.col("settled_on")
    )
    order = ("settled_on", "entry_id", "debited_on", "of")
    # The last debit is undone first.
    pairs = pairs.sort(order, descending=[False, False, True, True])
    chosen = mutual(pairs, "entry_id", "of")
    return (
        backs.join(chosen.select("entry_id", "of"), on="entry_id", how="left")
        .select("entry_id", "of", "cents", "code", returned_on="settled_on")
        .select(RETURNED.names())
    )


def mutual(pairs: pl.DataFrame, left: str, right: str) -> pl.DataFrame:
    """Return pairs of which no two share a side: the first of each in the order given, again and
    again until none is left."""
    kept = []
    while pairs.height:
        now = pairs.filter(pl.col(left).is_first_distinct() & pl.col(right).is_first_distinct())
        kept.append(now)
        pairs = pairs.join(now.select(left), on=left, how="anti", maintain_order="left")
        pairs = pairs.join(now.select(right), on=right, how="anti", maintain_order="left")
    return pl.concat(kept) if kept else pairs
