"""The tree of HL: which nodes' charges count, what a node inherits, what repeats in it.

HL02 builds the tree, not the order of the segments. A charge may be stated for a group, for each
charge of it and again in detail: of each branch one level counts (`counts`). Trees are walked level
by level for all nodes of finished sets at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from invoices.carrier.x12.digest import SUMS
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.rules import Fault

ALL = "all"
"""As the level of sums: each level bears charges of its own."""
DEEPEST = 64
"""HL03 knows some ten levels; a tree deeper than this is none."""


@dataclass(frozen=True)
class Tree:
    """The nodes of finished sets: node i is the one with the number `first` + i."""

    nodes: pl.DataFrame
    """`NODES`"""
    parent: pl.Series
    """Index of the parent; null = a heading."""
    faults: list[Fault]

    @property
    def first(self) -> int:
        return int(self.nodes["node"][0])

    @cached_property
    def ups(self) -> list[pl.Series]:
        """Return for each node its parent, then that one's parent, until nothing is above."""
        steps: list[pl.Series] = []
        up = self.parent
        while up.null_count() < len(up) and len(steps) <= DEEPEST:
            steps.append(up)
            up = self.parent.gather(up)
        return steps


def grow(nodes: pl.DataFrame) -> Tree:
    """Return the tree of nodes that follow each other without gaps, and what is wrong with it."""
    nodes = nodes.with_columns(index=pl.int_range(pl.len(), dtype=pl.UInt32))
    heads = nodes.filter("is_head").select("set", head="index")
    hls = nodes.filter(~pl.col("is_head")).select("set", above="hl", found="index", at="index")
    again = hls.filter(~pl.struct("set", "above").is_first_distinct())
    names = hls.join(again, on="at", how="anti") if again.height else hls
    joined = (
        nodes.join(names.select("set", "above", "found"), on=["set", "above"], how="left",
                   maintain_order="left")
        .join(heads, on="set", how="left", maintain_order="left")
    )  # fmt: skip
    good = pl.col("found") < pl.col("index")
    parent = (
        pl.when("is_head")
        .then(pl.lit(None, pl.UInt32))
        .when(good)
        .then("found")
        .otherwise("head")
        .alias("parent")
    )
    tree = joined.with_columns(parent)
    lost = tree.filter(pl.col("above").is_not_null(), good.not_().fill_null(True))
    bare = tree.filter(~pl.col("is_head"), pl.col("level") == "")
    remedy = "ask the carrier for the set with its hierarchy in order"
    faults = [
        *_told(lost, "HL02", "HL02 `{}` names no HL above it", "above", remedy),
        *_told(nodes.join(again, left_on="index", right_on="at", how="semi"),
               "HL01", "HL01 `{}` is the number of another HL of the set", "hl", remedy),
        *_told(bare, "HL03", "HL `{}` says no level", "hl", remedy),
    ]  # fmt: skip
    grown = Tree(nodes.drop("index"), tree["parent"], faults)
    ups = grown.ups
    if len(ups) > DEEPEST:
        deep = nodes.filter(ups[-1].is_not_null())
        words = f"HL `{{}}` lies deeper than {DEEPEST} levels"
        faults += _told(deep.unique("set", keep="first", maintain_order=True),
                        "HL02", words, "hl", remedy)  # fmt: skip
    return grown


TOLD = 20
"""So many faults of one kind are told one by one."""


def _told(rows: pl.DataFrame, rule: str, words: str, name: str, remedy: str) -> list[Fault]:
    """Return a fault for each node, of each set the first few."""
    few = rows.filter(pl.int_range(pl.len()).over("set") < TOLD) if rows.height else rows
    return [
        Fault(rule, segment, words.replace("{}", (value or "")[:40]), remedy, number)
        for segment, number, value in few.select("segment", "set", name).iter_rows()
    ]


@dataclass(frozen=True)
class Counts:
    """Whether the charges and the taxes of each node count; columns in the order of the nodes."""

    charges: pl.Series
    taxes: pl.Series
    sums: pl.DataFrame
    """`SUMS` of each node, 0 where it has none."""


def counts(tree: Tree, sums: pl.DataFrame, balance: pl.Series, said: X12) -> Counts:
    """Return which nodes' charges count, so that nothing is summed on two levels of a branch.

    Charges and taxes are judged apart. A node counts on the level of sums; else where nothing that
    stands on that level is above it and nothing below it but supporting detail bears charges;
    supporting detail only where nothing above bears any. What stands in a heading or summary
    counts; taxes there only where the detail has none. `balance` are nodes of previous balances.
    """
    whole = (
        sums.group_by("node")
        .agg(
            *(pl.col(name).sum() for name in SUMS if name not in ("node", "bare_at")),
            pl.col("bare_at").min(),
        )
        .join(tree.nodes.select("node"), on="node", how="right", maintain_order="right")
        .with_columns(pl.col(n).fill_null(0) for n in SUMS if n not in ("node", "bare_at"))
    )
    heads = tree.nodes["is_head"]
    has_charges, has_taxes = whole["charges"] > 0, whole["taxes"] > 0
    charges = _one_level(tree, has_charges & ~heads, said) | (heads & has_charges)
    taxes = _one_level(tree, has_taxes, said)
    return Counts(charges & ~balance, taxes & ~balance, whole)


def _one_level(tree: Tree, bears: pl.Series, said: X12) -> pl.Series:
    """Return which of the nodes that bear something count."""
    if said.levels.sums == ALL:
        return bears
    level = tree.nodes["level"]
    on_level = bears & (level == said.levels.sums)
    supporting = level.is_in(list(said.levels.supporting))
    nothing = pl.repeat(False, len(level), eager=True)
    under, under_level, over = nothing, nothing, nothing
    for up in tree.ups:
        under = under | bears.gather(up).fill_null(False)
        under_level = under_level | on_level.gather(up).fill_null(False)
        above = up.filter(bears & ~supporting).drop_nulls().unique()
        if len(above):
            marks = pl.repeat(False, len(level), eager=True)
            over = over | marks.scatter(above, True)
    deepest = ~under_level & ~over & ~(supporting & under)
    return bears & (on_level | deepest)


def nearest(tree: Tree, own: pl.Series) -> pl.Series:
    """Return for each node its own value, else that of the nearest node above that has one."""
    found = own
    if own.null_count() == len(own):
        return found
    for up in tree.ups:
        if found.null_count() == 0:
            break
        found = found.zip_with(found.is_not_null(), own.gather(up))
    return found


def own_rows(
    tree: Tree, says: pl.DataFrame, names: tuple[str, ...], levels: tuple[str, ...] | None
) -> pl.Series:
    """Return for each node the row of `says` in which it says any of `names`, null if in none.

    `levels` are those of HL that may say it, null = all and headings.
    """
    rows = says.select(
        "node",
        row=pl.int_range(pl.len(), dtype=pl.UInt32),
        said=pl.any_horizontal(pl.col(name).is_not_null() for name in names),
    )
    joined = tree.nodes.select("node", "level").join(
        rows.filter("said").select("node", "row"), on="node", how="left", maintain_order="left"
    )
    if levels is None:
        return joined["row"]
    allowed = joined["level"].is_in(list(levels))
    return joined.select(pl.when(allowed).then("row")).to_series()


def repeats(pairs: pl.DataFrame, counted: pl.Series, first: int) -> pl.DataFrame:
    """Return node, cents and `times`: how many IT1 of an amount repeat an SLN of the same node."""
    whole = pairs.group_by("node", "cents", maintain_order=True).agg(
        pl.col("slns").sum(), pl.col("it1s").sum()
    )
    times = pl.min_horizontal("slns", "it1s")
    found = whole.with_columns(times=times).filter(pl.col("times") > 0, pl.col("cents") != 0)
    if found.is_empty():
        return found.select("node", "cents", "times")
    return found.filter(counted.gather(found["node"] - first)).select("node", "cents", "times")
