"""Words made from columns."""

from __future__ import annotations

import polars as pl


def filled(template: str, *parts: str | pl.Expr) -> pl.Expr:
    """Return `template` with each `{}` filled by a column, null where one is null.

    `pl.format` does the same, but panics in a streaming query whose filter empties its first chunk
    (polars 2.1), so nothing here uses it.
    """
    texts = template.split("{}")
    if len(texts) != len(parts) + 1:
        raise ValueError(f"{len(parts)} columns for the {len(texts) - 1} places of {template!r}")
    columns = [pl.col(part) if isinstance(part, str) else part for part in parts]
    pieces = [pl.lit(texts[0])]
    for column, text in zip(columns, texts[1:], strict=True):
        pieces += [column.cast(pl.String), pl.lit(text)]
    return pl.concat_str(pieces)
