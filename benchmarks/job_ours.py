"""The job of `benchmarks.jobs`, done by the project's own kernels."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from invoices.money import MICROS, MONTH_PARTS, cents, from_cents, micros
from invoices.schema import RATE
from rebill.pricing.rate import rate
from rebill.workspace.write import spool
from reconcile.audit.match import match
from reconcile.audit.pricing import RATED, place, price, value
from reconcile.contracts import read_contracts
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


ASKED = (
    *("line_id", "carrier", "ban", "bill_date", "charge_class", "usoc", "quantity", "amount"),
    *("circuit_key", "period_from", "period_until", "service", "customer", "product", "package"),
    *("inventory_circuit", "inventory_state", "inventory_zone", "term_months"),
    *("contract", "rate_day", "kind", "family"),
)
"""What pricing and rating look at."""
PRICED = (
    *ASKED,
    "buy_rate",
    "fraction_parts",
    "expected",
    "at_stake",
    "due_units",
    "due_unit_parts",
)


def run(folder: Path, out: Path) -> None:
    """Leave `judged.parquet` and `priced.parquet` below `out`."""
    reference = {path.stem: pl.scan_parquet(path) for path in folder.glob("*.parquet")}
    contracts = read_contracts((folder / "contracts.toml").read_text(encoding="utf-8"))
    lines = match(reference["lines"], reference["services"])
    # As in a night, what is asked about more than once is kept: it is read then, not made anew.
    placed = _keep(place(lines, NO_ORDERS, reference, contracts).select(ASKED), out / "placed")
    lines = price(placed, reference, contracts)
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
    kept = _keep(judged.select(PRICED), out / "judged")
    absent = {name: dtype for name, dtype in AUDITED.items() if name not in PRICED}
    rated = rate(
        kept.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in absent.items()),
        *(reference[name].collect() for name in ("customers", "markups", "retail_rates")),
    )
    rated.customer_lines.select("line_id", "customer", "cost", "price").sink_parquet(
        out / "priced.parquet"
    )


def _keep(frame: pl.LazyFrame, place: Path) -> pl.LazyFrame:
    return spool(place.with_suffix(".parquet"), frame)


def totals(out: Path) -> list[str]:
    """Return the sums of expected, stake and price of a result."""
    judged = pl.scan_parquet(out / "judged.parquet").select("expected", "at_stake").sum().collect()
    priced = pl.scan_parquet(out / "priced.parquet").select("price").sum().collect()
    return [str(amount) for amount in (*judged.row(0), *priced.row(0))]
