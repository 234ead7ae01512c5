"""What carriers gave back of claims pays a joint deal only where it is verified line by line."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from claim_nights import came, filed
from frame_tables import frame, rows
from pypdf import PdfReader
from reference_files import write
from shell import Call
from shell import rows as csv_rows

from invoices.schema import CENTS
from rebill.books.recovered import recovered_of
from rebill.cli.failures import WRONG_USAGE
from rebill.reference.load import load
from rebill.workspace.settings import Workspace

CLAIMED = """
    claim_no finding_id service amount
    N1       F1         S1      10.00
    N1       F2         S2      5.00
    N2       F3         .       7.00
    """
SERVICES = """
    service customer product
    S1      C1       voice
    S2      C2       voice
    """
CASES = {
    "a credit that agrees with a line": (
        "N1 F1 D-9 04-01 4.00 line",
        ["N1 of 2026-04-01 C1 4.00 4.00"],
    ),
    "a sum that fills a line, and a part of the next": (
        "N1 F1 D-9 04-01 10.00 tracking_no | N1 F2 D-9 04-01 2.00 tracking_no",
        ["N1 of 2026-04-01 . 12.00 10.00"],
    ),
    "the rest makes all of it good, each on its own day": (
        "N1 F2 D-9 04-01 2.00 tracking_no | N1 F2 D-8 05-01 3.00 claim",
        ["N1 of 2026-04-01 C2 2.00 2.00", "N1 of 2026-05-01 C2 3.00 3.00"],
    ),
    "what a person tells without a line of a bill": (
        "N1 F1 . 04-01 10.00 . | N2 . . 04-02 7.00 .",
        ["N1 of 2026-04-01 C1 10.00 .", "N2 of 2026-04-02 . 7.00 ."],
    ),
    "what a person takes for a claim fills its lines": (
        "N2 F3 D-9 04-01 7.00 hand",
        ["N2 of 2026-04-01 . 7.00 7.00"],
    ),
    "what is taken back": (
        "N1 F1 D-9 04-01 4.00 line | N1 F1 D-9 05-01 -4.00 line",
        ["N1 of 2026-04-01 C1 4.00 4.00", "N1 of 2026-05-01 C1 -4.00 -4.00"],
    ),
}


@pytest.mark.parametrize(("credits", "said"), CASES.values(), ids=CASES)
def test_what_is_verified_of_a_credit(credits: str, said: list[str]) -> None:
    head = "claim_no finding_id credit_id at amount matched_by\n"
    given = frame(head + credits.replace(" | ", "\n"), amount=CENTS)
    back = recovered_of(given, frame(CLAIMED, amount=CENTS), frame(SERVICES))
    verified = back.lines.group_by("invoice_no").agg(verified="price")
    sums = verified.with_columns(verified=verified["verified"].list.sum())
    found = back.bills.join(sums, on="invoice_no", how="left", maintain_order="left")
    assert rows(found, "invoice_no", "customer", "total", "verified") == said


DEAL = """
    deal payee  role    method               value share
    JV   delta  company percent_of_recovered 0.25  50
    JV   <echo> company percent_of_recovered 0.25  50
    """


@pytest.fixture
def joint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with claims of 16.67 and 2.00, of which 10.00 and 2.00 were credited in April."""
    workspace = filed(tmp_path / "w")
    write(workspace.root, commissions=DEAL)
    assert load(workspace, [workspace.root / "commissions.csv"]).ok
    came(
        *(workspace, 4, "2026-04-20", "adjustment - - -10.00 T-7781 in part"),
        "adjustment 1FB 6145550131 -2.00 rate corrected",
    )
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace


def ok(answer: tuple[int, str, str]) -> str:
    assert answer[0] == 0, answer[2]
    return answer[1]


def stated(rebill: Call, month: str) -> list[tuple[str, str, str, str]]:
    found = csv_rows(ok(rebill("export", "commission_lines", "--bill-month", month)))
    return sorted((r["payee"], r["invoice_no"], r["amount"], r["late"]) for r in found)


def test_a_joint_deal_is_paid_as_credits_are_verified(joint: Workspace, rebill: Call) -> None:
    build = ("commissions", "build", "--as-of", "2026-06-30", "--bill-month")
    rebill("invoices", "issue", "--bill-month", "2026-04", "--on", "2026-04-21")
    ok(rebill(*build, "2026-04", "--final"))
    # 25 percent of the 2.00; the 10.00 name a claim, not what of it they are for.
    of_line = "D-000002 of 2026-04-05"
    assert stated(rebill, "2026-04") == [
        ("<echo>", of_line, "0.25", "false"),
        ("delta", of_line, "0.25", "false"),
    ]
    # The rest of the claim comes: all of its line is credited, and April's part is late.
    came(joint, 5, "2026-05-20", "adjustment - - -6.67 T-7781 rest")
    ok(rebill(*build, "2026-05"))
    found = stated(rebill, "2026-05")
    assert {(number, late) for _, number, _, late in found} == {
        ("D-000001 of 2026-04-05", "true"),
        ("D-000001 of 2026-05-05", "false"),
    }
    # 2.50 is 1.25 each; 1.6675 is 1.67, whose odd cent is one of the two's.
    assert sorted(amount for *_, amount, _ in found) == ["0.83", "0.84", "1.25", "1.25"]


def test_the_paper_of_a_deal_says_who_is_paid_what_for_what(
    joint: Workspace, rebill: Call, tmp_path: Path
) -> None:
    ok(rebill("commissions", "build", "--bill-month", "2026-04", "--as-of", "2026-04-30"))
    out = tmp_path / "out"
    names = ok(rebill("commissions", "deal", "JV", "--bill-month", "2026-04", "-o", str(out)))
    assert [Path(name).name for name in names.split()] == [
        f"deal-JV.{form}" for form in ("pdf", "html", "csv")
    ]
    page = html.unescape((out / "deal-JV.html").read_text())
    pdf = " ".join(part.extract_text() for part in PdfReader(out / "deal-JV.pdf").pages)
    for paper in (page, " ".join(pdf.split())):
        for word in ("DRAFT", "<echo>", "C-2026-04-001", "25 % of what was recovered", "0.25"):
            assert word in paper
    assert "<echo>" not in (out / "deal-JV.html").read_text()
    told = csv_rows((out / "deal-JV.csv").read_text())
    assert [(r["payee"], r["base"], r["commission"], r["part"]) for r in told] == [
        ("<echo>", "2.00", "0.50", "0.25"),
        ("delta", "2.00", "0.50", "0.25"),
    ]
    code, _, said = rebill("commissions", "deal", "JW", "--bill-month", "2026-04")
    assert code == WRONG_USAGE and "nobody of deal JW is paid in 2026-04" in said
