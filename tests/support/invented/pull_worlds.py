"""Debits and bank entries in a few words, for tests of what happened to them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from invoices.bank.schema import ENTRIES, REMITTANCES
from invoices.schema import empty
from reconcile.contracts import Contract, read_contracts
from reconcile.pulls.debits import DEBITS
from reconcile.pulls.events import pull_events
from reconcile.pulls.movements import MOVEMENTS, RETURNED
from reconcile.pulls.schema import SETTLEMENTS
from reconcile.pulls.seen import Seen, seen_by
from reconcile.pulls.settle import Banked, Known, settle, states

CONTRACTS = """
[[contract]]
id = "C1"
carrier = "ILEC"
effective_from = 2026-01-01
accounts = ["305*"]
[contract.debit]
company_id = "1234567890"
maximum = "5000.00"
[[contract]]
id = "C2"
carrier = "OTHER"
effective_from = 2026-01-01
accounts = ["*"]
[contract.debit]
company_id = "9876543210"
"""


def contracts() -> list[Contract]:
    """Two carriers with an originator each."""
    return read_contracts(CONTRACTS)


def rows(table: str) -> list[dict[str, str | None]]:
    """Return an aligned table as rows; `-` is nothing."""
    head, *lines = [line.split() for line in table.strip().splitlines()]
    return [
        {name: None if cell == "-" else cell for name, cell in zip(head, line, strict=False)}
        for line in lines
    ]


def debits(table: str) -> pl.DataFrame:
    """Return pulls of invoices: document ban debit_on amount [contract]; the number is the id."""
    made = []
    for row in rows(table):
        amount = Decimal(row["amount"] or "0")
        contract = row.get("contract", "C1")
        made.append(
            {
                "document_id": row["document"],
                "carrier": "OTHER" if contract == "C2" else "ILEC",
                "contract": contract,
                "ban": row["ban"],
                "invoice_no": row["document"],
                "bill_date": dt.date.fromisoformat(row["debit_on"] or "") - dt.timedelta(15),
                "debit_on": dt.date.fromisoformat(row["debit_on"] or ""),
                "amount": amount,
                "status": "expected" if amount > 0 else "none",
                "dispute_closes_on": None,
            }
        )
    return pl.DataFrame(made, schema=DEBITS)


def entries(table: str) -> pl.DataFrame:
    """Return bank entries: id on amount and any column of `ENTRIES`; company `A` is C1's."""
    known = {"A": "1234567890", "B": "9876543210"}
    made = []
    for row in rows(table):
        company = row.get("company", "A")
        made.append(
            {
                "source": "nacha",
                "kind": "entry",
                "direction": "debit",
                "sec": "CCD",
                **{name: cell for name, cell in row.items() if name in ENTRIES},
                "entry_id": row["id"],
                "settled_on": dt.date.fromisoformat(row["on"] or ""),
                "amount": Decimal(row["amount"] or ""),
                "company_id": known.get(company or "", company),
            }
        )
    return pl.DataFrame(made, schema=ENTRIES)


def items(table: str) -> pl.DataFrame:
    """Return remittance items: entry_id reference paid [ban]."""
    made = [
        {
            **row,
            "item": number,
            "qualifier": row.get("qualifier", "IV"),
            "paid": Decimal(row["paid"]) if row["paid"] else None,
        }
        for number, row in enumerate(rows(table), 1)
    ]
    return pl.DataFrame(made, schema=REMITTANCES)


def banked(
    due: pl.DataFrame, took: pl.DataFrame, remittances: pl.DataFrame | None = None, **more: object
) -> tuple[Banked, pl.DataFrame]:
    """Return what became of the entries, and what is not in order."""
    known = Known(due, contracts(), **more)  # type: ignore[arg-type]
    found = settle(took, empty(REMITTANCES) if remittances is None else remittances, known)
    return found, pull_events(known, found)


def paid(found: Banked) -> list[tuple[str, str, str]]:
    """Return which entry paid how much of which document."""
    pulls = found.settlements.filter(pl.col("kind") == "pull")
    return [
        (entry, document, str(amount))
        for entry, document, amount in pulls.select("entry_id", "document_id", "amount").iter_rows()
    ]


def codes(events: pl.DataFrame) -> list[tuple[object, ...]]:
    """Return code, cause and entry of every event."""
    return events.select("code", "cause", "entry_id").sort("code", "entry_id").rows()


CREDITED = {"document_id": pl.String, "credited": pl.Decimal(18, 2), "credited_on": pl.Date}
DUE = """
    document ban       debit_on   amount
    F1       305R0001  2026-02-20 100.00
    F2       305R0001  2026-03-20 0.00
    """


def settlements(pulls: str) -> pl.DataFrame:
    """Read pulls of F1 and F2: entry, document, day, amount and, of a return, what it undoes."""
    settled = [
        {
            "entry_id": row["entry"],
            "document_id": row["document"],
            "kind": "return" if row.get("of") else "pull",
            "settled_on": dt.date.fromisoformat(f"2026-{row['on']}"),
            "amount": Decimal(row["amount"] or ""),
            "of": row.get("of"),
        }
        for row in rows("entry document on amount of\n" + pulls)
    ]
    return pl.DataFrame(settled, schema=SETTLEMENTS)


def seen(pulls: str, credited: str = "") -> Seen:
    """Return what the codes look at: pulls of F1 and F2; credits as document, amount, day."""
    settled = settlements(pulls)
    given = [
        (row["document"], Decimal(row["amount"] or ""), dt.date.fromisoformat(f"2026-{row['on']}"))
        for row in rows("document amount on\n" + credited)
    ]
    known = Known(debits(DUE), [], credited=pl.DataFrame(given, schema=CREDITED, orient="row"))
    told = pl.DataFrame(settled.select("entry_id", "settled_on", "amount"))
    moves = pl.concat([empty(MOVEMENTS), told], how="diagonal")
    backs = settled.filter(pl.col("of").is_not_null()).select(
        "entry_id", "of", returned_on="settled_on", code=pl.lit("R01")
    )
    returned = pl.concat([empty(RETURNED), backs], how="diagonal")
    nothing = pl.DataFrame(schema={"entry_id": pl.String, "of": pl.String, "trace": pl.String})
    return seen_by(known, Banked(moves, settled, states(settled), returned, nothing))
