"""The commands about invoices to customers: built, shown, issued, corrected, written as papers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import NEEDS_A_PERSON, carry_out, example, invoices, now, put, show_outcome
from rebill.cli.options import (
    HERE,
    Acting,
    Decided,
    Given,
    Keeping,
    Month,
    Where,
    day_from,
    month_from,
    open_place,
)

if TYPE_CHECKING:
    from rebill.workspace.settings import Workspace

On = Annotated[
    dt.date,
    typer.Option("--on", "--as-of", parser=day_from, metavar="DATE", help="The day it is done."),
]
Numbers = Annotated[list[str] | None, typer.Argument(metavar="INVOICE...")]
Customer = Annotated[
    str | None, typer.Option("--customer", metavar="CUSTOMER", help="Only this customer.")
]


def _tell_lacking(place: Workspace) -> bool:
    """Say which papers a command could not leave; return whether there are any."""
    from rebill.outbox.lacking import lacking, words
    from rebill.paper.text import note
    from rebill.store.record import reading

    with reading(place) as record:
        rows = lacking(record).to_dicts()
    for row in rows:
        note(words(row))
    return bool(rows)


@invoices.callback(invoke_without_command=True)
def invoices_step(context: typer.Context, given: Keeping) -> None:
    """Invoices to customers; without a command: build them, and list them."""
    if context.invoked_subcommand is None:
        from rebill.cli.night import bring_up_to_date

        bring_up_to_date("invoices", given)
        invoices_list(given=given)


@invoices.command("list", epilog=example("rebill invoices list --bill-month 2026-03"))
def invoices_list(
    *,
    bill_month: Month = None,
    customer: Customer = None,
    status: Annotated[
        str | None, typer.Option("--status", help="Only those in this state: draft, issued, void.")
    ] = None,
    given: Given,
) -> None:
    """List customer invoices and credit notes."""
    with given.reading() as record:
        bills = record.customer_invoices()
    wanted = {"bill_month": bill_month, "customer": customer, "status": status}
    given.show(
        bills.filter(**{k: v for k, v in wanted.items() if v}).drop("issued_load", "lacking")
    )


@invoices.command("show", epilog=example("rebill invoices show ACME-2026-000001"))
def invoices_show(number: Annotated[str, typer.Argument(metavar="INVOICE")], given: Given) -> None:
    """Show an invoice: what it is, and every row that stands on it."""
    from rebill.selling.issue import story

    with given.reading() as record:
        bill, lines = story(record, number)
    given.show_parts({"invoice": bill, "lines": lines})


@invoices.command(
    "build", epilog=example("rebill invoices build", "rebill invoices build --bill-month 2026-03")
)
def invoices_build(*, bill_month: Month = None, given: Keeping) -> None:
    """Price what is on record with the tables of the day, and build its draft invoices.

    All months that are not issued in full, or the one that is named. What is issued stays.
    """
    from rebill.selling.issue import open_months

    with given.reading() as record:
        months = open_months(record, [bill_month] if bill_month else None)
    _price("invoices build", months, given)


@invoices.command(
    "issue",
    epilog=example(
        "rebill invoices issue ACME-2026-000001 --on 2026-03-16",
        "rebill invoices issue --bill-month 2026-03 --on 2026-03-16",
    ),
)
def invoices_issue(
    on: On,
    *,
    numbers: Numbers = None,
    bill_month: Month = None,
    given: Acting,
) -> None:
    """Issue drafts: those named, or all of a bill month. What is issued never changes.

    Drafts that cannot be issued stay drafts and are listed with the reason: exit 1.
    """
    from rebill.paper.text import note
    from rebill.selling import issue as issuing

    if not numbers and bill_month is None:
        raise typer.BadParameter("name the invoices, or a month with --bill-month")
    given.sure(on)
    place = given.place()
    issued, waiting = issuing.issue(place, numbers or [], on, now, bill_month)
    given.show(issued.select(*issuing.SHOWN))
    for number, hold in waiting.select("invoice_no", "hold").iter_rows():
        note(f"{number} stays a draft: {hold}")
    if _tell_lacking(place) or waiting.height:
        raise typer.Exit(NEEDS_A_PERSON)


@invoices.command(
    "release",
    epilog=example(
        'rebill invoices release ACME-2026-000001 --who bea --reason "the new site, as agreed"'
    ),
)
def invoices_release(
    numbers: Annotated[list[str], typer.Argument(metavar="INVOICE...")], decided: Decided
) -> None:
    """Let held drafts be issued as they are: who, when and why stay on record.

    It holds for what guards said of a draft, its number included: built again with another number
    the draft is held again. What its taxes lack, and lines of another class than their code, are
    not released so: such a draft stays held: exit 1.
    """
    from rebill.cli.decisions import act_of
    from rebill.paper.text import note
    from rebill.selling import issue as issuing

    place = decided.place()
    drafts = issuing.release(place, numbers, act_of(decided, reckons=False), now)
    decided.show(drafts.select(*issuing.SHOWN))
    held = drafts.filter(drafts["hold"].is_not_null())
    for number, hold in held.select("invoice_no", "hold").iter_rows():
        note(f"{number} is still held: {hold}")
    if _tell_lacking(place) or held.height:
        raise typer.Exit(NEEDS_A_PERSON)


@invoices.command(
    "void", epilog=example('rebill invoices void ACME-2026-000001 --on 2026-03-20 --note "wrong"')
)
def invoices_void(
    on: On,
    numbers: Annotated[list[str], typer.Argument(metavar="INVOICE...")],
    *,
    why: Annotated[str, typer.Option("--note", help="Why, for the record.")] = "voided",
    given: Acting,
) -> None:
    """Take invoices back: a draft becomes void, an issued one gets a credit note over all of it.

    An issued invoice itself never changes. What stood on it is due again with the next build.
    """
    from rebill.selling import issue as issuing

    given.sure(on)
    place = given.place()
    given.show(issuing.void(place, numbers, on, why, now).select(*issuing.SHOWN))
    if _tell_lacking(place):
        raise typer.Exit(NEEDS_A_PERSON)


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
        str,
        typer.Option(
            "--bill-month",
            parser=month_from,
            metavar="YYYY-MM",
            help="The month to price again.",
        ),
    ],
    *,
    customer: Customer = None,
    issue: Annotated[
        bool, typer.Option("--issue", help="Issue credit notes and new invoices.")
    ] = False,
    why: Annotated[str, typer.Option("--note", help="Why, for the record.")] = "priced again",
    given: Acting,
) -> None:
    """Show what pricing an issued month again changes, line by line; with --issue, correct it.

    Corrected is the whole invoice: a credit note over all of it and a new one, which refer to each
    other. Without --issue nothing is changed.
    """
    from rebill.paper.text import note
    from rebill.selling import issue as issuing
    from rebill.selling import rerate

    if issue:
        given.sure(on)
    place = given.place()
    done = rerate.rerate(place, bill_month, customer, on, now, issue=issue, note=why)
    issued = done.issued.select(*issuing.SHOWN)
    given.show_parts({"differences": done.differences, "issued": issued})
    total = done.differences["difference"].sum()
    words = "corrected" if issue else "nothing is issued; --issue corrects them"
    if not given.json:
        note(f"{done.differences.height} line(s) differ by {total} in all: {words}")
    if issue and _tell_lacking(place):
        raise typer.Exit(NEEDS_A_PERSON)


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

    months = [bill_month] if bill_month else None
    with reading(open_place(workspace)) as record:
        text = as_text(tax_requests(record, months)).write_csv()
    put(text, out)


@invoices.command("tax-result", epilog=example("rebill invoices tax-result result.csv"))
def invoices_tax_result(
    file: Annotated[Path, typer.Argument(metavar="FILE")], given: Keeping
) -> None:
    """Take the result of an outside tax engine in, whole or not at all, and build the drafts."""
    from rebill.selling.made_lines import take_tax_result

    _price("invoices tax-result", take_tax_result(given.place(), file), given)


def _price(command: str, months: tuple[str, ...], given: Keeping) -> None:
    """Price whole months again, build their drafts, and print what that was."""
    from rebill.night.job import Job
    from rebill.run import plan

    place = given.place()
    job = Job(command, plan.plan_prices(months), given.settled())
    show_outcome(carry_out(place, job), given.json)
    if _tell_lacking(place):
        raise typer.Exit(NEEDS_A_PERSON)


@invoices.command(
    "render",
    epilog=example(
        "rebill invoices render --bill-month 2026-03",
        "rebill invoices render NORTHLINE-2026-000042 --format pdf,json -o out",
    ),
)
def invoices_render(
    numbers: Annotated[list[str] | None, typer.Argument(metavar="[INVOICE]...")] = None,
    *,
    bill_month: Month = None,
    form: Annotated[
        str, typer.Option("--format", metavar="pdf,html,csv,json,x12", help="What to write.")
    ] = "pdf",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where to; else the outbox."),
    ] = None,
    given: Given,
) -> None:
    """Write invoices as PDF or page of their brand, as CSV, JSON or X12 811: some, or all."""
    import polars as pl

    from rebill.outbox.render import FORMS, chosen, render
    from rebill.paper.text import note
    from rebill.workspace import lock
    from rebill.workspace.one_writer import alone_in
    from rebill.workspace.settings import ConfigError

    forms = ["x12" if each == "811" else each for each in form.lower().replace(" ", "").split(",")]
    for each in forms:
        if each not in FORMS:
            raise typer.BadParameter(f"{each!r} is no form; there are: {', '.join(FORMS)}")
    if out is not None and out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file; name a folder for the documents")
    place = given.place()
    # The outbox is the night's; whoever writes papers there has the workspace alone.
    alone = lock.locked(place) if out is None else alone_in(out, "invoices render")
    with alone, given.reading() as record:
        done = render(record, chosen(record, numbers or [], bill_month), forms, out)
    for words in done.words:
        note(f"note: {words}")
    for fault in done.faults:
        note(f"error: {fault}")
    given.show(pl.DataFrame({"file": [str(path) for path in done.paths]}, {"file": pl.String}))
    if done.faults:
        raise typer.Exit(NEEDS_A_PERSON)
