"""Every example of every help is run, and does what it says."""

from __future__ import annotations

import datetime as dt
import shlex
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import nights
import pytest
from checkout import DATA
from nights import bill, put, table
from reference_files import write
from tapes import examples as shown_on
from typer.testing import CliRunner

from docs.generate import every_command
from rebill.cli import base
from rebill.cli.main import command_line
from rebill.cli.manual.help_layout import examples
from rebill.workspace.settings import SETTINGS_FILE, Workspace, open_workspace

STANDS_FOR = {
    "": {
        "3k5vq2ab7c": "LOADED",
        "3k5vq2ab7c-17": "LINE",
        "3k5vq2ab7c-17:rate_above_contract": "LINE:rate_above_contract",
        "NORTHLINE-2026-000042": "NORTHLINE-2026-000001",
    },
    "cash forecast": {"10000": "20"},
    "demo": {"240": "3", "6": "1"},
    "disputes dismiss-credit": {"3k5vq2ab7c-17": "CREDIT"},
    "disputes take-credit": {"3k5vq2ab7c-17": "CREDIT"},
    "documents accept": {"3k5vq2ab7c": "HELD"},
    "invoices rerate": {"new/markups.csv": "reference/markups.csv"},
    "profiles check": {"profiles/north.toml": "profiles/activity.toml"},
}
"""What an example names, and what it is in the workspace of `build`."""
BEFORE = {
    "disputes event": ("rebill disputes submit D-000001 --on 2026-04-02",),
    "disputes escalate": (
        "rebill disputes submit D-000001 --on 2026-04-02",
        "rebill disputes event D-000001 deny --on 2026-05-29",
    ),
    "disputes import-status": ("rebill disputes submit D-000001 --on 2026-04-02",),
    "findings reopen": (
        "rebill findings waive 3k5vq2ab7c-17:rate_above_contract --reason agreed",
        "rebill findings waive --code charged_twice --usoc TTB --reason known",
    ),
    "invoices rerate": ("rebill invoices issue --bill-month 2026-03 --on 2026-03-31",),
}
"""What is done before the examples of a command."""


EXAMPLES = {
    path.removeprefix("rebill "): examples(command.epilog or "")
    for path, command, _ in every_command()
}


COSTLY = {
    *("cash forecast", "cash report", "demo", "documents accept", "documents replace"),
    *("documents void", "findings reopen", "findings waive", "invoices build", "invoices rerate"),
    "reconcile",
}
"""Commands that do a night's work for each of their examples: those are run in the long form, and
here as elsewhere held against the command line by the page of commands."""


@pytest.mark.parametrize(
    "command",
    [pytest.param(name, marks=pytest.mark.soak) if name in COSTLY else name for name in EXAMPLES],
)
def test_the_examples_of_a_command_do_what_they_say(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EXAMPLES[command], f"the help of `rebill {command}` has no example"
    place = nights.copied(tmp_path / "w", build).root
    monkeypatch.chdir(place)
    monkeypatch.setattr(base, "clock_day", lambda: dt.date(2026, 11, 30))
    for line in (*BEFORE.get(command, ()), *EXAMPLES[command]):
        if line.startswith("rebill "):
            run(line, command, named())


def run(line: str, command: str, names: Mapping[str, str]) -> None:
    """Run an example as it is typed, with the names that stand for its own."""
    line, _, target = line.partition(" > ")
    words = [meant(word, command, names) for word in shlex.split(line)[1:]]
    result = CliRunner().invoke(command_line(), words)
    assert result.exit_code in (0, 1), f"{line}\nas {' '.join(words)}\n{result.output}"
    if target:
        path = Path(target.replace("~", "home"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(result.stdout)


def meant(word: str, command: str, names: Mapping[str, str]) -> str:
    """Return what a word of an example is here."""
    known = {**STANDS_FOR[""], **STANDS_FOR.get(command, {})}
    name, colon, rest = known.get(word, word).partition(":")
    return f"{names.get(name, name)}{colon}{rest}"


# --- the workspace ---------------------------------------------------------------------------

AS_OF = "2026-03-31"
PROMISED = """
[contract.commitment]
annual = "600.00"
year_starts = 2026-01-01
[contract.security]
bond = "100.00"
months = "2"
"""
TABLES = {
    **nights.TABLES,
    "customers": """
        customer name brand     bill_day due_days tax_source
        C1       One  ACME      15       20
        C2       Two  NORTHLINE 1        30       file
        """,
    "services": """
        service carrier ban        wtn        product       customer installed_on disconnected_on
        S1      ILEC    305R010001 6145550131 business-line C1       2025-01-01
        S2      ILEC    305R010001 6145550132 business-line C2       2025-01-01   2026-03-10
        """,
    "commissions": """
        deal       payee   role    method            value share
        ACME-JOINT AGENT-7 agent   percent_of_price  0.10  70
        ACME-JOINT AGENT-8 company percent_of_price  0.10  30
        """,
    "cost_to_serve": """
        support bad_debt float_days cost_of_capital target_margin
        2.00    0.02     30         0.12            0.10
        """,
}
MONTH = nights.USUAL
CREDITED = MONTH + "    ADJ 6145550131 -2.00 -2.00\n"
"""The usual charges of a month, and a credit for one of them."""
NORTH = "Account,Phone,Code,Charge\n" + "".join(
    f"305R010001,61455501{n},1FB,20.00\n" for n in range(31, 36)
)
ANSWERS = "claim_no,status,on\nD-000001,acknowledged,2026-04-04\n"


RECORD = """
CUSTOMER SERVICE RECORD    PAGE 1 OF 1
ACCOUNT NO: 305 R01-0001
S&E
 614 555 0131 1FB 20.00 20.00
"""


def build(root: Path) -> None:
    """Make the workspace: three months with errors, one bill held, one that came twice, papers."""
    workspace = nights.make(root)
    with (root / SETTINGS_FILE).open("a") as file:
        file.write('[outbox]\ninvoices = "none"\nclaims = "none"\n')
    workspace = open_workspace(root)
    folder = write(root / "reference", contracts=nights.CONTRACT + PROMISED, **TABLES)
    nights.loaded(workspace, folder)
    credited = bill(3, CREDITED).replace(",recurring,ADJ,,1,", ",adjustment,ADJ,,-1,")
    bills = [("2026-01.csv", bill(1, MONTH)), ("2026-02.csv", bill(2, MONTH))]
    bills += [("2026-03.csv", credited), ("held.csv", bill(3, MONTH, number="H3", charges="1.00"))]
    put(workspace, bills)
    nights.night(workspace, AS_OF)
    put(workspace, [("again.csv", bill(2, MONTH.replace("22.00", "23.00")))])
    nights.night(workspace, AS_OF)
    _leave_files(root)


def _leave_files(root: Path) -> None:
    """Leave the files that examples name, each with what its command reads."""
    files = {
        "bills/2026-03.csv": bill(3, MONTH, ban="305R010002"),
        "bills/north.csv": NORTH,
        "corrected.csv": bill(1, MONTH.replace("22.00", "20.00")),
        "status.csv": ANSWERS,
        "after-the-sale.toml": nights.CONTRACT,
        "SOACTVTY.DET": "AC100     20261001FOC20261028\nAC100     20261028CMP\n",
        "profiles/activity.toml": shown_on("fixed.md")[1],
        "6145550100123.csr": RECORD,
        "bank/ach-2026-03-20.txt": (DATA / "bank" / "debits.ach").read_text(),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)


@cache
def named() -> Mapping[str, str]:
    """Return what stands in this workspace for the names that examples use."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = nights.copied(Path(folder) / "w", build)
        return _named(workspace)


def _named(workspace: Workspace) -> Mapping[str, str]:
    documents = table(workspace, "documents")
    ids = {
        (row["invoice_no"], row["status"]): row["document_id"]
        for row in documents.iter_rows(named=True)
    }
    findings = table(workspace, "findings").filter(code="rate_above_contract")
    credits = table(workspace, "credits")
    return {
        "LINE": max(findings["line_id"]),
        "CREDIT": credits["credit_id"].item(),
        "LOADED": ids["INV1", "loaded"],
        "REPLACED": ids["INV2", "loaded"],
        "BY": ids["INV2", "held"],
        "HELD": ids["H3", "held"],
    }
