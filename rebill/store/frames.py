"""Frames in and out of tables, exactly, on the caller's own transaction.

Both databases are fed in bulk: SQLite by `executemany` on the driver's connection, PostgreSQL by
COPY. Text, dates and amounts come back with the types the table's columns declare.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple, TypeAlias

import polars as pl
import sqlalchemy as sa
from sqlalchemy.sql.visitors import iterate

from invoices.periods import month_of
from invoices.schema import among
from rebill.store.models import Base
from rebill.store.types import MICROS, Money

AnyTable: TypeAlias = type[Base] | sa.Table
AnySelect: TypeAlias = "sa.Select[*tuple[Any, ...]]"
STORED = pl.Decimal(18, 6)
CHUNK = 50_000
_ONE_MICRO = pl.lit("0.000001").cast(pl.Decimal(38, 6))
"""Said as text: a literal Decimal makes polars import numpy."""
_ANSWERS, _WRITTEN = "what was read", "whether anything was written"


def table_of(table: AnyTable) -> sa.Table:
    """Return the database table of a model, or the table itself."""
    found = table if isinstance(table, sa.Table) else table.__table__
    if not isinstance(found, sa.Table):
        raise TypeError(f"{table} is no table")
    return found


def insert_frame(connection: sa.Connection, table: AnyTable, frame: pl.DataFrame) -> int:
    """Add the rows of `frame` to `table` in the open transaction and return how many they are.

    Columns the frame lacks take the database's own value (row numbers) or null. Raises where a
    column is unknown, an amount is a float, or a digit would be lost.
    """
    target = table_of(table)
    whole = connection.dialect.name == "sqlite"
    exact = frame.select(
        _to_store(frame.get_column(name), target.c[name], whole) for name in frame.columns
    )
    if exact.is_empty():
        return 0
    if not connection.in_transaction():
        connection.begin()
    writes(connection, target.name)
    raw: Any = connection.connection.driver_connection
    names = ", ".join(f'"{name}"' for name in frame.columns)
    if whole:
        marks = ", ".join("?" * frame.width)
        for part in exact.iter_slices(CHUNK):
            raw.executemany(f'INSERT INTO "{target.name}" ({names}) VALUES ({marks})', part.rows())
    else:
        sql = f'COPY "{target.name}" ({names}) FROM STDIN WITH (FORMAT csv)'
        with raw.cursor() as cursor, cursor.copy(sql) as copy:
            for part in exact.iter_slices(CHUNK):
                # An empty text is written as "" and a null as nothing, which is how COPY reads.
                copy.write(part.write_csv(include_header=False))
    return frame.height


def _to_store(values: pl.Series, column: sa.Column[Any], whole: bool) -> pl.Series:
    """Return `values` as the database takes them in bulk; `whole` = money as millionths."""
    if isinstance(column.type, Money) and values.dtype != pl.Null:
        if not (isinstance(values.dtype, pl.Decimal) or values.dtype.is_integer()):
            raise TypeError(f"{column}: money is Decimal, not {values.dtype}")
        fitted = values.cast(pl.Decimal(18, column.type.places))
        if (fitted != values).any():
            raise ValueError(f"{column}: a value has more than {column.type.places} decimals")
        return fitted.cast(STORED).to_physical() if whole else fitted
    if isinstance(column.type, (sa.Date, sa.String)):
        return values.cast(pl.String)
    return values


def write_rows(connection: sa.Connection, table: AnyTable, frame: pl.DataFrame) -> int:
    """Leave the rows of `frame` in `table`: new ones added, known ones changed by primary key.

    Columns the frame lacks stay as they are on a known row. For the thousands of claims, debits
    and invoices of a night; bulk goes through `insert_frame`.
    """
    target = table_of(table)
    keys = [column.name for column in target.primary_key]
    statement: Any = insert_of(connection, target)
    rest = {name: statement.excluded[name] for name in frame.columns if name not in keys}
    if rest:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=rest)
    else:
        statement = statement.on_conflict_do_nothing()
    for part in frame.iter_slices(CHUNK):
        connection.execute(statement, part.to_dicts())
    return frame.height


def insert_of(connection: sa.Connection, target: sa.Table) -> Any:
    """Return an INSERT that can say what becomes of a row that is there.

    What PostgreSQL brings is slow to import, and no workspace on SQLite needs it.
    """
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(target)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(target)


def update_rows(connection: sa.Connection, table: AnyTable, frame: pl.DataFrame) -> int:
    """Change the columns of `frame` on the rows its primary key columns name."""
    target = table_of(table)
    keys = [column.name for column in target.primary_key]
    statement = (
        sa.update(target)
        .where(*(target.c[key] == sa.bindparam(f"_{key}") for key in keys))
        .values({name: sa.bindparam(f"_{name}") for name in frame.columns if name not in keys})
    )
    named = frame.rename(lambda name: f"_{name}")
    for part in named.iter_slices(CHUNK):
        connection.execute(statement, part.to_dicts())
    return frame.height


def read_frame(connection: sa.Connection, select: AnySelect) -> pl.DataFrame:
    """Return what `select` finds, each column with the type its table declares.

    Amounts are Decimal(18, 2 or 6), whole numbers Int64, dates Date, JSON its text. Rows come in
    the order the select asks for; without one they have none.
    """
    return _asked(select, connection.dialect.name == "sqlite").of(connection)


def read_table(
    connection: sa.Connection, table: AnyTable, *wanted: sa.ColumnElement[bool]
) -> pl.DataFrame:
    """Return the rows of a table that are `wanted`, sorted by its primary key; else all rows.

    What a night asks of a table that grows with every month says which rows it wants.
    """
    target = table_of(table)
    question = _whole_table(target, connection.dialect.name == "sqlite")
    if not wanted:
        return once(connection, target.name, lambda: question.of(connection), target.name)
    # The conditions name the question: to put all of it into words costs ten times as much.
    asked = sa.and_(*wanted).compile(dialect=connection.dialect)
    named = (target.name, str(asked), *(str(value) for value in asked.params.values()))
    select = sa.select(sa.null()).select_from(target).where(*wanted)
    looked_at = {one.name for one in iterate(select) if isinstance(one, sa.Table)}
    return once(connection, named, lambda: question.of(connection, *wanted), *looked_at)


@dataclass(frozen=True)
class _Question:
    """A select as the driver is asked it, and how its answer becomes a frame."""

    raw: AnySelect
    driver: pl.Schema
    """The columns as the driver gives them."""
    typed: list[pl.Expr]
    """What makes of them the columns that the table declares."""

    @cached_property
    def empty(self) -> pl.DataFrame:
        """The answer without rows: a whole table is asked often, and many stay empty."""
        return self.driver.to_frame().select(self.typed)

    def of(self, connection: sa.Connection, *wanted: sa.ColumnElement[bool]) -> pl.DataFrame:
        """Ask it, for the rows that are `wanted`; raise where the database gives another kind of
        value than a column has."""
        found = connection.execute(self.raw.where(*wanted) if wanted else self.raw)
        # Past SQLAlchemy's own rows, which would take as long again as the driver does.
        rows = () if found.cursor is None else found.cursor.fetchall()
        found.close()
        if not rows:
            return self.empty.clone()
        columns = zip(self.driver.items(), zip(*rows, strict=True), strict=True)
        given = [pl.Series(name, values, kind) for (name, kind), values in columns]
        return pl.DataFrame(given).select(self.typed)


def _asked(select: AnySelect, whole: bool) -> _Question:
    """Prepare a select; `whole` = money comes as millionths, and dates and truth as SQLite has."""
    columns = [(str(column.key), column) for column in select.selected_columns]
    raw = select.with_only_columns(
        *(_raw(column, whole).label(name) for name, column in columns), maintain_column_froms=True
    )
    driver = pl.Schema({name: _driver_type(column.type, whole) for name, column in columns})
    typed = [_typed(name, column.type, whole) for name, column in columns]
    return _Question(raw, driver, typed)


@cache
def _whole_table(table: sa.Table, whole: bool) -> _Question:
    return _asked(sa.select(table).order_by(*table.primary_key), whole)


def once(
    connection: sa.Connection,
    question: Hashable,
    read: Callable[[], pl.DataFrame],
    *tables: str,
) -> pl.DataFrame:
    """Return what `read` finds; asked again in the transaction, what it found.

    That holds until one of the `tables` that it looks at is written to, whatever happens to others.
    """
    answers: dict[Hashable, _Answer] = connection.info.setdefault(_ANSWERS, {})
    if question not in answers:
        answers[question] = _Answer(frozenset(tables), read())
    return answers[question].found.clone()


class _Answer(NamedTuple):
    """What was found in some tables."""

    tables: frozenset[str]
    found: pl.DataFrame


def forget(connection: sa.Connection, table: str | None = None) -> None:
    """Forget what was read of a table, or all that was read: it may be another by now."""
    answers: dict[Hashable, _Answer] = connection.info.get(_ANSWERS, {})
    for question in [asked for asked, found in answers.items() if table in (None, *found.tables)]:
        del answers[question]


def begins(connection: sa.Connection) -> None:
    """Forget what was read and written before: a transaction begins."""
    forget(connection)
    connection.info.pop(_WRITTEN, None)


def writes(connection: sa.Connection, table: str | None = None) -> None:
    """Forget what was read of a table, or all that was read: something is written there."""
    forget(connection, table)
    connection.info[_WRITTEN] = True


def has_written(connection: sa.Connection) -> bool:
    """Whether the open transaction has written anything."""
    return _WRITTEN in connection.info


def _raw(column: sa.ColumnElement[Any], whole: bool) -> sa.ColumnElement[Any]:
    """Return the expression that gives a column as the driver has it, without a Python object."""
    bare: sa.ColumnElement[Any] = column.element if isinstance(column, sa.Label) else column
    if isinstance(column.type, Money):
        if whole:
            return sa.type_coerce(bare, sa.BigInteger())
        return sa.cast(
            sa.type_coerce(bare, sa.Numeric()) * sa.literal_column(str(MICROS)), sa.BigInteger()
        )
    if isinstance(column.type, sa.JSON):
        return sa.cast(bare, sa.Text())
    if isinstance(column.type, sa.Date):
        return sa.type_coerce(bare, sa.String()) if whole else bare
    if isinstance(column.type, sa.Boolean) and whole:
        return sa.type_coerce(bare, sa.Integer())
    if isinstance(column.type, sa.Integer) and not whole:
        return sa.cast(bare, sa.BigInteger())  # a sum of whole numbers is NUMERIC there
    return bare


def _driver_type(kind: sa.types.TypeEngine[Any], whole: bool) -> pl.DataType:
    """Return what the driver gives for a column of the type its table declares."""
    if isinstance(kind, Money | sa.Integer):
        return pl.Int64()
    if isinstance(kind, sa.Date):
        return pl.String() if whole else pl.Date()
    if isinstance(kind, sa.Boolean):
        return pl.Int64() if whole else pl.Boolean()
    return pl.String()


def _typed(name: str, kind: sa.types.TypeEngine[Any], whole: bool) -> pl.Expr:
    """Return the expression that makes of the driver's values what the table declares."""
    values = pl.col(name)
    if isinstance(kind, Money):
        micros = values.cast(pl.Decimal(38, 6))
        return (micros * _ONE_MICRO).cast(pl.Decimal(18, kind.places))
    if isinstance(kind, sa.Date) and whole:
        return values.str.to_date()
    if isinstance(kind, sa.Boolean) and whole:
        return values.cast(pl.Boolean)
    return values


def one_of(
    connection: sa.Connection, column: Any, values: Iterable[str | None]
) -> sa.ColumnElement[bool]:
    """Return the condition that a column is one of these texts, however many they are.

    They go to the database as one value, for it bounds how many a question may have.
    """
    listed = json.dumps(sorted({value for value in values if value is not None}))
    told: Any = sa.literal(listed, sa.Text())
    if connection.dialect.name == "sqlite":
        rows = sa.func.json_each(told).table_valued("value")
    else:
        rows = sa.func.json_array_elements_text(sa.cast(told, sa.JSON())).table_valued("value")
    found: sa.ColumnElement[bool] = column.in_(sa.select(rows.c.value))
    return found


def in_months(column: Any, months: Iterable[str | None]) -> sa.ColumnElement[bool]:
    """Return the condition that a day is in one of the months (YYYY-MM)."""
    spans = []
    for month in sorted({month for month in months if month is not None}):
        first = first_day(month)
        spans.append(sa.and_(column >= first, column < first_day(next_month(month))))
    return sa.or_(sa.false(), *spans)


def first_day(month: str) -> dt.date:
    """Return the first day of a month (YYYY-MM)."""
    return dt.date.fromisoformat(f"{month}-01")


def next_month(month: str) -> str:
    """Return the month (YYYY-MM) after one."""
    return f"{first_day(month) + dt.timedelta(days=31):%Y-%m}"


MONTH = month_of("bill_date")


def of(lines: pl.LazyFrame, documents: pl.Series) -> pl.LazyFrame:
    """Return the rows that belong to the documents, in their order.

    A filter does it in a third of the time of a join, and what is read twice comes in one order.
    """
    return lines.filter(among("document_id", documents.cast(pl.String)))


def not_of(lines: pl.LazyFrame, documents: pl.Series) -> pl.LazyFrame:
    """Return the rows that do not belong to the documents, in their order."""
    if documents.is_empty():
        return lines
    return lines.filter(~among("document_id", documents.cast(pl.String)))
