"""Hand-made bills as aligned tables: one carrier, one account, a handful of services.

A dot is an empty cell. `audit` makes a world of such tables, `found` and `answers` are what the
slow model and the kernels, which must agree, say of it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from compare import agreed
from model_lines import circuit_key
from worlds import World

from invoices.schema import LINES
from reconcile.contracts import Contract

Row = dict[str, Any]
D = Decimal
DATES = ("bill", "from", "until", "valid_from", "valid_until", "effective_from",
         "effective_until", "active_from", "active_until", "installed_on", "disconnected_on",
         "completed_on")  # fmt: skip
NUMBERS = ("quantity", "rate", "amount", "expected", "stake", "tolerated", "under", "units")
SHORT = {
    "rec": "recurring", "pro": "prorated", "nrc": "one_time", "use": "usage", "sur": "surcharge",
    "tax": "tax", "late": "late_charge", "adj": "adjustment",
}  # fmt: skip


def table(text: str) -> list[Row]:
    """Read an aligned table; a dot is an empty cell, dates are ISO, numbers exact."""
    header, *rows = [line.split() for line in text.strip().splitlines()]
    return [
        {name: cell(name, value) for name, value in zip(header, row, strict=True)} for row in rows
    ]


def cell(name: str, value: str) -> Any:
    """Return one cell of a table."""
    if value == ".":
        return None
    if name in DATES:
        return dt.date.fromisoformat(value)
    if name in NUMBERS:
        return D(value)
    if name == "term_months":
        return int(value)
    return value == "yes" if name == "nrc_waived" else value


CATALOGUE = """
usoc   kind         family
1FB    recurring    line
TTB    recurring    touch_tone
PORT1  recurring    port
PKG1   recurring    package
SUMM1  recurring    summary
VM1OO  recurring    voice_mail
RECO1  record_only  .
NRCIN  one_time     install
NRCMV  one_time     move
UMIN1  usage        minutes
9ZR    surcharge    eucl
FUSF1  surcharge    Federal_USF
STAX1  tax          state
"""
RATES = """
usoc   package  charge_class  state  zone  term_months  rate      effective_from  effective_until
1FB    .        recurring     .      .     .            20.00     2025-01-01      .
TTB    .        recurring     .      .     .            5.00      2025-01-01      .
PORT1  .        recurring     .      .     .            7.00      2025-01-01      .
.      PKG1     recurring     .      .     .            30.00     2025-01-01      .
NRCIN  .        one_time      .      .     .            45.00     2025-01-01      .
UMIN1  .        usage         .      .     .            0.012345  2025-01-01      .
9ZR    .        surcharge     .      .     .            8.30      2025-01-01      .
"""
SERVICES = """
service  wtn         circuit_id    ban  package  installed_on  disconnected_on
S1       6145550101  .             A1   .        2025-01-01    .
S2       6145550102  .             A1   PKG1     2025-01-01    .
"""
ELEMENTS = """
service  usoc   quantity  active_from  active_until
S1       1FB    1         .            .
S1       TTB    2         .            .
"""


def audit(lines: str, *, rates: str = "", billing: Row | None = None, **tables: str) -> World:
    """Build a small world from tables; `rates` are added to the usual ones, others replace them."""
    usual = {"services": SERVICES, "service_elements": ELEMENTS, "usocs": CATALOGUE, **tables}
    made = World(
        contracts=[
            Contract.model_validate(
                {
                    "id": "C", "carrier": "ILEC", "effective_from": dt.date(2025, 1, 1),
                    "accounts": ["A*"], "billing": billing or {},
                }
            )
        ],
        packages=[
            {"carrier": "ILEC", "package": "PKG1", "usoc": code, "quantity": 1}
            for code in ("1FB", "PORT1")
        ],
        buy_rates=[
            {"contract": "C", "ban": None, "circuit_id": None, "source": None, **row}
            for row in [*table(RATES), *(table(rates) if rates else [])]
        ],
    )  # fmt: skip
    blank: dict[str, Row] = {
        "services": {"carrier": "ILEC", "state": "OH", "zone": "1", "term_months": 12,
                     "customer": "K1", "product": "voice"},
        "usocs": {"carrier": "ILEC", "description": None, "valid_from": None, "valid_until": None},
        "packages": {"carrier": "ILEC", "quantity": 1},
        "usoc_rules": {"carrier": "ILEC", "valid_from": None, "valid_until": None},
        "retail_rates": {"carrier": "ILEC", "package": None, "state": None,
                         "effective_from": None, "effective_until": None},
    }  # fmt: skip
    for name, text in usual.items():
        rows = [{**blank.get(name, {}), **row} for row in table(text)]
        for row in rows:
            if row.get("family"):
                row["family"] = row["family"].replace("_", " ")
        setattr(made, name, rows)
    paper(made, table(lines))
    return made


def paper(made: World, rows: list[Row]) -> None:
    """Write the lines of a table on one document for each bill date and account."""
    for n, row in enumerate(rows, 1):
        ban, bill = row.get("ban", "A1"), row.get("bill", dt.date(2026, 6, 1))
        head = {"document_id": f"{ban}/{bill}", "carrier": row.get("carrier", "ILEC"), "ban": ban,
                "invoice_no": f"I{bill}{ban}", "bill_date": bill}  # fmt: skip
        if head not in made.documents:
            made.documents.append(head)
        printed = row.get("rate")
        made.lines.append(
            {
                **dict.fromkeys(LINES), **head, "line_id": row.get("no") or str(n),
                "line_no": n, "charge_class": SHORT[row["class"]], "usoc": row["usoc"],
                "quantity": row.get("quantity"), "unit_rate": printed,
                "unit_rate_places": None if printed is None else -printed.as_tuple().exponent,
                "amount": row["amount"], "wtn": row.get("wtn", "6145550101"),
                "circuit_id": row.get("circuit"), "circuit_key": circuit_key(row.get("circuit")),
                "order_no": row.get("order_no"), "service_from": row.get("from"),
                "service_until": row.get("until"),
            }
        )  # fmt: skip


def found(made: World) -> list[str]:
    """Return the findings on lines as `line code stake cause`, without the empty parts."""
    _, findings = agreed(made)
    return [
        " ".join(
            str(part)
            for part in (f["line_id"], f["code"], f["amount_at_stake"] or None, f["cause"])
            if part is not None
        )
        for f in findings
        if f["line_id"] is not None
    ]


def answers(made: World, *columns: str) -> list[list[str]]:
    """Return columns of the audited lines as text."""
    lines, _ = agreed(made)
    return [[line["line_id"], *(str(line[name]) for name in columns)] for line in lines]


def said(text: str) -> list[str]:
    """Return the expected findings, one a row."""
    return [" ".join(line.split()) for line in text.strip().splitlines()]
