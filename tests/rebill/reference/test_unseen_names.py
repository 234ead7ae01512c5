"""What no eye sees in a name of the reference tables makes no other customer."""

from __future__ import annotations

from pathlib import Path

import pytest
from reference_files import frame, said

from rebill.reference import load
from rebill.workspace.settings import Workspace


def test_what_cannot_be_seen_makes_no_other_customer(workspace: Workspace, tmp_path: Path) -> None:
    rows = [
        "customer,name",
        '="007",One',
        "'008,Two",
        "A\u200bB,Three",
        "\u202dC\u00a0D\u202c,Four",
    ]
    (tmp_path / "customers.csv").write_text("\n".join(rows), "utf-8")
    assert said(load.load(workspace, [tmp_path])) == []
    assert sorted(frame(workspace, "customers")["customer"]) == ["007", "008", "AB", "C D"]
    (tmp_path / "customers.csv").write_text("customer,name\nAB,Three\nA\u200bB,Else\n", "utf-8")
    (fault,) = said(load.load(workspace, [tmp_path]))
    assert "row 3" in fault


@pytest.mark.parametrize("customer", ["\uff10\uff17", "=A1", "x" * 201])
def test_what_cannot_be_told_by_its_characters_is_no_customer(
    workspace: Workspace, tmp_path: Path, customer: str
) -> None:
    (tmp_path / "customers.csv").write_text(f"customer,name\n{customer},One\n", "utf-8")
    (fault,) = said(load.load(workspace, [tmp_path]))
    assert "is not told by plain characters, 200 at most and no formula" in fault
