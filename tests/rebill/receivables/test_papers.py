"""Statements foot with what is aged; reminders follow their steps and are never sent twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import nights
import polars as pl
import pytest
from owing_world import AGREED, SETTINGS, invoice_of, owing
from pypdf import PdfReader
from reference_files import write
from shell import Call, rows

from rebill.receivables import reminders
from rebill.receivables.balances import balances
from rebill.receivables.statement import moves
from rebill.reference.load import load
from rebill.store.record import reading
from rebill.workspace.settings import SETTINGS_FILE, Workspace

STEPS = """
[[dunning.step]]
letter = "reminder"
days = 10
minimum = "5.00"
title = "A friendly reminder"
[[dunning.step]]
letter = "second"
days = 20
text = "Please pay.\\nThank you."
[[dunning.step]]
letter = "final"
days = 40
"""
OURS = {name: nights.TABLES[name] for name in ("services", "service_elements")}
"""What says whose services are whose."""
LATE, NEXT = "2026-04-14", "2026-04-15"
"""Ten days after the due date of both invoices, and the day after."""


def reminded(root: Path) -> None:
    """C1 owes 27.50 and C2 3.66 since 2026-04-04; C2 once paid 1.00."""
    owing(root)
    with (root / SETTINGS_FILE).open("a") as file:
        file.write(STEPS)
    pay(nights.open_workspace(root), "P1,C2,,2026-04-02,1.00")


def pay(workspace: Workspace, *lines: str) -> None:
    path = workspace.root / "customer_payments.csv"
    path.write_text("\n".join(["payment,customer,invoice_no,paid_on,amount", *lines]) + "\n")
    result = load(workspace, [path], given=nights.NOW)
    assert result.ok, [str(error) for error in result.errors]


@pytest.fixture
def owed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = nights.copied(tmp_path / "w", reminded)
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace


def text_of(path: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def remind(rebill: Call, on: str, *words: str, code: int = 0) -> list[str]:
    """Return customer and letter of each row that the command lists."""
    left, out, err = rebill("receivables", "remind", "--as-of", on, "--yes", *words)
    assert left == code, err
    return [" ".join(line.split()[:1] + line.split()[-5:-4]) for line in out.splitlines()[1:]]


# --- statements -----------------------------------------------------------------------------------


def test_a_statement_says_what_is_brought_forward_and_ends_with_what_is_owed(
    owed: Workspace, rebill: Call
) -> None:
    number = invoice_of(owed, "C1")
    pay(owed, f"P2,C1,{number},2026-04-20,10.00", "P3,C1,,2026-05-02,20.00")
    code, out, err = rebill("receivables", "statement", "C1", "--as-of", "2026-05-05")
    assert code == 0, err
    base = owed.outbox / "statements" / "2026-05-05" / "C1"
    told = [
        (r["what"], r["amount"], r["balance"]) for r in rows(base.with_suffix(".csv").read_text())
    ]
    assert told == [
        ("Brought forward", "17.50", "17.50"),
        ("Payment, thank you", "-20.00", "-2.50"),
    ]
    page, paper = base.with_suffix(".html").read_text(), text_of(base.with_suffix(".pdf"))
    for each in (page, paper):
        assert "\u22122.50" in each and "PO Box 1" in each and "nothing to pay" in each
        assert "Søn" in each and "ILEC" not in each
    before = nights.outbox(owed)
    assert rebill("receivables", "statement", "C1", "--as-of", "2026-05-05")[0] == 0
    assert nights.outbox(owed) == before
    assert rebill("receivables", "statement", "C9")[0] == 2
    with reading(owed) as record:
        for day in (dt.date(2026, 4, 1), dt.date(2026, 4, 20), dt.date(2026, 5, 5)):
            last = moves(record, day, day).group_by("customer").agg(pl.col("balance").last())
            owes = balances(record, day).select("customer", balance="total")
            assert last.filter(pl.col("balance") != 0).sort("customer").equals(owes)


@pytest.mark.parametrize("lacks", ["address", "remittance"])
def test_a_paper_that_does_not_say_where_to_pay_is_lacking(
    owed: Workspace, rebill: Call, lacks: str
) -> None:
    path = owed.root / SETTINGS_FILE
    said = next(line for line in SETTINGS.splitlines() if line.startswith(lacks))
    path.write_text(path.read_text().replace(said, ""))
    code, out, err = rebill("receivables", "statement", "--as-of", "2026-04-30")
    assert code == 1 and not out and lacks in err and err.count("lacking: ") == 2
    assert not (owed.outbox / "statements").exists()
    remind(rebill, LATE, "--keep", code=1)
    with reading(owed) as record:
        assert reminders.reminders(record).is_empty()


def test_a_private_label_shows_nothing_of_the_house(owed: Workspace, rebill: Call) -> None:
    brand = owed.root / "brands" / "ACME"
    brand.mkdir(parents=True)
    (brand / "brand.toml").write_text(
        'name = "Own Label"\nprivate_label = true\nphone = "877 555 0199"\n'
        'address = ["9 Own Road"]\nremittance = ["PO Box 9"]\n'
    )
    assert rebill("receivables", "statement", "C1", "--as-of", "2026-04-30")[0] == 0
    base = owed.outbox / "statements" / "2026-04-30" / "C1"
    for each in (base.with_suffix(".html").read_text(), text_of(base.with_suffix(".pdf"))):
        assert "Own Label" in each and "PO Box 9" in each
        assert not [
            word for word in ("Example Co", "800 555", "ILEC", "Main Street") if word in each
        ]


def test_a_customer_that_the_table_has_no_more_gets_no_paper(owed: Workspace, rebill: Call) -> None:
    """Whose brand it had nobody knows: the house's own letter would tell who stands behind it."""
    folder = owed.root / "C2_alone"
    rows = {name: each.splitlines() for name, each in {**OURS, "customers": AGREED}.items()}
    gone = ("C1", "S1")
    left = {n: [row for row in own if not row.strip().startswith(gone)] for n, own in rows.items()}
    write(folder, **{name: "\n".join(own) for name, own in left.items()})
    assert load(owed, [folder], replace=True, given=nights.NOW).ok
    for on, command in ((LATE, "statement"), (LATE, "remind")):
        code, _, err = rebill("receivables", command, "--as-of", on)
        assert code == 1 and "C1: it is not in the table customers any more" in err, err
    assert not list((owed.outbox / "statements").rglob("C1*"))
    code, out, _ = rebill("receivables", "aging", "--as-of", LATE)
    assert code == 0 and out.splitlines()[-2].split()[:2] == ["C1", "C1"]


def test_a_customer_and_a_letter_are_known_in_any_case(owed: Workspace, rebill: Call) -> None:
    assert rebill("receivables", "statement", "c1", "--as-of", LATE)[0] == 0
    remind(rebill, LATE, "--customer", "c1", "--keep")
    assert rebill("receivables", "remind", "--again", "r-1", "-o", owed.root / "o")[0] == 0
    assert [*(owed.root / "o").glob("R-000001.*")]
    code, _, err = rebill("receivables", "remind", "--as-of", LATE, "--customer", "C3")
    assert code == 2 and "there is no customer C3" in err


def test_a_payment_that_is_called_like_a_debit_is_a_payment(owed: Workspace, rebill: Call) -> None:
    pay(owed, "debit card 7,C1,,2026-04-20,10.00")
    assert (
        rebill("receivables", "statement", "C1", "--as-of", "2026-05-05", "--since", LATE)[0] == 0
    )
    told = rows((owed.outbox / "statements" / "2026-05-05" / "C1.csv").read_text())
    assert [row["what"] for row in told] == ["Brought forward", "Payment, thank you"]


# --- reminders ------------------------------------------------------------------------------------


def test_the_letters_follow_each_other_and_none_is_sent_twice(
    owed: Workspace, rebill: Call
) -> None:
    assert remind(rebill, "2026-04-13") == []
    assert remind(rebill, LATE) == ["C1 reminder"]  # what C2 owes is too little
    before = nights.kept(owed)
    assert nights.kept(owed) == before
    assert remind(rebill, LATE, "--keep") == ["C1 reminder"]
    assert remind(rebill, LATE, "--keep") == [] == remind(rebill, "2026-04-23", "--keep")
    assert remind(rebill, "2026-06-01", "--keep") == ["C1 second"]
    assert remind(rebill, "2026-06-01", "--keep") == [] == remind(rebill, "2026-06-20", "--keep")
    assert remind(rebill, "2026-06-21", "--keep") == ["C1 final"]
    assert remind(rebill, "2027-06-21", "--keep") == []
    told = nights.by(owed, "reminders", "number", "letter", "sent_on", "open")
    assert told == [
        ("R-000001", "reminder", LATE, "27.50"),
        ("R-000002", "second", "2026-06-01", "27.50"),
        ("R-000003", "final", "2026-06-21", "27.50"),
    ]
    paper = text_of(owed.outbox / "reminders" / LATE / "R-000001.pdf")
    assert "A friendly reminder" in paper and "$27.50" in paper and "PO Box 1" in paper
    page = (owed.outbox / "reminders" / "2026-06-01" / "R-000002.html").read_text()
    assert "<p>Please pay.</p>" in page and "<p>Thank you.</p>" in page


def test_a_letter_that_was_kept_and_not_written_is_written_by_the_next_run(
    owed: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(reminders, "write_papers", full)
        assert rebill("receivables", "remind", "--as-of", LATE, "--keep", "--yes")[0] == 3
    folder = owed.outbox / "reminders"
    assert not folder.exists()
    assert remind(rebill, LATE, "--keep") == []
    first = nights.outbox(owed)[f"reminders/{LATE}/R-000001.html"]
    pay(owed, "P2,C1,,2026-04-20,27.50")  # what was sent says what was open then
    path = owed.root / SETTINGS_FILE  # other words are for letters to come
    path.write_text(path.read_text().replace("A friendly reminder", "Pay, or else"))
    assert rebill("receivables", "remind", "--again", "r-000001", "-o", tmp_path / "again")[0] == 0
    assert (tmp_path / "again" / "R-000001.html").read_bytes() == first


PAID: list[tuple[str, Callable[[Workspace], None]]] = [
    ("paid", lambda w: pay(w, "P2,C1,,2026-04-13,27.50")),
    ("partly paid", lambda w: pay(w, "P2,C1,,2026-04-13,23.00")),
]


@pytest.mark.parametrize(("how", "act"), PAID, ids=[how for how, _ in PAID])
def test_who_paid_is_not_reminded(
    owed: Workspace, rebill: Call, how: str, act: Callable[[Workspace], None]
) -> None:
    act(owed)
    assert remind(rebill, LATE) == []


def test_without_any_payment_on_record_nobody_is_reminded(
    tmp_path: Path, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = nights.copied(tmp_path / "w", owing)
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    code, _, err = rebill("receivables", "remind", "--as-of", LATE)
    assert code == 2 and "[[dunning.step]]" in err
    with (workspace.root / SETTINGS_FILE).open("a") as file:
        file.write(STEPS)
    code, _, err = rebill("receivables", "remind", "--as-of", LATE, "--keep", "--yes")
    assert code == 2 and "customer_payments" in err
    assert not (workspace.outbox / "reminders").exists()


# --- the night ------------------------------------------------------------------------------------


class Killed(Exception):
    """The machine stopped."""


def kill_at(place: str) -> Callable[[str], None]:
    def hook(boundary: str) -> None:
        if boundary == place:
            raise Killed

    return hook


def test_a_night_that_may_sends_each_letter_once_though_it_is_killed(owed: Workspace) -> None:
    assert nights.night(owed, LATE).counts["reminders due"] == 1
    assert not nights.by(owed, "reminders", "number")
    path = owed.root / SETTINGS_FILE
    path.write_text(path.read_text().replace(STEPS, "[dunning]\nautomatic = true\n" + STEPS))
    workspace = nights.open_workspace(owed.root)
    for place, kept in (("Remind", 0), ("kept", 1)):
        with pytest.raises(Killed):
            nights.night(workspace, NEXT, kill_at(place))
        assert len(nights.by(workspace, "reminders", "number")) == kept
        assert not (workspace.outbox / "reminders").exists()
    nights.night(workspace, NEXT)
    papers = nights.outbox(workspace)
    assert f"reminders/{NEXT}/R-000001.pdf" in papers
    assert not nights.night(workspace, NEXT).plan
    nights.night(workspace, "2026-04-16")
    assert nights.by(workspace, "reminders", "number", "letter") == [("R-000001", "reminder")]
    assert nights.outbox(workspace).keys() == papers.keys()
