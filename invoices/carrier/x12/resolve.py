"""What is decided of sets once they are whole: which nodes count, groups, accounts, sums."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from invoices.carrier.profiles import Profile
from invoices.carrier.x12 import digest as d
from invoices.carrier.x12 import hierarchy as h
from invoices.carrier.x12.facts import NAMES, PERIOD
from invoices.carrier.x12.lines import OCC, Marks, title_class
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.rules import Fault
from invoices.carrier.x12.subtotals import disagreements
from invoices.schema import CHARGE_CLASSES, columns_of, seal

ROWS_OF = (*(f"{name}_row" for name in NAMES), "period_row", "invoice_row")
MARKED = pl.Schema(
    {
        "charges": pl.Boolean(),
        "taxes": pl.Boolean(),
        "title": pl.Enum((*CHARGE_CLASSES, *OCC, "balance")),
        "account": pl.UInt32(),
        **{name: pl.UInt32() for name in ROWS_OF},
    }
)
ENOUGH = 100_000
"""Whole sets are resolved when so many nodes wait, many sets at once."""
SETS = pl.Schema(
    {
        "set": pl.Int64(),
        "charges": pl.Int64(),  # charges that count, taxes among them
        "cents": pl.Int64(),
        "repeated": pl.Int64(),  # cents of IT1 that repeat an SLN
        "again": pl.Int64(),  # how many
        "accounts": pl.Int64(),  # how many accounts its charges are of
        "ban": pl.String(),  # of its first charge
        "head_ban": pl.String(),  # named in its heading
        "due": pl.Date(),
        "hls": pl.Int64(),
    }
)


@dataclass
class Waiting:
    """What pieces said of sets that are not resolved yet."""

    nodes: list[pl.DataFrame] = field(default_factory=list)
    says: list[pl.DataFrame] = field(default_factory=list)
    sums: list[pl.DataFrame] = field(default_factory=list)
    pairs: list[pl.DataFrame] = field(default_factory=list)
    stated: list[pl.DataFrame] = field(default_factory=list)

    def add(self, digest: d.Digest) -> None:
        """Take in what a piece says of its nodes."""
        self.nodes.append(digest.nodes)
        self.says.append(digest.says)
        self.sums.append(digest.sums)
        self.pairs.append(digest.pairs)
        self.stated.append(digest.stated)

    @property
    def count(self) -> int:
        """How many nodes wait."""
        return sum(frame.height for frame in self.nodes)

    def size(self) -> int:
        """Return about how many bytes are held."""
        held = (*self.nodes, *self.says, *self.sums, *self.pairs, *self.stated)
        return sum(int(frame.estimated_size()) for frame in held)

    def take(self, before: int) -> Waiting:
        """Return what is held of the sets before one, and keep the rest."""
        nodes = pl.concat(self.nodes)
        done = nodes.filter(pl.col("set") < before)
        limit = int(done["node"].max() or 0) if done.height else 0  # type: ignore[arg-type]
        taken = Waiting(nodes=[done])
        self.nodes = [nodes.filter(pl.col("set") >= before)]
        for name in ("says", "sums", "pairs", "stated"):
            whole = pl.concat(getattr(self, name))
            setattr(taken, name, [whole.filter(pl.col("node") <= limit)])
            setattr(self, name, [whole.filter(pl.col("node") > limit)])
        return taken


@dataclass
class Resolver:
    """Collects what is decided of each set; `marks` are what lines need."""

    said: X12
    head: Profile
    nodes: list[pl.DataFrame] = field(default_factory=list)
    says: list[pl.DataFrame] = field(default_factory=list)
    repeats: list[pl.DataFrame] = field(default_factory=list)
    sets: list[pl.DataFrame] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    accounts: dict[str, int] = field(default_factory=dict)
    kept: int = 0
    waiting: Waiting = field(default_factory=Waiting)
    whole: int = 0
    """Sets that are resolved."""

    def take(self, digest: d.Digest) -> None:
        """Take in what a piece says, and resolve the sets that are whole by now."""
        self.waiting.add(digest)
        if digest.sets > self.whole + 1 and self.waiting.count > ENOUGH:
            self.resolve(self.waiting.take(digest.sets))
            self.whole = digest.sets - 1

    def finish(self) -> None:
        """Resolve what is left: the file has ended."""
        if self.waiting.nodes:
            self.resolve(self.waiting)
            self.waiting = Waiting()

    def resolve(self, done: Waiting) -> None:
        """Decide what is to be decided of whole sets; they follow those resolved before."""
        nodes = pl.concat(done.nodes)
        if nodes.is_empty():
            return
        tree = h.grow(nodes)
        says = pl.concat(done.says)
        sums, stated = pl.concat(done.sums), pl.concat(done.stated)
        titles = self._titles(tree, says)
        counted = h.counts(tree, sums, (titles == "balance").fill_null(False), self.said)
        repeats = h.repeats(pl.concat(done.pairs), counted.charges, tree.first)
        accounts = self._accounts(tree, says)
        codes = self._codes(accounts)
        marked = pl.DataFrame(
            {"charges": counted.charges, "taxes": counted.taxes, "title": titles, "account": codes}
        ).with_columns(self._inherited(tree, says, counted))
        self.nodes.append(marked.pipe(seal, MARKED))
        self.repeats.append(repeats)
        self.sets.append(_sets(tree, counted, repeats, accounts, says))
        self.faults += tree.faults
        self.faults += _unclassified(tree, counted, titles, self.said)
        tolerance = int(self.head.tolerance * 100)
        self.faults += disagreements(tree, counted, stated, repeats, tolerance)

    def _titles(self, tree: h.Tree, says: pl.DataFrame) -> pl.Series:
        """Return the class of the nearest group title at or above each node."""
        texts = says.select("node", "text").drop_nulls()
        if texts.is_empty():
            return pl.repeat(None, len(tree.parent), dtype=pl.String, eager=True)
        words = (
            texts.select("text").unique().with_columns(title=title_class(pl.col("text"), self.said))
        )
        own = {text: self.head.class_of(text) for text in words["text"]}
        words = words.with_columns(
            title=pl.coalesce(
                pl.col("text").replace_strict(own, default=None, return_dtype=pl.String), "title"
            )
        )
        level = tree.nodes.select("node", "level").join(
            texts.join(words, on="text", how="left"), on="node", how="left", maintain_order="left"
        )
        titled = level["level"].is_in(list(self.said.levels.titles))
        own_title = level.select(pl.when(titled).then("title")).to_series()
        return h.nearest(tree, own_title)

    def _accounts(self, tree: h.Tree, says: pl.DataFrame) -> pl.Series:
        """Return the account of each node: by qualifier in their order, of the nearest node."""
        found = pl.repeat(None, len(tree.parent), dtype=pl.String, eager=True)
        for at in range(len(self.said.accounts)):
            name = f"account_{at}"
            rows = h.nearest(tree, h.own_rows(tree, says, (name,), None))
            if rows.null_count() < len(rows):
                found = found.zip_with(found.is_not_null(), says[name].gather(rows))
        return found

    def _codes(self, accounts: pl.Series) -> pl.Series:
        """Return accounts as numbers of `self.accounts`."""
        for name in accounts.drop_nulls().unique(maintain_order=True):
            self.accounts.setdefault(name, len(self.accounts))
        return accounts.replace_strict(self.accounts, default=None, return_dtype=pl.UInt32)

    def _inherited(self, tree: h.Tree, says: pl.DataFrame, counted: h.Counts) -> list[pl.Series]:
        """Return for each node the rows of what it inherits; the rows are kept in `self.says`."""
        levels = self.said.levels.inherits
        others = tuple(level for level in tree.nodes["level"].unique() if level not in levels)
        wanted = (
            *((f"{name}_row", (name,), levels) for name in NAMES),
            ("period_row", PERIOD, levels),
            ("invoice_row", PERIOD, others),
        )
        needed = counted.charges | counted.taxes
        columns = []
        for column, names, of_levels in wanted:
            own = h.own_rows(tree, says, names, of_levels)
            if own.null_count() == len(own):
                continue
            rows = h.nearest(tree, own)
            # What the node says itself, its charges know; but for the days of an invoice.
            if column != "invoice_row":
                rows = rows.gather(tree.parent)
            rows = pl.select(pl.when(needed).then(rows)).to_series().alias(column)
            columns.append(rows)
        used = (
            pl.concat([rows.drop_nulls() for rows in columns]).unique().sort() if columns else None
        )
        if used is None or used.is_empty():
            return []
        places = pl.repeat(None, says.height, dtype=pl.UInt32, eager=True).scatter(
            used, pl.int_range(self.kept, self.kept + len(used), dtype=pl.UInt32, eager=True)
        )
        self.says.append(says[used])
        self.kept += len(used)
        return [places.gather(rows).alias(rows.name) for rows in columns]

    def marks(self) -> Marks:
        """Return all that was decided of nodes."""
        return Marks(
            nodes=pl.concat([pl.DataFrame(schema=MARKED), *self.nodes], rechunk=True),
            says=pl.concat([pl.DataFrame(schema=d.node_schema(self.said)), *self.says]),
            accounts=pl.Series("ban", list(self.accounts), dtype=pl.String),
            repeats=pl.concat(
                [
                    pl.DataFrame(schema={"node": pl.Int64, "cents": pl.Int64, "times": pl.Int64}),
                    *self.repeats,
                ]
            ),
        )


def _unclassified(tree: h.Tree, counted: h.Counts, titles: pl.Series, said: X12) -> list[Fault]:
    """Return a fault for each set with charges of which nothing says a class."""
    nodes = counted.sums.with_columns(
        set=tree.nodes["set"], counts=counted.charges, title=titles
    ).filter("counts", pl.col("title").is_null(), pl.col("bare") > 0)
    sets = nodes.group_by("set", maintain_order=True).agg(
        pl.col("bare").sum(), pl.col("bare_at").min()
    )
    return [
        Fault(
            "class",
            segment,
            f"nothing says the class of {count} charges; they are read as {said.unclassified}",
            "name group titles or service codes in the profile, or load the catalogue",
            number,
        )
        for number, count, segment in sets.iter_rows()
    ]


def _sets(
    tree: h.Tree,
    counted: h.Counts,
    repeats: pl.DataFrame,
    accounts: pl.Series,
    says: pl.DataFrame,
) -> pl.DataFrame:
    """Return what each set adds up to (`SETS`)."""
    zero = pl.lit(0, pl.Int64)
    nodes = counted.sums.hstack(
        tree.nodes.select("set", "is_head").with_columns(
            counts=counted.charges, tax_counts=counted.taxes, account=accounts
        )
    )
    bears = pl.col("counts") | pl.col("tax_counts")
    own = pl.col("account").filter(bears)
    sets = nodes.group_by("set", maintain_order=True).agg(
        charges=pl.when("counts").then("charges").otherwise(zero).sum()
        + pl.when("tax_counts").then("taxes").otherwise(zero).sum(),
        cents=pl.when("counts").then("cents").otherwise(zero).sum()
        + pl.when("tax_counts").then("tax_cents").otherwise(zero).sum(),
        accounts=own.drop_nulls().n_unique().cast(pl.Int64),
        ban=pl.coalesce(own.drop_nulls().first(), pl.col("account").drop_nulls().first()),
        head_ban=pl.col("account").filter("is_head").first(),
        hls=(~pl.col("is_head")).sum().cast(pl.Int64),
    )
    owners = tree.nodes.select("node", "set", "is_head")
    repeated = (
        repeats.join(owners, on="node", how="left")
        .group_by("set")
        .agg(repeated=(pl.col("cents") * pl.col("times")).sum(), again=pl.col("times").sum())
    )
    due = says.join(owners.filter("is_head"), on="node").select("set", "due").drop_nulls()
    return (
        sets.join(repeated, on="set", how="left", maintain_order="left")
        .join(due, on="set", how="left", maintain_order="left")
        .with_columns(pl.col("repeated", "again").fill_null(0))
        .select(columns_of(SETS))
    )
