"""One number says the version, and the changelog says what each brought."""

from __future__ import annotations

import datetime as dt

import pytest
from checkout import ROOT

import rebill
from docs.release import SECTION, UNRELEASED, Refused, cut, order

DAY = dt.date(2026, 12, 1)
PACKAGE = 'x = 1\n__version__ = "0.1.0"\n'
LOG = f"# Changelog\n\n{UNRELEASED}\n### Cash\n- New.\n\n## 0.1.0 - 2026-11-23\n- Old.\n"


def test_the_newest_version_of_the_changelog_is_the_one_the_package_says() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    sections = SECTION.findall(text)
    assert len(sections) == text.count("\n## "), "a section is `## Unreleased` or `## 1.2.3 - DAY`"
    versions = [(order(version), day) for _, version, day in sections if version]
    assert versions == sorted(versions, reverse=True) and len({*versions}) == len(versions)
    assert versions[0][0] == order(rebill.__version__)
    assert [place for place, (open_, _, _) in enumerate(sections) if open_] == [0]


def test_what_was_unreleased_is_what_the_version_brought() -> None:
    changelog, package = cut(LOG, PACKAGE, "0.2.0", DAY)
    assert package == 'x = 1\n__version__ = "0.2.0"\n'
    assert changelog == (
        f"# Changelog\n\n{UNRELEASED}\n## 0.2.0 - 2026-12-01\n\n### Cash\n- New.\n\n"
        "## 0.1.0 - 2026-11-23\n- Old.\n"
    )
    for version, log, why in (
        ("0.1.0", LOG, "is not after 0.1.0"),
        ("two", LOG, "is no version"),
        ("0.2.0", LOG.replace("- New.\n", ""), "nothing is unreleased"),
    ):
        with pytest.raises(Refused, match=why):
            cut(log, PACKAGE, version, DAY)
