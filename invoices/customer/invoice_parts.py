"""The parts of customer invoices: whose lines, who is billed, and what adds up by carrier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from invoices.customer.words import day, money, paragraphs, seen
from invoices.schema import seal

KEY = ["customer", "bill_month"]
USED = (
    *("line_id", "service", "usoc", "description", "charge_class", "quantity", "service_from"),
    *("service_until", "wtn", "circuit_id", "carrier", "price", "bundle"),
)
"""What an invoice shows of a line; neither what it costs nor how its price was found."""


def own_lines(bills: pl.DataFrame, lines: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """Return the lines of the invoices `bills` (with `bill`); those of no invoice are left out.

    Lines belong to the invoice they name (`invoice_no`), else to that of their customer and month.
    Raises ValueError for the first invoice whose lines do not add up to its total.
    """
    lines = lines.lazy()
    key = ["invoice_no"] if "invoice_no" in lines.collect_schema() else KEY
    own = lines.select(*key, *USED).collect().join(bills.select("bill", *key), on=key)
    sums = own.group_by("bill").agg(pl.col("price").sum())
    footed = bills.join(sums, on="bill", how="left").with_columns(pl.col("price").fill_null(0))
    wrong = footed.filter(pl.col("price") != pl.col("total")).sort("bill")
    for bill in wrong.head(1).iter_rows(named=True):
        raise ValueError(
            f"invoice {bill['invoice_no']}: lines add up to {bill['price']}, not to {bill['total']}"
        )
    return own


def parties(bills: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Return who is billed and when, in words, for each invoice: in the order of `bills`.

    `customers` has customer, name, address and email; one that is not there is called by its
    number.
    """
    called = customers.select("customer", "name", "address", "email")
    is_note = pl.col("kind") == "credit_note" if "kind" in bills.columns else pl.lit(False)
    name, number, total = seen(pl.col("name")), seen(pl.col("customer")), pl.col("total")
    status = pl.col("status") if "status" in bills.columns else pl.lit("")
    month = (pl.col("bill_month") + "-01").str.to_date("%Y-%m-%d")
    return bills.join(called, on="customer", how="left", maintain_order="left").with_columns(
        number="invoice_no",
        brand_name=seen(pl.col("brand")),
        invoice_no=seen(pl.col("invoice_no")),
        customer_no=number,
        name=pl.when(name != "").then(name).otherwise(number),
        address=paragraphs(pl.col("address").fill_null("")),
        email=seen(pl.col("email")),
        month=pl.concat_str(month.dt.to_string("%B "), month.dt.year().cast(pl.String)),
        bill_date_words=day(pl.col("bill_date"), "%B"),
        due_date_words=day(pl.col("due_date"), "%B"),
        is_credit=total < 0,
        called=pl.when(is_note).then(pl.lit("Credit note")).otherwise(pl.lit("Invoice")),
        total_words="$" + money(total.abs()),
        status_words=seen(status),
    )


def folded(lines: pl.DataFrame) -> pl.DataFrame:
    """Return `lines` with the elements of a bundle as one line of its name; nothing is lost.

    Elements are folded within an invoice, service, class and period, so that every sum stays. The
    line names all carriers of its elements; `elements` says how many they are, null for others.
    """
    in_bundle = pl.col("bundle").is_not_null() & (pl.col("bundle") != "")
    single = lines.filter(~in_bundle).with_columns(elements=pl.lit(None, dtype=pl.Int64))
    if single.height == lines.height:
        return single
    by = ["bill", "service", "bundle", "charge_class", "service_from", "service_until"]
    named = pl.col("carrier").drop_nulls().unique().sort().str.join(", ")
    bundles = (
        lines.filter(in_bundle)
        .group_by(by)
        .agg(
            pl.col("wtn", "circuit_id").drop_nulls().sort().first(),
            carrier=pl.when(pl.col("carrier").count() > 0).then(named),
            price=pl.col("price").sum(),
            elements=pl.len().cast(pl.Int64),
        )
        .with_columns(description=pl.col("bundle"))
    )
    return pl.concat([single, bundles.pipe(seal, single.schema)])


def carriers(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what the lines of each invoice add up to by carrier (bill, carriers), as a list."""
    sums = rows.group_by("bill", "provider").agg(sum=money(pl.col("price").sum()))
    return (
        sums.sort("bill", "provider")
        .group_by("bill", maintain_order=True)
        .agg(carriers=pl.struct("provider", "sum"))
    )


def by_carrier(sums: Sequence[Mapping[str, str]] | None, ourselves: str) -> list[dict[str, str]]:
    """Return the sums of an invoice as shown: none where every charge is of one carrier.

    Charges of no carrier are provided by whom the invoice comes from.
    """
    if not sums or len(sums) == 1:
        return []
    return [{"carrier": row["provider"] or ourselves, "total": row["sum"]} for row in sums]
