"""A line is explained by whatever a person has at hand: a number, an invoice line, a finding."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import found_world
import nights
import polars as pl
import pytest
from shell import Call

from rebill.cli.failures import WRONG_USAGE
from rebill.inquiry.explain_which import explained, which
from rebill.inquiry.explain_words import as_words
from rebill.store.record import Record, reading
from rebill.workspace.settings import ConfigError, Workspace

ASKED = """
    {march}-1                         1
    {MARCH}-0001                      1
    {march} 1                         1
    614 555 0131                      1 5 6
    s1                                1 5 6
    45hcgs000003ht                    2
    6145550199                        3
    99 ABCD 1 ZZ                      4
    PON 77/A                          5
    inv-305-0003 10                   1
    INV-305-3:20                      2
    inv-305-0003 3                    3
    {march}-1:rate_above_contract     1
"""
"""What is typed, and the lines of the bill of March that are meant; it prints 10, 20, 30, ..."""
REFUSED = """
    c1                      customer
    305R010001              account
    inv-305-0003            give the number
    inv-305-0003 900        has no line 900
    d-1 900                 has no line 900
    acme-2026-1 900         has no line 900
    no such thing           there is no line
    ord 7                   on no carrier bill
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The house of `found_world`."""
    root = tmp_path_factory.mktemp("which") / "w"
    return nights.copied(root, found_world.after_two_months)


@pytest.fixture(scope="module")
def record(place: Workspace) -> Iterator[Record]:
    with reading(place) as record:
        yield record


@pytest.fixture(scope="module")
def march(record: Record) -> str:
    """The document of March."""
    documents = record.documents().filter(pl.col("invoice_no") == "INV-305-0003")
    return str(documents["document_id"].item())


def pairs(table: str, march: str) -> Iterator[tuple[str, str]]:
    for row in table.strip("\n").splitlines():
        typed, _, wanted = row.strip().partition("  ")
        yield typed.replace("{march}", march).replace("{MARCH}", march.upper()), wanted.strip()


def test_any_name_of_lines_means_those_of_the_newest_bill(record: Record, march: str) -> None:
    for typed, wanted in pairs(ASKED, march):
        lines = tuple(f"{march}-{number}" for number in wanted.split())
        assert which(record, typed).lines == lines, typed


def test_what_is_no_line_is_refused_with_what_to_do(record: Record, march: str) -> None:
    for typed, words in pairs(REFUSED, march):
        with pytest.raises(ConfigError, match=words):
            which(record, typed)


def test_nothing_that_is_typed_breaks_it(record: Record) -> None:
    for text in (
        "",
        "-",
        "\0",
        "(a+)+$ 1",
        "x" * 10_000,
        "1" * 64,
        "\udcff 1",
        "d-1 99999999999",
        "é 1",
    ):
        with pytest.raises(ConfigError) as refused:
            which(record, text)
        assert len(str(refused.value)) < 300 and str(refused.value).isprintable()


def test_each_line_of_an_invoice_is_explained_by_its_number_on_paper(
    record: Record, place: Workspace
) -> None:
    papers = sorted(place.outbox.glob("invoices/*/*.csv"))
    rows = [row for paper in papers for row in csv.DictReader(paper.open())]
    assert len(rows) > 4
    for row in rows:
        told = explained(record, f"{row['invoice_no']} {row['line']}")
        assert told["line"] == row["line_id"]


def test_the_lines_of_a_claim_have_numbers_and_a_few_are_told_whole(
    record: Record, march: str
) -> None:
    claim = record.claims().filter(reason="RATE", bill_month="2026-03")["claim_no"].item()
    own = which(record, claim).lines
    assert f"{march}-1" in own and which(record, f"{claim} 1").lines == own[:1]
    told = explained(record, "614 555 0131")
    assert [row["line_id"] for row in told["lines"]] == [f"{march}-{n}" for n in (1, 5, 6)]
    assert [one["line"] for one in told["stories"]] == [f"{march}-{n}" for n in (1, 5, 6)]
    assert told["lines"][0]["wrong"] == ["billed above the contract rate"]


def test_the_words_fit_and_say_who_pays_what(record: Record, march: str) -> None:
    for number in range(1, 7):
        words = as_words(explained(record, f"{march}-{number}"), {})
        assert all(len(line) <= 80 for line in words.splitlines()), words
    words = as_words(explained(record, f"{march}-1"), {"C00001": "Blue Heron Dental"})
    for said in (
        f"Line {march}-1: 1FB Charge 1FB (recurring)",
        "S0000001 by its telephone number",
        "Billed 22.00, due 20.00: 2.00 too much",
        "C00001 Blue Heron Dental pays  22.00",
        "billed above the contract rate (rate_above_contract, unexplained): 2.00",
        "Rate 20.00 in force on 2026-03-05",
    ):
        assert said in words, words


def test_the_command_takes_several_words_and_keeps_the_shape_of_one_line(
    place: Workspace, rebill: Call, march: str
) -> None:
    own = ("--workspace", place.root)
    code, out, _ = rebill("explain", "INV-305-0003", "10", "--json", *own)
    assert code == 0 and out == rebill("explain", f"{march}-1", "--json", *own)[1]
    assert list(json.loads(out))[:3] == ["line", "source", "billed"]
    code, out, _ = rebill("explain", "614", "555", "0131", *own)
    assert code == 0 and out.count("Who pays what") == 3
    code, out, err = rebill("explain", "blue", *own)
    assert (code, out) == (WRONG_USAGE, "") and "there is no line blue" in err


def test_a_number_that_two_documents_or_two_lines_have_means_all_of_them(tmp_path: Path) -> None:
    place = nights.small(tmp_path / "w")
    twice = "1FB 6145550131 20.00 20.00\nTTB 6145550131 5.00 5.00"
    again = nights.bill(3, twice, number="X").replace(",2,recurring", ",1,recurring")
    other = nights.bill(3, "1FB 6145550132 20.00 20.00", ban="305R010002", number="X")
    nights.put(place, [("again.csv", again), ("other.csv", other)])
    nights.night(place, "2026-03-31")
    with reading(place) as record:
        lines = record.lines().select("line_id", "ban").collect()
        told = explained(record, "x 1")
        assert {row["line_id"] for row in told["lines"]} == set(lines["line_id"])
        assert told["of"].count("document ") == 2 and told["text"] in as_words(told, {})
        (second,) = which(record, "x 2").lines
        assert second in lines["line_id"] and second.endswith("-2"), "no line prints it: the place"
        with pytest.raises(ConfigError, match="has no line 3; document"):
            which(record, "x 3")
