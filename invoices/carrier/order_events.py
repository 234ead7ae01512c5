"""Order activity of a carrier becomes events of orders: what was worked, when, on which circuit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier import checks as ck
from invoices.carrier import fixed, typed_records
from invoices.carrier.flat.dates import to_date
from invoices.carrier.flat.profile import At, folded
from invoices.carrier.flat.rows import BLANKS
from invoices.carrier.flat.values import stripped
from invoices.carrier.profiles import Profile
from invoices.carrier.reading import QUARANTINE
from invoices.carrier.source import Source
from invoices.carrier.typed_records.activity import EventField, Events
from invoices.carrier.typed_records.carried import Found, Unreadable, rows_of
from invoices.carrier.typed_records.kinds import Layout
from invoices.carrier.typed_records.numbers import number
from invoices.identifiers import REMEDY, clean, doubt, is_doubtful, visible
from invoices.order_words import EVENTS
from invoices.patterns import group_in
from invoices.schema import seal
from invoices.text import filled

ORDER_EVENTS = pl.Schema(
    {
        "order_no": pl.String(),  # null where only the customer's own order is named
        "pon": pl.String(),
        "at": pl.Date(),
        "event": pl.String(),
        "due_on": pl.Date(),
        "code": pl.String(),
        "ban": pl.String(),
        "circuit_id": pl.String(),
        "wtn": pl.String(),
        "who": pl.String(),
        "note": pl.String(),
        "source_file": pl.String(),
        "source_row": pl.Int64(),
    }
)
SET_ASIDE = pl.Schema({**QUARANTINE, "remedy": pl.String()})
"""Rows that cannot be read, why, and what to do."""
FIELDS: tuple[EventField, ...] = get_args(EventField)
DAYS = ("at", "due_on")
NO_EVENT = "none"
LAYOUTS: Mapping[str, Callable[[Source, Profile], Found]] = MappingProxyType(
    {fixed.NAME: fixed.found, typed_records.NAME: typed_records.found}
)
"""The formats whose files have records with cells, and what finds them."""


@dataclass(frozen=True)
class Activity:
    """What a file says of orders."""

    events: pl.DataFrame
    """`ORDER_EVENTS` in the order of the file; a row that is no event of an order is none."""
    set_aside: pl.DataFrame
    """`SET_ASIDE`"""


def declares_events(profile: Profile) -> bool:
    """Whether a profile says where events of orders stand."""
    return isinstance(profile.body, Layout) and profile.body.events is not None


def order_events(source: Source, profile: Profile) -> Activity:
    """Return the events of a file whose profile says where they stand (`declares_events`).

    Raises `Unreadable` for a file that is not what its layout says: nothing of it is believed.
    """
    layout = profile.section(Layout)
    events = layout.events
    if events is None:
        raise ValueError(f"profile {profile.profile} says nothing of events")
    found = LAYOUTS[profile.format](source, profile)
    wanted = {name for names in events.columns for name in names}
    kinds = [r.name for r in layout.kinds if "rows" in r.role and events.record in (None, r.name)]
    pieces = [rows_of(found, layout, kind, wanted, {}) for kind in kinds]
    read = [_read(rows, names, source, profile, events) for names, rows in pieces]
    return Activity(
        pl.concat([one.events for one in read]).sort("source_row"),
        pl.concat([one.set_aside for one in read]).sort("source_row"),
    )


def _read(
    rows: pl.LazyFrame, names: tuple[str, ...], source: Source, profile: Profile, events: Events
) -> Activity:
    """Return the events of the records of one kind."""
    layout = profile.section(Layout)
    text = {
        name: _text(name, at, names, source) if at else pl.lit(None, pl.String)
        for name, at in ((name, events.fields.get(name)) for name in FIELDS)
    }
    dates: dict[str, tuple[str, ...]] = {name: events.dates or layout.dates for name in DAYS}
    dates |= {name: at.dates for name, at in events.fields.items() if name in DAYS and at.dates}
    checks = _checks(dates, _numbers(layout))
    told = (
        rows.select("row", "text", "whole", pl.col("fault").alias("damage"), **text)
        .with_columns(_event(events), *(_day(name, dates[name]) for name in DAYS))
        .filter(~pl.col("whole") | (pl.col("event value").fill_null("") != NO_EVENT))
        .with_columns(**ck.reasons(checks), faulty=ck.any_fails(checks))
        .collect()
    )
    return Activity(_events(told.filter(~pl.col("faulty")), source, profile), _aside(told, source))


_IDENTIFIERS = ("order_no", "pon", "ban", "circuit_id", "wtn", "usoc", "code")


def _text(name: str, at: At, names: tuple[str, ...], source: Source) -> pl.Expr:
    """Return what stands in a field, trimmed, null where nothing does."""
    if at.value:
        return pl.lit(at.value)
    if at.file_name:
        return pl.lit(group_in(source.name, at.file_name), pl.String)
    cells = [
        pl.col(f"cell {names.index(column)}").str.strip_chars(BLANKS)
        for column in at.names
        if column in names
    ]
    text = pl.coalesce(pl.when(cell != "").then(cell) for cell in cells)
    text = stripped(clean(text) if name in _IDENTIFIERS else visible(text), at)
    if at.width and at.pad:
        text = text.str.pad_start(at.width, at.pad)
    return c.telephone(text) if name == "wtn" else text


def _event(events: Events) -> pl.Expr:
    """Return the event a word stands for, null where the profile knows none."""
    words = {name: name for name in EVENTS}
    words |= {word.strip().casefold(): event for word, event in events.words.items()}
    printed = pl.col("event").str.to_lowercase()
    known = printed.replace_strict(words, default=None, return_dtype=pl.String)
    return known.alias("event value")


def _day(name: str, dates: tuple[str, ...]) -> pl.Expr:
    return to_date(pl.col(name), dates).alias(f"{name} value")


def _numbers(layout: Layout) -> list[EventField]:
    """Return the fields of events that stand in columns of numbers."""
    events = layout.events
    assert events is not None
    columns = (column for record in layout.kinds for column in record.columns)
    numbers = {folded(column.name) for column in columns if column.type != "text"}
    return [name for name, at in events.fields.items() if numbers & set(at.names)]


def _checks(dates: Mapping[str, tuple[str, ...]], numbers: Iterable[EventField]) -> list[ck.Check]:
    """Return what must hold of a row, its shape first."""
    nobody = pl.col("order_no").is_null() & pl.col("pon").is_null()
    word = pl.col("event")
    unknown = filled("event `{}` is none the profile knows", c.shown(word))
    return [
        ck.Check(~pl.col("whole"), pl.col("damage"), "send the record again whole"),
        ck.Check(
            nobody,
            pl.lit("order_no is empty, and so is pon"),
            "fill in one of them, or give the word of the row as `none` in `events.words`",
        ),
        ck.needed("at"),
        ck.needed("event"),
        ck.Check(
            word.is_not_null() & pl.col("event value").is_null(),
            unknown,
            f"add the word to `events.words` of the profile, as one of {', '.join(EVENTS)}, none",
        ),
        *(
            ck.Check(
                pl.col(name).is_not_null() & pl.col(f"{name} value").is_null(),
                filled(f"{name} `{{}}` is not {c.DATE.what}", c.shown(pl.col(name))),
                f"add its format to `dates` of the profile (there are: {', '.join(dates[name])})",
            )
            for name in DAYS
        ),
        *(
            ck.Check(is_doubtful(name, pl.col(name)), doubt(name, pl.col(name)), REMEDY)
            for name in _IDENTIFIERS
        ),
        # In a record that stands shifted every other field is another one too.
        *(
            ck.Check(
                pl.col(name).is_not_null() & number(pl.col(name)).is_null(),
                filled(f"{name} `{{}}` is no number", c.shown(pl.col(name))),
                "hold the record against the layout with `rebill profiles cells`",
            )
            for name in numbers
        ),
    ]


def _events(rows: pl.DataFrame, source: Source, profile: Profile) -> pl.DataFrame:
    units = filled("{} x {}", "usoc", "quantity")
    # What the carrier called it says more than the event it stands for.
    word = pl.when(pl.col("event").str.to_lowercase() != pl.col("event value")).then("event")
    said = (word, pl.coalesce(units, "usoc", "quantity"), "note")
    note = pl.concat_str(*said, separator="; ", ignore_nulls=True)
    return rows.with_columns(
        note=pl.when(note != "").then(note),
        event="event value",
        at="at value",
        due_on="due_on value",
        who=pl.coalesce("who", pl.lit(profile.carrier, pl.String)),
        source_file=pl.lit(source.name),
        source_row="row",
    ).pipe(seal, ORDER_EVENTS)


def _aside(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    return (
        rows.filter("faulty")
        .with_columns(
            source_file=pl.lit(source.name), source_row="row", raw="text", reason="message"
        )
        .pipe(seal, SET_ASIDE)
    )


__all__ = [
    "LAYOUTS",
    "ORDER_EVENTS",
    "SET_ASIDE",
    "Activity",
    "Unreadable",
    "declares_events",
    "order_events",
]
