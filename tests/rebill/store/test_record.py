"""The record keeps every cent and every version, on both databases alike."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from rebill import store
from rebill.store import chain
from rebill.store.bulk.parts import end_run
from rebill.store.bulk.sweep import prune, remove_pruned
from rebill.store.engine import alone, differences, keeps_nothing, store_token
from rebill.store.engine import kept as anything_kept
from rebill.store.frames import insert_frame, read_table
from rebill.store.models import BulkFile, Claim, Debit, Document, Fact, Run
from rebill.store.record import changing, reading
from rebill.store.types import Money
from rebill.workspace.settings import (
    ConfigError,
    Hand,
    Workspace,
    WorkspaceBusy,
    init_workspace,
    open_workspace,
)

CENTS, RATE = pl.Decimal(18, 2), pl.Decimal(18, 6)
MARCH = dt.date(2026, 3, 1)


def documents(run: int, *totals: str | None) -> pl.DataFrame:
    """Documents D1, D2, ... with these totals due."""
    return pl.DataFrame(
        {
            "document_id": [f"D{n}" for n in range(1, len(totals) + 1)],
            "carrier": ["ILEC"] * len(totals),
            "ban": ["0305R01"] * len(totals),
            "bill_date": [MARCH] * len(totals),
            "total_due": pl.Series(
                [None if t is None else Decimal(t) for t in totals], dtype=CENTS
            ),
            "status": ["loaded"] * len(totals),
            "source_file": ['a,b "quoted"\nname.csv'] * len(totals),
            "contract": [""] * len(totals),
            "run_id": [run] * len(totals),
        }
    )


# --- shape ------------------------------------------------------------------------------------


def test_the_migrations_make_exactly_the_tables_of_the_models(empty_database_url: str) -> None:
    engine = store.make_engine(empty_database_url)
    store.migrate(engine)
    with engine.connect() as connection:
        assert differences(connection) == []
        assert len(sa.inspect(connection).get_table_names()) > 20


def test_migrating_twice_changes_nothing(any_workspace: Workspace) -> None:
    with store.transaction(any_workspace) as connection:
        before = store_token(connection)
    store.upgrade(any_workspace)
    with store.transaction(any_workspace) as connection:
        assert store_token(connection) == before


def test_a_database_without_tables_asks_for_an_upgrade(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path)
    with pytest.raises(ConfigError, match="rebill db upgrade"), store.transaction(workspace):
        pass


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://x/y", "sqlite:///FILE or postgresql://"),
        ("nonsense", "url"),
        ("postgresql://nobody@127.0.0.1:1/x", "cannot be used"),
        ("sqlite:////no/such/folder/x.db", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_a_configuration_error(
    tmp_path: Path, url: str, said: str
) -> None:
    init_workspace(tmp_path)
    (tmp_path / "rebill.toml").write_text(f'[database]\nurl = "{url}"\n')
    with pytest.raises(ConfigError, match=said):
        store.upgrade(open_workspace(tmp_path))


# --- money ------------------------------------------------------------------------------------


@given(st.decimals(-9_999_999_999, 9_999_999_999, places=6))
def test_money_is_whole_millionths_on_sqlite(amount: Decimal) -> None:
    kind, dialect = Money(6), sa.create_engine("sqlite://").dialect
    kept = kind.process_bind_param(amount, dialect)
    assert isinstance(kept, int)
    assert kind.process_result_value(kept, dialect) == amount


def test_money_never_loses_a_digit_silently(any_workspace: Workspace) -> None:
    with store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "test", None, "0")
        for wrong, error in (
            (pl.Series([Decimal("0.005")], dtype=RATE), ValueError),
            (pl.Series([0.5]), TypeError),
        ):
            frame = documents(run, "1.00").with_columns(total_due=wrong)
            with pytest.raises(error):
                store.insert_frame(connection, Document, frame)
        with pytest.raises((ValueError, sa.exc.StatementError)):
            connection.execute(
                sa.insert(Document).values(
                    document_id="X",
                    status="held",
                    source_file="",
                    run_id=run,
                    total_due=Decimal("0.001"),
                )
            )


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    """An engine on a database in memory, with all tables and no rows."""
    made = store.make_engine("sqlite://")
    store.migrate(made)
    yield made


@given(st.lists(st.none() | st.decimals(-(10**11), 10**11, places=2), min_size=1, max_size=30))
def test_a_frame_comes_back_as_it_went_in(engine: sa.Engine, amounts: list[Decimal | None]) -> None:
    with engine.connect() as connection:
        run = store.start_run(connection, "test", None, "0")
        frame = documents(run, *(None if a is None else str(a) for a in amounts))
        store.insert_frame(connection, Document, frame)
        back = store.read_table(connection, Document).select(frame.columns)
        assert back.equals(frame.sort("document_id"))
        assert back.schema == frame.schema
        connection.rollback()


def test_both_databases_keep_text_dates_nulls_and_empty_text_apart(
    any_workspace: Workspace,
) -> None:
    with store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "night", MARCH, "0.1", "2026-03-02T01:00:00")
        frame = documents(run, "123456789012.34", None, "-0.01")
        assert store.insert_frame(connection, Document, frame) == 3
    with store.transaction(any_workspace) as connection:
        back = store.read_table(connection, Document)
        assert back.select(frame.columns).equals(frame)
        assert back.get_column("due_date").dtype == pl.Date
        total = sa.func.sum(Document.total_due).label("total")
        summed = store.read_frame(connection, sa.select(total)).item()
        assert summed == Decimal("123456789012.33")


def test_rows_are_changed_by_primary_key(any_workspace: Workspace) -> None:
    with store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "test", None, "0")
        store.insert_frame(connection, Document, documents(run, "1.00", "2.00"))
        debit = pl.DataFrame(
            {
                "document_id": ["D1", "D2"],
                "carrier": ["ILEC"] * 2,
                "ban": ["1"] * 2,
                "invoice_no": ["I"] * 2,
                "bill_date": [MARCH] * 2,
                "amount": pl.Series([Decimal("1.00"), Decimal("2.00")], dtype=CENTS),
                "status": ["expected"] * 2,
            }
        )
        store.write_rows(connection, Debit, debit)
        store.write_rows(connection, Debit, debit.tail(1).with_columns(status=pl.lit("held")))
        store.update_rows(
            connection, Document, pl.DataFrame({"document_id": ["D1"], "audited_load": [7]})
        )
        assert store.read_table(connection, Debit)["status"].to_list() == ["expected", "held"]
        assert store.read_table(connection, Document)["audited_load"].to_list() == [7, None]


# --- one transaction --------------------------------------------------------------------------


def test_what_fails_leaves_nothing_behind(any_workspace: Workspace) -> None:
    with pytest.raises(RuntimeError), store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "night", MARCH, "0")
        store.insert_frame(connection, Document, documents(run, "1.00"))
        assert list(store.next_numbers(connection, "claims", 2)) == [1, 2]
        raise RuntimeError
    with store.transaction(any_workspace) as connection:
        assert store.read_table(connection, Run).is_empty()
        assert store.read_table(connection, Document).is_empty()
        assert list(store.next_numbers(connection, "claims", 1)) == [1]


def test_numbers_are_given_without_a_gap(any_workspace: Workspace) -> None:
    with store.transaction(any_workspace) as connection:
        assert list(store.next_numbers(connection, "claims", 3)) == [1, 2, 3]
        assert list(store.next_numbers(connection, "claims", 0)) == []
        assert list(store.next_numbers(connection, "ACME-2026", 1)) == [1]
    with store.transaction(any_workspace) as connection:
        assert list(store.next_numbers(connection, "claims", 2)) == [4, 5]


def test_a_run_is_recorded_with_what_came_in(any_workspace: Workspace) -> None:
    with store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "nightly", MARCH, "0.1", "2026-03-02T01:00:00")
        store.note_file(connection, run, "a.csv", "ingested", size=10, sha256="aa")
        store.note_file(connection, run, "b.part", "growing")
        store.finish_run(connection, run, "done", {"lines": 2}, {"amount": Decimal("1.10")})
        assert store.known_files(connection, ("ingested", "refused")) == {"aa"}
        row = store.read_table(connection, Run).row(0, named=True)
        assert (row["as_of"], row["outcome"]) == (MARCH, "done")
        assert '"1.10"' in row["sums"]


def test_what_breaks_while_the_record_is_changed_is_a_run_that_failed(
    any_workspace: Workspace,
) -> None:
    when = "2026-03-02T01:00:00+00:00"
    workspace = replace(any_workspace, hand=Hand("ana", "desk", "books close", lambda: when))
    with keeps_nothing():
        for error in (ConfigError("no"), WorkspaceBusy("later"), KeyboardInterrupt("told to end")):
            with pytest.raises(type(error)), changing(workspace) as record:
                run = store.start_run(record.connection, "books close", MARCH)
                store.write_bulk(workspace, record.connection, "lines", LINES, run)
                raise error
        assert not list(workspace.lines.rglob("*.parquet")), "what failed is swept"
        faults = (sa.exc.DBAPIError, sa.exc.InvalidRequestError)
        with pytest.raises(faults) as lost, changing(workspace) as record:
            record.say("x", "y")
            cut(record.connection)
            record.say("x", "z")
        assert not anything_kept()
    with reading(workspace) as record:
        runs = read_table(record.connection, Run)
        assert record.fact("x") is None
        assert chain.breaks(record.connection) == []
    by = ("command", "outcome", "who", "host", "started", "finished")
    assert runs.select(by).rows() == [("books close", "failed", "ana", "desk", when, when)] * 2
    said = [json.loads(sums)["error"] for sums in runs["sums"]]
    assert said[0] == "told to end" and said[1] and "SQL" not in said[1], lost.value


def cut(connection: sa.Connection) -> None:
    """Let the connection to the database be lost."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    connection.invalidate()


# --- bulk facts -------------------------------------------------------------------------------

LINES = pl.DataFrame(
    {
        "carrier": ["A/B*", "A/B*", "..", None],
        "bill_date": [MARCH, dt.date(2026, 4, 1), MARCH, None],
        "amount": pl.Series(["1.10", "2.20", "-3.30", None]).cast(CENTS),
    }
)


def test_bulk_facts_lie_by_carrier_and_month_and_are_named_with_rows_and_sum(
    any_workspace: Workspace,
) -> None:
    with store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "night", MARCH, "0")
        store.write_bulk(any_workspace, connection, "lines", LINES.lazy(), run)
        live = store.live_bulk(connection, "lines")
        assert live.select("carrier", "bill_month", "rows", "amount").sort(
            "carrier", "bill_month", nulls_last=True
        ).rows() == [
            ("..", "2026-03", 1, Decimal("-3.30")),
            ("A/B*", "2026-03", 1, Decimal("1.10")),
            ("A/B*", "2026-04", 1, Decimal("2.20")),
            (None, None, 1, Decimal("0.00")),
        ]
        inside = any_workspace.lines.resolve()
        assert all((any_workspace.root / p).resolve().is_relative_to(inside) for p in live["path"])
        back = store.scan_bulk(any_workspace, connection, "lines", LINES.schema).collect()
        assert back.sort("bill_date", "amount").equals(LINES.sort("bill_date", "amount"))
        one = store.live_bulk(connection, "lines", carriers=["A/B*"], months=["2026-04"])
        store.supersede(connection, one["id"].to_list(), run)
        assert store.live_bulk(connection, "lines").height == 3
        assert store.bulk_amount(connection, "lines")["amount"].sum() == Decimal("-2.20")


def test_a_killed_run_leaves_files_that_the_next_one_sweeps(any_workspace: Workspace) -> None:
    lines = any_workspace.lines
    with store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "night", MARCH, "0")
        store.write_bulk(any_workspace, connection, "lines", LINES, run)
        kept = set(store.live_bulk(connection, "lines")["path"])
        token = store_token(connection)[:12]
    end_run(any_workspace.lines)
    with pytest.raises(KeyboardInterrupt), store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "night", MARCH, "0")
        store.write_bulk(any_workspace, connection, "held_lines", LINES, run)
        (half,) = (lines / ".runs").iterdir()
        (half / "carrier=X").mkdir()
        (half / "carrier=X" / "0.parquet").write_bytes(b"PAR1")
        raise KeyboardInterrupt
    others = ["of-another-database", f"{token}-abc-of-a-newer-state-of-this-one", ".tmp-new"]
    for name in (*others, ".tmp-old"):
        (lines / "lines" / f"{name}.parquet").write_bytes(b"")
    os.utime(lines / "lines" / ".tmp-old.parquet", (0, 0))
    with alone(any_workspace), store.transaction(any_workspace) as connection:
        assert len(store.sweep_orphans(any_workspace, connection)) == 6
        assert not (lines / "held_lines").exists()
        left = {p.relative_to(any_workspace.root).as_posix() for p in lines.rglob("*.parquet")}
        assert left == kept | {f"lines/lines/{name}.parquet" for name in others}
        assert not (lines / ".runs").exists()


def test_what_counts_no_more_is_pruned_after_its_time_of_grace(any_workspace: Workspace) -> None:
    ends = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
    with store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "night", MARCH, "0")
        store.write_bulk(any_workspace, connection, "lines", LINES, run)
        april = store.live_bulk(connection, "lines", months=["2026-04"])
        store.supersede(connection, april["id"].to_list(), run)
        store.finish_run(connection, run, "done", finished=ends.isoformat(timespec="seconds"))
        path = any_workspace.root / april["path"].item()
        newer = path.with_name(f"{store_token(connection)[:12]}-newer.parquet")
        newer.write_bytes(b"")
        assert prune(connection, run, ends) == 0
        assert remove_pruned(any_workspace, connection, ends) == []
        assert prune(connection, run, ends + dt.timedelta(seconds=1)) == 1
        assert remove_pruned(any_workspace, connection, ends) == [path]
        os.utime(newer, (0, 0))
        assert remove_pruned(any_workspace, connection, ends) == [newer]
        assert store.live_bulk(connection, "lines").height == 3


def test_a_file_is_named_once(any_workspace: Workspace) -> None:
    with store.transaction(any_workspace) as connection:
        run = store.start_run(connection, "night", MARCH, "0")
        row = {"kind": "lines", "path": "lines/x.parquet", "rows": 0, "run_id": run}
        connection.execute(sa.insert(BulkFile).values(**row))
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(sa.insert(BulkFile).values(**row))


def test_claims_need_their_amount(any_workspace: Workspace) -> None:
    with (
        store.transaction(any_workspace) as connection,
        pytest.raises(sa.exc.IntegrityError),
        connection.begin_nested(),
    ):
        connection.execute(
            sa.insert(Claim).values(
                claim_no="C1",
                carrier="X",
                ban="1",
                reason="DUP",
                bill_month="2026-03",
                status="ready",
                findings=1,
            )
        )


def test_a_transaction_asks_once_until_it_writes(any_workspace: Workspace) -> None:
    asked: list[str] = []
    with store.transaction(any_workspace) as connection:
        sa.event.listen(
            connection.engine, "before_cursor_execute", lambda *told: asked.append(told[2])
        )
        first, second = (read_table(connection, Fact) for _ in range(2))
        assert first.equals(second)
        assert len(asked) == 1
        connection.execute(sa.insert(Fact).values(name="word", value="said"))
        assert read_table(connection, Fact).height == first.height + 1
        insert_frame(connection, Fact, pl.DataFrame({"name": ["other"], "value": ["told"]}))
        assert read_table(connection, Fact).height == first.height + 2
    with store.transaction(any_workspace) as connection:
        assert read_table(connection, Fact).height == first.height + 2
