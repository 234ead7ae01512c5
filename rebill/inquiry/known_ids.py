"""The identifier a person means: in any case, without zeros in front, or the nearest there are.

`d-12` is the claim D-000012. Where several go by what was typed, or none does, that is told.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import polars as pl

from rebill.books.statements import statements
from rebill.disputes.credit_rows import credit_rows
from rebill.inquiry.found.spelling import alike, ids_meant, key_of, shown_of, without_zeros, worded
from rebill.reference.current import contracts, current_frame
from rebill.store.frames import read_table
from rebill.store.models_selling import Reminder
from rebill.store.record import Record
from rebill.workspace.settings import ConfigError

NEAREST = 3
"""So many are named where there is none."""
MOST_TOLD = 6
LOOKED_AT = 20_000
"""So many are compared to find the nearest."""


def claims(record: Record, typed: Sequence[str]) -> list[str]:
    """Return the numbers of the claims that are meant, as `D-000012` for `d-12`."""
    return _meant("claim", typed, _names(record.claims(), "claim_no"), "rebill disputes list")


def invoices(record: Record, typed: Sequence[str]) -> list[str]:
    """Return the numbers of the customer invoices that are meant."""
    there = _names(record.customer_invoices(), "invoice_no")
    return _meant("invoice", typed, there, "rebill invoices list")


def customers(record: Record, typed: Sequence[str]) -> list[str]:
    """Return the ids of the customers that are meant, by id or by name."""
    if not typed:
        return []
    return _meant("customer", typed, _customers(record), "rebill invoices list")


def reminders(record: Record, typed: str) -> str:
    """Return the number of the letter that is meant, as `R-000012` for `r-12`."""
    there = _names(read_table(record.connection, Reminder).select("number").unique(), "number")
    return _meant("reminder", [typed], there, "rebill export reminders")[0]


def documents(record: Record, typed: Sequence[str]) -> list[str]:
    """Return the ids of the carrier documents that are meant, by id or by invoice number."""
    there = record.documents()
    numbers = _names(there, "document_id", "invoice_no")
    names = pl.concat([_names(there, "document_id"), numbers])
    return _meant("document", typed, names, "rebill documents list")


def quote(record: Record, typed: str) -> str:
    """Return the quote that is meant."""
    there = current_frame(record.workspace, record.connection, "quotes").select("quote")
    return _meant(
        "quote", [typed], _names(there.unique().collect(), "quote"), "rebill quotes list"
    )[0]


def line(record: Record, typed: str) -> str:
    """Return the id of the carrier line that is meant, whatever became of its document."""
    text = typed.encode("utf-8", "replace").decode().strip().lower()
    document, _, number = text.rpartition("-")
    wanted = f"{document}-{number.lstrip('0') or '0'}" if number.isdigit() else text
    kinds = (record.lines(), record.held(), record.void())
    ids = pl.concat([kind.select("line_id") for kind in kinds])
    there = ids.filter(pl.col("line_id") == wanted).head(1).collect()["line_id"]
    if there.len():
        return wanted
    own = ids.filter(pl.col("line_id").str.starts_with(f"{document}-")) if document else ids
    pool = _some(own)
    return _meant("line", [typed], pool if pool.height else _some(ids), "rebill export lines")[0]


def findings(record: Record, typed: Sequence[str]) -> list[str]:
    """Return the ids of the findings that are meant, by id or by a line that has but one."""
    if not typed:
        return []
    there = record.findings().select("finding_id", "line_id").collect()
    names = pl.concat([_names(there, "finding_id"), _names(there, "finding_id", "line_id")])
    return _meant("finding", typed, names, "rebill findings list")


def credits_given(record: Record, typed: str) -> str:
    """Return the id of the credit of a carrier that is meant."""
    there = _names(credit_rows(record), "credit_id")
    return _meant("credit", [typed], there, "rebill disputes credits")[0]


def customer(record: Record, typed: str | None) -> str | None:
    """Return the customer that is meant, by id or by name; one nobody knows is as it is typed."""
    return None if typed is None else _or_as_typed("customer", typed, _customers(record))


def _customers(record: Record) -> pl.DataFrame:
    """Return [spelling, id] of all customers there are, and of those who were ever invoiced."""
    table = current_frame(record.workspace, record.connection, "customers")
    there = table.select("customer", "name").collect()
    paid = current_frame(record.workspace, record.connection, "customer_payments")
    former = (paid.select("customer").collect(), record.customer_invoices().select("customer"))
    names = (_names(there, "customer"), _names(there, "customer", "name"))
    return pl.concat([*names, *(_names(rows.unique(), "customer") for rows in former)])


def service(record: Record, typed: str | None) -> str | None:
    """Return the service that is meant; one that is not in the inventory is as it is typed."""
    rows = current_frame(record.workspace, record.connection, "services")
    return _or_as_typed("service", typed, _names(rows.select("service").collect(), "service"))


def carrier(record: Record, typed: str | None) -> str | None:
    """Return the carrier that is meant, of bills and contracts; another is as it is typed."""
    under = pl.Series("carrier", [c.carrier for c in contracts(record.connection)], pl.String)
    there = pl.concat([record.documents()["carrier"], under]).to_frame()
    return _or_as_typed("carrier", typed, _names(there, "carrier"))


def payee(record: Record, typed: str | None) -> str | None:
    """Return the payee of statements that is meant; another is as it is typed."""
    return _or_as_typed("payee", typed, _names(statements(record), "payee"))


def _or_as_typed(kind: str, typed: str | None, there: pl.DataFrame) -> str | None:
    """Return the id of [spelling, id] that is meant; raises ConfigError where it may be several."""
    if typed is None or typed in there["id"]:
        return typed
    ids = sorted(alike(there, typed)["id"].unique())
    if len(ids) > 1:
        raise ConfigError(f"{kind} {shown_of(typed)} may be {_told(ids)}")
    return ids[0] if ids else typed


def nearest(typed: str, there: Iterable[str]) -> list[str]:
    """Return the few of `there` that are most like what was typed, the most like first."""
    return difflib.get_close_matches(typed, list(there)[:LOOKED_AT], NEAREST, 0.6)


def _names(rows: pl.DataFrame, own: str, spelling: str = "") -> pl.DataFrame:
    """Return [spelling, id]: what the things of these rows are called, and their ids."""
    return rows.select(spelling=spelling or own, id=own).drop_nulls()


def _meant(kind: str, typed: Sequence[str], there: pl.DataFrame, lists: str) -> list[str]:
    """Return those of [spelling, id] that are meant, each once; raises ConfigError for all that
    are not.

    What is typed exactly is meant exactly.
    """
    meant, faults = [], []
    found = ids_meant(typed, there)
    for text, ids in found.items():
        if len(ids) == 1:
            meant += ids
        elif ids:
            faults.append(f"{kind} {shown_of(text)} may be {_told(ids)}")
        else:
            faults.append(_none(kind, text, there, lists))
    if faults:
        raise ConfigError("; ".join(faults))
    return list(dict.fromkeys(meant))


def _none(kind: str, text: str, there: pl.DataFrame, lists: str) -> str:
    """Return that there is no such thing, and what comes nearest."""
    names = there.head(LOOKED_AT).select("spelling", key=_short(pl.col("spelling")))
    spelled = dict(names.select("key", "spelling").iter_rows())
    near = [spelled[one] for one in nearest(key_of(text, _short), spelled)]
    hint = f"the nearest: {', '.join(near)}; " if near else ""
    return f"there is no {kind} {shown_of(text)}; {hint}`{lists}` shows all"


def _short(text: pl.Expr) -> pl.Expr:
    """Return a name as it is compared to find the nearest: its letters count more than zeros."""
    return without_zeros(worded(text))


def _told(names: Sequence[str]) -> str:
    """Return names in a row, the first few of many."""
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more


def _some(ids: pl.LazyFrame) -> pl.DataFrame:
    """Return some lines to find the nearest of."""
    return _names(ids.head(LOOKED_AT).collect(), "line_id")
