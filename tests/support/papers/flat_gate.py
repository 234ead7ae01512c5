"""What becomes of the files of a flat feed at the gate, all parts put together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl
from flat_feeds import PARTS, Bill, Charge

from invoices import carrier
from invoices.carrier import Profiles, parse_profile, source_of_bytes
from invoices.carrier.bundles import assemble
from invoices.carrier.copies import copies, lines_without, whole_copies, without
from invoices.footing import foot, line_sums
from invoices.schema import DOCUMENTS


@dataclass(frozen=True)
class Gate:
    """What became of the files of a feed."""

    documents: pl.DataFrame
    lines: pl.DataFrame
    findings: pl.DataFrame
    waiting: tuple[int, ...]

    @property
    def messages(self) -> str:
        return " | ".join(self.findings["message"])


def through(files: dict[str, str | bytes], profile: str) -> Gate:
    """Read files, put their parts together and foot them."""
    profiles = Profiles((parse_profile(profile),))
    readings = []
    for number, (name, text) in enumerate(files.items()):
        content = text.encode() if isinstance(text, str) else text
        source = source_of_bytes(name, f"{number:064}", content)
        readings.append(carrier.read(source, None, profiles))
    documents = pl.concat(
        [r.documents.with_columns(intake=pl.lit(n, pl.Int64)) for n, r in enumerate(readings)]
    )
    bundles = [(n, r.bundle) for n, r in enumerate(readings) if r.bundle is not None]
    lines = pl.concat([r.lines.with_columns(intake=n) for n, r in enumerate(readings)])
    lines = lines.with_columns(pl.col("intake").cast(pl.Int64))
    copied = copies(documents, bundles, lines)
    gone = whole_copies(copied, bundles)
    documents = documents.join(gone, on=["intake", "document_id"], how="anti")
    assembled = assemble(documents, without(copied, bundles))
    lines = lines_without(lines, copied, bundles).drop("intake").collect()
    unread = pl.concat([r.findings for r in readings])
    sums = line_sums(lines.lazy()).collect()
    reasons = assembled.reasons.drop("intake")
    whole = assembled.documents.select(DOCUMENTS.names())
    footed, findings = foot(whole, sums, unread, reasons)
    return Gate(footed, lines, pl.concat([unread, findings]), assembled.waiting)


BILL = Bill(
    "0012345678",
    tuple(Charge(part, Decimal("10.00")) for part in PARTS),
    previous=Decimal("5.00"),
    payments=Decimal("-5.00"),
)
