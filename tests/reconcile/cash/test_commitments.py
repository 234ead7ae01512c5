"""What was promised to carriers: commitments and securities, and what a sale of accounts does."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.cash.commitments import COMMITMENTS, commitments, year_of
from reconcile.cash.run_rate import CHARGES, bills_to_come, held_by
from reconcile.cash.securities import SECURITY, securities
from reconcile.contracts import Contract

D = Decimal
day = dt.date.fromisoformat


def contract(name: str, carrier: str, accounts: list[Any], **parts: Any) -> Contract:
    body = {"id": name, "carrier": carrier, "effective_from": dt.date(2020, 1, 1)}
    return Contract.model_validate({**body, "accounts": accounts, **parts})


def promise(annual: str = "1000.00", starts: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    return {"commitment": {"annual": annual, "year_starts": day(starts), **more}}


def charged(rows: list[tuple[str, str, str, str, str]]) -> pl.DataFrame:
    """Rows of carrier, ban, bill date, class, amount: a document a row."""
    cells = []
    for n, (carrier, ban, billed, charge_class, amount) in enumerate(rows):
        up, down = max(D(amount), D(0)), min(D(amount), D(0))
        cells.append((f"D{n}", carrier, ban, day(billed), charge_class, up, down))
    return pl.DataFrame(cells, schema=CHARGES, orient="row")


HELD = pl.DataFrame(
    schema={
        "carrier": pl.String(),
        "ban": pl.String(),
        "bill_date": pl.Date(),
        "current_charges": pl.Decimal(18, 2),
    }
)
SERVICES = pl.DataFrame(
    schema={
        "carrier": pl.String(),
        "ban": pl.String(),
        "installed_on": pl.Date(),
        "disconnected_on": pl.Date(),
    }
)


def monthly(ban: str, amount: str, months: range, carrier: str = "A") -> list[Any]:
    return [(carrier, ban, f"2026-{m:02d}-10", "recurring", amount) for m in months]


def stand(rows: list[Any], contracts: list[Contract], as_of: str, **more: Any) -> dict[str, Any]:
    facts = {"held": HELD, "services": SERVICES, **more}
    found = commitments(charged(rows), facts["held"], facts["services"], contracts, day(as_of))
    assert found.schema == COMMITMENTS
    return {row["contract"]: row for row in found.iter_rows(named=True)}


@pytest.mark.parametrize(
    ("starts", "as_of", "first", "until"),
    [
        ("2026-01-01", "2026-12-31", "2026-01-01", "2027-01-01"),
        ("2024-07-15", "2026-07-14", "2025-07-15", "2026-07-15"),
        ("2024-07-15", "2026-07-15", "2026-07-15", "2027-07-15"),
        ("2024-02-29", "2026-02-28", "2026-02-28", "2027-02-28"),
        ("2027-01-01", "2026-05-01", "2027-01-01", "2028-01-01"),
    ],
)
def test_a_commitment_year_runs_from_anniversary_to_anniversary(
    starts: str, as_of: str, first: str, until: str
) -> None:
    assert year_of(day(starts), day(as_of)) == (day(first), day(until))


def test_what_counts_is_what_the_contract_says_and_credits_lessen_the_net() -> None:
    rows = [
        ("A", "1", "2026-01-10", "recurring", "100.00"),
        ("A", "1", "2026-01-10", "usage", "20.00"),
        ("A", "1", "2026-01-10", "tax", "9.00"),
        ("A", "1", "2026-01-10", "one_time", "50.00"),
        ("A", "1", "2026-02-10", "recurring", "-5.00"),
        ("A", "1", "2026-02-10", "adjustment", "-7.00"),
        ("A", "1", "2026-02-10", "tax", "-1.00"),
        ("A", "1", "2025-12-10", "recurring", "500.00"),
        ("A", "2", "2026-01-10", "recurring", "1000.00"),
    ]
    row = stand(rows, [contract("K", "A", ["1"], **promise())], "2026-02-10")["K"]
    assert (row["eligible_gross"], row["credits"]) == (D("120.00"), D("-12.00"))
    assert (row["eligible_net"], row["counted"]) == (D("108.00"), D("120.00"))
    assert row["still_to_buy"] == D("880.00")
    net = contract("K", "A", ["1"], **promise(basis="net", eligible=["recurring", "one_time"]))
    row = stand(rows, [net], "2026-02-10")["K"]
    assert (row["eligible_gross"], row["counted"]) == (D("150.00"), D("138.00"))


def test_a_shortfall_is_certain_when_the_best_months_cannot_make_good_for_it() -> None:
    terms = [contract("K", "A", ["*"], **promise("1200.00"))]
    # 100 a month would do; 90 were bought in each, 100 in one: 10 a month are missing.
    rows = [*monthly("1", "100.00", range(1, 2)), *monthly("1", "90.00", range(2, 4))]
    row = stand(rows, terms, "2026-03-31")["K"]
    # A usual month is 93.33: 280 + 9 x 93.33. The first bill was the last that could be enough.
    assert (row["run_rate"], row["bills_left"]) == (D("93.33"), 9)
    assert (row["projected"], row["shortfall"]) == (D("1119.97"), D("80.03"))
    assert (row["certain_on"], row["status"]) == (day("2026-02-10"), "certain")
    rows[0] = ("A", "1", "2026-01-10", "recurring", "130.00")
    row = stand(rows, terms, "2026-03-31")["K"]
    assert row["run_rate"] == D("103.33")
    assert (row["shortfall"], row["certain_on"], row["status"]) == (D("0.00"), None, "on_course")
    row = stand([("A", "1", "2026-01-10", "recurring", "1200.00")], terms, "2026-01-31")["K"]
    assert row["status"] == "met"


def test_a_shortfall_that_one_good_month_could_mend_is_certain_only_later() -> None:
    terms = [contract("K", "A", ["*"], **promise("1200.00"))]
    rows = [*monthly("1", "200.00", range(1, 2)), *monthly("1", "50.00", range(2, 6))]
    row = stand(rows, terms, "2026-05-31")["K"]
    # 400 are bought, seven bills of 50 are to come, but there was a month of 200: after September
    # 600 + 3 x 200 is just enough, after October 650 + 2 x 200 is not.
    assert (row["projected"], row["shortfall"]) == (D("750.00"), D("450.00"))
    assert (row["certain_on"], row["status"]) == (day("2026-10-10"), "short")


def test_accounts_that_are_sold_take_their_months_along() -> None:
    moves = [{"ban": "7*", "until": day("2026-07-01")}, "1*"]
    seller = contract("OLD", "A", moves, **promise("1200.00"))
    buyer = contract("NEW", "B", [{"ban": "7*", "from": day("2026-07-01")}], **promise("240.00"))
    rows = [*monthly("10", "60.00", range(1, 4)), *monthly("70", "40.00", range(1, 4))]
    found = stand(rows, [seller, buyer], "2026-03-31")
    old, new = found["OLD"], found["NEW"]
    assert (old["run_rate"], old["moved_out"], old["moved_in"]) == (D(100), D(40), D(0))
    assert (new["run_rate"], new["moved_out"], new["moved_in"]) == (D(0), D(0), D(40))
    assert old["projected"] == D("960.00")  # 300 + 9 x 60 + 3 x 40
    assert new["projected"] == D("240.00")  # 6 x 40
    assert (old["status"], new["status"]) == ("certain", "on_course")
    # Once the buyer bills the account itself, the seller's months to come are not counted again.
    later = [*rows, *monthly("10", "60.00", range(4, 8)), *monthly("70", "40.00", range(4, 7))]
    later += monthly("70", "40.00", range(7, 8), carrier="B")
    found = stand(later, [seller, buyer], "2026-07-31")
    assert found["NEW"]["projected"] == D("240.00")
    assert found["OLD"]["projected"] == D("960.00")


def test_an_account_that_sends_no_bills_any_more_is_not_counted_on() -> None:
    terms = [contract("K", "A", ["*"], **promise("1200.00"))]
    row = stand(monthly("1", "100.00", range(1, 3)), terms, "2026-06-30")["K"]
    assert (row["run_rate"], row["bills_left"], row["projected"]) == (D(0), 0, D("200.00"))


def test_held_bills_are_told_and_not_counted() -> None:
    held = pl.DataFrame(
        [("A", "1", day("2026-02-10"), D("99.00"))], schema=HELD.schema, orient="row"
    )
    terms = [contract("K", "A", ["*"], **promise())]
    row = stand(monthly("1", "100.00", range(1, 2)), terms, "2026-02-28", held=held)["K"]
    assert (row["held"], row["counted"]) == (D("99.00"), D("100.00"))


@pytest.mark.parametrize(("as_of", "status"), [("2026-10-09", "short"), ("2026-10-10", "certain")])
def test_a_shortfall_is_certain_from_its_day_on(as_of: str, status: str) -> None:
    terms = [contract("K", "A", ["*"], **promise("1200.00"))]
    # As above: after the bill of October two months of 200 do not make good for it.
    rows = [*monthly("1", "200.00", range(1, 2)), *monthly("1", "50.00", range(2, 11))]
    row = stand(rows, terms, as_of)["K"]
    assert (row["certain_on"], row["status"]) == (day("2026-10-10"), status)


@pytest.mark.parametrize(("as_of", "status"), [("2026-12-30", "short"), ("2026-12-31", "certain")])
def test_of_a_year_without_a_bill_the_shortfall_is_certain_on_its_last_day(
    as_of: str, status: str
) -> None:
    row = stand([], [contract("K", "A", ["*"], **promise())], as_of)["K"]
    assert (row["shortfall"], row["certain_on"]) == (D("1000.00"), day("2026-12-31"))
    assert row["status"] == status


def test_the_first_day_of_a_year_is_in_it_and_the_first_of_the_next_is_not() -> None:
    terms = [contract("K", "A", ["*"], **promise(starts="2027-01-10"))]
    # The year is yet to begin: twelve bills are to come, from 10 January to 10 December.
    row = stand(monthly("1", "10.00", range(10, 13)), terms, "2026-12-31")["K"]
    assert (row["bills_left"], row["projected"]) == (12, D("120.00"))
    assert (row["eligible_gross"], row["year_from"]) == (D("0.00"), day("2027-01-10"))


@pytest.mark.parametrize(("moves_on", "moved"), [("2026-12-31", "40"), ("2027-01-01", "0")])
def test_an_account_moves_within_the_year_if_it_has_moved_on_its_last_day(
    moves_on: str, moved: str
) -> None:
    old = contract("OLD", "A", [{"ban": "7*", "until": day(moves_on)}], **promise())
    new = contract("NEW", "A", [{"ban": "7*", "from": day(moves_on)}], **promise())
    found = stand(monthly("70", "40.00", range(1, 4)), [old, new], "2026-03-31")
    assert (found["OLD"]["moved_out"], found["NEW"]["moved_in"]) == (D(moved), D(moved))


def test_a_service_counts_from_the_day_it_is_installed_until_the_day_it_is_gone() -> None:
    cells = [
        ("A", "1", day("2026-06-30"), None),
        ("A", "1", day("2026-07-01"), None),  # not yet
        ("A", "1", None, day("2026-07-01")),
        ("A", "1", None, day("2026-06-30")),  # gone today
        ("A", None, None, None),  # under no account
    ]
    services = pl.DataFrame(cells, schema=SERVICES.schema, orient="row")
    row = stand([], [contract("K", "A", ["*"], **promise())], "2026-06-30", services=services)["K"]
    assert row["services"] == 2


def test_a_quota_counts_services_as_they_come_and_go() -> None:
    cells = [("A", "1", None, None)] * 8
    cells += [("A", "1", None, day("2026-05-15"))] * 2 + [("B", "1", None, None)] * 5
    services = pl.DataFrame(cells, schema=SERVICES.schema, orient="row")
    terms = [contract("K", "A", ["*"], **promise(quota=7))]
    row = stand([], terms, "2026-06-30", services=services)["K"]
    # Two were lost in 91 days; in the 185 days left it would be four.
    assert (row["services"], row["services_projected"], row["quota_shortfall"]) == (8, 3, 4)


@given(
    amounts=st.lists(st.integers(0, 30_000), min_size=1, max_size=11),
    annual=st.integers(0, 300_000),
)
def test_a_year_is_what_a_plain_count_of_its_months_says(amounts: list[int], annual: int) -> None:
    cents = [D(amount).scaleb(-2) for amount in amounts]
    promised = D(annual).scaleb(-2)
    rows = [
        ("A", "1", f"2026-{m:02d}-10", "recurring", str(amount))
        for m, amount in enumerate(cents, 1)
    ]
    as_of = f"2026-{len(cents):02d}-28"
    row = stand(rows, [contract("K", "A", ["*"], **promise(str(promised)))], as_of)["K"]
    last = cents[-3:]
    usual = (sum(last) / len(last)).quantize(D("0.01"), ROUND_HALF_UP)
    months = cents + [usual] * (12 - len(cents))
    shortfall = max(D(0), promised - sum(months))
    assert (row["projected"], row["shortfall"]) == (sum(months), shortfall)
    best = [max(cents)] * 12
    certain = [m for m in range(1, 13) if sum(months[:m]) + sum(best[m:]) < promised]
    expected = dt.date(2026, certain[0], 10) if certain else dt.date(2026, 12, 31)
    assert row["certain_on"] == (expected if shortfall else None)


def test_bills_to_come_end_with_short_months() -> None:
    accounts = pl.DataFrame(
        {"carrier": ["A"], "ban": ["1"], "bill_day": [31], "last_bill": [day("2026-01-30")]}
    )
    found = bills_to_come(accounts, day("2026-06-01"))["bill_date"].to_list()
    assert [f"{d:%m-%d}" for d in found] == ["02-28", "03-31", "04-30", "05-31"]


def test_the_longest_pattern_holds_an_account_also_where_contracts_overlap() -> None:
    wide, narrow = contract("WIDE", "A", ["3*"]), contract("NARROW", "A", ["305*"])
    bills = pl.DataFrame(
        {"carrier": ["A", "A"], "ban": ["305", "306"], "bill_date": [day("2026-01-10")] * 2}
    )
    assert held_by(bills, [wide, narrow])["contract"].to_list() == ["NARROW", "WIDE"]


# --- securities -------------------------------------------------------------------------------

DEBITS = pl.DataFrame(
    schema={
        "contract": pl.String(),
        "bill_date": pl.Date(),
        "debit_on": pl.Date(),
        "amount": pl.Decimal(18, 2),
        "status": pl.String(),
    }
)
DEPOSITS = pl.DataFrame(
    schema={
        "contract": pl.String(),
        "kind": pl.String(),
        "amount": pl.Decimal(18, 6),
        "rate": pl.Decimal(18, 6),
        "effective_from": pl.Date(),
        "effective_until": pl.Date(),
    }
)


def secured(
    rows: list[Any],
    contracts: list[Contract],
    deposits: list[Any] | None = None,
    debits: list[Any] | None = None,
    as_of: str = "2026-03-31",
) -> dict[str, Any]:
    found = securities(
        charged(rows),
        pl.DataFrame(debits or [], schema=DEBITS.schema, orient="row"),
        pl.DataFrame(deposits or [], schema=DEPOSITS.schema, orient="row"),
        contracts,
        day(as_of),
    )
    assert found.schema == SECURITY
    return {row["contract"]: row for row in found.iter_rows(named=True)}


def test_the_bond_of_the_contract_is_held_until_the_record_says_otherwise() -> None:
    terms = {"security": {"bond": "5000000.00", "bond_rate": "0.015", "cost_of_capital": "0.12"}}
    row = secured([], [contract("K", "A", ["*"], **terms)])["K"]
    assert (row["required"], row["held"], row["headroom"]) == (D(5_000_000), D(5_000_000), D(0))
    assert row["cost"] == D("75000.00")
    kept = [("K", "bond", D(4_000_000), D("0.02"), None, None)]
    row = secured([], [contract("K", "A", ["*"], **terms)], kept)["K"]
    assert (row["held"], row["headroom"], row["cost"]) == (D(4_000_000), D(-1_000_000), D(80_000))


def test_months_of_charges_may_ask_for_more_than_the_contract_names() -> None:
    terms = {
        "security": {
            "deposit": "100.00",
            "months": "2",
            "deposit_rate": "0.005",
            "cost_of_capital": "0.12",
        }
    }
    rows = monthly("1", "109.99", range(1, 4))
    rows += [("A", "1", billed, "adjustment", "-10.00") for _, _, billed, _, _ in rows]
    debits = [
        ("K", day("2026-03-20"), day("2026-04-05"), D("99.99"), "expected"),
        ("K", day("2026-02-20"), day("2026-03-05"), D("50.00"), "expected"),
        ("K", day("2026-02-20"), day("2026-03-05"), D("7.00"), "returned"),
        ("K", day("2026-03-16"), day("2026-03-31"), D("1000.00"), "expected"),  # pulled today
        ("K", day("2026-03-31"), day("2026-04-15"), D("0.01"), "expected"),  # dated today
        ("K", day("2026-04-01"), day("2026-04-16"), D("1000.00"), "expected"),
    ]
    row = secured(rows, [contract("K", "A", ["*"], **terms)], debits=debits)["K"]
    assert (row["required"], row["held"], row["headroom"]) == (D("199.98"), D(100), D("-99.98"))
    assert (row["months_covered"], row["pending"]) == (D("1.00"), D("107.00"))
    assert row["cost"] == D("11.50")  # 12 % less the half percent it earns


def test_a_security_counts_on_the_days_it_is_in_force() -> None:
    terms = [contract("K", "A", ["*"], security={"letter_of_credit": "10.00"})]
    kept = [
        ("K", "letter_of_credit", D(10), D("0.01"), None, day("2026-03-31")),
        ("K", "letter_of_credit", D(7), D("0.01"), day("2026-03-31"), None),
    ]
    row = secured([], terms, kept)["K"]
    assert (row["letter_of_credit"], row["headroom"], row["cost"]) == (D(7), D(-3), D("0.07"))


def test_what_is_not_known_costs_no_number() -> None:
    row = secured([], [contract("K", "A", ["*"], security={"bond": "10.00"})])["K"]
    assert row["cost"] is None


def test_a_sale_of_accounts_moves_what_may_be_asked_for() -> None:
    sold = {"ban": "7*", "until": day("2026-07-01")}
    seller = contract("OLD", "A", [sold, "1*"], security={"months": "2", "bond": "0.00"})
    buyer = contract(
        "NEW", "B", [{"ban": "7*", "from": day("2026-07-01")}], security={"months": "3"}
    )
    rows = [*monthly("10", "60.00", range(1, 4)), *monthly("70", "40.00", range(1, 4))]
    found = secured(rows, [seller, buyer])
    now = [found[name]["required"] for name in ("OLD", "NEW")]
    later = [found[name]["required_later"] for name in ("OLD", "NEW")]
    assert (now, later) == ([D(200), D(0)], [D(120), D(120)])
    assert found["NEW"]["headroom_later"] == D(-120)
