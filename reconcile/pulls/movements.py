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
    return told_together(both).select(MOVEMENTS.names()).sort("settled_on", "entry_id")


_SAID = (
    *("company_id", "company", "company_name", "sec", "trace", "individual_id", "individual_name"),
    *("description", "addenda", "original_trace", "code", "code_text"),
)
"""What one source says of a movement and another may leave out."""


def told_together(moves: pl.DataFrame) -> pl.DataFrame:
    """Return the movements, each with what any source says of it: the finest that says it.

    A movement that some source knows for an ACH entry is one. A report without traces and a
    statement with them tell of one debit::

        entry  source  trace  same_as        entry  trace
        B1     bai2    -      -         ->   B1     T1
        C1     csv     T1     B1             C1     T1
    """
    rank = pl.col("source").replace_strict({name: n for n, name in enumerate(SOURCES)}, default=9)
    told = moves.drop_nulls("same_as").sort(rank, "entry_id")
    said = [_given(name).drop_nulls().first().alias(f"{name}_told") for name in _SAID]
    ach = (pl.col("kind") == "entry").any().alias("ach")
    more = told.group_by("same_as").agg(*said, ach).rename({"same_as": "entry_id"})
    both = moves.join(more, on="entry_id", how="left", maintain_order="left")
    other = (pl.col("kind") == "other") & pl.col("ach").fill_null(False)
    return both.with_columns(
        *(pl.coalesce(_given(name), f"{name}_told", name).alias(name) for name in _SAID),
        kind=pl.when(other).then(pl.lit("entry")).otherwise("kind"),
    )


def _given(name: str) -> pl.Expr:
    """Return what a column says: a trace of zeros is none."""
    column = pl.col(name)
    return pl.when(column != NO_TRACE).then(column) if name == "trace" else column


def _paired(coarse: pl.DataFrame, fine: pl.DataFrame) -> pl.DataFrame:
    """Return [entry_id, same_as]: each row of `coarse` with the one of `fine` it repeats."""
    forth = (pl.col("kind") != "return").alias("forth")
    left, right = coarse.with_columns(forth), fine.with_columns(forth)
    right = right.filter(pl.col("kind").is_in(("entry", "return", "other")))
    found = []
    silent = pl.col("company").is_null()
    # A side that names its originator is not taken for one that names another.
    anyone = pl.col("entry_id").is_not_null()
    for extra, ours, theirs in (
        (["trace"], anyone, anyone),
        (["company"], anyone, anyone),
        ([], silent, anyone),
        ([], anyone, silent & (pl.col("kind") != "other")),
    ):
        pairs = _side_by_side(left.filter(ours), right.filter(theirs), extra)
        found.append(pairs)
        left = left.join(pairs, on="entry_id", how="anti")
        right = right.join(pairs.select(entry_id="same_as"), on="entry_id", how="anti")
    return pl.concat(found)


def _side_by_side(left: pl.DataFrame, right: pl.DataFrame, extra: list[str]) -> pl.DataFrame:
    """Return [entry_id, same_as]: rows that share day, amount, way and `extra`, in their order."""
    key = ["settled_on", "cents", "direction", "forth", *extra]
    nth = pl.int_range(pl.len()).over(key).cast(pl.Int64).alias("nth")
    named = pl.all_horizontal(
        pl.col("cents").is_not_null(), *(_given(name).is_not_null() for name in extra)
    )
    ours, theirs = (side.filter(named).with_columns(nth) for side in (left, right))
    return (
        ours.select("entry_id", "nth", *key)
        .join(theirs.select("nth", *key, same_as="entry_id"), on=[*key, "nth"])
        .select("entry_id", "same_as")
    )


def own_pulls(moves: pl.DataFrame) -> pl.DataFrame:
    """Return the debits that are movements of their own and took something."""
    return moves.filter(
        pl.col("same_as").is_null(),
        pl.col("direction") == "debit",
        pl.col("kind").is_in(("entry", "other")),
        pl.col("cents") > 0,
    )


def repeated_traces(moves: pl.DataFrame) -> pl.DataFrame:
    """Return the debits whose trace an earlier one of the same originator bears.

    The result is [entry_id, of, trace]. Any source may tell of either of the two; where one does
    not name its originator, the trace alone speaks. On one day two sources tell of one debit, and
    only two rows of one source are two::

        entry  source  settled_on  trace  same_as
        B1     bai2    03-25       T1     -
        C1     csv     03-25       T1     B1
        C2     csv     03-27       T1     -          -> C2 repeats B1
    """
    own = moves.filter(
        pl.col("same_as").is_null(), pl.col("kind") == "entry", pl.col("direction") == "debit"
    ).select("settled_on", "company", movement="entry_id")
    told = (
        moves.drop_nulls("trace")
        .filter(pl.col("trace") != NO_TRACE)
        .select("source", "trace", movement=pl.coalesce("same_as", "entry_id"))
        .join(own, on="movement")
    )
    later = _first_of(told.unique(["movement", "trace"]), ["trace"])
    again = _first_of(told, ["source", "trace", "settled_on"])
    earlier = later.filter(pl.col("first_on") < pl.col("settled_on"))
    columns = ["settled_on", "movement", "of", "trace"]
    found = pl.concat([earlier.select(columns), again.select(columns)])
    once = found.unique("movement", keep="first", maintain_order=True).sort(columns)
    return once.select("of", "trace", entry_id="movement").select("entry_id", "of", "trace")


def _first_of(told: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Return the rows that have an earlier one of their key, `of`, settled on `first_on`.

    Rows that name two originators have nothing to do with each other.
    """
    order = ["settled_on", "movement", "source", "trace"]
    placed = told.sort(order).with_row_index("place")
    place, silent = pl.col("place"), pl.col("company").is_null()
    first = place.min().over(key)
    of_silent = place.filter(silent).min().over(key)
    of_company = pl.min_horizontal(place.min().over([*key, "company"]), of_silent)
    asked = placed.with_columns(at=pl.when(silent).then(first).otherwise(of_company))
    firsts = placed.select(at="place", of="movement", first_on="settled_on")
    return asked.join(firsts, on="at", maintain_order="left").filter(
        pl.col("of") != pl.col("movement")
    )


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
