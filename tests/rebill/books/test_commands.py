"""Margins, commissions and books from the command line, on a record that nights have made."""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import nights
import polars as pl
import pytest
import sqlalchemy as sa
from beancount import loader
from nights import bill, night, put, table
from pypdf import PdfReader
from reference_files import write
from shell import Call, rows

from rebill import store
from rebill.books.statements import earned_so_far
from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.pricing.earning.commissions import EARNED, stated
from rebill.pricing.shares.turns import Before
from rebill.reference.load import load
from rebill.store.models import BulkFile
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

RULES = """
    deal payee role      method            value share product
    AG   ana   agent     percent_of_price  0.10  70
    AG   bell  sub_agent percent_of_price  0.10  30
    JV   delta company   percent_of_margin 0.5   100
    UP   ana   agent     one_off           12.50 100
    """
SERVING = """
    support bad_debt float_days cost_of_capital target_margin
    2.00    0.02     30         0.12            0.10
    """


@pytest.fixture
def billed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with an invoice of March and one of April, and rules to earn by."""
    workspace = nights.copied(tmp_path / "w", billed_with_rules)
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace


def billed_with_rules(root: Path) -> None:
    workspace = nights.billed(root)
    give(workspace, "commissions", RULES)
    give(workspace, "cost_to_serve", SERVING)


def give(workspace: Workspace, name: str, text: str) -> Any:
    """Load a reference table from an aligned table."""
    write(workspace.root, **{name: text})
    return load(workspace, [workspace.root / f"{name}.csv"], given=nights.NOW)


def ok(answer: tuple[int, str, str]) -> str:
    assert answer[0] == 0, answer[2]
    return answer[1]


# --- margin --------------------------------------------------------------------------------------


def test_margins_foot_with_the_invoices_however_they_are_asked_for(
    billed: Workspace, rebill: Call
) -> None:
    bills = table(billed, "customer_invoices").filter(status="draft")
    total = sum(map(D, bills["total"].to_list()))
    for by in ("customer", "service", "product", "carrier", "month", "line", "total"):
        found = rows(ok(rebill("margin", "report", "--by", by, "--format", "csv")))
        assert sum(D(row["price"]) + D(row["taxes"]) for row in found) == total
        assert all(D(row["price"]) - D(row["cost"]) == D(row["margin"]) for row in found)
    told = json.loads(ok(rebill("margin", "report", "--format", "json")))
    assert {row["customer"] for row in told} == set(bills["customer"])
    assert rows(nights.exported(billed, "margins")["margins"])[-1]["by"] == "total"


def test_the_page_of_margins_is_self_contained(
    billed: Workspace, rebill: Call, tmp_path: Path
) -> None:
    ok(rebill("margin", "report", "--format", "html", "-o", tmp_path / "m" / "m.html"))
    html = (tmp_path / "m" / "m.html").read_text()
    assert html.count("<svg") >= 4 and "Sold below cost" in html
    assert not [word for word in ("http:", "https:", "<script", "<link") if word in html]


def test_a_quote_says_the_markup_or_what_is_missing(billed: Workspace, rebill: Call) -> None:
    (row,) = json.loads(ok(rebill("margin", "quote", "--customer", "C1", "--json")))
    assert D(row["markup_needed"]) > 0 and row["stays_under_retail"] is None
    parts = ("cost", "to_serve", "float_cost", "bad_debt", "margin")
    assert sum(D(row[name]) for name in parts) == D(row["price_needed"])
    assert D(row["margin_share"]) >= D("0.0999")
    code, _, err = rebill("margin", "quote", "--target", "0.99")
    assert code == NEEDS_A_PERSON and "leave nothing of the price" in err
    code, _, err = rebill("margin", "quote", "--target", "25")
    assert code == WRONG_USAGE and "write 0.25" in err
    code, _, err = rebill("margin", "quote", "--bill-month", "2025-01")
    assert code == WRONG_USAGE and "name another --bill-month" in err


@pytest.mark.parametrize("words", [["--by", "moon"], ["--format", "doc"], ["--only", "x"]])
def test_a_report_that_does_not_exist_is_wrong_usage(
    billed: Workspace, rebill: Call, words: list[str]
) -> None:
    assert rebill("margin", "report", *words)[0] == WRONG_USAGE


# --- commissions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            RULES.replace("30\n", "31\n", 1),
            "the shares of percent_of_price of deal AG add up to 101",
        ),
        (RULES.replace("0.10  30", "0.11  30"), "has another value here than in its first row"),
        (RULES.replace("0.5   100", "5     100"), "pays more than the whole"),
        ("deal payee method value service customer\nD p flat 1 S1 C1", "names too much"),
        ("deal payee method value\nD p flat -1", "-1"),
        ("deal payee method value customer\nD p flat 1 NOBODY", "NOBODY"),
        ("deal payee method value\nD p gift 1", "gift"),
    ],
)
def test_rules_that_are_not_right_are_refused_with_their_row(
    billed: Workspace, text: str, told: str
) -> None:
    result = give(billed, "commissions", text)
    assert not result.ok and told in "\n".join(map(str, result.errors)), result.errors
    assert "commissions.csv" in str(result.errors[0])


def test_statements_foot_with_the_invoices(billed: Workspace, rebill: Call) -> None:
    made = json.loads(ok(rebill("commissions", "build", "--month", "2026-03", "--json")))
    assert {row["payee"] for row in made} == {"ana", "bell", "delta"}
    lines = rows(nights.exported(billed, "commission_lines")["commission_lines"])
    for row in made:
        own = [D(line["amount"]) for line in lines if line["payee"] == row["payee"]]
        assert sum(own) == D(row["amount"])
    bills = {b["invoice_no"]: b for b in table(billed, "customer_invoices").to_dicts()}
    for row in json.loads(ok(rebill("commissions", "show", "--payee", "ana", "--json"))):
        assert D(row["total"]) == D(bills[row["invoice_no"]]["total"])
        assert 0 < D(row["commissionable"]) <= D(row["total"])
    paper = billed.outbox / "commissions" / "2026-03" / "ana"
    text = "\n".join(p.extract_text() for p in PdfReader(paper.with_suffix(".pdf")).pages)
    total = next(row["amount"] for row in made if row["payee"] == "ana")
    assert f"${total}" in text and "DRAFT" in text
    sheet = rows(paper.with_suffix(".csv").read_text())
    assert sum(D(row["amount"]) for row in sheet) == D(total)


def test_the_view_of_a_deal_leaves_us_the_rest_of_the_margin(
    billed: Workspace, rebill: Call
) -> None:
    ok(rebill("commissions", "build", "--month", "2026-03"))
    view = json.loads(ok(rebill("commissions", "show", "--deal", "JV", "--json")))
    assert [row["payee"] for row in view] == ["delta", None]
    assert sum(D(row["amount"]) for row in view) == D(view[0]["margin"])


ALIKE = """
    deal payee role      method            value  share
    AG   ana   agent     percent_of_price  0.1037 50
    AG   bell  sub_agent percent_of_price  0.1037 50
    """


def test_the_view_of_a_deal_says_who_carries_the_odd_cent(billed: Workspace, rebill: Call) -> None:
    give(billed, "commissions", ALIKE)
    ok(rebill("commissions", "build", "--month", "2026-03"))
    view = json.loads(ok(rebill("commissions", "show", "--deal", "AG", "--json")))
    by_party = {row["payee"]: row["parts"] or [] for row in view}
    for row in view[:2]:
        assert sum(D(part["amount"]) for part in row["parts"]) == D(row["amount"])
    # 27.50 x 0.1037 is 2.85175, rounded once: 2.85, so that one of the two has 1.43.
    first = [by_party[payee][0] for payee in ("ana", "bell")]
    assert {(p["base"], p["exact"], p["commission"]) for p in first} == {
        ("27.50", "2.85175", "2.85")
    }
    assert {p["exact_part"] for p in first} == {"1.425"}
    assert sorted(p["part"] for p in first) == ["1.42", "1.43"]
    said = {p["odd_cent"]: p["why"] for p in first}
    assert said["0.01"].endswith("its turn") and said["0.00"].endswith("another's turn")
    code, text, _ = rebill("commissions", "show", "--deal", "AG", "--month", "2026-03")
    assert code == 0 and "equal remainders, its" in text and "house" in text
    lines = rows(nights.exported(billed, "commission_lines")["commission_lines"])
    lines = [row for row in lines if row["deal"] == "AG"]
    for payee, parts in by_party.items():
        for part in parts:
            own = [r for r in lines if (r["payee"], r["invoice_no"]) == (payee, part["invoice_no"])]
            assert sum(D(row["amount"]) for row in own) == D(part["part"])
            assert sum(D(row["basis"]) for row in own) == D(part["base"])


def test_statements_of_an_earlier_version_are_gone_on_with(billed: Workspace, rebill: Call) -> None:
    give(billed, "commissions", ALIKE.replace("0.1037", "0.0132"))
    ok(rebill("invoices", "issue", "--bill-month", "2026-03", "--as-of", "2026-03-16"))
    ok(rebill("commissions", "build", "--month", "2026-03", "--final"))
    files = [p for p in billed.root.rglob("*.parquet") if "late" in pl.read_parquet_schema(p)]
    (file,) = files
    kept = pl.read_parquet(file)
    # The earlier version rounded line by line and kept neither the rule nor what it came to.
    with reading(billed) as record:
        by_row = earned_so_far(record, Before(by_row=["2026-03"]))
    old = stated(by_row, EARNED.to_frame(), "2026-03", []).with_columns(
        carrier=pl.lit(None, dtype=pl.String)
    )
    assert old["amount"].to_list() != kept["amount"].to_list()
    old.select(kept.columns).drop("rule", "exact").write_parquet(file)
    with store.transaction(billed) as connection:  # nor a digest
        own = sa.update(BulkFile).where(BulkFile.kind == "commissions")
        connection.execute(own.values(sha256=None, amount=old["amount"].sum()))
    told = json.loads(ok(rebill("commissions", "show", "--deal", "AG", "--json")))
    assert "row by row" in told[0]["parts"][0]["why"] and told[0]["parts"][0]["exact"] is None
    ok(rebill("commissions", "build", "--month", "2026-04"))
    april = json.loads(ok(rebill("commissions", "show", "--month", "2026-04", "--json")))
    assert april == []
    again = json.loads(ok(rebill("commissions", "show", "--deal", "AG", "--json")))
    assert again == told


def test_what_is_final_stays_and_what_is_not_there_is_told(
    billed: Workspace, rebill: Call, tmp_path: Path
) -> None:
    code, _, err = rebill("commissions", "build", "--month", "2026-03", "--final")
    assert code == WRONG_USAGE and "are drafts" in err
    ok(rebill("invoices", "issue", "--bill-month", "2026-03", "--as-of", "2026-03-16"))
    first = ok(rebill("commissions", "build", "--month", "2026-03", "--final", "--json"))
    code, _, err = rebill("commissions", "build", "--month", "2026-03")
    assert code == WRONG_USAGE and "are final" in err
    numbers = table(billed, "customer_invoices")["invoice_no"].to_list()
    ok(rebill("invoices", "void", *numbers, "--as-of", "2026-04-02", "--note", "wrong"))
    ok(rebill("commissions", "build", "--month", "2026-04"))
    shown = json.loads(ok(rebill("commissions", "show", "--json")))
    assert [row for row in shown if row["month"] == "2026-03"] == json.loads(first)
    april = {row["payee"]: D(row["amount"]) for row in shown if row["month"] == "2026-04"}
    march = {row["payee"]: D(row["amount"]) for row in json.loads(first)}
    assert april == {payee: -amount for payee, amount in march.items()}
    out = ok(rebill("commissions", "statement", "ana", "--month", "2026-04", "-o", tmp_path / "s"))
    assert len(out.split()) == 3 and all(Path(name).exists() for name in out.split())
    code, _, err = rebill("commissions", "statement", "nobody", "--month", "2026-04")
    assert code == WRONG_USAGE and "there is no statement of 2026-04 for nobody" in err


# --- books ---------------------------------------------------------------------------------------


def test_the_books_agree_with_the_record_and_beancount_with_the_books(
    billed: Workspace, rebill: Call, tmp_path: Path
) -> None:
    ok(rebill("commissions", "build", "--month", "2026-03"))
    for day in ("2026-03-04", "2026-03-31", "2026-12-31"):
        found = json.loads(ok(rebill("books", "check", "--as-of", day, "--json")))
        assert all(D(row["difference"]) == 0 for row in found)
    assert D(found[0]["books"]) > 0
    ok(rebill("books", "export", "--through", "2026-03", "-o", tmp_path / "b.beancount"))
    entries, errors, _ = loader.load_file(str(tmp_path / "b.beancount"))
    assert entries and not errors
    standing = json.loads(ok(rebill("books", "balances", "--as-of", "2026-03-31", "--json")))
    asserted = {e.account: str(e.amount.number) for e in entries if type(e).__name__ == "Balance"}
    assert asserted == {row["account"]: row["amount"] for row in standing}
    foot = rows(ok(rebill("books", "export", "--format", "csv", "--month", "2026-03")))
    assert sum(D(r["debit"] or 0) for r in foot) == sum(D(r["credit"] or 0) for r in foot) > 0
    assert "account Assets" in ok(rebill("books", "export", "--format", "hledger"))


def test_a_closed_month_stays_as_it_was_closed(billed: Workspace, rebill: Call) -> None:
    code, _, err = rebill("books", "close", "2026-03", "--as-of", "2026-04-05")
    assert code == WRONG_USAGE and "of drafts" in err
    ok(rebill("invoices", "issue", "--bill-month", "2026-03", "--as-of", "2026-03-31"))
    code, _, err = rebill("books", "close", "2026-03", "--as-of", "2026-03-31")
    assert code == WRONG_USAGE and "has not ended" in err
    ok(rebill("books", "close", "2026-03", "--as-of", "2026-04-05", "--who", "ana"))
    before = ok(rebill("books", "journal", "--month", "2026-03", "--json"))
    assert "already" in rebill("books", "close", "2026-03", "--as-of", "2026-04-05")[2]
    # A bill of March that comes late, with its claim, is booked in April.
    put(billed, [("late.csv", bill(3, "1FB 6145550131 20.00 20.00", number="LATE"))])
    night(billed, "2026-04-06")
    assert ok(rebill("books", "journal", "--month", "2026-03", "--json")) == before
    after = json.loads(ok(rebill("books", "journal", "--month", "2026-04", "--json")))
    assert [row for row in after if row["kind"] == "late" and row["key"].startswith("bill:")]
    assert ok(rebill("books", "check", "--as-of", "2026-04-30"))


@pytest.mark.parametrize(
    "words",
    [["export", "--format", "ledger"], ["export", "--month", "2026-03", "--through", "2026-03"]],
)
def test_what_the_books_cannot_say_is_wrong_usage(
    billed: Workspace, rebill: Call, words: list[str]
) -> None:
    assert rebill("books", *words)[0] == WRONG_USAGE


def test_the_record_of_both_databases_keeps_statements_and_months(any_workspace: Workspace) -> None:
    from rebill.books.closing import books, closed_months
    from rebill.books.statements import build, statements
    from rebill.store.record import reading

    assert build(any_workspace, "2026-03", False, None, nights.now).is_empty()
    with reading(any_workspace) as record:
        assert books(record).is_empty() and closed_months(record).is_empty()
        assert statements(record).is_empty()


# --- EDI -----------------------------------------------------------------------------------------


def test_the_811_of_an_invoice_is_read_by_our_own_reader(
    billed: Workspace, rebill: Call, tmp_path: Path
) -> None:
    from x12_paper import through_bytes

    ok(rebill("invoices", "render", "--format", "811", "-o", tmp_path))
    files = sorted(tmp_path.glob("*.x12"))
    bills = {b["invoice_no"]: b for b in table(billed, "customer_invoices").to_dicts()}
    assert len(files) == len(bills)
    for path in files:
        read = through_bytes(path.read_bytes(), path.name)
        (document,) = read.documents.to_dicts()
        own = bills[document["invoice_no"]]
        assert document["status"] == "loaded" and read.quarantine.is_empty()
        assert str(document["total_due"]) == own["total"]
        assert (document["ban"], str(document["bill_date"])) == (own["customer"], own["bill_date"])
        lines = table(billed, "customer_lines").filter(invoice_no=own["invoice_no"])
        said = sorted(zip(lines["usoc"], lines["price"], lines["service_until"], strict=True))
        shown = read.lines.select("usoc", "amount", "service_until").rows()
        assert sorted((u, str(a), str(d)) for u, a, d in shown) == said
