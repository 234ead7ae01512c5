"""How credits are laid on the lines of their claims: no line and no claim beyond what is left."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from credit_worlds import frames

from invoices.schema import seal
from reconcile.claims.credit_pool import PAIRS, Pool
from reconcile.claims.credits_on_lines import spread_on_lines

LINES = "N1 02-05 S1 1FB 02 5.00 F1\nN1 02-05 S2 1FB 02 9.00 F2\nN2 02-05 S1 1FB 02 4.00 F3"


@pytest.mark.parametrize(
    ("left", "credits", "laid"),
    [
        # The line of its service first, then the others.
        ("14.00", "C1 S1 8.00", ["C1 F1 5.00", "C1 F2 3.00"]),
        ("14.00", "C1 S2 8.00", ["C1 F2 8.00"]),
        ("14.00", "C1 S2 9.01", ["C1 F1 0.01", "C1 F2 9.00"]),
        ("14.00", "C1 - 8.00", ["C1 F1 5.00", "C1 F2 3.00"]),
        # One after the other.
        ("14.00", "C1 - 5.00\nC2 - 2.00", ["C1 F1 5.00", "C2 F2 2.00"]),
        ("14.00", "C1 - 8.00\nC2 S1 2.00", ["C1 F1 3.00", "C1 F2 5.00", "C2 F1 2.00"]),
        # Neither more than the lines have room for nor than is left of the claim.
        ("14.00", "C1 - 20.00", ["C1 F1 5.00", "C1 F2 9.00"]),
        ("6.00", "C1 - 20.00", ["C1 F1 5.00", "C1 F2 1.00"]),
        ("6.00", "C1 - 4.00\nC2 - 4.00", ["C1 F1 4.00", "C2 F1 1.00", "C2 F2 1.00"]),
        ("6.00", "C1 - 6.00\nC2 - 4.00", ["C1 F1 5.00", "C1 F2 1.00"]),
        ("6.00", "C1 - 7.00\nC2 - 4.00", ["C1 F1 5.00", "C1 F2 1.00"]),
        ("0.00", "C1 - 7.00", []),
    ],
)
def test_credits_of_a_claim_are_laid_on_its_lines(left: str, credits: str, laid: list[str]) -> None:
    rows = [line.split() for line in credits.splitlines()]
    table = "\n".join(f"{name} 03-05 {service} 1FB 02 {much}" for name, service, much in rows)
    given, claims, lines = frames("N1 - 02-20 0 -\nN2 - 02-20 0 -", LINES, table)
    claims = claims.with_columns(left=pl.lit(Decimal(left)).cast(pl.Decimal(18, 2)))
    pairs = given.select("credit_id", "amount", claim_no=pl.lit("N1")).pipe(seal, PAIRS)
    found = spread_on_lines(pairs, Pool(given, claims, lines), "claim")
    told = found.sort("credit_id", "finding_id").select("credit_id", "finding_id", "amount").rows()
    assert [" ".join(map(str, row)) for row in told] == laid


def test_a_line_without_room_and_a_pair_of_a_line() -> None:
    lines = f"{LINES}\nN1 02-05 S1 1FB 02 0.00 F0"
    given, claims, wanted = frames("N1 - 02-20 0 -\nN2 - 02-20 0 -", lines, "C1 03-05 - - - 6.00")
    pairs = given.select("credit_id", "amount", claim_no=pl.lit("N1")).pipe(seal, PAIRS)
    for finding, laid in ((None, [("F1", "5.00"), ("F2", "1.00")]), ("F1", [("F1", "5.00")])):
        named = pairs.with_columns(finding_id=pl.lit(finding, pl.String))
        found = spread_on_lines(named, Pool(given, claims, wanted), "line").sort("finding_id")
        rows = found.select("finding_id", pl.col("amount").cast(pl.String)).rows()
        assert rows == laid
