"""The rows of a feed that can be read become the lines of its documents."""

from __future__ import annotations

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier.flat.ledger import ledger_charges
from invoices.carrier.flat.profile import KEY_FIELDS, Part
from invoices.carrier.flat.values import EXACT, Fields, column_field, rounded
from invoices.carrier.reading import short_id
from invoices.carrier.source import Source
from invoices.schema import LINES, empty, seal
from invoices.text import filled


def lines_of(
    rows: pl.LazyFrame, loaded: pl.DataFrame, fields: Fields, source: Source
) -> pl.LazyFrame:
    """Return the lines of the documents that are read, in the order of the file."""
    part = fields.table.part
    owners = loaded.select("document_id", "carrier", *KEY_FIELDS, printed_by=_printed_by(fields))
    if part.role == "totals":
        return ledger_charges(rows.filter(~pl.col("faulty")), owners, fields)
    if loaded.is_empty():
        return empty(LINES).lazy()
    mark = f"-{part.name}" if len(fields.flat.part) > 1 else ""
    mark += f"-{source.digest[:6]}{_sheet_of(fields)}" if part.several else ""
    key = [*KEY_FIELDS, "printed_by"]
    printed = (
        rows.filter(~pl.col("faulty"))
        .select(*_printed(fields))
        .join(owners.lazy(), on=key, how="inner", maintain_order="left")
    )
    if part.charges:
        printed = _with_charges(printed, part)
    return printed.with_columns(
        amount=_cents(part),
        service_until=_until(part.prorated_until),
        circuit_key=c.circuit_key(pl.col("circuit_id").cast(pl.String)),
        line_id=filled(f"{{}}{mark}-{{}}{{}}", "document_id", "row", "place")
        if part.charges
        else filled(f"{{}}{mark}-{{}}", "document_id", "row"),
        source_file=pl.lit(fields.table.source_file),
        source_row="row",
    ).pipe(seal, LINES)


def _sheet_of(fields: Fields) -> str:
    """Return what tells the rows of one sheet of a workbook from those of another."""
    _, inside, sheet = fields.table.source_file.rpartition("!")
    return short_id(sheet)[:4] if inside else ""


_OF_THE_CHARGE = ("line_no", "usoc", "quantity", "unit_rate", "unit_rate_places")
"""What a charge and the one printed beside it do not share."""


def _with_charges(printed: pl.LazyFrame, part: Part) -> pl.LazyFrame:
    """Return a line more for each charge, not zero, that a row prints beside its own.

    amount 8.00, `State tax` 0.48 -> the line of 8.00 and one of 0.48 (tax, "State tax"), both of
    the service of the row. Adds `place`: nothing for the line itself, `-1`, `-2` for the others.
    """
    own = pl.struct(
        place=pl.lit(""),
        exact=pl.col("exact"),
        own_class=pl.lit(None, pl.String),
        said=pl.lit(None, pl.String),
    )
    others = [
        pl.struct(
            place=pl.lit(f"-{place}"),
            exact=pl.col(column_field(column)).cast(EXACT),
            own_class=pl.lit(charge_class),
            said=pl.lit(column),
        )
        for place, (column, charge_class) in enumerate(part.charges.items(), 1)
    ]
    beside = pl.col("own_class").is_not_null()
    return (
        printed.with_columns(charge=pl.concat_list(own, *others))
        .drop("exact")
        .explode("charge")
        .unnest("charge")
        .filter(~beside | (pl.col("exact") != 0))
        .with_columns(
            *(pl.when(~beside).then(pl.col(name)).alias(name) for name in _OF_THE_CHARGE),
            charge_class=pl.coalesce("own_class", "charge_class"),
            description=pl.coalesce("said", "description"),
        )
    )


_AS_READ = (
    *("line_no", "usoc", "description", "wtn", "circuit_id", "state", "zone", "order_no"),
    "service_from",
)


def _printed(fields: Fields) -> list[pl.Expr]:
    """Return what a row prints of its line, beside the key of its document."""
    value = fields.value
    charges = fields.table.part.charges
    until = value("service_until")
    if fields.has("service_through"):
        until = pl.coalesce(until, value("service_through").dt.offset_by("1d"))
    named = {
        **{name: pl.col(f"{name} value") for name in KEY_FIELDS},
        "printed_by": value("carrier") if fields.has("carrier") else pl.lit(""),
        "exact": fields.extended().cast(EXACT),
        "charge_class": value("charge_class")
        if fields.has("charge_class")
        else fields.usual_class(),
        "service_until": until.cast(pl.Date),
        "unit_rate_places": _places(fields),
        **{name: value(name) for name in _AS_READ},
        **_rates(fields),
        **{column_field(name): pl.col(f"{column_field(name)} value") for name in charges},
    }
    return [pl.col("row"), *(cell.alias(name) for name, cell in named.items())]


def _rates(fields: Fields) -> dict[str, pl.Expr]:
    """Return quantity and unit rate; where the printed amount is of one unit it is the rate."""
    unit = fields.profile.amount_rule == "unit" and not fields.has("unit_rate")
    rate = pl.col("amount value").cast(LINES["unit_rate"]) if unit else fields.value("unit_rate")
    return {"quantity": fields.value("quantity"), "unit_rate": rate}


def _places(fields: Fields) -> pl.Expr:
    """Return how many decimals the unit rate prints."""
    name = "unit_rate" if fields.has("unit_rate") else "amount"
    if name == "amount" and fields.profile.amount_rule != "unit":
        return pl.lit(None, pl.Int8)
    digits = pl.col(f"{name} plain").str.replace_all(r"[^0-9.]", "")
    return c.printed_places(digits)


def _printed_by(fields: Fields) -> pl.Expr:
    """Return the carrier as rows print it, empty where none does."""
    return pl.col("carrier") if fields.has("carrier") else pl.lit("")


def _cents(part: Part) -> pl.Expr:
    """Return the amount of a line in cents; `total` spreads what rounding leaves over the lines."""
    if part.rounding != "total":
        return rounded(pl.col("exact"))
    of = ("document_id", *(("place",) if part.charges else ()))
    so_far = pl.col("exact").cum_sum().over(of, order_by="row")
    return rounded(so_far) - rounded(so_far - pl.col("exact"))


def _until(rule: str) -> pl.Expr:
    """Return the end of the service period; of a prorated line without one by the part's rule."""
    if rule == "printed":
        return pl.col("service_until")
    starts = pl.col("service_from").cast(pl.Date)
    end = (
        starts.dt.month_start().dt.offset_by("1mo") if rule == "month_end" else pl.col("bill_date")
    )
    open_ = pl.col("service_until").is_null() & (pl.col("charge_class") == "prorated")
    return pl.when(open_ & (end > starts)).then(end).otherwise("service_until")
