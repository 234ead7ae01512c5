"""What a person decides: documents accepted, replaced or void, findings waived, months redone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import (
    HERE,
    AsOf,
    Json,
    Reason,
    Where,
    Who,
    a_log,
    day_of,
    disputes,
    documents,
    example,
    findings,
    known_profile,
    login,
    month_of,
    now,
    open_place,
)

if TYPE_CHECKING:
    from rebill.night.batch import Outcome
    from rebill.run.acts import Act, Compare, Decision
    from rebill.workspace.settings import Workspace

DocumentId = Annotated[str, typer.Argument(metavar="DOCUMENT", help="Its document_id.")]


def act_of(place: Workspace, as_of: dt.date | None, who: str | None, reason: str) -> Act:
    """Return who decides, on which day and why; raises ConfigError where one of them is not said.

    Without a day it is that of the last night.
    """
    from rebill.run.acts import Act
    from rebill.store.decisions import checked
    from rebill.store.record import reading
    from rebill.workspace.settings import ConfigError

    name, why = checked(who or login(), reason)
    if as_of is None:
        with reading(place) as record:
            as_of = record.last_as_of()
    if as_of is None:
        raise ConfigError("a decision needs a day: give --as-of")
    return Act(name, as_of, why)


def carry_out(
    place: Workspace,
    command: str,
    act: Act,
    acts: tuple[Decision, ...],
    *,
    lines: bool = True,
    compare: Compare | None = None,
    files: list[Path] | None = None,
    profile: str | None = None,
) -> Outcome:
    """Carry out acts and all that follows from them, in one transaction."""
    from rebill.night import batch
    from rebill.night.job import Job, pick
    from rebill.run import plan

    seen, where = pick(place, files or [])
    planner = plan.plan_decision(acts, lines=lines, compare=compare)
    job = Job(command, planner, act.on, seen, where, profile)
    return batch.run(place, job, a_log(), now)


def _say(outcome: Outcome, json: bool) -> None:
    from rebill.cli.base import show_outcome

    show_outcome(outcome, json)


@documents.command(
    "accept", epilog=example('rebill documents accept 3k5vq2ab7c --reason "carrier confirms it"')
)
def documents_accept(
    document_id: DocumentId,
    reason: Reason,
    who: Who = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Let a held or voided document count as it is; its lines are audited at once."""
    from rebill.run.acts import Accept

    place = open_place(workspace)
    act = act_of(place, as_of, who, reason)
    _say(carry_out(place, "documents accept", act, (Accept(document_id, act),)), json)


@documents.command(
    "void", epilog=example('rebill documents void 3k5vq2ab7c --reason "test bill of the carrier"')
)
def documents_void(
    document_id: DocumentId,
    reason: Reason,
    who: Who = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Take a document off the record: lines, findings, claims, pull and customer lines follow.

    Nothing is lost: its lines are kept apart, and `rebill documents accept` brings it back. A claim
    that was filed stays and is marked.
    """
    from rebill.run.acts import Void

    place = open_place(workspace)
    act = act_of(place, as_of, who, reason)
    _say(carry_out(place, "documents void", act, (Void(document_id, act),)), json)


@documents.command(
    "replace",
    epilog=example(
        'rebill documents replace 3k5vq2ab7c --by corrected.csv --reason "corrected bill"',
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
    reason: Reason,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="The dialect of the file.")
    ] = None,
    who: Who = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Let another document of the same account and invoice number stand instead of this one."""
    from rebill.run.acts import Accept, StandIn, Void

    place = open_place(workspace)
    act = act_of(place, as_of, who, reason)
    known_profile(profile, place.root)
    path = Path(by)
    if path.is_file():
        acts: tuple[Decision, ...] = (
            Void(document_id, act, instead=""),
            StandIn(document_id, act),
        )
        files = [path]
    else:
        acts = (Void(document_id, act, instead=by), Accept(by, act, word=None))
        files = []
    _say(
        carry_out(place, "documents replace", act, acts, files=files, profile=profile),
        json,
    )


@findings.command(
    "waive",
    epilog=example(
        'rebill findings waive 3k5vq2ab7c-17:rate_above_contract --reason "agreed by phone"',
        'rebill findings waive --code charged_twice --usoc TTB --until 2026-12-31 --reason "known"',
    ),
)
def findings_waive(
    reason: Reason,
    finding_ids: Annotated[list[str] | None, typer.Argument(metavar="[FINDING]...")] = None,
    code: Annotated[
        str | None, typer.Option("--code", help="A standing exception for this code.")
    ] = None,
    service: Annotated[str | None, typer.Option("--service", help="Only of this service.")] = None,
    usoc: Annotated[str | None, typer.Option("--usoc", help="Only of this USOC.")] = None,
    carrier: Annotated[str | None, typer.Option("--carrier", help="Only of this carrier.")] = None,
    until: Annotated[
        dt.date | None,
        typer.Option(
            "--until", parser=day_of, metavar="DATE", help="The first day it holds no more."
        ),
    ] = None,
    who: Who = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Do not claim findings: some by name, or every one of a code and a service or a USOC.

    They stay on record with what they put at stake, and are flagged.
    """
    from rebill.run.acts import Exempt, Waive
    from reconcile.findings import BY_NAME

    kinds = (service, usoc, carrier)
    if bool(finding_ids) == bool(code) or (finding_ids and any(kinds)):
        raise typer.BadParameter("name findings, or a --code with a --service or a --usoc")
    if code is not None and (code not in BY_NAME or BY_NAME[code].reason is None):
        raise typer.BadParameter(f"{code!r} is no code that is ever claimed")
    if code is not None and not (service or usoc):
        raise typer.BadParameter("a standing exception names a --service or a --usoc")
    place = open_place(workspace)
    act = act_of(place, as_of, who, reason)
    exempt = Exempt(code, carrier, service, usoc and usoc.strip().upper()) if code else None
    names = tuple(dict.fromkeys(finding_ids or ()))
    stage = Waive(names, exempt, until, act)
    _say(carry_out(place, "findings waive", act, (stage,), lines=False), json)


@findings.command(
    "reopen",
    epilog=example(
        'rebill findings reopen 3k5vq2ab7c-17:rate_above_contract --reason "not agreed after all"',
        'rebill findings reopen --exception 4 --reason "the carrier changed its mind"',
    ),
)
def findings_reopen(
    reason: Reason,
    finding_ids: Annotated[list[str] | None, typer.Argument(metavar="[FINDING]...")] = None,
    exception: Annotated[
        list[int] | None,
        typer.Option("--exception", metavar="N", help="The decision of a standing exception."),
    ] = None,
    who: Who = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Let findings that were waived be claimed again, if their window is still open."""
    from rebill.run.acts import Reopen

    if not finding_ids and not exception:
        raise typer.BadParameter("name findings, or a standing exception with --exception")
    place = open_place(workspace)
    act = act_of(place, as_of, who, reason)
    names, numbers = tuple(dict.fromkeys(finding_ids or ())), tuple(dict.fromkeys(exception or ()))
    stage = Reopen(names, numbers, act)
    _say(carry_out(place, "findings reopen", act, (stage,), lines=False), json)


@findings.command("waivers", epilog=example("rebill findings waivers --as-of 2026-03-31"))
def findings_waivers(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """List the waivers and standing exceptions that hold on a day."""
    from rebill.paper.text import show
    from rebill.store.decisions import decisions, waivers
    from rebill.store.record import reading

    with reading(open_place(workspace)) as record:
        held = waivers(record, as_of or record.last_as_of())
        acts = decisions(record).select("id", "decided_on", "who", "reason")
    rows = held.join(acts, left_on="decision", right_on="id", how="left", maintain_order="left")
    show(rows, json)


@disputes.command(
    "approve",
    epilog=example('rebill disputes approve D-000001 --who bea --reason "checked the exhibit"'),
)
def disputes_approve(
    claim_nos: Annotated[list[str], typer.Argument(metavar="CLAIM...")],
    reason: Reason,
    who: Who = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Agree that claims are filed: a claim over `claims_over` needs a second person's name."""
    from rebill.disputes.approval import approve
    from rebill.paper.text import show

    place = open_place(workspace)
    show(approve(place, claim_nos, act_of(place, as_of, who, reason)), json)


def reconcile_again(
    workspace: Path,
    as_of: dt.date | None,
    first_month: str,
    keep: bool,
    reason: str,
    who: str | None,
    json: bool,
) -> None:
    """Audit months again and show what that changes; keep it if that is asked for."""
    from rebill.run.acts import AuditAgain, Compare

    month = month_of(first_month)
    place = open_place(workspace)
    if keep and not reason.strip():
        raise typer.BadParameter("--keep needs a --reason for the record")
    act = act_of(place, as_of, who, reason or "a trial")
    outcome = carry_out(
        place, "reconcile --from", act, (AuditAgain(month, act),), compare=Compare(keep)
    )
    _show_difference(outcome, keep, json)


def _show_difference(outcome: Outcome, keep: bool, json: bool) -> None:
    from rebill.paper.text import as_json, note, show

    told = outcome.difference
    if told is None:
        return
    parts = {"causes": told.causes, "claims": told.claims, "customers": told.customers}
    if json:
        body = ",\n".join(f'"{name}": {as_json(frame)}' for name, frame in parts.items())
        print(f'{{"kept": {str(keep).lower()},\n{body}}}')
        return
    for frame in parts.values():
        show(frame)
    if not told:
        note("nothing changes")
    elif not keep:
        note("nothing was kept: the same command with --keep keeps it")
