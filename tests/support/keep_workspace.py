"""Makes a small workspace with the code of any version and packs it: `tests/data/workspaces/`.

    python tests/support/keep_workspace.py CHECKOUT [--to FOLDER]

CHECKOUT is a working tree of the version. It is only spoken to through its own command line, so
that one script does for all: what a version does not know yet it refuses, and that is noted.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import lzma
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE / "support" / part) for part in ("papers", ".")]
sys.path.insert(0, str(HERE.parent))

import kept_world  # noqa: E402
from reference_files import csv_of, write  # noqa: E402

KEPT = HERE / "data" / "workspaces"
LEFT_OUT = ("outbox", "rebill.lock")
"""What is made again from the record, or for the time of a command."""


COMMANDS = """
import contextlib, io, json, runpy, sys
try:
    from rebill.cli.main import main
except ImportError:
    main = lambda: runpy.run_module("rebill.cli", run_name="__main__")
answer = sys.stdout
for asked in sys.stdin:
    sys.argv = ["rebill", *json.loads(asked)]
    said = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    with contextlib.redirect_stdout(said[0]), contextlib.redirect_stderr(said[1]):
        try:
            main()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
    texts = [one.buffer.getvalue().decode() for one in said]
    print(json.dumps([code, *texts]), file=answer, flush=True)
"""
"""Runs one command after the other in one process: starting one takes longer than most commands.

What watches over a command in newer versions is left out: it forks, which a process with threads of
an earlier command does not survive."""


@dataclass
class Old:
    """The command line of a version, in a folder of its own."""

    checkout: Path
    folder: Path
    told: list[str] = field(default_factory=list)

    @cached_property
    def _process(self) -> subprocess.Popen[str]:
        told = {"PYTHONPATH": str(self.checkout), "LOGNAME": "ana", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(
            [sys.executable, "-c", COMMANDS],
            cwd=self.folder,
            env=os.environ | told | {"REBILL_WORKSPACE": str(self.folder / "workspace")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str) -> str:
        """Run a command, note how it ended, and return what it printed; a failure stops all."""
        asked, answered = self._process.stdin, self._process.stdout
        assert asked and answered
        print(json.dumps(words), file=asked, flush=True)
        code, out, err = json.loads(answered.readline())
        said = err.splitlines() if code == 2 else []
        why = [line for line in said if line.lower().startswith("error")]
        self.told.append(f"{code} {' '.join(words)} {' | '.join(why)}".strip())
        if code not in (0, 1, 2):
            raise SystemExit(f"{self.told[-1]}\n{err}")
        return str(out)

    def leave(self) -> None:
        """End the version's process."""
        self._process.communicate()

    def surely(self, *words: str) -> None:
        """Run a command that every version knows; one that is refused stops all."""
        self(*words)
        if self.told[-1].startswith("2"):
            raise SystemExit(self.told[-1])

    def rows(self, table: str) -> list[dict[str, str]]:
        """Return the rows of a table as the version exports it; none where it does not know it."""
        return list(csv.DictReader(io.StringIO(self("export", table))))

    def tables(self) -> list[str]:
        """Return the tables the version exports, as it lists them for one that is none."""
        self("export", "nothing-of-the-kind")
        return self.told.pop().partition("there are: ")[2].replace(" |", "").split(", ")


def make(old: Old) -> None:
    """Leave a workspace that the version made: loads, nights of two bill months, decisions."""
    old.surely("init", "workspace")
    _load(old)
    _january(old)
    _february(old)
    _collect(old)


def _load(old: Old) -> None:
    """Load what every version knows, then the later tables one by one."""
    reference = old.folder / "reference"
    write(reference, contracts=kept_world.CONTRACTS, **kept_world.TABLES)
    old.surely("load", "reference")
    later = old.folder / "later"
    later.mkdir()
    for name, table in kept_world.LATER.items():
        (later / f"{name}.csv").write_text(csv_of(table))
        old("load", f"later/{name}.csv")
        if old.told[-1].startswith("0"):
            shutil.copy(later / f"{name}.csv", reference)
    brand = old.folder / "workspace" / "brands" / "NORTH"
    brand.mkdir(parents=True)
    (brand / "brand.toml").write_text(kept_world.BRAND)
    shipped = (old.checkout / "invoices" / "carrier" / "profiles").glob("*.toml")
    for richest in sorted(shipped, key=lambda path: path.stat().st_size)[-1:]:
        own = old.folder / "workspace" / "profiles" / "own.toml"
        own.parent.mkdir(exist_ok=True)
        own.write_text(re.sub("^profile = .*", 'profile = "own"', richest.read_text(), flags=re.M))


def _january(old: Old) -> None:
    """Let the first bills come, dispute, be pulled, issue, and decide about papers."""
    _arrive(old, 1)
    old.surely("nightly", "--as-of", "2026-01-10")
    (old.folder / "ach.txt").write_text(kept_world.bank_file())
    claims = [row["claim_no"] for row in old.rows("claims")]
    first, second, third, *_ = claims
    old.surely(
        "disputes", "submit", first, "--on", "2026-01-12", "--who", "ana", "--reference", "T-1"
    )
    old.surely("disputes", "submit", second, third, "--on", "2026-01-13", "--who", "ana")
    old("disputes", "event", first, "acknowledge", "--on", "2026-01-14", "--reference", "T-1")
    old("disputes", "event", second, "deny", "--on", "2026-01-25", "--who", "ana")
    old("cash", "import", "ach.txt", "--as-of", "2026-01-21")
    old("invoices", "build", "--bill-month", "2026-01", "--as-of", "2026-01-15")
    issue = ("invoices", "issue", "--bill-month", "2026-01", "--on")
    old(*issue, "2026-01-16")
    issued = [row for row in old.rows("customer_invoices") if row["status"] == "issued"]
    for row in [row for row in issued if row["customer"] == "C2"]:
        why = ("--on", "2026-01-18", "--note", "sent twice")
        old("invoices", "void", row["invoice_no"], *why)
    old("invoices", "build", "--bill-month", "2026-01", "--as-of", "2026-01-19")
    old(*issue, "2026-01-19")
    held = [row["document_id"] for row in old.rows("documents") if row["status"] == "held"]
    why = ("--who", "ana", "--reason", "as the carrier says")
    old("documents", "void", held[0], *why, "--as-of", "2026-01-19")
    findings = sorted(row["finding_id"] for row in old.rows("findings"))
    old("findings", "waive", findings[-1], *why, "--as-of", "2026-01-19")
    old.surely("nightly", "--as-of", "2026-01-21")


def _february(old: Old) -> None:
    """Let the tables change and the second bills come, with credits; close what was January."""
    rates = old.folder / "reference" / "buy_rates.csv"
    rates.write_text(rates.read_text().replace("180.00,2025-06-01", "181.00,2025-06-01"))
    old.surely("load", "reference/buy_rates.csv")
    _arrive(old, 2)
    old.surely("nightly", "--as-of", "2026-02-10")
    for row in old.rows("credits"):
        taken = ("--on", "2026-02-12", "--who", "ana")
        if row.get("status") == "offered" and row.get("claim_nos"):
            old("disputes", "take-credit", row["credit_id"], row["claim_nos"].split()[0], *taken)
        elif row.get("status") == "unclaimed":
            old("disputes", "dismiss-credit", row["credit_id"], *taken, "--note", "of another")
    old("invoices", "build", "--bill-month", "2026-02", "--as-of", "2026-02-15")
    old("commissions", "build", "--month", "2026-01", "--final", "--as-of", "2026-02-15")
    old("commissions", "build", "--month", "2026-02", "--as-of", "2026-02-15")
    old("books", "close", "2026-01", "--as-of", "2026-02-15", "--who", "ana")
    old.surely("nightly", "--as-of", "2026-02-16")


def _collect(old: Old) -> None:
    """Debit who agreed, and remind who owes; a version that does neither is left as it was."""
    settings = old.folder / "workspace" / "rebill.toml"
    brand = old.folder / "workspace" / "brands" / "NORTH" / "brand.toml"
    before = {path: path.read_text() for path in (settings, brand)}
    house = before[settings].replace("[house]\n", kept_world.HOUSE)
    settings.write_text(house + kept_world.COLLECTING)
    brand.write_text(kept_world.REMITTANCE + before[brand])
    tables = {"customers": kept_world.AGREED, "customer_payments": kept_world.PAID}
    write(old.folder / "collecting", **tables)
    old("load", "collecting")
    if old.told[-1].startswith("0"):
        for name in tables:
            shutil.copy(old.folder / "collecting" / f"{name}.csv", old.folder / "reference")
    day = ("--as-of", "2026-02-20", "--yes")
    old("receivables", "debit", "--keep", "-o", "debits.ach", *day)
    old("receivables", "remind", "--keep", *day)
    if old.told[-1].startswith("2"):
        for path, text in before.items():
            path.write_text(text)
    else:
        old.surely("nightly", "--as-of", "2026-02-20")


def _arrive(old: Old, month: int) -> None:
    for name, text in kept_world.bills(month).items():
        (old.folder / "workspace" / "inbox" / name).write_text(text)


def pack(old: Old, target: Path) -> None:
    """Leave the workspace, its tables, its exports and what was done in one archive.

    Times and owners are left out, so that the same files are the same archive.
    """
    names = old.tables()
    old.surely("export", *names, "-o", "exports")
    old.leave()
    base = sqlite3.connect(old.folder / "workspace" / "rebill.db", isolation_level=None)
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.execute("VACUUM")
    base.execute("PRAGMA journal_mode = DELETE")
    base.close()
    for name in LEFT_OUT:
        left = old.folder / "workspace" / name
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    (old.folder / "steps.txt").write_text("\n".join(old.told) + "\n")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for part in ("workspace", "reference", "exports", "steps.txt"):
            for path in sorted([old.folder / part, *(old.folder / part).rglob("*")]):
                entry = archive.gettarinfo(path, path.relative_to(old.folder).as_posix())
                entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
                with path.open("rb") if path.is_file() else io.BytesIO() as content:
                    archive.addfile(entry, content)
    target.write_bytes(lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def main() -> None:
    """Make and pack the workspace of a checkout, named by the newest revision it knows."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("checkout", type=Path)
    asked.add_argument("--to", type=Path, default=KEPT)
    given = asked.parse_args()
    checkout = given.checkout.resolve()
    revision = max(path.name[:4] for path in (checkout / "migrations" / "versions").glob("0*.py"))
    with tempfile.TemporaryDirectory(prefix="kept-") as folder:
        old = Old(checkout, Path(folder))
        make(old)
        given.to.mkdir(parents=True, exist_ok=True)
        target = given.to / f"{revision}.tar.xz"
        pack(old, target)
    print("\n".join(old.told))
    print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
