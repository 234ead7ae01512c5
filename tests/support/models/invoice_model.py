"""The slow, obvious customer invoice: row by row, in plain Python. It judges `invoices.customer`.

It shares the frame of the page with the product, and nothing that makes the words of a row.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

import polars as pl
from jinja2 import Environment, StrictUndefined, Template

from invoices.customer.brand import Letter, letterhead
from invoices.customer.charge_words import CLASS_WORDS, CREDIT_WORDS, LONGEST
from invoices.customer.csv_rows import CSV_COLUMNS
from invoices.customer.page import MANY

SUMMARY = """\
{% for s in services %}
<tr><td>{{ s.title }}{% if s.name %} <small>{{ s.name }}</small>{% endif %}</td>
{%- for amount in s.by_class %}<td>{{ amount }}</td>{% endfor %}<td>{{ s.total }}</td></tr>
{% endfor %}
"""
DETAIL = """\
{% for s in services %}
<tbody>
<tr class="service"><td colspan="3">{{ s.title }}
{%- if s.name %} <small>{{ s.name }}</small>{% endif %}</td><td>{{ s.total }}</td></tr>
{% for c in s.charges %}
<tr class="charge"><td>{{ c.description }}<small>{{ c.note }}</small></td>
{#- #}<td>{{ c.period }}</td><td>{{ c.quantity }}
{%- if c.unit %} <small>× {{ c.unit }}</small>{% endif %}</td><td>{{ c.price }}</td></tr>
{% endfor %}
</tbody>
{% endfor %}
"""

Row = Mapping[str, Any]
Catalogue = Mapping[tuple[str, str], str]
"""What a code is called: (carrier, USOC) to text."""

_UNSEEN = re.compile(
    "[\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\u00ad\u061c\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+"
)
"""Control characters, zero-width characters and overrides of the direction of writing."""
_FORMULA = re.compile(r"[=+\-@|%]|[\w.]+[\xa0 ]*\|[^!]*!")


@dataclass(frozen=True)
class _Charge:
    """One line in words."""

    description: str
    note: str  # what kind of charge it is and the carrier line it comes from
    period: str
    quantity: str
    unit: str  # what one of the quantity costs
    price: str


@dataclass(frozen=True)
class _Service:
    """The lines of one service, and what they add up to by class."""

    title: str
    name: str
    by_class: tuple[str, ...]
    total: str
    charges: list[_Charge]


def model_pages(
    headers: pl.DataFrame, lines: pl.DataFrame, customers: pl.DataFrame, catalogue: pl.DataFrame
) -> Iterator[tuple[str, str, str]]:
    """Yield what `invoices.customer.page.pages` yields."""
    known = {(carrier, usoc): description for carrier, usoc, description in catalogue.iter_rows()}
    people = {row["customer"]: row for row in customers.iter_rows(named=True)}
    for header in headers.iter_rows(named=True):
        of = header["customer"]
        own = lines.filter(customer=of, bill_month=header["bill_month"])
        nobody = dict.fromkeys(("name", "address", "email"), None)
        person = people.get(of, {"customer": of, **nobody})
        yield (
            header["invoice_no"],
            invoice_csv(header, own),
            invoice_html(header, own, person, known),
        )


def invoice_html(
    header: Row, lines: pl.DataFrame, customer: Row, catalogue: Catalogue | None = None
) -> str:
    """Return the invoice as one self-contained page that prints on letter paper.

    `header` has invoice_no, brand, bill_month, bill_date, due_date and total; `lines` are the
    customer lines (`rebill.pricing.customer_lines.CUSTOMER_LINES`) in any order; `customer` has
    customer, name, address and email. `catalogue` names codes whose lines print no description.
    Raises ValueError if the lines do not add up to the total.
    """
    rows = _in_order(header, lines)
    classes = [c for c in CLASS_WORDS if any(row["charge_class"] == c for row in rows)]
    services = [
        _service(list(group), classes, catalogue or {})
        for _, group in groupby(rows, key=lambda row: row["service"])
    ]
    return _template().render(
        letter=letterhead(Letter(), ""),
        mark="",
        called="Invoice",
        notes=[],
        account=[],
        ages=[],
        account_day="",
        past_due="",
        balance="",
        many=f"{len(services)} services" if len(services) > MANY else "",
        carriers=_carriers(rows, _clean(header["brand"]) or "Invoice"),
        brand=_clean(header["brand"]) or "Invoice",
        invoice_no=_clean(header["invoice_no"]),
        customer_no=_clean(customer["customer"]),
        name=_clean(customer["name"]) or _clean(customer["customer"]),
        address=[_clean(part) for part in (customer["address"] or "").splitlines() if _clean(part)],
        email=_clean(customer["email"]),
        month=f"{dt.date.fromisoformat(header['bill_month'] + '-01'):%B %Y}",
        bill_date=_long(header["bill_date"]),
        due_date=_long(header["due_date"]),
        is_credit=header["total"] < 0,
        total=_dollars(header["total"]),
        classes=[CLASS_WORDS[c][0] for c in classes],
        class_totals=_sums(rows, classes),
        services=services,
        count=len(rows),
    )


def invoice_csv(header: Row, lines: pl.DataFrame) -> str:
    """Return the lines of the invoice as CSV (`CSV_COLUMNS`), safe to open in a spreadsheet.

    Decimals are plain, dates ISO, and no text is a formula; descriptions are whole. Raises
    ValueError if the lines do not add up to the total.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    of_all = {
        "invoice_no": _cell(header["invoice_no"]),
        "bill_date": header["bill_date"],
        "due_date": header["due_date"],
        "invoice_total": f"{header['total']:.2f}",
    }
    for number, row in enumerate(_in_order(header, lines), 1):
        cells = {name: row.get(name) for name in CSV_COLUMNS}
        texts = {name: _cell(v) for name, v in cells.items() if isinstance(v, str)}
        unit = _unit(row["price"], row["quantity"]).replace("\u2212", "-").replace(",", "")
        amounts = {"quantity": _plain(row["quantity"]), "price": f"{row['price']:.2f}"}
        amounts |= {"unit_price": unit, "status": ""}
        whole = {**cells, **texts, **amounts, **of_all, "line": number}
        writer.writerow([whole[name] for name in CSV_COLUMNS])
    return out.getvalue()


def _in_order(header: Row, lines: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the lines by service, class, period and code, once they are seen to foot."""
    total = sum(lines["price"], start=Decimal(0))
    if total != header["total"]:
        raise ValueError(
            f"invoice {header['invoice_no']}: lines add up to {total}, not to {header['total']}"
        )
    place = {c: n for n, c in enumerate(CLASS_WORDS)}
    last = dt.date.max
    return sorted(
        lines.iter_rows(named=True),
        key=lambda row: (
            row["service"] is None,
            row["service"] or "",
            place[row["charge_class"]],
            row["service_from"] or last,
            row["usoc"] or "",
            _natural(row["line_id"] or ""),
        ),
    )


def _natural(line_id: str) -> tuple[str, int, str]:
    """Return a sort key under which line 10 comes after line 9."""
    document, _, position = line_id.rpartition("-")
    return (document, int(position) if re.fullmatch("[0-9]+", position) else 0, line_id)


def _service(rows: list[dict[str, Any]], classes: list[str], catalogue: Catalogue) -> _Service:
    """Return the lines of one service in words, with its totals."""
    wtn = next((w for row in rows if (w := _clean(row["wtn"]))), "")
    circuit = next((c for row in rows if (c := _clean(row["circuit_id"]))), "")
    name = _clean(rows[0]["service"])
    ends = [_telephone(wtn)] * bool(wtn) + [f"Circuit {circuit}"] * bool(circuit)
    title = " · ".join(ends) or (f"Service {name}" if name else "Account")
    return _Service(
        title=title,
        name=f"Service {name}" if name and ends else "",
        by_class=tuple(_sums(rows, classes)),
        total=_money(sum((row["price"] for row in rows), start=Decimal(0))),
        charges=[_charge(row, catalogue) for row in rows],
    )


def _charge(row: dict[str, Any], catalogue: Catalogue) -> _Charge:
    usoc, carrier = _clean(row["usoc"]), _clean(row["carrier"])
    _, kind = _kind(row)
    line = f"{carrier} line {_clean(row['line_id'])}" if row["line_id"] else carrier
    return _Charge(
        description=_description(row, usoc, catalogue),
        note=" · ".join(part for part in (kind, usoc, line) if part),
        period=_period(row["service_from"], row["service_until"]),
        quantity=_number(row["quantity"]),
        unit=_unit(row["price"], row["quantity"]),
        price=_money(row["price"]),
    )


def _description(row: dict[str, Any], usoc: str, catalogue: Catalogue) -> str:
    """Return what is charged for: as printed, else as catalogued, else words with the code."""
    printed = _clean(row["description"])
    if printed and printed.upper() != usoc:
        return printed if len(printed) <= LONGEST else f"{printed[:LONGEST]}\u2026"
    known = _clean(catalogue.get((row["carrier"], row["usoc"])))
    words, _ = _kind(row)
    return known or (f"{words}, code {usoc}" if usoc else words)


def _carriers(rows: Iterable[Row], ourselves: str) -> list[dict[str, str]]:
    """Return what the lines add up to by carrier, nothing where there is one."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        carrier = _clean(row["carrier"])
        sums[carrier] = sums.get(carrier, Decimal(0)) + row["price"]
    if len(sums) < 2:
        return []
    return [{"carrier": c or ourselves, "total": _money(sums[c])} for c in sorted(sums)]


def _unit(price: Decimal, quantity: Decimal | None) -> str:
    """Return what one costs, with the fewest places that come to the price again."""
    for places in range(2, 7) if quantity else ():
        one = _rounded(Fraction(price) / Fraction(quantity or 1), places)
        if _rounded(one * Fraction(quantity or 1), 2) == Fraction(price):
            return f"{int(one * 10**places) * Decimal(10) ** -places:,.{places}f}".replace(
                "-", "\u2212"
            )
    return ""


def _rounded(exact: Fraction, places: int) -> Fraction:
    """Return a number rounded half away from zero."""
    whole = int(abs(exact) * 10**places + Fraction(1, 2))
    return Fraction(whole if exact > 0 else -whole, 10**places)


def _kind(row: Row) -> tuple[str, str]:
    """Return what a line is called where it says nothing itself, and under its description."""
    if row["price"] < 0:
        return (CREDIT_WORDS[row["charge_class"]],) * 2
    _, in_place, under = CLASS_WORDS[row["charge_class"]]
    return in_place, under


def _sums(rows: Iterable[Row], classes: list[str]) -> list[str]:
    """Return the sum of the prices of each class, an empty text where there is no line of it."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["charge_class"]] = sums.get(row["charge_class"], Decimal(0)) + row["price"]
    return [_money(sums[c]) if c in sums else "" for c in classes]


def _clean(text: str | None) -> str:
    """Return `text` on one line, without anything that cannot be seen."""
    if not text:
        return ""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # nearly every text, ten times as fast
    return " ".join(_UNSEEN.sub("", text).split())


def _cell(text: str) -> str:
    """Return `text` for a spreadsheet cell: never a formula."""
    clean = _clean(text)
    return f"'{clean}" if _FORMULA.match(unicodedata.normalize("NFKC", clean)) else clean


def _plain(number: Decimal | None) -> str:
    """Return a number without needless zeros: 1, 12.5."""
    if number is None:
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(number: Decimal | None) -> str:
    whole, point, rest = _plain(number).partition(".")
    sign, digits = ("\u2212", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}{point}{rest}" if digits else ""


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace("-", "\u2212")


def _dollars(amount: Decimal) -> str:
    return f"${abs(amount):,.2f}"


def _telephone(wtn: str) -> str:
    """Return ten digits as (614) 555-0131, anything else as it is."""
    ten = len(wtn) == 10 and wtn.isdecimal()
    return f"({wtn[:3]}) {wtn[3:6]}-{wtn[6:]}" if ten else wtn


def _period(start: dt.date | None, until: dt.date | None) -> str:
    """Return a period with both its days included, as customers read it."""
    if until is None or start == until:
        return _short(start) if start else ""
    last = until - dt.timedelta(days=1)
    if start is None:
        return f"to {_short(last)}"
    if start == last:
        return _short(start)
    first = f"{start:%b} {start.day}" if start.year == last.year else _short(start)
    return f"{first} \u2013 {_short(last)}"


def _short(day: dt.date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


def _long(day: dt.date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


@cache
def _template() -> Template:
    """Return the page, compiled once."""
    source = (
        files("invoices").joinpath("templates", "customer_invoice.html.jinja").read_text("utf-8")
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    slow = source.replace("{{ summary }}", SUMMARY).replace("{{ detail }}", DETAIL)
    return environment.from_string(slow)
