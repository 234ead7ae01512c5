"""`usoc-lines`, our own plain CSV: a `document` row for header and totals, `line` rows below it.

`docs/formats/usoc-lines.md` describes the format.
"""

from __future__ import annotations

from invoices.carrier.usoc_lines.columns import (
    COLUMNS,
    DOCUMENT_CELLS,
    KEY,
    LINE_CELLS,
    NAME,
    recognises,
)
from invoices.carrier.usoc_lines.reader import read

__all__ = ["COLUMNS", "DOCUMENT_CELLS", "KEY", "LINE_CELLS", "NAME", "read", "recognises"]
