"""Invoices as documents, from the command line: brands of the workspace, forms, faults."""

from __future__ import annotations

import io
import json
from decimal import Decimal as D
from pathlib import Path

import pytest
from nights import night, outbox, table
from pypdf import PdfReader
from shell import Call

from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.workspace.settings import Workspace, open_workspace

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
)


def brand(workspace: Workspace, text: str, **files: str) -> Path:
    """Leave the brand ACME in the workspace; `files` are named without their point."""
    folder = workspace.root / "brands" / "ACME"
    folder.mkdir(parents=True)
    (folder / "brand.toml").write_text(text)
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    return folder


def numbers(workspace: Workspace) -> list[str]:
    return table(workspace, "customer_invoices")["invoice_no"].to_list()


def text_of(path: Path) -> str:
    return "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(path.read_bytes())).pages)


def test_every_form_says_the_total_of_the_record(
    billed: Workspace, rebill: Call, tmp_path: Path
) -> None:
    code, out, err = rebill(
        "invoices", "render", "--format", "pdf,html,csv,json", "-o", tmp_path / "o", "--json"
    )
    assert (code, err) == (0, "")
    paths = [Path(row["file"]) for row in json.loads(out)]
    assert len(paths) == 4 * len(numbers(billed))
    for row in table(billed, "customer_invoices").iter_rows(named=True):
        base = tmp_path / "o" / row["invoice_no"]
        said = json.loads(base.with_suffix(".json").read_text())
        assert said["total"] == row["total"] == str(sum(D(x["price"]) for x in said["lines"]))
        assert f"${row['total']}" in text_of(base.with_suffix(".pdf"))
        assert f"${row['total']}" in base.with_suffix(".html").read_text()
        assert row["total"] in base.with_suffix(".csv").read_text()
    night_page = outbox(billed)[f"invoices/2026-03/{numbers(billed)[0]}.html"]
    assert (tmp_path / "o" / f"{numbers(billed)[0]}.html").read_bytes() == night_page


def test_a_brand_dresses_pdf_and_page_alike(billed: Workspace, rebill: Call) -> None:
    folder = brand(
        billed, 'name = "Acme Voice"\nphone = "800-555-0199"\nlogo = "a.svg"', a_svg=LOGO
    )
    (folder / "more.txt").write_text("not looked at")
    code, _, err = rebill("invoices", "render", numbers(billed)[0], "--format", "pdf,html")
    assert (code, err) == (0, "")
    base = billed.outbox / "invoices" / "2026-03" / numbers(billed)[0]
    html = base.with_suffix(".html").read_text()
    assert "Acme Voice" in html and "800-555-0199" in html and "data:image/svg+xml;base64" in html
    assert "800-555-0199" in text_of(base.with_suffix(".pdf"))


def test_a_template_of_the_brand_takes_the_place_of_ours(billed: Workspace, rebill: Call) -> None:
    own = '#let d = json(bytes(sys.inputs.data))\nOurs: #d.invoice_no #image("a.svg")'
    brand(billed, 'template = "i.typ"\nlogo = "a.svg"', i_typ=own, a_svg=LOGO)
    assert rebill("invoices", "render", numbers(billed)[0])[0] == 0
    path = billed.outbox / "invoices" / "2026-03" / f"{numbers(billed)[0]}.pdf"
    assert f"Ours: {numbers(billed)[0]}" in text_of(path)


@pytest.mark.parametrize(
    ("text", "files", "told"),
    [
        ('logo = "gone.png"', {}, "brands/ACME/gone.png is named by brand.toml and is not there"),
        ('template = "t.typ"', {"t_typ": '#import "@preview/x:1.0.0": *'}, "wants a package"),
        ('template = "t.typ"', {"t_typ": "#boom"}, "unknown variable: boom"),
        ('template = "t.typ"', {"t_typ": '#read("/etc/passwd")'}, "not found"),
        ('page = "p.html"', {"p_html": "{% if %}"}, "start from the default page"),
        ('page = "p.html"', {"p_html": "{{ summary }}"}, "does not show {{ detail }}"),
        ('logo = "x.png"', {"x_png": "no image"}, "is no png image"),
        ("oops", {}, "it is not TOML"),
    ],
)
def test_a_brand_that_cannot_be_used_is_told_and_writes_nothing(
    billed: Workspace,
    rebill: Call,
    text: str,
    files: dict[str, str],
    told: str,
) -> None:
    brand(billed, text, **files)
    code, out, err = rebill("invoices", "render", "--format", "pdf,html")
    assert code == NEEDS_A_PERSON and told in err
    assert ".pdf" not in out


def test_a_link_out_of_the_folder_is_not_followed(
    billed: Workspace, rebill: Call, tmp_path: Path
) -> None:
    (tmp_path / "secret.svg").write_text(LOGO)
    folder = brand(billed, 'logo = "a.svg"')
    (folder / "a.svg").symlink_to(tmp_path / "secret.svg")
    assert "leads out of the brand's folder" in rebill("invoices", "render")[2]


def test_the_night_leaves_pdfs_where_the_settings_ask_for_them(billed: Workspace) -> None:
    assert not [name for name in outbox(billed) if name.endswith(".pdf")]
    with (billed.root / "rebill.toml").open("a") as file:
        file.write("\n[invoices]\npdf = true\n")
    again = open_workspace(billed.root)
    night(again, "2026-03-11")
    assert len([name for name in outbox(again) if name.endswith(".pdf")]) == 2
    assert night(again, "2026-03-11").written == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["NO-1"], "there is no invoice NO-1"),
        (["--format", "doc"], "is no form"),
        (["-o", __file__], "is a file; name a folder"),
    ],
)
def test_what_is_asked_wrongly_is_wrong_usage(
    billed: Workspace,
    rebill: Call,
    words: list[str],
    told: str,
) -> None:
    code, _, err = rebill("invoices", "render", *words)
    assert code == WRONG_USAGE and told in err


def test_a_brand_is_never_a_path(billed: Workspace) -> None:
    from rebill.workspace.brands import brand_folder

    (billed.root / "brands" / "A").mkdir(parents=True)
    (billed.root / "secret").mkdir()
    assert brand_folder(billed, "A") is not None
    for name in ("..", ".", "", "../secret", "/etc", "A/../../secret", "\0", "Q" * 300, "é" * 200):
        assert brand_folder(billed, name) is None
