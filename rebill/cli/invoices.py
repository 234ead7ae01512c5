"""The commands about invoices to customers: built, shown, issued, corrected."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.base import (
    HERE,
    NEEDS_A_PERSON,
    AsOf,
    Json,
    Month,
    Where,
    a_log,
    day_of,
    example,
    invoices,
    month_of,
    now,
    open_place,
    show_outcome,
)
from rebill.cli.night import work

On = Annotated[
    dt.date,
    typer.Option("--on", "--as-of", parser=day_of, metavar="DATE", help="The day it is done."),
]
Numbers = Annotated[list[str] | None, typer.Argument(metavar="INVOICE...")]
Customer = Annotated[
    str | None, typer.Option("--customer", metavar="CUSTOMER", help="Only this customer.")
]


@invoices.callback(invoke_without_command=True)
def invoices_step(
    context: typer.Context, as_of: AsOf = None, json: Json = False, workspace: Where = HERE
) -> None:
    """Invoices to customers; without a command: build them, and list them."""
    if context.invoked_subcommand is None:
        work("invoices", workspace, as_of)
        invoices_list(None, None, None, json, workspace)


@invoices.command("list", epilog=example("rebill invoices list --bill-month 2026-03"))
def invoices_list(
    bill_month: Month = None,
    customer: Customer = None,
    status: Annotated[
        str | None, typer.Option("--status", help="Only those in this state: draft, issued, void.")
    ] = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """List customer invoices and credit notes."""
    from rebill.paper.text import show
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        bills = record.customer_invoices()
    wanted = {
        "bill_month": month_of(bill_month) if bill_month else None,
        "customer": customer,
        "status": status,
    }
    show(bills.filter(**{k: v for k, v in wanted.items() if v}).drop("issued_load"), json)


@invoices.command("show", epilog=example("rebill invoices show ACME-2026-000001"))
def invoices_show(
    number: Annotated[str, typer.Argument(metavar="INVOICE")],
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Show an invoice: what it is, and every row that stands on it."""
    from rebill.paper.text import as_json, show
    from rebill.selling.issue import story
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        bill, lines = story(record, number)
    if json:
        print(f'{{"invoice": {as_json(bill)},')
        print(f'"lines": {as_json(lines)}}}')
        return
    for frame in (bill, lines):
        show(frame)


@invoices.command(
    "build", epilog=example("rebill invoices build", "rebill invoices build --bill-month 2026-03")
)
def invoices_build(
    bill_month: Month = None, as_of: AsOf = None, json: Json = False, workspace: Where = HERE
) -> None:
    """Price what is on record with the tables of the day, and build its draft invoices.

    All months that are not issued in full, or the one that is named. What is issued stays.
    """
    from rebill.night import batch
    from rebill.night.job import Job
    from rebill.run import plan
    from rebill.selling.issue import open_months
    from rebill.store.record import reading

    place = open_place(workspace)
    named = [month_of(bill_month)] if bill_month else None
    with reading(place) as record:
        day = as_of or record.last_as_of()
        months = open_months(record, named)
    job = Job("invoices build", plan.plan_prices(months), day)
    show_outcome(batch.run(place, job, a_log(), now), json)


@invoices.command(
    "issue",
    epilog=example(
        "rebill invoices issue ACME-2026-000001 --on 2026-03-16",
        "rebill invoices issue --bill-month 2026-03 --on 2026-03-16",
    ),
)
def invoices_issue(
    on: On,
    numbers: Numbers = None,
    bill_month: Month = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Issue drafts: those named, or all of a bill month. What is issued never changes.

    Drafts that cannot be issued stay drafts and are listed with the reason: exit 1.
    """
    from rebill.paper.text import note, show
    from rebill.selling import issue as issuing

    if not numbers and bill_month is None:
        raise typer.BadParameter("name the invoices, or a month with --bill-month")
    month = month_of(bill_month) if bill_month else None
    issued, waiting = issuing.issue(open_place(workspace), numbers or [], on, now, month)
    show(issued.select(*issuing.SHOWN), json)
    for number, hold in waiting.select("invoice_no", "hold").iter_rows():
        note(f"{number} stays a draft: {hold}")
    if waiting.height:
        raise typer.Exit(NEEDS_A_PERSON)


@invoices.command(
    "void", epilog=example('rebill invoices void ACME-2026-000001 --on 2026-03-20 --note "wrong"')
)
def invoices_void(
    on: On,
    numbers: Annotated[list[str], typer.Argument(metavar="INVOICE...")],
    why: Annotated[str, typer.Option("--note", help="Why, for the record.")] = "voided",
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Take invoices back: a draft becomes void, an issued one gets a credit note over all of it.

    An issued invoice itself never changes. What stood on it is due again with the next build.
    """
    from rebill.paper.text import show
    from rebill.selling import issue as issuing

    show(issuing.void(open_place(workspace), numbers, on, why, now).select(*issuing.SHOWN), json)


@invoices.command(
    "rerate",
    epilog=example(
        "rebill invoices rerate --bill-month 2026-03 --on 2026-05-02",
        "rebill invoices rerate --bill-month 2026-03 --on 2026-05-02 --issue",
    ),
)
def invoices_rerate(
    on: On,
    bill_month: Annotated[
        str, typer.Option("--bill-month", metavar="YYYY-MM", help="The month to price again.")
    ],
    customer: Customer = None,
    issue: Annotated[
        bool, typer.Option("--issue", help="Issue credit notes and new invoices.")
    ] = False,
    why: Annotated[str, typer.Option("--note", help="Why, for the record.")] = "priced again",
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Show what pricing an issued month again changes, line by line; with --issue, correct it.

    Corrected is the whole invoice: a credit note over all of it and a new one, which refer to each
    other. Without --issue nothing is changed.
    """
    from rebill.paper.text import as_json, note, show
    from rebill.selling import issue as issuing
    from rebill.selling import rerate

    place, month = open_place(workspace), month_of(bill_month)
    done = rerate.rerate(place, month, customer, on, now, issue=issue, note=why)
    issued = done.issued.select(*issuing.SHOWN)
    if json:
        print(f'{{"differences": {as_json(done.differences)},')
        print(f'"issued": {as_json(issued)}}}')
        return
    show(done.differences)
    show(issued)
    total = done.differences["difference"].sum()
    words = "corrected" if issue else "nothing is issued; --issue corrects them"
    note(f"{done.differences.height} line(s) differ by {total} in all: {words}")


@invoices.command(
    "tax-request", epilog=example("rebill invoices tax-request --bill-month 2026-03 -o request.csv")
)
def invoices_tax_request(
    bill_month: Month = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to.")
    ] = None,
    workspace: Where = HERE,
) -> None:
    """Write what drafts ask an outside tax engine: customers whose tax_source is `file`."""
    from rebill.paper.text import as_text
    from rebill.selling.made_lines import tax_requests
    from rebill.store.record import reading

    months = [month_of(bill_month)] if bill_month else None
    with reading(open_place(workspace)) as record:
        text = as_text(tax_requests(record, months)).write_csv()
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")


@invoices.command("tax-result", epilog=example("rebill invoices tax-result result.csv"))
def invoices_tax_result(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Take the result of an outside tax engine in, whole or not at all, and build the drafts."""
    from rebill.night import batch
    from rebill.night.job import Job
    from rebill.run import plan
    from rebill.selling.made_lines import take_tax_result
    from rebill.store.record import reading

    place = open_place(workspace)
    months = take_tax_result(place, file)
    with reading(place) as record:
        day = as_of or record.last_as_of()
    job = Job("invoices tax-result", plan.plan_prices(months), day)
    show_outcome(batch.run(place, job, a_log(), now), json)
