"""The commands about the cash of carriers: the pulls, where the money stands, what is promised."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.base import cash, example
from rebill.cli.lists.filters import EVERY, OfAccount
from rebill.cli.options import Keeping, ListedDay


@cash.callback(invoke_without_command=True)
def cash_step(context: typer.Context, given: Keeping) -> None:
    """What carriers pull, and what of it is in dispute; without a command: the next pulls."""
    if context.invoked_subcommand is None:
        from rebill.cli.night import bring_up_to_date

        bring_up_to_date("cash", given)
        cash_pulls(given=ListedDay.of(given))


@cash.command("pulls", epilog=example("rebill cash pulls --as-of 2026-03-31"))
def cash_pulls(account: OfAccount = EVERY, *, given: ListedDay) -> None:
    """List the pulls from a day on.

    A pull is what a carrier takes from our bank account (an ACH debit).
    """
    import polars as pl

    with given.reading() as record:
        day = given.day(record)
        pulls = record.debits().filter(pl.col("debit_on") >= pl.lit(day, dtype=pl.Date))
    pulls = account.of_account(pulls)
    given.show(pulls.sort("debit_on", "carrier", "ban", "invoice_no").drop("document_id"), "pulls")


@cash.command("exposure", epilog=example("rebill cash exposure --as-of 2026-03-31"))
def cash_exposure(given: ListedDay) -> None:
    """Show where the money of all pulls stands, by carrier.

    What was debited is undisputed, not yet filed, open, credited, denied, withdrawn or expired.
    """
    _show_table("exposure", "exposure", given, today_only=True)


def _show_table(
    name: str,
    things: str,
    given: ListedDay,
    account: OfAccount = EVERY,
    *,
    today_only: bool = False,
) -> None:
    """Show a table of the record as it stands on a day; `today_only`: the rows of that day."""
    import polars as pl

    from rebill.inquiry.export import table_frame

    with given.reading() as record:
        day = given.day(record)
        rows = table_frame(record, name, None, day).collect()
    if today_only:
        rows = rows.filter(pl.col("on") == pl.lit(day, dtype=pl.Date)).sort("carrier")
    given.show(account.of_account(rows), things)


@cash.command("position", epilog=example("rebill cash position --as-of 2026-03-31"))
def cash_position(given: ListedDay) -> None:
    """Show what is pending, left to file and expected, by carrier.

    And what waiting for it costs.
    """
    _show_table("exposure_detail", "position", given, today_only=True)


@cash.command("recovery", epilog=example("rebill cash recovery --as-of 2026-03-31"))
def cash_recovery(account: OfAccount = EVERY, *, given: ListedDay) -> None:
    """List what is likely to come back, when, and what waiting costs."""
    _show_table("recovery", "money waited for", given, account)


@cash.command("rates", epilog=example("rebill cash rates --as-of 2026-03-31"))
def cash_rates(given: ListedDay) -> None:
    """Show the share each carrier grants of claims, by reason.

    And how sure that is.
    """
    _show_table("win_rates", "win rates", given)


@cash.command("gaps", epilog=example("rebill cash gaps --as-of 2026-03-31"))
def cash_gaps(account: OfAccount = EVERY, *, given: ListedDay) -> None:
    """List how long pulls wait for the customers' money.

    And what that costs.
    """
    _show_table("pull_gaps", "gaps", given, account)


Suppose = Annotated[
    Path | None,
    typer.Option(
        "--suppose",
        metavar="FILE",
        help="A file of contracts: show how it would be with them, beside how it is.",
    ),
]


@cash.command("security", epilog=example("rebill cash security --as-of 2026-03-31"))
def cash_security(*, suppose: Suppose = None, given: ListedDay) -> None:
    """Show what secures each carrier, and what it costs a year.

    Required, held and headroom.
    """
    _show_promise("security", suppose, given)


@cash.command(
    "commitments",
    epilog=example(
        "rebill cash commitments --as-of 2026-09-30",
        "rebill cash commitments --as-of 2026-09-30 --suppose after-the-sale.toml",
    ),
)
def cash_commitments(*, suppose: Suppose = None, given: ListedDay) -> None:
    """Show what was promised for the year, and what is bought.

    And when a shortfall becomes certain.
    """
    _show_promise("commitments", suppose, given)


def _show_promise(name: str, suppose: Path | None, given: ListedDay) -> None:
    """Show a table about promises: a block a contract for people, rows for machines."""
    import polars as pl

    from rebill.cash.pledges import PLEDGES, supposed
    from rebill.paper.text import as_blocks, say
    from rebill.reference import current

    with given.reading() as record:
        day = given.day(record)
        cases = {"as it is": current.contracts(record.connection)}
        if suppose is not None:
            cases["supposed"] = supposed(record, suppose)
        if day is None:
            return given.show(pl.DataFrame(), name)
        frames = [
            PLEDGES[name](record, contracts, day).select(pl.lit(case).alias("case"), pl.all())
            for case, contracts in cases.items()
        ]
    rows = pl.concat(frames)
    if suppose is None:
        rows = rows.drop("case")
    if not given.plain() or rows.is_empty():
        return given.show(rows, name)
    say(as_blocks(rows.sort("contract", maintain_order=True), "contract"))
