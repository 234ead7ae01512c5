"""The day of the pull and the last days to dispute, against the calendar and golden values."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.calendar import add_banking_days, is_banking_day, roll
from reconcile.contracts import Contract
from reconcile.window import closed_before, deadlines

DATES = st.dates(dt.date(2018, 1, 1), dt.date(2035, 12, 31))


def contract(terms: dict[str, object], window: dict[str, object], name: str = "C") -> Contract:
    return Contract.model_validate(
        {
            "id": name,
            "carrier": "ILEC",
            "effective_from": dt.date(2018, 1, 1),
            "accounts": ["*"],
            "debit": {"terms": terms},
            "dispute": {"window": window},
        }
    )


def documents(*rows: dict[str, object]) -> pl.DataFrame:
    schema = {
        "document_id": pl.String,
        "bill_date": pl.Date,
        "due_date": pl.Date,
        "received_on": pl.Date,
        "contract": pl.String,
    }
    numbered = [{"document_id": str(n), "contract": "C", **row} for n, row in enumerate(rows)]
    return pl.DataFrame(numbered, schema=schema)


def day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


# bill date, days, unit, roll, debit day
PULLS = """
2026-10-26  30  calendar  next      2026-11-25
2026-10-26  31  calendar  next      2026-11-27
2026-10-26  31  calendar  previous  2026-11-25
2026-12-10  15  calendar  next      2026-12-28
2027-06-04  30  calendar  next      2027-07-06
2027-06-04  30  calendar  previous  2027-07-02
2026-11-10  15  calendar  next      2026-11-25
2026-07-03   0  calendar  next      2026-07-03
2026-11-25   1  banking   next      2026-11-27
2026-11-21   1  banking   next      2026-11-23
2026-11-21   0  banking   next      2026-11-23
2026-11-21   0  banking   previous  2026-11-20
2026-12-23   2  banking   next      2026-12-28
"""


@pytest.mark.parametrize("row", PULLS.strip().splitlines())
def test_a_pull_settles_on_the_banking_day_its_terms_lead_to(row: str) -> None:
    billed, days, unit, direction, expected = row.split()
    terms = {"anchor": "bill_date", "days": int(days), "unit": unit, "roll": direction}
    found = deadlines(documents({"bill_date": day(billed)}), [contract(terms, {"days": 90})])
    assert found["debit_on"].to_list() == [day(expected)]


# anchor, days or months, dispute_closes_on, file_by; bill 2026-11-10, due 2026-12-05 (a Saturday),
# received 2026-11-12, pulled 2026-11-25
WINDOWS = """
debit_on     29 days    2026-12-24  2026-12-24
bill_date    90 days    2027-02-08  2027-02-08
due_date     30 days    2027-01-04  2027-01-04
received_on   3 months  2027-02-12  2027-02-12
bill_date     0 days    2026-11-10  2026-11-10
due_date      0 days    2026-12-05  2026-12-04
bill_date    24 months  2028-11-10  2028-11-10
due_date     15 days    2026-12-20  2026-12-18
"""


@pytest.mark.parametrize("row", WINDOWS.strip().splitlines())
def test_a_window_is_counted_from_its_anchor_and_never_rolled(row: str) -> None:
    anchor, length, unit, closes, file_by = row.split()
    bill = {
        "bill_date": day("2026-11-10"),
        "due_date": day("2026-12-05"),
        "received_on": day("2026-11-12"),
    }
    terms = {"anchor": "bill_date", "days": 15}
    policy = contract(terms, {"anchor": anchor, unit: int(length)})
    found = deadlines(documents(bill), [policy]).row(0, named=True)
    assert found["debit_on"] == day("2026-11-25")
    assert (found["dispute_closes_on"], found["file_by"]) == (day(closes), day(file_by))


def test_a_window_of_months_is_clipped_to_the_end_of_the_month() -> None:
    bills = documents({"bill_date": day("2027-01-30")}, {"bill_date": day("2027-08-31")})
    found = deadlines(bills, [contract({"days": 15}, {"months": 1})])
    assert found["dispute_closes_on"].to_list() == [day("2027-02-28"), day("2027-09-30")]
    assert found["file_by"].to_list() == [day("2027-02-26"), day("2027-09-30")]


def test_a_date_that_is_not_there_falls_back_to_the_bill_date() -> None:
    policy = contract({"anchor": "due_date", "days": 15}, {"anchor": "received_on", "days": 90})
    found = deadlines(documents({"bill_date": day("2026-11-10")}), [policy]).row(0, named=True)
    assert found["debit_on"] == day("2026-11-25")
    assert found["dispute_closes_on"] == day("2027-02-08")


def test_a_document_under_no_contract_is_pulled_when_due_and_has_no_window() -> None:
    bills = documents(
        {"bill_date": day("2026-11-10"), "due_date": day("2026-12-05"), "contract": None},
        {"bill_date": day("2026-11-10"), "contract": None},
    )
    for contracts in ([], [contract({"days": 15}, {"days": 90})]):
        found = deadlines(bills, contracts)
        assert found["debit_on"].to_list() == [day("2026-12-07"), None]
        assert found["dispute_closes_on"].to_list() == [None, None]
        assert found["file_by"].to_list() == [None, None]


def test_an_extra_closing_moves_the_pull_and_the_last_banking_day_but_not_the_window() -> None:
    policy = contract({"days": 15}, {"days": 90})
    closings = {dt.date(2026, 11, 25), dt.date(2027, 2, 8)}
    found = deadlines(documents({"bill_date": day("2026-11-10")}), [policy], closings)
    row = found.row(0, named=True)
    assert row["debit_on"] == day("2026-11-27")
    assert row["dispute_closes_on"] == day("2027-02-08")
    assert row["file_by"] == day("2027-02-05")


def test_each_document_goes_by_its_own_contract_and_keeps_its_place() -> None:
    bills = documents(
        {"bill_date": day("2026-11-10"), "contract": "B"},
        {"bill_date": day("2026-11-10"), "contract": None},
        {"bill_date": day("2026-11-10"), "contract": "A"},
    )
    first = contract({"days": 15}, {"days": 90}, "A")
    second = contract({"days": 3, "unit": "banking"}, {"months": 2}, "B")
    found = deadlines(bills, [first, second])
    assert found["document_id"].to_list() == ["0", "1", "2"]
    assert found.columns == [*bills.columns, "debit_on", "dispute_closes_on", "file_by"]
    assert found["debit_on"].to_list() == [day("2026-11-16"), None, day("2026-11-25")]
    assert found["dispute_closes_on"].to_list() == [day("2027-01-10"), None, day("2027-02-08")]


def test_no_documents_have_no_deadlines() -> None:
    found = deadlines(documents(), [contract({"days": 15}, {"days": 90})])
    assert found.height == 0
    assert found.schema["file_by"] == pl.Date


@settings(max_examples=15, deadline=None)
@given(
    bills=st.lists(DATES, min_size=1, max_size=20),
    days=st.integers(0, 70),
    unit=st.sampled_from(["calendar", "banking"]),
    direction=st.sampled_from(["next", "previous"]),
    closings=st.frozensets(DATES, max_size=4),
)
def test_frames_and_the_calendar_count_alike(
    bills: list[dt.date], days: int, unit: str, direction: str, closings: frozenset[dt.date]
) -> None:
    terms = {"days": days, "unit": unit, "roll": direction}
    frame = documents(*({"bill_date": bill} for bill in bills))
    found = deadlines(frame, [contract(terms, {"anchor": "debit_on", "days": days})], closings)
    for row in found.iter_rows(named=True):
        if unit == "banking":
            end = add_banking_days(row["bill_date"], days, closings)
        else:
            end = row["bill_date"] + dt.timedelta(days)
        assert row["debit_on"] == roll(end, direction, closings)
        assert row["dispute_closes_on"] == row["debit_on"] + dt.timedelta(days)
        assert row["file_by"] == roll(row["dispute_closes_on"], "previous", closings)
        assert is_banking_day(row["debit_on"], closings)


def test_the_earliest_limit_that_the_agreement_names_closes_the_window() -> None:
    day = dt.date(2026, 1, 31)
    papers = pl.DataFrame(
        {
            "bill_date": [day, dt.date(2026, 2, 28)],
            "due_date": [dt.date(2026, 2, 25), None],
            "received_on": [dt.date(2026, 2, 5), None],
            "contract": ["C", "C"],
        }
    )
    cases: list[tuple[dict[str, object], list[str]]] = [
        ({"window": {"days": 400}}, ["2027-03-07", "2027-04-04"]),
        ({"window": {"days": 400}, "statute_months": 12}, ["2027-01-31", "2027-02-28"]),
        ({"window": {"days": 400}, "back_credit_limit_months": 1}, ["2026-02-28", "2026-03-28"]),
        (
            {
                "window": {"days": 400},
                "paid_dispute_window": {"anchor": "received_on", "months": 1},
                "statute_months": 24,
            },
            ["2026-03-05", "2026-03-28"],
        ),
        (
            {"window": {"anchor": "due_date", "days": 29}, "statute_months": 24},
            ["2026-03-26", "2026-03-29"],
        ),
    ]
    for dispute, closes in cases:
        agreement = Contract.model_validate(
            {
                "id": "C",
                "carrier": "ILEC",
                "effective_from": day,
                "accounts": ["*"],
                "dispute": {**dispute, "source": {"window": "Master agreement 12.3"}},
            }
        )
        found = deadlines(papers, [agreement])
        assert [str(day) for day in found["dispute_closes_on"]] == closes, dispute


@pytest.mark.parametrize(
    ("dispute", "words"),
    [
        ({"source": {"widow": "12.3"}}, "do not exist: widow"),
        ({"escalation_levels_days": [60, 60]}, "each level comes after"),
        ({"paid_dispute_window": {"anchor": "receipt", "days": 1}}, "anchor"),
        ({"statute_months": -1}, "statute_months"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(dispute: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Contract.model_validate(
            {
                "id": "C",
                "carrier": "ILEC",
                "effective_from": dt.date(2026, 1, 1),
                "accounts": ["*"],
                "dispute": dispute,
            }
        )


def test_on_its_last_day_a_window_is_still_open() -> None:
    days = [dt.date(2026, 3, 30), dt.date(2026, 3, 31), None]
    claims = pl.DataFrame({"dispute_closes_on": days})
    closed = claims.select(closed=closed_before(dt.date(2026, 3, 31)))
    assert closed["closed"].to_list() == [True, False, False]


def test_many_closings_in_a_row_are_all_passed() -> None:
    closings = {dt.date(2026, 3, 2) + dt.timedelta(n) for n in range(120)}  # to 2026-06-29
    policy = contract({"days": 0}, {"days": 90})
    found = deadlines(documents({"bill_date": day("2026-03-02")}), [policy], closings)
    assert found["debit_on"].to_list() == [day("2026-06-30")]
