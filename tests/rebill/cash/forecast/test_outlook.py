"""Scenarios: what is certain comes out as it is, chances as they are, the same seed the same."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebill.cash.forecast.draw import Case, Scenarios, draw
from rebill.cash.forecast.facts import LATE, NEVER, Disputes, Facts, Pulls, Receipts, Samples
from rebill.cash.forecast.outlook import CASES, FORECAST, cases_of, outlook

D = Decimal
AS_OF = dt.date(2026, 3, 31)
DAYS = 40
AS_IT_GOES = (Case("as it goes"),)


def whole(*values: int) -> Any:
    return np.array(values, dtype=np.int64)


def always(*delays: int) -> Samples:
    """Entry n always draws the nth number."""
    return Samples.of([whole(delay) for delay in delays], whole(*range(len(delays))))[0]


def facts(
    known: dict[int, int] | None = None,
    invoices: list[tuple[int, int, float]] | None = None,
    claims: list[dict[str, int]] | None = None,
    coming: list[tuple[int, int, float]] | None = None,
    days: int = DAYS,
) -> Facts:
    """Facts of certain pulls, invoices (amount, day, chance of no payment) and claims."""
    pulls = np.zeros(days + 1, dtype=np.int64)
    for day, amount in (known or {}).items():
        pulls[day] = amount
    owed, later, waits = invoices or [], coming or [], claims or []
    usual = {"many": 0, "cash": -1, "filed": 0, "received": 0, "closes": NEVER, "rate": 0}
    rows = [{**usual, "group": 0, **claim} for claim in waits]
    columns = {name: whole(*(row[name] for row in rows)) for name in ("amount", *usual, "group")}
    return Facts(
        AS_OF,
        days,
        Pulls(
            pulls,
            whole(*(day for day, _, _ in later)),
            whole(*(amount for _, amount, _ in later)),
            np.array([spread for _, _, spread in later]),
        ),
        Receipts(
            np.zeros(days + 1, dtype=np.int64),
            whole(*(amount for amount, _, _ in owed)),
            whole(*(day for _, day, _ in owed)),
            always(*(0 for _ in owed)) if owed else Samples(whole(0), whole(), whole()),
            np.array([chance for _, _, chance in owed]),
            whole(*(-1 for _ in owed)),
            0.0,
        ),
        Disputes(
            **columns,
            won=np.array([float(row.get("won", 1)) for row in rows]),
            lost=np.array([float(row.get("lost", 0)) for row in rows]),
            answers=always(*(row.get("answer", 5) for row in rows)),
            filings=always(*(row.get("filing", 3) for row in rows)),
            cash_day=np.minimum(np.arange(days + 1) + 10, NEVER)[None, :],
        ),
        np.arange(days + 1, dtype=np.int64),
    )


def drawn(of: Facts, count: int = 3, seed: int = 1, cases: Any = AS_IT_GOES, **more: Any) -> Any:
    return draw(of, count, seed, cases, **more)


def test_what_is_certain_comes_out_as_it_is() -> None:
    found = drawn(facts({5: 10_000, 20: 3_000}, [(8_000, 5, 0.0), (4_000, 12, 0.0)]))
    low = found.low[0]
    # The pull of a day comes before its receipts.
    assert (low[4], low[5], low[6], low[12], low[13], low[20]) == (
        0,
        -10_000,
        -2_000,
        -2_000,
        2_000,
        -1_000,
    )
    course = found.courses["as it goes"]
    assert (set(course.lowest), set(course.lowest_day), set(course.closing)) == (
        {-10_000},
        {5},
        {-1_000},
    )


def test_a_credit_lessens_the_pull_of_the_day_it_is_drafted() -> None:
    claim = {"amount": 2_500, "filed": -2, "answer": 7, "won": 1, "lost": 0}
    found = drawn(facts({15: 3_000}, claims=[claim]))
    # Answered on day 5, drafted on day 15.
    assert found.low[0][15] == -500
    assert set(found.courses["as it goes"].credits) == {2_500}


def test_what_was_granted_comes_without_a_draw() -> None:
    claim = {"amount": 2_500, "cash": 8, "won": 0, "lost": 1}
    assert set(drawn(facts(claims=[claim])).courses["as it goes"].credits) == {2_500}


def test_filing_sooner_or_a_longer_window_saves_what_would_be_too_late() -> None:
    claim = {"amount": 900, "filed": NEVER, "filing": 10, "closes": 7, "answer": 1}
    cases = (*AS_IT_GOES, Case("sooner", sooner=3), Case("longer", longer=3), Case("not enough", 2))
    found = drawn(facts({25: 5_000}, claims=[claim]), cases=cases)
    expired = {name: int(course.expired[0]) for name, course in found.courses.items()}
    assert expired == {"as it goes": 900, "sooner": 0, "longer": 0, "not enough": 900}
    credits = {name: int(course.credits[0]) for name, course in found.courses.items()}
    assert credits == {"as it goes": 0, "sooner": 900, "longer": 900, "not enough": 0}


def test_a_pull_bounces_as_often_as_the_customer_does_not_pay() -> None:
    of = facts({10: 10_000}, [(6_000, 4, 0.3)])
    told = outlook(of, 20_000, 5, cases_of(5, 30), opening=D("50.00"))
    case = told.cases.row(0, named=True)
    assert abs(case["bounce"] - D("0.3")) < D("0.012")
    day = told.daily.filter(pl.col("on") == AS_OF + dt.timedelta(10)).row(0, named=True)
    assert day["bounce"] == case["bounce"]
    assert (day["balance_p5"], day["balance_p50"]) == (D("-50.00"), D("10.00"))
    assert case["peak_funding_p50"] == D("40.00")
    assert case["peak_funding_p95"] == D("100.00")
    lent = outlook(of, 100, 5, cases_of(5, 30), opening=D("50.00"), credit_line=D("50.00"))
    assert lent.cases["bounce"].to_list() == [D(0)] * 3
    unknown = outlook(of, 100, 5, cases_of(5, 30))
    assert unknown.cases["bounce"].null_count() == 3
    assert unknown.daily["bounce"].null_count() == DAYS


def test_claims_are_won_as_often_as_their_rate_says_and_how_unsure_it_is_counts() -> None:
    claims = [{"amount": 100, "won": 3, "lost": 1, "rate": n} for n in range(20)]
    apart = drawn(facts(claims=claims), 4000).courses["as it goes"].credits
    assert abs(apart.mean() / 2000 - 0.75) < 0.01
    together = [{**claim, "rate": 0} for claim in claims]
    alike = drawn(facts(claims=together), 4000).courses["as it goes"].credits
    assert abs(alike.mean() / 2000 - 0.75) < 0.01
    assert alike.std() > 1.5 * apart.std()  # one unknown share for all of them


def test_many_small_claims_are_granted_in_proportion() -> None:
    claim = {"amount": 1_000_000, "many": 1, "won": 1e9, "lost": 3e9}
    credits = drawn(facts(claims=[claim])).courses["as it goes"].credits
    assert all(abs(credits - 250_000) < 200)


def test_bills_to_come_may_be_off_and_are_never_below_zero() -> None:
    found = drawn(facts(coming=[(7, 10_000, 0.1), (9, 10_000, 3.0)]), 4000)
    pulls = -found.low[:, 8]
    assert abs(pulls.mean() - 10_000) < 100
    assert abs(pulls.std() - 1_000) < 60
    assert (found.low[:, 10] <= found.low[:, 8]).all()


def same(one: Scenarios, other: Scenarios) -> bool:
    return np.array_equal(one.low, other.low) and all(
        np.array_equal(one.courses[name].credits, other.courses[name].credits)
        for name in one.courses
    )


def busy() -> Facts:
    invoices = [(1_000 + n, n % 30, 0.05) for n in range(700)]
    claims = [{"amount": 50 + n, "won": 2, "lost": 2, "filed": NEVER} for n in range(600)]
    return facts({n: 20_000 for n in range(1, 40)}, invoices, claims, [(8, 9_000, 0.2)])


def test_the_same_seed_gives_the_same_and_more_scenarios_begin_with_fewer() -> None:
    of = busy()
    many = drawn(of, 2_100, seed=7)
    assert same(many, drawn(of, 2_100, seed=7))
    assert not same(many, drawn(of, 2_100, seed=8))
    few = drawn(of, 1_050, seed=7)
    assert np.array_equal(few.low, many.low[:1_050])
    assert not np.array_equal(many.low[:1_000], many.low[1_000:2_000])


def test_a_case_more_changes_nothing_of_the_others() -> None:
    of = busy()
    alone = drawn(of, 500)
    beside = drawn(of, 500, cases=cases_of(5, 30))
    assert same(alone, Scenarios(**{**vars(beside), "courses": {
        "as it goes": beside.courses["as it goes"]}}))  # fmt: skip


@settings(max_examples=15)
@given(data=st.data())
def test_every_cent_of_every_scenario_is_accounted_for(data: st.DataObject) -> None:
    day, amount = st.integers(1, DAYS), st.integers(0, 10**7)
    known = data.draw(st.dictionaries(day, amount, max_size=5))
    invoices = data.draw(st.lists(st.tuples(amount, day, st.floats(0, 1)), max_size=5))
    claim = st.fixed_dictionaries(
        {
            "amount": amount,
            "filed": st.sampled_from([NEVER, -3, 0]),
            "closes": st.sampled_from([NEVER, 2, 6]),
            "filing": st.integers(0, 9),
            "answer": st.integers(0, 60),
            "won": st.integers(1, 4),
            "lost": st.integers(0, 4),
            "many": st.integers(0, 1),
        }
    )
    claims = data.draw(st.lists(claim, max_size=4))
    found = drawn(facts(known, invoices, claims), 50, cases=cases_of(3, 10))
    assert found.total_pulls.tolist() == [sum(known.values())] * 50
    for course in found.courses.values():
        assert np.array_equal(
            course.closing, found.total_receipts + course.credits - found.total_pulls
        )
        assert (course.credits + course.expired <= sum(c["amount"] for c in claims)).all()
        assert (course.lowest <= 0).all() or found.low[:, 1:].min() > 0
    base, sooner, longer = found.courses.values()
    assert (sooner.expired <= base.expired).all()
    assert (longer.expired <= base.expired).all()


def test_the_tables_have_a_row_a_day_and_a_row_a_case_in_cents() -> None:
    told = outlook(busy(), 100, 3, cases_of(5, 30), opening=D("1000.00"))
    assert told.daily.schema == FORECAST
    assert told.cases.schema == CASES
    assert told.daily["on"].to_list() == [AS_OF + dt.timedelta(n) for n in range(1, DAYS + 1)]
    bands = told.daily.select(f"balance_p{band}" for band in (5, 25, 50, 75, 95))
    assert all(list(row) == sorted(row) for row in bands.iter_rows())
    assert told.cases["case"].to_list() == [
        "as it goes",
        "disputed 5 days sooner",
        "window 30 days longer",
    ]


def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    of = busy()
    told, low = outlook(of, 37, 3, AS_IT_GOES), drawn(of, 37, 3).low
    for band in (5, 25, 50, 75, 95):
        for day in (1, 17, DAYS):
            values = sorted(int(value) for value in low[:, day])
            wanted = next(v for v in values if sum(w <= v for w in values) * 100 >= 37 * band)
            assert told.daily[f"balance_p{band}"][day - 1] == D(wanted).scaleb(-2)


def test_what_is_later_than_it_ever_was_comes_some_day_soon() -> None:
    samples, late = Samples.of([whole(3, 9, 1), whole(2)], whole(0, 0, 1), whole(2, 9, -5))
    lists = [
        samples.days[start : start + count].tolist()
        for start, count in zip(samples.start, samples.count, strict=True)
    ]
    assert lists == [[3, 9], list(LATE), [2]]
    assert late.tolist() == [0, 1, 0]


def test_receipts_of_a_day_without_banking_come_on_the_next() -> None:
    of = facts(invoices=[(500, 4, 0.0)])
    closed = of.banking.copy()
    closed[4] = 6
    found = drawn(replace(of, banking=closed))
    assert [int(found.low[0][n]) for n in (5, 6, 7)] == [0, 0, 500]


@pytest.mark.parametrize("count", [1, 999, 1000, 1001])
def test_any_number_of_scenarios_is_that_many(count: int) -> None:
    found = drawn(facts({3: 100}), count)
    assert (found.count, found.low.shape) == (count, (count, DAYS + 1))
