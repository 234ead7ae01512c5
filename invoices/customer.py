"""The customer invoice as it leaves the house: one page of HTML and one CSV file of the same lines.

Neither shows what a line costs us, and every row names the carrier line behind it. The words of all
lines of many invoices are made at once, as columns; only the head of each page is filled in by
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
from jinja2 import Environment, StrictUndefined, Template

from invoices.words import (
    cell,
    day,
    doubled,
    escaped,
    inert,
    iso,
    money,
    number,
    paragraphs,
    period,
    plain,
    seen,
    telephone,
)

CLASS_WORDS = {
    "recurring": ("Monthly", "Monthly charge"),
    "prorated": ("Partial month", "Charge for part of a month"),
    "one_time": ("One-time", "One-time charge"),
    "usage": ("Usage", "Usage charge"),
    "surcharge": ("Surcharge", "Surcharge"),
    "tax": ("Tax", "Tax"),
    "late_charge": ("Late charge", "Late charge"),
    "adjustment": ("Adjustment", "Adjustment"),
}
"""The charge classes in the order in which they are shown: the words over a column, and those in
the place of a description that nobody gave."""

LONGEST = 240
"""Characters of a description that are shown on the page; the CSV holds all of them."""

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
)

_KEY = ["customer", "bill_month"]
_USED = (
    *("line_id", "service", "usoc", "description", "charge_class", "quantity", "service_from"),
    *("service_until", "wtn", "circuit_id", "carrier", "price"),
)
"""What an invoice shows of a line; neither what it costs nor how its price was found."""
_KINDS = [str(place) for place in range(len(CLASS_WORDS))]
"""The columns of a service's sums: the places of the classes in the order of `CLASS_WORDS`."""
_ORDER = ("bill", "service_place", "kind", "start", "usoc_place", "paper_place", "position")
_WORDS = (
    *("charge_class", "price", "name", "telephone", "circuit", "service_csv", "digits"),
    *("what_html", "what_csv", "line_html", "line_csv", "end_csv", "period_html", "period_csv"),
    *("quantity_html", "quantity_csv", "price_html", "price_csv"),
)
"""What rows are put together from."""
_LAST = 2**32 - 1
"""The place of the lines of no service: behind all others."""
_COMMA = pl.lit(",")
_SLOT = "\0"
"""Where rows go on a page, put in at the end to be copied once; text that is `seen` has none."""


def pages(
    headers: pl.DataFrame,
    lines: pl.DataFrame | pl.LazyFrame,
    customers: pl.DataFrame,
    catalogue: pl.DataFrame,
) -> Iterator[tuple[str, str, str]]:
    """Return invoice number, CSV text and HTML text of every invoice, in the order of `headers`.

    `headers` has invoice_no, customer, brand, bill_month, bill_date, due_date and total; `lines`
    are customer lines (`rebill.rating.CUSTOMER_LINES`) in any order, of which those of no header
    are left out: with `invoice_no`, or else at most one header for a customer and month;
    `customers` has customer, name, address and
    email (a customer that is not there is called by its number); `catalogue` has carrier, usoc and
    description, once each, for lines that print no description.

    The page is self-contained and prints on letter paper. The CSV (`CSV_COLUMNS`) is safe to open
    in a spreadsheet: decimals are plain, dates ISO, no text is a formula, descriptions are whole.
    Raises ValueError if the lines of an invoice do not add up to its total.
    """
    bills = headers.with_row_index("bill")
    lines = lines.lazy()
    key = ["invoice_no"] if "invoice_no" in lines.collect_schema() else _KEY
    own = lines.select(*key, *_USED).collect().join(bills.select("bill", *key), on=key)
    _foot(bills, own)
    rows = _rows(own, catalogue)
    heads = _heads(bills, customers)
    papers = (
        heads.join(_csv_rows(heads, rows), on="bill", how="left")
        .join(_blocks(rows), on="bill", how="left")
        .join(_class_totals(rows), on="bill", how="left")
        .sort("bill")
    )
    for bill in papers.iter_rows(named=True):
        text = ",".join(CSV_COLUMNS) + "\n" + (bill["csv"] or "")
        yield bill["number"], text, _page(bill)


def _page(bill: dict[str, Any]) -> str:
    """Return the page of an invoice whose rows are ready."""
    classes = [CLASS_WORDS[name][0] for name in bill["classes"] or []]
    made = {"classes": classes, "class_totals": bill["class_totals"] or []}
    made |= {"count": bill["count"] or 0, "summary": _SLOT, "detail": _SLOT}
    top, middle, end = _template().render({**bill, **made}).split(_SLOT)
    return "".join((top, bill["summary"] or "", middle, bill["detail"] or "", end))


def _foot(bills: pl.DataFrame, lines: pl.DataFrame) -> None:
    """Raise ValueError for the first invoice whose lines do not add up to its total."""
    sums = lines.group_by("bill").agg(pl.col("price").sum())
    footed = bills.join(sums, on="bill", how="left").with_columns(pl.col("price").fill_null(0))
    wrong = footed.filter(pl.col("price") != pl.col("total")).sort("bill")
    for bill in wrong.head(1).iter_rows(named=True):
        raise ValueError(
            f"invoice {bill['invoice_no']}: lines add up to {bill['price']}, not to {bill['total']}"
        )


# --- the lines --------------------------------------------------------------------------------


def _rows(lines: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Return the lines in words, by invoice, service, class, period, code and carrier line.

    `block` counts the services of all invoices. What `_html` and `_csv` are put together from is
    made for each distinct value: most lines repeat what another says.
    """
    line_id = pl.col("line_id")
    rows = (
        lines.with_columns(line_id.fill_null(""))
        .with_columns(head=line_id.str.strip_chars_end("0123456789"))
        .with_columns(digits=line_id.str.strip_prefix(pl.col("head")))
        .with_columns(goes_on=pl.col("digits") != "")
        .pipe(_worded, ["carrier", "usoc", "charge_class", "description"], _charges, catalogue)
        .pipe(_worded, ["carrier", "head", "goes_on"], _carrier_papers)
        .pipe(_worded, ["service", "wtn", "circuit_id"], _services)
        .pipe(_worded, ["service_from", "service_until"], _periods)
        .pipe(_worded, ["quantity"], _quantities)
        .pipe(_worded, ["price"], _prices)
        .with_columns(
            position=pl.when("numbered").then(pl.col("digits").cast(pl.Int64, strict=False))
        )
        .with_columns(pl.col("position").fill_null(0))
    )
    rows = rows.select(*_ORDER, "line_id", *_WORDS).sort(*_ORDER, "line_id", maintain_order=True)
    return rows.with_columns(block=pl.struct("bill", "service_place").rle_id())


def _worded(
    lines: pl.DataFrame,
    keys: Sequence[str],
    words: Callable[..., pl.DataFrame],
    *more: pl.DataFrame,
) -> pl.DataFrame:
    """Add to `lines` what `words` makes of the distinct values of `keys`."""
    distinct = words(lines.select(keys).unique(), *more)
    return lines.join(distinct, on=keys, how="left", nulls_equal=True, maintain_order="left")


def _charges(distinct: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Add what is charged for: as printed, else as catalogued, else words with the code."""
    places = {name: place for place, name in enumerate(CLASS_WORDS)}
    names = {name: words for name, (words, _) in CLASS_WORDS.items()}
    in_place = {name: words for name, (_, words) in CLASS_WORDS.items()}
    kind = pl.col("charge_class")
    known = catalogue.select("carrier", "usoc", known="description")
    printed, code = pl.col("printed"), pl.col("code")
    dotted = pl.when(code != "").then(" \u00b7 " + code).otherwise(pl.lit(""))
    return (
        distinct.join(known, on=["carrier", "usoc"], how="left")
        .with_columns(printed=seen(pl.col("description")), code=seen(pl.col("usoc")))
        .with_columns(pl.col("known").pipe(seen), words=kind.replace_strict(in_place))
        .with_columns(
            shown=pl.when((printed != "") & (printed.str.to_uppercase() != code))
            .then(
                pl.when(printed.str.len_chars() > LONGEST)
                .then(printed.str.head(LONGEST) + "\u2026")
                .otherwise(printed)
            )
            .when(pl.col("known") != "")
            .then("known")
            .when(code != "")
            .then(pl.concat_str("words", pl.lit(", code "), "code"))
            .otherwise("words")
        )
        .select(
            *("carrier", "usoc", "charge_class", "description"),
            kind=kind.replace_strict(places, return_dtype=pl.UInt8),
            usoc_place=pl.col("usoc").fill_null("").rank("dense"),
            what_html=pl.concat_str(
                pl.lit('<tr class="charge"><td>'),
                escaped(pl.col("shown")),
                pl.lit("<small>"),
                kind.replace_strict(names),
                escaped(dotted),
            ),
            what_csv=pl.concat_str(kind, cell(code), cell(printed), separator=","),
        )
    )


def _carrier_papers(distinct: pl.DataFrame) -> pl.DataFrame:
    """Add the carrier's document as the start of a line's name; its digits follow it.

    `head` is a `line_id` without the digits at its end (`goes_on`: there are some); where a dash or
    nothing comes before them they are the line's number, and line 10 is shown after line 9.
    """
    head = pl.col("head")
    numbered = head.str.ends_with("-") | (head == "")
    document = (
        pl.when(numbered)
        .then(head.str.strip_suffix("-"))
        .otherwise(head.str.extract("(?s)^(.*)-").fill_null(""))
    )
    # Where digits follow, one stands for them here: a blank before it is not one at the end.
    whole = seen(pl.when("goes_on").then(head + "0").otherwise(head))
    shown = pl.when("goes_on").then(whole.str.head(-1)).otherwise(whole)
    name = inert(shown)
    quotes = pl.when(name.str.contains('[,"]')).then(pl.lit('"')).otherwise(pl.lit(""))
    return distinct.with_columns(
        numbered=numbered,
        paper_place=document.rank("dense"),
        line_html=pl.concat_str(
            pl.lit(" \u00b7 "),
            escaped(seen(pl.col("carrier"))),
            pl.lit(" line "),
            escaped(shown),
        ),
        line_csv=pl.concat_str(quotes, doubled(name)),
        end_csv=quotes + "\n",
    )


def _services(distinct: pl.DataFrame) -> pl.DataFrame:
    """Add what a service is called; null what it does not have."""
    names = ("name", "telephone", "circuit")
    return distinct.with_columns(
        service_place=pl.col("service").rank("dense").fill_null(_LAST),
        name=seen(pl.col("service")),
        telephone=seen(pl.col("wtn")),
        circuit=seen(pl.col("circuit_id")),
    ).with_columns(
        pl.col("telephone", "circuit").replace("", None),
        service_csv=pl.concat_str((cell(pl.col(name)) for name in names), separator=","),
    )


def _periods(distinct: pl.DataFrame) -> pl.DataFrame:
    start, until = pl.col("service_from"), pl.col("service_until")
    return distinct.with_columns(
        start=start.fill_null(pl.date(9999, 12, 31)),
        period_html=pl.concat_str(
            pl.lit("</small></td><td>"), period(start, until), pl.lit("</td><td>")
        ),
        period_csv=pl.concat_str(iso(start), _COMMA, iso(until)),
    )


def _quantities(distinct: pl.DataFrame) -> pl.DataFrame:
    amount = pl.col("quantity")
    return distinct.with_columns(quantity_html=number(amount), quantity_csv=plain(amount))


def _prices(distinct: pl.DataFrame) -> pl.DataFrame:
    amount = pl.col("price")
    return distinct.with_columns(
        price_html=pl.concat_str(pl.lit("</td><td>"), money(amount), pl.lit("</td></tr>\n")),
        price_csv=pl.concat_str(_COMMA, amount.cast(pl.String), _COMMA),
    )


def _csv_rows(heads: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the CSV rows of each invoice (bill, csv), and how many there are (count)."""
    first = heads.select("bill", "bill_csv")
    row = pl.concat_str(
        *("bill_csv", pl.int_range(1, pl.len() + 1).over("bill"), _COMMA, "service_csv", _COMMA),
        *("what_csv", _COMMA, "period_csv", _COMMA, "quantity_csv", "price_csv"),
        *("line_csv", "digits", "end_csv"),
    )
    return (
        rows.join(first, on="bill", how="left", maintain_order="left")
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
    own_line = pl.when(pl.col("line_id").str.len_bytes() > 0).then(
        pl.concat_str("line_html", "digits")
    )
    detail = pl.concat_str(
        pl.when(pl.col("block").ne_missing(pl.col("block").shift())).then("opening"),
        *("what_html", own_line, "period_html", "quantity_html", "price_html"),
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
        .pipe(_worded, ["price"], _totals)
        .join(_sums(rows), on="block", how="left", maintain_order="left")
    )
    shows = services.group_by("bill").agg(
        pl.col(kind).is_not_null().any().alias(f"shows_{kind}") for kind in _KINDS
    )
    ends = pl.concat_str(
        telephone(pl.col("telephone")),
        "Circuit " + pl.col("circuit"),
        separator=" \u00b7 ",
        ignore_nulls=True,
    )
    named = pl.when(pl.col("name") != "").then("Service " + pl.col("name"))
    small = pl.concat_str(pl.lit(" <small>"), "named", pl.lit("</small>"))
    title = (
        pl.when(pl.col("ends") != "")
        .then(pl.concat_str("ends", small, ignore_nulls=True))
        .otherwise(pl.col("named").fill_null("Account"))
    )
    total = pl.concat_str(pl.lit("</td><td>"), "amount", pl.lit("</td></tr>\n"))
    return (
        services.join(shows, on="bill", how="left", maintain_order="left")
        .with_columns(ends=escaped(ends), named=escaped(named))
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
    return sums.pipe(_worded, ["price"], _totals).group_by("block").agg(by_kind)


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
    called = customers.select("customer", "name", "address", "email")
    name, number, total = seen(pl.col("name")), seen(pl.col("customer")), pl.col("total")
    brand = seen(pl.col("brand"))
    month = (pl.col("bill_month") + "-01").str.to_date("%Y-%m-%d")
    identity = pl.concat_str(
        *(cell(seen(pl.col("invoice_no"))), cell(number)),
        *(iso(pl.col("bill_date")), iso(pl.col("due_date")), total.cast(pl.String), pl.lit("")),
        separator=",",
    )
    return bills.join(called, on="customer", how="left", maintain_order="left").select(
        "bill",
        number="invoice_no",
        bill_csv=identity,
        brand=pl.when(brand != "").then(brand).otherwise(pl.lit("Invoice")),
        invoice_no=seen(pl.col("invoice_no")),
        customer_no=number,
        name=pl.when(name != "").then(name).otherwise(number),
        address=paragraphs(pl.col("address").fill_null("")),
        email=seen(pl.col("email")),
        month=pl.concat_str(month.dt.to_string("%B "), month.dt.year().cast(pl.String)),
        bill_date=day(pl.col("bill_date"), "%B"),
        due_date=day(pl.col("due_date"), "%B"),
        is_credit=total < 0,
        total="$" + money(total.abs()),
    )


@cache
def _template() -> Template:
    """Return the page, compiled once."""
    source = (
        files("invoices").joinpath("templates", "customer_invoice.html.jinja").read_text("utf-8")
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
