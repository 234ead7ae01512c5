"""The bill before its lines: missing bills, balances that do not follow, charges that jump."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import permutations

import polars as pl
import pytest
from bill_tables import bills, contract, services
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.schema import CENTS, FINDINGS
from reconcile.audit.bill_series import (
    COMPARED,
    balance_breaks,
    bill_jumped,
    compare,
    document_missing,
)
from reconcile.contracts import Contract
from reconcile.pulls.debits import debits
from reconcile.window import deadlines


def missing(found: pl.DataFrame) -> list[str]:
    return [f"{row['ban']} {row['bill_date']}" for row in found.iter_rows(named=True)]


def test_an_account_that_billed_before_and_sent_nothing_is_missed() -> None:
    documents = bills("01 2026-01-10 loaded\n01 2026-03-10 held\n02 2026-03-05 loaded")
    found = document_missing(documents, services(), [contract()], dt.date(2026, 4, 14))
    assert missing(found) == ["01 2026-02-10", "02 2026-04-05"]
    assert found.schema == FINDINGS
    row = found.row(0, named=True)
    assert row["finding_id"] == "ILEC:01:2026-02:document_missing"
    assert row["message"] == "account 01 sent no bill for 2026-02, expected on 2026-02-10"
    assert (row["amount_at_stake"], row["severity"]) == (Decimal("0.00"), "warning")
    assert row["document_id"] is None


@pytest.mark.parametrize(
    ("as_of", "found"), [("2026-02-14", []), ("2026-02-15", ["01 2026-02-10"])]
)
def test_a_bill_is_missed_five_days_after_it_was_expected(as_of: str, found: list[str]) -> None:
    documents = bills("01 2026-01-10 loaded")
    day = dt.date.fromisoformat(as_of)
    assert missing(document_missing(documents, services(), [contract()], day)) == found
    patient = contract(bills={"missing_after_days": 6})
    assert missing(document_missing(documents, services(), [patient], day)) == []


def test_the_bill_day_of_an_account_is_clipped_to_the_month() -> None:
    documents = bills("01 2025-11-30 loaded\n01 2026-01-31 loaded")
    found = document_missing(documents, services(), [contract()], dt.date(2026, 3, 6))
    assert missing(found) == ["01 2026-02-28"]


def test_an_account_named_without_wildcard_or_with_active_services_should_bill() -> None:
    documents = bills("01 2026-01-10 loaded\n01 2026-02-10 loaded")
    inventory = services(
        """
        05  2025-06-01  -
        06  2026-01-15  -
        07  2025-06-01  2026-02-01
        08  -           -
        99  2025-06-01  -
        """
    )
    policy = contract(accounts=["0*", "03"])
    found = document_missing(documents, inventory, [policy], dt.date(2026, 3, 7))
    # 06 begins in the middle of January, 07 ends in February, 99 is under no contract.
    assert missing(found) == [
        "03 2026-01-31",
        "03 2026-02-28",
        "05 2026-01-31",
        "05 2026-02-28",
        "06 2026-02-28",
        "07 2026-01-31",
        "08 2026-01-31",
        "08 2026-02-28",
    ]


def test_an_account_whose_services_all_ended_sends_no_more_bills() -> None:
    documents = bills("01 2026-01-10 loaded")
    for ended, expected in (("2026-02-01", []), ("2026-02-02", ["01 2026-02-10"])):
        inventory = services(f"01 2025-01-01 {ended}\n01 2025-01-01 2026-01-20")
        found = document_missing(documents, inventory, [contract()], dt.date(2026, 3, 1))
        assert missing(found) == expected


@pytest.mark.parametrize(("gone", "due"), [("2026-01-31", []), ("2026-02-01", ["05 2026-01-31"])])
def test_a_service_speaks_for_a_bill_if_it_is_there_on_its_day(gone: str, due: list[str]) -> None:
    documents = bills("01 2026-01-10 loaded\n01 2026-02-10 loaded")
    inventory = services(f"05 2026-01-01 {gone}")
    found = document_missing(documents, inventory, [contract()], dt.date(2026, 2, 28))
    assert missing(found) == due


@pytest.mark.parametrize(("comes", "due"), [("2026-02-10", ["01 2026-02-10"]), ("2026-02-11", [])])
def test_a_service_that_comes_back_on_the_day_of_the_bill_is_on_it(
    comes: str, due: list[str]
) -> None:
    inventory = services(f"01 2025-01-01 2026-01-20\n01 {comes} -").with_columns(
        service=pl.lit("S"), home_from=pl.Series([None, dt.date.fromisoformat(comes)])
    )
    documents = bills("01 2026-01-10 loaded")
    found = document_missing(documents, inventory, [contract()], dt.date(2026, 2, 28))
    assert missing(found) == due


def test_a_service_that_is_yet_to_come_has_not_ended() -> None:
    found = document_missing(
        bills("01 2026-01-10 loaded"), services("01 2026-06-01 -"), [contract()],
        dt.date(2026, 2, 28),
    )  # fmt: skip
    assert missing(found) == ["01 2026-02-10"]


def test_a_bill_may_be_missed_on_the_first_day_of_our_record() -> None:
    at_once = contract(accounts=["0*", "02"], bills={"missing_after_days": 0})
    documents = bills("01 2026-01-01 loaded\n02 2026-02-01 loaded")
    for as_of, due in (("2025-12-31", []), ("2026-01-01", ["02 2026-01-01"])):
        day = dt.date.fromisoformat(as_of)
        assert missing(document_missing(documents, services(), [at_once], day)) == due


def test_no_bill_is_expected_before_a_contract_or_after_it_or_without_one() -> None:
    documents = bills("01 2025-11-10 loaded\n99 2026-01-10 loaded")
    policy = contract(effective_until=dt.date(2026, 2, 11))
    found = document_missing(documents, services(), [policy], dt.date(2026, 6, 1))
    assert missing(found) == ["01 2026-01-10", "01 2026-02-10"]


def test_a_carrier_that_never_billed_is_not_judged() -> None:
    policy = contract(accounts=["03"])
    found = document_missing(bills(""), services("05 2025-01-01 -"), [policy], dt.date(2026, 6, 1))
    assert (missing(found), found.schema) == ([], FINDINGS)


def breaks(documents: pl.DataFrame, *contracts: Contract) -> list[str]:
    timed = deadlines(documents, list(contracts))
    found = balance_breaks(timed, debits(timed, list(contracts)))
    assert found.schema == FINDINGS
    columns = ["document_id", "cause", "billed", "expected"]
    return ["  ".join(str(cell) for cell in row) for row in found.select(columns).iter_rows()]


FOLLOWS = """
    01  2026-01-10  loaded     0.00     0.00  100.00  100.00
    01  2026-02-10  loaded   100.00  -100.00   50.00   50.00
    01  2026-03-10  loaded    50.00   -50.00   60.00   60.00
    """


def test_bills_that_follow_from_one_another_are_in_order() -> None:
    assert breaks(bills(FOLLOWS), contract()) == []


def test_a_previous_balance_that_is_not_the_last_total_is_said() -> None:
    documents = bills(FOLLOWS.replace("50.00   -50.00   60.00   60.00", "55.00 -50.00 60.00 65.00"))
    assert breaks(documents, contract()) == ["01/2026-03-10  previous_balance  55.00  50.00"]


def test_payments_that_are_not_what_was_pulled_are_said() -> None:
    documents = bills(
        """
        01  2026-01-10  loaded     0.00     0.00  100.00  100.00
        01  2026-02-10  loaded   100.00   -90.00   50.00   60.00
        01  2026-03-10  loaded    60.00   -60.00   60.00   60.00
        """
    )
    # The ten that February does not show as paid are not pulled again.
    assert breaks(documents, contract()) == [
        "01/2026-02-10  payments  -90.00  -100.00",
        "01/2026-03-10  payments  -60.00  -50.00",
    ]


def test_findings_say_what_stands_where() -> None:
    first = "2026-01-10  loaded     0.00     0.00  100.00  100.00"
    documents = bills(f"01  {first}\n01  2026-02-10  loaded  80.00 -90.00 50.00 40.00")
    timed = deadlines(documents, [contract()])
    found = balance_breaks(timed, debits(timed, [contract()]))
    assert found["finding_id"].to_list() == [
        "01/2026-02-10:balance_breaks:payments",
        "01/2026-02-10:balance_breaks:previous_balance",
    ]
    pulled = "the pulls after 2026-01-10 up to 2026-02-10 come to -100.00"
    assert found["message"].to_list() == [
        f"payments of -90.00 are printed, {pulled}",
        "the previous balance 80.00 is not the total 100.00 of the bill of 2026-01-10",
    ]
    assert found["source_file"].to_list() == ["march.csv"] * 2


def test_balances_that_are_not_printed_are_not_judged() -> None:
    documents = bills(FOLLOWS.replace("50.00   -50.00   60.00", "- - 60.00"))
    assert breaks(documents, contract()) == []


@pytest.mark.parametrize("gone", ["held", "missing"])
def test_a_held_or_missing_bill_makes_the_check_of_the_next_impossible(gone: str) -> None:
    documents = bills(FOLLOWS.replace("50.00   -50.00   60.00", "99.00 -98.00 60.00"))
    second = pl.col("document_id") == "01/2026-02-10"
    if gone == "held":
        status = pl.when(second).then(pl.lit("held")).otherwise("status")
        documents = documents.with_columns(status=status)
    else:
        documents = documents.filter(~second)
    assert breaks(documents, contract()) == []


@pytest.mark.parametrize("payments", ["-100.00", "-99.00"])
def test_a_pull_on_the_day_of_a_bill_is_shown_on_it_and_not_on_the_next(payments: str) -> None:
    # January is pulled on 10 February. A bill of December would have been pulled by 10 January.
    terms = contract(debit={"terms": {"days": 31}})
    documents = bills(
        f"""
        01  2026-01-10  loaded     0.00     0.00  100.00  100.00
        01  2026-02-10  loaded   100.00  {payments} 50.00   50.00
        01  2026-03-10  loaded    50.00     0.00   60.00  110.00
        """
    )
    told = [f"01/2026-02-10  payments  {payments}  -100.00"] if payments == "-99.00" else []
    assert breaks(documents, terms) == told


def test_a_pull_of_which_we_may_not_know_the_one_before_is_not_judged() -> None:
    # January is pulled on 11 February: a bill of December on the day after January's bill.
    documents = bills(
        """
        01  2026-01-10  loaded     0.00     0.00  100.00  100.00
        01  2026-02-11  loaded   100.00   -99.00   50.00   51.00
        """
    )
    assert breaks(documents, contract(debit={"terms": {"days": 32}})) == []


def test_payments_may_hold_a_pull_of_a_bill_before_our_record() -> None:
    # Pulled 45 days later, the bill of December is paid in January's pull, which we do not know.
    slow = contract(debit={"terms": {"days": 45}})
    documents = bills(
        """
        01  2026-01-10  loaded   70.00     0.00  100.00  170.00
        01  2026-02-10  loaded  170.00   -70.00   50.00  150.00
        01  2026-03-10  loaded  150.00  -100.00   60.00  110.00
        01  2026-04-10  loaded  110.00   -49.00   70.00  131.00
        """
    )
    # Of the 170.00 of January we do not know what was pulled in December; February's pull is sure.
    assert breaks(documents, slow) == ["01/2026-04-10  payments  -49.00  -50.00"]


@pytest.mark.parametrize(("paid", "open_"), [("70.00", "0.00"), ("69.99", "0.01")])
def test_a_record_that_begins_with_all_paid_knows_its_first_pull(paid: str, open_: str) -> None:
    documents = bills(
        f"""
        01  2026-01-10  loaded    70.00   -{paid}  100.00  {Decimal(open_) + 100}
        01  2026-02-10  loaded   {Decimal(open_) + 100}   -98.00   50.00   52.00
        """
    )
    sure = ["01/2026-02-10  payments  -98.00  -100.00"] if open_ == "0.00" else []
    assert breaks(documents, contract()) == sure


def test_an_account_under_no_contract_is_judged_by_its_balance_alone() -> None:
    documents = bills(FOLLOWS.replace("01  ", "99  ").replace("-50.00", "-49.00"))
    assert breaks(documents, contract()) == []
    broken = documents.with_columns(previous_balance=pl.lit("1.00").cast(CENTS))
    assert len(breaks(broken, contract())) == 2


def test_a_bill_that_came_late_changes_nothing_but_the_day_it_is_judged() -> None:
    documents = bills(FOLLOWS.replace("50.00   -50.00   60.00", "55.00 -49.00 60.00"))
    expected = breaks(documents, contract())
    assert len(expected) == 2
    for order in permutations(range(3)):
        assert breaks(documents[list(order)], contract()) == expected


@settings(max_examples=15, deadline=None)
@given(
    charges=st.lists(st.integers(0, 99999), min_size=2, max_size=12),
    days=st.integers(0, 80),
    known=st.integers(0, 3),
)
def test_a_carrier_that_books_each_pull_breaks_no_balance(
    charges: list[int], days: int, known: int
) -> None:
    """Play the carrier: it prints as payments what settled since the last bill."""
    policy = contract(debit={"terms": {"days": days}})
    dates = [dt.date(2026 + n // 12, n % 12 + 1, 10) for n in range(len(charges))]
    blank = bills("\n".join(f"01  {date}  loaded" for date in dates))
    # No bill shows its own pull, however early it settles.
    pull_on = pl.max_horizontal("debit_on", pl.col("bill_date").dt.offset_by("1d"))
    settled = deadlines(blank, [policy]).select(pull_on).to_series().to_list()
    rows, last, shown = [], Decimal(0), dt.date(2025, 12, 10)
    for date, cents in zip(dates, charges, strict=True):
        pulls = zip(settled, charges, strict=True)
        paid = sum(Decimal(pull).scaleb(-2) for day, pull in pulls if shown < day <= date)
        current = Decimal(cents).scaleb(-2)
        rows.append(f"01  {date}  loaded  {last} {-paid} {current} {last - paid + current}")
        last, shown = last - paid + current, date
    # The record may begin in the middle: what was pulled before is not held against the carrier.
    assert breaks(bills("\n".join(rows[known:])), policy) == []


def totals(table: str) -> pl.DataFrame:
    """Read a table: document_id, charge_class, lines, amount."""
    rows = [line.split() for line in table.strip().splitlines()]
    names = ("document_id", "charge_class", "lines", "amount")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame.with_columns(pl.col("lines").cast(pl.Int64), pl.col("amount").cast(CENTS))


MONTHS = bills("01 2026-01-10 loaded\n01 2026-02-10 loaded\n01 2026-03-10 loaded")
TOTALS = totals(
    """
    01/2026-01-10  recurring  10  100.00
    01/2026-01-10  one_time    1   25.00
    01/2026-02-10  recurring  11  120.00
    01/2026-02-10  tax         2    8.40
    01/2026-03-10  recurring  11  144.01
    01/2026-03-10  tax         2    8.40
    """
)


def test_bills_are_compared_class_by_class_with_the_one_before() -> None:
    found = compare(MONTHS, TOTALS)
    columns = ["bill_date", "charge_class", "previous", "current", "difference"]
    columns += ["previous_lines", "lines"]
    assert ["  ".join(map(str, row)) for row in found.select(columns).iter_rows()] == [
        "2026-01-10  one_time  None  25.00  None  None  1",
        "2026-01-10  recurring  None  100.00  None  None  10",
        "2026-02-10  one_time  25.00  0.00  -25.00  1  0",
        "2026-02-10  recurring  100.00  120.00  20.00  10  11",
        "2026-02-10  tax  0.00  8.40  8.40  0  2",
        "2026-03-10  recurring  120.00  144.01  24.01  11  11",
        "2026-03-10  tax  8.40  8.40  0.00  2  2",
    ]
    assert found.schema == COMPARED
    assert compare(MONTHS[[2, 0, 1]], TOTALS[::-1]).equals(found)


def test_a_held_bill_is_compared_with_nothing() -> None:
    held = pl.when(pl.col("bill_date") == dt.date(2026, 2, 10)).then(pl.lit("held"))
    documents = MONTHS.with_columns(status=held.otherwise("status"))
    found = compare(documents, TOTALS)
    assert found["document_id"].unique().sort().to_list() == ["01/2026-01-10", "01/2026-03-10"]
    last = found.filter(pl.col("document_id") == "01/2026-03-10")
    assert last["previous_bill_date"].unique().to_list() == [dt.date(2026, 1, 10)]


def jumps(limit: str, minimum: str = "0.00") -> list[str]:
    policy = contract(bills={"jump_limit": Decimal(limit), "jump_minimum": Decimal(minimum)})
    found = bill_jumped(MONTHS, TOTALS, [policy])
    assert found.schema == FINDINGS
    return [f"{row['finding_id']}  {row['billed']}" for row in found.iter_rows(named=True)]


def test_charges_that_move_more_than_the_limit_have_jumped() -> None:
    assert jumps("0.2") == [
        "01/2026-02-10:bill_jumped:one_time  0.00",
        "01/2026-02-10:bill_jumped:tax  8.40",
        "01/2026-03-10:bill_jumped:recurring  144.01",
    ]


def test_small_moves_and_moves_up_to_the_limit_have_not() -> None:
    assert jumps("0.2", minimum="24.01") == [
        "01/2026-02-10:bill_jumped:one_time  0.00",
        "01/2026-03-10:bill_jumped:recurring  144.01",
    ]
    assert jumps("0.2", minimum="25.01") == []
    assert jumps("1", minimum="8.41") == []


def test_a_jump_is_told_with_both_amounts_and_the_limit() -> None:
    policy = contract(bills={"jump_limit": Decimal("0.2")})
    row = bill_jumped(MONTHS, TOTALS, [policy]).row(2, named=True)
    told = "recurring charges went from 120.00 on 2026-02-10 to 144.01, by more than 0.2 of them"
    assert row["message"] == told
    assert (row["cause"], row["expected"]) == ("recurring", Decimal("120.00"))


def test_without_a_limit_nothing_has_jumped() -> None:
    assert bill_jumped(MONTHS, TOTALS, [contract()]).height == 0


def test_after_a_held_or_missing_bill_nothing_has_jumped() -> None:
    policy = contract(bills={"jump_limit": Decimal("0")})
    second = pl.col("bill_date") == dt.date(2026, 2, 10)
    held = pl.when(second).then(pl.lit("held")).otherwise("status")
    assert bill_jumped(MONTHS.with_columns(status=held), TOTALS, [policy]).height == 0
    assert bill_jumped(MONTHS.filter(~second), TOTALS, [policy]).height == 0
