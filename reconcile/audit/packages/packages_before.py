"""What earlier documents, and credits, have of packages: what of each day was due, or unbilled.

Rules: the packages of the findings page and `docs/DECISIONS.md` 22.
"""

from __future__ import annotations

import polars as pl

from invoices.money import cents
from invoices.periods import period_end
from reconcile.audit.pricing import RECURRING
from reconcile.audit.questions import answered
from reconcile.audit.repeats.shared_days import FINE, bill_day, in_service, on_days
from reconcile.audit.repeats.undone_charges import not_after
from reconcile.audit.stakes import with_package_due, with_stakes

ITEM = ["service", "package"]
KEY = [*ITEM, "group"]
SHARES = pl.Schema(
    {
        "line_id": pl.String(),
        "package_share": pl.Int128(),  # cents of the package price that are due of the line
        "package_used": pl.Int128(),  # cents of the line that were billed too little before
        "package_again": pl.Int128(),  # cents of the line that are billed already
        "is_package_above": pl.Boolean(),  # more is billed than the price of the whole period
        "package_tolerated": pl.Boolean(),
        "package_twin": pl.String(),  # the line that bills them already; null where none does
    }
)
_CENTS = pl.Int128()
PAST = pl.Schema(
    {
        "line_id": pl.String(),  # of several lines the first
        "service": pl.String(),
        "package": pl.String(),
        "document_id": pl.String(),
        "bill_date": pl.Date(),
        "invoice_no": pl.String(),
        "starts": pl.Date(),
        "ends": pl.Date(),
        "expected": _CENTS,  # of credits their amount
        "underbilled": _CENTS,  # signed: what was billed too little, less what used it up
        "charge": pl.Boolean(),  # for the package: neither a credit nor an element by itself
        "bill_day": pl.Int64(),
        "proration": pl.String(),
        "carries": pl.Boolean(),  # a charge of which something is due, or was billed too little
    }
)


def past_of(
    keys: pl.DataFrame,
    lines: pl.LazyFrame,
    marked: pl.DataFrame,
    history: pl.LazyFrame,
    packages: pl.LazyFrame,
    terms: pl.DataFrame,
) -> pl.DataFrame:
    """Return earlier lines and all credits of the packages of tonight (`PAST`).

    `lines` are all of tonight with their question, `marked` the questions.
    """
    codes = _codes(keys, packages)
    first = keys["period_from"].min()
    monthly = pl.col("charge_class").is_in((*RECURRING, "adjustment"))
    columns = ["line_id", "service", "usoc", "document_id", "bill_date", "invoice_no", "package"]
    columns += ["contract", "bill_day", "charge_class", "amount", "expected", "underbilled"]
    parts = (
        frame.filter(monthly, pl.col("period_until") >= first).select(
            *columns,
            starts="period_from",
            ends=period_end(pl.col("period_from"), pl.col("period_until")),
        )
        for frame in (_beside(lines, marked, codes), history)
    )
    credit = pl.col("amount") < 0
    charge = ~credit & pl.col("package").is_not_null()
    # Elements that are billed by themselves before the package is: they are due as they stand.
    due = pl.when(pl.col("charge_class").is_in(RECURRING)).then("expected")
    return (
        pl.concat(parts)
        .join(codes, on=["service", "usoc"], suffix="_billed")
        .join(terms.lazy(), on="contract", how="left")
        .select(
            pl.col("proration").fill_null("thirty_day_month"),
            *("line_id", "service", "document_id", "bill_date", "invoice_no", "starts", "ends"),
            package="package_billed",
            expected=cents(pl.when(credit).then("amount").otherwise(due)).fill_null(0),
            underbilled=cents(pl.when(charge).then("underbilled")).fill_null(0),
            charge=charge,
            carries=pl.lit(False),
            bill_day=bill_day(),
        )
        .select(list(PAST))
        .cast(PAST)
        .collect()
    )


def _beside(lines: pl.LazyFrame, marked: pl.DataFrame, codes: pl.LazyFrame) -> pl.LazyFrame:
    """Return tonight's credits, and elements by themselves, with what is `expected` of them."""
    itself = pl.col("package").is_null()
    able = itself | (pl.col("amount") < 0) | (pl.col("charge_class") == "adjustment")
    few = lines.filter(able).join(codes, on=["service", "usoc"], how="semi")
    return (
        answered(few, marked)
        .filter(~pl.col("is_charge_or_zero") | itself)
        .pipe(with_package_due, pl.DataFrame(schema=SHARES))
        .pipe(with_stakes)
    )


def _codes(keys: pl.DataFrame, packages: pl.LazyFrame) -> pl.LazyFrame:
    """Return the codes that bill each package: its elements, and its own (ITEM, usoc)."""
    held = keys.select("carrier", *ITEM).unique().lazy()
    inside = held.join(packages, on=["carrier", "package"]).select(*ITEM, "usoc")
    return pl.concat([inside, held.select(*ITEM, usoc="package")]).unique()


def as_groups(past: pl.DataFrame) -> pl.DataFrame:
    """Return charges of one document that share days as one: the price was spread over them."""
    item = [*ITEM, "document_id"]
    charges = past.filter("charge").sort(*item, "starts", "line_id")
    reach = pl.col("ends").cum_max().shift().over(item)
    begins = (pl.col("starts") >= reach).fill_null(True)
    together = (
        charges.with_columns(group=begins.cum_sum().over(item))
        .group_by(*item, "group", maintain_order=True)
        .agg(
            pl.col("line_id", "bill_date", "invoice_no", "starts").first(),
            pl.col("bill_day", "proration").first(),
            pl.col("ends").max(),
            pl.col("expected", "underbilled").sum(),
            pl.col("charge").first(),
        )
        .with_columns(carries=(pl.col("expected") != 0) | (pl.col("underbilled") != 0))
    )
    return pl.concat([together.select(list(PAST)), past.filter(~pl.col("charge"))])


def before(groups: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return what stands on documents up to that of each group, with the group."""
    asking = groups.select(
        *KEY, "on", "number", "installed_on", "window_until",
        of_starts="starts", of_ends="ends", of_document="document_id",
    )  # fmt: skip
    not_later = not_after("bill_date", "invoice_no", "on", "number")
    meets = (pl.col("starts") < pl.col("of_ends")) & (pl.col("ends") > pl.col("of_starts"))
    return asking.join(past, on=ITEM).filter(not_later, meets)


def lying(past: pl.DataFrame) -> pl.DataFrame:
    """Return lines of before once a day, with the parts of cents that lie on it.

    What is due lies on days in service; what was billed too little on those that no earlier
    document billed, if there are any.
    """
    order = pl.struct("bill_date", "invoice_no", "line_id").rank("dense")
    rows = on_days(past.with_row_index("row").with_columns(order=order))
    first = pl.when("carries").then("order").min().over(*KEY, "day") == pl.col("order")
    short = (pl.col("underbilled") > 0) & pl.col("carries")

    def lying_on(which: pl.Expr, money: str) -> pl.Expr:
        weight = pl.when(which).then("parts").otherwise(0).cast(_CENTS)
        plain = pl.col("parts").cast(_CENTS)
        of_all, of_plain = weight.sum().over("row"), plain.sum().over("row")
        # Cut off once: less than one part of a cent a day is lost.
        fine = pl.col(money) * FINE
        return pl.when(of_all > 0).then(fine * weight // of_all).otherwise(fine * plain // of_plain)

    rows = rows.with_columns(served=in_service(), first=first.fill_null(False)).with_columns(
        # Where no day is in service all of them are counted.
        served=pl.col("served") | ~pl.col("served").any().over("row")
    )
    own = pl.col("served") & pl.col("first")
    rows = rows.with_columns(
        short=pl.when(short & own.any().over("row")).then(own).otherwise("served")
    )
    return rows.with_columns(
        expected_here=lying_on(pl.col("served"), "expected"),
        underbilled_here=lying_on(pl.col("short"), "underbilled"),
    )
