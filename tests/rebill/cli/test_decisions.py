"""The commands of decisions: who and why are said, wrong usage is told, results can be read."""

from __future__ import annotations

import json

import pytest
from shell import Call, rows

from rebill.workspace.settings import Workspace


@pytest.fixture
def march(march: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace after the night of March, named by the environment."""
    monkeypatch.setenv("REBILL_WORKSPACE", str(march.root))
    return march


def test_a_decision_is_told_from_the_shell(
    rebill: Call, march: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "bea")
    _, out, _ = rebill("export", "findings")
    (found,) = [row for row in rows(out) if row["code"] == "rate_above_contract"]
    name = found["finding_id"]
    assert rebill("findings", "waive", name)[0] == 2
    code, _, err = rebill("findings", "waive", name, "--reason", "  ")
    assert (code, err) == (2, "error: a decision needs a reason: give --reason\n")
    for words in (("--code", "usoc_unknown", "--usoc", "1FB"), ("--code", "charged_twice"), ()):
        assert rebill("findings", "waive", *words, "--reason", "x")[0] == 2
    assert rebill("findings", "waive", name, "--reason", "agreed")[0] == 0
    _, out, _ = rebill("findings", "waivers", "--json")
    (waiver,) = json.loads(out)
    assert (waiver["finding_id"], waiver["who"], waiver["reason"]) == (name, "bea", "agreed")
    assert rebill("findings", "reopen", name, "--reason", "no", "--who", "ana")[0] == 0
    code, _, err = rebill("findings", "reopen", name, "--reason", "no")
    assert code == 2
    assert "is not waived" in err
    document = found["document_id"]
    assert rebill("documents", "void", document, "--reason", "test bill")[0] == 0
    code, _, err = rebill("documents", "replace", "nothing", "--by", "no.csv", "--reason", "x")
    assert (code, "there is no document nothing" in err) == (2, True)
    _, out, _ = rebill("export", "decisions")
    assert [(row["act"], row["who"]) for row in rows(out)] == [
        ("waive", "bea"),
        ("reopen", "ana"),
        ("void", "bea"),
    ]


def test_months_are_audited_again_from_the_shell(rebill: Call, march: Workspace) -> None:
    folder = march.root / "reference"
    rates = (folder / "buy_rates.csv").read_text().replace("1FB,20.00", "1FB,21.00")
    (folder / "buy_rates.csv").write_text(rates)
    assert rebill("load", folder)[0] == 0
    assert rebill("reconcile", "--keep")[0] == 2
    assert rebill("reconcile", "--from", "March")[0] == 2
    assert rebill("reconcile", "--from", "2026-04")[0] == 2
    code, out, err = rebill("reconcile", "--from", "2026-03", "--json")
    assert code == 0
    told = json.loads(out)
    assert not told["kept"]
    (rate,) = [row for row in told["causes"] if row["code"] == "rate_above_contract"]
    assert (rate["cause"], rate["difference"]) == ("rate", "-1.00")
    words = ("--keep", "--reason", "rates corrected", "--who", "ana")
    code, out, _ = rebill("reconcile", "--from", "2026-03", *words)
    assert (code, "rate_above_contract" in out) == (0, True)
    _, _, err = rebill("reconcile", "--from", "2026-03")
    assert "nothing changes" in err


def test_months_are_audited_again_without_a_reason(rebill: Call, march: Workspace) -> None:
    for reason in ((), ("--reason", " ")):
        code, _, err = rebill("reconcile", "--from", "2026-03", "--keep", *reason)
        assert (code, "nothing changes" in err) == (0, True)
    _, out, _ = rebill("export", "decisions")
    assert [row["reason"] for row in rows(out)] == ["no reason given", "no reason given"]
