"""The documentation says what the program does: generated pages are fresh, links lead somewhere."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from pathlib import Path

import page_examples
import typed_commands
from checkout import ROOT, links

from docs import generate

PAGES = sorted(ROOT / name for name in page_examples.PAGES if "topics" not in name)


def test_the_generated_pages_are_fresh():
    assert generate.stale() == [], "run: make docs"


def test_a_page_that_was_edited_by_hand_is_stale(tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    assert generate.main([]) == 0
    assert generate.stale() == []
    page = tmp_path / "findings.md"
    page.write_text(page.read_text("utf-8") + "\n", "utf-8")
    (tmp_path / "commands.md").unlink()
    assert generate.stale() == ["findings.md", "commands.md"]
    assert generate.main(["--check"]) == 1


def test_every_command_is_documented_with_an_example():
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    names = {path for path, _, _ in generate.every_command()}
    assert names >= {f"rebill {name}" for name in ("init", "load", "ingest", "nightly", "export")}
    for path, command, _ in generate.every_command():
        assert f"\n## {path}\n" in page
        assert (command.help or "").strip().endswith("."), f"{path} has no sentence of help"
        assert "Example" in (command.epilog or ""), f"the help of {path} ends without an example"


def test_every_option_has_a_sentence():
    silent = []
    for path, command, context in generate.every_command():
        for parameter in command.params:
            record = parameter.get_help_record(context)
            if record and not record[1].partition("[")[0].strip() and record[0].startswith("-"):
                silent.append(f"{path} {record[0]}")
    assert not silent


def test_every_finding_code_has_a_row():
    from reconcile.findings import CODES

    page = (ROOT / "docs" / "findings.md").read_text("utf-8")
    assert len(CODES) >= 25
    for code in CODES:
        assert f"| `{code.name}` |" in page


def test_every_promised_table_has_a_section():
    page = (ROOT / "docs" / "tables.md").read_text("utf-8")
    for name in (
        *("usocs", "packages", "buy_rates", "services", "orders", "customers", "markups"),
        *("documents", "lines", "findings", "claims", "customer_invoices", "customer_lines"),
        *("debits", "exposure"),
    ):
        assert f"\n### {name}\n" in page


def test_the_index_leads_to_every_page_and_room():
    index = ROOT / "docs" / "README.md"
    reached = {(index.parent / target).resolve() for target in links(index.read_text("utf-8"))}
    root_pages = {ROOT / "README.md", ROOT / "CHANGELOG.md", index}
    assert set(PAGES) - reached == root_pages


def test_the_tour_runs_as_it_is_typed(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from rebill.cli.main import command_line
    from rebill.demo.generate import generate

    generate(tmp_path / ".demo", 100, 1, 7)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REBILL_WORKSPACE", "acme")
    tour = (ROOT / "README.md").read_text("utf-8")
    typed = re.findall(r"^    ((?:rebill|cp) .*?)(?: {2,}#.*)?$", tour, re.MULTILINE)
    assert len(typed) >= 8
    for words in map(shlex.split, typed):
        if words[0] == "cp":
            for path in tmp_path.glob(words[1]):
                shutil.copy(path, words[2])
            continue
        words = [line_id(tmp_path) if word == "LINE_ID" else word for word in words]
        result = CliRunner().invoke(command_line(), words[1:])
        assert result.exit_code in ({0, 1} if "nightly" in words else {0}), result.output
    assert (tmp_path / "findings.csv").read_text("utf-8").count("\n") > 10


def line_id(folder: Path) -> str:
    """The line of the first finding that the tour's export names."""
    with (folder / "findings.csv").open(encoding="utf-8", newline="") as file:
        return next(row["line_id"] for row in csv.DictReader(file) if row["line_id"])


def test_the_commands_that_pages_show_exist():
    names = {path for path, _, _ in generate.every_command()}
    groups = {name.rpartition(" ")[0] for name in names if name.count(" ") == 2}
    shown = set()
    for page in PAGES:
        text = page.read_text("utf-8")
        shown |= set(re.findall(r"(?:^ {4}|`)(rebill [a-z]+)(?: ([a-z-]+)\b)?", text, re.MULTILINE))
    assert len(shown) >= 8
    for command, word in shown:
        known = command in names or command in groups
        assert known, f"a page shows {command}"
        if command in groups and command not in names and word:
            assert f"{command} {word}" in names, f"a page shows {command} {word}"


def test_the_commands_that_pages_show_are_understood():
    found = {
        f"{page}: {line}": why
        for page, text in page_examples.PAGES.items()
        for line in typed_commands.shown(text)
        if (why := typed_commands.fault(line))
    }
    assert not found, "mend the page, or the command: " + "\n".join(
        f"{line}: {why}" for line, why in found.items()
    )


def test_the_commands_that_sentences_name_are_understood_as_far_as_they_go():
    found = {
        f"{page}: {line}": why
        for page, text in page_examples.PAGES.items()
        for line in typed_commands.named(text)
        if (why := typed_commands.fault(line)) and not why.startswith(("Missing ", "Usage: "))
        if not why.endswith("requires an argument.")
    }
    assert not found


def test_a_command_that_is_none_is_found_on_a_page():
    for line, why in (
        ("rebill disputes sumbit D-1 --on 2026-04-02", "No such command"),
        ("rebill export lines --month 2026-03", "No such option"),
        ("rebill nightly --as-of tomorrow", "is no date"),
        ("rebill nightly", "Missing option"),
    ):
        (found,) = typed_commands.shown(f"Text\n\n    {line}   # a word on it\n")
        assert why in (typed_commands.fault(found) or "")
    assert typed_commands.shown("    zcat a.gz | rebill describe -\n") == ["rebill describe -"]


def test_the_make_targets_that_pages_show_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^(\w+):.*## ", makefile, re.MULTILINE))
    assert targets >= {"help", "install", "demo", "test", "check", "bench", "soak"}
    shown = set()
    for page in PAGES:
        shown |= set(re.findall(r"(?:^ {4}|`)make (\w+)", page.read_text("utf-8"), re.MULTILINE))
    assert {"demo", "test", "docs"} <= shown <= targets
