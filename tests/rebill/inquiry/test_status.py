"""What waits for a person is told once and in order: by the night and by `rebill status`."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from nights import USUAL, bill, put
from shell import Call

from docs import generate
from rebill.cli.failures import FAILED, NEEDS_A_PERSON
from rebill.outbox import to_do
from rebill.workspace.settings import Workspace

DONE = 0


def waits(rebill: Call, *words: str) -> tuple[int, dict[str, dict[str, object]]]:
    """Return the exit of status, and what waits by its word, in the order it is told."""
    code, out, _ = rebill("status", "--json", *words)
    return code, {one["what"]: one for one in json.loads(out)["to_do"]}


def test_before_the_first_night_it_is_said_what_to_type(workspace: Workspace, rebill: Call) -> None:
    code, out, err = rebill("status", "--workspace", workspace.root)
    assert (code, err) == (DONE, "")
    assert out.splitlines() == [
        "No night yet.",
        "",
        "Next",
        "  rebill load reference/",
        f"  cp BILLS {workspace.inbox}/",
        "  rebill nightly --as-of DATE",
    ]


def test_a_stray_file_counts_for_the_night_that_took_it_in_and_never_again(
    place: Workspace, rebill: Call
) -> None:
    bank = "101 076401251 0764012512603310200A094101\n"
    letters = [("letter.txt", "Dear customer\n"), ("bank.ach", bank)]
    put(place, [("b.csv", bill(2, USUAL)), *letters])
    code, out, err = rebill("nightly", "--as-of", "2026-02-10")
    assert code == NEEDS_A_PERSON and '"refused": 1, "bank_files_refused": 1' in err
    assert "Held       2 refused: bank.ach, letter.txt\n" in out
    code, work = waits(rebill)
    assert code == DONE and [*work] == ["letters", "ready", "refused", "bank_files_refused"], (
        "it was told"
    )
    assert "bank.ach" in str(work["bank_files_refused"]["words"])

    code, out, err = rebill("nightly", "--as-of", "2026-02-11", "--json")
    assert code == DONE and "refused" not in err
    assert [*json.loads(out)] == ["counts", "sums", "papers", "files", "warnings"]
    code, work = waits(rebill)
    assert code == DONE and [*work] == ["letters", "ready", "refused"]
    assert rebill(*shlex.split(str(work["refused"]["do"]))[1:])[0] == DONE, "it is dismissed"
    assert "refused" not in waits(rebill)[1]


def test_the_most_urgent_stands_first_and_its_command_does_something_about_it(
    place: Workspace, rebill: Call
) -> None:
    with (place.root / "rebill.toml").open("a") as settings:
        settings.write('[approval]\nclaims_over = "1.00"\n')
    put(place, [("b.csv", bill(2, USUAL)), ("held.csv", bill(3, USUAL, charges="1.00"))])
    assert rebill("nightly", "--as-of", "2026-03-10")[0] == NEEDS_A_PERSON
    code, out, _ = rebill("status")
    assert code == NEEDS_A_PERSON and len(out.splitlines()) <= 25
    assert max(map(len, out.splitlines())) <= 80
    assert "A person is needed\n  1 bill held, $1.00: ILEC INV3\n" in out

    code, work = waits(rebill, "--as-of", "2026-04-24")
    assert code == NEEDS_A_PERSON and [*work] == [
        "deadlines",
        "held",
        "letters",
        "to_approve",
        "ready",
    ]
    assert (work["deadlines"]["count"], work["deadlines"]["amount"]) == (1, "2.00")
    assert work["deadlines"]["by"] == "2026-05-06"

    for what, more in (("held", ""), ("to_approve", " --who bea"), ("deadlines", "")):
        typed = str(work[what]["do"]).replace("DATE", "2026-03-11") + more
        assert rebill(*shlex.split(typed)[1:])[0] == DONE, typed
    code, work = waits(rebill, "--as-of", "2026-04-24")
    assert code == DONE and not {"deadlines", "held"} & {*work}
    assert "D-000001" not in str(work["to_approve"]["do"]), "that of the accepted bill follows"
    code, out, _ = rebill("status", "--as-of", "2026-04-24")
    assert code == DONE and "Nobody is needed." in out


def test_a_night_that_failed_needs_a_person_until_one_succeeds(
    place: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    put(place, [("b.csv", bill(2, USUAL))])
    with monkeypatch.context() as patched:
        patched.setattr("rebill.selling.drafts.rebuild", broken)
        assert rebill("nightly", "--as-of", "2026-02-10")[0] == FAILED
    code, work = waits(rebill)
    assert code == NEEDS_A_PERSON and [*work] == ["night_failed"]
    assert "No space left" in str(work["night_failed"]["words"])
    assert rebill(*shlex.split(str(work["night_failed"]["do"]))[1:])[0] == DONE
    assert waits(rebill)[0] == DONE


def test_every_command_that_is_told_exists() -> None:
    """Those of the rare kinds of work too, whose worlds are built elsewhere."""
    names = {path for path, _, _ in generate.every_command()}
    told = re.findall(r'"(rebill [a-z]+ [a-z][a-z-]+)', inspect.getsource(to_do))
    assert len(told) >= len(to_do.ORDER) - 1
    assert not set(told) - names


def test_a_night_says_in_eight_lines_what_it_did(place: Workspace, rebill: Call) -> None:
    put(place, [("b.csv", bill(2, USUAL)), ("held.csv", bill(3, USUAL, charges="1.00"))])
    code, out, _ = rebill("nightly", "--as-of", "2026-03-10")
    lines = out.splitlines()
    assert lines[:6] == [
        "Came in    1 bill, 3 lines, 47.00 billed",
        "Held       1 held: held.csv",
        "Findings   1 new, 2.00 at stake: billed above the contract rate 2.00",
        "Claims     1 ready, 2.00; the first to file by 2026-05-06",
        "Customers  2 invoices, 49.50 charged, margin 4.50 (9.1 percent)",
        "Next pull  2026-03-20, 1.00, ILEC",
    ]
    papers = f"in {place.outbox}: digest.html, claims/, invoices/"
    assert lines[6].startswith("Papers     ") and papers in " ".join(out.split())
    assert lines[-1].startswith("Took       ")
    out = rebill("nightly", "--as-of", "2026-03-10")[1]
    assert out.startswith("Came in    nothing new\nHeld       1 held from before\n")


def test_a_claim_of_an_account_under_no_contract_has_no_day_to_be_filed_by(
    place: Workspace, rebill: Call
) -> None:
    put(place, [("b.csv", bill(3, USUAL, ban="999R010001"))])
    told = rebill("nightly", "--as-of", "2026-03-10")[1]
    assert "Claims     1 ready, 47.00; no day is known to file by\n" in told


def test_what_a_night_tells_is_asked_once_for_its_papers_and_its_summary(
    place: Workspace, rebill: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("read_digest", "last_sold", "to_approve"):
        once = partial(_told, getattr(to_do, name), asked, name)
        monkeypatch.setattr(to_do, name, once)
    put(place, [("b.csv", bill(2, USUAL)), ("b3.csv", bill(3, USUAL, previous="47.00"))])
    assert "4 invoices, 80.66 charged, margin 7.33" in rebill("nightly", "--as-of", "2026-03-10")[1]
    assert sorted(asked) == ["last_sold", "read_digest", "to_approve"]


def _told(what: Callable[..., Any], asked: list[str], name: str, *words: Any) -> Any:
    asked.append(name)
    return what(*words)
