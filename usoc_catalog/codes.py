"""Codes that look alike: a zero read as the letter O, a one as the letter I."""

from __future__ import annotations

import polars as pl


def lookalike(code: pl.Expr) -> pl.Expr:
    """Return a code with 0 written as O and 1 as I: codes that look alike become equal.

    Upper case, without blanks; only ever used to offer near codes, never to match.
    """
    return (
        code.str.to_uppercase()
        .str.replace_all(r"\s", "")
        .str.replace_all("0", "O", literal=True)
        .str.replace_all("1", "I", literal=True)
    )
