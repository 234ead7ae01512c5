"""What each charge of a customer invoice is in words: for what, when, how many, of which carrier.

The words of all lines of many invoices are made at once, as columns; they are made for each
distinct value, because most lines repeat what another says. Page, PDF and data all say these words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import polars as pl

from invoices.customer.words import (
    UNIT_PLACES,
    money,
    number,
    period,
    seen,
    telephone,
    unit_price,
)

CLASS_WORDS = {
    "recurring": ("Monthly", "Monthly charge", "Monthly"),
    "prorated": ("Partial month", "Charge for part of a month", "Charge for part of a month"),
    "one_time": ("One-time", "One-time charge", "One-time"),
    "usage": ("Usage", "Usage charge", "Usage"),
    "surcharge": ("Surcharge", "Surcharge", "Surcharge"),
    "tax": ("Tax", "Tax", "Tax"),
    "late_charge": ("Late charge", "Late charge", "Late charge"),
    "adjustment": ("Adjustment", "Adjustment", "Adjustment"),
}
"""The charge classes in the order in which they are shown: the words over a column, those in the
place of a description that nobody gave, and those under a charge."""

CREDIT_WORDS = {
    "recurring": "Credit of a monthly charge",
    "prorated": "Credit for part of a month",
    "one_time": "Credit of a one-time charge",
    "usage": "Credit of usage",
    "surcharge": "Credit of a surcharge",
    "tax": "Credit of a tax",
    "late_charge": "Credit of a late charge",
    "adjustment": "Credit",
}
"""What a line that gives money back is called, in either place."""

LONGEST = 240
"""Characters of a description that are shown; the data files hold all of them."""

IN_PLACE = ("bill", "service_place", "kind", "start", "usoc_place", "paper_place", "position")
"""The order of the lines: invoice, service, class, period, code, carrier line."""

_LAST = 2**32 - 1
"""The place of the lines of no service: behind all others."""
Words = Callable[[pl.DataFrame], pl.DataFrame]
"""Adds columns of words to a frame of distinct values."""


def worded(lines: pl.DataFrame, keys: Sequence[str], *words: Words) -> pl.DataFrame:
    """Add to `lines` what `words`, one after the other, make of the distinct values of `keys`."""
    distinct = lines.select(keys).unique()
    for make in words:
        distinct = make(distinct)
    return lines.join(distinct, on=keys, how="left", nulls_equal=True, maintain_order="left")


def bundled() -> pl.Expr:
    """Return of how many elements a bundle is, in words."""
    one = pl.when(pl.col("elements") == 1).then(pl.lit(" element")).otherwise(pl.lit(" elements"))
    return pl.concat_str("elements", one)


def charge_rows(
    lines: pl.DataFrame, catalogue: pl.DataFrame, dress: Mapping[str, Words] | None = None
) -> pl.DataFrame:
    """Return the lines with their words, in the order of the invoice (`IN_PLACE`).

    `lines` have `bill`, `USED` and `elements`; `catalogue` has carrier, usoc and description, once
    each. Added are `what` is charged for, `kind_words`, `code`, `printed`; `provider`, the carrier;
    `paper` and `digits`, which together name its line; `name`, `telephone`, `circuit` of the
    service; `period`, `quantity_words`, `price_words`, `unit_words`; `block`, a number of the
    service. `dress` says for a step (what, paper, service, period, quantity, price, unit) what else
    is made of its distinct values, and may leave out what nobody will read.
    """
    more = dress or {}

    def step(name: str, words: Words) -> tuple[Words, ...]:
        return (words, more[name]) if name in more else (words,)

    line_id = pl.col("line_id")
    asked = ["carrier", "usoc", "charge_class", "credit", "description"]
    return (
        lines.with_columns(line_id.fill_null(""), credit=pl.col("price") < 0)
        .with_columns(head=line_id.str.strip_chars_end("0123456789"))
        .with_columns(digits=line_id.str.strip_prefix(pl.col("head")))
        .with_columns(goes_on=pl.col("digits") != "")
        .pipe(worded, asked, *step("what", partial(_what, catalogue=catalogue)))
        .pipe(worded, ["carrier", "head", "goes_on"], *step("paper", _papers))
        .pipe(worded, ["service", "wtn", "circuit_id"], *step("service", _services))
        .pipe(worded, ["service_from", "service_until"], *step("period", _periods))
        .pipe(worded, ["quantity"], *step("quantity", _quantities))
        .pipe(worded, ["price"], *step("price", _prices))
        .pipe(worded, ["price", "quantity"], *step("unit", _units))
        .with_columns(
            position=pl.when("numbered").then(pl.col("digits").cast(pl.Int64, strict=False))
        )
        .with_columns(pl.col("position").fill_null(0))
        .drop("head", "goes_on", "numbered")
        .sort(*IN_PLACE, "line_id", maintain_order=True)
        .with_columns(block=pl.struct("bill", "service_place").rle_id())
    )


def titled(services: pl.DataFrame) -> pl.DataFrame:
    """Add the `title` of a service: its number or circuit, else its name; `named` beside it.

    `services` have name, telephone and circuit as `charge_rows` makes them.
    """
    ends = pl.concat_str(
        telephone(pl.col("telephone")),
        "Circuit " + pl.col("circuit"),
        separator=" \u00b7 ",
        ignore_nulls=True,
    )
    named = pl.when(pl.col("name") != "").then("Service " + pl.col("name"))
    known = ends != ""
    return services.with_columns(
        title=pl.when(known).then(ends).otherwise(named.fill_null("Account")),
        named=pl.when(known).then(named).fill_null(""),
    )


def _what(distinct: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Add what is charged for: as printed, else as catalogued, else words with the code."""
    places = {name: place for place, name in enumerate(CLASS_WORDS)}
    kind, credit = pl.col("charge_class"), pl.col("credit")
    given_back = kind.replace_strict(CREDIT_WORDS)
    in_place, under = (
        pl.when(credit)
        .then(given_back)
        .otherwise(kind.replace_strict({name: words[n] for name, words in CLASS_WORDS.items()}))
        for n in (1, 2)
    )
    known = catalogue.select("carrier", "usoc", known="description")
    printed, code = pl.col("printed"), pl.col("code")
    return (
        distinct.join(known, on=["carrier", "usoc"], how="left")
        .with_columns(printed=seen(pl.col("description")), code=seen(pl.col("usoc")))
        .with_columns(pl.col("known").pipe(seen), words=in_place)
        .with_columns(
            what=pl.when((printed != "") & (printed.str.to_uppercase() != code))
            .then(
                pl.when(printed.str.len_chars() > LONGEST)
                .then(printed.str.head(LONGEST) + "\u2026")
                .otherwise(printed)
            )
            .when(pl.col("known") != "")
            .then("known")
            .when(code != "")
            .then(pl.concat_str("words", pl.lit(", code "), "code"))
            .otherwise("words"),
            kind=kind.replace_strict(places, return_dtype=pl.UInt8),
            usoc_place=pl.col("usoc").fill_null("").rank("dense"),
            kind_words=under,
        )
        .drop("known", "words")
    )


def _papers(distinct: pl.DataFrame) -> pl.DataFrame:
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
    return distinct.with_columns(
        numbered=numbered,
        paper_place=document.rank("dense"),
        provider=seen(pl.col("carrier")),
        paper=pl.when("goes_on").then(whole.str.head(-1)).otherwise(whole),
    )


def _services(distinct: pl.DataFrame) -> pl.DataFrame:
    """Add what a service is called; null what it does not have."""
    return distinct.with_columns(
        service_place=pl.col("service").rank("dense").fill_null(_LAST),
        name=seen(pl.col("service")),
        telephone=seen(pl.col("wtn")),
        circuit=seen(pl.col("circuit_id")),
    ).with_columns(pl.col("telephone", "circuit").replace("", None))


def _periods(distinct: pl.DataFrame) -> pl.DataFrame:
    start, until = pl.col("service_from"), pl.col("service_until")
    last = pl.date(9999, 12, 31)
    return distinct.with_columns(start=start.fill_null(last), period=period(start, until))


def _quantities(distinct: pl.DataFrame) -> pl.DataFrame:
    return distinct.with_columns(quantity_words=number(pl.col("quantity")))


def _prices(distinct: pl.DataFrame) -> pl.DataFrame:
    return distinct.with_columns(price_words=money(pl.col("price")))


def _units(distinct: pl.DataFrame) -> pl.DataFrame:
    """Add what one unit costs, in as few places as come to the cent; most lines count one."""
    single = pl.col("quantity") == 1
    found = [distinct.filter(single).with_columns(unit_words=money(pl.col("price")))]
    rest = distinct.filter(single.ne_missing(True))
    for places in UNIT_PLACES if rest.height else ():
        told = rest.with_columns(unit_words=unit_price(pl.col("price"), pl.col("quantity"), places))
        found.append(told.drop_nulls("unit_words"))
        rest = rest.filter(told["unit_words"].is_null())
    return pl.concat([*found, rest.with_columns(unit_words=pl.lit(""))])
