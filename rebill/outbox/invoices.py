"""The papers of customer invoices in `outbox/invoices/`: page, CSV and, where asked for, PDF.

They are made from the record alone, so that what is lost is made again, the same to the byte.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from invoices.customer.brand import BrandFault
from invoices.customer.invoice_parts import USED
from invoices.customer.page import pages
from invoices.customer.pdf_words import words_of_invoices
from invoices.schema import among
from rebill.outbox.asked import invoice_states
from rebill.outbox.lacking import Lacking, still_lacking
from rebill.outbox.shelf import Shelf, names_in, remove
from rebill.outbox.whole import invoice_folder, invoice_names
from rebill.paper.typeset import Sheet
from rebill.reference.current import current_frame
from rebill.store.frames import one_of
from rebill.store.models import CustomerInvoice
from rebill.store.record import Record
from rebill.workspace.apart import Budget
from rebill.workspace.brands import Brands, read_brands
from rebill.workspace.desk import Desk
from rebill.workspace.write import spool_shares

AT_ONCE = 200_000
"""Lines of customer invoices held in memory at a time."""
A_BATCH = 50_000
"""Lines that are set aside at a time, where a month has more than are held."""


def deliver_invoices(
    record: Record, numbers: Collection[str], months: Collection[str], lacking: Lacking
) -> int:
    """Leave the papers of these invoices, and of all of these months, in the outbox.

    Returns how many papers were written or removed. Those of a brand that cannot be used are
    lacking: all of an invoice or none, and what stood there before stays.
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
        able = pl.col("brand").fill_null("").is_in(list(brands.letters))
        for bill in standing.filter(~able).iter_rows(named=True):
            why = brands.faults[bill["brand"] or ""]
            lacking.add(bill["brand"], bill["invoice_no"], bill["bill_month"], why)
        by_month = standing.filter(able).partition_by("bill_month", as_dict=True).items()
        for month, own in by_month:
            with Shelf(invoice_folder(record, str(month[0]))) as shelf:
                for given in invoice_frames(record, own):
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


Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]
"""Invoices, their lines, the customers, the catalogue: what a document is made of."""


def invoice_frames(record: Record, bills: pl.DataFrame) -> Iterator[Frames]:
    """Yield what the documents of invoices are made of, so many at a time that they fit in memory.

    All at a time are of one month and one version of the reference tables (drafts: the current
    one). Customers are called as they were when the invoices were issued; notes say what an invoice
    stands for, and how it was rounded.
    """
    named = catalogue(record)
    bills = bills.with_columns(notes=_notes())
    for (month, load), own in bills.group_by("bill_month", "issued_load", maintain_order=True):
        customers = current_frame(record.workspace, record.connection, "customers", load).collect()
        for part, lines in _portions(record, str(month), own):
            yield part, lines, customers, named


def _portions(
    record: Record, month: str, bills: pl.DataFrame
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield bills of a month and their lines, a portion at a time; all in one pass over them."""
    portion = (pl.col("lines").cum_sum() - pl.col("lines")) // AT_ONCE
    parts = bills.with_columns(portion=portion.rle_id())
    whose = parts.lazy().select("invoice_no", "portion")
    lines = record.customer_lines([month]).select("invoice_no", *USED)
    own = lines.join(whose, on="invoice_no", how="inner", maintain_order="left")
    shares = parts["portion"].n_unique()
    if shares == 1:
        yield bills, own.drop("portion").collect()
        return
    with TemporaryDirectory(prefix="rebill-") as scratch:
        batches = own.collect_batches(chunk_size=A_BATCH)
        spooled = spool_shares(Path(scratch) / "lines", batches, pl.col("portion"), shares)
        for part, share in zip(parts.partition_by("portion"), spooled, strict=True):
            yield part.drop("portion"), share.drop("portion").collect()


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
    an earlier draft: others that are there do not change.

    Of those whose papers are not asked for only such as have some that could come to be untrue.
    """
    old, asked = still_lacking(record), invoice_states(record)
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


def catalogue(record: Record) -> pl.DataFrame:
    """Return what the carriers' codes are called: carrier, usoc, description, the latest row."""
    usocs = current_frame(record.workspace, record.connection, "usocs").collect()
    named = usocs.filter(pl.col("description").is_not_null()).sort("row_id")
    rows = named.unique(["carrier", "usoc"], keep="last", maintain_order=True)
    return rows.select("carrier", "usoc", "description")
