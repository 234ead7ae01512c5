"""What a person decides: documents accepted, replaced or void, findings waived, months redone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import (
    bills,
    carry_out,
    disputes,
    documents,
    example,
    findings,
    known_profile,
    login,
    now,
    put,
    show_outcome,
)
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.options import Decided, ListedDay, any_day_from

if TYPE_CHECKING:
    from rebill.night.batch import Outcome
    from rebill.run.acts import Act, Decision, Exempt
    from rebill.store.record import Record
    from rebill.workspace.settings import Workspace

DocumentId = Annotated[str, typer.Argument(metavar="DOCUMENT", help="Its document_id.")]
FindingIds = Annotated[list[str] | None, typer.Argument(metavar="[FINDING]...")]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a standing exception holds for."""

    code: Annotated[
        str | None, typer.Option("--code", help="A standing exception for this code.")
    ] = None
    service: Annotated[str | None, typer.Option("--service", help="Only of this service.")] = None
    usoc: Annotated[str | None, typer.Option("--usoc", help="Only of this USOC.")] = None
    carrier: Annotated[str | None, typer.Option("--carrier", help="Only of this carrier.")] = None

    def narrowed(self) -> bool:
        """Return whether it is for some findings of its code only."""
        return bool(self.service or self.usoc or self.carrier)

    def exempt(self, record: Record) -> Exempt | None:
        """Return the exception as it is kept, none without a code; else raises wrong usage."""
        from rebill.cli.lists.filters import known
        from rebill.inquiry import known_ids
        from rebill.run.acts import Exempt
        from reconcile.findings import CODES, HOLDING

        claimed = {c.name: c.words for c in CODES if c.reason is not None or c.name in HOLDING}
        code = known("--code", self.code, claimed)
        if code is None:
            return None
        if not (self.service or self.usoc):
            raise typer.BadParameter("a standing exception names a --service or a --usoc")
        carrier = known_ids.carrier(record, self.carrier)
        service = known_ids.service(record, self.service)
        return Exempt(code, carrier, service, self.usoc and self.usoc.strip().upper())


def act_of(decided: Decided, *, reckons: bool = True) -> Act:
    """Return who decides, on which day and why; raises ConfigError where one of them is not said.

    Without a day it is that of the last night. `reckons`: states are reckoned for the day.
    """
    from rebill.run.acts import Act
    from rebill.store.decisions import checked
    from rebill.workspace.settings import ConfigError

    name, why = checked((decided.who or "").strip() or login(), decided.reason)
    day = decided.as_of
    decided.sure(day, act=not reckons)
    if day is None:
        with decided.reading() as record:
            day = record.last_as_of()
    if day is None:
        raise ConfigError("a decision needs a day: give --as-of")
    return Act(name, day, why)


def decide(command: str, decided: Decided, act: Act, *acts: Decision, lines: bool = True) -> None:
    """Carry out acts and all that follows from them, and print what that was."""
    from rebill.night.job import Job
    from rebill.run import plan

    job = Job(command, plan.plan_decision(acts, lines=lines), act.on)
    show_outcome(carry_out(decided.place(), job), decided.json)


@documents.command(
    "accept", epilog=example('rebill documents accept 3k5vq2ab7c --reason "carrier confirms it"')
)
def documents_accept(document_id: DocumentId, decided: Decided) -> None:
    """Let a bill count that was held or taken off the record.

    It counts as it is; its lines are checked at once.
    """
    from rebill.inquiry import known_ids
    from rebill.run.acts import Accept

    act = act_of(decided)
    document_id = decided.meant(known_ids.documents, [document_id])[0]
    decide("documents accept", decided, act, Accept(document_id, act))


@documents.command(
    "void", epilog=example('rebill documents void 3k5vq2ab7c --reason "test bill of the carrier"')
)
def documents_void(document_id: DocumentId, decided: Decided) -> None:
    """Take a bill off the record, with all that followed from it.

    Its lines, findings, claims, pull and customer lines go with it. Nothing is lost: its lines
    are kept apart, and `rebill documents accept` brings it back. A claim that was filed stays and
    is marked.
    """
    from rebill.inquiry import known_ids
    from rebill.run.acts import Void

    act = act_of(decided)
    document_id = decided.meant(known_ids.documents, [document_id])[0]
    decide("documents void", decided, act, Void(document_id, act))


@documents.command(
    "replace",
    epilog=example(
        'rebill documents replace 4h8cnq3zrd --by corrected.csv --reason "corrected bill"',
        'rebill documents replace 3k5vq2ab7c --by 9m2rt7wx4d --reason "the second one is right"',
    ),
)
def documents_replace(
    document_id: DocumentId,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="FILE|DOCUMENT", help="A carrier file, or a held document's id."
        ),
    ],
    *,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="The dialect of the file.")
    ] = None,
    decided: Decided,
) -> None:
    """Let a corrected bill stand in place of this one.

    It is of the same account and invoice number: a file, or a document that is held.
    """
    from rebill.inquiry import known_ids
    from rebill.night.job import Job, pick
    from rebill.run import plan
    from rebill.run.acts import Accept, StandIn, Void

    place, act, path = decided.place(), act_of(decided), Path(by)
    known_profile(profile, place.root)
    document_id = decided.meant(known_ids.documents, [document_id])[0]
    acts: tuple[Decision, ...]
    if path.is_file():
        acts = (Void(document_id, act, instead=""), StandIn(document_id, act))
        seen, where = pick(place, [path])
    else:
        by = decided.meant(known_ids.documents, [by])[0]
        acts = (Void(document_id, act, instead=by), Accept(by, act, word=None))
        seen, where = (), {}
    job = Job("documents replace", plan.plan_decision(acts), act.on, seen, where, profile)
    show_outcome(carry_out(place, job), decided.json)


@findings.command(
    "waive",
    epilog=example(
        'rebill findings waive 3k5vq2ab7c-17:rate_above_contract --reason "agreed by phone"',
        'rebill findings waive --code charged_twice --usoc TTB --until 2026-12-31 --reason "known"',
    ),
)
def findings_waive(
    finding_ids: FindingIds = None,
    *,
    standing: Standing,
    until: Annotated[
        dt.date | None,
        typer.Option(
            "--until", parser=any_day_from, metavar="DATE", help="The first day it holds no more."
        ),
    ] = None,
    decided: Decided,
) -> None:
    """Do not claim findings; they stay on record and are flagged.

    Some by name, or every one of a code and a service or a USOC (a carrier's code for a charge).
    """
    from rebill.inquiry import known_ids
    from rebill.run.acts import Waive

    if bool(finding_ids) == bool(standing.code) or (finding_ids and standing.narrowed()):
        raise typer.BadParameter("name findings, or a --code with a --service or a --usoc")
    with decided.reading() as record:
        exempt = standing.exempt(record)
    act = act_of(decided)
    names = tuple(decided.meant(known_ids.findings, finding_ids or ()))
    decide("findings waive", decided, act, Waive(names, exempt, until, act), lines=False)


@findings.command(
    "reopen",
    epilog=example(
        'rebill findings reopen 3k5vq2ab7c-17:rate_above_contract --reason "not agreed after all"',
        'rebill findings reopen --exception 4 --reason "the carrier changed its mind"',
    ),
)
def findings_reopen(
    finding_ids: FindingIds = None,
    *,
    exception: Annotated[
        list[int] | None,
        typer.Option("--exception", metavar="N", help="The decision of a standing exception."),
    ] = None,
    decided: Decided,
) -> None:
    """Claim findings again that were waived, while there is time."""
    from rebill.inquiry import known_ids
    from rebill.run.acts import Reopen

    if not finding_ids and not exception:
        raise typer.BadParameter("name findings, or a standing exception with --exception")
    act = act_of(decided)
    names = tuple(decided.meant(known_ids.findings, finding_ids or ()))
    numbers = tuple(dict.fromkeys(exception or ()))
    decide("findings reopen", decided, act, Reopen(names, numbers, act), lines=False)


@findings.command("waivers", epilog=example("rebill findings waivers --as-of 2026-03-31"))
def findings_waivers(given: ListedDay) -> None:
    """List the waivers and standing exceptions that hold on a day."""
    from rebill.store.decisions import decisions, waivers

    with given.reading() as record:
        held = waivers(record, given.day(record))
        acts = decisions(record).select("id", "decided_on", "who", "reason")
    rows = held.join(acts, left_on="decision", right_on="id", how="left", maintain_order="left")
    given.show(rows, "waivers")


@disputes.command(
    "approve",
    epilog=example(
        'rebill disputes approve D-000001 --who bea --reason "checked the exhibit"',
        'rebill disputes approve D-000001 --who bea --reason "checked" --statement > statement.txt',
        "ssh-keygen -Y sign -n rebill -f KEY statement.txt",
        'rebill disputes approve D-000001 --who bea --reason "checked"'
        " --signature statement.txt.sig",
    ),
)
def disputes_approve(
    claim_nos: Annotated[list[str], typer.Argument(metavar="CLAIM...")],
    *,
    statement: Annotated[
        bool, typer.Option("--statement", help="Print what is to be signed, and do nothing.")
    ] = False,
    signature: Annotated[
        Path | None,
        typer.Option("--signature", metavar="FILE", help="The signature of who approves, over it."),
    ] = None,
    decided: Decided,
) -> None:
    """Agree, as a second person, that claims are filed.

    A claim over `claims_over` of the settings needs it. Where `[approval] names` says who may
    approve, it needs the login of another of them, or a signature by a key of `[approval.keys]`.
    Exit 1: on record, but it does not count so.
    """
    from rebill.disputes.approval import approve, to_sign
    from rebill.inquiry import known_ids

    place, act = decided.place(), act_of(decided, reckons=False)
    claim_nos = decided.meant(known_ids.claims, claim_nos)
    if statement:
        put(to_sign(place, claim_nos, act), None)
        return
    decided.show(approve(place, claim_nos, act, now, signature), "claims")
    _must_count(place, signature is not None, ", or with --signature")


@bills.command(
    "approve",
    epilog=example('rebill bills approve 3k5vq2ab7c --who ana --reason "as expected, S1 is new"'),
)
def bills_approve(
    document_ids: Annotated[
        list[str], typer.Argument(metavar="DOCUMENT...", help="Its document_id.")
    ],
    decided: Decided,
) -> None:
    """Say that you have looked at carrier bills before their pull.

    It holds for a pull of as much or less; `[approval] bills_over` names the amount from which on
    it is asked for, `names` whose logins count. Exit 1: on record, but it does not count so, or it
    comes after the day of the pull.
    """
    from rebill.cash.bill_approvals import approve_bills
    from rebill.inquiry import known_ids
    from rebill.paper.text import note

    place, act = decided.place(), act_of(decided, reckons=False)
    ids = decided.meant(known_ids.documents, document_ids)
    approved = approve_bills(place, ids, act, now)
    decided.show(approved, "bills to be pulled")
    _must_count(place, False)
    late = approved.filter(approved["debit_on"] < act.on)
    for number, day in late.select("document_id", "debit_on").iter_rows():
        note(f"{number} was to be pulled on {day}: an approval of {act.on} comes after it")
    if late.height:
        raise typer.Exit(NEEDS_A_PERSON)


def _must_count(place: Workspace, signed: bool, otherwise: str = "") -> None:
    """Leave with exit 1 where an approval made from here does not count, and say why."""
    from rebill.disputes.approval import counts
    from rebill.paper.text import note

    if not counts(place, signed):
        note(
            f"it does not count: the login {place.hand.who or '(unknown)'} is none of [approval]"
            f" names; approve from the login of one of them{otherwise}"
        )
        raise typer.Exit(NEEDS_A_PERSON)


def reconcile_again(first_month: str, keep: bool, decided: Decided) -> None:
    """Audit months again and show what that changes; keep it if that is asked for."""
    from rebill.night.job import Job
    from rebill.run import plan
    from rebill.run.acts import AuditAgain, Compare

    if not keep:
        decided = replace(decided, yes=True)  # a trial keeps nothing, whatever its day
    act = act_of(decided)
    planner = plan.plan_decision((AuditAgain(first_month, act),), compare=Compare(keep))
    outcome = carry_out(decided.place(), Job("reconcile --from", planner, act.on))
    _show_difference(outcome, keep, decided.json)


def _show_difference(outcome: Outcome, keep: bool, json: bool) -> None:
    from rebill.cli.lists.shown import show_parts
    from rebill.paper.streams import deliver
    from rebill.paper.text import as_object, note

    told = outcome.difference
    if told is None:
        return
    parts = {"causes": told.causes, "claims": told.claims, "customers": told.customers}
    if json:
        deliver(as_object(parts, kept=keep) + "\n")
        return
    show_parts(parts, {"claims": "changed claims", "customers": "changed customers"})
    if not told:
        note("nothing changes")
    elif not keep:
        note("nothing was kept: the same command with --keep keeps it")
