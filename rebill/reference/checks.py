"""What a reference table may say: cells, rows, keys, validity, references, precedence.

Every check is an expression over all rows; each fault names file, row, what is wrong, and what to
do. Frames carry `_file` and `_row` (null on rows that were loaded before) and `_ok`, false on a
row with an unreadable cell: it is reported once and takes no part in later checks.
"""

from __future__ import annotations

import datetime as dt
from functools import reduce

import polars as pl

from invoices.text import filled
from rebill.reference import checks_selling
from rebill.reference.cells import Faults
from rebill.store.columns import DTYPES, Column, Reference, TableIn
from rebill.store.shapes import SCOPES

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(9999, 12, 31)
NUMBER = r"^[+-]?(\d{1,12}(\.\d*)?|\.\d+)$"
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


# --- cells ------------------------------------------------------------------------------------


def typed(cells: pl.DataFrame, shape: TableIn, faults: Faults) -> pl.DataFrame:
    """Return the rows with the types of the table; an unreadable cell is null and noted."""
    ok = pl.lit(True)
    values: list[pl.Expr] = []
    for column in shape.columns:
        cell = _cell(column)
        readable = _readable(column, cell)
        given = pl.col(column.name).is_not_null()
        _note_cells(cells.filter(given & ~readable), column, faults)
        ok = ok & (readable | ~given)
        if column.required:
            missing = cells.filter(~given).with_columns(what=pl.lit(f"{column.name} is not given"))
            faults.add_rows(missing, f"give the {column.name}")
            ok = ok & given
        values += _values(column, cell, readable)
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
    if column.kind == "boolean":
        return cell.is_in(["true", "false"])
    if column.kind == "date":
        day = cell.str.to_date("%Y-%m-%d", strict=False)
        iso = cell.str.contains(r"^\d{4}-\d{2}-\d{2}$")
        return iso & day.is_between(FIRST_DAY, LAST_DAY).fill_null(False)
    if column.kind == "text":
        return ~cell.str.contains(CONTROL)
    exact = cell.str.contains(NUMBER if column.kind == "decimal" else r"^[+-]?\d{1,9}$")
    exact &= ~cell.str.contains(rf"\.\d{{{column.places}}}\d*[1-9]")
    number = pl.when(exact).then(cell).cast(pl.Decimal(18, 6), strict=False)
    if column.least is not None:
        exact &= (number >= _decimal(column.least)).fill_null(False)
    if column.most is not None:
        exact &= (number <= _decimal(column.most)).fill_null(False)
    if column.above is not None:
        exact &= (number > _decimal(column.above)).fill_null(False)
    return exact | (cell == column.word) if column.word else exact


def _decimal(text: str) -> pl.Expr:
    return pl.lit(text).cast(pl.Decimal(18, 6))


def _note_cells(rows: pl.DataFrame, column: Column, faults: Faults) -> None:
    shown = pl.col(column.name).str.slice(0, 40)
    what = filled(
        "{} {} is not {}", pl.lit(column.name), _in_quotes(shown), pl.lit(_wanted(column))
    )
    faults.add_rows(rows.with_columns(what=what), _cell_remedy(column))


def _in_quotes(text: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit("'"), text, pl.lit("'"))


def _wanted(column: Column) -> str:
    """Say what a cell of the column must be."""
    if column.words:
        return "one of " + ", ".join(column.words)
    if column.kind == "boolean":
        return "true or false"
    if column.kind == "date":
        return "a date of the calendar"
    if column.kind == "text":
        return "text without control characters"
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


# --- rows -------------------------------------------------------------------------------------


def check_rows(rows: pl.DataFrame, shape: TableIn, faults: Faults) -> None:
    """Note what is wrong with rows by themselves and with each other."""
    good = rows.filter("_ok")
    if shape.period:
        start, end = shape.period
        _note(
            good,
            pl.col(end) <= pl.col(start),
            filled("{} {} is not after {} {}", pl.lit(end), end, pl.lit(start), start),
            f"{end} is the first day excluded: it lies after {start}",
            faults,
        )
    if shape.one_of:
        given = pl.sum_horizontal(pl.col(name).is_not_null() for name in shape.one_of)
        one, other = shape.one_of
        what = pl.when(given == 0).then(pl.lit("neither")).otherwise(pl.lit("both"))
        _note(
            good,
            given != 1,
            filled("{} of {} and {} given", what, pl.lit(one), pl.lit(other)),
            f"give either {one} or {other}",
            faults,
        )
    if shape.name == "services":
        _note(
            good,
            pl.col("disconnected_on") < pl.col("installed_on"),
            filled(
                "disconnected_on {} is before installed_on {}", "disconnected_on", "installed_on"
            ),
            "correct one of the two dates",
            faults,
        )
    if shape.name == "markups":
        _check_scope(good, faults)
        _check_method(good, faults)
    for name, wrong, what, remedy in checks_selling.RULES:
        if name == shape.name:
            _note(good, wrong, what, remedy, faults)
    check_keys(good, shape, faults)


def _note(rows: pl.DataFrame, wrong: pl.Expr, what: pl.Expr, remedy: str, faults: Faults) -> None:
    faults.add_rows(rows.filter(wrong.fill_null(False)).with_columns(what=what), remedy)


def _check_scope(rows: pl.DataFrame, faults: Faults) -> None:
    """Note markup rows that name a combination the precedence does not know."""
    names = sorted({name for scope in SCOPES for name in scope})
    fits = reduce(
        lambda found, scope: (
            found
            | reduce(
                lambda all_so, name: all_so & (pl.col(name).is_not_null() == (name in scope)),
                names,
                pl.lit(True),
            )
        ),
        SCOPES,
        pl.lit(False),
    )
    named = pl.concat_str(
        [pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in names],
        separator=" and ",
        ignore_nulls=True,
    )
    known = ", ".join(" and ".join(scope) or "nothing (all)" for scope in SCOPES)
    what = filled("no scope names {}", named)
    _note(rows, ~fits, what, f"name exactly one of: {known}", faults)


def _check_method(rows: pl.DataFrame, faults: Faults) -> None:
    """Note markup rows whose numbers do not fit their method."""
    method, value, minimum = pl.col("method"), pl.col("value"), pl.col("minimum")
    zero, one = _decimal("0"), _decimal("1")
    without = method.is_in(["pass_through", "absorb"])
    rules = (
        (
            ~without & value.is_null() & pl.col("tier").is_null(),
            "{} has no value",
            "give the value: 0.15 is 15 percent, else dollars per unit",
        ),
        (
            without & (value != zero),
            "{} takes no value",
            "leave the value empty or choose another method",
        ),
        (
            (method == "percent_with_minimum") & minimum.is_null(),
            "{} has no minimum",
            "give the minimum in dollars per unit, or use percent",
        ),
        (
            (method != "percent_with_minimum") & minimum.is_not_null(),
            "{} takes no minimum",
            "leave the minimum empty or use percent_with_minimum",
        ),
        (
            (method == "retail_discount") & ~value.is_between(zero, one),
            "a {} lies between 0 and 1",
            "write 15 percent as 0.15",
        ),
        (
            (method == "flat") & (value < zero),
            "a {} price is not negative",
            "give a price per unit and month",
        ),
        (
            method.is_in(["percent", "percent_with_minimum"]) & (value < -one),
            "a {} below -1 makes the price negative",
            "write a discount of 15 percent as -0.15",
        ),
        (
            pl.col("floor") > pl.col("cap"),
            "the floor is above the cap ({})",
            "give a floor that is at most the cap",
        ),
    )
    for wrong, what, remedy in rules:
        _note(rows, wrong, filled(what, "method"), remedy, faults)


def check_keys(rows: pl.DataFrame, shape: TableIn, faults: Faults) -> None:
    """Note rows that say a second time what an earlier row of the files says."""
    again = rows.sort("_file", "_row").with_columns(
        _first=filled("{} row {}", pl.first("_file"), pl.first("_row")).over(shape.key),
        _place=pl.int_range(pl.len()).over(shape.key),
    )
    again = again.filter(pl.col("_place") > 0)
    if shape.name == "services":
        what = filled(
            "service {} stands already in {}: a service has one customer", "service", "_first"
        )
        remedy = "leave one of the two rows out, or give them two services"
    elif shape.name == "markups":
        what = filled("ties with {}: the same scope and effective_from", "_first")
        remedy = "give one of the two another effective_from, or leave it out"
    else:
        what = filled(
            "says again what {} says: the same {}", "_first", pl.lit(", ".join(shape.key))
        )
        remedy = "leave one of the two rows out"
    faults.add_rows(again.with_columns(what=what), remedy)


# --- between rows and tables ------------------------------------------------------------------


def check_overlap(after: pl.DataFrame, shape: TableIn, faults: Faults) -> None:
    """Note rows whose validity overlaps that of another row of the same key.

    `after` holds the rows that would be current; a pair is reported at its row of tonight's files.
    """
    if not shape.overlap or not shape.period or after.is_empty():
        return
    start, end = shape.period
    key = list(shape.element_key)
    alike = [pl.col(name) for name in key] or [pl.lit(0)]
    ordered = after.with_columns(
        _from=pl.col(start).fill_null(FIRST_DAY), _until=pl.col(end).fill_null(LAST_DAY)
    ).sort(*key, "_from", "_row", nulls_last=True)
    before = {
        f"_before{name}": pl.col(name).shift(1).over(alike)
        for name in ("_file", "_row", "_from", "_until")
    }
    reach = pl.col("_until").cum_max().shift(1).over(alike)
    pairs = ordered.with_columns(**before, _reach=reach).filter(pl.col("_from") < pl.col("_reach"))
    where = pl.coalesce(
        pl.when(pl.col("_row").is_not_null()).then(
            filled("{} row {}", "_before_file", "_before_row")
        ),
        pl.lit("loaded before"),
    )
    what = filled(
        "two rows of the same {} overlap: {}, and {} ({})",
        pl.lit(", ".join(key) or "table"),
        _span("_from", "_until"),
        _span("_before_from", "_before_until"),
        where,
    )
    reported = pairs.select(
        _file=pl.coalesce("_file", "_before_file"),
        _row=pl.coalesce("_row", "_before_row"),
        what=what,
    ).filter(pl.col("_file").is_not_null())
    faults.add_rows(reported, f"end the earlier row with {end}, or load all rows with --replace")


def _span(start: str, end: str) -> pl.Expr:
    return filled(
        "{} until {}",
        pl.when(pl.col(start) > FIRST_DAY)
        .then(pl.col(start).cast(pl.String))
        .otherwise(pl.lit("the beginning")),
        pl.when(pl.col(end) < LAST_DAY)
        .then(pl.col(end).cast(pl.String))
        .otherwise(pl.lit("further notice")),
    )


def check_reference(
    rows: pl.DataFrame, shape: TableIn, reference: Reference, targets: pl.DataFrame, faults: Faults
) -> None:
    """Note rows that name what is not there; `targets` are the rows of the other table."""
    columns, target = list(reference.columns), list(reference.targets)
    named = rows.drop_nulls(columns)
    broken = named.join(
        targets.select(target).unique(), left_on=columns, right_on=target, how="anti"
    )
    shown = filled(
        " ".join(f"{name} {{}}" for name in columns),
        *(_in_quotes(pl.col(name)) for name in columns),
    )
    note_broken(
        broken,
        shape,
        filled("{} is not in {}", shown, pl.lit(reference.table)),
        f"load it with {reference.table}, or correct the name",
        faults,
    )


def note_broken(
    broken: pl.DataFrame, shape: TableIn, what: pl.Expr, remedy: str, faults: Faults
) -> None:
    """Note broken references, naming the table where the row was loaded before."""
    place = pl.lit(f"{shape.name} (loaded before)")
    faults.add_rows(
        broken.select(pl.coalesce("_file", place).alias("_file"), "_row", what=what), remedy
    )
