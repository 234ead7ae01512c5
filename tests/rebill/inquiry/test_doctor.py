"""An examination answers whatever is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import nights
import polars as pl
import pytest
from nights import USUAL, bill, put
from reference_files import write
from shell import Call

from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.inquiry.doctor.examine import CHECKS, examine, worst
from rebill.reference.load import load
from rebill.workspace.settings import Workspace

DAY = dt.date(2026, 3, 11)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


CONTACT = """
[contact]
company = "Acme Telecom"
name = "Ana Lee"
address = "1 Main Street, Springfield, IL 62701"
email = "disputes@example.com"
"""


@pytest.fixture
def sound(tmp_path: Path) -> Workspace:
    """A workspace after its night, with nothing to be said of it."""
    place = nights.billed(tmp_path / "w")
    with (place.root / "rebill.toml").open("a") as file:
        file.write(CONTACT)
    for path in (place.root, *place.root.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return place


def told(place: Workspace, day: dt.date = DAY) -> dict[str, tuple[str, str]]:
    """Return what is not well, by check: level, and what is said with what to do."""
    rows = examine(place.root, day, now()).filter(pl.col("level") != "ok")
    return {name: (level, f"{words} -> {what}") for name, level, words, what in rows.iter_rows()}


def everything(root: Path) -> dict[str, str]:
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in paths}


def test_of_a_sound_workspace_every_check_says_that_all_is_well(sound: Workspace) -> None:
    shutil.rmtree(sound.lines / "reference", ignore_errors=True)
    before = everything(sound.root)
    found = examine(sound.root, DAY, now())
    assert found.filter(pl.col("level") != "ok").is_empty() and worst(found) == "ok"
    assert found["check"].to_list() == [check.name for check in CHECKS]
    assert everything(sound.root) == before, "not even a copy of a table is made"


def break_settings(place: Workspace) -> None:
    (place.root / "rebill.toml").write_text("[house]\nnmae = 'Acme'\n")


def lose_database(place: Workspace) -> None:
    (place.root / "rebill.db").unlink()


def spoil_database(place: Workspace) -> None:
    path = place.root / "rebill.db"
    path.write_bytes(path.read_bytes()[:4096] + os.urandom(200_000))


def age_database(place: Workspace) -> None:
    with sqlite3.connect(place.root / "rebill.db") as base:
        base.execute("UPDATE alembic_version SET version_num = '0007'")


def lose_a_file(place: Workspace) -> None:
    next(iter((place.lines / "audited").rglob("*.parquet"))).unlink()


def lose_lines(place: Workspace) -> None:
    shutil.rmtree(place.lines)


def lose_the_inbox(place: Workspace) -> None:
    shutil.rmtree(place.inbox)


def lose_papers(place: Workspace) -> None:
    shutil.rmtree(place.outbox / "claims")


def close_a_run_never(place: Workspace) -> None:
    with sqlite3.connect(place.root / "rebill.db") as base:
        base.execute("UPDATE runs SET outcome = NULL WHERE command = 'nightly'")


def break_a_profile(place: Workspace) -> None:
    (place.root / "profiles" / "new.toml").write_text("a = [\n")


def break_the_words_of_a_brand(place: Workspace) -> None:
    (place.root / "brands" / "ACME").mkdir(parents=True)
    (place.root / "brands" / "ACME" / "brand.toml").write_text("a = [\n")


def open_to_all(place: Workspace) -> None:
    place.root.chmod(0o755)


def draft_a_profile(place: Workspace) -> None:
    (place.root / "profiles" / "new.toml").write_text('# ? Whose bills are these?\ncarrier = "?"\n')


def break_a_brand(place: Workspace) -> None:
    (place.root / "brands" / "ACME").mkdir(parents=True)
    (place.root / "brands" / "ACME" / "brand.toml").write_text('logo = "gone.png"\n')


def label_a_brand(place: Workspace) -> None:
    (place.root / "brands" / "ACME").mkdir(parents=True)
    (place.root / "brands" / "ACME" / "brand.toml").write_text("private_label = true\n")


def date_a_file_ahead(place: Workspace) -> None:
    os.utime(place.inbox / "a.csv", (now().timestamp() + 7200,) * 2)


@pytest.mark.parametrize(
    ("broken", "check", "level", "words"),
    [
        (break_settings, "settings", "fault", "nmae"),
        (break_settings, "database", "fault", "mend that first"),
        (break_settings, "contact", "fault", "cannot be read -> mend that first"),
        (lose_database, "database", "fault", "has files of one -> restore it, with lines/ of"),
        (lose_the_inbox, "permissions", "fault", "inbox/ is not there -> make it, or mount"),
        (lose_papers, "papers", "warning", "no more: 2026-03 -> the next night writes"),
        (close_a_run_never, "runs", "warning", "run it again: rebill nightly --as-of 2026-"),
        (break_a_profile, "profiles", "fault", "cannot be read -> mend that line, or take"),
        (break_the_words_of_a_brand, "brands", "fault", "cannot be read -> mend that line"),
        (spoil_database, "database", "fault", "from a backup"),
        (age_database, "database", "fault", "-> run `rebill db upgrade`"),
        (lose_a_file, "files", "fault", "from a backup"),
        (open_to_all, "permissions", "warning", "chmod -R go="),
        (draft_a_profile, "profiles", "warning", "-> rebill profiles check profiles/new.toml"),
        (break_a_brand, "brands", "fault", "gone.png"),
        (label_a_brand, "brands", "warning", "no remittance address"),
        (date_a_file_ahead, "times", "warning", "inbox/a.csv"),
    ],
)
def test_what_is_broken_is_told_with_its_remedy_and_all_else_looked_at(
    sound: Workspace, broken: Callable[[Workspace], None], check: str, level: str, words: str
) -> None:
    broken(sound)
    found = told(sound)
    assert found[check][0] == level and words in found[check][1]
    alone = {"settings", "database", "contact"} if "settings" in found else {check}
    assert {*found} == alone, "nothing else is wrong"
    said = set(examine(sound.root, DAY, now())["check"])
    assert said >= {one.name for one in CHECKS if not one.of_record}


def test_one_cause_that_breaks_several_checks_is_told_at_length_once(sound: Workspace) -> None:
    lose_lines(sound)
    found = told(sound)
    assert {"files", "accounts", "services", "codes", "rates", "markups"} <= {*found}
    words = [found[name][1] for name in ("accounts", "services", "codes", "rates", "markups")]
    assert "is gone; put that very file back from a backup" in words[0]
    assert {*words[1:]} == {"it cannot be looked at: as said of `accounts` -> rebill verify"}


def test_a_record_that_breaks_while_it_is_read_is_a_fault_of_the_check(sound: Workspace) -> None:
    with sqlite3.connect(sound.root / "rebill.db") as base:
        base.execute("DROP TABLE buy_rates")
    found = told(sound)
    assert {*found} == {"rates"} and found["rates"][0] == "fault"
    assert "no such table: buy_rates" in found["rates"][1]


def test_holes_in_tables_are_told_by_what_services_hold_and_bills_show(sound: Workspace) -> None:
    elements = nights.TABLES["service_elements"] + "S2 9ZR 1 2025-01-01\n"
    markups = "usoc method value\n1FB percent 0.10\n"
    tables = write(sound.root / "more", service_elements=elements, markups=markups)
    assert load(sound, [tables], replace=True, given=nights.NOW).ok
    lines = USUAL + "XYZ 6145550131 1.00 1.00\n1FB 6145559999 20.00 20.00\n"
    put(sound, [("b.csv", bill(4, lines)), ("c.csv", bill(4, USUAL, ban="777", number="X"))])
    nights.night(sound, "2026-04-10")
    found = told(sound, dt.date(2026, 3, 9))  # S2 is in service until the day after
    assert "1 element on 1 service and 1 line billed in 2026-04: 9ZR, XYZ" in found["rates"][1]
    assert "1 line of 2026-04 with an unknown USOC: XYZ" in found["codes"][1]
    assert "1 line of 2026-04 of services nobody knows" in found["services"][1]
    assert "3 lines of 2026-04 with an unknown account: 777" in found["accounts"][1]
    assert "with no markup: TTB" in found["markups"][1]
    assert {level for level, _ in found.values()} == {"warning"}


def test_contracts_that_end_and_nights_that_were_missed_are_told(sound: Workspace) -> None:
    ends = nights.CONTRACT.replace("accounts", "effective_until = 2026-04-30\naccounts")
    nights.loaded(sound, write(sound.root / "more", contracts=ends))
    found = told(sound)
    assert "contract ACME-2026 ends on 2026-04-30" in found["contracts"][1]
    found = told(sound, dt.date(2026, 5, 4))
    assert "1 account with services under no contract today: 305R010001" in found["contracts"][1]
    assert "the last night was that of 2026-03-10, 55 days ago" in found["runs"][1]


def test_who_holds_the_workspace_is_said_and_waited_for_by_nobody(
    sound: Workspace, rebill: Call
) -> None:
    with sound.lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, out, _ = rebill("doctor", "--workspace", sound.root, "--as-of", DAY, "--json")
    (row,) = [row for row in json.loads(out) if row["check"] == "lock"]
    assert code == 0 and f"in use by process {os.getpid()} (" in row["words"]


def test_the_exit_is_that_of_the_worst(sound: Workspace, rebill: Call, tmp_path: Path) -> None:
    words = ("doctor", "--workspace", sound.root, "--as-of", DAY)
    assert rebill(*words)[0] == 0
    open_to_all(sound)
    code, out, _ = rebill(*words)
    assert code == NEEDS_A_PERSON
    assert all(len(line) <= 80 for line in out.splitlines() if str(sound.root) not in line)
    lose_a_file(sound)
    assert rebill(*words)[0] == WRONG_USAGE
    assert rebill("doctor", "--workspace", tmp_path)[0] == WRONG_USAGE, "no workspace at all"
