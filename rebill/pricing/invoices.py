"""Customer lines become customer invoices: one for each customer and bill month, dated and summed.

Numbers are given out by the caller, who keeps the sequences; here they are only spelled.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from invoices.schema import CENTS, columns_of

INVOICES = pl.Schema(
    {
        "customer": pl.String(),
        "bill_month": pl.String(),  # YYYY-MM
        "brand": pl.String(),
        "bill_date": pl.Date(),
        "due_date": pl.Date(),
        "total": CENTS,  # the sum of the lines' prices
        "lines": pl.Int64(),
    }
)

NO_BRAND = "INV"
DUE_DAYS = 30
"""Calendar days to pay where a customer's row does not say."""


def invoices(
    customer_lines: pl.LazyFrame,
    customers: pl.DataFrame,
    latest_bill_dates: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the invoices (`INVOICES`) that `customer_lines` add up to, by bill month and customer.

    `customers` has customer, brand, bill_day and due_days. `latest_bill_dates` has bill_month and
    bill_date, and customer if it differs by customer: the latest carrier bill date that counts;
    without it, that of the customer's own lines. An invoice is dated on the customer's `bill_day`
    in its month, or on the month's last day where the month is shorter, but never before that date.
    """
    keys = ["bill_month", "customer"]
    sums = (
        customer_lines.group_by(keys)
        .agg(
            total=pl.col("price").sum().cast(CENTS),
            lines=pl.len().cast(pl.Int64),
            latest=pl.col("bill_date").max(),
        )
        .collect()
    )
    if latest_bill_dates is not None:
        by = [key for key in keys if key in latest_bill_dates.columns]
        latest = latest_bill_dates.group_by(by).agg(pl.col("bill_date").max())
        sums = sums.join(latest, on=by, how="left").with_columns(
            latest=pl.coalesce("bill_date", "latest")
        )
    due = pl.duration(days=pl.col("due_days").fill_null(DUE_DAYS))
    return (
        dated(sums, customers)
        .with_columns(due_date=pl.col("bill_date") + due)
        .select(columns_of(INVOICES))
        .sort(keys)
    )


def dated(months: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Return `months` (customer, bill_month, latest) with brand, due_days and the invoice's date.

    That is the customer's `bill_day` in the month, clipped to its end, but never before `latest`,
    the latest carrier bill date that counts.
    """
    known = customers.select("customer", "brand", "bill_day", "due_days")
    return (
        months.drop("bill_date", strict=False)
        .join(known, on="customer", how="left")
        .with_columns(bill_date=pl.max_horizontal(_bill_day(), "latest"))
    )


def _bill_day() -> pl.Expr:
    """Return the customer's bill day in the bill month, clipped to its end; null where none is."""
    first = pl.concat_str("bill_month", pl.lit("-01")).str.to_date("%Y-%m-%d")
    last_day = first.dt.month_end().dt.day().cast(pl.Int64)
    day = pl.min_horizontal(pl.col("bill_day").cast(pl.Int64), last_day)
    return pl.when(pl.col("bill_day").is_not_null()).then(first + pl.duration(days=day - 1))


def number(brand: str | None, year: int, n: int) -> str:
    """Return the number of an invoice, such as `ACME-2026-000001`."""
    return f"{series(brand, year)}-{n:06d}"


def series(brand: str | None, year: int) -> str:
    """Return the name of the sequence that numbers a brand's invoices of a year.

    Brands that spell alike (`Acme` and `A.C.M.E.`) share one, so that no number is given twice.
    """
    letters = "".join(c for c in (brand or "").upper() if c.isascii() and c.isalnum())
    return f"{letters or NO_BRAND}-{year}"


def numbered(bills: pl.DataFrame, last: Mapping[str, int]) -> pl.DataFrame:
    """Return `bills` with `invoice_no` in front, counted on from `last` in the order of the rows.

    `last` says the last number given of each series; a series it does not name starts at 1.
    """
    given = dict(last)
    numbers = []
    for brand, year in bills.select("brand", pl.col("bill_date").dt.year()).iter_rows():
        name = series(brand, year)
        given[name] = given.get(name, 0) + 1
        numbers.append(number(brand, year, given[name]))
    return bills.select(pl.Series("invoice_no", numbers, dtype=pl.String), *bills.columns)
