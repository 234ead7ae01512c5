"""A paper fit to send: its sender, its state, its account, and no carrier under a private label."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal as D
from pathlib import Path

import nights
import pytest
from nights import bill, night, outbox, put, table
from pypdf import PdfReader
from reference_files import write
from shell import Call

from rebill.cli.failures import NEEDS_A_PERSON
from rebill.outbox.made_of import ROUNDED
from rebill.store.shapes_in.shapes_selling import ROUNDINGS
from rebill.workspace.settings import Workspace

FORMS = "pdf,html,csv,json,x12"
CARRIER, AGREED = "Ohio & Lakes Bell", "LKS-77/A"
SILENT = """
private_label = true
phone = "800-555-0142"
address = ["100 Main Street", "Springfield, IL 62701"]
remittance = ["PO Box 1200", "Springfield, IL 62705"]
hidden_words = ["Laketel"]
"""
PRINTED = {
    "1FB": f"{CARRIER}'s line",
    "TTB": "tones; invoice RX77-2026/03 of 305 R01-0001 and LAKETEL-OH; LKS-77/A, olb_3.csv",
}
PAYMENTS = """
    payment customer paid_on    amount invoice_no
    P1      C1       2026-04-02 10.00
    """


def _sold(root: Path) -> None:
    """March and April of two services whose carrier says who it is wherever it can."""
    workspace = nights.make(root)
    tables = {name: text.replace("ILEC ", "CARRIER") for name, text in nights.TABLES.items()}
    tables["buy_rates"] = tables["buy_rates"].replace("ACME-2026", AGREED)
    contract = nights.CONTRACT.replace("ILEC", CARRIER).replace("ACME-2026", AGREED)
    folder = write(root / "reference", contracts=contract, **tables)
    for file in folder.glob("*.csv"):
        file.write_text(file.read_text().replace("CARRIER", CARRIER))
    nights.loaded(workspace, folder)
    for month in (3, 4):
        text = bill(month, nights.USUAL, number=f"RX77-2026/{month:02d}").replace("ILEC", CARRIER)
        for usoc, printed in PRINTED.items():
            text = text.replace(f",{usoc},,", f',{usoc},"{printed}",')
        put(workspace, [(f"OLB_{month}.csv", text)])
        night(workspace, f"2026-{month:02d}-10")


@pytest.fixture
def sold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = nights.copied(tmp_path / "w", _sold)
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace


def brand(workspace: Workspace, text: str) -> Path:
    file = workspace.root / "brands" / "ACME" / "brand.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def forms(folder: Path) -> dict[str, str]:
    """Return what papers say, by name: of a PDF its text and what is known of it as a file."""
    said = {}
    for path in folder.iterdir():
        content = path.read_bytes()
        if path.suffix == ".pdf":
            pdf = PdfReader(io.BytesIO(content))
            pages = [page.extract_text() for page in pdf.pages]
            said[path.name] = "\n".join([*pages, str(pdf.metadata), content.decode("latin-1")])
        else:
            said[path.name] = content.decode()
    return said


def numbers(workspace: Workspace, customer: str = "C1") -> list[str]:
    return table(workspace, "customer_invoices").filter(customer=customer)["invoice_no"].to_list()


def test_no_form_of_a_private_label_names_a_carrier_or_its_papers(
    sold: Workspace, rebill: Call, tmp_path: Path
) -> None:
    ids = table(sold, "documents").select("document_id", "ban", "invoice_no").rows()
    brand(sold, SILENT.replace("private_label", 'carriers = "show"\nprivate_label'))
    assert rebill("invoices", "render", "--format", FORMS, "-o", tmp_path / "shown")[0] == 0
    shown = forms(tmp_path / "shown")
    for name in map(str, numbers(sold)):
        # What is hidden below is there to be hidden, in every form that can say it.
        assert all(CARRIER.split()[-1] in shown[f"{name}.{form}"] for form in FORMS.split(","))
    brand(sold, SILENT)
    assert rebill("invoices", "render", "--format", FORMS, "-o", tmp_path / "hidden")[0] == 0
    hidden = forms(tmp_path / "hidden")
    assert hidden.keys() == shown.keys()
    for name, text in hidden.items():
        plain = re.sub("[^A-Z0-9]", "", name + text.upper())
        secrets = ("OHIOLAKES", "LAKESBELL", "LAKETEL", AGREED, "OLB_3.csv")
        secrets += tuple(i for row in ids for i in row)
        assert not [s for s in secrets if re.sub("[^A-Z0-9]", "", s.upper()) in plain], name
    one = numbers(sold)[0]
    rows = list(csv.DictReader(io.StringIO(hidden[f"{one}.csv"])))
    assert rows
    assert {row["carrier"] + row["line_id"] for row in rows} == {""}
    told = json.loads(hidden[f"{one}.json"])["lines"]
    assert {(row["carrier"], row["line_id"]) for row in told} == {(None, None)}
    # Our own record still knows which line each charge comes from.
    lines = table(sold, "customer_lines").filter(invoice_no=one)
    assert lines["line_id"].null_count() == 0 and set(lines["carrier"]) == {CARRIER}


def test_a_draft_says_so_in_every_form_and_what_it_lacks(
    sold: Workspace, rebill: Call, tmp_path: Path
) -> None:
    brand(sold, 'private_label = true\naddress = ["100 Main Street"]')
    one = numbers(sold)[0]
    code, _, _ = rebill("invoices", "render", one, "--format", FORMS, "-o", tmp_path / "o")
    said = forms(tmp_path / "o")
    lacks = "add phone or email, remittance to brands/ACME/brand.toml"
    assert code == 0 and '<div class="mark">DRAFT</div>' in said[f"{one}.html"]
    for form in ("html", "pdf"):
        text = "".join(said[f"{one}.{form}"].split())
        for words in ("DRAFT", "This is a draft, not a request for payment.", lacks):
            assert "".join(words.split()) in text
    assert {row["status"] for row in csv.DictReader(io.StringIO(said[f"{one}.csv"]))} == {"draft"}
    assert json.loads(said[f"{one}.json"])["status"] == "draft"
    assert "*0*T*>~" in said[f"{one}.x12"].splitlines()[0]

    code, out, err = rebill("invoices", "issue", "--bill-month", "2026-03", "--on", "2026-03-16")
    assert code == NEEDS_A_PERSON and one in out and err.count(lacks) == 1
    march = table(sold, "customer_invoices").filter(bill_month="2026-03")
    assert set(march["status"]) == {"issued"}, "what is owed is owed"
    code, _, err = rebill("invoices", "render", one, "-o", tmp_path / "issued")
    assert code == NEEDS_A_PERSON and lacks in err and not [*tmp_path.glob("issued/*")]


def test_an_issued_invoice_never_leaves_without_its_sender(
    sold: Workspace, rebill: Call, tmp_path: Path
) -> None:
    file = brand(sold, SILENT)
    one = numbers(sold)[0]
    assert rebill("invoices", "issue", one, "--on", "2026-03-16")[0] == 0
    before = {name: text for name, text in outbox(sold).items() if one in name}
    assert len(before) == 2 and not any(b"DRAFT" in text for text in before.values())
    file.write_text("private_label = true")
    lacks = "add address, phone or email, remittance to brands/ACME/brand.toml"
    code, _, err = rebill("invoices", "render", one, "-o", tmp_path / "o")
    assert code == NEEDS_A_PERSON and lacks in err and not list((tmp_path / "o").glob(f"{one}*"))
    for path in sold.outbox.glob(f"invoices/*/{one}.*"):
        path.unlink()
    code, _, err = rebill("nightly", "--as-of", "2026-04-11")
    assert code == NEEDS_A_PERSON and err.count(lacks) == 1
    assert lacks in (sold.outbox / "digest.csv").read_text()
    file.write_text(SILENT)
    rebill("nightly", "--as-of", "2026-04-12")
    assert {name: text for name, text in outbox(sold).items() if one in name} == before


def test_the_account_of_an_issued_invoice_stays_as_it_was_that_day(
    sold: Workspace, rebill: Call, tmp_path: Path
) -> None:
    brand(sold, SILENT)
    march, april = numbers(sold)
    nights.loaded(sold, write(tmp_path / "paid", customer_payments=PAYMENTS))
    assert rebill("invoices", "issue", march, "--on", "2026-04-01")[0] == 0
    assert rebill("invoices", "issue", april, "--on", "2026-05-20")[0] == 0
    more = f"{PAYMENTS}    P2 C1 2026-04-03 5.00 {march}\n"
    nights.loaded(sold, write(tmp_path / "more", customer_payments=more))
    for folder in ("o", "again"):
        assert rebill("invoices", "render", "--format", FORMS, "-o", tmp_path / folder)[0] == 0
    assert forms(tmp_path / "o") == forms(tmp_path / "again")
    total = table(sold, "customer_invoices").filter(invoice_no=march)["total"][0]
    said = {n: json.loads((tmp_path / "o" / f"{n}.json").read_text()) for n in (march, april)}
    first, second = said[march]["account"], said[april]["account"]
    assert (first["previous_balance"], first["balance"]) == ("0.00", total)
    assert (second["previous_balance"], second["payments"]) == (first["balance"], "10.00")
    assert second["as_of"] == "2026-05-20" and D(second["past_due"]) > 0
    bal = re.findall(r"BAL\*M\*(..)\*(.*)~", forms(tmp_path / "o")[f"{april}.x12"])
    steps = {name: D(amount) for name, amount in bal}
    assert steps["PB"] == D(second["previous_balance"]) and steps["TP"] == -D(second["payments"])
    whole = D(json.loads((tmp_path / "o" / f"{april}.json").read_text())["total"])
    assert steps["TT"] == D(second["balance"]) == whole + sum(steps[n] for n in ("PB", "TP", "NA"))
    for form in ("pdf", "html"):
        text = " ".join(forms(tmp_path / "o")[f"{april}.{form}"].split())
        assert f"${second['balance']}" in text and "as of May 20, 2026" in text


def test_what_one_brand_hides_changes_no_paper_of_another(tmp_path: Path, rebill: Call) -> None:
    workspace = nights.make(tmp_path / "w")
    customers = "customer name brand bill_day due_days\nC1 One ACME 15 20\nC2 Two Bird 1 30"
    tables = nights.TABLES | {"customers": customers}
    nights.loaded(workspace, write(tmp_path / "r", contracts=nights.CONTRACT, **tables))
    text = bill(3, nights.USUAL).replace(",1FB,,", ",1FB,Harbor line,")
    put(workspace, [("3.csv", text)])
    night(workspace, "2026-03-10")
    brand(workspace, SILENT)
    other = workspace.root / "brands" / "Bird" / "brand.toml"
    other.parent.mkdir()
    other.write_text(SILENT.replace("Laketel", "Harbor"))
    (one,) = numbers(workspace, "C1")
    here = ("--workspace", workspace.root, "--format", "csv,html", "-o")
    assert rebill("invoices", "render", *here, tmp_path / "all")[0] == 0
    assert rebill("invoices", "render", one, *here, tmp_path / "one")[0] == 0
    together, alone = forms(tmp_path / "all"), forms(tmp_path / "one")
    assert alone == {name: together[name] for name in alone} and "Harbor" in alone[f"{one}.csv"]
    assert {name for name, said in together.items() if "Harbor" in said} == set(alone)


def test_an_invoice_says_in_words_how_it_was_rounded(tmp_path: Path, rebill: Call) -> None:
    assert {"line", *ROUNDED} == set(ROUNDINGS)
    workspace = nights.make(tmp_path / "w")
    customers = "customer name brand bill_day due_days rounding\nC1 One ACME 15 20 line_up\n"
    tables = nights.TABLES | {"customers": f"{customers}C2 Two ACME 1 30 unit"}
    nights.loaded(workspace, write(tmp_path / "r", contracts=nights.CONTRACT, **tables))
    put(workspace, [("3.csv", bill(3, nights.USUAL))])
    night(workspace, "2026-03-10")
    papers = [path.read_text() for path in workspace.outbox.glob("invoices/*/*.html")]
    said = "".join(sorted(papers))
    assert "<p>Each amount is rounded up to the cent.</p>" in said and "line_up" not in said
    assert "<p>The price of one unit is rounded to the cent" in said and len(papers) == 2


def test_a_word_that_a_file_is_called_by_is_no_number(tmp_path: Path, rebill: Call) -> None:
    workspace = nights.make(tmp_path / "w")
    nights.loaded(workspace, write(tmp_path / "r", contracts=nights.CONTRACT, **nights.TABLES))
    text = bill(3, nights.USUAL).replace(",1FB,,", ",1FB,Monthly line march.csv,")
    put(workspace, [("monthly", text), ("march.csv", text.replace("INV3", "INV4"))])
    night(workspace, "2026-03-10")
    brand(workspace, SILENT)
    here = ("--workspace", workspace.root, "--format", "csv", "-o", tmp_path / "o")
    assert rebill("invoices", "render", *here)[0] == 0
    said = "".join(forms(tmp_path / "o").values())
    assert "Monthly line," in said and "march" not in said
