"""The customer invoice as it leaves the house: one page of HTML and one CSV file of the same lines.

Neither shows what a line costs us, and every row names the carrier line behind it. The words of all
lines of many invoices are made at once, as columns; only the head of each page is filled in by
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import polars as pl

from invoices.customer.account_section import account_words
from invoices.customer.brand import BrandFault, Letter, filled_pages, letterhead
from invoices.customer.charge_words import CLASS_WORDS, Words, charge_rows
from invoices.customer.csv_rows import CSV, CSV_COLUMNS, csv_rows
from invoices.customer.invoice_parts import by_carrier, carriers, folded, own_lines, parties
from invoices.customer.page_forms import PageForms
from invoices.customer.page_rows import HTML, blocks, class_totals
from invoices.customer.words import cell, iso

_SLOTS = {"summary": "\0s\0", "detail": "\0d\0"}
"""Where rows go on a page, put in at the end to be copied once; text that is `seen` has none."""
Filled = list[str | BrandFault]
Fill = Callable[[str, Sequence[dict[str, Any]]], Filled]
"""What fills in a brand's own page: its text, and what is said on each of several invoices."""
TOGETHER = 200
"""Pages that are filled in at a time."""


def pages(
    headers: pl.DataFrame,
    lines: pl.DataFrame | pl.LazyFrame,
    customers: pl.DataFrame,
    catalogue: pl.DataFrame,
    letters: Mapping[str, Letter] | None = None,
    fill: Fill = filled_pages,
) -> Iterator[tuple[str, bytes, bytes | BrandFault]]:
    """Return invoice number, CSV and HTML of every invoice as UTF-8, in the order of `headers`.

    A page of the brand's own that cannot be filled in, by `fill`, is a fault in the page's place.

    `headers` has invoice_no, customer, brand, bill_month, bill_date, due_date and total; `lines`
    are customer lines (`rebill.pricing.customer_lines.CUSTOMER_LINES`) in any order, of which those
    of no header are left out: with `invoice_no`, or else at most one header for a customer and
    month; `customers` has customer, name, address and email (a customer that is not there is called
    by its number); `catalogue` has carrier, usoc and description, once each, for lines that print
    no description. `letters` says under which letter each brand goes out: name, contact, colours,
    logo, a page of its own; without one the default page bears the brand's name. An optional column
    `mark` of `headers` (VOID) is set across the page, `notes` are sentences above the summary.

    The page is self-contained and prints on letter paper. The CSV (`CSV_COLUMNS`) is safe to open
    in a spreadsheet: decimals are plain, dates ISO, no text is a formula, descriptions are whole.
    Raises ValueError if the lines of an invoice do not add up to its total.
    """
    bills = headers.with_row_index("bill")
    own = own_lines(bills, lines)
    shown = folded(own)
    if shown.height == own.height:
        rows = whole = charge_rows(shown, catalogue, _dressed(HTML, CSV))
    else:
        rows = charge_rows(shown, catalogue, _dressed(HTML))
        whole = charge_rows(own, catalogue, _dressed(CSV))
    heads = _heads(bills, customers)
    papers = (
        heads.join(csv_rows(heads, whole), on="bill", how="left")
        .join(blocks(rows), on="bill", how="left")
        .join(class_totals(rows), on="bill", how="left")
        .join(carriers(rows), on="bill", how="left")
        .sort("bill")
        .with_columns(pl.col("csv", "summary", "detail").cast(pl.Binary).fill_null(b""))
    )
    said_of = _Said(letters or {})
    header = ",".join(CSV_COLUMNS).encode() + b"\n"
    for part in papers.iter_slices(TOGETHER):
        some = part.to_dicts()
        for bill, page in zip(some, _filled(some, said_of, fill), strict=True):
            yield bill["number"], header + bill["csv"], page


def _filled(bills: list[dict[str, Any]], said_of: _Said, fill: Fill) -> list[bytes | BrandFault]:
    """Return the page of each invoice, or what is wrong with it."""
    said = [said_of(bill) for bill in bills]
    letters = [said_of.letter(bill) for bill in bills]
    own = sorted({letter.page for letter in letters if letter.page})
    made: dict[int, bytes | BrandFault] = {}
    for source in own:
        places = [at for at, letter in enumerate(letters) if letter.page == source]
        pages = fill(source, [said[at] for at in places])
        for at, page in zip(places, pages, strict=True):
            made[at] = _with_rows(page, letters[at], bills[at])
    return [
        made[at] if at in made else said_of.page(one, bill)
        for at, (one, bill) in enumerate(zip(said, bills, strict=True))
    ]


MANY = 12
"""Services whose summary stands before the detail at most: it begins on the first page."""


class _Said:
    """What is said on pages, under letters that do not change meanwhile."""

    def __init__(self, letters: Mapping[str, Letter]) -> None:
        self._letters = letters
        self._heads: dict[tuple[str | None, str], dict[str, Any]] = {}
        self._forms = PageForms()

    def letter(self, bill: Mapping[str, Any]) -> Letter:
        """Return the letter under which an invoice goes out."""
        return self._letters.get(bill["brand"] or "", _PLAIN_LETTER)

    def __call__(self, bill: dict[str, Any]) -> dict[str, Any]:
        """Return what is said on the page of an invoice, its rows left out."""
        brand = bill["brand"], bill["brand_name"]
        if brand not in self._heads:
            letter = self.letter(bill)
            self._heads[brand] = {
                **letterhead(letter, bill["brand_name"]),
                "logo": letter.logo_url,
            }
        head = self._heads[brand]
        classes = [CLASS_WORDS[name][0] for name in bill["classes"] or []]
        made = {"classes": classes, "class_totals": bill["class_totals"] or []}
        made |= {"count": bill["count"] or 0, **_SLOTS}
        made |= {"carriers": by_carrier(bill["carriers"], head["name"]), "brand": head["name"]}
        many = bill["services"] or 0
        made["many"] = f"{many:,} services" if many > MANY else ""
        made |= account_words(bill.get("account"), bill["called"])
        made |= {"letter": head, "mark": bill.get("mark") or "", "notes": bill.get("notes") or []}
        return {name: value for name, value in bill.items() if name != "csv"} | made

    def page(self, said: dict[str, Any], bill: Mapping[str, Any]) -> bytes:
        """Return the default page of an invoice, of which `said` is said."""
        under = bill["brand"], bill["brand_name"]
        return self._forms.page(under, said, bill["summary"], bill["detail"])


_PLAIN_LETTER = Letter()


def _with_rows(
    page: str | BrandFault, letter: Letter, bill: Mapping[str, Any]
) -> bytes | BrandFault:
    """Return a brand's own page with the rows in both slots, or what is wrong with it.

    The slots may stand in either order.
    """
    place = letter.page_place or letter.name
    if isinstance(page, BrandFault):
        told = f"{place} cannot be filled in: {page}; mend it, or start from the default page"
        return BrandFault(told)
    parts = page.encode().split(b"\0")
    if sorted(parts[1::2]) != [b"d", b"s"] or len(parts) != 5:
        told = f"{place} shows summary and detail not once each; each stands there once"
        return BrandFault(told)
    rows = {b"s": bill["summary"], b"d": bill["detail"]}
    parts[1::2] = [rows[slot] for slot in parts[1::2]]
    return b"".join(parts)


# --- the lines --------------------------------------------------------------------------------


_PLAIN = {
    "what": ("what", "kind_words", "code", "printed"),
    "paper": ("paper",),
    "period": ("period",),
    "price": ("price_words",),
    "unit": ("unit_words",),
}
"""The words that nobody reads once that is made."""


def _dressed(*sets: Mapping[str, Words]) -> dict[str, Words]:
    """Return for each step all that the sets make, less the plain words."""

    def make(step: str, distinct: pl.DataFrame) -> pl.DataFrame:
        for words in sets:
            distinct = words[step](distinct) if step in words else distinct
        return distinct.drop(_PLAIN.get(step, ()))

    steps = sorted({step for words in sets for step in words})
    return {step: partial(make, step) for step in steps}


# --- the head of the page ---------------------------------------------------------------------


def _heads(bills: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Return what stands above the lines of each invoice, in words."""
    identity = pl.concat_str(
        *(cell(pl.col("invoice_no")), cell(pl.col("customer_no"))),
        *(iso(pl.col("bill_date")), iso(pl.col("due_date"))),
        *(pl.col("total").cast(pl.String), pl.lit("")),
        separator=",",
    )
    return parties(bills, customers).select(
        *("bill", "number", "brand", "brand_name", "invoice_no", "customer_no", "name"),
        *("address", "email", "month", "is_credit", "called", pl.col("^(mark|notes|account)$")),
        bill_csv=identity,
        status_csv=pl.concat_str(cell(pl.col("status_words")), pl.lit("\n")),
        bill_date="bill_date_words",
        due_date="due_date_words",
        total="total_words",
    )
