"""Reminders: which customer gets which letter on a day, kept so that none is ever sent twice.

The steps of `[dunning]` follow each other for each invoice: the first when it is so many days past
due, each later one not before the days between the two have passed since the one before. What was
sent is on record with what was open then, and a letter is made from that alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from invoices.periods import days_between
from invoices.schema import CENTS, among, columns_of
from rebill import __version__
from rebill.receivables.balances import items, named
from rebill.receivables.debits import sent
from rebill.receivables.letters import (
    Paper,
    addressees,
    day_words,
    desk_of,
    dollars,
    short_day,
    write_papers,
)
from rebill.receivables.payments import TOLD, received
from rebill.store import finish_run, insert_frame, next_numbers, read_table, start_run, transaction
from rebill.store.engine import alone, fence
from rebill.store.frames import one_of, table_of
from rebill.store.models_selling import Reminder
from rebill.store.record import Record, failures_noted
from rebill.workspace.sections import DunningStep
from rebill.workspace.settings import ConfigError, Workspace
from rebill.workspace.write import safe_name

DUE = pl.Schema(
    {
        "customer": pl.String(),
        "name": pl.String(),
        "letter": pl.String(),
        "invoice_no": pl.String(),
        "due_date": pl.Date(),
        "days": pl.Int64(),  # past due
        "open": CENTS,
    }
)
STEPS = pl.Schema(
    {
        "place": pl.Int64(),
        "letter": pl.String(),
        "after": pl.Int64(),  # days past due
        "gap": pl.Int64(),  # days since the letter before
        "minimum": CENTS,  # that a letter must come to
    }
)
REMINDERS = pl.Schema(
    {
        "number": pl.String(),  # of the letter
        "letter": pl.String(),
        "customer": pl.String(),
        "invoice_no": pl.String(),
        "sent_on": pl.Date(),
        "who": pl.String(),
        "due_date": pl.Date(),
        "open": CENTS,  # then
    }
)
UNSEEN = "no payment but debits of others is on record: load customer_payments first"
WAITING = "receivables.unwritten"
"""The fact that names the letters that are kept and not yet written."""
FIRST = (
    "Our records show that the amounts below are past due. If your payment is on its way, please"
    " accept our thanks and disregard this letter."
)
LATER = (
    "The amounts below are still unpaid, although we wrote to you about them before. Please pay"
    " them now, or call us if there is a reason why you do not."
)


def steps_of(workspace: Workspace) -> tuple[DunningStep, ...]:
    """Return the steps of the settings. Raises ConfigError where there are none."""
    steps = workspace.settings.dunning.step
    if not steps:
        raise ConfigError(
            "no reminder is set: add [[dunning.step]] with letter and days to rebill.toml"
        )
    return steps


def _steps(steps: Sequence[DunningStep]) -> pl.DataFrame:
    before = (0, *(step.days for step in steps))
    rows = [
        (place, step.letter, step.days, step.days - before[place], step.minimum)
        for place, step in enumerate(steps)
    ]
    return pl.DataFrame(rows, schema=STEPS, orient="row")


def due(record: Record, as_of: dt.date, customer: str | None = None) -> pl.DataFrame:
    """Return which invoices are to be reminded of on a day, and by which letter (`DUE`).

    One whose debit is on its way is not.
    """
    steps = _steps(record.workspace.settings.dunning.step)
    flying = sent(record).filter(
        pl.col("settles_on") > as_of, pl.col("returned_on").is_null(), pl.col("amount") > 0
    )
    late = items(record, as_of).filter(
        pl.col("invoice_no").is_not_null(),
        pl.col("days") > 0,
        ~among("invoice_no", flying["invoice_no"]),
    )
    if customer is not None:
        late = late.filter(customer=customer)
    told = read_table(record.connection, Reminder).join(
        steps.select("letter", "place"), on="letter", how="left"
    )
    last = told.group_by("invoice_no").agg(pl.col("place").max(), last_on=pl.col("sent_on").max())
    since = days_between(pl.col("last_on"), pl.lit(as_of))
    return (
        late.join(last, on="invoice_no", how="left")
        .with_columns(place=pl.col("place").fill_null(-1) + 1)
        .join(steps, on="place")
        .filter(pl.col("days") >= pl.col("after"), (since >= pl.col("gap")).fill_null(True))
        .filter(pl.col("open").sum().over("customer", "letter") >= pl.col("minimum"))
        .pipe(named, record)
        .select(DUE.names())
        .sort("customer", "letter", "due_date", "invoice_no")
    )


def without_lacking(record: Record, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows of customers to whom a letter can go, and of the others why not.

    Where debits are all that is known of payments, nobody can tell what those paid who are not
    debited.
    """
    payments = received(record)
    blind = payments.height and payments.filter(kind=TOLD).is_empty()
    seen = set(payments["customer"]) if blind else set(rows["customer"])
    with desk_of(record) as desk:
        to = addressees(record, rows["customer"], desk)
    why = {
        who: said
        for who in rows["customer"].unique().sort()
        if (said := UNSEEN if who not in seen else to.why_not(who))
    }
    left = pl.Series(list(why), dtype=pl.String)
    return rows.filter(~among("customer", left)), [f"{who}: {said}" for who, said in why.items()]


def keep(
    record: Record, rows: pl.DataFrame, as_of: dt.date, who: str | None, run_id: int
) -> list[str]:
    """Leave letters on record as sent (`DUE`), and return their numbers: they wait to be written.

    Raises ConfigError where no payment is on record at all: every invoice would look unpaid.
    """
    if rows.is_empty():
        return []
    if received(record).is_empty():
        raise ConfigError(
            "no payment of any customer is on record, so that every invoice looks unpaid:"
            " load customer_payments first"
        )
    letters = rows.select("customer", "letter").unique(maintain_order=True)
    given = next_numbers(record.connection, "reminders", letters.height)
    numbers = [f"R-{number:06d}" for number in given]
    steps = record.workspace.settings.dunning.step
    said = [_words(steps, letter) for letter in letters["letter"]]
    kept = rows.join(
        letters.with_columns(
            number=pl.Series(numbers, dtype=pl.String),
            title=pl.Series([title for title, _ in said], dtype=pl.String),
            words=pl.Series([words for _, words in said], dtype=pl.String),
        ),
        on=["customer", "letter"],
    ).select(
        *("invoice_no", "letter", "number", "customer", "due_date", "open", "title", "words"),
        sent_on=pl.lit(as_of),
        who=pl.lit(who, dtype=pl.String),
        run_id=pl.lit(run_id, dtype=pl.Int64),
    )
    insert_frame(record.connection, Reminder, kept)
    record.say(WAITING, ",".join([*waiting(record), *numbers]))
    return numbers


def waiting(record: Record) -> list[str]:
    """Return the numbers of letters that are kept and not yet written."""
    return [number for number in (record.fact(WAITING) or "").split(",") if number]


def write_waiting(record: Record) -> tuple[list[Path], dict[str, str]]:
    """Leave the letters that wait in the outbox; return where, and which wait on and why."""
    numbers = waiting(record)
    if not numbers:
        return [], {}
    paths, lacking = write_letters(record, numbers)
    record.say(WAITING, ",".join(lacking))
    return paths, lacking


def remind(
    workspace: Workspace,
    as_of: dt.date,
    who: str | None,
    now: Callable[[], str],
    customer: str | None = None,
) -> tuple[pl.DataFrame, list[str], list[Path]]:
    """Keep and write the letters that are due on a day, and those that still wait.

    Returns the reminders, of which customers none can be sent and why, and the files. Killed before
    the record is kept nothing was sent; after it, the next run writes what waits.
    """
    steps_of(workspace)
    with alone(workspace):
        with (
            failures_noted(workspace, "receivables remind", as_of, now),
            transaction(workspace) as connection,
        ):
            fence(connection)
            record = Record(workspace, connection)
            rows, lacking = without_lacking(record, due(record, as_of, customer))
            if rows.height:
                run_id = start_run(
                    *(connection, "receivables remind", as_of, __version__, now()),
                    hand=workspace.hand,
                )
                numbers = keep(record, rows, as_of, who, run_id)
                finish_run(connection, run_id, "done", {"reminders": len(numbers)}, {}, now())
        with transaction(workspace) as connection:
            paths, unwritten = write_waiting(Record(workspace, connection))
    return rows, [*lacking, *(f"{number}: {why}" for number, why in unwritten.items())], paths


def write_letters(
    record: Record, numbers: Sequence[str], folder: Path | None = None
) -> tuple[list[Path], dict[str, str]]:
    """Leave letters as they were sent, as page and PDF: to the outbox, or to a folder.

    Returns where, and which could not be written and why. Raises ConfigError for a number there is
    not.
    """
    rows = read_table(record.connection, Reminder, one_of(record.connection, _NUMBER, numbers))
    known = set(rows["number"])
    for number in numbers:
        if number not in known:
            raise ConfigError(f"there is no reminder {number}; `rebill export reminders` has all")
    home = folder or record.workspace.outbox / "reminders"
    papers = {}
    for own in rows.sort("number", "due_date", "invoice_no").partition_by("number"):
        row = own.row(0, named=True)
        place = home if folder else home / str(row["sent_on"])
        usual = _words(record.workspace.settings.dunning.step, row["letter"])
        # A letter of before its words were kept says what the settings say now.
        said = usual if row["words"] is None else (row["title"], row["words"])
        papers[row["number"]] = _paper(own, row, said, place)
    with desk_of(record) as desk:
        to = addressees(record, rows["customer"], desk)
        told = {number: to.why_not(paper.customer) for number, paper in papers.items()}
        able = [paper for number, paper in papers.items() if not told[number]]
        return write_papers(able, to, desk), {n: why for n, why in told.items() if why}


_NUMBER = table_of(Reminder).c.number


def _words(steps: Sequence[DunningStep], letter: str) -> tuple[str, str]:
    """Return the title and the text of a letter, as the settings say or in our own words."""
    for place, step in enumerate(steps):
        if step.letter == letter:
            usual = LATER if place else FIRST
            return step.title or letter.capitalize(), step.text or usual
    return letter.capitalize(), LATER


def _paper(own: pl.DataFrame, row: dict[str, Any], said: tuple[str, str], place: Path) -> Paper:
    """Return a letter; what it says are its title and its text, each line a paragraph."""
    title, words = said
    late = days_between(pl.col("due_date"), pl.col("sent_on"))
    return Paper(
        customer=row["customer"],
        path=place / safe_name(row["number"]),
        title=title,
        facts=[
            ("Date", day_words(row["sent_on"])),
            ("Account", row["customer"]),
            ("Letter", row["number"]),
        ],
        words=[part for part in words.split("\n") if part.strip()],
        heads=("Invoice", "", "Due", "Days late", "Amount"),
        rows=[
            (each["invoice_no"], "", short_day(each["due_date"]), str(days), dollars(each["open"]))
            for each, days in zip(own.to_dicts(), own.select(late).to_series(), strict=True)
        ],
        total=("Please pay", f"${dollars(sum(own['open'], Decimal(0)))}"),
    )


def reminders(record: Record) -> pl.DataFrame:
    """Return every reminder that was sent (`REMINDERS`), by letter and invoice."""
    rows = read_table(record.connection, Reminder).sort("number", "invoice_no")
    return rows.select(columns_of(REMINDERS))
