"""Debits to come: what is here, what is expected from history, and what may go wrong."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.contracts import Contract, read_contracts
from reconcile.pulls.debits import debits
from reconcile.pulls.upcoming import UPCOMING, Ahead, upcoming
from reconcile.window import deadlines

D = Decimal
day = dt.date.fromisoformat
AGREED = """
[[contract]]
id = "C1"
carrier = "ILEC"
effective_from = 2026-01-01
effective_until = 2027-06-01
accounts = ["305*"]
[contract.dispute]
window = { anchor = "bill_date", days = WINDOW }
[contract.debit]
terms = { anchor = "ANCHOR", days = 15 }
maximum = "150.00"
"""


def agreed(window: int, anchor: str) -> list[Contract]:
    """Return a contract with a window of so many days, and terms from an anchor."""
    return read_contracts(AGREED.replace("WINDOW", str(window)).replace("ANCHOR", anchor))


def document(bill_date: str, amount: str, **more: Any) -> dict[str, Any]:
    """Return a loaded bill that arrived three days after its date."""
    on = day(bill_date)
    return {
        "document_id": f"D{bill_date}{more.get('ban', '')}",
        "carrier": "ILEC",
        "ban": "3051",
        "invoice_no": f"I{bill_date}",
        "bill_date": on,
        "due_date": on + dt.timedelta(20),
        "received_on": on + dt.timedelta(3),
        "status": "loaded",
        "contract": "C1",
        "current_charges": D(amount),
        "total_due": D(amount),
        "previous_balance": D(0),
        "payments": D(0),
        "audited_load": 1,
        **more,
    }


def look(documents: list[dict[str, Any]], as_of: str, **more: Any) -> pl.DataFrame:
    """Return the pulls to come as of a day."""
    schema = {
        **dict.fromkeys(("bill_date", "due_date", "received_on"), pl.Date),
        **dict.fromkeys(
            ("current_charges", "total_due", "previous_balance", "payments"), pl.Decimal(18, 2)
        ),
    }
    frame = pl.DataFrame(documents, schema_overrides=schema)
    contracts = agreed(more.pop("window", 29), more.pop("anchor", "bill_date"))
    dated = deadlines(frame, contracts)
    pulls = debits(dated, contracts)
    services = more.pop("services", {"carrier": [], "ban": [], "disconnected_on": []})
    return upcoming(
        Ahead(
            dated,
            pulls,
            pl.DataFrame(
                more.pop("wrong", {}),
                schema={"document_id": pl.String, "known_wrong": pl.Decimal(18, 2)},
            ),
            pl.DataFrame(
                services,
                schema={"carrier": pl.String, "ban": pl.String, "disconnected_on": pl.Date},
            ),
            contracts,
            day(as_of),
            **more,
        )
    )


YEAR = [document(f"2026-{m:02d}-10", f"{90 + m}.00") for m in range(1, 12)]


def test_a_bill_that_is_here_says_what_is_pulled() -> None:
    rows = look(
        YEAR, "2026-11-15", days=20, wrong={"document_id": ["D2026-11-10"], "known_wrong": [D("4")]}
    )
    assert rows.schema == UPCOMING
    row = rows.row(0, named=True)
    assert (row["debit_on"], row["amount"], row["status"]) == (
        *(day("2026-11-25"), D("101.00"), "expected"),
    )
    assert (row["known_wrong"], row["bills_seen"]) == (D("4.00"), None)
    assert (row["dispute_closes_on"], row["before_window_closes"]) == (day("2026-12-09"), True)
    assert (row["auditable_on"], row["before_audit"]) == (day("2026-11-16"), False)
    assert rows.height == 1


def test_a_bill_that_is_not_here_is_expected_from_history() -> None:
    rows = look(YEAR, "2026-11-15", days=60).filter(pl.col("status") == "estimated")
    row = rows.row(0, named=True)
    assert (row["bill_date"], row["debit_on"]) == (day("2026-12-10"), day("2026-12-28"))
    assert (row["amount_low"], row["amount"], row["amount_high"]) == (D("91"), D("96"), D("101"))
    assert (row["bills_seen"], row["invoice_no"], row["known_wrong"]) == (11, None, None)
    assert row["file_by"] == day("2027-01-08")
    assert rows.height == 1


def test_the_median_of_an_even_number_lies_in_the_middle_half_a_cent_up() -> None:
    bills = [document("2026-01-10", "10.00"), document("2026-02-10", "10.01")]
    row = look(bills, "2026-02-20", days=45).filter(pl.col("status") == "estimated")
    assert row["amount"].to_list() == [D("10.01")]


def test_the_end_of_a_month_stays_the_end_of_a_month() -> None:
    bills = [document("2026-01-30", "10.00")]
    found = look(bills, "2026-02-14", days=60)
    assert found["bill_date"].to_list() == [day("2026-01-30"), day("2026-02-28"), day("2026-03-30")]


def test_a_bill_that_is_late_is_pulled_all_the_same() -> None:
    row = look(YEAR[:9], "2026-10-20", days=10).row(0, named=True)
    assert (row["status"], row["bill_date"]) == ("estimated", day("2026-10-10"))
    assert row["debit_on"] == day("2026-10-26")


def test_a_month_whose_bill_is_here_is_not_expected_again() -> None:
    rows = look(YEAR, "2026-09-15", days=80)
    assert rows["bill_date"].is_unique().all()
    dates = rows.filter(pl.col("status") == "expected")["bill_date"].to_list()
    assert dates == [day("2026-09-10"), day("2026-10-10"), day("2026-11-10")]


def test_nothing_is_expected_of_what_ended() -> None:
    def estimates(**more: Any) -> list[dt.date]:
        rows = look(YEAR, "2026-11-15", days=80, **more)
        return rows.filter(pl.col("status") == "estimated")["bill_date"].to_list()

    both = [day("2026-12-10"), day("2027-01-10")]
    assert estimates() == both
    gone = {"carrier": ["ILEC"], "ban": ["3051"], "disconnected_on": [day("2026-12-20")]}
    assert estimates(services=gone) == both[:1]
    two = {**gone, "carrier": ["ILEC"] * 2, "ban": ["3051"] * 2}
    assert estimates(services={**two, "disconnected_on": [None, day("2026-12-20")]}) == both
    # The contract ends; an account that fell silent long ago.
    assert look(YEAR, "2027-06-05").is_empty()
    assert look(YEAR[:2], "2026-11-15").is_empty()


def test_what_may_go_wrong_is_said() -> None:
    bills = [document("2026-11-10", "160.00", received_on=day("2026-11-25")), *YEAR[:10]]
    row = look(bills, "2026-11-12", days=20, cash=D("100")).row(0, named=True)
    assert row["before_audit"] and row["above_filter"] and row["short_of_cash"]
    assert (row["maximum"], row["cash_after"]) == (D("150.00"), D("-60.00"))
    held = [document("2026-11-10", "10.00", status="held", audited_load=None)]
    row = look(held, "2026-11-12", days=20).row(0, named=True)
    assert (row["status"], row["before_audit"], row["known_wrong"]) == ("held", True, None)
    assert (row["cash_after"], row["short_of_cash"]) == (None, None)


@pytest.mark.parametrize(
    ("received", "done", "before"),
    [
        # The pull is on Wednesday, 11-25; a day of audit after the bill's arrival.
        ("2026-11-20", "2026-11-23", False),
        ("2026-11-24", "2026-11-25", False),
        # The Thursday is a holiday.
        ("2026-11-25", "2026-11-27", True),
    ],
)
def test_a_pull_on_the_day_of_the_audit_is_not_before_it(
    received: str, done: str, before: bool
) -> None:
    bills = [document("2026-11-10", "30.00", received_on=day(received))]
    row = look(bills, "2026-11-12", days=20).row(0, named=True)
    assert (row["debit_on"], row["auditable_on"]) == (day("2026-11-25"), day(done))
    assert row["before_audit"] is before


def test_on_the_bound_nothing_goes_wrong() -> None:
    bills = [document("2026-11-10", "150.00")]
    row = look(bills, "2026-11-12", days=13, cash=D("150.00")).row(0, named=True)
    assert (row["above_filter"], row["short_of_cash"]) == (False, False)
    assert look(bills, "2026-11-12", days=12).is_empty()
    more = [document("2026-11-10", "150.01")]
    row = look(more, "2026-11-12", days=13, cash=D("150.00")).row(0, named=True)
    assert (row["above_filter"], row["short_of_cash"]) == (True, True)


def test_a_dispute_on_the_day_of_the_pull_is_in_time_on_the_last_day_of_its_window() -> None:
    for days, in_time in ((15, True), (14, False)):
        made = look([document("2026-11-10", "30.00")], "2026-11-12", days=20, window=days)
        row = made.row(0, named=True)
        assert row["debit_on"] == day("2026-11-25")
        assert row["before_window_closes"] is in_time


def test_all_pulls_of_a_day_are_taken_from_the_cash_of_that_day() -> None:
    bills = [
        document("2026-11-10", "30.00"),
        document("2026-11-10", "30.00", ban="3052"),
        document("2026-11-11", "30.00", ban="3053"),
    ]
    rows = look(bills, "2026-11-12", days=20, cash=D("70.00"))
    assert rows["cash_after"].to_list() == [D("10.00"), D("10.00"), D("-20.00")]
    assert rows["short_of_cash"].to_list() == [False, False, True]


def test_a_pull_whose_day_has_passed_is_overdue_where_the_bank_tells() -> None:
    bills = [document("2026-11-10", "30.00")]
    assert "expected" not in look(bills, "2026-12-01")["status"].to_list()
    rows = look(bills, "2026-12-01", banked_until=day("2026-11-30"))
    assert rows.filter("overdue")["invoice_no"].to_list() == ["I2026-11-10"]
    # It is not overdue on its day, and the bank has told of the last day it has told of.
    for as_of, told, overdue in (
        ("2026-11-25", "2026-11-25", [False]),
        ("2026-11-26", "2026-11-25", [True]),
        ("2026-11-26", "2026-11-24", []),
    ):
        rows = look(bills, as_of, banked_until=day(told)).filter(pl.col("status") == "expected")
        assert rows["overdue"].to_list() == overdue


def estimated(documents: list[dict[str, Any]], as_of: str, **more: Any) -> list[str]:
    rows = look(documents, as_of, **more).filter(pl.col("status") == "estimated")
    return [f"{row['bill_date']} {row['amount']}" for row in rows.iter_rows(named=True)]


def test_an_account_is_expected_to_go_on_for_six_months_and_while_it_is_served() -> None:
    bills = [document("2026-05-10", "30.00")]
    assert estimated(bills, "2026-11-15", days=20) == ["2026-11-10 30.00"]
    assert estimated(bills, "2026-12-15", days=20) == []
    late = [document("2026-12-01", "30.00")]
    assert estimated(late, "2027-06-01", days=0) == []
    assert estimated(late, "2027-05-10", days=10) == ["2027-05-01 30.00"]
    for gone, expected in (("2026-12-01", []), ("2026-12-02", ["2026-12-10 30.00"])):
        ended = {"carrier": ["ILEC"], "ban": ["3051"], "disconnected_on": [day(gone)]}
        november = [document("2026-11-10", "30.00")]
        assert estimated(november, "2026-11-15", days=45, services=ended) == expected


def test_an_account_that_billed_on_the_first_is_expected_in_the_sixth_month_after() -> None:
    bills = [document("2026-05-01", "30.00")]
    assert estimated(bills, "2026-11-02", days=20) == ["2026-11-01 30.00"]


def test_a_bill_of_today_counts_and_held_ones_count_where_there_are_no_others() -> None:
    bills = [document("2026-10-10", "30.00"), document("2026-11-10", "40.00")]
    assert estimated(bills, "2026-11-10", days=50) == ["2026-12-10 35.00"]
    assert estimated(bills, "2026-11-09", days=20) == []
    held = [{**bill, "status": "held", "audited_load": None} for bill in bills]
    assert estimated([bills[0], held[1]], "2026-11-12", days=50) == ["2026-12-10 30.00"]
    assert estimated(held, "2026-11-12", days=50) == ["2026-12-10 35.00"]
    nothing = [document("2026-11-10", "0.00")]
    assert estimated(nothing, "2026-11-12", days=50) == []


def test_an_estimate_is_due_and_arrives_as_the_bills_before_it() -> None:
    lags = ((2, 18), (4, 20), (9, 25), (8, 30))
    bills = [
        document(
            f"2026-{month:02d}-10",
            "30.00",
            received_on=dt.date(2026, month, 10) + dt.timedelta(arrived),
            due_date=dt.date(2026, month, 10) + dt.timedelta(due),
        )
        for month, (arrived, due) in zip((8, 9, 10, 11), lags, strict=True)
    ]
    found = look(bills, "2026-12-05", days=60, anchor="due_date")
    row = found.filter(pl.col("status") == "estimated").row(0, named=True)
    # Of four lags the lower in the middle: here 4 days and, by the terms, 20 and 15 after them.
    assert row["bill_date"] == day("2026-12-10")
    assert row["debit_on"] == day("2027-01-14")
    assert row["auditable_on"] == day("2026-12-15")


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=15),
    st.dates(dt.date(2026, 1, 1), dt.date(2026, 2, 28)),
    st.integers(0, 120),
)
def test_the_plain_reckoning_of_an_estimate_agrees(
    amounts: list[int], first: dt.date, days: int
) -> None:
    bills, on = [], first
    for amount in amounts:
        bills.append(document(on.isoformat(), str(Decimal(amount).scaleb(-2))))
        month = on.month % 12 + 1
        last = (dt.date(on.year + (on.month == 12), month, 1) + dt.timedelta(31)).replace(day=1)
        end = last - dt.timedelta(1)
        on = end.replace(day=min(first.day, end.day))
    as_of = bills[-1]["bill_date"]
    rows = look(bills, as_of.isoformat(), days=days).filter(pl.col("status") == "estimated")
    known = sorted(amounts[-12:])
    middle = (known[(len(known) - 1) // 2] + known[len(known) // 2] + 1) // 2
    for row in rows.iter_rows(named=True):
        assert [int(row[name] * 100) for name in ("amount_low", "amount", "amount_high")] == [
            *(known[0], middle, known[-1]),
        ]
        assert row["bill_date"] > as_of
        assert as_of <= row["debit_on"] <= as_of + dt.timedelta(days)
        assert row["debit_on"] >= row["bill_date"] + dt.timedelta(15)


@pytest.mark.parametrize("as_of", ["2026-11-15", "2026-11-25", "2026-11-26"])
def test_a_pull_is_to_come_until_its_day(as_of: str) -> None:
    rows = look(YEAR, as_of, days=5).filter(pl.col("status") == "expected")
    assert rows.height == (as_of != "2026-11-26") * (as_of != "2026-11-15")
