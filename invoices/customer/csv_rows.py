"""The lines of customer invoices as rows of CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import polars as pl

from invoices.customer.charge_words import Words, worded
from invoices.customer.words import bare, cell, doubled, iso, plain, seen
from invoices.text import formula_safe

CSV_COLUMNS = (
    "invoice_no",
    "customer",
    "bill_date",
    "due_date",
    "invoice_total",
    "line",
    "service",
    "wtn",
    "circuit_id",
    "charge_class",
    "usoc",
    "description",
    "service_from",
    "service_until",
    "quantity",
    "price",
    "line_id",
    "carrier",
    "bundle",
    "unit_price",
    "status",
)
_COMMA = pl.lit(",")


def _csv_what(distinct: pl.DataFrame) -> pl.DataFrame:
    csv = pl.concat_str(
        "charge_class", cell(pl.col("code")), cell(pl.col("printed")), separator=","
    )
    return distinct.with_columns(what_csv=csv)


def _csv_paper(distinct: pl.DataFrame) -> pl.DataFrame:
    name = formula_safe(pl.col("paper"))
    quotes = pl.when(name.str.contains('[,"]')).then(pl.lit('"')).otherwise(pl.lit(""))
    end = pl.concat_str(quotes, _COMMA, cell(pl.col("provider")), _COMMA)
    return distinct.with_columns(line_csv=pl.concat_str(quotes, doubled(name)), end_csv=end)


def _csv_service(distinct: pl.DataFrame) -> pl.DataFrame:
    names = ("name", "telephone", "circuit")
    csv = pl.concat_str((cell(pl.col(name).fill_null("")) for name in names), separator=",")
    return distinct.with_columns(service_csv=csv)


def _csv_period(distinct: pl.DataFrame) -> pl.DataFrame:
    csv = pl.concat_str(iso(pl.col("service_from")), _COMMA, iso(pl.col("service_until")))
    return distinct.with_columns(period_csv=csv)


def _csv_quantity(distinct: pl.DataFrame) -> pl.DataFrame:
    return distinct.with_columns(quantity_csv=plain(pl.col("quantity")))


def _csv_bundle(distinct: pl.DataFrame) -> pl.DataFrame:
    name = cell(seen(pl.col("bundle").fill_null("")))
    return distinct.with_columns(bundle_csv=pl.concat_str(name, _COMMA))


def _csv_price(distinct: pl.DataFrame) -> pl.DataFrame:
    csv = pl.concat_str(_COMMA, pl.col("price").cast(pl.String), _COMMA)
    return distinct.with_columns(price_csv=csv)


def _csv_unit(distinct: pl.DataFrame) -> pl.DataFrame:
    return distinct.with_columns(unit_csv=pl.concat_str(bare(pl.col("unit_words")), _COMMA))


CSV: dict[str, Words] = {
    "what": _csv_what,
    "paper": _csv_paper,
    "service": _csv_service,
    "period": _csv_period,
    "quantity": _csv_quantity,
    "price": _csv_price,
    "unit": _csv_unit,
}
"""What is made of the words, step by step of `charge_rows`."""


def csv_rows(heads: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the CSV rows of each invoice (bill, csv), and how many there are (count)."""
    first = heads.select("bill", "bill_csv", "status_csv")
    row = pl.concat_str(
        *("bill_csv", pl.int_range(1, pl.len() + 1).over("bill"), _COMMA, "service_csv", _COMMA),
        *("what_csv", _COMMA, "period_csv", _COMMA, "quantity_csv", "price_csv"),
        *("line_csv", "digits", "end_csv", "bundle_csv", "unit_csv", "status_csv"),
    )
    return (
        rows.join(first, on="bill", how="left", maintain_order="left")
        .pipe(worded, ["bundle"], _csv_bundle)
        .select("bill", row=row)
        .group_by("bill")
        .agg(csv=pl.col("row").str.join(), count=pl.len())
    )
