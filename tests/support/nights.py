"""Whole nights in a few words: workspaces, worlds on disk, runs, and what they leave behind."""

from __future__ import annotations

import atexit
import datetime as dt
import io
import shutil
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import gate
import polars as pl
import sqlalchemy as sa
from reference_files import write
from worlds import World
from worlds_tables import to_csv, to_tables, to_toml, to_usoc_lines

from rebill import store
from rebill.inquiry import export, tables
from rebill.night import batch
from rebill.night.job import Job, look
from rebill.reference.load import load
from rebill.run import plan
from rebill.store.models import Base
from rebill.store.record import reading
from rebill.workspace import settings
from rebill.workspace.log import Log
from rebill.workspace.settings import SETTINGS_FILE, Workspace, init_workspace, open_workspace

QUIET = Log(io.StringIO(), terminal=False)
NOW = "2026-04-01T02:00:00+00:00"
CAME_AND_SAW = {"runs", "run_files", "seen_files", "paper_folders", "facts"}
HOUSE = """
[house]
name = "Harbor Lane Voice"
phone = "800-555-0100"
address = ["1 Harbor Lane", "Columbus, OH 43215"]
remittance = ["Harbor Lane Voice", "PO Box 12", "Columbus, OH 43216"]

"""
"""Who sends the invoices of workspaces here, and where to pay."""
HEADER = f"{gate.HEADER}\n"
CONTRACT = """
[[contract]]
id = "ACME-2026"
carrier = "ILEC"
effective_from = 2026-01-01
accounts = ["305R01*"]
[contract.dispute]
window = { anchor = "bill_date", days = 90 }
minimum_line = "0.50"
"""
TABLES = {
    "usocs": """
        carrier usoc description kind
        ILEC    1FB  Line        recurring
        ILEC    TTB  Tones       recurring
        """,
    "buy_rates": """
        contract  charge_class usoc rate  effective_from
        ACME-2026 recurring    1FB  20.00 2026-01-01
        ACME-2026 recurring    TTB  5.00  2026-01-01
        """,
    "customers": """
        customer name brand bill_day due_days
        C1       One  ACME  15       20
        C2       Two  ACME  1        30
        """,
    "services": """
        service carrier ban        wtn        customer installed_on disconnected_on
        S1      ILEC    305R010001 6145550131 C1       2025-01-01
        S2      ILEC    305R010001 6145550132 C2       2025-01-01   2026-03-10
        """,
    "service_elements": """
        service usoc quantity active_from
        S1      1FB  1        2025-01-01
        S1      TTB  1        2025-01-01
        S2      1FB  1        2025-01-01
        """,
    "markups": """
        method  value
        percent 0.10
        """,
}
"""Two services of one account: S1 with two elements, S2 disconnected on 2026-03-10."""


def bill(
    month: int,
    lines: str,
    *,
    ban: str = "305R010001",
    number: str = "",
    charges: str | None = None,
    previous: str = "0.00",
) -> str:
    """Return a `usoc-lines` file with one document of 2026; `lines` is usoc, wtn, rate, amount."""
    day, end = f"2026-{month:02d}-05", f"2026-{month + 1:02d}-05"
    key = f"ILEC,{ban},{number or f'INV{month}'}"
    rows = [line.split() for line in lines.strip().splitlines()]
    total = charges or f"{sum(float(row[3]) for row in rows):.2f}"
    back = f"-{previous}" if float(previous) else "0.00"
    text = f"{HEADER}document,{key},{day},{day[:8]}25,{previous},{back},0.00,{total},{total}"
    text += "," * 14 + "\n"
    for place, (usoc, wtn, rate, amount) in enumerate(rows, 1):
        text += (
            f"line,{key},,,,,,,,{place},recurring,{usoc},,1,{rate},{amount},{wtn},,,,,{day},{end}\n"
        )
    return text


USUAL = """
    1FB 6145550131 22.00 22.00
    TTB 6145550131 5.00  5.00
    1FB 6145550132 20.00 20.00
    """
"""S1 billed 2.00 above contract, S2 billed on after its disconnect."""


def make(root: Path, url: str | None = None) -> Workspace:
    """Return a fresh workspace on the database of the URL; the files of its inbox are at rest."""
    workspace = init_workspace(root) if url else fresh(root)
    settings = f"[inbox]\nsettle_seconds = 0\n{HOUSE}"
    settings += f'[database]\nurl = "{url}"\n' if url else ""
    (root / SETTINGS_FILE).write_text(settings)
    workspace = open_workspace(workspace.root)
    if url:
        store.upgrade(workspace)
    return workspace


def move_in(root: Path) -> None:
    """Let the settings of a workspace that do not say so say who sends its invoices."""
    said = (root / SETTINGS_FILE).read_text()
    head, _, rest = said.partition("[house]\n")
    (root / SETTINGS_FILE).write_text(f"{head}{HOUSE.rstrip()}\n{rest}")


def fresh(root: Path) -> Workspace:
    """Return a fresh workspace on SQLite."""
    return copied(root, _upgraded)


def copy_database(place: Path) -> None:
    """Leave a database of the newest shape that knows nothing."""
    shutil.copy(_made(_upgraded) / "rebill.db", place)


def _upgraded(root: Path) -> None:
    store.upgrade(init_workspace(root))


def small(root: Path, url: str | None = None) -> Workspace:
    """Return a workspace that knows the two services."""
    return copied(root, _small, url)


def copied(root: Path, build: Callable[[Path], object], url: str | None = None) -> Workspace:
    """Return a copy of the workspace that `build` makes: it is made once, then copied.

    Most of the time of a small test would go into migrations and nights that many begin with. With
    a URL the record is copied there, row by row.
    """
    shutil.copytree(_made(build), root)
    if url:
        _move(root / "rebill.db", url)
        with (root / SETTINGS_FILE).open("a") as file:
            file.write(f'[database]\nurl = "{url}"\n')
    return open_workspace(root)


def _move(file: Path, url: str) -> None:
    """Move the rows of a SQLite database to another, with the numbers that were given last."""
    tables = Base.metadata.sorted_tables
    here, there = sa.create_engine(f"sqlite:///{file}"), sa.create_engine(url)
    store.migrate(there)
    with here.connect() as source, there.begin() as target:
        for table in reversed(tables):
            target.execute(sa.delete(table))
        for table in tables:
            if rows := source.execute(sa.select(table)).mappings().all():
                target.execute(sa.insert(table), [dict(row) for row in rows])
                key = table.autoincrement_column
                if key is not None and there.dialect.name == "postgresql":
                    given = sa.func.pg_get_serial_sequence(table.name, key.name)
                    last = sa.select(sa.func.max(key)).scalar_subquery()
                    target.execute(sa.select(sa.func.setval(given, last)))
    for engine in (here, there):
        engine.dispose()
    file.unlink()


@cache
def _made(build: Callable[[Path], object]) -> Path:
    root = Path(tempfile.mkdtemp(prefix="rebill-made-")) / "w"
    atexit.register(shutil.rmtree, root.parent, ignore_errors=True)
    build(root)
    return root


def billed(root: Path, url: str | None = None) -> Workspace:
    """Return a workspace whose night took in `USUAL` of March and left its invoices."""
    return copied(root, _billed, url)


def _billed(root: Path) -> None:
    workspace = small(root)
    put(workspace, [("a.csv", bill(3, USUAL))])
    night(workspace, "2026-03-10")


def _small(root: Path) -> None:
    loaded(make(root), write(root / "reference", contracts=CONTRACT, **TABLES))


def of_world(root: Path, world: World) -> Workspace:
    """Return a workspace with the reference tables of an invented world."""
    workspace = make(root)
    folder = root / "reference"
    folder.mkdir()
    (folder / "contracts.toml").write_text(to_toml(world))
    for name, rows in to_tables(world).items():
        if rows:
            (folder / f"{name}.csv").write_text(to_csv(rows))
    loaded(workspace, folder)
    return workspace


def loaded(workspace: Workspace, folder: Path) -> None:
    """Load a folder of reference tables, in which nothing is wrong."""
    result = load(workspace, [folder], given=NOW)
    assert result.ok, [str(error) for error in result.errors]


def papers_of(world: World) -> dict[str, list[tuple[str, str]]]:
    """Return the documents of a world as files (name, text) by bill month."""
    texts = to_usoc_lines(world)
    months: dict[str, list[tuple[str, str]]] = {}
    for document in world.documents:
        month = document["bill_date"].strftime("%Y-%m")
        name = f"{document['document_id']}.csv"
        months.setdefault(month, []).append((name, texts[document["document_id"]]))
    return dict(sorted(months.items()))


def put(workspace: Workspace, files: Iterable[tuple[str, str]]) -> None:
    """Let files arrive in the inbox."""
    for name, text in files:
        (workspace.inbox / name).write_text(text)


def now() -> str:
    """Return the time that goes on record."""
    return NOW


def night(
    workspace: Workspace, day: str, hook: Callable[[str], None] = lambda boundary: None
) -> batch.Outcome:
    """Run the night of a day."""
    return batch.run(workspace, job(workspace, day), QUIET, now, hook)


def job(workspace: Workspace, day: str) -> Job:
    """Return what `rebill nightly` asks for."""
    seen, where = look(workspace)
    return Job("nightly", plan.plan, dt.date.fromisoformat(day), seen, where)


def exported(
    workspace: Workspace, *names: str, month: str | None = None, as_of: str | None = None
) -> dict[str, str]:
    """Return tables as they are exported, as CSV text by name; without names all but the runs.

    Runs say who came and saw, and when: no two are equal.
    """
    months = [month] if month else None
    day = dt.date.fromisoformat(as_of) if as_of else None
    texts = {}
    with reading(workspace) as record:
        for name in names or [name for name in tables.TABLES if name not in CAME_AND_SAW]:
            out = io.BytesIO()
            frame = export.table_frame(record, name, months, day)
            export.write(tables.TABLES[name], frame, "csv", out)
            texts[name] = out.getvalue().decode()
    return texts


def table(workspace: Workspace, name: str) -> pl.DataFrame:
    """Return an exported table as a frame of text."""
    return pl.read_csv(exported(workspace, name)[name].encode(), infer_schema=False)


def kept(workspace: Workspace) -> dict[str, list[Any]]:
    """Return all rows on record, the digests of the files they name, and the day.

    Every table that goes out is made of these: where they are the same before and after, so is it,
    and to export them all takes as long as a night. What is left out only says who came and saw.
    """
    with reading(workspace) as record:
        rows: dict[str, list[Any]] = {
            table.name: sorted(record.connection.execute(sa.select(table)).all(), key=repr)
            for table in Base.metadata.sorted_tables
            if table.name not in CAME_AND_SAW
        }
        rows["day"] = [record.last_as_of()]
    files = [workspace.root / row.path for row in rows["bulk_files"] if not row.superseded_by_run]
    rows["digests"] = [sha256(path.read_bytes()).hexdigest() for path in files]
    assert rows["documents"], "an empty record would be like any other"
    return rows


def outbox(workspace: Workspace) -> dict[str, bytes]:
    """Return what lies in the outbox, by path."""
    paths = sorted(path for path in workspace.outbox.rglob("*") if path.is_file())
    return {str(path.relative_to(workspace.outbox)): path.read_bytes() for path in paths}


def by(workspace: settings.Workspace, name: str, *columns: str) -> list[tuple[str | None, ...]]:
    """Return columns of an exported table as rows of text."""
    return table(workspace, name).select(columns).rows()
