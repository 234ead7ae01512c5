"""Words made from columns, and text that no spreadsheet runs."""

from __future__ import annotations

import polars as pl

_BREAKS = r"\n\x{B}\x{C}\r\x{1C}-\x{1E}\x{85}\x{2028}\x{2029}"
_PASSED_OVER = (
    r"[\x00-\x{9}\x{E}-\x{1B}\x{1F}-\x{20}\x{7F}-\x{84}\x{86}-\x{A0}\x{AD}\x{34F}\x{61C}\x{115F}"
    r"\x{1160}\x{1680}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{2000}-\x{200F}\x{202A}-\x{202F}"
    r"\x{205F}-\x{206F}\x{2800}\x{3000}\x{3164}\x{FE00}-\x{FE0F}\x{FEFF}\x{FFA0}"
    r"\x{FFF9}-\x{FFFB}\x{E0000}-\x{E0FFF}]*"
)
"""Blanks, control characters and what cannot be seen, which some programs pass over."""
_RUN = (
    r"[=+\-@|%\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}\x{FF5C}\x{FF05}"
    r"\x{FE62}\x{FE63}\x{FE66}\x{FE6B}\x{FE6A}\x{207A}\x{207C}\x{208A}\x{208C}\x{FB29}\x{2A75}\x{2A76}]"
)
"""Signs a formula begins with, full-width and small forms included: some programs fold them."""
_CALL = r"[\w.]+[\x{A0} ]*[|\x{FF5C}][^!\x{FF01}]*[!\x{FF01}]"
"""A call of another program, `cmd|' /C calc'!A0`."""
_FORMULA = rf"(^|[{_BREAKS}])({_PASSED_OVER})({_RUN}|{_CALL})"

_DOUBTFUL = rf"^[^0-9A-Za-z]|[{_BREAKS}|\x{{FF5C}}]"


def formula_safe(text: pl.Expr) -> pl.Expr:
    """Return text that no spreadsheet runs: what begins like a formula gets an apostrophe.

    So does each line of a text that has several, and a text that begins with a tab or a line break.
    """
    # Nearly all text is plain; a null is passed over at no cost.
    doubtful = text.str.contains(_DOUBTFUL)
    marked = pl.when(doubtful).then(text).str.replace_all(_FORMULA, "${1}'${2}${3}")
    return pl.when(doubtful).then(marked.str.replace(r"^([\t\r\n])", "'${1}")).otherwise(text)


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
