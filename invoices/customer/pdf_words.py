"""What a customer invoice says, in words for the PDF.

It is made of the same worded lines as the page and the data for machines
(`invoices.customer.charge_words`), so that the three say the same. Words of all lines are made at
once; only the frame of each invoice is filled in by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from invoices.customer.account_section import account_words
from invoices.customer.brand import Letter, letterhead
from invoices.customer.charge_words import CLASS_WORDS, bundled, charge_rows, titled
from invoices.customer.invoice_parts import by_carrier, carriers, folded, own_lines, parties
from invoices.customer.words import money

_NAMES = tuple(CLASS_WORDS)
_LONG = "([^ \u200b]{30})"
"""So many characters without a blank: a place to break the line is put behind them."""
_BREAK = "${1}\u200b"
_WORD = re.compile(_LONG)


def words_of_invoices(
    headers: pl.DataFrame,
    lines: pl.DataFrame | pl.LazyFrame,
    customers: pl.DataFrame,
    catalogue: pl.DataFrame,
    letters: Mapping[str, Letter],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield invoice number and what the invoice says in words, in the order of `headers`.

    Arguments as for `invoices.customer.page.pages`; `letters` says under which letter each brand
    goes out. An optional column `mark` of `headers` is set across the page (DRAFT, VOID), `notes`
    are sentences above the summary. The fields are those of docs/invoices.md.
    """
    bills = headers.with_row_index("bill")
    rows = charge_rows(folded(own_lines(bills, lines)), catalogue)
    services = _services(rows)
    classes = (
        rows.group_by("bill", "charge_class")
        .agg(sum=money(pl.col("price").sum()))
        .group_by("bill")
        .agg(classes=_all_but("bill"))
    )
    counts = rows.group_by("bill").agg(count=pl.len())
    papers = (
        parties(bills, customers)
        .join(services.group_by("bill", maintain_order=True).agg(services=_all_but("bill")), **_BY)
        .join(carriers(rows), **_BY)
        .join(classes, **_BY)
        .join(counts, **_BY)
        .sort("bill")
    )
    for bill in papers.iter_rows(named=True):
        yield bill["number"], _words(bill, letters.get(bill["brand"] or "", Letter()))


_BY: dict[str, Any] = {"on": "bill", "how": "left"}


def _all_but(name: str) -> pl.Expr:
    return pl.struct(pl.all().exclude(name))


def _words(bill: dict[str, Any], letter: Letter) -> dict[str, Any]:
    """Return what one invoice says, in words."""
    sums = {row["charge_class"]: row["sum"] for row in bill["classes"] or ()}
    shown = [name for name in _NAMES if name in sums]
    total = bill["total_words"]
    facts = {
        f"{bill['called']} no.": bill["invoice_no"],
        "Customer no.": bill["customer_no"],
        f"{bill['called']} for": bill["month"],
        f"{bill['called']} date": bill["bill_date_words"],
        **({} if bill["is_credit"] else {"Due date": bill["due_date_words"]}),
    }
    count = bill["count"] or 0
    head = letterhead(letter, bill["brand_name"])
    said = {
        "brand": head,
        "mark": bill.get("mark") or "",
        "notes": bill.get("notes") or [],
        **{
            name: bill[name]
            for name in ("invoice_no", "name", "address", "email", "month", "called")
        },
        "facts": [list(fact) for fact in facts.items()],
        "slip": [
            ["Invoice no.", bill["invoice_no"]],
            ["Due date", bill["due_date_words"]],
            ["Amount due", total],
        ],
        "due_date": bill["due_date_words"],
        "is_credit": bill["is_credit"],
        **account_words(bill.get("account"), bill["called"]),
        "total": total,
        "signed_total": f"\u2212{total}" if bill["is_credit"] else total,
        "classes": [CLASS_WORDS[name][0] for name in shown],
        "class_totals": [sums[name] for name in shown],
        "carriers": by_carrier(bill["carriers"], head["name"]),
        "count": count,
        "count_words": f"{count:,} {'charge' if count == 1 else 'charges'}",
    }
    # The words of services and charges were made breakable all at once.
    services = [_service(row, shown) for row in bill["services"] or ()]
    return {**breakable(said), "services": services}


def breakable(said: Any) -> Any:
    """Return what is said with places at which a long word may be broken, in all its parts."""
    if isinstance(said, str):
        return _WORD.sub(lambda match: f"{match[0]}\u200b", said)
    if isinstance(said, list):
        return [breakable(part) for part in said]
    if isinstance(said, dict):
        return {name: breakable(part) for name, part in said.items()}
    return said


def _service(row: dict[str, Any], shown: list[str]) -> dict[str, Any]:
    """Return a service with its sums in the order of the classes that the invoice shows."""
    sums = {part["charge_class"]: part["sum"] for part in row["by_class"]}
    return {**row, "by_class": [sums.get(name, "") for name in shown]}


def _services(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the services of all invoices with title, total, sums by class, and their charges."""
    note = pl.concat_str(
        "kind_words",
        pl.when(pl.col("code") != "").then("code"),
        pl.when(pl.col("line_id") != "")
        .then(pl.concat_str("provider", pl.lit(" line "), "paper", "digits"))
        .when(pl.col("provider") != "")
        .then("provider"),
        pl.when(pl.col("elements").is_not_null()).then(bundled()),
        separator=" \u00b7 ",
        ignore_nulls=True,
    )
    charges = pl.struct(
        what=pl.col("what").str.replace_all(_LONG, _BREAK),
        note=note.str.replace_all(_LONG, _BREAK),
        period="period",
        quantity="quantity_words",
        unit="unit_words",
        price="price_words",
    )
    by_class = rows.group_by("block", "charge_class").agg(sum=money(pl.col("price").sum()))
    return (
        rows.group_by("block", maintain_order=True)
        .agg(
            pl.col("bill", "name").first(),
            pl.col("telephone", "circuit").first(ignore_nulls=True),
            total=money(pl.col("price").sum()),
            charges=charges,
        )
        .join(
            by_class.group_by("block").agg(by_class=pl.struct("charge_class", "sum")),
            on="block",
            how="left",
            maintain_order="left",
        )
        .pipe(titled)
        .with_columns(pl.col("title", "named").str.replace_all(_LONG, _BREAK))
        .select("bill", "title", "named", "total", "by_class", "charges")
    )
