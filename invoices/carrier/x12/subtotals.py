"""What is stated at an HL against what the charges below it add up to."""

from __future__ import annotations

import polars as pl

from invoices.carrier.x12.digest import STATED
from invoices.carrier.x12.heading import cents_text
from invoices.carrier.x12.hierarchy import TOLD, Counts, Tree
from invoices.carrier.x12.rules import Fault


def disagreements(
    tree: Tree, counted: Counts, stated: pl.DataFrame, repeated: pl.DataFrame, tolerance: int
) -> list[Fault]:
    """Return a fault for each amount stated at an HL that is not what stands below it.

    Compared are amounts stated by AMT, and charges of nodes that do not count because the charges
    below them do. An amount may be stated with the taxes or without.
    """
    asked = pl.concat([stated.select(STATED.names()), _doubled(tree, counted)])
    if asked.is_empty():
        return []
    below = _subtotals(tree, _counting(tree, counted, repeated)).rename(
        {"cents": "charged", "taxes": "taxed"}
    )
    seen = (
        asked.join(below.with_columns(node=tree.nodes["node"], set=tree.nodes["set"]), on="node")
        .filter(pl.col("any"))
        .with_columns(
            off=pl.min_horizontal(
                (pl.col("cents") - pl.col("charged") + repeat - tax).abs()
                for repeat in (pl.lit(0, pl.Int64), pl.col("again"))
                for tax in (pl.lit(0, pl.Int64), pl.col("taxed"))
            )
        )
        .filter(pl.col("off") > tolerance)
        .sort("segment")
        .filter(pl.int_range(pl.len()).over("set") < TOLD)
    )
    return [
        _fault(*row)
        for row in seen.select("segment", "cents", "charged", "taxed", "set").iter_rows()
    ]


def _fault(segment: int, stated: int, charged: int, taxed: int, number: int) -> Fault:
    what = f"{cents_text(stated)} is stated, the charges below it add up to {cents_text(charged)}"
    what += f" and {cents_text(taxed)} taxes" if taxed else ""
    remedy = "compare the levels of the bill; the charges are those that add up to its total"
    return Fault("level", segment, what, remedy, number)


def _doubled(tree: Tree, counted: Counts) -> pl.DataFrame:
    """Return the charges of nodes that do not count, as amounts stated there (`STATED`)."""
    own = counted.sums["charges"].cast(pl.Boolean) & ~counted.charges & ~tree.nodes["is_head"]
    return (
        tree.nodes.filter(own)
        .select("node", "segment")
        .join(counted.sums.select("node", "cents"), on="node", how="left", maintain_order="left")
        .select(STATED.names())
    )


def _counting(tree: Tree, counted: Counts, repeated: pl.DataFrame) -> pl.DataFrame:
    """Return what counts of each node: its `cents`, its `taxes`, and what IT1 repeats `again`."""
    sums = counted.sums
    nothing = pl.repeat(0, len(sums), dtype=pl.Int64, eager=True)
    again = repeated.group_by("node").agg(again=(pl.col("cents") * pl.col("times")).sum())
    found = tree.nodes.select("node").join(again, on="node", how="left", maintain_order="left")
    return pl.DataFrame(
        {
            "cents": sums["cents"].zip_with(counted.charges, nothing),
            "taxes": sums["tax_cents"].zip_with(counted.taxes, nothing),
            "again": found["again"].fill_null(0),
        }
    )


def _subtotals(tree: Tree, own: pl.DataFrame) -> pl.DataFrame:
    """Return for each node what it and all nodes below it add up to, and whether `any` counts."""
    here = own.with_columns(
        index=pl.int_range(pl.len(), dtype=pl.UInt32),
        any=(pl.col("cents") != 0) | (pl.col("taxes") != 0),
    )
    parts = [here]
    for up in tree.ups:
        parts.append(here.with_columns(index=up).drop_nulls("index").filter("any"))
    return (
        pl.concat(parts)
        .group_by("index")
        .agg(pl.col("cents", "taxes", "again").sum(), pl.col("any").any())
        .sort("index")
        .drop("index")
    )
