"""What the log of a night says of paper that does not count: each cause once, and no account."""

from __future__ import annotations

import json
from pathlib import Path

from nights import small
from shell import Call

PROFILE = """
profile = "portal"
format = "flat"
carrier = "ILEC"
[flat]
derive = ["current_charges", "total_due"]
[[flat.part]]
name = "lines"
charge_class = "recurring"
[flat.part.fields]
ban = "Account"
invoice_no = "Invoice"
bill_date = "Bill Date"
amount = "Line Amount"
"""


def test_equal_faults_are_one_entry_and_a_refusal_says_why(tmp_path: Path, rebill: Call) -> None:
    workspace = small(tmp_path / "w")
    workspace.profiles.mkdir(exist_ok=True)
    (workspace.profiles / "portal.toml").write_text(PROFILE)
    bad = "".join(f"305R010001,A1,2026-03-05,x{row}\n" for row in range(40))
    inbox = workspace.inbox
    (inbox / "a.csv").write_text(
        "Account,Invoice,Bill Date,Line Amount\n305R010001,A1,2026-03-05,25.00\n" + bad
    )
    (inbox / "b.csv").write_text("Account,Invoice,Bill Date,Line Amount\n999888777,A1,,25.00\n")
    (inbox / "c.edi").write_text("UNB+UNOA:2+SENDER+RECEIVER+260305:0100+1'")
    _, _, log = rebill("nightly", "--as-of", "2026-03-10", "--workspace", workspace.root)
    told = [json.loads(line) for line in log.splitlines() if line[:1] == "{"]
    rows = [one for one in told if one["event"] == "rows quarantined"]
    assert [(one["row"], one["rows"]) for one in rows] == [(3, 40)]
    assert rows[0]["reason"].startswith("amount `x0` is not an amount in dollars and cents (and")
    refused = {one["file"]: one["reason"] for one in told if one["event"] == "document refused"}
    assert "EDIFACT" in refused["c.edi"]
    assert "bill_date is empty" in refused["b.csv"]
    assert not [one for one in told if "305R010001" in json.dumps(one)]
