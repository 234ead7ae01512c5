"""The debits of a day: proposed, or kept on record with the file that the bank gets.

The file is kept as it was made, so that it can be written again; what it debits is never debited
again. Whoever is killed before the record is kept has done nothing; whoever is killed after it
finds the file waiting to be written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from invoices.bank.nacha_fields import is_routing
from invoices.bank.nacha_out import Originator, plain, written
from invoices.calendar import add_banking_days, roll
from invoices.money import ZERO_CENTS
from invoices.schema import CENTS
from rebill import __version__
from rebill.receivables.balances import items
from rebill.receivables.collect import Day, decide
from rebill.receivables.debits import HIDDEN, sent
from rebill.receivables.payments import TOLD, received
from rebill.reference import current
from rebill.store import finish_run, insert_frame, next_numbers, read_table, start_run, transaction
from rebill.store.engine import alone, fence
from rebill.store.models_selling import CustomerDebit, DebitFile
from rebill.store.record import Record, changing
from rebill.workspace.sections import Debits
from rebill.workspace.settings import ConfigError, Failure, Workspace

PRENOTE_DAYS = 3
"""Banking days a prenote has to come back before the first debit is made."""
MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""What tells the files of one day apart."""
WAITING = "receivables.debit_files"
"""The fact that names the files that are kept and not yet written."""
LAST_NUMBER = 10**7 - 1
"""A trace ends with seven digits of our own."""


@dataclass(frozen=True)
class Proposal:
    """What would be debited, and what is left out and why."""

    settles_on: dt.date
    entries: pl.DataFrame
    """`rebill.receivables.collect.ENTRIES`."""
    left_out: pl.DataFrame


def propose(record: Record, as_of: dt.date, customer: str | None = None) -> Proposal:
    """Return what would be debited on a day: all that is due by the day it settles, or of one."""
    settings = record.workspace.settings
    rules, closings = settings.debits, settings.closings
    ahead = add_banking_days(as_of, rules.banking_days_ahead, closings)
    settles_on = roll(ahead, "next", closings)  # the day itself may be none of the banks
    proven = add_banking_days(roll(as_of, "previous", closings), -PRENOTE_DAYS, closings)
    day = Day(as_of, settles_on, proven, rules.days_after_due, rules.prenote)
    table = current.current_frame(record.workspace, record.connection, "customers")
    known = table.with_columns(pl.coalesce("name", "customer").alias("name")).collect()
    if customer is not None:
        known = known.filter(customer=customer)
    entries, left = decide(_owed(record, as_of, settles_on), known, sent(record), day)
    return Proposal(settles_on, entries, left)


def _owed(record: Record, as_of: dt.date, settles_on: dt.date) -> pl.DataFrame:
    """Return what is open on a day (`ITEMS`), and as `owed` what is so still when it settles.

    Debits on their way, and payments that are known to come by then, pay what they will pay: also
    where an invoice was taken back since, and another stands in its place.
    """
    on, payments = pl.col("paid_on"), received(record)
    known = (pl.col("kind") != TOLD) | (on <= settles_on)
    early = pl.when(known).then(pl.min_horizontal(on, pl.lit(as_of))).otherwise(on)
    then = items(record, as_of, payments.with_columns(paid_on=early)).drop_nulls("invoice_no")
    owed = then.select("invoice_no", owed="open")
    now = items(record, as_of).join(owed, on="invoice_no", how="left")
    return now.with_columns(pl.col("owed").fill_null(ZERO_CENTS))


def listed(entries: pl.DataFrame) -> pl.DataFrame:
    """Return entries as they are shown: accounts by their last digits, classes in capitals."""
    kind = (
        pl.when(pl.col("invoice_no").is_null()).then(pl.lit("prenote")).otherwise(pl.lit("debit"))
    )
    return entries.select(
        "customer",
        "name",
        kind.alias("kind"),
        "invoice_no",
        "due_date",
        "amount",
        "sec",
        account=HIDDEN + pl.col("account").str.tail(4),
    )


def originator(rules: Debits) -> Originator:
    """Return who debits, as the settings say. Raises ConfigError naming what they lack."""
    needed = ("bank_routing", "bank_name", "company_name", "company_id")
    lacks = [name for name in needed if not getattr(rules, name).strip()]
    if lacks:
        raise ConfigError(f"[debits] of rebill.toml lacks {', '.join(lacks)}: the bank says them")
    number = pl.lit(rules.bank_routing)
    if not pl.select(is_routing(number) & number.str.contains("[1-9]")).item():
        raise ConfigError(f"[debits] bank_routing {rules.bank_routing!r} is no routing number")
    return Originator(
        destination=rules.bank_routing,
        destination_name=rules.bank_name,
        origin=rules.origin or rules.company_id,
        origin_name=rules.company_name,
        company_name=rules.company_name,
        company_id=rules.company_id,
        description=rules.description,
    )


def keep(
    workspace: Workspace, as_of: dt.date, now: Callable[[], str], customer: str | None = None
) -> tuple[Proposal, str | None]:
    """Leave the debits of a day on record, and return them and the name of their file.

    Without anything to debit nothing is kept, and there is no file.
    """
    with changing(workspace) as record:
        by = originator(workspace.settings.debits)
        found = propose(record, as_of, customer)
        if found.entries.is_empty():
            return found, None
        connection = record.connection
        load = current.load_version(connection) or None
        run_id = start_run(
            *(connection, "receivables debit", as_of, __version__, now(), load),
            hand=workspace.hand,
        )
        name, total = _kept(record, by, found, as_of, run_id)
        counts = {"customer debits": found.entries.height}
        finish_run(connection, run_id, "done", counts, {"debited": total}, now())
        record.say(WAITING, ",".join([*waiting(record), name]))
        return found, name


def waiting(record: Record) -> list[str]:
    """Return the names of files that are kept and not yet written, the oldest first."""
    return [name for name in (record.fact(WAITING) or "").split(",") if name]


def hand_over(
    workspace: Workspace, leave: Callable[[str, str], None], only: str | None = None
) -> list[str]:
    """Let `leave` write each file that waits, or one, by name and content; return their names.

    Killed in between, the next one writes them all again: the same bytes.
    """
    with alone(workspace), transaction(workspace) as connection:
        fence(connection)
        record = Record(workspace, connection)
        there = waiting(record)
        names = [name for name in there if only in (None, name)]
        for name in names:
            leave(name, content(record, name))
        if names:
            record.say(WAITING, ",".join(name for name in there if name not in names))
    return names


def _kept(
    record: Record, by: Originator, found: Proposal, as_of: dt.date, run_id: int
) -> tuple[str, object]:
    """Leave a file and its entries on record; return its name and what it comes to."""
    connection = record.connection
    before = read_table(connection, DebitFile, DebitFile.made_on == as_of)
    if before.height == len(MODIFIERS):
        raise Failure(f"{before.height} files of debits were made on {as_of}: a day has no more")
    modifier = MODIFIERS[before.height]
    name = f"{as_of}-{modifier}"
    numbers = next_numbers(connection, "customer debits", found.entries.height)
    if numbers[-1] > LAST_NUMBER:
        raise Failure("the numbers of debits are used up: a trace has seven digits of its own")
    own = [f"{by.odfi}{number:07d}" for number in numbers]
    rows = found.entries.with_columns(
        trace=pl.Series(own, dtype=pl.String),
        individual_id=short_id(pl.coalesce("invoice_no", "customer")),
        individual_name=_called(),
    )
    try:
        content = written(by, rows, as_of, found.settles_on, modifier)
    except ValueError as fault:
        raise Failure(f"no file is made: {fault}; name customers with --customer") from fault
    total = rows["amount"].sum()
    file_id = connection.execute(
        sa.insert(DebitFile)
        .values(
            name=name,
            made_on=as_of,
            settles_on=found.settles_on,
            entries=rows.height,
            amount=total,
            content=content,
            run_id=run_id,
        )
        .returning(DebitFile.id)
    ).scalar_one()
    kept = rows.select(
        *("trace", "customer", "invoice_no", "amount", "mark"),
        file_id=pl.lit(file_id, dtype=pl.Int64),
        settles_on=pl.lit(found.settles_on),
        last_digits=pl.col("account").str.tail(4),
    )
    insert_frame(connection, CustomerDebit, kept.with_columns(pl.col("amount").cast(CENTS)))
    return name, total


def short_id(text: pl.Expr) -> pl.Expr:
    """Return a number in the fifteen characters an entry has for it: without signs, its end."""
    bare = plain(text).str.replace_all("[^A-Z0-9]", "")
    return pl.when(text.str.len_chars() <= 15).then(plain(text)).otherwise(bare.str.tail(15))


def _called() -> pl.Expr:
    """Return the name of a customer in letters a bank takes, else its id, else a word."""
    names = (plain(pl.col(name)) for name in ("name", "customer"))
    letters = r"[A-Z0-9]"
    told = (pl.when(name.str.contains(letters)).then(name) for name in names)
    return pl.coalesce(*told, pl.lit("CUSTOMER"))


def content(record: Record, name: str) -> str:
    """Return a file as it was made. Raises ConfigError where there is none of that name."""
    files = read_table(record.connection, DebitFile)
    own = files.filter(name=name)
    if own.is_empty():
        known = ", ".join(files["name"].to_list()[-10:]) or "none yet"
        raise ConfigError(f"there is no file of debits {name}; there are: {known}")
    return str(own["content"].item())
