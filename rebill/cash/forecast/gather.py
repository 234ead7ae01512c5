"""From the record to the numbers a forecast draws from: pulls and what customers pay."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import polars as pl

from invoices.calendar import roll
from invoices.periods import add_days
from invoices.schema import among
from rebill.cash.as_of import Standing, standing
from rebill.cash.bank_tables import to_come
from rebill.cash.forecast.disputes_ahead import disputes_ahead
from rebill.cash.forecast.facts import Cents, Days, Facts, Pulls, Reals, Receipts, Samples
from rebill.cash.forecast.history import changes, offset, paid, usual_lag, whole_cents
from rebill.receivables.payments import received
from rebill.store.record import Record
from rebill.workspace.sections import Forecast
from rebill.workspace.settings import ConfigError
from reconcile.cash.run_rate import ACCOUNT, bills_to_come, held_by, usual_months
from reconcile.window import deadlines

ENOUGH = 5
"""So many payments of one customer are enough to judge it by them."""
LARGE = 3000
"""So many invoices, the largest, are drawn one by one; of the others the mean is known enough."""
POINTS = 21
"""So many points stand for a spread."""
WEIGHT = 50
"""The chance of a bad debt that the settings name weighs as much as so many invoices."""


def gather(record: Record, as_of: dt.date, days: int) -> Facts:
    """Return what is known on `as_of` of the next so many days.

    Raises ConfigError where no carrier bill is on record: there is nothing to go by.
    """
    return facts_of(record, standing(record, as_of), to_come(record, as_of, days), days)


def facts_of(record: Record, whole: Standing, ahead: pl.DataFrame, days: int) -> Facts:
    """Return the same from what stands on record and the pulls the calendar shows."""
    as_of, known = whole.as_of, _known(whole)
    if known.documents.is_empty():
        raise ConfigError("no carrier bill is on record; ingest some, then forecast")
    assumed = record.workspace.settings.forecast
    bills = bills_ahead(known, ahead, days)
    spread = _spread(known, assumed)
    later = (as_of + dt.timedelta(n) for n in range(days + 1))
    banking = [(roll(day, "next", known.closings) - as_of).days for day in later]
    return Facts(
        as_of,
        days,
        _pulls(known, ahead, bills, spread, days),
        _receipts(record, as_of, np.array(banking), assumed, spread),
        disputes_ahead(known, bills, days, assumed),
        np.array(banking, dtype=np.int64),
    )


def _known(whole: Standing) -> Standing:
    """Return what stood on record that day: a bill that came in later was not known."""
    came = pl.col("received_on").is_null() | (pl.col("received_on") <= whole.as_of)
    documents = whole.documents.filter(came)
    ids = documents.select("document_id")
    return replace(
        whole,
        documents=documents,
        debits=whole.debits.join(ids, on="document_id", how="semi"),
        disputed=whole.disputed.join(ids, on="document_id", how="semi"),
    )


# --- pulls ------------------------------------------------------------------------------------


def bills_ahead(known: Standing, ahead: pl.DataFrame, days: int) -> pl.DataFrame:
    """Return the bills expected in the next so many days and those that are late, with their days.

    Columns: carrier, ban, bill_date, amount, contract, bill_day, received_on, debit_on and
    dispute_closes_on. `ahead` are the pulls the calendar shows
    (`reconcile.pulls.upcoming.UPCOMING`); its estimates count. It has none for accounts that were
    sold to another carrier or are under no contract: of those a usual month is expected.
    """
    days_of_bills = known.documents.select(*ACCOUNT, "bill_day").unique()
    estimates = ahead.filter(pl.col("status") == "estimated").join(
        days_of_bills, on=ACCOUNT, how="left"
    )
    shown = _not_in(estimates, _charged(known)).select(
        *ACCOUNT,
        *("bill_date", "amount", "contract", "bill_day"),
        *(pl.coalesce("auditable_on", "bill_date").alias("received_on"), "dispute_closes_on"),
        "debit_on",
    )
    return pl.concat([shown, _usual(known, days).join(shown, on=ACCOUNT, how="anti")])


def _charged(known: Standing) -> pl.DataFrame:
    return known.documents.select(*ACCOUNT, "bill_date", amount="current_charges").drop_nulls()


def _usual(known: Standing, days: int) -> pl.DataFrame:
    """Return a usual month of each account for each bill to come.

    A bill arrives and is due as its carrier's were, in the middle; under no contract it is pulled
    when it is due.
    """
    charged = _charged(known)
    accounts = usual_months(charged, known.as_of, ("amount",)).filter(pl.col("amount") > 0)
    until = known.as_of + dt.timedelta(days + 1)
    coming = _not_in(bills_to_come(accounts, until), charged).join(accounts, on=ACCOUNT)
    seen = [frame.select(*ACCOUNT, "bill_date") for frame in (charged, coming)]
    held = held_by(pl.concat(seen), known.contracts)
    lags = known.documents.group_by("carrier").agg(
        due_late=usual_lag("due_date"), in_late=usual_lag("received_on").clip(0, 60).fill_null(0)
    )
    dated = (
        coming.join(held, on=[*ACCOUNT, "bill_date"], how="left")
        .join(lags, on="carrier", how="left")
        .with_columns(
            due_date=add_days(pl.col("bill_date"), pl.col("due_late")),
            received_on=add_days(pl.col("bill_date"), pl.col("in_late")),
        )
    )
    return deadlines(dated, known.contracts, known.closings).select(
        *ACCOUNT,
        *("bill_date", "amount", "contract", "bill_day", "received_on", "dispute_closes_on"),
        debit_on=pl.coalesce("debit_on", "due_date", "bill_date"),
    )


def _not_in(coming: pl.DataFrame, on_record: pl.DataFrame) -> pl.DataFrame:
    """Return bills to come without those of a month whose bill is on record, dated ahead."""
    month = pl.col("bill_date").dt.month_start()
    return coming.join(on_record, left_on=[*ACCOUNT, month], right_on=[*ACCOUNT, month], how="anti")


def _spread(known: Standing, assumed: Forecast) -> pl.DataFrame:
    """Return [carrier, spread]: how far a bill may be off, as bills were or as the settings say."""
    carriers = known.documents.select("carrier").unique()
    return carriers.join(changes(_charged(known)), on="carrier", how="left").with_columns(
        pl.col("spread").fill_null(float(assumed.bill_spread))
    )


def _pulls(
    known: Standing, ahead: pl.DataFrame, bills: pl.DataFrame, spread: pl.DataFrame, days: int
) -> Pulls:
    """Return known pulls by day, and those to come by carrier and day.

    A pull whose day has passed and that the bank does not show comes tomorrow.

    Accounts differ independently of each other, so that many together are surer than one.
    """
    overdue = ahead.filter("overdue")["document_id"]
    sure = (
        # What was pulled already, early perhaps, is pulled; what came back is asked for otherwise.
        known.debits.filter(~pl.col("status").is_in(("returned", "debited")))
        .with_columns(late=among("document_id", overdue))
        .select(
            day=pl.when("late").then(1).otherwise(offset(known.as_of, "debit_on")),
            amount=whole_cents("amount"),
        )
        .filter(pl.col("day").is_between(1, days))
    )
    total = np.zeros(days + 1, dtype=np.int64)
    np.add.at(total, sure["day"].to_numpy(), sure["amount"].to_numpy())
    amount = whole_cents("amount")
    off = amount.cast(pl.Float64) * pl.col("spread")
    coming = (
        bills.join(spread, on="carrier", how="left")
        .with_columns(day=pl.max_horizontal(offset(known.as_of, "debit_on"), 1))
        .filter(pl.col("day") <= days)
        .group_by("carrier", "day")
        .agg(amount=amount.sum(), off=off.pow(2).sum().sqrt())
        .sort("day", "carrier")
    )
    share = coming["off"] / coming["amount"].cast(pl.Float64)
    return Pulls(
        total,
        coming["day"].cast(pl.Int64).to_numpy(),
        coming["amount"].to_numpy(),
        share.to_numpy(),
    )


# --- customers --------------------------------------------------------------------------------


def _receipts(
    record: Record, as_of: dt.date, banking: Days, assumed: Forecast, spread: pl.DataFrame
) -> Receipts:
    """Return what customers will pay for invoices that are open and for those to come."""
    days = banking.size - 1
    payments = received(record)
    # An invoice may be dated ahead: what is built up to the month of the day is known.
    invoices = record.customer_invoices().filter(pl.col("bill_month") <= f"{as_of:%Y-%m}")
    history = paid(invoices, payments, as_of)
    unpaid = _bad_debt(history, assumed, as_of) if payments.height else float(assumed.bad_debt)
    entries = pl.concat([_open(history, payments.is_empty(), as_of), _coming(history, as_of, days)])
    entries = entries.filter(pl.col("amount") > 0)
    lists, entries = _delays(history, entries, assumed)
    base = offset(as_of, "base")
    entries = entries.with_columns(
        base=base, overdue=offset(as_of, "due_date") < -assumed.doubtful_after_days
    ).sort("amount", "base", "customer", descending=[True, False, False])
    chance = np.where(entries["overdue"].to_numpy(), float(assumed.doubtful), unpaid)
    amount, start = entries["amount"].to_numpy(), entries["base"].to_numpy()
    samples, late = Samples.of(lists, entries["list"].to_numpy(), -start)
    start = np.where(late == 1, 0, start)
    large = slice(0, LARGE)
    drawn = Samples(samples.days, samples.start[large], samples.count[large])
    return Receipts(
        _small(amount, start, samples, chance, banking),
        amount[large],
        start[large],
        drawn,
        chance[large],
        entries["month"].to_numpy()[large],
        max(spread["spread"], default=0.0),
    )


_ENTRY = ("customer", "amount", "bill_date", "due_date", "month")


def _open(history: pl.DataFrame, nothing_known: bool, as_of: dt.date) -> pl.DataFrame:
    """Return invoices that are open; where no payment is on record, those not due yet."""
    waits = pl.col("due_date") > as_of if nothing_known else pl.lit(True)
    return history.filter(pl.col("open") > 0, waits).select(
        "customer",
        "bill_date",
        "due_date",
        amount=whole_cents("open"),
        month=pl.lit(-1, dtype=pl.Int64),
    ).select(_ENTRY)  # fmt: skip


def _coming(history: pl.DataFrame, as_of: dt.date, days: int) -> pl.DataFrame:
    """Return invoices to come: usual months of customers, dated and due as theirs were."""
    billed = history.select("bill_date", carrier=pl.lit("us"), ban="customer", amount="total")
    accounts = usual_months(billed, as_of, ("amount",)).filter(pl.col("amount") > 0)
    late = history.group_by(ban="customer").agg(due_late=usual_lag("due_date"))
    until = as_of + dt.timedelta(days + 1)
    month = pl.col("bill_date").dt.year() * 12 + pl.col("bill_date").dt.month()
    return (
        _not_in(bills_to_come(accounts, until), billed)
        .join(accounts, on=ACCOUNT)
        .join(late, on="ban", how="left")
        .select(
            "bill_date",
            customer="ban",
            due_date=add_days(pl.col("bill_date"), pl.col("due_late")),
            amount=whole_cents("amount"),
            month=pl.max_horizontal(month.cast(pl.Int64) - (as_of.year * 12 + as_of.month), 0),
        )
        .select(_ENTRY)
    )


def _bad_debt(history: pl.DataFrame, assumed: Forecast, as_of: dt.date) -> float:
    """Return the chance that an invoice is never paid: the settings' word, and what happened."""
    old = history.filter(
        pl.col("due_date") < as_of - dt.timedelta(assumed.doubtful_after_days), pl.col("total") > 0
    )
    lost = old.filter(pl.col("open") > 0).height
    return (float(assumed.bad_debt) * WEIGHT + lost) / (WEIGHT + old.height)


def _delays(
    history: pl.DataFrame, entries: pl.DataFrame, assumed: Forecast
) -> tuple[list[Days], pl.DataFrame]:
    """Return lists of days, and the entries with the list each draws from and its `base`.

    A customer with enough payments is judged by them, one with fewer by all customers; without any
    history it pays when it is due (`dso_days` after the bill, if the settings say so), more or
    less.
    """
    usual = NormalDist(0, assumed.pay_spread_days or 1e-9)
    points = [round(usual.inv_cdf((n + 0.5) / POINTS)) for n in range(POINTS)]
    known = history.drop_nulls("delay").select("customer", "delay")
    lists = [np.array(points, dtype=np.int64)]
    pooled = 0
    if known.height >= ENOUGH:
        pooled = 1
        lists.append(known["delay"].to_numpy())
    own = known.group_by("customer").agg("delay").filter(pl.col("delay").list.len() >= ENOUGH)
    own = own.sort("customer").with_row_index("list", offset=len(lists))
    lists += [delays.to_numpy() for delays in own["delay"]]
    which = pl.col("list").cast(pl.Int64).fill_null(pooled)
    dso = add_days(pl.col("bill_date"), assumed.dso_days or 0)
    without = (pl.col("list") == 0) & pl.lit(assumed.dso_days is not None)
    return lists, (
        entries.join(own.select("customer", "list"), on="customer", how="left")
        .with_columns(list=which)
        .with_columns(base=pl.when(without).then(dso).otherwise("due_date"))
    )


def _small(amount: Cents, base: Days, samples: Samples, unpaid: Reals, banking: Days) -> Cents:
    """Return by day what all but the large invoices bring, spread over the delays they draw from.

    Cents that do not divide come with the last of them.
    """
    total = np.zeros(banking.size, dtype=np.int64)
    for at in range(LARGE, amount.size):
        start, count = samples.start[at], samples.count[at]
        sure = int(amount[at]) - round(int(amount[at]) * float(unpaid[at]))
        on = np.maximum(base[at] + samples.days[start : start + count], 1)
        parts = np.full(count, sure // count, dtype=np.int64)
        parts[-1] += sure - int(parts.sum())
        within = on < banking.size
        on = banking[on[within]]
        parts = parts[within][on < banking.size]
        np.add.at(total, on[on < banking.size], parts)
    return total
