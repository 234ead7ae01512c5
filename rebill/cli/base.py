"""What all commands share: the application, its options, and how a workspace is opened."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rebill.night.batch import Outcome

if TYPE_CHECKING:
    from rebill.workspace.log import Log
    from rebill.workspace.settings import Workspace

NEEDS_A_PERSON, WRONG_USAGE, FAILED = 1, 2, 3

app = typer.Typer(
    name="rebill",
    help="Telecom rebilling: carrier invoices in, disputes and customer invoices out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
disputes = typer.Typer(help="Claims towards carriers.")
invoices = typer.Typer(help="Invoices to customers.")
cash = typer.Typer(help="What carriers pull, and what of it is in dispute.")
bills = typer.Typer(no_args_is_help=True, help="Carrier bills as a whole, before their lines.")
documents = typer.Typer(no_args_is_help=True, help="What a person decides about carrier documents.")
findings = typer.Typer(no_args_is_help=True, help="What a person decides about findings.")
db = typer.Typer(no_args_is_help=True, help="The database behind the workspace.")
profiles = typer.Typer(no_args_is_help=True, help="Dialects of carrier paper, as data.")
for name, group in (
    ("disputes", disputes),
    ("invoices", invoices),
    ("cash", cash),
    ("bills", bills),
    ("documents", documents),
    ("findings", findings),
    ("db", db),
    ("profiles", profiles),
):
    app.add_typer(group, name=name)


def day_of(text: str) -> dt.date:
    """Return the day an option names; anything else is wrong usage."""
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
    typer.Option("--as-of", parser=day_of, metavar="DATE", help="The day the work is done for."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Month = Annotated[
    str | None, typer.Option("--bill-month", metavar="YYYY-MM", help="Only this bill month.")
]
Paths = Annotated[list[Path], typer.Argument(metavar="PATH...")]
Who = Annotated[
    str | None,
    typer.Option("--who", help="Who decides; without it the login of this terminal."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, in words that last.")]
HERE = Path()


def example(*lines: str) -> str:
    """Return how a command is used, as its help ends."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def open_place(workspace: Path) -> Workspace:
    """Return the workspace an option names."""
    from rebill.workspace.settings import open_workspace

    return open_workspace(workspace)


def a_log() -> Log:
    """Return a log on standard error."""
    from rebill.workspace.log import Log

    return Log()


def now() -> str:
    """Return the time as the record of runs keeps it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def login() -> str:
    """Return who is logged in, as the environment says it; empty where nothing does."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def month_of(text: str) -> str:
    """Return the bill month an option names, as YYYY-MM."""
    try:
        return dt.datetime.strptime(text, "%Y-%m").strftime("%Y-%m")
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no month; write it as 2026-03") from None


def known_profile(name: str | None, workspace: Path | None = None) -> None:
    """Refuse the name of a profile that nothing goes by, before a file is judged by it."""
    from rebill.workspace.profiles import profiles_at
    from rebill.workspace.settings import ConfigError

    if name is None:
        return
    there = profiles_at(workspace)
    if there.named(name) is None:
        names = ", ".join(known.profile for known in there)
        raise ConfigError(f"no profile is called `{name}`; there are: {names}")


def show_outcome(outcome: Outcome, json: bool) -> None:
    """Print what a run did."""
    from json import dumps

    if json:
        record = {"counts": outcome.counts, "sums": outcome.sums, "papers": outcome.written}
        print(dumps({**record, "files": outcome.became}, default=str, indent=1))
        return
    for name, words in sorted(outcome.became.items()):
        print(f"{name}: {words}")
    for name, value in (*outcome.counts.items(), *outcome.sums.items()):
        print(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}")
