"""The commands that look after the record: whether it is whole, what may go."""

from __future__ import annotations

from typing import Annotated

import typer

from rebill.cli.base import app, db, example, now
from rebill.cli.failures import FAILED
from rebill.cli.options import Given, OfMonth


@app.command("verify", epilog=example("rebill verify", "rebill verify --bill-month 2026-03"))
def verify(*, month: OfMonth = None, given: Given) -> None:
    """Prove that files, bills, invoices and runs are as recorded.

    Every file below lines/, every document and invoice and the chain of runs is held against the
    record. Exit 0: all is what was recorded; 3: something is not, with the file and what to do.
    """
    import polars as pl

    from rebill.inquiry.verify import verify as look
    from rebill.paper.text import hung, say

    with given.reading() as record:
        done = look(record, month)
    counts = pl.DataFrame([done.counts])
    if given.json:
        given.show_parts({"looked_at": counts, "faults": done.faults})
    else:
        given.show(counts)
        for what, where, wrong, remedy in done.faults.iter_rows():
            say(hung(f"{what}: ", f"{where} {wrong}"))
            say(hung("  -> ", remedy))
    if done.faults.height:
        raise typer.Exit(FAILED)


@db.command("prune", epilog=example("rebill db prune", "rebill db prune --days 7"))
def db_prune(
    *,
    days: Annotated[
        int | None,
        typer.Option("--days", min=0, help="Only what counts no more for so long; as set: 30."),
    ] = None,
    given: Given,
) -> None:
    """Remove old files of lines/ that count no more.

    The night does the same after a time of grace. Within it, an older or newer database finds its
    files.
    """
    import polars as pl

    from rebill.store.bulk.sweep import kept_since, prune, remove_pruned
    from rebill.store.record import changing
    from rebill.store.runs import finish_run, start_run

    place = given.place()
    keep = place.settings.storage.keep_days if days is None else days
    before = kept_since(now(), keep)
    with changing(place) as record:
        began = start_run(record.connection, "db prune", None, started=now(), hand=place.hand)
        count = prune(record.connection, began, before)
        finish_run(record.connection, began, "done", {"files pruned": count}, {}, now())
    with changing(place) as record:
        gone = remove_pruned(place, record.connection, before)
    shown = [path.relative_to(place.root).as_posix() for path in gone]
    given.show(pl.DataFrame({"removed": shown}, schema={"removed": pl.String}), "files to remove")
