"""What was won: sums foot however claims are told, rates know how little they know."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.schema import CENTS
from reconcile.claims.outcomes import OPEN, OUTCOMES, claims_on, outcomes, still_open, wilson
from reconcile.policies import Dispute, policies

AS_OF = dt.date(2026, 7, 1)
CLAIM = pl.Schema(
    {
        **dict.fromkeys(
            ("claim_no", "carrier", "ban", "reason", "bill_month", "status", "contract"),
            pl.String(),
        ),
        "amount": CENTS,
        "file_by": pl.Date(),
        "dispute_closes_on": pl.Date(),
    }
)
EVENT = pl.Schema(
    {
        "claim_no": pl.String(),
        "at": pl.Date(),
        "what": pl.String(),
        "status": pl.String(),
        **dict.fromkeys(("amount", "credited", "denied", "withdrawn"), CENTS),
    }
)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


def claim(number: int, **cells: Any) -> dict[str, Any]:
    usual = {
        "claim_no": f"D-{number}", "carrier": "ILEC", "ban": "1", "reason": "RATE",
        "bill_month": "2026-03", "status": "ready", "amount": Decimal("100.00"),
        "file_by": day("09-01"), "dispute_closes_on": day("09-02"),
    }  # fmt: skip
    return {**usual, **cells}


def event(number: int, at: str, what: str, status: str, **money: str) -> dict[str, Any]:
    exact = {name: Decimal(value) for name, value in money.items()}
    return {"claim_no": f"D-{number}", "at": day(at), "what": what, "status": status, **exact}


def told(
    claims: list[dict[str, Any]], events: list[dict[str, Any]], as_of: dt.date = AS_OF
) -> pl.DataFrame:
    whole = [dict.fromkeys(EVENT.names()) | row for row in events]
    full = [dict.fromkeys(CLAIM.names()) | row for row in claims]
    return claims_on(pl.DataFrame(full, CLAIM), pl.DataFrame(whole, EVENT), as_of)


LIFE = [
    event(1, "04-01", "prepare", "ready"),
    event(1, "04-10", "submit", "submitted"),
    event(1, "05-01", "sustain", "sustained"),
    event(1, "06-20", "credit", "credited", credited="100.00"),
    event(2, "04-01", "prepare", "ready"),
    event(2, "04-10", "submit", "submitted"),
    event(2, "05-20", "grant_part", "partial", amount="30.00", denied="70.00"),
    event(2, "06-25", "credit_short", "short_credited", credited="20.00"),
    event(3, "04-01", "prepare", "ready"),
    event(3, "04-12", "submit", "submitted"),
    event(3, "04-20", "deny", "denied", denied="100.00"),
    event(4, "04-01", "prepare", "ready"),
    event(5, "04-01", "prepare", "ready"),
    event(6, "08-01", "prepare", "ready"),
]
CLAIMS = [
    *(claim(number) for number in (1, 2, 3, 4, 6)),
    claim(5, dispute_closes_on=day("06-30")),
]


def test_each_claim_is_told_as_it_stood_on_the_day():
    (row,) = outcomes(told(CLAIMS, LIFE), ()).to_dicts()
    said = {name: value for name, value in row.items() if value is not None}
    assert said == {
        "claims": 5, "amount": Decimal("500.00"),
        "filed": 3, "filed_amount": Decimal("300.00"),
        "sustained": 1, "sustained_amount": Decimal("100.00"),
        "partial": 1, "partial_amount": Decimal("30.00"),
        "denied": 1, "denied_amount": Decimal("170.00"),
        "withdrawn": 0, "withdrawn_amount": Decimal("0.00"),
        "expired": 1, "expired_amount": Decimal("100.00"),
        "credited": 2, "credited_amount": Decimal("120.00"),
        "open": 2, "open_amount": Decimal("110.00"),
        "days_to_answer": 21, "days_to_answer_most": 40,
        "days_to_credit": 71, "days_to_credit_most": 76,
        "answered": 3, "won": 2, "win_rate": Decimal("0.6667"),
        "win_low": Decimal("0.2077"), "win_high": Decimal("0.9385"), "few": True,
    }  # fmt: skip
    (row,) = outcomes(told(CLAIMS, LIFE, day("05-10")), ()).to_dicts()
    assert (row["answered"], row["won"], row["open_amount"]) == (2, 2 - 1, Decimal("400.00"))
    assert outcomes(told([], []), ("carrier",)).schema == OUTCOMES


def test_money_that_is_waited_for_is_told_by_how_soon_its_day_is():
    terms = policies({"K": Dispute(resolve_days=60, credit_by_bill=2)})
    claims = [
        {**one, "contract": "K"}
        for one in (*CLAIMS, claim(7, file_by=day("07-03")), claim(8))
    ]  # fmt: skip
    events = [
        *LIFE,
        event(7, "04-01", "prepare", "ready"),
        event(8, "04-02", "submit", "submitted"),
    ]
    rows = still_open(told(claims, events), terms, AS_OF)
    assert rows.schema == OPEN
    assert rows.select("stage", "bucket", "amount").rows() == [
        ("to file", "within 7 days", Decimal("100.00")),
        ("to file", "later", Decimal("100.00")),
        ("to be answered", "overdue", Decimal("100.00")),
        ("to be credited", "within 30 days", Decimal("10.00")),
    ]


@pytest.mark.parametrize(
    ("file_by", "bucket"),
    [
        ("06-30", "overdue"),
        # The day itself is not over.
        ("07-01", "within 7 days"),
        ("07-08", "within 7 days"),
        ("07-09", "within 30 days"),
        ("07-31", "within 30 days"),
        ("08-01", "within 60 days"),
        ("08-30", "within 60 days"),
        ("08-31", "later"),
        (None, "no day"),
    ],
)
def test_how_soon_a_day_is(file_by: str | None, bucket: str):
    claims = [claim(1, file_by=file_by and day(file_by))]
    rows = still_open(told(claims, [event(1, "04-01", "prepare", "ready")]), policies({}), AS_OF)
    assert rows["bucket"].to_list() == [bucket]


def test_what_happens_on_the_day_is_told_on_it():
    for as_of, answered in (("04-30", 1), ("05-01", 2)):
        (row,) = outcomes(told(CLAIMS, LIFE, day(as_of)), ()).to_dicts()
        assert row["answered"] == answered


def test_a_claim_credited_in_full_without_an_answer_was_won():
    life = [event(1, "04-02", "submit", "submitted")]
    (row,) = outcomes(told([claim(1)], life), ()).to_dicts()
    assert (row["answered"], row["won"], row["sustained"], row["days_to_answer"]) == (0, 0, 0, None)
    life.append(event(1, "05-02", "credit", "credited", credited="100.00"))
    (row,) = outcomes(told([claim(1)], life), ()).to_dicts()
    assert (row["answered"], row["won"], row["sustained"], row["days_to_answer"]) == (1, 1, 1, 30)
    assert row["sustained_amount"] == Decimal("100.00")


def test_what_was_withdrawn_before_it_was_filed_is_no_claim():
    unfiled = [event(1, "04-02", "withdraw", "withdrawn", withdrawn="100.00")]
    assert outcomes(told([claim(1)], unfiled), ()).is_empty()
    filed = [event(1, "04-01", "submit", "submitted"), *unfiled]
    (row,) = outcomes(told([claim(1)], filed), ()).to_dicts()
    assert (row["claims"], row["withdrawn"], row["open"]) == (1, 1, 0)
    assert row["withdrawn_amount"] == Decimal("100.00")


@pytest.mark.parametrize(("cases", "few"), [(9, True), (10, False)])
def test_fewer_than_ten_answers_are_few(cases: int, few: bool):
    life = [event(n, "04-01", "deny", "denied", denied="100.00") for n in range(cases)]
    (row,) = outcomes(told([claim(n) for n in range(cases)], life), ()).to_dicts()
    assert (row["answered"], row["few"]) == (cases, few)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ILEC", "CLEC"]),
            st.sampled_from(["RATE", "DUP"]),
            st.sampled_from(["2026-03", "2026-04"]),
            st.sampled_from(["ready", "submitted", "sustained", "denied", "withdrawn", "closed"]),
            st.integers(0, 50), st.integers(0, 50), st.integers(0, 50),
        ),
        max_size=10,
    )
)  # fmt: skip
def test_every_cent_of_a_claim_is_in_one_place_and_sums_foot(rows: list[tuple[Any, ...]]):
    claims, events = [], []
    for number, (carrier, reason, month, status, credited, denied, withdrawn) in enumerate(rows):
        total = Decimal(150)
        claims.append(claim(number, carrier=carrier, reason=reason, bill_month=month, amount=total))
        events.append(event(number, "04-01", "submit", "submitted"))
        money = {"credited": credited, "denied": denied, "withdrawn": withdrawn}
        last = event(number, "05-01", "note", status)
        events.append(last | {name: Decimal(value) for name, value in money.items()})
    state = told(claims, events)
    (whole,) = outcomes(state, ()).to_dicts() or [None]
    places = ("credited", "denied", "withdrawn", "expired", "open")
    for by in (("carrier",), ("carrier", "reason"), ("carrier", "reason", "month"), ("month",)):
        table = outcomes(state, by)
        for row in table.iter_rows(named=True):
            assert row["amount"] == sum(row[f"{name}_amount"] for name in places)
        if whole is not None:
            for name in ("claims", "filed", "answered", "amount", "credited_amount"):
                assert table[name].sum() == whole[name]


@pytest.mark.parametrize(
    ("won", "cases", "low", "high"),
    [(0, 1, "0.0000", "0.7935"), (5, 10, "0.2366", "0.7634"), (10, 10, "0.7225", "1.0000")],
)
def test_the_interval_is_wilsons(won: int, cases: int, low: str, high: str):
    assert wilson(won, cases)[1:] == (Decimal(low), Decimal(high))


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_rate_lies_in_its_interval_and_more_cases_narrow_it(pair: tuple[int, int]):
    won, cases = pair
    rate, low, high = wilson(won, cases)
    assert rate is not None
    assert low is not None
    assert high is not None
    assert 0 <= low <= rate <= high <= 1
    _, closer, nearer = wilson(won * 4, cases * 4)
    assert closer is not None
    assert nearer is not None
    assert nearer - closer <= high - low
    assert wilson(0, 0) == (None, None, None)
