"""`[outbox]` says for which invoices and claims a night leaves papers; commands make any."""

from __future__ import annotations

from pathlib import Path

import nights
import pytest
from nights import USUAL, bill, copied, night, outbox, put
from reference_files import write
from shell import Call

from rebill.night import batch
from rebill.workspace.settings import SETTINGS_FILE, Workspace, open_workspace


def asking(workspace: Workspace, **papers: str) -> Workspace:
    """Return the workspace with other settings of its outbox."""
    path = workspace.root / SETTINGS_FILE
    text = path.read_text().partition("\n[outbox]\n")[0]
    own = "".join(f'{name} = "{value}"\n' for name, value in papers.items())
    path.write_text(f"{text}\n[outbox]\n{own}")
    return open_workspace(workspace.root)


def left(workspace: Workspace, kind: str) -> list[str]:
    """Return the papers of a kind that lie in the outbox, by month and name."""
    return [name.partition("/")[2] for name in outbox(workspace) if name.startswith(f"{kind}/")]


def waits(workspace: Workspace, day: str) -> bool:
    """Whether a night of the day would have anything to do."""
    return bool(batch.explain(workspace, nights.job(workspace, day)))


def march(root: Path, **papers: str) -> Workspace:
    """Return a workspace in which a bill of March with two errors has come, before its night."""
    workspace = asking(nights.small(root), **papers)
    put(workspace, [("march.csv", bill(3, USUAL))])
    return workspace


INVOICES = [
    *("2026-03/ACME-2026-000001.csv", "2026-03/ACME-2026-000001.html"),
    *("2026-03/ACME-2026-000002.csv", "2026-03/ACME-2026-000002.html"),
]
CLAIMS = ["2026-03/D-000001.csv", "2026-03/D-000002.csv"]
EARLY, IN_TIME = "2026-03-31", "2026-05-26"
"""A day long before the window of the claims closes, and one within the warning time."""


def early(root: Path) -> None:
    """Make a workspace whose night left papers of all, long before a window closes."""
    night(march(root), EARLY)


def test_without_the_settings_there_are_papers_of_all(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "w", early)
    assert left(workspace, "invoices") == INVOICES and left(workspace, "claims") == CLAIMS


def test_none_leaves_no_paper_and_all_later_makes_them(tmp_path: Path) -> None:
    calm = copied(tmp_path / "calm", early)
    workspace = march(tmp_path / "w", invoices="none", claims="none")
    night(workspace, EARLY)
    assert left(workspace, "invoices") == left(workspace, "claims") == []
    assert set(outbox(workspace)) == {"digest.html", "digest.csv"}
    assert not waits(workspace, EARLY), "no paper lacks that is not asked for"

    workspace = asking(workspace, invoices="all", claims="all")
    night(workspace, EARLY)
    assert outbox(workspace) == outbox(calm)
    assert not waits(workspace, EARLY)


def test_issued_leaves_papers_of_what_was_issued(
    tmp_path: Path, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = march(tmp_path / "w", invoices="issued")
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    night(workspace, EARLY)
    assert left(workspace, "invoices") == []
    assert rebill("invoices", "issue", "ACME-2026-000001", "--on", EARLY)[0] == 0
    assert left(workspace, "invoices") == INVOICES[:2]
    assert not waits(workspace, EARLY)
    (workspace.outbox / "invoices" / INVOICES[0]).unlink()
    night(workspace, EARLY)
    assert left(workspace, "invoices") == INVOICES[:2], "a lost one is made again"


def test_due_leaves_a_packet_once_its_day_is_near(tmp_path: Path) -> None:
    calm = march(tmp_path / "calm")
    night(calm, IN_TIME)
    workspace = march(tmp_path / "w", claims="due")
    night(workspace, EARLY)
    assert left(workspace, "claims") == []
    night(workspace, IN_TIME)
    assert left(workspace, "claims") == CLAIMS, "nothing but the day has changed"
    due, all_along = outbox(workspace), outbox(calm)
    assert [due[f"claims/{name}"] == all_along[f"claims/{name}"] for name in CLAIMS] == [True] * 2
    assert not waits(workspace, IN_TIME)
    (workspace.outbox / "claims" / CLAIMS[1]).unlink()
    night(workspace, IN_TIME)
    assert left(workspace, "claims") == CLAIMS, "a lost one is made again"


def test_commands_make_the_papers_that_the_night_does_not(
    tmp_path: Path, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = march(tmp_path / "w", invoices="none", claims="none")
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    night(workspace, EARLY)
    assert rebill("invoices", "render", "--format", "csv,html")[0] == 0
    assert left(workspace, "invoices") == INVOICES
    packets = tmp_path / "packets"
    words = ("--claim", "D-000001", "--as-of", EARLY, "-o", packets)
    assert rebill("disputes", "packet", *words)[0] == 0
    assert (packets / "D-000001.xlsx").exists()


def test_a_paper_that_lies_there_is_kept_true_whatever_is_asked_for(
    tmp_path: Path, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = []
    for later in ("all", "none"):
        workspace = copied(tmp_path / later, early)
        monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
        before = outbox(workspace)
        workspace = asking(workspace, invoices=later, claims=later)
        markups = "method value\npercent 0.20\n"
        nights.loaded(workspace, write(tmp_path / f"dearer-{later}", markups=markups))
        words = ("--bill-month", "2026-03", "--as-of", EARLY)
        assert rebill("invoices", "build", *words)[0] == 0
        left = {n: text for n, text in outbox(workspace).items() if not n.startswith("digest")}
        papers.append(left)
        changed = {name for name, text in left.items() if before[name] != text}
        assert changed == {f"invoices/{name}" for name in INVOICES}
    assert papers[0] == papers[1]


def test_a_word_that_is_no_choice_is_told_with_those_there_are(
    tmp_path: Path, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = nights.small(tmp_path / "w")
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    path = workspace.root / SETTINGS_FILE
    path.write_text(f'{path.read_text()}\n[outbox]\ninvoices = "due"\nclaims = 7\n')
    code, _, err = rebill("nightly", "--as-of", EARLY)
    assert code == 2
    assert '\'due\' is no choice; write "all", "issued" or "none"' in err
    assert '7 is no choice; write "all", "due" or "none"' in err
