"""The lists of all that is on record of a kind: findings, documents, runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import documents, example, findings, runs
from rebill.cli.lists.filters import OfAccount, OfFinding
from rebill.cli.options import Listed, ListedDay, Month

if TYPE_CHECKING:
    import polars as pl

    from rebill.store.record import Record

DOCUMENT_STATES = ("loaded", "held", "refused", "void")


@findings.command(
    "list",
    epilog=example(
        "rebill findings list --bill-month 2026-03",
        "rebill findings list --code rate_above_contract --carrier HARBOR --limit 20",
        "rebill findings list --customer C00001 --columns line_or_bill,words,message",
    ),
)
def findings_list(
    wanted: OfFinding,
    *,
    severity: Annotated[
        str | None, typer.Option("--severity", help="Only these: error, warning, info.")
    ] = None,
    given: ListedDay,
) -> None:
    """List findings, most money first, then the nearest deadline.

    A line is what `rebill explain` takes, and `rebill findings waive` where it has one finding;
    --wide shows the id of each finding, its message and what to do.
    """
    from rebill.cli.lists.filters import known, of_customer, with_names

    grave = known("--severity", severity, ("error", "warning", "info"))
    with given.reading() as record:
        rows = _with_customer(record, wanted, _findings(record, wanted, given))
        named = of_customer(with_names(record, rows), wanted.customer)
    people = named if grave is None else named.filter(severity=grave)
    given.show(people.drop("name"), "findings", _for_people(people))


def _for_people(rows: pl.DataFrame) -> pl.DataFrame:
    """Return findings with one column that says what each is about: its line, else its document."""
    import polars as pl

    about = rows.with_columns(line_or_bill=pl.coalesce("line_id", "document_id"))
    return about.select("line_or_bill", pl.all().exclude("line_or_bill"))


def _findings(record: Record, wanted: OfFinding, given: ListedDay) -> pl.DataFrame:
    """Return the findings that are asked for, but for the customer's, what matters first."""
    import polars as pl

    from rebill.cli.lists.filters import narrowed
    from rebill.store.table_out import Asked
    from rebill.store.tables import FINDINGS

    asked = {"code": wanted.known_code(), "reason": wanted.known_reason()}
    asked |= {"carrier": wanted.carrier, "ban": wanted.ban, "service": wanted.service}
    rows = narrowed(FINDINGS.rows(Asked(record, wanted.months(), given.day(record))), **asked)
    grave = pl.col("severity").replace_strict({"error": 0, "warning": 1}, default=2)
    return (
        rows.sort(
            *(pl.col("amount_at_stake"), "dispute_closes_on", grave, "finding_id"),
            descending=[True, False, False, False],
            nulls_last=True,
        )
        .select(FINDINGS.columns.names())
        .collect()
    )


def _with_customer(record: Record, wanted: OfFinding, rows: pl.DataFrame) -> pl.DataFrame:
    """Return findings with the customer of each line behind its service."""
    from rebill.cli.lists.shown import beside

    own = record.lines(wanted.months()).select("line_id", "customer")
    lines = rows.lazy().select("line_id").drop_nulls().unique()
    known = own.join(lines, on="line_id", how="semi").collect()
    joined = rows.join(known, on="line_id", how="left", maintain_order="left")
    return joined.select(beside(rows.columns, "service", "customer"))


@documents.command(
    "list",
    epilog=example(
        "rebill documents list --bill-month 2026-03",
        "rebill documents list --status held --carrier HARBOR",
    ),
)
def documents_list(
    wanted: OfAccount,
    *,
    bill_month: Month = None,
    status: Annotated[
        str | None, typer.Option("--status", help="Only loaded, held, refused or void ones.")
    ] = None,
    given: Listed,
) -> None:
    """List carrier documents, those that wait for a person first.

    Then the newest. Of a document that is held or refused the code says why.
    """
    import polars as pl

    from rebill.cli.lists.filters import known
    from rebill.store.table_out import Asked
    from rebill.store.tables import DOCUMENTS

    state = known("--status", status, DOCUMENT_STATES)
    months = None if bill_month is None else [bill_month]
    with given.reading() as record:
        rows = DOCUMENTS.rows(Asked(record, months)).select(DOCUMENTS.columns.names()).collect()
        why = _why(record)
    rows = rows.join(why, on="document_id", how="left", maintain_order="left")
    rows = wanted.of_account(rows if state is None else rows.filter(status=state))
    waits = pl.col("status").replace_strict({"held": 0, "refused": 1}, default=2)
    rows = rows.sort(waits, -pl.col("bill_date").to_physical(), "carrier", "ban", "document_id")
    given.show(rows, "documents")


def _why(record: Record) -> pl.DataFrame:
    """Return [document_id, code]: the first code of each document that is held or refused."""
    import polars as pl

    from reconcile.findings import CODES

    rank = {code.name: number for number, code in enumerate(CODES)}
    waiting = record.documents().filter(pl.col("status").is_in(("held", "refused")))
    return (
        record.findings()
        .filter(pl.col("severity") == "error")
        .join(waiting.lazy().select("document_id"), on="document_id", how="semi")
        .select("document_id", "code")
        .collect()
        .sort(pl.col("code").replace_strict(rank, default=len(rank)))
        .unique("document_id", keep="first", maintain_order=True)
    )


@runs.command(
    "list", epilog=example("rebill runs list", "rebill runs list --command nightly --limit 7")
)
def runs_list(
    *,
    command: Annotated[
        str | None, typer.Option("--command", help="Only runs of this command.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="Only those that ended so: done, failed.")
    ] = None,
    given: Listed,
) -> None:
    """List what was run, for which day, by whom, how it ended.

    On which machine too. The last one comes first; as JSON or CSV they stand in their order.
    """
    from rebill.cli.lists.filters import narrowed
    from rebill.store.tables import run_rows

    with given.reading() as record:
        rows = narrowed(run_rows(record), command=command, outcome=outcome)
    given.show(rows, "runs", rows.reverse())
