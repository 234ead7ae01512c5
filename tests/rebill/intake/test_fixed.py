"""A workspace's layout reads a fixed-width bill through the night; cells can be looked at."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from nights import night, small, table
from shell import Call
from tapes import EXAMPLE, Bill, Line, examples, records_of, written

from rebill.intake.profiles import cells
from rebill.workspace.settings import ConfigError, Workspace

BILL = Bill("305R010001", "I1", (Line("1FB", 1, 20_00), Line("TTB", 1, 5_00)))


def at(place: Workspace) -> tuple[str, Path]:
    return "--workspace", place.root


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    workspace = small(tmp_path / "w")
    (workspace.root / "profiles").mkdir(exist_ok=True)
    (workspace.root / "profiles" / "example-fixed.toml").write_text(EXAMPLE)
    return workspace


def test_a_tape_goes_through_the_night(place: Workspace) -> None:
    content = written(records_of([BILL]))
    (place.inbox / "tape.dat").write_bytes(content)
    (place.inbox / "cut.dat").write_bytes(content[:-80])
    night(place, "2026-11-20")
    documents = table(place, "documents").sort("source_file")
    assert documents.select("source_file", "status", "total_due").rows() == [
        ("cut.dat", "refused", None),
        ("tape.dat", "loaded", "25.00"),
    ]
    lines = table(place, "lines").select("usoc", "amount", "source_row").rows()
    assert lines == [("1FB", "20.00", "2"), ("TTB", "5.00", "3")]


def test_cells_of_a_file_are_shown_and_nothing_is_stored(place: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "tape.dat"
    path.write_bytes(written(records_of([BILL])))
    found = cells(place.root, path, None)
    assert found["kind"].to_list() == ["head", "charges", "charges", "balance", "tail"]
    assert [Decimal(amount) for amount in found["amount"].drop_nulls()] == [20, 5]
    assert table(place, "documents").is_empty()


def test_a_file_that_has_no_cells_is_an_error_in_words(place: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "tape.dat"
    path.write_bytes(written(records_of([BILL]))[:-80])
    with pytest.raises(ConfigError, match="there is no tail record"):
        cells(place.root, path, None)
    path.write_text("record,carrier\n")
    with pytest.raises(ConfigError, match="tape.dat"):
        cells(place.root, path, None)


def test_events_of_orders_are_shown_and_rows_set_aside_are_named(
    place: Workspace, tmp_path: Path, rebill: Call
) -> None:
    (place.root / "profiles" / "activity.toml").write_text(examples("fixed.md")[1])
    path = tmp_path / "orders.dat"
    path.write_text("AC100     20261001FOC20261028\nAC100     20261028CMP\n")
    code, out, err = rebill("profiles", "events", path, "--json", *at(place))
    assert (code, err) == (0, "")
    assert [(e["order_no"], e["event"], e["due_on"]) for e in json.loads(out)] == [
        ("C100", "confirmed", "2026-10-28"),
        ("C100", "completed", None),
    ]
    path.write_text("AC100     20261001FOC\nAC100     20261028QQQ\n")
    target = tmp_path / "events.csv"
    code, out, err = rebill(
        "profiles", "events", path, "--profile", "example-activity", "-o", target, *at(place)
    )
    assert (code, out) == (1, "")
    assert target.read_text().count("\n") == 2
    assert "orders.dat row 2: event `QQQ` is none the profile knows; add the word" in err
    # The night refuses it as no bill, and says where its events are seen.
    (place.inbox / "orders.dat").write_bytes(path.read_bytes())
    night(place, "2026-11-20")
    assert "rebill profiles events" in table(place, "findings")["remedy"].str.join("\n").item()


def test_a_file_of_no_orders_has_no_events(place: Workspace, tmp_path: Path, rebill: Call) -> None:
    path = tmp_path / "tape.dat"
    path.write_bytes(written(records_of([BILL])))
    code, _, err = rebill("profiles", "events", path, *at(place))
    assert code == 2 and "says nothing of events of orders" in err


def test_typed_records_go_through_the_night_in_the_encoding_of_their_profile(
    place: Workspace, tmp_path: Path, rebill: Call
) -> None:
    paper, text = examples("records.md")
    (place.root / "profiles" / "records.toml").write_text('encoding = "cp1252"\n' + text)
    content = paper.replace("BUSINESS LINE", "CAFÉ LINE").encode("cp1252")
    (place.inbox / "bill.txt").write_bytes(content)
    night(place, "2026-11-20")
    document = table(place, "documents").select("source_file", "status", "total_due")
    assert document.rows() == [("bill.txt", "loaded", "89.90")]
    path = tmp_path / "bill.txt"
    path.write_bytes(content)
    assert cells(place.root, path, None)["text"].to_list()[2] == "CAFÉ LINE"
    path.write_bytes(content.replace(b"\xc9", b"\x81"))
    code, _, err = rebill("profiles", "cells", path, *at(place))
    assert code == 2 and "the text is not cp1252" in err
