"""Debits to come: for every bill, received or not yet, when the carrier pulls and what is known.

A bill that is here says what is pulled. One that is not yet is expected from the account's history:
the same day of the month, the median of what its bills let be pulled, with the least and the most
of them as the range. Such a pull has the status `estimated` and stands in no other table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from invoices.calendar import closed_weekdays
from invoices.money import ZERO_CENTS, cents, from_cents
from invoices.periods import add_days, day_of_month
from invoices.schema import CENTS, columns_of
from reconcile.contracts import Contract, contract_for, settings
from reconcile.pulls.debits import ACCOUNT
from reconcile.window import NO_CLOSINGS, deadlines

UPCOMING = pl.Schema(
    {
        "debit_on": pl.Date(),  # the banking day the pull settles; null = nothing says when
        "carrier": pl.String(),
        "contract": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),  # null = not received yet
        "bill_date": pl.Date(),  # of an estimate: the day the bill is expected to bear
        "status": pl.String(),  # expected, held, estimated
        "amount": CENTS,
        "amount_low": CENTS,  # of an estimate the least of the bills it is made from
        "amount_high": CENTS,  # and the most; else the amount
        "bills_seen": pl.Int64(),  # how many bills an estimate is made from; null = received
        "known_wrong": CENTS,  # at stake on its lines; null = not audited
        "dispute_closes_on": pl.Date(),
        "file_by": pl.Date(),
        "auditable_on": pl.Date(),  # received and audited; null = held, or nobody knows
        "before_audit": pl.Boolean(),  # the pull comes before that day, or the bill is held
        "before_window_closes": pl.Boolean(),  # a dispute is still in time on the day of the pull
        "maximum": CENTS,  # the ACH filter at our bank; null = none
        "above_filter": pl.Boolean(),  # it would bounce; of an estimate: it may
        "cash_after": CENTS,  # cash at hand less all pulls up to and on the day; null = not said
        "short_of_cash": pl.Boolean(),
        "overdue": pl.Boolean(),  # its day has passed and the bank shows no pull
        "document_id": pl.String(),
    }
)
HISTORY_MONTHS = 12
"""So many of an account's last bill months an estimate is made from."""
SILENT_AFTER_MONTHS = 6
"""An account whose last bill is older is not expected to be pulled again."""


@dataclass(frozen=True)
class Ahead:
    """What debits to come are worked out from."""

    documents: pl.DataFrame
    """Loaded and held, with contract, debit_on, dispute_closes_on, file_by, received_on."""
    debits: pl.DataFrame
    """`reconcile.pulls.debits.DEBITS`."""
    wrong: pl.DataFrame
    """document_id, known_wrong: what audited documents have at stake."""
    services: pl.DataFrame
    """carrier, ban, disconnected_on."""
    contracts: list[Contract]
    as_of: dt.date
    days: int = 90
    """So many days ahead are looked at."""
    cash: Decimal | None = None
    audit_days: int = 1
    """Banking days from a bill's arrival to the end of its audit."""
    banked_until: dt.date | None = None
    """The last day of which the bank has told; null = it tells nothing."""
    closings: Set[dt.date] = NO_CLOSINGS

    @property
    def until(self) -> dt.date:
        """The last day looked at."""
        return self.as_of + dt.timedelta(days=self.days)


def upcoming(ahead: Ahead) -> pl.DataFrame:
    """Return the pulls from a day on (columns of `UPCOMING`, sorted by day and account)."""
    rows = pl.concat([_received(ahead), _estimated(ahead)])
    limits = settings(ahead.contracts).select("contract", maximum="debit_maximum")
    closed = closed_weekdays(
        ahead.as_of - dt.timedelta(days=800), ahead.until + dt.timedelta(days=800), ahead.closings
    )
    done = pl.col("received_on").dt.add_business_days(
        ahead.audit_days, holidays=closed, roll="backward"
    )
    held = pl.col("status") == "held"
    return (
        rows.join(limits, on="contract", how="left")
        .with_columns(auditable_on=pl.when(~held).then(done))
        .with_columns(
            before_audit=held | (pl.col("debit_on") < pl.col("auditable_on")),
            before_window_closes=pl.col("debit_on") <= pl.col("dispute_closes_on"),
            above_filter=(pl.col("amount_high") > pl.col("maximum")).fill_null(False),
            overdue=(pl.col("debit_on") < ahead.as_of).fill_null(False),
        )
        .sort("debit_on", *ACCOUNT, "bill_date", "document_id", nulls_last=True)
        .pipe(_with_cash, ahead.cash)
        .select(columns_of(UPCOMING))
    )


def _with_cash(rows: pl.DataFrame, cash: Decimal | None) -> pl.DataFrame:
    """Return the rows, sorted by day, with what is left on the evening of their day."""
    if cash is None:
        blank = pl.lit(None, dtype=CENTS)
        return rows.with_columns(cash_after=blank, short_of_cash=pl.lit(None, dtype=pl.Boolean))
    left = pl.lit(cash, dtype=CENTS) - pl.col("taken").max().over("debit_on").cast(CENTS)
    dated = rows.with_columns(taken=pl.col("amount").cum_sum()).with_columns(
        cash_after=pl.when(pl.col("debit_on").is_not_null()).then(left).cast(CENTS)
    )
    return dated.with_columns(short_of_cash=pl.col("cash_after") < 0)


_COMMON = (
    *("document_id", *ACCOUNT, "contract", "invoice_no", "bill_date", "debit_on", "status"),
    *("amount", "amount_low", "amount_high", "bills_seen", "known_wrong"),
    *("dispute_closes_on", "file_by", "received_on"),
)


def _received(ahead: Ahead) -> pl.DataFrame:
    """Return the pulls of bills that are here and that have not been pulled."""
    paper = ahead.documents.select(
        "document_id", "file_by", "received_on", audited=pl.col("audited_load").is_not_null()
    )
    told = ahead.banked_until or dt.date.min
    day = pl.col("debit_on")
    waits = (day <= ahead.until) & ((day >= ahead.as_of) | (day <= pl.lit(told)))
    open_ones = ahead.debits.filter(
        pl.col("status").is_in(("expected", "held")), day.is_null() | waits
    )
    return (
        open_ones.join(paper, on="document_id")
        .join(ahead.wrong, on="document_id", how="left")
        .with_columns(
            amount_low="amount",
            amount_high="amount",
            bills_seen=pl.lit(None, dtype=pl.Int64),
            known_wrong=pl.when("audited").then(pl.col("known_wrong").fill_null(ZERO_CENTS)),
        )
        .select(_COMMON)
    )


def _estimated(ahead: Ahead) -> pl.DataFrame:
    """Return the pulls of bills that are expected and not here yet."""
    history = _history(ahead)
    months = (
        history.filter(
            pl.col("last_bill") >= _months_before(ahead.as_of, SILENT_AFTER_MONTHS),
        )
        .with_columns(
            month=pl.date_ranges(
                pl.col("last_bill").dt.month_start().dt.offset_by("1mo"),
                pl.lit(ahead.until).dt.month_start(),
                interval="1mo",
            )
        )
        .explode("month")
        .drop_nulls("month")
    )
    here = ahead.debits.select(*ACCOUNT, month=pl.col("bill_date").dt.month_start()).unique()
    months = months.join(here, on=[*ACCOUNT, "month"], how="anti")
    bills = months.with_columns(bill_date=day_of_month(pl.col("month"), pl.col("bill_day"))).pipe(
        _still_served, ahead.services
    )
    questions = bills.select(*ACCOUNT, day="bill_date").unique()
    held_by = contract_for(questions, ahead.contracts).rename({"day": "bill_date"})
    dated = (
        bills.join(held_by, on=[*ACCOUNT, "bill_date"])
        .filter(pl.col("contract").is_not_null())
        .with_columns(
            due_date=add_days(pl.col("bill_date"), pl.col("due_lag")),
            received_on=add_days(pl.col("bill_date"), pl.col("arrival_lag")),
            document_id=pl.lit(None, dtype=pl.String),
            invoice_no=pl.lit(None, dtype=pl.String),
            status=pl.lit("estimated"),
            known_wrong=pl.lit(None, dtype=CENTS),
        )
    )
    timed = deadlines(dated, ahead.contracts, ahead.closings)
    near = pl.col("debit_on").is_between(ahead.as_of, ahead.until)
    return timed.filter(near, pl.col("amount_high") > 0).select(_COMMON)


def _months_before(day: dt.date, months: int) -> dt.date:
    """Return the first of the month so many months before that of `day`."""
    number = day.year * 12 + day.month - 1 - months
    return dt.date(number // 12, number % 12 + 1, 1)


def _history(ahead: Ahead) -> pl.DataFrame:
    """Return what the bills of each account say of the next: amounts, days and lags.

    What a bill month let be pulled is the sum of its bills; held ones are left out where there is
    any other. The median of an even number lies in the middle of two, half a cent up.
    """
    dates = ahead.documents.select(
        "document_id",
        due_lag=(pl.col("due_date") - pl.col("bill_date")).dt.total_days(),
        arrival_lag=(pl.col("received_on") - pl.col("bill_date")).dt.total_days(),
    )
    bills = ahead.debits.filter(pl.col("bill_date") <= ahead.as_of).join(dates, on="document_id")
    sure = pl.col("status") != "held"
    chosen = bills.filter(sure | ~sure.any().over(ACCOUNT))
    month = pl.col("bill_date").dt.month_start()
    monthly = (
        chosen.with_columns(month=month)
        .group_by(*ACCOUNT, "month")
        .agg(cents(pl.col("amount")).cast(pl.Int64).sum().alias("c"))
        .sort(*ACCOUNT, "month")
        .group_by(ACCOUNT, maintain_order=True)
        .agg(pl.col("c").tail(HISTORY_MONTHS).sort())
    )
    seen = pl.col("c").list.len().cast(pl.Int64)
    lower, upper = ((seen - 1) // 2, seen // 2)
    both = pl.col("c").list.get(lower) + pl.col("c").list.get(upper)
    lags = chosen.group_by(ACCOUNT).agg(_middle("due_lag"), _middle("arrival_lag"))
    account = bills.group_by(ACCOUNT).agg(
        last_bill=pl.col("bill_date").max(),
        bill_day=pl.col("bill_date").dt.day().cast(pl.Int64).max(),
    )
    return (
        monthly.with_columns(
            amount=from_cents((both + 1) // 2),
            amount_low=from_cents(pl.col("c").list.min()),
            amount_high=from_cents(pl.col("c").list.max()),
            bills_seen=seen,
        )
        .drop("c")
        .join(account, on=ACCOUNT)
        .join(lags, on=ACCOUNT)
    )


def _middle(name: str) -> pl.Expr:
    """Return the lower of the middle values of whole numbers, null where there is none."""
    values = pl.col(name).drop_nulls().sort()
    return values.get((values.len().cast(pl.Int64) - 1).clip(0) // 2, null_on_oob=True).alias(name)


def _still_served(bills: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Return the expected bills but those of accounts all of whose services ended before."""
    until = pl.col("disconnected_on")
    ends = services.group_by(ACCOUNT).agg(
        ends=pl.when(until.is_null().any()).then(None).otherwise(until.max())
    )
    kept = bills.join(ends, on=ACCOUNT, how="left")
    return kept.filter((pl.col("ends") > pl.col("month")).fill_null(True))
