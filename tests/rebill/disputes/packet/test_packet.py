"""Packets: what finance and the carrier get, made from the record, and never mixed."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import fastexcel
import nights
import polars as pl
import pypdf
import pytest

from invoices.packet.lines import DISPUTE_LINES
from rebill.disputes.file import record_events, submit
from rebill.disputes.packet import packet
from rebill.disputes.packet.evidence import evidence
from rebill.disputes.packet.packet import choose, packets, write_packets
from rebill.disputes.packet.workbook import EARLIER, EVIDENCE, LINES, MORE_EVIDENCE, called
from rebill.reference.load import load
from rebill.store.record import reading
from rebill.workspace.settings import ConfigError, Settings, Workspace, open_workspace

MARCH = dt.date(2026, 3, 31)
SENDER = """
[contact]
company = "=Us"
name = "Ana"
phone = "614 555 0100"
[house]
address = ["1 Main Street", "Springfield"]
"""
DESK = 'address = ["ILEC Dispute Center", "PO Box 9"]\n'


@pytest.fixture(scope="module")
def march(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace after March: a rate too high, a disconnect, a repeat, a name like a formula."""
    workspace = nights.small(tmp_path_factory.mktemp("packets") / "w")
    (workspace.root / "rebill.toml").write_text("[inbox]\nsettle_seconds = 0\n" + SENDER)
    contracts = workspace.root / "contracts.toml"
    contracts.write_text(nights.CONTRACT + DESK)
    workspace = open_workspace(workspace.root)
    assert load(workspace, [contracts], given=nights.NOW).ok
    again = nights.bill(3, "TTB 6145550131 5.00 5.00", number="INV3B")
    nights.put(workspace, [("=march.csv", nights.bill(3, nights.USUAL)), ("more.csv", again)])
    nights.night(workspace, "2026-03-31")
    return workspace


def made(workspace: Workspace, out: Path, *numbers: str, day: dt.date = MARCH, **how: object):
    with reading(workspace) as record:
        claims = choose(record, day, numbers, None if numbers else "ILEC")
        return write_packets(record, claims, out, day, **how)  # type: ignore[arg-type]


FIELDS = {called(name): name for name in (*DISPUTE_LINES, *EVIDENCE, *MORE_EVIDENCE, *EARLIER)}


def sheet(path: Path, name: str) -> pl.DataFrame:
    """Return the rows of a sheet by field, without its total."""
    rows = fastexcel.read_excel(path).load_sheet(name, dtypes="string").to_polars()
    return rows.rename(FIELDS, strict=False).filter(pl.col("claim_no") != "Total")


def test_a_packet_holds_sheet_letter_and_upload_and_all_foot_to_the_claim(
    march: Workspace, tmp_path: Path
) -> None:
    outcome = made(march, tmp_path)
    claims = nights.table(march, "claims")
    assert not outcome.faults
    assert outcome.packets["packet"].to_list() == claims["claim_no"].to_list()
    for claim in claims.to_dicts():
        number, amount = claim["claim_no"], Decimal(claim["amount"])
        path = tmp_path / f"{number}.xlsx"
        assert fastexcel.read_excel(path).sheet_names[:3] == [
            "Summary",
            "Dispute lines",
            "Evidence",
        ]
        for name in ("Dispute lines", "Evidence"):
            rows = sheet(path, name).to_dicts()
            assert sum(Decimal(row["amount_disputed"]) for row in rows) == amount
            assert {row["ban"] for row in rows} == {"305R010001"}
        summary = fastexcel.read_excel(path).load_sheet("Summary", header_row=None, dtypes="string")
        facts = dict(summary.to_polars()[:, :2].iter_rows())
        assert Decimal(facts["Amount in dispute"]) == amount
        upload = csv.DictReader(io.StringIO((tmp_path / f"{number}-upload.csv").read_text()))
        assert sum(Decimal(row["amount_disputed"]) for row in upload) == amount
        assert (tmp_path / f"{number}.pdf").read_bytes().startswith(b"%PDF")


def claim_of(workspace: Workspace, reason: str) -> str:
    rows = nights.table(workspace, "claims").filter(pl.col("reason") == reason)
    return str(rows["claim_no"].item())


def test_evidence_cites_both_rates_the_inventory_and_the_row_of_the_file(
    march: Workspace, tmp_path: Path
) -> None:
    number = claim_of(march, "RATE")
    made(march, tmp_path, number)
    row = sheet(tmp_path / f"{number}.xlsx", "Evidence").to_dicts()[0]
    assert (row["billed_rate"], row["contract_rate"]) == ("22", "20")
    assert row["contract"] == "ACME-2026"
    assert row["inventory"] == "1 from 2025-01-01"
    assert (row["source_file"], row["source_row"]) == ("'=march.csv", "3")
    number = claim_of(march, "DISC")
    made(march, tmp_path, number)
    row = sheet(tmp_path / f"{number}.xlsx", "Evidence").to_dicts()[0]
    assert row["disconnect_date"].startswith("2026-03-10")


def text_of(pdf: Path) -> str:
    """Return the words of a PDF, one blank between them."""
    pages = (page.extract_text() for page in pypdf.PdfReader(pdf).pages)
    return " ".join(" ".join(pages).split())


def test_a_letter_names_sender_addressee_reasons_and_what_is_asked_or_is_not_made(
    march: Workspace, tmp_path: Path
) -> None:
    number = claim_of(march, "RATE")
    made(march, tmp_path, number)
    said = text_of(tmp_path / f"{number}.pdf")
    for part in (
        *("=Us 1 Main Street Springfield", "Ana Telephone 614 555 0100", "March 31, 2026"),
        *("ILEC Dispute Center PO Box 9", f"Re: Dispute {number}", "(BAN): 305R010001"),
        *("Invoice: INV3 of 2026-03-05", "USD 2.00 on 1 line", "To the billing dispute department"),
        *("rate billed is above the rate of the contract. (Contract ACME-2026.)",),
        *("answer it in writing by May 30, 2026", "Sincerely, Ana =Us", f"Enclosed: {number}.xlsx"),
    ):
        assert part in said, part
    nobody = replace(march, settings=Settings())
    outcome = made(nobody, tmp_path / "nobody", number)
    assert {path.suffix for path in (tmp_path / "nobody").iterdir()} == {".xlsx", ".csv"}
    assert outcome.packets["unwritten"].to_list() == [
        "name in [house] (our company), address in [house], name in"
        " [contact] (who signs), phone or email in [contact], of rebill.toml"
    ]


def test_a_sheet_begins_with_what_is_looked_for_has_no_empty_column_and_foots(
    march: Workspace, tmp_path: Path
) -> None:
    made(march, tmp_path)
    number = claim_of(march, "DISC")
    path = tmp_path / f"{number}.xlsx"
    rows = fastexcel.read_excel(path).load_sheet("Dispute lines", dtypes="string").to_polars()
    shown = [called(name) for name in LINES if name != "description"]  # nothing describes 1FB here
    assert rows.columns[: len(shown)] == shown
    assert all(column[:-1].drop_nulls().len() for column in rows.get_columns())
    total = rows.row(-1, named=True)
    assert (total["Claim"], total["Billed"], total["Due"]) == ("Total", "20", "3.33")
    assert Decimal(total["Disputed"]) == Decimal("16.67")
    with zipfile.ZipFile(path) as book:
        xml = book.read("xl/worksheets/sheet2.xml").decode()
        names = book.read("xl/workbook.xml").decode()
    for part in ('fitToHeight="0"', 'orientation="landscape"', 'state="frozen"', "Page &amp;P of"):
        assert part in xml, part
    assert "Print_Titles" in names and "Print_Area" in names


def test_a_charge_billed_twice_names_the_earlier_bill(march: Workspace, tmp_path: Path) -> None:
    number = claim_of(march, "DUP")
    made(march, tmp_path, number)
    (row,) = sheet(tmp_path / f"{number}.xlsx", "Earlier bills").to_dicts()
    assert (row["invoice_no"], row["usoc"], row["amount"]) == ("INV3", "TTB", "5")


def test_no_cell_is_a_formula_and_account_numbers_are_text(
    march: Workspace, tmp_path: Path
) -> None:
    made(march, tmp_path)
    for path in tmp_path.glob("*.xlsx"):
        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                if name.startswith("xl/worksheets/"):
                    assert b"<f>" not in book.read(name)
        for name in ("Summary", "Dispute lines", "Evidence"):
            cells = fastexcel.read_excel(path).load_sheet(name, header_row=None, dtypes="string")
            for column in cells.to_polars().get_columns():
                assert not column.drop_nulls().str.contains("^[=+@]").any()
    upload = next(tmp_path.glob("*-upload.csv")).read_text()
    assert ",=" not in upload


def test_the_same_packet_gives_the_same_bytes(march: Workspace, tmp_path: Path) -> None:
    made(march, tmp_path / "a")
    made(march, tmp_path / "b")
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_packets_are_the_same_whether_told_together_or_one_after_the_other(
    march: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = made(march, tmp_path / "a")
    monkeypatch.setattr(packet, "AT_ONCE", 1)
    told = []
    monkeypatch.setattr(packet, "evidence", lambda *given: told.append(1) or evidence(*given))
    one_by_one = made(march, tmp_path / "b")
    assert together.packets.equals(one_by_one.packets)
    assert len(told) == together.packets.height > 1
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_packet_after_the_window_is_made_only_late_and_marked(
    march: Workspace, tmp_path: Path
) -> None:
    number, day = claim_of(march, "RATE"), dt.date(2026, 7, 1)
    outcome = made(march, tmp_path, number, day=day)
    assert outcome.packets.is_empty()
    assert "its window closed on 2026-06-03; --late" in outcome.faults[0]
    assert not list(tmp_path.iterdir())
    outcome = made(march, tmp_path, number, day=day, late=True)
    assert outcome.packets["late"].to_list() == [True]
    path = tmp_path / f"{number}.xlsx"
    assert sheet(path, "Dispute lines")["late"][0] == "LATE"
    assert "LATE, filed after" in (tmp_path / f"{number}-upload.csv").read_text()
    assert "LATE" in fastexcel.read_excel(path).load_sheet(0, header_row=None).to_polars()[1, 0]


def test_a_filed_claim_is_told_as_it_was_filed(tmp_path: Path) -> None:
    workspace = nights.small(tmp_path / "w")
    nights.put(workspace, [("march.csv", nights.bill(3, nights.USUAL))])
    nights.night(workspace, "2026-03-31")
    number = claim_of(workspace, "RATE")
    submit(workspace, [number], dt.date(2026, 4, 1), "ana", "TRK-7")
    outcome = made(workspace, tmp_path / "out", number, day=dt.date(2026, 7, 1))
    assert outcome.packets["late"].to_list() == [False]  # filed in time
    row = sheet(tmp_path / "out" / f"{number}.xlsx", "Dispute lines").to_dicts()[0]
    assert (row["is_resend"], row["filed_at"][:10]) == ("false", "2026-04-01")
    rejected = {"claim_no": number, "at": dt.date(2026, 4, 9), "what": "reject_form"}
    record_events(workspace, [rejected])
    made(workspace, tmp_path / "again", number, day=dt.date(2026, 4, 10))
    row = sheet(tmp_path / "again" / f"{number}.xlsx", "Dispute lines").to_dicts()[0]
    assert (row["claim_no"], row["is_resend"]) == (number, "true")


def test_claims_may_share_a_packet_where_the_form_lets_them(
    march: Workspace, tmp_path: Path
) -> None:
    folder = march.root / "forms"
    folder.mkdir()
    upload = '[layout.upload]\ncolumns = [{ name = "No", field = "claim_no" }]\n'
    form = f'form = "joined"\n[layout]\njoin = ["region"]\n{upload}'
    (folder / "joined.toml").write_text(form)
    other = '[[rules.region]]\nusoc = "TTB"\nvalue = "X"\n'
    (folder / "cut.toml").write_text(
        'form = "cut"\ngroup_by = ["ban", "region"]\n' + other + upload
    )
    try:
        outcome = made(march, tmp_path, form="joined")
        assert outcome.packets["claims"].str.split(", ").list.len().sum() == 3
        assert outcome.packets.height == 3  # reasons are never mixed
        with pytest.raises(ConfigError, match="no form is called `moon`"):
            made(march, tmp_path, form="moon")
        outcome = made(march, tmp_path, form="cut")
        assert not outcome.faults
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def test_a_claim_that_mixes_what_its_form_forbids_is_not_packed(tmp_path: Path) -> None:
    workspace = nights.small(tmp_path / "w")
    dear = nights.USUAL.replace("5.00  5.00", "6.00  6.00")
    nights.put(workspace, [("march.csv", nights.bill(3, dear))])
    nights.night(workspace, "2026-03-31")
    number = claim_of(workspace, "RATE")
    folder = workspace.root / "forms"
    folder.mkdir()
    (folder / "cut.toml").write_text(
        'form = "cut"\ngroup_by = ["ban", "product"]\n'
        '[[rules.product]]\nusoc = "TTB"\nvalue = "Feature"\n'
    )
    outcome = made(workspace, tmp_path / "out", number, form="cut")
    assert outcome.packets.is_empty()
    assert f"{number}: the form `cut` forbids to mix product (none, Feature)" in outcome.faults[0]
    with reading(workspace) as record:
        claims = choose(record, MARCH, [number])
        (packet,) = packets(record, claims, MARCH)
    assert not isinstance(packet, str)


def test_claims_that_do_not_exist_are_named(march: Workspace) -> None:
    with (
        reading(march) as record,
        pytest.raises(ConfigError, match="there is no claim D-7; there is no claim D-9"),
    ):
        choose(record, MARCH, ["D-7", "D-9"])
