"""The site holds every page once, below its reader, and leads nowhere astray."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import ROOT

from docs import site


def test_every_page_stands_once_in_the_site_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    listed = [page for those in site.parts().values() for page in those]
    pages = {path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(listed) == sorted(pages | {Path("ARCHITECTURE.md"), Path("CHANGELOG.md")})
    site.staged(tmp_path / "pages")
    index = (tmp_path / "pages" / "index.md").read_text("utf-8")
    assert "[docs/findings.md](docs/findings.md)" in index and index.count(":caption:") == 8
    told = (tmp_path / "pages" / "ARCHITECTURE.md").read_text("utf-8")
    assert "| `reconcile/audit/due.py` | `disconnect_grace_days` |" in told
    assert "(`invoices/footing.py`)" in told and "](invoices" not in told


@pytest.mark.parametrize(
    ("index", "page", "wrong"),
    [
        ("who disputes", "[x](gone.md)", "docs/a.md: there is no gone.md"),
        ("who sleeps", "", "docs/README.md: `who sleeps` is in no part of the site"),
    ],
)
def test_a_link_that_leads_nowhere_stops_the_site(
    index: str, page: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("[a](docs/a.md)\n")
    (tmp_path / "CHANGELOG.md").write_text("")
    (tmp_path / "docs" / "README.md").write_text(f"| [a.md](a.md) | {index} | x |\n")
    (tmp_path / "docs" / "a.md").write_text(f"    [code](never.md)\n\n{page}\n")
    monkeypatch.setattr(site, "ROOT", tmp_path)
    with pytest.raises(site.Astray, match=wrong):
        site.staged(tmp_path / "pages")
