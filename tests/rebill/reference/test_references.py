"""What a row names in another table, or in the record, is there; a state is a state."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from nights import NOW, bill, copied, night, now, put, small
from reference_files import CONTRACT, write

from rebill.reference.load import LoadResult, load
from rebill.reference.states import STATES, near
from rebill.selling import issue
from rebill.workspace.settings import Workspace

ONE = "ACME-2026-000001"
BROKEN = {
    "promised_credits": """
        credit carrier ban        amount promised_on service | fault
        GOOD   ILEC    305R010001 5      2026-03-01  S1      |
        EVEN   ILEC    305R010009 5      2026-03-01  -       |
        WHO    CLEC    305R010001 5      2026-03-01  -       | no contract and no catalogue row names carrier 'CLEC'
        WHAT   ILEC    305R010001 5      2026-03-01  S9      | service 'S9' is not in services
        WHERE  ILEC    999        5      2026-03-01  -       | account '999' is in the accounts of no contract
        """,  # noqa: E501
    "buy_rates": """
        contract  charge_class usoc rate ban        effective_from | fault
        ACME-2026 recurring    TTC  5    305R010001 -              |
        ACME-2026 recurring    TTD  5    05R010001  -              | account '05R010001' is in the accounts of no contract
        """,  # noqa: E501
    "services": """
        service carrier ban        state | fault
        A       ILEC    305R010001 oh    |
        B       ILEC    305R010001 PR    |
        C       ILEC    305R010001 DC    |
        D       ILEC    305R010001 Ohio  | state 'Ohio' is not the two-letter code of a state; did you mean OH?
        E       ILEC    305R010001 XX    | state 'XX' is not the two-letter code of a state
        """,  # noqa: E501
    "retail_rates": """
        carrier usoc state      rate | fault
        ILEC    1FB  TX         5    |
        ILEC    1FB  Calif.     5    | state 'Calif.' is not the two-letter code of a state; did you mean CA?
        ILEC    1FB  Masachuset 5    | state 'Masachuset' is not the two-letter code of a state; did you mean MA?
        """,  # noqa: E501
    "tax_exemptions": """
        customer jurisdiction tax   certificate | fault
        C1       OH           sales X           |
        C1       TX           -     X           |
        C2       Cuyahoga     -     X           | jurisdiction 'Cuyahoga' is not in tax_rates
        C2       OH           slaes X           | tax 'slaes' is not in tax_rates
        C2       -            vat   X           | tax 'vat' is not in tax_rates
        """,
    "customer_payments": """
        payment customer invoice_no       paid_on    amount | fault
        P1      C1       ACME-2026-000001 2026-03-30 5      |
        P2      C1       -                2026-03-30 5      |
        P3      C2       ACME-2026-000001 2026-03-30 5      | invoice 'ACME-2026-000001' is of customer 'C1', not of 'C2'
        P4      C1       ACME-2026-000010 2026-03-30 5      | invoice 'ACME-2026-000010' is not on record
        P5      C9       ACME-2026-000001 2026-03-30 5      | customer 'C9' is not in customers
        P5      C9       ACME-2026-000001 2026-03-30 5      | says again what customer_payments.csv row 6 says: the same payment
        """,  # noqa: E501
}


@pytest.fixture
def march(tmp_path: Path) -> Workspace:
    """A workspace where C1 has an issued invoice, and Ohio taxes sales."""
    return copied(tmp_path / "w", _march)


def _march(root: Path) -> None:
    workspace = small(root)
    rates = "jurisdiction tax rate effective_from\nOH sales 0.05 2020-01-01"
    assert taken(workspace, root / "in", tax_rates=rates).ok
    put(workspace, [("b3.csv", bill(3, "1FB 6145550131 20.00 20.00"))])
    night(workspace, "2026-03-20")
    issue.issue(workspace, [ONE], dt.date(2026, 3, 20), now)


def taken(workspace: Workspace, folder: Path, **texts: str) -> LoadResult:
    write(folder, **texts)
    return load(workspace, [folder], given=NOW)


@pytest.mark.parametrize("name", BROKEN)
def test_a_row_that_names_what_is_not_there_is_refused_with_its_remedy(
    march: Workspace, tmp_path: Path, name: str
) -> None:
    lines = BROKEN[name].strip().splitlines()
    rows = [line.rpartition("|") for line in lines]
    wanted = [
        f"{name}.csv row {n}: {fault.strip()}" for n, (_, _, fault) in enumerate(rows[1:], 2)
        if fault.strip()
    ]  # fmt: skip
    text = "\n".join(row for row, _, _ in rows)
    result = taken(march, tmp_path / "in", **{name: text})
    told = [str(error).rpartition("; ")[0] for error in result.errors]
    if name == "customer_payments":  # C9 is told twice: it is no customer, and not who was billed
        told = [each for each in told if "not of 'C9'" not in each]
        told.remove(f"{name}.csv row 7: customer 'C9' is not in customers")
    assert sorted(told) == sorted(wanted)
    assert all(error.remedy for error in result.errors)
    good = "\n".join([rows[0][0], *(row for row, _, fault in rows[1:] if not fault.strip())])
    assert taken(march, tmp_path / "good", **{name: good}).ok


def test_a_band_that_becomes_dear_is_told_of_markups_that_were_loaded_before(
    march: Workspace, tmp_path: Path
) -> None:
    tier = "tier mode from_units value\nV all_units 0 {}"
    first = {"tiers": tier.format("0.2"), "markups": "usoc method tier\n1FB percent V"}
    assert taken(march, tmp_path / "a", **first).ok
    (error,) = taken(march, tmp_path / "b", tiers=tier.format("20")).errors
    assert str(error).startswith("markups (loaded before): a band of tier 'V' is 20, above 3")


def test_spellings_of_states_are_told_with_the_code_they_may_mean() -> None:
    said = {
        "Ohio": "OH", "ohio": "OH", "O.H.": "OH", "n. carolina": "NC", "New Yrok": "NY",
        "Virginia": "VA", "W Virginia": "WV", "Tex": "TX", "Penna.": "PA", "D.C.": "DC",
        "District of Columbia": "DC", "Ontario": None, "QQ": None, "39": None,
    }  # fmt: skip
    assert {text: near(text) for text in said} == said
    assert len(STATES) == 50 + 1 + 5 and {near(name) for name in STATES.values()} == set(STATES)


def test_what_names_a_contract_that_cannot_be_read_is_not_wrong_for_that(
    march: Workspace, tmp_path: Path
) -> None:
    broken = CONTRACT.format(id="K2", since="2026-01-01", accounts='"404*"')
    rates = "contract ban usoc charge_class rate\nK2 404R01 1FB recurring 18\n"
    texts = {"contracts": broken.replace("carrier", "carier"), "buy_rates": rates}
    told = taken(march, tmp_path / "in", **texts).errors
    assert [str(error).rpartition("; did")[0] for error in told[:1]] == [
        'contracts.toml row 4: [contract] has no setting "carier"'
    ]
    assert {error.file for error in told} == {"contracts.toml"}
