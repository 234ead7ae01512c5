"""Every sample of a page (settings, files, what is said of them) is read by what it is meant for.

A block of code that is no command, and that nothing here reads, fails: somebody would copy it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import gate
import nights
import page_examples
import pytest
from checkout import ROOT
from page_examples import PAGES, Block
from typer.testing import CliRunner

from invoices.carrier import parse_profile
from invoices.carrier.csr import read_csr
from invoices.customer.brand import read_brand
from rebill.cli.main import command_line
from rebill.reference.load import load
from rebill.workspace.settings import SETTINGS_FILE, read_settings
from reconcile.claims.forms import parse_form
from reconcile.contracts import read_contracts

DRAFTED = """\
Account,Invoice,Bill Date,Code,Type,Charge Description,Amount,Tax
0123,A1,03/01/2026,1FB,Recurring,Line,25.00,1.50
0123,A1,03/01/2026,NRC,OCC,Order,55.00,1.50
0123,,,,,Subtotal 0123,80.00,
"""
"""The export of which `profiles.md` shows the draft."""


def ran(*words: str) -> str:
    """Return all that a command says."""
    return CliRunner().invoke(command_line(), words).output


def settings(text: str) -> None:
    Path(SETTINGS_FILE).write_text(text)
    read_settings(Path(SETTINGS_FILE))


def contract(text: str) -> None:
    """Read a contract; one that is shown in part goes on below the head of the first one."""
    if not text.startswith("[[contract]]"):
        page = PAGES["docs/formats/reference-tables.md"]
        whole = next(b for b in page_examples.blocks(page) if b.first == "[[contract]]").text
        text = whole.partition("[contract.billing]")[0] + text.replace('"NAME"', '"lines"')
    assert read_contracts(text)


def record(text: str) -> None:
    read = read_csr(text, "a.csr")
    assert read.rows.height > 2 and read.unread.is_empty(), read.unread


def lines(text: str) -> None:
    read = gate.through(text)
    assert read.documents["status"].to_list() == ["loaded"] and read.lines.height == 3


def homes(text: str) -> None:
    """Load where a service was, in a workspace that knows the service."""
    place = nights.fresh(Path("w"))
    tables = {**nights.TABLES, "services": nights.TABLES["services"].replace("S1 ", "LINE-17 ")}
    tables["service_elements"] = tables["service_elements"].replace("S1 ", "LINE-17 ")
    seller = nights.CONTRACT.replace("ILEC", "SELLER").replace("ACME-2026", "OLD")
    contracts = nights.CONTRACT + seller.replace("305R01", "0305R01")
    nights.loaded(place, nights.write(Path("reference"), contracts=contracts, **tables))
    Path("service_accounts.csv").write_text(text)
    result = load(place, [Path("service_accounts.csv")], given=nights.NOW)
    assert result.ok, [str(error) for error in result.errors]


def draft(text: str) -> None:
    Path("north.csv").write_text(DRAFTED)
    said = ran("profiles", "new-from", "north.csv", "--name", "north", "-o", "north.toml")
    assert said == text


def question(text: str) -> None:
    draft(next(b.text for b in page_examples.blocks(PAGES[PROFILES]) if "made of" in b.first))
    asked = Path("north.toml").read_text().replace("\n# ? ", " ")
    assert text.replace("\n# ? ", " ").removeprefix("# ? ") in asked


def refusal(text: str) -> None:
    """Check a profile that has the faults of the page in lines 14 and 15."""
    whole = next(b.text for b in page_examples.blocks(PAGES[FLAT]) if "north-portal" in b.first)
    head = "#\n" * (12 - whole.partition("[flat]\n")[0].count("\n"))
    wrong = whole.replace("[flat]\n", '[flat]\ndelimeter = ";"\nheader_row = "two"\n', 1)
    nights.fresh(Path("w"))
    Path("w/profiles").mkdir(exist_ok=True)
    Path("w/profiles/north.toml").write_text(head + wrong)
    os.chdir("w")
    assert text in ran("profiles", "check", "profiles/north.toml")


def transcript(text: str) -> None:
    """Run a command of a terminal, in a workspace that has billed; it says what is shown."""
    nights.billed(Path("w"))
    typed, _, said = text.removeprefix("$ rebill ").partition("\n")
    assert ran(*typed.split(), "--workspace", "w") == said


PROFILES, FLAT = "docs/formats/profiles.md", "docs/formats/flat.md"
READERS: list[tuple[str, Callable[[str], object]]] = [
    (r"profile = ", parse_profile),
    (r"form = ", parse_form),
    (r"name = ", lambda text: read_brand(text.encode(), "brand.toml")),
    (r"\[\[contract\]\]|\[contract\.", contract),
    (r"\[(books\.accounts|archives|database)\]|\[\[(bank\.statement|dunning\.step)\]\]", settings),
    (r"1?CUSTOMER SERVICE RECORD", record),
    (r"record,carrier,ban,", lines),
    (r"service,carrier,ban,", homes),
    (r"made of ", draft),
    (r"# \? Tax holds", question),
    (r"error: profiles/north\.toml", refusal),
    (r"\$ rebill ", transcript),
]
"""How a sample begins, and what reads it."""
READ_WITH_THEIR_PAGE = {
    "docs/formats/flat.md": ("Billing Number", "tests/invoices/carrier/flat/test_flat_sections.py"),
    "docs/formats/records.md": ("00|1946176", "tests/invoices/carrier/test_typed_records.py"),
    "docs/formats/usage.md": ("From Number|H8310009999", "tests/invoices/carrier/test_usage.py"),
    "docs/operations.md": ("#", "tests/rebill/cli/test_recipes.py"),
    "docs/python.md": ("", "tests/rebill/door/test_page.py"),
}
"""Pages whose samples a test of their own runs: how those begin, and that test."""
RULES = ("price needed = ", "service and usoc > ", "billed = expected + ", "carrier.parse_profile(")
"""Blocks that say a rule, and are nobody's input."""
SHELL = re.compile(r"(rebill|make|export|cp|zcat|ssh-keygen|\.venv/bin/python) ")

SAMPLES = [
    pytest.param(page, block, id=f"{Path(page).name}:{block.row}")
    for page, text in PAGES.items()
    for block in page_examples.blocks(text)
    if not SHELL.match(block.first)
]


@pytest.mark.parametrize(("page", "block"), SAMPLES)
def test_a_sample_of_a_page_is_what_it_is_shown_as(
    page: str, block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    begins, module = READ_WITH_THEIR_PAGE.get(page, ("$^", ""))
    if module and re.match(begins, block.first):
        assert Path(page).name in (ROOT / module).read_text("utf-8")
        return
    if block.first.startswith(RULES):
        return
    text = "".join(
        row for row in block.text.splitlines(keepends=True) if not row.startswith("rebill ")
    )
    for how, reader in READERS:
        if re.match(how, block.first):
            reader(text)
            return
    raise AssertionError(f"{page} row {block.row}: nothing reads this sample")
