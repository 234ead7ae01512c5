"""Write an invented world to a folder: reference tables, carrier invoices by month, the truth.

reference/   contracts.toml and a CSV a reference table, for `rebill load`
months/      a folder a bill month with the carrier's files, for the inbox
truth.csv    every finding the errors should lead to, to the cent
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from invoices.money import from_cents
from rebill.demo import errors, offer
from rebill.demo.bills import World, clean_lines, printed, world
from rebill.demo.customers import customers, markups
from rebill.demo.headers import (
    NOTHING,
    Faulty,
    corrected,
    faulty,
    headers,
    invoice_number,
    unreadable_line,
)
from rebill.demo.offer import CARRIER
from rebill.demo.truth import document_truth, line_truth
from rebill.demo.world import Settings, service_elements


@dataclass(frozen=True)
class Made:
    """What was written: how many lines, how many errors on them, and the nights to run."""

    directory: Path
    lines: int
    planted: int
    nights: tuple[tuple[Path, dt.date], ...]
    """For each bill month the folder of its files and the day of the night that takes them in."""


def generate(
    directory: Path,
    services: int = 400,
    months: int = 3,
    seed: int = 1,
    error_rate: float = 0.1,
    *,
    file_per_account: bool = True,
) -> Made:
    """Write a world of so many services and bill months below `directory`.

    About `error_rate` of the lines are wrong; with 0 nothing is. The same arguments write the same
    bytes. Existing files of the same names are overwritten.
    """
    settings = Settings(services, months, seed, round(error_rate * 10**6))
    return write_world(directory, settings, file_per_account=file_per_account)


def write_world(directory: Path, settings: Settings, *, file_per_account: bool = True) -> Made:
    """Write the world of these settings below `directory`."""
    known = world(settings)
    balances = known.accounts.select("account", total=NOTHING, pulled=NOTHING)
    later: pl.DataFrame | None = None
    orders, truths, nights = [], [], []
    count = 0
    for month in range(settings.months):
        wrong = faulty(known, month)
        made, numbered = _billed(known, month, wrong, later)
        later = made.later
        documents, balances = headers(numbered, known, month, balances, wrong)
        folder = directory / "months" / settings.month(month).strftime("%Y-%m")
        sent = pl.col("account") != (-1 if wrong.missing is None else wrong.missing)
        rows = _rows(documents.filter(sent), numbered.filter(sent), known)
        _write_month(folder, rows, wrong, file_per_account)
        heard = ~pl.col("account").is_in(wrong.quiet)
        dropped = _numbered(made.dropped).with_columns(line_no=pl.lit(None, pl.UInt32))
        truths += [line_truth(numbered.filter(heard)), line_truth(dropped)]
        truths.append(document_truth(documents, wrong))
        orders.append(made.orders)
        nights.append((folder, settings.month(month + 1) - dt.timedelta(days=1)))
        count += len(numbered)
    _write_reference(directory / "reference", known, pl.concat(orders))
    truth = pl.concat(truths).sort("bill_month", "ban", "line_no", "code", "usoc", "service")
    truth.write_csv(directory / "truth.csv")
    return Made(directory, count, len(truth), tuple(nights))


def bench_lines(
    directory: Path, lines_target: int, *, months: int = 3, seed: int = 1, error_rate: float = 0.1
) -> Made:
    """Write a world of about `lines_target` carrier lines, one file a bill month."""
    # A service has 6.36 lines a month.
    services = max(100, lines_target * 100 // (636 * months))
    return generate(directory, services, months, seed, error_rate, file_per_account=False)


def _billed(
    known: World, month: int, wrong: Faulty, later: pl.DataFrame | None
) -> tuple[errors.Planted, pl.DataFrame]:
    """Return the month's lines with their errors, and all lines that are billed, numbered.

    `later`: last month's lines that come a second time now.
    """
    silent = sorted({*wrong.quiet, *faulty(known, month + 1).quiet})
    made = errors.plant(clean_lines(known, month), known, month, silent)
    lines = [made.lines]
    if later is not None:
        lines.append(errors.again(later, known, month).select(made.lines.columns))
    if wrong.stranger:
        lines.append(errors.stranger(made.lines, known).select(made.lines.columns))
    return made, _numbered(pl.concat(lines))


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    """Add invoice and line numbers, counted in each document in order of service and position."""
    lines = lines.sort("account", "n", "position")
    return lines.with_columns(
        line_no=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("account"),
        invoice_no=invoice_number(),
    )


def _rows(documents: pl.DataFrame, lines: pl.DataFrame, known: World) -> pl.DataFrame:
    """Return the month as `usoc-lines` prints it, each document before its lines."""
    money = {
        name: from_cents(pl.col("total" if name == "total_due" else name).cast(pl.Int128))
        for name in (
            *("previous_balance", "payments", "adjustments"),
            *("current_charges", "total_due"),
        )
    }
    headers = documents.select(
        "account",
        record=pl.lit("document"),
        carrier=pl.lit(CARRIER),
        ban="ban",
        invoice_no="invoice_no",
        bill_date="bill",
        due_date=pl.col("bill") + pl.duration(days=offer.TERMS_DAYS),
        **money,
    )
    rows = pl.concat([headers, printed(lines, known)], how="diagonal")
    return rows.sort("account", "record", "line_no")


def _write_month(folder: Path, rows: pl.DataFrame, wrong: Faulty, file_per_account: bool) -> None:
    """Write the month's documents: a file an account, or one for all, and what else came."""
    folder.mkdir(parents=True, exist_ok=True)
    month = folder.name
    if file_per_account:
        for (_, ban), part in rows.partition_by("account", "ban", as_dict=True).items():
            part.drop("account").write_csv(folder / f"{ban}_{month}.csv")
    else:
        rows.drop("account").write_csv(folder / f"harbor_{month}.csv")
    if wrong.conflict is not None:
        again = corrected(rows.filter(pl.col("account") == wrong.conflict))
        name = again.get_column("ban")[0] if file_per_account else "harbor"
        again.drop("account").write_csv(folder / f"{name}_{month}_resent.csv")
    if wrong.unreadable is not None:
        document = rows.filter(pl.col("account") == wrong.unreadable).row(0, named=True)
        name = document["ban"] if file_per_account else "harbor"
        with (folder / f"{name}_{month}.csv").open("a", encoding="utf-8") as file:
            file.write(unreadable_line(document) + "\n")
        notice = "Harbor Lakes Telephone: our offices move to Lake Street in June.\n"
        (folder / "notice.txt").write_text(notice, encoding="utf-8")


def _write_reference(folder: Path, known: World, waived: pl.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    settings, services = known.settings, known.services
    orders = pl.concat([known.orders.select(waived.columns), waived]).sort("order_no")
    tables = {
        "usocs": offer.usocs(),
        "packages": offer.packages(),
        "usoc_rules": offer.usoc_rules(),
        "buy_rates": offer.buy_rates(settings.rate_change_on, services),
        "services": services.select(
            *("service", pl.lit(CARRIER).alias("carrier"), "ban", "wtn", "circuit_id", "state"),
            *("zone", pl.col("term").alias("term_months"), "package", "product", "customer"),
            *("installed_on", "disconnected_on"),
        ),
        "service_elements": service_elements(services),
        "orders": orders,
        "customers": customers(settings),
        "markups": markups(settings, services),
        "retail_rates": offer.retail_rates(),
    }
    for name, table in tables.items():
        table.write_csv(folder / f"{name}.csv")
    (folder / "contracts.toml").write_text(offer.CONTRACTS_TOML, encoding="utf-8")
