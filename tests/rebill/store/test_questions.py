"""What is asked of a table that grows: which rows, and how long an answer holds."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa

from rebill import store
from rebill.store import insert_frame, read_table, write_rows
from rebill.store.frames import in_months, one_of, update_rows
from rebill.store.models import Claim, ClaimEvent, CustomerInvoice, Fact, Sequence
from rebill.store.record import Record
from rebill.workspace.settings import Workspace

SAID = pl.DataFrame({"name": ["a", "b", "c"], "value": ["1", "2", "3"]})


def invoices(*months: str) -> pl.DataFrame:
    """Return a draft of each month, the first named 0."""
    day = dt.date(2026, 3, 1)
    return pl.DataFrame({"bill_month": months}).with_columns(
        invoice_no=pl.int_range(pl.len()).cast(pl.String), customer=pl.lit("C"),
        bill_date=pl.col("bill_month").add("-28").str.to_date(), due_date=pl.lit(day),
        total=pl.lit(0), lines=pl.lit(1), status=pl.lit("draft"),
    )  # fmt: skip


def claim(number: str, status: str) -> pl.DataFrame:
    """Return a claim of a kind."""
    row = {
        "claim_no": number,
        "status": status,
        "amount": 1,
        "findings": 1,
        "bill_month": "2026-03",
    }
    return pl.DataFrame([row | dict.fromkeys(("carrier", "ban", "reason"), "X")])


def test_any_number_of_names_is_asked_for_at_once(any_workspace: Workspace) -> None:
    with store.transaction(any_workspace) as connection:
        insert_frame(connection, Fact, SAID)
        names = [*(f"n{n}" for n in range(70_000)), "c", "a", "a", None, "it's"]
        wanted = one_of(connection, Fact.name, names)
        assert read_table(connection, Fact, wanted)["name"].to_list() == ["a", "c"]
        none = one_of(connection, Fact.name, [])
        assert read_table(connection, Fact, none).schema == read_table(connection, Fact).schema
        assert read_table(connection, Fact, none).is_empty()


@pytest.mark.parametrize(
    ("months", "found"),
    [
        (["2026-02"], ["1"]),
        (["2026-12", "2026-01", None], ["0", "2"]),
        ([], []),
    ],
)
def test_days_are_asked_for_by_their_months(
    months: list[str | None], found: list[str], any_workspace: Workspace
) -> None:
    with store.transaction(any_workspace) as connection:
        insert_frame(connection, CustomerInvoice, invoices("2026-01", "2026-02", "2026-12"))
        wanted = in_months(CustomerInvoice.bill_date, months)
        told = Record(any_workspace, connection).customer_invoices(wanted)
        assert told["invoice_no"].to_list() == found


def test_an_answer_holds_until_a_table_it_looked_at_is_written_to(any_workspace: Workspace) -> None:
    """A condition may look at other tables than that of its rows."""
    asked: list[str] = []
    with store.transaction(any_workspace) as connection:
        insert_frame(connection, Claim, pl.concat([claim("A", "ready"), claim("B", "expired")]))
        event = {"claim_no": ["A", "B"], "what": ["prepare", "expire"]}
        days = pl.DataFrame(event).with_columns(at=pl.lit(dt.date(2026, 3, 1)))
        insert_frame(connection, ClaimEvent, days)
        sa.event.listen(
            connection.engine, "before_cursor_execute", lambda *told: asked.append(told[2])
        )

        def of_the_ready() -> list[str]:
            ready = sa.select(Claim.claim_no).where(Claim.status == "ready")
            found = read_table(connection, ClaimEvent, ClaimEvent.claim_no.in_(ready))
            return found["claim_no"].to_list()

        assert of_the_ready() == of_the_ready() == ["A"]
        assert len(asked) == 1
        insert_frame(connection, Fact, SAID)
        connection.execute(sa.insert(Sequence).values(name="claims", value=2))
        asked.clear()
        assert of_the_ready() == ["A"] and not asked
        update_rows(connection, Claim, pl.DataFrame({"claim_no": ["B"], "status": ["ready"]}))
        assert of_the_ready() == ["A", "B"]
        write_rows(connection, Claim, claim("A", "expired"))
        assert of_the_ready() == ["B"]
        connection.execute(sa.text("UPDATE claims SET status = 'ready'"))
        assert of_the_ready() == ["A", "B"]
        connection.execute(sa.delete(ClaimEvent).where(ClaimEvent.claim_no == "A"))
        assert of_the_ready() == ["B"]


def test_claims_that_are_asked_for_know_when_they_ended(any_workspace: Workspace) -> None:
    with store.transaction(any_workspace) as connection:
        insert_frame(connection, Claim, pl.concat([claim("A", "withdrawn"), claim("B", "ready")]))
        rows = {"claim_no": ["A"], "what": ["withdraw"], "at": [dt.date(2026, 4, 2)]}
        insert_frame(connection, ClaimEvent, pl.DataFrame(rows))
        record = Record(any_workspace, connection)
        assert record.claims(Claim.claim_no == "A").equals(record.claims()[:1])
        assert record.claims(Claim.status == "ready").equals(record.claims()[1:])
        assert record.claims()["resolved_on"].to_list() == [dt.date(2026, 4, 2), None]
