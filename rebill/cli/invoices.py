"""The commands about invoices to customers: built, shown, issued, corrected, written as papers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import carry_out, example, invoices, now, put, show_outcome
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.options import (
    HERE,
    Acting,
    Decided,
    Given,
    Keeping,
    Listed,
    ListedDay,
    Month,
    Where,
    day_from,
    open_place,
)

if TYPE_CHECKING:
    from rebill.workspace.settings import Workspace

On = Annotated[
    dt.date,
    typer.Option("--on", "--as-of", parser=day_from, metavar="DATE", help="The day it is done."),
]
TOLD = 12
"""So many drafts are named that wait for one reason."""
Numbers = Annotated[list[str] | None, typer.Argument(metavar="INVOICE...")]
Customer = Annotated[
    str | None, typer.Option("--customer", metavar="CUSTOMER", help="Only this customer.")
]


def tell_lacking(place: Workspace) -> bool:
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
        invoices_list(given=ListedDay.of(given))


@invoices.command("list", epilog=example("rebill invoices list --bill-month 2026-03"))
def invoices_list(
    *,
    bill_month: Month = None,
    customer: Customer = None,
    status: Annotated[
        str | None, typer.Option("--status", help="Only those in this state: draft, issued, void.")
    ] = None,
    given: Listed,
) -> None:
    """List customer invoices and credit notes."""
    from rebill.cli.lists.filters import known, of_customer, with_names

    state = known("--status", status, ("draft", "issued", "void"))
    with given.reading() as record:
        rows = record.customer_invoices().drop("issued_load", "issued_run", "lacking")
        bills = of_customer(with_names(record, rows), customer, record)
    wanted = {"bill_month": bill_month, "status": state}
    people = bills.filter(**{k: v for k, v in wanted.items() if v})
    given.show(people.drop("name"), "invoices", people)


@invoices.command("show", epilog=example("rebill invoices show ACME-2026-000001"))
def invoices_show(number: Annotated[str, typer.Argument(metavar="INVOICE")], given: Given) -> None:
    """Show an invoice and every row that stands on it."""
    from rebill.inquiry import known_ids
    from rebill.selling.issue import story

    with given.reading() as record:
        number = known_ids.invoices(record, [number])[0]
        bill, lines = story(record, number)
    given.show_parts({"invoice": bill, "lines": lines}, lines="invoice lines")


@invoices.command(
    "build", epilog=example("rebill invoices build", "rebill invoices build --bill-month 2026-03")
)
def invoices_build(*, bill_month: Month = None, given: Keeping) -> None:
    """Price what is on record and build the draft invoices.

    The prices are those of the tables on that day. All months that are not issued in full, or the
    one that is named. What is issued stays.
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
    """Issue drafts; what is issued never changes.

    Those that are named, or all of a bill month. Drafts that cannot be issued stay drafts and are
    listed with the reason: exit 1. So are papers that are lacking, as those of a brand that does
    not say who sends them and where to pay.
    """
    from rebill.inquiry import known_ids
    from rebill.paper.text import note
    from rebill.selling import issue as issuing

    if not numbers and bill_month is None:
        raise typer.BadParameter("name the invoices, or a month with --bill-month")
    given.sure(on)
    place = given.place()
    named = given.meant(known_ids.invoices, numbers or [])
    issued, waiting = issuing.issue(place, named, on, now, bill_month)
    given.show(issued.select(*issuing.SHOWN), "invoices")
    for (hold,), drafts in waiting.group_by("hold", maintain_order=True):
        told = ", ".join(drafts["invoice_no"].head(TOLD))
        more = f" and {drafts.height - TOLD:,} more" if drafts.height > TOLD else ""
        note(f"{told}{more} {'stays a draft' if drafts.height == 1 else 'stay drafts'}: {hold}")
    if tell_lacking(place) or waiting.height:
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
    """Let drafts that are held be issued as they are.

    Who, when and why stay on record. It holds for what guards said of a draft, its number
    included: built again with another number the draft is held again. What its taxes lack, and
    lines of another class than their code, are not released so: such a draft stays held: exit 1.
    """
    from rebill.cli.decisions import act_of
    from rebill.inquiry import known_ids
    from rebill.paper.text import note
    from rebill.selling import issue as issuing

    place = decided.place()
    numbers = decided.meant(known_ids.invoices, numbers)
    drafts = issuing.release(place, numbers, act_of(decided, reckons=False), now)
    decided.show(drafts.select(*issuing.SHOWN), "invoices")
    held = drafts.filter(drafts["hold"].is_not_null())
    for number, hold in held.select("invoice_no", "hold").iter_rows():
        note(f"{number} is still held: {hold}")
    if tell_lacking(place) or held.height:
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
    """Take invoices back; an issued one gets a credit note.

    A draft becomes void. An issued invoice itself never changes: the credit note is over all of it.
    What stood on it is due again with the next build.
    """
    from rebill.inquiry import known_ids
    from rebill.selling import issue as issuing

    given.sure(on)
    place = given.place()
    numbers = given.meant(known_ids.invoices, numbers)
    given.show(issuing.void(place, numbers, on, why, now).select(*issuing.SHOWN), "invoices")
    if tell_lacking(place):
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
    """Write what drafts ask an outside tax engine.

    It is for customers whose tax_source is `file`.
    """
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
    """Take in what an outside tax engine answers; build the drafts.

    The result is taken whole or not at all.
    """
    from rebill.selling.made_lines import take_tax_result

    _price("invoices tax-result", take_tax_result(given.place(), file), given)


def _price(command: str, months: tuple[str, ...], given: Keeping) -> None:
    """Price whole months again, build their drafts, and print what that was."""
    from rebill.night.job import Job
    from rebill.run import plan

    place = given.place()
    job = Job(command, plan.plan_prices(months), given.settled())
    show_outcome(carry_out(place, job), given.json)
    if tell_lacking(place):
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
    """Write invoices as PDF, web page, CSV, JSON or X12 811.

    Some of them or all, each in the layout of its brand.
    """
    import polars as pl

    from rebill.inquiry import known_ids
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
    named = given.meant(known_ids.invoices, numbers or [])
    # The outbox is the night's; whoever writes papers there has the workspace alone.
    alone = lock.locked(place) if out is None else alone_in(out, "invoices render")
    with alone, given.reading() as record:
        done = render(record, chosen(record, named, bill_month), forms, out)
    for words in done.words:
        note(f"note: {words}")
    for fault in done.faults:
        note(f"error: {fault}")
    given.show(
        pl.DataFrame({"file": [str(path) for path in done.paths]}, {"file": pl.String}), "papers"
    )
    if done.faults:
        raise typer.Exit(NEEDS_A_PERSON)
