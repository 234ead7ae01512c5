"""A workspace of any earlier shape of the record goes on: upgraded, loaded, the next night, told.

The workspaces were made by the versions themselves, see `tests/data/workspaces/README.md`.
"""

from __future__ import annotations

import csv
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import kept_world
import nights
import pytest
import sqlalchemy as sa
from checkout import DATA, ROOT
from shell import Call, rows

from rebill.inquiry.tables import TABLES
from rebill.workspace.settings import Workspace

SHAPES = sorted(path.name[:4] for path in (ROOT / "migrations" / "versions").glob("0*.py"))
SOME = [SHAPES[0], SHAPES[-2]]
"""The oldest and the newest: shapes whose nights go on in the short form."""
KEPT = DATA / "workspaces"
RECORDED = (
    *("documents", "lines", "findings", "decisions", "claims", "claim_lines", "debits"),
    *("customer_invoices", "customer_lines", "bank_entries", "debit_settlements"),
    *("commission_statements", "commission_lines", "journal"),
)
"""What stays as it is through later nights too; the other tables tell a day, and days go on."""

TOLD_OTHERWISE = {
    # What a bill took of us was what it asked for, until the bank's own debit was asked.
    ("bill_exposure", "debited"): "0009",
    ("bill_exposure", "undisputed"): "0009",
    ("exposure", "debited"): "0009",
    ("exposure", "undisputed"): "0009",
    # A voided paper counted as one whose audit was still to come.
    ("exposure_detail", "not_audited"): "0008",
    # Of a bill that nobody audited nothing was known, and 0.00 was said.
    ("bill_approvals", "at_stake"): "0016",
}
"""Figures that are computed when asked for, and the last shape whose versions did so by another
rule. What they are computed from is the same."""


@dataclass(frozen=True)
class Kept:
    """A folder with the workspace of a version, the tables it loaded, and what it exported."""

    shape: str
    folder: Path

    def told(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a table as the version exported it."""
        return table(self.folder / "exports" / f"{name}.csv")

    def changed(self, now: Path, names: tuple[str, ...]) -> list[str]:
        """Return what of the version's exports is told otherwise in the folder `now`."""
        found = []
        for name in names:
            key = TABLES[name].key
            later = {tuple(row.get(n, "") for n in key): row for row in table(now / f"{name}.csv")}
            for row in self.told(name):
                # A key that got a column since is empty in what was known before.
                key_of = tuple(row.get(n, "") for n in key)
                there = later.get(key_of, {})
                found += [
                    f"{name} {key_of} {column}: {said} -> {there.get(column, 'lost')}"
                    for column, said in row.items()
                    if there.get(column, "lost") != said
                    and self.shape > TOLD_OTHERWISE.get((name, column), "")
                ]
        return found


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


@pytest.fixture(params=SHAPES[:-1])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """The workspace of each earlier shape, named by the environment."""
    with tarfile.open(KEPT / f"{request.param}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    settings = tmp_path / "workspace" / "rebill.toml"
    settings.write_text(settings.read_text().replace("[inbox]", "[inbox]\nsettle_seconds = 0"))
    monkeypatch.setenv("REBILL_WORKSPACE", str(tmp_path / "workspace"))
    return Kept(request.param, tmp_path)


def exported(rebill: Call, folder: Path, names: Iterable[str] = TABLES) -> Path:
    """Export every table there is into a folder, or those named, and return it."""
    assert rebill("export", *names, "-o", folder)[0] == 0
    return folder


def upgraded(rebill: Call, kept: Kept) -> tuple[str, ...]:
    """Let a workspace be upgraded: it tells what it told; return the tables it told."""
    due = f"the database has shape {kept.shape}, not {SHAPES[-1]}: run `rebill db upgrade`"
    reference = kept.folder / "reference"
    for words in (("load", reference), ("nightly", "--as-of", "2026-03-10")):
        code, out, err = rebill(*words)
        assert (code, out, due in err) == (2, "", True)
    for _ in range(2):
        assert rebill("db", "upgrade")[0] == 0
    told = tuple(path.stem for path in sorted((kept.folder / "exports").glob("*.csv")))
    assert set(RECORDED[:3]) < set(told)
    now = exported(rebill, kept.folder / "upgraded", told)
    assert kept.changed(now, told) == []
    assert [len(table(now / f"{name}.csv")) for name in told] == [len(kept.told(n)) for n in told]
    return told


def goes_on(rebill: Call, kept: Kept) -> Path:
    """Let a workspace be upgraded, loaded and see its next night; return all it tells then."""
    told = upgraded(rebill, kept)
    reference = kept.folder / "reference"
    _change(reference / "buy_rates.csv", "TTB,5.00", "TTB,5.25")
    services = reference / "services.csv"
    services.write_text(
        services.read_text() + "S10,ILEC,305R010001,6145550141,,OH,C1,2026-02-20,\n"
    )
    code, out, _ = rebill("load", reference, "--json")
    loaded = {row["table"]: (row["added"], row["changed"]) for row in json.loads(out)}
    assert code == 0
    assert {name: was for name, was in loaded.items() if any(was)} == {
        "buy_rates": (0, 1),
        "services": (1, 0),
    }
    for name, text in kept_world.bills(3).items():
        (kept.folder / "workspace" / "inbox" / name).write_text(text)
    # A paper of February is still held: somebody is to look at it.
    assert rebill("nightly", "--as-of", "2026-03-10")[0] == 1
    later = exported(rebill, kept.folder / "later")
    assert kept.changed(later, tuple(name for name in told if name in RECORDED)) == []
    assert {row["bill_date"][:7] for row in table(later / "lines.csv")} == {
        *("2026-01", "2026-02", "2026-03")
    }
    return later


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_workspace_of_each_earlier_shape_is_kept() -> None:
    assert sorted(path.name[:4] for path in KEPT.glob("*.tar.xz")) == SHAPES[:-1]


@pytest.mark.parametrize("kept", [one for one in SHAPES[:-1] if one not in SOME], indirect=True)
def test_an_upgraded_workspace_tells_what_it_told(rebill: Call, kept: Kept) -> None:
    upgraded(rebill, kept)


@pytest.mark.parametrize("kept", SOME, indirect=True)
def test_an_upgraded_workspace_tells_what_it_told_and_goes_on(rebill: Call, kept: Kept) -> None:
    goes_on(rebill, kept)


@pytest.mark.soak
def test_all_that_is_done_with_old_months_is_done_in_an_upgraded_workspace(
    rebill: Call, kept: Kept
) -> None:
    later = goes_on(rebill, kept)
    assert rebill("nightly", "--as-of", "2026-03-11")[0] == 1
    again = exported(rebill, kept.folder / "again")
    for name in RECORDED[:3]:
        assert (again / f"{name}.csv").read_bytes() == (later / f"{name}.csv").read_bytes()

    line = next(row["line_id"] for row in table(later / "findings.csv") if row["line_id"])
    assert rebill("explain", line)[0] == 0
    issue = ("invoices", "issue", "--bill-month", "2026-02", "--on", "2026-03-11")
    code, out, err = rebill(*issue)
    assert code == 1 and out and "does not say who sends its invoices" in err
    nights.move_in(kept.folder / "workspace")
    brand = kept.folder / "workspace" / "brands" / "NORTH" / "brand.toml"
    if "remittance" not in (said := brand.read_text()):
        brand.write_text(f'remittance = ["PO Box 12"]\n{said}')
    assert rebill(*issue)[0] in (0, 1)
    invoices = rows(rebill("export", "customer_invoices")[1])
    issued = {row["brand"]: row["invoice_no"] for row in invoices if row["status"] == "issued"}
    papers = kept.folder / "papers"
    for number in issued.values():
        words = ("--format", "html,csv,json,x12", "-o", papers)
        assert rebill("invoices", "render", number, *words)[0] == 0
    assert len([path for path in papers.rglob("*") if path.is_file()]) == 4 * len(issued) > 0
    for number in ("D-000001", "D-000010"):
        packets = kept.folder / number
        assert rebill("disputes", "packet", "--claim", number, "-o", packets)[0] == 0
        assert [path for path in packets.rglob("*") if path.is_file()]
    assert rebill("reconcile", "--from", "2026-01", "--as-of", "2026-03-11")[0] == 0


def test_a_workspace_of_a_newer_version_is_refused_and_stays_as_it_is(
    rebill: Call, place: Workspace
) -> None:
    engine = sa.create_engine(place.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    before = (place.root / "rebill.db").read_bytes()
    for words in (("db", "upgrade"), ("nightly", "--as-of", "2026-03-10"), ("export", "lines")):
        code, _, err = rebill(*words)
        assert code == 2
        assert f"shape 9999, not {SHAPES[-1]}: it was made by a newer version; install that" in err
        assert "db upgrade" not in err
    assert (place.root / "rebill.db").read_bytes() == before
