"""What must not change an answer: order of rows, names of files, numbers of lines, months that
come one by one, carriers that have nothing to do with it, accounts that change their names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from compare import kernel_audit
from hard_worlds import HardWorld, hard_world, together

from reconcile.audit.audit import Audit
from reconcile.schema import AUDITED

Rows = list[tuple[Any, ...]]
LEFT_OUT = ("rate_id", "source_row", "source_file", "line_no", "ban")
TOLD = ("line_id", "service", "usoc", "code", "cause", "severity", "reason", "billed", "expected",
        "amount_at_stake")  # fmt: skip
LOTS = [range(100, 112), pytest.param(range(112, 124), marks=pytest.mark.soak)]


def lot_of(seeds: range) -> HardWorld:
    """Return the worlds of some seeds as one: they have nothing to do with each other."""
    return together([hard_world(seed, f"w{seed}") for seed in seeds])


def answers(audit: Audit, *, services: set[str] | None = None) -> tuple[Rows, Rows]:
    """Return lines and findings of lines as sorted rows, perhaps of some services only."""
    columns = [name for name in AUDITED if name not in LEFT_OUT]
    mine = pl.lit(True) if services is None else pl.col("service").is_in(services)
    lines = audit.lines.select(columns).filter(mine).collect()
    findings = audit.findings.filter(mine).select(TOLD)
    return sorted(lines.rows(), key=str), sorted(findings.rows(), key=str)


def changed(made: HardWorld, change: Callable[[dict[str, Any]], dict[str, Any]]) -> HardWorld:
    """Return a world with other lines."""
    return replace(made, lines=[{**line, **change(line)} for line in made.lines])


@pytest.mark.parametrize("seeds", LOTS)
def test_rows_may_come_in_any_order(seeds: range):
    made = lot_of(seeds)
    told = answers(kernel_audit(made))
    assert len(told[0]) > 100
    for shuffled in (1, 2):
        assert answers(kernel_audit(made, shuffled=shuffled)) == told


def test_lines_may_come_in_another_order_when_they_are_read_again():
    """What only stands on a line is read again when it is kept and told."""
    made = lot_of(range(100, 106))
    steady, unsteady = (kernel_audit(made, steady=each) for each in (True, False))
    lines, again = (one.lines.collect().sort("line_id") for one in (steady, unsteady))
    assert lines.equals(again)
    assert lines["source_row"].n_unique() > 30
    assert steady.findings.equals(unsteady.findings)


@pytest.mark.parametrize("seeds", LOTS)
def test_names_of_files_and_numbers_of_lines_decide_nothing_but_their_order(seeds: range):
    made = lot_of(seeds)
    told = answers(kernel_audit(made))
    other = changed(
        made,
        lambda line: {"line_no": 7 * line["line_no"] + 3, "source_file": f"{line['line_id']}.txt"},
    )
    assert answers(kernel_audit(other)) == told


@pytest.mark.parametrize("seeds", LOTS)
def test_a_night_a_month_says_what_all_months_at_once_say(seeds: range):
    made = lot_of(seeds)
    history = pl.DataFrame(schema=AUDITED)
    parts: tuple[Rows, Rows] = ([], [])
    for month in sorted({d["bill_date"].replace(day=1) for d in made.documents}):
        audit = kernel_audit(made, history=history, month=month)
        history = pl.concat([history, audit.lines.collect()])
        for part, rows in zip(parts, answers(audit), strict=True):
            part += rows
    assert tuple(sorted(part, key=str) for part in parts) == answers(kernel_audit(made))


@pytest.mark.parametrize("seeds", LOTS)
def test_shares_and_carriers_that_have_nothing_to_do_with_it_change_nothing(seeds: range):
    made = lot_of(seeds)
    mine = {service["service"] for service in made.services}
    told = answers(kernel_audit(made), services=mine)
    more = together([made, *(hard_world(seed, f"z{seed}") for seed in range(900, 906))])
    assert answers(kernel_audit(more), services=mine) == told
    assert answers(kernel_audit(made, shares=3), services=mine) == told


def test_a_share_looks_at_its_own_part_of_history():
    made, month = lot_of(range(100, 112)), dt.date(2024, 3, 1)
    past = kernel_audit(made).lines.filter(pl.col("bill_date") < month).collect()
    told = answers(kernel_audit(made, history=past, month=month))
    assert told != answers(kernel_audit(made, month=month))
    assert answers(kernel_audit(made, history=past, month=month, shares=3)) == told


@pytest.mark.parametrize("seeds", LOTS)
def test_accounts_may_change_their_names_with_each_other(seeds: range):
    """What is on account 1 goes to account 2 and back, in inventory, contracts and bills."""
    made = lot_of(seeds)

    def other(ban: str) -> str:
        return {"1": f"{ban[:-1]}2", "2": f"{ban[:-1]}1"}.get(ban[-1], ban)

    def rows(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "ban": other(row["ban"])} for row in table]

    contracts = [
        contract.model_copy(
            update={
                "accounts": [
                    account.model_copy(update={"ban": other(account.ban)})
                    for account in contract.accounts
                ]
            }
        )
        for contract in made.contracts
    ]
    swapped = replace(
        made, contracts=contracts, services=rows(made.services), documents=rows(made.documents),
        lines=rows(made.lines),
    )  # fmt: skip
    assert {d["ban"] for d in swapped.documents} != set()
    assert answers(kernel_audit(swapped)) == answers(kernel_audit(made))


@pytest.mark.parametrize("seeds", LOTS)
def test_a_bill_of_a_later_month_changes_no_earlier_answer(seeds: range):
    """What stands on the bills of a month is judged by that month and those before it."""
    made = lot_of(seeds)
    whole = kernel_audit(made)
    months = sorted({d["bill_date"].replace(day=1) for d in made.documents})
    last = months[-2]
    early = [d for d in made.documents if d["bill_date"].replace(day=1) <= last]
    ids = {d["document_id"] for d in early}
    part = replace(made, documents=early, lines=[x for x in made.lines if x["document_id"] in ids])
    told = kernel_audit(part)
    upto = pl.col("bill_date") < dt.date(last.year + last.month // 12, last.month % 12 + 1, 1)
    both = [audit.lines.filter(upto).collect().sort("line_id") for audit in (whole, told)]
    columns = ["line_id", "expected", "at_stake", "underbilled", "tolerated"]
    assert both[0].select(columns).equals(both[1].select(columns))
