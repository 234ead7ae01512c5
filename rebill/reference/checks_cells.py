"""What a cell of a reference table may say: its text becomes a value, or a fault.

Every check is an expression over all rows. Rows carry `_file` and `_row` (null on rows that were
loaded before) and `_ok`, false on a row with an unreadable cell: it is reported once and takes no
part in later checks.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from invoices.identifiers import LONG, LONGEST, is_doubtful
from invoices.text import filled
from rebill.reference.cells import FREE
from rebill.reference.faults import Faults
from rebill.reference.states import STATES, with_near
from rebill.store.columns import DTYPES, Column, TableIn

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(9999, 12, 31)
NUMBER = r"^[+-]?(\d{1,12}(\.\d*)?|\.\d+)$"
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def typed(cells: pl.DataFrame, shape: TableIn, faults: Faults) -> pl.DataFrame:
    """Return the rows with the types of the table; an unreadable cell is null and noted."""
    cell_of = {column.name: _cell(column) for column in shape.columns}
    readable = {column.name: _readable(column, cell_of[column.name]) for column in shape.columns}
    missing = {column.name: pl.col(column.name).is_null() for column in shape.columns}
    wrong = {name: ~missing[name] & ~says for name, says in readable.items()}
    # Most files are right: which columns are not is asked once, and only they are looked at.
    asked = [
        each.any().alias(f"{what} {name}")
        for what, of in (("wrong", wrong), ("missing", missing))
        for name, each in of.items()
    ]
    found = cells.select(asked).row(0, named=True)
    ok = pl.lit(True)
    for column in shape.columns:
        name = column.name
        if found[f"wrong {name}"]:
            _note_cells(cells.filter(wrong[name]), column, faults)
        if column.required and found[f"missing {name}"]:
            what = pl.lit(f"{name} is not given")
            faults.add_rows(cells.filter(missing[name]).with_columns(what=what), f"give the {name}")
        ok = ok & ~wrong[name]
        ok = ok & ~missing[name] if column.required else ok
    values = [
        value
        for column in shape.columns
        for value in _values(column, cell_of[column.name], readable[column.name])
    ]
    return cells.select("_file", "_row", ok.alias("_ok"), *values)


def _cell(column: Column) -> pl.Expr:
    """The text of a cell as it is kept: in the column's case, with what empty means."""
    cell = pl.col(column.name)
    if column.case == "upper":
        cell = cell.str.to_uppercase()
    if column.case == "lower" or column.words or column.kind == "boolean" or column.word:
        cell = cell.str.to_lowercase()
    return cell if column.default is None else cell.fill_null(column.default)


def _readable(column: Column, cell: pl.Expr) -> pl.Expr:
    """Whether a cell that is given says something the column can hold; null where it is not."""
    if column.words:
        return cell.is_in(list(column.words))
    if column.state:
        return cell.is_in(list(STATES))
    if column.kind == "boolean":
        return cell.is_in(["true", "false"])
    if column.kind == "date":
        day = cell.str.to_date("%Y-%m-%d", strict=False)
        iso = cell.str.contains(r"^\d{4}-\d{2}-\d{2}$")
        return iso & day.is_between(FIRST_DAY, LAST_DAY).fill_null(False)
    if column.kind == "text":
        says = ~cell.str.contains(CONTROL)
        return says if column.name in FREE else says & ~is_doubtful(column.name, cell)
    exact = cell.str.contains(NUMBER if column.kind == "decimal" else r"^[+-]?\d{1,9}$")
    exact &= ~cell.str.contains(rf"\.\d{{{column.places}}}\d*[1-9]")
    number = pl.when(exact).then(cell).cast(pl.Decimal(18, 6), strict=False)
    if column.least is not None:
        exact &= (number >= decimal_of(column.least)).fill_null(False)
    if column.most is not None:
        exact &= (number <= decimal_of(column.most)).fill_null(False)
    if column.above is not None:
        exact &= (number > decimal_of(column.above)).fill_null(False)
    return exact | (cell == column.word) if column.word else exact


def decimal_of(text: str) -> pl.Expr:
    """Return the exact decimal that a text spells, with six places."""
    return pl.lit(text).cast(pl.Decimal(18, 6))


def _note_cells(rows: pl.DataFrame, column: Column, faults: Faults) -> None:
    shown = pl.lit("****") if column.secret else pl.col(column.name).str.slice(0, 40)
    what = filled("{} {} is not {}", pl.lit(column.name), in_quotes(shown), pl.lit(_wanted(column)))
    if column.state:
        meant = with_near(rows[column.name]).rename({"text": column.name})
        rows = rows.join(meant, on=column.name, how="left", maintain_order="left")
        what += pl.coalesce(pl.lit("; did you mean ") + pl.col("near") + "?", pl.lit(""))
    faults.add_rows(rows.with_columns(what=what), _cell_remedy(column))


def in_quotes(text: pl.Expr) -> pl.Expr:
    """Return text in single quotes."""
    return pl.concat_str(pl.lit("'"), text, pl.lit("'"))


def _wanted(column: Column) -> str:
    """Say what a cell of the column must be."""
    if column.words:
        return "one of " + ", ".join(column.words)
    if column.state:
        return "the two-letter code of a state"
    if column.kind == "boolean":
        return "true or false"
    if column.kind == "date":
        return "a date of the calendar"
    if column.kind == "text" and column.name in FREE:
        return "text without control characters"
    if column.kind == "text":
        most = LONGEST.get(column.name, LONG)
        return f"told by plain characters, {most} at most and no formula"
    number = "a whole number" if column.kind == "integer" else "a plain number"
    bounds = []
    if column.most is not None:
        bounds.append(f"from {column.least} to {column.most}")
    elif column.least is not None:
        bounds.append(f"of at least {column.least}")
    elif column.above is not None:
        bounds.append(f"above {column.above}")
    if column.kind == "decimal":
        bounds.append(f"with at most {column.places} decimals")
    return " ".join([number, *bounds]) + (f" or {column.word}" if column.word else "")


def _cell_remedy(column: Column) -> str:
    if column.kind == "date":
        return "write it as YYYY-MM-DD"
    if column.kind == "decimal":
        return "write digits and a point, such as 1234.50"
    if column.state:
        return "write two letters, such as OH"
    return "write it so" if column.words or column.kind == "boolean" else "correct the cell"


def _values(column: Column, cell: pl.Expr, readable: pl.Expr) -> list[pl.Expr]:
    """The stored columns of a cell, null where it cannot be read."""
    good = pl.when(readable).then(cell)
    dtype = DTYPES[column.kind]
    if column.kind == "date":
        return [good.str.to_date("%Y-%m-%d", strict=False).alias(column.name)]
    if column.kind == "boolean":
        return [(good == "true").alias(column.name)]
    if column.word:
        named = (good == column.word).fill_null(False)
        number = pl.when(~named).then(good).cast(dtype, strict=False)
        return [number.alias(column.name), named.alias(f"{column.name}_{column.word}")]
    return [good.cast(dtype, strict=False).alias(column.name)]
