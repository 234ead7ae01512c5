"""Papers to customers about their account: who sends them, to whom, and how they are written.

A letter is one value of words; its page and its PDF are made from the same, so that they say the
same. A brand that does not say who it is and where to pay sends none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from invoices.customer.brand import Letter, letterhead
from invoices.customer.pdf_words import breakable
from invoices.customer.words import paragraphs, seen
from rebill.paper.page import render
from rebill.paper.typeset import Sheet
from rebill.reference import current
from rebill.store.record import Record
from rebill.workspace.apart import Budget
from rebill.workspace.brands import Brands, read_brands
from rebill.workspace.desk import Desk
from rebill.workspace.write import leave

KIND = "account_letter"
NUMBERS = ("Amount", "Balance", "Days late")
"""Columns whose cells stand to the right; the one without a heading takes what room is left."""


@dataclass(frozen=True)
class Paper:
    """What a letter says, in words, and where it goes."""

    customer: str
    path: Path
    """Without the ending of its form."""
    title: str
    facts: Sequence[tuple[str, str]]
    """What it is about: its date, number, account."""
    words: Sequence[str]
    """Paragraphs above the table."""
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: tuple[str, str]
    ages: Sequence[tuple[str, str]] = ()
    after: Sequence[str] = ()
    """Paragraphs below it."""


@dataclass(frozen=True)
class Addressees:
    """To whom papers go, and under which brands."""

    rows: dict[str, dict[str, Any]]
    brands: Brands

    def why_not(self, customer: str) -> str | None:
        """Return why no paper can go to a customer; nothing if one can."""
        if customer not in self.rows:
            return "it is not in the table customers any more: load its row first"
        brand = self._brand(customer)
        return self.brands.faults.get(brand) or self.brands.lacks(brand) or None

    def letter(self, customer: str) -> Letter:
        """Return the letter of a customer's brand."""
        return self.brands.letters[self._brand(customer)]

    def folder(self, customer: str) -> str:
        """Return the folder of a customer's brand; empty where its letter needs none."""
        return self.brands.folders.get(self._brand(customer), "")

    def _brand(self, customer: str) -> str:
        return str(self.rows[customer]["brand"] or "")


def desk_of(record: Record) -> Desk:
    """Return where what brands bring is filled in, under the limits of the workspace."""
    limits = record.workspace.settings.limits
    return Desk(Budget(limits.file_seconds, limits.file_mebibytes))


def addressees(record: Record, customers: Iterable[str], desk: Desk) -> Addressees:
    """Return whom papers go to, as the tables and the brands say now."""
    table = current.current_frame(record.workspace, record.connection, "customers")
    known = table.filter(pl.col("customer").is_in(list(customers))).with_columns(
        name=pl.coalesce(seen(pl.col("name")).replace("", None), seen(pl.col("customer"))),
        address=paragraphs(pl.col("address").fill_null("")),
    )
    rows = known.select("customer", "name", "address", "brand").collect()
    brands = read_brands(record.workspace, {*rows["brand"], None}, desk)
    return Addressees({row["customer"]: row for row in rows.to_dicts()}, brands)


def write_papers(papers: Sequence[Paper], to: Addressees, desk: Desk) -> list[Path]:
    """Leave each paper as a page and as a PDF, and return where."""
    made: list[Path] = []
    said = [_said(paper, to) for paper in papers]
    sheets = [
        Sheet(
            str(number),
            breakable(one),
            folder=to.folder(paper.customer),
            kind=KIND,
        )
        for number, (paper, one) in enumerate(zip(papers, said, strict=True))
    ]
    for paper, one, (_, pdf) in zip(papers, said, desk.set_all(sheets), strict=True):
        if isinstance(pdf, str):
            raise ValueError(pdf)
        logo = to.letter(paper.customer).logo_url
        page = render(f"{KIND}.html.jinja", **one, logo=logo)
        for ending, content in (("html", page), ("pdf", pdf)):
            path = paper.path.with_name(f"{paper.path.name}.{ending}")
            leave(path, content)
            made.append(path)
    return made


def _said(paper: Paper, to: Addressees) -> dict[str, Any]:
    """Return what a letter says as its templates take it."""
    own = to.rows[paper.customer]
    letter = to.letter(paper.customer)
    return {
        "letter": letterhead(letter, str(own.get("brand") or "")),
        "title": paper.title,
        "facts": [list(fact) for fact in paper.facts],
        "to": [own["name"], *own["address"]],
        "words": list(paper.words),
        "heads": list(paper.heads),
        "numbers": list(NUMBERS),
        "rows": [list(row) for row in paper.rows],
        "total": list(paper.total),
        "ages": [list(age) for age in paper.ages],
        "after": list(paper.after),
    }


def day_words(day: dt.date | None) -> str:
    """Return a date as people write it: April 5, 2026."""
    return "" if day is None else f"{day:%B} {day.day}, {day.year}"


def short_day(day: dt.date | None) -> str:
    """Return a date as it stands in a table: 04/05/2026."""
    return "" if day is None else f"{day:%m/%d/%Y}"


def dollars(amount: Decimal | None) -> str:
    """Return dollars as people write them, with a true minus sign; empty where there are none."""
    return "" if amount is None else f"{amount:,.2f}".replace("-", "\u2212")
