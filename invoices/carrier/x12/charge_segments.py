"""What each segment that bears a charge says of it: IT1, SLN, ITA, TCD, USD and TXI."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from invoices.carrier.cells import shown
from invoices.carrier.profiles import Profile
from invoices.carrier.x12 import fields as f
from invoices.carrier.x12.profile import X12
from invoices.carrier.x12.segments import Id
from invoices.identifiers import doubt, is_plain
from invoices.money import MICROS, divide_half_away, micros
from invoices.schema import RATE
from invoices.text import filled

PRINTED = pl.Schema(
    {
        "segment": pl.Int64(),
        "set": pl.Int64(),
        "node": pl.Int64(),
        "line": pl.Int64(),
        "id": Id,
        "subtracts": pl.Boolean(),
        "text": pl.String(),
        "cents": pl.Int128(),  # of the segment itself
        "quantity": RATE,
        "unit_rate": RATE,
        "unit_rate_places": pl.Int8(),
        "usoc": pl.String(),
        "service_code": pl.String(),
        "description": pl.String(),
        "day": pl.Date(),
        "message": pl.String(),
    }
)
"""A charge as its own segment prints it."""
_PLACE = ("segment", "set", "node", "line", "id", "text")


@dataclass(frozen=True)
class Dialect:
    """What decides how a charge is read."""

    element: str
    said: X12
    head: Profile
    known: pl.Series = field(default_factory=lambda: pl.Series("usoc", [], dtype=pl.String))
    """Codes the catalogue knows, of any carrier."""


def credit(cents: pl.Expr) -> pl.Expr:
    """Return what an allowance takes off, however its sign is printed."""
    return cents.abs() * pl.lit(-1, dtype=pl.Int128)


def _printed(rows: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    given = {**columns}
    given.setdefault("message", pl.lit(""))
    names = [name for name in PRINTED if name not in (*_PLACE, *given)]
    return rows.select(
        *_PLACE,
        *(pl.lit(None, PRINTED[name]).alias(name) for name in names),
        **{name: value.cast(PRINTED[name]) for name, value in given.items()},
    ).select(PRINTED.names())


def _unread(what: str, text: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Say that an element is not what it should be, null where it is or where nothing stands."""
    wrong = text.is_not_null() & value.is_null()
    return pl.when(wrong).then(filled(f"{what} `{{}}` cannot be read", shown(text)))


def _said(*words: pl.Expr) -> pl.Expr:
    return pl.concat_str(words, separator="; ", ignore_nulls=True).fill_null("")


def product(quantity: pl.Expr, rate: pl.Expr) -> pl.Expr:
    """Return quantity (none counts as 1) x rate in cents, rounded once, half away from zero."""
    units = pl.coalesce(micros(quantity), pl.lit(MICROS, dtype=pl.Int128))
    return divide_half_away(units * micros(rate), 10**10)


def _it1(rows: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    by_unit = dialect.head.amount_rule == "unit"
    return _line(rows, dialect, "IT1", quantity=2, price=4, pairs=6, by_unit=by_unit)


def _sln(rows: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    rows = rows.filter(~_informs(f.element(pl.col("p"), 3), dialect))
    by_unit = dialect.head.amount_rule != "extended"
    return _line(rows, dialect, "SLN", quantity=4, price=6, pairs=9, by_unit=by_unit)


def _informs(relation: pl.Expr, dialect: Dialect) -> pl.Expr:
    return f.one_of(relation, dialect.said.informs)


def _line(
    rows: pl.DataFrame,
    dialect: Dialect,
    name: str,
    *,
    quantity: int,
    price: int,
    pairs: int,
    by_unit: bool,
) -> pl.DataFrame:
    """Read IT1 and SLN, which differ in the places of their elements."""
    parts, said = pl.col("p"), dialect.said
    width = min(int(rows["p"].list.len().max() or 0), 40)  # type: ignore[arg-type]
    seen = rows.with_columns(
        units_text=f.element(parts, quantity),
        printed=f.element(parts, price),
        usoc=f.pair_value(parts, width, pairs, said.usoc).str.to_uppercase(),
        service_code=f.pair_value(parts, width, pairs, said.service_code),
        description=f.pair_value(parts, width, pairs, said.text_pair),
    )
    element = f"{name}{price:02}"
    written = said.written(element)
    seen = seen.with_columns(
        units=f.number(pl.col("units_text")),
        price_text=f.in_dollars(pl.col("printed"), written),
        whole=f.cents(pl.col("printed"), written),
    )
    return _printed(
        seen.with_columns(rate=f.number(pl.col("price_text"))),
        quantity=pl.col("units"),
        cents=product(pl.col("units"), pl.col("rate")) if by_unit else pl.col("whole"),
        unit_rate=pl.col("rate") if by_unit else pl.lit(None),
        unit_rate_places=f.places(pl.col("price_text")) if by_unit else pl.lit(None),
        usoc=pl.col("usoc"),
        service_code=pl.col("service_code"),
        description=pl.col("description"),
        message=_said(
            *(
                []
                if seen.select(is_plain(pl.col("usoc")).all()).item()
                else [doubt("usoc", pl.col("usoc"))]
            ),
            _unread(f"{name}{quantity:02}", pl.col("units_text"), pl.col("units")),
            _unread(element, pl.col("printed"), pl.col("rate") if by_unit else pl.col("whole")),
        ),
    )


def _ita(rows: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Read allowances and charges: ITA07 in implied cents, else ITA06 x ITA10."""
    parts, rules = pl.col("p"), dialect.said.allowances
    element = f"ITA{rules.amount:02}"
    seen = rows.with_columns(
        code=f.element(parts, 1).fill_null(""),
        amount=f.element(parts, rules.amount),
        rate_printed=f.element(parts, 6),
        units_text=f.element(parts, 10),
        words=f.element(parts, 13),
    ).filter(~f.one_of(pl.col("code"), rules.informs))
    seen = seen.with_columns(
        value=f.cents(pl.col("amount"), dialect.said.written(element)).cast(pl.Int128),
        rate_text=f.in_dollars(pl.col("rate_printed"), dialect.said.written("ITA06")),
        units=f.number(pl.col("units_text")),
        subtracts=f.one_of(pl.col("code"), rules.subtracts),
    )
    seen = seen.with_columns(rate=f.number(pl.col("rate_text")))
    cents = (
        pl.when(pl.col("amount").is_not_null())
        .then("value")
        .when(pl.col("units").is_not_null())
        .then(product(pl.col("units"), pl.col("rate")))
    )
    known = f.one_of(pl.col("code"), (*rules.adds, *rules.subtracts))
    return _printed(
        seen,
        subtracts=pl.col("subtracts"),
        cents=pl.when("subtracts").then(credit(cents)).otherwise(cents),
        quantity=pl.col("units"),
        unit_rate=pl.col("rate"),
        unit_rate_places=f.places(pl.col("rate_text")),
        description=pl.col("words"),
        message=_said(
            pl.when(~known).then(filled("ITA01 `{}` is not known", shown(pl.col("code")))),
            _unread(element, pl.col("amount"), pl.col("value")),
            _unread("ITA06", pl.col("rate_printed"), pl.col("rate")),
            _unread("ITA10", pl.col("units_text"), pl.col("units")),
        ),
    )


def _tcd(rows: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Read call details that bear an amount; one without is supporting detail, no charge."""
    parts, usage = pl.col("p"), dialect.said.usage
    amounts = pl.coalesce(f.element(parts, at) for at in usage.tcd_amounts)
    values = [
        f.cents(f.element(parts, at), dialect.said.written(f"TCD{at:02}"))
        for at in usage.tcd_amounts
    ]
    # The first that is given counts, also where it cannot be read.
    given = [f.element(parts, at).is_not_null() for at in usage.tcd_amounts]
    value = pl.lit(None, pl.Int64)
    for is_given, read in reversed(list(zip(given, values, strict=True))):
        value = pl.when(is_given).then(read).otherwise(value)
    seen = rows.filter(~_informs(f.element(parts, 16), dialect)).with_columns(
        amount=amounts,
        value=value,
        units_text=f.element(parts, usage.tcd_quantity),
        on=f.element(parts, 2),
    )
    seen = seen.with_columns(
        units=f.number(pl.col("units_text")),
        day=f.date(pl.col("on"), dialect.said.century_from),
    )
    return _printed(
        seen,
        cents=pl.col("value"),
        quantity=pl.col("units"),
        day=pl.col("day"),
        message=_said(
            _unread("its amount", pl.col("amount"), pl.col("value")),
            _unread(f"TCD{usage.tcd_quantity:02}", pl.col("units_text"), pl.col("units")),
            _unread("TCD02", pl.col("on"), pl.col("day")),
        ),
    )


def _usd(rows: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Read usage details that bear an amount; one without is supporting detail, no charge."""
    parts, usage = pl.col("p"), dialect.said.usage
    quantity = (
        f.element(parts, usage.usd_quantity) if usage.usd_quantity else pl.lit(None, pl.String)
    )
    small, large = f"USD{usage.usd_cents:02}", f"USD{usage.usd_amount:02}"
    seen = rows.filter(~_informs(f.element(parts, 1), dialect)).with_columns(
        small=f.element(parts, usage.usd_cents),
        large=f.element(parts, usage.usd_amount),
        units_text=quantity,
    )
    seen = seen.with_columns(
        of_small=f.cents(pl.col("small"), dialect.said.written(small)),
        of_large=f.cents(pl.col("large"), dialect.said.written(large)),
        units=f.number(pl.col("units_text")),
    )
    return _printed(
        seen,
        cents=pl.when(pl.col("small").is_not_null()).then("of_small").otherwise("of_large"),
        quantity=pl.col("units"),
        message=_said(
            _unread(small, pl.col("small"), pl.col("of_small")),
            _unread(large, pl.col("large"), pl.col("of_large")),
            _unread("its quantity", pl.col("units_text"), pl.col("units")),
        ),
    )


def _txi(rows: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Read the taxes that add; those that inform are no charges, nor is one without an amount."""
    parts, taxes, rule = pl.col("p"), dialect.said.taxes, dialect.head.tax_rule
    seen = rows.with_columns(
        amount=f.element(parts, 2), relation=f.element(parts, 7).fill_null("")
    ).filter(pl.col("amount").is_not_null())
    if rule == "inform":
        seen = seen.clear()
    known = pl.lit(True)
    if rule == "as_marked":
        seen = seen.filter(~f.one_of(pl.col("relation"), taxes.informs))
        known = f.one_of(pl.col("relation"), taxes.adds)
    seen = seen.with_columns(value=f.cents(pl.col("amount"), dialect.said.written("TXI02")))
    words = pl.concat_str(
        [f.element(parts, 1), f.element(parts, 5)], separator=" ", ignore_nulls=True
    )
    return _printed(
        seen,
        cents=pl.col("value"),
        description=pl.when(words.str.len_bytes() > 0).then(words),
        message=_said(
            _unread("TXI02", pl.col("amount"), pl.col("value")),
            pl.when(~known).then(filled("TXI07 `{}` is not known", shown(pl.col("relation")))),
        ),
    )


READERS = {"IT1": _it1, "SLN": _sln, "ITA": _ita, "TCD": _tcd, "USD": _usd, "TXI": _txi}
