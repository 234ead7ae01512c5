"""The command line: exit codes, what goes to stdout, and that every command can be learnt."""

from __future__ import annotations

import json
from pathlib import Path

import nights
import pytest
import typer.main
from nights import USUAL, bill, put, small
from shell import Call, rows

from rebill.cli.failures import FAILED, NEEDS_A_PERSON, WRONG_USAGE
from rebill.cli.main import command_line
from rebill.cli.manual.help_layout import examples
from rebill.workspace import settings

DONE = 0


def commands() -> list[tuple[str, object]]:
    """Every command by its words."""
    found = []

    def walk(command: object, words: str) -> None:
        for name, inner in sorted(getattr(command, "commands", {}).items()):
            walk(inner, f"{words} {name}".strip())
        if words and not getattr(command, "commands", {}):
            found.append((words, command))

    walk(typer.main.get_command(command_line()), "")
    return found


def test_every_commands_help_ends_with_an_example_of_itself() -> None:
    assert len(commands()) >= 18
    for words, command in commands():
        epilog = str(getattr(command, "epilog", "") or "")
        assert "Example:" in epilog, words
        assert examples(epilog)[-1].startswith(f"rebill {words}"), words


def test_the_whole_way_from_init_to_export(tmp_path: Path, rebill: Call) -> None:
    root = tmp_path / "new"
    assert rebill("init", root)[0] == DONE
    for name in ("lines", "inbox", "outbox", "rebill.toml"):
        assert (root / name).exists()
    here = ("--workspace", root)
    reference = small(tmp_path / "other").root / "reference"
    code, out, _ = rebill("load", reference, "--json", *here)
    assert code == DONE and {row["table"] for row in json.loads(out)} >= {"services", "contracts"}
    (root / "inbox" / "b.csv").write_text(bill(2, USUAL))
    assert rebill("nightly", "--as-of", "2026-02-10", *here)[0] == DONE
    code, out, _ = rebill("export", "lines", *here)
    assert code == DONE
    assert [row["expected"] for row in rows(out)] == ["20.00", "5.00", "20.00"]


def test_loading_the_same_again_changes_nothing_and_a_fault_loads_nothing(
    place: settings.Workspace, rebill: Call
) -> None:
    code, out, _ = rebill("load", place.root / "reference", "--json")
    assert code == DONE
    assert all(row["added"] == row["changed"] == 0 for row in json.loads(out))
    bad = place.root / "services.csv"
    bad.write_text("service,carrier,customer\nS9,ILEC,nobody\n")
    code, out, err = rebill("load", bad)
    assert (code, out) == (WRONG_USAGE, "")
    assert "services.csv row 2" in err


def test_the_night_says_by_its_exit_code_what_it_needs(
    place: settings.Workspace, rebill: Call
) -> None:
    put(place, [("b.csv", bill(2, USUAL))])
    assert rebill("nightly", "--as-of", "2026-02-10")[0] == DONE
    code, _, err = rebill("nightly", "--as-of", "2026-04-24")
    assert code == NEEDS_A_PERSON, "a claim is to be filed by 2026-05-06"
    assert '"deadlines": 1' in err
    assert rebill("disputes", "submit", "D-000001", "--on", "2026-04-24")[0] == DONE
    assert rebill("nightly", "--as-of", "2026-04-24")[0] == DONE
    put(place, [("held.csv", bill(3, USUAL, charges="1.00"))])
    assert rebill("nightly", "--as-of", "2026-04-24")[0] == NEEDS_A_PERSON
    assert rebill("nightly", "--as-of", "2026-04-24")[0] == NEEDS_A_PERSON, "until it is solved"


def test_wrong_usage_is_2_and_a_failure_is_3_with_nothing_half_done(
    place: settings.Workspace, rebill: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (
        ("nightly",),
        ("nightly", "--as-of", "tomorrow"),
        ("export", "nothing"),
        ("export", "lines", "--format", "xlsx"),
        ("export", "lines", "--bill-month", "March"),
        ("ingest", tmp_path / "absent.csv"),
        ("describe", tmp_path / "absent.csv"),
        ("explain", "no-such-line"),
        ("disputes", "show", "D-9"),
        ("disputes", "submit", "D-9", "--on", "2026-01-01"),
        ("load",),
        ("load", "--starter", "ILEC"),
        ("export", "lines", "--workspace", tmp_path),
    ):
        code, out, err = rebill(*words)
        assert (code, out) == (WRONG_USAGE, ""), words
        assert err, words
    put(place, [("b.csv", bill(2, USUAL))])

    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("rebill.selling.drafts.rebuild", broken)
        code, _, err = rebill("nightly", "--as-of", "2026-02-10")
    assert code == FAILED and "the disk is full" in err
    assert rows(rebill("export", "documents")[1]) == []
    assert rebill("nightly", "--as-of", "2026-02-10")[0] == DONE
    assert len(rows(rebill("export", "documents")[1])) == 1


def test_explain_prints_the_plan_and_does_nothing(place: settings.Workspace, rebill: Call) -> None:
    put(place, [("b.csv", bill(2, USUAL))])
    before = sorted(place.root.rglob("*"))
    code, out, _ = rebill("nightly", "--as-of", "2026-02-10", "--explain")
    assert code == DONE and out.startswith("1. ReadFile: read b.csv")
    code, out, _ = rebill("nightly", "--as-of", "2026-02-10", "--explain", "--json")
    stages = [stage["stage"] for stage in json.loads(out)]
    assert stages == [
        *(
            "ReadFile",
            "Settle",
            "Audit",
            "Schedule",
            "CheckBills",
            "FollowClaims",
            "Claim",
            "Price",
        ),
        "Deliver",
    ]
    assert [p for p in sorted(place.root.rglob("*")) if "rebill.db" not in p.name] == [
        p for p in before if "rebill.db" not in p.name
    ]
    rebill("nightly", "--as-of", "2026-02-10")
    code, out, err = rebill("nightly", "--as-of", "2026-02-10", "--explain")
    assert (code, out) == (DONE, "") and "nothing to do" in err
    assert json.loads(rebill("nightly", "--as-of", "2026-02-10", "--explain", "--json")[1]) == []


def test_single_steps_write_what_the_night_writes(
    place: settings.Workspace, rebill: Call, tmp_path: Path
) -> None:
    other = small(tmp_path / "other")
    file = tmp_path / "b.csv"
    file.write_text(bill(2, USUAL))
    put(other, [("b.csv", file.read_text())])
    nights.night(other, "2026-02-10")
    code, out, _ = rebill("ingest", file, "--received-on", "2026-02-10", "--json")
    assert code == DONE and json.loads(out) == [{"file": "b.csv", "became": "1 loaded"}]
    assert [row["expected"] for row in rows(rebill("export", "lines")[1])] == ["", "", ""]
    assert rows(rebill("export", "findings")[1]) == []
    code, out, _ = rebill("reconcile", "--as-of", "2026-02-10", "--json")
    assert code == DONE and json.loads(out)["counts"]["audited"] == 1
    assert nights.exported(place) == nights.exported(other)
    assert nights.outbox(place).keys() == nights.outbox(other).keys()
    before = nights.kept(place)
    put(place, [("b.csv", file.read_text())])
    assert rebill("nightly", "--as-of", "2026-02-10")[0] == DONE
    assert nights.kept(place) == before, "the file is known by its content"


def test_a_line_tells_its_whole_story(place: settings.Workspace, rebill: Call) -> None:
    put(place, [("b.csv", bill(3, USUAL))])
    rebill("nightly", "--as-of", "2026-03-20")
    (line,) = [row for row in rows(rebill("export", "lines")[1]) if row["amount"] == "20.00"]
    code, out, _ = rebill("explain", line["line_id"], "--json")
    told = json.loads(out)
    assert code == DONE
    assert told["source"]["source_file"] == "b.csv" and told["source"]["source_row"] == 5
    assert told["match"]["service"] == "S2"
    assert told["contract"]["contract"] == "ACME-2026"
    assert told["rate"]["weighed"][0]["verdict"] == "in force"
    assert told["due"]["rate_times_due"] == "20.00 x 1/6"
    assert [finding["code"] for finding in told["findings"]] == ["billed_after_disconnect"]
    assert told["claims"][0]["claim_no"] == told["findings"][0]["claim_no"]
    assert told["price"]["price"] == "3.66" and told["price"]["markup_scope"] == "all"
    code, out, _ = rebill("explain", line["line_id"])
    assert code == DONE and "20.00 x 1/6" in out


def test_describe_says_what_a_file_is_without_a_workspace(
    rebill: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REBILL_WORKSPACE", raising=False)
    Path("b.csv").write_text(bill(2, USUAL, charges="50.00"))
    code, out, _ = rebill("describe", "b.csv", "--json")
    told = json.loads(out)
    assert code == DONE and told["format"] == "usoc-lines"
    assert told["documents"][0]["status"] == "held"
    assert told["findings"][0]["code"] == "document_does_not_foot"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.csv"]
    assert "1FB" in rebill("describe", "b.csv")[1]


def test_account_numbers_are_masked_in_logs(place: settings.Workspace, rebill: Call) -> None:
    put(place, [("held.csv", bill(2, USUAL, charges="1.00"))])
    _, _, err = rebill("nightly", "--as-of", "2026-02-10")
    assert all(isinstance(json.loads(line), dict) for line in err.splitlines())
    assert "305R010001" not in err and "******0001" in err


def test_lists_print_tables_and_json(place: settings.Workspace, rebill: Call) -> None:
    put(place, [("b.csv", bill(2, USUAL)), ("c.csv", bill(3, USUAL))])
    rebill("nightly", "--as-of", "2026-03-20")
    for words, count in (
        (("disputes", "list"), 3),
        (("disputes", "list", "--status", "ready"), 3),
        (("disputes",), 3),
        (("invoices", "list", "--bill-month", "2026-02"), 2),
        (("cash",), 1),
        (("cash", "pulls", "--as-of", "2026-02-01"), 2),
        (("cash", "exposure", "--as-of", "2026-03-20"), 1),
        (("cash", "calendar", "2026"), 10),
        (("bills", "compare", "--bill-month", "2026-03"), 1),
    ):
        code, out, _ = rebill(*words, "--json")
        assert code == DONE and len(json.loads(out)) == count, words
        code, out, _ = rebill(*words)
        assert code == DONE and len(in_cells(out)) == count, words


def in_cells(table: str) -> list[str]:
    """The rows of a printed list, without the one or two lines of its heading."""
    lines = table.splitlines()
    return lines[2:] if lines[0].startswith("  ") or lines[0].endswith("_") else lines[1:]
