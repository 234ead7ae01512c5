"""Pricing lines and building the records of invoices: `python -m benchmarks.selling [LINES]`.

The lines are invented: audited lines of 20,000 customers in one bill month, as the audit leaves
them. Each way is a process of its own. `plain` has markups and retail rates alone, `rules` gives
customers months, rounding rules and tiers of their own, `taxed` adds own charges, commitments and a
tax table; `credits` lets one line in a hundred be a credit.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal as D
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from benchmarks import cash
from invoices.money import MONTH_PARTS, ZERO_CENTS
from invoices.schema import CENTS, RATE, seal
from rebill.pricing import own_charges, taxes
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.customer_rules import rules_of
from rebill.pricing.invoices import invoices, numbered
from rebill.pricing.markups import MARKUPS, RETAIL
from rebill.pricing.rate import rate
from rebill.pricing.tiers import TIERS
from reconcile.schema import AUDITED

PAGE = Path(__file__).parents[1] / "docs" / "PERFORMANCE.md"
CUSTOMERS = 20_000
DAY = dt.date(2026, 3, 5)
WAYS = ("plain", "rules", "taxed")
CODES = [f"U{n:03d}" for n in range(300)]
HEAD = "## Selling"


def write_lines(path: Path, lines: int) -> None:
    """Leave audited lines as Parquet: each customer has as many, of services of four lines."""
    n = pl.int_range(lines, eager=False)
    code = pl.Series(CODES)
    paper = pl.lit("D") + (n // 5000).cast(pl.String)
    pl.select(n=pl.int_range(lines)).lazy().select(
        line_id=pl.concat_str(paper, pl.lit("-"), n.cast(pl.String)),
        document_id=paper,
        carrier=pl.lit("ILEC"),
        bill_date=pl.lit(DAY),
        charge_class=pl.when(n % 20 == 0).then(pl.lit("tax")).when(n % 10 == 1)
        .then(pl.lit("prorated")).otherwise(pl.lit("recurring")),
        usoc=pl.lit(code.implode()).list.get(n % len(CODES)),
        quantity=((n % 3) + 1).cast(RATE),
        amount=(((n * 7919) % 9000 + 100).cast(pl.Decimal(38, 2)) * D("0.01")).cast(CENTS),
        customer=pl.concat_str(pl.lit("C"), (n % CUSTOMERS).cast(pl.String)),
        service=pl.concat_str(pl.lit("S"), (n // 4).cast(pl.String)),
        product=pl.when(n % 2 == 0).then(pl.lit("voice")).otherwise(pl.lit("data")),
        kind=pl.lit("recurring"),
        rate_day=pl.lit(DAY),
        buy_rate=pl.lit(D("10.00")).cast(RATE),
        period_from=pl.lit(DAY),
        period_until=pl.lit(dt.date(2026, 4, 5)),
        installed_on=pl.lit(dt.date(2025, 1, 1)),
        fraction_parts=pl.lit(MONTH_PARTS, dtype=pl.Int64),
    ).with_columns(
        expected="amount",
        at_stake=ZERO_CENTS,
        due_units="quantity",
        due_unit_parts=(pl.col("quantity").cast(pl.Decimal(38, 6)) * MONTH_PARTS),
    ).pipe(seal, AUDITED).sink_parquet(path)  # fmt: skip


def tables(way: str) -> dict[str, pl.DataFrame]:
    """Return the reference tables of a way."""
    random = Random(1)
    some = way != "plain"
    rows: list[dict[str, Any]] = [{"method": "percent", "value": D("0.15")}]
    rows += [
        {"usoc": code, "method": "flat", "value": D(random.randint(5, 90))} for code in CODES[:99]
    ]
    rows += [
        {"customer": f"C{n}", "method": "percent", "value": D("0.2")}
        for n in range(0, CUSTOMERS, 9)
    ]
    if some:
        rows += [{"usoc": code, "product": None, "method": "flat", "tier": "V",
                  "effective_from": DAY} for code in CODES[99:120]]  # fmt: skip
    customers = pl.DataFrame(
        {
            "customer": [f"C{n}" for n in range(CUSTOMERS)],
            "cost_basis": ["billed" if n % 20 == 0 else "expected" for n in range(CUSTOMERS)],
            "proration": ["actual_days" if some and n % 4 == 0 else None for n in range(CUSTOMERS)],
            "rounding": ["unit" if some and n % 5 == 0 else "line" for n in range(CUSTOMERS)],
            "brand": ["ACME"] * CUSTOMERS,
            "bill_day": [15] * CUSTOMERS,
            "due_days": [30] * CUSTOMERS,
            "tax_exempt": [some and n % 7 == 0 for n in range(CUSTOMERS)],
            "tax_source": ["table"] * CUSTOMERS,
        },
        schema_overrides={"proration": pl.String},
    )
    bands = [("V", "graduated", "line", D(0), D(20)), ("V", "graduated", "line", D(1), D(15))]
    return {
        "customers": customers,
        "markups": pl.DataFrame(
            [{"row_id": n, **row} for n, row in enumerate(rows, 1)], schema=MARKUPS
        ),
        "retail": pl.DataFrame(schema=RETAIL),
        "tiers": pl.DataFrame(bands if some else [], schema=TIERS, orient="row"),
    }


def work(way: str, path: Path, out: Path) -> dict[str, Any]:
    """Price the lines, then make the rows and records of their invoices; return what it took."""
    given = tables(way)
    rules = rules_of(given["customers"], given["tiers"])
    began, cpu = time.perf_counter(), time.process_time()
    rated = rate(
        pl.scan_parquet(path), given["customers"], given["markups"], given["retail"], rules
    )
    rated.customer_lines.sink_parquet(out / "lines.parquet")
    priced = time.perf_counter()
    lines = pl.scan_parquet(out / "lines.parquet")
    if way == "taxed":
        made = _made(lines, given["customers"])
        made.write_parquet(out / "made.parquet")
        lines = pl.concat([lines, made.lazy()])
    bills = numbered(invoices(lines, given["customers"]), {})
    bills.write_parquet(out / "bills.parquet")
    ended = time.perf_counter()
    return {
        "pricing": priced - began,
        "invoices": ended - priced,
        "count": bills.height,
        "total": str(bills["total"].sum()),
        "cpu": time.process_time() - cpu,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _made(lines: pl.LazyFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Return own charges and taxes of every customer."""
    texts = pl.Series([], dtype=pl.String)
    told = own_charges.Told(texts, texts, texts, texts)
    states = lines.select("service").unique().with_columns(state=pl.lit("OH"))
    items = own_charges.items_of(lines, states, told)
    charges = customers.select(
        "customer", row_id=pl.int_range(pl.len()), charge=pl.lit("SUPPORT"),
        service=pl.lit(None, dtype=pl.String), description=pl.lit("Support"),
        charge_class=pl.lit("recurring"), frequency=pl.lit("monthly"),
        amount=pl.lit(D("9.95")).cast(RATE), percent=pl.lit(None, dtype=RATE),
        quantity=pl.lit(D(1)).cast(RATE), cost=pl.lit(D(0)).cast(RATE),
        effective_from=pl.lit(None, dtype=pl.Date), effective_until=pl.lit(None, dtype=pl.Date),
    )  # fmt: skip
    inventory = pl.DataFrame(
        schema={name: pl.String for name in ("service", "product", "wtn", "circuit_id")}
    )
    due = own_charges.in_months(charges, ["2026-03"], customers)
    own = own_charges.charge_lines(due, inventory)
    of_own = own_charges.items_of(own.lazy(), states, told)
    items = pl.concat(
        [items.select(own_charges.ITEMS.names()), of_own.select(own_charges.ITEMS.names())]
    )
    days = customers.select("customer", bill_month=pl.lit("2026-03"), bill_date=pl.lit(DAY))
    dates = {"effective_from": pl.Date, "effective_until": pl.Date}
    nothing = pl.DataFrame(schema={"customer": pl.String, "jurisdiction": pl.String,
                                   "tax": pl.String, "service": pl.String, **dates})  # fmt: skip
    rates = pl.DataFrame(
        {"row_id": [1, 2], "jurisdiction": ["OH", "OH"], "tax": ["sales", "911"],
         "rate": [D("0.0575"), D("0.01")]},
    ).with_columns(
        pl.col("rate").cast(RATE), effective_from=pl.lit(None, dtype=pl.Date),
        effective_until=pl.lit(None, dtype=pl.Date), description=pl.lit(None, dtype=pl.String),
        charge_class=pl.lit(None, dtype=pl.String), product=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    located = days.select("customer", service=pl.lit(None, dtype=pl.String),
                          jurisdiction=pl.lit("OH"),
                          effective_from=pl.lit(None, dtype=pl.Date),
                          effective_until=pl.lit(None, dtype=pl.Date))  # fmt: skip
    given = taxes.Tables(
        customers, located, rates, nothing, pl.DataFrame(), pl.DataFrame(),
    )  # fmt: skip
    taxed = taxes.own_taxes(items, days, given)
    return pl.concat([own, taxed.lines]).select(CUSTOMER_LINES.names())


def measure(place: Path, lines: int) -> list[dict[str, Any]]:
    """Return what each way took, in processes of their own."""
    path = place / "audited.parquet"
    write_lines(path, lines)
    taken = []
    for way in WAYS:
        command = [sys.executable, "-m", "benchmarks.selling", "--way", way, "--place", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        taken.append({"way": way, **json.loads(done.stdout.splitlines()[-1])})
    return taken


def section(lines: int, taken: list[dict[str, Any]]) -> str:
    """Return what was measured as a section of the page."""
    rows = [
        f"| {one['way']} | {one['pricing']:.2f} s | {one['invoices']:.2f} s | {one['cpu']:.2f} s |"
        f" {one['cpu'] / taken[0]['cpu']:.2f} | {one['count']:,} | {one['mib']:,.0f} MiB |"
        for one in taken
    ]
    return "\n".join(
        [
            f"{HEAD}: {lines:,} audited lines priced, the records of their invoices built",
            "",
            "Written by `python -m benchmarks.selling`. `plain`: markups alone; `rules`: months,",
            "rounding, exemptions and a tier too; `taxed`: own charges and taxes besides.",
            "",
            "| way | pricing | invoices | CPU | times plain | invoices built | peak memory |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *rows,
        ]
    )


def put(page: Path, lines: int, place: Path) -> None:
    """Measure, and let the section take its place on the page."""
    told = section(lines, measure(place, lines))
    cash.put(page, told, HEAD)
    print(told)


def main() -> None:
    """Measure and put the section into the page, or carry out one way."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.selling", description=__doc__)
    parser.add_argument("lines", type=int, nargs="?", default=5_000_000)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--place", type=Path)
    parser.add_argument("--out", type=Path, default=PAGE)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(work(given.way, given.place / "audited.parquet", given.place)))
        return
    with tempfile.TemporaryDirectory(dir=given.place) as place:
        put(given.out, given.lines, Path(place))


if __name__ == "__main__":
    main()
