"""Papers that are lacking because their brand cannot be used or does not say what a bill must:
told once a brand, and kept.

What is kept is what the last delivery found. It names the invoices whose papers are tried again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import polars as pl

from invoices.schema import among, columns_of
from rebill.store.record import Record
from rebill.workspace.brands import Brands

LACKING = pl.Schema(
    {
        "brand": pl.String(),
        "count": pl.Int64(),  # invoices without their papers, or with those of an earlier night
        "bill_months": pl.String(),
        "invoice_no": pl.String(),  # the first of them
        "message": pl.String(),  # which file, what is wrong, what to do
    }
)
KEPT = "night.lacking"
"""The fact that holds what is lacking."""
NUMBERS = "invoices"


class Lacking:
    """What is lacking of one delivery, as it is found."""

    def __init__(self) -> None:
        self._brands: dict[str, dict[str, Any]] = {}
        self._found: dict[str, set[tuple[str, str]]] = {}

    def add(self, brand: str | None, invoice_no: str, month: str, why: str) -> None:
        """Note that an invoice of a brand has no papers."""
        name = brand or ""
        message = why.removeprefix(f"{invoice_no}: ")
        self._brands.setdefault(name, {"invoice_no": invoice_no, "message": message})
        self._found.setdefault(name, set()).add((invoice_no, month))

    def rows(self) -> list[dict[str, Any]]:
        """Return one row (`LACKING`) for each brand; the first fault stands for all of it."""
        return [
            {
                "brand": name,
                "count": len(found),
                "bill_months": ", ".join(sorted({month for _, month in found})),
                **self._brands[name],
            }
            for name, found in sorted(self._found.items())
        ]

    def months(self) -> list[str]:
        """Return the bill months with a lacking paper."""
        return sorted({month for found in self._found.values() for _, month in found})

    def keep(self, record: Record, warn: Callable[[str], None]) -> None:
        """Say what is lacking, and let the record hold it until the next delivery."""
        rows = self.rows()
        for row in rows:
            warn(words(row))
        if rows or record.fact(KEPT):
            numbers = {name: sorted(n for n, _ in found) for name, found in self._found.items()}
            record.say(KEPT, json.dumps([{**row, NUMBERS: numbers[row["brand"]]} for row in rows]))


def unfit(bills: pl.DataFrame, brands: Brands, found: Lacking) -> pl.DataFrame:
    """Return the invoices whose papers can leave; note the others, with what to do.

    Nothing leaves of a brand that cannot be used. An issued invoice leaves only if it says who
    sends it and where to pay; a draft may leave and says that it lacks it.
    """
    fit = []
    for brand, number, month, status, kind in bills.select(_ASKED).iter_rows():
        why = brands.faults.get(brand or "")
        if why is None and status == "issued":
            why = brands.lacks(brand, kind)
        if why:
            found.add(brand, number, month, why)
        else:
            fit.append(number)
    return bills.filter(among("invoice_no", pl.Series(fit, dtype=pl.String)))


_ASKED = ("brand", "invoice_no", "bill_month", "status", "kind")


def words(row: dict[str, Any]) -> str:
    """Return a row of `LACKING` as a sentence."""
    papers = f"the papers of {row['count']:,} invoice(s) of brand {row['brand'] or '(none)'}"
    return f"{row['message']}; {papers} are lacking until it is mended ({row['bill_months']})"


def lacking(record: Record) -> pl.DataFrame:
    """Return what the last delivery could not leave (`LACKING`)."""
    rows = [{name: row[name] for name in LACKING} for row in _kept(record)]
    return pl.DataFrame(rows, schema=LACKING).select(columns_of(LACKING))


def still_lacking(record: Record) -> set[str]:
    """Return the invoices that have no papers, or such as say what they said before."""
    return {number for row in _kept(record) for number in row[NUMBERS]}


def _kept(record: Record) -> list[dict[str, Any]]:
    return list(json.loads(record.fact(KEPT) or "[]"))
