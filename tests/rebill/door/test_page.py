"""What the page about Python shows is what happens, block by block."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nights
import pytest
from checkout import ROOT
from reference_files import write

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAYS = "# -> "


def played(block: str, names: dict[str, Any]) -> list[tuple[str, str]]:
    """Run a block statement by statement; return what expressions say beside what the page says."""
    lines, found = block.splitlines(), []
    for node in ast.parse(block).body:
        text = ast.unparse(node)
        if not isinstance(node, ast.Expr):
            exec(text, names)
            continue
        value = eval(text, names)
        after = lines[node.end_lineno] if (node.end_lineno or 0) < len(lines) else ""
        if after.startswith(SAYS):
            found.append((repr(value), after.removeprefix(SAYS)))
    return found


def test_the_page_about_python_says_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("reference"), contracts=nights.CONTRACT, **nights.TABLES)
    write(Path("wrong"), contracts=nights.CONTRACT, **{**nights.TABLES, "services": "service\nS1"})
    Path("bill.csv").write_text(nights.bill(3, nights.USUAL))
    Path("letter.txt").write_text("Dear customer,\n")
    nights.fresh(Path("acme"))
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    names: dict[str, Any] = {}
    told = [pair for block in BLOCK.findall(page) for pair in played(block, names)]
    assert len(told) == page.count(f"\n{SAYS}") > 10
    assert [said for said, _ in told] == [shown for _, shown in told]
    printed = capsys.readouterr().out
    assert (
        "services.csv | 1 | column 'carrier' is missing" in printed
        and "2026-03-01 lies before the last night" in printed
    )
