"""What the carrier pulls for each bill: the row of a document in the table `debits`.

A pull is known from the paper alone, before the bank says anything: a carrier under ACH takes what
its bill says, right or wrong, on the day of its terms.
"""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, columns_of, empty
from reconcile.contracts import Contract, settings

ACCOUNT = ("carrier", "ban")

DEBITS = pl.Schema(
    {
        "document_id": pl.String(),
        "carrier": pl.String(),
        "contract": pl.String(),  # the document's; null = the account is under none
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "debit_on": pl.Date(),  # the banking day the pull settles; null = nothing says when
        "amount": CENTS,  # what is pulled; never negative
        "status": pl.String(),  # expected, held, none; later estimated, debited, returned
        "dispute_closes_on": pl.Date(),
    }
)


NOTHING_UNPAID = pl.Schema({"document_id": pl.String(), "unpaid": CENTS})


def debits(
    documents: pl.DataFrame, contracts: list[Contract], unpaid: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the pull of every document, loaded or held (columns of `DEBITS`, sorted by key).

    `documents` are all those of their accounts, with contract and deadlines
    (`reconcile.window.deadlines`). Under `total_due` the carrier pulls the printed total less what
    of the previous balance our record shows as pulled and the bill does not show as paid yet; under
    `current_charges` just those. Zero or less is no pull: amount 0.00, status `none`. A held
    document is pulled like any other, status `held`. `unpaid` [document_id, unpaid] is what the
    bank did not let go of earlier pulls, or brought back: the next bill lets it be pulled.
    """
    short = empty(NOTHING_UNPAID) if unpaid is None else unpaid
    wanted = settings(contracts).select("contract", "debit_amount")
    previous = previous_bills(documents)
    bills = documents.join(wanted, on="contract", how="left").with_columns(_asked().alias("asked"))
    # Once a bill has been pulled, what was pulled for it and for those before it is its total.
    covered = (
        bills.filter(pl.col("debit_on").is_not_null())
        .join(short, on="document_id", how="left")
        .select(
            pl.col("document_id").alias("previous_id"),
            covered=(pl.col("asked") - pl.col("unpaid").fill_null(0)).cast(CENTS),
        )
    )
    asked = pl.col("asked").fill_null(ZERO_CENTS)
    amount = pl.max_horizontal(asked - _not_yet_shown(), ZERO_CENTS)
    status = (
        pl.when(pl.col("amount") == 0)
        .then(pl.lit("none"))
        .when(pl.col("status") == "held")
        .then(pl.lit("held"))
        .otherwise(pl.lit("expected"))
    )
    return (
        bills.join(previous, on="document_id", how="left")
        .join(covered, on="previous_id", how="left")
        .with_columns(amount.cast(CENTS).alias("amount"))
        .with_columns(status.alias("status"))
        .select(columns_of(DEBITS))
        .sort("carrier", "ban", "bill_date", "invoice_no", "document_id")
    )


def previous_bills(documents: pl.DataFrame) -> pl.DataFrame:
    """Return [document_id, previous_id]: the bill of the same account that came before, or null.

    It is the one with the latest earlier bill date; of several of that day a loaded one rather
    than a held one, then the last by invoice number: a held copy never stands between two bills.
    """
    last_of_a_day = (
        documents.sort(pl.col("status") == "loaded", "invoice_no", "document_id")
        .unique([*ACCOUNT, "bill_date"], keep="last", maintain_order=True)
        .sort(*ACCOUNT, "bill_date")
        .select(
            *ACCOUNT,
            "bill_date",
            pl.col("document_id").shift(1).over(*ACCOUNT).alias("previous_id"),
        )
    )
    return documents.join(last_of_a_day, on=[*ACCOUNT, "bill_date"], how="left").select(
        "document_id", "previous_id"
    )


def _asked() -> pl.Expr:
    """Return what the bill asks for: its printed total, or its current charges if so agreed."""
    agreed = pl.col("debit_amount") == "current_charges"
    return pl.when(agreed).then(pl.col("current_charges")).otherwise(pl.col("total_due"))


def _not_yet_shown() -> pl.Expr:
    """Return what was pulled for the previous balance and the bill does not show as paid yet.

    Payments are negative; what is not printed is nothing.
    """
    previous = pl.col("previous_balance").fill_null(ZERO_CENTS)
    pulled = pl.min_horizontal(previous, pl.col("covered").fill_null(ZERO_CENTS))
    unshown = pl.max_horizontal(pulled + pl.col("payments").fill_null(ZERO_CENTS), ZERO_CENTS)
    agreed = pl.col("debit_amount") == "current_charges"
    return pl.when(agreed).then(ZERO_CENTS).otherwise(unshown)
