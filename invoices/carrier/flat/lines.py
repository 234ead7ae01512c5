"""The rows of a feed that can be read become the lines of its documents."""

from __future__ import annotations

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier.flat.ledger import ledger_charges
from invoices.carrier.flat.profile import KEY_FIELDS
from invoices.carrier.flat.values import EXACT, Fields, rounded
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
    mark += f"-{source.digest[:6]}" if part.several else ""
    key = [*KEY_FIELDS, "printed_by"]
    return (
        rows.filter(~pl.col("faulty"))
        .select(*_printed(fields))
        .join(owners.lazy(), on=key, how="inner", maintain_order="left")
        .with_columns(
            amount=_cents(part.rounding),
            service_until=_until(part.prorated_until),
            circuit_key=c.circuit_key(pl.col("circuit_id").cast(pl.String)),
            line_id=filled(f"{{}}{mark}-{{}}", "document_id", "row"),
            source_file=pl.lit(fields.table.source_file),
            source_row="row",
        )
        .pipe(seal, LINES)
    )


_AS_READ = (
    *("line_no", "usoc", "description", "wtn", "circuit_id", "state", "zone", "order_no"),
    "service_from",
)


def _printed(fields: Fields) -> list[pl.Expr]:
    """Return what a row prints of its line, beside the key of its document."""
    value, usual = fields.value, pl.lit(fields.table.part.charge_class)
    until = value("service_until")
    if fields.has("service_through"):
        until = pl.coalesce(until, value("service_through").dt.offset_by("1d"))
    named = {
        **{name: pl.col(f"{name} value") for name in KEY_FIELDS},
        "printed_by": value("carrier") if fields.has("carrier") else pl.lit(""),
        "exact": fields.extended().cast(EXACT),
        "charge_class": value("charge_class") if fields.has("charge_class") else usual,
        "service_until": until.cast(pl.Date),
        "unit_rate_places": _places(fields),
        **{name: value(name) for name in _AS_READ},
        **_rates(fields),
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


def _cents(rounding: str) -> pl.Expr:
    """Return the amount of a line in cents; `total` spreads what rounding leaves over the lines."""
    if rounding != "total":
        return rounded(pl.col("exact"))
    so_far = pl.col("exact").cum_sum().over("document_id", order_by="row")
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
