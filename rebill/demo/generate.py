"""Write an invented world to a folder: reference tables, carrier invoices by month, the truth.

reference/   contracts.toml and a CSV a reference table, for `rebill load`
months/      a folder a bill month with the carrier's files, for the inbox
truth.csv    every finding the errors should lead to, to the cent
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from invoices.money import from_cents
from rebill.demo import errors, offer
from rebill.demo.bills import World, clean_lines, printed, with_dates, world
from rebill.demo.customers import customers, markups
from rebill.demo.offer import CARRIER
from rebill.demo.world import Settings, service_elements, text

_NOTHING = pl.lit(0, pl.Int64)


@dataclass(frozen=True)
class Made:
    """What was written: how many lines over how much money, and the nights to run."""

    directory: Path
    services: int
    lines: int
    billed: str
    planted: int
    nights: tuple[tuple[Path, dt.date], ...]
    """For each bill month the folder of its files and the day of the night that takes them in."""


@dataclass(frozen=True)
class Papers:
    """The accounts whose documents are wrong as documents this month (None: none)."""

    held: int | None
    missing: int | None
    unbalanced: int | None
    conflict: int | None
    unreadable: int | None
    stranger: bool

    @property
    def quiet(self) -> list[int]:
        """The accounts whose lines take no part in anything else."""
        return [account for account in (self.held, self.missing) if account is not None]


def papers(known: World, month: int) -> Papers:
    """Say which documents go wrong in a month: each kind once in the story."""
    if not known.settings.errors_per_million:
        return Papers(None, None, None, None, None, False)
    last, second = known.settings.months - 1, min(1, known.settings.months - 1)
    access = known.accounts.filter(pl.col("contract") == offer.ACCESS).get_column("account")[0]
    return Papers(
        held=1 if month == second else None,
        missing=access + 2 if month == second and second > 0 else None,
        unbalanced=2 if month == last and last > 0 else None,
        conflict=access if month == second else None,
        unreadable=0 if month == 0 else None,
        stranger=month == last,
    )


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
    known = world(settings)
    balances = known.accounts.select("account", total=_NOTHING, pulled=_NOTHING)
    later: pl.DataFrame | None = None
    orders, truths, nights = [], [], []
    count = billed = 0
    for month in range(months):
        wrong = papers(known, month)
        silent = sorted({*wrong.quiet, *papers(known, month + 1).quiet})
        made = errors.plant(clean_lines(known, month), known, month, silent)
        lines = [made.lines]
        if later is not None:
            lines.append(errors.again(later, known, month).select(made.lines.columns))
        if wrong.stranger:
            lines.append(errors.stranger(made.lines, known).select(made.lines.columns))
        later = made.later
        numbered = _numbered(pl.concat(lines))
        documents, balances = _documents(numbered, known, month, balances, wrong)
        folder = directory / "months" / settings.month(month).strftime("%Y-%m")
        sent = pl.col("account") != (-1 if wrong.missing is None else wrong.missing)
        rows = _rows(documents.filter(sent), numbered.filter(sent), known)
        _write_month(folder, rows, wrong, file_per_account)
        heard = ~pl.col("account").is_in(wrong.quiet)
        dropped = _numbered(made.dropped).with_columns(line_no=pl.lit(None, pl.UInt32))
        truths += [errors.truth(numbered.filter(heard)), errors.truth(dropped)]
        truths.append(_document_truth(documents, wrong, month))
        orders.append(made.orders)
        nights.append((folder, settings.month(month + 1) - dt.timedelta(days=1)))
        count += len(numbered)
        billed += int(numbered.get_column("amount").sum())
    _write_reference(directory / "reference", known, pl.concat(orders))
    truth = pl.concat(truths).sort("bill_month", "ban", "line_no", "code", "usoc", "service")
    truth.write_csv(directory / "truth.csv")
    money = f"{billed // 100}.{billed % 100:02d}"
    return Made(directory, services, count, money, len(truth), tuple(nights))


def bench_lines(
    directory: Path, lines_target: int, *, months: int = 3, seed: int = 1, error_rate: float = 0.1
) -> Made:
    """Write a world of about `lines_target` carrier lines, one file a bill month."""
    # A service has 6.36 lines a month.
    services = max(100, lines_target * 100 // (636 * months))
    return generate(directory, services, months, seed, error_rate, file_per_account=False)


def invoice_number() -> pl.Expr:
    """Return the account and the month of a document as its number."""
    return text(pl.col("ban"), "-", pl.col("bill").dt.strftime("%Y%m"))


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    """Add invoice and line numbers, counted in each document in order of service and position."""
    lines = lines.sort("account", "n", "position")
    return lines.with_columns(
        line_no=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("account"),
        invoice_no=invoice_number(),
    )


def _documents(
    lines: pl.DataFrame, known: World, month: int, balances: pl.DataFrame, wrong: Papers
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the month's documents (in cents) and the balances they leave.

    The carrier pulls each bill before the next one, so that its payments are what was pulled.
    """

    def only(account: int | None, value: int) -> pl.Expr:
        return (
            pl.when(pl.col("account") == (-1 if account is None else account))
            .then(pl.lit(value, pl.Int64))
            .otherwise(_NOTHING)
        )

    sums = lines.group_by("account").agg(pl.col("amount").sum())
    stranger = len(known.accounts) - 1
    bills = (
        with_dates(known.accounts, known, month)
        .filter((pl.col("account") != stranger) | wrong.stranger)
        .join(sums, on="account", how="left")
        .join(balances, on="account", how="left")
        .sort("account")
        .with_columns(pl.col("total", "pulled", "amount").fill_null(0))
        .with_columns(
            previous_balance="total",
            payments=-pl.col("pulled") + only(wrong.unbalanced, 5000),
            # An allowance on the old balance, which no line explains.
            adjustments=only(3 if month else None, -2500),
            current_charges=pl.col("amount") + only(wrong.held, 1000),
            invoice_no=invoice_number(),
        )
        .with_columns(
            total=pl.sum_horizontal(
                "previous_balance", "payments", "adjustments", "current_charges"
            )
        )
    )
    shown = pl.min_horizontal("previous_balance", "pulled") + pl.col("payments")
    pulled = pl.col("total") - pl.max_horizontal(shown, _NOTHING)
    left = bills.select("account", "total", pulled=pl.max_horizontal(pulled, _NOTHING))
    return bills, left


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


def _write_month(folder: Path, rows: pl.DataFrame, wrong: Papers, file_per_account: bool) -> None:
    """Write the month's documents: a file an account, or one for all, and what else came."""
    folder.mkdir(parents=True, exist_ok=True)
    month = folder.name
    if file_per_account:
        for (_, ban), part in rows.partition_by("account", "ban", as_dict=True).items():
            part.drop("account").write_csv(folder / f"{ban}_{month}.csv")
    else:
        rows.drop("account").write_csv(folder / f"harbor_{month}.csv")
    if wrong.conflict is not None:
        again = _corrected(rows.filter(pl.col("account") == wrong.conflict))
        name = again.get_column("ban")[0] if file_per_account else "harbor"
        again.drop("account").write_csv(folder / f"{name}_{month}_resent.csv")
    if wrong.unreadable is not None:
        document = rows.filter(pl.col("account") == wrong.unreadable).row(0, named=True)
        name = document["ban"] if file_per_account else "harbor"
        with (folder / f"{name}_{month}.csv").open("a", encoding="utf-8") as file:
            file.write(_unreadable_line(document) + "\n")
        notice = "Harbor Lakes Telephone: our offices move to Lake Street in June.\n"
        (folder / "notice.txt").write_text(notice, encoding="utf-8")


def _unreadable_line(document: dict[str, Any]) -> str:
    """Return a row of the document whose amount is no number; it costs nothing."""
    cells = dict.fromkeys((name for name in document if name != "account"), "")
    cells |= {name: str(document[name]) for name in ("carrier", "ban", "invoice_no", "bill_date")}
    cells |= {"record": "line", "charge_class": "recurring", "usoc": "KSTA7", "amount": "n/a"}
    return ",".join(cells.values())


def _corrected(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a document as the carrier sends it once more, with an adjustment one dollar higher."""
    dollar = from_cents(pl.lit(100, pl.Int128))
    header = pl.col("record") == "document"
    return rows.with_columns(
        pl.when(header).then(pl.col(name) + dollar).otherwise(name).alias(name)
        for name in ("adjustments", "total_due")
    )


def _document_truth(documents: pl.DataFrame, wrong: Papers, month: int) -> pl.DataFrame:
    """Return the truth about documents and files, which have no line and nothing at stake."""
    cases = [
        (wrong.held, "document_does_not_foot", "printed totals are 10.00 above the lines"),
        (wrong.missing, "document_missing", "the account sent no bill"),
        (wrong.unbalanced, "balance_breaks", "50.00 of what was pulled is not shown as paid"),
        (wrong.conflict, "document_conflicts", "sent again with another adjustment"),
        (wrong.unreadable, "line_unreadable", "an amount that is no number"),
    ]
    rows = [
        {"account": account, "code": code, "note": note}
        for account, code, note in cases
        if account is not None
    ]
    kinds = {"account": pl.Int64, "code": pl.String, "note": pl.String}
    found = pl.DataFrame(rows, schema=kinds).join(documents, on="account")
    result = found.select(
        pl.col("bill").dt.strftime("%Y-%m").alias("bill_month"),
        "ban",
        pl.when(pl.col("code") != "document_missing").then("invoice_no").alias("invoice_no"),
        *(pl.lit(None, errors.TRUTH[name]).alias(name) for name in ("line_no", "service", "usoc")),
        "code",
        pl.lit(None, pl.String).alias("cause"),
        pl.lit(0).cast(errors.TRUTH["amount_at_stake"]).alias("amount_at_stake"),
        "note",
    )
    if wrong.unreadable is None:
        return result
    notice = {
        "code": "document_unreadable",
        "note": "a letter, not an invoice",
    }
    letter = pl.DataFrame([notice], schema=errors.TRUTH).with_columns(
        amount_at_stake=pl.lit(0).cast(errors.TRUTH["amount_at_stake"])
    )
    return pl.concat([result, letter])


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
