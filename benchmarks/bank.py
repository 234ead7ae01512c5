"""Bank files at size: a Nacha file of 100,000 entries read, three years of pulls matched.

`python -m benchmarks bank` puts its section into `docs/PERFORMANCE.md`.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable

import polars as pl

from invoices.bank import read
from invoices.bank.schema import ENTRIES, REMITTANCES
from invoices.schema import empty
from reconcile.contracts import read_contracts
from reconcile.pulls.debits import DEBITS
from reconcile.pulls.events import pull_events
from reconcile.pulls.settle import Known, settle

TITLE = "## Bank files and the pulls they tell of"
ENTRIES_READ, PER_BATCH = 100_000, 1_000
MONTHS, ACCOUNTS = 36, 2_000
ROUTING, CHECK = "07640125", "1"
COMPANY = "1234567890"
CONTRACT = f"""
[[contract]]
id = "C1"
carrier = "ILEC"
effective_from = 2020-01-01
accounts = ["*"]
[contract.debit]
company_id = "{COMPANY}"
"""


def nacha_file(entries: int) -> bytes:
    """Return a Nacha file of debits, every second with an addenda that names its invoice."""
    lines = [
        f"101 {ROUTING}{CHECK} 0910000192603190930A094101{'OUR BANK':23}{'THEIR BANK':23}{'':8}"
    ]
    count = total = 0
    batches = entries // PER_BATCH
    for batch in range(1, batches + 1):
        lines.append(
            f"5225{'ILEC':16}{'':20}{COMPANY}CCD{'TELECOM':10}{'':6}260320   109100001{batch:07d}"
        )
        of_batch = seen = 0
        for place in range(PER_BATCH):
            number = (batch - 1) * PER_BATCH + place
            cents, trace, more = number % 9_999_999 + 1, f"09100001{number:07d}", number % 2
            lines.append(
                f"627{ROUTING}{CHECK}{'0012345678':17}{cents:010d}{f'B{number}':15}"
                f"{'ACME RESALE':22}  {more}{trace}"
            )
            if more:
                told = f"RMR*IV*I{number}**{cents // 100}.{cents % 100:02d}\\"
                lines.append(f"705{told:80}0001{trace[-7:]}")
            seen, of_batch = seen + 1 + more, of_batch + cents
        hashed = int(ROUTING) * PER_BATCH % 10**10
        lines.append(
            f"8225{seen:06d}{hashed:010d}{of_batch:012d}{0:012d}{COMPANY}{'':25}09100001{batch:07d}"
        )
        count, total = count + seen, total + of_batch
    blocks = -(-(len(lines) + 1) // 10)
    whole = int(ROUTING) * entries % 10**10
    lines.append(f"9{batches:06d}{blocks:06d}{count:08d}{whole:010d}{total:012d}{0:012d}".ljust(94))
    return "\n".join(lines).encode()


def pulls(months: int, accounts: int) -> tuple[Known, pl.DataFrame]:
    """Return invoices, and what the bank says: most by account, some by amount alone, some off."""
    draw = random.Random(1)
    due, took = [], []
    for month in range(months):
        on = dt.date(2023 + month // 12, month % 12 + 1, 20)
        for account in range(accounts):
            cents, number = draw.randint(10_000, 99_999_999), month * accounts + account
            ban, off = f"305R{account:06d}", draw.random()
            due.append((f"D{number}", "ILEC", "C1", ban, f"I{number:09d}", on, on, cents))
            named = ban if off < 0.6 or off > 0.9 else None
            took.append((f"E{number}", on, cents + (off > 0.9), named, f"{number:015d}"))
    keys = ("document_id", "carrier", "contract", "ban", "invoice_no", "bill_date", "debit_on")
    money = (pl.col("cents") * pl.lit("0.01").cast(pl.Decimal(38, 2))).alias("amount")
    debits = pl.DataFrame(due, schema=[*keys, "cents"], orient="row").with_columns(
        money, status=pl.lit("expected"), dispute_closes_on=pl.lit(None, dtype=pl.Date)
    )
    said = ("entry_id", "settled_on", "cents", "individual_id", "trace")
    entries = pl.DataFrame(took, schema=list(said), orient="row").with_columns(
        money, source=pl.lit("nacha"), kind=pl.lit("entry"), direction=pl.lit("debit"),
        company_id=pl.lit(COMPANY), sec=pl.lit("CCD"),
    )  # fmt: skip
    known = Known(_shaped(debits, DEBITS), read_contracts(CONTRACT))
    return known, _shaped(entries, ENTRIES)


def _shaped(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def _taken(work: Callable[[], object]) -> float:
    """Return the seconds of the quickest of three runs."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def section() -> str:
    """Measure, and return the section of the page."""
    content = nacha_file(ENTRIES_READ)
    reading = read(content)
    if reading is None or not reading.ok or reading.entries.height != ENTRIES_READ:
        raise RuntimeError("the file of the benchmark is not read as it was written")
    known, entries = pulls(MONTHS, ACCOUNTS)
    banked = settle(entries, empty(REMITTANCES), known)
    rows = [
        (f"a Nacha file of {ENTRIES_READ:,} entries, {len(content) / 1e6:.0f} MB, read and checked",
         _taken(lambda: read(content))),
        (f"{entries.height:,} pulls of {MONTHS} months x {ACCOUNTS:,} accounts matched",
         _taken(lambda: settle(entries, empty(REMITTANCES), known))),
        ("what is not in order with them", _taken(lambda: pull_events(known, banked))),
    ]  # fmt: skip
    table = "\n".join(f"| {what} | {seconds:.2f} s |" for what, seconds in rows)
    note = "In one process, the quickest of three runs; a tenth of the pulls are a cent off."
    return f"{TITLE}\n\n| work | time |\n| --- | --- |\n{table}\n\n{note}\n"


if __name__ == "__main__":
    print(section())
