"""Debits that happened: what each paid, what is not in order, and what may be returned."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pull_worlds import banked, codes, debits, entries, items, paid

from reconcile.pull_codes import CODES
from reconcile.pulls.several_invoices import only_sum

D = Decimal
day = dt.date.fromisoformat
DUE = """
    document ban       debit_on   amount
    F100     305R0001  2026-02-20 100.00
    F200     305R0002  2026-02-20 250.00
    M100     305R0001  2026-03-20 100.00
    """


def state(found, document: str) -> tuple[object, ...]:
    """Return status, pulled and returned of a document."""
    own = found.states.filter(pl.col("document_id") == document)
    return own.select("status", "pulled", "returned").row(0)


def test_a_pull_of_an_invoices_amount_on_its_day_paid_it() -> None:
    found, events = banked(debits(DUE), entries("id on amount\nE1 2026-02-20 100.00"))
    assert paid(found) == [("E1", "F100", "100.00")]
    assert state(found, "F100") == ("debited", D("100.00"), D("0.00"))
    assert found.states["pulled_on"].to_list() == [day("2026-02-20")]
    assert events.is_empty()


@pytest.mark.parametrize("field", ["individual_id", "description", "addenda"])
@pytest.mark.parametrize("named", ["F100", "305R0001"])
def test_a_pull_that_names_an_invoice_or_an_account_is_for_it(field: str, named: str) -> None:
    if named == "F100" and field != "individual_id":
        return  # too short for a word of a text
    due = debits(DUE.replace("250.00", "100.00"))
    found, _ = banked(due, entries(f"id on amount {field}\nE1 2026-02-20 100.00 {named}"))
    assert paid(found) == [("E1", "F100", "100.00")]


def test_one_pull_may_pay_several_invoices() -> None:
    took = entries("id on amount\nE1 2026-02-20 350.00")
    for remittances in (None, items("entry_id reference paid\nE1 F100 100\nE1 F200 250")):
        found, events = banked(debits(DUE), took, remittances)
        assert paid(found) == [("E1", "F100", "100.00"), ("E1", "F200", "250.00")]
        assert events.is_empty()


def test_a_few_of_the_open_invoices_may_add_up_to_a_pull() -> None:
    due = debits("""
        document ban    debit_on   amount
        A        305R1  2026-02-20 10.00
        B        305R2  2026-02-21 20.00
        C        305R3  2026-02-22 40.00
        """)
    found, events = banked(due, entries("id on amount\nE1 2026-02-20 50.00"))
    assert paid(found) == [("E1", "A", "10.00"), ("E1", "C", "40.00")]
    assert codes(events) == [("pulled_early", None, "E1")]


def test_a_pull_may_make_up_for_the_invoice_that_was_passed_over_a_month_before() -> None:
    due = debits("""
        document ban    debit_on   amount
        A        305R1  2026-01-20 1000.00
        B        305R1  2026-02-20 1037.00
        """)
    found, events = banked(due, entries("id on amount individual_id\nE1 2026-02-20 2037.00 305R1"))
    assert paid(found) == [("E1", "A", "1000.00"), ("E1", "B", "1037.00")]
    assert codes(events) == []


def test_a_remittance_with_a_credit_comes_to_the_entry() -> None:
    took = entries("id on amount\nE1 2026-02-20 345.00")
    remittances = pl.concat(
        [
            items("entry_id reference paid\nE1 F100 100\nE1 F200 250"),
            items("entry_id reference paid qualifier\nE1 X1 -5 CM").with_columns(
                item=pl.lit(3, dtype=pl.Int64)
            ),
        ]
    )
    found, events = banked(debits(DUE), took, remittances)
    assert paid(found) == [("E1", "F100", "100.00"), ("E1", "F200", "245.00")]
    assert codes(events) == [("amount_differs", "less", "E1")]


def test_an_item_for_an_invoice_that_is_not_here_leaves_its_part_open() -> None:
    took = entries("id on amount\nE1 2026-02-20 160.00")
    remittances = items("entry_id reference paid\nE1 F100 100\nE1 LATER 60")
    found, events = banked(debits(DUE), took, remittances)
    assert paid(found) == [("E1", "F100", "100.00")]
    assert codes(events) == [("pull_unmatched", "part", "E1")]
    assert events["pulled"].to_list() == [D("60.00")]


@pytest.mark.parametrize("named", ["F200", "305R0002", "-"])
@pytest.mark.parametrize("second", ["2026-02-20", "2026-02-23"])
def test_one_invoice_may_be_pulled_in_two(named: str, second: str) -> None:
    took = entries(
        f"id on amount individual_id\nE1 2026-02-20 90.00 {named}\nE2 {second} 160.00 {named}"
    )
    found, events = banked(debits(DUE), took)
    assert paid(found) == [("E1", "F200", "90.00"), ("E2", "F200", "160.00")]
    assert state(found, "F200") == ("debited", D("250.00"), D("0.00"))
    assert events.is_empty()


@pytest.mark.parametrize(("amount", "cause"), [("249.99", "less"), ("250.01", "more")])
@pytest.mark.parametrize("named", ["F200", "305R0002"])
def test_an_amount_that_differs_is_told_and_never_returned(
    amount: str, cause: str, named: str
) -> None:
    took = entries(f"id on amount individual_id\nE1 2026-02-20 {amount} {named}")
    found, events = banked(debits(DUE), took)
    assert paid(found) == [("E1", "F200", amount)]
    assert codes(events) == [("amount_differs", cause, "E1")]
    assert events["difference"].to_list() == [D(amount) - D("250.00")]
    assert events["suggested_return"].to_list() == [None]


def test_an_unknown_originator_may_be_returned_in_time() -> None:
    took = entries("id on amount company\nE1 2026-11-25 100.00 5555555555")
    found, events = banked(debits(DUE), took)
    assert paid(found) == []
    row = events.row(0, named=True)
    assert (row["code"], row["suggested_return"]) == ("unknown_originator", "R29")
    assert (row["send_by"], row["at_originator_by"]) == (day("2026-11-27"), day("2026-11-30"))
    assert banked(debits(DUE), took, originators=["555-5555555"])[1].is_empty()


def test_a_stranger_whose_debit_came_back_is_told_and_not_returned_again() -> None:
    took = entries("id on amount company trace\nE1 2026-11-25 100.00 5555555555 T1")
    back = entries("id kind on amount original_trace code\nR1 return 2026-11-27 100.00 T1 R29")
    events = banked(debits(DUE), pl.concat([took, back]))[1]
    (row,) = events.filter(pl.col("code") == "unknown_originator").to_dicts()
    assert (row["suggested_return"], row["send_by"], row["at_originator_by"]) == (None, None, None)
    assert "came back on 2026-11-27" in row["remedy"]


def test_a_stranger_who_names_our_invoice_stays_a_stranger() -> None:
    took = entries("id on amount company individual_id\nE1 2026-02-20 100.00 5555555555 F100")
    found, events = banked(debits(DUE), took)
    assert paid(found) == [] and codes(events) == [("unknown_originator", None, "E1")]


def test_a_debit_under_a_consumer_code_has_the_long_time() -> None:
    took = entries("id on amount company sec\nE1 2026-11-20 100.00 5555555555 PPD")
    row = banked(debits(DUE), took)[1].row(0, named=True)
    assert (row["suggested_return"], row["at_originator_by"]) == ("R10", day("2027-01-20"))


def test_a_bank_that_names_no_originator_accuses_nobody() -> None:
    took = entries("id on amount company\nE1 2026-02-20 77.00 -")
    found, events = banked(debits(DUE), took)
    assert paid(found) == [] and events.is_empty()


def test_a_pull_above_the_maximum_or_before_the_contract_is_outside_it() -> None:
    due = debits("document ban debit_on amount\nBIG 305R1 2026-02-20 5000.01")
    found, events = banked(due, entries("id on amount\nE1 2026-02-20 5000.01"))
    assert paid(found) == [("E1", "BIG", "5000.01")]
    assert codes(events) == [("outside_authorisation", "above_maximum", "E1")]
    assert events["suggested_return"].to_list() == ["R29"]
    _, events = banked(due, entries("id on amount\nE1 2025-12-31 1.00"))
    assert ("outside_authorisation", "not_in_force", "E1") in codes(events)


def test_a_trace_that_settled_before_may_be_returned() -> None:
    took = entries("""
        id on         amount trace
        E1 2026-02-20 100.00 091000010000001
        E2 2026-02-23 100.00 091000010000001
        """)
    found, events = banked(debits(DUE), took)
    assert paid(found) == [("E1", "F100", "100.00"), ("E2", "F100", "100.00")]
    assert codes(events) == [("pulled_twice", None, "E2"), ("repeated_trace", None, "E2")]
    back = dict(events.select("code", "suggested_return").iter_rows())
    assert back == {"pulled_twice": None, "repeated_trace": "R29"}


@pytest.mark.parametrize("named", ["F100", "305R0001", "-"])
def test_what_is_pulled_twice_is_claimed_back_not_returned(named: str) -> None:
    took = entries(
        f"id on amount individual_id\nE1 2026-02-20 100.00 {named}\nE2 2026-02-23 100.00 {named}"
    )
    found, events = banked(debits(DUE), took)
    assert state(found, "F100") == ("debited", D("200.00"), D("0.00"))
    assert codes(events) == [("pulled_twice", None, "E2")]
    assert events["difference"].to_list() == [D("100.00")]
    assert events["suggested_return"].to_list() == [None]


def test_a_pull_before_its_day_is_early() -> None:
    found, events = banked(debits(DUE), entries("id on amount\nE1 2026-02-17 250.00"))
    assert paid(found) == [("E1", "F200", "250.00")]
    assert codes(events) == [("pulled_early", None, "E1")]
    assert events["suggested_return"].to_list() == [None]


def test_a_pull_of_what_is_not_due_was_credited() -> None:
    due = debits("document ban debit_on amount\nZERO1 305R1 2026-02-20 0.00")
    took = entries("id on amount individual_id\nE1 2026-02-20 40.00 ZERO1")
    found, events = banked(due, took)
    assert paid(found) == [("E1", "ZERO1", "40.00")]
    assert codes(events) == [("pulled_though_credited", "nothing_due", "E1")]
    assert events["difference"].to_list() == [D("40.00")]


def test_a_credit_granted_before_the_pull_should_have_been_taken_off() -> None:
    for granted_on, expected in (("2026-02-19", ["30.00"]), ("2026-02-21", [])):
        credited = pl.DataFrame(
            {"document_id": ["F100"], "credited": [D("30.00")], "credited_on": [day(granted_on)]}
        )
        took = entries("id on amount\nE1 2026-02-20 100.00")
        _, events = banked(debits(DUE), took, credited=credited)
        assert [str(amount) for amount in events["difference"]] == expected


def test_a_returned_pull_leaves_its_invoice_unpaid_until_it_is_pulled_again() -> None:
    table = """
        id on         amount kind   trace           original_trace  code
        E1 2026-02-20 100.00 entry  091000010000001 -               -
        R1 2026-02-23 100.00 return 076401250000009 091000010000001 R01
        """
    found, events = banked(debits(DUE), entries(table))
    assert state(found, "F100") == ("returned", D("100.00"), D("100.00"))
    assert codes(events) == [("pull_returned", "R01", "R1")]
    again = table + "E2 2026-02-25 100.00 entry  091000010000002 -               -"
    found, events = banked(debits(DUE), entries(again))
    assert state(found, "F100") == ("debited", D("200.00"), D("100.00"))
    assert found.states["pulled_on"].to_list() == [day("2026-02-25")]
    assert codes(events) == [("pull_returned", "R01", "R1")]


def test_a_return_without_a_trace_undoes_the_last_debit_of_its_amount() -> None:
    table = """
        id on         amount kind   source company code
        E1 2026-02-20 100.00 entry  bai2   -       -
        E2 2026-02-20 250.00 entry  bai2   A       -
        R1 2026-02-23 250.00 return bai2   -       R29
        R2 2026-02-23 77.00  return bai2   -       -
        """
    found, events = banked(debits(DUE), entries(table))
    assert found.returned.select("entry_id", "of").rows() == [("R1", "E2"), ("R2", None)]
    assert ("return_unmatched", None, "R2") in codes(events)


def test_a_return_of_another_amount_undoes_nothing() -> None:
    table = """
        id on         amount kind   trace           original_trace  code
        E1 2026-02-20 100.00 entry  091000010000001 -               -
        R1 2026-02-23 99.00  return 076401250000009 091000010000001 R01
        """
    found, events = banked(debits(DUE), entries(table))
    assert state(found, "F100") == ("debited", D("100.00"), D("0.00"))
    assert codes(events) == [("return_unmatched", None, "R1")]


def test_what_two_kinds_of_file_tell_is_one_movement() -> None:
    table = """
        id on         amount source company trace
        N1 2026-02-20 100.00 nacha  A       091000010000001
        B1 2026-02-20 100.00 bai2   -       -
        C1 2026-02-20 100.00 csv    -       091000010000001
        B2 2026-02-20 250.00 bai2   A       -
        C2 2026-02-20 250.00 csv    -       -
        """
    found, events = banked(debits(DUE), entries(table))
    assert paid(found) == [("B2", "F200", "250.00"), ("N1", "F100", "100.00")]
    same = dict(found.moves.drop_nulls("same_as").select("entry_id", "same_as").iter_rows())
    assert same == {"B1": "N1", "C1": "N1", "C2": "B2"}
    assert events.is_empty()


def test_a_pull_no_invoice_explains_waits_for_its_bill() -> None:
    took = entries("id on amount individual_id\nE1 2026-06-20 12.34 NOTHERE")
    found, events = banked(debits(DUE), took)
    assert paid(found) == [] and codes(events) == [("pull_unmatched", "whole", "E1")]
    more = debits(DUE + "NOTHERE 305R0009 2026-06-20 12.34")
    assert paid(banked(more, took)[0]) == [("E1", "NOTHERE", "12.34")]


@pytest.mark.parametrize("ban", ["-", "305R0001"])
def test_a_remittance_for_a_bill_that_is_not_here_waits_for_it(ban: str) -> None:
    took = entries("id on amount\nE1 2026-02-20 100.00")
    named = items(f"entry_id reference paid ban\nE1 LATER 100 {ban}")
    found, events = banked(debits(DUE), took, named)
    assert paid(found) == [] and codes(events) == [("pull_unmatched", "whole", "E1")]
    account = items("entry_id reference paid qualifier\nE1 305R0001 100 12")
    assert paid(banked(debits(DUE), took, account)[0]) == [("E1", "F100", "100.00")]


def test_recurring_pulls_of_one_amount_each_pay_their_month() -> None:
    took = entries("id on amount\nE2 2026-03-20 100.00\nE1 2026-02-20 100.00")
    found, events = banked(debits(DUE), took)
    assert paid(found) == [("E1", "F100", "100.00"), ("E2", "M100", "100.00")]
    assert events.is_empty()


def test_invoices_of_one_carrier_are_never_paid_by_another() -> None:
    found, events = banked(debits(DUE), entries("id on amount company\nE1 2026-02-20 100.00 B"))
    assert paid(found) == [] and codes(events) == [("pull_unmatched", "whole", "E1")]


def test_a_sum_is_taken_only_where_no_other_is_as_good() -> None:
    assert only_sum([10, 20, 40], 50) == (0, 2)
    assert only_sum([10, 20, 30], 30) == (0, 1)
    assert only_sum([10, 40, 20, 30], 50) is None
    assert only_sum([10, 10, 20], 30) == (0, 2)
    assert only_sum([5, 5], 50) is None and only_sum([1] * 13, 2) is None


def test_nothing_gives_nothing() -> None:
    found, events = banked(debits(DUE), entries("id on amount"))
    assert found.settlements.is_empty() and events.is_empty()
    found, events = banked(debits("document ban debit_on amount"), entries("id on amount"))
    assert found.states.is_empty() and events.is_empty()


def test_a_billing_error_is_no_ground_for_a_return() -> None:
    returnable = {code.name for code in CODES if code.returnable}
    assert returnable == {"unknown_originator", "outside_authorisation", "repeated_trace"}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A few invoices of two accounts, and pulls of which some have to do with them."""
    due = ["document ban debit_on amount"]
    took = ["id on amount individual_id trace kind original_trace"]
    amounts = st.sampled_from(["10.00", "20.00", "30.00", "40.00", "0.00"])
    days = st.integers(1, 28).map(lambda n: f"2026-02-{n:02d}")
    bans = st.sampled_from(["305R0001", "305R0002"])
    numbers = range(draw(st.integers(0, 6)))
    due += [f"INV{n:02d} {draw(bans)} {draw(days)} {draw(amounts)}" for n in numbers]
    names = st.sampled_from(["-", "305R0001", "305R0002", *(f"INV{n:02d}" for n in numbers)])
    for n in range(draw(st.integers(0, 8))):
        trace = f"09100001{draw(st.integers(1, 6)):07d}"
        if draw(st.integers(0, 5)) == 0:
            took.append(f"R{n} 2026-02-28 {draw(amounts)} - {n:015d} return {trace}")
        else:
            took.append(f"E{n} {draw(days)} {draw(amounts)} {draw(names)} {trace} entry -")
    return debits("\n".join(due)), entries("\n".join(took))


@given(worlds(), st.randoms(use_true_random=False))
def test_no_cent_is_matched_twice_whatever_the_order(
    world: tuple[pl.DataFrame, pl.DataFrame], random: Random
) -> None:
    due, took = world
    found, events = banked(due, took)
    pulls = found.settlements.filter(pl.col("kind") == "pull")
    whole = took.filter(pl.col("kind") == "entry").select("entry_id", whole="amount")
    sums = pulls.group_by("entry_id").agg(pl.col("amount").sum()).join(whole, on="entry_id")
    assert sums.filter(pl.col("amount") != pl.col("whole")).is_empty()
    assert pulls.select("entry_id", "document_id").is_unique().all()
    # Each pull is matched, or told of.
    silent = whole.filter(pl.col("whole") > 0).join(pulls, on="entry_id", how="anti")
    told = events.filter(pl.col("code") == "pull_unmatched")["entry_id"].to_list()
    assert sorted(silent["entry_id"].to_list()) == sorted(told)
    # What differs from the paper is told for every invoice, to the cent.
    backs = found.settlements.filter(pl.col("kind") == "return")["of"].to_list()
    stands = pulls.filter(~pl.col("entry_id").is_in(backs))
    net = dict(stands.group_by("document_id").agg(pl.col("amount").sum()).iter_rows())
    over = events.filter(
        pl.col("code").is_in(("pulled_twice", "amount_differs", "pulled_though_credited")),
        ~pl.col("entry_id").is_in(backs),
    )
    off = dict(over.group_by("document_id").agg(pl.col("difference").sum()).iter_rows())
    for document, amount in due.select("document_id", "amount").iter_rows():
        if document in net:
            assert net[document] - amount == off.get(document, D(0)), document
    shuffled = [
        frame[random.sample(range(frame.height), frame.height)] if frame.height else frame
        for frame in (due, took)
    ]
    again, same = banked(*shuffled)
    assert again.settlements.equals(found.settlements) and same.equals(events)
