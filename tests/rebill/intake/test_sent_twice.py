"""Equal content adds no row, whatever bytes carry it; what is void comes in again when asked."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from decided import act, decide
from flat_feeds import PARTS, Bill, Charge, Quirks, files_of, profile_of
from nights import NOW, QUIET, USUAL, bill, by, exported, night, put, small, table

from rebill.night import batch
from rebill.night.job import Job, pick
from rebill.run import plan
from rebill.run.acts import Void
from rebill.workspace.settings import Workspace

DAY = "2026-11-10"
FEED = Bill("305R010001", tuple(Charge(part, Decimal("10.00")) for part in PARTS))
FILES = files_of([FEED], Quirks())
ONE_PART = """
profile = "one"
format = "flat"
carrier = "ILEC"
[flat]
dates = ["%m/%d/%Y", "%Y-%m-%d"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = { column = "Account", strip = " -" }
invoice_no = "Invoice"
bill_date = "Date"
current_charges = "Total"
total_due = "Total"
usoc = "USOC"
amount = "Amount"
"""
ROWS = """Account,Invoice,Date,Total,USOC,Amount
305R-010001,D1,11/01/2026,33.30,1FB,25.00
305R-010001,D1,11/01/2026,33.30,9ZR,8.30
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with the profiles of a feed of several parts and of one."""
    made = small(tmp_path / "w")
    made.profiles.mkdir(exist_ok=True)
    (made.profiles / "invented.toml").write_text(profile_of(Quirks()))
    (made.profiles / "one.toml").write_text(ONE_PART)
    return made


def ingest(workspace: Workspace, *names: str) -> dict[str, str]:
    """Take files of the inbox in by name, and return what became of them."""
    seen, where = pick(workspace, [workspace.inbox / name for name in names])
    job = Job("ingest", plan.plan_ingest, None, seen, where)
    outcome = batch.run(workspace, job, QUIET, lambda: NOW)
    return {**{seen.name: str(seen.left) for seen in outcome.plan.passed_over}, **outcome.became}


def statuses(workspace: Workspace) -> list[str]:
    return sorted(str(status) for (status,) in by(workspace, "documents", "status"))


def packed(text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        target.writestr("bill.csv", text)
    return made.getvalue()


SPELLED = {
    "line ends": ROWS.replace("\n", "\r\n"),
    "mark": "\ufeff" + ROWS,
    "order": "\n".join([*ROWS.splitlines()[:1], *ROWS.splitlines()[:0:-1]]) + "\n",
    "quotes": ROWS.replace("25.00", '"25.00"'),
    "spelling": ROWS.replace("25.00", "$25.0").replace(
        "11/01/2026,33.30,9ZR", "2026-11-01,33.3,9zr"
    ),
    "guards": ROWS.replace("305R-010001", '="305R010001"'),
    "blank rows": ROWS.replace("\n", "\n\n", 1),
}


@pytest.mark.parametrize("how", [*SPELLED, "archive"])
def test_one_bill_in_two_files_of_a_night_is_one(workspace: Workspace, how: str) -> None:
    put(workspace, [("a.csv", ROWS)])
    if how == "archive":
        (workspace.inbox / "b.zip").write_bytes(packed(SPELLED["line ends"]))
    else:
        put(workspace, [("b.csv", SPELLED[how])])
    became = night(workspace, DAY).became
    assert sorted(became.values()) == ["1 loaded", "1 repeated"]
    assert by(workspace, "documents", "status", "current_charges") == [("loaded", "33.30")]
    assert sorted(by(workspace, "lines", "amount")) == [("25.00",), ("8.30",)]


def test_two_bills_of_one_number_in_a_night_that_differ_are_held(workspace: Workspace) -> None:
    put(workspace, [("a.csv", ROWS), ("b.csv", ROWS.replace("9ZR", "9ZX"))])
    night(workspace, DAY)
    assert statuses(workspace) == ["held"]
    assert "part lines came 2 times: `a.csv`, `b.csv`" in table(workspace, "findings")["message"][0]


@pytest.mark.parametrize(
    "part",
    [
        *(PARTS[0], "ledger"),
        *(pytest.param(part, marks=pytest.mark.soak) for part in PARTS[1:]),
    ],
)
def test_a_part_that_comes_again_while_its_bill_waits_or_after_adds_no_row(
    workspace: Workspace, part: str
) -> None:
    last = "tax" if part != "tax" else "usage"
    put(workspace, [(name, text) for name, text in FILES.items() if name != f"{last}.csv"])
    night(workspace, DAY)
    waits = exported(workspace, "documents", "lines", "findings")
    again = FILES[f"{part}.csv"].replace("\n", "\r\n")
    put(workspace, [("a-again.csv", again)])
    assert night(workspace, DAY).became["a-again.csv"] == "1 repeated"
    assert exported(workspace, "documents", "lines", "findings") == waits
    put(workspace, [(f"{last}.csv", FILES[f"{last}.csv"])])
    night(workspace, DAY)
    # A file that waits while its name lies in the inbox has its digest behind it.
    came = {str(name).partition("~")[0] for (name,) in by(workspace, "lines", "source_file")}
    assert came == {f"{name}.csv" for name in PARTS}
    assert table(workspace, "lines").height == len(PARTS)
    loaded = exported(workspace, "documents", "lines", "findings", "debits")
    put(workspace, [("b-again.csv", again + "\r\n"), ("c-again.csv", FILES[f"{last}.csv"] + "\n")])
    night(workspace, DAY)
    assert exported(workspace, "documents", "lines", "findings", "debits") == loaded


def test_what_is_void_comes_in_again_when_its_file_is_named_and_never_by_itself(
    workspace: Workspace,
) -> None:
    put(workspace, [("a.csv", ROWS), ("b.csv", SPELLED["line ends"])])
    night(workspace, DAY)
    for name in ("a.csv", "b.csv"):
        (counted,) = (
            row[1]
            for row in by(workspace, "documents", "status", "document_id")
            if row[0] == "loaded"
        )
        decide(workspace, Void(str(counted), act(DAY)), day=DAY)
        put(workspace, [(f"sent-again-{name}", ROWS + "\n" * len(name))])
        night(workspace, DAY)
        assert "loaded" not in statuses(workspace)
        assert ingest(workspace, name) == {name: "1 loaded"}
        assert ingest(workspace, "a.csv", "b.csv") == {"a.csv": "known", "b.csv": "known"}
        night(workspace, DAY)
        assert statuses(workspace).count("loaded") == 1
        assert sorted(by(workspace, "lines", "amount")) == [("25.00",), ("8.30",)]


def test_a_void_bill_in_several_files_and_one_in_an_archive_come_in_again(
    workspace: Workspace,
) -> None:
    put(workspace, FILES.items())
    (workspace.inbox / "b.zip").write_bytes(packed(bill(3, USUAL)))
    night(workspace, DAY)
    before = exported(workspace, "lines")["lines"]
    for (name,) in by(workspace, "documents", "document_id"):
        decide(workspace, Void(str(name), act(DAY)), day=DAY)
    became = ingest(workspace, *FILES, "b.zip")
    assert became["ledger.csv"] == became["b.zip!bill.csv"] == "1 loaded"
    night(workspace, DAY)
    key = ["invoice_no", "line_no", "usoc", "amount", "source_file", "source_row"]
    was, now = pl.read_csv(before.encode(), infer_schema=False), table(workspace, "lines")
    assert now.select(key).sort(key).equals(was.select(key).sort(key))


def test_a_file_that_was_refused_and_is_void_is_read_again_when_it_is_named(
    workspace: Workspace,
) -> None:
    other = ROWS.replace("Account", "Konto")
    put(workspace, [("a.csv", other)])
    night(workspace, DAY)
    ((name,),) = by(workspace, "documents", "document_id")
    assert ingest(workspace, "a.csv") == {"a.csv": "known"}
    decide(workspace, Void(str(name), act(DAY)), day=DAY)
    text = ONE_PART.replace('"Account"', '"Konto"').replace('"one"', '"two"')
    (workspace.profiles / "two.toml").write_text(text)
    assert ingest(workspace, "a.csv") == {"a.csv": "1 loaded"}
