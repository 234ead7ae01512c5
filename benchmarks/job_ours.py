"""The job of `benchmarks.jobs`, done by the project's own kernels."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from invoices.money import MICROS, MONTH_PARTS, cents, from_cents, micros
from invoices.schema import CENTS, RATE
from rebill.rating import rate
from reconcile.contracts import read_contracts
from reconcile.due import value
from reconcile.match import match
from reconcile.pricing import RATED, place, price
from reconcile.schema import AUDITED

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
    lines = match(reference["lines"], reference["services"])
    lines = price(place(lines, NO_ORDERS, reference, contracts), reference, contracts)
    own = pl.col("package").is_null() & pl.col("charge_class").is_in(RATED)
    units = micros(pl.col("quantity").fill_null(1).abs())
    parts = pl.col("fraction_parts").fill_null(MONTH_PARTS).cast(pl.Int128)
    billed = cents(pl.col("amount"))
    due = pl.coalesce(value(pl.when(own).then("buy_rate"), units, parts, pl.lit(False)), billed)
    judged = lines.with_columns(
        expected=from_cents(due),
        at_stake=from_cents(pl.max_horizontal(billed - due, pl.lit(0, dtype=pl.Int128))),
        due_units=pl.col("quantity").fill_null(1),
        due_unit_parts=(units * parts // MICROS).cast(pl.Decimal(38, 6)),
    )
    # As in a night, what was judged is kept before it is priced: it is read then, not made anew.
    known = set(judged.collect_schema().names())
    columns = [name for name in AUDITED if name in known]
    judged.select(columns).with_columns(pl.col("expected", "at_stake").cast(CENTS)).sink_parquet(
        out / "judged.parquet"
    )
    rated = rate(
        pl.scan_parquet(out / "judged.parquet"),
        *(reference[name].collect() for name in ("customers", "markups", "retail_rates")),
    )
    priced = rated.customer_lines.select("line_id", "customer", "cost", "price")
    priced.sink_parquet(out / "priced.parquet")


def totals(out: Path) -> list[str]:
    """Return the sums of expected, stake and price of a result."""
    judged = pl.scan_parquet(out / "judged.parquet").select("expected", "at_stake").sum().collect()
    priced = pl.scan_parquet(out / "priced.parquet").select("price").sum().collect()
    return [str(amount) for amount in (*judged.row(0), *priced.row(0))]
