"""Late charges that are not due: the bill they are for was pulled on time, or is disputed.

A late charge does not say which bill it is for: it is the last one of the account that was due
before the bill that carries it. The carrier pulls by itself, so that a pull is on time when it
settles by the later of the due date and the day agreed; one the bank returned is not. What is
disputed of a bill bears its share of the late charge on it.
"""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS, cents, divide_half_away, from_cents
from invoices.schema import CENTS, FINDINGS, RATE, columns_of, seal
from invoices.text import filled
from reconcile.findings import BY_NAME
from reconcile.pulls.debits import ACCOUNT

CODE = "late_charge_not_due"

PULLED = pl.Schema(
    {
        "document_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "due_on": pl.Date(),  # the due date, rolled to a banking day; null = none printed
        "debit_on": pl.Date(),  # the day agreed; null = nothing says when
        "settled_on": pl.Date(),  # as the bank says; null = it said nothing
        "amount": CENTS,  # of the pull
        "status": pl.String(),
        "disputed": CENTS,  # filed and open, of the bill
    }
)
"""The bills of accounts with what became of their pulls."""

VERDICTS = pl.Schema(
    {
        "document_id": pl.String(),  # that carries the late charge
        "cause": pl.String(),  # settled_on_time, nothing_pulled, disputed
        "of_invoice": pl.String(),
        "settled_on": pl.Date(),
        "disputed": CENTS,  # null = all of the late charge is not due
        "pulled": CENTS,
    }
)


def verdicts(bills: pl.DataFrame, pulled: pl.DataFrame) -> pl.DataFrame:
    """Return for each bill whose late charges are not due, or not in full, why (`VERDICTS`).

    `bills` are the ones that carry late charges (document_id, carrier, ban, bill_date), `pulled`
    (`PULLED`) all of their accounts.
    """
    due = pl.coalesce("due_on", "debit_on")
    before = (
        bills.select("document_id", *ACCOUNT, late_on="bill_date")
        .join(pulled.rename({"document_id": "of_document"}), on=list(ACCOUNT))
        .filter(pl.col("bill_date") < pl.col("late_on"), due < pl.col("late_on"))
        .sort("document_id", "bill_date", "invoice_no")
        .unique("document_id", keep="last", maintain_order=True)
    )
    agreed = pl.max_horizontal("due_on", "debit_on")
    settled = pl.coalesce("settled_on", "debit_on")
    returned = pl.col("status") == "returned"
    on_time = ~returned & (settled <= agreed)
    cause = (
        pl.when(pl.col("status") == "none")
        .then(pl.lit("nothing_pulled"))
        .when(on_time)
        .then(pl.lit("settled_on_time"))
        .when(pl.col("disputed") > 0)
        .then(pl.lit("disputed"))
    )
    return (
        before.with_columns(cause=cause, settled_on=settled)
        .filter(pl.col("cause").is_not_null())
        .with_columns(
            disputed=pl.when(pl.col("cause") == "disputed").then("disputed"),
            of_invoice="invoice_no",
            pulled="amount",
        )
        .select(columns_of(VERDICTS))
    )


def judged(lines: pl.LazyFrame, found: pl.DataFrame) -> pl.LazyFrame:
    """Return audited lines with the late charges that are not due at stake.

    What earlier codes left of such a line is taken, or the share of it that is disputed; `expected`
    is lessened by the same. `found` are `VERDICTS`. Other lines, rows and order stay.
    """
    marked = lines.join(
        found.lazy().select("document_id", "cause", "disputed", "pulled"),
        on="document_id",
        how="left",
        maintain_order="left",
    ).with_columns(_taken=_taken())
    took = pl.col("_taken").fill_null(ZERO_CENTS)
    expected = (pl.col("expected") - took).cast(CENTS)
    none_due = (took > 0) & (expected == 0)
    return marked.with_columns(
        at_stake=(pl.col("at_stake") + took).cast(CENTS),
        expected=expected,
        due_units=pl.when(none_due).then(pl.lit(0).cast(RATE)).otherwise("due_units"),
    ).select(lines.collect_schema().names())


def findings(lines: pl.LazyFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return the findings (`FINDINGS`) of late charges that are not due, lines as audited before.

    One that is true and finds nothing left by earlier codes is told with 0.00.
    """
    late = (
        lines.filter(_is_late())
        .join(found.lazy(), on="document_id")
        .with_columns(amount_at_stake=_taken())
        .with_columns(
            code=pl.lit(CODE),
            severity=pl.lit(BY_NAME[CODE].severity),
            reason=pl.lit(BY_NAME[CODE].reason),
            remedy=pl.lit(BY_NAME[CODE].remedy),
            finding_id=filled("{}:{}", "line_id", pl.lit(CODE)),
            billed="amount",
            expected=(pl.col("expected") - pl.col("amount_at_stake")).cast(CENTS),
            message=_words(),
        )
    )
    return seal(late, FINDINGS).collect().sort("finding_id")


def _is_late() -> pl.Expr:
    return (pl.col("charge_class") == "late_charge") & (pl.col("amount") > 0)


def _taken() -> pl.Expr:
    """Return what is not due of a late charge: what is left of it, or its disputed share."""
    left = pl.col("amount") - pl.col("at_stake")
    share = divide_half_away(
        cents(pl.col("amount")) * cents(pl.min_horizontal("disputed", "pulled")),
        cents(pl.when(pl.col("pulled") > 0).then("pulled")),
    )
    part = pl.when(pl.col("disputed").is_null()).then(left).otherwise(from_cents(share))
    taken = pl.max_horizontal(pl.min_horizontal(part, left), ZERO_CENTS)
    return pl.when(_is_late() & pl.col("cause").is_not_null()).then(taken).cast(CENTS)


def _words() -> pl.Expr:
    """Return why a late charge is not due."""
    return (
        pl.when(pl.col("cause") == "settled_on_time")
        .then(filled("invoice {} was pulled on time, on {}", "of_invoice", "settled_on"))
        .when(pl.col("cause") == "nothing_pulled")
        .then(filled("nothing of invoice {} was to be pulled", "of_invoice"))
        .otherwise(filled("{} of invoice {} is disputed", "disputed", "of_invoice"))
    )
