"""One piece after the other made small: envelope, headings, hierarchy, charges, and their sums."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl

from invoices.carrier.x12 import fields as f
from invoices.carrier.x12.charge_segments import Dialect
from invoices.carrier.x12.charges import CHARGES, WRONG, read_charges
from invoices.carrier.x12.facts import (
    DATES,
    NAMES,
    PERIOD,
    SHARED,
    Facts,
    in_one_period,
    read_facts,
)
from invoices.carrier.x12.lines import title_class
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.segments import ENVELOPE, HEADING, Id, Place, Walked, placed
from invoices.schema import among, seal

NODES = pl.Schema(
    {
        "node": pl.Int64(),  # from 1, without gaps
        "set": pl.Int64(),
        "segment": pl.Int64(),
        "hl": pl.String(),  # HL01; null = a heading
        "above": pl.String(),  # HL02
        "level": pl.String(),  # HL03; empty = a heading
        "is_head": pl.Boolean(),
    }
)
SUMS = pl.Schema(
    {
        "node": pl.Int64(),
        "charges": pl.Int64(),  # how many
        "cents": pl.Int64(),
        "taxes": pl.Int64(),
        "tax_cents": pl.Int64(),
        "bare": pl.Int64(),  # charges of which only a group title could say a class
        "bare_at": pl.Int64(),  # the segment of the first of them
    }
)
PAIRS = pl.Schema({"node": pl.Int64(), "cents": pl.Int64(), "slns": pl.Int64(), "it1s": pl.Int64()})
"""How often an amount stands at a node as SLN and as IT1, where it may be both."""
STATED = pl.Schema({"node": pl.Int64(), "segment": pl.Int64(), "cents": pl.Int64()})
ROWS = pl.Schema({"set": pl.Int64(), "segment": pl.Int64(), "id": Id, "text": pl.String()})


def node_schema(said: X12) -> pl.Schema:
    """Return the columns of what nodes say: one row a node that says anything."""
    accounts = [f"account_{at}" for at in range(len(said.accounts))]
    names = ("text", *accounts, *NAMES, *PERIOD, "due")
    return pl.Schema(
        {"node": pl.Int64()}
        | {name: pl.Date() if name in (*PERIOD, "due") else pl.String() for name in names}
    )


@dataclass(frozen=True)
class Digest:
    """What a piece says."""

    envelope: pl.DataFrame
    """`ROWS` of the envelope."""
    strays: pl.DataFrame
    """`ROWS` outside every set."""
    heads: pl.DataFrame
    """`ROWS` of headings and summaries."""
    nodes: pl.DataFrame
    """`NODES`"""
    says: pl.DataFrame
    """What nodes say (`node_schema`), a row a node that says anything."""
    charges: pl.DataFrame
    """`CHARGES`"""
    wrong: pl.DataFrame
    """`WRONG`"""
    sums: pl.DataFrame
    """`SUMS`; a node may have several rows."""
    pairs: pl.DataFrame
    """`PAIRS`; likewise."""
    stated: pl.DataFrame
    """`STATED`"""
    misdated: pl.DataFrame
    """segment, set, message: dates of nodes that cannot be read."""
    lines: dict[int, int] = field(default_factory=dict)
    """How many IT1 and SLN each set has."""
    sets: int = 0
    """The set that is open at its end: those before it are whole."""
    last: int = 0
    """The number of its last segment."""


class Digester:
    """Digests the pieces of a file in their order; holds what the last one left open."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.place = Place()
        self.schema = node_schema(dialect.said)
        self.open_says = pl.DataFrame(schema=self.schema)
        self.open_nodes = pl.DataFrame(schema=NODES)

    def digest(self, segments: pl.DataFrame, element: str) -> Digest:
        """Return what identified segments say; they begin where the last ones ended."""
        dialect = replace(self.dialect, element=element)
        before = self.place
        walked, self.place = placed(segments, before)
        nodes = _nodes(walked, element)
        facts = read_facts(walked, element, dialect.said)
        says = _says(facts, self.schema)
        charges, wrong = read_charges(walked, facts, dialect)
        known = pl.concat([self.open_nodes, nodes])
        saying = pl.concat([self.open_says, says])
        charges = _with_node(charges, saying, known, dialect.said)
        self.open_says = saying.filter(pl.col("node") == self.place.node)
        self.open_nodes = known.filter(pl.col("node") == self.place.node).tail(1)
        return Digest(
            envelope=walked.of(*ENVELOPE).select(ROWS.names()),
            strays=walked.outside().sort("segment").select(ROWS.names()),
            heads=walked.of(*HEADING).filter("in_set").select(ROWS.names()),
            nodes=nodes,
            says=says,
            charges=charges,
            wrong=wrong,
            sums=_sums(charges, dialect),
            pairs=_pairs(charges, {before.node, self.place.node}),
            stated=_of_nodes(facts.stated).select(STATED.names()),
            misdated=_of_nodes(facts.faults.filter(pl.col("owner") < 0))
            .join(known.select("node", "set"), on="node", how="left")
            .select("segment", "set", "message"),
            lines=walked.counted("IT1", "SLN"),
            sets=self.place.sets,
            last=int(segments["segment"][-1]),
        )


def _says(facts: Facts, schema: pl.Schema) -> pl.DataFrame:
    """Return what nodes say, a row a node that says anything."""
    found = [
        _of_nodes(frame.filter(pl.col("owner") < 0)).select("node", pl.col("value").alias(name))
        for name, frame in facts.named.items()
        if name in (*schema, *DATES)
    ]
    found = [frame for frame in found if frame.height]
    if not found:
        return pl.DataFrame(schema=schema)
    says = pl.concat([frame.select("node") for frame in found]).unique().sort("node")
    for frame in found:
        says = says.join(frame, on="node", how="left", maintain_order="left")
    given = says.with_columns(
        pl.lit(None, pl.Date).alias(name) for name in DATES if name not in says.columns
    ).with_columns(in_one_period(DATES))
    return given.pipe(seal, schema)


def _of_nodes(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(node=-pl.col("owner")).drop("owner")


def _nodes(walked: Walked, element: str) -> pl.DataFrame:
    """Return the headings and HL of a piece (`NODES`)."""
    parts = pl.col("p")
    place = ("node", "set", "segment")
    hls = walked.of("HL").select(*place, p=f.split(pl.col("text"), element))
    found = hls.select(
        *place,
        hl=f.element(parts, 1).fill_null(""),
        above=f.element(parts, 2),
        level=f.element(parts, 3).fill_null(""),
        is_head=pl.lit(False),
    )
    heads = walked.of("ST").select(*place, level=pl.lit(""), is_head=pl.lit(True))
    return found.merge_sorted(heads.pipe(seal, NODES), key="segment") if heads.height else found


def _with_node(
    charges: pl.DataFrame, says: pl.DataFrame, nodes: pl.DataFrame, said: X12
) -> pl.DataFrame:
    """Add what the charge's own HL says, where the charge itself says nothing."""
    if says.is_empty() or charges.is_empty():
        return charges
    levels = nodes.select("node", inherits=f.one_of(pl.col("level"), said.levels.inherits))
    inherits = pl.col("inherits")
    dated = pl.any_horizontal(pl.col(name).is_not_null() for name in PERIOD)
    own = says.join(levels, on="node", how="left").select(
        "node", "text", *(pl.when(inherits).then(name).alias(name) for name in SHARED)
    )
    plain = pl.col("id") != "TXI"
    taken = charges.join(own, on="node", how="left", suffix="_node", maintain_order="left")
    return taken.with_columns(
        *(pl.coalesce(name, f"{name}_node").alias(name) for name in NAMES),
        *(pl.when(dated).then(name).otherwise(f"{name}_node").alias(name) for name in PERIOD),
        description=pl.coalesce("description", pl.when(plain).then("text")),
    ).select(CHARGES.names())


def _sums(charges: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    is_tax, bare = pl.col("id") == "TXI", pl.col("bare")
    return (
        charges.with_columns(bare=_bare(charges, dialect))
        .group_by("node", maintain_order=True)
        .agg(
            charges=(~is_tax).sum().cast(pl.Int64),
            cents=pl.col("cents").filter(~is_tax).sum(),
            taxes=is_tax.sum().cast(pl.Int64),
            tax_cents=pl.col("cents").filter(is_tax).sum(),
            bare=bare.sum().cast(pl.Int64),
            bare_at=pl.col("segment").filter(bare).min(),
        )
    )


def _bare(charges: pl.DataFrame, dialect: Dialect) -> pl.Series:
    """Say of which charges neither service code, catalogue nor own words can say a class."""
    said = dialect.said
    bare = charges.select(
        pl.col("id").is_in(["IT1", "SLN"])
        & ~f.one_of(pl.col("service_code"), tuple(said.service_codes))
        & ~among("usoc", dialect.known).fill_null(False)
    ).to_series()
    texts = charges.filter(bare).select("description").drop_nulls().unique()
    telling = texts.filter(title_class(pl.col("description"), said).is_not_null())
    if telling.is_empty():
        return bare
    return bare & ~charges["description"].is_in(telling["description"].implode()).fill_null(False)


def _pairs(charges: pl.DataFrame, open_nodes: set[int]) -> pl.DataFrame:
    """Return the amounts that stand at a node both as SLN and as IT1, or may do so elsewhere."""
    both = charges.filter(pl.col("id").is_in(["SLN", "IT1"])).select("node", "cents", "id")
    is_sln = pl.col("id") == "SLN"
    if both["id"].n_unique() < 2:
        both = both.filter(pl.col("node").is_in(list(open_nodes)))
    sides = both.group_by("node").agg(sln=is_sln.any(), it1=(~is_sln).any())
    wanted = sides.filter(pl.col("sln") & pl.col("it1") | pl.col("node").is_in(list(open_nodes)))
    return (
        both.join(wanted.select("node"), on="node", how="semi")
        .group_by("node", "cents", maintain_order=True)
        .agg(slns=is_sln.sum().cast(pl.Int64), it1s=(~is_sln).sum().cast(pl.Int64))
    )


__all__ = ["NODES", "PAIRS", "ROWS", "STATED", "SUMS", "WRONG", "Digest", "Digester"]
