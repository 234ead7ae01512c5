"""From charges to lines: which count, their class, and the account and days they are of."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier.x12.facts import NAMES, PERIOD
from invoices.carrier.x12.profile import X12
from invoices.money import from_cents
from invoices.schema import LINES, seal
from invoices.text import filled

BILLS = pl.Schema(
    {
        "set": pl.Int64(),
        "document_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "payer": pl.String(),  # the account that counts where no HL names one
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "interchange": pl.String(),  # ISA13
        "set_no": pl.String(),  # ST02
        "merges": pl.Boolean(),  # whether an IT1 that repeats its SLN is one charge with it
    }
)
"""The bills whose lines are read."""
OF_KIND = {
    "recurring": "recurring",
    "one_time": "one_time",
    "usage": "usage",
    "surcharge": "surcharge",
    "tax": "tax",
    "credit": "adjustment",
    "record_only": "recurring",
}
"""The class a code of the catalogue makes of a charge where the paper says none."""
OCC = ("occ", "occ_one_time", "occ_prorated")
"""Groups of other charges and credits: one-time or prorated, line by line, or as the title says."""
OF_INVOICE_PERIOD = ("recurring", "usage", "surcharge", "tax")
"""Classes whose lines are of the invoice period where nothing nearer says their days."""


@dataclass
class Marks:
    """What is decided of each node of a file, in the order of their numbers."""

    nodes: pl.DataFrame
    """charges, taxes (whether they count), title (a class), account, and by name the row of `says`
    a node inherits; row i is of node i + 1."""
    says: pl.DataFrame
    """What nodes say that others inherit."""
    accounts: pl.Series
    repeats: pl.DataFrame
    """node, cents, times."""


@dataclass
class Counter:
    """Where the lines of a set and the repeats of a node stand between two pieces."""

    lines: dict[int, int] = field(default_factory=dict)
    """Lines so far of the set that is open."""
    seen: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(
            schema={"node": pl.Int64, "cents": pl.Int64, "before": pl.Int64}
        )
    )
    """IT1 so far of the node that is open, by amount."""


def lines_of(
    charges: pl.DataFrame,
    marks: Marks,
    bills: pl.DataFrame,
    kinds: pl.DataFrame,
    counter: Counter,
    said: X12,
    source_file: str,
) -> pl.DataFrame:
    """Return the lines of a piece's charges (`LINES`); `kinds` has carrier, bill_date, usoc, kind.

    Pieces are given in file order with the same `counter`.
    """
    own = _counting(charges, marks)
    own = own.join(bills, on="set", maintain_order="left")
    own = _without_repeats(own, marks.repeats, counter)
    own = own.join(kinds, on=["carrier", "bill_date", "usoc"], how="left", maintain_order="left")
    own = with_class(own, said)
    own = _numbered(_dated(own, marks, said), counter)
    names = {name: _inherited(own, marks, name) for name in NAMES}
    own = own.with_columns(
        *names.values(),
        ban=pl.coalesce(marks.accounts.gather(own["account"]).alias("ban"), "payer", pl.col("ban")),
        amount=from_cents(pl.col("cents")),
        line_id=filled("{}-{}", "document_id", "line_no"),
        source_file=pl.lit(source_file),
        source_row="segment",
    )
    return (
        own.lazy()
        .with_columns(
            wtn=c.telephone(pl.col("wtn")), circuit_key=c.circuit_key(pl.col("circuit_id"))
        )
        .pipe(seal, LINES)
        .collect()
    )


def translated(charges: pl.DataFrame, codes: dict[str, dict[str, str]]) -> pl.DataFrame:
    """Return charges whose texts mean what a profile says they mean: by field, printed -> meant."""
    known = [name for name in codes if charges.schema.get(name) == pl.String]
    return charges.with_columns(pl.col(name).replace(codes[name]) for name in known)


def _counting(charges: pl.DataFrame, marks: Marks) -> pl.DataFrame:
    """Return the charges that count, with what is decided of their nodes."""
    decided = marks.nodes[charges["node"] - 1]
    both = charges.hstack(decided.rename({"charges": "counts", "taxes": "tax_counts"}))
    return both.filter(pl.when(pl.col("id") == "TXI").then("tax_counts").otherwise("counts"))


def _without_repeats(own: pl.DataFrame, repeats: pl.DataFrame, counter: Counter) -> pl.DataFrame:
    """Leave out each IT1 that repeats an SLN of its node, in the bills that merge them."""
    if repeats.is_empty() or not own["merges"].any():
        return own
    key = ["node", "cents"]
    it1s = own.filter(pl.col("id") == "IT1", "merges").select("segment", *key)
    rank = pl.int_range(pl.len(), dtype=pl.Int64).over(key) + pl.col("before").fill_null(0)
    ranked = (
        it1s.join(counter.seen, on=key, how="left", maintain_order="left")
        .with_columns(rank=rank)
        .join(repeats, on=key, how="left", maintain_order="left")
    )
    last = own["node"].last()
    seen = ranked.filter(pl.col("node") == last).group_by(key).agg(before=pl.col("rank").max() + 1)
    older = counter.seen.filter(pl.col("node") == last).join(seen, on=key, how="anti")
    counter.seen = pl.concat([seen.select(counter.seen.columns), older])
    dropped = ranked.filter(pl.col("rank") < pl.col("times")).select("segment")
    return own.join(dropped, on="segment", how="anti", maintain_order="left")


def _numbered(own: pl.DataFrame, counter: Counter) -> pl.DataFrame:
    """Number the lines of each set from 1."""
    before = pl.DataFrame(
        {"set": list(counter.lines), "before": list(counter.lines.values())},
        schema={"set": pl.Int64, "before": pl.Int64},
    )
    position = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("set")
    own = own.join(before, on="set", how="left", maintain_order="left").with_columns(
        line_no=position + pl.col("before").fill_null(0)
    )
    if own.height:
        counter.lines = {own["set"][-1]: own["line_no"][-1]}
    return own


def with_class(own: pl.DataFrame, said: X12) -> pl.DataFrame:
    """Add the class: by group title, service code, segment kind, catalogue kind, then own words.

    Needs title, service_code, id, subtracts, kind, description and the days of the charge.
    """
    id_ = pl.col("id")
    of_segment = (
        pl.when(pl.col("subtracts"))
        .then(pl.lit("adjustment"))
        .when(id_.is_in(["TCD", "USD"]))
        .then(pl.lit("usage"))
    )
    found = pl.coalesce(
        pl.col("title").cast(pl.String),
        _mapped(own, "service_code", dict(said.service_codes)),
        of_segment,
        _mapped(own, "kind", OF_KIND),
    )
    own = own.with_columns(charge_class=found)
    own = _by_words(own, said)
    of_tax = pl.when(pl.col("title") == "surcharge").then(pl.lit("surcharge"))
    return own.with_columns(
        charge_class=pl.when(id_ == "TXI")
        .then(of_tax.otherwise(pl.lit("tax")))
        .when(pl.col("charge_class").is_in(OCC))
        .then(_in_occ(said))
        .otherwise("charge_class")
    )


def _in_occ(said: X12) -> pl.Expr:
    """Return the class of a charge inside other charges and credits.

    Their title says no more than one-time or prorated, or which of both; the kind of the code
    decides only what it leaves open. A surcharge for a part of a month stands there too.
    """
    group, kind = pl.col("charge_class"), pl.col("kind")
    length = (pl.col("service_through") - pl.col("service_from")).dt.total_days()
    longer = (length > (0 if said.through_included else 1)).fill_null(False)
    open_ = group == "occ"
    part = longer | open_ | (group == "occ_prorated")
    return (
        pl.when((kind == "surcharge") & part)
        .then(pl.lit("surcharge"))
        .when((group == "occ_prorated") | (open_ & (kind == "recurring")))
        .then(pl.lit("prorated"))
        .when(~longer | (kind == "one_time"))
        .then(pl.lit("one_time"))
        .otherwise(pl.lit("prorated"))
    )


def _mapped(own: pl.DataFrame, name: str, classes: dict[str, str]) -> pl.Expr:
    """Return what a column's values stand for, null where nothing says."""
    if not classes or own[name].null_count() == own.height:
        return pl.lit(None, pl.String)
    return pl.col(name).replace_strict(classes, default=None, return_dtype=pl.String)


def _by_words(own: pl.DataFrame, said: X12) -> pl.DataFrame:
    """Give charges of which nothing else says a class the one their own words say, or the last."""
    if own["charge_class"].null_count() == 0:
        return own
    undecided = pl.col("charge_class").is_null()
    texts = own.filter(undecided).select("description").drop_nulls().unique()
    words = texts.with_columns(words=title_class(pl.col("description"), said))
    last = pl.when(pl.col("id") == "ITA").then(pl.lit("one_time"))
    return (
        own.join(words, on="description", how="left", maintain_order="left")
        .with_columns(
            charge_class=pl.coalesce(
                "charge_class",
                pl.when(pl.col("words") != "balance").then("words"),
                last.otherwise(pl.lit(said.unclassified)),
            )
        )
        .drop("words")
    )


def title_class(text: pl.Expr, said: X12) -> pl.Expr:
    """Return the class a title stands for: of the first rule one of whose words is in it."""
    upper = text.str.to_uppercase()
    return pl.coalesce(
        *(
            pl.when(
                pl.any_horizontal(
                    upper.str.contains(word.upper(), literal=True) for word in one.words
                )
            ).then(pl.lit(one.charge_class))
            for one in said.titles
        ),
        pl.lit(None, pl.String),
    )


def _inherited(own: pl.DataFrame, marks: Marks, name: str) -> pl.Expr:
    """Return a charge's own value of a name, else what its node inherits."""
    rows = own[name + "_row"] if name + "_row" in own.columns else None
    if rows is None:
        return pl.col(name)
    return pl.coalesce(name, marks.says[name].gather(rows).alias(name)).alias(name)


def _dated(own: pl.DataFrame, marks: Marks, said: X12) -> pl.DataFrame:
    """Give the lines the days of their group or, by class, of the invoice; the last day excluded.

    Days of a group are those of HL between the account and the line.
    """
    dated = pl.any_horizontal(pl.col(name).is_not_null() for name in PERIOD)
    allowed = pl.lit(True)
    for row in ("period_row", "invoice_row"):
        if row in own.columns:
            given = [
                pl.when(dated | ~allowed).then(pl.col(name)).otherwise(
                    marks.says[name].gather(own[row])).alias(name)
                for name in PERIOD
            ]  # fmt: skip
            own = own.with_columns(given)
            own = with_class(own, said) if row == "period_row" else own
        allowed = pl.col("charge_class").is_in(OF_INVOICE_PERIOD)
    until = pl.col("service_through")
    until = until.dt.offset_by("1d") if said.through_included else until
    return own.with_columns(service_until=until)
