"""What a payee's statement says: who pays whom, what is carried over, and what is to pay now."""

from __future__ import annotations

import html
import re
from decimal import Decimal as D
from pathlib import Path

import nights
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from reference_files import write
from shell import Call, rows

from invoices.schema import CENTS
from rebill.books.statement_paper import account
from rebill.reference.load import load

RULES = """
    deal payee role    method           value share
    AG   ana   agent   percent_of_price 0.10  70
    AG   bell  company percent_of_price 0.10  30
    """
WHO = """
[house]
name = "Us & Co"
address = ["1 Main Street", "Springfield"]
[commissions]
addresses = { ana = ["12 Elm Street", "Columbus"] }
"""
MONTHS = [f"{year}-{month:02d}" for year in (2025, 2026) for month in (1, 2, 3)]
cents = st.decimals(-50, 50, places=2)


def slow(stated: list[tuple[str, D, str]], month: str, now: D) -> tuple[D, D, D, D]:
    """Return carried, to pay, forward and year to date, month by month in plain decimals."""
    debt, year = D(0), now
    for each, amount, status in sorted(stated):
        if each < month and status == "final":
            debt = max(D(0), debt - amount)
            year += amount if each[:4] == month[:4] else 0
    balance = now - debt
    return -debt, max(D(0), balance), min(D(0), balance), year


@given(
    st.dictionaries(st.sampled_from(MONTHS), st.tuples(cents, st.sampled_from(["final", "draft"]))),
    st.sampled_from(MONTHS),
    st.lists(st.tuples(cents, st.booleans()), min_size=1, max_size=5),
)
def test_an_account_foots_and_is_what_one_reckons_month_by_month(
    before: dict[str, tuple[D, str]], month: str, lines: list[tuple[D, bool]]
) -> None:
    now = sum((amount for amount, _ in lines), D(0))
    stated = [(each, *of) for each, of in before.items() if each != month]
    own = [*stated, (month, now, "draft")]
    others = [(month, "abe", D(7), "draft"), (MONTHS[0], "zoe", D(-9), "final")]
    known = [*((each, "bell", amount, status) for each, amount, status in own), *others]
    told = account(
        pl.DataFrame(known, schema={"month": str, "payee": str, "amount": CENTS, "status": str},
                     orient="row"),
        pl.DataFrame(lines, schema={"amount": CENTS, "late": bool}, orient="row"),
        "bell",
        month,
    )  # fmt: skip
    assert (told.carried, told.to_pay, told.forward, told.year) == slow(stated, month, now)
    parts = told.carried + told.earned + told.taken_back + told.late
    assert parts == told.to_pay + told.forward
    assert told.earned >= 0 >= told.taken_back and told.number == f"C-{month}-002"


def test_pdf_and_page_name_payer_payee_number_and_period_and_foot(
    tmp_path: Path, rebill: Call
) -> None:
    workspace = nights.copied(tmp_path / "w", nights.billed)
    write(workspace.root, commissions=RULES)
    assert load(workspace, [workspace.root / "commissions.csv"], given=nights.NOW).ok
    here, settings = ("--workspace", workspace.root), workspace.root / "rebill.toml"
    settings.write_text("")
    assert (
        "fill in name and address in [house]"
        in rebill("commissions", "build", "--month", "2026-03", *here)[2]
    )
    settings.write_text(WHO)
    code, out, err = rebill("commissions", "statement", "ana", "--month", "2026-03", *here)
    assert code == 0 and not err
    papers = {Path(path).suffix: Path(path) for path in out.split()}
    total = sum(D(row["amount"]) for row in rows(papers[".csv"].read_text()))
    page = re.sub("<style>.*?</style>|<[^>]+>", " ", papers[".html"].read_text(), flags=re.S)
    text = " ".join(page.extract_text() for page in PdfReader(papers[".pdf"]).pages)
    for said in (" ".join(html.unescape(page).split()), " ".join(text.split())):
        for part in (
            *("Us & Co 1 Main Street Springfield", "ana 12 Elm Street Columbus", "C-2026-03-001"),
            *("March 1, 2026 to March 31, 2026", "Carried over from before 0.00"),
            *(f"Earned {total:,.2f}", f"To pay now ${total:,.2f}"),
            f"Statements of 2026 to date {total:,.2f}",
        ):
            assert part in said, (part, said)
