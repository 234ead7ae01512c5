"""Which contract holds an account on a day, and which contracts cannot be meant."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.contracts import Account, Contract, contract_for, read_contracts
from reconcile.policies import POLICIES, Dispute, Window, policies

day = dt.date.fromisoformat


def contract(name: str, *accounts: Any, **parts: Any) -> Contract:
    body = {"id": name, "carrier": "ILEC", "effective_from": day("2026-01-01")}
    return Contract.model_validate({**body, "accounts": list(accounts), **parts})


def holds(contracts: list[Contract], ban: str, on: str, carrier: str = "ILEC") -> str | None:
    asked = pl.DataFrame({"carrier": [carrier], "ban": [ban], "day": [day(on)]})
    found: str | None = contract_for(asked, contracts)["contract"].item()
    return found


@pytest.mark.parametrize(
    ("on", "held"),
    [
        ("2025-12-31", [None, None, None]),
        ("2026-01-01", ["K", None, None]),  # the first day of the contract
        ("2026-03-09", ["K", None, None]),
        ("2026-03-10", ["K", "K", None]),  # and of an account
        ("2026-03-31", ["K", "K", "K"]),
        ("2026-06-29", ["K", "K", "K"]),
        ("2026-06-30", ["K", "K", None]),  # the day an account ends it is held no more
        ("2026-12-30", ["K", "K", None]),
        ("2026-12-31", [None, None, None]),  # nor any on the day the contract ends
    ],
)
def test_an_account_is_held_from_the_first_day_up_to_the_last_excluded(
    on: str, held: list[str | None]
) -> None:
    terms = contract(
        "K",
        "1*",
        {"ban": "2*", "from": day("2026-03-10"), "until": day("2027-06-30")},
        {"ban": "3", "from": day("2026-03-31"), "until": day("2026-06-30")},
        effective_until=day("2026-12-31"),
    )
    assert [holds([terms], ban, on) for ban in ("10", "20", "3")] == held


@pytest.mark.parametrize(
    ("ban", "held"),
    [("1", "ALL"), ("3051", "NPA"), ("305R", "ONE"), ("305", "NPA"), ("1305", "ALL"), ("", "ALL")],
)
def test_the_longest_pattern_holds_an_account(ban: str, held: str) -> None:
    terms = [contract("ALL", "*"), contract("NPA", "305*"), contract("ONE", "305R", "9*9")]
    assert holds(terms, ban, "2026-05-01") == held
    assert holds(terms[::-1], ban, "2026-05-01") == held
    assert holds(terms, ban, "2026-05-01", carrier="CLEC") is None


def test_what_no_eye_sees_makes_no_other_account_or_carrier() -> None:
    made = contract("K\u200b", {"ban": " 30\u200d5*\u00a0"}, carrier="\ufeffILEC")
    assert (made.id, made.carrier, made.accounts[0].ban) == ("K", "ILEC", "305*")
    assert holds([made], "3051", "2026-02-01") == "K"


def test_a_wildcard_stands_for_any_text_and_nothing_else_does() -> None:
    terms = [contract("K", "3.5*7")]
    asked = ("3.57", "3.5007", "3.507x", "3057", "x3.57")
    assert [holds(terms, ban, "2026-05-01") for ban in asked] == ["K", "K", None, None, None]
    assert [account.length for account in terms[0].accounts] == [4]


@pytest.mark.parametrize(
    ("until", "refused"), [("2025-12-31", True), ("2026-01-01", True), ("2026-01-02", False)]
)
def test_a_contract_ends_after_it_begins(until: str, refused: bool) -> None:
    for spans in (
        {"effective_until": day(until)},
        {"accounts": [{"ban": "1", "from": day("2026-01-01"), "until": day(until)}]},
    ):
        parts = {"accounts": ["1"], **spans}
        body = {"id": "K", "carrier": "ILEC", "effective_from": day("2026-01-01"), **parts}
        if refused:
            with pytest.raises(ValueError, match="not after it begins on 2026-01-01"):
                Contract.model_validate(body)
        else:
            Contract.model_validate(body)


@pytest.mark.parametrize(
    ("length", "meant"),
    [
        ({"days": 0}, True),
        ({"months": 0}, True),
        ({"days": 3660}, True),
        ({"months": 120}, True),
        ({"days": 3661}, False),
        ({"months": 121}, False),
        ({"days": -1}, False),
        ({}, False),
        ({"days": 0, "months": 0}, False),
    ],
)
def test_a_window_is_days_or_months_and_one_of_them(length: dict[str, int], meant: bool) -> None:
    if meant:
        Window.model_validate(length)
        return
    with pytest.raises(ValueError, match=r"days|months"):
        Window.model_validate(length)


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        ("1000000.00", True),
        ("0.00049315068493150684", True),
        ("1e13", False),
        ("1e999999999", False),
    ],
)
def test_a_number_of_a_contract_has_a_size_that_money_can_have(number: str, meant: bool) -> None:
    text = FILE + f"[contract.dispute]\nminimum_line = {number}\ninterest_per_day = {number}\n"
    if meant:
        assert read_contracts(text)[0].dispute.interest_per_day == Decimal(number)
        return
    with pytest.raises(
        ValueError,
        match=r"line 8: \[contract.dispute\] minimum_line is .* digits",
    ):
        read_contracts(text)


FILE = """
[[contract]]
id = "K"
carrier = "ILEC"
effective_from = 2026-01-01
accounts = ["305*"]
"""


def test_a_file_holds_contracts_and_nothing_else() -> None:
    assert [one.id for one in read_contracts(FILE + FILE.replace("K", "L"))] == ["K", "L"]
    assert read_contracts("") == []
    with pytest.raises(ValueError, match=r"no table \[contracts\]; did you mean \[\[contract\]\]"):
        read_contracts(FILE + "[contracts]")


def test_claims_under_no_contract_are_worked_by_what_holds_where_nothing_is_said() -> None:
    own = Dispute(resolve_days=30, escalation_levels_days=(10, 20), form="LONG")
    found = policies({"K": own})
    assert found.schema == POLICIES
    columns = ["contract", "form", "resolve_days", "levels", "credit_by_bill", "waiver_if_late"]
    assert found.select(columns).rows() == [
        (None, None, 60, [60, 90, 120], 2, Dispute().waiver_if_late),
        ("K", "LONG", 30, [10, 20], 2, Dispute().waiver_if_late),
    ]


@given(st.text("ab*", min_size=1, max_size=8), st.text("ab", max_size=8))
def test_a_number_fits_an_account_as_its_expression_says(pattern: str, ban: str) -> None:
    account = Account(ban=pattern)
    assert account.fits(ban) == bool(re.fullmatch(account.regex, ban))
