"""What Python is told of bills and of a workspace is what the commands say, to the cent."""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import nights
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from reference_files import write
from shell import Call

import rebill
from rebill.demo.generate import generate
from rebill.workspace.lock import locked
from rebill.workspace.settings import SETTINGS_FILE, Workspace, open_workspace


@dataclass(frozen=True)
class World:
    """Reference tables and bills of two months, and the workspace whose night took them in."""

    reference: Path
    bills: Path
    house: rebill.House
    day: dt.date


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("door")
    made = generate(root, 20, 2, 7)
    workspace, bills = nights.make(root / "acme"), root / "bills"
    with (workspace.root / SETTINGS_FILE).open("a") as settings:
        settings.write('[outbox]\ninvoices = "none"\nclaims = "none"\n')
    bills.mkdir()
    for folder, _ in made.nights:
        for file in folder.iterdir():
            shutil.copy(file, bills)
            shutil.copy(file, workspace.inbox)
    house = rebill.open(root / "acme")
    house.load(root / "reference")
    day = made.nights[-1][1]
    assert house.night(as_of=day, sure=True)["counts"]["audited"] > 5
    return World(root / "reference", bills, house, day)


# --- no workspace ---------------------------------------------------------------------------------


def test_an_audit_says_what_the_night_of_a_workspace_says(world: World) -> None:
    audit = rebill.audit(rebill.read(world.bills), world.reference, as_of=world.day)
    assert {*audit.documents["status"]} == {"loaded", "held", "refused"}
    assert audit.findings["code"].n_unique() > 15 and audit.lines["at_stake"].sum() > 0
    assert_frame_equal(audit.documents, world.house.table("documents"))
    assert_frame_equal(audit.lines, world.house.table("lines"))
    theirs = world.house.table("findings")
    assert theirs["claim_no"].count() and not audit.findings["claim_no"].count()
    assert_frame_equal(audit.findings.drop("claim_no"), theirs.drop("claim_no"))
    sold = world.house.table("customer_lines").filter(
        pl.col("line_id").is_not_null(), pl.col("credit_of").is_null(), pl.col("tax").is_null()
    )
    assert sold.height > 100
    key = pl.col("line_id")
    assert_frame_equal(audit.prices.drop("invoice_no").sort(key), sold.drop("invoice_no").sort(key))


def test_a_bill_has_the_ids_and_the_faults_of_its_files_alone(world: World) -> None:
    bill, house = rebill.read(world.bills), world.house
    assert_frame_equal(
        bill.documents.drop("received_on", "contract"),
        house.table("documents").drop("received_on", "contract"),
    )
    billed = ["line_id", "usoc", "amount", "source_row"]
    assert_frame_equal(bill.lines.select(billed), house.table("lines").select(billed))
    assert not bill.lines["expected"].count() and bill.held_lines.height
    held = bill.documents.filter(pl.col("lines") > 0, status="held")["document_id"]
    assert {*bill.held_lines["document_id"]} == {*held}
    faults = bill.findings.select("code", "source_file", "source_row", "remedy")
    assert {"document_does_not_foot", "document_unreadable"} <= {*faults["code"]}
    assert faults["remedy"].null_count() == faults["source_file"].null_count() == 0
    assert repr(bill).startswith(f"Bill: {bill.documents.height} documents (")
    assert f", {bill.lines['amount'].sum():,.2f} billed, {faults.height} findings" in repr(bill)


def test_an_archive_is_opened_and_what_is_no_bill_is_told(tmp_path: Path) -> None:
    text = nights.bill(3, nights.USUAL)
    with zipfile.ZipFile(tmp_path / "march.zip", "w") as archive:
        archive.writestr("a.csv", text)
        archive.writestr("letter.txt", "Dear customer,\n")
    (tmp_path / "again.csv").write_text(text)
    bill = rebill.read(tmp_path)
    assert bill.lines["amount"].to_list() == [Decimal("22.00"), Decimal("5.00"), Decimal("20.00")]
    assert bill.documents.select("status", "source_file").sort("status").rows() == [
        ("loaded", "again.csv"),
        ("refused", "march.zip!letter.txt"),
    ]
    assert bill.passed_over.rows() == [("march.zip", "opened"), ("march.zip!a.csv", "known")]
    (tmp_path / "again.csv").write_text(text.replace("22.00", "23.00"))
    late = rebill.read(tmp_path / "again.csv")
    (tmp_path / "again.csv").unlink()
    assert late.findings["message"].to_list() == ["the file is gone"]


def test_everything_wrong_with_the_tables_is_told_at_once(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.reference, tmp_path / "wrong")
    services = tmp_path / "wrong" / "services.csv"
    header, first, *rest = services.read_text().splitlines()
    services.write_text("\n".join([header, first, first, *rest]) + "\n")
    (tmp_path / "wrong" / "rate.csv").write_text("a\n1\n")
    with pytest.raises(rebill.ReferenceFaults) as told:
        rebill.audit(rebill.read(world.bills), tmp_path / "wrong")
    faults = {(one.file, one.row) for one in told.value.faults}
    assert faults == {("services.csv", 3), ("rate.csv", None)} and told.value.total == 2
    assert str(told.value).count("\n") == 1 and "leave one of the two rows out" in str(told.value)
    with pytest.raises(rebill.ConfigError, match="there is no such file"):
        rebill.read(tmp_path / "bill.csv")
    with pytest.raises(rebill.ConfigError, match="no reference table is named"):
        rebill.audit(rebill.read(world.bills), [])
    with pytest.raises(rebill.ConfigError, match="no profile is called `x13`; there are: "):
        rebill.read(world.bills, profile="x13")


def test_the_day_of_an_audit_is_that_of_the_latest_bill_unless_it_is_said(tmp_path: Path) -> None:
    tables = write(tmp_path / "reference", contracts=nights.CONTRACT, **nights.TABLES)
    for month in (3, 4):
        (tmp_path / f"{month}.csv").write_text(nights.bill(month, nights.USUAL))
    bill = rebill.read(tmp_path / "3.csv", tmp_path / "4.csv")
    audit = rebill.audit(bill, [*tables.iterdir()])
    assert audit.as_of == bill.documents["bill_date"].max() == dt.date(2026, 4, 5)
    assert {*audit.documents["received_on"]} == {audit.as_of}
    assert repr(audit) == (
        "Audit as of 2026-04-05: 2 documents (2 loaded), 6 lines, 94.00 billed, 6 findings,"
        " 40.67 at stake"
    )
    early = rebill.audit(bill, tables, as_of=dt.date(2026, 1, 1))
    assert early.documents["status"].to_list() == ["held", "held"]
    assert {*early.findings["code"]} == {"document_doubtful"}


# --- a workspace ----------------------------------------------------------------------------------


def test_a_house_does_and_says_what_the_commands_do_and_say(
    tmp_path: Path, place: Workspace, request: pytest.FixtureRequest
) -> None:
    call: Call = request.getfixturevalue("rebill")  # as an argument it would hide the package
    other = nights.small(tmp_path / "other")
    house = rebill.open(other.root)
    markups = tmp_path / "markups.csv"
    markups.write_text("method,value,effective_from\npercent,0.20,2026-01-01\n")
    paper = tmp_path / "a.csv"
    paper.write_text(nights.bill(3, nights.USUAL))
    for workspace in (place, other):
        (workspace.inbox / "b.csv").write_text(nights.bill(4, nights.USUAL))

    def says(*words: object) -> object:
        return json.loads(call(*words, "--json")[1])

    assert house.load(markups) == says("load", markups)
    assert house.ingest(paper) == says("ingest", paper)
    day = dt.date(2026, 4, 20)
    assert house.night(as_of=day) == says("nightly", "--as-of", day)
    line_id = house.table("lines", bill_month="2026-03")["line_id"].to_list()[0]
    assert house.explain(line_id) == says("explain", line_id)
    for name in ("findings", "exposure", "customer_lines"):
        code, out, _ = call("export", name, "--bill-month", "2026-03")
        frame = house.table(name, bill_month="2026-03")
        assert frame.height and pl.read_csv(io.StringIO(out), infer_schema=False).height
        assert frame.columns == out.splitlines()[0].split(",")
        assert frame.height == out.count("\n") - 1


def test_a_house_is_as_careful_as_the_commands(world: World) -> None:
    house, before = world.house, world.day - dt.timedelta(days=1)
    with pytest.raises(rebill.ConfigError, match="lies before the last night.*say sure=True"):
        house.night(as_of=before)
    busy = pytest.raises(rebill.ConfigError, match="in use by another")
    with locked(open_workspace(house.root)), busy:
        house.night(as_of=before, sure=True)
    with pytest.raises(rebill.ConfigError, match="is no table; there are: documents, lines,"):
        house.table("bills")
    with pytest.raises(rebill.ConfigError, match="'March' is no month; write it as 2026-03"):
        house.table("lines", bill_month="March")
    with pytest.raises(rebill.ConfigError, match="is no workspace"):
        rebill.open(world.bills)
    assert repr(house) == f"House {house.root}: last night {world.day}"
