"""A brand that fails when it is filled in fails alone: what its templates can reach and take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import nights
import pytest
from nights import USUAL, bill, outbox, put
from reference_files import write
from shell import Call, rows

from invoices.customer.brand import BrandFault
from rebill.cli.failures import FAILED, NEEDS_A_PERSON
from rebill.paper.typeset import Sheet
from rebill.workspace import lock
from rebill.workspace.apart import Budget
from rebill.workspace.brands import read_brands
from rebill.workspace.desk import Desk
from rebill.workspace.settings import Workspace

TOP = "{{ summary }}{{ detail }}"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
TWO_BRANDS = """
    customer name brand bill_day due_days
    C1       One  ACME  15       20
    C2       Two  BETA  1        30
    """


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk(Budget(1, 128)) as made:
        yield made


@pytest.fixture
def acme(place: Workspace) -> Path:
    folder = place.root / "brands" / "ACME"
    folder.mkdir(parents=True)
    (place.root / "secret.svg").write_text(f"{SVG}</svg>")
    return folder


def own_papers(place: Workspace, number: str) -> dict[str, bytes]:
    return {name: text for name, text in outbox(place).items() if f"/{number}" in name}


def test_other_papers_leave_and_those_that_stood_stay_until_the_brand_is_mended(
    place: Workspace, acme: Path, rebill: Call
) -> None:
    nights.loaded(place, write(place.root / "more", customers=TWO_BRANDS))
    page = acme / "p.html"
    (acme / "brand.toml").write_text('page = "p.html"')
    page.write_text(TOP + "{{ 1 / 0 }}")
    put(place, [("a.csv", bill(3, USUAL))])
    code, _, err = rebill("nightly", "--as-of", "2026-03-10")
    told = "brands/ACME/p.html cannot be filled in: ZeroDivisionError"
    assert code == NEEDS_A_PERSON and told in err and '"invoices_without_papers": 1' in err
    assert not own_papers(place, "ACME") and len(own_papers(place, "BETA")) == 2
    digest = rows((place.outbox / "digest.csv").read_text())
    (row,) = [row for row in digest if row["name"] == "ACME"]
    assert (row["section"], row["count"]) == ("lacking", "1") and row["text"].startswith(told)
    assert told in (place.outbox / "digest.html").read_text()

    page.write_text(TOP + "mended")
    code, _, err = rebill("nightly", "--as-of", "2026-03-10")
    assert "lacking" not in err and "invoices_without_papers" not in err
    before = own_papers(place, "ACME")
    assert any(text.endswith(b"mended") for text in before.values())

    page.write_text(TOP + "{{ again }}")
    assert "'again' is undefined" in rebill("invoices", "build", "--as-of", "2026-03-11")[2]
    assert own_papers(place, "ACME") == before

    # Issued meanwhile, it gets its papers as issued: those that stand are of an earlier draft.
    (number,) = {name.split("/")[-1].rpartition(".")[0] for name in before}
    code, _, err = rebill("invoices", "issue", number, "--on", "2026-03-16")
    assert code == NEEDS_A_PERSON and "'again' is undefined" in err
    page.write_text(TOP + "once more")
    rebill("nightly", "--as-of", "2026-03-17")
    assert any(text.endswith(b"once more") for text in own_papers(place, "ACME").values())
    with lock.locked(place):
        assert rebill("invoices", "render", "--format", "csv")[0] == FAILED


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ('{% include "/etc/passwd" %}', "TemplateNotFound"),
        ('{% extends "../../rebill.toml" %}', "TemplateNotFound"),
        ("{{ brand.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "1 sec"),
        ('{{ ("x" * 10**10) | length }}', "more than 128 MiB"),
        ("{{ " + "(" * 3000 + ")" * 3000 + " }}", "RecursionError"),
    ],
)
def test_a_page_of_a_brand_reaches_nothing_and_takes_no_more_than_it_may(
    desk: Desk, page: str, told: str
) -> None:
    made = desk.fill(page, [{"brand": "A"}, {"brand": "B"}])
    assert len(made) == 2 and all(told in str(each) for each in made)
    assert all(isinstance(each, BrandFault) for each in made)
    assert desk.fill("{{ brand }} stands", [{"brand": "A"}]) == ["A stands"]


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ('#read("link")', "leads out of the folder"),
        ('#read("up/secret.svg")', "leads out of the folder"),
        ('#read("/../secret.svg")', "escape the project root"),
        ('#import ("@prev" + "iew/x:1.0.0")', "a package from elsewhere"),
        ('#("x" * 9000000000).len()', "more than 128 MiB"),
        ("#for a in range(9999) { for b in range(99999) {} }", "more than 1 sec"),
    ],
)
def test_a_template_of_a_brand_reads_its_folder_alone(
    acme: Path, desk: Desk, template: str, told: str
) -> None:
    (acme / "link").symlink_to(acme.parents[1] / "secret.svg")
    (acme / "up").symlink_to(acme.parents[1])
    (acme / "inside").write_text("mine")
    sheets = [Sheet("N-1", {}, template, str(acme)), Sheet("N-2", {}, '#read("inside")', str(acme))]
    (_, fault), (_, made) = desk.set_all(sheets)
    assert told in str(fault) and isinstance(made, bytes)


@pytest.mark.parametrize(
    ("text", "files", "told"),
    [
        ('logo = "a.png"', {"a.png": b"\x89PNG\r\n\x1a\nrubbish"}, "a.png cannot be drawn"),
        ('logo = "a.svg"', {"a.svg": f'{SVG}<image href="/etc/passwd"/></svg>'}, "cannot be drawn"),
        ('logo = "a.svg"', {"a.svg": "-> ../../secret.svg"}, "leads out of the brand's folder"),
        ('logo = "a.svg"', {"a.svg": "pipe"}, "is no plain file"),
        ("a = " + "[" * 99999, {}, "it is not TOML"),
        (f"a = {'1' * 9999}", {}, "it is not TOML"),
        ("#" * 2**19, {}, "brand.toml is larger than 262,144 bytes"),
        ("-> ../../rebill.toml", {}, "brand.toml leads out of the brand's folder"),
    ],
)
def test_what_a_brand_brings_is_tried_before_its_papers_are_made(
    place: Workspace, acme: Path, desk: Desk, text: str, files: dict[str, str | bytes], told: str
) -> None:
    for name, content in {"brand.toml": text, **files}.items():
        if content == "pipe":
            os.mkfifo(acme / name)
        elif isinstance(content, str) and content.startswith("-> "):
            (acme / name).symlink_to(content[3:])
        else:
            (acme / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    read = read_brands(place, ["ACME", "BETA"], desk)
    assert list(read.letters) == ["BETA"] and told in read.faults["ACME"]


def test_a_brand_whose_folder_is_a_link_is_told(
    place: Workspace, desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "brand.toml").write_text('name = "Other"')
    (place.root / "brands" / "ACME").symlink_to(tmp_path)
    assert "is a link" in read_brands(place, ["ACME"], desk).faults["ACME"]
