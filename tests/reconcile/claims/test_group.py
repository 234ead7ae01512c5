"""Claims: what is claimed together, until when, and what may happen to it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.schema import FINDINGS, empty
from reconcile.claims.group import CLAIMS, KEY, due, group, refresh, with_claim_no
from reconcile.claims.moves import MOVES, UNFILED, allowed
from reconcile.contracts import Contract

NOW = dt.date(2026, 12, 1)


def contract(minimum_line: str = "0.00", minimum_claim: str = "0.00", name: str = "C") -> Contract:
    return Contract.model_validate(
        {
            "id": name,
            "carrier": "ILEC",
            "effective_from": dt.date(2026, 1, 1),
            "accounts": ["*"],
            "dispute": {"minimum_line": minimum_line, "minimum_claim": minimum_claim},
        }
    )


def papers(table: str) -> pl.DataFrame:
    """Read a table: document_id, contract, dispute_closes_on, file_by; a dash is null."""
    rows = [[None if c == "-" else c for c in line.split()] for line in table.strip().splitlines()]
    names = ["document_id", "contract", "dispute_closes_on", "file_by"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame.with_columns(pl.col("dispute_closes_on", "file_by").str.to_date())


def found(table: str) -> pl.DataFrame:
    """Read a table: finding, document_id, ban, bill_date, reason, amount_at_stake."""
    rows = []
    for line in table.strip().splitlines():
        name, document, ban, billed, reason, stake = line.split()
        rows.append(
            {
                "finding_id": name,
                "document_id": document,
                "carrier": "ILEC",
                "ban": ban,
                "bill_date": dt.date.fromisoformat(billed),
                "reason": None if reason == "-" else reason,
                "amount_at_stake": Decimal(stake),
            }
        )
    return pl.DataFrame(rows, schema=FINDINGS)


DOCUMENTS = papers(
    """
    D1  C  2027-02-08  2027-02-08
    D2  C  2027-01-10  2027-01-08
    D3  C  2026-11-30  2026-11-30
    D4  -  -           -
    """
)
FOUND = found(
    """
    F1  D1  0001  2026-11-10  RATE   10.00
    F2  D1  0001  2026-11-10  DISC    5.00
    F3  D2  0001  2026-11-20  RATE    2.50
    F4  D2  0001  2026-11-20  -       9.00
    F5  D1  0001  2026-11-10  RATE    0.00
    F6  D3  0002  2026-09-01  RATE    1.00
    F7  D4  0003  2026-11-10  UNK    40.00
    F8  D1  0001  2026-11-10  RATE    0.99
    """
)


def words(claims: pl.DataFrame) -> list[str]:
    columns = ["bill_month", "ban", "reason", "amount", "findings", "file_by", "status"]
    return ["  ".join(str(cell) for cell in row) for row in claims.select(columns).iter_rows()]


def test_a_claim_is_one_account_reason_and_bill_month_with_the_earliest_window() -> None:
    grouped = group(FOUND, DOCUMENTS, [contract(minimum_line="1.00")], NOW)
    assert words(grouped.claims) == [
        "2026-09  0002  RATE  1.00  1  2026-11-30  expired",
        "2026-11  0001  DISC  5.00  1  2027-02-08  ready",
        "2026-11  0001  RATE  12.50  2  2027-01-08  ready",
        "2026-11  0003  UNK  40.00  1  None  ready",
    ]
    assert grouped.claims.schema == CLAIMS
    windows = grouped.claims["dispute_closes_on"].to_list()
    assert windows == [dt.date(2026, 11, 30), dt.date(2027, 2, 8), dt.date(2027, 1, 10), None]


def test_findings_keep_their_order_and_know_their_window_and_claim() -> None:
    findings, claims = group(FOUND, DOCUMENTS, [contract(minimum_line="1.00")], NOW)
    numbered = claims.with_columns(claim_no=pl.Series(["N1", "N2", "N3", "N4"]))
    known = with_claim_no(findings, numbered)
    assert known["finding_id"].to_list() == FOUND["finding_id"].to_list()
    numbers = ["N3", "N2", "N3", None, None, "N1", "N4", None]
    assert known["claim_no"].to_list() == numbers
    assert known["claimed"].to_list() == [number is not None for number in numbers]
    assert known["dispute_closes_on"][3] == dt.date(2027, 1, 10)


@pytest.mark.parametrize(
    ("minimum", "status"), [("12.50", "ready"), ("12.51", "draft"), ("0.00", "ready")]
)
def test_a_claim_below_the_minimum_of_its_contract_is_a_draft(minimum: str, status: str) -> None:
    chosen = FOUND.filter(pl.col("finding_id").is_in(["F1", "F3"]))
    claims = group(chosen, DOCUMENTS, [contract(minimum_claim=minimum)], NOW).claims
    assert claims["status"].to_list() == [status]


def test_each_document_goes_by_the_minimum_line_of_its_own_contract() -> None:
    documents = papers("D1 A 2027-02-08 2027-02-08\nD2 B 2027-02-08 2027-02-08")
    policies = [contract("5.00", name="A"), contract("2.00", name="B")]
    findings, claims = group(FOUND.head(3), documents, policies, NOW)
    assert findings["claimed"].to_list() == [True, True, True]
    policies = [contract("10.01", name="A"), contract("2.51", name="B")]
    findings, claims = group(FOUND.head(3), documents, policies, NOW)
    assert findings["claimed"].to_list() == [False, False, False]
    assert claims.height == 0


def test_a_window_is_open_on_its_last_day_and_expired_on_the_next() -> None:
    last = dt.date(2027, 2, 8)
    chosen = FOUND.head(2)
    for day, status in ((last, "ready"), (last + dt.timedelta(1), "expired")):
        claims = group(chosen, DOCUMENTS, [contract()], day).claims
        assert claims["status"].to_list() == [status, status]
        before = group(chosen, DOCUMENTS, [contract()], NOW).claims
        assert refresh(before, day)["status"].to_list() == [status, status]


def test_only_unfiled_claims_follow_the_day() -> None:
    claims = group(FOUND.head(1), DOCUMENTS, [contract()], NOW).claims
    late = dt.date(2030, 1, 1)
    for status in MOVES:
        after = refresh(claims.with_columns(status=pl.lit(status)), late)["status"].item()
        assert after == ("expired" if status in UNFILED else status)


def test_no_findings_make_no_claims() -> None:
    findings, claims = group(empty(FINDINGS), DOCUMENTS, [contract()], NOW)
    assert (findings.height, claims.height, claims.schema) == (0, 0, CLAIMS)


def test_claims_due_are_the_unfiled_ones_whose_last_banking_day_is_near() -> None:
    claims = pl.DataFrame(
        [
            {
                "ban": ban,
                "status": status,
                "amount": amount,
                "dispute_closes_on": closes,
                "file_by": file_by,
                "carrier": "ILEC",
                "reason": "RATE",
                "bill_month": "2026-09",
            }
            for ban, status, amount, file_by, closes in [
                ("1", "ready", Decimal(1), dt.date(2026, 12, 10), dt.date(2026, 12, 10)),
                ("2", "ready", Decimal(9), dt.date(2026, 12, 10), dt.date(2026, 12, 10)),
                ("3", "ready", Decimal(1), dt.date(2026, 12, 11), dt.date(2026, 12, 12)),
                ("4", "draft", Decimal(1), dt.date(2026, 12, 10), dt.date(2026, 12, 10)),
                ("5", "submitted", Decimal(1), dt.date(2026, 12, 10), dt.date(2026, 12, 10)),
                ("6", "ready", Decimal(1), None, None),
                ("7", "ready", Decimal(1), dt.date(2026, 11, 27), dt.date(2026, 11, 29)),
                ("8", "ready", Decimal(1), dt.date(2026, 12, 15), dt.date(2026, 12, 15)),
            ]
        ]
    )
    # The last banking day of a window that closes on a Saturday is over on that Saturday.
    # A draft is offered as well: it can be filed all the same, or it expires.
    assert due(claims, dt.date(2026, 12, 1), 8)["ban"].to_list() == ["2", "1", "4", "3"]
    assert due(claims, dt.date(2026, 12, 12), 0)["ban"].to_list() == ["3"]
    assert due(claims, dt.date(2026, 11, 28), 0)["ban"].to_list() == ["7"]


def test_every_state_a_claim_can_reach_has_its_moves() -> None:
    reached = {after for moves in MOVES.values() for after in moves.values()} | {"draft"}
    assert reached == set(MOVES)


# state, event, what follows
LIFE = """
draft              submit        submitted
ready              submit        submitted
submitted          submit        -
expired            submit        submitted
expired            deny          -
ready              credit        credited
ready              credit_short  -
denied             credit        credited
short_credited     deny          denied
partial            close         closed
withdrawn          submit        -
rejected_for_form  submit        submitted
ready              deny          -
ready              sustain       -
submitted          acknowledge   acknowledged
acknowledged       acknowledge   -
acknowledged       review        in_review
in_review          grant_part    partial
in_review          deny          denied
denied             escalate      escalated
escalated          escalate      escalated
sustained          await_credit  credit_pending
credit_pending     credit_short  short_credited
short_credited     credit        credited
submitted          credit        credited
credited           close         closed
closed             escalate      -
submitted          expire        -
ready              no_such       -
"""


@pytest.mark.parametrize("row", LIFE.strip().splitlines())
def test_a_claim_moves_only_as_its_life_allows(row: str) -> None:
    status, event, after = row.split()
    assert allowed(status, event) == (None if after == "-" else after)


def test_an_unknown_state_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError):
        allowed("lost", "submit")


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["D1", "D2", "D3", "D4"]),
            st.sampled_from(["0001", "0002"]),
            st.dates(dt.date(2026, 9, 1), dt.date(2026, 11, 30)),
            st.sampled_from(["RATE", "DISC", None]),
            st.integers(0, 500),
        ),
        max_size=40,
    ),
    minimum=st.integers(0, 300),
)
def test_every_claimed_cent_is_in_exactly_one_claim(
    rows: list[tuple[str, str, dt.date, str | None, int]], minimum: int
) -> None:
    table = pl.DataFrame(
        [
            {
                "finding_id": str(n),
                "document_id": document,
                "carrier": "ILEC",
                "ban": ban,
                "bill_date": billed,
                "reason": reason,
                "amount_at_stake": Decimal(cents).scaleb(-2),
            }
            for n, (document, ban, billed, reason, cents) in enumerate(rows)
        ],
        schema=FINDINGS,
    )
    policy = contract(minimum_line=str(Decimal(minimum).scaleb(-2)))
    findings, claims = group(table, DOCUMENTS, [policy], NOW)
    expected: dict[tuple[str, ...], int] = {}
    for document, ban, billed, reason, cents in rows:
        if reason and cents and (cents >= minimum or document == "D4"):
            key = ("ILEC", ban, reason, f"{billed:%Y-%m}")
            expected[key] = expected.get(key, 0) + cents
    amounts = {
        tuple(row[name] for name in KEY): int(row["amount"] * 100)
        for row in claims.iter_rows(named=True)
    }
    assert amounts == expected
    assert findings.height == table.height
    claimed = findings.filter("claimed")
    assert claimed["amount_at_stake"].sum() == claims["amount"].sum()
    assert claims.sort("bill_month", "carrier", "ban", "reason").equals(claims)
