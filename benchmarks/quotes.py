"""Quotes at size: every option of 10,000 lines x 5 carriers x 3 terms priced.

`python -m benchmarks quotes`: lines in 12 states and 4 zones, offers of two recurring elements and
a one-time one, rates by place and term of which a third change inside the term, markups of
everybody and of customers; the options are priced in a process of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import subprocess
import sys
import time
from decimal import Decimal as D
from itertools import product
from typing import Any

import polars as pl

from invoices.schema import frame_of
from rebill.pricing.customer_rules import rules_of
from rebill.pricing.quoting.priced_options import priced
from rebill.pricing.quoting.quote_schema import Terms, Wanted
from rebill.reference.current import schema_of

HEAD = "## Quotes: "
LINES, CARRIERS, TERMS = 10_000, 5, (12, 24, 36)
ON, LATER = dt.date(2026, 4, 1), dt.date(2027, 1, 1)
STATES = ("OH", "MI", "IN", "IL", "KY", "PA", "NY", "WV", "WI", "MN", "IA", "MO")
ZONES = ("1", "2", "3", "4")


def _stored(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return rows as a reference table is stored."""
    return frame_of([{"row_id": n, **row} for n, row in enumerate(rows, 1)], schema_of(name))


def _rates() -> list[dict[str, Any]]:
    """Return rates for every place and term, of which every third ends inside the term."""
    rows = []
    places = product(range(CARRIERS), ("LOOP", "PORT"), STATES, ZONES, TERMS)
    for n, (carrier, usoc, state, zone, term) in enumerate(places):
        own = {"contract": f"K{carrier}", "usoc": usoc, "state": state, "zone": zone}
        own |= {"term_months": term, "rate": D(1000 + n % 977) / 100}
        if n % 3:
            rows.append(own)
            continue
        rows.append(own | {"effective_until": LATER})
        rows.append(own | {"effective_from": LATER, "rate": own["rate"] + 1})
    return [
        *rows,
        *({"contract": f"K{n}", "usoc": "INST", "rate": D(150)} for n in range(CARRIERS)),
    ]


def invented(lines: int) -> tuple[Wanted, Terms]:
    """Return so many quote lines, ten a quote, and what prices them."""
    quotes = [
        {"quote": f"Q{n}", "version": 1, "customer": f"C{n % 500}", "target_margin": D("0.2")}
        for n in range(lines // 10)
    ]
    asked = [
        {
            **{"quote": f"Q{n // 10}", "version": 1, "line": str(n % 10 + 1), "product": "fiber"},
            **{"state": STATES[n % 12], "zone": ZONES[n % 4], "miles": D(n % 50)},
            **{"quantity": D(n % 7 + 1), "optional": False},
        }
        for n in range(lines)
    ]
    offers = [
        {
            **{"offer": f"O{n}", "product": "fiber", "carrier": f"CARRIER{n}", "contract": f"K{n}"},
            "terms": ";".join(map(str, TERMS)),
        }
        for n in range(CARRIERS)
    ]
    parts = (
        ("LOOP", "recurring", "unit"),
        ("PORT", "recurring", "site"),
        ("INST", "one_time", "site"),
    )
    elements = [
        {
            **{"offer": f"O{n}", "usoc": usoc, "charge_class": kind, "per": per},
            **{"quantity": D(1), "optional": False},
        }
        for n in range(CARRIERS)
        for usoc, kind, per in parts
    ]
    markups = [{"method": "percent", "value": D("0.15")}]
    markups += [
        {"customer": f"C{n}", "method": "percent", "value": D("0.2")} for n in range(0, 500, 9)
    ]
    customers = [{"customer": f"C{n}", "cost_basis": "expected"} for n in range(500)]
    tables = {
        **{"quotes": quotes, "quote_lines": asked, "offers": offers, "offer_elements": elements},
        "own_products": [],
    }
    terms = Terms(
        _stored("buy_rates", _rates()).lazy(),
        _stored("usocs", []).lazy(),
        [],
        _stored("markups", markups),
        _stored("retail_rates", []),
        rules_of(_stored("customers", customers)),
        _stored("cost_to_serve", [{"support": D(2)}]),
    )
    return Wanted(*(_stored(name, rows) for name, rows in tables.items())), terms


def take(lines: int) -> None:
    """Price the options, and print what it took."""
    wanted, terms = invented(lines)
    began, cpu = time.perf_counter(), time.process_time()
    options = priced(wanted, terms, ON)
    told = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "options": options.height,
        "available": int(options["available"].sum()),
        "changing": options.height - options["cost_changes"].null_count(),
    }
    print(json.dumps(told))


def section(lines: int = LINES) -> str:
    """Return what it takes, as a section of the page."""
    command = [sys.executable, "-m", "benchmarks.quotes", str(lines)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    taken = json.loads(done.stdout)
    return (
        f"{HEAD}{lines:,} lines x {CARRIERS} carriers x {len(TERMS)} terms\n\n"
        "Written by `python -m benchmarks quotes`: each option of three elements, two of them by"
        " state, zone and term, priced by markup; dated rates are looked for in"
        " every month of the terms.\n\n"
        "| options | available | with a change known | time | CPU | peak memory |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        f"| {taken['options']:,} | {taken['available']:,} | {taken['changing']:,} |"
        f" {taken['seconds']:.2f} s | {taken['cpu']:.2f} s | {taken['mib']:,.0f} MiB |\n"
    )


if __name__ == "__main__":
    take(int(sys.argv[1]))
