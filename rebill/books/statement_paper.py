"""The paper of a payee's statement: PDF, page and CSV, with what is carried over and to pay now.

A statement that comes to less than nothing is not paid: it is carried over to the next ones until
they make good for it. Only final statements count as stated, for what is carried and for the year.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from invoices.customer.pdf_words import breakable
from invoices.customer.words import seen
from rebill.books.commission_words import METHODS, money, payer, period, value_words
from rebill.books.statements import COMMISSIONS, by_invoice, statement_rows, statements
from rebill.paper.page import render
from rebill.paper.text import strict_csv
from rebill.paper.typeset import Sheet, set_pdf
from rebill.reference import current
from rebill.store.record import Record
from rebill.workspace import write
from rebill.workspace.settings import ConfigError
from rebill.workspace.write import leave

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Account:
    """Where a payee stands with a statement, in dollars; each of the last three follows."""

    number: str
    carried: Decimal
    """What earlier statements left to make good for: zero or less."""
    earned: Decimal
    taken_back: Decimal
    """By credits and by charges below cost: zero or less."""
    late: Decimal
    """What changed of earlier months since their statements were final."""
    to_pay: Decimal
    forward: Decimal
    """What the next statement has to make good for: zero or less."""
    year: Decimal
    """What the statements of the calendar year come to, up to this one."""


def account(stated: pl.DataFrame, rows: pl.DataFrame, payee: str, month: str) -> Account:
    """Return a payee's account with the statement of a month.

    `stated` are all statements (month, payee, amount, status), `rows` those of this one.
    """
    own = stated.filter(payee=payee).filter(
        (pl.col("month") == month) | ((pl.col("status") == "final") & (pl.col("month") < month))
    )
    carried = NOTHING
    for amount in own.filter(pl.col("month") < month).sort("month")["amount"]:
        carried = min(NOTHING, carried + amount)
    on_time, positive = rows.filter(~pl.col("late")), pl.col("amount") > 0
    earned = _sum(on_time.filter(positive))
    taken_back = _sum(on_time.filter(~positive))
    after = _sum(rows.filter("late"))
    balance = carried + earned + taken_back + after
    of_month = stated.filter(month=month)["payee"].sort().to_list()
    return Account(
        f"C-{month}-{of_month.index(payee) + 1:03d}",
        carried,
        earned,
        taken_back,
        after,
        max(NOTHING, balance),
        min(NOTHING, balance),
        _sum(own.filter(pl.col("month") >= f"{month[:4]}-01")),
    )


def _sum(rows: pl.DataFrame) -> Decimal:
    total = rows["amount"].sum()
    return total if isinstance(total, Decimal) else NOTHING


def write_statement(record: Record, payee: str, month: str, out: Path | None) -> list[Path]:
    """Leave a payee's statement as PDF, page and CSV, and return where.

    Raises ConfigError where there is no such statement.
    """
    own = statements(record).filter(month=month, payee=payee)
    if own.is_empty():
        raise ConfigError(
            f"there is no statement of {month} for {payee};"
            " `rebill commissions build` makes them, `rebill commissions show` lists them"
        )
    if out is not None and out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file; name a folder for the statement")
    rows = statement_rows(record, [month]).filter(pl.col("payee") == payee).collect()
    folder = out or record.workspace.outbox / COMMISSIONS / month
    base = folder / write.safe_name(payee)
    told = account(statements(record), rows, payee, month)
    said = _said(record, own.row(0, named=True), rows, told)
    sheet = Sheet(f"statement of {payee}", breakable(said), kind="commission_statement")
    pdf = set_pdf(sheet)
    papers: dict[str, bytes | str] = {
        "pdf": pdf if isinstance(pdf, bytes) else b"".join(pdf),
        "html": render("statement.html.jinja", d=said),
        "csv": strict_csv(rows.drop("rule_row")),
    }
    paths = [base.with_name(f"{base.name}.{form}") for form in papers]
    for path, content in zip(paths, papers.values(), strict=True):
        leave(path, content)
    return paths


def payer_lacks(record: Record) -> str:
    """Return what a statement does not say of who pays, and where to fill it in; empty: nothing."""
    house = record.workspace.settings.house
    absent = [name for name in ("name", "address") if not getattr(house, name)]
    return f"{' and '.join(absent)} in [house] of rebill.toml" if absent else ""


def _said(record: Record, own: dict[str, Any], rows: pl.DataFrame, told: Account) -> dict[str, Any]:
    """Return what a statement says, in words for its templates."""
    settings = record.workspace.settings
    foot = by_invoice(record, rows)
    customers = current.current_frame(record.workspace, record.connection, "customers")
    names = dict(customers.select("customer", seen(pl.col("name"))).collect().iter_rows())
    detail = rows.sort(
        "late", "invoice_no", "deal", "method", "service", "line_id", nulls_last=True
    )
    return {
        **payer(record),
        **period(own["month"]),
        "payee": own["payee"],
        "payee_address": list(settings.commissions.addresses.get(own["payee"], ())),
        "number": told.number,
        "year": own["month"][:4],
        "status": own["status"],
        "total": money(own["amount"]),
        "account": [[words, money(amount)] for words, amount in _account_lines(told)],
        "to_pay": money(told.to_pay),
        "forward": money(told.forward) if told.forward else "",
        "year_to_date": money(told.year),
        "invoices": [
            {
                **{name: str(row[name] or "") for name in ("invoice_no", "bill_date")},
                "customer": names.get(row["customer"]) or row["customer"] or "",
                **{n: money(row[n]) for n in ("total", "commissionable", "commission")},
            }
            for row in foot.iter_rows(named=True)
        ],
        "rows": [
            {
                **{n: row[n] or "" for n in ("invoice_no", "service", "line_id")},
                "deal": f"{row['deal']}, {METHODS[row['method']]}",
                "late": row["late"],
                "basis": money(row["basis"]),
                "value": value_words(row["method"], row["value"]),
                "share": f"{row['share'].normalize():f} %",
                "amount": money(row["amount"]),
            }
            for row in detail.iter_rows(named=True)
        ],
    }


def _account_lines(told: Account) -> list[tuple[str, Decimal]]:
    """Return the lines that lead to what is to be paid now."""
    lines = [
        ("Carried over from before", told.carried),
        ("Earned", told.earned),
        ("Taken back (credits, charges below cost)", told.taken_back),
    ]
    return [*lines, *([("Late, of earlier months", told.late)] if told.late else [])]
