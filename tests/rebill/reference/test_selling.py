"""What the tables of selling may say: each fault with file, row, what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from nights import NOW, small
from reference_files import write

from rebill.reference.current import reference_frames
from rebill.reference.load import load
from rebill.store import transaction
from rebill.workspace.settings import Workspace

FAULTS = {
    "markups": """
        usoc  method          value tier below_cost promotion effective_until charge_class consent | fault
        NEG   percent         -0.1  -    -          -         -               -            -       | percent -0.1 is a price below cost, without consent
        LOW   adder           -2    -    false      -         -               -            -       | adder -2 is a price below cost, without consent
        MEANT percent         -0.1  -    true       -         -               -            -       |
        OPEN  flat            5     -    -          Spring    -               -            -       | promotion 'Spring' has no end
        ENDS  flat            5     -    -          Spring    2026-05-01      -            -       |
        BOTH  flat            5     V    -          -         -               -            -       | both a value and tier 'V' are given
        PASS  pass_through    -     V    -          -         -               -            -       | pass_through takes no tier
        SHARE percent         -     G    -          -         -               -            -       | tier 'G' is graduated: percent prices all units alike
        LOSS  adder           -     L    -          -         -               -            -       | a band of tier 'L' is below cost, without consent
        NONE  flat            -     X    -          -         -               -            -       | tier 'X' is not in tiers
        FREE  absorb          1     -    -          -         -               -            -       | absorb takes no value
        DEAR  percent         20    -    -          -         -               -            -       | percent 20 is above 3 (300 percent), without consent; did you mean 0.20?
        HALF  percent         12.5  -    true       -         -               -            -       | percent 12.5 is above 3 (300 percent), without consent; did you mean 0.125?
        EDGE  percent         3     -    -          -         -               -            -       |
        OVER  percent         3.01  -    -          -         -               -            -       | percent 3.01 is above 3 (300 percent), without consent; did you mean 0.0301?
        YES   percent         20    -    -          -         -               -            true    |
        SOLD  percent         -0.1  -    -          -         -               -            true    |
        BAND  percent         -     D    -          -         -               -            -       | a band of tier 'D' is 15, above 3 (300 percent), without consent; did you mean 0.15?
        TENT  adder           -     D    -          -         -               -            -       |
        OFF   retail_discount -     D    -          -         -               -            -       | a band of tier 'D' is no discount from 0 to 1
        """,  # noqa: E501
    "tiers": """
        tier mode      per      from_units value | fault
        V    all_units line     0          0.2   |
        G    graduated line     0          0.2   |
        G    graduated line     10         0.1   |
        L    all_units line     0          -1    |
        D    all_units line     0          0.2   |
        D    all_units line     50         15    |
        H    graduated line     5          0.2   | tier 'H' has no band from 0 units: its first is from 5
        M    graduated line     0          0.2   |
        M    all_units line     5          0.2   | tier 'M' says mode both graduated and all_units
        P    graduated line     0          0.2   |
        P    graduated customer 5          0.2   | tier 'P' says per both line and customer
        """,  # noqa: E501
    "customer_charges": """
        customer charge  service amount percent frequency effective_from | fault
        C1       GOOD    S1      5      -       monthly   -              |
        C1       BOTH    -       5      0.1     monthly   -              | both of amount and percent given
        C1       NEITHER -       -      -       monthly   -              | neither of amount and percent given
        C1       THEIRS  S2      5      -       monthly   -              | service 'S2' is not of customer 'C1' but of C2
        C1       ONCE    -       5      -       once      -              | a charge that is due once has no day
        C9       WHO     -       5      -       monthly   -              | customer 'C9' is not in customers
        C1       FIVE    -       -      -5      monthly   -              | percent -5 is a discount above the charges, without consent; did you mean -0.05?
        C1       ALL     -       -      -1      monthly   -              |
        C1       TEN     -       -      10      monthly   -              | percent 10 is above 3 (300 percent), without consent; did you mean 0.10?
        """,  # noqa: E501
    "tax_rates": """
        jurisdiction tax   rate effective_from effective_until | fault
        OH           sales 0.05 2020-01-01     2026-01-01      |
        OH           sales 0.06 2026-02-01     -               | there is a hole in OH sales (any) (any): nothing is in force from 2026-01-01 until 2026-02-01
        FL           sales 0.05 2020-01-01     2026-01-01      |
        FL           sales 0.06 2025-12-01     -               | two rows of the same jurisdiction, tax, charge_class, product overlap: 2025-12-01 until further notice, and 2020-01-01 until 2026-01-01 (tax_rates.csv row 4)
        NY           sales 11   2020-01-01     -               | rate '11' is not a plain number from 0 to 10 with at most 6 decimals
        """,  # noqa: E501
    "contribution_factors": """
        factor charged effective_from effective_until | fault
        0.37   0.38    2026-04-01     2026-07-01      | 0.38 is charged, more than the factor 0.37
        0.37   -       -              2026-04-01      | effective_from is not given
        0.36   -       2026-10-01     -               | there is a hole: nothing is in force from 2026-07-01 until 2026-10-01
        """,  # noqa: E501
    "interstate_shares": """
        usoc product share | fault
        1FB  voice   0.2   | both usoc and product are given
        1FB  -       1.2   | share '1.2' is not a plain number from 0 to 1 with at most 6 decimals
        """,
    "commitments": """
        customer amount effective_from effective_until | fault
        C1       100    2026-01-01     -               |
        C1       200    2026-03-01     -               | two rows of the same customer overlap: 2026-03-01 until further notice, and 2026-01-01 until further notice (commitments.csv row 2)
        C2       0      -              -               | amount '0' is not a plain number above 0 with at most 2 decimals
        """,  # noqa: E501
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small(tmp_path_factory.mktemp("selling") / "w")


def written(folder: Path, text: str, name: str) -> list[str]:
    """Write a table with its faults beside it, and return them as they should be told."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    write(folder, **{name: "\n".join(line.rpartition("|")[0] for line in lines)})
    said = [line.rpartition("|")[2].strip() for line in lines[1:]]
    return [f"{name}.csv row {n}: {fault}" for n, fault in enumerate(said, 2) if fault]


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named_with_its_row_and_nothing_is_loaded(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    wanted = written(tmp_path, FAULTS[name], name)
    if name == "markups":
        tiers = [row for row in FAULTS["tiers"].splitlines() if row.rstrip().endswith("|")]
        head = next(row for row in FAULTS["tiers"].splitlines() if "fault" in row)
        whole = [row for row in tiers if row.split()[0] in "VGLD"]
        assert not written(tmp_path, "\n".join([head, *whole]), "tiers")
    result = load(workspace, [tmp_path], given=NOW)
    assert sorted(str(error).rpartition("; ")[0] for error in result.errors) == sorted(wanted)
    assert all(error.remedy for error in result.errors)
    with transaction(workspace) as connection:
        frames = reference_frames(workspace, connection)
    assert frames["tiers"].collect().is_empty() and frames[name].collect().height <= 1


def test_tables_without_the_new_columns_say_what_they_said_before(workspace: Workspace) -> None:
    with transaction(workspace) as connection:
        frames = reference_frames(workspace, connection)
    rules = ("proration", "minimum_months", "rounding", "credits", "unbilled", "tax_source")
    assert frames["customers"].select(rules).unique().collect().rows() == [
        (None, None, "line", "follow", "wait", "table")
    ]
    terms = frames["markups"].select("tier", "promotion", "below_cost").unique().collect()
    assert terms.rows() == [(None, None, False)]
