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

from invoices.schema import CENTS, RATE, frame_of
from rebill.pricing.commissions import READ, RULES, earned

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
        line_id=pl.concat_str(pl.lit("D"), month.cast(pl.String), pl.lit("-"), (n % a_month).cast(pl.String)),
        made_key=pl.lit(None, dtype=pl.String),
        customer=name,
        bill_month=bill_month,
        service=pl.concat_str(pl.lit("S"), customer.cast(pl.String), pl.lit("."), (within // 2).cast(pl.String)),
        product=pl.when(within % 2 == 0).then(pl.lit("voice")).otherwise(pl.lit("data")),
        charge_class=kinds.list.get(within % 5),
        kind=pl.when(back).then(pl.lit("credit")).otherwise(pl.lit("charge")),
        credit_of=pl.when(back).then(
            pl.concat_str(pl.lit("D"), (month - 1).cast(pl.String), pl.lit("-"), (n % a_month).cast(pl.String))
        ),
        price=(pl.when(back).then(-(cents // 2)).otherwise(cents).cast(pl.Decimal(38, 2)) * D("0.01")).cast(CENTS),
        cost=((cents * 7 // 10).cast(pl.Decimal(38, 2)) * D("0.01")).cast(CENTS),
    )  # fmt: skip
    frame.select(READ).sink_parquet(folder / "lines.parquet")
    days = pl.DataFrame({"month": range(MONTHS)}).select(
        bill_month=pl.format("2026-{}", (pl.col("month") + 1).cast(pl.String).str.zfill(2)),
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
    frames = [pl.read_parquet(folder / f"{name}.parquet") for name in ("lines", "bills", "rules")]
    wall, cpu = time.perf_counter(), time.process_time()
    rows = earned(*frames)
    taken = {
        "seconds": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": rows.height,
        "amount": str(rows["amount"].sum()),
    }
    print(json.dumps(taken))


if __name__ == "__main__":
    take(Path(sys.argv[1]))
