"""Lines of customer invoices, invented and by hand, and the page that is read back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from html.parser import HTMLParser
from typing import Any

import polars as pl
from hypothesis import strategies as st

from invoices.customer.brand import BrandFault
from invoices.customer.charge_words import CLASS_WORDS
from invoices.customer.page import pages
from rebill.pricing.customer_lines import CUSTOMER_LINES


def pages_as_text(*given: Any) -> list[tuple[str, str, Any]]:
    """Return number, CSV and page of each invoice as text; what is wrong with a page as it is."""
    return [
        (number, rows.decode(), html if isinstance(html, BrandFault) else html.decode())
        for number, rows, html in pages(*given)
    ]


LINE: dict[str, Any] = {
    "customer": "C-1",
    "bill_month": "2026-02",
    "line_id": "doc-1",
    "service": "SV1",
    "usoc": "1MB",
    "description": "Business line",
    "charge_class": "recurring",
    "quantity": D(1),
    "service_from": dt.date(2026, 2, 10),
    "service_until": dt.date(2026, 3, 10),
    "wtn": "6145550131",
    "carrier": "ILEC",
    "bill_date": dt.date(2026, 2, 10),
    "cost": D("777.77"),
    "price": D("9.15"),
    "method": "flat",
    "margin": D("-768.62"),
}

CODES = {"carrier": pl.String, "usoc": pl.String, "description": pl.String}
CUSTOMER = {
    "customer": "C-1",
    "name": "Harbor & Pine",
    "address": "2200 Sample Avenue\nColumbus, OH 43215",
    "email": "billing@harborpine.example",
}


def lines(*given: dict[str, Any]) -> pl.DataFrame:
    rows = [{**LINE, "line_id": f"doc-{n}", **line} for n, line in enumerate(given, 1)]
    return pl.DataFrame(rows, schema=CUSTOMER_LINES)


def header(of: pl.DataFrame, **changes: Any) -> dict[str, Any]:
    return {
        "invoice_no": "NORTHLINE-2026-000042",
        "brand": "Northline",
        "bill_month": "2026-02",
        "bill_date": dt.date(2026, 2, 15),
        "due_date": dt.date(2026, 3, 17),
        "total": sum(of["price"], start=D(0)),
        **changes,
    }


class Page(HTMLParser):
    """The tables of a page as rows of cell texts, and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: list[str] = []
        self.in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self.in_cell = self.in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.in_cell:
            self.tables[-1][-1][-1] += data.strip("\n")


ODD = st.text(
    st.one_of(
        st.sampled_from(
            "ab1 0-=+@|%&<>'\",;|\t\n\r\x0b\x1c\x85\xa0\u200b\u202e\u2066\u2028\u3000\x00\x07"
        ),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
)

TEXTS = st.one_of(st.none(), st.sampled_from(["", " ", "1MB", "1mb", "A & B", "-1"]), ODD)
DAYS = st.one_of(st.none(), st.dates(dt.date(2024, 12, 28), dt.date(2025, 2, 3)))
AMOUNTS = st.one_of(
    st.decimals(-2000, 2000, places=2),
    st.sampled_from([D("0.00"), D("-0.05"), D("999.99"), D("1000.00"), D("1234567.89"), D(10**13)]),
)

QUANTITIES = st.one_of(
    st.none(),
    st.decimals(-2000, 2000, places=6),
    st.sampled_from([D(0), D(1), D(10), D("-0.5"), D("1000"), D("-123456.7"), D("1834.5")]),
)

LINE_IDS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "",
            "7",
            "12",
            "-7",
            "d-",
            "0 ",
            "d -1",
            "d-1",
            "d-01",
            "d-2",
            "d-10",
            "e-10",
            "d,-3",
            'd"-4',
        ]
    ),
    st.builds("{}-{}".format, ODD, st.integers(0, 12)),
    ODD,
)

LINES = st.fixed_dictionaries(
    {
        "customer": st.sampled_from(["C-1", "C-2", "=C, 3", "C-9"]),
        "bill_month": st.sampled_from(["2026-02", "2026-02", "2026-03"]),
        "line_id": LINE_IDS,
        "service": st.one_of(st.sampled_from(["SV1", "SV2"]), TEXTS),
        "usoc": TEXTS,
        "description": st.one_of(
            TEXTS, st.sampled_from([239, 240, 241, 500]).map("\u00e9".__mul__)
        ),
        "charge_class": st.sampled_from([*CLASS_WORDS]),
        "quantity": QUANTITIES,
        "service_from": DAYS,
        "service_until": DAYS,
        "wtn": st.one_of(st.just("6145550131"), TEXTS),
        "circuit_id": TEXTS,
        "carrier": st.one_of(st.sampled_from(["ILEC", "CLEC", "\u202eX"]), TEXTS),
        "price": AMOUNTS,
    }
)


def bills(of: pl.DataFrame, brand: str | None) -> pl.DataFrame:
    """Return a header for every customer and month, also for those without lines."""
    rows = []
    for n, who in enumerate(["C-2", "C-1", "=C, 3"]):
        for month in ("2026-02", "2026-03"):
            own = of.filter(customer=who, bill_month=month)
            given = {"invoice_no": f"N,{n}-{month}", "bill_month": month, "brand": brand}
            rows.append({"customer": who, **header(own), **given})
    kept = {"customer": pl.String, "brand": pl.String, "total": pl.Decimal(18, 2)}
    return pl.DataFrame(rows, schema_overrides=kept)
