"""The job of `benchmarks.jobs` with pandas: merges, whole cents, no loop over rows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

LINE = [
    "line_id", "carrier", "ban", "bill_date", "charge_class", "usoc", "quantity", "amount", "wtn",
    "circuit_key", "service_from", "service_until",
]  # fmt: skip
PLACE = ["usoc", "charge_class", "state", "zone", "term_months", "a_ban", "a_circuit", "day"]


def _read(path: Path, columns: list[str] | None = None, **whole: int) -> pd.DataFrame:
    """Return a Parquet file; decimals named in `whole` become integers of so many parts of one."""
    table = pq.read_table(path, columns=columns)
    for name, parts in whole.items():
        # Nothing is rounded: the decimal has that many places.
        value = pc.multiply(table[name].cast(pa.decimal128(28, 6)), pa.scalar(Decimal(parts)))
        table = table.set_column(
            table.column_names.index(name), name, value.cast(pa.decimal128(38, 6)).cast(pa.int64())
        )
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


def run(folder: Path, out: Path) -> None:
    """Leave `result.parquet` below `out`."""
    lines = _read(folder / "lines.parquet", LINE, amount=100, quantity=1)
    lines = _with_service(lines, folder)
    lines = _with_rate(lines, folder)
    days = _days30(lines["service_until"]) - _days30(lines["service_from"])
    lines["days"] = np.where(lines["charge_class"] == "prorated", days, 30).astype("int64")
    lines["units"] = lines["quantity"].fillna(1).astype("int64")
    known = lines["micros"].notna()
    micros = lines["micros"].fillna(0).astype("int64")
    worth = (2 * micros * lines["units"] * lines["days"] + 300_000) // 600_000
    lines["expected"] = worth.where(known, lines["amount"])
    lines["stake"] = (lines["amount"] - lines["expected"]).clip(lower=0)
    lines = _with_price(lines, folder)
    columns = ["line_id", "service", "customer", "expected", "stake", "cost", "price"]
    lines[columns].to_parquet(out / "result.parquet", compression="zstd")


def _days30(day: Any) -> Any:
    return day.dt.year * 360 + day.dt.month * 30 + day.dt.day.clip(upper=30)


def _with_service(lines: pd.DataFrame, folder: Path) -> pd.DataFrame:
    services = _read(folder / "services.parquet")
    columns = ["service", "customer", "package", "state", "zone", "term_months", "circuit_key"]
    for key, name in (("circuit_key", "by_circuit"), ("wtn", "by_wtn")):
        known = services.loc[services[key].notna(), ["carrier", key, "service"]]
        lines = lines.merge(
            known.rename(columns={"service": name}), on=["carrier", key], how="left"
        )
    lines["service"] = lines["by_circuit"].fillna(lines["by_wtn"])
    lines = lines.merge(
        services[columns].rename(columns={"circuit_key": "held_circuit"}), on="service", how="left"
    )
    packages = _read(folder / "packages.parquet")[["carrier", "package", "usoc"]]
    packages["element"] = True
    lines = lines.merge(packages, on=["carrier", "package", "usoc"], how="left")
    recurring = lines["charge_class"].isin(["recurring", "prorated"])
    lines["packaged"] = lines["element"].notna() & recurring
    return lines


def _with_rate(lines: pd.DataFrame, folder: Path) -> pd.DataFrame:
    rates = _read(folder / "buy_rates.parquet", rate=1_000_000).rename(columns={"rate": "micros"})
    rates = rates[rates["usoc"].notna()]
    rates["circuit_key"] = rates["circuit_id"].str.replace(" ", "").str.upper()
    lines["day"] = lines["service_from"].fillna(lines["bill_date"])
    lines["a_ban"] = lines["ban"].where(lines["ban"].isin(rates["ban"].dropna()))
    circuits = rates["circuit_key"].dropna()
    lines["a_circuit"] = lines["held_circuit"].where(lines["held_circuit"].isin(circuits))
    asked = lines.loc[~lines["packaged"], PLACE].drop_duplicates()
    fits = asked.merge(rates, on="usoc", suffixes=("", "_r"))
    right = (fits["charge_class"] == fits["charge_class_r"]) | (
        (fits["charge_class"] == "prorated") & (fits["charge_class_r"] == "recurring")
    )
    score = 0
    for own, wanted in (
        ("circuit_key", "a_circuit"), ("ban", "a_ban"), ("zone_r", "zone"), ("state_r", "state"),
        ("term_months_r", "term_months"),
    ):  # fmt: skip
        named = fits[own].notna()
        right &= ~named | (fits[own] == fits[wanted]).fillna(False).astype(bool)
        score = score * 2 + named.astype(int)
    until = fits["effective_until"]
    right &= (fits["effective_from"] <= fits["day"]) & (until.isna() | (fits["day"] < until))
    best = fits.assign(score=score)[right].sort_values("score", ascending=False)
    answers = best.drop_duplicates(PLACE)[[*PLACE, "micros"]]
    lines = lines.merge(answers, on=PLACE, how="left")
    lines["micros"] = lines["micros"].where(~lines["packaged"])
    return lines


def _with_price(lines: pd.DataFrame, folder: Path) -> pd.DataFrame:
    customers = _read(folder / "customers.parquet")[["customer", "cost_basis"]]
    lines = lines.merge(customers, on="customer", how="left")
    billed = (lines["cost_basis"] == "billed").fillna(False).astype(bool)
    cost = lines["amount"].where(billed, lines["expected"])
    rows = _read(folder / "markups.parquet", value=1_000_000, minimum=1_000_000)
    chosen = pd.Series(np.nan, index=lines.index)
    for level in (["customer", "usoc"], ["customer"], ["usoc"], []):
        absent = [name for name in ("customer", "usoc") if name not in level]
        own = rows[rows[level].notna().all(axis=1) & rows[absent].isna().all(axis=1)]
        found = (
            lines[level].merge(own[[*level, "row_id"]], on=level, how="left")["row_id"].to_numpy()
            if level
            else own["row_id"].iloc[0]
        )
        chosen = chosen.fillna(pd.Series(found, index=lines.index))
    lines["row_id"] = chosen.where(~lines["charge_class"].isin(["tax", "surcharge"]))
    lines = lines.merge(rows[["row_id", "method", "value", "minimum"]], on="row_id", how="left")
    method, value = lines["method"], lines["value"].fillna(0).astype("int64")
    least, units = lines["minimum"].fillna(0).astype("int64"), lines["units"]
    at_cost, share = 1_000_000 * cost, cost * value
    each = 100 * value * units
    ways = {
        "percent": 30 * (at_cost + share),
        "percent_with_minimum": 30 * (at_cost + np.maximum(share, 100 * least * units)),
        "adder": 30 * (at_cost + each),
        "flat": each * lines["days"],
    }
    exact = np.select([method == name for name in ways], list(ways.values()), 30 * at_cost)
    price = pd.Series((2 * exact + 30_000_000) // 60_000_000, index=lines.index)
    lines["cost"] = cost
    lines["price"] = price.where(lines["customer"].notna() & (cost != 0)).astype("Int64")
    return lines


def totals(out: Path) -> list[str]:
    """Return the sums of expected, stake and price of a result."""
    sums = pd.read_parquet(out / "result.parquet", columns=["expected", "stake", "price"]).sum()
    return [f"{int(cents) // 100}.{int(cents) % 100:02d}" for cents in sums]
