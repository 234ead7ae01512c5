"""What claims the carrier knows lack of findings that grew, or became others."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from growth_model import CODES, REASONS, rests
from hypothesis import given
from hypothesis import strategies as st

from invoices.money import from_cents
from reconcile.claims.growth import HELD, UNHELD, unheld

SHORT = {
    "DUP": "charged_twice",
    "DISC": "billed_after_disconnect",
    "RATE": "rate_above_contract",
    "EXT": "extension_wrong",
}
FINDINGS = {
    **dict.fromkeys(("finding_id", "line_id", "code", "reason"), pl.String()),
    "amount_at_stake": pl.Decimal(18, 2),
    "wanted": pl.Boolean(),
}


def at_stake(text: str) -> pl.DataFrame:
    """Read findings of the line L: code and stake, a star where it is waived."""
    rows = []
    for word, amount in zip(text.split()[::2], text.split()[1::2], strict=True):
        code = SHORT[word]
        stake = Decimal(amount.rstrip("*"))
        rows.append((f"L:{code}", "L", code, REASONS[code], stake, not amount.endswith("*")))
    return pl.DataFrame(rows, schema=FINDINGS, orient="row")


def held(text: str) -> pl.DataFrame:
    """Read what claims hold of the line L: claim, code and amount."""
    words = text.split()
    rows = [
        (claim, f"L:{SHORT[word]}", "L", REASONS[SHORT[word]], Decimal(amount))
        for claim, word, amount in zip(words[::3], words[1::3], words[2::3], strict=True)
    ]
    return pl.DataFrame(rows, schema=HELD, orient="row")


@pytest.mark.parametrize(
    ("claims", "findings", "left"),
    [
        ("N1 RATE 3", "RATE 3", "RATE 0.00 N1"),
        ("N1 RATE 3", "RATE 8", "RATE 5.00 N1"),
        ("N1 RATE 3 N2 RATE 5", "RATE 10", "RATE 2.00 N2"),
        ("N1 RATE 8", "RATE 5", "RATE 0.00 N1"),
        ("N1 RATE 3", "DISC 33", "DISC 30.00 N1"),
        ("N1 RATE 3", "DISC 2", "DISC 0.00 N1"),
        # What is held of the rate stands for the rate first, then by precedence.
        ("N1 RATE 3", "DISC 5 EXT 5", "DISC 5.00 N1, EXT 2.00 N1"),
        ("N1 RATE 7", "DUP 2 DISC 4 EXT 5", "DUP 0.00 N1, DISC 4.00 N1, EXT 0.00 N1"),
        ("N1 RATE 3", "RATE 3 DISC 5", "RATE 0.00 N1, DISC 5.00 N1"),
        ("N1 DUP 4", "RATE 3 DISC 5", "RATE 3.00 N1, DISC 1.00 N1"),
        # A waived finding is not claimed, and what is held of it stands for no other.
        ("N1 RATE 3", "RATE 8*", "RATE 0.00 N1"),
        ("N1 RATE 3", "RATE 3* DISC 5", "RATE 0.00 N1, DISC 5.00 N1"),
        ("N1 DUP 3", "DISC 9* RATE 5", "DISC 0.00 N1, RATE 2.00 N1"),
    ],
)
def test_what_no_claim_holds_of_a_line(claims: str, findings: str, left: str) -> None:
    asked = at_stake(findings)
    found = unheld(asked, held(claims))
    assert found.schema == UNHELD
    words = {f"L:{code}": word for word, code in SHORT.items()}
    by_name = {name: f"{words[name]} {rest} {by}" for name, rest, by in found.iter_rows()}
    assert ", ".join(by_name[name] for name in asked["finding_id"]) == left


def test_what_one_line_holds_stands_for_no_other_line() -> None:
    one = at_stake("RATE 8")
    other = one.with_columns(finding_id=pl.lit("M:rate_above_contract"), line_id=pl.lit("M"))
    found = unheld(pl.concat([one, other]), held("N1 RATE 9")).sort("finding_id")
    assert found.select("rest", "held_by").rows() == [(Decimal(0), "N1"), (Decimal(8), None)]


def test_a_finding_about_no_line_stands_for_itself() -> None:
    one = at_stake("RATE 8").with_columns(line_id=pl.lit(None, dtype=pl.String))
    more = held("N1 RATE 3").with_columns(line_id=pl.lit(None, dtype=pl.String))
    assert unheld(one, more)["rest"].to_list() == [Decimal(5)]


CENTS = st.dictionaries(st.sampled_from(CODES), st.integers(1, 9), max_size=4)


@given(
    lines=st.lists(st.tuples(CENTS, CENTS, st.sets(st.sampled_from(CODES))), min_size=1, max_size=4)
)
def test_cent_by_cent_the_same_is_left(
    lines: list[tuple[dict[str, int], dict[str, int], set[str]]],
) -> None:
    findings, written, expected = [], [], {}
    for n, (holds, stakes, waived) in enumerate(lines):
        for code, cents in stakes.items():
            name = f"L{n}:{code}"
            findings.append((name, f"L{n}", code, REASONS[code], cents, code not in waived))
            expected[name] = rests(holds, stakes, waived)[code]
        for m, (code, cents) in enumerate(sorted(holds.items())):
            written.append((f"N{m}", f"L{n}:{code}", f"L{n}", REASONS[code], cents))
    whole = [
        pl.DataFrame(rows, schema={**schema, amount: pl.Int64()}, orient="row").with_columns(
            from_cents(pl.col(amount))
        )
        for rows, schema, amount in (
            (findings, FINDINGS, "amount_at_stake"),
            (written, HELD, "amount"),
        )
    ]
    found = unheld(*whole)
    assert {name: int(rest * 100) for name, rest, _ in found.iter_rows()} == expected
    # Together no more is claimed than is at stake, unless more was filed before.
    for n, (holds, stakes, _) in enumerate(lines):
        own = sum(cents for name, cents in expected.items() if name.startswith(f"L{n}:"))
        assert own <= max(0, sum(stakes.values()))
        assert own + sum(holds.values()) <= max(sum(stakes.values()), sum(holds.values()))
