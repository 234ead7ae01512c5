"""Customers who agreed are debited once, by a file that any reader takes, and returns reopen."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import nights
import polars as pl
import pytest
from achkit import validate
from debited_world import FIRST, LIVE, SETTLED, day, debit, debited, owes
from owing_world import AGREED, invoice_of
from reference_files import write
from shell import Call

from invoices.bank import nacha
from invoices.schema import CENTS
from rebill.cli import receivables as cli
from rebill.receivables import collect, debit_file
from rebill.reference.load import load
from rebill.selling.issue import issue, void
from rebill.store.record import reading
from rebill.workspace.settings import SETTINGS_FILE, Workspace


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


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (("076401251", "076401252"), "routing '076401252' is no routing number"),
        (("076401251", "76401251"), "no routing number of nine digits"),
        (("076401251", "000000000"), "routing '000000000' is no routing number"),
        (("00123456789", "---"), "account '****'"),
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


def owed_items(row: dict[str, object]) -> pl.DataFrame:
    """Return what is open as a frame; nothing is on its way but what the row says."""
    schema = {name: collect.ENTRIES.get(name, CENTS) for name in (*ITEM, "owed")}
    return pl.DataFrame([{"owed": row["open"]} | row], schema)


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
        ({"owed": D("0.00")}, {}, "what is on its way pays it"),
        ({}, {"prenote": True}, "its prenote goes first"),
        ({}, {"as_of": day("2026-03-19")}, "nothing is due"),  # it agreed on the day after
    ],
)
def test_what_is_debited_is_due_and_fits(
    item: dict[str, object], settings: dict[str, object], why: str | None
) -> None:
    settles = day("2026-04-04")
    usual: dict[str, object] = {"as_of": settles, "settles_on": settles, "proven_until": settles}
    items = owed_items(ITEM | item)
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
    items = owed_items(ITEM)
    entries, left = collect.decide(items, pl.DataFrame([CUSTOMER | now]), sent, at)
    debits = entries.filter(pl.col("invoice_no").is_not_null())
    assert debits.height == (why is None)
    assert [words[: len(why or "")] for words in left["why"]] == [why][: left.height]


def test_a_file_that_was_kept_and_not_written_is_written_by_the_same_command(
    owed: Workspace, rebill: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debit(rebill, FIRST, "--keep")
    path, folder = tmp_path / "april.ach", tmp_path / "folder"
    folder.mkdir()
    command = ("receivables", "debit", "--as-of", LIVE, "--yes", "--keep", "-o")
    code, _, err = rebill(*command, folder)
    assert code == 2 and "is a folder" in err
    with monkeypatch.context() as patch:
        patch.setattr(cli, "put", _killed)
        assert rebill(*command, path)[0] == 3
    assert not path.exists() and owes(owed, SETTLED) == {}
    code, _, err = rebill(*command, path)
    assert code == 0 and "give it to the bank once" in err
    assert path.read_text() == _content(owed, f"{LIVE}-A")
    path.unlink()
    code, _, err = rebill(*command, path)
    assert code == 0 and "no file is made" in err and not path.exists()


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def _content(workspace: Workspace, name: str) -> str:
    with reading(workspace) as record:
        return debit_file.content(record, name)


def test_a_file_that_waits_goes_to_the_outbox_and_the_new_one_where_it_is_asked_for(
    owed: Workspace, rebill: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cli, "put", _killed)
        assert rebill("receivables", "debit", "--as-of", FIRST, "--yes", "--keep")[0] == 3
    debit(rebill, LIVE, "--keep", "-o", str(tmp_path / "april.ach"))
    late = owed.outbox / "debits" / f"{FIRST}-A.ach"
    assert late.read_text() == _content(owed, f"{FIRST}-A")
    assert (tmp_path / "april.ach").read_text() == _content(owed, f"{LIVE}-A")


def test_what_a_debit_on_its_way_will_pay_is_not_debited_again(
    owed: Workspace, rebill: Call
) -> None:
    """The debited invoice is taken back and another stands in its place."""
    debited(owed, rebill)
    path = owed.root / SETTINGS_FILE
    path.write_text(path.read_text().replace("[debits]", "[debits]\ndays_after_due = -30"))
    void(owed, [invoice_of(owed, "C1")], day(LIVE), "wrong", nights.now)
    build = ("invoices", "build", "--bill-month", "2026-03", "--as-of", LIVE, "--yes")
    assert rebill(*build)[0] == 0
    issue(owed, [], day(LIVE), nights.now, "2026-03")
    assert owes(owed, LIVE) == {"C1": "27.50", "C2": "3.66"}
    entries, why = debit(rebill, LIVE)
    assert not entries and "what is on its way pays it" in why
    assert owes(owed, SETTLED) == {}


def test_what_is_written_to_standard_output_is_the_file_alone(
    owed: Workspace, rebill: Call
) -> None:
    code, out, err = rebill("receivables", "debit", "--as-of", FIRST, "--yes", "--keep", "-o", "-")
    assert code == 0 and out == _content(owed, f"{FIRST}-A"), err
    assert "2 entries of 0.00" in err
