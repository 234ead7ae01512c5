"""Elements that are part of a summary billed beside them, if the summary itself is due.

Rules: `charged_in_summary` of the findings page and `docs/DECISIONS.md` 24.
"""

from __future__ import annotations

import polars as pl

from invoices.periods import add_days, period_end
from invoices.schema import RATE, among
from reconcile.audit.presence import beside, billed, by_rule
from reconcile.audit.pricing import RECURRING
from reconcile.audit.repeats.credited import uncredited
from reconcile.audit.repeats.shared_days import bill_day, in_service, is_held
from reconcile.audit.repeats.undone_charges import DOCUMENT_ORDER, stands

_PAIR = ["line_id", "line_id_before"]
_NONE = pl.DataFrame(schema={"line_id": pl.String(), "summary": pl.String()})
_EACH_DAY = pl.date_ranges("starts", "ends", closed="left").alias("day")


def in_summary(
    lines: pl.LazyFrame,
    history: pl.LazyFrame,
    reference: dict[str, pl.LazyFrame],
    terms: pl.DataFrame,
) -> pl.DataFrame:
    """Return charges whose element is part of a summary billed beside it (line_id, summary).

    `lines` (PRICED) are tonight's, `history` (AUDITED) those audited before, `terms` the settings
    of each contract. The summary is due on each day of the element on which the service is in
    service: its account is known, it is not billed too late, it is on order, and not credited on a
    document up to the element's. An element of January::

        summary                             the element
        billed for January               -> in the summary
        on order from the 16th           -> by itself
        credited from the 16th           -> by itself
    """
    sums = reference["usoc_rules"].filter(pl.col("relation") == "summary_of").collect()
    if sums.is_empty():
        return _NONE
    asking = by_rule(billed(lines), reference["usoc_rules"], "summary_of", "other_usoc")
    both = pl.concat([billed(lines), billed(history)])
    found = beside(asking, both).filter(pl.col("amount_there") > 0)
    if found.is_empty():
        return _NONE
    pairs = found.select("line_id", "wanted", line_id_before="line_id_there").unique()
    known = _known(pl.concat([_narrow(lines), _narrow(history)]), pairs, terms)
    pairs = _pairs(pairs, known)
    left, given = uncredited(pairs, known)
    due = (
        left.filter("stands_before")
        .select(*_PAIR, pl.col("^.*_before$").exclude("line_id_before").name.map(_own), "wanted")
        .with_columns(_EACH_DAY)
        .explode("day")
        .filter(in_service())
        .pipe(_on_order, reference["service_elements"])
        .join(_credited(given), on=[*_PAIR, "day"], how="anti")
        .select("line_id", "wanted", "day", covered=pl.lit(True))
        .unique()
    )
    days = pairs.with_columns(_EACH_DAY).explode("day").filter(in_service())
    return _covered(days.select("line_id", "wanted", "day").unique(), due)


def _covered(days: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    """Return elements of which a summary is due on every day, with the first such summary."""
    return (
        days.join(due, on=["line_id", "wanted", "day"], how="left")
        .group_by("line_id", "wanted")
        .agg(pl.col("covered").fill_null(False).all())
        .filter("covered")
        .sort("wanted")
        .unique("line_id", keep="first")
        .select("line_id", summary="wanted")
    )


def _own(name: str) -> str:
    return name.removesuffix("_before")


def _narrow(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return what is asked of recurring lines and credits of services."""
    start, end = pl.col("period_from"), pl.col("period_until")
    monthly = pl.col("charge_class").is_in(RECURRING)
    recurring = (pl.col("kind") == "recurring").fill_null(True)
    return lines.filter(
        monthly | (pl.col("amount") < 0),
        pl.col("service").is_not_null(),
        pl.col("usoc").is_not_null(),
        start.is_not_null(),
    ).select(
        *DOCUMENT_ORDER, "service", "usoc", "charge_class", "amount", "contract", "period_until",
        "installed_on", "disconnected_on",
        bill_day=bill_day(),
        order=pl.lit(None, pl.String),
        units=pl.col("quantity").fill_null(1).abs().cast(RATE),
        needs_order=monthly & recurring & pl.col("package").is_null(),
        starts=start,
        ends=period_end(start, end),
    )  # fmt: skip


def _known(lines: pl.LazyFrame, pairs: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of pairs, and the credits of their summaries, in document order."""
    ids = pl.concat([pairs["line_id"], pairs["line_id_before"]]).unique()
    named = lines.filter(among("line_id", ids))
    credits = lines.filter(pl.col("amount") < 0).join(
        named.select("service", "usoc").unique(), on=["service", "usoc"], how="semi"
    )
    return (
        pl.concat([named, credits])
        .collect()
        .unique("line_id")
        .join(terms, on="contract", how="left")
        .sort(DOCUMENT_ORDER)
        .with_columns(
            pl.col("proration").fill_null("thirty_day_month"),
            document=pl.struct("bill_date", "invoice_no").rle_id(),
            window_until=add_days(
                pl.col("disconnected_on"), pl.col("disconnect_grace_days").fill_null(0)
            ),
            stands=stands(),
        )
    )


def _pairs(pairs: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return elements beside their summaries, what is known of the latter with `_before`."""
    summaries = known.rename({name: f"{name}_before" for name in known.columns})
    return pairs.join(known, on="line_id").join(summaries, on="line_id_before")


def _on_order(days: pl.DataFrame, elements: pl.LazyFrame) -> pl.DataFrame:
    """Keep the days on which the element is on order; what needs no order keeps all of them.

    A row that ends with its service ends with its days of grace.
    """
    asked = days.lazy().select("service", "usoc").unique()
    owned = elements.filter(pl.col("quantity") > 0).join(asked, on=["service", "usoc"]).collect()
    ordered = days.join(owned, on=["service", "usoc"]).filter(is_held())
    there = ordered.select(*_PAIR, "day", is_there=pl.lit(True)).unique()
    told = days.join(there, on=[*_PAIR, "day"], how="left")
    return told.filter(~pl.col("needs_order") | pl.col("is_there")).drop("is_there")


def _credited(given: pl.DataFrame) -> pl.DataFrame:
    """Return the days on which a summary is credited in full: [line_id, line_id_before, day]."""
    return (
        given.filter(pl.col("units_back") >= pl.col("units_before"))
        .select(*_PAIR, starts="starts_shared", ends="ends_shared")
        .with_columns(_EACH_DAY)
        .explode("day")
        .select(*_PAIR, "day")
    )
