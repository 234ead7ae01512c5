"""Commitments and securities on the command line, as they are and as they would be."""

from __future__ import annotations

import json
from pathlib import Path

import nights
import pytest
from typer.testing import CliRunner

from rebill.cli.main import command_line
from rebill.reference.load import load
from rebill.workspace import settings
from rebill.workspace.settings import ConfigError

PROMISE = """
[contract.commitment]
annual = "600.00"
year_starts = 2026-01-01
[contract.security]
bond = "100.00"
months = "2"
"""
SOLD = nights.CONTRACT.replace('"305R01*"', '{ ban = "305R01*", until = 2026-07-01 }')
BOUGHT = """
[[contract]]
id = "NEW-2026"
carrier = "OTHER"
effective_from = 2026-01-01
accounts = [{ ban = "305R01*", from = 2026-07-01 }]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    workspace = nights.small(tmp_path / "w")
    text = nights.CONTRACT + PROMISE
    (workspace.root / "contracts.toml").write_text(text)
    assert load(workspace, [workspace.root / "contracts.toml"], given=nights.NOW).ok
    nights.put(workspace, [(f"{m}.csv", nights.bill(m, nights.USUAL)) for m in (2, 3)])
    nights.night(workspace, "2026-03-25")
    return workspace.root


def rows(place: Path, *words: str) -> list[dict[str, str]]:
    arguments = ["cash", *words, "--json", "--as-of", "2026-03-31", "--workspace", str(place)]
    result = CliRunner().invoke(command_line(), arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_the_year_so_far_and_as_it_goes_on(place: Path) -> None:
    (row,) = rows(place, "commitments")
    assert (row["eligible_gross"], row["run_rate"]) == ("94.00", "47.00")
    assert (row["projected"], row["shortfall"]) == ("517.00", "83.00")  # 94 + 9 x 47
    assert (row["certain_on"], row["status"]) == ("2026-02-05", "certain")
    (row,) = rows(place, "security")
    assert (row["required"], row["held"], row["headroom"]) == ("100.00", "100.00", "0.00")


def test_a_sale_is_supposed_before_it_is_loaded(place: Path, tmp_path: Path) -> None:
    sale = tmp_path / "sale.toml"
    terms = PROMISE.replace("600.00", "300.00").replace("[contract.security]\n", "").splitlines()
    sale.write_text(SOLD + PROMISE + BOUGHT + "\n".join(terms[:4]))
    found = {
        (r["case"], r["contract"]): r for r in rows(place, "commitments", "--suppose", str(sale))
    }
    assert found["as it is", "ACME-2026"]["projected"] == "517.00"
    assert found["supposed", "ACME-2026"]["projected"] == "235.00"  # 94 + 3 x 47
    assert found["supposed", "NEW-2026"]["projected"] == "282.00"  # 6 x 47
    assert len(rows(place, "commitments")) == 1  # nothing was loaded
    plain = CliRunner().invoke(
        command_line(), ["cash", "commitments", "--suppose", str(sale), "--workspace", str(place)]
    )
    assert "NEW-2026" in plain.stdout and "moved_out" in plain.stdout


def test_contracts_that_overlap_are_refused_by_name(place: Path, tmp_path: Path) -> None:
    sale = tmp_path / "sale.toml"
    sale.write_text(nights.CONTRACT.replace("ACME-2026", "TWIN-2026"))
    with pytest.raises(ConfigError, match="TWIN-2026"):
        rows(place, "security", "--suppose", str(sale))
    sale.write_text("[[contract]]\nid = 3")
    with pytest.raises(ConfigError, match=r"sale.toml"):
        rows(place, "commitments", "--suppose", str(sale))


def test_an_empty_record_promises_nothing(workspace: settings.Workspace) -> None:
    arguments = ["cash", "commitments", "--workspace", str(workspace.root)]
    assert CliRunner().invoke(command_line(), arguments).stdout == ""
    for text in nights.exported(workspace, "commitments", "security").values():
        assert len(text.splitlines()) == 1
