"""The digest as a page: what a person has to do first, then what came and what stands.

It is read on a phone, on a screen and on paper; what there is nothing of is not shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from rebill.books.month_sold import Sold
from rebill.outbox.digest import Digest
from rebill.outbox.links import Links
from rebill.outbox.to_do import ToDo
from rebill.paper.page import render
from reconcile.findings import CODES, REASONS

MOST = 25
"""Customer invoices that are shown; the largest are."""
DISMISSES = "rebill documents void {} --reason TEXT"


def digest_html(
    digest: Digest, as_of: dt.date | None, work: Sequence[ToDo], sold: Sold | None, links: Links
) -> str:
    """Return the digest as one self-contained page.

    `work` is what has to be done, the first first; `links` are the papers that lie beside it.
    """
    tables = {f.name: getattr(digest, f.name).to_dicts() for f in fields(digest)}
    sums = {
        name: sum((row["amount"] for row in tables[name] if row["amount"] is not None), start=0)
        for name in ("stakes", "small", "deadlines", "pulls")
    }
    stakes = sorted(tables.pop("stakes"), key=lambda row: (-row["amount"], row["code"]))
    return render(
        "digest.html.jinja",
        as_of=as_of,
        sums=sums,
        work=work,
        sold=sold,
        invoices=[] if sold is None else sold.invoices.head(MOST).to_dicts(),
        links=links,
        words={code.name: code.words for code in CODES},
        reasons=REASONS,
        quiet=_quiet(tables, stakes),
        stakes=stakes,
        by_carrier=_by_carrier(tables["deadlines"]),
        **tables,
    )


def linked(digest: Digest, sold: Sold | None) -> tuple[Collection[str], Collection[str]]:
    """Return the claims and the customer invoices that the page names."""
    shown = [] if sold is None else sold.invoices["invoice_no"].head(MOST).to_list()
    claims = {*digest.deadlines["claim_no"], *digest.grown["claim_no"], *digest.grown["rest_of"]}
    return claims - {None}, {*shown, *digest.drafts["invoice_no"]}


def _by_carrier(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the claims to file by carrier: first whose day is first, then whose money is most."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["carrier"], []).append(row)
    found = [
        {
            "carrier": carrier,
            "first": min(row["file_by"] for row in own),
            "amount": sum(row["amount"] for row in own),
            "rows": sorted(own, key=lambda row: (row["file_by"], -row["amount"], row["claim_no"])),
        }
        for carrier, own in groups.items()
    ]
    return sorted(found, key=lambda one: (one["first"], -one["amount"], one["carrier"]))


def _quiet(tables: Mapping[str, Sequence[Any]], stakes: Sequence[Any]) -> str:
    """Return in one sentence what there is nothing of."""
    nothing = {
        "nothing came": tables["came"],
        "nothing is held": tables["held"],
        "no claim is near its last day": tables["deadlines"],
        "nothing new is at stake": stakes,
        "no pull is ahead": tables["pulls"],
    }
    said = ", ".join(words for words, rows in nothing.items() if not rows)
    return f"{said[0].upper()}{said[1:]}." if said else ""
