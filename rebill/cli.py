"""The command line: nouns as in the library, results on stdout, progress and findings on stderr.

Exit codes: 0 done; 1 done, and something needs a person; 2 wrong usage or configuration;
3 failed, nothing half done. Whatever is slow to import is imported inside the command.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill import __version__

if TYPE_CHECKING:
    from rebill.batch import Outcome
    from rebill.log import Log
    from rebill.plan import Plan
    from rebill.settings import Workspace

NEEDS_A_PERSON, WRONG_USAGE, FAILED = 1, 2, 3

app = typer.Typer(
    name="rebill",
    help="Telecom rebilling: carrier invoices in, disputes and customer invoices out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
disputes = typer.Typer(no_args_is_help=True, help="Claims towards carriers.")
invoices = typer.Typer(no_args_is_help=True, help="Invoices to customers.")
cash = typer.Typer(no_args_is_help=True, help="What carriers pull, and what of it is in dispute.")
bills = typer.Typer(no_args_is_help=True, help="Carrier bills as a whole, before their lines.")
db = typer.Typer(no_args_is_help=True, help="The database behind the workspace.")
for name, group in (
    ("disputes", disputes),
    ("invoices", invoices),
    ("cash", cash),
    ("bills", bills),
    ("db", db),
):
    app.add_typer(group, name=name)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2026-03-31") from None


Where = Annotated[
    Path,
    typer.Option("--workspace", envvar="REBILL_WORKSPACE", help="The workspace to work in."),
]
AsOf = Annotated[
    dt.date | None,
    typer.Option("--as-of", parser=_day, metavar="DATE", help="The day the work is done for."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Month = Annotated[
    str | None, typer.Option("--bill-month", metavar="YYYY-MM", help="Only this bill month.")
]
Paths = Annotated[list[Path], typer.Argument(metavar="PATH...")]
HERE = Path()


def _example(*lines: str) -> str:
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def _open(workspace: Path) -> Workspace:
    from rebill.settings import open_workspace

    return open_workspace(workspace)


def _log() -> Log:
    from rebill.log import Log

    return Log()


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _month(text: str) -> str:
    try:
        return dt.datetime.strptime(text, "%Y-%m").strftime("%Y-%m")
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no month; write it as 2026-03") from None


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command(epilog=_example("rebill init night"))
def init(directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = HERE) -> None:
    """Make a workspace: settings, folders and an empty database; what exists is kept."""
    from rebill import settings, store

    workspace = settings.init_workspace(directory)
    store.upgrade(workspace)
    print(f"workspace {workspace.root}", file=sys.stderr)


@app.command(
    epilog=_example("rebill load reference/", "rebill load --starter AMERITECH --carrier ILEC")
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
        str | None, typer.Option("--carrier", help="The carrier the starter catalogue is for.")
    ] = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Load reference tables from files or folders: all of them, or nothing and every error."""
    import polars as pl

    from rebill import load as loading
    from rebill.views import note, show

    if (starter is None) != (carrier is None):
        raise typer.BadParameter("--starter and --carrier go together")
    if bool(paths) == bool(starter):
        raise typer.BadParameter("give files or folders, or --starter and --carrier")
    place = _open(workspace)
    if starter and carrier:
        result = loading.load_starter(place, starter, carrier, given=_now())
    else:
        result = loading.load(place, paths or [], replace=replace, given=_now())
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


@app.command(epilog=_example("rebill ingest bills/2026-03.csv --received-on 2026-03-05"))
def ingest(
    paths: Paths,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="The dialect of the format.")
    ] = None,
    received_on: Annotated[
        dt.date | None,
        typer.Option("--received-on", parser=_day, metavar="DATE", help="The day they came in."),
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Take carrier invoices in: documents and lines, footed; the audit follows with the night."""
    import polars as pl

    from rebill import batch, plan
    from rebill.views import show

    place = _open(workspace)
    seen, where = batch.pick(place, paths)
    job = batch.Job("ingest", plan.plan_ingest, received_on or as_of, seen, where, profile)
    outcome = batch.run(place, job, _log(), _now)
    became = {**{s.name: s.left or "" for s in outcome.plan.passed_over}, **outcome.became}
    rows = [{"file": name, "became": words} for name, words in sorted(became.items())]
    show(pl.DataFrame(rows, schema={"file": pl.String, "became": pl.String}), json)


@app.command(epilog=_example("rebill reconcile --as-of 2026-03-31"))
def reconcile(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """Audit what was taken in and not audited yet; findings, claims, prices and pulls follow."""
    _work("reconcile", workspace, as_of, json)


@app.command(
    epilog=_example(
        "rebill nightly --as-of 2026-03-31", "rebill nightly --as-of 2026-03-31 --explain"
    )
)
def nightly(
    as_of: Annotated[
        dt.date, typer.Option("--as-of", parser=_day, metavar="DATE", help="The day of the night.")
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
    from rebill import batch, plan

    place = _open(workspace)
    seen, where = batch.look(place)
    job = batch.Job("nightly", plan.plan, as_of, seen, where)
    if explain:
        _show_plan(batch.explain(place, job), json)
        return
    log = _log()
    outcome = batch.run(place, job, log, _now)
    _show_outcome(outcome, json)
    held, near = batch.standing(place)
    if held or near:
        log.warning("something needs a person", held_or_refused=held, deadlines=near)
        raise typer.Exit(NEEDS_A_PERSON)


def _work(command: str, workspace: Path, as_of: dt.date | None, json: bool) -> None:
    """Run the night's stages on what is on record, without looking into the inbox."""
    from rebill import batch, plan

    place = _open(workspace)
    with batch.reading(place) as record:
        day = as_of or record.last_as_of()
    job = batch.Job(command, plan.plan, day)
    _show_outcome(batch.run(place, job, _log(), _now), json)


def _show_plan(plan: Plan, json: bool) -> None:
    from json import dumps

    from rebill.plan import as_record
    from rebill.views import note

    if json:
        print(dumps([as_record(stage) for stage in plan.stages], indent=1))
        return
    for number, stage in enumerate(plan.stages, 1):
        print(f"{number}. {type(stage).__name__}: {stage.words()}")
    for seen in plan.passed_over:
        note(f"passed over: {seen.name} ({seen.left})")
    if not plan:
        note("nothing to do")


def _show_outcome(outcome: Outcome, json: bool) -> None:
    from json import dumps

    if json:
        record = {"counts": outcome.counts, "sums": outcome.sums, "papers": outcome.written}
        print(dumps({**record, "files": outcome.became}, default=str, indent=1))
        return
    for name, words in sorted(outcome.became.items()):
        print(f"{name}: {words}")
    for name, value in (*outcome.counts.items(), *outcome.sums.items()):
        print(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}")


# --- tables -----------------------------------------------------------------------------------


@app.command(epilog=_example("rebill export findings --bill-month 2026-03 -o findings.csv"))
def export(
    tables: Annotated[list[str], typer.Argument(metavar="TABLE...")],
    bill_month: Month = None,
    form: Annotated[
        str, typer.Option("--format", metavar="csv|parquet|json", help="How it is written.")
    ] = "csv",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to; a folder for several."),
    ] = None,
    as_of: AsOf = None,
    workspace: Where = HERE,
) -> None:
    """Write tables of the record: documents, lines, findings, claims, invoices, cash."""
    from typing import cast

    from rebill import batch
    from rebill.export import TABLES, Format, export_to, table_frame, write

    for name in tables:
        if name not in TABLES:
            raise typer.BadParameter(f"{name!r} is no table; there are: {', '.join(TABLES)}")
    if form not in ("csv", "parquet", "json"):
        raise typer.BadParameter(f"{form!r} is no format; there are: csv, parquet, json")
    if len(tables) > 1 and out is None:
        raise typer.BadParameter("several tables need -o FOLDER")
    months = None if bill_month is None else [_month(bill_month)]
    with batch.reading(_open(workspace)) as record:
        for name in tables:
            table, kind = TABLES[name], cast(Format, form)
            frame = table_frame(record, name, months, as_of)
            if out is None:
                write(table, frame, kind, sys.stdout.buffer)
            elif len(tables) > 1 or out.is_dir():
                out.mkdir(parents=True, exist_ok=True)
                export_to(out / f"{name}.{form}", table, frame, kind)
            else:
                out.parent.mkdir(parents=True, exist_ok=True)
                export_to(out, table, frame, kind)


@disputes.command("list", epilog=_example("rebill disputes list --as-of 2026-03-31"))
def disputes_list(
    as_of: AsOf = None,
    status: Annotated[
        str | None, typer.Option("--status", help="Only claims in this state.")
    ] = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """List claims with their deadlines, as they stand on a day."""
    import polars as pl

    from rebill import batch
    from rebill.views import show
    from reconcile.dispute import refresh

    with batch.reading(_open(workspace)) as record:
        claims = record.claims().drop("resolved_on")
        day = as_of or record.last_as_of()
    if day is not None:
        claims = refresh(claims, day)
    show(claims if status is None else claims.filter(pl.col("status") == status), json)


@disputes.command("show", epilog=_example("rebill disputes show D-000001"))
def disputes_show(claim_no: str, json: Json = False, workspace: Where = HERE) -> None:
    """Show a claim: its lines, and what happened to it."""
    from rebill import batch, disputing
    from rebill.views import show

    with batch.reading(_open(workspace)) as record:
        claim, lines, events = disputing.story(record, claim_no)
    for frame in (claim, lines, events):
        show(frame, json)


@disputes.command(
    "submit", epilog=_example("rebill disputes submit D-000001 --on 2026-04-02 --who ana")
)
def disputes_submit(
    claim_nos: Annotated[list[str], typer.Argument(metavar="CLAIM...")],
    on: Annotated[
        dt.date, typer.Option("--on", parser=_day, metavar="DATE", help="The day it was filed.")
    ],
    who: Annotated[str | None, typer.Option("--who", help="Who filed it.")] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="The carrier's number for it.")
    ] = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Record that claims were filed with the carrier: all of them, or none and why."""
    from rebill import disputing
    from rebill.views import show

    show(disputing.submit(_open(workspace), claim_nos, on, who, reference), json)


@invoices.command("list", epilog=_example("rebill invoices list --bill-month 2026-03"))
def invoices_list(bill_month: Month = None, json: Json = False, workspace: Where = HERE) -> None:
    """List customer invoices."""
    import polars as pl

    from rebill import batch
    from rebill.views import show

    with batch.reading(_open(workspace)) as record:
        bills = record.customer_invoices()
    month = pl.col("bill_month") == _month(bill_month) if bill_month else pl.lit(True)
    show(bills.filter(month), json)


@invoices.command("build", epilog=_example("rebill invoices build"))
def invoices_build(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """Build the invoices of what is on record, and write papers that are missing."""
    _work("invoices build", workspace, as_of, json)


@cash.command("pulls", epilog=_example("rebill cash pulls --as-of 2026-03-31"))
def cash_pulls(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """List the pulls from a day on."""
    import polars as pl

    from rebill import batch
    from rebill.views import show

    with batch.reading(_open(workspace)) as record:
        day = as_of or record.last_as_of()
        pulls = record.debits().filter(pl.col("debit_on") >= pl.lit(day, dtype=pl.Date))
    show(pulls.sort("debit_on", "carrier", "ban", "invoice_no").drop("document_id"), json)


@cash.command("exposure", epilog=_example("rebill cash exposure --as-of 2026-03-31"))
def cash_exposure(as_of: AsOf = None, json: Json = False, workspace: Where = HERE) -> None:
    """Show, carrier by carrier, where the money of all pulls stands on a day."""
    import polars as pl

    from rebill import batch
    from rebill.export import table_frame
    from rebill.views import show

    with batch.reading(_open(workspace)) as record:
        day = as_of or record.last_as_of()
        rows = table_frame(record, "exposure", None, day).collect()
    show(rows.filter(pl.col("on") == pl.lit(day, dtype=pl.Date)).sort("carrier"), json)


@cash.command("calendar", epilog=_example("rebill cash calendar 2026"))
def cash_calendar(year: int, json: Json = False, workspace: Where = HERE) -> None:
    """List the weekdays of a year on which the banks are closed."""
    import polars as pl

    from invoices.calendar import closed_weekdays
    from rebill.views import show

    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    days = closed_weekdays(first, last, _open(workspace).settings.closings)
    show(pl.DataFrame({"closed_on": days}, schema={"closed_on": pl.Date}), json)


@bills.command("compare", epilog=_example("rebill bills compare --bill-month 2026-03"))
def bills_compare(bill_month: Month = None, json: Json = False, workspace: Where = HERE) -> None:
    """Compare each bill with the one before it, charge class by charge class."""
    import polars as pl

    from rebill import batch
    from rebill.views import show
    from reconcile.bills import compare

    with batch.reading(_open(workspace)) as record:
        rows = compare(record.documents(), record.totals())
    if bill_month:
        rows = rows.filter(pl.col("bill_date").dt.strftime("%Y-%m") == _month(bill_month))
    show(rows.drop("document_id"), json)


@app.command(epilog=_example("rebill explain 3k5vq2ab7c-17"))
def explain(line_id: str, json: Json = False, workspace: Where = HERE) -> None:
    """Tell the whole story of a line: row, match, rate and its rule, findings, claim, price."""
    from rebill import batch
    from rebill.explain import as_words, story

    with batch.reading(_open(workspace)) as record:
        told = story(record, line_id)
    if json:
        from json import dumps

        print(dumps(told, default=str, indent=1))
    else:
        print(as_words(told))


@app.command(epilog=_example("rebill describe bills/2026-03.csv"))
def describe(
    file: Path,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="The dialect of the format.")
    ] = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Say what a carrier file is and what it says; nothing is stored, no workspace is needed."""
    from rebill.describe import as_words, description

    told = description(file, profile)
    if json:
        from json import dumps

        print(dumps(told, default=str, indent=1))
    else:
        print(as_words(told))


@db.command("upgrade", epilog=_example("rebill db upgrade"))
def db_upgrade(workspace: Where = HERE) -> None:
    """Bring the database the settings name to the newest shape."""
    from rebill import files, store

    place = _open(workspace)
    with files.locked(place):
        store.upgrade(place)


def main() -> None:
    """Run the command line and leave with the promised exit code."""
    try:
        app()
    except BrokenPipeError:
        # Whoever read our output had enough of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        from rebill.settings import ConfigError, WorkspaceBusy

        if isinstance(error, ConfigError):
            print(f"error: {error}", file=sys.stderr)
            sys.exit(FAILED if isinstance(error, WorkspaceBusy) else WRONG_USAGE)
        import traceback

        traceback.print_exc()
        print(f"error: {type(error).__name__}: {error}; nothing is half done", file=sys.stderr)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
