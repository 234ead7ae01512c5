"""What a file has of its bills, and why they may not be whole."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.carrier.bundles import CAME, PARTS, REASONS, Bundle, Feed
from invoices.carrier.flat.fragments import KEY
from invoices.carrier.flat.ledger import ledger_charges, ledger_ties, line_ties
from invoices.carrier.flat.profile import KEY_FIELDS
from invoices.carrier.flat.proofs import like_totals, off_subtotals
from invoices.carrier.flat.values import MONEY, Fields, document_fields, rounded
from invoices.schema import WIDE, empty, seal
from invoices.text import filled


@dataclass(frozen=True)
class Printed:
    """What a table prints of its rows."""

    totals: pl.DataFrame | None
    """Of the file: row and `stated`; null where the part knows of none."""
    subtotals: pl.DataFrame
    """`SUBTOTALS`"""


def bundle_of(
    rows: pl.LazyFrame,
    loaded: pl.DataFrame,
    printed: Printed,
    fields: Fields,
) -> Bundle:
    """Return what a table has of its bills, and every reason to hold one of them."""
    part = fields.table.part
    amounts, ties = _amounts(rows, loaded, fields)
    days = (
        loaded.select("bill_date").unique() if loaded.height else pl.DataFrame({"bill_date": None})
    )
    reasons = [_disagreeing(loaded, fields), _off_the_total(loaded, printed.totals, fields)]
    reasons.append(off_subtotals(rows, loaded, printed.subtotals, fields))
    reasons.append(like_totals(rows, loaded, fields))
    came = days.select(part=pl.lit(part.name), bill_date="bill_date").pipe(seal, CAME)
    return Bundle(_feed(fields), amounts, ties, pl.concat(reasons), came)


def _feed(fields: Fields) -> Feed:
    flat = fields.flat
    return Feed(
        fields.profile.profile,
        next((one.name for one in flat.part if one.role == "totals"), None),
        flat.derive,
        tuple(one.name for one in flat.part if one.required),
        tuple(one.name for one in flat.part if one.several),
        len(flat.part) == 1,
    )


def _amounts(
    rows: pl.LazyFrame, loaded: pl.DataFrame, fields: Fields
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what the part has of each bill (`PARTS`), and what totals say of other parts
    (`TIES`)."""
    part = fields.table.part
    marks = {"part": pl.lit(part.name), "role": pl.lit(part.role)}
    amounts = loaded.select("document_id", "rows", "amount", **marks)
    owners = loaded.select("document_id", "carrier", *KEY_FIELDS)
    good = rows.filter(~pl.col("faulty"))
    if part.role != "totals":
        return amounts.pipe(seal, PARTS), line_ties(good, owners, fields)
    charged = ledger_charges(good, owners, fields).group_by("document_id")
    sums = charged.agg(charged=pl.col("amount").cast(WIDE).sum()).collect()
    amounts = amounts.join(sums, on="document_id", how="left").with_columns(
        amount=pl.col("charged").fill_null(pl.lit("0.00").cast(WIDE))
    )
    return amounts.pipe(seal, PARTS), ledger_ties(good, owners, fields)


def unsure(loaded: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    """Return the bills whose derived totals lack a row that cannot be read: all of the file where a
    row does not say whose it is."""
    if not faults["document_id"].null_count():
        loaded = loaded.join(faults, on="document_id", how="semi", maintain_order="left")
    count = "1 row" if faults.height == 1 else f"{faults.height} rows"
    said = f"{count} of the file cannot be read, and it prints no totals to tell by"
    return _reasons(loaded, "rows_unreadable", pl.lit(said))


def _disagreeing(loaded: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Return the bills whose rows print a total, or a due date, in several ways."""
    names = [name for name in document_fields(fields) if name not in KEY]
    frames = [empty(REASONS)]
    if fields.table.part.role == "totals":
        doubled = loaded.filter(pl.col("rows") > 1)
        message = filled("the file has {} rows of totals for it", "rows")
        frames.append(_reasons(doubled, "totals_twice", message))
    for name in names:
        both = (pl.col(name) != pl.col(f"{name} most")) | (
            pl.col(name).is_not_null() & (pl.col(f"{name} absent") > 0)
        )
        message = filled(f"its rows print {name} as {{}} and as {{}}", name, pl.col(f"{name} most"))
        frames.append(_reasons(loaded.filter(both), "totals_differ", message))
    return pl.concat(frames)


def _off_the_total(
    loaded: pl.DataFrame, totals: pl.DataFrame | None, fields: Fields
) -> pl.DataFrame:
    """Return all bills of a file whose total row is missing or is not what its rows add up to."""
    if totals is None:
        return empty(REASONS)
    column = "amount"
    if fields.table.part.role == "totals":
        column = next((name for name in MONEY[::-1] if name in loaded.columns), "amount")
    found = loaded[column].cast(WIDE).sum() if loaded.height else None
    if totals.height != 1:
        said = f"the file has {totals.height} total rows, not one: it may be cut"
        return _reasons(loaded, "file_total", pl.lit(said))
    row, stated = totals.with_columns(rounded(pl.col("stated"))).row(0)
    if stated is not None and abs(stated - (found or 0)) <= fields.profile.tolerance:
        return empty(REASONS)
    said = f"row {row} prints {stated} as the total of the file, its rows add up to {found}"
    return _reasons(loaded, "file_total", pl.lit(said))


def _reasons(documents: pl.DataFrame, cause: str, message: pl.Expr) -> pl.DataFrame:
    return documents.select("document_id", cause=pl.lit(cause), message=message).cast(REASONS)
