"""Cash at a glance: the page in a real browser says what the tables beside it say."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import browser
import nights
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from rebill.cash.as_of import standing
from rebill.cash.bank_tables import to_come
from rebill.cash.forecast.gather import bills_ahead
from rebill.cash.forecast.outlook import cases_of
from rebill.cash.report import Draws, Report, cash_report, pull_days
from rebill.cash.report_page import as_page, write
from rebill.cli.cash.glance import show_report, spark
from rebill.cli.main import command_line
from rebill.disputes.file import submit
from rebill.reference.load import load
from rebill.store.record import reading
from rebill.workspace.settings import ConfigError, Workspace

D = Decimal
AS_OF = dt.date(2026, 3, 31)
PROMISE = """
[contract.commitment]
annual = "600.00"
year_starts = 2026-01-01
[contract.security]
bond = "100.00"
cost_of_capital = "0.12"
"""
NASTY = "<script>window.bad=1</script>&C"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two months, a claim that was filed, a commitment, and a contract with an ugly name."""
    root = tmp_path_factory.mktemp("report") / "w"
    workspace = nights.small(root)
    ugly = nights.CONTRACT.replace("ACME-2026", NASTY).replace('"305R01*"', '"999*"')
    (root / "contracts.toml").write_text(nights.CONTRACT + PROMISE + ugly + PROMISE)
    assert load(workspace, [root / "contracts.toml"], given=nights.NOW).ok
    nights.put(workspace, [(f"{m}.csv", nights.bill(m, nights.USUAL)) for m in (2, 3)])
    nights.night(workspace, "2026-03-10")
    claims = nights.table(workspace, "claims").sort("amount")
    submit(workspace, [claims["claim_no"][0]], dt.date(2026, 3, 11), "ana", None)
    return workspace


@pytest.fixture(scope="module")
def report(place: Workspace) -> Report:
    with reading(place) as record:
        return cash_report(record, AS_OF, Draws(60, 200, 1, D("50.00"), cases_of(5, 30)))


def plain(cell: str) -> str:
    """Return a figure as people read it as the tables write it."""
    if cell.endswith(" %"):
        return f"{D(cell[:-2]):.1f}"
    return cell.replace(",", "") if re.fullmatch(r"-?[\d,]+(\.\d+)?", cell) else cell


def same(shown: str, written: str) -> bool:
    """Whether a cell of the page is a cell of the table; a share is shown with one decimal."""
    if shown.endswith(" %"):
        return plain(shown) == f"{D(written) * 100:.1f}"
    return plain(shown) == written


def test_a_real_browser_finds_nothing_wrong_and_shows_the_figures_of_the_tables(
    report: Report, place: Workspace, tmp_path: Path
) -> None:
    program = browser.find_browser()
    if program is None:
        pytest.skip(f"no browser here: install chromium or name one in {browser.NAMED_BY}")
    paths = write(report, tmp_path / "out")
    dom, complaints = browser.opened(program, paths[0], tmp_path / "profile")
    assert complaints == []
    tables = browser.Tables(dom).found
    assert set(tables) == set(report.tables)
    compared = 0
    for name, rows in tables.items():
        with (tmp_path / "out" / f"{name}.csv").open(newline="") as file:
            written = list(csv.DictReader(file))
        assert len(rows) == len(written) > 0, name
        for shown, row in zip(rows, written, strict=True):
            for column, cell in shown.items():
                assert same(cell, row[column]), (name, column, cell, row[column])
                compared += 1
    assert compared > 500
    assert dom.count("<svg") == 4
    exposed = nights.exported(place, "exposure")["exposure"].splitlines()
    today = next(row for row in csv.DictReader(exposed) if row["on"] == str(AS_OF))
    (position,) = tables["position"]
    for place_name in ("debited", "undisputed", "unfiled", "open", "credited", "expired"):
        assert plain(position[place_name]) == today[place_name]


def test_the_browser_would_tell_of_a_script_that_fails(tmp_path: Path) -> None:
    program = browser.find_browser()
    if program is None:
        pytest.skip(f"no browser here: install chromium or name one in {browser.NAMED_BY}")
    (tmp_path / "x.html").write_text("<p id=p>a</p><script>p.id='q'; nothing.here()</script>")
    dom, complaints = browser.opened(program, tmp_path / "x.html", tmp_path / "profile")
    assert 'id="q"' in dom
    assert any("nothing is not defined" in line for line in complaints)


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(report: Report) -> None:
    page = as_page(report)
    assert "<script" not in page
    assert not re.search(r"(?:src|href)\s*=|@import|url\(", page)
    assert NASTY not in page and "&lt;script&gt;window.bad=1" in page


def test_a_pull_stands_against_the_window_of_its_bills(place: Workspace) -> None:
    with reading(place) as record:
        known, ahead = standing(record, AS_OF), to_come(record, AS_OF, 60)
    rows = pull_days(known, bills_ahead(known, ahead, 60), 60)
    told = {(str(row["on"]), row["kind"]): row for row in rows.to_dicts()}
    march = told["2026-03-20", "known"]
    assert (march["bills"], march["amount"], march["window_closes"]) == (
        1,
        D("47.00"),
        dt.date(2026, 6, 3),
    )
    assert march["days_after_pull"] == 75
    assert march["disputed"] == D("18.67") and march["unfiled"] > 0
    april = told["2026-04-20", "expected"]
    assert (april["amount"], april["disputed"]) == (D("47.00"), D("0.00"))


def test_the_terminal_shows_the_same_in_colour_or_without(report: Report) -> None:
    texts = {}
    for colour in (True, False):
        out = io.StringIO()
        console = Console(file=out, width=100, force_terminal=colour, color_system="standard")
        console.no_color = not colour
        show_report(report, console)
        texts[colour] = out.getvalue()
    assert "\x1b[" in texts[True]
    bare = re.sub(r"\x1b\[[\d;]*m", "", texts[True])
    case = report.tables["cases"].row(0, named=True)
    for figure in (case["lowest_p50"], case["peak_funding_p95"], D("600.00")):
        assert f"{figure:,.2f}" in bare
    assert max(map(len, bare.splitlines())) <= 100


def test_a_line_of_blocks_keeps_the_lowest_of_each_stretch() -> None:
    line = spark([D(n) for n in (5, -3, 4, 9)], 2)
    assert line.plain == "▁█"
    assert [str(span.style) for span in line.spans] == ["red", "green"]
    assert spark([D(1)] * 3, 60).plain == "▁▁▁"


def test_the_command_leaves_page_and_tables_whole(place: Workspace, tmp_path: Path) -> None:
    words = ["--as-of", str(AS_OF), "--days", "30", "--scenarios", "20", "--seed", "3"]
    arguments = ["cash", "report", "--workspace", str(place.root), *words]
    result = CliRunner().invoke(command_line(), arguments, catch_exceptions=False)
    assert result.exit_code == 0 and "Cash on 2026-03-31" in result.stdout
    made = {path.name: path.read_bytes() for path in (place.root / "outbox" / "cash").iterdir()}
    assert {"cash.html", "exposure.csv", "forecast.csv", "pulls.csv"} <= set(made)
    again: dict[str, Any] = {}
    CliRunner().invoke(
        command_line(), [*arguments, "-o", str(tmp_path / "b")], catch_exceptions=False
    )
    again = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert again == made
    forecast = pl.read_csv(made["forecast.csv"], infer_schema=False)
    assert forecast.height == 30


def test_an_empty_record_has_nothing_to_report(workspace: Workspace) -> None:
    arguments = ["cash", "report", "--as-of", "2026-03-31", "--workspace", str(workspace.root)]
    assert isinstance(CliRunner().invoke(command_line(), arguments).exception, ConfigError)


def test_what_is_in_the_way_of_the_output_is_wrong_usage(place: Workspace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    for command, out in (
        ("report", tmp_path / "file"),
        ("report", tmp_path / "file" / "below"),
        ("forecast", tmp_path / "file" / "days.csv"),
        ("forecast", tmp_path),
    ):
        arguments = ["cash", command, "--workspace", str(place.root), "-o", str(out)]
        assert CliRunner().invoke(command_line(), arguments).exit_code == 2, (command, out)
    assert (tmp_path / "file").read_text() == "kept"


def test_a_day_nobody_can_look_ahead_from_is_refused(place: Workspace) -> None:
    for day in ("9999-12-01", "0001-01-01"):
        arguments = ["cash", "forecast", "--workspace", str(place.root), "--as-of", day]
        found = CliRunner().invoke(command_line(), arguments)
        assert found.exit_code == 2 and day in found.output
