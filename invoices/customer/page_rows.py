"""The lines of customer invoices as rows of the tables of the page: services, and their charges."""

from __future__ import annotations

import polars as pl

from invoices.customer.charge_words import CLASS_WORDS, Words, bundled, titled, worded
from invoices.customer.words import escaped, money

_KINDS = [str(place) for place in range(len(CLASS_WORDS))]
"""The columns of a service's sums: the places of the classes in the order of `CLASS_WORDS`."""


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


def _html_unit(distinct: pl.DataFrame) -> pl.DataFrame:
    each = pl.concat_str(pl.lit(" <small>\u00d7 "), "unit_words", pl.lit("</small>"))
    return distinct.with_columns(unit_html=pl.when(pl.col("unit_words") != "").then(each))


HTML: dict[str, Words] = {
    "what": _html_what,
    "paper": _html_paper,
    "period": _html_period,
    "price": _html_price,
    "unit": _html_unit,
}


def blocks(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of each invoice's tables: its services (summary), and their lines (detail);
    and how many services it has.

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
        *("what_html", own_line, "period_html", "quantity_words", "unit_html", "price_html"),
        pl.when(pl.col("block").ne_missing(pl.col("block").shift(-1))).then(pl.lit("</tbody>\n")),
        ignore_nulls=True,
    )
    details = (
        rows.join(opening, on="block", how="left", maintain_order="left")
        .select("bill", detail=detail)
        .group_by("bill")
        .agg(pl.col("detail").str.join())
    )
    summaries = services.group_by("bill").agg(pl.col("summary").str.join(), services=pl.len())
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


def class_totals(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the classes of each invoice and what their lines add up to, as lists."""
    sums = rows.group_by("bill", "kind").agg(pl.col("charge_class").first(), pl.col("price").sum())
    return (
        sums.sort("bill", "kind")
        .group_by("bill", maintain_order=True)
        .agg(classes=pl.col("charge_class"), class_totals=money(pl.col("price")))
    )
