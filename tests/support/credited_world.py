"""A world in which all that taxes changes in April: what March charged, credited month by month."""

from __future__ import annotations

import datetime as dt
import shutil
from decimal import Decimal as D
from pathlib import Path

import nights
import polars as pl
from nights import copied, loaded, make, night, now, put, table
from reference_files import write

from rebill.run.acts import Act
from rebill.selling import issue
from rebill.workspace.settings import Workspace

CUSTOMERS = "customer name bill_day cost_basis federal_usf tax_source"
WTN = {
    name: f"614555000{n}"
    for n, name in enumerate(["RATE", "CERT", "FREE", "MOVE", "USF", "QUIT", "HOME"])
}
COLUMNS = (
    "record,carrier,ban,invoice_no,bill_date,current_charges,total_due,line_no,charge_class,usoc,"
    "quantity,amount,wtn,service_from,service_until"
)


def world(root: Path) -> None:
    """Make a workspace with a service for each customer."""
    workspace = make(root)
    services = "\n".join(f"S{name} ILEC 305R010001 {wtn} OH {name} -" for name, wtn in WTN.items())
    people = "\n".join(
        f"{name} {name} 5 billed {'charge' if name == 'USF' else 'pass_through'} table"
        for name in WTN
    )
    tables(
        workspace,
        contracts=nights.CONTRACT,
        usocs="carrier usoc kind\nILEC 1FB recurring",
        markups="method value\npercent 0",
        customers=f"{CUSTOMERS}\n{people}",
        services=f"service carrier ban wtn state customer installed_on\n{services}",
        tax_rates="""
        jurisdiction tax   rate effective_from effective_until
        OH           sales 0.10 2024-01-01     2026-04-01
        OH           sales 0.20 2026-04-01     -
        KY           sales 0.06 2024-01-01     -
        """,
        tax_exemptions="""
        customer certificate effective_from effective_until
        CERT     X1          2026-04-01     -
        FREE     X2          2024-01-01     2026-04-01
        """,
        tax_jurisdictions="""
        customer jurisdiction effective_from effective_until
        MOVE     OH           2024-01-01     2026-04-01
        MOVE     KY           2026-04-01     -
        """,
        contribution_factors="""
        factor effective_from effective_until
        0.376  2026-01-01     2026-04-01
        0.37   2026-04-01     -
        """,
        interstate_shares="usoc share\n1FB 0.5",
    )


def tables(workspace: Workspace, **texts: str) -> None:
    """Load reference tables."""
    folder = workspace.root / "more"
    shutil.rmtree(folder, ignore_errors=True)
    loaded(workspace, write(folder, **texts))


def paper(month: int, *amounts: str, names: tuple[str, ...] = tuple(WTN)) -> str:
    """Return a bill with these amounts for each service: a charge of March, or credits of it."""
    return mixed(month, [(WTN[name], amount) for name in names for amount in amounts])


def mixed(month: int, amounts: list[tuple[str, str]]) -> str:
    """Return a bill with these amounts for services by their numbers."""
    key, rows = f"ILEC,305R010001,I{month}", []
    for wtn, amount in amounts:
        kind, units = ("recurring", 1) if D(amount) > 0 else ("adjustment", -1)
        what = f"{len(rows) + 1},{kind},1FB,{units},{amount},{wtn}"
        rows.append(f"line,{key},,,,{what},2026-03-05,2026-04-05")
    total = sum((D(amount) for _, amount in amounts), D("0.00"))
    head = f"document,{key},2026-0{month}-05,{total},{total}" + "," * 8
    return "\n".join([COLUMNS, head, *rows]) + "\n"


def billed(workspace: Workspace, month: int, *amounts: str, issued: bool = True) -> None:
    """Take the bill of a month in, and issue the invoices it makes."""
    put(workspace, [(f"b{month}.csv", paper(month, *amounts))])
    night(workspace, f"2026-0{month}-10")
    if issued:
        let_go(workspace, f"2026-0{month}", dt.date(2026, month, 11))
        issue.issue(workspace, [], dt.date(2026, month, 11), now, f"2026-0{month}")


def let_go(workspace: Workspace, month: str, on: dt.date) -> None:
    """Release invoices of credits alone: their totals are negative, and are meant to be."""
    bills = table(workspace, "customer_invoices").filter(bill_month=month, status="draft")
    held = bills.filter(pl.col("hold").is_not_null())["invoice_no"].to_list()
    if held:
        issue.release(workspace, held, Act("bea", on, "credits are owed"), now)


def totals(workspace: Workspace) -> dict[str, list[str]]:
    """Return the totals of each customer's invoices by month."""
    bills = table(workspace, "customer_invoices").filter(pl.col("status") != "void")
    sums = (
        bills.with_columns(pl.col("total").cast(pl.Decimal(18, 2)))
        .group_by("customer", "bill_month")
        .agg(pl.col("total").sum())
        .sort("bill_month")
        .group_by("customer", maintain_order=True)
        .agg(pl.col("total").cast(pl.String))
    )
    return dict(sums.iter_rows())


def march_issued(root: Path) -> None:
    """Make a world whose March was issued, 100.00 for each service."""
    billed(copied(root, world), 3, "100.00")


def april_issued(root: Path) -> None:
    """Make one whose April was issued too: two thirds are credited."""
    workspace = copied(root, march_issued)
    people = f"{CUSTOMERS}\nQUIT QUIT 5 billed pass_through none"
    tables(workspace, customers=people)
    billed(workspace, 4, "-33.33", "-33.33")
