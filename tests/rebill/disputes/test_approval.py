"""A claim over the amount waits for a second name."""

from __future__ import annotations

import datetime as dt
import subprocess
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from decided import act, rows
from nights import now
from shell import Call

from rebill.workspace.settings import ConfigError, Workspace, open_workspace
from reconcile.claims.approval import lacking


def test_a_claim_over_the_amount_needs_a_second_name(march: Workspace) -> None:
    from rebill.disputes.approval import approve
    from rebill.disputes.file import submit

    settings = march.root / "rebill.toml"
    settings.write_text(settings.read_text() + '[approval]\nclaims_over = "10.00"\n')
    workspace = open_workspace(march.root)
    large, small = sorted(rows(workspace, "claims"), key=lambda row: -float(row["amount"]))
    day = dt.date(2026, 4, 2)
    submit(workspace, [small["claim_no"]], day, None, None)

    def refused(who: str | None, said: str) -> None:
        with pytest.raises(ConfigError, match=said):
            submit(workspace, [large["claim_no"]], day, who, None)

    refused(None, "say who files it")
    refused("ana", "is over 10.00: a second person has to approve it")
    with pytest.raises(ConfigError, match="there is no claim D-9; .* nothing to approve"):
        approve(workspace, ["D-9", small["claim_no"]], act(), now)
    approve(workspace, [large["claim_no"]], act(who="Ana"), now)
    refused(" ana", "whoever approved it may not file it too")
    approve(workspace, [large["claim_no"]], act(who="bea"), now)
    submit(workspace, [large["claim_no"]], day, "ana", None)
    assert {row["status"] for row in rows(workspace, "claims")} == {"submitted"}
    kept = [(row["act"], row["subject"], row["who"]) for row in rows(workspace, "decisions")]
    assert kept == [("approve", large["claim_no"], who) for who in ("Ana", "bea")]


def test_an_approval_ends_when_the_claim_grows() -> None:
    claims = pl.DataFrame({"claim_no": ["D-1", "D-2"], "amount": [Decimal("20.00")] * 2})
    approvals = pl.DataFrame(
        {
            "claim_no": ["D-1", "D-2"],
            "who": ["bea", "bea"],
            "amount": [Decimal("19.99"), Decimal("20.00")],
        }
    )
    found = lacking(claims, approvals, Decimal("10.00"), "ana")
    assert found["claim_no"].to_list() == ["D-1"]
    assert "grown" in found["why"].item()
    assert lacking(claims, approvals, Decimal("20.00"), "ana").is_empty()
    assert lacking(claims, approvals, None, None).is_empty()


def key_of(name: str, folder: Path) -> tuple[Path, str]:
    """Return a new key and its public half."""
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    return key, key.with_suffix(".pub").read_text().strip()


@pytest.fixture
def over(march: Workspace, monkeypatch: pytest.MonkeyPatch, rebill: Call) -> tuple[str, Call]:
    """The number of a claim over the amount, and a command given from a login."""
    settings = march.root / "rebill.toml"
    told = '[approval]\nclaims_over = "10.00"\nnames = ["ana", "bea"]\n'
    settings.write_text(settings.read_text() + told)
    monkeypatch.setenv("REBILL_WORKSPACE", str(march.root))
    monkeypatch.setattr("os.geteuid", lambda: 0)

    def from_login(login: str, *words: object) -> tuple[int, str, str]:
        monkeypatch.setenv("LOGNAME", login)
        return rebill("disputes", *words)

    (large,) = [row for row in rows(march, "claims") if float(row["amount"]) > 10]
    return large["claim_no"], from_login


def test_where_names_are_set_the_login_counts_and_not_what_is_typed(over: tuple[str, Call]) -> None:
    claim, call = over
    file = ("submit", claim, "--on", "2026-04-02", "--who")
    agree = ("approve", claim, "--as-of", "2026-04-01", "--reason", "checked", "--who")
    assert call("ana", *agree, "bea")[0] == 0
    code, _, err = call("ana", *file, "ana")
    assert code == 2 and "whoever approved it may not file it too" in err
    code, _, err = call("cyd", *agree, "bea")
    assert code == 1 and "it does not count: the login cyd is none of [approval] names" in err
    code, _, err = call("ana", *file, "cyd")
    assert code == 2 and "whoever approved it" in err
    assert call("bea", *file, "ana")[0] == 0


def test_what_a_key_signed_counts_from_whatever_login_and_once(
    over: tuple[str, Call], march: Workspace, tmp_path: Path
) -> None:
    claim, call = over
    keys = {name: key_of(name, tmp_path) for name in ("bea", "eve")}
    with (march.root / "rebill.toml").open("a") as file:
        file.write(f'[approval.keys]\nbea = "{keys["bea"][1]}"\n')
    words = ("approve", claim, "--as-of", "2026-04-01", "--who", "bea", "--reason", "checked")
    code, text, _ = call("ana", *words, "--statement")
    assert code == 0 and f"claim: {claim} " in text and "name: bea\n" in text

    def signature(name: str, said: str, space: str = "rebill") -> Path:
        (tmp_path / "said").write_text(said)
        signed = tmp_path / "said.sig"
        signed.unlink(missing_ok=True)
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", space, "-f", keys[name][0]]
        subprocess.run([*command, tmp_path / "said"], check=True, capture_output=True)
        return signed

    for wrong in (
        ("eve", text),
        ("bea", text, "file"),
        ("bea", text.replace("database: ", "database: another")),
        ("bea", text.replace(f"claim: {claim} ", f"claim: {claim} 9")),
    ):
        code, _, err = call("ana", *words, "--signature", signature(*wrong))
        assert code == 2 and "this is no signature of bea over these claims as they are" in err
    file = ("submit", claim, "--on", "2026-04-02", "--who", "ana")
    assert "a second person has to approve it" in call("ana", *file)[2]
    good = signature("bea", text)
    assert call("ana", *words, "--signature", good)[0] == 0
    assert "is on record already" in call("ana", *words, "--signature", good)[2]
    assert "may not file it too" in call("bea", *file)[2]
    assert call("ana", *file)[0] == 0
