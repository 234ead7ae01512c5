"""A database is opened by one connection, which asks one question about its shape."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from rebill import store
from rebill.store import engine
from rebill.store.models import Fact, Run
from rebill.store.runs import note_failure
from rebill.workspace.settings import ConfigError, Workspace


def test_the_names_of_the_scripts_say_which_shapes_there_are() -> None:
    scripts = ScriptDirectory.from_config(engine._alembic())
    assert engine._shapes() == tuple(script.revision for script in scripts.walk_revisions())


def test_a_transaction_has_one_connection_and_asks_once_for_the_shape(
    any_workspace: Workspace,
) -> None:
    opened, asked = [], []
    made = store.make_engine(any_workspace.database_url, must_exist=True)
    with store.transaction(any_workspace):
        pass  # the first connection of all learns what kind of server there is
    sa.event.listen(made, "engine_connect", lambda connection: opened.append(connection))
    sa.event.listen(made, "before_cursor_execute", lambda *told: asked.append(told[2]))
    with store.transaction(any_workspace) as connection:
        connection.execute(sa.select(Fact)).all()
    assert len(opened) == 1
    questions = [question for question in asked if question.startswith("SELECT")]
    assert ["version_num" in question for question in questions] == [True, False]


@pytest.mark.parametrize(
    ("shape", "said"), [("0001", "has shape 0001, not"), ("9999", "a newer version")]
)
def test_what_another_process_made_of_the_database_is_seen_by_the_next_transaction(
    any_workspace: Workspace, shape: str, said: str
) -> None:
    with store.transaction(any_workspace) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :s"), {"s": shape})
        assert connection.scalar(sa.select(sa.func.count()).select_from(Fact)) == 1
    with pytest.raises(ConfigError, match=said), store.transaction(any_workspace):
        pass


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("database or disk is full", "the disk under the database is full"),
        ("no such column: x\nLINE 1: SELECT x", "no such column: x"),
    ],
)
def test_of_a_statement_that_failed_nothing_it_held_is_on_record(
    said: str, kept: str, any_workspace: Workspace
) -> None:
    statement = "INSERT INTO customers VALUES (?)"
    fault = sa.exc.OperationalError(statement, ("Ana Lee",), sqlite3.OperationalError(said))
    with store.transaction(any_workspace) as connection:
        note_failure(connection, any_workspace.hand, fault, "nightly")
        (sums,) = connection.scalars(sa.select(Run.sums).where(Run.outcome == "failed"))
    assert sums == {"error": kept}
