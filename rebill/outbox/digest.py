"""The digest of a night: what a person should know in the morning, as small tables and as CSV.

The record knows all of it; nothing here is reckoned twice: amounts are sums of rows of the record.
The page is made of the same tables (`digest_page`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from invoices.schema import CENTS
from invoices.text import filled, formula_safe
from rebill.books.month_sold import Sold
from rebill.outbox.claim_letters import UNWRITTEN
from rebill.outbox.lacking import LACKING

CAME = pl.Schema(
    {"name": pl.String(), "size": pl.Int64(), "sha256": pl.String(), "became": pl.String()}
)
HELD = pl.Schema(
    {
        "document_id": pl.String(),
        "status": pl.String(),  # held, refused
        "carrier": pl.String(),
        "ban": pl.String(),
        "invoice_no": pl.String(),
        "total_due": CENTS,
        "code": pl.String(),
        "message": pl.String(),
        "remedy": pl.String(),
        "source_file": pl.String(),
        "source_row": pl.Int64(),
    }
)
STAKES = pl.Schema({"code": pl.String(), "count": pl.Int64(), "amount": CENTS})
SMALL = pl.Schema({"code": pl.String(), "cause": pl.String(), "count": pl.Int64(), "amount": CENTS})
DEADLINES = pl.Schema(
    {
        "file_by": pl.Date(),
        "dispute_closes_on": pl.Date(),
        "claim_no": pl.String(),
        "carrier": pl.String(),
        "ban": pl.String(),
        "reason": pl.String(),
        "status": pl.String(),
        "amount": CENTS,
    }
)
GROWN = pl.Schema({**DEADLINES, "rest_of": pl.String()})
"""Claims that wait to be filed and hold what others, which left our hands, lack of their lines;
and those of the last days whose window had closed before."""
CLOSED = "; its window has closed"
RETURNS = pl.Schema(
    {
        "send_by": pl.Date(),
        "at_originator_by": pl.Date(),
        "suggested_return": pl.String(),
        "carrier": pl.String(),
        "invoice_no": pl.String(),
        "company_id": pl.String(),
        "code": pl.String(),
        "amount": CENTS,
        "message": pl.String(),
        "remedy": pl.String(),
    }
)
"""Debits nobody authorised that may still be sent back."""
PULLS = pl.Schema(
    {
        "debit_on": pl.Date(),
        "carrier": pl.String(),
        "status": pl.String(),
        "count": pl.Int64(),
        "amount": CENTS,
    }
)
REFUSED = pl.Schema(
    {
        "document_id": pl.String(),
        "code": pl.String(),
        "message": pl.String(),
        "source_file": pl.String(),
    }
)
"""What was refused and told before, until somebody dismisses it."""
DRAFTS = pl.Schema(
    {
        "invoice_no": pl.String(),
        "customer": pl.String(),
        "bill_month": pl.String(),
        "amount": CENTS,
        "hold": pl.String(),
    }
)
"""Customer invoices that cannot be issued before a person has looked."""


@dataclass(frozen=True)
class Digest:
    """What came, what is held and why, new money, small money, deadlines and the next pulls."""

    came: pl.DataFrame
    held: pl.DataFrame
    refused: pl.DataFrame
    stakes: pl.DataFrame
    """Money put at stake by the documents of this night, by code."""
    small: pl.DataFrame
    """Stakes below a contract's `minimum_line`, summed by cause: reported, not claimed."""
    deadlines: pl.DataFrame
    grown: pl.DataFrame
    pulls: pl.DataFrame
    returns: pl.DataFrame
    drafts: pl.DataFrame
    lacking: pl.DataFrame
    """Brands whose papers could not be made."""
    letters: pl.DataFrame
    """What claim letters lack."""


SCHEMAS = {
    "came": CAME,
    "held": HELD,
    "refused": REFUSED,
    "stakes": STAKES,
    "small": SMALL,
    "deadlines": DEADLINES,
    "grown": GROWN,
    "pulls": PULLS,
    "returns": RETURNS,
    "drafts": DRAFTS,
    "lacking": LACKING,
    "letters": UNWRITTEN,
}

CSV_COLUMNS = (
    "section",
    "on",
    "name",
    "carrier",
    "ban",
    "code",
    "cause",
    "status",
    "count",
    "amount",
    "text",
)


def digest_csv(digest: Digest, sold: Sold | None = None) -> str:
    """Return every row of the digest as CSV: one table for all sections, absent cells empty.

    What was `sold` last is a row of its own.
    """
    sections = _sections(digest)
    if sold is not None:
        sections["sold"] = _sold(sold)
    rows = [_as_rows(name, frame) for name, frame in sections.items()]
    words = [name for name in CSV_COLUMNS if name not in ("on", "count", "amount")]
    return pl.concat(rows).with_columns(formula_safe(pl.col(name)) for name in words).write_csv()


def _sections(digest: Digest) -> dict[str, pl.DataFrame]:
    """Return the tables of a digest with what their rows say in the columns of all."""
    held = digest.held.with_columns(
        text=pl.concat_str("message", "remedy", separator="; ", ignore_nulls=True),
        name=pl.coalesce("invoice_no", "source_file"),
        amount=pl.col("total_due"),
    )
    return {
        "came": digest.came.with_columns(text=pl.col("became"), count=pl.col("size")),
        "held": held,
        "refused": _told_before(digest.refused),
        "stakes": digest.stakes,
        "small": digest.small,
        "deadlines": digest.deadlines.with_columns(
            on=pl.col("file_by"),
            name=pl.col("claim_no"),
            code=pl.col("reason"),
            text=filled("window closes on {}", pl.col("dispute_closes_on").cast(pl.String)),
        ),
        "grown": digest.grown.with_columns(
            on=pl.col("file_by"),
            name=pl.col("claim_no"),
            code=pl.col("reason"),
            text=filled("beyond what {} holds", "rest_of")
            + pl.when(pl.col("status") == "expired").then(pl.lit(CLOSED)).otherwise(pl.lit("")),
        ),
        "pulls": digest.pulls.with_columns(on=pl.col("debit_on")),
        "returns": digest.returns.with_columns(
            on=pl.col("send_by"),
            name=pl.coalesce("invoice_no", "company_id"),
            status=pl.col("suggested_return"),
            text=pl.concat_str("message", "remedy", separator="; ", ignore_nulls=True),
        ),
        "drafts": digest.drafts.with_columns(
            name=pl.col("invoice_no"), status=pl.lit("held"), text=pl.col("hold")
        ),
        "lacking": pl.concat(
            [
                digest.lacking.select("count", "message", name="brand"),
                digest.letters.select("count", "message", "name"),
            ]
        ).with_columns(status=pl.lit("lacking"), text=pl.col("message")),
    }


def _sold(sold: Sold) -> pl.DataFrame:
    """Return a row with what the invoices of a month come to, cost and leave."""
    share = "" if sold.share is None else f", {sold.share * 100:.2f} percent of the price"
    told = f"cost {sold.sum('cost')}, margin {sold.sum('margin')}{share}"
    row = {
        "name": sold.month,
        "count": sold.invoices.height,
        "amount": sold.sum("total"),
        "text": told,
    }
    return pl.DataFrame([row])


def _as_rows(section: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a section with the columns of all."""
    named = frame.with_columns(section=pl.lit(section))
    return named.select(
        (pl.col(column) if column in named.columns else pl.lit(None)).cast(pl.String).alias(column)
        for column in CSV_COLUMNS
    )


def _told_before(refused: pl.DataFrame) -> pl.DataFrame:
    """Return what was refused before with its name and how it is dismissed."""
    dismisses = "{}; told before: `rebill documents void {} --reason TEXT` dismisses it"
    why = pl.col("message").fill_null("refused")
    return refused.with_columns(
        name=pl.col("source_file"),
        status=pl.lit("refused"),
        text=filled(dismisses, why, "document_id"),
    )
