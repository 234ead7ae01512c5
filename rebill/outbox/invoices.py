"""The papers of customer invoices in `outbox/invoices/`: page, CSV and, where asked for, PDF.

They are made from the record alone, so that what is lost is made again, the same to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from invoices.customer.brand import Letter
from invoices.customer.page import pages
from invoices.customer.pdf_words import words_of_invoices
from rebill.paper.typeset import Sheet, set_all
from rebill.reference.current import current_frame
from rebill.store.record import Record
from rebill.workspace.brands import Brands, read_brands
from rebill.workspace.write import leave, safe_name

AT_ONCE = 200_000
"""Lines of customer invoices held in memory at a time."""


def invoice_paths(record: Record, invoice: dict[str, Any]) -> list[Path]:
    """Return where the CSV and the page of a customer invoice lie, and its PDF if there is one."""
    folder = invoice_folder(record, invoice["bill_month"])
    name = safe_name(invoice["invoice_no"])
    forms = ("csv", "html", "pdf") if record.workspace.settings.invoices.pdf else ("csv", "html")
    return [folder / f"{name}.{form}" for form in forms]


def invoice_folder(record: Record, month: str) -> Path:
    """Return where the papers of the customer invoices of a bill month lie."""
    return record.workspace.outbox / "invoices" / month


def deliver_invoices(
    record: Record,
    numbers: Collection[str],
    months: Collection[str],
    warn: Callable[[str], None],
) -> int:
    """Leave the papers of these invoices, and of all of these months, in the outbox.

    Returns how many papers were written or removed. A brand that cannot be used is told to `warn`,
    and its invoices are left on the default page with its name.
    """
    wanted = pl.col("invoice_no").is_in(list(numbers)) | pl.col("bill_month").is_in(list(months))
    bills = record.customer_invoices().filter(wanted).sort("bill_month", "invoice_no")
    written = 0
    for gone in bills.filter(pl.col("status") == "void").iter_rows(named=True):
        for path in invoice_paths(record, gone):
            written += path.exists()
            path.unlink(missing_ok=True)
    standing = _to_write(record, bills)
    brands = usable(record, standing["brand"], warn)
    for month, part in portions(standing):
        given = invoice_frames(record, month, part)
        paths = {bill["invoice_no"]: invoice_paths(record, bill) for bill in part.to_dicts()}
        for number, *texts in pages(*given, brands.letters):
            for path, text in zip(paths[number], texts, strict=False):
                written += leave(path, text)
        if record.workspace.settings.invoices.pdf:
            for number, made in pdfs(given, brands):
                if isinstance(made, bytes):
                    written += leave(paths[number][-1], made)
                else:
                    warn(made)
    return written


def usable(record: Record, names: Iterable[str | None], warn: Callable[[str], None]) -> Brands:
    """Return the brands of these names; one that cannot be used is told, and shown plainly."""
    brands = read_brands(record.workspace, names)
    for name, fault in brands.faults.items():
        warn(f"{fault}; its invoices are left on the default page")
        brands.letters[name] = Letter(name=name)
    return brands


Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]
"""Invoices, their lines, the customers, the catalogue: what a document is made of."""


def invoice_frames(record: Record, month: str, bills: pl.DataFrame) -> Frames:
    """Return what the documents of invoices of one month and one version are made of.

    Customers are called as they were when the invoices were issued; notes say what an invoice
    stands for, and how it was rounded.
    """
    load: int | None = bills["issued_load"].to_list()[0]
    customers = current_frame(record.workspace, record.connection, "customers", load).collect()
    lines = record.customer_lines([month]).join(
        bills.lazy().select("invoice_no"), on="invoice_no", how="semi"
    )
    return bills.with_columns(notes=_notes()), lines.collect(), customers, catalogue(record)


def _notes() -> pl.Expr:
    """Return what a customer should know of an invoice as a whole, as a list of sentences."""
    corrects = pl.col("corrects")
    return pl.concat_list(
        pl.when((pl.col("kind") == "credit_note") & corrects.is_not_null())
        .then(pl.concat_str(pl.lit("This credit note takes back invoice "), corrects, pl.lit(".")))
        .when(corrects.is_not_null())
        .then(pl.concat_str(pl.lit("This invoice takes the place of "), corrects, pl.lit("."))),
        pl.when(pl.col("rounding").is_not_null()).then(
            pl.concat_str(pl.lit("Amounts are rounded "), "rounding", pl.lit("."))
        ),
    ).list.drop_nulls()


def pdfs(given: Frames, brands: Brands) -> Iterator[tuple[str, bytes | str]]:
    """Yield number and PDF of each invoice, or number and what its template complains of."""
    brand_of = dict(given[0].select("invoice_no", pl.col("brand").fill_null("")).iter_rows())
    yield from set_all(
        Sheet(number, said, brands.letters[brand].template, brands.folders.get(brand, ""))
        for number, said in words_of_invoices(*given, brands.letters)
        for brand in (brand_of[number],)
    )


def _to_write(record: Record, bills: pl.DataFrame) -> pl.DataFrame:
    """Return the drafts of `bills`, and the issued ones whose papers are missing: those that are
    there do not change."""
    lost = [
        bill["invoice_no"]
        for bill in bills.filter(pl.col("status") == "issued").iter_rows(named=True)
        if not all(path.exists() for path in invoice_paths(record, bill))
    ]
    return bills.filter((pl.col("status") == "draft") | pl.col("invoice_no").is_in(lost))


def portions(bills: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield bills of one month and one version of the reference tables (drafts: the current one)
    at a time, so many that their lines fit in memory."""
    issued = pl.col("issued_load").fill_null(-1)
    portion = (pl.col("lines").cum_sum().over("bill_month", issued) - pl.col("lines")) // AT_ONCE
    parts = bills.with_columns(portion=portion, issued=issued)
    for (month, *_), part in parts.group_by("bill_month", "issued", "portion", maintain_order=True):
        yield str(month), part.drop("portion", "issued")


def catalogue(record: Record) -> pl.DataFrame:
    """Return what the carriers' codes are called: carrier, usoc, description, the latest row."""
    usocs = current_frame(record.workspace, record.connection, "usocs").collect()
    named = usocs.filter(pl.col("description").is_not_null()).sort("row_id")
    rows = named.unique(["carrier", "usoc"], keep="last", maintain_order=True)
    return rows.select("carrier", "usoc", "description")
