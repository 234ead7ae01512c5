"""From the record to the numbers a forecast draws from: claims, and what of bills to come will be.

Of a bill to come so much is wrong as was of its carrier's bills of the last six months.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import polars as pl

from invoices.periods import add_days, add_months
from rebill.cash.as_of import Standing
from rebill.cash.forecast.facts import NEVER, Days, Disputes, Samples
from rebill.cash.forecast.history import (
    answer_days,
    filing_days,
    offset,
    usual_lag,
    whole_cents,
)
from rebill.workspace.sections import Forecast
from reconcile.cash.carry import credit_days, waiting

ENOUGH = 5
"""So many claims of a carrier are enough to judge it by them."""
ONE_BY_ONE = 2000
"""So many claims, the largest, are drawn one by one; the others in proportion."""
POINTS, ANSWER_SPREAD = 21, 0.25
"""Without a history answers come `resolve_days` after filing, a quarter more or less."""
MONTHS = 6
_KEY = ("carrier", "contract", "bill_day")
_DAYS = ("filed", "received", "closes", "cash")
_WHOLE = ("amount", "many", *_DAYS, "rate", "group")


def disputes_ahead(known: Standing, bills: pl.DataFrame, days: int, assumed: Forecast) -> Disputes:
    """Return claims that wait and claims to come of the bills to come."""
    entries = pl.concat([_waiting(known), _to_come(known, bills)])
    entries = _lumped(entries).sort("carrier", "reason", "contract", "bill_day", *_DAYS, "amount")
    groups = entries.select(_KEY).unique(maintain_order=True).with_row_index("group")
    rates = entries.select("carrier", "reason").unique(maintain_order=True).with_row_index("rate")
    entries = entries.join(
        groups, on=_KEY, how="left", nulls_equal=True, maintain_order="left"
    ).join(rates, on=["carrier", "reason"], how="left", nulls_equal=True, maintain_order="left")
    filed = entries["filed"].to_numpy()
    lists, which = _answer_lists(known, entries)
    answers, late = Samples.of(lists, which, np.where(filed < NEVER, -filed, -NEVER))
    filed = np.where((late == 1) & (filed < NEVER), 0, filed)
    lists, which = _filing_lists(known, entries, assumed)
    filings, _ = Samples.of(lists, which)
    whole = {name: entries[name].cast(pl.Int64).to_numpy() for name in _WHOLE}
    return Disputes(
        **(whole | {"filed": filed}),
        won=entries["won"].cast(pl.Float64).to_numpy(),
        lost=entries["lost"].cast(pl.Float64).to_numpy(),
        answers=answers,
        filings=filings,
        cash_day=_cash_days(groups, known, days),
    )


def _offset(known: Standing, name: str, absent: int) -> pl.Expr:
    return offset(known.as_of, name).fill_null(absent)


def _waiting(known: Standing) -> pl.DataFrame:
    """Return the claims that wait for something: filed, or still to be filed."""
    key = ["claim_no", "document_id"]
    facts = known.disputed.select(*key, "filed_on", "granted", "dispute_closes_on")
    papers = known.documents.select("document_id", "received_on", "bill_day")
    cash = (
        pl.when(pl.col("granted").is_not_null())
        .then(pl.max_horizontal(_offset(known, "credit_cash_on", NEVER), 1))
        .otherwise(-1)
    )
    return (
        known.recovery()
        .join(facts, on=key)
        .join(papers, on="document_id")
        .join(
            known.rates.select("carrier", "reason", "won", "lost"),
            on=["carrier", "reason"],
            how="left",
        )
        .select(
            *("carrier", "reason", "contract", "bill_day"),
            amount=whole_cents("waiting"),
            many=pl.lit(0, dtype=pl.Int64),
            cash=cash.cast(pl.Int64),
            filed=_offset(known, "filed_on", NEVER),
            received=_offset(known, "received_on", 0),
            closes=_offset(known, "dispute_closes_on", NEVER),
            won=pl.col("won").cast(pl.Float64),
            lost=pl.col("lost").cast(pl.Float64),
        )
    )


def _to_come(known: Standing, bills: pl.DataFrame) -> pl.DataFrame:
    """Return what of the bills to come will be disputed, by carrier, contract and bill date."""
    cases, rate = pl.col("cases").cast(pl.Float64), pl.col("rate")
    return (
        bills.join(_share_in_dispute(known), on="carrier")
        .with_columns(part=(whole_cents("amount") * pl.col("of_bill")).round())
        .group_by("carrier", "contract", "bill_date", "bill_day")
        .agg(
            amount=pl.col("part").sum().cast(pl.Int64),
            received_on=pl.col("received_on").max(),
            dispute_closes_on=pl.col("dispute_closes_on").min(),
            won=(cases * rate).first(),
            lost=(cases * (1 - rate)).first(),
        )
        .filter(pl.col("amount") > 0)
        .select(
            "carrier",
            pl.lit(None, dtype=pl.String).alias("reason"),
            "contract",
            "bill_day",
            "amount",
            many=pl.lit(1, dtype=pl.Int64),
            cash=pl.lit(-1, dtype=pl.Int64),
            filed=pl.lit(NEVER, dtype=pl.Int64),
            received=_offset(known, "received_on", 0),
            closes=_offset(known, "dispute_closes_on", NEVER),
            won="won",
            lost="lost",
        )
    )


def _share_in_dispute(known: Standing) -> pl.DataFrame:
    """Return by carrier what share of the charges of recent bills is disputed, and is won.

    Columns carrier, cases (ended claims), of_bill and rate, both shares.
    """
    since = add_months(pl.lit(known.as_of), -MONTHS)
    recent = known.documents.filter(pl.col("audited"), pl.col("bill_date") > since)
    charged = recent.group_by("carrier").agg(charged=pl.col("current_charges").sum())
    wrong = known.disputed.join(recent.select("document_id"), on="document_id", how="semi")
    rated = wrong.join(known.rates, on=["carrier", "reason"], how="left", suffix="_all")
    stake, share = pl.col("amount").cast(pl.Float64), pl.col("win_rate").cast(pl.Float64)
    return (
        rated.group_by("carrier")
        .agg(stake=stake.sum(), granted=(stake * share).sum())
        .join(charged, on="carrier")
        .join(
            known.rates.group_by("carrier").agg(cases=(pl.col("won") + pl.col("lost")).max()),
            on="carrier",
        )
        .filter(pl.col("stake") > 0, pl.col("charged") > 0)
        .select(
            "carrier",
            "cases",
            of_bill=pl.col("stake") / pl.col("charged").cast(pl.Float64),
            rate=pl.col("granted") / pl.col("stake"),
        )
    )


def _lumped(entries: pl.DataFrame) -> pl.DataFrame:
    """Return the largest claims as they are, and the others of one kind together."""
    if entries.height <= ONE_BY_ONE:
        return entries
    ordered = entries.sort("amount", *_KEY, "reason", *_DAYS, descending=True)
    small = ordered.slice(ONE_BY_ONE).with_columns(many=pl.lit(1, dtype=pl.Int64))
    alike = [name for name in small.columns if name != "amount"]
    small = small.group_by(alike).agg(pl.col("amount").sum()).select(ordered.columns)
    return pl.concat([ordered.head(ONE_BY_ONE), small])


def _answer_lists(known: Standing, entries: pl.DataFrame) -> tuple[list[Days], Days]:
    """Return how long answers take: by carrier, else by contract as it is agreed."""
    usual = NormalDist(0, ANSWER_SPREAD)
    factors = [np.exp(usual.inv_cdf((n + 0.5) / POINTS)) for n in range(POINTS)]
    agreed = waiting(known.contracts).select("contract", "resolve_days")
    lists = [np.array([round(60 * factor) for factor in factors], dtype=np.int64)]
    contracts = {}
    for contract, days in agreed.iter_rows():
        contracts[contract] = len(lists)
        lists.append(np.array([round(days * factor) for factor in factors], dtype=np.int64))
    own = _own(answer_days(known.claims), lists)
    which = [
        own.get(carrier, contracts.get(contract, 0))
        for carrier, contract in entries.select("carrier", "contract").iter_rows()
    ]
    return lists, np.array(which, dtype=np.int64)


def _filing_lists(
    known: Standing, entries: pl.DataFrame, assumed: Forecast
) -> tuple[list[Days], Days]:
    """Return how long it takes us from a bill's arrival to the dispute, by carrier."""
    received = (
        known.disputed.join(known.documents.select("document_id", "received_on"), on="document_id")
        .group_by("claim_no")
        .agg(pl.col("received_on").max())
    )
    lists = [np.array([assumed.filing_days], dtype=np.int64)]
    own = _own(filing_days(known.claims, received), lists)
    which = [own.get(carrier, 0) for carrier in entries["carrier"]]
    return lists, np.array(which, dtype=np.int64)


def _own(days: pl.DataFrame, lists: list[Days]) -> dict[str, int]:
    """Add the list of each carrier that has enough cases, and return which one is whose."""
    found = {}
    for carrier, own in sorted(days.group_by("carrier").agg("days").iter_rows()):
        if len(own) >= ENOUGH:
            found[carrier] = len(lists)
            lists.append(np.array(own, dtype=np.int64))
    return found


def _cash_days(groups: pl.DataFrame, known: Standing, days: int) -> Days:
    """Return by group and day of the answer the day on which the credit lessens a pull."""
    steps = pl.DataFrame({"step": range(days + 1)}, schema={"step": pl.Int64})
    late = known.documents.group_by("carrier").agg(
        due_late=usual_lag("due_date"), in_late=usual_lag("received_on").clip(0, 60)
    )
    asked = (
        groups.join(late, on="carrier", how="left", maintain_order="left")
        .join(steps, how="cross", maintain_order="left_right")
        .with_columns(bill_date=pl.lit(known.as_of), filed_on=pl.lit(None, dtype=pl.Date))
        .with_columns(
            resolved_on=add_days(pl.col("bill_date"), pl.col("step")),
            due_date=add_days(pl.col("bill_date"), pl.col("due_late")),
            received_on=add_days(pl.col("bill_date"), pl.col("in_late")),
        )
    )
    found = credit_days(asked, known.contracts, known.closings)
    on = found.select(_offset(known, "credit_cash_on", NEVER)).to_series().to_numpy()
    first: Days = np.maximum(on, 1).reshape(groups.height, days + 1)
    return first
