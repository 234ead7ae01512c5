"""Each element and each package is due once for a service and day, whatever bill carries it."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from compare import agreed, kernel_audit
from due_once_bounds import NOTHING
from due_once_cases import CASES, GROUPS, OF_ELEMENTS, OF_PACKAGES, made, right, together
from hand_bills import ELEMENTS, answers, audit, found
from model import model_audit
from nothing_worlds import nothing_world
from worlds import Row, World

from invoices.money import MONTH_PARTS
from reconcile.schema import AUDITED


def answered(lines: list[Row], findings: list[Row]) -> list[tuple[Any, ...]]:
    """Return what was said of each line, as the tables say it."""
    codes: dict[str, set[str]] = {}
    for f in findings:
        if f["code"] in ("rate_missing", "match_doubtful"):
            continue  # questions beside the answer
        codes.setdefault(f["line_id"], set()).add(f["code"])
    return sorted(
        (r["line_id"], r["expected"], r["at_stake"], r["underbilled"],
         codes.get(r["line_id"], set()))
        for r in lines
    )  # fmt: skip


def month_by_month(made: World) -> list[tuple[Any, ...]]:
    """Return what the kernels say of each line in a night for each month, after those before."""
    history = pl.DataFrame(schema=AUDITED)
    for month in sorted({document["bill_date"].replace(day=1) for document in made.documents}):
        said = kernel_audit(made, history=history, month=month)
        history = pl.concat([history, said.lines.collect()])
    return sorted(history.select("line_id", "expected", "at_stake", "underbilled").iter_rows())


@pytest.mark.parametrize("name", CASES)
def test_the_slow_model_says_what_the_tables_say(name: str):
    assert answered(*model_audit(made(name))) == right(name)


@pytest.mark.soak
@pytest.mark.parametrize("name", CASES)
def test_the_kernels_say_what_the_tables_say_of_each_alone(name: str):
    assert answered(*agreed(made(name))) == right(name)


@pytest.mark.parametrize("number", range(len(GROUPS)))
def test_all_that_is_judged_in_one_night_is_judged_as_it_is_alone(number: int):
    names = list(GROUPS[number][0])
    night = kernel_audit(together(names))
    told = answered(night.lines.collect().to_dicts(), night.findings.to_dicts())
    for n, name in enumerate(names):
        own = [(row[0].split(".")[1], *row[1:]) for row in told if row[0].startswith(f"{n}.")]
        assert own == right(name), name


@pytest.mark.parametrize(
    "seed",
    [32, 0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 400) if n != 32)],
)
def test_lines_of_nothing_and_credits_in_any_order_are_judged_as_the_model_does(seed: int):
    made = nothing_world(seed)
    lines, findings = agreed(made)
    assert month_by_month(made) == [line[:4] for line in answered(lines, findings)]


@pytest.mark.parametrize(
    "cases", [OF_PACKAGES, OF_ELEMENTS, NOTHING], ids=["packages", "elements", "nothing"]
)
def test_the_kernels_say_it_too_where_earlier_bills_were_audited_before(cases: dict[str, str]):
    names = list(cases)
    told = month_by_month(together(names))
    for n, name in enumerate(names):
        own = [(row[0].split(".")[1], *row[1:]) for row in told if row[0].startswith(f"{n}.")]
        assert own == [line[:4] for line in right(name)], name


def test_no_number_of_units_is_too_large_to_be_weighed():
    many = ELEMENTS.replace("1FB    1  ", "1FB    900000")
    bills = audit(
        """
        no bill       class usoc quantity rate  amount       from       until
        a  2026-06-01 pro   1FB  900000   .     0.00         2026-06-01 2026-06-16
        b  2026-07-01 pro   1FB  900000   .     8900000.00   2026-06-01 2026-06-16
        c  2026-08-01 adj   1FB  .        .     -8000000.00  2026-06-01 2026-06-16
        d  2026-09-01 rec   1FB  900000   .     0.00         2026-06-01 2026-07-01
        e  2026-10-01 rec   1FB  900000   20.00 18000000.00  2026-06-01 2026-07-01
    """,
        service_elements=many,
    )
    lines, findings = agreed(bills)
    assert month_by_month(bills) == [line[:4] for line in answered(lines, findings)]


# ---------------------------------------------------------------------- money that was credited


def test_a_line_of_nothing_is_due_what_was_credited_of_what_it_bills_again():
    """What is credited of the first charge is due once: of the line of 0.00, which is short."""
    bills = audit("""
        no bill       class usoc quantity rate  amount from       until
        a  2026-06-10 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        b  2026-06-11 adj   1FB  .        .     -15.00 2026-06-01 2026-07-01
        c  2026-06-12 rec   1FB  1        20.00 0.00   2026-06-01 2026-07-01
        d  2026-06-13 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
    """)
    assert found(bills) == ["c rate_below_contract", "d charged_twice 5.00"]
    assert answers(bills, "expected", "underbilled")[2:] == [
        ["c", "15.00", "15.00"],
        ["d", "0.00", "-15.00"],
    ]


def test_no_units_are_due_of_a_line_that_is_wholly_at_stake_beside_a_line_of_nothing():
    bills = audit(
        """
        no bill       class usoc  quantity rate amount from       until
        a  2026-06-01 pro   TTB   2        .    0.00   2026-06-16 2026-06-18
        b  2026-07-01 rec   SUMM1 1        .    9.00   2026-06-01 2026-07-01
        c  2026-07-01 rec   TTB   2        .    10.00  2026-06-01 2026-07-01
        """,
        usoc_rules="""
        usoc   relation    other_usoc
        SUMM1  summary_of  TTB
        """,
        service_elements=ELEMENTS + "S1 SUMM1 1 . .",
    )
    assert "c charged_in_summary 10.00" in found(bills)
    assert answers(bills, "expected", "due_units")[2] == ["c", "0.00", "0"]


@pytest.mark.parametrize(
    ("credit", "billed", "told", "due"),
    [
        # Money is due again as far as the contract's rate goes, all of it or a part.
        ("-22.00", "20.00", [], "20.00"),
        ("-22.00", "25.00", ["c charged_twice 5.00"], "20.00"),
        ("-12.00", "12.00", [], "12.00"),
        ("-12.00", "12.01", ["c charged_twice 0.01"], "12.00"),
        ("-12.00", "11.99", ["c rate_below_contract"], "12.00"),
    ],
)
def test_what_was_credited_is_due_again_as_far_as_the_rate_goes(
    credit: str, billed: str, told: list[str], due: str
):
    bills = audit(f"""
        no bill       class usoc quantity rate  amount   from       until
        a  2026-06-01 rec   1FB  1        .     25.00    2026-06-01 2026-07-01
        b  2026-06-02 adj   1FB  .        .     {credit} 2026-06-01 2026-07-01
        c  2026-06-03 rec   1FB  1        .     {billed} 2026-06-01 2026-07-01
    """)
    assert [line for line in found(bills) if not line.startswith("a")] == told
    assert answers(bills, "expected")[2] == ["c", due]


def test_what_was_credited_is_due_again_of_the_units_that_are_billed_again_alone():
    """One of two units is billed again: 5.00 at the contract's rate, whatever was credited."""
    bills = audit("""
        no bill       class usoc quantity rate amount from       until
        a  2026-06-01 rec   TTB  1        .    8.00   2026-06-01 2026-07-01
        b  2026-06-02 adj   TTB  .        .    -7.50  2026-06-01 2026-07-01
        c  2026-06-03 rec   TTB  2        .    12.50  2026-06-01 2026-07-01
    """)
    assert answers(bills, "expected", "at_stake")[2] == ["c", "10.00", "2.50"]


def test_a_repeat_at_a_rate_above_the_contract_leaves_the_rate_nothing_to_take():
    bills = audit("""
        no bill       class usoc quantity rate  amount from       until
        a  2026-06-01 rec   1FB  1        20.00 20.00  2026-06-01 2026-07-01
        b  2026-06-02 adj   1FB  .        .     -15.00 2026-06-01 2026-07-01
        c  2026-06-03 rec   1FB  1        25.00 25.00  2026-06-01 2026-07-01
    """)
    assert found(bills) == ["c charged_twice 10.00", "c rate_above_contract unexplained"]


def test_a_repeat_that_bills_no_more_than_is_left_is_told_with_nothing_at_stake():
    bills = audit("""
        no bill       class usoc quantity rate amount from       until
        a  2026-06-01 rec   TTB  1        .    5.00   2026-06-01 2026-07-01
        b  2026-06-02 rec   TTB  2        .    5.00   2026-06-01 2026-07-01
    """)
    assert found(bills) == ["b charged_twice"]


def test_a_charge_that_is_too_late_is_told_to_be_a_repeat_too():
    bills = audit("""
        no bill       class usoc quantity rate  amount from       until
        a  2026-06-01 rec   1FB  1        20.00 20.00  2025-06-01 2025-07-01
        b  2026-06-15 adj   1FB  .        .     -15.00 2025-06-01 2025-07-01
        c  2026-07-02 rec   1FB  1        20.00 20.00  2025-06-01 2025-07-01
    """)
    assert found(bills) == ["c backbilled_too_late 20.00", "c charged_twice"]


def test_units_too_many_beside_money_that_is_due_again_are_no_higher_rate():
    """The first half of a month is billed again, the second has one unit too many: 2.50."""
    bills = audit("""
        no bill       class usoc quantity rate amount from       until
        a  2026-06-01 pro   TTB  1        .    4.00   2026-06-01 2026-06-16
        b  2026-06-02 adj   TTB  .        .    -3.50  2026-06-01 2026-06-16
        c  2026-06-03 rec   TTB  3        .    13.50  2026-06-01 2026-07-01
    """)
    assert found(bills) == [
        "a rate_above_contract 1.50 unexplained",
        "c quantity_above_inventory 2.50",
    ]


def test_units_are_due_of_a_line_that_is_due_for_money_alone():
    """None of its units is left, so all of them are due for what was credited; else what is."""
    bills = audit("""
        no bill       class usoc quantity rate amount from       until
        a  2026-06-01 rec   1FB  1        .    20.00  2026-06-01 2026-07-01
        b  2026-06-02 adj   1FB  .        .    -15.00 2026-06-01 2026-07-01
        c  2026-06-03 rec   1FB  1        .    20.00  2026-06-01 2026-07-01
        d  2026-06-01 rec   TTB  1        .    5.00   2026-06-01 2026-07-01
        e  2026-06-02 adj   TTB  .        .    -3.00  2026-06-01 2026-07-01
        f  2026-06-03 rec   TTB  2        .    10.00  2026-06-01 2026-07-01
        g  2026-06-04 rec   1FB  1        .    20.00  2026-06-01 2026-07-01
    """)
    lines = kernel_audit(bills).lines.collect().sort("line_id")
    months = lines["due_unit_parts"] / MONTH_PARTS
    told = zip(lines["line_id"], lines["due_units"], months, strict=True)
    assert [line for line in told if line[0] in "cfg"] == [("c", 1, 1), ("f", 1, 1), ("g", 0, 0)]


@pytest.mark.parametrize(
    ("until", "expected", "units", "months"),
    [("2026-06-16", 10, 1, 0.5), ("2026-07-01", 0, 0, 0)],
)
def test_units_are_due_on_the_days_that_a_line_of_nothing_leaves(
    until: str, expected: int, units: int, months: float
):
    bills = audit(f"""
        no bill       class usoc quantity rate amount from       until
        a  2026-06-01 pro   1FB  1        .    0.00   2026-06-01 {until}
        b  2026-06-03 rec   1FB  1        .    20.00  2026-06-01 2026-07-01
    """)
    b = kernel_audit(bills).lines.collect().row(by_predicate=pl.col("line_id") == "b", named=True)
    assert (b["expected"], b["due_units"]) == (expected, units)
    assert b["due_unit_parts"] == months * MONTH_PARTS


def test_units_are_due_of_the_line_that_is_due_again_and_of_none_that_uses_it_up():
    """A line of 0.00 was used up and credited: D is due for its days too, E and F for none."""
    night = kernel_audit(made("a line of nothing on days of which some were used up"))
    lines = night.lines.select("line_id", "due_units", "due_unit_parts").collect()
    assert lines.filter(pl.col("line_id").is_in(["a", "d", "e", "f"])).rows() == [
        ("a", 1, MONTH_PARTS // 2),
        ("d", 1, MONTH_PARTS),
        ("e", 0, 0),
        ("f", 0, 0),
    ]
