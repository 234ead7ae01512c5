"""The position of each day, against a model that looks at every bill and claim on every day."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
from carrier_terms import contract
from exposure_model import DAY, START, histories, model
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.cash.exposure import DISPUTED, exposure
from reconcile.cash.position import BUCKETS, NO_WINDOW, POSITION, position
from reconcile.cash.recovery import Prior, win_rates
from reconcile.pulls.debits import DEBITS

D = Decimal
ZERO = D("0.00")
CENT = D("0.01")
EXTRA = {"reason": pl.String(), "granted": pl.Decimal(18, 2), "customer_exposure": ZERO}
EXTRA["customer_exposure"] = pl.Decimal(18, 2)
History = list[tuple[dict[str, Any], list[dict[str, Any]]]]


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def frames(history: History) -> tuple[pl.DataFrame, pl.DataFrame]:
    bills = pl.DataFrame(
        [{"contract": None, "audited": True, **bill} for bill, _ in history],
        schema={**DEBITS, "audited": pl.Boolean()},
    )
    claims = [
        {"granted": None, "customer_exposure": ZERO, "reason": "RATE", **claim}
        for _, claims in history
        for claim in claims
    ]
    return bills, pl.DataFrame(claims, schema={**DISPUTED, **EXTRA})


def bucket(claim: dict[str, Any], today: dt.date) -> str:
    if claim["dispute_closes_on"] is None:
        return NO_WINDOW
    left = (claim["dispute_closes_on"] - today).days
    bounds = ((7, "unfiled_0_7"), (15, "unfiled_8_15"), (30, "unfiled_16_30"))
    for most, name in (*bounds, (60, "unfiled_31_60")):
        if left <= most:
            return name
    return "unfiled_over_60"


def of_claim(claim: dict[str, Any], bill: dict[str, Any], rate: Decimal, today: dt.date) -> Any:
    """Say what of one claim is unfiled and open today, and what the open part is worth."""
    pulled = {**bill, "amount": claim["amount"]}
    places = model(pulled, [claim], today)
    answered = claim.get("granted") is not None and today >= claim["resolved_on"]
    worth = places["open"] if answered else rounded(places["open"] * rate)
    return places, worth


def day_of(history: History, rates: dict[str, Decimal], yearly: Decimal, today: dt.date) -> Any:
    """Say the position of all bills of one carrier today, bill by bill."""
    found = dict.fromkeys(list(POSITION.names())[2:], ZERO)
    cent_days = ZERO
    for bill, claims in history:
        pulled = today >= bill["debit_on"] and bill["status"] != "returned"
        if today >= bill["bill_date"] and not pulled:
            found["pending"] += bill["amount"]
        if pulled and not bill["audited"]:
            found["not_audited"] += bill["amount"]
        for claim in claims:
            if not pulled:
                early = {**bill, "debit_on": bill["bill_date"]}
                places, _ = of_claim(claim, early, D(0), today)
                if bill["status"] != "none":
                    found["pending_disputed"] += places["unfiled"] + places["open"]
                continue
            places, worth = of_claim(claim, bill, rates[bill["carrier"]], today)
            found[bucket(claim, today)] += places["unfiled"]
            found["expired"] += places["expired"]
            found["disputed"] += places["open"]
            found["expected_recovery"] += worth
            cent_days += worth * (today - bill["debit_on"]).days
            if claim["amount"]:
                waits = places["unfiled"] + places["open"]
                share = claim["customer_exposure"] * waits / claim["amount"]
                found["customer_exposure"] += rounded(share)
    found["provision"] = found["disputed"] - found["expected_recovery"]
    found["carry_cost"] = rounded(cent_days * yearly / 365)
    return found


@st.composite
def worlds(draw: st.DrawFn) -> History:
    """The histories of the exposure, with answers, audits and customers."""
    history = draw(histories())
    for bill, claims in history:
        bill |= {"contract": "K", "audited": draw(st.booleans())}
        if draw(st.integers(0, 4)) == 0:
            bill["status"] = "returned"
        for claim in claims:
            answered = claim["resolved_on"] is not None and claim["status"] != "withdrawn"
            if answered and draw(st.booleans()):
                claim["denied"] = claim["amount"] - claim["credited"]
                claim["granted"] = claim["credited"]
            claim["customer_exposure"] = draw(st.sampled_from([ZERO, claim["amount"]]))
    return history


@settings(max_examples=15, deadline=None)
@given(history=worlds(), span=st.integers(0, 90))
def test_every_day_is_what_the_model_of_that_day_says(history: History, span: int) -> None:
    as_of = START + DAY * span
    bills, disputed = frames(history)
    known = disputed.join(bills.select("document_id", "carrier"), on="document_id")
    rates = win_rates(known, Prior(), as_of)
    found = position(bills, disputed, rates, [contract()], as_of)
    assert found.schema == POSITION
    where = exposure(bills, disputed, as_of)
    assert found.select("on", "carrier").equals(where.select("on", "carrier"))
    unfiled = sum((found[name] for name, _ in BUCKETS), found[NO_WINDOW])
    assert unfiled.to_list() == where["unfiled"].to_list()
    assert found["disputed"].to_list() == where["open"].to_list()
    won = dict(rates.select("carrier", "win_rate").iter_rows())
    for row in found.iter_rows(named=True):
        own = [(b, c) for b, c in history if b["carrier"] == row["carrier"]]
        expected = day_of(own, won, D("0.12"), row["on"])
        for name in expected:
            if name in ("recovery_low", "recovery_high"):
                continue
            assert row[name] == expected[name], (name, row["on"])
        assert row["recovery_low"] <= row["expected_recovery"] <= row["recovery_high"]


def test_a_held_bill_is_pulled_like_any_other_and_counts_as_not_yet_audited() -> None:
    bill = {
        "document_id": "D1",
        "carrier": "A",
        "bill_date": START,
        "debit_on": START + DAY * 15,
        "amount": D("100.00"),
        "status": "held",
        "dispute_closes_on": None,
        "audited": False,
    }
    bills, disputed = frames([(bill, [])])
    rates = win_rates(disputed.with_columns(carrier=pl.lit("A")), Prior(), START)
    found = position(bills, disputed, rates, [], START + DAY * 20)
    row = found.row(15, named=True)
    assert (row["pending"], row["not_audited"], row["carry_cost"]) == (ZERO, D("100.00"), ZERO)
    assert exposure(bills, disputed, START + DAY * 20)["undisputed"][15] == D("100.00")


def test_what_is_pending_and_disputed_ends_with_the_banks_day() -> None:
    bill = {
        "document_id": "D1",
        "carrier": "A",
        "bill_date": START,
        "debit_on": START + DAY * 15,
        "amount": D("100.00"),
        "status": "debited",
        "dispute_closes_on": START + DAY * 40,
        "audited": False,
    }
    claim = {
        "document_id": "D1",
        "claim_no": "C1",
        "amount": D("10.00"),
        "status": "ready",
        "dispute_closes_on": START + DAY * 40,
        "credited": ZERO,
        "denied": ZERO,
    }
    bills, disputed = frames([(bill, [claim])])
    told = bills.with_columns(
        pulled=pl.lit(D("99.00")), returned=pl.lit(ZERO), pulled_on=pl.lit(START + DAY * 5)
    )
    rates = win_rates(disputed.with_columns(carrier=pl.lit("A")), Prior(), START)
    found = position(told, disputed, rates, [], START + DAY * 20)
    columns = ("pending", "pending_disputed", "not_audited", "unfiled_31_60")
    before, after = (found.row(n, named=True) for n in (4, 5))
    assert [before[name] for name in columns] == [D(100), D(10), ZERO, ZERO]
    assert [after[name] for name in columns] == [ZERO, ZERO, D(99), D(10)]


def test_unfiled_money_stands_by_the_days_its_window_is_still_open() -> None:
    closes = START + DAY * 70
    bill = {
        "document_id": "D1",
        "carrier": "A",
        "bill_date": START,
        "debit_on": START,
        "amount": D("100.00"),
        "status": "debited",
        "dispute_closes_on": closes,
    }
    claim = {
        "document_id": "D1",
        "claim_no": "C1",
        "amount": D("10.00"),
        "status": "ready",
        "dispute_closes_on": closes,
        "credited": ZERO,
        "denied": ZERO,
        "customer_exposure": D("3.33"),
    }
    bills, disputed = frames([(bill, [claim])])
    rates = win_rates(disputed.with_columns(carrier=pl.lit("A")), Prior(), START)
    found = position(bills, disputed, rates, [], START + DAY * 71)
    places = [name for name, _ in BUCKETS] + ["expired"]
    told: dict[str, list[int]] = {name: [] for name in places}
    for row in found.iter_rows(named=True):
        left = (closes - row["on"]).days
        (place,) = [name for name in places if row[name] != ZERO]
        told[place] += [left]
        assert (row[place], row["customer_exposure"]) == (D(10), D("3.33") if left >= 0 else ZERO)
    spans = {name: (days[0], days[-1]) for name, days in told.items()}
    assert spans == {
        "unfiled_over_60": (70, 61),
        "unfiled_31_60": (60, 31),
        "unfiled_16_30": (30, 16),
        "unfiled_8_15": (15, 8),
        "unfiled_0_7": (7, 0),
        "expired": (-1, -1),
    }


BILL = {
    "document_id": "D1",
    "carrier": "A",
    "bill_date": START,
    "debit_on": START,
    "amount": D("100.00"),
    "status": "expected",
    "dispute_closes_on": None,
}
CLAIM = {
    "document_id": "D1",
    "claim_no": "N1",
    "amount": D("10.00"),
    "status": "submitted",
    "filed_on": START + DAY,
    "credited": ZERO,
    "denied": ZERO,
}


def test_what_is_granted_is_known_from_the_day_of_the_answer_on() -> None:
    answer = {"status": "partial", "resolved_on": START + DAY * 2, "granted": D("4.00")}
    claim = {**CLAIM, **answer, "filed_on": START, "denied": D("6.00")}
    bills, disputed = frames([(BILL, [claim])])
    asked = disputed.with_columns(carrier=pl.lit("A"), resolved_on=START + DAY * 9)
    rates = win_rates(asked, Prior(), START)  # a half
    found = position(bills, disputed, rates, [contract()], START + DAY * 3)
    assert found["disputed"].to_list() == [D(10), D(10), D(4), D(4)]
    assert found["expected_recovery"].to_list() == [D(5), D(5), D(4), D(4)]
    assert found["provision"].to_list() == [D(5), D(5), ZERO, ZERO]


def test_what_is_expected_costs_from_the_day_of_the_pull() -> None:
    pulled = {"contract": "K", "debit_on": START + DAY, "status": "debited"}
    bill = {**BILL, **pulled, "amount": D("9000.00")}
    claim = {**CLAIM, "amount": D("4000.00"), "filed_on": START + DAY * 3}
    bills, disputed = frames([(bill, [claim])])
    rates = win_rates(disputed.with_columns(carrier=pl.lit("A")), Prior(), START)
    found = position(bills, disputed, rates, [contract()], START + DAY * 121)
    # A half of it is expected, at 12 % a year; until it is filed it is not waited for.
    costs = [ZERO] * 3 + [rounded(2000 * D("0.12") * (n - 1) / 365) for n in range(3, 122)]
    assert found["carry_cost"].to_list() == costs
    assert costs[-1] == D("78.90")


def test_what_is_expected_where_no_rate_is_agreed_has_no_known_cost() -> None:
    bills, disputed = frames([(BILL, [CLAIM])])
    rates = win_rates(disputed.with_columns(carrier=pl.lit("A")), Prior(), START)
    found = position(bills, disputed, rates, [contract()], START + DAY)
    assert found["expected_recovery"].to_list() == [ZERO, D("5.00")]
    assert found["carry_cost"].to_list() == [ZERO, None]


def test_nothing_received_is_no_position() -> None:
    bills, disputed = frames([])
    rates = win_rates(disputed.with_columns(carrier=pl.lit("A")), Prior(), START)
    assert position(bills, disputed, rates, [], START).equals(POSITION.to_frame())
