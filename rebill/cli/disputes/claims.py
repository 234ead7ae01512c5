"""Claims towards carriers: list them, look at one, file it, record what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from invoices.calendar import FAR_AHEAD
from rebill.cli import base
from rebill.cli.base import disputes, example, named
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.lists.filters import ANY, OfAccount, OfFinding
from rebill.cli.options import (
    Acting,
    Given,
    Keeping,
    Listed,
    ListedDay,
    amount_from,
    day_from,
)

Claims = Annotated[list[str], typer.Argument(metavar="CLAIM...")]
On = Annotated[
    dt.date,
    typer.Option(
        "--on", "--as-of", parser=day_from, metavar="DATE", help="The day it happened on."
    ),
]
Who = Annotated[
    str | None, typer.Option("--who", help="Who did it; without it the login of this terminal.")
]
Note = Annotated[str | None, typer.Option("--note", help="A word on it, kept with it.")]
Reference = Annotated[str | None, typer.Option("--reference", help="The carrier's number for it.")]
Late = Annotated[bool, typer.Option("--late", help="Do it although its time is over.")]
Amount = Annotated[
    Decimal | None,
    typer.Option(
        "--amount", parser=amount_from, metavar="DOLLARS", help="What was granted or paid."
    ),
]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is told of something that happened, and who tells it."""

    who: Who = None
    reference: Reference = None
    note: Note = None
    late: Late = False


@disputes.callback(invoke_without_command=True)
def disputes_step(context: typer.Context, given: Keeping) -> None:
    """Claims towards carriers; without a command: bring them up to date, and list them."""
    if context.invoked_subcommand is None:
        from rebill.cli.night import bring_up_to_date

        bring_up_to_date("disputes", given)
        disputes_list(given=ListedDay.of(given))


@disputes.command(
    "list",
    epilog=example(
        "rebill disputes list --as-of 2026-03-31", "rebill disputes list --due --as-of 2026-03-31"
    ),
)
def disputes_list(
    *,
    wanted: OfFinding = ANY,
    status: Annotated[
        str | None, typer.Option("--status", help="Only claims in this state.")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="What is to be done, the most urgent and dear first.")
    ] = False,
    given: ListedDay,
) -> None:
    """List claims with their deadlines, or what is to be done.

    They stand as they are on a day. Tasks (--due) are file, send_again, ask_acknowledgement,
    ask_answer, escalate, escalate_or_close, ask_credit and decide_credit, due within the warning
    time of the workspace.
    """
    from rebill.cli.lists.claims_wanted import claims_wanted
    from rebill.cli.lists.filters import known
    from reconcile.claims.moves import MOVES

    state = known("--status", status, tuple(MOVES))
    with given.reading() as record:
        claims = record.claims().drop("resolved_on")
        day = given.day(record)
        if day is not None and due:
            from rebill.disputes.tasks import tasks_of

            claims = tasks_of(record, day)
        elif day is not None:
            from reconcile.claims.group import refresh

            claims = refresh(claims, day)
        claims = claims_wanted(record, claims, wanted)
    rows = claims if state is None else claims.filter(status=state)
    given.show(rows, "tasks" if due else "claims")


@disputes.command("show", epilog=example("rebill disputes show D-000001"))
def disputes_show(claim_no: Annotated[str, typer.Argument(metavar="CLAIM")], given: Given) -> None:
    """Show a claim: its lines, its days, what happened to it."""
    from rebill.disputes import tasks
    from rebill.disputes.file import story
    from rebill.inquiry import known_ids

    with given.reading() as record:
        claim_no = known_ids.claims(record, [claim_no])[0]
        claim, lines, events = story(record, claim_no)
        timed, limits = tasks.days_of(record, claim_no)
    told = {"claim": claim, "lines": lines, "timers": timed, "limits": limits, "events": events}
    if timed.width == 1 and not given.json:  # none runs
        del told["timers"]
    given.show_parts(told, lines="claim lines", events="claim events")


@disputes.command(
    "submit", epilog=example("rebill disputes submit D-000001 --on 2026-04-02 --who ana")
)
def disputes_submit(
    claim_nos: Claims,
    on: On,
    *,
    who: Who = None,
    reference: Reference = None,
    late: Late = False,
    given: Acting,
) -> None:
    """Record that claims were filed with the carrier.

    All of them, or none and why. A claim that was rejected for its form is sent again under its
    number.
    """
    from rebill.disputes.file import submit
    from rebill.inquiry import known_ids

    given.sure(on)
    claim_nos = given.meant(known_ids.claims, claim_nos)
    given.show(submit(given.place(), claim_nos, on, named(who), reference, late), "claims")


@disputes.command(
    "event",
    epilog=example(
        "rebill disputes event D-000001 acknowledge --on 2026-04-04 --reference T-991",
        "rebill disputes event D-000001 grant_part --amount 120.00 --on 2026-05-20 --who ana",
    ),
)
def disputes_event(
    claim_no: Annotated[str, typer.Argument(metavar="CLAIM")],
    what: Annotated[str, typer.Argument(metavar="EVENT", help="What happened.")],
    on: On,
    *,
    amount: Amount = None,
    told: Told,
    given: Acting,
) -> None:
    """Record what the carrier answered, credited or took back.

    EVENT is acknowledge, review, sustain, grant_part, deny, reject_form, await_credit, credit,
    reverse_credit, escalate, withdraw, close or note. What its state does not allow is refused.
    """
    _happened([claim_no], what, on, told, given, amount)


@disputes.command(
    "withdraw", epilog=example("rebill disputes withdraw D-000001 --on 2026-04-09 --who ana")
)
def disputes_withdraw(
    claim_nos: Claims, on: On, *, who: Who = None, note: Note = None, given: Acting
) -> None:
    """Give claims up, filed or not.

    All of them, or none and why.
    """
    _happened(claim_nos, "withdraw", on, Told(who=who, note=note), given)


@disputes.command(
    "escalate", epilog=example("rebill disputes escalate D-000001 --on 2026-06-02 --who ana")
)
def disputes_escalate(claim_nos: Claims, on: On, told: Told, given: Acting) -> None:
    """Take claims one level up; what was denied is open again.

    All of them, or none and why. A denial is escalated within the days of its contract.
    """
    _happened(claim_nos, "escalate", on, told, given)


def _happened(
    claim_nos: Sequence[str],
    what: str,
    on: dt.date,
    told: Told,
    given: Acting,
    amount: Decimal | None = None,
) -> None:
    """Record one event of each claim, and show the claims as they stand then."""
    from rebill.disputes.file import record_events
    from rebill.inquiry import known_ids

    given.sure(on)
    event = {"at": on, "what": what, "amount": amount, **asdict(told), "who": named(told.who)}
    rows = [{"claim_no": number, **event} for number in given.meant(known_ids.claims, claim_nos)]
    given.show(record_events(given.place(), rows), "claims")


@disputes.command(
    "credits",
    epilog=example("rebill disputes credits --status offered", "rebill disputes credits --json"),
)
def disputes_credits(
    *,
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="Only taken, part_taken, offered, unclaimed or dismissed ones.",
        ),
    ] = None,
    account: OfAccount,
    given: Listed,
) -> None:
    """List what carriers credited, and for which claims.

    Or for which it could be.
    """
    from rebill.cli.lists.filters import known
    from rebill.disputes.credit_rows import STATES, credit_rows

    state = known("--status", status, STATES)
    with given.reading() as record:
        rows = account.of_account(credit_rows(record))
    given.show(rows if state is None else rows.filter(status=state), "credits")


@disputes.command(
    "take-credit",
    epilog=example("rebill disputes take-credit 3k5vq2ab7c-17 D-000001 --on 2026-06-09 --who ana"),
)
def disputes_take_credit(
    credit_id: Annotated[str, typer.Argument(metavar="CREDIT")],
    claim_no: Annotated[str, typer.Argument(metavar="CLAIM")],
    on: On,
    *,
    amount: Amount = None,
    who: Who = None,
    given: Acting,
) -> None:
    """Take a credit that was offered, or part of it, for a claim."""
    import polars as pl

    from rebill.disputes import credits_by_hand
    from rebill.inquiry import known_ids
    from rebill.store.record import changing

    given.sure(on)
    with changing(given.place()) as record:
        claim_no = known_ids.claims(record, [claim_no])[0]
        credit_id = known_ids.credits_given(record, credit_id)
        credits_by_hand.take_by_hand(record, credit_id, claim_no, amount, on, named(who))
        claims = record.claims().filter(pl.col("claim_no") == claim_no).drop("resolved_on")
    given.show(claims, "claims")


@disputes.command(
    "dismiss-credit",
    epilog=example("rebill disputes dismiss-credit 3k5vq2ab7c-17 --on 2026-06-09 --who ana"),
)
def disputes_dismiss_credit(
    credit_id: Annotated[str, typer.Argument(metavar="CREDIT")],
    on: On,
    who: Who = None,
    note: Note = None,
    *,
    given: Acting,
) -> None:
    """Record that a credit is for no claim of ours.

    It is not offered again.
    """
    from rebill.disputes import credits_by_hand
    from rebill.inquiry import known_ids
    from rebill.store.record import changing

    given.sure(on)
    with changing(given.place()) as record:
        credit_id = known_ids.credits_given(record, credit_id)
        credits_by_hand.dismiss(record, credit_id, on, named(who), note)


@disputes.command(
    "import-status", epilog=example("rebill disputes import-status status.csv --carrier ILEC")
)
def disputes_import_status(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    carrier: Annotated[
        str | None, typer.Option("--carrier", help="Only this carrier's claims can be meant.")
    ] = None,
    who: Who = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Take the good rows although others are refused.")
    ] = False,
    given: Acting,
) -> None:
    """Take in a CSV of what a carrier says of claims.

    All rows, or none and why. Columns: claim_no or tracking_no, status, on, and amount, reference,
    note if there are such. Exit 1: some rows were refused, the others were taken (--skip-bad).
    """
    import polars as pl

    from rebill.disputes.replies import import_status
    from rebill.inquiry import known_ids
    from rebill.store.record import changing

    with changing(given.place()) as record:
        carrier = known_ids.carrier(record, carrier)
        latest = () if given.yes else (base.clock_day() + dt.timedelta(days=FAR_AHEAD),)
        became = import_status(record, file, carrier, named(who), skip_bad, *latest)
    given.show(became, "rows")
    if became.filter(pl.col("became") == "refused").height:
        raise typer.Exit(NEEDS_A_PERSON)
