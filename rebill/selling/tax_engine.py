"""Taxes of an outside engine: a request goes out as a file, its result comes in as one.

A request names what is taxed by a digest of it: a result counts only as long as the invoice says
the same. Columns of both files: `docs/taxes.md`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from invoices.money import ZERO_CENTS, cents
from invoices.schema import CENTS, among, seal
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.own_charges import ITEMS
from rebill.pricing.taxes import KEY, PROBLEMS, Tables, Taxed
from rebill.reference.checks_rows import check_keys
from rebill.reference.faults import Faults
from rebill.reference.sources import read_rows
from rebill.store import insert_frame, read_table
from rebill.store.columns import Column, TableIn, text
from rebill.store.models_selling import TaxResult
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError

REQUEST = pl.Schema(
    {
        "request": pl.String(),
        "line": pl.Int64(),
        **ITEMS,
        "exempt": pl.Boolean(),
    }
)
"""The columns of the file that goes out; `price` is what is taxed, `line` counts in the request."""

RESULT = TableIn(
    "tax_result",
    "what an outside engine says of our requests",
    (
        text("request", "the request it answers", True),
        text("jurisdiction", "who taxes", True),
        text("tax", "the tax", True),
        text("description", "the words on the invoice"),
        Column("tax_base", "dollars that are taxed", "decimal", required=True, places=2),
        Column("rate", "a share; empty = not said", "decimal"),
        Column("amount", "dollars", "decimal", required=True, places=2),
    ),
    ("request", "jurisdiction", "tax", "rate"),
)
"""The file that comes in; a request without any tax is answered by a row of amount 0."""


def requests(items: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return the requests (`REQUEST`) for what customers with an outside engine are charged."""
    outside = tables.customers.filter(pl.col("tax_source") == "file").select(
        "customer", exempt=pl.col("tax_exempt").fill_null(False)
    )
    keys = [name for name in ITEMS if name != "price"]
    rows = (
        items.filter(~pl.col("charge_class").is_in(["tax"]))
        .join(outside, on="customer")
        .group_by(*keys, "exempt")
        .agg(pl.col("price").sum().cast(CENTS))
        .filter(pl.col("price") != 0)
        .sort(*keys, nulls_last=True)
        .with_columns(line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(KEY))
    )
    told = [*keys, "price", "exempt"]
    cells = [pl.col(name).cast(pl.String).fill_null("") for name in told]
    said = (
        rows.select(*KEY, said=pl.concat_str(cells, separator="\x1f"))
        .group_by(KEY, maintain_order=True)
        .agg(pl.col("said").str.join("\x1e"))
    )
    digests = said.with_columns(
        request=pl.Series(
            [hashlib.sha256(text.encode()).hexdigest()[:20] for text in said["said"]],
            dtype=pl.String,
        )
    ).drop("said")
    return rows.join(digests, on=KEY, maintain_order="left").select(REQUEST.names())


def from_results(record: Record, items: pl.DataFrame, tables: Tables) -> Taxed:
    """Return the taxes that results on record give, and the drafts that wait for one."""
    asked = requests(items, tables)
    open_ones = asked.select(*KEY, "request", "exempt").unique(maintain_order=True)
    results = read_table(record.connection, TaxResult)
    met = open_ones.filter(~pl.col("exempt")).join(results, on="request")
    lines = met.filter(pl.col("amount") != 0).with_columns(
        price="amount",
        cost="amount",
        margin=ZERO_CENTS,
        kind=pl.lit("tax"),
        charge_class=pl.lit("tax"),
        method=pl.lit("tax_engine"),
        tax_rate="rate",
        rule=pl.lit("result of the tax engine for request ") + pl.col("request"),
        made_key=pl.concat_str(
            pl.lit("tax"), "jurisdiction", "tax", pl.col("id").cast(pl.String), separator=":"
        ),
        description=pl.concat_str(
            pl.coalesce("description", pl.concat_str("jurisdiction", pl.lit(" "), "tax")),
            pl.lit(", of "),
            pl.col("tax_base").cast(pl.String),
        ),
    )
    missing = open_ones.filter(~pl.col("exempt")).join(results, on="request", how="anti")
    words = "the outside engine has not taxed it: see `rebill invoices tax-request`"
    return Taxed(
        seal(lines, CUSTOMER_LINES),
        missing.select(*KEY, hold=pl.lit(words)).select(PROBLEMS.names()),
    )


def take_in(record: Record, path: Path, known: set[str]) -> pl.DataFrame:
    """Leave the rows of a result file on record, all or none, and return those that are new.

    `known` are the requests that are open. Raises ConfigError naming every row that is wrong: an
    unknown request, a cell that cannot be read, a tax above its base, one said twice.
    """
    faults = Faults()
    rows = read_rows(record.workspace.settings.limits, path, RESULT, faults)
    check_keys(rows.filter("_ok"), RESULT, faults)
    before = read_table(record.connection, TaxResult)
    answered = rows.filter(among("request", before["request"]))
    for wrong, what, remedy in (
        (
            rows.filter("_ok", ~pl.col("request").is_in([*known, *before["request"]])),
            "no draft asks for this request",
            "make the request again: the invoice has changed since",
        ),
        (
            rows.filter("_ok").filter(
                cents(pl.col("amount")).abs() > cents(pl.col("tax_base")).abs() * 10
            ),
            "the tax is many times its base",
            "correct amount or tax_base",
        ),
    ):
        faults.add_rows(wrong.with_columns(what=pl.lit(what)), remedy)
    if faults.total:
        more = f"\n... and {faults.total - len(faults.listed)} more"
        listed = "\n".join(str(fault) for fault in faults.listed[:20])
        raise ConfigError(listed + (more if faults.total > 20 else ""))
    new = rows.join(answered, on="request", how="anti").select(
        "request", "jurisdiction", "tax", "description", "rate",
        *(pl.col(name).cast(CENTS) for name in ("tax_base", "amount")),
    )  # fmt: skip
    insert_frame(record.connection, TaxResult, new)
    return new
