"""Commissions at size: what nine deals earn of the lines of all invoices there ever were.

`python -m benchmarks commissions`: lines of 20,000 customers in ten months, a tenth of them credits
of earlier charges, are invented; statements are made of them in a process of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import subprocess
import sys
import time
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import polars as pl

from invoices.schema import CENTS, RATE, among, frame_of
from rebill.pricing.earning.commissions import READ, RULES
from rebill.pricing.earning.months import months_of
from rebill.pricing.shares.turns import Before

HEAD = "## Commissions: "
LINES = 2_000_000
MONTHS = 10
CUSTOMERS = 20_000
AIM_SECONDS, AIM_MIB = 60.0, 3 * 1024.0


def write(folder: Path, lines: int) -> None:
    """Leave `lines`, `bills` and `rules` as Parquet below `folder`."""
    a_month = lines // MONTHS
    n = pl.int_range(lines, eager=False)
    month = n // a_month
    customer = n % CUSTOMERS
    within = (n % a_month) // CUSTOMERS
    bill_month = pl.concat_str(pl.lit("2026-"), (month + 1).cast(pl.String).str.zfill(2))
    name = pl.concat_str(pl.lit("C"), customer.cast(pl.String).str.zfill(5))
    back = (within == 3) & (month > 0)
    cents = (n * 7919) % 9_000 + 100
    kinds = pl.lit(pl.Series(["recurring", "prorated", "usage", "tax", "recurring"]).implode())
    frame = pl.select(n=pl.int_range(lines)).lazy().select(
        invoice_no=pl.concat_str(name, pl.lit("-"), bill_month),
        line_id=_joined("D", month, "-", n % a_month),
        made_key=pl.lit(None, dtype=pl.String),
        customer=name,
        bill_month=bill_month,
        service=_joined("S", customer, ".", within // 2),
        product=pl.when(within % 2 == 0).then(pl.lit("voice")).otherwise(pl.lit("data")),
        charge_class=kinds.list.get(within % 5),
        kind=pl.when(back).then(pl.lit("credit")).otherwise(pl.lit("charge")),
        credit_of=pl.when(back).then(_joined("D", month - 1, "-", n % a_month)),
        price=_dollars(pl.when(back).then(-(cents // 2)).otherwise(cents)),
        cost=_dollars(cents * 7 // 10),
    )  # fmt: skip
    frame.select(READ).sink_parquet(folder / "lines.parquet")
    days = pl.DataFrame({"month": range(MONTHS)}).select(
        bill_month=pl.lit("2026-") + (pl.col("month") + 1).cast(pl.String).str.zfill(2),
        bill_date=pl.date(2026, pl.col("month") + 1, 15),
    )
    names = pl.select(n=pl.int_range(CUSTOMERS)).select(
        customer=pl.concat_str(pl.lit("C"), pl.col("n").cast(pl.String).str.zfill(5))
    )
    names.join(days, how="cross").select(
        "customer", "bill_month", "bill_date",
        invoice_no=pl.concat_str("customer", pl.lit("-"), "bill_month"),
        kind=pl.lit("invoice"), corrects=pl.lit(None, dtype=pl.String),
    ).write_parquet(folder / "bills.parquet")  # fmt: skip
    rules().write_parquet(folder / "rules.parquet")


def _joined(*parts: pl.Expr | str) -> pl.Expr:
    """Return texts and numbers one behind the other."""
    return pl.concat_str(pl.lit(p) if isinstance(p, str) else p.cast(pl.String) for p in parts)


def _dollars(cents: pl.Expr) -> pl.Expr:
    return (cents.cast(pl.Decimal(38, 2)) * D("0.01")).cast(CENTS)


def rules() -> pl.DataFrame:
    """Return the rules of nine deals: shared and single, of every method and scope."""
    joint: dict[str, Any] = {"agent-a": "50", "agent-b": "50"}
    three: dict[str, Any] = {"x": "33.3", "y": "33.3", "z": "33.4"}
    deals: list[tuple[str, str, str, dict[str, Any], dict[str, str]]] = [
        ("house", "percent_of_price", "0.025", {"house": "100"}, {}),
        ("joint", "percent_of_margin", "0.5", joint, {}),
        ("residual", "residual", "0.0125", three, {}),
        ("flat", "flat", "1.25", {"agent-c": "100"}, {}),
        ("once", "one_off", "25.00", joint, {}),
        ("voice", "percent_of_price", "0.0175", {"agent-d": "100"}, {"product": "voice"}),
    ]
    for deal in ("north", "south", "west"):
        start = {"north": 0, "south": 2_000, "west": 4_000}[deal]
        deals += [
            (deal, "percent_of_price", "0.03", joint, {"customer": f"C{start + k:05}"})
            for k in range(2_000)
        ]
    rows = [
        {
            "deal": deal, "payee": payee, "role": "agent", "method": method, "value": value,
            "share": share, "effective_from": dt.date(2026, 1, 1), **scope,
        }
        for deal, method, value, shares, scope in deals
        for payee, share in shares.items()
    ]  # fmt: skip
    numbered = [{"row_id": number, **row} for number, row in enumerate(rows, 1)]
    return frame_of(numbered, RULES).with_columns(pl.col("value", "share").cast(RATE))


def take(folder: Path) -> None:
    """Make what is earned of all lines, and print what it took as a line of JSON."""
    bills, known = (pl.read_parquet(folder / f"{name}.parquet") for name in ("bills", "rules"))

    def lines_of(invoices: pl.DataFrame) -> pl.LazyFrame:
        months = invoices["bill_month"].unique()
        return pl.scan_parquet(folder / "lines.parquet").filter(among("bill_month", months))

    wall, cpu = time.perf_counter(), time.process_time()
    months = months_of(lines_of, bills, known, Before())
    rows, amount = 0, D(0)
    for month in months:
        made = months.earned(month)
        rows, amount = rows + made.height, amount + made["amount"].sum()
    taken = {
        "seconds": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": rows,
        "amount": str(amount),
    }
    print(json.dumps(taken))


def section(place: Path, lines: int = LINES) -> str:
    """Return what it takes, as a section of the page."""
    write(place, lines)
    command = [sys.executable, "-m", "benchmarks.commissions", str(place)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    taken = json.loads(done.stdout)
    fits = taken["seconds"] <= AIM_SECONDS and taken["mib"] <= AIM_MIB
    return (
        f"{HEAD}{lines:,} lines, nine deals\n\nWhat every payee earns of each line of"
        f" {CUSTOMERS:,} customers in {MONTHS} months, month by month, as statements are made.\n\n"
        "| rows earned | time | CPU | peak memory |\n| --- | --- | --- | --- |\n"
        f"| {taken['rows']:,} | {taken['seconds']:.1f} s | {taken['cpu']:.1f} s |"
        f" {taken['mib']:,.0f} MiB |\n\n"
        f"- under {AIM_SECONDS:.0f} s and {AIM_MIB / 1024:.0f} GiB:"
        f" {'**met**' if fits else '**not met**'}\n"
    )


if __name__ == "__main__":
    take(Path(sys.argv[1]))
