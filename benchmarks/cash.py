"""Cash at size: exposure over 36 months of 2,000 accounts, and a forecast of 10,000 scenarios.

`python -m benchmarks.cash [--accounts 2000] [--months 36] [--scenarios 10000] [--into PAGE]`
invents a record, takes each measurement in a process of its own, and prints the section of the
page; with `--into` it takes the place of that section there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from invoices.money import ZERO_CENTS
from invoices.periods import add_days, month_of
from invoices.schema import CENTS
from rebill import __version__, store
from rebill.cash.forecast.gather import gather
from rebill.cash.forecast.outlook import cases_of, outlook
from rebill.inquiry import export
from rebill.reference import current
from rebill.reference.load import load
from rebill.store import insert_frame, models, models_disputes, transaction
from rebill.store.record import Record, reading
from rebill.store.runs import start_run
from rebill.workspace.settings import init_workspace, open_workspace
from reconcile.pulls.debits import DEBITS, debits
from reconcile.window import deadlines

AS_OF = date(2026, 12, 31)
HEAD = "## Cash: "
REASONS = ("RATE", "DISC", "DUP", "USOC", "TAX")
CONTRACT = """
[[contract]]
id = "BIG-2020"
carrier = "BIG"
effective_from = 2020-01-01
accounts = ["*"]
[contract.security]
cost_of_capital = "0.12"
"""


def _cents(amount: pl.Expr) -> pl.Expr:
    return (amount.cast(pl.Int64).cast(pl.Decimal(38, 2)) / 100).cast(CENTS)


def documents(accounts: int, months: int) -> pl.DataFrame:
    """Return a bill a month of every account, the last ones in December."""
    number, back = pl.col("account"), pl.col("back")
    day = pl.date(2026 - back // 12, 12 - back % 12, 1 + number % 28)
    charged = _cents(50_000 + (number * 7919) % 400_000 + (number * 31 + back * 17) % 9_000)
    return (
        pl.select(account=pl.int_range(accounts))
        .join(pl.select(back=pl.int_range(months)), how="cross")
        .with_columns(bill_date=day, current_charges=charged)
        .filter(pl.col("bill_date") <= AS_OF)
        .select(
            document_id=pl.concat_str(pl.lit("d"), "account", pl.lit("-"), "back"),
            carrier=pl.lit("BIG"),
            ban=pl.concat_str(pl.lit("B"), number.cast(pl.String).str.zfill(6)),
            invoice_no=pl.concat_str(pl.lit("I"), "account", pl.lit("-"), "back"),
            bill_date="bill_date",
            due_date=add_days(pl.col("bill_date"), 30),
            previous_balance=ZERO_CENTS,
            current_charges="current_charges",
            total_due="current_charges",
            lines=pl.lit(10, pl.Int64),
            status=pl.lit("loaded"),
            source_file=pl.lit("big.csv"),
            received_on=add_days(pl.col("bill_date"), 3),
            contract=pl.lit("BIG-2020"),
            audited_load=pl.lit(1, pl.Int64),
        )
    )


def claims(bills: pl.DataFrame) -> pl.DataFrame:
    """Return a claim on every third bill: open for four months, then won, lost or too late."""
    n = pl.int_range(pl.len())
    every = bills.sort("bill_date", "ban").gather_every(3).with_columns(n=n)
    old = pl.col("bill_date") < date(2026, 9, 1)
    kind = pl.col("n") % 10
    status = (
        pl.when(kind == 0)
        .then(pl.lit("expired"))
        .when(~old)
        .then(pl.lit("submitted"))
        .when(kind < 4)
        .then(pl.lit("denied"))
        .otherwise(pl.lit("credited"))
    )
    share = _cents(pl.col("current_charges").cast(pl.Float64) * 5)
    return every.with_columns(status=status, amount=share).select(
        "document_id",
        "carrier",
        "ban",
        "bill_date",
        "status",
        "amount",
        claim_no=pl.concat_str(pl.lit("C"), "n"),
        reason=pl.lit(list(REASONS)).list.get(pl.col("n") % len(REASONS)),
        bill_month=month_of("bill_date"),
        findings=pl.lit(1, pl.Int64),
        filed_on=pl.when(status != "expired").then(add_days(pl.col("bill_date"), 20)),
        file_by=add_days(pl.col("bill_date"), 88),
        dispute_closes_on=add_days(pl.col("bill_date"), 90),
        answered_on=pl.when(old & (status != "expired")).then(add_days(pl.col("bill_date"), 80)),
        credited=pl.when(status == "credited").then("amount").otherwise(ZERO_CENTS),
        granted=pl.when(status == "credited")
        .then("amount")
        .when(status == "denied")
        .then(ZERO_CENTS),
        denied=pl.when(status == "denied").then("amount").otherwise(ZERO_CENTS),
        withdrawn=ZERO_CENTS,
        level=pl.lit(1, pl.Int64),
    )


def _events(disputes: pl.DataFrame) -> pl.DataFrame:
    what = {"credited": "credit", "denied": "deny"}
    known = disputes.filter(pl.col("status") != "expired")
    filed = known.select(
        "claim_no", at="filed_on", what=pl.lit("submit"), status=pl.lit("submitted")
    )
    ended = known.filter(pl.col("answered_on").is_not_null()).select(
        "claim_no",
        "status",
        "credited",
        "denied",
        at="answered_on",
        what=pl.col("status").replace_strict(what),
    )
    return pl.concat([filed, ended], how="diagonal").sort("at", "claim_no", "what")


def _invoices(customers: int, months: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return invoices of every customer and month, and payments of those due by autumn."""
    number, back = pl.col("customer_no"), pl.col("back")
    billed = pl.date(2026 - back // 12, 12 - back % 12, 15)
    bills = (
        pl.select(customer_no=pl.int_range(customers))
        .join(pl.select(back=pl.int_range(months)), how="cross")
        .select(
            invoice_no=pl.concat_str(pl.lit("A"), number, pl.lit("-"), back),
            customer=pl.concat_str(pl.lit("K"), number),
            bill_month=month_of(billed),
            bill_date=billed,
            due_date=add_days(billed, 30),
            total=_cents(100_000 + (number * 104_729) % 900_000),
            lines=pl.lit(20, pl.Int64),
            status=pl.lit("issued"),
            _late=(number * 13 + back * 7) % 25,
        )
    )
    paid = bills.filter(pl.col("due_date") < date(2026, 11, 20)).select(
        "customer",
        "invoice_no",
        payment=pl.concat_str(pl.lit("P"), "invoice_no"),
        paid_on=add_days(pl.col("due_date"), pl.col("_late") - 5),
        amount="total",
    )
    return bills.drop("_late"), paid


def build(place: Path, accounts: int, months: int) -> None:
    """Leave a record of so many accounts and months, customers and payments in `place`."""
    workspace = init_workspace(place)
    store.upgrade(workspace)
    bills, paid = _invoices(accounts // 4, months)
    tables = place / "reference"
    tables.mkdir()
    (tables / "contracts.toml").write_text(CONTRACT, encoding="utf-8")
    bills.select("customer").unique().write_csv(tables / "customers.csv")
    paid.write_csv(tables / "customer_payments.csv")
    result = load(workspace, [tables], given="2026-12-31")
    assert result.ok, result.errors[:3]
    papers = documents(accounts, months)
    disputes = claims(papers)
    events = _events(disputes)
    with transaction(workspace) as connection:
        known = current.contracts(connection)
        run = start_run(connection, "benchmark", AS_OF, __version__, None)
        rows = papers.with_columns(run_id=pl.lit(run, pl.Int64))
        insert_frame(connection, models.Document, rows)
        dated = deadlines(papers.with_columns(payments=ZERO_CENTS), known)
        insert_frame(connection, models.Debit, debits(dated, known).select(DEBITS.names()))
        insert_frame(connection, models.Claim, disputes.drop("document_id", "bill_date"))
        insert_frame(connection, models.ClaimEvent, events)
        kept = disputes.select(
            "claim_no",
            "document_id",
            "ban",
            "bill_date",
            "amount",
            finding_id=pl.col("claim_no"),
            code=pl.lit("rate_above_contract"),
        )
        insert_frame(connection, models_disputes.ClaimLine, kept)
        insert_frame(connection, models.CustomerInvoice, bills)
        connection.execute(
            sa.insert(models.Fact).values(name="night.as_of", value=AS_OF.isoformat())
        )


# --- measurements -----------------------------------------------------------------------------


def _table(record: Record, name: str) -> str:
    rows = export.table_frame(record, name, None, AS_OF).collect()
    return f"{rows.height:,} rows"


def _forecast(record: Record, scenarios: int) -> str:
    facts = gather(record, AS_OF, 180)
    told = outlook(facts, scenarios, 1, cases_of(5, 30))
    drawn = facts.receipts.amount.size + facts.disputes.amount.size
    return f"{told.daily.height} days, {drawn:,} invoices and claims drawn in each scenario"


def _jobs(scenarios: int) -> dict[str, tuple[str, Callable[[Record], str]]]:
    return {
        "exposure": ("`export exposure`", partial(_table, name="exposure")),
        "detail": ("`export exposure_detail`", partial(_table, name="exposure_detail")),
        "recovery": ("`export recovery`", partial(_table, name="recovery")),
        "commitments": ("`export security`", partial(_table, name="security")),
        "forecast": (
            f"`cash forecast`, {scenarios:,} scenarios",
            partial(_forecast, scenarios=scenarios),
        ),
    }


def take(place: Path, name: str, scenarios: int) -> None:
    """Take one measurement and print it as JSON."""
    workspace = open_workspace(place)
    start, cpu = time.perf_counter(), time.process_time()
    with reading(workspace) as record:
        what = _jobs(scenarios)[name][1](record)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, time.process_time() - cpu, peak, what]))


def section(place: Path, accounts: int, months: int, scenarios: int) -> str:
    """Return the section of the page: a row a measurement."""
    head = f"{HEAD}{months} months of {accounts:,} accounts"
    counts = f"{documents(accounts, months).height:,} bills, every third with a claim"
    told = [
        f"{head}\n\nWritten by `python -m benchmarks.cash`: {counts}, "
        f"{accounts // 4:,} customers with their payments, read from the record (SQLite). "
        f"{os.cpu_count()} cores, Python {platform.python_version()}; on a machine that does other "
        "work too, the CPU is the figure to read.\n",
        "|  | time | CPU | peak memory | result |\n| --- | --- | --- | --- | --- |",
    ]
    for name, (words, _) in _jobs(scenarios).items():
        command = [sys.executable, "-m", "benchmarks.cash", "--take", name, "--place", str(place)]
        command += ["--scenarios", str(scenarios)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, cpu, peak, what = json.loads(done.stdout)
        told.append(f"| {words} | {seconds:.2f} s | {cpu:.2f} s | {peak:,.0f} MiB | {what} |")
    return "\n".join(told) + "\n"


def measured(folder: Path, accounts: int = 2000, months: int = 36, scenarios: int = 10_000) -> str:
    """Invent a record below `folder`, measure, and return the section."""
    place = folder / "cash"
    build(place, accounts, months)
    return section(place, accounts, months, scenarios)


def put(page: Path, text: str, head: str = HEAD) -> None:
    """Let a section take its place on the page, or stand at its end."""
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    there = re.compile(rf"^{re.escape(head)}.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if there.search(before):
        after = there.sub(lambda _: f"{text.rstrip()}\n\n", before, count=1)
    else:
        after = f"{before.rstrip()}\n\n{text}"
    page.write_text(f"{after.rstrip()}\n", encoding="utf-8")


def main() -> None:
    """Invent the record, measure, and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cash", description=__doc__)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--scenarios", type=int, default=10_000)
    parser.add_argument("--into", type=Path, help="the page that holds the section")
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--take", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.take:
        take(given.place, given.take, given.scenarios)
        return
    with tempfile.TemporaryDirectory(dir=given.place) as folder:
        text = measured(Path(folder), given.accounts, given.months, given.scenarios)
    print(text)
    if given.into:
        put(given.into, text)


if __name__ == "__main__":
    main()
