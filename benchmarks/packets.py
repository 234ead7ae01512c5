"""Measures a dispute packet of many rows: `python -m benchmarks.packets [ROWS]`.

One account has so many lines, each billed above its rate, so that one claim holds them all. What is
measured is the packet alone: evidence, spreadsheet, letter and upload.
"""

from __future__ import annotations

import datetime as dt
import io
import resource
import sys
import tempfile
import time
from pathlib import Path

from rebill import store
from rebill.disputes.packet.packet import choose, write_packets
from rebill.night import batch
from rebill.night.job import Job, look
from rebill.reference.load import load
from rebill.run import plan
from rebill.store.record import reading
from rebill.workspace.log import Log
from rebill.workspace.settings import SETTINGS_FILE, Workspace, init_workspace, open_workspace
from rebill.workspace.write import write_atomic

DAY = dt.date(2026, 3, 31)
CLOCK = "2026-03-31T20:00:00+00:00"
CONTRACT = """
[[contract]]
id = "BENCH"
carrier = "ILEC"
effective_from = 2026-01-01
accounts = ["305R01*"]
[contract.dispute]
address = ["ILEC Dispute Center", "PO Box 9"]
"""
SENDER = """
[contact]
name = "Ana"
phone = "614 555 0100"
[house]
name = "Us"
address = ["1 Main Street"]
"""

HEAD = "## A dispute packet of "
MOST = 3
"""CPU seconds that a packet of 20,000 rows is to take."""


def _tables(folder: Path, rows: int) -> None:
    """Write reference tables with a service a row."""
    folder.mkdir()
    (folder / "contracts.toml").write_text(CONTRACT)
    (folder / "usocs.csv").write_text("carrier,usoc,description,kind\nILEC,1FB,Line,recurring\n")
    (folder / "buy_rates.csv").write_text(
        "contract,charge_class,usoc,rate,effective_from,effective_until,source\n"
        "BENCH,recurring,1FB,20.00,2026-01-01,,Exhibit A\n"
        "BENCH,recurring,1FB,22.00,2025-01-01,2026-01-01,Exhibit of 2025\n"
    )
    names = [f"S{number:06d}" for number in range(rows)]
    (folder / "services.csv").write_text(
        "service,carrier,ban,wtn,installed_on\n"
        + "".join(
            f"{name},ILEC,305R010001,614{5550000 + at:07d},2025-01-01\n"
            for at, name in enumerate(names)
        )
    )
    (folder / "service_elements.csv").write_text(
        "service,usoc,quantity,active_from\n" + "".join(f"{n},1FB,1,2025-01-01\n" for n in names)
    )


def _bill(rows: int) -> str:
    key = "ILEC,305R010001,INV3"
    total = f"{22 * rows}.00"
    out = io.StringIO()
    out.write(
        "record,carrier,ban,invoice_no,bill_date,due_date,previous_balance,payments,adjustments,"
        "current_charges,total_due,line_no,charge_class,usoc,quantity,unit_rate,amount,wtn,"
        "service_from,service_until\n"
        f"document,{key},2026-03-05,2026-03-25,0.00,0.00,0.00,{total},{total},,,,,,,,,\n"
    )
    for at in range(rows):
        out.write(
            f"line,{key},,,,,,,,{at + 1},recurring,1FB,1,22.00,22.00,614{5550000 + at:07d},"
            "2026-03-05,2026-04-05\n"
        )
    return out.getvalue()


def prepared(root: Path, rows: int) -> Workspace:
    """Return a workspace after a night that found so many lines in one claim."""
    workspace = init_workspace(root)
    (root / SETTINGS_FILE).write_text(SENDER)
    workspace = open_workspace(root)
    store.upgrade(workspace)
    _tables(root / "reference", rows)
    result = load(workspace, [root / "reference"])
    if not result.ok:
        raise RuntimeError("; ".join(map(str, result.errors)))
    (workspace.inbox / "march.csv").write_text(_bill(rows))
    seen, where = look(workspace)
    job = Job("nightly", plan.plan, DAY, seen, where)
    batch.run(workspace, job, Log(io.StringIO(), terminal=False), lambda: CLOCK)
    return workspace


def _measured(rows: int) -> tuple[int, float, float, float, int, dict[str, int]]:
    """Return rows, seconds, CPU seconds of one packet and of its bytes alone, peak MiB, sizes."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = prepared(Path(folder) / "w", rows)
        started, cpu = time.monotonic(), time.process_time()
        with reading(workspace) as record:
            claims = choose(record, DAY, carrier="ILEC")
            made = write_packets(record, claims, Path(folder) / "out", DAY)
        took, used = time.monotonic() - started, time.process_time() - cpu
        written = [path.read_bytes() for path in sorted((Path(folder) / "out").iterdir())]
        sizes = {path.suffix: path.stat().st_size for path in (Path(folder) / "out").iterdir()}
        cpu = time.process_time()
        for number, content in enumerate(written):
            write_atomic(Path(folder) / "floor" / str(number), content)
        floor = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(made.packets["rows"].sum()), took, used, floor, peak, sizes


def section(rows: int) -> str:
    """Measure one packet, and return the section of the page."""
    count, took, used, floor, peak, sizes = _measured(rows)
    files = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sorted(sizes.items()))
    return (
        f"{HEAD}{count:,} rows\n\nOne claim: evidence, spreadsheet, letter and upload.\n\n"
        "| time | CPU | CPU of writing the same bytes | peak memory | files |\n"
        "| --- | --- | --- | --- | --- |\n"
        f"| {took:.1f} s | {used:.1f} s | {floor:.2f} s | {peak:,} MiB | {files} |\n"
        f"\n- at most 3 CPU seconds ({used:.1f}): **{'met' if used <= MOST else 'not met'}**\n"
    )


if __name__ == "__main__":
    print(section(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
