"""Carrier bills are approved by a person before the carrier pulls them.

The pull comes all the same: what an approval says is that somebody looked at the bill, and at how
much of it. `[approval] bills_over` names the amount from which on that is asked for; `names` whose
logins count, as with claims.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, among, columns_of
from rebill import __version__
from rebill.run.acts import Act
from rebill.store import finish_run, read_table, start_run
from rebill.store.decisions import decide, decisions
from rebill.store.models import Run
from rebill.store.record import Record, changing
from rebill.store.table_out import Asked
from rebill.workspace.settings import ConfigError, Workspace
from reconcile.pulls.approved import APPROVALS, ASKED, JUDGED, judged

ACT = "approve_bill"
BILL_APPROVALS = pl.Schema(
    {
        "document_id": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "bill_date": pl.Date(),
        "debit_on": pl.Date(),
        "amount": CENTS,  # of the pull
        "at_stake": CENTS,  # what findings of the bill put at stake; null = not audited yet
        "status": pl.String(),  # of the pull
        **JUDGED,
    }
)


def bill_approvals(asked: Asked, day: dt.date) -> pl.DataFrame:
    """Return the pulls of bills of the months with how far their approval is (`BILL_APPROVALS`)."""
    return _judged(asked, asked.of_bills(asked.record.debits()).collect(), day)


def _judged(asked: Asked, debits: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Return pulls with what is at stake of their bills and how far their approval is."""
    record = asked.record
    stakes = (
        record.findings(asked.months)
        .join(debits.lazy().select("document_id"), on="document_id", how="semi")
        .group_by("document_id")
        .agg(at_stake=pl.col("amount_at_stake").sum().cast(CENTS))
        .collect()
    )
    over = record.workspace.settings.approval.bills_over
    audited = record.documents().filter(pl.col("audited_load").is_not_null())["document_id"]
    known = debits.join(stakes, on="document_id", how="left", maintain_order="left").with_columns(
        at_stake=pl.when(among("document_id", audited)).then(
            pl.col("at_stake").fill_null(ZERO_CENTS)
        )
    )
    found = judged(known, _approvals(record), over, day)
    return found.select(columns_of(BILL_APPROVALS))


def asked_for(record: Record, day: dt.date) -> pl.DataFrame:
    """Return the bills (`BILL_APPROVALS`) somebody has to look at before they are pulled, by day.

    Nothing where the settings name no amount. A held bill's day may be unknown: it comes last.
    """
    if record.workspace.settings.approval.bills_over is None:
        return BILL_APPROVALS.to_frame()
    coming = pl.col("debit_on").is_null() | (pl.col("debit_on") >= day)
    waiting = _judged(Asked(record), record.debits().filter(coming), day)
    return waiting.filter(pl.col("state").is_in(ASKED)).sort(
        "debit_on", "amount", "document_id", nulls_last=True
    )


def approve_bills(
    workspace: Workspace, document_ids: Sequence[str], act: Act, now: Callable[[], str]
) -> pl.DataFrame:
    """Record that a person has looked at bills and at what is pulled for them; return the bills.

    All, or none: raises ConfigError naming every id that no bill with a pull has. What is on record
    already, as the last word on a bill, is not said again.
    """
    with changing(workspace) as record:
        bills = _pulled(record, document_ids)
        new = bills.join(_said(record, act), on=["document_id", "amount"], how="anti")
        if new.is_empty():
            return bills.select(SHOWN)
        run_id = start_run(
            record.connection, "bills approve", act.on, __version__, now(), hand=workspace.hand
        )
        words = {"decided_on": act.on, "who": act.who, "act": ACT, "reason": act.reason}
        rows = new.select(
            *(pl.lit(value).alias(name) for name, value in words.items()),
            "carrier",
            "amount",
            subject="document_id",
            run_id=pl.lit(run_id),
        )
        decide(record, rows)
        finish_run(record.connection, run_id, "done", {"approved": new.height}, {}, now())
    return bills.select(SHOWN)


SHOWN = ("document_id", "carrier", "ban", "invoice_no", "debit_on", "amount")
"""What is told of a bill that was approved."""


def _pulled(record: Record, document_ids: Sequence[str]) -> pl.DataFrame:
    """Return the pulls of documents; raises ConfigError naming every one that has none."""
    debits = record.debits().filter(pl.col("document_id").is_in(list(document_ids)))
    faults = [
        f"no bill that is pulled has the id {number}; `rebill bills list` lists them"
        for number in dict.fromkeys(document_ids)
        if number not in debits["document_id"]
    ]
    nothing = debits.filter(pl.col("amount") <= 0)["document_id"]
    faults += [f"nothing is pulled for bill {number}" for number in nothing]
    if faults:
        raise ConfigError("; ".join(faults))
    return debits


def _said(record: Record, act: Act) -> pl.DataFrame:
    """Return the bills of which the last approval is just this one, by this login, with its
    amount."""
    last = _given(record).group_by("document_id", maintain_order=True).last()
    return last.filter(
        pl.col("decided_on") == act.on,
        pl.col("who") == act.who,
        pl.col("reason") == act.reason,
        pl.col("login").eq_missing(pl.lit(record.workspace.hand.who, dtype=pl.String)),
    ).select("document_id", "amount")


def _approvals(record: Record) -> pl.DataFrame:
    """Return the approvals of bills (`APPROVALS`) that count, in the order they were given."""
    given = _given(record)
    names = [name.strip().casefold() for name in record.workspace.settings.approval.names]
    if names:
        given = given.filter(pl.col("login").str.to_lowercase().is_in(names))
    return given.select(columns_of(APPROVALS))


def _given(record: Record) -> pl.DataFrame:
    """Return every approval of bills, with the login it came from, in the order they were given."""
    given = decisions(record).filter(pl.col("act") == ACT).rename({"subject": "document_id"})
    runs = read_table(record.connection, Run).select("id", login="who")
    return given.join(runs, left_on="run_id", right_on="id", how="left", maintain_order="left")
