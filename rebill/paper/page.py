"""The frame of the pages people look at: one style, one set of filters, self-contained HTML.

A page's template begins `{% extends "page.html.jinja" %}` and fills the blocks `title` and `body`
(and `style` for what only it needs); the macro `section` gives a heading with its note and says so
where there are no rows. Charts (`rebill.paper.charts`) are strings that may stand as they are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2


def money(value: object) -> str:
    """Return dollars with two places and thousands separators; empty where there are none."""
    return "" if value is None else f"{value:,.2f}"


def usd(value: object) -> str:
    """Return dollars with their sign, two places and thousands separators; empty where none are."""
    return "" if value is None else f"${value:,.2f}".replace("$-", "-$")


def count(value: object) -> str:
    """Return a whole number with thousands separators; empty where there is none."""
    return "" if value is None else f"{value:,}"


@cache
def environment() -> jinja2.Environment:
    """Return the environment all pages share: escaped by default, an unknown name is an error."""
    shared = jinja2.Environment(
        loader=jinja2.PackageLoader("rebill.paper", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    shared.filters["money"] = money
    shared.filters["usd"] = usd
    shared.filters["count"] = count
    return shared


def render(template: str, **facts: Any) -> str:
    """Return a page made from a template of `rebill/paper/templates` and what is known."""
    return environment().get_template(template).render(**facts)
