"""The entries of the books, one function a kind: what each takes from the facts of the record.

Each returns on, key, kind, state, party, words, amount, and the account as `top` (text), `who` and
`what` (names, null = none), whose parts are spelled when all are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.periods import month_of
from invoices.schema import CENTS
from rebill.books.accounts import (
    ACCRUALS,
    ACCRUED_COST,
    BANK,
    CLASSES,
    CLEARING,
    COMMISSIONS_OWED,
    COST,
    DISPUTED,
    IN_DISPUTE,
    PAYABLE,
    RECEIVABLE,
)
from rebill.pricing.customer_lines import OWN_TAXES

KINDS = (
    *("bill", "dispute", "pull", "settlement", "return", "invoice", "payment"),
    *("accrual", "reversal", "commission", "late"),
)
ACCRUED = ("element_not_billed", "rate_below_contract")
"""Findings whose difference may still be billed: accrued at the end of their month."""
NO_PULL = ("none", "returned")


@dataclass(frozen=True)
class Facts:
    """What of the record is booked."""

    documents: pl.DataFrame  # loaded: document_id, carrier, invoice_no, bill_date, adjustments
    totals: pl.DataFrame  # document_id, charge_class, amount
    debits: pl.DataFrame  # `Record.debits`: document_id, carrier, debit_on, amount, pulled, ...
    steps: pl.DataFrame  # reconcile.claims.places.STEPS
    accruals: pl.DataFrame  # findings of ACCRUED: code, carrier, bill_date, billed, expected
    invoices: pl.DataFrame  # not void: invoice_no, customer, bill_date, status
    revenue: pl.DataFrame  # invoice_no, charge_class, kind, tax, amount
    payments: pl.DataFrame  # payment, customer, paid_on, amount
    commissions: pl.DataFrame  # payee, month, amount, status


def _pair(
    frame: pl.DataFrame, debit: tuple[str, str | None], credit: tuple[str, str | None]
) -> pl.DataFrame:
    """Return two postings of `amount` for each row, on accounts (top, last part) of the party."""
    sides = []
    for (top, what), sign in ((debit, 1), (credit, -1)):
        amount = pl.col("amount") if sign == 1 else -pl.col("amount")
        sides.append(
            frame.with_columns(
                top=pl.lit(top),
                who=pl.col("party"),
                what=pl.lit(what, dtype=pl.String),
                amount=amount,
            )
        )
    return pl.concat(sides)


def _entry(kind: str, state: str | pl.Expr = "final") -> list[pl.Expr]:
    said = pl.lit(state) if isinstance(state, str) else state
    return [pl.lit(kind).alias("kind"), said.alias("state")]


def bills(facts: Facts) -> pl.DataFrame:
    """Return what each document charges, and the adjustments of its previous balance."""
    own = facts.documents.select(
        "document_id",
        "adjustments",
        party="carrier",
        on="bill_date",
        key=pl.concat_str(pl.lit("bill:"), "document_id"),
        words=pl.concat_str(pl.lit("Bill "), "invoice_no"),
    )
    charges = facts.totals.join(own, on="document_id").with_columns(
        what=pl.col("charge_class").replace_strict(CLASSES)
    )
    changed = own.with_columns(amount=pl.col("adjustments"), what=pl.lit(CLASSES["adjustment"]))
    columns = ["on", "key", "party", "words", "amount", "what"]
    cost = pl.concat([charges.select(columns), changed.drop_nulls("amount").select(columns)])
    debit = cost.with_columns(*_entry("bill"), top=pl.lit(COST), who=pl.col("party"))
    none = pl.lit(None, dtype=pl.String)
    credit = debit.with_columns(top=pl.lit(PAYABLE), what=none, amount=-pl.col("amount"))
    return pl.concat([debit, credit])


def disputes(facts: Facts) -> pl.DataFrame:
    """Return what moves between cost and the disputed receivable as claims are found and end."""
    own = facts.documents.select("document_id", "invoice_no", "bill_date", party="carrier")
    held = (pl.col("unfiled") + pl.col("open")).alias("held")
    moved = (
        facts.steps.join(own, on="document_id")
        .with_columns(held)
        .with_columns(
            amount=pl.col("held")
            - pl.col("held").shift(1).over("claim_no", "document_id", order_by="step").fill_null(0),
            on=pl.max_horizontal("on", "bill_date"),
            key=pl.concat_str(
                pl.lit("claim:"), "claim_no", pl.lit(":"), "document_id", pl.lit(":"), "step"
            ),
            words=pl.concat_str(pl.lit("Claim "), "claim_no", pl.lit(" on bill "), "invoice_no"),
        )
        .filter(pl.col("amount") != 0)
        .with_columns(_entry("dispute"))
    )
    columns = ["on", "key", "party", "words", "amount", "kind", "state"]
    return _pair(moved.select(columns), (DISPUTED, None), (COST, IN_DISPUTE))


def pulls(facts: Facts) -> pl.DataFrame:
    """Return what carriers pull, what the bank saw of it, and what came back.

    What the bank says goes before what we expect: its day and its amount.
    """
    seen = pl.col("pulled").is_not_null()
    known = facts.debits.with_columns(
        party="carrier",
        on=pl.when(seen).then("pulled_on").otherwise("debit_on"),
        amount=pl.coalesce("pulled", "amount"),
    ).filter(pl.col("on").is_not_null(), seen | ~pl.col("status").is_in(NO_PULL))

    def told(kind: str, words: str, rows: pl.DataFrame) -> pl.DataFrame:
        key = pl.concat_str(pl.lit(f"{kind}:"), "document_id")
        said = pl.concat_str(pl.lit(f"{words} for bill "), "invoice_no")
        named = rows.filter(pl.col("amount") != 0).with_columns(_entry(kind))
        return _plain(named.with_columns(key=key, words=said))

    back = facts.debits.with_columns(party="carrier", on="returned_on", amount="returned")
    back = back.filter(pl.col("on").is_not_null(), pl.col("amount").is_not_null())
    made = pl.concat(
        [
            _pair(told("pull", "Pull", known), (PAYABLE, None), (CLEARING, None)),
            _pair(
                told("settlement", "Pull settled", known.filter(seen)),
                (CLEARING, None),
                (BANK, None),
            ),
            _pair(told("return", "Pull returned", back), (BANK, None), (PAYABLE, None)),
        ]
    )
    # Clearing and bank are ours, whoever pulls.
    ours = pl.col("top").is_in((CLEARING, BANK))
    return made.with_columns(who=pl.when(~ours).then("who"))


def accruals(facts: Facts) -> pl.DataFrame:
    """Return what is accrued at the end of each month, and its reversal on the day after."""
    due = pl.col("expected").fill_null(0) - pl.when(pl.col("code") == ACCRUED[0]).then(0).otherwise(
        pl.col("billed").fill_null(0)
    )
    sums = (
        facts.accruals.filter(pl.col("code").is_in(ACCRUED))
        .with_columns(amount=due, month=pl.col("bill_date").dt.month_start())
        .group_by("carrier", "code", "month")
        .agg(pl.col("amount").sum().cast(CENTS))
        .filter(pl.col("amount") != 0)
        .with_columns(
            party="carrier",
            key=pl.concat_str("carrier", pl.lit(":"), month_of("month"), pl.lit(":"), "code"),
            words=pl.col("code").replace_strict(
                {
                    "element_not_billed": "Not billed yet",
                    "rate_below_contract": "Billed below contract",
                }
            ),
        )
    )
    columns = ["on", "key", "party", "words", "amount", "kind", "state"]
    ends = sums.with_columns(
        *_entry("accrual"),
        on=pl.col("month").dt.month_end(),
        key=pl.concat_str(pl.lit("accrual:"), "key"),
    )
    back = sums.with_columns(
        *_entry("reversal"),
        on=pl.col("month").dt.offset_by("1mo"),
        key=pl.concat_str(pl.lit("reversal:"), "key"),
        amount=-pl.col("amount"),
    )
    both = pl.concat([ends.select(columns), back.select(columns)])
    return _pair(both, (COST, ACCRUED_COST), (ACCRUALS, None))


def invoices(facts: Facts) -> pl.DataFrame:
    """Return what each invoice charges: revenue and the taxes that are owed."""
    own = facts.invoices.select(
        "invoice_no",
        party="customer",
        on="bill_date",
        key=pl.concat_str(pl.lit("invoice:"), "invoice_no"),
        words=pl.concat_str(pl.lit("Invoice "), "invoice_no"),
        state=pl.when(pl.col("status") == "draft").then(pl.lit("draft")).otherwise(pl.lit("final")),
        kind=pl.lit("invoice"),
    )
    none = pl.lit(None, dtype=pl.String)
    tax = pl.col("charge_kind").fill_null("charge").is_in(OWN_TAXES)
    sold = facts.revenue.rename({"kind": "charge_kind"}).join(own, on="invoice_no")
    credit = sold.with_columns(
        top=pl.when(tax).then(pl.lit("Liabilities:Taxes")).otherwise(pl.lit("Income:Revenue")),
        who=pl.when(tax).then(pl.col("tax").fill_null("Tax")),
        what=pl.when(~tax).then(pl.col("charge_class").replace_strict(CLASSES)),
        amount=-pl.col("amount"),
    )
    debit = sold.with_columns(top=pl.lit(RECEIVABLE), who=pl.col("party"), what=none)
    return pl.concat([_columns(debit), _columns(credit)])


def payments(facts: Facts) -> pl.DataFrame:
    """Return what customers paid."""
    paid = facts.payments.select(
        "amount",
        party="customer",
        on="paid_on",
        key=pl.concat_str(pl.lit("payment:"), "payment"),
        words=pl.concat_str(pl.lit("Payment "), "payment"),
    ).with_columns(_entry("payment"))
    made = _pair(_plain(paid), (BANK, None), (RECEIVABLE, None))
    return made.with_columns(who=pl.when(pl.col("top") != BANK).then("who"))


def commissions(facts: Facts) -> pl.DataFrame:
    """Return what statements of commissions owe their payees."""
    owed = facts.commissions.select(
        "amount",
        party="payee",
        on=pl.concat_str("month", pl.lit("-01")).str.to_date("%Y-%m-%d").dt.month_end(),
        key=pl.concat_str(pl.lit("commission:"), "payee", pl.lit(":"), "month"),
        words=pl.concat_str(pl.lit("Commissions of "), "month"),
        state=pl.col("status"),
        kind=pl.lit("commission"),
    )
    return _pair(_plain(owed), ("Expenses:Commissions", None), (COMMISSIONS_OWED, None))


def _columns(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        *("on", "key", "kind", "state", "party", "words", "amount", "top", "who", "what")
    )


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("on", "key", "kind", "state", "party", "words", "amount")
