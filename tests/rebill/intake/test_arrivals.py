"""Files of a night that are no plain files: archives, and bills whose parts come apart."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from flat_feeds import PARTS, Bill, Charge, Quirks, files_of, profile_of
from nights import USUAL, bill, exported, job, kept, night, put, small
from shell import Call

from rebill.night import batch
from rebill.workspace.settings import Workspace

FEED = Bill("305R010001", tuple(Charge(part, Decimal("10.00")) for part in PARTS))


def frame(workspace: Workspace, table: str) -> pl.DataFrame:
    text = exported(workspace, table)[table]
    return pl.read_csv(text.encode(), infer_schema=False)


def archive(files: dict[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return made.getvalue()


def test_an_archive_says_the_same_as_its_files(tmp_path: Path) -> None:
    plain, packed = small(tmp_path / "plain"), small(tmp_path / "packed")
    put(plain, [("a.csv", bill(3, USUAL))])
    inner = gzip.compress(bill(3, USUAL).encode())
    (packed.inbox / "bills.zip").write_bytes(archive({"march/a.csv.gz": inner}))
    for workspace in (plain, packed):
        night(workspace, "2026-03-10")
    for table in ("lines", "claims", "customer_lines", "debits"):
        ours, theirs = frame(packed, table), frame(plain, table)
        assert ours.drop("source_file", strict=False).equals(
            theirs.drop("source_file", strict=False)
        )
    names = frame(packed, "documents")["source_file"].to_list()
    assert names == ["bills.zip!march/a.csv.gz!a.csv"]
    assert sorted(p.name for p in packed.inbox.iterdir()) == ["bills.zip"]
    assert not list(packed.lines.glob(".tmp*"))


def test_the_same_archive_and_its_files_sent_alone_are_known(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    (workspace.inbox / "bills.zip").write_bytes(archive({"a.csv": bill(3, USUAL)}))
    first = night(workspace, "2026-03-10")
    assert first.became["bills.zip!a.csv"] == "1 loaded"
    before = kept(workspace)
    put(workspace, [("again.csv", bill(3, USUAL))])
    assert not batch.explain(workspace, job(workspace, "2026-03-10")).stages
    night(workspace, "2026-03-10")
    assert kept(workspace) == before


def test_a_bad_member_is_refused_by_name_and_the_good_ones_load(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    content = archive({"a.csv": bill(3, USUAL), "../b.csv": bill(4, USUAL), "c.pdf": "%PDF"})
    (workspace.inbox / "bills.zip").write_bytes(content)
    explained = batch.explain(workspace, job(workspace, "2026-03-10"))
    words = [stage.words() for stage in explained.stages]
    assert "refuse bills.zip!../b.csv: its path leaves the folder it is in" in words
    night(workspace, "2026-03-10")
    documents = frame(workspace, "documents").select("source_file", "status", "carrier").rows()
    assert sorted(documents) == [
        ("bills.zip!../b.csv", "refused", None),
        ("bills.zip!a.csv", "loaded", "ILEC"),
        ("bills.zip!c.pdf", "refused", None),
    ]
    before = kept(workspace)
    assert not batch.explain(workspace, job(workspace, "2026-03-10")).stages
    assert kept(workspace) == before


@pytest.fixture
def feed(tmp_path: Path) -> Workspace:
    """A workspace with a profile for the invented feed."""
    workspace = small(tmp_path / "w")
    workspace.profiles.mkdir(exist_ok=True)
    (workspace.profiles / "invented.toml").write_text(profile_of(Quirks()))
    return workspace


def loaded(workspace: Workspace) -> list[tuple[str, str, str]]:
    documents = frame(workspace, "documents").filter(pl.col("status") == "loaded")
    return documents.select("invoice_no", "lines", "current_charges").rows()


WHOLE = [("305R010001-20261101", "4", "40.00")]


def test_the_files_of_a_bill_make_one_document_whose_lines_know_their_files(
    feed: Workspace,
) -> None:
    put(feed, files_of([FEED], Quirks()).items())
    outcome = night(feed, "2026-11-10")
    assert loaded(feed) == WHOLE
    assert outcome.became["ledger.csv"] == "1 loaded"
    assert outcome.became["tax.csv"] == "1 parts of bills"
    assert set(frame(feed, "lines")["source_file"]) == {f"{part}.csv" for part in PARTS}
    assert not batch.explain(feed, job(feed, "2026-11-10")).stages


@pytest.mark.parametrize(
    "order",
    [
        ("tax", "ledger"),
        pytest.param(("ledger", "recurring"), marks=pytest.mark.soak),
        pytest.param(("usage", "tax"), marks=pytest.mark.soak),
    ],
)
def test_parts_that_come_night_by_night_are_put_together_when_the_last_is_there(
    feed: Workspace, order: tuple[str, str]
) -> None:
    files = files_of([FEED], Quirks())
    late = [f"{name}.csv" for name in order]
    put(feed, [(name, text) for name, text in files.items() if name not in late])
    night(feed, "2026-11-10")
    for name in late:
        assert loaded(feed) == []
        held = frame(feed, "documents").filter(pl.col("status") == "held")
        assert held.height == 1
        assert not batch.explain(feed, job(feed, "2026-11-10")).stages
        # Whoever empties the inbox takes nothing away that a bill still needs.
        for path in feed.inbox.iterdir():
            path.unlink()
        put(feed, [(name, files[name])])
        night(feed, "2026-11-10")
    assert loaded(feed) == WHOLE
    pulls = frame(feed, "debits").filter(pl.col("status") != "none")
    assert pulls["amount"].to_list() == ["40.00"]
    night(feed, "2026-11-11")
    assert list((feed.root / "waiting").iterdir()) == []


def test_another_bill_that_comes_meanwhile_changes_nothing_of_one_that_waits(
    feed: Workspace,
) -> None:
    files = files_of([FEED], Quirks())
    put(feed, [(name, text) for name, text in files.items() if name != "tax.csv"])
    night(feed, "2026-11-10")
    held = frame(feed, "documents")
    put(feed, [("other.csv", bill(11, USUAL))])
    night(feed, "2026-11-10")
    documents = frame(feed, "documents")
    assert documents.filter(pl.col("status") == "held").equals(held)
    assert loaded(feed) == [("INV11", "3", "47.00")]
    put(feed, [("tax.csv", files["tax.csv"])])
    night(feed, "2026-11-10")
    assert sorted(loaded(feed)) == sorted([("INV11", "3", "47.00"), *WHOLE])


def test_a_part_sent_again_beside_a_loaded_bill_is_held_as_another_word(feed: Workspace) -> None:
    files = files_of([FEED], Quirks())
    put(feed, files.items())
    night(feed, "2026-11-10")
    put(feed, [("tax2.csv", files["tax.csv"].replace("10.00", "12.00"))])
    night(feed, "2026-11-10")
    assert loaded(feed) == WHOLE
    codes = frame(feed, "findings")["code"].to_list()
    assert "document_conflicts" in codes
    night(feed, "2026-11-11")
    assert not (feed.root / "waiting").exists() or not list((feed.root / "waiting").iterdir())


def test_a_night_killed_after_a_part_was_kept_is_done_again(feed: Workspace) -> None:
    files = files_of([FEED], Quirks())
    put(feed, [(name, text) for name, text in files.items() if name != "tax.csv"])

    def kill(boundary: str) -> None:
        if boundary == "Settle":
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        night(feed, "2026-11-10", kill)
    assert frame(feed, "documents").is_empty()
    put(feed, [("tax.csv", files["tax.csv"])])
    night(feed, "2026-11-10")
    assert loaded(feed) == WHOLE


def test_text_of_another_encoding_is_read_as_the_profile_says(
    feed: Workspace, rebill: Call
) -> None:
    charge = Charge("recurring", Decimal("10.00"), description="Café ligne")
    files = files_of([Bill("305R010001", (charge,))], Quirks())
    for encoding in ("cp1252", "utf-16"):
        text = profile_of(Quirks(), "old", f'encoding = "{encoding}"\n')
        (feed.profiles / "invented.toml").write_text(text)
        path = feed.root / "recurring.csv"
        path.write_bytes(files["recurring.csv"].encode(encoding))
        code, out, _ = rebill("describe", path, "--workspace", feed.root, "--json")
        assert code == 0
        assert '"status": "held"' in out
        assert '"quarantined": 0' in out


def test_a_faulty_profile_of_the_workspace_stops_the_night_before_it_begins(
    feed: Workspace, rebill: Call
) -> None:
    (feed.profiles / "bad.toml").write_text('profile = "bad"\nformat = "flat"\n')
    put(feed, [("a.csv", bill(3, USUAL))])
    code, _, err = rebill("nightly", "--as-of", "2026-03-10", "--workspace", feed.root)
    assert code == 2
    assert "profiles/bad.toml: [flat] lacks [[flat.part]]" in err
    code, _, err = rebill("profiles", "check", "--workspace", feed.root)
    assert code == 2
    assert "flat.part" in err
    (feed.profiles / "bad.toml").unlink()
    assert rebill("profiles", "check", "--workspace", feed.root)[0] == 0
    code, out, _ = rebill("profiles", "list", "--workspace", feed.root)
    assert "invented" in out
    assert "ledger-csv" in out


def test_parts_wait_on_either_database(tmp_path: Path, database_url: str) -> None:
    workspace = small(tmp_path / "w", database_url)
    workspace.profiles.mkdir(exist_ok=True)
    (workspace.profiles / "invented.toml").write_text(profile_of(Quirks()))
    files = files_of([FEED], Quirks())
    put(workspace, [(name, text) for name, text in files.items() if name != "tax.csv"])
    night(workspace, "2026-11-10")
    assert loaded(workspace) == []
    (workspace.inbox / "rest.zip").write_bytes(archive({"tax.csv": files["tax.csv"]}))
    night(workspace, "2026-11-10")
    assert loaded(workspace) == WHOLE


def test_an_archive_of_parts_is_described_as_the_bill_they_make(
    feed: Workspace, rebill: Call
) -> None:
    files = files_of([FEED], Quirks())
    path = feed.root / "month.zip"

    def told(members: dict[str, str]) -> list[dict[str, Any]]:
        path.write_bytes(archive(dict(members)))
        code, out, _ = rebill("describe", path, "--workspace", feed.root, "--json")
        assert code == 0
        members_told: list[dict[str, Any]] = json.loads(out)
        return members_told

    *parts, whole = told(files)
    assert [part["file"] for part in parts] == [f"month.zip!{name}" for name in files]
    assert all("documents" not in part and not part["findings"] for part in parts)
    assert [(one["status"], one["apart"]) for one in whole["documents"]] == [("loaded", "0.00")]
    assert whole["findings"] == []
    less = told({name: text for name, text in files.items() if name != "tax.csv"})[-1]
    assert [one["status"] for one in less["documents"]] == ["held"]
    assert "no row of part tax came" in less["findings"][0]["message"]


def test_a_bill_sent_twice_beside_one_without_lines_counts_once(tmp_path: Path) -> None:
    workspace = small(tmp_path / "w")
    march = bill(3, USUAL)
    nothing = bill(4, "", charges="0.00")
    again = march.replace("\n", "\r\n")
    put(workspace, [("a.csv", march), ("again.csv", again), ("nothing.csv", nothing)])
    outcome = night(workspace, "2026-04-10")
    assert outcome.became == {
        "a.csv": "1 loaded", "again.csv": "1 repeated", "nothing.csv": "1 loaded"
    }  # fmt: skip
    other = small(tmp_path / "other")
    put(other, [("a.csv", march), ("nothing.csv", nothing)])
    night(other, "2026-04-10")
    for table in ("lines", "claims", "customer_lines", "debits"):
        assert frame(workspace, table).equals(frame(other, table)), table
    assert frame(workspace, "lines").height == 3


def test_lines_that_end_with_a_carriage_return_alone_are_lines(
    feed: Workspace, rebill: Call
) -> None:
    files = files_of([Bill("305R010001", (Charge("recurring", Decimal("10.00")),))], Quirks())
    for encoding in ("utf-8", "cp1252"):
        text = profile_of(Quirks(), "old", f'encoding = "{encoding}"\n')
        (feed.profiles / "invented.toml").write_text(text)
        path = feed.root / "recurring.csv"
        path.write_bytes(files["recurring.csv"].replace("\n", "\r").encode(encoding))
        code, out, _ = rebill("describe", path, "--workspace", feed.root, "--json")
        assert code == 0
        assert '"status": "held"' in out, "its ledger is another file"
        assert '"quarantined": 0' in out
