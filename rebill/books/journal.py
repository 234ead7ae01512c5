"""The month as double-entry journal: every cent of bills, pulls, disputes, invoices, commissions.

An entry is a few postings with one key that add up to nothing; a posting is a signed amount on an
account, positive to its debit side. Entries follow from the record alone and say so in their key,
so that the same record makes the same journal.

| what happened | debit | credit |
|---|---|---|
| a carrier's document | cost, by charge class | payable to the carrier |
| an adjustment of its previous balance | cost, adjustments | payable |
| a claim, while unfiled or open | disputed receivable | cost in dispute |
| a claim credited, denied, withdrawn, expired | cost in dispute | disputed receivable |
| a pull on its day | payable | ACH clearing |
| the same, seen by the bank | ACH clearing | bank |
| a pull that came back | bank | payable |
| an invoice (a credit note the other way) | receivable from the customer | revenue, taxes owed |
| a customer's payment | bank | receivable |
| what a carrier did not bill, or too low | cost accrued | accrued liability; reversed next month |
| a statement of commissions | commissions | commissions owed to the payee |
"""

from __future__ import annotations

import datetime as dt
import re
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from invoices.schema import CENTS

POSTINGS = pl.Schema(
    {
        "on": pl.Date(),
        "key": pl.String(),  # of the entry
        "kind": pl.String(),  # one of KINDS
        "state": pl.String(),  # final; draft = of an invoice or statement that may still change
        "party": pl.String(),  # carrier, customer or payee
        "account": pl.String(),
        "amount": CENTS,  # positive = debit
        "words": pl.String(),
    }
)

KINDS = (
    *("bill", "dispute", "pull", "settlement", "return", "invoice", "payment"),
    *("accrual", "reversal", "commission", "late"),
)
ACCRUED = ("element_not_billed", "rate_below_contract")
"""Findings whose difference may still be billed: accrued at the end of their month."""
OWN_TAXES = ("tax", "surcharge")
NO_PULL = ("none", "returned")
CLASSES = {
    "recurring": "Recurring",
    "prorated": "Prorated",
    "one_time": "OneTime",
    "usage": "Usage",
    "surcharge": "Surcharges",
    "tax": "Taxes",
    "late_charge": "LateCharges",
    "adjustment": "Adjustments",
}
"""Charge classes as parts of account names."""


@dataclass(frozen=True)
class Facts:
    """What of the record is booked."""

    documents: pl.DataFrame  # loaded: document_id, carrier, invoice_no, bill_date, adjustments
    totals: pl.DataFrame  # document_id, charge_class, amount
    debits: pl.DataFrame  # `Record.debits`: document_id, carrier, debit_on, amount, pulled, ...
    steps: pl.DataFrame  # reconcile.places.STEPS
    accruals: pl.DataFrame  # findings of ACCRUED: code, carrier, bill_date, billed, expected
    invoices: pl.DataFrame  # not void: invoice_no, customer, bill_date, status
    revenue: pl.DataFrame  # invoice_no, charge_class, kind, tax, amount
    payments: pl.DataFrame  # payment, customer, paid_on, amount
    commissions: pl.DataFrame  # payee, month, amount, status


def journal(facts: Facts) -> pl.DataFrame:
    """Return every posting (`POSTINGS`) the facts make, by day, entry and account."""
    names = _names(facts)
    parts = (
        _bills(facts),
        _disputes(facts),
        _pulls(facts),
        _accruals(facts),
        _invoices(facts),
        _payments(facts),
        _commissions(facts),
    )
    shaped = [
        part.with_columns(account=_account(names)).select(
            pl.col(name).cast(dtype) for name, dtype in POSTINGS.items()
        )
        for part in parts
    ]
    # Postings of an entry on one account are one; what comes to nothing is no posting.
    key = [name for name in POSTINGS if name != "amount"]
    return (
        pl.concat(shaped)
        .group_by(key)
        .agg(pl.col("amount").sum().cast(CENTS))
        .filter(pl.col("amount") != 0)
        .select(POSTINGS.names())
        .sort("on", "key", "account")
    )


# --- entries --------------------------------------------------------------------------------------
# Each returns on, key, kind, state, party, words, amount, and the account as `top` (text), `who`
# and `what` (names, null = none), whose parts are spelled when all are known.


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


_COST, _PAYABLE = "Expenses:Carrier", "Liabilities:Payable"
_RECEIVABLE, _DISPUTED = "Assets:Receivable:Customers", "Assets:Receivable:Disputed"
_CLEARING, _BANK = "Assets:Clearing:Ach", "Assets:Bank"
_ACCRUED, _OWED = "Liabilities:Accrued", "Liabilities:Commissions"
IN_DISPUTE, ACCRUED_COST = "InDispute", "Accrued"


def _bills(facts: Facts) -> pl.DataFrame:
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
    debit = cost.with_columns(*_entry("bill"), top=pl.lit(_COST), who=pl.col("party"))
    none = pl.lit(None, dtype=pl.String)
    credit = debit.with_columns(top=pl.lit(_PAYABLE), what=none, amount=-pl.col("amount"))
    return pl.concat([debit, credit])


def _disputes(facts: Facts) -> pl.DataFrame:
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
    return _pair(moved.select(columns), (_DISPUTED, None), (_COST, IN_DISPUTE))


def _pulls(facts: Facts) -> pl.DataFrame:
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
            _pair(told("pull", "Pull", known), (_PAYABLE, None), (_CLEARING, None)),
            _pair(
                told("settlement", "Pull settled", known.filter(seen)),
                (_CLEARING, None),
                (_BANK, None),
            ),
            _pair(told("return", "Pull returned", back), (_BANK, None), (_PAYABLE, None)),
        ]
    )
    # Clearing and bank are ours, whoever pulls.
    ours = pl.col("top").is_in((_CLEARING, _BANK))
    return made.with_columns(who=pl.when(~ours).then("who"))


def _accruals(facts: Facts) -> pl.DataFrame:
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
            key=pl.concat_str(
                "carrier", pl.lit(":"), pl.col("month").dt.strftime("%Y-%m"), pl.lit(":"), "code"
            ),
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
    return _pair(both, (_COST, ACCRUED_COST), (_ACCRUED, None))


def _invoices(facts: Facts) -> pl.DataFrame:
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
    debit = sold.with_columns(top=pl.lit(_RECEIVABLE), who=pl.col("party"), what=none)
    return pl.concat([_columns(debit), _columns(credit)])


def _payments(facts: Facts) -> pl.DataFrame:
    paid = facts.payments.select(
        "amount",
        party="customer",
        on="paid_on",
        key=pl.concat_str(pl.lit("payment:"), "payment"),
        words=pl.concat_str(pl.lit("Payment "), "payment"),
    ).with_columns(_entry("payment"))
    made = _pair(_plain(paid), (_BANK, None), (_RECEIVABLE, None))
    return made.with_columns(who=pl.when(pl.col("top") != _BANK).then("who"))


def _commissions(facts: Facts) -> pl.DataFrame:
    owed = facts.commissions.select(
        "amount",
        party="payee",
        on=pl.concat_str("month", pl.lit("-01")).str.to_date("%Y-%m-%d").dt.month_end(),
        key=pl.concat_str(pl.lit("commission:"), "payee", pl.lit(":"), "month"),
        words=pl.concat_str(pl.lit("Commissions of "), "month"),
        state=pl.col("status"),
        kind=pl.lit("commission"),
    )
    return _pair(_plain(owed), ("Expenses:Commissions", None), (_OWED, None))


def _columns(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        *("on", "key", "kind", "state", "party", "words", "amount", "top", "who", "what")
    )


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("on", "key", "kind", "state", "party", "words", "amount")


# --- names ----------------------------------------------------------------------------------------


def component(name: str) -> str:
    """Return a name as part of an account: letters, digits and dashes, a capital or digit first.

    A name that must be spelled otherwise gets a mark of its own, so that two never become one.
    """
    plain = re.sub("[^A-Za-z0-9]+", "-", name).strip("-")
    spelled = plain[:1].upper() + plain[1:] if plain else "X"
    if spelled == name:
        return name
    return f"{spelled[:60]}-{zlib.crc32(name.encode()):08x}"


def _names(facts: Facts) -> dict[str, str]:
    """Return every name of a carrier, customer, payee or tax as it is spelled in accounts."""
    columns = (
        facts.documents["carrier"],
        facts.debits["carrier"],
        facts.accruals["carrier"],
        facts.invoices["customer"],
        facts.payments["customer"],
        facts.commissions["payee"],
        facts.revenue["tax"],
    )
    known = {name for column in columns for name in column.drop_nulls().unique()} | {"Tax"}
    return {name: component(name) for name in known}


def _account(names: Mapping[str, str]) -> pl.Expr:
    who = pl.col("who").replace_strict(dict(names), return_dtype=pl.String)
    return pl.concat_str("top", who, "what", separator=":", ignore_nulls=True)


# --- months ---------------------------------------------------------------------------------------


def settled(computed: pl.DataFrame, closed: pl.DataFrame, months: Collection[str]) -> pl.DataFrame:
    """Return the journal with its closed months as they were closed.

    `closed` are the postings of the closed `months`. What an entry of a closed month would be today
    and is not there is posted on the first day that is open, as `late`: the difference only. So a
    closed month never changes and the balances are those of today.
    """
    if not months:
        return computed
    first = _after(max(months))
    key = ["key", "account"]
    before = pl.col("on") < first
    then = computed.filter(before)
    gap = (
        pl.concat(
            [
                then.select(*key, "party", "words", "amount"),
                closed.select(*key, "party", "words", amount=-pl.col("amount")),
            ]
        )
        .group_by(key)
        .agg(pl.col("party", "words").last(), pl.col("amount").sum().cast(CENTS))
    )
    # What was late once, and is closed since, counts with the entry it belongs to.
    late = gap.filter(pl.col("amount") != 0).with_columns(
        on=pl.lit(first), kind=pl.lit("late"), state=pl.lit("final")
    )
    after = computed.filter(~before)
    names = POSTINGS.names()
    return pl.concat([closed.select(names), late.select(names), after.select(names)]).sort(
        "on", "key", "account"
    )


def _after(month: str) -> dt.date:
    """Return the first day of the month after one."""
    year, number = map(int, month.split("-"))
    return dt.date(year + number // 12, number % 12 + 1, 1)


def balances(postings: pl.DataFrame, on: dt.date | None = None) -> pl.DataFrame:
    """Return what stands on each account at the end of a day, or in the end: account, amount."""
    own = postings if on is None else postings.filter(pl.col("on") <= on)
    return own.group_by("account").agg(pl.col("amount").sum().cast(CENTS)).sort("account")


def unbalanced(postings: pl.DataFrame) -> pl.DataFrame:
    """Return the entries whose postings do not add up to nothing: none, or it is a fault."""
    sums = postings.group_by("on", "key").agg(pl.col("amount").sum().cast(CENTS))
    return sums.filter(pl.col("amount") != 0).sort("on", "key")
