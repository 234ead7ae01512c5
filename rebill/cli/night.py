"""The commands that change the record: set up, load, take in, reconcile, the night, the demo."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import (
    a_hand,
    a_log,
    app,
    carry_out,
    db,
    example,
    known_profile,
    now,
    show_outcome,
)
from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.cli.options import (
    HERE,
    Acting,
    Decided,
    Given,
    Keeping,
    Paths,
    Profile,
    Where,
    Who,
    day_from,
    month_from,
    open_place,
)
from rebill.cli.standard_input import is_input

if TYPE_CHECKING:
    from rebill.night.batch import Outcome
    from rebill.reference.load import LoadResult
    from rebill.run.stages import Plan
    from rebill.workspace.settings import Workspace


@app.command(epilog=example("rebill init acme"))
def init(directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = HERE) -> None:
    """Make a workspace: a folder with settings and a database.

    What exists is kept. Carrier bills go into its inbox/, papers for people are left in its
    outbox/.
    """
    from rebill import store
    from rebill.paper.text import note
    from rebill.workspace import settings

    workspace = settings.init_workspace(directory)
    if (told := settings.open_to_others(workspace.root)) is not None:
        note(f"warning: {told}")
    store.upgrade(workspace)
    note(f"workspace {workspace.root}")


@app.command(
    epilog=example("rebill load reference/", "rebill load --starter AMERITECH --carrier ILEC")
)
def load(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...")] = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Each file is the whole table: rows it lacks end.")
    ] = False,
    starter: Annotated[
        str | None,
        typer.Option(
            "--starter", metavar="REGION", help="Load the starter catalogue of this region."
        ),
    ] = None,
    carrier: Annotated[
        str | None,
        typer.Option(
            "--carrier", metavar="CARRIER", help="Whose codes or customer service records they are."
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option("--table", metavar="TABLE", help="Which table standard input (-) is."),
    ] = None,
    given: Given,
) -> None:
    """Load tables of what is true: rates, services, customers.

    Each file is the table it is named for, a folder holds several: all of them are loaded, or
    nothing is and every error is told with its row. `rebill help reference-tables` says what they
    hold.

    Customer service records (`.csr`, or text that begins like one) are loaded as inventory.
    """
    from rebill.reference import load as loading

    if table is not None and not any(path.stem == table for path in paths or ()):
        raise typer.BadParameter("--table says what standard input is: give - as the path")
    if starter and not carrier:
        raise typer.BadParameter("--starter and --carrier go together")
    if bool(paths) == bool(starter):
        raise typer.BadParameter("give files or folders, or --starter and --carrier")
    place = given.place()
    if starter and carrier:
        result = loading.load_starter(place, starter, carrier, given=now())
    else:
        result = loading.load(place, paths or [], replace=replace, given=now(), carrier=carrier)
    if not result.ok and table is None and any(is_input(path) for path in paths or ()):
        print("standard input: --table says which table it is", file=sys.stderr)
    _show_loaded(result, given)


def _show_loaded(result: LoadResult, given: Given) -> None:
    """Print every error, or every warning and what became of each table."""
    import polars as pl

    from rebill.paper.text import note

    for error in result.errors:
        note(f"error: {error}")
    if not result.ok:
        note(f"nothing was loaded: {result.error_total} error(s)")
        raise typer.Exit(WRONG_USAGE)
    for warning in result.warnings:
        note(f"warning: {warning}")
    told = ("rows", "added", "changed", "removed")
    counts = [
        {"table": name, **{what: getattr(count, what) for what in told}}
        for name, count in result.counts.items()
    ]
    given.show(pl.DataFrame(counts), "tables")


@app.command(epilog=example("rebill ingest bills/2026-03.csv --received-on 2026-03-05"))
def ingest(
    paths: Paths,
    *,
    profile: Profile = None,
    received_on: Annotated[
        dt.date | None,
        typer.Option(
            "--received-on", parser=day_from, metavar="DATE", help="The day they came in."
        ),
    ] = None,
    given: Keeping,
) -> None:
    """Take carrier bills in now, without waiting for the night.

    They are read and held to their printed totals; each charge is checked with the next night, or
    by `rebill reconcile`.
    """
    from rebill.night.job import Job, pick
    from rebill.run import plan

    place, day = given.place(), received_on or given.as_of
    known_profile(profile, place.root)
    given.sure(day)
    seen, where = pick(place, paths, told=profile is not None)
    job = Job("ingest", plan.plan_ingest, day, seen, where, profile)
    outcome = carry_out(place, job)
    show_became(outcome, given)


def show_became(outcome: Outcome, given: Given) -> dict[str, str]:
    """Print what became of each file that was named, and return it."""
    import polars as pl

    became = {**{s.name: s.left or "" for s in outcome.plan.passed_over}, **outcome.became}
    rows = [{"file": name, "became": words} for name, words in sorted(became.items())]
    given.show(pl.DataFrame(rows, schema={"file": pl.String, "became": pl.String}), "files")
    return became


@app.command(
    epilog=example(
        "rebill reconcile --as-of 2026-03-31",
        'rebill reconcile --from 2026-01 --reason "rates corrected"',
        'rebill reconcile --from 2026-01 --reason "rates corrected" --keep',
        "rebill reconcile --from 2026-01 --keep",
    )
)
def reconcile(
    *,
    first_month: Annotated[
        str | None,
        typer.Option(
            "--from",
            parser=month_from,
            metavar="YYYY-MM",
            help="Audit this bill month and all later ones again.",
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what --from shows; without it nothing changes.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Why the months are audited again, for the record.")
    ] = "",
    who: Who = None,
    given: Keeping,
) -> None:
    """Check the charges that were taken in and not checked yet.

    Findings, claims, prices and pulls follow. With --from, months checked before are checked
    again with the tables as they are now: what that changes towards the carrier and towards
    customers is shown by cause, and --keep keeps it. With a day before the last night's, what
    only later days did is taken back (--yes).
    """
    if first_month is None:
        if keep:
            raise typer.BadParameter("--keep goes with --from")
        began = now()
        _show_run(given.place(), work("reconcile", given), began, given.json)
        return
    from rebill.cli.decisions import reconcile_again

    # A reason is asked for by no promise: the record says that there was none.
    unsaid = "no reason given" if keep else "a trial"
    decided = Decided(**vars(given), reason=reason if reason.strip() else unsaid, who=who)
    reconcile_again(first_month, keep, decided)


@app.command(
    epilog=example(
        "rebill nightly --as-of 2026-03-31", "rebill nightly --as-of 2026-03-31 --explain"
    )
)
def nightly(
    as_of: Annotated[
        dt.date,
        typer.Option("--as-of", parser=day_from, metavar="DATE", help="The day of the night."),
    ],
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the plan and do nothing.")
    ] = False,
    given: Acting,
) -> None:
    """Do the night's work: read the inbox, check, claim, bill.

    What people need lies in the outbox afterwards. The same night again changes nothing.
    Exit 0: done; 1: done, and something needs a person; 2: wrong usage; 3: failed, nothing kept.
    """
    from rebill.night import batch
    from rebill.night.job import Job, look
    from rebill.paper.text import note
    from rebill.run import plan

    place = given.place()
    if not explain:
        given.sure(as_of, act=False)
    seen, where = look(place)
    job = Job("nightly", plan.plan, as_of, seen, where)
    if explain:
        _show_plan(batch.explain(place, job), given.json)
        if told := given.doubt(as_of, act=False):
            note(f"{told}; without --explain this is asked for: --yes")
        return
    log = a_log()
    began = now()
    outcome = batch.run(place, job, log, now)
    due = _show_run(place, outcome, began, given.json)
    # A file that is refused is news once; from then on the digest counts it until it is dismissed.
    due |= {"refused": outcome.counts.get("refused", 0)}
    due |= {"bank_files_refused": outcome.counts.get("bank files refused", 0)}
    if any(due.values()):
        log.warning("something needs a person", **{name: n for name, n in due.items() if n})
        raise typer.Exit(NEEDS_A_PERSON)


def _show_run(place: Workspace, outcome: Outcome, began: str, json: bool) -> dict[str, int]:
    """Print what a run did, and return how much of what waits now needs a person."""
    from rebill.inquiry.status import took
    from rebill.night.summary import summary
    from rebill.outbox.to_do import desk, needs_a_person
    from rebill.paper.text import say
    from rebill.store.record import reading

    with reading(place) as record:
        found = outcome.desk or desk(record)
        if json:
            show_outcome(outcome, json)
        else:
            say(summary(outcome, found, record, took(began, now())))
    return needs_a_person(found.work)


def work(command: str, given: Keeping) -> Outcome:
    """Run the night's stages on what is on record, without looking into the inbox."""
    from rebill.night.job import Job
    from rebill.run import plan

    day = given.settled()
    return carry_out(given.place(), Job(command, plan.plan, day))


def bring_up_to_date(command: str, given: Keeping) -> None:
    """Run the night's stages before something is listed; for a day that is hardly meant, do not.

    Whoever looks may ask for any day: then it is said that the record stays as it is.
    """
    from rebill.paper.text import note

    if not given.yes and (told := given.doubt(given.as_of, act=False)):
        note(f"the record stays as it is: {told}; to bring it to that day, add --yes")
    else:
        work(command, given)


def _show_plan(plan: Plan, json: bool) -> None:
    from json import dumps

    from rebill.paper.text import note, say
    from rebill.run.plan import as_record

    if json:
        print(dumps([as_record(stage) for stage in plan.stages], indent=1))
        return
    for number, stage in enumerate(plan.stages, 1):
        say(f"{number}. {type(stage).__name__}: {stage.words()}")
    for seen in plan.passed_over:
        note(f"passed over: {seen.name} ({seen.why()})")
    if not plan:
        note("nothing to do")


@db.command("upgrade", epilog=example("rebill db upgrade"))
def db_upgrade(
    new: Annotated[
        bool, typer.Option("--new", help="Make an empty one though lines/ has files of another.")
    ] = False,
    workspace: Where = HERE,
) -> None:
    """Bring the database to the newest shape; make it if it lacks.

    It is the one the settings name, on SQLite or PostgreSQL.
    """
    from rebill import store
    from rebill.paper.text import note
    from rebill.store.engine import alone

    place = open_place(workspace)
    with alone(place):
        damaged = store.upgrade(place, new=new)
    for damage in damaged:
        note(f"warning: {damage}")


@app.command(epilog=example("rebill demo .demo --services 240 --months 6 --seed 1"))
def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    services: Annotated[
        int, typer.Option("--services", min=1, metavar="N", help="How many services.")
    ] = 240,
    months: Annotated[
        int, typer.Option("--months", min=1, max=36, metavar="N", help="How many bill months.")
    ] = 6,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another seed is another world.")
    ] = 1,
) -> None:
    """Build an invented carrier with planted errors, to look around.

    Its nights are run, and what was found is shown beside what was planted.
    """
    from rich.console import Console

    from rebill.demo.play import play
    from rebill.demo.world import Settings

    play(directory, Settings(services, months, seed), a_log(), now, Console(), a_hand("demo", 0))
