"""What is likely to come back: shares learnt from few cases, the worth of what is waited for."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from math import comb
from typing import Any

import polars as pl
import pytest
from carrier_terms import contract
from hypothesis import given
from hypothesis import strategies as st

from reconcile.cash import beta
from reconcile.cash.recovery import RECOVERY, WIN_RATES, Prior, recovery, win_rates

D = Decimal
AS_OF = dt.date(2026, 12, 1)
CLAIMS = {
    "carrier": pl.String(),
    "reason": pl.String(),
    "status": pl.String(),
    "credited": pl.Decimal(18, 2),
    "denied": pl.Decimal(18, 2),
    "resolved_on": pl.Date(),
}


def claims(table: str) -> pl.DataFrame:
    rows = [line.split() for line in table.strip().splitlines()]
    cells = [
        (c, r, s, D(won), D(lost), None if on == "-" else dt.date.fromisoformat(f"2026-{on}"))
        for c, r, s, won, lost, on in rows
    ]
    return pl.DataFrame(cells, schema=CLAIMS, orient="row")


def test_without_a_case_the_prior_alone_speaks() -> None:
    row = win_rates(claims("ILEC RATE submitted 0 0 -"), Prior(D("0.75")), AS_OF).row(0, named=True)
    assert (row["ended"], row["win_rate"]) == (0, D("0.75"))
    assert row["win_rate_low"] < row["win_rate"] < row["win_rate_high"]


def test_every_case_counts_once_whatever_its_amount() -> None:
    found = win_rates(
        claims(
            """
            ILEC RATE credited  100.00   0.00  03-01
            ILEC RATE credited    1.00   0.00  03-01
            ILEC RATE denied      0.00  900.00 03-01
            ILEC RATE closed      3.00   1.00  03-01
            ILEC RATE submitted   0.00   0.00  -
            ILEC RATE closed      0.00   0.00  03-01
            ILEC DUP  denied      0.00   5.00  03-01
            CLEC DUP  credited    5.00   0.00  12-01
            CLEC RATE credited    5.00   0.00  12-02
            """
        ),
        Prior(D("0.5"), D(4)),
        AS_OF,
    )
    assert found.schema == WIN_RATES
    assert found.select("carrier", "reason", "ended", "win_rate").rows() == [
        ("CLEC", "DUP", 1, D("0.6")),  # it ended today
        ("CLEC", "RATE", 0, D("0.5")),  # it ends tomorrow
        ("ILEC", "DUP", 1, D("0.4")),
        # (2 + 1 + 1 + 0 + 0.75) / 8; what ended without a cent either way teaches nothing
        ("ILEC", "RATE", 4, D("0.59375")),
    ]


def test_an_answer_teaches_before_its_credit_comes() -> None:
    rows = claims(
        """
        ILEC RATE partial   0 0 03-01
        ILEC RATE escalated 0 0 03-01
        ILEC RATE partial   0 0 03-01
        """
    ).with_columns(
        # One that was escalated waits for another answer; one of 0.00 teaches nothing.
        amount=pl.Series([D(40), D(40), D(0)], dtype=pl.Decimal(18, 2)),
        granted=pl.Series([D(30), D(10), D(0)], dtype=pl.Decimal(18, 2)),
    )
    row = win_rates(rows, Prior(D("0.5"), D(4)), AS_OF).row(0, named=True)
    assert (row["ended"], row["win_rate"]) == (1, D("0.55"))  # (2 + 0.75) / 5


def test_the_band_leaves_as_much_on_either_side() -> None:
    row = win_rates(claims("ILEC RATE ready 0 0 -"), Prior(), AS_OF).row(0, named=True)
    # Two won, two lost: a share stays below x with 3x^2 - 2x^3, a tenth on either side.
    low, high = row["win_rate_low"], row["win_rate_high"]
    assert (low, high) == (D("0.195800"), D("0.804200"))
    assert [round(3 * x**2 - 2 * x**3, 5) for x in (low, high)] == [D("0.10000"), D("0.90000")]


def test_more_cases_make_it_surer() -> None:
    widths = []
    for count in (0, 4, 40, 400):
        rows = "ILEC RATE credited 1 0 03-01\nILEC RATE denied 0 1 03-01\n" * (count // 2)
        rows += "ILEC RATE ready 0 0 -"
        row = win_rates(claims(rows), Prior(), AS_OF).row(0, named=True)
        assert row["win_rate"] == D("0.5")
        widths.append(row["win_rate_high"] - row["win_rate_low"])
    assert all(one > other for one, other in pairwise(widths))


@given(won=st.integers(1, 30), lost=st.integers(1, 30), level=st.decimals("0.01", "0.99", places=2))
def test_a_quantile_is_where_the_binomial_sum_says(won: int, lost: int, level: Decimal) -> None:
    # With whole counts P(share <= x) is the chance of `won` successes or more in won+lost-1 tries.
    n = won + lost - 1

    def chance(x: float) -> float:
        return sum(comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(won, n + 1))

    x = float(beta.share_at(level, D(won), D(lost)))
    assert chance(max(x - 2e-6, 0)) <= float(level) <= chance(min(x + 2e-6, 1))


def test_a_share_without_a_doubt_is_certain() -> None:
    assert beta.share_at(D("0.1"), D(0), D(3)) == 0
    assert beta.share_at(D("0.1"), D(3), D(0)) == 1


def waited(**changed: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    claim = {
        "document_id": "D1",
        "claim_no": "N1",
        "carrier": "ILEC",
        "ban": "B1",
        "reason": "RATE",
        "status": "submitted",
        "amount": D(4000),
        "credited": D(0),
        "denied": D(0),
        "granted": None,
        "filed_on": dt.date(2026, 11, 30),
        "file_by": dt.date(2027, 2, 8),
        "dispute_closes_on": dt.date(2027, 2, 8),
        "resolved_on": None,
        "customer_exposure": D(0),
    }
    money = {n: pl.Decimal(18, 2) for n in ("amount", "credited", "denied", "granted")}
    days = {n: pl.Date() for n in claim if n.endswith("_on") or n == "file_by"}
    text = {n: pl.String() for n in claim}
    schema = text | money | days | {"customer_exposure": pl.Decimal(18, 2)}
    bill = {
        "document_id": "D1",
        "contract": "K",
        "bill_date": dt.date(2026, 11, 10),
        "due_date": dt.date(2026, 12, 10),
        "received_on": dt.date(2026, 11, 12),
        "debit_on": dt.date(2026, 11, 25),
        "bill_day": 10,
    }
    return pl.DataFrame([{**claim, **changed}], schema=schema), pl.DataFrame([bill])


def worth(prior: str = "0.75", **changed: Any) -> dict[str, Any] | None:
    disputed, bills = waited(**changed)
    rates = win_rates(
        disputed.select(*CLAIMS) if disputed.height else claims(""), Prior(D(prior)), AS_OF
    )
    found = recovery(disputed, bills, rates, [contract()], AS_OF)
    assert found.schema == RECOVERY
    return found.row(0, named=True) if found.height else None


def test_the_worked_example_comes_out_to_the_cent() -> None:
    row = worth()
    assert row is not None
    assert (row["waiting"], row["expected_recovery"]) == (D("4000.00"), D("3000.00"))
    assert row["provision"] == D("1000.00")
    assert row["credit_cash_on"] == dt.date(2027, 3, 25)
    assert row["lag_days"] == 120
    assert row["carry_cost"] == D("118.36")
    assert row["interest"] == D("157.50")
    assert row["net_carry"] == D("-39.14")
    assert row["recovery_low"] < row["expected_recovery"] < row["recovery_high"]


def test_a_contract_may_add_its_interest_daily() -> None:
    disputed, bills = waited()
    rates = win_rates(disputed.select(*CLAIMS), Prior(D("0.75")), AS_OF)
    terms = {"resolve_days": 60, "credit_by_bill": 2, "interest_per_day": "0.0005"}
    daily = contract(dispute={**terms, "interest_compound": True})
    row = recovery(disputed, bills, rates, [daily], AS_OF).row(0, named=True)
    assert row["interest"] == (3000 * (D("1.0005") ** 105 - 1)).quantize(D("0.01"))
    assert row["net_carry"] == row["carry_cost"] - row["interest"]


def test_what_was_granted_is_known() -> None:
    row = worth("0.10", status="partial", denied=D(1000), granted=D(3000))
    assert row is not None
    assert (row["waiting"], row["expected_recovery"]) == (D("3000.00"), D("3000.00"))
    assert row["recovery_low"] == row["recovery_high"] == D("3000.00")
    assert row["provision"] == D("0.00")


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "withdrawn"},
        {"status": "expired", "filed_on": None},
        {"status": "credited", "credited": D(4000)},
        {"status": "denied", "denied": D(4000)},
        {"status": "ready", "filed_on": None, "dispute_closes_on": dt.date(2026, 11, 30)},
    ],
    ids=["withdrawn", "expired", "credited", "denied", "too late"],
)
def test_where_nothing_is_left_to_wait_for_there_is_no_row(changed: dict[str, Any]) -> None:
    assert worth(**changed) is None


def test_a_claim_that_waits_here_is_taken_to_be_filed_when_it_must() -> None:
    row = worth(status="ready", filed_on=None)
    assert row is not None
    assert row["resolves_on"] == dt.date(2027, 4, 9)  # 60 days from 8 February
    assert row["credit_bill_on"] == dt.date(2027, 5, 10)
