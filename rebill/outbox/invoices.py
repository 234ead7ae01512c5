"""The papers of customer invoices in `outbox/invoices/`: page, CSV and, where asked for, PDF.

They are made from the record alone, so that what is lost is made again, the same to the byte.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import polars as pl

from invoices.customer.brand import BrandFault
from invoices.customer.page import pages
from invoices.customer.pdf_words import words_of_invoices
from rebill.outbox.lacking import Lacking, still_lacking
from rebill.paper.typeset import Sheet
from rebill.reference.current import current_frame
from rebill.store.record import Record
from rebill.workspace.apart import Budget
from rebill.workspace.brands import Brands, read_brands
from rebill.workspace.desk import Desk
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
    record: Record, numbers: Collection[str], months: Collection[str], lacking: Lacking
) -> int:
    """Leave the papers of these invoices, and of all of these months, in the outbox.

    Returns how many papers were written or removed. Those of a brand that cannot be used are
    lacking: all of an invoice or none, and what stood there before stays.
    """
    wanted = pl.col("invoice_no").is_in(list(numbers)) | pl.col("bill_month").is_in(list(months))
    bills = record.customer_invoices().filter(wanted).sort("bill_month", "invoice_no")
    written = 0
    for gone in bills.filter(pl.col("status") == "void").iter_rows(named=True):
        for path in invoice_paths(record, gone):
            written += path.exists()
            path.unlink(missing_ok=True)
    standing = _to_write(record, bills)
    with desk_of(record) as desk:
        brands = read_brands(record.workspace, standing["brand"], desk)
        able = pl.col("brand").fill_null("").is_in(list(brands.letters))
        for bill in standing.filter(~able).iter_rows(named=True):
            why = brands.faults[bill["brand"] or ""]
            lacking.add(bill["brand"], bill["invoice_no"], bill["bill_month"], why)
        for month, part in portions(standing.filter(able)):
            written += _leave(record, month, part, brands, desk, lacking)
    return written


def _leave(
    record: Record, month: str, part: pl.DataFrame, brands: Brands, desk: Desk, lacking: Lacking
) -> int:
    """Leave the papers of invoices of one month; return how many were written."""
    given = invoice_frames(record, month, part)
    bills = {bill["invoice_no"]: bill for bill in part.iter_rows(named=True)}
    made: Iterator[tuple[str, bytes | str | None]] = zip(bills, repeat(None))
    if record.workspace.settings.invoices.pdf:
        made = pdfs(given, brands, desk)
    written = 0
    for (number, text, page), (_, pdf) in zip(
        pages(*given, brands.letters, desk.fill), made, strict=True
    ):
        papers = (text, page, pdf)
        faults = [str(each) for each in (page,) if isinstance(each, BrandFault)]
        faults += [pdf] if isinstance(pdf, str) else []
        if faults:
            lacking.add(bills[number]["brand"], number, month, faults[0])
            continue
        for path, paper in zip(invoice_paths(record, bills[number]), papers, strict=False):
            if paper is not None and not isinstance(paper, BrandFault):
                written += leave(path, paper, flush=False)
    return written


def desk_of(record: Record) -> Desk:
    """Return where what brands bring is filled in, under the limits of the workspace."""
    limits = record.workspace.settings.limits
    return Desk(Budget(limits.file_seconds, limits.file_mebibytes))


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


def _to_write(record: Record, bills: pl.DataFrame) -> pl.DataFrame:
    """Return the drafts of `bills`, and the issued ones whose papers are missing or are those of
    an earlier draft: others that are there do not change."""
    old = still_lacking(record)
    lost = [
        bill["invoice_no"]
        for bill in bills.filter(pl.col("status") == "issued").iter_rows(named=True)
        if bill["invoice_no"] in old
        or not all(path.exists() for path in invoice_paths(record, bill))
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
