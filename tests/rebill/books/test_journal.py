"""The month as a journal: it balances, closed months stay, and other programs accept it."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal as D
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from beancount import loader
from beancount.core import data
from frame_tables import few

from invoices.schema import CENTS
from rebill.books.accounts import CLASSES, component
from rebill.books.entries import Facts
from rebill.books.journal import POSTINGS, balances, journal, settled, unbalanced
from rebill.books.ledgers import beancount, csv, hledger
from reconcile.claims.places import CLAIM_PLACES, STEPS

Row = dict[str, Any]
SHAPES: dict[str, dict[str, Any]] = {
    "documents": {
        "document_id": pl.String, "carrier": pl.String, "invoice_no": pl.String,
        "bill_date": pl.Date, "adjustments": CENTS,
    },
    "totals": {"document_id": pl.String, "charge_class": pl.String, "amount": CENTS},
    "debits": {
        "document_id": pl.String, "carrier": pl.String, "invoice_no": pl.String,
        "debit_on": pl.Date, "amount": CENTS, "status": pl.String, "pulled": CENTS,
        "pulled_on": pl.Date, "returned": CENTS, "returned_on": pl.Date,
    },
    "steps": dict(STEPS),
    "accruals": {
        "code": pl.String, "carrier": pl.String, "bill_date": pl.Date, "billed": CENTS,
        "expected": CENTS,
    },
    "invoices": {
        "invoice_no": pl.String, "customer": pl.String, "bill_date": pl.Date, "status": pl.String,
    },
    "revenue": {
        "invoice_no": pl.String, "charge_class": pl.String, "kind": pl.String, "tax": pl.String,
        "amount": CENTS,
    },
    "payments": {
        "payment": pl.String, "customer": pl.String, "paid_on": pl.Date, "amount": CENTS,
    },
    "commissions": {
        "payee": pl.String, "month": pl.String, "amount": CENTS, "status": pl.String,
    },
}  # fmt: skip


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def facts(**given: list[Row]) -> Facts:
    return Facts(**{n: pl.DataFrame(given.get(n, []), schema=s) for n, s in SHAPES.items()})


def step(number: int, on: str | None, **places: str) -> Row:
    money = {name: D(places.get(name, "0.00")) for name in CLAIM_PLACES}
    start = None if on is None else day(on)
    return {"claim_no": "D-1", "document_id": "d1", "step": number, "on": start, **money}


DOCUMENT = {
    "document_id": "d1",
    "carrier": "ILEC",
    "invoice_no": "B-1",
    "bill_date": day("2026-03-10"),
    "adjustments": D("-5.00"),
}
MONTH = facts(
    documents=[DOCUMENT],
    totals=[
        {"document_id": "d1", "charge_class": "recurring", "amount": D("100.00")},
        {"document_id": "d1", "charge_class": "adjustment", "amount": D("-8.00")},
    ],
    debits=[
        {**DOCUMENT, "debit_on": day("2026-03-25"), "amount": D("92.00"), "status": "debited",
         "pulled": D("92.00"), "pulled_on": day("2026-03-26")},
        {"document_id": "d2", "carrier": "ILEC", "invoice_no": "B-2", "debit_on": day("2026-04-01"),
         "amount": D("3.00"), "status": "returned"},
    ],
    steps=[
        step(0, None, unfiled="20.00"),
        step(1, "2026-03-20", open="20.00"),
        step(2, "2026-05-02", credited="12.00", denied="8.00"),
    ],
    accruals=[
        {"code": "element_not_billed", "carrier": "ILEC", "bill_date": day("2026-03-10"),
         "billed": None, "expected": D("4.00")},
        {"code": "rate_below_contract", "carrier": "ILEC", "bill_date": day("2026-03-10"),
         "billed": D("1.00"), "expected": D("2.50")},
    ],
    invoices=[
        {"invoice_no": "I-1", "customer": "c 1", "bill_date": day("2026-03-15"),
         "status": "issued"},
        {"invoice_no": "I-2", "customer": "C-2", "bill_date": day("2026-03-15"),
         "status": "draft"},
    ],
    revenue=[
        {"invoice_no": "I-1", "charge_class": "recurring", "kind": "charge", "tax": None,
         "amount": D("130.00")},
        {"invoice_no": "I-1", "charge_class": "tax", "kind": "tax", "tax": "State sales tax",
         "amount": D("7.80")},
        {"invoice_no": "I-2", "charge_class": "usage", "kind": None, "tax": None,
         "amount": D("-2.00")},
    ],
    payments=[{"payment": "P1", "customer": "c 1", "paid_on": day("2026-04-03"),
               "amount": D("137.80")}],
    commissions=[{"payee": "agent", "month": "2026-03", "amount": D("13.00"), "status": "final"}],
)  # fmt: skip


def standing(postings: pl.DataFrame, on: str | None = None) -> dict[str, D]:
    made = balances(postings, None if on is None else day(on)).rows()
    return {account: amount for account, amount in made if amount}


def test_a_month_is_booked_as_the_table_says() -> None:
    postings = journal(MONTH)
    one, two = component("c 1"), component("State sales tax")
    assert unbalanced(postings).is_empty()
    assert standing(postings, "2026-03-31") == {
        "Expenses:Carrier:ILEC:Recurring": D("100.00"),
        "Expenses:Carrier:ILEC:Adjustments": D("-13.00"),
        "Expenses:Carrier:ILEC:InDispute": D("-20.00"),
        "Expenses:Carrier:ILEC:Accrued": D("5.50"),
        f"Expenses:Commissions:{component('agent')}": D("13.00"),
        "Assets:Receivable:Disputed:ILEC": D("20.00"),
        f"Assets:Receivable:Customers:{one}": D("137.80"),
        "Assets:Receivable:Customers:C-2": D("-2.00"),
        "Assets:Bank": D("-92.00"),
        "Liabilities:Payable:ILEC": D("5.00"),
        "Liabilities:Accrued:ILEC": D("-5.50"),
        f"Liabilities:Taxes:{two}": D("-7.80"),
        f"Liabilities:Commissions:{component('agent')}": D("-13.00"),
        "Income:Revenue:Recurring": D("-130.00"),
        "Income:Revenue:Usage": D("2.00"),
    }
    later = standing(postings)
    assert "Liabilities:Accrued:ILEC" not in later and later["Assets:Bank"] == D("45.80")
    assert "Assets:Receivable:Disputed:ILEC" not in later
    assert standing(postings, "2026-04-01").get("Expenses:Carrier:ILEC:Accrued") is None
    drafts = postings.filter(state="draft")["key"].unique().to_list()
    assert drafts == ["invoice:I-2"]


def steps_of(n: int, pick: Random, amount: D, on: dt.date) -> list[dict[str, Any]]:
    """Return the steps of a claim whose whole amount goes from unfiled to two other places."""
    steps = []
    claim = {"claim_no": f"D-{n}", "document_id": f"d{n}"}
    path = ["unfiled", *pick.sample(["open", "credited", "denied", "expired"], 2)]
    for number, place in enumerate(path):
        places = {name: amount if name == place else D("0.00") for name in CLAIM_PLACES}
        start = None if number == 0 else on + dt.timedelta(days=30 * number)
        steps.append({**claim, "step": number, "on": start, **places})
    return steps


def world(seed: int) -> Facts:
    """Return the facts of an invented quarter, with names nobody would choose."""
    pick = Random(seed)
    carriers = ["ILEC", "q/w est", 'Ünï "x"', "1st"]
    money = lambda low=-9000: D(pick.randint(low, 90000)) / 100  # noqa: E731
    any_day = lambda: day(f"2026-0{pick.randint(1, 4)}-{pick.randint(1, 28):02}")  # noqa: E731
    documents = [
        {"document_id": f"d{n}", "carrier": pick.choice(carriers), "invoice_no": f'B;"{n}\n|(x)',
         "bill_date": any_day(), "adjustments": pick.choice([None, money()])}
        for n in range(12)
    ]  # fmt: skip
    steps = [step for n in range(8) for step in steps_of(n, pick, money(1), any_day())]
    return facts(
        documents=documents,
        totals=[
            {"document_id": f"d{n}", "charge_class": name, "amount": money()}
            for n in range(12)
            for name in pick.sample(list(CLASSES), 3)
        ],
        debits=[
            {**row, "debit_on": any_day(), "amount": money(0),
             "status": pick.choice(["debited", "expected", "returned", "none", "held"]),
             **pick.choice([{}, {"pulled": money(0), "pulled_on": any_day()},
                            {"pulled": money(0), "pulled_on": any_day(), "returned": money(0),
                             "returned_on": any_day()}])}
            for row in documents
        ],
        steps=steps,
        accruals=[
            {"code": pick.choice(["element_not_billed", "rate_below_contract"]),
             "carrier": pick.choice(carriers), "bill_date": any_day(), "billed": money(0),
             "expected": pick.choice([None, money(0)])}
            for _ in range(8)
        ],
        invoices=[
            {"invoice_no": f"I-{n}", "customer": pick.choice(["a b", "a-b", "A-b", "C1"]),
             "bill_date": any_day(), "status": pick.choice(["draft", "issued"])}
            for n in range(10)
        ],
        revenue=[
            {"invoice_no": f"I-{pick.randint(0, 9)}", "charge_class": pick.choice(list(CLASSES)),
             "kind": pick.choice(["charge", "tax", None]), "tax": pick.choice([None, "VAT", "vat"]),
             "amount": money()}
            for _ in range(40)
        ],
        payments=[{"payment": f"P{n}", "customer": "a b", "paid_on": any_day(), "amount": money()}
                  for n in range(4)],
        commissions=[{"payee": f"x{n}", "month": "2026-02", "amount": money(), "status": "draft"}
                     for n in range(3)],
    )  # fmt: skip


def checked(text: str, path: Path) -> dict[str, D]:
    """Return what beancount makes of each account, once it has nothing to complain of."""
    path.write_text(text, "utf-8")
    entries, errors, _ = loader.load_file(str(path))
    assert not errors, errors[:3]
    sums: dict[str, D] = defaultdict(D)
    for entry in entries:
        if isinstance(entry, data.Transaction):
            for posting in entry.postings:
                sums[posting.account] += posting.units.number
    return {name: amount for name, amount in sums.items() if amount}


@pytest.mark.parametrize("seed", few(5, 12))
def test_whatever_happened_balances_and_beancount_finds_our_balances(
    seed: int, tmp_path: Path
) -> None:
    postings = journal(world(seed))
    assert postings.schema == POSTINGS and unbalanced(postings).is_empty()
    last = postings["on"].max()
    assert isinstance(last, dt.date)
    assert checked(beancount(postings, last), tmp_path / "x.beancount") == standing(postings)


def test_beancount_sees_a_cent_that_is_missing(tmp_path: Path) -> None:
    text = beancount(journal(MONTH))
    broken = text.replace("100.00 USD", "100.01 USD", 1)
    (tmp_path / "x.beancount").write_text(broken)
    assert loader.load_file(str(tmp_path / "x.beancount"))[1]


@pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not on this machine")
@pytest.mark.parametrize("seed", range(3))
def test_hledger_accepts_it_in_strict_mode(seed: int, tmp_path: Path) -> None:
    postings = journal(world(seed))
    last = postings["on"].max()
    assert isinstance(last, dt.date)
    (tmp_path / "x.journal").write_text(hledger(postings, last), "utf-8")
    done = subprocess.run(
        ["hledger", "check", "--strict", "-f", str(tmp_path / "x.journal")],
        capture_output=True,
        text=True,
        check=False,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr[:800]


def test_the_text_for_hledger_says_every_posting() -> None:
    postings = journal(MONTH)
    text = hledger(postings, day("2026-05-31"))
    body = text.partition("What stands at the end")[0]
    assert body.count(" USD\n") == postings.height + 1
    assert all(f"account {name}\n" in text for name in postings["account"].unique())


def test_the_csv_foots_and_is_safe_to_open() -> None:
    import io

    postings = journal(facts(documents=[{**DOCUMENT, "invoice_no": "=1+1", "carrier": "=x"}],
                             totals=[{"document_id": "d1", "charge_class": "tax",
                                      "amount": D("1.00")}]))  # fmt: skip
    frame = pl.read_csv(io.StringIO(csv(postings)), infer_schema=False)
    debit, credit = (frame[n].cast(pl.Decimal(18, 2)).sum() for n in ("debit", "credit"))
    assert debit == credit
    assert not [cell for cell in frame["party"] if cell.startswith("=")]


def test_names_that_would_be_spelled_alike_stay_apart() -> None:
    names = ["a b", "a-b", "A-b", "A b", "", "-", "é", "ILEC", "ilec", "1st", "a" * 100]
    spelled = [component(name) for name in names]
    assert len(set(spelled)) == len(names)
    assert spelled[7] == "ILEC" and spelled[9] == "1st"


# --- months that are closed -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", few(4, 8))
def test_a_closed_month_never_changes_and_the_balances_are_those_of_today(seed: int) -> None:
    before, after = journal(world(seed)), journal(world(seed + 100))
    february = before.filter(pl.col("on") < day("2026-03-01"))
    made = settled(after, february, ["2026-01", "2026-02"])
    old = pl.col("on") < day("2026-03-01")
    assert made.filter(old).sort("key", "account").equals(february.sort("key", "account"))
    assert unbalanced(made).is_empty()
    assert standing(made) == standing(after)
    assert standing(settled(before, february, ["2026-01", "2026-02"])) == standing(before)
    assert settled(before, february, ["2026-01", "2026-02"]).height == before.height
    # What came late is closed with the next month, and counts once.
    march = made.filter(pl.col("on") < day("2026-04-01"))
    again = settled(after, march, ["2026-01", "2026-02", "2026-03"])
    assert standing(again) == standing(after)
    assert again.filter(pl.col("on") < day("2026-04-01")).height == march.height
    assert again.filter(pl.col("on") == day("2026-04-01"), kind="late").is_empty()


def test_what_is_late_of_a_draft_is_a_draft() -> None:
    drafted = journal(MONTH).filter(kind="invoice").with_columns(state=pl.lit("draft"))
    sure = journal(MONTH).filter(pl.col("kind") != "invoice")
    made = settled(pl.concat([sure, drafted]), sure.clear(), ["2026-12"])
    states = made.group_by("state").agg(pl.col("key").unique().sort())
    assert dict(states.iter_rows())["draft"] == drafted["key"].unique().sort().to_list()
    assert set(made["kind"]) == {"late"} and unbalanced(made).is_empty()


def test_nothing_closed_changes_nothing() -> None:
    postings = journal(MONTH)
    assert settled(postings, postings.clear(), []).equals(postings)
    assert journal(facts()).is_empty() and beancount(journal(facts())).startswith("option")
