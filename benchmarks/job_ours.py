"""The job of `benchmarks.jobs`, done by the project's own kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from invoices.distinct import told_by_place
from invoices.money import MICROS, MONTH_PARTS, cents, from_cents, micros
from invoices.schema import CENTS, RATE
from rebill.pricing.rate import rate
from rebill.store.bulk.parts import PACKED
from reconcile.audit.match import match, with_details
from reconcile.audit.pricing import (
    RATED,
    place,
    price,
    rate_frame,
    value,
    with_rate_contract,
)
from reconcile.audit.questions import first_of_each, with_questions
from reconcile.contracts import read_contracts

LOOKED_AT = (
    *("line_id", "carrier", "ban", "bill_date", "charge_class", "usoc", "description"),
    *("quantity", "unit_rate", "unit_rate_places", "amount", "wtn", "circuit_id"),
    *("circuit_key", "service_from", "service_until", "document_id", "source_file"),
    *("source_row", "bill_day"),
)
"""What of a line the kernels look at."""
KEPT: dict[str, Any] = {"compression": PACKED, "compression_level": 1, "statistics": False}
"""How the product writes what it keeps."""
NO_ORDERS = pl.DataFrame(
    schema={
        "line_id": pl.String,
        "order_used": pl.String,
        "completed_on": pl.Date,
        "units_left": RATE,
        "order_units": RATE,
        "nrc_waived": pl.Boolean,
    }
)


def run(folder: Path, out: Path) -> None:
    """Leave `judged.parquet` and `priced.parquet` below `out`."""
    reference = {path.stem: pl.scan_parquet(path) for path in folder.glob("*.parquet")}
    contracts = read_contracts((folder / "contracts.toml").read_text(encoding="utf-8"))
    lines = reference["lines"].with_columns(bill_day=pl.col("bill_date").dt.day().cast(pl.Int64))
    held = match(
        lines.select(LOOKED_AT).collect().rechunk(),
        reference["services"],
        reference["service_accounts"],
    )
    held = with_details(place(held, NO_ORDERS, reference, contracts), reference["services"])
    held = with_rate_contract(held, contracts)
    elements = reference["service_elements"].clear()
    held = with_questions(held, rate_frame(reference["buy_rates"]), elements)
    priced = price(first_of_each(held).lazy(), reference, contracts)
    own = pl.col("package").is_null() & pl.col("charge_class").is_in(RATED)
    units = micros(pl.col("quantity").fill_null(1).abs())
    parts = pl.col("fraction_parts").fill_null(MONTH_PARTS).cast(pl.Int128)
    billed = cents(pl.col("amount"))
    due = pl.coalesce(value(pl.when(own).then("buy_rate"), units, parts, pl.lit(False)), billed)
    answers = priced.select(
        "asks",
        *("kind", "family", "buy_rate", "fraction_parts"),
        expected=from_cents(due).cast(CENTS),
        at_stake=from_cents(pl.max_horizontal(billed - due, pl.lit(0, dtype=pl.Int128))),
        due_units=pl.col("quantity").fill_null(1),
        due_unit_parts=(units * parts // MICROS).cast(pl.Decimal(38, 6)),
    ).collect()
    judged = held.hstack(told_by_place(held["asks"], answers, "asks"))
    judged.select("line_id", "expected", "at_stake").write_parquet(out / "judged.parquet", **KEPT)
    customers, markups, retail = (
        reference[name].collect() for name in ("customers", "markups", "retail_rates")
    )
    rated = rate(judged.lazy(), customers, markups, retail)
    priced_lines = rated.customer_lines.select("line_id", "customer", "cost", "price")
    priced_lines.sink_parquet(out / "priced.parquet", **KEPT)


def totals(out: Path) -> list[str]:
    """Return the sums of expected, stake and price of a result."""
    judged = pl.scan_parquet(out / "judged.parquet").select("expected", "at_stake").sum().collect()
    priced = pl.scan_parquet(out / "priced.parquet").select("price").sum().collect()
    return [str(amount) for amount in (*judged.row(0), *priced.row(0))]
