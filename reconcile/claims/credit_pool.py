"""Credits, the claims they may be for and the lines of these: what a pass looks at and finds.

A pass takes a credit where one claim alone can be meant, and offers it to a person where several
can, or where the claim was not filed when the bill came.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from invoices.schema import CENTS, seal

CREDITS = pl.Schema(
    {
        "credit_id": pl.String(),  # the carrier's line, or the document and `adjustments`
        "document_id": pl.String(),  # that carries it
        "carrier": pl.String(),
        "ban": pl.String(),
        "bill_date": pl.Date(),
        "invoice_no": pl.String(),
        "line_no": pl.Int64(),  # null = the header's
        "amount": CENTS,  # positive: what it gives
        "subject": pl.String(),  # the service, else the circuit or number printed
        "usoc": pl.String(),
        "starts": pl.Date(),  # the period it is for; null = none printed
        "ends": pl.Date(),
        "words": pl.String(),  # what is printed with it, where a claim may be named
        "certain": pl.Boolean(),  # an adjustment; any other negative line is only offered
    }
)
"""What a bill gives back."""

WAITING = pl.Schema(
    {
        "claim_no": pl.String(),
        "carrier": pl.String(),
        "tracking_no": pl.String(),
        "filed_on": pl.Date(),  # null = not filed: a credit is offered for it
        "left": CENTS,  # of the claim, neither credited nor given up: what can be credited
        "open": CENTS,  # of it what is not denied
        "promised": CENTS,  # granted and not credited yet; null = not answered
        "tolerance": CENTS,
    }
)
"""Claims that a credit may be for."""

WANTED = pl.Schema(
    {
        "claim_no": pl.String(),
        "finding_id": pl.String(),
        "document_id": pl.String(),
        "ban": pl.String(),
        "bill_date": pl.Date(),
        "subject": pl.String(),
        "usoc": pl.String(),
        "starts": pl.Date(),
        "ends": pl.Date(),
        "room": CENTS,  # of the line, not credited yet
    }
)
"""The lines of these claims."""

TAKEN = pl.Schema(
    {
        "credit_id": pl.String(),
        "claim_no": pl.String(),
        "finding_id": pl.String(),
        "document_id": pl.String(),  # of the claim
        "amount": CENTS,
        "matched_by": pl.String(),
    }
)

OFFERED = pl.Schema(
    {
        "credit_id": pl.String(),
        "claim_no": pl.String(),
        "amount": CENTS,  # so much of the credit the claim could take
        "matched_by": pl.String(),
    }
)

PAIRS = pl.Schema(
    {
        "credit_id": pl.String(),
        "claim_no": pl.String(),
        "finding_id": pl.String(),
        "amount": CENTS,
    }
)
PERIODS_MEET = (pl.col("starts") < pl.col("ends_line")) & (pl.col("ends") > pl.col("starts_line"))
"""Whether two periods meet; null where one of them is not known."""
IN_TIME = ((pl.col("filed_on") <= pl.col("bill_date")) & pl.col("certain")).fill_null(False)
"""Whether a claim was filed when the bill came that credits it."""


class Pool(NamedTuple):
    """What is still to be matched."""

    credits: pl.DataFrame  # CREDITS
    claims: pl.DataFrame  # WAITING
    lines: pl.DataFrame  # WANTED and of the claim carrier, filed_on, tolerance and whether it waits


class Pass(NamedTuple):
    """What a pass found: pairs of credit, claim, amount and, by line, the line."""

    pairs: pl.DataFrame
    offers: pl.DataFrame


def parted(found: pl.DataFrame, sure: pl.Expr) -> Pass:
    """Return candidates as pairs where they are sure, else as offers.

    A credit that is offered for one claim and taken for another at once is taken::

        credit  claim  sure
        C1      N1     true      -> a pair
        C1      N2     false     -> nothing
        C2      N3     false     -> an offer
    """
    marked = found.with_columns(sure=sure.fill_null(False))
    pairs = seal(marked.filter("sure"), PAIRS)
    offers = (
        marked.filter(~pl.col("sure"))
        .join(pairs, on="credit_id", how="anti")
        .with_columns(amount=pl.min_horizontal("amount", "room").cast(CENTS))
        .group_by("credit_id", "claim_no", maintain_order=True)
        .agg(pl.col("amount").max())
    )
    return Pass(pairs, offers)


def known_first(found: pl.DataFrame) -> pl.DataFrame:
    """Return candidates without those that were not filed, where others were."""
    return found.filter(pl.col("in_time") | ~pl.col("in_time").any().over("credit_id"))
