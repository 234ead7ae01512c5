"""The customer invoice as it leaves the house: one page of HTML and one CSV file of the same lines.

Neither shows what a line costs us, and every row names the carrier line behind it. The words of all
lines of many invoices are made at once, as columns; only the head of each page is filled in by
itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

import polars as pl
from jinja2 import Environment, StrictUndefined, Template, TemplateError

from invoices.customer.brand import BrandFault, Letter, compiled, letterhead
from invoices.customer.charges import (
    CLASS_WORDS,
    Words,
    bundled,
    by_carrier,
    carriers,
    charge_rows,
    folded,
    own_lines,
    parties,
    titled,
    worded,
)
from invoices.customer.words import cell, doubled, escaped, inert, iso, money, plain, seen

CSV_COLUMNS = (
    "invoice_no",
    "customer",
    "bill_date",
    "due_date",
    "invoice_total",
    "line",
    "service",
    "wtn",
    "circuit_id",
    "charge_class",
    "usoc",
    "description",
    "service_from",
    "service_until",
    "quantity",
    "price",
    "line_id",
    "carrier",
    "bundle",
)

_KINDS = [str(place) for place in range(len(CLASS_WORDS))]
"""The columns of a service's sums: the places of the classes in the order of `CLASS_WORDS`."""
_COMMA = pl.lit(",")
_SLOT = "\0"
"""Where rows go on a page, put in at the end to be copied once; text that is `seen` has none."""


def pages(
    headers: pl.DataFrame,
    lines: pl.DataFrame | pl.LazyFrame,
    customers: pl.DataFrame,
    catalogue: pl.DataFrame,
    letters: Mapping[str, Letter] | None = None,
) -> Iterator[tuple[str, str, str]]:
    """Return invoice number, CSV text and HTML text of every invoice, in the order of `headers`.

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
    Raises ValueError if the lines of an invoice do not add up to its total, `BrandFault` where a
    brand's own page cannot be used.
    """
    bills = headers.with_row_index("bill")
    own = own_lines(bills, lines)
    shown = folded(own)
    if shown.height == own.height:
        rows = whole = charge_rows(shown, catalogue, _dressed(_HTML, _CSV))
    else:
        rows = charge_rows(shown, catalogue, _dressed(_HTML))
        whole = charge_rows(own, catalogue, _dressed(_CSV))
    heads = _heads(bills, customers)
    papers = (
        heads.join(_csv_rows(heads, whole), on="bill", how="left")
        .join(_blocks(rows), on="bill", how="left")
        .join(_class_totals(rows), on="bill", how="left")
        .join(carriers(rows), on="bill", how="left")
        .sort("bill")
    )
    for bill in papers.iter_rows(named=True):
        text = ",".join(CSV_COLUMNS) + "\n" + (bill["csv"] or "")
        yield bill["number"], text, _page(bill, (letters or {}).get(bill["brand"] or "", Letter()))


def _page(bill: dict[str, Any], letter: Letter) -> str:
    """Return the page of an invoice whose rows are ready."""
    head = letterhead(letter, bill["brand_name"])
    classes = [CLASS_WORDS[name][0] for name in bill["classes"] or []]
    made = {"classes": classes, "class_totals": bill["class_totals"] or []}
    made |= {"count": bill["count"] or 0, "summary": _SLOT, "detail": _SLOT}
    made |= {"carriers": by_carrier(bill["carriers"], head["name"]), "brand": head["name"]}
    made |= {"letter": {**head, "logo": letter.logo_url}, "mark": bill.get("mark") or ""}
    made |= {"notes": bill.get("notes") or []}
    try:
        page = _template(letter.page).render({**bill, **made})
    except TemplateError as fault:
        raise BrandFault(f"{head['name']}: its page cannot be filled in: {fault}") from None
    if page.count(_SLOT) != 2:
        raise BrandFault(f"{head['name']}: its page shows summary and detail not once each")
    top, middle, end = page.split(_SLOT)
    return "".join((top, bill["summary"] or "", middle, bill["detail"] or "", end))


# --- the lines --------------------------------------------------------------------------------


def _html_what(distinct: pl.DataFrame) -> pl.DataFrame:
    code = pl.col("code")
    dotted = pl.when(code != "").then(" \u00b7 " + code).otherwise(pl.lit(""))
    opening, small = pl.lit('<tr class="charge"><td>'), pl.lit("<small>")
    html = pl.concat_str(opening, escaped(pl.col("what")), small, "kind_words", escaped(dotted))
    return distinct.with_columns(what_html=html)


def _html_paper(distinct: pl.DataFrame) -> pl.DataFrame:
    provider = escaped(pl.col("provider"))
    carrier = pl.when(provider != "").then(" \u00b7 " + provider).otherwise(pl.lit(""))
    line = pl.concat_str(pl.lit(" \u00b7 "), provider, pl.lit(" line "), escaped(pl.col("paper")))
    return distinct.with_columns(carrier_html=carrier, line_html=line)


def _html_period(distinct: pl.DataFrame) -> pl.DataFrame:
    html = pl.concat_str(pl.lit("</small></td><td>"), "period", pl.lit("</td><td>"))
    return distinct.with_columns(period_html=html)


def _html_price(distinct: pl.DataFrame) -> pl.DataFrame:
    html = pl.concat_str(pl.lit("</td><td>"), "price_words", pl.lit("</td></tr>\n"))
    return distinct.with_columns(price_html=html)


def _csv_what(distinct: pl.DataFrame) -> pl.DataFrame:
    csv = pl.concat_str(
        "charge_class", cell(pl.col("code")), cell(pl.col("printed")), separator=","
    )
    return distinct.with_columns(what_csv=csv)


def _csv_paper(distinct: pl.DataFrame) -> pl.DataFrame:
    name = inert(pl.col("paper"))
    quotes = pl.when(name.str.contains('[,"]')).then(pl.lit('"')).otherwise(pl.lit(""))
    end = pl.concat_str(quotes, _COMMA, cell(pl.col("provider")), _COMMA)
    return distinct.with_columns(line_csv=pl.concat_str(quotes, doubled(name)), end_csv=end)


def _csv_service(distinct: pl.DataFrame) -> pl.DataFrame:
    names = ("name", "telephone", "circuit")
    csv = pl.concat_str((cell(pl.col(name).fill_null("")) for name in names), separator=",")
    return distinct.with_columns(service_csv=csv)


def _csv_period(distinct: pl.DataFrame) -> pl.DataFrame:
    csv = pl.concat_str(iso(pl.col("service_from")), _COMMA, iso(pl.col("service_until")))
    return distinct.with_columns(period_csv=csv)


def _csv_quantity(distinct: pl.DataFrame) -> pl.DataFrame:
    return distinct.with_columns(quantity_csv=plain(pl.col("quantity")))


def _csv_bundle(distinct: pl.DataFrame) -> pl.DataFrame:
    name = cell(seen(pl.col("bundle").fill_null("")))
    return distinct.with_columns(bundle_csv=name + "\n")


def _csv_price(distinct: pl.DataFrame) -> pl.DataFrame:
    csv = pl.concat_str(_COMMA, pl.col("price").cast(pl.String), _COMMA)
    return distinct.with_columns(price_csv=csv)


_HTML: dict[str, Words] = {
    "what": _html_what,
    "paper": _html_paper,
    "period": _html_period,
    "price": _html_price,
}
_CSV: dict[str, Words] = {
    "what": _csv_what,
    "paper": _csv_paper,
    "service": _csv_service,
    "period": _csv_period,
    "quantity": _csv_quantity,
    "price": _csv_price,
}
"""What is made of the words, step by step of `charge_rows`."""
_PLAIN = {
    "what": ("what", "kind_words", "code", "printed"),
    "paper": ("paper",),
    "period": ("period",),
    "price": ("price_words",),
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


def _csv_rows(heads: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the CSV rows of each invoice (bill, csv), and how many there are (count)."""
    first = heads.select("bill", "bill_csv")
    row = pl.concat_str(
        *("bill_csv", pl.int_range(1, pl.len() + 1).over("bill"), _COMMA, "service_csv", _COMMA),
        *("what_csv", _COMMA, "period_csv", _COMMA, "quantity_csv", "price_csv"),
        *("line_csv", "digits", "end_csv", "bundle_csv"),
    )
    return (
        rows.join(first, on="bill", how="left", maintain_order="left")
        .pipe(worded, ["bundle"], _csv_bundle)
        .select("bill", row=row)
        .group_by("bill")
        .agg(csv=pl.col("row").str.join(), count=pl.len())
    )


# --- the services -----------------------------------------------------------------------------


def _blocks(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of each invoice's tables: its services (summary), and their lines (detail).

    The services are the blocks of the detail, each under a row with its name and its total.
    """
    services = _service_rows(rows)
    opening = services.select("block", "opening")
    own_line = (
        pl.when(pl.col("line_id").str.len_bytes() > 0)
        .then(pl.concat_str("line_html", "digits"))
        .when(pl.col("elements").is_not_null())
        .then(pl.concat_str("carrier_html", pl.lit(" \u00b7 "), bundled()))
        .otherwise("carrier_html")
    )
    detail = pl.concat_str(
        pl.when(pl.col("block").ne_missing(pl.col("block").shift())).then("opening"),
        *("what_html", own_line, "period_html", "quantity_words", "price_html"),
        pl.when(pl.col("block").ne_missing(pl.col("block").shift(-1))).then(pl.lit("</tbody>\n")),
        ignore_nulls=True,
    )
    details = (
        rows.join(opening, on="block", how="left", maintain_order="left")
        .select("bill", detail=detail)
        .group_by("bill")
        .agg(pl.col("detail").str.join())
    )
    summaries = services.group_by("bill").agg(pl.col("summary").str.join())
    return summaries.join(details, on="bill")


def _service_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the row of each service in the summary, and the one that opens its detail."""
    services = (
        rows.group_by("block", maintain_order=True)
        .agg(
            pl.col("bill", "name").first(),
            pl.col("telephone", "circuit").first(ignore_nulls=True),
            pl.col("price").sum(),
        )
        .pipe(worded, ["price"], _totals)
        .join(_sums(rows), on="block", how="left", maintain_order="left")
    )
    shows = services.group_by("bill").agg(
        pl.col(kind).is_not_null().any().alias(f"shows_{kind}") for kind in _KINDS
    )
    small = pl.concat_str(pl.lit(" <small>"), "named", pl.lit("</small>"))
    title = pl.concat_str("title", pl.when(pl.col("named") != "").then(small), ignore_nulls=True)
    total = pl.concat_str(pl.lit("</td><td>"), "amount", pl.lit("</td></tr>\n"))
    return (
        services.join(shows, on="bill", how="left", maintain_order="left")
        .pipe(titled)
        .with_columns(escaped(pl.col("title")), escaped(pl.col("named")))
        .with_columns(title=title, total=total)
        .select(
            *("block", "bill"),
            summary=pl.concat_str(pl.lit("<tr><td>"), "title", *map(_amount, _KINDS), "total"),
            opening=pl.concat_str(
                pl.lit('<tbody>\n<tr class="service"><td colspan="3">'), "title", "total"
            ),
        )
    )


def _totals(distinct: pl.DataFrame) -> pl.DataFrame:
    return distinct.with_columns(amount=money(pl.col("price")))


def _amount(kind: str) -> pl.Expr:
    """Return the cell of a class, empty for a service without it, none where no service has it."""
    own = "</td><td>" + pl.col(kind).fill_null("")
    return pl.when(f"shows_{kind}").then(own).otherwise(pl.lit(""))


def _sums(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what the lines of each service add up to by class (block, `_KINDS`), as text."""
    sums = rows.group_by("block", "kind").agg(pl.col("price").sum())
    by_kind = (
        pl.col("amount").filter(pl.col("kind") == int(kind)).first().alias(kind) for kind in _KINDS
    )
    return sums.pipe(worded, ["price"], _totals).group_by("block").agg(by_kind)


def _class_totals(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the classes of each invoice and what their lines add up to, as lists."""
    sums = rows.group_by("bill", "kind").agg(pl.col("charge_class").first(), pl.col("price").sum())
    return (
        sums.sort("bill", "kind")
        .group_by("bill", maintain_order=True)
        .agg(classes=pl.col("charge_class"), class_totals=money(pl.col("price")))
    )


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
        *("address", "email", "month", "is_credit", "called", pl.col("^(mark|notes)$")),
        bill_csv=identity,
        bill_date="bill_date_words",
        due_date="due_date_words",
        total="total_words",
    )


@cache
def _template(own: str = "") -> Template:
    """Return the page, or a brand's own one, compiled once."""
    if own:
        return compiled(own)
    source = (
        files("invoices").joinpath("templates", "customer_invoice.html.jinja").read_text("utf-8")
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
