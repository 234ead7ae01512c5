"""Several months in any order: the record is the same; what was filed stays."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import nights
import polars as pl
import pytest
from nights import bill, by, exported, night, outbox, put, small, table
from three_bills import BILLS
from worlds import World, world
from worlds_moving import moving_world

from rebill.judging import passes as auditing
from rebill.selling import stage as selling
from rebill.workspace import settings

# --- several months, any order ------------------------------------------------------------------


def facts_of(workspace: settings.Workspace) -> dict[str, list[tuple[str | None, ...]]]:
    """What must not depend on when or in which order documents came."""
    left_out = {
        "documents": ["received_on"],
        "lines": [],
        "findings": ["claim_no"],
        "customer_lines": ["invoice_no"],
        "debits": [],
    }
    return {
        name: sorted(table(workspace, name).drop(columns).rows(), key=str)
        for name, columns in left_out.items()
    }


@pytest.mark.parametrize(
    ("seed", "invented"),
    [
        pytest.param(1, world(1, 3), marks=pytest.mark.soak),
        pytest.param(11, world(11, 3), marks=pytest.mark.soak),
        (8, moving_world(8, 2)),
    ],
    ids=["1", "11", "services move"],
)
def test_months_in_one_night_or_night_by_night_or_backwards_give_the_same(
    seed: int, invented: World, tmp_path: Path
) -> None:
    months = nights.papers_of(invented)
    everything = [file for files in months.values() for file in files]
    shuffled = random.Random(seed).sample(everything, len(everything))
    ways = {
        "at once": [everything],
        "by month": list(months.values()),
        "backwards": list(months.values())[::-1],
        "shuffled": [shuffled[::2], shuffled[1::2]],
    }
    facts = {}
    began = nights.of_world(tmp_path / "begin", invented)
    for way, batches in ways.items():
        root = shutil.copytree(began.root, tmp_path / way.replace(" ", "-"))
        workspace = settings.open_workspace(root)
        for arriving in batches:
            put(workspace, arriving)
            night(workspace, "2027-01-15")
        facts[way] = facts_of(workspace)
    for way in ways:
        assert facts[way] == facts["at once"], way


SIZES = (
    *((auditing, name) for name in ("AT_ONCE", "A_SHARE", "A_BATCH")),
    (selling, "A_PORTION"),
)
"""What says how many lines are held at once."""


@pytest.mark.soak
def test_a_big_night_judged_share_by_share_on_disk_says_what_a_small_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented = world(5, 3)
    months = list(nights.papers_of(invented).values())
    facts = []
    for name in ("small", "big"):
        if name == "big":
            for room, name_of_size in SIZES:
                monkeypatch.setattr(room, name_of_size, 20)
        workspace = nights.of_world(tmp_path / name, invented)
        for arriving in (months[0], [file for month in months[1:] for file in month]):
            put(workspace, arriving)
            night(workspace, "2027-01-15")
        facts.append(facts_of(workspace))
    assert facts[1] == facts[0]
    assert len(facts[0]["lines"]) > 60


def test_file_names_and_splits_do_not_matter(tmp_path: Path) -> None:
    one, many = small(tmp_path / "one"), small(tmp_path / "many")
    joined = BILLS[0][1] + "".join(text.partition("\n")[2] for _, text in BILLS[1:])
    put(one, [("all.csv", joined)])
    put(many, [(f"z{9 - n}.csv", text) for n, (_, text) in enumerate(BILLS)])
    names = ("claims", "customer_invoices", "customer_lines", "debits")
    for workspace in (one, many):
        night(workspace, "2026-04-10")
    assert exported(one, *names) == exported(many, *names)


def test_a_customers_second_bill_of_the_month_joins_the_draft_under_its_number(
    tmp_path: Path,
) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [BILLS[0]])
    night(workspace, "2026-02-10")
    other = bill(2, "TTB 6145550131 4.00 4.00", ban="305R010002")
    put(workspace, [("other.csv", other.replace("INV2", "X1"))])
    night(workspace, "2026-02-20")
    rows = by(workspace, "customer_invoices", "invoice_no", "customer", "lines")
    assert rows[0] == ("ACME-2026-000001", "C1", "2"), "what is billed twice is not invoiced twice"
    assert len(rows) == 2


def test_an_earlier_bill_that_comes_late_takes_its_charge_back_from_the_later(
    tmp_path: Path,
) -> None:
    workspace = small(tmp_path / "w")
    late = bill(2, "TTB 6145550131 5.00 5.00", number="A1", ban="305R010002")
    put(workspace, [BILLS[0]])
    night(workspace, "2026-02-10")
    put(workspace, [("late.csv", late)])
    night(workspace, "2026-02-20")
    twice = table(workspace, "findings").filter(pl.col("code") == "charged_twice")
    assert twice.select("amount_at_stake", "source_file").rows() == [("5.00", "b2.csv")]
    claims = by(workspace, "claims", "reason", "amount", "status")
    assert ("DUP", "5.00", "ready") in claims


# --- claims that were filed ---------------------------------------------------------------------


def test_a_filed_claim_stays_as_it_was_written_and_is_marked(tmp_path: Path) -> None:
    import datetime as dt

    from rebill.disputes.file import submit

    workspace = small(tmp_path / "w")
    late = bill(2, "TTB 6145550131 5.00 5.00", number="Z1", ban="305R010002")
    put(workspace, [("b.csv", late)])
    night(workspace, "2026-02-10")
    put(workspace, [("second.csv", bill(2, "TTB 6145550131 5.00 5.00", number="Z2"))])
    night(workspace, "2026-02-11")
    (claim,) = [row for row in by(workspace, "claims", "claim_no", "reason") if row[1] == "DUP"]
    submit(workspace, [str(claim[0])], dt.date(2026, 2, 12), "ana", None)
    packet = outbox(workspace)[f"claims/2026-02/{claim[0]}.csv"]
    put(workspace, [("first.csv", bill(2, "TTB 6145550131 4.00 4.00", number="A1"))])
    night(workspace, "2026-02-13")
    submitted = table(workspace, "claims").filter(pl.col("claim_no") == claim[0])
    assert submitted.select("status", "amount").rows() == [("submitted", "5.00")]
    assert outbox(workspace)[f"claims/2026-02/{claim[0]}.csv"] == packet


def test_a_claim_that_waits_takes_up_new_findings_of_its_key(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [("a.csv", bill(2, "1FB 6145550131 22.00 22.00", number="A"))])
    night(workspace, "2026-02-10")
    put(workspace, [("b.csv", bill(2, "TTB 6145550131 6.00 6.00", number="B"))])
    night(workspace, "2026-02-11")
    assert by(workspace, "claims", "claim_no", "reason", "amount") == [("D-000001", "RATE", "3.00")]
    packet = outbox(workspace)["claims/2026-02/D-000001.csv"].decode()
    assert packet.count("\n") == 3


def test_a_stake_below_the_minimum_is_told_and_not_claimed(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, [("a.csv", bill(2, "1FB 6145550131 20.40 20.40"))])
    night(workspace, "2026-02-10")
    assert table(workspace, "claims").is_empty()
    above = table(workspace, "findings").filter(pl.col("code") == "rate_above_contract")
    assert above.select("amount_at_stake", "claim_no").rows() == [("0.40", None)]
    small_money = [
        row for row in outbox(workspace)["digest.csv"].decode().splitlines() if row[:5] == "small"
    ]
    assert len(small_money) == 1 and "0.40" in small_money[0]
