"""What all commands share: the application, its groups, and how a command becomes one of them."""

from __future__ import annotations

import datetime as dt
import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import typer

from rebill.cli import standard_input, whereabouts
from rebill.cli.failures import told_of_papers
from rebill.cli.manual import choices, help_layout
from rebill.cli.manual.choices import COMPLETES

if TYPE_CHECKING:
    from typer.models import CommandInfo

    from rebill.night.batch import Outcome
    from rebill.night.job import Job
    from rebill.workspace.log import Log
    from rebill.workspace.settings import Hand, Workspace

Command = TypeVar("Command", bound=Callable[..., Any])


class Commands(typer.Typer):
    """A group of commands, of which any parameter that is a dataclass stands for its options.

    The command line names the fields, the command gets them gathered in one value:

        def list_claims(status: Status, given: Given)  ->  --status --json --workspace

    A command stays the function it is: other code calls it with the value.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"cls": help_layout.Group, "no_args_is_help": True, **settings})

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Command], Command]:
        """Return what makes a function a command of this group."""
        return _as_it_was(super().command(name, **{"cls": help_layout.Page, **settings}))

    def callback(self, **settings: Any) -> Callable[[Command], Command]:
        """Return what makes a function the group's own command."""
        return _as_it_was(super().callback(**settings))


def _as_it_was(register: Callable[[Any], Any]) -> Callable[[Command], Command]:
    def keep(command: Command) -> Command:
        register(spread(command))
        return command

    return keep


def spread(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command whose dataclasses are spread into a keyword for each of their fields."""
    kinds = get_type_hints(command, include_extras=True)
    gathered: dict[str, Any] = {n: kind for n, kind in kinds.items() if is_dataclass(kind)}
    taken: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name in gathered:
            taken += _fields(gathered[parameter.name])
        else:
            annotated = parameter.replace(annotation=kinds[parameter.name])
            taken.append(annotated.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    if COMPLETES in os.environ:
        choices.offer(each.annotation for each in taken)
    files = [each.name for each in taken if standard_input.is_read(each.annotation)]
    folders = [each.name for each in taken if standard_input.is_folder(each.annotation)]

    @wraps(command)
    def called(**typed: Any) -> Any:
        if any(str(typed.get(name)) == standard_input.DASH for name in folders):
            raise typer.BadParameter("several files are written: -o names a folder")
        if "workspace" in typed:
            typed["workspace"] = whereabouts.workspace(typed["workspace"])
        with standard_input.read_in(typed, files) as given:
            for name, kind in gathered.items():
                given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
            return command(**given)

    called.__annotations__ = {parameter.name: parameter.annotation for parameter in taken}
    called.__dict__["__signature__"] = inspect.Signature(taken)
    return called


def _fields(kind: type) -> Iterator[inspect.Parameter]:
    """Yield the fields of a dataclass as keywords, what it adds before what it inherits."""
    kinds = get_type_hints(kind, include_extras=True)
    defaults = {field.name: field.default for field in fields(kind)}
    own = (name for part in kind.__mro__ for name in part.__dict__.get("__annotations__", ()))
    for name in dict.fromkeys(own):
        default = inspect.Parameter.empty if defaults[name] is MISSING else defaults[name]
        keyword = inspect.Parameter.KEYWORD_ONLY
        yield inspect.Parameter(name, keyword, default=default, annotation=kinds[name])


app = Commands(
    name="rebill",
    cls=help_layout.Root,
    help="""Check what telephone carriers bill, dispute what is wrong, bill the customers.

    A folder is the workspace: `rebill init`. Carrier bills go into its inbox/, `rebill nightly`
    reads and checks them, and what it leaves lies in its outbox/. `rebill help` explains more.

    -q (--quiet), -v (--verbose), --workspace and -h may stand anywhere in a command.
    """,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_STEP = "{}\n\nWithout a command: bring them up to date, and list them."
disputes = Commands(
    no_args_is_help=False, help=_STEP.format("Claims against carriers: list, file, follow up.")
)
invoices = Commands(
    no_args_is_help=False, help=_STEP.format("Invoices to customers: build, issue, correct.")
)
cash = Commands(
    no_args_is_help=False,
    help="""What carriers pull from the bank account, and when.

    Without a command: bring them up to date, and list the next pulls.
    """,
)
bills = Commands(help="Carrier bills as a whole, before their lines.")
documents = Commands(help="Carrier bills: list them, accept, replace, take off.")
findings = Commands(help="What is wrong on bills: list it, claim it or not.")
db = Commands(help="The database of the workspace: upgrade it, clear out old files.")
profiles = Commands(help="How files of each carrier are read, described as data.")
margin = Commands(help="What is earned: price less cost, and the markup a target needs.")
books = Commands(help="The months as a double-entry journal, for the bookkeeping.")
receivables = Commands(help="What customers owe us, and how it is collected.")
orders = Commands(help="What was ordered from carriers, and what became of it.")
quotes = Commands(help="What customers ask for, priced: carriers and terms compared.")
commissions = Commands(help="Who earns which share of what customers pay.")
runs = Commands(help="What was run, when, by whom and how it ended.")
csr = Commands(help="Customer service records: a carrier's list of what we have.")
GROUPS = {
    "disputes": disputes,
    "invoices": invoices,
    "cash": cash,
    "bills": bills,
    "documents": documents,
    "findings": findings,
    "db": db,
    "profiles": profiles,
    "margin": margin,
    "books": books,
    "receivables": receivables,
    "orders": orders,
    "quotes": quotes,
    "commissions": commissions,
    "csr": csr,
    "runs": runs,
}
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def in_order(modules: Iterable[str]) -> None:
    """Put the commands of each group in the order of their modules, whichever came first."""
    place = {name: number for number, name in enumerate(modules)}
    for commands in (app, *GROUPS.values()):
        commands.registered_commands.sort(key=lambda each: place.get(_module(each), len(place)))


def _module(command: CommandInfo) -> str:
    return getattr(command.callback, "__module__", "")


def example(*lines: str) -> str:
    """Return how a command is used, as its help ends."""
    shown = (line for each in lines for line in help_layout.wrapped(each))
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in shown)


QUIET = "rebill.quiet"
"""Where the context of a command says that no progress is wanted."""


def quiet() -> bool:
    """Whether the command that runs says no more than results, warnings and errors."""
    here = whereabouts.context()
    return here is not None and bool(here.meta.get(QUIET))


def a_log() -> Log:
    """Return a log on standard error."""
    from rebill.workspace.log import Log

    return Log(quiet=quiet())


def now() -> str:
    """Return the time as the record of runs keeps it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def a_hand(command: str, patience: float) -> Hand:
    """Return who works here: the login, the machine, and what is run."""
    import platform

    from rebill.workspace.settings import Hand

    return Hand(login() or None, platform.node() or None, command, now, patience)


def clock_day() -> dt.date:
    """Return the day the clock shows."""
    return dt.date.today()


def login() -> str:
    """Return whose login this is; empty where the system knows none.

    It is that of the process, which nobody can type. Only who may become anybody is believed what
    the environment says.
    """
    import getpass
    import pwd

    try:
        user = os.geteuid()
        return pwd.getpwuid(user).pw_name if user else getpass.getuser()
    except (OSError, KeyError):
        return ""


def named(who: str | None) -> str | None:
    """Return who did something: who is named, else this login; none where it is not known."""
    return (who or "").strip() or login() or None


def known_profile(name: str | None, workspace: Path) -> None:
    """Refuse the name of a profile that nothing goes by, before a file is judged by it."""
    from rebill.workspace.profiles import profiles_at, unfinished_at
    from rebill.workspace.settings import ConfigError

    if name is None:
        return
    there = profiles_at(workspace)
    if there.named(name) is None:
        for draft in unfinished_at(workspace):
            if draft.name == name:
                raise ConfigError(str(draft))
        names = ", ".join(known.profile for known in there)
        raise ConfigError(f"no profile is called `{name}`; there are: {names}")


def put(text: str, out: Path | None) -> None:
    """Print text, or leave it in the file."""
    from rebill.paper.streams import deliver
    from rebill.workspace.settings import ConfigError
    from rebill.workspace.write import handed_to, is_device, leave

    if out is None or str(out) == standard_input.DASH:
        deliver(text)
    elif out.is_dir():
        raise ConfigError(f"{out} is a folder; name a file in it")
    elif is_device(out):
        with handed_to(out) as file:
            file.write(text.encode())
    else:
        leave(out.resolve(), text)


def carry_out(place: Workspace, job: Job) -> Outcome:
    """Carry out what a command asks for in one transaction, and return what became of it."""
    from rebill.night import batch

    return batch.run(place, job, a_log(), now)


def as_record(outcome: Outcome) -> dict[str, Any]:
    """Return what a run did as plain data."""
    from rebill.outbox.undelivered import noted

    lacks = noted()
    return {
        "counts": outcome.counts,
        "sums": outcome.sums,
        "papers": outcome.written,
        "files": outcome.became,
        "warnings": [] if lacks is None else [told_of_papers(lacks)],
    }


def show_outcome(outcome: Outcome, json: bool) -> None:
    """Print what a run did."""
    from json import dumps

    from rebill.paper.text import say

    if json:
        print(dumps(as_record(outcome), default=str, indent=1))
        return
    for name, words in sorted(outcome.became.items()):
        say(f"{name}: {words}")
    for name, value in (*outcome.counts.items(), *outcome.sums.items()):
        say(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}")
