"""Which order carries a one-time charge, and how many units of it are left.

Rules: `docs/DECISIONS.md` 21. One-time charges are few; they are settled bill month by bill month,
so that several months in one night give what month by month gives.
"""

from __future__ import annotations

import polars as pl

from invoices.schema import RATE

DOCUMENT_ORDER = ("bill_date", "invoice_no", "line_no", "line_id")
"""Which of two lines came first: bill date, invoice number as text, line number as number."""

_ASSIGNED = pl.Schema(
    {
        "line_id": pl.String(),
        "order_used": pl.String(),
        "completed_on": pl.Date(),
        "units_left": RATE,  # of the order, before this line
        "order_units": RATE,
        "nrc_waived": pl.Boolean(),
    }
)
_ITEM = ["service", "usoc"]
_USED = (*DOCUMENT_ORDER, *_ITEM, "amount", "order_used", "used")


def assign(
    lines: pl.DataFrame, history: pl.DataFrame, credits: pl.DataFrame, orders: pl.DataFrame
) -> pl.DataFrame:
    """Return for each one-time line the completed order that carries it, if one does.

    `lines` are tonight's one-time lines with a service (line_id, service, usoc, order_no,
    bill_date, invoice_no, line_no, quantity, amount); `history` those audited before, with
    `order_used`; `credits` the negative lines of the same services and codes. `units_left` are the
    units of the order that no earlier line has used and kept: a credit gives them back.
    """
    completed = (
        orders.filter(pl.col("completed_on").is_not_null())
        .select("order_no", *_ITEM, "completed_on", "quantity", "nrc_waived")
        .sort(*_ITEM, "completed_on", "order_no")
    )
    used = _named(history.with_columns(order_no="order_used"), completed)
    months = lines.with_columns(month=pl.col("bill_date").dt.truncate("1mo")).sort(
        "month", *DOCUMENT_ORDER
    )
    for _, month in months.group_by("month", maintain_order=True):
        used = pl.concat([used, _named(month, completed)])
        unlabelled = month.filter(pl.col("order_no").is_null()).with_columns(
            turn=pl.int_range(pl.len()).over("bill_date", *_ITEM, order_by=DOCUMENT_ORDER)
        )
        # One turn holds at most one line of a service and code: the next one finds what it left.
        for _, turn in unlabelled.sort("bill_date", "turn").group_by(
            "bill_date", "turn", maintain_order=True
        ):
            used = pl.concat([used, _oldest_unused(turn, used, credits, completed)])
    return _left(pl.concat([used, _given_back(used, credits)]), completed, lines)


def _named(lines: pl.DataFrame, completed: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that print the number of a completed order of their service and code."""
    known = completed.select("order_no", *_ITEM)
    named = lines.join(known, on=["order_no", *_ITEM], how="semi")
    return named.with_columns(order_used="order_no", used=_units()).select(_USED)


def _oldest_unused(
    turn: pl.DataFrame, used: pl.DataFrame, credits: pl.DataFrame, completed: pl.DataFrame
) -> pl.DataFrame:
    """Give unlabelled lines, one a service and code, the oldest order with units left."""
    day = turn["bill_date"][0]
    back = _given_back(used, credits.filter(pl.col("bill_date") <= day))
    gone = pl.concat([used, back]).group_by("order_used", *_ITEM).agg(pl.col("used").sum())
    free = (
        completed.filter(pl.col("completed_on") <= day)
        .rename({"order_no": "order_used"})
        .join(gone, on=["order_used", *_ITEM], how="left")
        .filter(pl.col("used").fill_null(0) < pl.col("quantity"))
        .sort(*_ITEM, "completed_on", "order_used")
        .unique(_ITEM, keep="first", maintain_order=True)
        .select(*_ITEM, "order_used")
    )
    return turn.join(free, on=_ITEM).with_columns(used=_units()).select(_USED)


def _given_back(used: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    """Return what credits give back: the units of the charges they undo, from their document on.

    A credit undoes charges of its service, code and order, oldest first, as far as it reaches; one
    that prints no order is for the oldest charge of its amount, or else the oldest.
    """
    order = ["order_used", *_ITEM]
    named = credits.filter(pl.col("order_no").is_not_null()).rename({"order_no": "order_used"})
    same = (-pl.col("amount") == pl.col("amount_charge")).cast(pl.Int8)
    guessed = (
        credits.filter(pl.col("order_no").is_null())
        .join(used.select(*DOCUMENT_ORDER, *order, "amount"), on=_ITEM, suffix="_charge")
        .sort(same, *(f"{name}_charge" for name in DOCUMENT_ORDER), descending=[True] + 4 * [False])
        .unique("line_id", keep="first", maintain_order=True)
    )
    given = (
        pl.concat([part.select(*DOCUMENT_ORDER, *order, "amount") for part in (named, guessed)])
        .with_columns(reach=-pl.col("amount").cum_sum().over(order, order_by=DOCUMENT_ORDER))
        .drop("amount")
    )
    return (
        used.with_columns(needs=pl.col("amount").cum_sum().over(order, order_by=DOCUMENT_ORDER))
        .join(given, on=order, suffix="_credit")
        .filter(
            pl.col("reach") >= pl.col("needs"), pl.col("bill_date_credit") >= pl.col("bill_date")
        )
        .sort(*(f"{name}_credit" for name in DOCUMENT_ORDER))
        .unique("line_id", keep="first", maintain_order=True)
        .with_columns(
            used=-pl.col("used"),
            bill_date="bill_date_credit",
            invoice_no="invoice_no_credit",
            # Whatever its place on the bill, a credit is there for every line of that bill.
            line_no=pl.lit(-1, dtype=pl.Int64),
            line_id="line_id_credit",
        )
        .select(_USED)
    )


def _units() -> pl.Expr:
    return pl.col("quantity").fill_null(1).abs().cast(RATE)


def _left(used: pl.DataFrame, completed: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    before = pl.col("used").cum_sum() - pl.col("used")
    left = pl.col("order_units") - pl.max_horizontal("before", pl.lit(0).cast(RATE))
    return (
        used.with_columns(
            before=before.over("order_used", *_ITEM, order_by=DOCUMENT_ORDER).cast(RATE)
        )
        .join(
            completed.rename({"order_no": "order_used", "quantity": "order_units"}),
            on=["order_used", *_ITEM],
        )
        .join(lines.select("line_id"), on="line_id", how="semi")
        .with_columns(units_left=pl.max_horizontal(left, pl.lit(0).cast(RATE)))
        .select(pl.col(name).cast(dtype) for name, dtype in _ASSIGNED.items())
    )
