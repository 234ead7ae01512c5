"""Disputes at size: findings grouped into claims, credits matched to open claims, money laid out.

    python -m benchmarks.disputes

Prints seconds and what came out; everything is invented and the same each time.
"""

from __future__ import annotations

import datetime as dt
import resource
import time
from collections.abc import Callable
from decimal import Decimal

import polars as pl

from invoices.money import ZERO_CENTS
from invoices.schema import CENTS, FINDINGS, columns_of, seal
from reconcile.claims.credit_pool import CREDITS, WAITING, WANTED
from reconcile.claims.crediting import match
from reconcile.claims.group import group, with_claim_no
from reconcile.claims.places import CREDIT_PARTS, PARTS, TOTALS, faults, steps
from reconcile.contracts import Contract

FIRST = dt.date(2026, 1, 5)
REASONS = ("RATE", "DISC", "DUP", "USOC", "TAX", "QTY")


def timed(name: str, work: Callable[[], str]) -> tuple[str, str, str]:
    """Run `work` and say how long it took, what came out and how much memory was in use at most."""
    started, used = time.perf_counter(), time.process_time()
    out = work()
    took, cpu = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = (name, f"{took:.2f} s (CPU {cpu:.2f} s)", f"{out} (peak {peak:,} MiB)")
    print(": ".join(told[:2]), told[2], sep=", ")
    return told


def _cents(number: pl.Expr) -> pl.Expr:
    return (number.cast(pl.Decimal(38, 2)) * pl.lit(Decimal("0.01"))).cast(CENTS)


def some_findings(count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return findings over 400 accounts and 12 months, and their documents."""
    n = pl.int_range(count, dtype=pl.Int64)
    month = (n // 6) % 12
    frame = pl.select(
        n=n,
        ban=(n % 400).cast(pl.String).str.zfill(10),
        month=month,
        reason=pl.lit(pl.Series(REASONS)).gather(n % len(REASONS)),
        stake=(n * 7919) % 5000 + 1,
    ).with_columns(
        document_id=pl.concat_str("ban", pl.lit("-"), pl.col("month").cast(pl.String)),
        bill_date=pl.lit(FIRST).dt.offset_by(pl.concat_str(pl.col("month"), pl.lit("mo"))),
    )
    findings = seal(
        frame.lazy().with_columns(
            finding_id=pl.col("n").cast(pl.String),
            carrier=pl.lit("ILEC"),
            service=pl.concat_str(pl.lit("S"), (pl.col("n") % 50_000).cast(pl.String)),
            amount_at_stake=_cents(pl.col("stake")),
        ),
        FINDINGS,
    ).collect()
    closes = pl.col("bill_date") + pl.duration(days=90)
    papers = frame.select("document_id", "bill_date").unique("document_id")
    documents = papers.select(
        "document_id", contract=pl.lit("C"), dispute_closes_on=closes, file_by=closes
    )
    return findings, documents


def some_credits(count: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return credits, claims and their lines: a third by number, by line, by period or sum."""
    n = pl.int_range(count, dtype=pl.Int64)
    base = pl.select(n=n, ban=(n % 400).cast(pl.String), kind=n % 4).with_columns(
        claim_no=pl.concat_str(pl.lit("D-"), pl.col("n").cast(pl.String).str.zfill(6)),
        amount=_cents((pl.col("n") * 7919) % 90_000 + 101),
        service=pl.concat_str(pl.lit("S"), pl.col("n").cast(pl.String)),
    )
    nothing = pl.lit(None, dtype=pl.String)
    claims = base.select(
        "claim_no",
        carrier=pl.lit("ILEC"),
        tracking_no=pl.concat_str(pl.lit("T-"), pl.col("n").cast(pl.String).str.zfill(7)),
        filed_on=pl.lit(dt.date(2026, 2, 1)),
        left="amount",
        open="amount",
        promised=pl.lit(None, dtype=CENTS),
        tolerance=_cents(pl.lit(5)),
    ).select(columns_of(WAITING))
    lines = base.select(
        "claim_no",
        "ban",
        finding_id="claim_no",
        document_id=pl.lit("B1"),
        bill_date=pl.lit(FIRST),
        subject="service",
        usoc=pl.lit("1FB"),
        starts=pl.lit(FIRST),
        ends=pl.lit(dt.date(2026, 2, 5)),
        room="amount",
    ).select(columns_of(WANTED))
    kind, off = pl.col("kind"), _cents(pl.lit(3))
    named = pl.concat_str(
        pl.lit("adjustment for T-"), pl.col("n").cast(pl.String).str.zfill(7), pl.lit(" as agreed")
    )
    credits = base.select(
        "ban",
        credit_id=pl.concat_str(pl.lit("C"), pl.col("n").cast(pl.String)),
        document_id=pl.concat_str(pl.lit("B"), "ban"),
        carrier=pl.lit("ILEC"),
        bill_date=pl.lit(dt.date(2026, 3, 5)),
        invoice_no=pl.lit("I"),
        line_no="n",
        amount=pl.when(kind == 2).then(pl.col("amount") - off).otherwise("amount"),
        subject=pl.when(kind == 1).then("service").otherwise(nothing),
        usoc=pl.when(kind == 1).then(pl.lit("1FB")).otherwise(nothing),
        starts=pl.when(kind.is_in((1, 2))).then(pl.lit(FIRST)),
        ends=pl.when(kind.is_in((1, 2))).then(pl.lit(dt.date(2026, 2, 5))),
        words=pl.when(kind == 0).then(named).otherwise(pl.lit("adjustment")),
        certain=pl.lit(True),
    ).select(columns_of(CREDITS))
    return credits, claims, lines


def grouped(findings: pl.DataFrame, documents: pl.DataFrame) -> str:
    """Group findings into claims and say how many there are."""
    contract = Contract.model_validate(
        {
            "id": "C",
            "carrier": "ILEC",
            "effective_from": FIRST,
            "accounts": ["*"],
            "dispute": {"minimum_claim": "900.00"},
        }
    )
    found = group(findings, documents, [contract], dt.date(2026, 12, 31))
    numbered = found.claims.with_columns(claim_no=pl.int_range(pl.len()).cast(pl.String))
    named = with_claim_no(found.findings, numbered)
    assert named["claim_no"].null_count() == 0
    return f"{findings.height:,} findings, {numbered.height:,} claims"


def matched(credits: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame) -> str:
    """Match credits and say how many were taken and offered."""
    found = match(credits, claims, lines)
    ways = found.taken.group_by("matched_by").len().sort("matched_by").rows()
    offered = found.offered["credit_id"].n_unique()
    by = ", ".join(f"{way} {count:,}" for way, count in ways)
    return f"{credits.height:,} credits, {claims.height:,} claims: {by}; {offered:,} offered"


def laid_out(count: int) -> str:
    """Lay claims of three documents with five events each on their days, and check every cent."""
    n = pl.int_range(count, dtype=pl.Int64)
    claims = pl.select(
        claim_no=n.cast(pl.String),
        dispute_closes_on=pl.lit(dt.date(2026, 4, 5)),
        amount=_cents(n % 900 * 3 + 300),
    ).with_columns(credited=pl.col("amount"), denied=_cents(pl.lit(0)), withdrawn=_cents(pl.lit(0)))
    third = (pl.col("amount").to_physical() // 3).cast(pl.Int64)
    parts = claims.join(pl.DataFrame({"document_id": ["A", "B", "C"]}), how="cross").select(
        "claim_no", "document_id", amount=_cents(third)
    )
    days = [dt.date(2026, 2, day) for day in (2, 9, 16, 23, 25)]
    whats = ("submit", "acknowledge", "sustain", "await_credit", "credit")
    events = pl.DataFrame({"event": [1, 2, 3, 4, 5], "at": days, "what": whats})
    last = pl.col("event") == 5
    totals = claims.join(events, how="cross").with_columns(
        credited=pl.when(last).then("credited").otherwise(ZERO_CENTS)
    )
    sealed = totals.select(columns_of(TOTALS))
    found = steps(
        claims,
        parts.select(columns_of(PARTS)),
        sealed,
        CREDIT_PARTS.to_frame(),
    )
    assert faults(found, claims, parts) == []
    return f"{count:,} claims, {found.height:,} steps, every cent in its place"


HEAD = "## Disputes"


def section(rows: list[tuple[str, str, str]]) -> str:
    """Return what was measured as a section of the page."""
    table = "\n".join(f"| {name} | {took} | {out} |" for name, took, out in rows)
    return (
        f"{HEAD}\n\nNo loop over pairs, everything at once.\n\n"
        f"| | time | what came out |\n| --- | --- | --- |\n{table}\n"
    )


def measured(findings: int = 200_000, credits: int = 50_000) -> list[tuple[str, str, str]]:
    """Return what the three took at these sizes."""
    found, documents = some_findings(findings)
    given = some_credits(credits)
    return [
        timed("findings into claims", lambda: grouped(found, documents)),
        timed("credits to claims", lambda: matched(*given)),
        timed("money of claims laid out", lambda: laid_out(credits)),
    ]


if __name__ == "__main__":
    print(section(measured()))
