"""Claims, their lines and credits in a few words, and what the credits are for."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import polars as pl

from reconcile.claims.credit_pool import (
    CREDITS,
    OFFERED,
    TAKEN,
    WAITING,
    WANTED,
    Pass,
    Pool,
)
from reconcile.claims.crediting import match

ZERO = Decimal(0)


def day(text: str) -> dt.date | None:
    return None if text == "-" else dt.date.fromisoformat(f"2026-{text}")


def cell(text: str) -> str | None:
    return None if text == "-" else text


Rows = list[dict[str, Any]]


def wanted_lines(lines: str) -> Rows:
    """Read claim, bill, subject, usoc, month, amount, the finding if named; a dash is null."""
    wanted = []
    for n, row in enumerate(lines.strip().splitlines()):
        claim, billed, subject, usoc, month, amount, *named = row.split()
        starts = day(f"{month}-01") if month != "-" else None
        wanted.append(
            {
                "claim_no": claim,
                "finding_id": named[0] if named else f"{claim}/{n}",
                "document_id": f"D{billed}",
                "ban": "1",
                "bill_date": day(billed),
                "subject": cell(subject),
                "usoc": cell(usoc),
                "starts": starts,
                "ends": starts and starts + dt.timedelta(28),
                "room": Decimal(amount),
            }
        )
    return wanted


def waiting_claims(claims: str, wanted: Rows) -> Rows:
    """Read no, tracking, filed, denied, granted; what is left is the room of the claim's lines."""
    waiting = []
    for row in claims.strip().splitlines():
        number, tracking, filed, denied, granted = row.split()
        left = sum((line["room"] for line in wanted if line["claim_no"] == number), ZERO)
        waiting.append(
            {
                "claim_no": number,
                "carrier": "ILEC",
                "tracking_no": cell(tracking),
                "filed_on": day(filed),
                "left": left,
                "open": left - Decimal(denied),
                "promised": None if granted == "-" else Decimal(granted),
                "tolerance": Decimal("0.05"),
            }
        )
    return waiting


def found_credits(credits: str) -> Rows:
    """Read id, bill, subject, usoc, month, amount, then words."""
    found = []
    for row in credits.strip().splitlines():
        name, billed, subject, usoc, month, amount, *words = row.split()
        starts = day(f"{month}-01") if month != "-" else None
        found.append(
            {
                "credit_id": name,
                "document_id": f"B{billed}",
                "carrier": "ILEC",
                "ban": "1",
                "bill_date": day(billed),
                "invoice_no": f"I{billed}",
                "line_no": 1,
                "amount": Decimal(amount),
                "subject": cell(subject),
                "usoc": cell(usoc),
                "starts": starts,
                "ends": starts and starts + dt.timedelta(28),
                "words": " ".join(words),
                "certain": "recurring" not in words,
            }
        )
    return found


def frames(
    claims: str, lines: str, credits: str
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return credits, claims and their lines as the kernel takes them, each read from a table."""
    wanted = wanted_lines(lines)
    return (
        pl.DataFrame(found_credits(credits), schema=CREDITS),
        pl.DataFrame(waiting_claims(claims, wanted), schema=WAITING),
        pl.DataFrame(wanted, schema=WANTED),
    )


def told(claims: str, lines: str, credits: str) -> list[str]:
    given = frames(claims, lines, credits)
    found = match(*given)
    assert (found.taken.schema, found.offered.schema) == (TAKEN, OFFERED)
    sound(*given, found.taken, found.offered)
    taken = found.taken.select("credit_id", "finding_id", "amount", "matched_by").rows()
    offered = found.offered.select("credit_id", "claim_no", "amount", "matched_by").rows()
    return ["  ".join(map(str, row)) for row in taken] + [
        "offer  " + "  ".join(map(str, row)) for row in offered
    ]


def passed(one: Callable[[Pool], Pass], claims: str, lines: str, credits: str) -> list[str]:
    """Return what one pass takes, and what it offers."""
    given, waiting, wanted = frames(claims, lines, credits)
    facts = waiting.select("claim_no", "carrier", "filed_on", "tolerance", waits=pl.lit(True))
    found = one(Pool(given, waiting, wanted.join(facts, on="claim_no", maintain_order="left")))
    names = ["credit_id", "claim_no"]
    pairs = found.pairs.select(
        *names, pl.col("finding_id").fill_null("-"), pl.col("amount").cast(pl.String)
    ).sort(*names, "finding_id")
    offers = found.offers.select(*names, pl.col("amount").cast(pl.String)).sort(names)
    return [" ".join(row) for row in pairs.iter_rows()] + [
        "offer " + " ".join(row) for row in offers.iter_rows()
    ]


def sound(credits: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame, *found: Any) -> None:
    """No cent is taken twice, none beyond its line or claim, and nothing of an unfiled claim."""
    taken, offered = found
    used: dict[str, dict[Any, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    filed = {row["claim_no"] for row in claims.to_dicts() if row["filed_on"]}
    for row in taken.iter_rows(named=True):
        assert row["amount"] > 0
        assert row["claim_no"] in filed
        used["credit"][row["credit_id"]] += row["amount"]
        used["line"][row["finding_id"]] += row["amount"]
        used["claim"][row["claim_no"]] += row["amount"]
    for frame, key, most, kind in (
        (credits, "credit_id", "amount", "credit"),
        (lines, "finding_id", "room", "line"),
        (claims, "claim_no", "left", "claim"),
    ):
        bounds = dict(frame.select(key, most).iter_rows())
        assert all(amount <= bounds[name] for name, amount in used[kind].items())
    assert not set(offered["credit_id"]) & set(taken["credit_id"])
