"""What must hold of a row, said once: it finds the rows that fail and gives their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from invoices.carrier import split
from invoices.carrier.cells import shown
from invoices.carrier.header import Header
from invoices.identifiers import REMEDY, doubt, is_doubtful
from invoices.text import filled


@dataclass(frozen=True)
class Check:
    """Something that must hold of a row: where it fails, why, and what to do."""

    fails: pl.Expr
    message: pl.Expr
    remedy: str | pl.Expr


def shape(header: Header) -> Check:
    """Check that a row is whole; it comes first in every list of checks."""
    return Check(
        ~pl.col("whole"),
        split.shape_fault(pl.col("text"), len(header.names)),
        "send the row again whole, in one line, a quote inside a quoted cell doubled",
    )


def needed(name: str) -> Check:
    """Check that something stands in a cell."""
    return Check(pl.col(name).is_null(), pl.lit(f"{name} is empty"), f"fill in {name}")


def of_kind(header: Header, name: str) -> Check:
    """Check that a cell reads as its kind."""
    kind, cell = header.kinds[name], pl.col(name)
    return Check(
        cell.is_not_null() & header.spelled(name).is_null(),
        filled(f"{name} `{{}}` is not {kind.what}", shown(cell)),
        f"{name}: {kind.remedy}",
    )


def readable(header: Header, name: str) -> Check:
    """Check that an identifier is told by what can be seen, and is no longer than any is."""
    fails = is_doubtful(name, pl.col(name), plain=not header.odd)
    return Check(fails, doubt(name, pl.col(name)), REMEDY)


def in_dollars() -> Check:
    """Check that the currency is USD, or that none is named."""
    cell = pl.col("currency")
    return Check(
        cell.str.to_uppercase() != "USD",
        filled("currency `{}` is not read, only USD", shown(cell)),
        "ask the carrier for the invoice in USD",
    )


def in_order(header: Header, starts: str, ends: str) -> Check:
    """Check that a period does not end before it starts."""
    return Check(
        header.value(ends) < header.value(starts),
        filled(
            f"{ends} {{}} lies before {starts} {{}}",
            shown(pl.col(ends)),
            shown(pl.col(starts)),
        ),
        f"give the first day that is not billed as {ends}",
    )


def agrees_in_sign(header: Header, name: str) -> Check:
    """Check that a negative quantity or rate does not stand with a positive amount."""
    cell = pl.col(name)
    return Check(
        (header.value(name) < 0) & (header.value("amount") > 0),
        filled(
            f"{name} `{{}}` with amount `{{}}`: a negative {name} goes with a negative amount",
            shown(cell),
            shown(pl.col("amount")),
        ),
        f"make {name} and amount agree: a credit has both negative, or {name} positive",
    )


def any_fails(checks: Sequence[Check]) -> pl.Expr:
    """Say whether a row cannot be read."""
    return pl.any_horizontal(check.fails.fill_null(False) for check in checks)


def reasons(checks: Sequence[Check]) -> dict[str, pl.Expr]:
    """Return all that is wrong with a row as `message` and `remedy`, empty where nothing is.

    The cells of a row that is not whole may be shifted, so only its shape is spoken of.
    """
    first, *others = checks
    fails = [first.fails, *(check.fails & pl.col("whole") for check in others)]

    def spoken(words: Sequence[pl.Expr]) -> pl.Expr:
        said = [pl.when(fail).then(word) for fail, word in zip(fails, words, strict=True)]
        return pl.concat_str(said, separator="; ", ignore_nulls=True)

    return {
        "message": spoken([check.message for check in checks]),
        "remedy": spoken(
            [pl.lit(one.remedy) if isinstance(one.remedy, str) else one.remedy for one in checks]
        ),
    }
