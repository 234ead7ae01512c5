"""The commands about what the bank says: files in, and what is not in order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli_base import (
    HERE,
    NEEDS_A_PERSON,
    WRONG_USAGE,
    AsOf,
    Json,
    Where,
    a_log,
    cash,
    example,
    now,
    open_place,
)


@cash.command("import", epilog=example("rebill cash import bank/ach-2026-03-20.txt"))
def cash_import(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    as_of: AsOf = None,
    json: Json = False,
    workspace: Where = HERE,
) -> None:
    """Read Nacha, BAI2 and CSV bank files, book them, and match them to the pulls.

    A file is booked whole or not at all; the same file again changes nothing. Exit 1: a file was
    refused; 2: all were.
    """
    import polars as pl

    from rebill import batch, plan
    from rebill.views import show

    place = open_place(workspace)
    seen, where = batch.pick(place, paths)
    with batch.reading(place) as record:
        day = as_of or record.last_as_of()
    job = batch.Job("cash import", plan.plan_bank, day, seen, where)
    outcome = batch.run(place, job, a_log(), now)
    became = {**{s.name: s.left or "" for s in outcome.plan.passed_over}, **outcome.became}
    rows = [{"file": name, "became": words} for name, words in sorted(became.items())]
    show(pl.DataFrame(rows, schema={"file": pl.String, "became": pl.String}), json)
    refused = sum(words.startswith("refused") for words in became.values())
    if refused:
        raise typer.Exit(WRONG_USAGE if refused == len(became) else NEEDS_A_PERSON)


@cash.command("events", epilog=example("rebill cash events"))
def cash_events(json: Json = False, workspace: Where = HERE) -> None:
    """List what is not in order with the debits that happened, and what may be returned by when."""
    from rebill import batch
    from rebill.bank_tables import bank_frame
    from rebill.views import show

    with batch.reading(open_place(workspace)) as record:
        events = bank_frame(record, "pull_events")
    columns = ("code", "settled_on", "carrier", "invoice_no", "pulled", "expected")
    told = (*columns, "suggested_return", "send_by", "message", "remedy")
    show(events if json else events.sort("settled_on", "code", "event_id").select(told), json)
