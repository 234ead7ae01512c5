"""Customers who agreed are debited once, by a file that any reader takes, and returns reopen."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import nights
import polars as pl
import postgres
import pytest
from achkit import validate
from bank_writers import Batch, Entry, File
from bank_writers import nacha as paper
from owing_world import AGREED, owing
from reference_files import write
from shell import Call

from invoices.bank import nacha
from invoices.schema import CENTS
from rebill.books.closing import proof
from rebill.receivables import collect
from rebill.receivables.balances import balances
from rebill.receivables.debits import sent
from rebill.reference.load import load
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

day = dt.date.fromisoformat


@pytest.fixture
def owed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = nights.copied(tmp_path / "w", owing)
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace


@pytest.fixture
def owed_elsewhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgres_server: str,
    upgraded_postgres: str,
) -> Iterator[Workspace]:
    """The same on PostgreSQL."""
    with postgres.fresh_database(postgres_server, "receivables", upgraded_postgres) as url:
        workspace = nights.copied(tmp_path / "w", owing, url)
        monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
        yield workspace


def debit(rebill: Call, on: str, *words: str) -> tuple[list[tuple[str, str, str]], list[str]]:
    code, out, err = rebill("receivables", "debit", "--as-of", on, "--json", "--yes", *words)
    assert code == 0, err
    told = json.loads(out)
    entries = [(row["customer"], row["kind"], row["amount"]) for row in told["debits"]]
    return entries, [row["why"] for row in told["left_out"]]


def owes(workspace: Workspace, on: str) -> dict[str, str]:
    with reading(workspace) as record:
        assert not proof(record, day(on))["difference"].abs().sum()
        return dict(balances(record, day(on)).select("customer", "total").cast(str).rows())


FIRST, LIVE, SETTLED = "2026-04-01", "2026-04-07", "2026-04-08"
"""The prenotes settle on the 2nd and have had their three banking days on the 7th."""


def debited(workspace: Workspace, rebill: Call) -> Path:
    """Let the prenotes go, then the debits; return the file of the debits."""
    debit(rebill, FIRST, "--keep")
    debit(rebill, LIVE, "--keep")
    return workspace.outbox / "debits" / f"{LIVE}-A.ach"


def test_an_account_gets_a_prenote_first_and_each_invoice_is_debited_once(
    owed: Workspace, rebill: Call
) -> None:
    before = nights.kept(owed)
    first = ([("C2", "prenote", "0.00"), ("C1", "prenote", "0.00")], [])  # nothing is due yet
    assert debit(rebill, FIRST) == first
    assert nights.kept(owed) == before and not (owed.outbox / "debits").exists()
    assert debit(rebill, FIRST, "--keep") == first
    early = ["its prenote of 2026-04-02 has not had three banking days"] * 2
    assert debit(rebill, "2026-04-06", "--keep") == ([], early)
    live = [("C2", "debit", "3.66"), ("C1", "debit", "27.50")]
    assert debit(rebill, LIVE, "--keep") == (live, [])
    assert debit(rebill, LIVE, "--keep") == ([], ["it is debited on 2026-04-08"] * 2)
    assert owes(owed, LIVE) == {"C1": "27.50", "C2": "3.66"}
    assert owes(owed, SETTLED) == {}
    rows = nights.exported(owed, "customer_debits", as_of=SETTLED)["customer_debits"]
    assert [row.split(",")[8] for row in rows.splitlines()[1:]] == ["prenote"] * 2 + ["settled"] * 2


def test_the_file_is_taken_by_our_reader_and_by_another(
    owed: Workspace, rebill: Call, tmp_path: Path
) -> None:
    path = debited(owed, rebill)
    for name in (f"{FIRST}-A", f"{LIVE}-A"):
        text = path.with_name(f"{name}.ach").read_text()
        assert {len(line) for line in text.splitlines()} == {94} and text.count("\n") % 10 == 0
        assert validate(text) == {"ok": True, "errors": []}
        assert nacha.read(text.encode()).ok
    found = nacha.read(path.read_bytes()).entries.sort("trace")
    told = found.select("sec", "direction", "amount", "settled_on", "individual_name").rows()
    assert told == [
        ("CCD", "debit", D("3.66"), day(SETTLED), "C2"),  # no bank takes Chinese
        ("PPD", "debit", D("27.50"), day(SETTLED), "SON & DAUGHTER"),
    ]
    again = tmp_path / "again.ach"
    assert rebill("receivables", "debit", "--again", f"{LIVE}-A", "-o", again)[0] == 0
    assert again.read_bytes() == path.read_bytes()
    code, _, err = rebill("receivables", "debit", "--as-of", LIVE, "-o", again)
    assert code == 2 and "add --keep" in err


def bank_says(workspace: Workspace, rebill: Call, *said: tuple[str, str, str]) -> None:
    """Let the bank's file say something of the debits of customers: R.. or C.., what is right."""
    with reading(workspace) as record:
        traces = dict(sent(record).filter(amount=D("0.00")).select("customer", "trace").rows())
        live = sent(record).filter(pl.col("amount") > 0)
        traces |= dict(live.select("customer", "trace").rows())
        amounts = dict(live.select("customer", "amount").rows())
    entries = []
    for customer, code, data in said:
        trace, amount = traces[customer], amounts.get(customer, D(0))
        if code < "R":
            change = (code, trace, data)
            entries.append(Entry(D(0), "26", "07640125", "1", changed=change))
        else:
            entries.append(Entry(amount, "26", "07640125", "1", returned=(code, trace)))
    file = File([Batch(entries, sec="PPD", effective=day("2026-04-10"))], day("2026-04-09"))
    path = workspace.root / "returns.ach"
    path.write_bytes(paper(file))
    for became in ("booked", "repeated"):
        code, out, err = rebill("cash", "import", path, "--as-of", "2026-04-10", "--yes")
        assert code == 0 and became in out, out + err


def test_a_debit_that_comes_back_reopens_its_invoice(
    owed_elsewhere: Workspace, rebill: Call
) -> None:
    owed = owed_elsewhere
    debited(owed, rebill)
    before = nights.exported(owed, "pull_events")
    bank_says(owed, rebill, ("C1", "R01", ""), ("C2", "R10", ""), ("C1", "C01", "00123456780"))
    assert nights.exported(owed, "pull_events") == before  # none of it is a carrier's pull
    assert owes(owed, "2026-04-09") == {}
    assert owes(owed, "2026-04-10") == {"C1": "27.50", "C2": "3.66"}
    entries, why = debit(rebill, "2026-04-13", "--keep")
    assert not entries and [words[:46] for words in why] == [
        "its debit came back on 2026-04-10, R01: insuff",
        "its debit came back on 2026-04-10, R10: consum",
    ]
    code, out, _ = rebill("receivables", "returns", "--as-of", "2026-04-13", "--json")
    assert "00123456780" not in out and "****6780" in out
    rows = {row["customer"]: row for row in json.loads(out) if row["code"] > "R"}
    assert rows["C1"]["amount"] == "27.50" and "pay" in rows["C1"]["remedy"]
    assert rows["C2"]["account"] == "****4411" and "newer" in rows["C2"]["remedy"]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (("076401251", "076401252"), "routing '076401252' is no routing number"),
        (("076401251", "76401251"), "no routing number of nine digits"),
        (("00123456789", "1.234E+10"), "account '****'"),
        (("00123456789", "001234567890123456"), "account '****'"),
        (("00123456789", "-"), "some are given and some are not"),
        (("ppd", "web"), "sec 'web' is not one of ppd, ccd"),
    ],
)
def test_what_cannot_be_debited_is_refused_when_it_is_loaded(
    owed: Workspace, cell: tuple[str, str], told: str
) -> None:
    write(owed.root / "wrong", customers=AGREED.replace(*cell, 1))
    result = load(owed, [owed.root / "wrong"], given=nights.NOW)
    words = "\n".join(map(str, result.errors))
    assert not result.ok and told in words and "0012345678" not in words


def test_without_settings_the_command_says_what_they_lack(owed: Workspace, rebill: Call) -> None:
    path = owed.root / "rebill.toml"
    path.write_text(path.read_text().replace('company_id = "1234567890"\n', ""))
    code, _, err = rebill("receivables", "debit", "--as-of", FIRST, "--keep", "--yes")
    assert code == 2 and "company_id" in err


CUSTOMER = {
    **{"customer": "C1", "name": "One", "routing": "076401251", "account": "1"},
    **{"account_type": "checking", "sec": "ppd", "ach_authorised_on": day("2026-03-20")},
}
ITEM = {"customer": "C1", "invoice_no": "N1", "due_date": day("2026-04-04"), "open": D("27.50")}


@pytest.mark.parametrize(
    ("item", "settings", "why"),
    [
        ({}, {}, None),
        ({"open": D("99999999.99")}, {}, None),
        ({"open": D("100000000.00")}, {}, "it is more than one entry can carry, 99,999,999.99"),
        ({"due_date": day("2026-04-05")}, {}, "nothing is due"),
        ({"due_date": day("2026-04-05")}, {"days_after_due": -1}, None),
        ({}, {"days_after_due": 1}, "nothing is due"),
        ({"open": D("0.00")}, {}, "nothing is due"),
        ({"invoice_no": None, "open": D("5.00")}, {}, "nothing is due"),
        ({}, {"prenote": True}, "its prenote goes first"),
        ({}, {"as_of": day("2026-03-19")}, "nothing is due"),  # it agreed on the day after
    ],
)
def test_what_is_debited_is_due_and_fits(
    item: dict[str, object], settings: dict[str, object], why: str | None
) -> None:
    settles = day("2026-04-04")
    usual: dict[str, object] = {"as_of": settles, "settles_on": settles, "proven_until": settles}
    items = pl.DataFrame([ITEM | item], {n: collect.ENTRIES.get(n, CENTS) for n in ITEM})
    at = collect.Day(**(usual | {"prenote": False} | settings))  # type: ignore[arg-type]
    entries, left = collect.decide(items, pl.DataFrame([CUSTOMER]), collect.SENT.to_frame(), at)
    debits = entries.filter(pl.col("invoice_no").is_not_null())
    if why is None:
        assert debits["amount"].to_list() == [(ITEM | item)["open"]] and left.is_empty()
    else:
        assert debits.is_empty() and (left["why"].to_list() or ["nothing is due"]) == [why]


MARK = collect.able(pl.DataFrame([CUSTOMER]), day("2026-04-01"))["mark"].item()


@pytest.mark.parametrize(
    ("said", "now", "why"),
    [
        ({}, {}, None),
        ({"code": "R10"}, {}, "R10 on 2026-04-03: consumer does not know"),
        ({"code": "R10"}, {"ach_authorised_on": day("2026-04-03")}, "R10"),
        ({"code": "R10"}, {"ach_authorised_on": day("2026-04-04")}, None),
        ({"code": "R10"}, {"account": "2"}, "R10"),
        ({"code": "R01"}, {}, None),
        ({"code": "R03"}, {}, "R03 on 2026-04-03: no account"),
        ({"code": "R99"}, {}, "R99 on 2026-04-03: returned"),
        ({"code": "R03"}, {"account": "2"}, "its prenote goes first"),
        ({"change": "C01"}, {}, "C01 on 2026-04-03: account number to be changed first"),
        ({"change": "C01"}, {"account": "2"}, "its prenote goes first"),
        ({"change": "C04"}, {}, None),
        ({"settles_on": day("2026-04-02")}, {}, "its prenote of 2026-04-02 has not had three"),
    ],
)
def test_what_the_bank_says_stops_the_debits_until_it_is_cured(
    said: dict[str, object], now: dict[str, object], why: str | None
) -> None:
    on = {"returned_on" if "code" in said else "changed_on": day("2026-04-03")}
    prenote = {"trace": "1", "customer": "C1", "mark": MARK, "settles_on": day("2026-04-01")}
    told = prenote | said | (on if {"code", "change"} & set(said) else {})
    sent = pl.DataFrame([dict.fromkeys(collect.SENT) | told], collect.SENT)
    at = collect.Day(day("2026-04-07"), day("2026-04-08"), day("2026-04-01"))
    items = pl.DataFrame([ITEM], {n: collect.ENTRIES.get(n, CENTS) for n in ITEM})
    entries, left = collect.decide(items, pl.DataFrame([CUSTOMER | now]), sent, at)
    debits = entries.filter(pl.col("invoice_no").is_not_null())
    assert debits.height == (why is None)
    assert [words[: len(why or "")] for words in left["why"]] == [why][: left.height]
