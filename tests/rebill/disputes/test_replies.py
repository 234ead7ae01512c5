"""What a carrier says of claims as a file: taken in whole, or refused with every fault."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from claim_nights import claims, filed
from nights import CONTRACT, NOW, night, table
from shell import Call

from rebill.disputes import file
from rebill.disputes.replies import import_status
from rebill.reference.load import load
from rebill.workspace.settings import ConfigError, Workspace


def taken(workspace: Workspace, text: str, *, skip_bad: bool = False) -> list[tuple[str, ...]]:
    path = workspace.root / "status.csv"
    path.write_text(text)
    with file.changing(workspace) as record:
        became = import_status(record, path, None, "ana", skip_bad)
    return became.select("claim_no", "event", "became").rows()


GOOD = """claim_no,tracking_no,status,on,amount,note
,T-7781,Acknowledged,2026-03-24,,
D-000002,X-1,In Review,2026-03-25,,with the rate desk
,T-7781,sustained,2026-04-02,10.00,as agreed
,,,,,
D-000002,,escalated,2026-04-02,,
"""


def test_a_status_file_moves_the_claims_it_names(tmp_path: Path) -> None:
    workspace = filed(tmp_path / "w")
    assert taken(workspace, GOOD) == [
        ("D-000001", "acknowledge", "done"),
        ("D-000002", "review", "done"),
        ("D-000001", "grant", "done"),
        ("D-000002", "nothing", "nothing"),
    ]
    assert claims(workspace)["D-000001"] == ("partial", "0.00", "6.67")
    assert claims(workspace)["D-000002"] == ("in_review", "0.00", "0.00")
    before = table(workspace, "claim_events")
    assert [row[2] for row in taken(workspace, GOOD)] == ["known", "known", "known", "nothing"]
    assert table(workspace, "claim_events").equals(before)
    row = table(workspace, "claims").row(1, named=True)
    assert row["tracking_no"] == "X-1"


BAD = """claim_no,status,on,amount
D-000001,acknowledged,2026-03-24,
D-000009,denied,2026-03-24,
D-000002,won,2026-03-24,
D-000002,denied,24.3.2026,
D-000002,partial,2026-03-24,99999.00
D-000001,denied,2026-03-01,
"""


def test_a_faulty_status_file_is_refused_with_every_fault_and_changes_nothing(
    tmp_path: Path,
) -> None:
    workspace = filed(tmp_path / "w")
    before = table(workspace, "claim_events")
    with pytest.raises(ConfigError) as refused:
        taken(workspace, BAD)
    assert [f"status.csv row {n}:" in str(refused.value) for n in range(2, 8)] == [
        *(False, True, True, True, True, True)
    ]
    for words in (
        "there is no claim D-000009",
        "the status 'won' means nothing: map it in the form `default`",
        "'24.3.2026' is no date",
        "99999.00 is all of the claim or more",
        "out of order: the last event was on 2026-03-24",
        "nothing was taken in",
    ):
        assert words in str(refused.value)
    assert table(workspace, "claim_events").equals(before)
    became = [row[2] for row in taken(workspace, BAD, skip_bad=True)]
    assert became == ["done", *["refused"] * 5]
    assert claims(workspace)["D-000001"][0] == "acknowledged"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("claim_no,status\n", "no column on"),
        ("status,on\n", "no column claim_no or tracking_no"),
        ("claim_no,status,on,colour\n", "unknown column 'colour'"),
        ("claim_no,status,on\nD-1,denied\n", "row 2 has not as many cells"),
        ('claim_no,status,on\n"D-1,denied', "is no CSV"),
        ("", "no column status"),
        ("claim_no,status,on\n\0", "NUL"),
    ],
)
def test_a_file_that_is_no_status_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    workspace = filed(tmp_path / "w")
    with pytest.raises(ConfigError, match=words):
        taken(workspace, text)


def test_a_form_of_the_workspace_says_what_the_words_of_its_carrier_are(tmp_path: Path) -> None:
    workspace = filed(tmp_path / "w")
    folder = workspace.root / "forms"
    folder.mkdir()
    (folder / "ilec.toml").write_text(
        'form = "ilec"\ncarriers = ["ILEC"]\n[status_words]\n"Won" = "grant"\n"Lost" = "deny"\n'
    )
    # Claims know the form they were put together by; the next night's do.
    night(workspace, "2026-03-23")
    rows = "claim_no,status,on\nD-000001,lost,2026-03-30\n"
    with pytest.raises(ConfigError, match="means nothing"):
        taken(workspace, rows)
    (folder / "default.toml").write_text('form = "default"\n[status_words]\n"LOST" = "deny"\n')
    assert taken(workspace, rows) == [("D-000001", "deny", "done")]


def test_a_contract_that_names_a_form_that_is_not_there_says_so(tmp_path: Path) -> None:
    workspace = filed(tmp_path / "w")
    path = workspace.root / "contracts.toml"
    path.write_text(CONTRACT + 'form = "no-such"\n')
    assert load(workspace, [path], given=NOW).ok
    with pytest.raises(ConfigError, match="ACME-2026 names the form `no-such`"):
        night(workspace, "2026-03-25")


def test_the_commands_show_what_is_to_be_done_and_refuse_with_the_reason(
    tmp_path: Path, rebill: Call
) -> None:
    workspace = filed(tmp_path / "w")

    def run(*words: str) -> tuple[int, str, str]:
        return rebill(*words, "--workspace", workspace.root)

    code, out, _ = run("disputes", "list", "--due", "--as-of", "2026-05-25", "--json")
    rows = pl.read_json(out.encode())
    assert code == 0
    assert rows["task"].to_list() == ["escalate", "escalate"]
    assert rows["claim_no"].to_list() == ["D-000001", "D-000002"]
    code, _, err = run(
        "disputes", "event", "D-000001", "credit", "--amount", "99", "--on", "2026-05-01"
    )
    assert code == 2
    assert "a credit of 99.00 is larger than the 16.67 left" in err
    code, out, _ = run("disputes", "show", "D-000001")
    assert "window" in out and "2026-06-03" in out and "answer_by" in out
    path = workspace.root / "s.csv"
    path.write_text(BAD)
    assert run("disputes", "import-status", str(path))[0] == 2
    assert run("disputes", "import-status", str(path), "--skip-bad")[0] == 1
    code, out, _ = run("disputes", "withdraw", "D-000002", "--on", "2026-05-26")
    assert code == 0 and "withdrawn" in out
