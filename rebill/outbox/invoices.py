"""The papers of customer invoices in `outbox/invoices/`: page, CSV and, where asked for, PDF.

They are made from the record alone, so that what is lost is made again, the same to the byte.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import repeat
from pathlib import Path

import polars as pl

from invoices.customer.brand import BrandFault
from invoices.customer.page import pages
from invoices.customer.pdf_words import words_of_invoices
from invoices.schema import among
from rebill.outbox.asked import invoice_states
from rebill.outbox.lacking import Lacking, still_lacking, unfit
from rebill.outbox.made_of import Frames, invoice_frames
from rebill.outbox.shelf import Shelf, names_in, remove
from rebill.outbox.whole import invoice_folder, invoice_names
from rebill.paper.typeset import Sheet
from rebill.store.frames import one_of
from rebill.store.models import CustomerInvoice
from rebill.store.record import Record
from rebill.workspace.apart import Budget
from rebill.workspace.brands import Brands, read_brands
from rebill.workspace.desk import Desk


def deliver_invoices(
    record: Record, numbers: Collection[str], months: Collection[str], lacking: Lacking
) -> int:
    """Leave the papers of these invoices, and of all of these months, in the outbox.

    Returns how many papers were written or removed. Those of a brand that cannot be used, and of
    issued invoices whose brand does not say who sends them, are lacking: all of an invoice or none,
    and what stood there before stays.
    """
    named = one_of(record.connection, CustomerInvoice.invoice_no, numbers)
    wanted = named | CustomerInvoice.bill_month.in_(list(months))
    bills = record.customer_invoices(wanted).sort("bill_month", "invoice_no")
    written = 0
    void = bills.filter(pl.col("status") == "void")
    for month, own in void.partition_by("bill_month", as_dict=True).items():
        names = [name for number in own["invoice_no"] for name in invoice_names(record, number)]
        written += remove(invoice_folder(record, str(month[0])), names)
    standing = _to_write(record, bills)
    with desk_of(record) as desk:
        brands = read_brands(record.workspace, standing["brand"], desk)
        able = unfit(standing, brands, lacking)
        by_month = able.partition_by("bill_month", as_dict=True).items()
        for month, own in by_month:
            with Shelf(invoice_folder(record, str(month[0]))) as shelf:
                for given in invoice_frames(record, own, brands):
                    _leave(record, given, shelf, brands, desk, lacking)
            written += shelf.changed
    return written


def _leave(
    record: Record, given: Frames, shelf: Shelf, brands: Brands, desk: Desk, lacking: Lacking
) -> None:
    """Leave the papers of invoices of one month, those that can be made."""
    of = {number: rest for number, *rest in given[0].select(_LACKED).iter_rows()}
    made: Iterator[tuple[str, bytes | str | None]] = zip(of, repeat(None))
    if record.workspace.settings.invoices.pdf:
        made = pdfs(given, brands, desk)
    for (number, text, page), (_, pdf) in zip(
        pages(*given, brands.letters, desk.fill), made, strict=True
    ):
        if isinstance(page, BrandFault) or isinstance(pdf, str):
            brand, month = of[number]
            lacking.add(brand, number, month, str(page if isinstance(page, BrandFault) else pdf))
            continue
        for name, paper in zip(invoice_names(record, number), (text, page, pdf), strict=False):
            if paper is not None:
                shelf.leave(name, paper)


_LACKED = ("invoice_no", "brand", "bill_month")


def desk_of(record: Record) -> Desk:
    """Return where what brands bring is filled in, under the limits of the workspace."""
    limits = record.workspace.settings.limits
    return Desk(Budget(limits.file_seconds, limits.file_mebibytes))


def pdfs(given: Frames, brands: Brands, desk: Desk) -> Iterator[tuple[str, bytes | str]]:
    """Yield number and PDF of each invoice, or number and what is wrong with its template."""
    brand_of = dict(given[0].select("invoice_no", pl.col("brand").fill_null("")).iter_rows())
    sheets = [
        Sheet(number, said, brands.letters[brand].template, brands.folders.get(brand, ""))
        for number, said in words_of_invoices(*given, brands.letters)
        for brand in (brand_of[number],)
    ]
    for number, made in desk.set_all(sheets):
        letter = brands.letters[brand_of[number]]
        if isinstance(made, str) and letter.template:
            told = made.removeprefix(f"{number}: ")
            made = f"{letter.template_place}: {told}; mend it, or start from the default template"
        elif isinstance(made, str) and (folder := brands.folders.get(brand_of[number])):
            made = f"brands/{Path(folder).name}: {made.removeprefix(f'{number}: ')}"
        yield number, made


CHANGED = "outbox.changed_invoices"
"""The fact that holds the invoices whose papers, if they lie there, say what they said before."""


def note_changed(record: Record, numbers: Collection[str]) -> None:
    """Let the record hold that the papers of these invoices are to be made anew."""
    record.say(CHANGED, ",".join(sorted(changed(record) | set(numbers))))


def changed(record: Record) -> set[str]:
    """Return the invoices that changed since their papers were left."""
    return {number for number in (record.fact(CHANGED) or "").split(",") if number}


def _to_write(record: Record, bills: pl.DataFrame) -> pl.DataFrame:
    """Return the drafts of `bills`, and the issued ones whose papers are missing or are those of
    the draft they were: others that are there do not change.

    Of those whose papers are not asked for only such as have some that could come to be untrue.
    """
    old, asked = still_lacking(record) | changed(record), invoice_states(record)
    standing = bills.filter(pl.col("status") != "void")
    numbers: list[str] = []
    for (month,), own in standing.partition_by("bill_month", as_dict=True).items():
        there = names_in(invoice_folder(record, month))
        for number, status in own.select("invoice_no", "status").iter_rows():
            names = invoice_names(record, number)
            anew = status == "draft" or number in old or not there.issuperset(names)
            if anew and (status in asked or not there.isdisjoint(names)):
                numbers.append(number)
    return bills.filter(among("invoice_no", pl.Series(numbers, dtype=pl.String)))
