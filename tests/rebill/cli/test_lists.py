"""Lists as people see them: they fit, say their rows in words, and tell where there are none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import example_world
import found_world
import nights
import polars as pl
import pytest
import typer.main
from decided import after_march
from shell import Call, rows

from rebill.cli.failures import WRONG_USAGE
from rebill.cli.main import command_line
from rebill.store.record import reading
from rebill.store.tables import DOCUMENTS, FINDINGS, RUNS
from rebill.workspace.settings import Workspace

DONE = 0
REPORTS = {
    *("cash forecast", "disputes packet", "profiles cells", "profiles events", "csr diff"),
    *("quotes build", "quotes show", "orders show", "orders import"),
}
"""Of what has the options of a list these need a file or a name, or are none."""


@pytest.fixture(scope="module")
def march_once(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace after the night of March, to look at only."""
    return nights.copied(tmp_path_factory.mktemp("lists") / "w", after_march)


@pytest.fixture(autouse=True)
def here(march_once: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """That workspace, named by the environment; nobody says how wide the terminal is."""
    monkeypatch.setenv("REBILL_WORKSPACE", str(march_once.root))
    monkeypatch.delenv("COLUMNS", raising=False)
    return march_once


def lists() -> Iterator[str]:
    """Every command that lists rows, by its words."""

    def walk(command: object, words: str) -> Iterator[str]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, f"{words} {name}".strip())
        if any(one.name == "columns" for one in getattr(command, "params", ())):
            yield words

    yield from walk(typer.main.get_command(command_line()), "")


LISTS = sorted(set(lists()) - REPORTS)


def test_there_are_lists_of_all_that_is_on_record() -> None:
    assert len(LISTS) >= 20
    assert {"findings list", "documents list", "runs list", "disputes list"} <= set(LISTS)


@pytest.mark.parametrize("words", LISTS)
def test_a_list_fits_80_columns_and_has_more_where_there_is_room(
    words: str, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, narrow, told = rebill(*words.split())
    assert code in (0, 1), told
    assert max(map(len, narrow.splitlines()), default=0) <= 80
    assert narrow or told, "where there is nothing to list that is said"
    if not narrow:
        return
    monkeypatch.setenv("COLUMNS", "160")
    wider = rebill(*words.split())[1]
    assert max(map(len, wider.splitlines())) <= 160
    assert len(said(wider)) >= len(said(narrow))


def said(text: str) -> str:
    """What a list says, wherever its lines end."""
    return re.sub(r"[\s…-]", "", text)


def test_columns_are_those_that_are_asked_for_or_all(rebill: Call) -> None:
    _, out, _ = rebill("disputes", "list", "--columns", "Claim no,status,words")
    assert out.splitlines() == [
        "claim_no  status  words",
        "D-000001  ready   after disconnect",
        "D-000002  ready   above contract rate",
    ]
    code, out, err = rebill("disputes", "list", "--columns", "claim,status")
    assert (code, out) == (WRONG_USAGE, "")
    assert "no column is claim; there are: claim_no, carrier" in err
    wide = rebill("disputes", "list", "--wide")[1].splitlines()[0].split()
    assert set(json.loads(rebill("disputes", "list", "--json")[1])[0]) | {"words"} == set(wide)


@pytest.mark.parametrize("words", LISTS)
def test_columns_are_chosen_for_programs_too(words: str, rebill: Call) -> None:
    told = json.loads(rebill(*words.split(), "--json")[1])
    if not told or not isinstance(told, list):
        return
    name = list(told[0])[-1]
    asked = ("--columns", f" {name.upper()} ,,{name}")
    assert json.loads(rebill(*words.split(), *asked, "--json")[1]) == [
        {name: row[name]} for row in told
    ]
    assert rebill(*words.split(), *asked, "--csv")[1].splitlines()[0] == name


def test_programs_get_all_rows_and_columns_as_promised(rebill: Call, tmp_path: Path) -> None:
    for words, table in (("findings", FINDINGS), ("documents", DOCUMENTS), ("runs", RUNS)):
        told = rows(rebill(words, "list", "--csv", "--limit", "1")[1])
        assert told == [
            {k: "" if v is None else str(v).lower() if isinstance(v, bool) else str(v)
             for k, v in row.items()}
            for row in json.loads(rebill(words, "list", "--json")[1])
        ]  # fmt: skip
        assert len(told) == len(rows(rebill("export", words)[1])) > 0
        assert [n for n in told[0] if n in table.columns] == list(table.columns)
    written = tmp_path / "claims.parquet"
    assert rebill("disputes", "list", "-o", written) == (DONE, "", "")
    assert pl.read_parquet(written)["amount"].dtype == pl.Decimal(18, 2)
    assert rebill("disputes", "list", "-o", tmp_path / "claims.json")[0] == DONE
    assert json.loads((tmp_path / "claims.json").read_text())[0]["claim_no"] == "D-000001"
    assert rebill("runs", "list", "--csv", "--json")[0] == WRONG_USAGE


def test_the_export_of_runs_has_the_promised_columns(rebill: Call) -> None:
    promised = "run,command,as_of,who,host,version,started,ended,outcome,chain"
    out = rebill("export", "runs")[1]
    assert out.splitlines()[0] == promised
    assert [row["command"] for row in rows(out)] == ["load", "nightly"]
    first, second = rebill("runs", "list", "--columns", "run,command")[1].splitlines()[1:]
    assert (first.split(), second.split()) == (["2", "nightly"], ["1", "load"])


def test_findings_come_dearest_first_and_are_narrowed_in_any_spelling(rebill: Call) -> None:
    def codes(*words: str) -> list[str]:
        code, out, _ = rebill("findings", "list", "--json", *words)
        return [row["code"] for row in json.loads(out)] if code == DONE else []

    both = ["billed_after_disconnect", "rate_above_contract"]
    assert codes() == both
    assert codes("--ban", "305-r01 0001", "--carrier", "ilec", "--bill-month", "2026-03") == both
    assert codes("--code", "Rate above contract") == both[1:]
    assert codes("--code", "billed after disconnect") == both[:1]
    assert codes("--reason", "disc") == codes("--service", "s2") == codes("--customer", "two")
    assert codes("--customer", "c2") == both[:1]
    assert codes("--severity", "warning") == codes("--bill-month", "2026-02") == []
    claims = rows(rebill("disputes", "list", "--csv", "--customer", "One", "--reason", "rate")[1])
    assert [claim["claim_no"] for claim in claims] == ["D-000002"]
    assert rows(rebill("disputes", "list", "--csv", "--service", "S1", "--code", both[0])[1]) == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("findings list --code rate_above", "the nearest are: rate_above_contract"),
        ("findings list --reason RAT", "the nearest are: RATE"),
        ("disputes list --status readi", "the nearest are: ready"),
        ("documents list --status gone", "there are: loaded, held, refused, void"),
        ("invoices list --status paid", "there are: draft, issued, void"),
    ],
)
def test_an_unknown_word_is_wrong_usage_and_the_nearest_are_named(
    words: str, hint: str, rebill: Call
) -> None:
    code, out, err = rebill(*words.split())
    assert (code, out) == (WRONG_USAGE, "")
    assert hint in " ".join(err.split())


def test_where_there_is_nothing_one_sentence_says_so(rebill: Call) -> None:
    assert rebill("findings", "waivers") == (DONE, "", "no waivers\n")
    asked = ("findings", "list", "--ban", "999", "--code", "charged_twice")
    assert rebill(*asked) == (DONE, "", "no findings with --code charged_twice --ban 999\n")
    assert rebill(*asked, "--json")[1].split() == ["[]"]
    out = rebill(*asked, "--csv")[1]
    assert out.startswith("finding_id,") and len(out.splitlines()) == 1
    code, out, err = rebill("disputes", "list", "--limit", "1")
    assert (code, len(out.splitlines()), err) == (DONE, 2, "and 1 more\n")


def test_identifiers_are_taken_in_any_case_and_without_zeros(rebill: Call) -> None:
    found = json.loads(rebill("findings", "list", "--json")[1])[0]
    line, document = found["line_id"], found["document_id"]
    number = rows(rebill("invoices", "list", "--csv")[1])[0]["invoice_no"]
    short = number.lower().replace("-000", "-").replace("-00", "-")
    assert short != number
    for there, typed in (
        ("disputes show D-000001", "disputes show d-1"),
        (f"invoices show {number}", f"invoices show {short}"),
        (f"explain {line}", f"explain {line.upper().replace('-', '-00')}"),
    ):
        assert rebill(*typed.split()) == rebill(*there.split())
    why = ("--reason", "checked", "--who", "bea")
    for words in ("documents accept", "documents void"):
        code, _, err = rebill(*words.split(), f"{document[:-1]}!", *why)
        assert (code, f"nearest: {document}" in err) == (WRONG_USAGE, True), err
    code, _, err = rebill("findings", "waive", f"{line}:disconnect", *why)
    assert (code, f"nearest: {line}:billed" in err) == (WRONG_USAGE, True), err
    code, _, err = rebill("disputes", "submit", "d-01", "D-7", "--on", "2026-04-01", "--yes")
    assert (code, "there is no claim D-7; the nearest: " in err) == (WRONG_USAGE, True)
    assert "there is no line x-3" in rebill("explain", "x-3")[2]


def test_a_finding_may_be_named_by_its_line(march: Workspace, rebill: Call) -> None:
    here = ("--workspace", march.root)
    line = json.loads(rebill("findings", "list", "--json", *here)[1])[0]["line_id"]
    code, _, err = rebill("findings", "waive", line.upper(), "--reason", "agreed", *here)
    assert code == DONE, err
    (waived,) = rows(rebill("findings", "waivers", "--csv", *here)[1])
    assert waived["finding_id"] == f"{line}:billed_after_disconnect"


def test_no_word_of_a_file_is_obeyed_by_the_terminal_that_is_told_of_it(
    march: Workspace, tmp_path: Path, rebill: Call
) -> None:
    table = tmp_path / "customers.csv"
    table.write_text("customer,name\nC1,Evil \x1b[2J\x9b31m\u202e\n", encoding="utf-8")
    here = ("--workspace", march.root)
    code, _, err = rebill("load", table, *here)
    assert code == WRONG_USAGE and "Evil" in err
    note = ("--note", "see \x1b[2J\x1b]0;x\x07\u202e")
    assert rebill("disputes", "event", "d1", "note", "--on", "2026-03-31", *note, *here)[0] == DONE
    _, out, _ = rebill("disputes", "show", "d1", *here)
    assert "[2J" in out
    assert all(line.isprintable() for line in (out + err).splitlines())


@pytest.mark.parametrize(
    ("words", "name", "begins"),
    [
        ("", "x.csv", "claim_no,"),
        ("", "x.JSON", "[\n{"),
        ("", "x.dat", "claim_no,"),
        ("--json", "x", "[\n{"),
        ("--csv", "x", "claim_no,"),
        ("", "x.xlsx", "x.xlsx cannot be xlsx; there are: csv, json, parquet"),
        ("--json", "x.csv", "x.csv ends as csv and json is asked for; say one"),
        ("--csv", "x.parquet", "x.parquet ends as parquet and csv is asked for; say one"),
    ],
)
def test_a_file_is_what_its_name_says_or_is_refused(
    words: str, name: str, begins: str, tmp_path: Path, rebill: Call
) -> None:
    code, out, err = rebill("disputes", "list", *words.split(), "-o", tmp_path / name)
    assert out == ""
    if code == DONE:
        assert (tmp_path / name).read_text().startswith(begins)
    else:
        assert (code, begins in err) == (WRONG_USAGE, True), err
        assert not [*tmp_path.iterdir()]


def test_any_number_of_rows_may_be_asked_for(rebill: Call) -> None:
    for most in ("1", "2", "9" * 30):
        code, out, err = rebill("disputes", "list", "--limit", most)
        assert (code, err) == (DONE, "and 1 more\n" if most == "1" else "")
        assert len(out.splitlines()) == (2 if most == "1" else 3)
    assert rebill("disputes", "list", "--limit", "0")[0] == WRONG_USAGE


def test_a_customer_or_service_is_named_without_zeros_but_an_account_is_not(
    tmp_path: Path, rebill: Call
) -> None:
    place = nights.copied(tmp_path / "w", found_world.after_two_months).root

    def many(*words: str) -> int:
        return len(json.loads(rebill(*words, "--json", "--workspace", place)[1]))

    found = ("findings", "list")
    assert many(*found, "--customer", "c1") == many(*found, "--customer", "C00001") > 0
    assert many(*found, "--service", "s-1") == many(*found, "--service", "S0000001") > 0
    claims = ("disputes", "list", "--bill-month", "2026-03")
    assert many(*claims, "--service", "s1") == many(*claims, "--customer", "c1") > 0
    assert many("invoices", "list", "--customer", "c-12") == 1
    assert many(*found, "--ban", "305R010001") > many(*found, "--ban", "305R10001") == 0
    assert many(*found, "--customer", "c") == many(*found, "--customer", "%") == 0


def test_a_finding_about_a_service_on_no_line_is_listed_with_its_customer(
    tmp_path: Path, rebill: Call
) -> None:
    place = nights.small(tmp_path / "w")
    nights.put(place, [("march.csv", nights.bill(3, "1FB 6145550131 20.00 20.00"))])
    nights.night(place, "2026-03-31")
    code, out, _ = rebill(
        "findings", "list", "--customer", "One", "--csv", "--workspace", place.root
    )
    assert code == DONE
    assert [(row["code"], row["customer"], row["line_id"]) for row in rows(out)] == [
        ("element_not_billed", "C1", "")
    ]


@pytest.mark.parametrize(
    ("typed", "exact"),
    [
        ("disputes report --carrier ilec", "disputes report --carrier ILEC"),
        ("margin quote --target 0.2 --customer c-01", "margin quote --target 0.2 --customer C1"),
        ("margin quote --target 0.2 --customer one", "margin quote --target 0.2 --customer C1"),
        ("disputes list --service s01", "disputes list --service S1"),
        ("disputes list --customer ONE", "disputes list --customer C1"),
    ],
)
def test_who_is_named_by_an_option_is_named_in_any_case(
    typed: str, exact: str, rebill: Call
) -> None:
    told = rebill(*typed.split(), "--json")
    assert told == rebill(*exact.split(), "--json") and told[0] != WRONG_USAGE


def test_a_standing_exception_is_kept_for_what_is_meant(march: Workspace, rebill: Call) -> None:
    here = ("--workspace", march.root)
    asked = ("findings", "waive", "--reason", "agreed", "--service", "s-1", "--carrier", "ilec")
    code, _, err = rebill(*asked, "--code", "billed above the contract rate", *here)
    assert code == DONE, err
    (kept,) = rows(rebill("findings", "waivers", "--csv", *here)[1])
    assert (kept["code"], kept["service"], kept["carrier"]) == (
        *("rate_above_contract", "S1"),
        "ILEC",
    )
    assert rebill("disputes", "list", "--reason", "RATE", "--status", "ready", *here)[1] == ""
    code, _, err = rebill(*asked, "--code", "rate_above", *here)
    assert (code, "nearest are: rate_above_contract" in " ".join(err.split())) == (
        WRONG_USAGE,
        True,
    )


def test_documents_are_narrowed_by_what_they_bill_and_what_is_found_on_them(
    tmp_path: Path, rebill: Call
) -> None:
    place = nights.copied(tmp_path / "w", found_world.after_two_months).root
    tables = {name: rows(rebill("export", name, "--workspace", place)[1])
              for name in ("documents", "lines", "findings")}  # fmt: skip
    for option, table, column in (
        ("--service", "lines", "service"),
        ("--customer", "lines", "customer"),
        ("--code", "findings", "code"),
        ("--reason", "findings", "reason"),
    ):
        named = {row[column] for row in tables[table]} - {""}
        assert named
        for name in named:
            code, out, _ = rebill(
                "documents", "list", "--csv", option, name.lower(), "--workspace", place
            )
            own = {row["document_id"] for row in tables[table] if row[column] == name}
            assert (code, {row["document_id"] for row in rows(out)}) == (DONE, own - {""}), name


def test_runs_are_narrowed_by_the_documents_they_took_in(tmp_path: Path, rebill: Call) -> None:
    place = nights.copied(tmp_path / "w", example_world.build)
    with reading(place) as record:
        took = record.documents().with_columns(month=pl.col("bill_date").dt.strftime("%Y-%m"))
    assert took["run_id"].n_unique() > 1
    for option, column in (("--bill-month", "month"), ("--ban", "ban"), ("--carrier", "carrier")):
        for name, run_ids in took.drop_nulls(column).group_by(column).agg("run_id").iter_rows():
            words = ("runs", "list", "--csv", option, name, "--workspace", place.root)
            code, out, _ = rebill(*words)
            assert (code, {int(row["run"]) for row in rows(out)}) == (DONE, set(run_ids)), name
    words = ("runs", "list", "--command", "load", "--bill-month", "2026-02")
    code, out, err = rebill(*words, "--workspace", place.root)
    assert (code, out) == (DONE, "")
    assert err == "no runs with --bill-month 2026-02 --command load\n"
