"""The invoice as data: the PDF says what the page says, the data adds up to its total."""

from __future__ import annotations

import io
import re
from decimal import Decimal as D
from importlib.resources import files
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_pages import CODES, LINE, LINES, Page, bills, header, lines, pages_as_text
from pypdf import PdfReader

from invoices.customer.brand import BrandFault, House, Letter, letter, plain_letter, read_brand
from invoices.customer.json_data import data_of_invoices
from invoices.customer.pdf_words import words_of_invoices
from rebill.paper.typeset import Sheet, TypesetFault, set_all, set_pdf
from rebill.pricing.customer_lines import CUSTOMER_LINES

WHO = pl.DataFrame(
    {
        "customer": ["C-1"],
        "name": ["Harbor & Pine"],
        "address": ["2200 Sample Avenue\nColumbus, OH 43215"],
        "email": [None],
    },
    schema_overrides={"email": pl.String},
)
NO_CODES = pl.DataFrame(schema=CODES)
PRAIRIE = Letter(
    name="Prairie Connect",
    phone="800-555-0142",
    address=("100 Main Street",),
    remittance=("PO Box 1200",),
)


def said(of: pl.DataFrame, brand: Letter = PRAIRIE, **changes: Any) -> dict[str, Any]:
    """Return what one invoice of all the lines says."""
    head = pl.DataFrame([{"customer": "C-1", **header(of, **changes)}])
    ((_, words),) = words_of_invoices(head, of, WHO, NO_CODES, {"Northline": brand})
    return words


def many(count: int) -> pl.DataFrame:
    return lines(
        *(
            {
                "service": f"SV{n // 6:04d}",
                "wtn": f"614555{n // 6:04d}",
                "price": D(100 + n) / 100,
                "charge_class": ("recurring", "prorated", "tax")[n % 3],
                "carrier": ("ILEC", "OTHER")[n // 60 % 2],
            }
            for n in range(count)
        )
    )


def text_of(pdf: bytes) -> list[str]:
    """Return the text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def pdf_of(words: dict[str, Any], **more: Any) -> bytes:
    made = set_pdf(Sheet("N-1", words, **more))
    assert isinstance(made, bytes)
    return made


def test_a_pdf_says_who_what_until_when_and_whom_to_ask() -> None:
    (page,) = text_of(pdf_of(said(lines({}, {"price": D("1224.85"), "charge_class": "prorated"}))))
    for words in (
        *("Prairie Connect", "NORTHLINE-2026-000042", "Harbor & Pine", "Columbus, OH 43215"),
        *("$1,234.00", "Please pay by March 17, 2026", "800-555-0142", "PO Box 1200"),
        *("Summary by service", "(614) 555-0131", "Business line", "Feb 10 – Mar 9, 2026"),
        *("Charge for part of a month", "ILEC line doc-1", "Page 1 of 1"),
    ):
        assert words in page


@pytest.mark.parametrize("count", [3, 120, 900])
def test_hundreds_of_lines_repeat_their_heads_and_count_their_pages(count: int) -> None:
    of = many(count)
    sheets = text_of(pdf_of(said(of)))
    for number, page in enumerate(sheets, 1):
        assert f"Page {number} of {len(sheets)}" in page
    detail = [page for page in sheets if "ILEC line" in page or "OTHER line" in page]
    assert detail and all("Description" in page and "Quantity" in page for page in detail)
    shown = [D(price) for page in detail for price in re.findall(r"\d+\.\d\d$", page, re.M)]
    assert len(re.findall("line doc-[0-9]+", "\n".join(sheets))) == count
    assert shown and f"${sum(of['price']):,.2f}" in sheets[-1]


def test_charges_of_several_carriers_are_added_up_apart() -> None:
    of = lines({}, {"carrier": "OTHER", "price": D("5.00")}, {"carrier": None, "line_id": None})
    words = said(of)
    assert words["carriers"] == [
        {"carrier": "Prairie Connect", "total": "9.15"},
        {"carrier": "ILEC", "total": "9.15"},
        {"carrier": "OTHER", "total": "5.00"},
    ]
    assert said(lines({}))["carriers"] == []


def test_a_credit_is_called_one_in_plain_words() -> None:
    of = lines({"price": D("-5.00"), "charge_class": "prorated", "description": None, "usoc": None})
    words = said(of)
    assert words["services"][0]["charges"][0]["what"] == "Credit for part of a month"
    assert "Nothing to pay" in text_of(pdf_of(words))[0]
    assert words["signed_total"] == "−$5.00"


def test_a_bundle_is_one_line_of_its_name_and_its_elements_stay_in_the_data() -> None:
    of = lines(
        {"bundle": "Office pack", "price": D("10.00")},
        {"bundle": "Office pack", "price": D("2.50"), "usoc": "TTB", "carrier": "OTHER"},
        {"bundle": "Office pack", "price": D("1.00"), "charge_class": "tax"},
        {"price": D("1.00")},
    )
    charges = said(of)["services"][0]["charges"]
    assert [(row["what"], row["price"]) for row in charges] == [
        ("Business line", "1.00"),
        ("Office pack", "12.50"),
        ("Office pack", "1.00"),
    ] or [(row["what"], row["price"]) for row in charges] == [
        ("Office pack", "12.50"),
        ("Business line", "1.00"),
        ("Office pack", "1.00"),
    ]
    bundle = next(row for row in charges if row["price"] == "12.50")
    assert bundle["note"] == "Monthly · ILEC, OTHER · 2 elements"
    head = pl.DataFrame([{"customer": "C-1", **header(of)}])
    ((_, whole),) = data_of_invoices(head, of, WHO, NO_CODES)
    assert [row["price"] for row in whole["lines"]] == ["10.00", "2.50", "1.00", "1.00"] or len(
        whole["lines"]
    ) == 4
    ((_, sheet, html),) = pages_as_text(head, of, WHO, NO_CODES)
    assert sheet.count("\n") == 5
    assert html.count("Office pack") == 2 and "2 elements" in html


@pytest.mark.parametrize(
    "text",
    [
        "x" * 500,
        "word " * 100,
        "\u202eevil\u202c \x07 bell\x00",
        "שלום עולם",
        "خدمة الخط",
        '#panic("boom") *x* $y$ _z_ @ref <a> \\ // /* `',
        "日本語",
    ],
)
def test_no_description_whatever_breaks_the_pdf(text: str) -> None:
    of = lines({"description": text}, {"service": text, "circuit_id": text, "wtn": text})
    words = said(of, plain_letter(text, House()), invoice_no=text)
    page = "\n".join(text_of(pdf_of(words)))
    assert "Page 1 of " in page and "$18.30" in page
    # A letter that no typeface of the machine has is read back as NUL.
    assert not re.search("[\u202a-\u202e\x07]", page)
    if text.startswith("#panic"):
        assert '#panic("boom") *x* $y$ _z_ @ref <a>' in page.replace("\u200b", "")


def test_the_same_invoice_is_the_same_pdf_to_the_byte_and_many_come_in_order() -> None:
    words = said(many(20))
    assert pdf_of(words) == pdf_of(words)
    made = list(set_all([Sheet(f"N-{n}", words) for n in range(14)], workers=2))
    assert [name for name, _ in made] == [f"N-{n}" for n in range(14)]
    assert {pdf for _, pdf in made} == {pdf_of(words)}


def test_a_template_that_fails_is_told_by_the_name_of_the_document() -> None:
    with pytest.raises(TypesetFault, match="N-1: unknown variable"):
        pdf_of(said(lines({})), template="#nothing")
    ((name, told),) = set_all([Sheet("N-2", {}, template="#json(1)")])
    assert name == "N-2" and isinstance(told, str)


@settings(max_examples=15, deadline=None)
@given(st.lists(LINES, max_size=10), st.booleans())
def test_pdf_page_and_data_say_the_same(rows: list[dict[str, Any]], bundled: bool) -> None:
    named = [{"bundle": "Pack" if bundled and n % 2 else None} for n in range(len(rows))]
    of = pl.DataFrame(
        [{**LINE, **row, **more} for row, more in zip(rows, named, strict=True)],
        schema=CUSTOMER_LINES,
    )
    heads = bills(of, "Brand")
    given_frames = heads, of, WHO, NO_CODES
    worded = dict(words_of_invoices(*given_frames, {}))
    plain = dict(data_of_invoices(*given_frames))
    for number, _, html in pages_as_text(*given_frames):
        tables = Page(html).tables
        summary, detail = tables[0], tables[-1]
        words = worded[number]
        assert [[s["title"], *s["by_class"], s["total"]] for s in words["services"]] == [
            [row[0].removesuffix(f" {s['named']}") if s["named"] else row[0], *row[1:]]
            for row, s in zip(unbroken(summary[1:-1]), words["services"], strict=True)
        ] or any("\u200b" in s["title"] + s["named"] for s in words["services"])
        shown = [c for s in words["services"] for c in s["charges"]]
        told = [row for row in detail[1:-1] if len(row) == 4]
        assert [
            [unbroken(c["what"] + c["note"]), c["period"], counted(c), c["price"]] for c in shown
        ] == [[row[0], *row[1:]] for row in told]
        total = sum((D(row["price"]) for row in plain[number]["lines"]), start=D(0))
        assert total == D(plain[number]["total"])


def counted(charge: dict[str, str]) -> str:
    """Return quantity and unit price as the page shows them in one cell."""
    return " × ".join(part for part in (charge["quantity"], charge["unit"]) if part)


def unbroken(text: Any) -> Any:
    """Return text without the places at which long words may be broken."""
    return text.replace("\u200b", "") if isinstance(text, str) else text


# --- brands -----------------------------------------------------------------------------------

BRAND = """
phone = "800-555-0142"
small_print = ["Ask \u202eus\u202c."]
[colours]
main = "#AA0000"
"""


def test_a_private_label_shows_nothing_of_the_house() -> None:
    house = House("Northline Wholesale", "888-555-0000", "a@b", "b", ("House Road",), ("Box 9",))
    ours = letter(read_brand(BRAND.encode(), "b"), {}, house)
    theirs = letter(read_brand(b"private_label = true" + BRAND.encode(), "b"), {}, house)
    assert ours.remittance == ("Box 9",) and ours.small_print == (
        "Ask us.",
        "Billed by Northline Wholesale.",
    )
    assert (theirs.email, theirs.remittance, theirs.small_print) == ("", (), ("Ask us.",))
    pdf = pdf_of(said(lines({}), theirs))
    seen = "\n".join(text_of(pdf)) + str(PdfReader(io.BytesIO(pdf)).metadata)
    assert not re.search("Wholesale|888-555|House Road|Box 9|rebill", seen)
    assert theirs.main == "#aa0000"


def test_without_a_brand_the_house_sends_the_invoice_under_its_name() -> None:
    ours = plain_letter("", House("Northline Wholesale"))
    assert (ours.name, ours.small_print) == ("Northline Wholesale", ())
    assert plain_letter("Brand", House("Northline Wholesale")).name == "Brand"
    assert plain_letter("", House()).name == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('fone = "1"', 'the file has no setting "fone"; did you mean "font"?'),
        ('logo = "../x.png"', "lies outside the brand's folder"),
        ('logo = "/x.png"', "lies outside the brand's folder"),
        ('logo = "x.exe"', "is no image"),
        ('[colours]\nmain = "red; } body {"', "is no colour"),
        ("phone = 1", "phone"),
        ("=", "it is not TOML"),
        ('name = "\xff"', "save it as UTF-8"),
    ],
)
def test_what_a_brand_may_not_say_is_told_with_its_file(text: str, told: str) -> None:
    with pytest.raises(BrandFault, match=r"brands/X/brand.toml( line \d)?: ") as fault:
        read_brand(text.encode("latin-1"), "brands/X/brand.toml")
    assert told in str(fault.value)


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("{{ summary }}", "not once each"),
        ("{{ summary }}{{ summary }}", "not once each"),
        ("{{ '\\ud800' }}{{ summary }}{{ detail }}", "UnicodeEncodeError"),
        ('{{ summary[:-1] }}{{ detail }}{{ "\\0" }}', "not once each"),
        ("{{ summary }}{{ detail }}{{ nothing }}", "'nothing' is undefined"),
        ("{{ summary.__class__.__mro__ }}{{ detail }}", "cannot be filled in"),
    ],
)
def test_a_page_of_a_brand_shows_what_it_is_given_and_reaches_nothing_else(
    page: str, told: str
) -> None:
    of = lines({})
    head = pl.DataFrame([{"customer": "C-1", **header(of)}])
    ((_, _, made),) = pages_as_text(
        head, of, WHO, NO_CODES, {"Northline": Letter(name="N", page=page)}
    )
    assert isinstance(made, BrandFault) and told in str(made)


def test_a_page_of_a_brand_may_show_the_detail_before_the_summary() -> None:
    of = lines({})
    head = pl.DataFrame([{"customer": "C-1", **header(of)}])
    brand = Letter(name="N", page="<i>{{ detail }}</i><b>{{ summary }}</b>")
    ((_, _, html),) = pages_as_text(head, of, WHO, NO_CODES, {"Northline": brand})
    detail, _, summary = html.partition("</i><b>")
    assert "Business line" in detail and "Business line" not in summary
    assert summary.startswith("<tr><td>(614)")


def test_a_copy_of_the_default_page_is_the_default_page_also_of_many_services() -> None:
    own = files("invoices").joinpath("templates", "customer_invoice.html.jinja").read_text()
    for services in (1, 13):
        of = lines(*({"service": f"SV{n}"} for n in range(services)))
        head = pl.DataFrame([{"customer": "C-1", **header(of)}])
        made = [
            pages_as_text(head, of, WHO, NO_CODES, {"Northline": Letter(name="N", page=page)})
            for page in ("", own)
        ]
        assert made[0] == made[1]


def test_a_page_of_a_brand_takes_the_place_of_ours() -> None:
    of = lines({})
    head = pl.DataFrame([{"customer": "C-1", **header(of)}])
    own = "<title>{{ brand }} {{ letter.phone }}</title>{{ summary }}|{{ detail }}"
    brand = Letter(name="<N>", phone="1", page=own)
    ((_, _, html),) = pages_as_text(head, of, WHO, NO_CODES, {"Northline": brand})
    assert html.startswith("<title>&lt;N&gt; 1</title><tr>") and "Business line" in html
