"""What a customer invoice says for machines: in values, each line by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from invoices.customer.account_section import data_of_account
from invoices.customer.brand import Letter
from invoices.customer.charge_words import charge_rows
from invoices.customer.invoice_parts import own_lines, parties
from invoices.customer.words import bare


def data_of_invoices(
    headers: pl.DataFrame,
    lines: pl.DataFrame | pl.LazyFrame,
    customers: pl.DataFrame,
    catalogue: pl.DataFrame,
    letters: Mapping[str, Letter] | None = None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield invoice number and the invoice for machines: ISO dates, decimals as text.

    Every line stands by itself, also the elements of a bundle, and names its carrier line. With
    `letters` the invoice says who sends it and where to pay.
    """
    bills = headers.with_row_index("bill")
    own = own_lines(bills, lines).with_columns(elements=pl.lit(None, dtype=pl.Int64))
    rows = charge_rows(own, catalogue)
    lines_of = rows.select(*_line()).group_by("bill", maintain_order=True)
    sums = rows.group_by("bill", "charge_class").agg(total=pl.col("price").sum().cast(pl.String))
    totals = sums.sort("bill", "charge_class").group_by("bill", maintain_order=True)
    papers = (
        parties(bills, customers)
        .join(lines_of.agg(rows=pl.struct(pl.all().exclude("bill"))), on="bill", how="left")
        .join(totals.agg(classes=pl.struct("charge_class", "total")), on="bill", how="left")
        .sort("bill")
    )
    for bill in papers.iter_rows(named=True):
        yield bill["number"], _data(bill, (letters or {}).get(bill["brand"] or "", Letter()))


def _data(bill: dict[str, Any], letter: Letter) -> dict[str, Any]:
    """Return what one invoice says, in values."""
    return {
        "invoice_no": bill["number"],
        "brand": bill["brand"],
        "status": bill["status_words"] or None,
        "sender": {
            "name": letter.name or bill["brand_name"] or None,
            **{name: getattr(letter, name) or None for name in ("phone", "email", "web")},
            "address": list(letter.address),
        },
        "remittance": list(letter.remittance),
        "customer": bill["customer"],
        "customer_name": bill["name"],
        "customer_address": bill["address"],
        "bill_month": bill["bill_month"],
        "bill_date": bill["bill_date"].isoformat(),
        "due_date": bill["due_date"].isoformat(),
        "currency": "USD",
        "total": str(bill["total"]),
        "account": data_of_account(bill.get("account")),
        "by_charge_class": bill["classes"] or [],
        "lines": bill["rows"] or [],
    }


def _line() -> list[pl.Expr]:
    """Return what is said of a line, behind the `bill` it is of."""
    described = pl.when(pl.col("printed") != "").then("printed").otherwise("what")
    return [
        pl.col("bill"),
        pl.int_range(1, pl.len() + 1).over("bill").alias("line"),
        pl.col("service"),
        pl.col("telephone").alias("wtn"),
        pl.col("circuit").alias("circuit_id"),
        *(pl.col(name) for name in ("carrier", "charge_class", "usoc")),
        described.alias("description"),
        *(pl.col(name).dt.to_string("%Y-%m-%d") for name in ("service_from", "service_until")),
        _trimmed(pl.col("quantity")),
        pl.when(pl.col("unit_words") != "").then(bare(pl.col("unit_words"))).alias("unit_price"),
        pl.col("price").cast(pl.String),
        pl.col("bundle"),
        pl.when(pl.col("line_id") != "").then("line_id").alias("line_id"),
    ]


def _trimmed(number: pl.Expr) -> pl.Expr:
    """Return a decimal without needless zeros, null where there is none."""
    return number.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
