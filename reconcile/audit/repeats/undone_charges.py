"""Which charge a credit is for: each cent of a credit undoes a cent of one charge.

Rules: the duplicates of the findings page and `docs/DECISIONS.md` 20. A credit is for charges of
its service and code on its own bill and earlier ones, oldest first: one-time charges of the order
it names (naming none: the oldest of its amount, else the oldest), other charges whose period it
meets.
"""

from __future__ import annotations

import polars as pl

from invoices.periods import add_months
from invoices.schema import CENTS

DOCUMENT_ORDER = ("bill_date", "invoice_no", "line_no", "line_id")
"""Which of two lines came first: bill date, invoice number as text, line number as number."""
DATED = ("recurring", "prorated", "surcharge")
"""Classes whose periods overlap day by day; recurring and prorated are one."""
EXACT = ("usage", "tax", "one_time")
"""Classes whose charges are the same or not."""
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
    age = pl.struct(~pl.col("guessed"), *DOCUMENT_ORDER).rank("ordinal").over("credit_line_id")
    asked = able.select(
        "turn",
        taker="credit_line_id",
        giver="line_id",
        want="given",
        has="amount",
        most="amount",
        order=age,
    )
    taken = in_turns(asked).rename({"taker": "credit_line_id", "giver": "line_id"})
    return taken.join(able, on=["credit_line_id", "line_id"], how="left").select(
        "line_id",
        credit_id="credit_line_id",
        credit_date="credit_bill_date",
        credit_invoice="credit_invoice_no",
        given=pl.col("taken").cast(CENTS),
    )


def in_turns(asked: pl.DataFrame) -> pl.DataFrame:
    """Return what each taker has of each giver, one after the other: [taker, giver, taken].

    `asked` has a row for each pair: turn (a giver is asked by one taker a turn), taker, giver, want
    (all that the taker takes), has (all that the giver has), most (what this taker may have of it),
    order (in which a taker asks its givers). Each giver is used up once; amounts are of one type::

        turn  taker  giver  want  has  most  order      taken
        1     B      A      20    30   30    1       -> 20
        2     C      A      20    30   30    1       -> 10
    """
    left = asked.select("giver", left="has").unique("giver")
    rows = [asked.clear().select("taker", "giver", taken="want")]
    # A turn holds each giver at most once: the next one finds what it left.
    for _, turn in asked.sort("turn").group_by("turn", maintain_order=True):
        able = turn.join(left, on="giver").with_columns(can=pl.min_horizontal("left", "most"))
        before = (pl.col("can").cum_sum() - pl.col("can")).over("taker", order_by="order")
        reach = pl.max_horizontal(pl.col("want") - before, pl.col("want") * 0)
        given = able.with_columns(taken=pl.min_horizontal(reach, "can")).filter(pl.col("taken") > 0)
        left = (
            left.join(given.group_by("giver").agg(pl.col("taken").sum()), on="giver", how="left")
            .with_columns(left=pl.col("left") - pl.col("taken").fill_null(0))
            .drop("taken")
        )
        rows.append(given.select("taker", "giver", "taken"))
    return pl.concat(rows, how="vertical_relaxed")


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
        .filter(
            fits.fill_null(False),
            not_after("bill_date", "invoice_no", "credit_bill_date", "credit_invoice_no"),
        )
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


def not_after(day: str, number: str, on: str, of: str) -> pl.Expr:
    """Say whether the bill of (day, number) is that of (on, of) or stands before it."""
    earlier, same = pl.col(day) < pl.col(on), pl.col(day) == pl.col(on)
    return earlier | (same & (pl.col(number) <= pl.col(of)))


def stands() -> pl.Expr:
    """Say whether a line can make another a repeat: its account is known, and it is not too late.

    Asks for contract, period_until, bill_date and the contract's backbill_limit_months.
    """
    limit = add_months(pl.col("period_until"), pl.col("backbill_limit_months"))
    return pl.col("contract").is_not_null() & (limit >= pl.col("bill_date")).fill_null(True)
