"""What waits for a person, the most urgent first: asked once, for the night, its digest and status.

Each kind of work is a function of `ORDER`; the order is the precedence in which it is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import polars as pl

from invoices.calendar import add_banking_days
from rebill.books.month_sold import Sold, last_sold
from rebill.cash.bill_approvals import asked_for
from rebill.disputes.approval import to_approve
from rebill.outbox.digest import Digest
from rebill.outbox.gathered_digest import read_digest
from rebill.outbox.lacking import words as lacking_words
from rebill.store.models import Claim
from rebill.store.record import Record
from reconcile.window import closed_before


@dataclass(frozen=True)
class ToDo:
    """One kind of work that waits: how much of it, how much money, by when, and what does it."""

    what: str
    """The word for it in JSON and in the log."""
    needs_a_person: bool
    """Whether a night, and `rebill status`, end with exit 1 because of it."""
    count: int
    amount: Decimal | None
    """Dollars it is about; null = not known."""
    by: dt.date | None
    """The first day on which something of it is due; null = no day."""
    words: str
    do: str
    """The command that does something about it."""


@dataclass(frozen=True)
class Morning:
    """What is known on a day: the digest as of it, and the claims that nobody filed yet."""

    record: Record
    as_of: dt.date | None

    @cached_property
    def digest(self) -> Digest:
        """What the digest of that day says."""
        return read_digest(self.record, self.as_of)

    @cached_property
    def unfiled(self) -> pl.DataFrame:
        """Claims that are ready and in time, the first to close first."""
        ready = self.record.claims(Claim.status == "ready")
        if self.as_of is not None:
            ready = ready.filter(~closed_before(self.as_of))
        return ready.sort("file_by", "claim_no", nulls_last=True)


@dataclass(frozen=True)
class Desk:
    """What people find after a run: asked once, for the digest and for who gave the command."""

    as_of: dt.date | None
    digest: Digest
    work: list[ToDo]
    """What waits for a person."""
    sold: Sold | None
    """What the last bill month with customer invoices brings."""


def desk(record: Record) -> Desk:
    """Return what people find as of the last night."""
    morning = Morning(record, record.last_as_of())
    return Desk(morning.as_of, morning.digest, to_do(morning), last_sold(record))


def to_do(morning: Morning) -> list[ToDo]:
    """Return what waits for a person, in `ORDER`."""
    return [work for kind in ORDER if (work := kind(morning)) is not None]


def needs_a_person(work: Sequence[ToDo]) -> dict[str, int]:
    """Return how much of each kind there is for which exit 1 is due."""
    return {one.what: one.count for one in work if one.needs_a_person}


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number and its noun: `1 bill`, `2,000 bills`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _dollars(amounts: pl.Series) -> Decimal | None:
    """Return the sum of amounts; null where there is none."""
    total = amounts.drop_nulls().cast(pl.Decimal(38, 2)).sum()
    return total if isinstance(total, Decimal) and total else None


def _first(days: pl.Series) -> dt.date | None:
    first = days.min()
    return first if isinstance(first, dt.date) else None


def _names(names: pl.Series, most: int = 1) -> str:
    """Return the first names and how many more there are."""
    known = names.drop_nulls().to_list()
    more = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(map(str, known[:most])) + more


def _of(amount: Decimal | None, by: dt.date | None = None) -> str:
    """Return by when the first of it is to be done, and how much money it is, where it is known."""
    first = f", the first by {by}" if by else ""
    return first + (f", ${amount:,.2f}" if amount else "")


def _returns(morning: Morning) -> ToDo | None:
    """Return the debits nobody authorised that may still be sent back."""
    rows = morning.digest.returns
    if rows.is_empty():
        return None
    by, amount = _first(rows["send_by"]), _dollars(rows["amount"])
    words = f"{counted(rows.height, 'debit')} to send back{_of(amount, by)}"
    return ToDo("debits_to_return", True, rows.height, amount, by, words, "rebill cash events")


def _deadlines(morning: Morning) -> ToDo | None:
    """Return the claims whose last day to file lies within the warning time."""
    rows = morning.digest.deadlines
    if rows.is_empty():
        return None
    by, amount = _first(rows["file_by"]), _dollars(rows["amount"])
    words = f"{counted(rows.height, 'claim')} to file{_of(amount, by)}"
    do = f"rebill disputes submit {rows['claim_no'][0]} --on DATE"
    return ToDo("deadlines", True, rows.height, amount, by, words, do)


def _bills(morning: Morning) -> ToDo | None:
    """Return the bills to be approved whose pull lies within the warning time, or has no day."""
    record, day = morning.record, morning.as_of
    if day is None:
        return None
    settings = record.workspace.settings
    last = add_banking_days(day, settings.warnings.deadline_days, settings.closings)
    rows = asked_for(record, day).filter(~(pl.col("debit_on") > last).fill_null(False))
    if rows.is_empty():
        return None
    by, amount = _first(rows["debit_on"]), _dollars(rows["amount"])
    words = f"{counted(rows.height, 'bill')} to approve before the pull{_of(amount, by)}"
    return ToDo(
        "bills_to_approve", True, rows.height, amount, by, words, "rebill bills list --waiting"
    )


def _held(morning: Morning) -> ToDo | None:
    """Return the documents that are held: they count for nothing, and are pulled all the same."""
    rows = morning.digest.held.filter(pl.col("status") == "held")
    if rows.is_empty():
        return None
    amount = _dollars(rows["total_due"])
    bill = pl.concat_str("carrier", "invoice_no", separator=" ", ignore_nulls=True)
    known = pl.when(bill == "").then("source_file").otherwise(bill)
    name = _names(rows.select(known).to_series())
    words = f"{counted(rows.height, 'bill')} held{_of(amount)}: {name}"
    do = f"rebill documents accept {rows['document_id'][0]} --reason TEXT"
    return ToDo("held", True, rows.height, amount, None, words, do)


def _lacking(morning: Morning) -> ToDo | None:
    """Return the invoices whose papers could not be made."""
    rows = morning.digest.lacking
    if rows.is_empty():
        return None
    count = int(rows["count"].sum())
    words = lacking_words(rows.row(0, named=True))
    do = "rebill invoices render --bill-month " + rows["bill_months"][0].split(", ")[0]
    return ToDo("invoices_without_papers", True, count, None, None, words, do)


def _letters(morning: Morning) -> ToDo | None:
    """Return the claims whose letter could not be written: their packets are there."""
    rows = morning.digest.letters
    if rows.is_empty():
        return None
    count = int(rows["count"].sum())
    words = f"{counted(count, 'claim')} without a letter: {rows['message'][0]}"
    return ToDo("letters", False, count, None, None, words, "rebill nightly --as-of DATE")


def _unapproved(morning: Morning) -> ToDo | None:
    """Return the claims that a second person has to approve before they can be filed."""
    rows = to_approve(morning.record, morning.unfiled)
    if rows.is_empty():
        return None
    amount, by = _dollars(rows["amount"]), _first(rows["file_by"])
    words = f"{counted(rows.height, 'claim')} to approve{_of(amount)}"
    do = f"rebill disputes approve {rows['claim_no'][0]} --reason TEXT"
    return ToDo("to_approve", False, rows.height, amount, by, words, do)


def _ready(morning: Morning) -> ToDo | None:
    """Return the claims that are ready to file, also those whose last day is far."""
    rows = morning.unfiled
    if rows.is_empty():
        return None
    amount, by = _dollars(rows["amount"]), _first(rows["file_by"])
    words = f"{counted(rows.height, 'claim')} ready to file{_of(amount, by)}"
    return ToDo(
        "ready", False, rows.height, amount, by, words, "rebill disputes list --status ready"
    )


def _drafts(morning: Morning) -> ToDo | None:
    """Return the customer invoices that wait until a person has looked at them."""
    rows = morning.digest.drafts
    if rows.is_empty():
        return None
    amount = _dollars(rows["amount"])
    words = f"{counted(rows.height, 'customer invoice')} held{_of(amount)}: "
    do = f"rebill invoices release {rows['invoice_no'][0]} --reason TEXT"
    return ToDo("drafts", False, rows.height, amount, None, words + _names(rows["invoice_no"]), do)


def _refused(morning: Morning) -> ToDo | None:
    """Return the files that no profile reads: told once, by the night that took them in."""
    new = morning.digest.held.filter(pl.col("status") == "refused")
    both = (new, morning.digest.refused)
    rows = pl.concat([frame.select("document_id", "source_file") for frame in both])
    if rows.is_empty():
        return None
    words = f"{counted(rows.height, 'file')} refused: {_names(rows['source_file'])}"
    do = f"rebill documents void {rows['document_id'][0]} --reason TEXT"
    return ToDo("refused", False, rows.height, None, None, words, do)


def _banks(morning: Morning) -> ToDo | None:
    """Return the bank files that the night refused: the right one takes the place of each."""
    rows = morning.digest.came.filter(pl.col("became").str.starts_with(NOT_BOOKED))
    if rows.is_empty():
        return None
    why = rows["became"][0].removeprefix(NOT_BOOKED)
    words = f"{counted(rows.height, 'bank file')} refused: {rows['name'][0]}: {why}"
    do = "rebill cash import FILE"
    return ToDo("bank_files_refused", False, rows.height, None, None, words, do)


NOT_BOOKED = "refused: "
"""How what became of a bank file begins that was not booked."""
ORDER: tuple[Callable[[Morning], ToDo | None], ...] = (
    _returns,
    _deadlines,
    _bills,
    _held,
    _lacking,
    _letters,
    _unapproved,
    _ready,
    _drafts,
    _refused,
    _banks,
)
"""What is told first stands first."""
