"""Credits that a person takes for a claim, or says are for none."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from invoices.schema import CENTS
from rebill.disputes.assign import US
from rebill.disputes.credit_rows import credit_rows
from rebill.disputes.credits import take, waiting, wanted
from rebill.disputes.credits_on_bills import credits_on_bills
from rebill.store import insert_frame, models_disputes, read_table
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError
from reconcile.claims.crediting import lay

BY_HAND = "hand"


def take_by_hand(
    record: Record,
    credit_id: str,
    claim_no: str,
    amount: Decimal | None,
    on: dt.date,
    who: str | None,
) -> pl.DataFrame:
    """Take a credit, or so much of it, for a claim; raises ConfigError where that cannot be."""
    credits = credits_on_bills(record).filter(pl.col("credit_id") == credit_id)
    if credits.is_empty():
        raise ConfigError(f"there is no credit {credit_id}; see `rebill disputes credits`")
    claims = waiting(record).filter(pl.col("claim_no") == claim_no)
    if claims.is_empty():
        raise ConfigError(f"{claim_no} is no claim that waits for a credit")
    given = read_table(record.connection, models_disputes.ClaimCredit)
    used = given.filter(pl.col("credit_id") == credit_id)["amount"].sum() or Decimal(0)
    left = credits["amount"].item() - used
    if amount is None:
        amount = min(left, claims["left"].item())
    if amount <= 0 or amount > left:
        raise ConfigError(f"{amount} cannot be taken of {credit_id}: {left} of it is not taken yet")
    if amount > claims["left"].item():
        raise ConfigError(f"{amount} is more than the {claims['left'].item()} left of {claim_no}")
    pairs = pl.DataFrame(
        {"credit_id": [credit_id], "claim_no": [claim_no], "amount": [amount]},
        schema_overrides={"amount": CENTS},
    )
    taken = lay(credits, claims, wanted(record, claims), pairs, BY_HAND)
    return take(record, taken, credits, who or US, on)


def dismiss(record: Record, credit_id: str, on: dt.date, who: str | None, note: str | None) -> None:
    """Record that a credit is for no claim of ours; raises ConfigError where it cannot be."""
    rows = credit_rows(record).filter(pl.col("credit_id") == credit_id)
    if rows.is_empty():
        raise ConfigError(f"there is no credit {credit_id}; see `rebill disputes credits`")
    if rows["status"].item() in ("taken", "part_taken", "dismissed"):
        raise ConfigError(f"{credit_id} is {rows['status'].item()} already")
    said = pl.DataFrame(
        {"credit_id": [credit_id], "decided_on": [on], "who": [who], "note": [note]},
        schema_overrides={"who": pl.String, "note": pl.String},
    )
    insert_frame(record.connection, models_disputes.CreditDecision, said)
