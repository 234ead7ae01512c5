"""The one page about the whole is true: its links lead to files, and its table says where."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from checkout import ROOT, links

PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
HEADING = "| what | where | look for |\n|---|---|---|\n"
ROW = re.compile(
    r"\| (?P<what>[^|]+) \| \[(?P<shown>[^]]+)\]\((?P<file>[^)]+)\) \| `(?P<word>[^`]+)` \|"
)


class Place(NamedTuple):
    """A rule of the table: what is put where, and the word to look for there."""

    what: str
    shown: str
    file: str
    word: str

    def fault(self) -> str | None:
        """Return what is wrong with the rule; none where the file has the word."""
        path = ROOT / self.file
        if not self.file.startswith(self.shown):
            return f"{self.what}: {self.shown} leads to {self.file}"
        if not path.is_file():
            return f"{self.what}: there is no {self.file}"
        if not re.search(rf"(?<!\w){re.escape(self.word)}(?!\w)", path.read_text("utf-8")):
            return f"{self.what}: {self.file} does not say {self.word}"
        return None


def places(page: str) -> list[Place]:
    """Return the rules of the table; a row that is none of the shape is a mistake."""
    _, found, table = page.partition(HEADING)
    assert found, "there is no table of places"
    rows = table.partition("\n\n")[0].splitlines()
    matches = [ROW.fullmatch(row) for row in rows]
    assert all(matches), [row for row, match in zip(rows, matches, strict=True) if not match]
    return [Place(**match.groupdict()) for match in matches if match]


def test_there_are_a_dozen_rules_of_where_to_put_what():
    assert len(places(PAGE)) >= 12
    assert len({place.what for place in places(PAGE)}) == len(places(PAGE))


@pytest.mark.parametrize("place", places(PAGE), ids=lambda place: place.what)
def test_what_the_table_says_stands_there(place: Place):
    assert place.fault() is None


@pytest.mark.parametrize("link", links(PAGE))
def test_every_step_leads_to_a_file(link: str):
    assert (ROOT / link).is_file()


def test_it_is_a_page_of_prose():
    prose = re.sub(r"\]\([^)]*\)", "]", re.sub(r"^\|.*$", "", PAGE, flags=re.MULTILINE))
    assert len(re.findall(r"\w[\w'-]*", prose)) <= 450
    assert len(links(PAGE)) >= 20


@pytest.mark.parametrize(
    "row",
    [
        "| a code | [reconcile/findings.py](reconcile/findings.py) | `NO_SUCH_WORD` |",
        "| a code | [reconcile/finding.py](reconcile/finding.py) | `CODES` |",
        "| a code | [reconcile/codes.py](reconcile/findings.py) | `CODES` |",
        "| a code | [reconcile/findings.py](reconcile/findings.py) | `CODE` |",
    ],
)
def test_a_rule_that_leads_astray_is_seen(row: str):
    (place,) = places(HEADING + row + "\n")
    assert place.fault()


def test_a_row_of_another_shape_is_seen():
    with pytest.raises(AssertionError):
        places(HEADING + "| a code | reconcile/findings.py | `CODES` |\n")
