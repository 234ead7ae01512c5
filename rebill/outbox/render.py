"""Customer invoices written as documents: PDF, page, CSV, JSON or X12 811, as often as one likes.

What they say is what the record says; nothing is changed. An invoice whose brand cannot be used is
a fault, and the others are written all the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from invoices.customer.brand import BrandFault
from invoices.customer.edi811 import interchanges
from invoices.customer.json_data import data_of_invoices
from invoices.customer.page import pages
from rebill.outbox.invoices import desk_of, pdfs
from rebill.outbox.lacking import Lacking, unfit, words
from rebill.outbox.made_of import Frames, invoice_frames
from rebill.outbox.whole import invoice_folder
from rebill.store.record import Record
from rebill.workspace.brands import Brands, read_brands
from rebill.workspace.desk import Desk
from rebill.workspace.settings import ConfigError
from rebill.workspace.write import leave, safe_name

FORMS = ("pdf", "html", "csv", "json", "x12")
"""What an invoice can be written as."""


@dataclass
class Rendered:
    """What was written, and what could not be."""

    paths: list[Path] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """What a person should know of what was written."""


def chosen(record: Record, numbers: Collection[str], month: str | None) -> pl.DataFrame:
    """Return the invoices that are asked for: those of the numbers, or all of a month, or all.

    A number that no invoice has is wrong usage. Void ones are left out unless named.
    """
    bills = record.customer_invoices()
    unknown = sorted(set(numbers) - set(bills["invoice_no"]))
    if unknown:
        raise ConfigError(f"no invoice is called {', '.join(unknown)}; see `rebill invoices list`")
    if numbers:
        bills = bills.filter(pl.col("invoice_no").is_in(list(numbers)))
    else:
        bills = bills.filter(pl.col("status") != "void")
    if month is not None:
        bills = bills.filter(pl.col("bill_month") == month)
    return bills.sort("bill_month", "invoice_no")


def render(
    record: Record, bills: pl.DataFrame, forms: Collection[str], out: Path | None = None
) -> Rendered:
    """Write the invoices in every form asked for: to `out`, or beside those of the night."""
    done = Rendered()
    failed: dict[str, list[str]] = {}
    with desk_of(record) as desk:
        brands = read_brands(record.workspace, bills["brand"], desk)
        found = Lacking()
        able = unfit(bills, brands, found)
        done.faults += [words(row) for row in found.rows()]
        done.words += [
            f"brand {name or '(none)'} has no phone: a bill must show a toll-free number for"
            " inquiries; add `phone` to its brand.toml or to [house] in rebill.toml"
            for name, letter in brands.letters.items()
            if not letter.phone
        ]
        for given in invoice_frames(record, able, brands):
            month = given[0]["bill_month"][0]
            folder = invoice_folder(record, month) if out is None else out
            for number, form, made in _written(given, forms, brands, desk):
                if isinstance(made, BrandFault):
                    failed.setdefault(str(made).removeprefix(f"{number}: "), []).append(number)
                    continue
                path = folder / f"{safe_name(number)}.{form}"
                leave(path, made)
                done.paths.append(path)
    for why, numbers in failed.items():
        more = f" and {len(numbers) - 1:,} more" if len(numbers) > 1 else ""
        done.faults.append(f"{numbers[0]}{more}: {why}")
    return done


def _written(
    given: Frames, forms: Collection[str], brands: Brands, desk: Desk
) -> Iterator[tuple[str, str, str | bytes | BrandFault]]:
    """Yield number, form and content of each document, or what is wrong with it."""
    if {"csv", "html"} & set(forms):
        for number, rows, page in pages(*given, brands.letters, desk.fill):
            if "csv" in forms:
                yield number, "csv", rows
            if "html" in forms:
                yield number, "html", page
    if "json" in forms:
        for number, said in data_of_invoices(*given, brands.letters):
            yield number, "json", json.dumps(said, ensure_ascii=False, indent=1) + "\n"
    if "x12" in forms:
        for number, interchange in interchanges(*given, brands.letters):
            yield number, "x12", interchange
    if "pdf" in forms:
        for number, made in pdfs(given, brands, desk):
            yield number, "pdf", made if isinstance(made, bytes) else BrandFault(made)
