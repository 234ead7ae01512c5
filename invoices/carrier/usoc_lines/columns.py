"""The columns of the format, and what must be true of the cells of a row."""

from __future__ import annotations

import polars as pl

from invoices.carrier import cells as c
from invoices.carrier import checks as ck
from invoices.carrier.header import Header, column_names, with_commas
from invoices.identifiers import BLANKS, LONGEST, MOST, UNSEEN
from invoices.text import filled

NAME = "usoc-lines"
KEY = ("carrier", "ban", "invoice_no")
BALANCES = ("previous_balance", "payments", "adjustments", "current_charges", "total_due")
DOCUMENT_CELLS = (*KEY, "bill_date", "due_date", *BALANCES)
LINE_CELLS = (
    *("line_no", "charge_class", "usoc", "description", "quantity", "unit_rate", "amount"),
    *("wtn", "circuit_id", "state", "zone", "order_no", "service_from", "service_until"),
)
COLUMNS = ("record", *DOCUMENT_CELLS, *LINE_CELLS, "currency")
"""Every column that is read; any but those needed may be absent."""
LINE_READ = ("record", *KEY, *LINE_CELLS, "currency")
"""The columns that are read of a line row."""
RECORD = pl.col("record").str.to_lowercase()
NEEDED_OF_DOCUMENT = (*KEY, "bill_date", "current_charges", "total_due")
NEEDED_OF_LINE = ("charge_class", "amount")
NEEDED = ("record", *NEEDED_OF_DOCUMENT, *NEEDED_OF_LINE)
KINDS = {
    **dict.fromkeys((*BALANCES, "amount"), c.AMOUNT),
    **dict.fromkeys(("bill_date", "due_date", "service_from", "service_until"), c.DATE),
    "line_no": c.WHOLE,
    "charge_class": c.CHARGE_CLASS,
    "quantity": c.QUANTITY,
    "unit_rate": c.UNIT_RATE,
}


def recognises(head: str) -> bool:
    """Say whether a text begins like this format: its first line names our columns.

    The delimiter does not matter here, so that a file with the wrong one is refused by its name.
    """
    lines = (line for line in head.lstrip("\ufeff").splitlines() if line.strip(" \t,;|"))
    line = with_commas(next(lines, "")).replace('"', "")
    names = set(column_names(line)) if line else set()
    return "record" in names and len(names & set(COLUMNS)) >= len(NEEDED) - 2


def document_checks(header: Header) -> list[ck.Check]:
    """Return what must be true of the cells of a document row, in the order it is looked at."""
    return [
        ck.shape(header),
        *(ck.needed(name) for name in NEEDED_OF_DOCUMENT),
        *(ck.readable(header, name) for name in KEY),
        *(ck.of_kind(header, name) for name in DOCUMENT_CELLS if name in KINDS),
        ck.in_dollars(),
    ]


def line_checks(header: Header) -> list[ck.Check]:
    """Return what must be true of the cells of a line row, in the order it is looked at."""
    record = ck.Check(
        RECORD.ne_missing("line"),
        filled("record `{}` is neither `document` nor `line`", c.shown(pl.col("record"))),
        "write `document` or `line` into record",
    )
    return [
        ck.shape(header),
        record,
        *(ck.needed(name) for name in NEEDED_OF_LINE),
        *(ck.readable(header, name) for name in LINE_CELLS if name in LONGEST),
        *(ck.of_kind(header, name) for name in LINE_CELLS if name in KINDS),
        ck.in_order(header, "service_from", "service_until"),
        ck.agrees_in_sign(header, "quantity"),
        ck.agrees_in_sign(header, "unit_rate"),
        ck.in_dollars(),
    ]


NAMES = tuple(name for name in (*KEY, *LINE_CELLS) if name in LONGEST and name != "description")
"""The identifiers of a row."""
PLAIN_NAME = r"(?:[!#-&(-+\--<>-~][ !#-+\--~]*)?"
"""An identifier that stands for itself where it is short (`stands`): without quote or comma, or
a sign before it."""
PLAIN_TEXT = f"[^{UNSEEN}{BLANKS}]*"
"""A description of which every character can be seen."""


def stands(text: pl.Expr) -> pl.Expr:
    """Say whether no cell of a row has two blanks that follow each other, nor may be too long."""
    return ~(text.str.contains("  ", literal=True) | text.str.contains(f'[^,"]{{{MOST + 1}}}'))


def plain_spellings() -> dict[str, str]:
    """Return the regular expressions that cells of a row fit which is readable as it stands."""
    plain = {name: f"(?:{kind.plain})?" for name, kind in KINDS.items() if name in LINE_CELLS}
    plain |= {name: KINDS[name].plain for name in NEEDED_OF_LINE}
    plain |= {"record": "line", "currency": "(?:USD)?", "wtn": f"(?:{c.TELEPHONE})?"}
    plain = dict.fromkeys(NAMES, PLAIN_NAME) | plain
    # A sign, or a period that may be the wrong way round, wants the full checks.
    return plain | {name: plain[name].replace("-?", "") for name in ("quantity", "unit_rate")}
