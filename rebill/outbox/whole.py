"""Which folders of papers are whole: told by a table and one look at each folder, not each paper.

When all papers of a folder lay there, the table keeps which these were and a stamp of the folder.
Whoever adds, removes or renames a paper changes the stamp; then the names are looked at again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from rebill.outbox.asked import asked_claims, invoice_states
from rebill.outbox.claim_letters import letter_name, writer
from rebill.outbox.shelf import names_in
from rebill.store.models import Claim, CustomerInvoice, PaperFolder
from rebill.store.record import Record
from rebill.workspace.write import safe_name
from reconcile.claims.moves import UNFILED

CLAIMS, INVOICES = "claims", "invoices"
"""The folders of the outbox that hold a folder of papers for each bill month."""
_BACK = 2 * 10**9
"""So many nanoseconds before its last change a folder is dated when it is found whole: the clock of
a file system ticks slowly, and the next change is to leave another time for sure."""


def claim_name(number: str) -> str:
    """Return what the packet of a claim is called."""
    return f"{safe_name(number)}.csv"


def claim_folder(record: Record, month: str) -> Path:
    """Return where the packets of the claims of a bill month lie."""
    return record.workspace.outbox / CLAIMS / month


def invoice_names(record: Record, number: str) -> list[str]:
    """Return what the CSV and the page of a customer invoice are called, and its PDF if any."""
    return [f"{safe_name(number)}.{form}" for form in _forms(record)]


def _forms(record: Record) -> tuple[str, ...]:
    return ("csv", "html", "pdf") if record.workspace.settings.invoices.pdf else ("csv", "html")


def invoice_folder(record: Record, month: str) -> Path:
    """Return where the papers of the customer invoices of a bill month lie."""
    return record.workspace.outbox / INVOICES / month


def lacking_months(record: Record) -> set[str]:
    """Return the bill months with a paper that is asked for and does not lie in the outbox."""
    known = _known(record)
    return {
        name.partition("/")[2]
        for name, papers in _asked(record).items()
        if not _is_known(record, name, papers, known) and not _is_whole(record, name)
    }


def untouched(record: Record) -> set[Path]:
    """Return the folders in which nothing was added or removed since they were found whole."""
    outbox, kept = record.workspace.outbox, _known(record)
    return {outbox / name for name, (_, stamp) in kept.items() if _stamp(outbox / name) == stamp}


def note_whole(record: Record) -> None:
    """Keep of each folder that all its papers lie there, where they do."""
    known, whole = _known(record), []
    for name, papers in _asked(record).items():
        if _is_known(record, name, papers, known):
            continue
        stamp = _dated_back(record.workspace.outbox / name)
        if stamp is not None and _is_whole(record, name):
            whole.append((name, papers, stamp))
    for each in whole:
        _keep(record, *each)


def _known(record: Record) -> dict[str, tuple[str, str]]:
    """Return what is kept of each folder: its papers and its stamp."""
    columns = PaperFolder.folder, PaperFolder.papers, PaperFolder.stamp
    rows = record.connection.execute(sa.select(*columns))
    return {folder: (papers, stamp) for folder, papers, stamp in rows}


def _is_known(record: Record, name: str, papers: str, known: dict[str, tuple[str, str]]) -> bool:
    """Whether a folder is as it was when it held these papers."""
    return known.get(name) == (papers, _stamp(record.workspace.outbox / name))


def _keep(record: Record, name: str, papers: str, stamp: str) -> None:
    kept = {"papers": papers, "stamp": stamp}
    of_it = PaperFolder.folder == name
    changed = record.connection.execute(sa.update(PaperFolder).where(of_it).values(**kept))
    if not changed.rowcount:
        record.connection.execute(sa.insert(PaperFolder).values(folder=name, **kept))


def _stamp(folder: Path) -> str | None:
    """Return what changes with every paper that comes or goes; nothing of no folder."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return f"{status.st_dev}/{status.st_ino}/{status.st_mtime_ns}"


def _dated_back(folder: Path) -> str | None:
    """Date a folder back, and return its stamp; nothing where it may not be."""
    try:
        status = os.stat(folder)
        os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns - _BACK))
    except OSError:
        return None
    return _stamp(folder)


# --- what is asked for ------------------------------------------------------------------------


def _asked(record: Record) -> dict[str, str]:
    """Return the folders that should hold papers, and in short which; in no order."""
    found = {}
    states = invoice_states(record)
    forms = ",".join(_forms(record))
    if states:
        mine = CustomerInvoice.status.in_(states)
        for month, papers in _by_month(record, CustomerInvoice.invoice_no, mine):
            found[f"{INVOICES}/{month}"] = f"{papers} {forms}"
    addressed = writer(record).key()
    if record.workspace.settings.outbox.claims == "all":
        for month, papers in _by_month(record, Claim.claim_no, Claim.status != "withdrawn"):
            found[f"{CLAIMS}/{month}"] = f"{papers}{addressed}"
    else:
        unfiled = record.claims(Claim.status.in_(UNFILED))
        asked = asked_claims(record, unfiled).sort("claim_no")
        for (month,), own in asked.partition_by("bill_month", as_dict=True).items():
            digest = hashlib.sha256("\n".join(own["claim_no"]).encode()).hexdigest()
            found[f"{CLAIMS}/{month}"] = f"{own.height} {digest}{addressed}"
    return found


def _by_month(
    record: Record, number: sa.orm.InstrumentedAttribute[str], mine: sa.ColumnElement[bool]
) -> Iterable[tuple[str, str]]:
    """Yield each bill month of claims or invoices, and how many there are from which to which.

    Whatever else changes them is done by runs, and these leave the papers of what they changed.
    """
    month = number.class_.bill_month
    counted = sa.func.count(), sa.func.min(number), sa.func.max(number)
    question = sa.select(month, *counted).where(mine).group_by(month)
    for bill_month, count, first, last in record.connection.execute(question):
        yield bill_month, f"{count} {first} {last}"


def _is_whole(record: Record, name: str) -> bool:
    """Whether every paper that is asked for lies in a folder, by the names in it."""
    kind, _, month = name.partition("/")
    there = names_in(record.workspace.outbox / name)
    if kind == INVOICES:
        bills = sa.select(CustomerInvoice.invoice_no).where(
            CustomerInvoice.bill_month == month,
            CustomerInvoice.status.in_(invoice_states(record)),
        )
        numbers = record.connection.scalars(bills)
        return all(there.issuperset(invoice_names(record, number)) for number in numbers)
    claims = record.claims(Claim.status != "withdrawn", Claim.bill_month == month)
    asked = asked_claims(record, claims)
    named = [letter_name(number) for number in writer(record).able(asked)["claim_no"]]
    return there.issuperset([*map(claim_name, asked["claim_no"]), *named])
