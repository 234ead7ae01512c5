"""The lists of all that is on record of a kind: findings, documents, runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.base import documents, example, findings, runs
from rebill.cli.lists.filters import OfFinding
from rebill.cli.options import Listed, ListedDay

if TYPE_CHECKING:
    import polars as pl

    from rebill.store.record import Record
    from rebill.store.table_out import Asked

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
        named = of_customer(with_names(record, rows), wanted.customer, record)
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

    from rebill.cli.lists.filters import narrowed, of_service
    from rebill.store.table_out import Asked
    from rebill.store.tables import FINDINGS

    asked = {"code": wanted.known_code(), "reason": wanted.known_reason()}
    asked |= {"carrier": wanted.carrier, "ban": wanted.ban}
    rows = narrowed(FINDINGS.rows(Asked(record, wanted.months(), given.day(record))), **asked)
    rows = of_service(rows, wanted.service, record)
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
    """Return findings with the customer behind the service: the line's, else the service's own."""
    import polars as pl

    from rebill.cli.lists.shown import beside
    from rebill.reference.current import current_frame

    own = record.lines(wanted.months()).select("line_id", "customer")
    lines = rows.lazy().select("line_id").drop_nulls().unique()
    known = own.join(lines, on="line_id", how="semi").collect()
    services = current_frame(record.workspace, record.connection, "services")
    theirs = services.select("service", of_service="customer").collect()
    joined = (
        rows.join(known, on="line_id", how="left", maintain_order="left")
        .join(theirs, on="service", how="left", maintain_order="left")
        .with_columns(
            customer=pl.when(pl.col("line_id").is_null()).then("of_service").otherwise("customer")
        )
    )
    return joined.select(beside(rows.columns, "service", "customer"))


@documents.command(
    "list",
    epilog=example(
        "rebill documents list --bill-month 2026-03",
        "rebill documents list --status held --carrier HARBOR",
        "rebill documents list --code charged_twice --service S0000001",
    ),
)
def documents_list(
    wanted: OfFinding,
    *,
    status: Annotated[
        str | None, typer.Option("--status", help="Only loaded, held, refused or void ones.")
    ] = None,
    given: Listed,
) -> None:
    """List carrier documents, those that wait for a person first.

    Then the newest. Of a document that is held or refused the code says why. With --customer or
    --service, those that bill them; with --code or --reason, those with such findings.
    """
    import polars as pl

    from rebill.cli.lists.filters import known

    state = known("--status", status, DOCUMENT_STATES)
    with given.reading() as record:
        rows = _documents(record, wanted)
        why = _why(record)
    rows = rows if state is None else rows.filter(status=state)
    rows = rows.join(why, on="document_id", how="left", maintain_order="left")
    waits = pl.col("status").replace_strict({"held": 0, "refused": 1}, default=2)
    rows = rows.sort(waits, -pl.col("bill_date").to_physical(), "carrier", "ban", "document_id")
    given.show(rows, "documents")


def _documents(record: Record, wanted: OfFinding) -> pl.DataFrame:
    """Return the documents that are asked for: by whose they are, what they bill, what is found."""
    from rebill.store.table_out import Asked
    from rebill.store.tables import DOCUMENTS

    asked = Asked(record, wanted.months())
    rows = DOCUMENTS.rows(asked).select(DOCUMENTS.columns.names()).collect()
    rows = wanted.of_account(rows)
    for own in _documents_with(record, wanted, asked):
        rows = rows.join(own, on="document_id", how="semi", maintain_order="left")
    return rows


def _documents_with(record: Record, wanted: OfFinding, asked: Asked) -> Iterator[pl.DataFrame]:
    """Yield [document_id] of those that bill a service or customer, and of those with findings."""
    from rebill.cli.lists.filters import customer_names, narrowed, of_customer, of_service
    from rebill.store.tables import FINDINGS

    lines = record.lines(wanted.months())
    if wanted.service is not None:
        yield of_service(lines, wanted.service, record).select("document_id").unique().collect()
    if wanted.customer is not None:
        own = of_customer(customer_names(record), wanted.customer, record).lazy()
        bought = lines.join(own, on="customer", how="semi")
        yield bought.select("document_id").unique().collect()
    named = {"code": wanted.known_code(), "reason": wanted.known_reason()}
    if any(named.values()):
        found = narrowed(FINDINGS.rows(asked), **named)
        yield found.select("document_id").drop_nulls().unique().collect()


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
    wanted: OfFinding,
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

    On which machine too. The last one comes first; as JSON or CSV they stand in their order. With
    --carrier, --bill-month and their like, those that took such documents in.
    """
    import polars as pl

    from rebill.cli.lists.filters import ANY, narrowed
    from rebill.store.tables import run_rows

    with given.reading() as record:
        rows = narrowed(run_rows(record), command=command, outcome=outcome)
        if wanted != ANY:
            such = _documents(record, wanted).select("document_id")
            took = record.documents().join(such, on="document_id", how="semi")
            rows = rows.filter(pl.col("run").is_in(took["run_id"].implode()))
    given.show(rows, "runs", rows.reverse())
