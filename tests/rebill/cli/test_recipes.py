"""The recipes of docs/operations.md do what the page says, as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import uuid
from pathlib import Path

import nights
import postgres
import pytest
from checkout import ROOT

from rebill.workspace.settings import Workspace

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SCRIPTS = {text.splitlines()[1].split()[1]: text for kind, text in BLOCKS if kind == "sh"}
UNITS = {Path(text.splitlines()[0].split()[1]).name: text for kind, text in BLOCKS if kind == "ini"}
RUN_BY = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"}
SENDMAIL = '#!/bin/sh\ncat >"${0%/*}/mail"\n'


def bench(folder: Path, **programs: str) -> dict[str, str]:
    """Return an environment in which `rebill` is ours and some programs are as they are given."""
    folder.mkdir(exist_ok=True)
    ours = f'#!/bin/sh\nexec "{sys.executable}" -m rebill.cli "$@"\n'
    for name, text in {"rebill": ours, **SCRIPTS, **programs}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return {**RUN_BY, "PATH": f"{folder}:{RUN_BY['PATH']}"}


def run(env: dict[str, str], *words: object) -> tuple[int, str]:
    """Run a script of the page; its exit code, and all it says."""
    done = subprocess.run(
        [str(word) for word in words], env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def everything(workspace: Workspace) -> dict[str, list[object]]:
    kept = nights.kept(workspace)
    return {name: rows for name, rows in kept.items() if rows}


def test_the_page_has_the_recipes_it_speaks_of() -> None:
    assert set(SCRIPTS) == {"night.sh", "backup.sh", "restore.sh"}
    assert set(UNITS) == {"rebill-night.service", "rebill-night.timer"}
    (table,) = (text for kind, text in BLOCKS if kind == "crontab")
    night = re.search(r"^\d+ \d+ \* \* \*  (\S+/night\.sh) .*$", table, re.MULTILINE)
    assert night and not re.search(r"(?<!\\)%", night[0]), "cron ends a line at a bare %"
    assert night[1] in UNITS["rebill-night.service"]


def test_a_backup_made_while_a_night_writes_is_a_workspace_that_stands(
    billed: Workspace, tmp_path: Path
) -> None:
    if shutil.which("sqlite3") is None:
        pytest.skip("no sqlite3 here: the recipe copies the record with it")
    env, copy, again = bench(tmp_path / "bin"), tmp_path / "copy", tmp_path / "again"
    (billed.root / "brands").mkdir(exist_ok=True)
    (billed.lines / ".tmp-half.parquet").write_text("not whole yet")
    before = everything(billed)
    night = sqlite3.connect(billed.root / "rebill.db", isolation_level=None)
    night.execute("BEGIN IMMEDIATE")
    night.execute("DELETE FROM customer_invoices")
    assert run(env, "backup.sh", billed.root, copy) == (0, "")
    assert run(env, "backup.sh", billed.root, copy) == (0, ""), "what it has it does not copy again"
    night.execute("ROLLBACK")
    assert not list(copy.rglob("*.part")) and not list(copy.rglob(".tmp*"))
    assert not any(path.stat().st_mode & 0o077 for path in (copy, copy / "rebill.db"))

    code, said = run(env, "restore.sh", copy, again)
    assert code == 0, said
    assert everything(nights.open_workspace(again)) == before
    assert run(env, "restore.sh", copy, again)[0] == 2, "over a workspace nothing is put back"

    (file, *_) = copy.rglob("audited/**/*.parquet")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    code, said = run(env, "restore.sh", copy, tmp_path / "spoilt")
    assert code == 3 and file.name in said, "a backup that rotted is no backup"


def test_a_record_in_postgresql_is_backed_up_and_put_back_the_same(
    billed: Workspace, tmp_path: Path, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = postgres.find_binaries()
    if found is None or not (found / "pg_dump").exists():
        pytest.skip("no pg_dump of this server's version here")
    names = [f"backup_{uuid.uuid4().hex}" for _ in range(2)]
    with (
        postgres.fresh_database(postgres_server, names[0]) as url,
        postgres.fresh_database(postgres_server, names[1]) as other,
    ):
        monkeypatch.setenv("REBILL_DATABASE_URL", url)
        place = nights.billed(tmp_path / "pg", url)
        toml = (place.root / "rebill.toml").read_text()
        (place.root / "rebill.toml").write_text(toml.replace(url, "env:REBILL_DATABASE_URL"))
        before = everything(place)
        env = bench(tmp_path / "bin")
        env["PATH"] = f"{found}:{env['PATH']}"
        there, back = {"REBILL_DATABASE_URL": url}, {"REBILL_DATABASE_URL": other}
        assert run(env | there, "backup.sh", place.root, tmp_path / "copy") == (0, "")
        code, said = run(env | back, "restore.sh", tmp_path / "copy", tmp_path / "again")
        assert code == 0, said
        monkeypatch.setenv("REBILL_DATABASE_URL", other)
        assert everything(nights.open_workspace(tmp_path / "again")) == before


@pytest.mark.parametrize(
    ("code", "digest", "subject", "body"),
    [
        (0, "<p>all</p>", None, None),
        (1, "<p>2 bills held</p>", "a person is needed", "<p>2 bills held</p>"),
        (1, None, "a person is needed", "said by the night"),
        (3, "<p>that of yesterday</p>", "it failed (exit 3)", "said by the night"),
    ],
)
def test_the_night_sends_a_mail_where_a_person_is_needed_or_it_failed(
    tmp_path: Path, code: int, digest: str | None, subject: str | None, body: str | None
) -> None:
    ours = f'#!/bin/sh\necho "said by the night: $*"\nexit {code}\n'
    env = bench(tmp_path / "bin", rebill=ours, sendmail=SENDMAIL)
    place = tmp_path / "my acme"
    (place / "outbox").mkdir(parents=True)
    if digest is not None:
        (place / "outbox" / "digest.html").write_text(digest)
    env["SENDMAIL"] = str(tmp_path / "bin" / "sendmail")
    assert run(env, "night.sh", place, "ops@example.com", "2026-03-31")[0] == code
    mail = tmp_path / "bin" / "mail"
    if subject is None or body is None:
        assert not mail.exists()
        return
    head, _, rest = mail.read_text().partition("\n\n")
    assert f"Subject: rebill, night of 2026-03-31: {subject}" in head.splitlines()
    assert "To: ops@example.com" in head.splitlines()
    assert ("text/html" in head) == rest.startswith("<p>")
    assert body in rest and "yesterday" not in rest


def test_the_units_are_such_as_systemd_takes(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here: the units are not looked at")
    bench(tmp_path / "srv")
    for name, text in UNITS.items():
        (tmp_path / name).write_text(
            text.replace("/srv/rebill/night.sh", f"{tmp_path}/srv/night.sh")
        )
    paths = [tmp_path / name for name in UNITS]
    assert run(RUN_BY, "systemd-analyze", "verify", "--man=no", *paths) == (0, "")
