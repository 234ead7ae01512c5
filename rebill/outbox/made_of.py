"""What the papers of customer invoices are made of: frames from the record, many at a time.

Everything that all forms of a paper share is decided here: whose invoice is a draft, what is said
of the account, how a circuit is spelled, and that a brand which hides carriers names none.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from invoices.customer.account_section import sections
from invoices.customer.circuits import spelled_once
from invoices.customer.hiding import A_LONG_NAME, Unsaid, unsaid, without_carriers
from invoices.customer.invoice_parts import USED
from rebill.receivables.payments import known
from rebill.reference.current import contracts, current_frame
from rebill.store.frames import one_of
from rebill.store.models import CustomerInvoice
from rebill.store.record import Record
from rebill.workspace.brands import Brands
from rebill.workspace.write import spool_shares

AT_ONCE = 200_000
"""Lines of customer invoices held in memory at a time."""
A_BATCH = 50_000
"""Lines that are set aside at a time, where a month has more than are held."""
MARKS = {"void": "VOID", "draft": "DRAFT"}
"""What is set across the papers of an invoice in a state."""
ROUNDED = {
    "unit": "The price of one unit is rounded to the cent, and multiplied by the units.",
    "line_half_even": "Each amount is rounded to the cent, half a cent to the even one.",
    "line_down": "Each amount is rounded down to the cent.",
    "line_up": "Each amount is rounded up to the cent.",
}
"""What an invoice says of a customer's own rule of rounding."""

Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]
"""Invoices, their lines, the customers, the catalogue: what a document is made of."""


def invoice_frames(record: Record, bills: pl.DataFrame, brands: Brands) -> Iterator[Frames]:
    """Yield what the documents of invoices are made of, so many at a time that they fit in memory.

    All at a time are of one month and one version of the reference tables (drafts: the current
    one), and of brands that all name carriers or all hide the same: what an invoice says is not for
    others to change that are made with it. Customers are called as they were when the invoices were
    issued; notes say what an invoice stands for, how it was rounded, and what a draft lacks.
    """
    named = catalogue(record)
    hiding = {n: "\n".join(one.hidden_words) for n, one in brands.letters.items() if one.hides}
    unsaid_of = cache(lambda words: _unsaid(record, words.split("\n")))
    bills = _with_accounts(record, bills).with_columns(
        hidden=pl.col("brand")
        .fill_null("")
        .replace_strict(hiding, default=None, return_dtype=pl.String),
        mark=pl.col("status").replace_strict(MARKS, default=""),
        notes=_notes(brands),
    )
    by = ("bill_month", "issued_load", "hidden")
    for (month, load, hidden), own in bills.group_by(*by, maintain_order=True):
        customers = current_frame(record.workspace, record.connection, "customers", load).collect()
        circuits = _circuits(record, load)
        for part, lines in _portions(record, str(month), own):
            spelled = spelled_once(lines, circuits)
            if hidden is None:
                yield part, spelled, customers, named
            else:
                lines, codes = without_carriers(spelled, named, unsaid_of(hidden))
                yield part, lines, customers, codes


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


def _notes(brands: Brands) -> pl.Expr:
    """Return what a customer should know of an invoice as a whole, as a list of sentences."""
    corrects = pl.col("corrects")
    lacks = {name: told for name in brands.letters if (told := brands.lacks(name))}
    draft = pl.lit("This is a draft, not a request for payment.")
    brand = pl.col("brand").fill_null("")
    why = brand.replace_strict(lacks, default=None, return_dtype=pl.String)
    return pl.concat_list(
        pl.when(pl.col("status") == "draft").then(draft),
        pl.when(pl.col("status") == "draft").then(
            pl.concat_str(pl.lit("Issued, it could not be sent yet: "), why, pl.lit("."))
        ),
        pl.when((pl.col("kind") == "credit_note") & corrects.is_not_null())
        .then(pl.concat_str(pl.lit("This credit note takes back invoice "), corrects, pl.lit(".")))
        .when(corrects.is_not_null())
        .then(pl.concat_str(pl.lit("This invoice takes the place of "), corrects, pl.lit("."))),
        pl.col("rounding").replace_strict(ROUNDED, default=None, return_dtype=pl.String),
    ).list.drop_nulls()


def _circuits(record: Record, load: int | None) -> pl.DataFrame:
    """Return the services that are circuits, as the inventory of a version spells them."""
    services = current_frame(record.workspace, record.connection, "services", load)
    return services.select("service", "circuit_id").drop_nulls().collect()


def _with_accounts(record: Record, bills: pl.DataFrame) -> pl.DataFrame:
    """Add as `account` what issued invoices say of their account, where any says something."""
    asked = bills.filter(pl.col("status") == "issued").select("invoice_no")
    if asked.is_empty():
        return bills
    payments = known(record)
    if payments.is_empty():
        return bills
    whose = bills["customer"].unique()
    issued = record.customer_invoices(
        CustomerInvoice.status == "issued",
        one_of(record.connection, CustomerInvoice.customer, whose),
    )
    said = sections(asked, issued, payments)
    account = said.select("invoice_no", account=pl.struct(pl.all()))
    return bills.join(account, on="invoice_no", how="left", maintain_order="left")


def _unsaid(record: Record, words: list[str]) -> Unsaid:
    """Return what a brand that hides carriers does not say: their names, all papers on record, and
    its own `hidden_words`."""
    papers = record.documents().select("carrier", "document_id", "ban", "invoice_no", "source_file")
    agreed = contracts(record.connection)
    names = [*papers["carrier"].unique(), *catalogue(record)["carrier"].unique()]
    names += [contract.carrier for contract in agreed]
    # A file or a contract can be called by a word or a year, as `usage`: such a one is no number.
    called = pl.concat(
        [papers["source_file"], pl.Series([each.id for each in agreed], dtype=pl.String)]
    )
    told = called.unique().drop_nulls()
    numbers = [papers["document_id"], papers["ban"], papers["invoice_no"]]
    whole = told.str.contains(r"\p{L}") | (told.str.len_chars() >= A_LONG_NAME)
    numbers += [told.filter(told.str.contains(r"[^\p{L} ]") & whole)]
    return unsaid(names, pl.concat(numbers).unique(), words)


def catalogue(record: Record) -> pl.DataFrame:
    """Return what the carriers' codes are called: carrier, usoc, description, the latest row."""
    usocs = current_frame(record.workspace, record.connection, "usocs").collect()
    named = usocs.filter(pl.col("description").is_not_null()).sort("row_id")
    rows = named.unique(["carrier", "usoc"], keep="last", maintain_order=True)
    return rows.select("carrier", "usoc", "description")
