"""The audit of whole worlds: the kernels say what the slow model says, whatever the order and the
number of nights, and every cent is accounted for.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache

import polars as pl
import pytest
from compare import agreed, kernel_audit
from examples import few
from hand_bills import audit as hand_audit
from hypothesis import given
from hypothesis import strategies as st
from model_time import account_day
from worlds import Row, World, world, worlds
from worlds_clean import clean_world
from worlds_tables import frames

from invoices.schema import FINDINGS, LINES
from reconcile.audit.audit import Audit, Work, audit, in_memory, split_in_memory
from reconcile.findings import BY_NAME
from reconcile.pull_codes import CODES as PULL_CODES
from reconcile.schema import AUDITED

SEEDS = [(seed, 1 + seed % 4) for seed in range(5000, 5024)]
SHORT, MORE = SEEDS[::2], SEEDS[1::2]
"""Worlds that hold everything, and those of the long form."""
TOLD = ("finding_id", "code", "cause", "severity", "reason", "billed", "expected",
        "amount_at_stake", "message")  # fmt: skip


@cache
def told(seed: int, size: int) -> list[Row]:
    """Return the findings of a world that model and kernels agree on."""
    return agreed(world(seed, size))[1]


def said(audit: Audit) -> list[list[tuple[object, ...]]]:
    """Return lines, findings and findings of months as sorted rows."""
    columns = [name for name in AUDITED if name not in ("rate_id", "source_row")]
    lines = audit.lines.select(columns).collect()
    return [
        sorted(lines.rows(), key=str),
        sorted(audit.findings.select(TOLD).rows(), key=str),
        sorted(audit.month_findings.select(TOLD).rows(), key=str),
    ]


@pytest.mark.parametrize(
    ("seed", "size"),
    [*SHORT, *(pytest.param(*each, marks=pytest.mark.soak) for each in MORE)],
)
def test_the_kernels_say_what_the_slow_model_says(seed: int, size: int):
    told(seed, size)


@few(5, long=100)
@given(worlds(5))
def test_the_kernels_say_what_the_slow_model_says_of_any_world(made: World):
    agreed(made)


@few(4, long=100)
@given(worlds(4))
def test_rows_and_cents_are_conserved_and_no_stake_exceeds_its_line(made: World):
    audit = kernel_audit(made)
    lines = audit.lines.collect()
    paper = frames(made)[0].collect()
    assert lines.schema == AUDITED
    assert audit.findings.schema == audit.month_findings.schema == FINDINGS
    assert lines.select("line_id").sort("line_id").equals(paper.select("line_id").sort("line_id"))
    assert lines.select(list(LINES)).sort("line_id").equals(paper.sort("line_id"))
    charge = pl.col("amount") > 0
    off = lines.filter(
        (pl.col("at_stake") < 0)
        | (charge & (pl.col("at_stake") > pl.col("amount")))
        | (~charge & (pl.col("at_stake") != 0))
        | (pl.col("underbilled") + pl.col("amount").abs() < 0)
        | (pl.col("due_units") < 0) & charge
    )
    assert off.is_empty()
    # What a rest uses up was billed too little before.
    rests = lines.group_by("service").agg(pl.col("underbilled").sum())
    assert rests.filter(pl.col("underbilled") < 0).is_empty()
    explained = pl.sum_horizontal("expected", "at_stake", "tolerated") - pl.col("underbilled")
    known = lines.filter(pl.col("expected").is_not_null())
    assert known.filter(explained != pl.col("amount")).is_empty()
    stakes = audit.findings.group_by("line_id").agg(pl.col("amount_at_stake").sum())
    both = lines.join(stakes, on="line_id", how="left")
    told = pl.col("amount_at_stake").fill_null(Decimal(0))
    assert both.filter(told != pl.col("at_stake")).is_empty()


@few(3, long=100)
@given(worlds(3))
def test_findings_are_told_once_in_words_with_the_severity_of_their_stake(made: World):
    audit = kernel_audit(made)
    findings = pl.concat([audit.findings, audit.month_findings])
    assert findings["finding_id"].is_unique().all()
    needed = findings.select("code", "severity", "document_id", "message", "remedy")
    assert needed.null_count().row(0) == (0,) * 5
    for row in findings.iter_rows(named=True):
        meaning = BY_NAME[row["code"]]
        assert (row["severity"] == "error") == (row["amount_at_stake"] > 0)
        assert (row["reason"] is None) == (meaning.reason is None)
        assert row["cause"] is None or row["code"] == "rate_above_contract"


@few(3, long=100)
@given(worlds(3), st.integers(0, 99))
def test_the_order_of_the_rows_decides_nothing(made: World, seed: int):
    assert said(kernel_audit(made, shuffled=seed)) == said(kernel_audit(made))


@few(2, long=100)
@given(worlds(3), st.integers(2, 4))
def test_shares_of_the_lines_say_what_all_lines_at_once_say(made: World, shares: int):
    months = sorted({d["bill_date"].replace(day=1) for d in made.documents})
    whole, parted = (kernel_audit(made, shares=count) for count in (1, shares))
    assert said(parted) == said(whole)
    before = kernel_audit(made, month=months[0]).lines.collect()
    later = [
        said(kernel_audit(made, history=before, month=months[-1], shares=count))
        for count in (1, shares)
    ]
    assert later[0] == later[1]


def test_lines_of_earlier_nights_and_elements_are_in_the_share_of_their_service():
    """Twelve services billed in June and again for June in July, and one is missed."""
    services = "service wtn circuit_id ban package installed_on disconnected_on\n"
    elements = "service usoc quantity active_from active_until\n"
    paper = "no bill class usoc quantity rate amount wtn from until\n"
    for n in range(12):
        services += f"S{n} 61455501{n:02} . A1 . 2025-01-01 .\n"
        elements += f"S{n} 1FB 1 . .\nS{n} TTB 1 . .\n"
        for bill in ("2026-06-01", "2026-07-01"):
            charge = f"1 20.00 20.00 61455501{n:02} 2026-06-01 2026-07-01"
            paper += f"{bill[6]}-{n} {bill} rec 1FB {charge}\n"
    made = hand_audit(paper, services=services, service_elements=elements)
    june, july = (dt.date(2026, month, 1) for month in (6, 7))
    before = kernel_audit(made, month=june).lines.collect()
    whole = said(kernel_audit(made, history=before, month=july))
    assert [row[1] for row in whole[1]] == ["charged_twice"] * 12
    assert [row[1] for row in whole[2]] == ["element_not_billed"] * 12
    for shares in (2, 3):
        assert said(kernel_audit(made, history=before, month=july, shares=shares)) == whole


@pytest.mark.parametrize(("shares", "splits", "keeps"), [(1, [], 1), (3, [3], 3)])
def test_lines_are_held_all_at_once_or_each_in_one_of_so_many_shares(shares, splits, keeps):
    lines, tables = frames(world(3, 2))
    documents = tables.pop("documents")
    kept, split = [], []

    def keep(lines: pl.DataFrame) -> pl.LazyFrame:
        kept.append(lines)
        return in_memory(lines)

    def parts(frame: pl.LazyFrame, work: Work, share: pl.Expr, number: int) -> list[pl.LazyFrame]:
        split.append(number)
        held = split_in_memory(frame, work, share, number)
        ids = pl.concat([each.select("line_id") for each in held]).collect()["line_id"]
        assert sorted(ids) == sorted(frame.collect()["line_id"])
        return held

    reference = {name: table.lazy() for name, table in tables.items()}
    history = pl.LazyFrame(schema=AUDITED)
    contracts = world(3, 2).contracts
    audit(lines, history, documents, reference, contracts, keep, shares, parts)
    assert (split, len(kept)) == (splits, keeps)
    assert sorted(pl.concat(kept)["line_id"]) == sorted(lines.collect()["line_id"])


@few(3, long=100)
@given(worlds(3))
def test_months_one_by_one_say_what_all_months_at_once_say(made: World):
    whole = said(kernel_audit(made))
    history = pl.DataFrame(schema=AUDITED)
    parts: list[list[tuple[object, ...]]] = [[], [], []]
    for month in sorted({d["bill_date"].replace(day=1) for d in made.documents}):
        audit = kernel_audit(made, history=history, month=month)
        history = pl.concat([history, audit.lines.collect()])
        for part, rows in zip(parts, said(audit), strict=True):
            part.extend(rows)
    assert [sorted(part, key=str) for part in parts] == whole


@pytest.mark.parametrize(("seed", "size"), [(seed, 1 + seed % 4) for seed in range(1, 11)])
def test_bills_that_are_right_have_nothing_at_stake(seed: int, size: int):
    made = clean_world(seed, size)
    lines, findings = agreed(made)
    assert lines
    assert [f for f in findings if f["amount_at_stake"] > 0] == []
    quiet = {"rate_missing", "element_not_billed"}
    assert {f["code"] for f in findings} <= quiet
    # A first bill of parts of months alone does not show the bill day of its account.
    paper = {line["line_id"]: line for line in made.lines}
    days = {no: account_day(line, made.lines) for no, line in paper.items()}
    shown = [line for line in lines
             if days[line["line_id"]] == made.bill_days[paper[line["line_id"]]["ban"]]]  # fmt: skip
    assert shown
    assert all(line["underbilled"] == line["tolerated"] == 0 for line in shown)


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_nothing_and_next_to_nothing_can_be_audited(kept: int):
    made = world(3, 2)
    made.lines[kept:] = []
    agreed(made)
    for table in ("services", "service_elements", "buy_rates", "orders", "usocs", "packages",
                  "usoc_rules", "retail_rates"):  # fmt: skip
        getattr(made, table).clear()
    agreed(made)


def test_every_code_of_a_line_is_found_in_the_worlds():
    found = {f["code"] for seed, size in SHORT for f in told(seed, size)}
    elsewhere = {"late_charge_not_due", "markup_missing", "balance_breaks", "bill_jumped"}
    of_lines = {name for name in BY_NAME if not name.startswith(("document_", "credit_", "line_"))}
    assert found == of_lines - elsewhere - {code.name for code in PULL_CODES}
