"""Quotes of a workspace: the commands, the tables out, what a load refuses, and a real bill."""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path

import nights
import pytest
from nights import bill, put, table
from reference_files import write
from shell import Call, rows

from rebill.quotes.options_asked import options_of
from rebill.quotes.quote_heads import QUOTES_OUT
from rebill.reference.load import load
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

QUOTED = {
    **nights.TABLES,
    "buy_rates": """
        contract  charge_class usoc rate   effective_from
        ACME-2026 recurring    1FB  19.995 2026-01-01
        ACME-2026 recurring    TTB  5.05   2026-01-01
        """,
    "markups": "customer method value\nC1 percent 0.155\nC2 adder 0.333",
    "offers": """
        offer product carrier contract  terms
        LINE  voice   ILEC    ACME-2026 12;24
        """,
    "offer_elements": "offer usoc\nLINE 1FB\nLINE TTB",
    "own_products": "product price cost\nrouter 9.00 4.00",
    "quotes": """
        quote version customer prospect valid_until
        Q-1   1       C1       -        2026-04-15
        Q-1   2       C1       -        2026-04-30
        Q-2   1       -        newco    2026-04-10
        """,
    "quote_lines": """
        quote version line product optional
        Q-1   1       1    voice   false
        Q-1   2       1    voice   false
        Q-1   2       2    router  true
        Q-2   1       1    voice   false
        Q-2   1       2    fax     false
        """,
}
BILLED = "1FB 6145550131 19.995 20.00\nTTB 6145550131 5.05 5.05\n"
"""1FB at 19.995 is 20.00; with 15.5 percent 23.10. TTB is 5.05, 5.83275: 5.83."""


def build(root: Path) -> None:
    """A workspace in which one quote is billed at contract, and others are only asked for."""
    workspace = nights.make(root)
    nights.loaded(workspace, write(root / "reference", contracts=nights.CONTRACT, **QUOTED))
    put(workspace, [("2026-03.csv", bill(3, BILLED))])
    nights.night(workspace, "2026-03-31")


@pytest.fixture(scope="module")
def quoted(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return nights.copied(tmp_path_factory.mktemp("quotes") / "w", build)


@pytest.fixture(autouse=True)
def here(quoted: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBILL_WORKSPACE", str(quoted.root))
    monkeypatch.setenv("COLUMNS", "80")


def test_a_bill_at_contract_is_invoiced_for_what_was_quoted(quoted: Workspace):
    invoiced = table(quoted, "customer_lines").filter(service="S1")
    with reading(quoted) as record:
        options = options_of(record, record.last_as_of(), "Q-1", 1)
    assert set(options["monthly_price"]) == {D("28.93")}
    assert sum(map(D, invoiced["price"])) == D("28.93")
    assert sum(map(D, invoiced["cost"])) == D("25.05") == options["monthly_cost"][0]
    assert table(quoted, "findings").filter(code="rate_above_contract").is_empty()


def test_quotes_are_listed_with_the_least_they_come_to(rebill: Call):
    listed = rows(rebill("quotes", "list", "--csv")[1])
    names = ("quote", "version", "lines", "options", "available", "least_monthly_price")
    assert [tuple(row[name] for name in names) for row in listed] == [
        ("Q-1", "1", "1", "2", "2", "28.93"),
        ("Q-1", "2", "2", "3", "3", "28.93"),
        ("Q-2", "1", "2", "3", "0", ""),
    ]
    assert list(listed[0]) == QUOTES_OUT.names()
    due = rows(rebill("quotes", "list", "--due", "--as-of", "2026-04-08", "--csv")[1])
    assert [(row["quote"], row["version"]) for row in due] == [("Q-2", "1"), ("Q-1", "1")]


def test_a_quote_is_built_and_ends_with_one_where_something_lacks(rebill: Call):
    code, out, err = rebill("quotes", "build", "q-1")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].split()[:4] == ["2", "3", "-", "-"]
    code, out, err = rebill("quotes", "build", "Q-2")
    assert (code, len(out.splitlines())) == (1, 4)
    assert err.splitlines()[-1] == (
        "option 3, line 2: no offer of fax, and it is no product of ours"
    )
    assert "option 1, line 1: 1FB: no markup covers it, and there is no target_margin" in err
    assert rebill("quotes", "build", "Q-1", "--version", "3")[0] == 2
    assert "the nearest: Q-" in rebill("quotes", "build", "Q-9")[2]


def test_a_quote_is_shown_whole(rebill: Call):
    code, out, _ = rebill("quotes", "show", "Q-1")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert [word in out for word in ("quote\n", "\nlines\n", "\noptions\n", "28.93")] == [True] * 4
    told = json.loads(rebill("quotes", "show", "Q-1", "--version", "1", "--json")[1])
    assert [len(told[part]) for part in ("quote", "lines", "options")] == [1, 1, 2]
    assert told["options"][0]["monthly_price"] == "28.93"
    shown, built = (rebill("quotes", verb, "Q-1", "--csv")[1] for verb in ("show", "build"))
    assert shown == built


def test_options_go_out_for_a_day(rebill: Call):
    early = rows(rebill("export", "quote_options", "--as-of", "2025-12-31")[1])
    assert {row["available"] for row in early if row["carrier"]} == {"false"}
    assert [row["why_not"] for row in early][0] == (
        "no rate of 1FB in contract ACME-2026 on 2025-12-31 for 12 months;"
        " no rate of TTB in contract ACME-2026 on 2025-12-31 for 12 months"
    )


WRONG = {
    "offers": """
        offer product carrier contract  states zones terms
        A     voice   ILEC    ACME-2026 OH,MI  -     -
        B     voice   ILEC    ACME-2026 OH;XX  -     -
        C     voice   ILEC    ACME-2026 oh;MI; -     -
        D     voice   ILEC    ACME-2026 -      1,2   -
        E     voice   ILEC    ACME-2026 -      -     12,36
        F     voice   ILEC    ACME-2026 -      -     12;1.5
        G     voice   ILEC    ACME-2026 -      -     0
        H     voice   ILEC    ACME-2026 -      -     601
        I     voice   ILEC    ACME-2026 oh;~mi 1;~2  12;~36
        """,
    "quote_lines": "quote line product carriers\nQ-2 3 voice ILEC;;B",
}


def test_lists_in_cells_are_checked_when_they_are_loaded(quoted: Workspace, tmp_path: Path):
    result = load(quoted, [write(tmp_path / "wrong", **WRONG)], given=nights.NOW)
    assert [str(error).partition("; write ")[0] for error in result.errors] == [
        "offers.csv row 2: states 'OH,MI' are no states with semicolons between",
        "offers.csv row 3: states 'OH;XX' are no states with semicolons between",
        "offers.csv row 4: states 'oh;MI;' are no states with semicolons between",
        "offers.csv row 5: zones '1,2' are no zones with semicolons between",
        "offers.csv row 6: terms '12,36' are no whole months with semicolons between",
        "offers.csv row 7: terms '12;1.5' are no whole months with semicolons between",
        "offers.csv row 8: terms '0' are no whole months with semicolons between",
        "offers.csv row 9: terms '601' are no whole months with semicolons between",
        "quote_lines.csv row 2: carriers 'ILEC;;B' name nobody at a place",
    ]
