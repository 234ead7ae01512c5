"""What is said of sets that are refused and of segments that cannot be read."""

from __future__ import annotations

import polars as pl

from invoices.carrier.reading import findings_of, unread_name
from invoices.carrier.source import Source
from invoices.carrier.x12.bills.bill import Bill, nowhere
from invoices.carrier.x12.rules import BY_NAME, Fault
from invoices.schema import FINDINGS

TOLD = 20
"""So many faults of a document are told one by one."""


def refused_sets(bills: list[Bill], unplaced: list[Fault], source: Source) -> pl.DataFrame:
    """Return a finding for each set that is refused, and for what stands in no set."""
    rows = []
    for bill in bills:
        if bill.refusing:
            told = first_causes(bill.refusing)
            number = f" of invoice {bill.heading.invoice_no}" if bill.heading.invoice_no else ""
            charges = bill.sums["charges"]
            rows.append(
                {
                    "document_id": bill.document_id,
                    "message": f"set {bill.set.control}{number} is refused: {_all_worded(told)}; "
                    f"its {charges} charges are not loaded",
                    "remedy": "; ".join(dict.fromkeys(fault.remedy for fault in told)),
                    "source_row": told[0].segment,
                }
            )
    if unplaced:
        told = first_causes(unplaced)
        rows.append(
            {
                "document_id": nowhere(unplaced[0], source)["document_id"],
                "message": _all_worded(told),
                "remedy": "; ".join(dict.fromkeys(fault.remedy for fault in told)),
                "source_row": told[0].segment,
            }
        )
    frame = pl.DataFrame(rows, schema={name: FINDINGS[name] for name in _SAID})
    return findings_of(
        frame.with_columns(source_file=pl.lit(source.name)), "document_unreadable", "error"
    )


_SAID = ("document_id", "message", "remedy", "source_row")


def first_causes(faults: list[Fault]) -> list[Fault]:
    """Return the faults that are to be said: none that follows from another, nothing twice."""
    own = [fault for fault in faults if not fault.follows] or faults
    return list({(fault.segment, fault.what): fault for fault in reversed(own)}.values())[::-1]


def worded(fault: Fault) -> str:
    """Return what is wrong, where, and by which rule."""
    return f"segment {fault.segment}: {fault.what} (rule {fault.rule}: {BY_NAME[fault.rule].holds})"


def _all_worded(faults: list[Fault]) -> str:
    """Return what is wrong, the first faults one by one."""
    more = len(faults) - TOLD
    words = [worded(fault) for fault in faults[:TOLD]]
    return "; ".join([*words, f"and {more} more faults"] if more > 0 else words)


def _owners(bills: list[Bill]) -> pl.DataFrame:
    """Return set, document_id, carrier, ban and bill_date of the bills."""
    rows = [
        (
            bill.set.number,
            bill.document_id,
            *((bill.carrier, bill.ban, bill.heading.bill_date) if bill.loads else (None,) * 3),
        )
        for bill in bills
    ]
    schema = {"set": pl.Int64, "document_id": pl.String, "carrier": pl.String, "ban": pl.String}
    return pl.DataFrame(rows, schema={**schema, "bill_date": pl.Date}, orient="row")


def unread_segments(wrong: pl.DataFrame, bills: list[Bill], source: Source) -> pl.DataFrame:
    """Return the segments of bills that cannot be read, each with its bill and a finding's name."""
    return wrong.join(_owners(bills), on="set", maintain_order="left").with_columns(
        finding_id=unread_name("segment", source.name, source.digest),
        source_file=pl.lit(source.name),
        source_row="segment",
    )
