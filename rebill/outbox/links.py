"""Where the papers of claims and invoices lie, as links of a page that lies in the outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from rebill.outbox.claim_letters import letter_name
from rebill.outbox.shelf import names_in
from rebill.outbox.whole import claim_folder, claim_name, invoice_folder, invoice_names
from rebill.store.frames import one_of
from rebill.store.models import Claim, CustomerInvoice
from rebill.store.record import Record

Links = Mapping[str, Sequence[tuple[str, str]]]
"""By number: each paper's word and its address, seen from the outbox."""


def links(record: Record, claims: Collection[str], invoices: Collection[str]) -> Links:
    """Return the papers that lie there of these claims and invoices."""
    found: dict[str, list[tuple[str, str]]] = {}
    shelves: dict[Path, set[str]] = {}

    def note(number: str, folder: Path, papers: Mapping[str, str]) -> None:
        there = shelves.setdefault(folder, names_in(folder))
        place = folder.relative_to(record.workspace.outbox).as_posix()
        found[number] = [
            (word, quote(f"{place}/{name}")) for word, name in papers.items() if name in there
        ]

    mine = record.claims(one_of(record.connection, Claim.claim_no, claims))
    for number, month in mine.select("claim_no", "bill_month").iter_rows():
        papers = {"packet": claim_name(number), "letter": letter_name(number)}
        note(number, claim_folder(record, month), papers)
    bills = one_of(record.connection, CustomerInvoice.invoice_no, invoices)
    for number, month in (
        record.customer_invoices(bills).select("invoice_no", "bill_month").iter_rows()
    ):
        page = next(name for name in invoice_names(record, number) if name.endswith(".html"))
        note(number, invoice_folder(record, month), {"invoice": page})
    return found
