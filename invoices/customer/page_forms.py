"""The default page filled in: the template once for each form that a page can have.

Most pages differ in their texts alone. So the template is rendered with marks in the place of the
texts, once for all invoices that agree in whatever it asks about, and the texts of each invoice are
put where the marks stand.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import escape

_MARK = "\0"
"""Stands on both sides of the name of a text; a text that is `seen` has none."""
_TEXTS = (
    *("invoice_no", "customer_no", "called", "month", "bill_date", "due_date", "name", "email"),
    *("total", "account_day", "past_due", "balance", "many"),
)
_PAIRS = ("account", "ages")
_LISTS = ("address", "classes", "class_totals", "notes")
_Form = tuple[list[bytes], list[int]]
"""What stands on every page of a form, and the place of the text behind each piece but the last."""


class PageForms:
    """The forms met so far, of invoices whose letters do not change meanwhile."""

    def __init__(self) -> None:
        self._met: dict[tuple[object, ...], _Form] = {}

    def page(
        self, under: Hashable, said: Mapping[str, Any], summary: bytes, detail: bytes
    ) -> bytes:
        """Return the page that says `said`, with the rows of its two tables as HTML.

        `under` tells one letter from another.
        """
        texts = _texts(said)
        asked = (
            *(under, said["mark"], said["is_credit"], said["count"] == 1),
            *(len(said["carriers"]), *(len(said[name]) for name in (*_LISTS, *_PAIRS))),
            *map(bool, texts),
        )
        if asked not in self._met:
            self._met[asked] = _form(said, texts)
        pieces, places = self._met[asked]
        put = [*_escaped(texts), summary, detail]
        page = [b""] * (2 * len(places) + 1)
        page[::2] = pieces
        page[1::2] = [put[place] for place in places]
        return b"".join(page)


def _texts(said: Mapping[str, Any]) -> list[str]:
    """Return the texts in which pages of one form differ."""
    texts = [said[name] for name in _TEXTS]
    for name in _LISTS:
        texts += said[name]
    for name in _PAIRS:
        texts += (text for pair in said[name] for text in pair)
    for row in said["carriers"]:
        texts += (row["carrier"], row["total"])
    return [*texts, str(said["count"])]


def _escaped(texts: list[str]) -> list[bytes]:
    """Return texts for a page of HTML, all at once unless one holds what tells them apart."""
    done = escape(_MARK.join(texts)).encode().split(_MARK.encode())
    return done if len(done) == len(texts) else [escape(text).encode() for text in texts]


def _form(said: Mapping[str, Any], texts: list[str]) -> _Form:
    """Render the template with its place for each text; one that is empty stays empty."""
    marks = iter([f"{_MARK}{n}{_MARK}" if text else text for n, text in enumerate(texts)])
    marked: dict[str, Any] = {name: next(marks) for name in _TEXTS}
    marked |= {name: [next(marks) for _ in said[name]] for name in _LISTS}
    marked |= {name: [(next(marks), next(marks)) for _ in said[name]] for name in _PAIRS}
    marked["carriers"] = [{"carrier": next(marks), "total": next(marks)} for _ in said["carriers"]]
    marked["count"] = said["count"] if said["count"] == 1 else next(marks)
    for place, name in enumerate(("summary", "detail"), len(texts)):
        marked[name] = f"{_MARK}{place}{_MARK}"
    parts = _template().render({**said, **marked}).split(_MARK)
    return [part.encode() for part in parts[::2]], [int(place) for place in parts[1::2]]


@cache
def _template() -> Template:
    """Return the page, compiled once."""
    source = (
        files("invoices").joinpath("templates", "customer_invoice.html.jinja").read_text("utf-8")
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
