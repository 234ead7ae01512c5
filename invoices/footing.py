"""Whether a document foots: its printed totals against the sums of what it says.

Two equations must hold to the cent: the lines add up to `current_charges`, and previous balance,
payments, adjustments and current charges add up to `total_due` (what is not printed adds nothing).
A document that breaks one is held: kept whole, with a finding, out of everything that follows.
"""

from __future__ import annotations

import polars as pl

from invoices.carrier.reading import findings_of
from invoices.schema import CENTS, DOCUMENTS, FINDINGS, WIDE, among, empty, seal
from invoices.text import filled

SUMS = pl.Schema({"document_id": pl.String(), "lines": pl.Int64(), "amount": WIDE})
"""What is summed of the lines of a document."""
_LARGEST = "999999999999.99"
"""More than any bill that foots can come to; the record keeps no larger amount."""
EQUATIONS = (("charges", "current_charges", "line_sum"), ("balance", "total_due", "owed"))
"""What must be equal: its name, what is printed, what is found."""
_PARTS = ("previous_balance", "payments", "adjustments", "current_charges")


def line_sums(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return how many lines each document has and what they add up to (`SUMS`)."""
    return (
        lines.group_by("document_id")
        .agg(lines=pl.len().cast(pl.Int64), amount=pl.col("amount").cast(WIDE).sum())
        .pipe(seal, SUMS)
    )


def foot(
    documents: pl.DataFrame,
    sums: pl.DataFrame,
    unread: pl.DataFrame | None = None,
    reasons: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return `documents` with `lines`, `line_sum` and status, and a finding for each that is held.

    `sums` has the columns of `SUMS`; a document it does not name has no lines. `unread` are the
    findings of the same reading: rows of the document that could not be read are mentioned.
    `reasons` (`bundles.REASONS`) hold documents whatever their totals say. Documents that are
    refused or held already stay so and are not footed. In a finding `billed` is what is printed and
    `expected` the sum, of the first equation that is broken.
    """
    footed = _with_sums(documents, sums, unread).pipe(_with_reasons, reasons)
    broken = {name: pl.col(printed).ne_missing(pl.col(found)) for name, printed, found in EQUATIONS}
    off = pl.any_horizontal(*broken.values(), pl.col("because").is_not_null())
    held = footed.filter(off, pl.col("status") == "loaded")
    status = pl.when(among("document_id", held["document_id"])).then(pl.lit("held"))
    settled = footed.with_columns(status=status.otherwise("status")).pipe(_narrow, "line_sum")
    return settled.pipe(seal, DOCUMENTS), _told(held, broken) if held.height else empty(FINDINGS)


def _told(held: pl.DataFrame, broken: dict[str, pl.Expr]) -> pl.DataFrame:
    """Return a finding for each document that is held, with the first equation it breaks."""
    charges = broken["charges"]
    missing = pl.col("why") == "part_missing"
    return (
        held.with_columns(
            cause=pl.when(pl.col("because").is_not_null())
            .then(pl.col("why"))
            .when(pl.all_horizontal(*broken.values()))
            .then(pl.lit("charges_and_balance"))
            .when(charges)
            .then(pl.lit("charges"))
            .otherwise(pl.lit("balance")),
            billed=pl.when(charges).then("current_charges").otherwise("total_due"),
            expected=pl.when(charges).then("line_sum").otherwise("owed"),
            message=_message(broken),
            remedy=pl.when(missing).then(pl.lit(_REMEDY_MISSING)).otherwise(pl.lit(_REMEDY)),
        )
        .pipe(_narrow, "expected")
        .pipe(findings_of, "document_does_not_foot", "error")
    )


_REMEDY = (
    "ask the carrier for a corrected invoice; where rows are quarantined, have them corrected and "
    "send the file again"
)
_REMEDY_MISSING = (
    "put the missing file into the inbox: what came before is kept and read with it; if there is "
    "none, ask the carrier"
)


def _with_reasons(documents: pl.DataFrame, reasons: pl.DataFrame | None) -> pl.DataFrame:
    """Add `because`, all reasons to hold a document in words, and `why`, the cause of the first."""
    nothing = pl.lit(None, pl.String)
    if reasons is None or reasons.is_empty():
        return documents.with_columns(because=nothing, why=nothing)
    missing_first = reasons.sort(pl.col("cause") != "part_missing", maintain_order=True)
    told = missing_first.group_by("document_id", maintain_order=True).agg(
        because=pl.col("message").str.join("; "), why=pl.col("cause").first()
    )
    return documents.join(told, on="document_id", how="left", maintain_order="left")


def _with_sums(
    documents: pl.DataFrame, sums: pl.DataFrame, unread: pl.DataFrame | None
) -> pl.DataFrame:
    """Add what the lines add up to, what is `owed` by the parts, and how many rows are `unread`."""
    rows = empty(FINDINGS) if unread is None else unread
    rows = rows.filter(pl.col("code") == "line_unreadable").group_by("document_id").len("unread")
    order = documents.select("document_id").with_row_index("order")
    return (
        documents.drop("lines", "line_sum")
        .join(order, on="document_id", how="left")
        .join(sums.select(*SUMS), on="document_id", how="left")
        .join(rows, on="document_id", how="left")
        .with_columns(
            pl.col("lines").fill_null(0),
            pl.col("unread").fill_null(0),
            line_sum=pl.when(pl.col("status") != "refused").then(
                pl.col("amount").cast(WIDE).fill_null(pl.lit("0.00").cast(WIDE))
            ),
            owed=pl.sum_horizontal(pl.col(part).cast(WIDE) for part in _PARTS),
        )
        .sort("order")
    )


def _message(broken: dict[str, pl.Expr]) -> pl.Expr:
    def off(printed: str, found: str) -> pl.Expr:
        return (pl.col(printed).cast(WIDE) - pl.col(found)).cast(WIDE)

    charges = filled(
        "current_charges is printed as {}, {} lines add up to {}: {} apart",
        "current_charges",
        "lines",
        "line_sum",
        off("current_charges", "line_sum"),
    )
    balance = filled(
        "total_due is printed as {}, previous balance, payments, adjustments and current charges "
        "add up to {}: {} apart",
        "total_due",
        "owed",
        off("total_due", "owed"),
    )
    unread = filled("{} rows could not be read and are quarantined", "unread")
    return pl.concat_str(
        "because",
        pl.when(broken["charges"]).then(charges),
        pl.when(broken["balance"]).then(balance),
        pl.when(pl.col("unread") > 0).then(unread),
        separator="; ",
        ignore_nulls=True,
    )


def _narrow(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Make a wide sum a column of dollars and cents, null where it does not fit."""
    largest = pl.lit(_LARGEST).cast(WIDE)
    fits = pl.col(name).abs() <= largest
    return frame.with_columns(pl.when(fits).then(name).cast(CENTS).alias(name))
