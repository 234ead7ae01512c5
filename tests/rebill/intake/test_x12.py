"""A night that takes in 811 is like one that takes in our own CSV, and the carrier is answered."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import nights
import polars as pl
import pytest
from nights import QUIET, exported, night, outbox, small, table
from x12_paper import Look, bytes_of, parse, whole

from benchmarks.x12 import write
from invoices.carrier import piecewise
from invoices.carrier.x12 import tokens
from rebill.inquiry import explain
from rebill.intake.read import read_file
from rebill.night import batch
from rebill.night.job import Job, pick
from rebill.run import plan
from rebill.store.record import reading
from rebill.workspace.settings import Settings, Workspace

PLACE = ("source_file", "source_row", "interchange", "set_no", "description")


def as_811(month: int, lines: str, total: str | None = None) -> bytes:
    """Return the bill that `nights.bill` writes as CSV, as an interchange of one set."""
    day = f"2026{month:02}05"
    rows = [line.split() for line in lines.strip().splitlines()]
    cents = total or str(int(sum(Decimal(row[3]) for row in rows) * 100))
    text = f"BIG*{day}*INV{month}*****CD\nREF*12*305R010001\nITD*01*3****{day[:6]}25\n"
    text += "N1*PE*ILEC\nHL*1**2*1\nHL*2*1*4*1\nPID*F****MONTHLY SERVICE\n"
    for at, (usoc, wtn, rate, amount) in enumerate(rows, 3):
        text += f"HL*{at}*2*8*0\nSLN*{at}**A*1*EA*{rate}*UM**A3*{usoc}\nSI*TI*TN*{wtn}\n"
        text += f"AMT*1*{amount}\nDTM*150*{day}\nDTM*151*2026{month + 1:02}04\n"
    balances = f"BAL*M*PB*0\nBAL*M*TT*{Decimal(cents) / 100}\n"
    return bytes_of(whole(parse(f"{text}TDS*{cents}\n{balances}")), Look(after="\r\n"))


def put(workspace: Workspace, name: str, content: bytes) -> None:
    (workspace.inbox / name).write_bytes(content)


def told(workspace: Workspace) -> dict[str, str]:
    """Return every export without the places where its lines stand."""
    frames = {}
    for name, text in exported(workspace).items():
        frame = pl.read_csv(text.encode(), infer_schema=False)
        drop = [column for column in PLACE if column in frame.columns]
        if name == "documents":
            drop += ["previous_balance", "payments", "adjustments"]
        frames[name] = frame.drop(drop).write_csv()
    return frames


def test_a_bill_is_judged_the_same_whether_it_came_as_811_or_as_our_csv(tmp_path: Path) -> None:
    ours, theirs = small(tmp_path / "ours"), small(tmp_path / "theirs")
    nights.put(ours, [("a.csv", nights.bill(3, nights.USUAL))])
    put(theirs, "a.x12", as_811(3, nights.USUAL))
    for workspace in (ours, theirs):
        night(workspace, "2026-03-10")
    assert told(theirs) == told(ours)
    assert table(theirs, "findings").height > 0
    lines = table(theirs, "lines").sort("line_no")
    assert lines["interchange"].to_list() == ["000000001"] * 3
    assert lines["set_no"].to_list() == ["0001"] * 3
    assert lines["source_row"].to_list() == ["12", "18", "24"]


def test_the_story_of_a_line_names_interchange_set_and_segment(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, "a.x12", as_811(3, nights.USUAL))
    night(workspace, "2026-03-10")
    line = table(workspace, "lines")["line_id"][0]
    with reading(workspace) as record:
        source = explain.story(record, line)["source"]
    assert (source["interchange"], source["set_no"]) == ("000000001", "0001")
    assert source["segment"] in (12, 18, 24)


def acknowledgements(workspace: Workspace) -> dict[str, str]:
    return {
        path: content.decode()
        for path, content in outbox(workspace).items()
        if path.startswith("acknowledgements/")
    }


def test_charges_that_are_set_aside_are_the_same_lines_as_often_as_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, scratch = tmp_path / "large.x12", tmp_path / "scratch"
    write(path, 1, per_set=700)
    calm = read_file(Settings(), path, path.name, None).lines.collect()
    monkeypatch.setattr(tokens, "PIECE", 50_000)
    monkeypatch.setattr(piecewise, "SHARE", 10**12)
    pressed = read_file(Settings(), path, path.name, None, scratch=scratch).lines
    assert pressed.collect().equals(calm)
    assert pressed.select("amount", "usoc").collect().equals(calm.select("amount", "usoc"))
    assert not list(scratch.iterdir()), "what is set aside has no name that could stay behind"


def test_each_interchange_is_answered_with_what_became_of_its_sets(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    good = as_811(3, nights.USUAL)
    put(workspace, "a.x12", good)
    put(workspace, "b.x12", good.replace(b"INV3", b"INV4").replace(b"SE*30*", b"SE*31*"))
    night(workspace, "2026-03-10")
    first, second = (acknowledgements(workspace)[name] for name in acknowledgements(workspace))
    answers = sorted([first, second], key=lambda text: "AK5*R" in text)
    assert "AK5*A~" in answers[0] and "AK9*A*1*1*1~" in answers[0]
    assert "AK5*R*4~" in answers[1] and "AK9*R*1*1*0~" in answers[1]
    assert "*ZZ*RESELLER       *ZZ*ILEC           *260310*" in answers[0]
    statuses = sorted(table(workspace, "documents")["status"].to_list())
    assert statuses == ["loaded", "refused"]


def test_an_answer_that_was_promised_is_handed_over_by_the_next_run(tmp_path: Path) -> None:
    calm, killed = small(tmp_path / "calm"), small(tmp_path / "killed")
    for workspace in (calm, killed):
        put(workspace, "a.x12", as_811(3, nights.USUAL))
    night(calm, "2026-03-10")

    def killer(reached: str) -> None:
        if reached == "kept":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        night(killed, "2026-03-10", killer)
    assert not acknowledgements(killed)
    night(killed, "2026-03-10")
    assert outbox(killed) == outbox(calm)
    assert len(acknowledgements(killed)) == 1
    assert not batch.explain(killed, nights.job(killed, "2026-03-10"))


def test_taking_in_alone_answers_too_and_names_from_outside_are_no_paths(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    content = as_811(3, nights.USUAL).replace(b"*ILEC           *ZZ", b"*../../../x     *ZZ")
    path = tmp_path / "a.x12"
    path.write_bytes(content)
    seen, where = pick(workspace, [path])
    job = Job("ingest", plan.plan_ingest, None, seen, where)
    batch.run(workspace, job, QUIET, nights.now)
    [name] = acknowledgements(workspace)
    assert name.startswith("acknowledgements/997-..%2F..%2F..%2Fx-000000001-")
    assert "*261110*0000*U*" in acknowledgements(workspace)[name]


def test_an_acknowledgement_of_ours_is_not_acknowledged(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    put(workspace, "a.x12", as_811(3, nights.USUAL))
    night(workspace, "2026-03-10")
    [(_, answer)] = acknowledgements(workspace).items()
    put(workspace, "b.x12", answer.encode())
    night(workspace, "2026-03-11")
    assert len(acknowledgements(workspace)) == 1
    assert table(workspace, "documents").filter(status="refused").height == 1


TITLES = {
    "MONTHLY SERVICE": None,
    "OTHER CHARGES AND CREDITS": None,
    "USAGE": "usage",
    "ONE-TIME CHARGES": "one-time",
    "TAXES": "tax",
}


def test_a_title_that_says_another_class_than_the_catalogue_is_told(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    for title in TITLES:
        head = f"BIG*20260305*{title}*****CD\nREF*12*305R010001\nITD*01*3****20260325\nN1*PE*ILEC\n"
        body = f"HL*1**4\nPID*F****{title}\nSLN*1***1*EA*20.00*UM**A3*1FB\nSI*TI*TN*6145550131\n"
        put(workspace, f"{title}.x12", bytes_of(whole(parse(f"{head}{body}TDS*2000"))))
    night(workspace, "2026-03-10")
    documents = table(workspace, "documents").select("document_id", "invoice_no", "status")
    assert set(documents["status"]) == {"loaded"}
    found = table(workspace, "findings").filter(code="class_differs").join(documents, "document_id")
    told = {number: f"the catalogue calls 1FB recurring, the line is read as {name}"
            for number, name in TITLES.items() if name}  # fmt: skip
    assert dict(found.select("invoice_no", "message").iter_rows()) == told


def test_one_bill_in_two_interchanges_of_a_night_is_one(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    first = as_811(3, nights.USUAL)
    number = first.split(b"*")[13]
    other = first.replace(number, b"%09d" % (int(number) + 7)).replace(b"\r\n", b"\n")
    again = other.replace(b"*", b"|").replace(b"305R", b"30\xe2\x80\x8b5R")
    put(workspace, "a.x12", first)
    put(workspace, "b.x12", again)
    became = night(workspace, "2026-03-10").became
    assert became == {"a.x12": "1 loaded", "b.x12": "1 repeated"}
    assert table(workspace, "lines").height == 3
