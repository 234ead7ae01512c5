"""The options many commands share, and the values they are gathered into.

A parameter whose type is one of the dataclasses here stands for the options in it, see
`base.Commands`: what a type adds stands in the help before what it inherits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebill.cli.lists.endings import LIST_FORMS, form_of
from rebill.cli.whereabouts import HERE as HERE
from rebill.cli.whereabouts import context

if TYPE_CHECKING:
    import polars as pl

    from rebill.cli.lists.shown import As
    from rebill.store.record import Record
    from rebill.workspace.settings import Workspace

    Ids = Callable[[Record, Sequence[str]], list[str]]


def any_day_from(text: str) -> dt.date:
    """Return the day an option names, however far; anything else is wrong usage."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2026-03-31") from None


def day_from(text: str) -> dt.date:
    """Return the day an option names; a day the calendar does not know is wrong usage too."""
    return _known(any_day_from(text), text)


def month_from(text: str) -> str:
    """Return the month an option names, as YYYY-MM; anything else is wrong usage."""
    try:
        first = dt.datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no month; write it as 2026-03") from None
    return _known(first, text).strftime("%Y-%m")


def _known(day: dt.date, text: str) -> dt.date:
    from invoices.calendar import FIRST_YEAR, LAST_YEAR, is_known

    if not is_known(day):
        raise typer.BadParameter(
            f"{text!r} lies outside the years {FIRST_YEAR} to {LAST_YEAR}: no other days are known"
        )
    return day


def amount_from(text: str) -> Decimal:
    """Return the amount an option names, in dollars and cents; anything else is wrong usage."""
    try:
        value = Decimal(text.replace(",", "").removeprefix("$"))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) >= 10**12 or value != round(value, 2):
        raise typer.BadParameter(f"{text!r} is no amount; write it as 1250.00")
    return round(value, 2)


Where = Annotated[
    Path,
    typer.Option(
        "--workspace",
        envvar="REBILL_WORKSPACE",
        show_envvar=False,
        show_default=False,
        metavar="DIR",
        help="The workspace; else REBILL_WORKSPACE, else the one this folder lies in.",
    ),
]
AsOf = Annotated[
    dt.date | None,
    typer.Option(
        "--as-of", parser=day_from, metavar="DATE", help="The day as of which it is done or shown."
    ),
]
Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        envvar="REBILL_WAIT",
        show_envvar=False,
        show_default=False,
        min=0,
        metavar="SECONDS",
        help="Wait so long for another command at work; else REBILL_WAIT, else 0.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for a program.")]
Month = Annotated[
    str | None,
    typer.Option(
        "--bill-month", parser=month_from, metavar="YYYY-MM", help="Only this bill month."
    ),
]
OfMonth = Annotated[
    str | None,
    typer.Option(
        "--bill-month", "--month", parser=month_from, metavar="YYYY-MM", help="Only this month."
    ),
]
Paths = Annotated[list[Path], typer.Argument(metavar="PATH...")]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile", metavar="NAME", help="The profile to read it by; `rebill profiles list`."
    ),
]
Out = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to; else printed.")
]
CsvOut = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it as CSV.")
]
Yes = Annotated[
    bool,
    typer.Option("--yes", help="The day is meant, though before the last night or far off."),
]
Who = Annotated[
    str | None,
    typer.Option("--who", help="Who decides; without it the login of this terminal."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, in words that last.")]


def open_place(workspace: Path, wait: float = 0) -> Workspace:
    """Return the workspace an option names, in the hand of who runs the command."""
    from dataclasses import replace

    from rebill.cli.base import a_hand
    from rebill.workspace.settings import SETTINGS_FILE, ConfigError, open_workspace

    if workspace == HERE and not (workspace / SETTINGS_FILE).is_file():
        raise ConfigError(
            f"there is no workspace here: neither {Path.cwd()} nor a folder above it has a"
            f" {SETTINGS_FILE}; `rebill init DIR` makes one, --workspace DIR names one"
        )

    return replace(open_workspace(workspace), hand=a_hand(_command() or "rebill", wait))


def _command() -> str:
    """Return the command that is run, in words; empty where none is."""
    here: Any = context()
    words: list[str] = []
    while here is not None and here.parent is not None:  # the program itself is no word of it
        words.insert(0, here.info_name or "")
        here = here.parent
    return " ".join(words)


@dataclass(frozen=True, kw_only=True)
class Given:
    """Where a command works, and whether a program reads what it says."""

    json: Json = False
    workspace: Where = HERE
    wait: Wait = 0

    def place(self) -> Workspace:
        """Return the workspace that is meant."""
        return open_place(self.workspace, self.wait)

    def reading(self) -> AbstractContextManager[Record]:
        """Return the record of the workspace, opened to be read."""
        from rebill.store.record import reading

        return reading(self.place())

    def meant(self, ids: Ids, typed: Sequence[str]) -> list[str]:
        """Return the identifiers that are meant by what was typed, see `inquiry.known_ids`."""
        with self.reading() as record:
            return ids(record, typed)

    def show(
        self, rows: pl.DataFrame, things: str = "", people: pl.DataFrame | None = None
    ) -> None:
        """Print rows as they were asked for; `things` is what they are (`lists.declared.LISTS`).

        `people`: the rows as a person is told them, where a program gets others.
        """
        from rebill.cli.lists.shown import show

        show(rows, things, self._as(), people)

    def show_parts(self, parts: Mapping[str, pl.DataFrame], /, **things: str) -> None:
        """Print frames below their names, or as one JSON object under them.

        `things` says what a part is, where it is not called so.
        """
        from rebill.cli.lists.shown import show_parts
        from rebill.paper.streams import deliver
        from rebill.paper.text import as_object

        if self.json:
            deliver(as_object(parts) + "\n")
        else:
            show_parts(parts, things)

    def _as(self) -> As:
        from rebill.cli.lists.shown import As

        return As("json" if self.json else None)


@dataclass(frozen=True, kw_only=True)
class Listed(Given):
    """The same, where rows are listed: which columns of how many rows, and where to."""

    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B", help="These columns, instead of those that fit."),
    ] = None
    wide: Annotated[bool, typer.Option("--wide", help="All columns, however wide.")] = False
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Print so many rows at most.")
    ] = None
    csv: Annotated[bool, typer.Option("--csv", help="Print the result as CSV.")] = False
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write it as .csv, .json or .parquet instead."
        ),
    ] = None

    def plain(self) -> bool:
        """Return whether rows are shown to a person, who asked for no columns."""
        return not (self.json or self.csv or self.out or self.columns or self.wide)

    def chosen(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows that are written otherwise than `show` does, in the columns asked for."""
        from rebill.cli.lists.shown import chosen

        return chosen(rows, self.columns)

    def _as(self) -> As:
        from rebill.cli.lists.shown import As

        return As(self._form(), self.columns, self.wide, self.out, self.limit)

    def _form(self) -> str | None:
        """Return how rows are written for a program, none where they are shown to a person.

        A file whose name ends as another format than is asked for, or is written, is wrong usage.
        """
        if self.csv and self.json:
            raise typer.BadParameter("give --csv or --json, not both")
        asked = "csv" if self.csv else "json" if self.json else None
        return asked if self.out is None else form_of(asked, self.out, LIST_FORMS)


@dataclass(frozen=True, kw_only=True)
class Acting(Given):
    """The same, where what is done is kept as of a day."""

    yes: Yes = False

    def sure(self, day: dt.date | None, *, act: bool = True) -> None:
        """Refuse a day that is hardly meant, unless --yes says it is.

        Raises ConfigError with what would follow. An act may well have happened before the last
        night; `act` is false where states are reckoned for the day.
        """
        from rebill.workspace.settings import ConfigError

        if not self.yes and (told := self.doubt(day, act=act)):
            raise ConfigError(f"{told}; if the day is meant, add --yes")

    def doubt(self, day: dt.date | None, *, act: bool) -> str | None:
        """Return what would follow from a day that is hardly meant; nothing where it may be."""
        from rebill.cli import base
        from rebill.night import far_days

        return None if day is None else far_days.doubt(self.place(), day, base.clock_day(), act=act)


@dataclass(frozen=True, kw_only=True)
class GivenDay(Given):
    """The same, as things stand on a day."""

    as_of: AsOf = None

    def day(self, record: Record) -> dt.date | None:
        """Return the day asked, or that of the last night; an empty record has none."""
        return self.as_of or record.last_as_of()


@dataclass(frozen=True, kw_only=True)
class ListedDay(GivenDay, Listed):
    """The same, where rows are listed."""

    @classmethod
    def of(cls, given: GivenDay) -> ListedDay:
        """Return what was given, to list rows with it."""
        there = {field.name for field in fields(given)}
        return cls(**{f.name: getattr(given, f.name) for f in fields(cls) if f.name in there})


@dataclass(frozen=True, kw_only=True)
class Keeping(GivenDay, Acting):
    """The same, where states are reckoned for the day and kept."""

    def settled(self) -> dt.date | None:
        """Return the day asked, if it is surely meant, or that of the last night."""
        self.sure(self.as_of, act=False)
        with self.reading() as record:
            return self.day(record)


@dataclass(frozen=True, kw_only=True)
class Decided(Keeping):
    """What a person decides: who, on which day and why."""

    reason: Reason
    who: Who = None
