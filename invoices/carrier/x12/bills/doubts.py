"""What is not as it should be in documents that are let in, and memorandum sets beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import polars as pl

from invoices.carrier.reading import findings_of
from invoices.carrier.source import Source
from invoices.carrier.x12.bills.bill import Bill
from invoices.carrier.x12.bills.messages import TOLD, worded
from invoices.carrier.x12.heading import cents_text
from invoices.carrier.x12.profile import X12
from invoices.schema import FINDINGS

DOUBTFUL = "document_doubtful"
_CODING = 'say encoding = "latin-1" or "cp1252" below [x12] of its profile'
_DOUBT = {
    name: FINDINGS[name]
    for name in (
        *("finding_id", "document_id", "carrier", "ban", "bill_date", "message", "remedy"),
        *("source_row", "severity"),
    )
}


class Doubt(NamedTuple):
    """Something to be said of a segment of a bill."""

    bill: Bill
    segment: int
    message: str
    remedy: str
    severity: str


def doubts_of(bills: dict[int, Bill], source: Source, encoding: str, said: X12) -> pl.DataFrame:
    """Return the doubts as findings, what is said of one segment in one."""
    loaded = [bill for bill in bills.values() if bill.loads]
    doubts = [*_warned(loaded)]
    if encoding == "latin-1" and said.encoding == "auto" and loaded:
        message, remedy = "the file is no UTF-8 and was read as Latin-1", _CODING
        doubts.append(Doubt(loaded[0], 1, message, remedy, "info"))
    doubts += _memoranda(bills, loaded)
    frame = pl.DataFrame(_one_a_segment(doubts), schema=_DOUBT)
    frame = frame.with_columns(source_file=pl.lit(source.name))
    return pl.concat(
        findings_of(frame.filter(pl.col("severity") == severity), DOUBTFUL, severity)
        for severity in ("warning", "info")
    )


def _warned(loaded: list[Bill]) -> Iterator[Doubt]:
    for bill in loaded:
        for fault in bill.warning[: 5 * TOLD]:
            yield Doubt(bill, fault.segment, worded(fault), fault.remedy, "warning")


def _memoranda(bills: dict[int, Bill], loaded: list[Bill]) -> Iterator[Doubt]:
    """Yield each memorandum set, said of the bill with its number, or else of the first."""
    by_number = {bill.heading.invoice_no: bill for bill in reversed(loaded)}
    for bill in bills.values():
        if not (bill.memorandum and loaded):
            continue
        charged, total = cents_text(bill.sums["cents"]), bill.heading.total
        message = (
            f"set {bill.set.control} is a memorandum (BIG07 {bill.heading.kind}) of invoice "
            f"{bill.heading.invoice_no}: its {bill.sums['charges']} charges add up to {charged}"
            f", its total is {'not said' if total is None else cents_text(total)}; "
            "it is not loaded" + "".join(f"; {worded(fault)}" for fault in bill.refusing)
        )
        of = by_number.get(bill.heading.invoice_no) or loaded[0]
        yield Doubt(of, bill.set.segment, message, "nothing, unless it is the bill", "info")


def _one_a_segment(doubts: Iterable[Doubt]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for bill, segment, message, remedy, severity in doubts:
        row = rows.setdefault(
            (bill.document_id, segment),
            {
                "finding_id": f"{bill.document_id}-r{segment}:{DOUBTFUL}",
                "document_id": bill.document_id,
                "carrier": bill.carrier,
                "ban": bill.ban,
                "bill_date": bill.heading.bill_date,
                "message": "",
                "remedy": "",
                "source_row": segment,
                "severity": severity,
            },
        )
        row["message"] += ("; " if row["message"] else "") + message
        row["remedy"] += ("; " if row["remedy"] else "") + remedy
    return list(rows.values())
