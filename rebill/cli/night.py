"""The commands that change the record: set up, load, take in, reconcile, the night, the demo."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import (
    HERE,
    NEEDS_A_PERSON,
    WRONG_USAGE,
    AsOf,
    Json,
    Paths,
    Where,
    Who,
    a_log,
    app,
    day_of,
    db,
    example,
    known_profile,
    now,
    open_place,
    show_outcome,
)

if TYPE_CHECKING:
    from rebill.night.batch import Outcome
    from rebill.run.stages import Plan


@app.command(epilog=example("rebill init night"))
def init(directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = HERE) -> None:
    """Make a workspace: settings, folders and an empty database; what exists is kept."""
    from rebill import store
    from rebill.workspace import settings

    workspace = settings.init_workspace(directory)
    store.upgrade(workspace)
    print(f"workspace {workspace.root}", file=sys.stderr)


@app.command(
    epilog=example("rebill load reference/", "rebill load --starter AMERITECH --carrier ILEC")
)
def load(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Each file is the whole table: rows absent end.")
    ] = False,
    starter: Annotated[
        str | None, typer.Option("--starter", metavar="REGION", help="Load the starter catalogue.")
    ] = None,
    carrier: Annotated[
        str | None,
        typer.Option(
            "--carrier", help="Whose the starter catalogue or the customer service records are."
        ),
    ] = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Load reference tables from files or folders: all of them, or nothing and every error.

    Customer service records (`.csr`, or text that begins like one) are loaded as inventory.
    """
    import polars as pl

    from rebill.paper.text import note, show
    from rebill.reference import load as loading

    if starter and not carrier:
        raise typer.BadParameter("--starter and --carrier go together")
    if bool(paths) == bool(starter):
        raise typer.BadParameter("give files or folders, or --starter and --carrier")
    place = open_place(workspace)
    if starter and carrier:
        result = loading.load_starter(place, starter, carrier, given=now())
    else:
        result = loading.load(place, paths or [], replace=replace, given=now(), carrier=carrier)
    for error in result.errors:
        note(f"error: {error}")
    if not result.ok:
        note(f"nothing was loaded: {result.error_total} error(s)")
        raise typer.Exit(WRONG_USAGE)
    counts = [
        {
            "table": name,
            "rows": c.rows,
            "added": c.added,
            "changed": c.changed,
            "removed": c.removed,
        }
        for name, c in result.counts.items()
    ]
    show(pl.DataFrame(counts), json)


@app.command(epilog=example("rebill ingest bills/2026-03.csv --received-on 2026-03-05"))
def ingest(
    paths: Paths,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="The dialect of the format.")
    ] = None,
    received_on: Annotated[
        dt.date | None,
        typer.Option("--received-on", parser=day_of, metavar="DATE", help="The day they came in."),
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Take carrier invoices in: documents and lines, footed; the audit follows with the night."""
    import polars as pl

    from rebill.night import batch
    from rebill.night.job import Job, pick
    from rebill.paper.text import show
    from rebill.run import plan

    place = open_place(workspace)
    known_profile(profile, place.root)
    seen, where = pick(place, paths, told=profile is not None)
    job = Job("ingest", plan.plan_ingest, received_on or as_of, seen, where, profile)
    outcome = batch.run(place, job, a_log(), now)
    became = {**{s.name: s.left or "" for s in outcome.plan.passed_over}, **outcome.became}
    rows = [{"file": name, "became": words} for name, words in sorted(became.items())]
    show(pl.DataFrame(rows, schema={"file": pl.String, "became": pl.String}), json)


@app.command(
    epilog=example(
        "rebill reconcile --as-of 2026-03-31",
        'rebill reconcile --from 2026-01 --reason "rates corrected"',
        'rebill reconcile --from 2026-01 --reason "rates corrected" --keep',
    )
)
def reconcile(
    as_of: AsOf = None,
    first_month: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="YYYY-MM", help="Audit this bill month and all later ones again."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what --from shows; without it nothing changes.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Why the months are audited again, for the record.")
    ] = "",
    who: Who = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Audit what was taken in and not audited yet; findings, claims, prices and pulls follow.

    With --from, months audited before are audited again with the tables as they are now. What that
    changes towards the carrier and towards customers is shown by cause; --keep keeps it.
    """
    if first_month is None:
        if keep:
            raise typer.BadParameter("--keep goes with --from")
        show_outcome(work("reconcile", workspace, as_of), json)
        return
    from rebill.cli.decisions import reconcile_again

    reconcile_again(workspace, as_of, first_month, keep, reason, who, json)


@app.command(
    epilog=example(
        "rebill nightly --as-of 2026-03-31", "rebill nightly --as-of 2026-03-31 --explain"
    )
)
def nightly(
    as_of: Annotated[
        dt.date,
        typer.Option("--as-of", parser=day_of, metavar="DATE", help="The day of the night."),
    ],
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the plan and do nothing.")
    ] = False,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Take what lies in the inbox, run every stage, and leave documents in the outbox.

    Exit 0: done; 1: done, and something needs a person; 2: wrong usage; 3: failed.
    """
    from rebill.night import batch
    from rebill.night.job import Job, look
    from rebill.run import plan

    place = open_place(workspace)
    seen, where = look(place)
    job = Job("nightly", plan.plan, as_of, seen, where)
    if explain:
        _show_plan(batch.explain(place, job), json)
        return
    log = a_log()
    outcome = batch.run(place, job, log, now)
    show_outcome(outcome, json)
    held, near, back = batch.standing(place)
    banks = outcome.counts.get("bank files refused", 0)
    if held or near or back or banks:
        told = {"held_or_refused": held, "deadlines": near}
        told |= {"debits_to_return": back, "bank_files_refused": banks}
        log.warning("something needs a person", **{name: n for name, n in told.items() if n})
        raise typer.Exit(NEEDS_A_PERSON)


def work(command: str, workspace: Path, as_of: dt.date | None) -> Outcome:
    """Run the night's stages on what is on record, without looking into the inbox."""
    from rebill.night import batch
    from rebill.night.job import Job
    from rebill.run import plan
    from rebill.store.record import reading

    place = open_place(workspace)
    with reading(place) as record:
        day = as_of or record.last_as_of()
    return batch.run(place, Job(command, plan.plan, day), a_log(), now)


def _show_plan(plan: Plan, json: bool) -> None:
    from json import dumps

    from rebill.paper.text import note
    from rebill.run.plan import as_record

    if json:
        print(dumps([as_record(stage) for stage in plan.stages], indent=1))
        return
    for number, stage in enumerate(plan.stages, 1):
        print(f"{number}. {type(stage).__name__}: {stage.words()}")
    for seen in plan.passed_over:
        note(f"passed over: {seen.name} ({seen.why()})")
    if not plan:
        note("nothing to do")


@db.command("upgrade", epilog=example("rebill db upgrade"))
def db_upgrade(workspace: Where = HERE) -> None:
    """Bring the database the settings name to the newest shape."""
    from rebill import store
    from rebill.workspace import lock

    place = open_place(workspace)
    with lock.locked(place):
        store.upgrade(place)


@app.command(epilog=example("rebill demo .demo --services 240 --months 6 --seed 1"))
def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    services: Annotated[int, typer.Option("--services", min=1, help="How many services.")] = 240,
    months: Annotated[int, typer.Option("--months", min=1, max=36, help="Bill months.")] = 6,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another world.")] = 1,
) -> None:
    """Build an invented carrier with planted errors, run its nights, show what was found."""
    from rich.console import Console

    from rebill.demo.play import play

    play(directory, services, months, seed, a_log(), now, Console())
