"""How a list is shown: to a person what fits the terminal, to a program all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import typer

from rebill.cli.lists.declared import LISTS, Listing
from rebill.paper import listing, streams, text
from reconcile.findings import BY_NAME, REASONS

MOST_TOLD = 20
"""So many rows that are set aside are named one by one."""
NO_FILTERS = frozenset(
    {"json", "csv", "columns", "wide", "out", "limit", "due", "workspace", "wait", "yes", "quiet"}
)
"""Options that say where or how, not which rows."""
WORDS = {
    "code": {name: code.words for name, code in BY_NAME.items()},
    "reason": REASONS,
}
"""What a person calls what stands in a column, shown beside it as `words`."""

UPRIGHT = 6
"""A row that stands alone and has more columns is shown as a column of names and values."""


@dataclass(frozen=True)
class As:
    """How rows are asked for."""

    form: str | None = None
    """How they are written for a program (`endings.LIST_FORMS`); none: for a person."""
    columns: str | None = None
    wide: bool = False
    out: Path | None = None
    limit: int | None = None


def show(rows: pl.DataFrame, things: str, how: As, people: pl.DataFrame | None = None) -> None:
    """Print or write the rows of a list; without any, say to people that there are none.

    `people` are the rows as a person is told them, where they are others than a program gets.
    """
    people = with_words(rows if people is None else people)
    if how.columns is not None:
        people, plain = chosen(people, how.columns), with_words(rows)
        # A program gets its rows in their own order, but for names that only people are told.
        there = set(people.columns) <= set(plain.columns)
        rows = plain.select(people.columns) if there else people
    if how.out is not None and str(how.out) != "-":
        _leave(rows, how.out, how.form or "csv")
    elif how.form == "json":
        streams.deliver(text.as_json(rows) + "\n")
    elif how.form == "csv":
        streams.deliver(text.safe_csv(rows))
    elif people.is_empty():
        text.note(f"no {things}{asked()}" if things else f"nothing to list{asked()}")
    else:
        _print(people, things, how)


def chosen(people: pl.DataFrame, columns: str | None) -> pl.DataFrame:
    """Return rows in the columns that are asked for by name, words beside codes among them."""
    if columns is None:
        return people
    worded = with_words(people)
    return worded.select(_asked_columns(columns, worded.columns))


def _print(people: pl.DataFrame, things: str, how: As) -> None:
    """Print rows for people, the first `limit` of them, and say how many more there are."""
    shown = people if how.limit is None else people.head(min(how.limit, people.height))
    listing.show(laid_out(shown, things, all_columns=how.wide or how.columns is not None))
    if people.height > shown.height:
        text.note(f"and {people.height - shown.height:,} more")


def show_parts(parts: Mapping[str, pl.DataFrame], things: Mapping[str, str]) -> None:
    """Print frames for people, each below its name; what is one row alone stands upright."""
    shown = [(name, rows) for name, rows in parts.items() if rows.height]
    for number, (name, rows) in enumerate(shown):
        if number:
            print()
        if len(parts) > 1:
            listing.title(name.replace("_", " "))
        if rows.height == 1 and rows.width > UPRIGHT:
            text.say(text.as_pairs(with_words(rows)))
        else:
            listing.show(laid_out(with_words(rows), things.get(name, name)))


def laid_out(people: pl.DataFrame, things: str, *, all_columns: bool = False) -> listing.Sheet:
    """Return rows laid out in the columns that fit the terminal, or in all."""
    if all_columns:
        return listing.whole(people)
    known = LISTS.get(things, Listing(""))
    width = listing.width_of_terminal()
    return listing.fitted(people, width, known.preferred(), wrapped=known.wrapped)


def with_words(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with `words` beside a code or a reason: what a person calls it."""
    for name, words in WORDS.items():
        if name in rows.columns and "words" not in rows.columns:
            said = pl.col(name).replace_strict(words, default=None, return_dtype=pl.String)
            added = rows.with_columns(words=said)
            # A reason may be a person's own words.
            if added.is_empty() or added["words"].null_count() < added.height:
                return added.select(beside(rows.columns, name, "words"))
    return rows


def beside(columns: list[str], name: str, *added: str) -> list[str]:
    """Return columns with others right behind one of them."""
    at = columns.index(name) + 1
    return [*columns[:at], *added, *columns[at:]]


def _asked_columns(asked: str, there: list[str]) -> list[str]:
    """Return the columns that are asked for by name; an unknown one is wrong usage."""
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in asked.split(",")]
    wanted = list(dict.fromkeys(name for name in names if name))
    unknown = [name for name in wanted if name not in there]
    if unknown or not wanted:
        named = ", ".join(unknown) or "nothing"
        raise typer.BadParameter(f"--columns: no column is {named}; there are: {', '.join(there)}")
    return wanted


def _leave(rows: pl.DataFrame, out: Path, form: str) -> None:
    """Leave rows in a file."""
    from rebill.cli.base import put
    from rebill.workspace.write import handed_to

    if form == "parquet" and not out.is_dir():
        with handed_to(out) as file:
            rows.write_parquet(file)
    elif form == "json":
        put(text.as_json(rows) + "\n", out)
    else:
        put(text.safe_csv(rows), out)


def asked() -> str:
    """Return which options of this command narrow what it lists, as they were typed."""
    # The library brings a click of its own: the one beside it knows of no command.
    from typer.main import get_current_context  # type: ignore[attr-defined]

    here = get_current_context(silent=True)
    if here is None:
        return ""
    typed = [
        f"{max(parameter.opts, key=len)} {_said(here.params[parameter.name])}".strip()
        for parameter in here.command.params
        if parameter.name in here.params
        and parameter.name not in NO_FILTERS
        and parameter.param_type_name == "option"
        and "COMMANDLINE" in str(here.get_parameter_source(parameter.name))
    ]
    return " with " + " ".join(typed) if typed else ""


def _said(value: Any) -> str:
    """Return the value of an option as it is typed; a flag has none."""
    if isinstance(value, bool):
        return ""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def tell_aside(aside: pl.DataFrame) -> bool:
    """Name rows that were set aside (source_file, source_row, reason, remedy), the first of many,
    on standard error; return whether there are any."""
    told = aside.select("source_file", "source_row", "reason", "remedy")
    for file, row, reason, remedy in told.head(MOST_TOLD).iter_rows():
        place = file if row is None else f"{file} row {row}"
        text.note(f"{place}: {reason}; {remedy}")
    if told.height > MOST_TOLD:
        text.note(f"and {told.height - MOST_TOLD} rows more")
    return not told.is_empty()
