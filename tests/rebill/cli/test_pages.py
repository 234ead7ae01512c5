"""Every command that a page shows is run, as it is typed there, and does what it says."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import example_world
import nights
import page_examples
import pytest
from checkout import DATA
from reference_files import write

from docs.generate import every_command
from rebill.cli import base
from rebill.cli.manual.help_layout import examples

ELSEWHERE = {"README.md", "docs/commands.md", "rebill/cli/manual/topics/start.md"}
"""Pages whose commands other tests run: the tours as a whole, from nothing on, and all helps (the
commands of a page that stand in the help are left to those too)."""
HELPS = {
    path.removeprefix("rebill "): examples(command.epilog or "")
    for path, command, _ in every_command()
}
NAMES = sorted(HELPS, key=len)


def command_of(line: str) -> str:
    """Return the command that a line calls: `disputes list`."""
    said = line.rpartition("rebill ")[2] + " "
    return next(name for name in reversed(NAMES) if said.startswith(f"{name} "))


def shown() -> list[object]:
    """Return each page with a command it shows, and the lines that show it, in their order."""
    cases: list[object] = []
    for page, text in page_examples.PAGES.items():
        found = [b for b in page_examples.blocks(text) if b.language != "sh"]
        lines = [line for block in found for line in page_examples.typed(block)]
        for command, some in groupby(sorted(lines, key=command_of), key=command_of):
            said = [*some]
            if page in ELSEWHERE or {*said} <= {*HELPS[command]}:
                continue
            marks = [pytest.mark.soak] if command in example_world.COSTLY else []
            name = f"{Path(page).name} {command}"
            cases.append(pytest.param(page, command, said, marks=marks, id=name))
    return cases


@pytest.mark.parametrize(("page", "command", "lines"), shown())
def test_the_commands_of_a_page_do_what_they_say(
    page: str, command: str, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = nights.copied(tmp_path / "w", example_world.build).root
    monkeypatch.chdir(place)
    monkeypatch.setattr(base, "clock_day", lambda: dt.date(2026, 11, 30))
    if page.endswith("x12-811.md"):
        leave_an_811(page)
    example_world.prepare(command, names := example_world.named())
    for line in lines:
        said = example_world.run(line, command, names)
        assert command != "find" or "nothing on record" not in said
        if "--statement > " in line:
            example_world.sign()


def leave_an_811(page: str) -> None:
    """Leave a bill in X12, and the profile the page shows."""
    Path("bill.x12").write_bytes((DATA / "x12-811" / "payable-and-memorandum.x12").read_bytes())
    found = page_examples.blocks(page_examples.PAGES[page])
    (shown,) = (block for block in found if block.first.startswith("profile ="))
    Path("profiles/portal.toml").write_text(shown.text.replace('"north"', '"portal"'))


def test_the_start_of_the_manual_is_walked_from_nothing_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REBILL_WORKSPACE", "acme")
    tables = {**example_world.TABLES, "customers": nights.TABLES["customers"]}
    write(Path("reference"), contracts=nights.CONTRACT, **tables)
    Path("march.csv").write_text(nights.bill(3, nights.USUAL))
    text = page_examples.PAGES["rebill/cli/manual/topics/start.md"]
    typed = "".join(block.text for block in page_examples.blocks(text)).splitlines()
    assert len(typed) == 11
    for line in typed:
        words = line.split()
        if words[0] == "cp":
            shutil.copy(words[1], words[2])
        elif words[0] == "export":
            assert line == "export REBILL_WORKSPACE=acme"
        else:
            names = {"LINE": next(_lines())} if "LINE_ID" in line else {}
            example_world.run(line, "", names)
    assert Path("acme/outbox/digest.html").exists()


def _lines() -> Iterator[str]:
    """Yield the lines that have a finding, as the export of the walk names them."""
    with Path("findings.csv").open(newline="") as file:
        yield from (row["line_id"] for row in csv.DictReader(file) if row["line_id"])
