"""What is wrong with reference data is said with file, row and remedy, and nothing is loaded."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_files import CONTRACT, frame, said, world, write

from rebill import store
from rebill.reference import current, load
from rebill.reference.contracts import both_fit
from rebill.workspace.settings import Workspace, init_workspace
from reconcile.contracts import Account

FAULTS = {
    "a carrier's code twice": (
        "usocs",
        "carrier usoc kind\nILEC X recurring\nILEC x usage",
        ["usocs.csv row 3: says again what usocs.csv row 2 says: the same carrier, usoc,"
         " valid_from"],
    ),
    "a word that is none": (
        "usocs",
        "carrier usoc kind\nILEC X monthly",
        ["usocs.csv row 2: kind 'monthly' is not one of recurring, one_time, usage, surcharge, tax,"
         " credit, record_only"],
    ),
    "a date that is none": (
        "usocs",
        "carrier usoc kind valid_from valid_until\nILEC X usage 2026-02-30 1/2/2026",
        ["usocs.csv row 2: valid_from '2026-02-30' is not a date of the calendar",
         "usocs.csv row 2: valid_until '1/2/2026' is not a date of the calendar"],
    ),
    "an end before the beginning": (
        "usocs",
        "carrier usoc kind valid_from valid_until\nILEC X usage 2026-03-01 2026-03-01",
        ["usocs.csv row 2: valid_until 2026-03-01 is not after valid_from 2026-03-01"],
    ),
    "validity that overlaps within the file": (
        "usocs",
        "carrier usoc kind valid_from valid_until\n"
        "ILEC X usage 2026-01-01 2026-03-02\nILEC X usage 2026-03-01 -",
        ["usocs.csv row 3: two rows of the same carrier, usoc overlap: 2026-03-01 until further"
         " notice, and 2026-01-01 until 2026-03-02 (usocs.csv row 2)"],
    ),
    "validity that overlaps what was loaded before": (
        "usocs",
        "carrier usoc kind valid_from\nILEC TTB usage 2026-07-01",
        ["usocs.csv row 2: two rows of the same carrier, usoc overlap: 2026-07-01 until further"
         " notice, and 2026-01-01 until further notice (loaded before)"],
    ),
    "a long row that reaches over a short one": (
        "service_elements",
        "service usoc active_from active_until\nS2 X 2026-01-01 2027-01-01\n"
        "S2 X 2026-02-01 2026-03-01\nS2 X 2026-05-01 2026-06-01",
        ["service_elements.csv row 3: two rows of the same service, usoc overlap: 2026-02-01 until"
         " 2026-03-01, and 2026-01-01 until 2027-01-01 (service_elements.csv row 2)",
         "service_elements.csv row 4: two rows of the same service, usoc overlap: 2026-05-01 until"
         " 2026-06-01, and 2026-02-01 until 2026-03-01 (service_elements.csv row 3)"],
    ),
    "homes of a service that overlap, that are none, of a service and a carrier nobody knows": (
        "service_accounts",
        "service carrier ban effective_from effective_until\nS1 ILEC 1 - 2026-05-01\n"
        "S1 ILEC 2 2026-04-30 -\nS1 ILEC 3 2026-07-01 2026-07-01\nS9 ILEC 1 - -\n"
        "S2 OTHER 1 - 2026-01-01\nS2 ILEC - 2026-01-01 -",
        ["service_accounts.csv row 7: ban is not given",
         "service_accounts.csv row 4: effective_until 2026-07-01 is not after effective_from"
         " 2026-07-01",
         "service_accounts.csv row 3: two rows of the same service overlap: 2026-04-30 until"
         " further notice, and the beginning until 2026-05-01 (service_accounts.csv row 2)",
         "service_accounts.csv row 4: two rows of the same service overlap: 2026-07-01 until"
         " 2026-07-01, and 2026-04-30 until further notice (service_accounts.csv row 3)",
         "service_accounts.csv row 5: service 'S9' is not in services",
         "service_accounts.csv row 6: no contract and no catalogue row names carrier 'OTHER'"],
    ),
    "rates of one key that overlap": (
        "buy_rates",
        "contract usoc zone rate effective_from\nC1 Q - 1 2026-01-01\nC1 Q - 2 2026-02-01\n"
        "C1 Q 1 3 2026-01-01",
        ["buy_rates.csv row 3: two rows of the same contract, charge_class, usoc, package, state,"
         " zone, term_months, ban, circuit_id overlap: 2026-02-01 until further notice, and"
         " 2026-01-01 until further notice (buy_rates.csv row 2)"],
    ),
    "rates without a code, with two, below zero, of no contract and no package": (
        "buy_rates",
        "contract usoc package rate\nC1 - - 1\nC1 X PK1 1\nC1 X - -1\nC9 X - 1\nC1 - PK9 1.1234567",
        ["buy_rates.csv row 4: rate '-1' is not a plain number of at least 0 with at most 6"
         " decimals",
         "buy_rates.csv row 6: rate '1.1234567' is not a plain number of at least 0 with at most 6"
         " decimals",
         "buy_rates.csv row 2: neither of usoc and package given",
         "buy_rates.csv row 3: both of usoc and package given",
         "buy_rates.csv row 5: contract 'C9' is not in contracts"],
    ),
    "money as people write it": (
        "retail_rates",
        "carrier usoc rate\nILEC A $1\nILEC B 1e3\nILEC C 1.50-\nILEC D nan\nILEC E 1234567890123",
        [f"retail_rates.csv row {row}: rate '{cell}' is not a plain number of at least 0 with at"
         " most 6 decimals"
         for row, cell in ((2, "$1"), (3, "1e3"), (4, "1.50-"), (5, "nan"), (6, "1234567890123"))],
    ),
    "a package element of no units": (
        "packages",
        "carrier package usoc quantity\nILEC PK1 1FB 0",
        ["packages.csv row 2: quantity '0' is not a plain number above 0 with at most 6 decimals"],
    ),
    "a service under two customers": (
        "services",
        "service carrier customer\nS7 ILEC ACME\nS7 ILEC ZED",
        ["services.csv row 3: service S7 stands already in services.csv row 2: a service has one"
         " customer"],
    ),
    "services of nobody": (
        "services",
        "service carrier customer package\nS7 ILEC ACNE -\nS8 ILEX ACME -\nS9 ILEC ACME PK2",
        ["services.csv row 4: carrier 'ILEC' package 'PK2' is not in packages",
         "services.csv row 2: customer 'ACNE' is not in customers",
         "services.csv row 3: no contract and no catalogue row names carrier 'ILEX'"],
    ),
    "a service gone before it came": (
        "services",
        "service carrier installed_on disconnected_on\nS7 ILEC 2026-02-01 2026-01-31",
        ["services.csv row 2: disconnected_on 2026-01-31 is before installed_on 2026-02-01"],
    ),
    "elements and orders of no service": (
        "orders",
        "order_no service usoc nrc_waived\nO1 S9 X true\nO2 S1 X yes\nO3 - X -",
        ["orders.csv row 4: service is not given",
         "orders.csv row 3: nrc_waived 'yes' is not true or false",
         "orders.csv row 2: service 'S9' is not in services"],
    ),
    "markups that no precedence knows": (
        "markups",
        "customer service usoc package method value\nACME S1 - - adder 1\n- - 1FB PK1 adder 1",
        ["markups.csv row 2: no scope names customer and service",
         "markups.csv row 3: no scope names package and usoc"],
    ),
    "markups that tie": (
        "markups",
        "customer method value effective_from\nZED adder 1 -\nZED flat 2 -\n"
        "ZED adder 1 2026-01-01\nZED flat 2 2026-01-01",
        ["markups.csv row 3: ties with markups.csv row 2: the same scope and effective_from",
         "markups.csv row 5: ties with markups.csv row 4: the same scope and effective_from"],
    ),
    "markups whose numbers do not fit their method": (
        "markups",
        "usoc method value minimum floor cap\nA percent - - - -\nB pass_through 1 - - -\n"
        "C percent_with_minimum .1 - - -\nD adder 1 1 - -\nE retail_discount 1.1 - - -\n"
        "F flat -1 - - -\nG percent -1.5 - - -\nH adder 1 - 5 4\nI adder 1 - 5 wholesale",
        ["markups.csv row 10: cap 'wholesale' is not a plain number of at least 0 with at most 6"
         " decimals or retail",
         "markups.csv row 2: percent has no value",
         "markups.csv row 3: pass_through takes no value",
         "markups.csv row 4: percent_with_minimum has no minimum",
         "markups.csv row 5: adder takes no minimum",
         "markups.csv row 6: a retail_discount lies between 0 and 1",
         "markups.csv row 7: a flat price is not negative",
         "markups.csv row 8: a percent below -1 makes the price negative",
         "markups.csv row 9: the floor is above the cap (adder)"],
    ),
    "a customer billed on no day": (
        "customers",
        "customer bill_day due_days cost_basis\nX 32 - -\nY 0 1.5 cost",
        ["customers.csv row 2: bill_day '32' is not a whole number from 1 to 31",
         "customers.csv row 3: bill_day '0' is not a whole number from 1 to 31",
         "customers.csv row 3: due_days '1.5' is not a whole number from 0 to 365",
         "customers.csv row 3: cost_basis 'cost' is not one of expected, billed"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace into which the world is loaded; refused loads leave it as it is."""
    made = init_workspace(tmp_path_factory.mktemp("loaded") / "workspace")
    store.upgrade(made)
    assert load.load(made, [world(made.root / "reference")]).ok
    return made


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_named_and_nothing_is_loaded(
    loaded: Workspace, tmp_path: Path, case: str
) -> None:
    table, content, wanted = FAULTS[case]
    folder = write(tmp_path / "faulty", **{table: content})
    result = load.load(loaded, [folder])
    assert said(result) == wanted
    assert result.error_total == len(wanted) and result.load_id is None and not result.counts
    with store.transaction(loaded) as connection:
        assert current.load_version(connection) == 1


CONTENTS = {
    "an unknown column": (b"customer,nmae\nA,B\n", ["customers.csv row 1: unknown column 'nmae'"]),
    "a doubled column": (
        b"customer,name,name\nA,B,C\n",
        ["customers.csv row 1: column 'name' stands twice"],
    ),
    "a missing column": (
        b"name\nB\n",
        ["customers.csv row 1: column 'customer' is missing"],
    ),
    "a wrong delimiter": (
        b"customer;name\nA;B\n",
        ["customers.csv row 1: the cells are not separated by commas"],
    ),
    "an empty file": (b"", ["customers.csv: the file is empty"]),
    "UTF-16": (
        "customer\nA\n".encode("utf-16"),
        ["customers.csv row 1: the file is UTF-16, not UTF-8"],
    ),
    "not UTF-8": (
        b"customer\nA\nB\xff\n",
        [
            "customers.csv row 3: the text is not UTF-8: byte 2 of the row is 0xff, "
            "in Windows text (cp1252) `\u00ff`"
        ],
    ),
    "a row cut short": (
        b"customer,name,brand\nA,B,C\nA2,B\n\nA3,B,C,D\n",
        [
            "customers.csv row 3: the row has 2 cells, the header has 3",
            "customers.csv row 5: the row has 4 cells, the header has 3",
        ],
    ),
    "a row cut short among quoted ones": (
        b'customer,name,brand\nA,"B\n,",C\nA2,B\nA3,B,C,D\n',
        [
            "customers.csv row 4: the row has 2 cells, the header has 3",
            "customers.csv row 5: the row has 4 cells, the header has 3",
        ],
    ),
    "an open quote": (
        b'customer,name\nA,B\nC,"D\nE,F\n',
        ["customers.csv row 3: the quotes are wrong: unexpected end of data"],
    ),
    "control characters": (
        b"customer,name\nA,B\x07\n",
        ["customers.csv row 2: name 'B\x07' is not text without control characters"],
    ),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_a_file_that_is_no_table_is_refused(loaded: Workspace, tmp_path: Path, case: str) -> None:
    content, wanted = CONTENTS[case]
    (tmp_path / "customers.csv").write_bytes(content)
    assert said(load.load(loaded, [tmp_path / "customers.csv"])) == wanted


def test_spreadsheet_habits_do_no_harm(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes(
        b"\xef\xbb\xbf Customer ,TAX_EXEMPT,name\r\n"
        b' 007 ,TRUE,"Say ""hi"", Bob\r\nand Co"\r\n,,\r\n'
    )
    assert said(load.load(workspace, [tmp_path])) == []
    assert frame(workspace, "customers").select("customer", "tax_exempt", "name").rows() == [
        ("007", True, 'Say "hi", Bob\r\nand Co')
    ]


def test_a_file_named_after_no_table_is_refused_and_others_are_left_alone(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("notes")
    (tmp_path / "truth.csv").write_text("a\n")
    (tmp_path / "contracts.csv").write_text("a\n")
    assert [text.partition(":")[0] for text in said(load.load(workspace, [tmp_path]))] == [
        "contracts.csv",
        "truth.csv",
    ]
    assert said(load.load(workspace, [tmp_path / "none.csv"])) == [
        f"{tmp_path}/none.csv: there is no such file"
    ]


def test_all_errors_are_counted_and_the_first_are_listed(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = "\n".join(f"C{n} 99" for n in range(1000))
    result = load.load(workspace, [write(tmp_path / "x", customers=f"customer bill_day\n{rows}")])
    assert (result.error_total, len(result.errors)) == (1000, 200)
    assert not result.ok


# --- contracts --------------------------------------------------------------------------------


def contracts(*held: tuple[str, str, str]) -> str:
    """Contracts (id, effective_from, accounts) as TOML, each six lines long, the first at row 2."""
    return "".join(CONTRACT.format(id=i, since=s, accounts=a) for i, s, a in held)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[[contract]\n", ["contracts.toml row 1: it is not TOML: `[[contract]`: the name of a"]),
        ("", ["contracts.toml: the file holds no [[contract]]"]),
        ("[other]\na = 1\n", ["contracts.toml row 1: there is no table [other]"]),
        (
            contracts(("C1", "2026-01-01", '"A"'), ("C2", "2026-13-01", '"B"')),
            ["contracts.toml row 11: it is not TOML: `effective_from = 2026-13-01`: it is no day"],
        ),
        (
            contracts(("C1", "2026-01-01", '"A"'), ("C2", '"soon"', '"B"')),
            ['contracts.toml row 11: [contract] effective_from is "soon"; it must be a date'],
        ),
        (
            contracts(("C1", "2026-01-01", '"A"')) + "bogus = 1\n[contract.billing]\nrounding = 1",
            [
                'contracts.toml row 7: [contract] has no setting "bogus"; there are: id, carrier',
                "contracts.toml row 9: [contract.billing] rounding is 1; it must be ",
            ],
        ),
        (
            contracts(("C1", "2026-01-01", '"A"'), ("C1", "2026-01-01", '"B"')),
            ["contracts.toml row 8: says again what contracts.toml row 2 says"],
        ),
        (
            contracts(("C1", "2026-01-01", '"30*1"'), ("C2", "2026-06-01", '"3*01"')),
            ["contracts.toml row 8: accounts '30*1' of C1 and '3*01' of C2 can both fit"],
        ),
        (
            contracts(("C1", "2026-01-01", '"305", "305"')),
            ["contracts.toml row 2: accounts '305' of C1 and '305' of C1 can both fit"],
        ),
    ],
    ids=[
        "no TOML",
        "empty",
        "other table",
        "no date",
        "wrong date",
        "extra",
        "twice",
        "patterns",
        "same pattern",
    ],
)
def test_a_contract_that_is_none_is_named_by_its_row(
    workspace: Workspace, tmp_path: Path, text: str, wanted: list[str]
) -> None:
    result = load.load(workspace, [write(tmp_path / "x", contracts=text)])
    assert len(result.errors) == len(wanted)
    for error, begins in zip(sorted(map(str, result.errors)), sorted(wanted), strict=True):
        assert error.startswith(begins)


@pytest.mark.parametrize(
    "held",
    [
        (("C1", "2026-01-01", '"305*"'), ("C2", "2026-01-01", '"306*"')),
        (("C1", "2026-01-01", '"305*"'), ("C2", "2026-01-01", '"3051*"')),
        (
            ("C1", "2026-01-01", '{ ban = "1*", until = 2026-06-01 }'),
            ("C2", "2026-01-01", '{ ban = "1*", from = 2026-06-01 }'),
        ),
    ],
    ids=["other numbers", "longer wins", "one after the other"],
)
def test_accounts_of_two_contracts_may_stand_beside_each_other(
    workspace: Workspace, tmp_path: Path, held: tuple[tuple[str, str, str], ...]
) -> None:
    result = load.load(workspace, [write(tmp_path / "x", contracts=contracts(*held))])
    assert said(result) == []


def test_a_clash_with_a_contract_loaded_before_is_found(
    workspace: Workspace, tmp_path: Path
) -> None:
    assert load.load(workspace, [world(tmp_path / "reference")]).ok
    clash = contracts(("C2", "2026-01-01", '"0305R0*1"'))
    assert said(load.load(workspace, [write(tmp_path / "x", contracts=clash)])) == [
        "contracts.toml row 2: accounts '0305R01*' of C1 and '0305R0*1' of C2 can both fit one"
        " account of ILEC at the same time"
    ]


PATTERN = st.text("ab*", min_size=1, max_size=6)


@given(PATTERN, PATTERN)
def test_patterns_clash_exactly_when_some_number_fits_both(one: str, other: str) -> None:
    longest = len(one) + len(other)
    fits = [re.compile(Account(ban=p).regex) for p in (one, other)]
    numbers = (
        "".join(n) for size in range(min(longest, 9) + 1) for n in product("ab", repeat=size)
    )
    found = any(all(f.match(number) for f in fits) for number in numbers)
    if found or longest <= 9:
        assert both_fit(one, other) is found
