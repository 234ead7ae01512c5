"""What a night leaves unread of the months before it decides nothing: each of these needs them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import nights
import polars as pl
import pytest
import sqlalchemy as sa
from claim_nights import claims, credits, filed
from decided import act, decide, rows
from nights import HEADER, copied, exported, night, put, small, table

from rebill.disputes import file
from rebill.inquiry.verify import verify
from rebill.run import few_files
from rebill.run.acts import Accept, AuditAgain, Compare, Exempt, Void, Waive
from rebill.store import live_bulk, read_frame
from rebill.store.models import BulkFile
from rebill.store.record import BILL_FINDINGS, reading
from rebill.workspace.settings import SETTINGS_FILE, Workspace, open_workspace

MARCH = ("recurring 1FB 6145550131 22.00", "recurring TTB 6145550131 5.00")
PERIOD = "2026-03-05 2026-04-05"


def paper(day: str, *lines: str, number: str = "") -> str:
    """Return a bill: each line is class, usoc, number and amount, then its days, if any, and a
    word; a dash is empty."""
    key = f"ILEC,305R010001,{number or day}"
    text, total = "", Decimal(0)
    for place, line in enumerate(lines, 1):
        name, usoc, wtn, amount, *days = [
            cell.replace("-", "", cell == "-") for cell in line.split()
        ]
        starts, ends, word = (*days, "", "", "")[:3]
        rate = f"1,{amount}" if starts else ","
        text += f"line,{key},,,,,,,,{place},{name},{usoc},{word},{rate},{amount},{wtn},"
        text += f",,,,{starts},{ends}\n"
        total += Decimal(amount)
    head = f"document,{key},{day},{day[:8]}25,0.00,0.00,0.00,{total},{total}"
    return f"{HEADER}{head}{',' * 14}\n{text}"


def came(workspace: Workspace, day: str, *lines: str, on: str = "") -> None:
    """Let a bill come in and a night follow, on the 20th of its month."""
    put(workspace, [(f"{day}.csv", paper(day, *lines))])
    night(workspace, on or f"{day[:8]}20")


def march(root: Path) -> Workspace:
    """Return a workspace with a bill of March: the line is billed 2.00 above its rate."""
    return copied(root, _march)


def _march(root: Path) -> None:
    workspace = small(root)
    came(workspace, "2026-03-05", *(f"{line} {PERIOD}" for line in MARCH))


def year(root: Path) -> Workspace:
    """Return a workspace with a bill of March and nine more, in which nothing is above its rate.

    They come in one night: that it does not matter is what `test_months` looks at.
    """
    return copied(root, _year)


def _year(root: Path) -> None:
    workspace = march(root)
    papers = []
    for month in range(4, 13):
        day = dt.date(2026, month, 5)
        ends = (day + dt.timedelta(days=31)).replace(day=5)
        lines = ("1FB 6145550131 20.00", "TTB 6145550131 5.00")
        text = paper(f"{day}", *(f"recurring {line} {day} {ends}" for line in lines))
        papers.append((f"{day}.csv", text))
    put(workspace, papers)
    night(workspace, "2026-12-20")


def found(workspace: Workspace, code: str) -> list[tuple[str, str]]:
    """Return bill date and stake of the findings of a code."""
    own = table(workspace, "findings").filter(pl.col("code") == code)
    return own.sort("bill_date").select("bill_date", "amount_at_stake").rows()


def test_a_credit_that_comes_ten_months_later_is_taken_for_its_claim(tmp_path: Path) -> None:
    workspace = filed(tmp_path / "w")
    night(workspace, "2026-12-20")
    came(workspace, "2027-01-05", "adjustment - - -16.67 - - T-7781")
    assert claims(workspace)["D-000001"] == ("credited", "16.67", "0.00")
    assert credits(workspace) == [("16.67", "16.67", "taken", "D-000001", "tracking_no")]


def test_days_billed_again_eleven_months_later_are_charged_twice(tmp_path: Path) -> None:
    workspace = year(tmp_path / "w")
    came(workspace, "2027-02-05", f"recurring TTB 6145550131 5.00 {PERIOD}")
    assert found(workspace, "charged_twice") == [("2027-02-05", "5.00")]


def test_what_grew_while_it_was_waived_is_claimed_once_the_waiver_has_ended(tmp_path: Path) -> None:
    workspace = march(tmp_path / "w")
    file.submit(workspace, ["D-000001"], dt.date(2026, 3, 22), "ana", None)
    waived = Exempt("rate_above_contract", usoc="1FB")
    until = dt.date(2027, 1, 1)
    decide(workspace, Waive((), waived, until, act("2026-03-23")), day="2026-03-23", lines=False)
    rates = workspace.root / "reference" / "buy_rates.csv"
    rates.write_text(rates.read_text().replace("20.00", "18.00"))
    nights.loaded(workspace, rates.parent)
    again = AuditAgain("2026-03", act("2026-03-24"))
    decide(workspace, again, day="2026-03-24", compare=Compare(keep=True))
    night(workspace, "2026-12-31")
    assert [one["amount"] for one in rows(workspace, "claims")] == ["2.00"]
    night(workspace, "2027-01-02")
    told = [(one["amount"], one["status"]) for one in rows(workspace, "claims")]
    assert told == [("2.00", "submitted"), ("2.00", "expired")]


def test_an_old_month_is_rated_again_with_its_claims_and_its_draft(tmp_path: Path) -> None:
    workspace = year(tmp_path / "w")
    rates = workspace.root / "reference" / "buy_rates.csv"
    rates.write_text(rates.read_text().replace("20.00", "18.00"))
    nights.loaded(workspace, rates.parent)
    again = AuditAgain("2026-03", act("2026-12-21"))
    decide(workspace, again, day="2026-12-21", compare=Compare(keep=True))
    stakes = found(workspace, "rate_above_contract")
    assert stakes[0] == ("2026-03-05", "4.00")
    assert [amount for _, amount in stakes[1:]] == ["2.00"] * 9
    drafts = table(workspace, "customer_invoices").sort("bill_month")
    assert set(drafts["total"]) == {"25.30"}  # 18.00 and 5.00 with a tenth more


def test_a_document_taken_back_a_year_later_comes_back_as_it_was(tmp_path: Path) -> None:
    workspace = year(tmp_path / "w")
    day = "2027-01-10"
    night(workspace, day)
    left_out = {"lines": [], "findings": ["claim_no"], "customer_lines": ["invoice_no"]}

    def facts() -> dict[str, list[tuple[str | None, ...]]]:
        return {
            name: sorted(table(workspace, name).drop(columns).rows(), key=str)
            for name, columns in left_out.items()
        }

    before = facts()
    (first, *_) = sorted(rows(workspace, "documents"), key=lambda row: row["bill_date"])
    decide(workspace, Void(first["document_id"], act(day)), day=day)
    assert found(workspace, "rate_above_contract") == []
    decide(workspace, Accept(first["document_id"], act(day)), day=day)
    assert facts() == before


def test_a_bill_that_comes_again_months_later_is_a_repeat_and_another_of_its_key_is_held(
    tmp_path: Path,
) -> None:
    workspace = year(tmp_path / "w")
    lines = [f"{line} {PERIOD}" for line in MARCH]
    put(workspace, [("again.csv", paper("2026-03-05", *lines, number="2026-03-05") + "\n")])
    other = paper("2026-03-05", lines[0], number="2026-03-05")
    put(workspace, [("other.csv", other)])
    night(workspace, "2026-12-21")
    states = table(workspace, "documents").filter(pl.col("invoice_no") == "2026-03-05")
    assert sorted(states["status"]) == ["held", "loaded"]
    assert [day for day, _ in found(workspace, "document_conflicts")] == ["2026-03-05"]


def test_a_month_is_held_against_the_customers_last_one_however_long_ago(tmp_path: Path) -> None:
    workspace = march(tmp_path / "w")
    with (workspace.root / SETTINGS_FILE).open("a") as settings:
        settings.write("[selling]\njump_percent = 50\n")
    workspace = open_workspace(workspace.root)
    came(workspace, "2026-12-05", "recurring TTB 6145550131 5.00 2026-12-05 2027-01-05")
    (draft,) = rows(workspace, "customer_invoices", bill_month="2026-12")
    assert "of 2026-03" in draft["hold"]


# --- few files ----------------------------------------------------------------------------------


def live(workspace: Workspace) -> dict[tuple[str, str], int]:
    """Return how many files count of each kind and month."""
    with reading(workspace) as record:
        columns = BulkFile.kind, BulkFile.bill_month
        counting = BulkFile.superseded_by_run.is_(None)
        select = sa.select(*columns, sa.func.count().label("n")).where(counting)
        return {
            row[:2]: row[2]
            for row in read_frame(record.connection, select.group_by(*columns)).rows()
        }


def strangers(root: Path, bills: int) -> Workspace:
    """Return a workspace to which so many bills of a month came, a night each, on services nobody
    knows: so no night concerns what came before."""
    workspace = small(root)
    for n in range(10, 10 + bills):
        line = f"recurring TTB 61499501{n} {n}.00 {PERIOD}"
        put(workspace, [(f"{n}.csv", paper("2026-03-05", line, number=f"N{n}"))])
        night(workspace, "2026-03-31")
    return workspace


@pytest.mark.parametrize(
    ("most", "bills"), [(2, 4), pytest.param(few_files.MOST, 12, marks=pytest.mark.soak)]
)
def test_bills_that_come_night_by_night_leave_few_files_and_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, bills: int
) -> None:
    monkeypatch.setattr(few_files, "MOST", most)
    few = strangers(tmp_path / "few", bills)
    assert 1 < max(live(few).values()) <= most
    monkeypatch.setattr(few_files, "MOST", 99)
    many = strangers(tmp_path / "many", bills)
    assert max(live(many).values()) == bills
    assert exported(few) == exported(many)
    with reading(few) as record:
        assert verify(record).faults.is_empty()
    again = AuditAgain("2026-03", act("2026-04-01"))
    for workspace in (few, many):
        decide(workspace, again, day="2026-04-01", compare=Compare(keep=True))
    assert exported(few) == exported(many)


def test_what_is_said_of_a_month_of_bills_is_written_again_where_it_changed(tmp_path: Path) -> None:
    workspace = march(tmp_path / "w")
    kept = []
    for day in ("2026-06-20", "2026-08-20"):
        night(workspace, day)
        with reading(workspace) as record:
            files = live_bulk(record.connection, BILL_FINDINGS)
            kept.append(dict(files.select("bill_month", "path").iter_rows()))
    assert [*kept[0]] == ["2026-04", "2026-05", "2026-06"]
    assert kept[1].items() > kept[0].items()
    assert [day for day, _ in found(workspace, "document_missing")][:2] == [
        "2026-04-05",
        "2026-05-05",
    ]
    came(
        workspace,
        "2026-04-05",
        "recurring TTB 6145550131 5.00 2026-04-05 2026-05-05",
        on="2026-08-21",
    )
    assert "2026-04-05" not in [day for day, _ in found(workspace, "document_missing")]
