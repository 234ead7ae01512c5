"""Which charge a credit is for: each cent of a credit undoes a cent of one charge.

Rules: the duplicates of the findings page and `docs/DECISIONS.md` 20. A credit is for charges of
its service and code on its own bill and earlier ones, oldest first: one-time charges of the order
it names (naming none: the oldest of its amount, else the oldest), other charges whose period it
meets.
"""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS

DOCUMENT_ORDER = ("bill_date", "invoice_no", "line_no", "line_id")
"""Which of two lines came first: bill date, invoice number as text, line number as number."""
COLUMNS = (*DOCUMENT_ORDER, "service", "usoc", "charge_class", "amount", "order", "starts", "ends")
"""What is asked of a charge or a credit; `starts` and `ends` are the days of its period."""

GIVEN = pl.Schema(
    {
        "line_id": pl.String(),  # the charge
        "credit_id": pl.String(),
        "credit_date": pl.Date(),
        "credit_invoice": pl.String(),
        "given": CENTS,  # positive: what of the charge the credit undoes
    }
)


def allocate(lines: pl.DataFrame) -> pl.DataFrame:
    """Return what each credit gives back of which charge (`GIVEN`), in the order of the credits.

    `lines` (`COLUMNS`) are charges and credits together; adjustments above zero are neither.
    """
    able = _eligible(lines)
    left = able.select("line_id", "amount").unique("line_id").rename({"amount": "left"})
    rows = [pl.DataFrame(schema=GIVEN)]
    # One turn holds at most one credit of a service and code: the next one finds what it left.
    for _, turn in able.group_by("turn", maintain_order=True):
        given = _give(turn.join(left, on="line_id"))
        taken = given.select("line_id", "given")
        left = (
            left.join(taken, on="line_id", how="left")
            .with_columns(left=pl.col("left") - pl.col("given").fill_null(0))
            .drop("given")
        )
        rows.append(given)
    return pl.concat(rows)


def _eligible(lines: pl.DataFrame) -> pl.DataFrame:
    """Return each credit with the charges it can be for, credits of one code in turns."""
    credit = lines.filter(pl.col("amount") < 0)
    charge = lines.filter(pl.col("amount") > 0, pl.col("charge_class") != "adjustment")
    named = {name: f"credit_{name}" for name in (*DOCUMENT_ORDER, "amount", "order")}
    asked = credit.rename({**named, "starts": "credit_from", "ends": "credit_until"}).drop(
        "charge_class"
    )
    one_time = pl.col("charge_class") == "one_time"
    meets = (pl.col("credit_from") < pl.col("ends")) & (pl.col("credit_until") > pl.col("starts"))
    same_order = (pl.col("credit_order") == pl.col("order")).fill_null(False)
    fits = pl.when(one_time).then(pl.col("credit_order").is_null() | same_order).otherwise(meets)
    return (
        asked.join(charge, on=["service", "usoc"])
        .filter(fits.fill_null(False), _not_after("bill_date", "invoice_no"))
        .with_columns(
            given=-pl.col("credit_amount"),
            guessed=one_time
            & pl.col("credit_order").is_null()
            & (pl.col("amount") == -pl.col("credit_amount")),
            turn=pl.struct(f"credit_{name}" for name in DOCUMENT_ORDER)
            .rank("dense")
            .over("service", "usoc"),
        )
        .sort("turn")
    )


def _not_after(day: str, number: str) -> pl.Expr:
    """Say whether a charge stands on the bill of the credit or an earlier one."""
    on, of = pl.col(f"credit_{day}"), pl.col(f"credit_{number}")
    return (pl.col(day) < on) | ((pl.col(day) == on) & (pl.col(number) <= of))


def _give(turn: pl.DataFrame) -> pl.DataFrame:
    """Spread one credit for each code over what is left of its charges."""
    age = [~pl.col("guessed"), *(pl.col(name) for name in DOCUMENT_ORDER)]
    before = (pl.col("left").cum_sum() - pl.col("left")).over("credit_line_id", order_by=age)
    reach = pl.max_horizontal(pl.col("given") - before, ZERO_CENTS)
    return (
        turn.filter(pl.col("left") > 0)
        .with_columns(given=pl.min_horizontal(reach, "left"))
        .filter(pl.col("given") > 0)
        .select(
            "line_id",
            credit_id="credit_line_id",
            credit_date="credit_bill_date",
            credit_invoice="credit_invoice_no",
            given=pl.col("given").cast(CENTS),
        )
    )
