"""What a row of a reference table may say by itself, and that no other says it again."""

from __future__ import annotations

import polars as pl

from invoices.bank.nacha_fields import is_routing
from invoices.calendar import FIRST_YEAR, LAST_YEAR
from invoices.text import filled
from rebill.reference.checks_cells import decimal_of
from rebill.reference.checks_markups import DEAR, MOST, check_markups, hundredth, plain_number
from rebill.reference.faults import Faults
from rebill.reference.states import STATES
from rebill.store.columns import TableIn

ACCOUNT = "^[A-Za-z0-9-]{1,17}$"
"""An account number as an ACH entry can carry it."""
_NAMES_A_BANK = is_routing(pl.col("routing")) & pl.col("routing").str.contains("[1-9]")
_DEBITED = [
    pl.col(name).is_not_null() for name in ("routing", "account", "sec", "ach_authorised_on")
]

LONGEST_TERM = 600
"""Months a term has at most."""


def _pieces(name: str, wrong: pl.Expr) -> pl.Expr:
    """Say whether a piece of a cell like `OH;MI` is `wrong`, an expression of the piece."""
    pieces = pl.col(name).str.split(";").list.eval(pl.element().str.strip_chars())
    return pieces.list.eval(wrong).list.any()


def _shown(name: str) -> pl.Expr:
    return pl.col(name).str.head(40)


_STATE = pl.element().str.to_uppercase().is_in(list(STATES))
_TERM = pl.element().cast(pl.Int64, strict=False).is_between(1, LONGEST_TERM).fill_null(False)
_WHOLE = pl.element().str.contains("^[0-9]{1,3}$")
_UNCUT = pl.element().str.contains(",") | (pl.element() == "")
RULES: tuple[tuple[str, pl.Expr, pl.Expr, str], ...] = (
    (
        "services",
        pl.col("disconnected_on") < pl.col("installed_on"),
        filled("disconnected_on {} is before installed_on {}", "disconnected_on", "installed_on"),
        "correct one of the two dates",
    ),
    (
        "customer_charges",
        (pl.col("frequency") == "once") & pl.col("effective_from").is_null(),
        pl.lit("a charge that is due once has no day"),
        "give effective_from: it is due in that month",
    ),
    (
        "customer_charges",
        (pl.col("percent") < -1) & ~pl.col("consent"),
        filled(
            "percent {} is a discount above the charges, without consent; did you mean {}?",
            *(plain_number("percent"), hundredth("percent")),
        ),
        DEAR,
    ),
    (
        "customer_charges",
        (pl.col("percent") > decimal_of(MOST)) & ~pl.col("consent"),
        filled(
            f"percent {{}} is above {MOST} (300 percent), without consent; did you mean {{}}?",
            *(plain_number("percent"), hundredth("percent")),
        ),
        DEAR,
    ),
    (
        "interstate_shares",
        pl.col("usoc").is_not_null() & pl.col("product").is_not_null(),
        pl.lit("both usoc and product are given"),
        "give one of them, or neither for all else",
    ),
    (
        "contribution_factors",
        pl.col("charged") > pl.col("factor"),
        filled(
            "{} is charged, more than the factor {}",
            plain_number("charged"),
            plain_number("factor"),
        ),
        "charge at most the factor: more is not allowed (47 CFR 54.712)",
    ),
    (
        "customers",
        ~_NAMES_A_BANK.fill_null(False) & pl.col("routing").is_not_null(),
        filled("routing '{}' is no routing number of nine digits", pl.col("routing").str.head(40)),
        "copy it from the authorisation, zeros in front and the check digit at the end included",
    ),
    (
        "customers",
        ~pl.col("account").str.contains(ACCOUNT) | ~pl.col("account").str.contains("[A-Za-z0-9]"),
        pl.lit("account '****' is none that a debit can name"),
        "write its digits and letters, 17 at most, without blanks, zeros in front included",
    ),
    (
        "customers",
        pl.any_horizontal(_DEBITED) & ~pl.all_horizontal(_DEBITED),
        pl.lit("of routing, account, sec and ach_authorised_on some are given and some are not"),
        "give all four, or none where the customer did not agree to be debited",
    ),
    (
        "contribution_factors",
        pl.col("effective_from").is_null(),
        pl.lit("effective_from is not given"),
        "give the first day of the quarter",
    ),
    (
        "order_events",
        pl.col("order_no").is_null() & pl.col("pon").is_null(),
        pl.lit("neither of order_no and pon given"),
        "name the order, or our purchase order number",
    ),
    *(
        (
            "order_events",
            ~pl.col(name).dt.year().is_between(FIRST_YEAR, LAST_YEAR),
            filled(f"{name} {{}} is no day of this trade", pl.col(name).cast(pl.String)),
            f"write a day of the years {FIRST_YEAR} to {LAST_YEAR}",
        )
        for name in ("at", "due_on")
    ),
    (
        "commissions_received",
        ~pl.col("month").str.contains(r"^[0-9]{4}-(0[1-9]|1[0-2])$"),
        filled("month '{}' is no month", pl.col("month").str.head(40)),
        "write it as 2026-03",
    ),
    (
        "offers",
        _pieces("states", ~_STATE),
        filled("states '{}' are no states with semicolons between", _shown("states")),
        "write their two letters, as OH;MI, or nothing for anywhere",
    ),
    (
        "offers",
        _pieces("zones", _UNCUT),
        filled("zones '{}' are no zones with semicolons between", _shown("zones")),
        "write them as 1;2, or nothing for any",
    ),
    (
        "offers",
        _pieces("terms", ~(_WHOLE & _TERM)),
        filled("terms '{}' are no whole months with semicolons between", _shown("terms")),
        f"write months from 1 to {LONGEST_TERM}, as 12;36, or nothing for month to month",
    ),
    (
        "quote_lines",
        _pieces("carriers", pl.element() == ""),
        filled("carriers '{}' name nobody at a place", _shown("carriers")),
        "write them as A;B, or nothing for all that offer it",
    ),
)
"""Table, when a row is wrong, what is said of it, and what to do."""


def check_rows(rows: pl.DataFrame, shape: TableIn, faults: Faults) -> None:
    """Note what is wrong with rows by themselves and with each other."""
    good = rows.filter("_ok")
    if shape.period:
        start, end = shape.period
        faults.add_where(
            good,
            pl.col(end) <= pl.col(start),
            filled("{} {} is not after {} {}", pl.lit(end), end, pl.lit(start), start),
            f"{end} is the first day excluded: it lies after {start}",
        )
    if shape.one_of:
        given = pl.sum_horizontal(pl.col(name).is_not_null() for name in shape.one_of)
        one, other = shape.one_of
        what = pl.when(given == 0).then(pl.lit("neither")).otherwise(pl.lit("both"))
        faults.add_where(
            good,
            given != 1,
            filled("{} of {} and {} given", what, pl.lit(one), pl.lit(other)),
            f"give either {one} or {other}",
        )
    if shape.name == "markups":
        check_markups(good, faults)
    for name, wrong, what, remedy in RULES:
        if name == shape.name:
            faults.add_where(good, wrong, what, remedy)
    if not shape.append:  # what is told twice is told
        check_keys(good, shape, faults)


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
