"""Orders from the command line: how they stand, what is told of them, when they bill first."""

from __future__ import annotations

import json
from pathlib import Path

import nights
import pytest
from nights import bill, night, put, table
from reference_files import write
from shell import Call, rows

from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.reference.load import load
from rebill.workspace.settings import Workspace

ORDERS = {
    "order_heads": """
        order_no carrier pon  customer agent kind submitted_on wanted_on
        N1       ILEC    P1   -        ana   new  2026-01-02   2026-01-12
        N2       ILEC    P2   C1       bell  new  2026-02-20   2026-03-02
        n3       ILEC    P2   C2       -     new  -            -
        """,
    "order_items": """
        order_no service usoc
        N1       S1      TTB
        N2       S1      1FB
        """,
    "order_events": """
        order_no pon at         event     due_on     code circuit_id
        N1       -   2026-01-03 confirmed 2026-01-12 -    -
        -        P1  2026-01-09 installed -          -    45/HCGS/000003/HT
        N2       -   2026-02-22 confirmed 2026-03-02 -    -
        N2       -   2026-02-27 jeopardy  -          1a   -
        N9       -   2026-02-27 installed -          -    -
        """,
    "commissions": """
        deal payee role  method  value share
        AG   ana   agent residual 0.10 100
        """,
}


def ordered(root: Path) -> None:
    """Make a workspace with bills of January to March and three orders."""
    workspace = nights.small(root)
    write(root, **ORDERS)
    done = load(workspace, [root / f"{name}.csv" for name in ORDERS], given=nights.NOW)
    assert done.ok, done.errors
    put(workspace, [(f"{n}.csv", bill(n, nights.USUAL)) for n in (1, 2, 3)])
    night(workspace, "2026-03-05")


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = nights.copied(tmp_path / "w", ordered)
    monkeypatch.setenv("REBILL_WORKSPACE", str(workspace.root))
    return workspace


def test_how_each_order_stands_on_a_day(orders: Workspace) -> None:
    found = table(orders, "order_status").to_dicts()
    one, two, three = ({k: v for k, v in row.items() if v} for row in found)
    assert one == {
        **{"order_no": "N1", "carrier": "ILEC", "customer": "C1", "agent": "ana", "kind": "new"},
        **{"state": "installed", "since": "2026-01-09", "submitted_on": "2026-01-02"},
        **{"wanted_on": "2026-01-12", "confirmed_on": "2026-01-03", "due_on": "2026-01-12"},
        **{"slips": "0", "late_days": "0", "installed_on": "2026-01-09"},
        # Installed after the bill of January, so that of February is the first.
        **{"first_bill_expected_on": "2026-02-05", "first_bill_seen_on": "2026-02-05"},
        **{"first_invoice_no": "ACME-2026-000003", "first_commission_month": "2026-02"},
        **{"ban": "305R010001", "circuit_id": "45/HCGS/000003/HT", "last_event_on": "2026-01-09"},
    }
    assert (two["state"], two["since"], two["late_days"]) == ("missed", "2026-03-03", "3")
    assert (two["jeopardy_words"], two["jeopardy_fault"]) == (
        "no interoffice facilities",
        "carrier",
    )
    assert two["first_bill_expected_on"] == "2026-03-05" and "first_commission_month" not in two
    assert (three["order_no"], three["state"], three["customer"]) == ("n3", "planned", "C2")


def test_the_list_is_narrowed_and_a_time_line_shown(orders: Workspace, rebill: Call) -> None:
    def listed(*asked: str) -> list[str]:
        code, out, said = rebill("orders", "list", *asked, "--csv")
        assert code == 0, said
        return [row["order_no"] for row in rows(out)]

    assert listed() == ["N2", "N1", "n3"]
    assert listed("--late") == ["N2"]
    assert listed("--agent", "ANA") == listed("--state", "Installed") == ["N1"]
    assert listed("--customer", "two") == ["n3"] and listed("--carrier", "other") == []
    code, out, _ = rebill("orders", "show", "p1", "--json")
    assert code == 0
    assert [(row["at"], row["event"], row["what"]) for row in json.loads(out)] == [
        ("2026-01-02", "submitted", "wanted for 2026-01-12"),
        ("2026-01-03", "confirmed", None),
        ("2026-01-09", "installed", "circuit 45/HCGS/000003/HT"),
        ("2026-02-05", "first bill", "invoice ACME-2026-000003"),
    ]
    code, _, said = rebill("orders", "show", "P2")
    assert code == WRONG_USAGE and "P2 may be N2, n3" in said
    assert rebill("orders", "show", "N7")[0] == WRONG_USAGE


def test_an_event_is_told_once_and_one_of_no_order_is_kept(orders: Workspace, rebill: Call) -> None:
    code, out, _ = rebill("orders", "strangers", "--csv")
    assert code == NEEDS_A_PERSON and [row["order_no"] for row in rows(out)] == ["N9"]
    told = ("orders", "event", "n2", "installed", "--on", "2026-03-04", "--who", "ana")
    assert rebill(*told)[1] == "N2: installed on 2026-03-04\n"
    assert rebill(*told)[1] == "N2: that was told already\n"
    state = table(orders, "order_status").filter(order_no="N2")
    assert state.select("state", "installed_on", "late_days").row(0) == (
        *("installed", "2026-03-04", "2"),
    )
    assert rebill("orders", "event", "N2", "instaled", "--on", "2026-03-04")[0] == WRONG_USAGE
    code, _, said = rebill(*told, "--note", "a\x1b[31mb")
    assert code == WRONG_USAGE and "cannot be printed" in said
    # A file is never the whole of what was told.
    write(orders.root, order_events=ORDERS["order_events"].rpartition("N9")[0])
    rebill("load", "--replace", str(orders.root / "order_events.csv"))
    assert rebill(*told)[1] == "N2: that was told already\n"
    assert rebill("orders", "strangers")[0] == NEEDS_A_PERSON


ACTIVITY = """order_no,pon,at,event,due_on,code,who
N2,,2026-03-03,confirmed,2026-03-10,,ILEC
N1,,2026-01-09,installed,,,
N9,,2026-03-03,jeopardy,,1A,
N2,,2026-13-03,installed,,,
N2,,2026-03-04,confirmed,9999-12-31,,
,,2026-03-04,confirmed,,,
"""


def test_a_file_of_activity_adds_each_event_once(
    orders: Workspace, rebill: Call, tmp_path: Path
) -> None:
    file = tmp_path / "activity.csv"
    file.write_text(ACTIVITY)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    asked = ("orders", "import", str(file), str(tmp_path / "x.csv"), "--csv")
    code, out, said = rebill(*asked)
    assert code == NEEDS_A_PERSON
    # The install was told with its circuit before: without it, it is another event.
    assert [list(row.values()) for row in rows(out)] == [
        ["activity.csv", "3", "3", "0", "1", "3"],
        ["x.csv", "0", "0", "0", "0", "1"],
    ]
    for words in (
        "activity.csv row 5: at '2026-13-03'",
        "activity.csv row 6: due_on 9999-12-31 is no day of this trade",
        "activity.csv row 7: neither of order_no and pon given",
        "x.csv: ",
    ):
        assert words in said
    state = table(orders, "order_status").filter(order_no="N2")
    assert state.select("state", "due_on", "slips").row(0) == ("confirmed", "2026-03-10", "1")
    # The same events in another file, told by somebody else, are known.
    again = tmp_path / "again.csv"
    sound = ACTIVITY.partition("N2,,2026-03-04")[0]
    again.write_text(sound.replace("ILEC", "ana").replace("2026-13-03", "2026-03-03"))
    code, out, _ = rebill("orders", "import", str(again), "--csv")
    assert code == 0 and [row["new"] for row in rows(out)] == ["1"]
