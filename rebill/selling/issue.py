"""Invoices leave the house: issued, credited, corrected; what is issued never changes.

Issuing copies the lines of a draft to `issued_lines` under its number. From then on only a credit
note, an invoice of its own with every line reversed, can take them back; `lines_held` in
`rebill.store.record` says which lines still stand on an issued invoice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from invoices.money import ZERO_CENTS
from rebill import __version__
from rebill.outbox import deliver, undelivered
from rebill.outbox.invoices import note_changed
from rebill.pricing.customer_lines import CUSTOMER_LINES
from rebill.pricing.invoices import DUE_DAYS
from rebill.reference import current
from rebill.run.acts import Act
from rebill.selling import holds
from rebill.selling.drafts import KEY, keep, numbered, shaped
from rebill.store import (
    finish_run,
    live_bulk,
    models,
    start_run,
    supersede,
    transaction,
    update_rows,
    write_bulk,
)
from rebill.store.engine import DatabaseDown, alone, fence
from rebill.store.frames import MONTH
from rebill.store.record import INVOICED_LINES, MADE_LINES, Record, failures_noted, reading
from rebill.workspace.settings import ConfigError, Failure, Workspace, WorkspaceBusy

Result = TypeVar("Result")

REVERSED = ("cost", "price", "margin", "quantity", "tax_base")
"""What of a line a credit note turns around."""


@dataclass(frozen=True)
class Work:
    """A change of invoices under way: the record it is kept in, its day, its run."""

    record: Record
    on: dt.date
    run_id: int
    load_id: int


def issue(
    workspace: Workspace,
    numbers: Sequence[str],
    on: dt.date,
    now: Callable[[], str],
    month: str | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Issue drafts: those named, or all of the bill month; return them and those that must wait.

    Guards look at them once more; a draft with a `hold` waits. One that takes the place of credited
    invoices is dated, and due, from the day it is issued. Raises ConfigError for a number that is
    no draft's; then nothing is issued.
    """

    def work(at: Work) -> tuple[pl.DataFrame, pl.DataFrame]:
        holds.renew(at.record, _asked(at.record.customer_invoices(), numbers, month), on)
        drafts = _asked(at.record.customer_invoices(), numbers, month)
        ready = drafts.filter(pl.col("hold").is_null())
        _issue(at, ready)
        after = at.record.customer_invoices()
        ready = after.join(ready.select("invoice_no"), on="invoice_no", how="semi")
        return ready, drafts.filter(pl.col("hold").is_not_null())

    return run(workspace, "invoices issue", on, now, work)


def void(
    workspace: Workspace, numbers: Sequence[str], on: dt.date, note: str, now: Callable[[], str]
) -> pl.DataFrame:
    """Take invoices back: a draft becomes void, an issued one gets a credit note; return the rows.

    What stood on them is due again with the next `rebill invoices build`. Raises ConfigError for a
    number there is not, a void one, a credit note, and one that has its credit note; then nothing
    is changed.
    """

    def work(at: Work) -> pl.DataFrame:
        bills = _named(at.record.customer_invoices(), numbers)
        _can_be_voided(bills)
        drafts = bills.filter(pl.col("status") == "draft").with_columns(
            status=pl.lit("void"),
            total=ZERO_CENTS,
            lines=pl.lit(0, dtype=pl.Int64),
            hold=pl.lit(None, dtype=pl.String),
            lacking=pl.lit(None, dtype=pl.String),
            note=pl.lit(note),
        )
        keep(at.record, drafts)
        notes = credit_notes(at, bills.filter(pl.col("status") == "issued"), note)
        return pl.concat([drafts, notes])

    return run(workspace, "invoices void", on, now, work)


def release(
    workspace: Workspace, numbers: Sequence[str], act: Act, now: Callable[[], str]
) -> pl.DataFrame:
    """Let drafts be issued although guards hold them, as long as they find the same; return them.

    What can be released by nobody holds on: what taxes lack, lines of another class than their
    code. Raises ConfigError for a number that is no draft's, and for a draft of which nothing can
    be released; then nothing is.
    """

    def work(at: Work) -> pl.DataFrame:
        drafts = _asked(at.record.customer_invoices(), numbers, None)
        holds.release(at.record, drafts, act, at.run_id)
        holds.renew(at.record, drafts, act.on)
        return _named(at.record.customer_invoices(), numbers)

    return run(workspace, "invoices release", act.on, now, work)


def _asked(bills: pl.DataFrame, numbers: Sequence[str], month: str | None) -> pl.DataFrame:
    """Return the drafts that are named, or all of a month."""
    if not numbers:
        own = pl.lit(True) if month is None else pl.col("bill_month") == month
        return bills.filter(own, pl.col("status") == "draft")
    named = _named(bills, numbers)
    for number, status in named.select("invoice_no", "status").iter_rows():
        if status != "draft":
            raise ConfigError(f"invoice {number} is {status}, not a draft: nothing was done")
    return named


def _named(bills: pl.DataFrame, numbers: Sequence[str]) -> pl.DataFrame:
    known = set(bills["invoice_no"])
    for number in numbers:
        if number not in known:
            raise ConfigError(f"there is no invoice {number}; `rebill invoices list` lists them")
    return bills.filter(pl.col("invoice_no").is_in(list(numbers)))


def _can_be_voided(bills: pl.DataFrame) -> None:
    for bill in bills.iter_rows(named=True):
        number = bill["invoice_no"]
        if bill["status"] == "void":
            raise ConfigError(f"invoice {number} is void already")
        if bill["kind"] == "credit_note":
            raise ConfigError(
                f"{number} is a credit note and stands; build and issue the invoice again instead"
            )
        if bill["corrected_by"]:
            raise ConfigError(f"invoice {number} is credited already, by {bill['corrected_by']}")


def _issue(at: Work, drafts: pl.DataFrame) -> None:
    """Leave the drafts issued, their lines for good."""
    if drafts.is_empty():
        return
    months = drafts["bill_month"].unique().to_list()
    lines = at.record.customer_lines(months).join(
        drafts.lazy().select("invoice_no"), on="invoice_no", how="semi"
    )
    _add_up(drafts, lines)
    keep_lines(at, lines)
    forget_made(at, drafts)
    again = pl.col("corrects").is_not_null()
    terms = current.current_frame(at.record.workspace, at.record.connection, "customers")
    days = terms.select("customer", days=pl.duration(days=pl.col("due_days"))).collect()
    due = at.on + pl.coalesce("days", pl.duration(days=DUE_DAYS))
    dated = drafts.join(days, on="customer", how="left").with_columns(
        bill_date=pl.when(again).then(pl.lit(at.on)).otherwise("bill_date"),
        due_date=pl.when(again).then(due).otherwise("due_date"),
    )
    keep(
        at.record,
        dated.drop("days").with_columns(
            status=pl.lit("issued"),
            issued_on=pl.lit(at.on),
            issued_load=pl.lit(at.load_id, dtype=pl.Int64),
            issued_run=pl.lit(at.run_id, dtype=pl.Int64),
        ),
    )
    _refer(at, drafts.filter(pl.col("corrects").is_not_null()))


def _add_up(drafts: pl.DataFrame, lines: pl.LazyFrame) -> None:
    """Raise `Failure` where a draft does not come to what its lines do: nothing is issued then."""
    sums = lines.group_by("invoice_no").agg(found=pl.col("price").sum(), rows=pl.len()).collect()
    both = drafts.join(sums, on="invoice_no", how="left").with_columns(
        pl.col("found", "rows").fill_null(0)
    )
    off = both.filter((pl.col("total") != pl.col("found")) | (pl.col("lines") != pl.col("rows")))
    for bill in off.sort("invoice_no").head(1).iter_rows(named=True):
        raise Failure(
            f"invoice {bill['invoice_no']} says {bill['total']:,} on {bill['lines']:,} lines, its"
            f" lines come to {bill['found']:,} on {bill['rows']:,}: none of {off.height} such was"
            " issued; `rebill verify` says what else is not as it was, `rebill invoices build`"
            " makes drafts anew"
        )


def _refer(at: Work, new: pl.DataFrame) -> None:
    """Let corrected invoices and their credit notes name the invoice in their place."""
    pairs = new.select(pl.col("corrects").str.split(", "), replaced_by="invoice_no")
    old = pairs.explode("corrects")
    bills = at.record.customer_invoices()
    note = pl.col("kind") == "credit_note"
    named = pl.coalesce(pl.when(note).then("corrects"), "invoice_no").alias("old")
    both = bills.select("invoice_no", named).join(old, left_on="old", right_on="corrects")
    update_rows(
        at.record.connection, models.CustomerInvoice, both.select("invoice_no", "replaced_by")
    )


def keep_lines(at: Work, lines: pl.LazyFrame) -> None:
    """Leave `lines` (`INVOICED_LINES`) as those of issued invoices."""
    write_bulk(
        at.record.workspace,
        at.record.connection,
        "issued_lines",
        lines.select(INVOICED_LINES.names()),
        at.run_id,
        month=pl.col("bill_month"),
    )


def forget_made(at: Work, drafts: pl.DataFrame) -> None:
    """Take the made lines of drafts that were issued away: they are issued lines now."""
    record = at.record
    months = drafts["bill_month"].unique().to_list()
    live = live_bulk(record.connection, MADE_LINES, months=months)
    if live.is_empty():
        return
    rest = (
        record.scan(MADE_LINES, CUSTOMER_LINES, months)
        .join(drafts.lazy().select(KEY), on=KEY, how="anti")
        .collect()
    )
    supersede(record.connection, live["id"].to_list(), at.run_id)
    write_bulk(
        record.workspace,
        record.connection,
        MADE_LINES,
        rest,
        at.run_id,
        month=pl.col("bill_month"),
    )


def credit_notes(at: Work, bills: pl.DataFrame, note: str) -> pl.DataFrame:
    """Issue a credit note over the whole of each issued invoice, and return the notes.

    The note `corrects` the invoice, the invoice is `corrected_by` the note: the two are nothing
    together, line by line.
    """
    if bills.is_empty():
        return bills
    record = at.record
    notes = bills.with_columns(
        invoice_no=pl.lit(None, dtype=pl.String),
        corrects=pl.col("invoice_no"),
        kind=pl.lit("credit_note"),
        bill_date=pl.lit(at.on),
        due_date=pl.lit(at.on),
        total=-pl.col("total"),
        issued_on=pl.lit(at.on),
        issued_load=pl.lit(at.load_id, dtype=pl.Int64),
        issued_run=pl.lit(at.run_id, dtype=pl.Int64),
        note=pl.lit(note),
    ).sort("corrects")
    notes = shaped(numbered(record, notes), bills)
    lines = record.issued_lines(bills["bill_month"].unique().to_list()).join(
        notes.lazy().select("corrects", number="invoice_no"),
        left_on="invoice_no",
        right_on="corrects",
    )
    keep_lines(at, lines.with_columns(-pl.col(*REVERSED), invoice_no=pl.col("number")))
    keep(record, notes)
    update_rows(
        record.connection,
        models.CustomerInvoice,
        notes.select(invoice_no="corrects", corrected_by="invoice_no"),
    )
    return notes


def run(
    workspace: Workspace,
    command: str,
    on: dt.date,
    now: Callable[[], str],
    work: Callable[[Work], Result],
) -> Result:
    """Return what `work` gives, done in one transaction under the workspace's lock, and write the
    papers it touched. Those that cannot be written wait for the next night.

    What is refused may have been done before, by a command that was ended before its papers were
    there: they are written now.
    """
    with alone(workspace):
        try:
            with (
                failures_noted(workspace, command, on, now),
                transaction(workspace) as connection,
            ):
                fence(connection)
                record = Record(workspace, connection)
                load_id = current.load_version(connection)
                run_id = start_run(
                    *(connection, command, on, __version__, now(), load_id or None),
                    hand=workspace.hand,
                )
                before = record.customer_invoices()
                result = work(Work(record, on, run_id, load_id))
                changed = record.customer_invoices().join(
                    before, on=before.columns, how="anti", nulls_equal=True
                )
                waiting = undelivered.months(record)
                left = ",".join(sorted(waiting | {*changed["bill_month"]}))
                record.say(undelivered.MONTHS, left)
                note_changed(record, changed["invoice_no"])
                finish_run(connection, run_id, "done", {"invoices": changed.height}, {}, now())
        except (WorkspaceBusy, DatabaseDown):
            raise
        except ConfigError:
            with reading(workspace) as record:
                waiting = undelivered.months(record)
            if waiting:
                _write_papers(workspace, [], waiting)
            raise
        _write_papers(workspace, changed["invoice_no"], waiting)
    return result


def _write_papers(workspace: Workspace, numbers: Collection[str], months: set[str]) -> None:
    """Write the papers of these invoices, and what waits of the months; or let it wait on."""
    papers = deliver.Delivery([], numbers, months - {deliver.DIGEST})
    try:
        with transaction(workspace) as connection:
            deliver.deliver(Record(workspace, connection), papers)
    except Exception as error:
        undelivered.note(error)


SHOWN = (
    *("invoice_no", "kind", "customer", "bill_month", "bill_date", "due_date", "total", "status"),
    *("corrects", "corrected_by", "replaced_by", "hold"),
)
"""What is listed of an invoice that a command touched."""
LINES_SHOWN = (
    *("line_id", "kind", "service", "usoc", "description", "charge_class", "quantity", "cost"),
    *("price", "method", "rule", "bundle", "tax_base", "tax_rate", "credit_of"),
)


def story(record: Record, number: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return an invoice's own row and its lines. Raises ConfigError where there is no such one."""
    bill = _named(record.customer_invoices(), [number])
    lines = (
        record.customer_lines(bill["bill_month"].to_list())
        .filter(pl.col("invoice_no") == number)
        .collect()
        .sort("service", "charge_class", "line_id", "made_key", nulls_last=True)
    )
    return bill.drop("issued_load", "issued_run", "lacking"), lines.select(LINES_SHOWN)


def open_months(record: Record, months: Sequence[str] | None) -> tuple[str, ...]:
    """Return the bill months to build: those named, or all that are not issued in full.

    A month is issued in full where it has an issued invoice and no draft. Raises ConfigError for a
    named month without an audited document.
    """
    documents = record.documents().filter(
        pl.col("status") == "loaded", pl.col("audited_load").is_not_null()
    )
    known = set(documents.select(MONTH).to_series())
    if months is not None:
        if strange := next((month for month in months if month not in known), None):
            raise ConfigError(f"nothing is on record for {strange}: there is nothing to build")
        return tuple(months)
    bills = record.customer_invoices()
    credited = pl.col("corrected_by").is_not_null() & pl.col("replaced_by").is_null()
    unfinished = bills.filter((pl.col("status") == "draft") | credited)["bill_month"]
    issued = bills.filter(pl.col("status") == "issued")["bill_month"]
    return tuple(sorted(known & {*unfinished, *(known - set(issued))}))
