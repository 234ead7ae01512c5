"""Which order carries a one-time charge, and how many units of it are left.

Rules: `docs/DECISIONS.md` 21. One-time charges are few; they are settled bill month by bill month,
so that several months in one night give what month by month gives.
"""

from __future__ import annotations

import polars as pl

from invoices.money import MICROS, cents, from_micros, micros
from invoices.schema import RATE, columns_of
from reconcile.audit.repeats.undone_charges import COLUMNS, DOCUMENT_ORDER, allocate

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
    """Return for each one-time line, of history too, the completed order that carries it, if any.

    `lines` are tonight's one-time lines with a service (line_id, service, usoc, order_no,
    bill_date, invoice_no, line_no, quantity, amount, stands); `history` those audited before,
    `order_no` being the order they used; `credits` the negative lines of the same items.
    `stands`: no code takes the whole line (account unknown, too late); it uses no order up then.
    `units_left` are the units of the order that no earlier line has used and kept: the credit of
    units, or of a whole charge, gives them back.
    """
    completed = (
        orders.filter(pl.col("completed_on").is_not_null())
        .select("order_no", *_ITEM, "completed_on", "quantity", "nrc_waived")
        .sort(*_ITEM, "completed_on", "order_no")
    )
    used = _named(history)
    months = lines.with_columns(month=pl.col("bill_date").dt.truncate("1mo")).sort(
        "month", *DOCUMENT_ORDER
    )
    for _, month in months.group_by("month", maintain_order=True):
        printed = pl.col("order_no").is_not_null()
        used = pl.concat([used, _named(month.filter(printed))])
        unlabelled = month.filter(~printed).with_columns(
            turn=pl.int_range(pl.len()).over("bill_date", *_ITEM, order_by=DOCUMENT_ORDER)
        )
        # One turn holds at most one line of a service and code: the next one finds what it left.
        for _, turn in unlabelled.sort("bill_date", "turn").group_by(
            "bill_date", "turn", maintain_order=True
        ):
            used = pl.concat([used, _oldest_unused(turn, used, credits, completed)])
    both = pl.concat([lines.select("line_id"), history.select("line_id")])
    return _left(pl.concat([used, _given_back(used, credits)]), completed, both)


def _named(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines with the order they name as the one they use, whether it is known or not."""
    return lines.with_columns(order_used="order_no", used=_units()).select(_USED)


def _oldest_unused(
    turn: pl.DataFrame, used: pl.DataFrame, credits: pl.DataFrame, completed: pl.DataFrame
) -> pl.DataFrame:
    """Give unlabelled lines, one a service and code, the oldest order with units left, or none."""
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
    return turn.join(free, on=_ITEM, how="left").with_columns(used=_units()).select(_USED)


def _given_back(used: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    """Return the units that credits give back, each from its document on.

    A credit gives back the whole units it pays for; the one that completes the credit of a charge
    gives back all that is left of it. Of three units at 10.00::

        credit_date  given       used
        02-01        21.00   ->  -2
        03-01         9.00   ->  -1
    """
    if credits.is_empty():
        return used.clear()
    dateless = pl.lit(None, dtype=pl.Date)
    asked = pl.concat(
        frame.with_columns(order=order, starts=dateless, ends=dateless, charge_class=kind).select(
            COLUMNS
        )
        for frame, order, kind in (
            (used, pl.col("order_used"), pl.lit("one_time")),
            (credits, pl.col("order_no"), pl.lit("credit")),
        )
    )
    so_far = cents(pl.col("given")).cum_sum().over("line_id", order_by="turn")
    amount = cents(pl.col("amount"))
    paid = micros(pl.col("used")) * pl.col("so_far") // amount // MICROS * MICROS
    all_of = pl.when(pl.col("so_far") == amount).then(micros(pl.col("used"))).otherwise(paid)
    before = pl.col("all_of").shift().over("line_id", order_by="turn").fill_null(0)
    return (
        allocate(asked)
        .with_columns(turn=pl.int_range(pl.len()).over("line_id"))
        .join(used, on="line_id")
        .with_columns(so_far=so_far)
        .with_columns(all_of=all_of)
        .with_columns(units=pl.col("all_of") - before)
        .with_columns(
            used=(from_micros(pl.col("units")) * -1).cast(RATE),
            bill_date="credit_date",
            invoice_no="credit_invoice",
            # Whatever its place on the bill, a credit is there for every line of that bill.
            line_no=pl.lit(None, dtype=pl.Int64),
            line_id=pl.lit(""),
        )
        .select(_USED)
    )


def _units() -> pl.Expr:
    """Return the units a line uses of its order: none of 0.00, or if all of it is at stake."""
    billed = pl.col("quantity").fill_null(1).abs()
    return pl.when((pl.col("amount") != 0) & pl.col("stands")).then(billed).otherwise(0).cast(RATE)


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
        .select(columns_of(_ASSIGNED))
    )
