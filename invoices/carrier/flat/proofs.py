"""Rows of a feed that print what the rows beside them add up to: they prove, and are no charges.

Where a profile does not tell them they would be counted twice: a bill that prints no total of its
own, to tell by, is held for a row that reads like one.
"""

from __future__ import annotations

import re

import polars as pl

from invoices.carrier.bundles import REASONS
from invoices.carrier.flat.profile import KEY_FIELDS, folded
from invoices.carrier.flat.rows import BILL, BLANKS, Table
from invoices.carrier.flat.told_rows import Subtotal
from invoices.carrier.flat.values import EXACT, Fields, column_field, rounded
from invoices.schema import empty
from invoices.text import filled

SUBTOTALS = pl.Schema(
    {
        "rule": pl.Int64(),  # its place among the rules of the part
        "row": pl.Int64(),
        "of": pl.Int64(),  # where its bill begins in a file of several tables, else 0
        "stated": EXACT,  # null where what it prints is no amount
    }
)


def subtotals_of(fields: Fields, adding: list[pl.Expr]) -> pl.DataFrame:
    """Return the rows that print a sub-total (`SUBTOTALS`); `adding` says for each rule of the part
    which rows these are."""
    table = fields.table
    found = [empty(SUBTOTALS)]
    for place, (rule, is_one) in enumerate(zip(table.part.subtotals, adding, strict=True)):
        printed = table.cell(rule.amount) if rule.amount else table.last()
        # It is printed as the amounts are.
        turn = -1 if _of_the_lines(rule, fields) and fields.places["amount"].negate else 1
        found.append(
            table.rows.filter(is_one)
            .select("row", printed=printed, of=_bill(fields))
            .with_columns(plain=fields.plain_number(pl.col("printed")))
            .select(
                rule=pl.lit(place, pl.Int64),
                row="row",
                of="of",
                stated=turn * fields.long_amount(pl.col("plain")),
            )
            .collect()
        )
    return pl.concat(found).sort("row")


def off_subtotals(
    rows: pl.LazyFrame, loaded: pl.DataFrame, subtotals: pl.DataFrame, fields: Fields
) -> pl.DataFrame:
    """Return (`REASONS`) the bills with rows that do not add up to a sub-total printed for them.

    rows 25.00, 8.30, sub-total 33.30, row 5.00, sub-total 6.00 -> the second is off. Rows behind
    the last sub-total prove nothing; where a row cannot be read its sub-total is not asked.
    """
    found = [empty(REASONS)]
    for place, rule in enumerate(fields.table.part.subtotals):
        own = subtotals.filter(pl.col("rule") == place).drop("rule")
        if own.height:
            found.append(_off(rows, loaded, own, rule, fields))
    return pl.concat(found)


def _off(
    rows: pl.LazyFrame, loaded: pl.DataFrame, own: pl.DataFrame, rule: Subtotal, fields: Fields
) -> pl.DataFrame:
    key = [pl.col(f"{name} value").alias(name) for name in KEY_FIELDS]
    added = (
        rows.select(
            *key,
            "faulty",
            row=pl.col("row").cast(pl.Int64),
            of=_bill(fields),
            amount=_added(rule, fields),
        )
        .collect()
        .sort("row")
        .join_asof(
            own.select("of", row="row", at="row"),
            on="row",
            by="of",
            check_sortedness=False,
            strategy="forward" if rule.stands == "below" else "backward",
        )
    )
    sums = added.group_by("at").agg(
        pl.col("amount").filter(~pl.col("faulty")).sum(), unread=pl.col("faulty").any()
    )
    zero = pl.lit("0").cast(EXACT)
    wrong = (
        own.join(sums, left_on="row", right_on="at", how="left", maintain_order="left")
        .with_columns(pl.col("amount").fill_null(zero), pl.col("unread").fill_null(False))
        .filter(
            ~pl.col("unread"),
            pl.col("stated").is_null()
            | (
                (rounded(pl.col("stated")) - rounded(pl.col("amount"))).abs()
                > fields.profile.tolerance
            ),
        )
    )
    return _told(wrong, added, loaded)


def _bill(fields: Fields) -> pl.Expr:
    """Return what parts the bills of a file: in a report none is added up with another."""
    return pl.col(BILL) if fields.flat.is_sectioned else pl.lit(0, pl.Int64)


def _told(wrong: pl.DataFrame, added: pl.DataFrame, loaded: pl.DataFrame) -> pl.DataFrame:
    """Return (`REASONS`) the bills whose rows a wrong sub-total adds up."""
    bills = added.select("at", *KEY_FIELDS).unique(maintain_order=True)
    owners = loaded.select("document_id", *KEY_FIELDS)
    met = wrong.join(bills, left_on="row", right_on="at", how="left", maintain_order="left").join(
        owners, on=list(KEY_FIELDS), how="left", maintain_order="left"
    )
    # One that stands beside no row of a bill is of all bills of the file: nobody knows whose.
    nobody = met.filter(pl.col("document_id").is_null()).drop("document_id")
    met = pl.concat(
        [
            met.filter(pl.col("document_id").is_not_null()),
            nobody.join(owners.select("document_id"), how="cross").select(met.columns),
        ]
    )
    words = filled(
        "row {} prints {} as a sub-total, and its rows add up to {}",
        "row",
        pl.coalesce(
            rounded(pl.col("stated")).cast(pl.String), pl.lit("no amount that can be read")
        ),
        rounded(pl.col("amount")).cast(pl.String),
    )
    return met.select("document_id", cause=pl.lit("subtotal_differs"), message=words).cast(REASONS)


def _of_the_lines(rule: Subtotal, fields: Fields) -> bool:
    """Whether a sub-total adds up the amount of the lines, and no other column."""
    amount = fields.places.get("amount")
    if amount is None or rule.amount is None:
        return amount is not None
    return not amount.beside and folded(rule.amount) in amount.names


def _added(rule: Subtotal, fields: Fields) -> pl.Expr:
    """Return what a sub-total adds up: the amount of the lines, or the column it stands in."""
    if _of_the_lines(rule, fields):
        exact = fields.extended().cast(EXACT)
        return rounded(exact).cast(EXACT) if fields.table.part.rounding != "total" else exact
    return pl.col(f"{column_field(str(rule.amount))} value").cast(EXACT)


_SAYS_TOTAL = (
    r"(?i)^\W*(?:sub[- ]?total|grand total|totals?\W*$"
    r"|totals?\b.*\b(?:for|of|due|amount|charges?)\b)"
)
_MAY_SAY_TOTAL = r"(?i)\b(?:sub)?-?totals?\b"
_ALL_IT_SAYS = r"(?i)^\W*(?:sub[- ]?totals?|grand totals?|totals?)\W*$"


def _cell_says_total(table: Table) -> pl.Expr:
    """Return the cell of a row, of whatever column, that says total and nothing else, else null."""
    sign = re.escape("\t" if table.damaged else table.delimiter)
    total = rf"[^\w{sign}]*(?:sub[- ]?totals?|grand totals?|totals?)[^\w{sign}]*"
    said = pl.col("text").str.extract(rf"(?i)(?:^|{sign})({total})(?:{sign}|$)", 1)
    return said.str.strip_chars(BLANKS + '"')


def _like_a_total(fields: Fields) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return the words of a row that say total, whether it may be one, and, sooner told, whether
    any word of it says so."""
    code = fields.value("usoc").cast(pl.String)
    described = pl.col("description") if fields.has("description") else pl.lit(None, pl.String)
    spoken = pl.when(described.str.contains(_MAY_SAY_TOTAL)).then(described)
    words = pl.coalesce(spoken, _cell_says_total(fields.table))
    no_code = code.is_null() | code.str.contains(_ALL_IT_SAYS)
    named = pl.col("text").str.contains("(?i)total") | spoken.is_not_null()
    return words, words.is_not_null() & no_code, named


def like_totals(rows: pl.LazyFrame, loaded: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Return (`REASONS`) the bills without a printed total that have a row like a total.

    Rows 25.00, 55.00, `Subtotal` 80.00 without a code: it says what it is, in its description or in
    any other cell. Words that may mean something else (`Total Care`) count where the amount is what
    the rows above come to.
    """
    part = fields.table.part
    asked = part.like_totals == "hold" and "current_charges" in fields.flat.derive
    if not asked or part.role != "lines":
        return empty(REASONS)
    key = [pl.col(f"{name} value").alias(name) for name in KEY_FIELDS]
    words, may_be, named = _like_a_total(fields)
    if not rows.select(named.any()).collect().item():
        return empty(REASONS)
    said = (
        rows.filter(~pl.col("faulty"))
        .select(
            *key, "row", words=words, may_be=may_be, amount=rounded(fields.extended().cast(EXACT))
        )
        .collect()
        .sort("row")
        .with_columns(since=pl.col("may_be").shift(1, fill_value=False).cum_sum().over(KEY_FIELDS))
        .with_columns(
            block=(pl.col("amount").cum_sum() - pl.col("amount")).over(*KEY_FIELDS, "since"),
            above=(pl.col("amount").cum_sum() - pl.col("amount")).over(KEY_FIELDS),
            charges=pl.when(~pl.col("may_be")).then("amount").cum_sum().over(KEY_FIELDS),
        )
        .with_columns(pl.col("charges").forward_fill().over(KEY_FIELDS))
    )
    adds_up = pl.any_horizontal(
        pl.col("amount") == pl.col(n) for n in ("block", "above", "charges")
    )
    like = said.filter(
        pl.col("may_be"),
        pl.col("amount") != 0,
        pl.col("words").str.contains(_SAYS_TOTAL) | adds_up.fill_null(False),
    ).unique(KEY_FIELDS, keep="first", maintain_order=True)
    message = filled(
        "row {} (`{}`, {}) reads like a total of other rows, and would be charged beside them",
        "row",
        pl.col("words").str.slice(0, 40),
        pl.col("amount").cast(pl.String),
    )
    return (
        like.join(loaded.select("document_id", *KEY_FIELDS), on=list(KEY_FIELDS), how="inner")
        .select("document_id", cause=pl.lit("total_among_rows"), message=message)
        .cast(REASONS)
    )
