"""The bill before its lines: is it there, does it follow from the last one, did it jump?

Nothing is at stake for these findings: they tell a person to look. They are made from all bills of
the record at once, so that the order in which bills arrived changes nothing.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.money import ZERO_CENTS, cents, micros
from invoices.periods import add_days, add_months, day_of_month, month_of
from invoices.schema import CENTS, FINDINGS, among, columns_of, empty, seal
from invoices.text import filled
from reconcile.contracts import Contract, contract_for, settings
from reconcile.findings import BY_NAME
from reconcile.pulls.debits import ACCOUNT, previous_bills

COMPARED = pl.Schema(
    {
        "carrier": pl.String(),
        "ban": pl.String(),
        "bill_date": pl.Date(),
        "invoice_no": pl.String(),
        "document_id": pl.String(),
        "previous_bill_date": pl.Date(),  # null = the first bill of the account
        "previous_invoice_no": pl.String(),
        "charge_class": pl.String(),
        "previous_lines": pl.Int64(),
        "lines": pl.Int64(),
        "previous": CENTS,  # charges of the class on the bill before; null on a first bill
        "current": CENTS,
        "difference": CENTS,  # current less previous
    }
)

ACTUAL = pl.Schema({"document_id": pl.String(), "settled_on": pl.Date(), "amount": CENTS})
"""What the bank moved for a document: a pull, or with a minus a return."""
_LAST_DAY = 31
"""The bill day of an account that never billed: the end of the month, whatever its length."""


def document_missing(
    documents: pl.DataFrame, services: pl.DataFrame, contracts: list[Contract], as_of: dt.date
) -> pl.DataFrame:
    """Return a finding for every month in which an account should have sent a bill and did not.

    `documents` are those loaded and held; `services` the stays of services (`reconcile.homes`):
    service, carrier, ban, installed_on, disconnected_on, home_from. Months count from the carrier's
    first bill in our record up to `as_of`. A bill is expected of an account that billed before
    (until the inventory says that all its services ended there), of one that a contract names
    without wildcard, and of one with a service active from the first day of the month to the bill
    date. The bill date is the latest day of a month the account has billed on, an unknown one the
    month's end; the contract that holds the account on it says how many days later the bill is
    missing.
    """
    sent = documents.select(*ACCOUNT, "bill_date", month=pl.col("bill_date").dt.month_start())
    record = sent.group_by("carrier").agg(pl.col("month").min().alias("record_from"))
    months = (
        _accounts(sent, services, contracts)
        .join(record.filter(pl.col("record_from") <= as_of), on="carrier")
        .with_columns(month=pl.date_ranges("record_from", pl.lit(as_of), interval="1mo"))
        .explode("month")
        .join(sent.select(*ACCOUNT, "month").unique(), on=[*ACCOUNT, "month"], how="anti")
        .with_columns(day=day_of_month(pl.col("month"), pl.col("bill_day")))
    )
    held_by = contract_for(months.select(*ACCOUNT, "day"), contracts)
    after = settings(contracts).select("contract", "missing_after_days")
    missing = (
        months.join(held_by, on=[*ACCOUNT, "day"])
        .join(after, on="contract")
        .filter(add_days(pl.col("day"), pl.col("missing_after_days")) <= as_of)
        .pipe(_with_activity, services)
        .filter(pl.col("named") | pl.col("active") | (pl.col("billed_before") & ~pl.col("ended")))
    )
    month = month_of("day")
    return _findings(
        missing,
        "document_missing",
        finding_id=filled("{}:{}:{}:document_missing", "carrier", "ban", month),
        bill_date=pl.col("day"),
        message=filled("account {} sent no bill for {}, expected on {}", "ban", month, "day"),
    )


def balance_breaks(
    documents: pl.DataFrame, debits: pl.DataFrame, actual: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return a finding for every bill that does not follow from the last one and what was pulled.

    `documents` are those loaded and held with contract and deadlines, `debits` their pulls
    (`reconcile.pulls.debits`), `actual` [document_id, settled_on, amount] what the bank says moved
    for them, returns negative: where it has spoken of a document, its word counts. The cause is
    `previous_balance` where that is not the last bill's total, `payments` where they are not the
    pulls that settled since the last bill date. Nothing is said of a first bill, of one whose
    predecessor is held or missing, and of payments that may hold a pull our record does not know.
    """
    bills = _with_previous(documents)
    balance = bills.filter("follows", pl.col("previous_balance") != pl.col("previous_total"))
    first = _findings(
        balance,
        "balance_breaks",
        cause=pl.lit("previous_balance"),
        billed=pl.col("previous_balance"),
        expected=pl.col("previous_total"),
        message=filled(
            "the previous balance {} is not the total {} of the bill of {}",
            "previous_balance",
            "previous_total",
            "previous_bill_date",
        ),
    )
    moved = empty(ACTUAL) if actual is None else actual
    payments = _payments(bills, debits, moved).filter(pl.col("payments") != pl.col("pulled"))
    second = _findings(
        payments,
        "balance_breaks",
        cause=pl.lit("payments"),
        billed=pl.col("payments"),
        expected=pl.col("pulled"),
        message=filled(
            "payments of {} are printed, the pulls after {} up to {} come to {}",
            "payments",
            "previous_bill_date",
            "bill_date",
            "pulled",
        ),
    )
    return pl.concat([first, second]).sort("finding_id")


def compare(documents: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """Return every loaded bill beside the loaded one before it, by charge class (`COMPARED`).

    `totals` have document_id, charge_class, lines and amount. A class that stands on one of the two
    bills only is 0.00 on the other; on the first bill of an account `previous` is null.
    """
    loaded = documents.filter(pl.col("status") == "loaded")
    bills = loaded.join(previous_bills(loaded), on="document_id", how="left")
    now = totals.select("document_id", "charge_class", "lines", current="amount")
    then = totals.select("charge_class", previous_id="document_id", previous="amount", was="lines")
    then = bills.select("document_id", "previous_id").join(then, on="previous_id")
    earlier = loaded.select(
        previous_id="document_id", previous_bill_date="bill_date", previous_invoice_no="invoice_no"
    )
    follows = pl.col("previous_id").is_not_null()
    sums = now.join(
        then.drop("previous_id"), on=["document_id", "charge_class"], how="full", coalesce=True
    )
    return (
        bills.drop("lines", strict=False)
        .join(sums, on="document_id")
        .join(earlier, on="previous_id", how="left")
        .with_columns(
            pl.col("current").fill_null(ZERO_CENTS),
            pl.col("lines").fill_null(0),
            previous_lines=pl.when(follows).then(pl.col("was").fill_null(0)),
            previous=pl.when(follows).then(pl.col("previous").fill_null(ZERO_CENTS)),
        )
        .with_columns(difference=pl.col("current") - pl.col("previous"))
        .select(columns_of(COMPARED))
        .sort("carrier", "ban", "bill_date", "invoice_no", "document_id", "charge_class")
    )


def bill_jumped(
    documents: pl.DataFrame, totals: pl.DataFrame, contracts: list[Contract]
) -> pl.DataFrame:
    """Return a finding for every charge class of a bill that moved more than the contract allows.

    `documents` are those loaded and held with contract, `totals` as in `compare`. A move counts
    when it is above `jump_limit` times the last bill's charges of the class and not below
    `jump_minimum`; without a limit nothing is checked. Nothing is said of a first bill, nor of one
    whose predecessor is held or missing.
    """
    limits = settings(contracts).select("contract", "jump_limit", "jump_minimum")
    bills = _with_previous(documents).filter("follows")
    where = bills.select("document_id", "contract", "source_file", "source_row")
    moved, allowed = cents(pl.col("difference")).abs(), cents(pl.col("previous")).abs()
    jumped = (
        compare(documents, totals)
        .join(where, on="document_id")
        .join(limits.filter(pl.col("jump_limit").is_not_null()), on="contract")
        .filter(
            moved * 1_000_000 > micros(pl.col("jump_limit")) * allowed,
            moved >= cents(pl.col("jump_minimum")),
        )
    )
    limit = pl.col("jump_limit").cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    return _findings(
        jumped,
        "bill_jumped",
        cause=pl.col("charge_class"),
        billed=pl.col("current"),
        expected=pl.col("previous"),
        message=filled(
            "{} charges went from {} on {} to {}, by more than {} of them",
            "charge_class",
            "previous",
            "previous_bill_date",
            "current",
            limit,
        ),
    )


def _accounts(
    sent: pl.DataFrame, services: pl.DataFrame, contracts: list[Contract]
) -> pl.DataFrame:
    """Return every account we know: [carrier, ban, first_billed, bill_day, named]."""
    names = [(c.carrier, a.ban) for c in contracts for a in c.accounts if "*" not in a.ban]
    named = pl.DataFrame(names, schema=dict.fromkeys(ACCOUNT, pl.String), orient="row").unique()
    billed = sent.group_by(ACCOUNT).agg(
        first_billed=pl.col("month").min(),
        bill_day=pl.col("bill_date").dt.day().max().cast(pl.Int64),
    )
    known = pl.concat([frame.select(ACCOUNT) for frame in (named, billed, services)])
    return (
        known.drop_nulls()
        .unique()
        .join(billed, on=ACCOUNT, how="left")
        .join(named.with_columns(named=True), on=ACCOUNT, how="left")
        .with_columns(pl.col("bill_day").fill_null(_LAST_DAY), pl.col("named").fill_null(False))
    )


def _with_activity(months: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Return the months with what speaks for a bill: billed_before, active and ended.

    A service has ended with an account while it is away, though it will come back.
    """
    stay = pl.col("home_from").fill_null(dt.date.min)
    inventory = services.select(
        *ACCOUNT,
        "installed_on",
        "disconnected_on",
        comes_back=stay > stay.min().over("service", *ACCOUNT),
    )
    until, since = pl.col("disconnected_on"), pl.col("installed_on").fill_null(pl.col("month"))
    active = (since <= pl.col("month")) & (until.is_null() | (until > pl.col("day")))
    ended = (until <= pl.col("month")) | (pl.col("comes_back") & (since > pl.col("day")))
    activity = (
        months.select(*ACCOUNT, "month", "day")
        .join(inventory, on=ACCOUNT)
        .group_by(*ACCOUNT, "month")
        .agg(active=active.any(), ended=ended.fill_null(False).all())
    )
    return months.join(activity, on=[*ACCOUNT, "month"], how="left").with_columns(
        pl.col("active", "ended").fill_null(False),
        billed_before=(pl.col("first_billed") < pl.col("month")).fill_null(False),
    )


def _with_previous(documents: pl.DataFrame) -> pl.DataFrame:
    """Return the documents with the bill before and whether the two can be compared.

    The record is `unbroken` where the bill before is one of the same month or of the month before;
    a bill `follows` when both are loaded besides.
    """
    earlier = documents.select(
        pl.col("document_id").alias("previous_id"),
        pl.col("status").alias("previous_status"),
        pl.col("bill_date").alias("previous_bill_date"),
        pl.col("total_due").alias("previous_total"),
    )
    month = pl.col("bill_date").dt.month_start()
    next_month = add_months(pl.col("previous_bill_date").dt.month_start(), 1)
    unbroken = (month <= next_month).fill_null(False)
    loaded = (pl.col("status") == "loaded") & (pl.col("previous_status") == "loaded")
    return (
        documents.join(previous_bills(documents), on="document_id", how="left")
        .join(earlier, on="previous_id", how="left")
        .with_columns(unbroken=unbroken, follows=(unbroken & loaded).fill_null(False))
    )


def _payments(bills: pl.DataFrame, debits: pl.DataFrame, actual: pl.DataFrame) -> pl.DataFrame:
    """Return the bills whose payments our record can judge, with `pulled`, negative as printed.

    It cannot where a pull since the last bill is not sure: that of a held document, or of the first
    of the unbroken record with a balance open from before. Nor where a pull of that record has no
    day or no contract, or the bill before it, a month earlier, would have been pulled since.
    """
    run = [*ACCOUNT, "run"]
    day = debits.select("document_id", "debit_on", sure=pl.col("contract").is_not_null())
    return (
        bills.drop("debit_on", strict=False)
        .join(day, on="document_id", how="left")
        .sort(*ACCOUNT, "bill_date", "document_id")
        .with_columns(run=(~pl.col("unbroken")).cum_sum().over(ACCOUNT))
        .with_columns(
            first_pull=pl.col("debit_on").first().over(run),
            complete=(pl.col("sure") & pl.col("debit_on").is_not_null()).all().over(run),
        )
        .join(_pulled_between(bills, debits, actual), on="document_id", how="left")
        .filter(
            "follows",
            "complete",
            add_months(pl.col("first_pull"), -1) <= pl.col("previous_bill_date"),
            ~pl.col("unsure").fill_null(False),
        )
        .with_columns(pulled=pl.col("pulled").fill_null(0).cast(CENTS))
    )


def _pulled_between(
    bills: pl.DataFrame, debits: pl.DataFrame, actual: pl.DataFrame
) -> pl.DataFrame:
    """Return what settled after the bill before and up to each bill: [document_id, pulled, unsure].

    A pull counts for the first bill that is dated after it settles::

        bill_date  previous_bill_date      pulls of the account      pulled
        06-10      05-10                   80.00 on 05-25            -80.00
                                           90.00 on 06-25        ->  (the next bill's)
    """
    still_open = pl.col("previous_balance") + pl.col("payments").fill_null(0) > 0
    opening = bills.filter(~pl.col("unbroken"), still_open).get_column("document_id")
    pulls = debits.join(actual, on="document_id", how="left").with_columns(
        spoken=pl.col("settled_on").is_not_null()
    )
    known = pulls.with_columns(
        debit_on=pl.coalesce("settled_on", "debit_on"), amount=pl.coalesce("amount_right", "amount")
    ).filter(pl.col("spoken") | (pl.col("status") != "returned"), pl.col("debit_on").is_not_null())
    settled = known.select(
        *ACCOUNT,
        # No bill shows its own pull, however early it settles.
        settled_on=pl.max_horizontal("debit_on", add_days(pl.col("bill_date"), 1)),
        amount="amount",
        unsure=((pl.col("status") == "held") & ~pl.col("spoken")) | among("document_id", opening),
    )
    # Bills of a day share what was pulled before it: of one account there may be thousands.
    days = bills.select(*ACCOUNT, "bill_date", "previous_bill_date").unique().sort("bill_date")
    sums = (
        settled.sort("settled_on")
        .join_asof(
            days.filter(pl.col("bill_date").is_not_null()),
            left_on="settled_on",
            right_on="bill_date",
            by=list(ACCOUNT),
            strategy="forward",
            coalesce=False,
            check_sortedness=False,
        )
        .filter(pl.col("settled_on") > pl.col("previous_bill_date"))
        .group_by(*ACCOUNT, "bill_date")
        .agg((-pl.col("amount").sum()).alias("pulled"), pl.col("unsure").any())
    )
    own = bills.select("document_id", *ACCOUNT, "bill_date")
    return own.join(sums, on=[*ACCOUNT, "bill_date"]).select("document_id", "pulled", "unsure")


def _findings(frame: pl.DataFrame, code: str, **columns: pl.Expr) -> pl.DataFrame:
    """Return a finding a row of `frame`, with nothing at stake, sorted by its id.

    Where nothing else is said the id is made of the document's, the code and the cause.
    """
    if "finding_id" not in columns:
        name = filled(f"{{}}:{code}:{{}}", "document_id", columns["cause"])
        columns["finding_id"] = name
    made = frame.with_columns(
        code=pl.lit(code),
        severity=pl.lit(BY_NAME[code].severity),
        remedy=pl.lit(BY_NAME[code].remedy),
        amount_at_stake=ZERO_CENTS,
        **columns,
    )
    return made.pipe(seal, FINDINGS).sort("finding_id")
