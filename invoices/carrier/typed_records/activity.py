"""What a profile may say of order activity: where the events of orders stand."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator, model_validator

from invoices.carrier.flat.dates import readable_formats
from invoices.carrier.flat.profile import At
from invoices.carrier.profiles import Strict
from invoices.order_words import Event

EventField = Literal[
    "order_no",
    "pon",
    "at",
    "event",
    "due_on",
    "code",
    "ban",
    "circuit_id",
    "wtn",
    "who",
    "usoc",
    "quantity",
    "note",
]


class Events(Strict):
    """The `events` of a layout: each record is an event of an order."""

    record: str | None = None
    """The kind of record; not given = all of the role `rows`."""
    fields: dict[EventField, At]
    """`order_no` or `pon`, `at` and `event` are needed. `usoc`, `quantity` and `note` become the
    note of the event."""
    words: dict[str, Event | Literal["none"]] = {}
    """What is printed for an event (its column's own word, where that has `words`) -> the event;
    `none`: it is no event of an order. Compared without case."""
    dates: tuple[str, ...] = ()
    """Date formats; not given = those of the layout."""

    _dates = field_validator("dates")(readable_formats)

    @model_validator(mode="after")
    def _needed(self) -> Events:
        faults = [f"no field {name}" for name in ("at", "event") if name not in self.fields]
        if "order_no" not in self.fields and "pon" not in self.fields:
            faults.append("no field order_no, and no pon")
        faults += [f"{name}: no template here" for name, at in self.fields.items() if at.template]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def columns(self) -> list[tuple[str, ...]]:
        """The columns a record must have, each with what may stand instead."""
        return [at.names for at in self.fields.values() if at.names]
